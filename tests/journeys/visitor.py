"""Someone at the site: what they press and read, with each page held against what every page must be."""

import re
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from ctac.local.processes import wait_until
from professionals.samples import STAFF_EMAIL, STAFF_PASSWORD
from tests.live.stack import Live

AXE = (Path(__file__).parent.parent / "vendor" / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# No preloading: it would write the admin's style sheets into the page, which the content security policy rightly refuses.
RUN_AXE = """async tags => {
    const found = await axe.run(document, {preload: false, resultTypes: ['violations'], runOnly: {type: 'tag', values: tags}});
    return found.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ')).join(', '));
}"""
# All that axe goes by: the page, with each number and each address by its turn, without what is drawn by lot; what of it is seen;
# width and colours. Levels of headings and the like stay numbers.
APPEARANCE = r"""() => {
    const turns = new Map(), turn = found => '#' + (turns.has(found) ? turns : turns.set(found, turns.size)).get(found);
    const html = document.documentElement.outerHTML
        .replace(/(name="(?:csrfmiddlewaretoken|token|form-id|submission_token|opened)" value=)"[^"]*"/g, '$1')
        .replace(/\b(BK|LO|OS)-[0-9A-Z]{4}-[0-9A-Z]{2}\b/g, '$1')
        .replace(/[\w.+-]+@[\w.-]+|(?<!<\/?h|tabindex="-?|level="|span="|[0-9])[0-9]+/g, turn);
    const seen = [...document.querySelectorAll('body *')].map(element => element.checkVisibility() ? 1 : 0).join('');
    return [html, seen, innerWidth, matchMedia('(prefers-color-scheme: dark)').matches].join('\n');
}"""
UNRECOGNISED = "someone@example.org"  # nobody recognises this domain, so staff decide
CODE_SECONDS = 30  # how long a code of the second factor is shown (RFC 6238)
# A widget may be wider than the page only if it scrolls by itself; the page as a whole must not.
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
# In one question to the browser, since there are many of them on each step of each journey.
SEEN = f"""() => ({{
    h1s: document.querySelectorAll('h1').length, wide: {TOO_WIDE}, title: document.title,
    summary: Boolean(document.querySelector('.govuk-error-summary')),
    broken: [...document.querySelectorAll('.govuk-error-summary a')].map(a => a.getAttribute('href'))
        .filter(href => !href.startsWith('#') || !document.getElementById(href.slice(1)))}})"""


class LookedAt:
    """Pages as axe has seen them, a file each: the next that looks the same has nothing new for it, in whichever process."""

    folder: Path

    @classmethod
    def keep_in(cls, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        cls.folder = folder

    @classmethod
    def is_new(cls, appearance: str) -> bool:
        try:
            (cls.folder / sha256(appearance.encode()).hexdigest()).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


def is_new_to_axe(page: Any) -> bool:
    """Whether no test of this run has shown it a page like this."""
    return LookedAt.is_new(page.evaluate(APPEARANCE))


class Visitor:
    """Wraps a page. `look` runs after each step, so no page of a journey goes unexamined."""

    def __init__(self, page: Any, live: Live, *, scripts: bool = True) -> None:
        self.page, self.live, self.scripts = page, live, scripts
        self.seen: list[str] = []

    def open(self, path: str) -> None:
        self.page.goto(path)
        self.look()

    def follow(self, name: str | re.Pattern[str], *, exact: bool = False) -> None:
        """On the staff site what is rare stands in the menu "More", which a person opens first."""
        link = self.page.get_by_role("link", name=name, exact=exact, include_hidden=True).first
        menu = self.page.locator("details.more:not([open])").filter(has=link)
        if menu.count():
            menu.locator("summary").click()
        self.page.get_by_role("link", name=name, exact=exact).first.click()
        self.look()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).first.click()
        self.look()

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=True).fill(text)

    def choose(self, label: str) -> None:
        self.page.get_by_label(label, exact=True).first.check()

    def select(self, label: str, option: str) -> None:
        self.page.get_by_label(label, exact=True).select_option(label=option)

    def reads(self, text: str) -> bool:
        return text in self.page.locator("main").inner_text()

    @property
    def heading(self) -> str:
        return str(self.page.locator("h1").inner_text()).replace("\n", " ")

    @property
    def url(self) -> str:
        return str(self.page.url).removeprefix(self.live.base_url)

    def look(self) -> None:
        """One h1, a title that says the error, no sideways scroll, summary links that land, nothing that axe finds."""
        self.page.wait_for_load_state()
        self.seen.append(self.url)
        seen = self.page.evaluate(SEEN)
        assert seen["h1s"] == 1, self.url
        assert not seen["wide"], f"{self.url} scrolls sideways"
        assert seen["broken"] == [], self.url
        assert seen["title"].startswith("Error:") == seen["summary"], (self.url, seen["title"])
        if not self.scripts:
            return  # axe waits for promises, which never come; the same pages are examined with scripts on
        if not is_new_to_axe(self.page):
            return
        self.page.evaluate(AXE)
        found = self.page.evaluate(RUN_AXE, RULES)
        assert found == [], (self.url, found)

    # Signing up and in

    def sign_up(self, email: str, name: str = "Priya Nair", organisation: str = "Leeds Health Visiting") -> None:
        """From the sign-in page, for somebody new, to wherever it leads."""
        before = datetime.now(UTC)
        self.fill("Work email address", email)
        self.press("Send me a code")
        self.fill("Code from the email", self.code_from_mail(email, before))
        self.page.locator("main form button[type=submit]").first.click()
        self.look()
        self.fill("Your name", name)
        self.select("Your profession", "Health visitor")
        self.fill("Where you work", organisation)
        self.fill("Work phone", "0113 496 0123")
        self.fill("Work postcode", "ls1 4ap")
        if self.heading != "Check your answers":  # which asks it there
            self.press("Continue")

    def code_from_mail(self, email: str, after: datetime) -> str:
        text = self.live.wait_for_mail(to=email, after=after).text
        found = re.search(r"\b([A-Z]{4}-[A-Z]{4})\b", text)
        assert found, text
        return found[1]

    def sign_in_as_staff(self, email: str = STAFF_EMAIL) -> None:
        """One of the sample logins, from the first staff page back to it."""
        self.open("/staff/")
        assert self.url.startswith("/account/login/?next=")
        self.follow("Sign in with a password instead")
        self.give_staff_password(email)
        assert self.heading == "Your second factor"
        self.give_staff_code(email)

    def give_staff_password(self, email: str = STAFF_EMAIL) -> None:
        """From the page of the password to that of the second factor."""
        self.fill("Work email address", email)
        self.fill("Password", STAFF_PASSWORD)
        self.press("Sign in")

    def give_staff_code(self, email: str = STAFF_EMAIL) -> None:
        self.page.locator("main input[name=code]").fill(self.unused_code(email))
        self.press("Sign in")

    def unused_code(self, email: str = STAFF_EMAIL) -> str:
        """The sample second factor's code from the mailbox. Each works once for each, so this waits for the next if need be."""
        page = self.page.context.new_page()
        shown = page.locator("#second-factor-code")

        def is_unused() -> bool:
            page.goto("/mailbox/")
            return (email, shown.inner_text()) not in self.live.used_codes

        assert wait_until(is_unused, CODE_SECONDS + 5, every=1)  # each look loads a page
        code = str(shown.inner_text())
        self.live.used_codes.add((email, code))
        page.close()
        return code

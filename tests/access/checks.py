"""What every page must hold, whoever it is for: held against a page that a browser stands on."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Literal

from tests.journeys.keyboard import LOOK_AT_EACH, MOST_STOPS, Keyboard, fault_of
from tests.journeys.visitor import AXE, RULES, TOO_WIDE, is_new_to_axe

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
WIDTHS = (390, 1280)
NARROWEST = 320
VIEWS = tuple(product(SCHEMES, WIDTHS))

# No preloading: it would write the admin's style sheets into the page, which the content security policy rightly refuses.
# No frames: they show emails, sealed off, and each email is on a tour by itself.
RUN_AXE = """async tags => {
    const options = {preload: false, iframes: false, resultTypes: ['violations'], runOnly: {type: 'tag', values: tags}};
    const found = await axe.run(document, options);
    return {rules: found.passes.length + found.violations.length,
        faults: found.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ')).join(', '))};
}"""
STRUCTURE = """() => { const summary = document.querySelector('.govuk-error-summary'), h1 = document.querySelector('h1');
    return {h1s: document.querySelectorAll('h1').length, title: document.title, summary: Boolean(summary),
        late: Boolean(summary && h1 && summary.compareDocumentPosition(h1) & Node.DOCUMENT_POSITION_PRECEDING),
        checked: document.querySelectorAll('form:not([novalidate])').length}; }"""
SUMMARY_LINKS = ".govuk-error-summary a"
# Where a colour fades into the other scheme's, axe would measure it half way.
FINISH_FADES = "document.getAnimations().forEach(fade => fade.finish())"
FOLLOWED = """links => [...document.querySelectorAll(links)].map(link => { link.click(); const on = document.activeElement;
    return [link.innerText, on?.matches('input:not([type=hidden]), select, textarea, tr[id^=row-]') && on.checkVisibility()
        ? (on.id || on.name) : null]; })"""


@dataclass
class Figures:
    """What was looked at, and what was found."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        done = "\n".join(f"  {count:>6,} {what}" for what, count in self.counts.items())
        return f"{done}\n  {len(self.faults):>6,} faults" + "".join(f"\n    {fault}" for fault in self.faults)


class Examiner:
    """Looks at each stop of a tour. `thorough` looks in every scheme and width and walks it by keyboard; otherwise each stop
    is looked at in one of the four, in turn, so that a short run sees all of them on every kind of page, and the focus is put
    on each place that Tab can come to, without the key."""

    def __init__(self, *, thorough: bool) -> None:
        self.thorough = thorough
        self.figures = Figures()

    def __call__(self, name: str, page: Any) -> None:
        views = VIEWS if self.thorough else (VIEWS[self.figures.counts["pages and states"] % len(VIEWS)],)
        self.figures.counts["pages and states"] += 1
        found = [*self.structure(page), *self.summary(page)]
        with restored(page):
            found += self.narrow(page)
            for scheme, width in views:
                found += self.axe(page, scheme, width)
        found += self.keyboard(page) if self.thorough else self.focus(page)
        self.figures.faults += [f"{name}: {fault}" for fault in found]

    def structure(self, page: Any) -> Iterator[str]:
        self.figures.counts["titles and headings read"] += 1
        found = page.evaluate(STRUCTURE)
        if found["h1s"] != 1:
            yield f"{found['h1s']} h1 elements"
        if found["title"].startswith("Error:") != found["summary"]:
            yield f"the title {found['title']!r} and the error summary disagree"
        if found["late"]:
            yield "the error summary stands below the h1"
        if found["checked"]:
            yield "a form without novalidate"

    def narrow(self, page: Any) -> Iterator[str]:
        self.figures.counts[f"looks at {NARROWEST} px"] += 1
        resize(page, NARROWEST)
        if page.evaluate(TOO_WIDE):
            yield f"scrolls sideways at {NARROWEST} px"

    def summary(self, page: Any) -> Iterator[str]:
        """Each link of the error summary brings the focus to a field, or to the row of a list that was uploaded."""
        found = page.evaluate(FOLLOWED, SUMMARY_LINKS)
        self.figures.counts["error-summary links followed"] += len(found)
        yield from (f"the summary link {words!r} brings the focus to no field" for words, field in found if field is None)

    def axe(self, page: Any, scheme: Scheme, width: int) -> Iterator[str]:
        resize(page, width)
        with coloured(page, scheme):
            answer = run_axe(page) if is_new_to_axe(page) or self.thorough else None
        if answer is None:
            self.figures.counts["looks spared, at what a test had shown to axe before"] += 1
            return
        self.figures.counts["looks by axe"] += 1
        self.figures.counts["rules that axe held"] += answer["rules"]
        yield from (f"{fault} ({scheme}, {width} px)" for fault in answer["faults"])

    def focus(self, page: Any) -> Iterator[str]:
        """The focus on each thing that takes it: each is seen, marked and named, and none comes before its turn."""
        found = page.evaluate(LOOK_AT_EACH)
        self.figures.counts["things that take the focus"] += len(found)
        yield from (f"{page.url}: {fault}" for stop in found if (fault := fault_of(stop)))

    def keyboard(self, page: Any) -> Iterator[str]:
        """Tab from the first stop to the last: each is seen, marked and named."""
        keyboard = Keyboard(page)
        keyboard.start_again()
        try:
            for _ in range(2 * MOST_STOPS):
                if keyboard.tab() is None:
                    break
                self.figures.counts["stops of the Tab key"] += 1
        except AssertionError as fault:
            yield str(fault).splitlines()[0]


def bring_axe(page: Any) -> None:
    """Into each document that comes to this browser, which costs less than to send it each time."""
    page.context.add_init_script(AXE)


def run_axe(page: Any) -> Any:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    return page.evaluate(RUN_AXE, RULES)


def resize(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})


@contextmanager
def restored(page: Any) -> Iterator[None]:
    """As wide afterwards as before. To draw a page anew is dear, so in between it goes from one width straight to the next."""
    before = page.viewport_size
    yield
    page.set_viewport_size(before)


@contextmanager
def coloured(page: Any, scheme: Scheme) -> Iterator[None]:
    """Pages of the tests are light."""
    if scheme != "light":
        page.emulate_media(color_scheme=scheme)
    page.evaluate(FINISH_FADES)
    yield
    if scheme != "light":
        page.emulate_media(color_scheme="light")

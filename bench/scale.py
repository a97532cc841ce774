"""`make scale`: every page at 1,000 and at 1,000,000 orders, the one beside the other, in turn.

Two databases on one PostgreSQL, two copies of the application, the same person, the same page. The figure is the middle of many
answers (milliseconds, one connection), so a slow moment of the machine counts for neither side. Of each list: itself, its last
page, each column by which it can be sorted, each choice of its filters, and searches for what is rare, common and not there. A
page of which one side has fewer rows to show is left out and said: it would be a measure of drawing, not of finding.
"""

import html
import re
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import psycopg2

from bench.client import Browser
from bench.compare import prepare_database, sessions_of
from bench.make_data import make
from bench.servers import Server, environment, start_database
from ctac.local import postgres

SMALL = {"people": 1_000, "bookings": 1_000, "orders": 1_000}
LARGE = {"people": 500_000, "bookings": 200_000, "orders": 1_000_000}
MOST = 1.3
SLACK_MS = 1.0  # what two equal pages of a few milliseconds differ by anyway
LOOKS, LOOKS_MORE = 25, 9  # of a page; of a list narrowed or sorted
PERSON, BUSIEST, STAFF = "person1@trust1.nhs.uk", "person2@trust2.nhs.uk", "staff@ctac.test"
PUBLIC = ["/", "/about/", "/privacy/", "/cookies/", "/accessibility/", "/presentations/", "/presentations/spotting-the-signs/"]
PUBLIC += ["/leaflets/", "/leaflets/health-visitors/", "/basket/", "/account/login/", "/account/signup/"]
PERSONAL = ["/my/", "/account/details/", "/account/email/", "/book/spotting-the-signs/where/", "/leaflets/", "/basket/"]
OWN = re.compile(r'href="(/(?:bookings|orders)/[A-Z]{2}-[^"]+)"')
STAFF_LINK = re.compile(r'href="(/staff/[^"?#]+)"')
ROW_LINK = re.compile(r'<th class="field-[^>]*>\s*<a href="(/staff/[^"?#]+)')
# Somebody, nobody, a ninth of all, two words of which each is common, a postcode that all share.
WORDS = ("person7@trust7.nhs.uk", "nobodyatall", "person1", "rahman organisation", "ls1 4ap")
SEARCHED = {
    **dict.fromkeys(("bookings/booking", "leaflets/order", "professionals/person", "professionals/user"), WORDS),
    "notifications/notification": WORDS[:3],
    "professionals/organisation": ("organisation 7", "nobodyatall", "organisation"),
    "leaflets/stockmovement": ("nobodyatall", "child trafficking"),
    "bookings/busytime": ("nobodyatall", "former presenter", "ls1 4ap"),
}
# Of these the first row's own reference, as a whole and without its last sign.
BY_REFERENCE = {"bookings/booking", "leaflets/order", "notifications/notification", "leaflets/stockmovement"}
REFERENCE = re.compile(r"\b(?:BK|LO)-[0-9A-Z]{4}-[0-9A-Z]{2}\b")
# The choices of its filters, the heads of its columns, the numbers of its pages: each stays on the list.
CHOICE = re.compile(r'href="(\?[^"]+)"')
ROWS = re.compile(r'<tr role="row"')


@dataclass
class Copy:
    """The application over one database, and who looks at it."""

    server: Server
    sessions: dict[str, str]

    def browser(self, who: str) -> Browser:
        browser = Browser(self.server.port)
        if who:
            browser.cookies["__Host-session"] = self.sessions[who]
        return browser


def milliseconds(browser: Browser, path: str) -> float:
    began = time.perf_counter()
    browser.get(path)
    if browser.status != 200:
        raise AssertionError(f"{path} leads on to {browser.location}")
    return 1000 * (time.perf_counter() - began)


def compare(name: str, small: tuple[Browser, str], large: tuple[Browser, str], looks: int = LOOKS) -> bool:
    """In turn, so that both see the same machine."""
    took: tuple[list[float], list[float]] = ([], [])
    for look in range(looks + 3):
        for list_, (browser, path) in zip(took, (small, large), strict=True):
            once = milliseconds(browser, path)
            if look >= 3:
                list_.append(once)
    before, after = (statistics.median(list_) for list_ in took)
    holds = after <= before * MOST or after - before <= SLACK_MS
    said = f"{name:<76} {before:>7.1f} ms {after:>7.1f} ms   {after / before:>5.2f}{'' if holds else '   too much'}"
    print(f"  {said}", flush=True)
    return holds


def staff_pages(small: Browser, large: Browser) -> list[tuple[str, str, str]]:
    """(name, page there, page here): the first page, and of each list itself, its first row, and all that stays on it."""
    pages = [("/staff/", "/staff/", "/staff/")]
    lists = [path for path in dict.fromkeys(STAFF_LINK.findall(small.get("/staff/"))) if path.count("/") == 4]
    for path in lists:
        pages.append((path, path, path))
        rows = [ROW_LINK.findall(browser.get(path)) for browser in (small, large)]
        if all(rows):
            pages.append((f"{path} first row", rows[0][0], rows[1][0]))
        pages += list_pages(path, small, large)
    return pages


def list_pages(path: str, small: Browser, large: Browser) -> list[tuple[str, str, str]]:
    """Its filters, sorts, last page and searches, where both have as many rows to show."""
    bodies = [browser.get(path) for browser in (small, large)]
    there, here = (dict.fromkeys(html.unescape(each) for each in CHOICE.findall(body)) for body in bodies)
    wanted = [(f"{path}{query}", f"{path}{query}", f"{path}{query}") for query in here if query in there]
    name = path.removeprefix("/staff/").strip("/")
    for words in SEARCHED.get(name, ()):
        found = f"{path}?{urlencode({'q': words})}"
        wanted.append((found, found, found))
    quoted = [REFERENCE.search(body) for body in bodies] if name in BY_REFERENCE else []
    if quoted and all(quoted):
        for sort, cut in (("whole", slice(None)), ("piece", slice(0, 9))):
            wanted.append((f"{path} {sort} reference", *(f"{path}?q={each[0][cut]}" for each in quoted if each)))
    last = [max([1, *(int(number) for number in re.findall(r"[?&;]p=(\d+)", body))]) for body in bodies]
    wanted.append((f"{path} last page", *(f"{path}?p={number}" for number in last)))
    alike = [each for each in wanted if abs(rows_of(small, each[1]) - rows_of(large, each[2])) <= 2]
    for name, *_pages in (each for each in wanted if each not in alike):
        print(f"  {name:<76} left out: not as many rows there as here")
    return alike


def rows_of(browser: Browser, path: str) -> int:
    return len(ROWS.findall(browser.get(path)))


def own_pages(small: Browser, large: Browser) -> list[tuple[str, str, str]]:
    found = [dict.fromkeys(OWN.findall(browser.get("/my/"))) for browser in (small, large)]
    kinds = ("/bookings/", "/orders/")
    first = [{kind: next((path for path in paths if path.startswith(kind)), "") for kind in kinds} for paths in found]
    return [(f"{kind} own", first[0][kind], first[1][kind]) for kind in kinds if first[0][kind] and first[1][kind]]


def make_copy(stack: ExitStack, var_dir: Path, database: str, name: str, wanted: dict[str, int]) -> Copy:
    connection = psycopg2.connect(database)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    own = database.replace("/ctac?", f"/{name}?")
    env = environment(var_dir / name, own)
    prepare_database(env)
    print(f"{name}: " + ", ".join(f"{many:,} {what}" for what, many in wanted.items()))
    make(own, **wanted)
    everybody = [PERSON, BUSIEST, STAFF]
    sessions = dict(zip(everybody, sessions_of(env, everybody), strict=True))
    return Copy(stack.enter_context(Server("ctac.wsgi:application", env, var_dir / f"{name}.log")), sessions)


def main() -> int:
    share = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    with tempfile.TemporaryDirectory(prefix="scale") as folder, ExitStack() as stack:
        var_dir = Path(folder)
        database = start_database(var_dir)
        stack.callback(postgres.stop, var_dir)
        large = {what: int(many * share) for what, many in LARGE.items()}
        copies = [make_copy(stack, var_dir, database, name, wanted) for name, wanted in (("small", SMALL), ("large", large))]
        print("\nEach page: median of answers with the small and with the large database, and the ratio")
        held = [compare(f"out {path}", *((copy.browser(""), path) for copy in copies)) for path in PUBLIC]
        for who, paths, more in ((PERSON, PERSONAL, own_pages), (BUSIEST, PERSONAL, own_pages), (STAFF, [], staff_pages)):
            browsers = [copy.browser(who) for copy in copies]
            pages = [(path, path, path) for path in paths] + more(*browsers)
            for name, a, b in pages:
                looks = LOOKS_MORE if "?" in name or name.count(" ") else LOOKS
                held.append(compare(f"{who.split('@')[0]} {name}", (browsers[0], a), (browsers[1], b), looks))
        print(f"\n{held.count(True)} of {len(held)} pages hold (at most {MOST} times as much, or {SLACK_MS} ms more)")
        return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())

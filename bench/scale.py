"""`make scale`: every page at 1,000 and at 1,000,000 orders, the one beside the other, in turn.

Two databases on one PostgreSQL, two copies of the application, the same person, the same page. The figure is the middle of many
answers (milliseconds, one connection), so a slow moment of the machine counts for neither side.
"""

import re
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

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
LOOKS = 25
PERSON, STAFF = "person1@trust1.nhs.uk", "staff@ctac.test"
PUBLIC = ["/", "/about/", "/privacy/", "/cookies/", "/accessibility/", "/presentations/", "/presentations/spotting-the-signs/"]
PUBLIC += ["/leaflets/", "/leaflets/health-visitors/", "/basket/", "/account/login/", "/account/signup/"]
PERSONAL = ["/my/", "/account/details/", "/account/email/", "/book/spotting-the-signs/where/", "/leaflets/", "/basket/"]
OWN = re.compile(r'href="(/(?:bookings|orders)/[A-Z]{2}-[^"]+)"')
STAFF_LINK = re.compile(r'href="(/staff/[^"?#]+)"')
ROW_LINK = re.compile(r'<th class="field-[^>]*>\s*<a href="(/staff/[^"?#]+)')
SEARCHED = {"/staff/bookings/booking/": "person1", "/staff/leaflets/order/": "person1", "/staff/professionals/person/": "person1"}


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


def compare(name: str, small: tuple[Browser, str], large: tuple[Browser, str]) -> bool:
    """In turn, so that both see the same machine."""
    took: tuple[list[float], list[float]] = ([], [])
    for look in range(LOOKS + 3):
        for list_, (browser, path) in zip(took, (small, large), strict=True):
            once = milliseconds(browser, path)
            if look >= 3:
                list_.append(once)
    before, after = (statistics.median(list_) for list_ in took)
    holds = after <= before * MOST or after - before <= SLACK_MS
    print(f"  {name:<64} {before:>7.1f} ms {after:>7.1f} ms   {after / before:>5.2f}{'' if holds else '   too much'}")
    return holds


def staff_pages(small: Browser, large: Browser) -> list[tuple[str, str, str]]:
    """(name, page there, page here): the first page, each list, its searches, and the first row of each with what leads on."""
    pages = [("/staff/", "/staff/", "/staff/")]
    lists = [path for path in dict.fromkeys(STAFF_LINK.findall(small.get("/staff/"))) if path.count("/") == 4]
    for path in lists:
        pages.append((path, path, path))
        rows = [ROW_LINK.findall(browser.get(path)) for browser in (small, large)]
        if path in SEARCHED:
            found = f"{path}?q={SEARCHED[path]}"
            pages.append((found, found, found))
        if all(rows):
            pages.append((f"{path} first row", rows[0][0], rows[1][0]))
    return pages


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
    sessions = dict(zip((PERSON, STAFF), sessions_of(env, [PERSON, STAFF]), strict=True))
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
        for who, paths, more in ((PERSON, PERSONAL, own_pages), (STAFF, [], staff_pages)):
            browsers = [copy.browser(who) for copy in copies]
            pages = [(path, path, path) for path in paths] + more(*browsers)
            held += [compare(f"{who.split('@')[0]} {name}", (browsers[0], a), (browsers[1], b)) for name, a, b in pages]
        print(f"\n{held.count(True)} of {len(held)} pages hold (at most {MOST} times as much, or {SLACK_MS} ms more)")
        return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())

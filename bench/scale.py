"""`make scale`: every page at 1,000 and at 1,000,000 orders, the one beside the other, in turn.

Two databases on one PostgreSQL, two copies of the application, the same person, the same page. The figure is the middle of many
answers (milliseconds, one connection), so a slow moment of the machine counts for neither side; beside it stands what PostgreSQL
did for one answer, its own milliseconds and the blocks of 8 kB that it looked at, which a busy machine does not change. A page
that takes too much is measured up to three times more before that is said of it. Of each list: itself, its last
page, each column by which it can be sorted, each choice of its filters, and searches for what is rare, common and not there. A
page of a list of which one side has fewer rows to show is left out and said: it would be a measure of drawing, not of finding. A
personal page of which one side has fewer entries does not hold: both sides were meant to have the same.

    SHARE=0.1 ONLY="person2 /my/" make scale
    python -m bench.scale 0.1 --only "?q=" --only "staff/leaflets"

measures only the pages whose name, as it is printed, has one of these pieces; 0.1 is the share of the large database.

Then searches by the search box: held not to the small database but to FIND_MS of the large one, which finds more.

Then packing sessions are started, looked at, closed and dispatched. At the end an order is placed, from the catalogue to the
confirmation: each by a person who has ordered before, for whom and for whose workplace the orders of the last 90 days are
counted. The limits are lifted, so that nobody is refused.
"""

import argparse
import html
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import django
import psycopg2

from bench import machine, packing, units
from bench.client import Browser
from bench.compare import prepare_database, sessions_of
from bench.make_data import make
from bench.measuring import AGAIN, FIRST, LOOKS, LOOKS_MORE, MOST, SLACK_MS, Meter, Take, compare, measure
from bench.pages import BOOKING, HOST, NO_OBJECT, ORDERING, PERSON, PRESENTER, STAFF, measured, reason
from bench.servers import BASE_DIR, Server, environment, start_database
from ctac.local import postgres

SMALL = {"people": 1_000, "bookings": 1_000, "orders": 1_000}
LARGE = {"people": 500_000, "bookings": 200_000, "orders": 1_000_000}
BUSIEST = "person2@trust2.nhs.uk"
TIMES, TIMES_MORE = ((FIRST + looks) * (1 + AGAIN) for looks in (LOOKS, LOOKS_MORE))
EACH_ONCE = [f"person{number}@trust{number % 500}.nhs.uk" for number in range(3, 3 + TIMES + TIMES_MORE)]
WHO_ORDER, WHO_BOOK = EACH_ONCE[:TIMES], EACH_ONCE[TIMES:]
PERSONAL = ["/my/", "/account/details/", "/account/email/", "/book/spotting-the-signs/where/", "/leaflets/", "/basket/"]
PERSONAL += ["/my/mail/", "/my/calendar/", "/my/addresses/", "/sessions/"]
A_LIST = "_changelist"
DESK = ["/staff/", "/staff/emails/", "/staff/emails/order-received/1/"]
OWN = re.compile(r'href="(/(?:bookings|orders)/[A-Z]{2}-[^"]+)"')
SESSION = re.compile(r'href="(/sessions/OS-[^"/]+/)"')
ROW_LINK = re.compile(r'<th class="field-[^>]*>\s*<a href="(/staff/[^"?#]+)')
# Somebody, nobody, a ninth of all, two words of which each is common, a postcode that all share.
WORDS = ("person7@trust7.nhs.uk", "nobodyatall", "person1", "rahman organisation", "ls1 4ap")
SEARCHED = {
    **dict.fromkeys(("bookings/booking", "leaflets/order", "professionals/person", "professionals/user"), WORDS),
    "notifications/notification": WORDS[:3],
    "professionals/organisation": ("organisation 7", "nobodyatall", "organisation"),
    "leaflets/stockmovement": ("nobodyatall", "child trafficking"),
    "bookings/busytime": ("nobodyatall", "former presenter", "ls1 4ap"),
    "audit/entry": ("17", "999999999", "BK-0000-00"),
}
# Of these the first row's own reference, as a whole and without its last sign.
BY_REFERENCE = {"bookings/booking", "leaflets/order", "notifications/notification", "leaflets/stockmovement"}
REFERENCE = re.compile(r"\b(?:BK|LO)-[0-9A-Z]{4}-[0-9A-Z]{2}\b")
# Of the search box: rightly typed, common, common together and apart, misspelt, a reference with a slip, and what nobody has.
FIND_MS = 50.0  # of the database, at most
FIND = (
    *("person7@trust7.nhs.uk", "nobodyatall", "+44 113 496 0999", "0113 496 0000", "asha", "asha rahman", "ben farah", "ls1 4ap"),
    *(
        "ben nair m1 1ae",
        "merrion centre",
        "organisation 7",
        "rahmen",
        "asah okafro",
        "evnas frasre wlash",
        "merrino cnetre",
        "ekdajnbf stret",
        "BK-7Q4M-2O",
        "LO-QQ4M-22",
    ),
)
# The choices of its filters, the heads of its columns, the numbers of its pages: each stays on the list.
CHOICE = re.compile(r'href="(\?[^"]+)"')
ROWS = re.compile(r'<tr role="row"|<li class="entry"')  # of a list of staff, of one's own page

PACKED = 90  # orders; the small database has a hundred that wait
PACKING = f"a packing session of {PACKED} orders, started and closed"
DISPATCHING = "a packing session of one order, started and dispatched"
Page = tuple[str, str, str]  # its name, its address there (small) and here (large)


@dataclass
class Copy:
    """The application over one database, and who looks at it."""

    server: Server
    sessions: dict[str, str]
    addresses: dict[str, str]  # of each route that is measured (bench/addresses.py)

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


@dataclass(frozen=True)
class Chosen:
    """The pages whose name has one of these pieces; all of them if there is none."""

    pieces: tuple[str, ...] = ()

    def among(self, who: str, pages: list[Page]) -> list[Page]:
        return [page for page in pages if self.has(f"{who} {page[0]}")]

    def has(self, name: str) -> bool:
        return not self.pieces or any(piece in name for piece in self.pieces)


def staff_pages(small: Browser, large: Browser, lists: list[str], chosen: Chosen) -> list[Page]:
    """The first page, and of each list itself, its first row, and all that stays on it."""
    pages = [(path, path, path) for path in DESK]
    for path in lists:
        rows = [ROW_LINK.findall(browser.get(path)) for browser in (small, large)]
        if all(rows):
            pages.append((f"{path} first row", rows[0][0], rows[1][0]))
        pages += list_pages(path, small, large, chosen)
    return chosen.among("staff", pages)


def list_pages(path: str, small: Browser, large: Browser, chosen: Chosen) -> list[Page]:
    """Its filters, sorts, last page and searches, where both have as many rows to show."""
    bodies = [browser.get(path) for browser in (small, large)]
    there, here = (dict.fromkeys(html.unescape(each) for each in CHOICE.findall(body)) for body in bodies)
    wanted = [(f"{path}{query}", f"{path}{query}", f"{path}{query}") for query in ("", *here) if not query or query in there]
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
    wanted = chosen.among("staff", wanted)
    alike = [each for each in wanted if as_many(small, large, each)]
    for name, *_pages in (each for each in wanted if each not in alike):
        print(f"  {name:<76} left out: not as many rows there as here")
    return alike


def as_many(small: Browser, large: Browser, page: Page) -> bool:
    """Rows to show on both sides; two more or less are nothing."""
    return abs(rows_of(small, page[1]) - rows_of(large, page[2])) <= 2


def rows_of(browser: Browser, path: str) -> int:
    return len(ROWS.findall(browser.get(path)))


def own_pages(small: Browser, large: Browser) -> list[Page]:
    """Those that everybody has, and the first booking and the first order of one's own."""
    pages = [(path, path, path) for path in PERSONAL]
    found = [dict.fromkeys(OWN.findall(browser.get("/my/"))) for browser in (small, large)]
    kinds = ("/bookings/", "/orders/")
    first = [{kind: next((path for path in paths if path.startswith(kind)), "") for kind in kinds} for paths in found]
    sessions = [SESSION.findall(browser.get("/sessions/")) for browser in (small, large)]
    if all(sessions):
        pages.append(("/sessions/ the first", sessions[0][0], sessions[1][0]))
    return pages + [(f"{kind} own", first[0][kind], first[1][kind]) for kind in kinds if first[0][kind] and first[1][kind]]


def make_copy(stack: ExitStack, var_dir: Path, database: str, name: str, wanted: dict[str, int]) -> Copy:
    tell(database, f"CREATE DATABASE {name}")
    own = database.replace("/ctac?", f"/{name}?")
    env = environment(var_dir / name, own) | {"ASK_AGAIN_AFTER_MINUTES": "600"}  # nobody is asked again who they are meanwhile
    prepare_database(env)
    print(f"{name}: " + ", ".join(f"{many:,} {what}" for what, many in wanted.items()))
    make(own, **wanted)
    subprocess.run([sys.executable, "manage.py", "count_reach"], cwd=BASE_DIR, env=env, check=True)
    tell(own, "UPDATE leaflets_leaflet SET most_per_workplace = 1000000, most_per_person = 1000000")
    everybody = [HOST, PERSON, BUSIEST, STAFF, PRESENTER, *EACH_ONCE]
    sessions = dict(zip(everybody, sessions_of(env, everybody), strict=True))
    addresses = addresses_of(env)
    return Copy(stack.enter_context(Server("ctac.wsgi:application", env, var_dir / f"{name}.log")), sessions, addresses)


def addresses_of(env: dict[str, str]) -> dict[str, str]:
    made = subprocess.run(
        [sys.executable, "-m", "bench.addresses"], cwd=BASE_DIR, env=env, check=True, stdout=subprocess.PIPE, text=True
    )
    return dict(json.loads(made.stdout.splitlines()[-1]))


def look_at_all(meter: Meter, copies: list[Copy], chosen: Chosen) -> list[bool]:
    """Whether each page holds."""
    print("\nEach page: median of answers with the small and with the large database, the ratio, and what PostgreSQL did for one")
    held = look_at_routes(meter, copies, chosen)
    lists = [path for asked, path in copies[0].addresses.items() if asked.endswith(A_LIST)]
    for address in (PERSON, BUSIEST, STAFF):
        small, large = (copy.browser(address) for copy in copies)
        who = address.split("@")[0]
        pages = staff_pages(small, large, lists, chosen) if address == STAFF else chosen.among(who, own_pages(small, large))
        held += [look_at(meter, f"{who} {page[0]}", small, large, page, listed=address == STAFF) for page in pages]
    held += look_at_search(meter, copies, chosen)
    held += look_at_packing(meter, copies, chosen)
    if chosen.has(ORDERING):
        held.append(compare(meter, ORDERING, *(orders_in(copy) for copy in copies)))
    if chosen.has(BOOKING):
        held.append(compare(meter, BOOKING, *(bookings_in(copy) for copy in copies), LOOKS_MORE))
    return held


def look_at_routes(meter: Meter, copies: list[Copy], chosen: Chosen) -> list[bool]:
    """Each page of tests/routes.txt but the lists of staff, which are looked at with all that stays on them."""
    held = []
    for asked, who in measured().items():
        name = f"{who.split('@')[0] or 'out'} {asked}"
        if asked.endswith(A_LIST) or not chosen.has(name):
            continue
        small, large = (copy.addresses.get(asked, "") for copy in copies)
        if not (small and large):
            why = reason(asked, NO_OBJECT)
            print(f"  {name:<76} {'left out: ' + why if why else 'there is none to look at'}")
            held += [] if why else [False]
            continue
        looks = [partial(milliseconds, copy.browser(who), path) for copy, path in zip(copies, (small, large), strict=True)]
        held.append(compare_if_there(meter, name, *looks))
    return held


def look_at_search(meter: Meter, copies: list[Copy], chosen: Chosen) -> list[bool]:
    """The search box, held to what it may take of the large database: what it finds there is more than in the small one."""
    held = []
    for typed in FIND:
        name, path = f"staff /staff/find/ {typed}", f"/staff/find/?{urlencode({'q': typed})}"
        if not chosen.has(name):
            continue
        found = measure(meter, *(timed(copy.browser(STAFF).get, path) for copy in copies), looks=LOOKS_MORE)
        held.append(found.database[1][0] <= FIND_MS)
        print(f"  {name:<76} {found}{'' if held[-1] else f'   more than {FIND_MS} ms of the database'}", flush=True)
    return held


def compare_if_there(meter: Meter, name: str, small: Take, large: Take) -> bool:
    try:
        return compare(meter, name, small, large, LOOKS_MORE)
    except AssertionError as problem:
        print(f"  {name:<76} no page: {problem}"[:200])
        return False


def look_at_packing(meter: Meter, copies: list[Copy], chosen: Chosen) -> list[bool]:
    """The page that starts a session, the page of an open one, and both ways in which it ends."""
    small, large = browsers = [copy.browser(STAFF) for copy in copies]
    held = []
    if chosen.has(f"staff {packing.START}"):
        held.append(look_at(meter, f"staff {packing.START}", small, large, (packing.START,) * 3, listed=True))
    if chosen.has(PACKING):
        sessions = [packing.start(browser, PACKED) for browser in browsers]
        page = (f"its page of {PACKED} parcels", *sessions)
        held.append(look_at(meter, f"staff {page[0]}", small, large, page, listed=True))
        held += [look_at_print(meter, what, browsers, sessions) for what in packing.PRINTS]
        for browser, session in zip(browsers, sessions, strict=True):
            packing.close(browser, session)
        held.append(
            compare(meter, PACKING, *(timed(packing.start_and_close, browser, PACKED) for browser in browsers), LOOKS_MORE)
        )
    if chosen.has(DISPATCHING):
        held.append(compare(meter, DISPATCHING, *(timed(packing.start_and_dispatch, browser) for browser in browsers)))
    return held


def look_at_print(meter: Meter, what: str, browsers: list[Browser], sessions: list[str]) -> bool:
    prints = [timed(packing.print_it, *each, what) for each in zip(browsers, sessions, strict=True)]
    return compare(meter, f"staff its {what}", *prints, looks=LOOKS_MORE)


def timed(act: Callable[..., object], *arguments: object) -> Take:
    def take() -> float:
        began = time.perf_counter()
        act(*arguments)
        return 1000 * (time.perf_counter() - began)

    return take


def orders_in(copy: Copy) -> Take:
    """Each by somebody else, so that nobody orders again and again."""
    waiting = iter([copy.browser(who) for who in WHO_ORDER])

    def order() -> float:
        browser = next(waiting)
        browser.leave()
        began = time.perf_counter()
        units.order(browser)
        return 1000 * (time.perf_counter() - began)

    return order


def bookings_in(copy: Copy) -> Take:
    """Each by somebody else, at a time of its own."""
    browsers = [copy.browser(who) for who in WHO_BOOK]
    waiting = zip(browsers, units.slots(copy.browser(HOST), len(browsers)), strict=True)

    def book() -> float:
        browser, slot = next(waiting)
        began = time.perf_counter()
        units.booking(browser, slot)
        return 1000 * (time.perf_counter() - began)

    return book


def look_at(meter: Meter, name: str, small: Browser, large: Browser, page: Page, *, listed: bool) -> bool:
    if not listed and not as_many(small, large, page):
        print(f"  {name:<76} not as many entries there as here")
        return False
    looks = LOOKS_MORE if "?" in page[0] or page[0].count(" ") else LOOKS
    return compare(meter, name, partial(milliseconds, small, page[1]), partial(milliseconds, large, page[2]), looks)


def write_much(database: str) -> None:
    """So that PostgreSQL does not stop for checkpoints while a million rows go in."""
    tell(database, "ALTER SYSTEM SET max_wal_size = '8GB'")
    tell(database, "SELECT pg_reload_conf()")


def tell(database: str, sql: str) -> None:
    connection = psycopg2.connect(database)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(sql)
    connection.close()


def asked() -> tuple[float, Chosen]:
    """The share of the large database, and which pages."""
    parser = argparse.ArgumentParser(description="Each page at a thousand and at a million orders.")
    parser.add_argument("share", type=float, nargs="?", default=1.0, help="of the large database; 1 is all of it")
    parser.add_argument(
        "--only", action="append", default=[], help="a piece of the names of the pages to measure; may be repeated"
    )
    found = parser.parse_args()
    return found.share, Chosen(tuple(found.only))


def main() -> int:
    share, chosen = asked()
    with tempfile.TemporaryDirectory(prefix="scale") as folder, ExitStack() as stack:
        var_dir = Path(folder)
        database = start_database(var_dir)
        stack.callback(postgres.stop, var_dir)
        os.environ.update(environment(var_dir, database), DJANGO_SETTINGS_MODULE="ctac.settings")
        django.setup()  # for what the data is made with
        write_much(database)
        print("\n".join(machine.facts(database)), flush=True)
        began = time.monotonic()
        large = {what: int(many * share) for what, many in LARGE.items()}
        copies = [make_copy(stack, var_dir, database, name, wanted) for name, wanted in (("small", SMALL), ("large", large))]
        print(f"laid in after {time.monotonic() - began:.0f} s", flush=True)
        held = look_at_all(Meter(database, ("small", "large")), copies, chosen)
        print(f"\nlaid in and looked at in {time.monotonic() - began:.0f} s")
        print(f"{held.count(True)} of {len(held)} pages hold (at most {MOST} times as much, or {SLACK_MS} ms more)")
        return 0 if held and all(held) else 1


if __name__ == "__main__":
    sys.exit(main())

"""After a fault in the cluster: what people saw of it, and whether anything is lost or there twice."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.cluster.people import CrowdLoad
from tests.faults.judge import PLACED, Verdict, judge
from tests.faults.mail_server import MailServer
from tests.faults.people import Request

SLOW = 2.0  # seconds: an answer that takes longer is not normal
OVERLAPPING = """
    SELECT one.presenter_id, one.id, other.id FROM bookings_busytime one JOIN bookings_busytime other
    ON one.presenter_id = other.presenter_id AND one.id < other.id AND one.busy && other.busy
    WHERE one.live AND other.live
"""
Query = Callable[..., list[tuple[Any, ...]]]


@dataclass
class Row:
    """A line of the table. Times are in seconds.

    `gap`: the longest time in which nobody had a page that needs the database. `normal`: from the fault to the last answer that
    was an error or slow. `slowest_sign_in`: with the wait for the code by email. `took`: all of it, judging included.
    """

    fault: str
    acknowledged: int = 0
    sign_ins: int = 0
    slowest_sign_in: float = 0.0
    errors: Counter[str] = field(default_factory=Counter)
    gap: float = 0.0
    normal: float = 0.0
    sent: int = 0
    doubled: int = 0
    took: float = 0.0
    wrong: list[str] = field(default_factory=list)
    note: str = ""
    well: str = "nothing lost, nothing twice"  # what is said where nothing is wrong


NEEDS_NO_DATABASE = ("GET /account/login/", "GET /account/login/code/confirm/")


def is_good(request: Request) -> bool:
    return 0 < request.status < 500 and request.status != 429


def what_people_saw(row: Row, load: CrowdLoad, begun: float, ended: float) -> None:
    """`begun`: the moment of the fault; `ended`: when they were told to go. By the monotonic clock."""
    after = [request for request in load.requests if begun <= request.at <= ended]
    good = sorted(request.at for request in after if is_good(request) and request.what not in NEEDS_NO_DATABASE)
    row.gap = max(later - earlier for earlier, later in pairwise([begun, *good, ended]))
    bad = [request.at for request in after if not is_good(request) or request.seconds > SLOW]
    row.normal = max(bad) - begun if bad else 0.0
    row.errors = Counter("no answer" if not each.status else str(each.status) for each in load.requests if not is_good(each))
    row.acknowledged, row.sign_ins = len(load.acknowledged), len(load.sign_ins)
    row.slowest_sign_in = max(load.sign_ins, default=0.0)


def what_is_stored(row: Row, query: Query, mail: MailServer, load: CrowdLoad, since: int) -> None:
    verdict = judge(query, mail, load, since, Verdict(row.fault, "redis"))
    row.sent, row.doubled = verdict.sent, verdict.doubled
    row.wrong += verdict.wrong
    row.wrong += [f"{email} asked for a code, and none came" for email in load.without_code]
    row.wrong += [f"{verdict.failed} messages failed"] if verdict.failed else []
    row.wrong += [f"{verdict.doubled} messages arrived twice"] if verdict.doubled else []
    row.wrong += [f"presenter {key} has two live claims that overlap: {one}, {other}" for key, one, other in query(OVERLAPPING)]


def gone(query: Query, acknowledged: Sequence[str]) -> list[str]:
    """Of all that was ever acknowledged what is not there any more."""
    references = list(acknowledged)
    there = {reference for reference, *_rest in query(PLACED, references, references)}
    return [
        f"{reference} was acknowledged before, and is not there any more" for reference in references if reference not in there
    ]


HEAD = (
    "fault",
    "acknowledged",
    "sign-ins (slowest)",
    "errors",
    "longest gap",
    "normal after",
    "mail sent",
    "twice",
    "took",
    "verdict",
)
WIDTHS = (38, 13, 19, 26, 12, 13, 10, 6, 7, 0)


def line(cells: Iterable[object]) -> str:
    return " ".join(f"{cell!s:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def row_line(row: Row) -> str:
    errors = ", ".join(f"{count} × {name}" for name, count in sorted(row.errors.items())) or "none"
    verdict = f"WRONG: {'; '.join(row.wrong)[:500]}" if row.wrong else row.well
    sign_ins = f"{row.sign_ins} ({row.slowest_sign_in:.0f} s)"
    figures = (f"{row.gap:.1f} s", f"{row.normal:.1f} s", row.sent, row.doubled, f"{row.took:.0f} s")
    return line((row.fault, row.acknowledged, sign_ins, errors, *figures, verdict + (f" ({row.note})" if row.note else "")))

"""After a fault: is every booking and order there that somebody was told of, and did each of its messages arrive once?"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.mail_server import MailServer
from tests.faults.people import Load

PLACED = """
    SELECT reference, 'booking:' || id, 'booking-confirmed' FROM bookings_booking WHERE reference = ANY(%s)
    UNION ALL SELECT reference, 'order:' || id, 'order-received' FROM leaflets_order WHERE reference = ANY(%s)
"""
PRESSED_TWICE = """
    SELECT submission_token FROM bookings_booking WHERE submission_token IS NOT NULL GROUP BY 1 HAVING count(*) > 1
    UNION ALL SELECT submission_token FROM leaflets_order WHERE submission_token IS NOT NULL GROUP BY 1 HAVING count(*) > 1
"""
WRITTEN = "SELECT id, about, kind, recipient, state, message_id, due_at <= now() FROM notifications_notification WHERE id > %s"


@dataclass
class Verdict:
    """A row of the table. `wrong` is what must not be."""

    fault: str
    broker: str
    acknowledged: int = 0
    sent: int = 0
    doubled: int = 0
    failed: int = 0
    unanswered: int = 0
    slowest: float = 0.0
    slowest_of: str = ""
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


def judge(query: Any, server: MailServer, load: Load, since: int, verdict: Verdict) -> Verdict:
    """`since` is the key of the last message before."""
    rows = query(WRITTEN, since)
    times = server.times()
    verdict.acknowledged, verdict.unanswered = len(load.acknowledged), load.unanswered
    verdict.slowest, verdict.slowest_of = load.slowest.seconds, load.slowest.what
    verdict.sent = sum(row[4] == "sent" for row in rows)
    verdict.failed = sum(row[4] == "failed" for row in rows)
    verdict.doubled = sum(times[row[5]] > 1 for row in rows)
    verdict.wrong += placed_wrong(query, load, rows)
    for key, _about, kind, _recipient, state, message_id, is_due in rows:
        if state == "sent" and not times[message_id]:
            verdict.wrong.append(f"message {key} ({kind}) is marked sent, and the server never said yes to it")
        if state != "sent" and times[message_id]:
            verdict.wrong.append(f"message {key} ({kind}) is {state}, and the server said yes to it")
        if state in {"pending", "sending"} and is_due:
            verdict.wrong.append(f"message {key} ({kind}) still waits")
        if times[message_id] > 2:
            verdict.wrong.append(f"message {key} ({kind}) was taken {times[message_id]} times")
    return verdict


def placed_wrong(query: Any, load: Load, rows: list[tuple[Any, ...]]) -> list[str]:
    wrong = [f"{email} pressed and never got an answer" for email in load.in_doubt]
    found = {reference: (about, kind) for reference, about, kind in query(PLACED, load.acknowledged, load.acknowledged)}
    told = Counter((about, kind) for _key, about, kind, *_rest in rows)
    for reference, count in Counter(load.acknowledged).items():
        if count > 1:
            wrong.append(f"{reference} was acknowledged to {count} people")
        if reference not in found:
            wrong.append(f"{reference} was acknowledged and is not there")
        elif told[found[reference]] != 1:
            wrong.append(f"{reference} has {told[found[reference]]} confirmations")
    return wrong + [f"what was pressed with {token} was stored twice" for (token,) in query(PRESSED_TWICE)]


COUNTED = ("acknowledged", "sent", "doubled", "failed", "unanswered")
HEAD = (*COUNTED, "slowest", "took")


# Nobody can answer while the whole web server starts anew: how long that takes is told, and not judged.
UNJUDGED_BY_SECONDS = ("nothing", "web killed whole")


def table(verdicts: list[Verdict]) -> str:
    """For the terminal and for documents: a line a fault, then a line a broker."""
    brokers = dict.fromkeys(each.broker for each in verdicts)
    totals = [total([each for each in verdicts if each.broker == name]) for name in brokers]
    return "\n".join([row("fault", "broker", HEAD), *map(line, verdicts), *totals])


def total(verdicts: list[Verdict]) -> str:
    """Of one broker. Its slowest answer is that of the faults that are judged by seconds."""
    slowest = max((each.slowest for each in verdicts if each.fault not in UNJUDGED_BY_SECONDS), default=0.0)
    cells = [*figures(verdicts), f"{slowest:.2f} s", f"{sum(each.seconds for each in verdicts):.0f} s"]
    return row(f"all {len(verdicts)}", verdicts[0].broker, cells)


def line(each: Verdict) -> str:
    cells = [*figures([each]), f"{each.slowest:.2f} s", f"{each.seconds:.0f} s"]
    return row(each.fault, each.broker, cells) + (f"  WRONG: {'; '.join(each.wrong)[:300]}" if each.wrong else "")


def figures(verdicts: Sequence[Verdict]) -> list[int]:
    return [sum(getattr(each, name) for each in verdicts) for name in COUNTED]


def row(fault: str, broker: str, cells: Iterable[object]) -> str:
    return f"{fault:<42} {broker:<9}" + "".join(f"{cell:>13}" for cell in cells)

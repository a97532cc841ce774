"""Eight clients do anything at random at the same time; afterwards all must be well.

`make races` lets them do 10,000 things, from eight processes; `make test` a few hundred, from eight threads. A failing run
says its seed: RACES_SEED=… draws the same things in the same order for each client; how they meet is the machine's chance.
"""

import os
import random
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.live.clients import inside
from tests.live.mail import read
from tests.live.stack import Live
from tests.races import gates
from tests.races.driver.oracle import everything_wrong

LONG = bool(os.environ.get("RACES"))
CLIENTS = 8
OPERATIONS = int(os.environ.get("RACES_OPERATIONS") or (10_000 if LONG else 200))
SEED = int(os.environ.get("RACES_SEED") or random.randrange(10**6))
# Only of these modules of tests/races/driver, such as session_operations; empty: of all.
SUBJECTS = [name for name in os.environ.get("RACES_SUBJECTS", "").split(",") if name]
UNSENT = """SELECT count(*) FROM notifications_notification
    WHERE id > %s AND (state = 'sending' OR (state = 'pending' AND due_at <= now()))"""


def drive(live: Live, world: dict[str, Any]) -> tuple[Counter[str], list[str], float]:
    """How the operations ended, every failure in words, and the seconds that it took."""
    groups = [[number] for number in range(CLIENTS)] if LONG else [list(range(CLIENTS))]
    with gates.paused(live, "start") as gate, ThreadPoolExecutor(len(groups)) as pool:
        module, count = "tests.races.driver.client", OPERATIONS // CLIENTS
        jobs = [pool.submit(inside, live, module, "run", world, SEED, group, count) for group in groups]
        live.wait_for(lambda: waiting(live) == CLIENTS or any(job.done() for job in jobs), 120)
        gate.open()
        results = [job.result() for job in jobs]
    ends = sum((Counter(result["ends"]) for result in results), Counter[str]())
    return ends, [words for result in results for words in result["failures"]], max(result["seconds"] for result in results)


def waiting(live: Live) -> int:
    return live.query(gates.WAITING)[0][0]


def figures(ends: Counter[str], seconds: float, more: dict[str, object]) -> str:
    """A table: each operation and how often it ended how, then what must be 0."""
    columns = ("done", "refused", "nothing there", "failed")
    names = sorted({name.partition(": ")[0] for name in ends})
    lines = [f"\n{'operation':24}" + "".join(f"{column:>15}" for column in columns)]
    lines += [f"{name:24}" + "".join(f"{ends[f'{name}: {column}']:>15}" for column in columns) for name in names]
    total = [sum(count for name, count in ends.items() if name.endswith(f": {column}")) for column in columns]
    lines.append(f"{'in all':24}" + "".join(f"{count:>15}" for count in total))
    lines.append(
        f"seed {SEED}, {CLIENTS} clients, {sum(total)} operations in {seconds:.1f} s ({sum(total) / seconds:.1f} a second)"
    )
    return "\n".join([*lines, *(f"{name}: {value}" for name, value in more.items())]) + "\n"


@pytest.fixture
def world(live: Live) -> Any:
    found = inside(live, "tests.races.driver.world", "lay_out") | {"base_url": live.base_url, "subjects": SUBJECTS}
    yield found
    inside(live, "tests.races.driver.world", "clear_away", found)


def everything_wrong_at_rest(live: Live, world: dict[str, Any], known_before: int) -> list[str]:
    live.wait_for(lambda: live.query(UNSENT, known_before) == [(0,)], 60 + OPERATIONS / 10)
    taken = Counter(mail.message_id.strip() for mail in read(live.mail_dir))
    return everything_wrong(live.query, world, taken, known_before)


def test_after_anything_at_random_from_eight_clients_all_is_well(live: Live, world: dict[str, Any]) -> None:
    [(known_before,)] = live.query("SELECT coalesce(max(id), 0) FROM notifications_notification")
    deadlocks, log = gates.deadlocks(live), len(live.output())
    ends, failures, seconds = drive(live, world)
    broken = gates.deadlocks_after_a_while(live) - deadlocks
    # Every minute something falls due by itself; what is told between two looks is no fault, and a fault stays one.
    wrong = everything_wrong_at_rest(live, world, known_before) and everything_wrong_at_rest(live, world, known_before)
    sent = live.query("SELECT count(*) FROM notifications_notification WHERE id > %s AND state = 'sent'", known_before)[0][0]
    tracebacks = live.output()[log:].count("Traceback (most recent call last)")
    pages = sum(": 500" in words for words in failures)
    more = {"messages sent": sent, "deadlocks": broken, "pages that failed": pages, "other failures": len(failures) - pages}
    sys.stdout.write(figures(ends, seconds, {**more, "tracebacks in the log": tracebacks, "things wrong": len(wrong)}))
    assert (failures, broken, tracebacks, wrong) == ([], 0, 0, [])
    # Nothing is proved by clients whom everything was refused. A few hundred operations may draw none of a kind that can be done.
    must = ("book", "hold", "request_dates", "place_order", "cancel_booking")
    rare = ("reschedule", "start_packing", "change_order", "change_order_page") if LONG else ()
    assert SUBJECTS or all(ends[f"{name}: done"] for name in (*must, *rare))

"""The negative control of all that the judge says: each thing that must not be, it sees."""

from collections import Counter
from types import SimpleNamespace

import pytest

from tests.faults.judge import PLACED, PRESSED_TWICE, Verdict, judge, table
from tests.faults.people import Load, Request

GOOD = (1, "booking:1", "booking-confirmed", "a@nhs.net", "sent", "<1>", True)
LATER = (2, "booking:1", "booking-reminder", "a@nhs.net", "pending", "<2>", False)


def verdict(rows=(GOOD, LATER), times=(("<1>", 1),), acknowledged=("BK-1",), twice=(), in_doubt=()):
    answers = {PLACED: [("BK-1", "booking:1", "booking-confirmed")], PRESSED_TWICE: [(each,) for each in twice]}
    load = Load(acknowledged=list(acknowledged), in_doubt=list(in_doubt), requests=[Request("GET /", 200, 0.5)])
    server = SimpleNamespace(times=lambda: Counter(dict(times)))
    return judge(lambda sql, *_values: answers.get(sql, list(rows)), server, load, 0, Verdict("a fault", "folder"))


def test_all_well_is_said_so():
    found = verdict(times=[("<1>", 2)])
    assert (found.wrong, found.acknowledged, found.sent, found.doubled, found.slowest) == ([], 1, 1, 1, 0.5)
    assert "a fault" in table([found])


def test_each_broker_has_a_line_of_its_own():
    verdicts = [
        Verdict("one", "redis", 2, slowest=0.5),
        Verdict("two", "redis", 3),
        Verdict("web killed whole", "folder", slowest=9),
    ]
    redis, folder = (line.split() for line in table(verdicts).splitlines()[-2:])
    assert (redis[:4], redis[-4:-2]) == (["all", "2", "redis", "5"], ["0.50", "s"])
    assert (folder[:3], folder[-4:-2]) == (["all", "1", "folder"], ["0.00", "s"])


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"times": []}, "marked sent, and the server never said yes"),
        ({"times": [("<1>", 3)]}, "taken 3 times"),
        ({"times": [("<1>", 1), ("<2>", 1)]}, "is pending, and the server said yes"),
        ({"rows": [GOOD, (*LATER[:6], True)]}, "still waits"),
        ({"rows": [LATER]}, "BK-1 has 0 confirmations"),
        ({"acknowledged": ["BK-1", "LO-GONE"]}, "LO-GONE was acknowledged and is not there"),
        ({"acknowledged": ["BK-1", "BK-1"]}, "acknowledged to 2 people"),
        ({"twice": ["token"]}, "stored twice"),
        ({"in_doubt": ["a@nhs.net"]}, "never got an answer"),
    ],
)
def test_what_must_not_be_is_seen(what, words):
    assert any(words in wrong for wrong in verdict(**what).wrong)

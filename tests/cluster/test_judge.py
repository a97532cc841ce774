"""The negative control of what the cluster's judge says: each thing that must not be, it sees."""

from collections import Counter
from types import SimpleNamespace

import pytest

from tests.cluster.judge import OVERLAPPING, Row, gone, row_line, what_is_stored, what_people_saw
from tests.cluster.people import CrowdLoad
from tests.faults.judge import PLACED, PRESSED_TWICE
from tests.faults.people import Request

SENT = (1, "booking:1", "booking-confirmed", "a@nhs.net", "sent", "<1>", True)
FAILED = (1, "booking:1", "booking-confirmed", "a@nhs.net", "failed", "<1>", True)


def stored(rows=(SENT,), times=(("<1>", 1),), overlapping=(), without_code=()):
    answers = {PLACED: [("BK-1", "booking:1", "booking-confirmed")], PRESSED_TWICE: [], OVERLAPPING: list(overlapping)}
    load = CrowdLoad(acknowledged=["BK-1"], without_code=list(without_code))
    mail, row = SimpleNamespace(times=lambda: Counter(dict(times))), Row("a fault")
    what_is_stored(row, lambda sql, *_values: answers.get(sql, list(rows)), mail, load, 0)
    return row


def saw(*requests, begun=10.0, ended=20.0):
    row = Row("a fault")
    what_people_saw(row, CrowdLoad(requests=list(requests)), begun, ended)
    return row


def test_all_well_is_said_so():
    row = stored()
    assert (row.wrong, row.sent, row.doubled) == ([], 1, 0)
    assert "nothing lost, nothing twice" in row_line(row)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"times": [("<1>", 2)]}, "1 messages arrived twice"),
        ({"times": []}, "marked sent, and the server never said yes"),
        ({"rows": [FAILED], "times": []}, "1 messages failed"),
        ({"overlapping": [(7, 1, 2)]}, "presenter 7 has two live claims that overlap"),
        ({"without_code": ["a@nhs.net"]}, "asked for a code, and none came"),
    ],
)
def test_what_must_not_be_is_seen(what, words):
    row = stored(**what)
    assert any(words in wrong for wrong in row.wrong)
    assert "WRONG" in row_line(row)


def test_what_was_acknowledged_in_an_earlier_fault_and_is_gone_is_seen():
    assert gone(lambda _sql, *_values: [("BK-1", "booking:1", "booking-confirmed")], ["BK-1", "LO-2"]) == [
        "LO-2 was acknowledged before, and is not there any more"
    ]


def test_the_longest_gap_reaches_from_the_fault_to_the_end():
    row = saw(Request("GET /my/", 200, 0.1, 9.0), Request("GET /my/", 200, 0.1, 13.0), Request("GET /my/", 302, 0.1, 15.0))
    assert row.gap == 5.0


def test_errors_broken_lines_and_pages_without_a_database_are_no_answers():
    row = saw(
        Request("GET /my/", 200, 0.1, 11.0),
        Request("GET /my/", 502, 0.1, 12.0),
        Request("GET /my/", 0, 0.1, 14.0),
        Request("GET /account/login/", 200, 0.1, 15.0),
        Request("GET /my/", 200, 0.1, 18.0),
    )
    assert (row.gap, row.normal, row.errors) == (7.0, 4.0, Counter({"502": 1, "no answer": 1}))


def test_slow_is_not_normal():
    assert saw(Request("GET /my/", 200, 6.0, 17.0)).normal == 7.0

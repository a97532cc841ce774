"""The oracle sees what is wrong: a judge who never says no proves nothing."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from tests.races.driver.lost_parcels import lost_parcels
from tests.races.driver.oracle import (
    Claim,
    brought,
    changes,
    changes_of_orders,
    claims_and_what_they_are_for,
    dates_of_requests,
    holds_end_with_their_time,
    leave_answers,
    limits,
    mail,
    orders,
    stock,
    time_of_presenters,
    visits,
    waits,
)

TEN = datetime(2027, 1, 25, 10, tzinfo=UTC)
LERWICK, KIRKWALL = ("ZE1 0AA", (60.15, -1.14)), ("KW15 1AA", (58.98, -2.96))


def claim(hours: float, place=LERWICK, *, length: float = 1, presenter: int = 1, **of) -> Claim:
    """So many hours after ten; of a booking of its own unless told otherwise."""
    start = TEN + timedelta(hours=hours)
    of = {"kind": "booking", "booking": int(hours * 10), "leave": None, "hold": None} | of
    return Claim(presenter, start, start + timedelta(hours=length), of["kind"], of["booking"], of["leave"], of["hold"], *place)


AWAY = {"kind": "leave", "booking": None, "leave": 1}


def wrong(*claims: Claim) -> int:
    return len(list(time_of_presenters(claims)))


def test_it_sees_a_presenter_in_two_places():
    assert wrong(claim(0), claim(0.5)) == 2  # and no time for the journey either
    assert wrong(claim(0), claim(1)) == 0
    assert wrong(claim(0), claim(0.5, presenter=2)) == 0


def test_it_sees_a_journey_that_is_too_short():
    assert wrong(claim(0), claim(3, KIRKWALL)) == 1
    assert wrong(claim(0), claim(6, KIRKWALL)) == 0
    assert wrong(claim(0), claim(1.25, ("ZE3 9JW", LERWICK[1]))) == 1
    assert wrong(claim(0), claim(1.5, ("ZE3 9JW", LERWICK[1]))) == 0


def test_it_knows_crossings_and_what_staff_have_set():
    shetland, orkney = {"zone": "shetland"}, {"zone": "orkney"}
    assert wrong(claim(0)._replace(**shetland), claim(9, KIRKWALL)._replace(**orkney)) == 1
    assert wrong(claim(0)._replace(**shetland), claim(11, KIRKWALL)._replace(**orkney)) == 0
    assert wrong(claim(0), claim(2, ("ZE2 9AB", LERWICK[1]))) == 1
    assert wrong(claim(0), claim(2.25, ("ZE2 9AB", LERWICK[1]))) == 0


def test_it_takes_what_has_no_place_out_of_the_time_for_the_journey():
    away = claim(2, ("", None), length=3.5, **AWAY)
    assert wrong(claim(0), away, claim(6, KIRKWALL)) == 1
    assert wrong(claim(0), claim(2, ("", None), length=60, **AWAY), claim(62, KIRKWALL)) == 0  # two days apart


def for_what(claims: list[Claim], bookings: list[tuple], holds=(), leave=()) -> int:
    def query(sql: str, *_values: object) -> list[tuple]:
        return list(holds if "bookings_hold" in sql else leave)

    return len(list(claims_and_what_they_are_for(query, claims, bookings)))


def test_it_sees_time_that_is_missing_or_nobodys():
    one = claim(1)
    booking = (10, "confirmed", 1, one.start, one.end, "ZE1 0AA", "a@b.example")
    assert for_what([one], [booking]) == 0
    assert for_what([], [booking]) == 1
    assert for_what([one], [(10, "cancelled", *booking[2:])]) == 1
    assert for_what([one], [(10, "confirmed", 2, *booking[3:])]) == 1
    assert for_what([one], []) == 1
    assert for_what([one], [booking], holds=[(1, 1, TEN)]) == 1
    assert for_what([one], [booking], leave=[(1, TEN, TEN + timedelta(hours=1))]) == 1


def test_it_sees_a_hold_that_lasts_longer_than_its_time():
    assert list(holds_end_with_their_time(lambda *_sql: [(1, TEN, TEN)], [1])) == []
    assert len(list(holds_end_with_their_time(lambda *_sql: [(1, TEN + timedelta(minutes=15), TEN)], [1]))) == 1


def test_it_sees_leave_whose_answer_is_missing_doubled_or_wrong():
    def wrong_leave(kind: str, state: str, *told: str) -> int:
        return len(list(leave_answers(lambda *_sql: [(1, kind, state, list(told))], [1])))

    assert wrong_leave("holiday", "asked", "leave-asked") == 0
    assert wrong_leave("holiday", "granted", "leave-asked", "leave-granted") == 0
    assert wrong_leave("illness", "granted", "leave-entered") == 0
    assert wrong_leave("holiday", "granted", "leave-asked") == 1
    assert wrong_leave("holiday", "refused", "leave-asked", "leave-granted") == 1
    assert wrong_leave("illness", "granted", "leave-entered", "leave-entered") == 1


def dates(claims: list[Claim], *rows: tuple) -> int:
    return len(list(dates_of_requests(lambda _sql, *_values: list(rows), claims, [])))


def test_it_sees_dates_whose_time_is_missing_or_was_not_given_back():
    start, end = TEN, TEN + timedelta(hours=1)
    kept = claim(0, kind="option", booking=None)._replace(option=7)
    row = (7, "preferred", "open", 1, start, end, True, 3, "requested", None, "a@b.example")
    closed = (7, "preferred", "passed", *row[3:])
    assert dates([kept], row) == 0
    assert dates([], row) == 1
    assert dates([], (*row[:6], False, *row[7:])) == 0  # over, and no writer has cleared it yet
    assert dates([kept._replace(presenter=2)], row) == 1
    assert dates([], closed) == 0
    assert dates([kept], closed) == 1
    assert dates([kept]) == 1
    assert dates([kept], (*row[:8], "confirmed", *row[9:])) == 1
    assert dates([], (7, "proposed", "taken", *row[3:8], "confirmed", None, "a@b.example")) == 1
    four = range(1, 5)
    assert dates([kept._replace(option=key) for key in four], *((key, *row[1:]) for key in four)) == 1


def in_stock(figures: tuple, moved: tuple, promised: int) -> int:
    def query(sql: str, *_values: object) -> list[tuple]:
        found = {"leaflets_edition": (1, *figures), "leaflets_stockmovement": (1, *moved), "leaflets_orderline": (1, promised)}
        return [next(row for table, row in found.items() if f"FROM {table} " in " ".join(sql.split()))]

    return len(list(stock(query, [1])))


def test_it_sees_figures_that_differ():
    assert in_stock((10, 4), (10, 4), 4) == 0
    assert in_stock((10, 4), (11, 4), 4) == 1
    assert in_stock((10, 4), (10, 4), 5) == 1
    assert in_stock((3, 4), (3, 4), 4) == 1


def test_it_sees_copies_that_are_not_where_their_order_is():
    def rows(*row: object) -> int:
        return len(list(orders(lambda *_sql: [row], [])))

    assert rows(1, "dispatched", 5, 0, 0, 5, 0, 1, 1, 0) == 0
    assert rows(1, "dispatched", 5, 0, 0, 5, 0, 2, 1, 0) == 1  # a parcel that nobody was told of
    assert rows(1, "dispatched", 5, 0, 0, 5, 0, 0, 0, 0) == 1
    assert rows(1, "cancelled", 5, 0, 5, 0, 0, 0, 0, 0) == 1
    assert rows(1, "received", 5, 2, 3, 0, 0, 0, 0, 0) == 0
    assert rows(1, "received", 5, 5, 0, 0, 0, 0, 0, 0) == 1
    assert rows(1, "waiting", 5, 5, 0, 0, 0, 0, 0, 0) == 0
    assert rows(1, "waiting", 5, 5, 0, 0, 0, 0, 0, 1) == 1  # copies came in, and nobody was told
    assert rows(1, "requested", 5, 4, 1, 0, 0, 0, 0, 0) == 1
    assert rows(1, "declined", 5, 0, 0, 0, 4, 0, 0, 0) == 1


def test_it_sees_a_change_of_an_order_that_was_told_twice_or_never():
    def said(changed: int, *told: int) -> int:
        return len(list(changes_of_orders(lambda *_sql: [(1, changed, list(told))], [])))

    assert [said(0), said(2, 1, 2), said(1), said(2, 1), said(1, 1, 1), said(0, 1)] == [0, 0, 1, 1, 1, 1]


def test_it_sees_leaflets_of_a_visit_that_is_off_or_of_another():
    def rows(state: str, visit_state: str, visit: str = "BK-1") -> int:
        return len(list(brought(lambda *_sql: [("LO-1", state, "BK-1", visit, visit_state)], [])))

    assert [rows("received", "confirmed"), rows("cancelled", "declined"), rows("dispatched", "cancelled")] == [0, 0, 0]
    assert [rows("packing", "cancelled"), rows("received", "confirmed", "BK-2")] == [1, 1]


def test_it_sees_a_lost_parcel_that_was_sent_again_twice_or_told_of_wrongly():
    def rows(state: str, again: int, *told: str) -> int:
        return len(list(lost_parcels(lambda *_sql: [(1, state, again, ["order-missing", "staff-order-missing", *told])], [])))

    assert rows("open", 0) == rows("resent", 1, "order-resent") == rows("closed", 0, "order-not-resent") == 0
    assert rows("resent", 0, "order-resent") == rows("resent", 1) == rows("closed", 1, "order-not-resent") == 1
    assert rows("closed", 0, "order-not-resent", "order-resent") == rows("open", 0, "order-missing") == 1


def test_it_sees_who_waits_beside_free_copies_and_who_has_more_than_they_may():
    assert len(list(waits(lambda *_sql: [(1, 2, 3, 4)], []))) == 1
    assert len(list(limits(lambda *_sql: [("7", "one", 61, 60)], []))) == 2  # a person's and a workplace's


def test_it_sees_an_arrival_that_was_counted_twice():
    def rows(*row: object) -> int:
        return len(list(visits(lambda *_sql: [row], [])))

    later = TEN + timedelta(minutes=1)
    assert rows(1, "checked-in", [TEN], TEN, None, 0) == 0
    assert rows(1, "checked-in", [TEN, TEN], TEN, None, 0) == 1
    assert rows(1, "checked-in", [TEN, later], later, None, 1) == 0
    assert rows(1, "checked-out", [TEN], None, later, 0) == 1


def test_it_sees_a_change_that_was_told_twice_never_or_under_anothers_number():
    def rows(*row: object) -> int:
        return len(list(changes(lambda *_sql: [row], [])))

    assert rows(1, "rescheduled", 1, 1, 0) == 0
    assert rows(1, "rescheduled", 1, 0, 0) == 1
    assert rows(1, "details-changed", 1, 2, 0) == 1
    assert rows(1, "rescheduled", 1, 1, 1) == 1


def told(rows: list[tuple], things: list[tuple], taken: dict[str, int]) -> int:
    return len(list(mail(lambda *_sql: rows, things, Counter(taken), 0)))


def test_it_sees_mail_that_is_lost_doubled_or_left():
    row = (1, "order-received", "order:1", 1, "a@b.example", "sent", "<1@x>", None, True)
    thing = ("order-received", "order:1", "a@b.example")
    assert told([row], [thing], {"<1@x>": 1}) == 0
    assert told([row], [thing], {}) == 1
    assert told([row], [thing], {"<1@x>": 2}) == 1
    assert told([], [thing], {}) == 1
    assert told([(*row[:5], "pending", *row[6:])], [thing], {}) == 1
    assert told([row, (2, *row[1:6], "<2@x>", None, True)], [thing], {"<1@x>": 1, "<2@x>": 1}) == 2

"""How the diary is read: in one query a table, and as much of it as somebody looks at, with the same answer."""

import random
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from bookings.models import BusyTime, Presenter
from bookings.schedule.queries import claims_within, read_all_claims, read_claims, read_schedule, to_claim
from bookings.schedule.slots import DateRange, Span
from bookings.travel import find_place
from tests.bookings.rows import (
    LEEDS,
    MONDAY,
    NOW,
    YORK,
    at,
    diary_of,
    make_booking,
    make_claim,
    make_hold,
    make_leave,
    make_presentation,
    make_presenter,
    slot_query,
)

pytestmark = pytest.mark.django_db


def test_a_diary_is_read_in_one_query_a_table() -> None:
    asked = slot_query(make_presentation())
    counts = []
    for _more in range(2):
        for _presenter in range(3):
            make_booking(make_presenter(), at("12:00"))
        with CaptureQueriesContext(connection) as queries:
            schedule = diary_of(asked)
            schedule.week(MONDAY)
            schedule.nearest(at("12:00"))
        counts.append(len(queries))
    assert counts == [5, 5]  # presenters, hours, claims, journeys, duty shifts


def fill(presenter: Presenter, chance: random.Random) -> None:
    """Visits and leave over sixteen days, across midnight and the ends of weeks too, as close as the database lets in."""
    start = at("20:00", MONDAY - timedelta(days=2))
    while start < at("00:00", MONDAY + timedelta(days=16)):
        start += timedelta(minutes=30 * chance.randint(1, 40))
        place = chance.choice((LEEDS, YORK, ""))
        hours = chance.choice((1, 1, 1, 30, 60)) if not place else 1
        try:
            with transaction.atomic():
                make_claim(presenter, start, start + timedelta(hours=hours), find_place(place) if place else None)
                connection.check_constraints()
        except IntegrityError:
            continue
        start += timedelta(hours=hours)


@pytest.mark.parametrize("postcode", [LEEDS, ""])
@pytest.mark.parametrize("seed", range(3))
def test_however_much_is_read_a_day_offers_the_same(seed: int, postcode: str) -> None:
    chance = random.Random(seed)
    fill(make_presenter(weekdays=range(7), hours=("00:00", "23:30"), max_travel_minutes=600), chance)
    asked = slot_query(make_presentation(), postcode)
    days = [MONDAY + timedelta(days=number) for number in range(-1, 40)]
    whole = diary_of(asked)
    expected = {day: whole.slots_on(day) for day in days}
    assert {day: read_schedule(asked, first_day=day, last_day=day, now=NOW).slots_on(day) for day in days[:16]} == {
        day: expected[day] for day in days[:16]
    }
    assert sum(len(expected[day]) for day in days[:16]) > 20
    for far in (3, 9, 17, 30):
        read = [DateRange(days[0], days[2]), DateRange(days[far], days[far + 6])]
        part = diary_of(asked, read_days=read)
        assert [day for day in days if part.is_read(day)] == [*days[:3], *days[far : far + 7]]
        assert {day: part.slots_on(day) for day in days if part.is_read(day)} == {
            day: expected[day] for day in days if part.is_read(day)
        }


def test_a_day_that_was_not_read_is_not_called_full() -> None:
    make_presenter()
    part = diary_of(slot_query(make_presentation()), read_days=[DateRange(NOW.date(), MONDAY)])
    with pytest.raises(LookupError):
        part.slots_on(MONDAY + timedelta(days=1))
    assert read_all_claims(part, NOW, None).slots_on(MONDAY + timedelta(days=1)) != []
    assert part.slots_on(MONDAY + timedelta(days=500)) == []


def test_of_what_nobody_looks_at_nothing_is_read() -> None:
    presenter = make_presenter()
    for number in range(0, 63, 7):
        make_booking(presenter, at("12:00", MONDAY + timedelta(days=number)))
    far = MONDAY + timedelta(days=56)
    part = diary_of(slot_query(make_presentation()), read_days=[DateRange(MONDAY, MONDAY), DateRange(far, far)])
    starts = [claim.span.start.date() for claim in part.parts[0].claims]
    assert starts == [MONDAY, MONDAY + timedelta(days=7), far - timedelta(days=7), far]


def test_what_the_diary_reads_is_what_the_rows_say() -> None:
    presenter = make_presenter()
    make_booking(presenter, at("09:00"), postcode=YORK)
    make_booking(presenter, at("15:00"), postcode="")
    make_leave(presenter, at("00:00", MONDAY + timedelta(days=1)), at("00:00", MONDAY + timedelta(days=2)))
    make_hold(presenter, at("12:00"), expires_at=NOW + timedelta(minutes=5))
    BusyTime.objects.filter(postcode=YORK).update(travel_minutes=45)
    within = Span(at("00:00"), at("00:00", MONDAY + timedelta(days=3)))
    rows = claims_within([presenter], within, NOW)
    days = DateRange(MONDAY, MONDAY + timedelta(days=2))
    assert read_claims([presenter], [days], NOW, None) == {presenter.pk: [to_claim(row) for row in rows]}
    assert len(rows) == 4

"""Reading ahead agrees with the database: what the diary calls free can be written, and nothing else can."""

import random
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from bookings.models import Presenter
from bookings.schedule.queries import claims_within, to_claim
from bookings.schedule.slots import Span, free_spans
from bookings.travel import find_place
from tests.bookings.rows import (
    LEEDS,
    LEEDS_TOO,
    LONDON,
    NOW,
    YORK,
    at,
    make_booking,
    make_leave,
    make_presentation,
    make_presenter,
)
from tests.factories import make_person

pytestmark = pytest.mark.django_db

PLACES = (LEEDS, LEEDS, LEEDS_TOO, YORK, LONDON, "")
WITHIN = Span(at("00:00"), at("00:00") + timedelta(days=2))


def fill(presenter: Presenter, chance: random.Random) -> None:
    """Claims as dense as the database lets in, some with travel minutes that staff set."""
    person, presentation = make_person(), make_presentation()
    for _try in range(25):
        start = WITHIN.start + timedelta(minutes=5 * chance.randrange(0, 12 * 48))
        minutes = chance.choice((15, 30, 60, 240))
        try:
            with transaction.atomic():
                if chance.random() < 0.25:
                    make_leave(presenter, start, start + timedelta(minutes=minutes))
                else:
                    booking = make_booking(
                        presenter,
                        start,
                        minutes=minutes,
                        postcode=chance.choice(PLACES),
                        person=person,
                        presentation=presentation,
                    )
                    if booking.postcode and chance.random() < 0.3:
                        presenter.busy_times.filter(booking=booking).update(travel_minutes=chance.choice((0, 10, 45, 200)))
                connection.check_constraints()
        except IntegrityError:
            continue


def database_takes(presenter: Presenter, span: Span, postcode: str, **rows: object) -> bool:
    try:
        with transaction.atomic():
            make_booking(presenter, span.start, minutes=int(span.length.total_seconds() // 60), postcode=postcode, **rows)
            connection.check_constraints()
            transaction.set_rollback(True)
    except IntegrityError:
        return False
    return True


@pytest.mark.parametrize("seed", range(12))
def test_what_is_called_free_is_what_the_database_takes(seed: int) -> None:
    chance = random.Random(seed)
    presenter = make_presenter()
    fill(presenter, chance)
    claims = [to_claim(row) for row in claims_within([presenter], WITHIN, NOW)]
    assert len(claims) >= 5
    rows = {"person": make_person(), "presentation": make_presentation()}
    for _try in range(60):
        postcode, length = chance.choice(PLACES), timedelta(minutes=chance.choice((15, 60, 90)))
        start = WITHIN.start + timedelta(minutes=5 * chance.randrange(0, 12 * 45))
        span = Span(start, start + length)
        free = free_spans(claims, find_place(postcode) if postcode else None, length, WITHIN)
        assert any(gap.contains(span) for gap in free) == database_takes(presenter, span, postcode, **rows)

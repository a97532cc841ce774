"""What a draft's answers say about its hold."""

from datetime import datetime, timedelta

import pytest

from bookings.booking.forms import DraftAnswers
from bookings.booking.views.book import held_slot
from bookings.models import Format
from bookings.schedule.forms import slot_value
from tests.bookings.rows import LEEDS, at, make_hold, make_presentation, make_presenter

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("where", "is_kept"),
    [
        ({"format": Format.ONLINE}, True),
        (
            {
                "format": Format.WORKPLACE,
                "address_line_1": "1 Park Row",
                "address_line_2": "",
                "town": "Leeds",
                "postcode": LEEDS,
            },
            False,
        ),
    ],
    ids=["the place it was held for", "another place, typed on another device"],
)
def test_a_time_is_called_kept_only_if_the_hold_is_for_these_answers(where: dict[str, str], is_kept: bool, now: datetime) -> None:
    presentation = make_presentation()
    hold = make_hold(make_presenter(), at("10:00"), expires_at=now + timedelta(minutes=15), presentation=presentation)
    hold.draft.answers = {"where": {"presentation": presentation.slug, **where}, "when": {"start": slot_value(at("10:00"))}}
    hold.draft.save()
    assert (held_slot(DraftAnswers(hold.draft, presentation), now) is not None) == is_kept

"""What is said of a date of a request: whether it is kept, and if not, the true reason."""

from datetime import timedelta
from typing import Any

import pytest

from bookings.models import (
    Booking,
    BookingState,
    DateOption,
    DateOptionKind,
    DateOptionState,
    NotKeptReason,
    Precision,
    Presentation,
    Presenter,
)
from bookings.text import date_text_for_staff, kept_text, lapsed_offer_rows
from tests.bookings.rows import NOW, at

KEPT = {"presenter": Presenter(name="Asha Patel"), "kept_from": at("10:00"), "expires_at": NOW + timedelta(days=2)}
UNTIL = "Thursday 14 January 2027, 10am"
STILL = "We will still look at it."
LATER = NOW + timedelta(days=3)


def option(*, booking: str = BookingState.REQUESTED, **columns: Any) -> DateOption:
    request = Booking(state=booking, presentation=Presentation(length_minutes=60))
    defaults = {"kind": DateOptionKind.PREFERRED, "starts_at": at("10:00"), "ends_at": at("11:00")}
    return DateOption(booking=request, **{**defaults, **columns})


@pytest.mark.parametrize(
    ("asked", "now", "said"),
    [
        (option(**KEPT), NOW, f"We will keep it for you until {UNTIL}."),
        (option(**KEPT), LATER, f"We kept it for you until {UNTIL}, but did not answer in time. {STILL}"),
        (option(**KEPT), at("10:00"), "This time has passed."),
        (
            option(**KEPT, why_not=NotKeptReason.AWAY),
            LATER,
            f"We are no longer keeping it, because the presenter can no longer come then. {STILL}",
        ),
        (option(), NOW, f"We are not keeping it. {STILL}"),
        (
            option(why_not=NotKeptReason.NOBODY_FREE),
            NOW,
            f"We are not keeping it, because no presenter was free then when you asked. {STILL}",
        ),
        (option(why_not=NotKeptReason.NOBODY_FREE), at("12:00"), "This time has passed."),
        (
            option(precision=Precision.DAYS, why_not=NotKeptReason.SEVERAL_DAYS),
            NOW,
            "We don’t keep a range of days. We will look for a time in it.",
        ),
        (option(**KEPT, state=DateOptionState.TAKEN), NOW, "Agreed."),
        (option(**KEPT, state=DateOptionState.PASSED), NOW, "We offered you other times instead."),
        (option(state=DateOptionState.PASSED, booking=BookingState.CONFIRMED), NOW, "Another time was agreed."),
        (
            option(state=DateOptionState.PASSED, booking=BookingState.DECLINED),
            NOW,
            "We could not say yes, so we are no longer keeping this date.",
        ),
        (
            option(state=DateOptionState.PASSED, booking=BookingState.CANCELLED),
            NOW,
            "The request was cancelled, so we are no longer keeping this date.",
        ),
    ],
)
def test_the_true_reason_is_said(asked: DateOption, now: Any, said: str) -> None:
    assert kept_text(asked, now) == said


def test_what_was_offered_and_is_gone_says_why() -> None:
    offered = {**KEPT, "kind": DateOptionKind.PROPOSED}
    options = [
        option(**KEPT),
        option(**offered),
        option(**offered, why_not=NotKeptReason.AWAY, state=DateOptionState.EXPIRED),
        option(**offered, state=DateOptionState.PASSED),
    ]
    assert (
        lapsed_offer_rows(options[1:], NOW)[0]["value"]
        == "We are no longer keeping it, because the presenter can no longer come then."
    )
    assert [row["value"] for row in lapsed_offer_rows(options, LATER)] == [
        f"We kept it for you until {UNTIL}, but did not hear from you.",
        "We are no longer keeping it, because the presenter can no longer come then.",
    ]


@pytest.mark.parametrize(
    ("asked", "now", "said"),
    [
        (option(**KEPT), NOW, f"Kept with Asha Patel until {UNTIL}."),
        (option(**KEPT), LATER, f"No longer kept. It was kept with Asha Patel until {UNTIL}."),
        (option(**KEPT, why_not=NotKeptReason.AWAY), LATER, "Not kept. The presenter we kept it with is away then."),
        (
            option(why_not=NotKeptReason.BESIDE),
            NOW,
            "Not kept. The presenter who was free then is kept for another of these dates.",
        ),
        (option(), NOW, "Not kept."),
        (option(state=DateOptionState.PASSED), NOW, "No longer kept, because other times were offered or asked for instead."),
    ],
)
def test_staff_read_with_whom_or_why_not(asked: DateOption, now: Any, said: str) -> None:
    assert date_text_for_staff(asked, now) == said

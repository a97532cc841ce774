"""What is held of a person after a presentation: their own answers as a host, and a reminder that they wished for.

Answers of people who came are nobody's: neither the day alone nor the words lead to who they are. They stay.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet

from bookings.models import STATEMENTS, Booking, Feedback, YearLater

# Columns of a booking that its export reads besides its own: how many came, when a reminder is due.
OF_ONE = ("attendance__people", "yearlater__due_at")


def said_by_hosts(bookings: QuerySet[Booking]) -> dict[int, dict[str, Any]]:
    """By the booking's key what its host said. One statement."""
    said = Feedback.objects.filter(afterwards__booking__in=bookings, by_host=True)
    answers = said.values("afterwards__booking_id", "received_on", "comment", *STATEMENTS)
    return {answer.pop("afterwards__booking_id"): answer for answer in answers}


def export_of(row: Mapping[str, Any], said: dict[str, Any] | None) -> dict[str, Any]:
    """What came after the booking of this row, which has the columns OF_ONE: only what there is."""
    found = {"people_who_came": row["attendance__people"], "feedback": said, "reminder_a_year_later": row["yearlater__due_at"]}
    return {name: value for name, value in found.items() if value is not None}


def erase(bookings: Iterable[int]) -> None:
    """No reminder goes out any more, and what the host wrote is gone; the figures stay."""
    keys = list(bookings)
    YearLater.objects.filter(booking__in=keys).delete()
    Feedback.objects.filter(afterwards__booking__in=keys, by_host=True).update(comment="")

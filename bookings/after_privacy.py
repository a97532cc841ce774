"""What is held of a person after a presentation: their own answers as a host, and a reminder that they wished for.

Answers of people who came are nobody's: neither the day alone nor the words lead to who they are. They stay.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from bookings.models import STATEMENTS, Attendance, Booking, Feedback, YearLater


def export_of(bookings: QuerySet[Booking]) -> dict[int, dict[str, Any]]:
    """By the booking's key: how many came, what its host said, when a reminder is due. Three statements."""
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for key, people in Attendance.objects.filter(booking__in=bookings).values_list("booking_id", "people"):
        found[key]["people_who_came"] = people
    said = Feedback.objects.filter(afterwards__booking__in=bookings, by_host=True)
    for answer in said.values("afterwards__booking_id", "received_on", "comment", *STATEMENTS):
        found[answer.pop("afterwards__booking_id")]["feedback"] = answer
    for key, due_at in YearLater.objects.filter(booking__in=bookings).values_list("booking_id", "due_at"):
        found[key]["reminder_a_year_later"] = due_at
    return found


def erase(bookings: Iterable[int]) -> None:
    """No reminder goes out any more, and what the host wrote is gone; the figures stay."""
    keys = list(bookings)
    YearLater.objects.filter(booking__in=keys).delete()
    Feedback.objects.filter(afterwards__booking__in=keys, by_host=True).update(comment="")

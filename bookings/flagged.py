"""Where the words of a text stand that may be about a child: in a booking, a session, a place, leave, feedback, a journey."""

from collections.abc import Iterator

from django.db.models import Model
from django.urls import reverse

from bookings.models import Booking, BusyTime, Feedback, JourneyTime, Leave, OpenSession, SessionPlace
from bookings.privacy import FIELDS
from professionals.flagged import FlaggedSource


def of_booking(key: int) -> Iterator[Model]:
    booking = Booking.objects.get(pk=key)
    yield from (booking, *booking.events.order_by("pk"), *BusyTime.objects.filter(booking=booking).order_by("pk"))


def of_session(key: int) -> Iterator[Model]:
    session = OpenSession.objects.get(pk=key)
    yield from (session, *session.events.filter(place=None).order_by("pk"))


def of_place(key: int) -> Iterator[Model]:
    place = SessionPlace.objects.get(pk=key)
    yield from (place, *place.events.order_by("pk"))


def of_leave(key: int) -> Iterator[Model]:
    yield from Leave.objects.filter(pk=key)  # who deletes it takes its words too


def of_feedback(key: int) -> Iterator[Model]:
    yield from Feedback.objects.filter(pk=key)


def of_journey(key: int) -> Iterator[Model]:
    yield from JourneyTime.objects.filter(pk=key)


def page_of(model: str, key: int) -> str:
    return reverse(f"staff:bookings_{model}_change", args=[key])


def page_of_place(key: int) -> str:
    return page_of("opensession", SessionPlace.objects.get(pk=key).session_id)


def page_of_feedback(key: int) -> str:
    return page_of("afterwards", Feedback.objects.get(pk=key).afterwards_id)


SOURCES = (
    FlaggedSource("booking", of_booking, lambda key: page_of("booking", key), FIELDS),
    FlaggedSource("session", of_session, lambda key: page_of("opensession", key), FIELDS),
    FlaggedSource("place", of_place, page_of_place, FIELDS),
    FlaggedSource("leave", of_leave, lambda key: page_of("leave", key), FIELDS),
    FlaggedSource("feedback", of_feedback, page_of_feedback, FIELDS),
    FlaggedSource("journey", of_journey, lambda key: page_of("journeytime", key), FIELDS),
)

"""How tests read a feed, as a calendar program does."""

from django.http import HttpResponse
from django.test import Client
from icalendar import Calendar, Event

from bookings.calendars.views import feed_token, get_or_create_feed
from bookings.models import (
    Presenter,
)
from professionals.models import Person
from tests.bookings.rows import NOW

LINK = "https://meet.example/asha"


def feed_of(owner: Person | Presenter) -> str:
    assert owner.user is not None
    return f"/calendars/{feed_token(get_or_create_feed(owner=owner, by=owner.user, now=NOW))}.ics"


def read(url: str, **headers: str) -> HttpResponse:
    return Client().get(url, headers=headers)


def events(url: str) -> list[Event]:
    """As a calendar program reads them, in order."""
    response = read(url)
    assert response.status_code == 200
    calendar = Calendar.from_ical(response.content)
    assert isinstance(calendar, Calendar)
    return calendar.events


def told(url: str) -> list[tuple[str, str, str]]:
    return [(event["status"], event["summary"], event.get("location", "")) for event in events(url)]

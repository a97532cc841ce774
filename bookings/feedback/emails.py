"""Emails after a presentation: to the host or whoever had a place when it is over, and a year later to whoever wished it."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.email_samples import example_of, longest_fields
from bookings.emails import booking_message, booking_of
from bookings.feedback.queries import host_has_answered, host_links
from bookings.feedback.services import open_afterwards
from bookings.models import Afterwards, Booking, SessionPlace, SessionState, State, YearLater
from ctac.dates import format_day
from notifications.models import Notification
from notifications.registry import Kind, Message
from notifications.samples import Example
from professionals.models import Person


def full_url(url: str) -> str:
    return f"{settings.SITE_URL}{url}"


def build_booking_afterwards(booking: Booking) -> Message:
    afterwards = open_afterwards(given=booking, now=timezone.now())
    return booking_afterwards(booking, afterwards, has_answered=host_has_answered(afterwards))


def booking_afterwards(booking: Booking, afterwards: Afterwards, *, has_answered: bool = False) -> Message:
    told: dict[str, object] = {
        "private": {name: full_url(url) for name, url in host_links(afterwards).items()},
        "short_url": full_url(afterwards.get_absolute_url()),
        "closes": format_day(afterwards.closes_at),
        "has_answered": has_answered,
    }
    return booking_message(_("How was it on %(day)s? (%(reference)s)"), "booking_afterwards", booking, **told)


def may_still_ask_host(notification: Notification) -> bool:
    booking = booking_of(notification)
    afterwards = Afterwards.objects.with_given().filter(booking=booking).first()
    return booking.state == State.DELIVERED and afterwards is not None and afterwards.is_open(timezone.now())


def place_with_session(notification: Notification) -> SessionPlace:
    places = SessionPlace.objects.select_related("person", "session__presentation", "session__afterwards")
    return places.get(pk=int(notification.about.partition(":")[2]))


def build_session_afterwards(notification: Notification) -> Message:
    place = place_with_session(notification)
    return session_afterwards(place, place.session.afterwards)


def session_afterwards(place: SessionPlace, afterwards: Afterwards) -> Message:
    session = place.session
    context: dict[str, object] = {
        "title": session.presentation.title,
        "day": format_day(session.starts_at),
        "reference": session.reference,
        "feedback_url": full_url(afterwards.get_absolute_url()),
        "certificate_url": full_url(reverse("certificate", args=[afterwards.code])),
        "closes": format_day(afterwards.closes_at),
        "own_url": full_url(reverse("session_mine", args=[session.reference])),
        "sessions_url": full_url(reverse("sessions")),
    }
    subject = _("How was it on %(day)s? (%(reference)s)") % {"day": context["day"], "reference": session.reference}
    return Message(subject, "session_afterwards", context)


def may_still_ask_of_place(notification: Notification) -> bool:
    place = place_with_session(notification)
    session = place.session
    afterwards = getattr(session, "afterwards", None)
    delivered = session.state == SessionState.DELIVERED and place.has_a_place
    same = place.person.email.lower() == notification.recipient.lower()
    return delivered and same and afterwards is not None and afterwards.is_open(timezone.now())


def booking_or_place(notification: Notification) -> Booking | SessionPlace:
    what, _colon, key = notification.about.partition(":")
    if what == "booking":
        return booking_of(notification)
    return SessionPlace.objects.select_related("person", "session__presentation").get(pk=int(key))


def build_year_later(notification: Notification) -> Message:
    return year_later(booking_or_place(notification))


def year_later(of: Booking | SessionPlace) -> Message:
    given = of if isinstance(of, Booking) else of.session
    start = given.starts_at
    presentation = given.presentation
    page = reverse("presentations") if not presentation.active else reverse("presentation", args=[presentation.slug])
    own = given is not of  # a place of their own, so nobody came to them
    day = format_day(start) if start else ""
    context: dict[str, object] = {"title": presentation.title, "day": day, "url": full_url(page), "own": own}
    if own:
        context["sessions_url"] = full_url(reverse("sessions"))
        return Message(_("A year ago: would you like to join us again?"), "year_later", context)
    return Message(_("A year ago: would you like us to come again?"), "year_later", context)


def is_still_wished(notification: Notification) -> bool:
    """Not if they have something booked or a place already, and not at an address that is no longer theirs."""
    of = booking_or_place(notification)
    wished = YearLater.objects.filter(**{"booking" if isinstance(of, Booking) else "place": of}).exists()
    same = of.person.email.lower() == notification.recipient.lower()
    return wished and same and not has_something_ahead(of.person, timezone.now())


def has_something_ahead(person: Person, now: datetime) -> bool:
    return person.bookings.upcoming(now).exists() or person.session_places.lying_ahead(now).exists()


KINDS = (
    Kind(
        "booking-afterwards",
        gettext_lazy("After the presentation"),
        lambda notification: build_booking_afterwards(booking_of(notification)),
        may_still_ask_host,
        can_wait=True,
    ),
    Kind(
        "session-afterwards",
        gettext_lazy("After an open session"),
        build_session_afterwards,
        may_still_ask_of_place,
        can_wait=True,
    ),
    Kind("year-later", gettext_lazy("A year later"), build_year_later, is_still_wished, can_wait=True),
)


# What the emails after a presentation look like (bookings.feedback.emails).

LABELS = {kind.name: kind.label for kind in KINDS}
_example = partial(example_of, LABELS)


def examples() -> Iterator[Example]:
    given: dict[str, Any] = {"state": State.DELIVERED}
    for case, answered in (("", False), (_("answered already"), True)):
        asked = partial(_asked, has_answered=answered)
        yield _example("booking-afterwards", case, asked, **given)
    yield _example("booking-afterwards", _("longest words"), _asked, **given, **longest_fields())
    yield _example("year-later", "", year_later, **given)
    yield _example("year-later", _("longest words"), year_later, **given, **longest_fields())


def _asked(booking: Booking, **more: Any) -> Message:
    return booking_afterwards(booking, Afterwards(booking=booking, code="7Q4M2F"), **more)

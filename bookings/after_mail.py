"""Emails after a presentation: to the host or whoever had a place when it is over, and a year later to whoever wished it."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.messages import message
from bookings.models import Afterwards, Booking, SessionPlace, SessionState, State, YearLater
from bookings.services.afterwards import host_key, open_afterwards
from bookings.services.feedback import host_has_answered
from bookings.told_of import booking_of
from ctac.uk import format_day
from notifications.models import Notification
from notifications.registry import Kind, Message
from professionals.models import Person


def full(url: str) -> str:
    return f"{settings.SITE_URL}{url}"


def host_links(afterwards: Afterwards) -> dict[str, str]:
    """The addresses that are the host's alone, by what they are for; none for a host without an address."""
    key = host_key(afterwards)
    pages = {"feedback": "host_feedback", "leaflets": "host_leaflets", "again": "host_again"} if key else {}
    return {name: reverse(page, args=[afterwards.code, key]) for name, page in pages.items()}


def afterwards_of(booking: Booking) -> Message:
    afterwards = open_afterwards(given=booking, now=timezone.now())
    return asked(booking, afterwards, has_answered=host_has_answered(afterwards))


def asked(booking: Booking, afterwards: Afterwards, *, has_answered: bool = False) -> Message:
    told: dict[str, object] = {
        "private": {name: full(url) for name, url in host_links(afterwards).items()},
        "short_url": full(afterwards.get_absolute_url()),
        "closes": format_day(afterwards.closes_at),
        "has_answered": has_answered,
    }
    return message(_("How was it on %(day)s? (%(reference)s)"), "booking_afterwards", booking, **told)


def may_still_ask(notification: Notification) -> bool:
    booking = booking_of(notification)
    afterwards = Afterwards.objects.with_given().filter(booking=booking).first()
    return booking.state == State.DELIVERED and afterwards is not None and afterwards.is_open(timezone.now())


def place_with_session(notification: Notification) -> SessionPlace:
    places = SessionPlace.objects.select_related("person", "session__presentation", "session__afterwards")
    return places.get(pk=int(notification.about.partition(":")[2]))


def build_session_afterwards(notification: Notification) -> Message:
    place = place_with_session(notification)
    return asked_of_place(place, place.session.afterwards)


def asked_of_place(place: SessionPlace, afterwards: Afterwards) -> Message:
    session = place.session
    context: dict[str, object] = {
        "title": session.presentation.title,
        "day": format_day(session.starts_at),
        "reference": session.reference,
        "feedback_url": full(afterwards.get_absolute_url()),
        "certificate_url": full(reverse("certificate", args=[afterwards.code])),
        "closes": format_day(afterwards.closes_at),
        "own_url": full(reverse("session_mine", args=[session.reference])),
        "sessions_url": full(reverse("sessions")),
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


def given_of(notification: Notification) -> Booking | SessionPlace:
    what, _colon, key = notification.about.partition(":")
    if what == "booking":
        return booking_of(notification)
    return SessionPlace.objects.select_related("person", "session__presentation").get(pk=int(key))


def build_year_later(notification: Notification) -> Message:
    return year_later(given_of(notification))


def year_later(of: Booking | SessionPlace) -> Message:
    given = of if isinstance(of, Booking) else of.session
    start = given.starts_at
    presentation = given.presentation
    page = reverse("presentations") if not presentation.active else reverse("presentation", args=[presentation.slug])
    own = given is not of  # a place of their own, so nobody came to them
    day = format_day(start) if start else ""
    context: dict[str, object] = {"title": presentation.title, "day": day, "url": full(page), "own": own}
    if own:
        context["sessions_url"] = full(reverse("sessions"))
        return Message(_("A year ago: would you like to join us again?"), "year_later", context)
    return Message(_("A year ago: would you like us to come again?"), "year_later", context)


def is_still_wished(notification: Notification) -> bool:
    """Not if they have something booked or a place already, and not at an address that is no longer theirs."""
    of = given_of(notification)
    wished = YearLater.objects.filter(**{"booking" if isinstance(of, Booking) else "place": of}).exists()
    same = of.person.email.lower() == notification.recipient.lower()
    return wished and same and not has_something_ahead(of.person, timezone.now())


def has_something_ahead(person: Person, now: datetime) -> bool:
    return person.bookings.upcoming(now).exists() or person.session_places.lying_ahead(now).exists()


KINDS = (
    Kind(
        "booking-afterwards",
        gettext_lazy("After the presentation"),
        lambda notification: afterwards_of(booking_of(notification)),
        may_still_ask,
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

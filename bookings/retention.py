"""The rules for bookings, open sessions and leave; and what of them shows that somebody is still with us."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from bookings import after_privacy, session_privacy
from bookings.models import BOOKING_OVER_AT, Booking, Feedback, Leave, OpenSession, SessionPlace, State, Visit
from bookings.privacy import about_of, forget_details
from notifications.services.erasing import erase_bodies_about
from professionals.retention import Rule


def bookings_over(before: datetime) -> QuerySet[Booking]:
    """By the end of the presentation; of what never got a time, by the day it was asked for. Not requests that wait for us."""
    kept = Booking.objects.filter(anonymised_at=None).exclude(state=State.REQUESTED)
    return kept.alias(over_at=BOOKING_OVER_AT).filter(over_at__lt=before).order_by("over_at", "pk")


def forget_bookings(keys: Sequence[int], now: datetime) -> None:
    forget_details(keys)
    Booking.objects.filter(pk__in=keys).update(anonymised_at=now)
    Feedback.objects.filter(afterwards__booking__in=keys).exclude(comment="").update(comment="")
    after_privacy.erase(keys)
    erase_bodies_about(about_of(keys), now)


def sessions_over(before: datetime) -> QuerySet[OpenSession]:
    return OpenSession.objects.filter(anonymised_at=None, ends_at__lt=before).order_by("ends_at", "pk")


def forget_sessions(keys: Sequence[int], now: datetime) -> None:
    session_privacy.forget_details(list(SessionPlace.objects.filter(session__in=keys).values_list("pk", flat=True)), now)
    Feedback.objects.filter(afterwards__session__in=keys).exclude(comment="").update(comment="")
    OpenSession.objects.filter(pk__in=keys).update(anonymised_at=now, closed_reason="")


def leave_over(before: datetime) -> QuerySet[Leave]:
    return Leave.objects.filter(~Q(reason="") | ~Q(answer=""), ends_at__lt=before).order_by("ends_at", "pk")


def forget_leave(keys: Sequence[int], now: datetime) -> None:
    Leave.objects.filter(pk__in=keys).update(reason="", answer="")


def visits_over(before: datetime) -> QuerySet[Visit]:
    """Not those of which nobody has heard that all is well, however old they are."""
    return Visit.objects.filter(booking__visit_closed=True, booking__ends_at__lt=before).order_by("booking__ends_at", "pk")


def forget_visits(keys: Sequence[int], now: datetime) -> None:
    Visit.objects.filter(pk__in=keys).delete()


def booked(since: datetime) -> Exists:
    theirs = Booking.objects.filter(person=OuterRef("pk"))
    return Exists(theirs.filter(Q(created_at__gte=since) | Q(ends_at__gte=since)))


def took_part(since: datetime) -> Exists:
    theirs = SessionPlace.objects.filter(person=OuterRef("pk"))
    return Exists(theirs.filter(Q(created_at__gte=since) | Q(session__ends_at__gte=since)))


ACTIVITIES = (booked, took_part)
RULES = (
    Rule(
        name="bookings",
        what=_("Bookings of presentations"),
        since=_("the presentation"),
        goes=_(
            "Street, room, contact on site, needs, notes, reasons and what people said of it go. The day, the town and postcode, "
            "how many came and of which profession stay."
        ),
        keeps="bookings",
        due=bookings_over,
        take_out=forget_bookings,
    ),
    Rule(
        name="sessions",
        what=_("Places at open sessions"),
        since=_("the session"),
        goes=_(
            "What people needed, reasons, and what people said of it go. Who had a place stays for as long as that person does."
        ),
        keeps="bookings",
        due=sessions_over,
        take_out=forget_sessions,
    ),
    Rule(
        name="visits",
        what=_("When a presenter came to a workplace and left it"),
        since=_("the presentation"),
        goes=_("It goes. The history of the booking keeps that somebody checked in and out."),
        keeps="bookings",
        due=visits_over,
        take_out=forget_visits,
    ),
    Rule(
        name="leave",
        what=_("Notes about presenters’ leave"),
        since=_("the leave ended"),
        goes=_("The notes go; the days stay."),
        keeps="bookings",
        due=leave_over,
        take_out=forget_leave,
    ),
)

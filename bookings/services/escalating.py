"""Requests that wait too long for our answer: a manager is told, and told again while they wait."""

from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import DateTimeField, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce, Greatest

from bookings import rules
from bookings.models import Booking, BookingEvent, BookingQuerySet, DateOption, EventKind, Nation, OptionKind, OptionState
from bookings.working_days import after_working_days, before_working_days, is_working_day
from ctac.uk import uk_datetime, uk_day
from leaflets.models import Order, OrderState
from notifications.models import Notification
from notifications.services import notify

KIND = "manager-requests-waiting"
A_DAY = timedelta(days=1)
# What makes it our turn again: they asked for other times, or let those that we offered lapse. What we let lapse does not.
ASKED_AGAIN = BookingEvent.objects.filter(booking=OuterRef("pk"), kind=EventKind.OTHERS_ASKED)
LET_LAPSE = DateOption.objects.filter(booking=OuterRef("pk"), kind=OptionKind.PROPOSED, state=OptionState.EXPIRED)


def cutoff(now: datetime) -> datetime:
    """What waits since before then waits too long. The team is in England; a request of a weekend counts from Monday."""
    last = before_working_days(uk_day(now), rules.ESCALATED_AFTER_WORKING_DAYS, Nation.ENGLAND)
    return uk_datetime(last + A_DAY, time.min)


def too_long(bookings: BookingQuerySet, now: datetime) -> BookingQuerySet:
    """Of these the requests that wait for us, and have for too long."""
    before = cutoff(now)
    back = Exists(ASKED_AGAIN.filter(at__gte=before)), Exists(LET_LAPSE.filter(expires_at__gte=before))
    return bookings.to_decide().filter(~back[0], ~back[1], created_at__lt=before)


def since_when(bookings: BookingQuerySet) -> Any:
    """Each with `waits_since`, the longest first."""
    asked = Subquery(ASKED_AGAIN.order_by("-at").values("at")[:1])
    lapsed = Subquery(LET_LAPSE.order_by("-expires_at").values("expires_at")[:1], output_field=DateTimeField())
    last = Greatest("created_at", Coalesce(asked, "created_at"), Coalesce(lapsed, "created_at"))
    return bookings.annotate(waits_since=last).order_by("waits_since", "pk")


def orders_too_long(now: datetime) -> Any:
    return Order.objects.filter(state=OrderState.REQUESTED, created_at__lt=cutoff(now)).order_by("created_at", "pk")


def escalate(*, now: datetime) -> int:
    """Tell the manager of all that waits too long, when another one does or two working days after the last
    time. How many emails.

    At most one a day: run again, or by two at once, it is written once.
    """
    day = uk_day(now)
    begins = uk_datetime(day, rules.ESCALATED_AT)
    if not is_working_day(day, Nation.ENGLAND) or now < begins:
        return 0
    told = Notification.objects.filter(kind=KIND, resend_of=None).order_by("-created_at")
    last = told.values_list("created_at", flat=True).first()
    if last is not None and not is_due_again(last, now):
        return 0
    if not (too_long(Booking.objects.all(), now).exists() or orders_too_long(now).exists()):
        return 0
    notify(
        kind=KIND,
        about=f"requests-waiting:{day}",
        to=[settings.REQUEST_ESCALATION_EMAIL],
        now=now,
        expires_at=uk_datetime(day + A_DAY, time.min),
    )
    return 1


def is_due_again(last: datetime, now: datetime) -> bool:
    """The day is over on which the manager was told, and something waits too long since, or two working days are over."""
    if uk_day(last) == uk_day(now):
        return False
    if uk_day(now) >= after_working_days(uk_day(last), rules.ESCALATED_AGAIN_WORKING_DAYS, Nation.ENGLAND):
        return True
    known = cutoff(last)
    fresh = since_when(too_long(Booking.objects.all(), now)).filter(waits_since__gte=known)
    return fresh.exists() or orders_too_long(now).filter(created_at__gte=known).exists()

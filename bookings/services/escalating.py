"""Requests that wait too long for our answer: a manager is told, and told again while they wait."""

from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import DateTimeField, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce, Greatest

from bookings import rules
from bookings.models import Booking, BookingEvent, BookingQuerySet, DateOption, EventKind, OptionKind, OptionState
from ctac.answering import asked_too_long_ago
from ctac.uk import uk_datetime, uk_day
from ctac.working_days import OURS, after_working_days, is_working_day
from leaflets.models import Order
from notifications.models import Notification
from notifications.services.writing import notify

KIND = "manager-requests-waiting"
A_DAY = timedelta(days=1)
# What makes it our turn again: they asked for other times, or let those that we offered lapse. What we let lapse does not.
ASKED_AGAIN = BookingEvent.objects.filter(booking=OuterRef("pk"), kind=EventKind.OTHERS_ASKED)
LET_LAPSE = DateOption.objects.filter(booking=OuterRef("pk"), kind=OptionKind.PROPOSED, state=OptionState.EXPIRED)


def too_long(bookings: BookingQuerySet, now: datetime) -> BookingQuerySet:
    """Of these the requests that wait for us, and have for too long."""
    before = asked_too_long_ago(now)
    back = Exists(ASKED_AGAIN.filter(at__gte=before)), Exists(LET_LAPSE.filter(expires_at__gte=before))
    return bookings.to_decide().filter(~back[0], ~back[1], created_at__lt=before)


def since_when(bookings: BookingQuerySet) -> Any:
    """Each with `waits_since`, the longest first."""
    asked = Subquery(ASKED_AGAIN.order_by("-at").values("at")[:1])
    lapsed = Subquery(LET_LAPSE.order_by("-expires_at").values("expires_at")[:1], output_field=DateTimeField())
    last = Greatest("created_at", Coalesce(asked, "created_at"), Coalesce(lapsed, "created_at"))
    return bookings.annotate(waits_since=last).order_by("waits_since", "pk")


def anything_waits(now: datetime) -> bool:
    """At most two statements."""
    return too_long(Booking.objects.all(), now).exists() or Order.objects.asked_too_long_ago(now).exists()


def escalate(*, now: datetime) -> int:
    """Tell the manager of all that waits too long, when another one does or two working days after the last
    time. How many emails.

    At most one a day: run again, or by two at once, it is written once.
    """
    day = uk_day(now)
    begins = uk_datetime(day, rules.ESCALATED_AT)
    if not is_working_day(day, OURS) or now < begins:
        return 0
    told = Notification.objects.filter(kind=KIND, resend_of=None).order_by("-created_at")
    last = told.values_list("created_at", flat=True).first()
    if last is not None and not is_due_again(last, now):
        return 0
    if not anything_waits(now):
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
    if uk_day(now) >= after_working_days(uk_day(last), rules.ESCALATED_AGAIN_WORKING_DAYS, OURS):
        return True
    known = asked_too_long_ago(last)
    fresh = since_when(too_long(Booking.objects.all(), now)).filter(waits_since__gte=known)
    return fresh.exists() or Order.objects.asked_too_long_ago(now).filter(created_at__gte=known).exists()

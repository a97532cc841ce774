"""What we have promised about bookings and open sessions, and what staff may set that would break it."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import ngettext_lazy

from bookings.models import Booking, BookingState, DateOption, OpenSession, PlaceState, SessionPlace
from bookings.models.booking import REMINDER_TIME
from bookings.models.feedback import TAKES_PLACE_STATES, FollowUp
from core.dates import TEAM_NATION, add_working_days, uk_datetime, uk_day
from office.site_settings.models import SiteSettings
from office.site_settings.services import DECREASE, INCREASE, CountedPromise

BOOKING_LIST_URL_NAME, SESSION_LIST_URL_NAME = "staff:bookings_booking_changelist", "staff:bookings_opensession_changelist"


def end_of_day(day: date, *, later: int = 0) -> datetime:
    """The end of that UK day, or of the one so many days later."""
    return uk_datetime(day + timedelta(days=later + 1), time.min)


def first_reminder_pending(old: SiteSettings, now: datetime) -> Q:
    """The condition for starting so late that the first reminder has not gone yet."""
    has_gone_today = now >= uk_datetime(uk_day(now), REMINDER_TIME)
    return Q(starts_at__gte=end_of_day(uk_day(now), later=old.first_reminder_days - (not has_gone_today)))


def feedback_open(old: SiteSettings, new: SiteSettings, now: datetime) -> QuerySet[FollowUp]:
    since = now - timedelta(weeks=old.feedback_weeks)
    conditions: dict[str, Any] = {"ends_at__gt": since, "ends_at__lte": now, "state__in": TAKES_PLACE_STATES}
    booking, session = (Q(**{f"{row}__{name}": value for name, value in conditions.items()}) for row in ("booking", "session"))
    return FollowUp.objects.filter(booking | session)


PROMISES = (
    CountedPromise(
        "notice_working_days",
        INCREASE,
        lambda old, new, now: Booking.objects.upcoming(now).filter(
            starts_at__lt=uk_datetime(add_working_days(uk_day(now), new.notice_working_days, TEAM_NATION), time.min)
        ),
        ngettext_lazy(
            "%(n)s booking is sooner than this. It stays as it is.",
            "%(n)s bookings are sooner than this. They stay as they are.",
            "count",
        ),
        BOOKING_LIST_URL_NAME,
    ),
    CountedPromise(
        "horizon_days",
        DECREASE,
        lambda old, new, now: Booking.objects.upcoming(now).filter(
            starts_at__gte=end_of_day(uk_day(now), later=new.horizon_days)
        ),
        ngettext_lazy(
            "%(n)s booking is further ahead than this. It stays as it is.",
            "%(n)s bookings are further ahead than this. They stay as they are.",
            "count",
        ),
        BOOKING_LIST_URL_NAME,
    ),
    CountedPromise(
        "request_horizon_days",
        DECREASE,
        lambda old, new, now: Booking.objects.filter(
            state=BookingState.REQUESTED,
            pk__in=DateOption.objects.open()
            .filter(starts_at__gte=end_of_day(uk_day(now), later=new.request_horizon_days))
            .values("booking"),
        ),
        ngettext_lazy(
            "%(n)s request is for a day further ahead than this. It stays as it is.",
            "%(n)s requests are for a day further ahead than this. They stay as they are.",
            "count",
        ),
        BOOKING_LIST_URL_NAME,
        f"state__exact={BookingState.REQUESTED}",
    ),
    CountedPromise(
        "change_deadline_working_days",
        INCREASE,
        lambda old, new, now: Booking.objects.upcoming(now).filter(
            starts_at__gte=end_of_day(
                add_working_days(uk_day(now) - timedelta(days=1), old.change_deadline_working_days, TEAM_NATION)
            )
        ),
        ngettext_lazy(
            "For %(n)s booking, we have told people a later last day for changes.",
            "For %(n)s bookings, we have told people a later last day for changes.",
            "count",
        ),
        BOOKING_LIST_URL_NAME,
    ),
    CountedPromise(
        "answer_working_days",
        INCREASE,
        lambda old, new, now: Booking.objects.to_decide(),
        ngettext_lazy(
            "We have promised an answer sooner to %(n)s person who asked for a presentation.",
            "We have promised an answer sooner to %(n)s people who asked for a presentation.",
            "count",
        ),
        BOOKING_LIST_URL_NAME,
        "waits=us",
    ),
    CountedPromise(
        "max_audience_size",
        DECREASE,
        lambda old, new, now: Booking.objects.upcoming(now).filter(audience_size__gt=new.max_audience_size),
        ngettext_lazy(
            "%(n)s booking is for more people. It stays as it is.",
            "%(n)s bookings are for more people. They stay as they are.",
            "count",
        ),
        BOOKING_LIST_URL_NAME,
    ),
    CountedPromise(
        "max_session_capacity",
        DECREASE,
        lambda old, new, now: OpenSession.objects.upcoming(now).filter(capacity__gt=new.max_session_capacity),
        ngettext_lazy(
            "%(n)s open session has more places. It keeps them.",
            "%(n)s open sessions have more places. They keep them.",
            "count",
        ),
        SESSION_LIST_URL_NAME,
    ),
    CountedPromise(
        "offer_working_days",
        DECREASE,
        lambda old, new, now: SessionPlace.objects.filter(
            state=PlaceState.WAITING, session__in=OpenSession.objects.upcoming(now)
        ),
        ngettext_lazy(
            "We have told %(n)s person on a waiting list that an offer lasts longer.",
            "We have told %(n)s people on a waiting list that an offer lasts longer.",
            "count",
        ),
        SESSION_LIST_URL_NAME,
        "places=line",
    ),
    CountedPromise(
        "first_reminder_days",
        INCREASE + DECREASE,
        lambda old, new, now: Booking.objects.filter(first_reminder_pending(old, now), state=BookingState.CONFIRMED),
        ngettext_lazy(
            "For %(n)s booking, we have told people another day for the first reminder. If the new day has passed, none comes.",
            "For %(n)s bookings, we have told people another day for the first reminder. If the new day has passed, none comes.",
            "count",
        ),
        BOOKING_LIST_URL_NAME,
        f"state__exact={BookingState.CONFIRMED}",
    ),
    CountedPromise(
        "first_reminder_days",
        INCREASE + DECREASE,
        lambda old, new, now: SessionPlace.objects.filter(
            state=PlaceState.TAKEN, session__in=OpenSession.objects.upcoming(now).filter(first_reminder_pending(old, now))
        ),
        ngettext_lazy(
            "We have told %(n)s person with a place at an open session another day for the first reminder.",
            "We have told %(n)s people with a place at an open session another day for the first reminder.",
            "count",
        ),
        SESSION_LIST_URL_NAME,
    ),
    CountedPromise(
        "feedback_weeks",
        DECREASE,
        feedback_open,
        ngettext_lazy(
            "After %(n)s presentation, we have told people a later last day for feedback.",
            "After %(n)s presentations, we have told people a later last day for feedback.",
            "count",
        ),
        "staff:bookings_followup_changelist",
    ),
)

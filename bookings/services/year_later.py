"""A reminder a year later, for a professional who wishes it: one email, with a link to book again."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings.models import Booking, SessionPlace, YearLater
from ctac.errors import DomainError
from notifications.services.writing import About, notify_about

AT_A_TIME = 200


class NothingToRemindOf(DomainError):
    message = _("This presentation did not take place, so there is nothing to remind you of.")


@transaction.atomic
def wish_year_later(*, of: Booking | SessionPlace, now: datetime) -> YearLater:
    """Wished again, nothing changes. Raises NothingToRemindOf."""
    end = end_of(of)
    if end is None:
        raise NothingToRemindOf
    due_at = YearLater.due_after(end)
    wish, _made = YearLater.objects.get_or_create(**column(of), defaults={"wished_at": now, "due_at": due_at})
    return wish


@transaction.atomic
def withdraw_year_later(*, of: Booking | SessionPlace) -> None:
    """Withdrawn again, nothing changes. What was sent stays known, so that nobody gets a second one."""
    YearLater.objects.filter(**column(of), told_at=None).delete()


def column(of: Booking | SessionPlace) -> dict[str, object]:
    return {"booking" if isinstance(of, Booking) else "place": of}


def end_of(of: Booking | SessionPlace) -> datetime | None:
    """Of what took place or will."""
    if isinstance(of, SessionPlace):
        return of.session.ends_at if of.has_a_place else None
    return of.agreed[1] if of.has_time and of.state in ("confirmed", "delivered") else None


@transaction.atomic
def tell_year_later(*, now: datetime) -> int:
    """Those whose year is over, some at a time. Four statements, however many."""
    wishes = list(
        YearLater.objects.due(now)
        .select_related("booking__person", "place__person", "place__session")
        .select_for_update(of=("self",), skip_locked=True, no_key=True)[:AT_A_TIME]
    )
    notify_about([about(wish) for wish in wishes], kind="year-later", now=now)
    YearLater.objects.filter(pk__in=[wish.pk for wish in wishes]).update(told_at=now)
    return len(wishes)


def about(wish: YearLater) -> About:
    if wish.booking is not None:
        return About(f"booking:{wish.booking_id}", wish.booking.person.email, wish.booking.reference)
    assert wish.place is not None  # noqa: S101 - the database keeps it
    return About(f"place:{wish.place_id}", wish.place.person.email, wish.place.session.reference)

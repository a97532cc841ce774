"""A visit to a workplace, from check-in to check-out, and which visits nobody has spoken for (product.md, rule 10).

Who pressed, and when staff heard, are events of the booking; this row is what stands now.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from bookings import rules
from bookings.models.booking import VISIT_IS_OPEN, Booking, State
from bookings.models.presenter import Format, Presenter
from ctac.models import personal

if TYPE_CHECKING:
    from bookings.models.booking import BookingQuerySet

CHECK_IN, CHECK_OUT = "check-in", "check-out"


class Visit(models.Model):
    """What is known of one visit; made by the first check-in, check-out or word of a colleague.

    `presenter` is who went, also when the booking has another by now. Moments that lie before CHECK_IN_OPENS belong to an
    earlier time of the booking, which was moved since, and count no more. `safe_at`: staff last heard that all is well.
    `sought_at`: leave took the presenter off the booking after its start, while nobody knew whether they are safe.
    """

    booking = models.OneToOneField(Booking, verbose_name=_("booking"), on_delete=models.CASCADE, related_name="visit")
    presenter = models.ForeignKey(
        Presenter, verbose_name=_("presenter"), null=True, on_delete=models.PROTECT, related_name="visits"
    )
    personal(presenter)
    checked_in_at = personal(models.DateTimeField(_("checked in"), null=True, blank=True))
    checked_out_at = personal(models.DateTimeField(_("checked out"), null=True, blank=True))
    safe_at = personal(models.DateTimeField(_("said to be safe"), null=True, blank=True))
    sought_at = personal(models.DateTimeField(_("sought since"), null=True, blank=True))

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        constraints = [
            models.CheckConstraint(
                condition=Q(checked_in_at__isnull=True)
                | Q(checked_out_at__isnull=True)
                | Q(checked_out_at__gte=F("checked_in_at")),
                name="visit_out_after_in",
            ),
            models.CheckConstraint(
                condition=(Q(checked_in_at__isnull=True) & Q(checked_out_at__isnull=True)) | Q(presenter__isnull=False),
                name="visit_says_who_went",
            ),
        ]

    def __str__(self) -> str:
        return self.booking.reference

    def belongs(self, moment: datetime | None) -> bool:
        """Whether that moment is of the booking's present time."""
        return moment is not None and moment >= self.booking.agreed[0] - rules.CHECK_IN_OPENS_BEFORE

    @property
    def is_in(self) -> bool:
        """Somebody is there."""
        return self.belongs(self.checked_in_at) and not self.is_out

    @property
    def is_handed_over(self) -> bool:
        """Somebody is there, and the booking is another's by now or nobody’s: the next can’t check in before they check out."""
        return self.is_in and self.presenter_id != self.booking.presenter_id

    @property
    def is_out(self) -> bool:
        return self.belongs(self.checked_out_at)

    @property
    def is_sought(self) -> bool:
        """They are on leave by now, and nobody has heard from them since it was entered."""
        if self.sought_at is None or self.sought_at < self.booking.agreed[0] or self.is_out:
            return False
        return self.safe_at is None or self.safe_at < self.sought_at

    @property
    def is_awaited(self) -> bool:
        """Word of whoever went is waited for, whoever has the booking by now."""
        return self.is_in or self.is_sought

    @property
    def is_done(self) -> bool:
        """They have left, and nobody took over from them who is still to come."""
        if not self.is_out or self.checked_out_at is None:
            return False
        booking = self.booking
        return booking.presenter_id in (None, self.presenter_id) or self.checked_out_at >= booking.agreed[1]

    @property
    def is_over(self) -> bool:
        """Nobody is waited for: they have left, a colleague has heard since the end that all is well, or nobody goes any more."""
        if self.booking.presenter_id is None:
            return not self.is_awaited
        return self.is_done or (self.safe_at is not None and self.safe_at >= self.booking.agreed[1])


OPENED = F("starts_at") - rules.CHECK_IN_OPENS_BEFORE
IS_OUT = Q(visit__checked_out_at__gte=OPENED)
IS_IN = Q(visit__checked_in_at__gte=OPENED) & ~IS_OUT
IS_SOUGHT = Q(visit__sought_at__gte=F("starts_at")) & ~IS_OUT & ~Q(visit__safe_at__gte=F("visit__sought_at"))
IS_DONE = IS_OUT & (Q(visit__presenter=F("presenter")) | Q(visit__checked_out_at__gte=F("ends_at")))


# Somebody is expected there, or was and has not been heard of. The condition of the index booking_visit_open stands first, so
# that closed visits cost nothing.
IS_WAITED_FOR = (
    VISIT_IS_OPEN & (Q(state__in=[State.CONFIRMED, State.DELIVERED], presenter__isnull=False) | IS_IN | IS_SOUGHT) & ~IS_DONE
)


def on_the_way_or_there(bookings: "BookingQuerySet", now: datetime) -> "BookingQuerySet":
    """Visits to which somebody may have set off, and of which nobody has said that they are over."""
    return bookings.filter(IS_WAITED_FOR, starts_at__lte=now + rules.CHECK_IN_OPENS_BEFORE).order_by("starts_at", "pk")


def overdue(bookings: "BookingQuerySet", now: datetime) -> "BookingQuerySet":
    """Those whose presenter has not checked in or out in time and of whom nobody has said that all is well since.

    Computed from the clock, not from what was mailed: it is true while no worker runs, and for as long as it takes. Somebody
    who is there is waited for though the booking was cancelled or marked as delivered meanwhile; whom leave took off a visit
    that had begun is overdue at once. Overdue reads what each has missed.
    """
    no_check_out = Q(ends_at__lte=now - rules.CHECK_OUT_GRACE) & ~Q(visit__safe_at__gte=F("ends_at"))
    late_for_it = Q(starts_at__lte=now - rules.CHECK_IN_GRACE) & ~Q(visit__safe_at__gte=F("starts_at"))
    no_check_in = Q(ends_at__gt=now - rules.CHECK_OUT_GRACE) & ~IS_IN & (late_for_it | IS_SOUGHT)
    return (
        bookings.filter(IS_WAITED_FOR, no_check_out | no_check_in, starts_at__lte=now)
        .annotate(
            missed=Case(When(no_check_out, then=Value(CHECK_OUT)), default=Value(CHECK_IN)),
            missed_at=Case(When(no_check_out, then=F("ends_at")), default=F("starts_at")),
        )
        .order_by("missed_at", "pk")
    )


@dataclass(frozen=True)
class Overdue:
    """A booking out of overdue(): what its presenter missed, CHECK_IN or CHECK_OUT, and when it was expected."""

    booking: Booking
    missed: str
    missed_at: datetime

    @classmethod
    def of(cls, booking: Any) -> "Overdue":
        return cls(booking, booking.missed, booking.missed_at)

    @classmethod
    def find(cls, booking: Booking, now: datetime) -> "Overdue | None":
        """As the database has it now; None if all is well, and no statement where nobody can be overdue."""
        if booking.format != Format.WORKPLACE or booking.starts_at is None or booking.starts_at > now:
            return None
        found = overdue(Booking.objects.filter(pk=booking.pk), now).first()
        return cls.of(found) if found else None


def may_check_in(booking: Booking, now: datetime) -> bool:
    """Whether the button is of use; the service decides."""
    if booking.format != Format.WORKPLACE or booking.state != State.CONFIRMED or booking.presenter_id is None:
        return False
    starts_at, ends_at = booking.agreed
    visit: Visit | None = getattr(booking, "visit", None)
    begun = visit is not None and (visit.is_in or visit.is_done)
    return starts_at - rules.CHECK_IN_OPENS_BEFORE <= now < ends_at and not begun


def may_check_out(booking: Booking, now: datetime) -> bool:
    """From the check-in on, or without one from the start on; until the visit is closed."""
    visit: Visit | None = getattr(booking, "visit", None)
    if booking.format != Format.WORKPLACE or booking.starts_at is None or (visit is not None and visit.is_done):
        return False
    awaited = visit is not None and visit.is_awaited
    if booking.visit_closed and not awaited:
        return False
    took_place = booking.state in (State.CONFIRMED, State.DELIVERED) and booking.presenter_id is not None
    return awaited or (took_place and now >= booking.starts_at)

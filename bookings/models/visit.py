"""A visit to a workplace, from check-in to check-out (product.md, rule 10).

Who pressed, and when staff heard, are events of the booking; this row is what stands now. BookingQuerySet.overdue() reads it.
"""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings import rules
from bookings.models.booking import Booking, State
from bookings.models.presenter import Format, Presenter
from ctac.models import personal


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
        """Somebody is there, and the booking has another presenter by now, or none, who can’t check in before they check out."""
        return self.is_in and self.presenter_id != self.booking.presenter_id

    @property
    def is_out(self) -> bool:
        return self.belongs(self.checked_out_at)

    @property
    def is_sought(self) -> bool:
        """On leave by now, and not heard from since it was entered."""
        if self.sought_at is None or self.sought_at < self.booking.agreed[0] or self.is_out:
            return False
        return self.safe_at is None or self.safe_at < self.sought_at

    @property
    def is_awaited(self) -> bool:
        """Word of whoever went is waited for, whoever has the booking by now."""
        return self.is_in or self.is_sought

    @property
    def is_done(self) -> bool:
        """They have left, and nobody who took over is still to come."""
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

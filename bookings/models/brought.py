"""Leaflets that the presenter brings: which order came of it, and what was not there."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import Booking
from leaflets.models import Order, OrderState, ToBring


class Brought(models.Model):
    """What somebody asked for while booking.

    `order` is None if not one copy was there. `missing` says what was not: for each title its slug, its title and copies.
    """

    booking = models.OneToOneField(Booking, verbose_name=_("booking"), on_delete=models.CASCADE, related_name="brought")
    order = models.OneToOneField(Order, verbose_name=_("order"), null=True, on_delete=models.PROTECT, related_name="+")
    missing = models.JSONField(_("what was not there"), default=list)

    class Meta:
        verbose_name = _("leaflets brought to a visit")
        verbose_name_plural = _("leaflets brought to visits")

    def __str__(self) -> str:
        return self.booking.reference

    @property
    def live_order(self) -> Order | None:
        """None once it is cancelled."""
        return self.order if self.order is not None and self.order.state != OrderState.CANCELLED else None

    @property
    def not_there(self) -> list[ToBring]:
        return [ToBring(**each) for each in self.missing]

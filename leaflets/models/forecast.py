"""What the forecast of stock rests on, and which titles staff have been told are low (ADR 46)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leaflets.models.leaflet import Edition, Leaflet


class DispatchCount(models.Model):
    """Copies of one edition that left on one UK day: the ledger's own sum, so that no page adds up a million movements."""

    edition = models.ForeignKey(Edition, verbose_name=_("edition"), on_delete=models.CASCADE, related_name="dispatch_counts")
    day = models.DateField(_("day"))
    copies = models.PositiveIntegerField(_("copies"))

    class Meta:
        ordering = ["-day", "edition"]
        verbose_name = _("copies that left on a day")
        verbose_name_plural = _("copies that left on days")
        constraints = [
            models.UniqueConstraint(fields=["edition", "day"], name="dispatch_count_once_a_day"),
            models.CheckConstraint(condition=Q(copies__gte=1), name="dispatch_count_of_something"),
        ]

    def __str__(self) -> str:
        return f"{self.copies}"


class LowStock(models.Model):
    """Staff were told that a title is low. The row goes when stock comes in, so the next fall is told of again."""

    leaflet = models.OneToOneField(Leaflet, verbose_name=_("leaflet"), on_delete=models.CASCADE, related_name="low_stock")
    told_at = models.DateTimeField(_("told"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("title that is low in stock")
        verbose_name_plural = _("titles that are low in stock")

    def __str__(self) -> str:
        return f"{self.leaflet_id}"

"""Stock-takes: what was counted of each edition, and what the ledger said at that moment (ADR 46)."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Q
from django.utils import dateformat
from django.utils.translation import gettext_lazy as _

from ctac.uk import uk_day
from leaflets.models.leaflet import Edition
from leaflets.models.stock import StockMovement


class StockTakeState(models.TextChoices):
    OPEN = "open", _("Being counted")
    CONFIRMED = "confirmed", _("Confirmed")
    ABANDONED = "abandoned", _("Given up")


class StockTakeQuerySet(models.QuerySet["StockTake"]):
    def open(self) -> Self:
        return self.filter(state=StockTakeState.OPEN)

    def with_progress(self) -> Self:
        """Read it as `titles` and `titles_counted`."""
        return self.annotate(titles=Count("counts"), titles_counted=Count("counts__counted"))


class StockTake(models.Model):
    """Some editions to be counted. Nothing changes before it is confirmed; then all of it does."""

    state = models.CharField(_("state"), max_length=9, choices=StockTakeState, default=StockTakeState.OPEN)
    started_at = models.DateTimeField(_("started"))
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("started by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("ended by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects: ClassVar = StockTakeQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-pk"]
        verbose_name = _("stock-take")
        verbose_name_plural = _("stock-takes")
        constraints = [
            models.CheckConstraint(
                name="stock_take_ended_says_when",
                condition=Q(state="open", ended_at__isnull=True) | ~Q(state="open") & Q(ended_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Stock-take of %(day)s") % {"day": dateformat.format(uk_day(self.started_at), "j F Y")})


class TitleCount(models.Model):
    """One edition of a stock-take. With the figure stands what the ledger said when it was counted, and how far the ledger was.

    `position` is the key of the edition's last movement of copies then, 0 if there was none: what comes in or leaves later has
    a higher key, so a count that is confirmed later is still compared with the figure of its own moment.
    """

    stock_take = models.ForeignKey(StockTake, verbose_name=_("stock-take"), on_delete=models.PROTECT, related_name="counts")
    edition = models.ForeignKey(Edition, verbose_name=_("edition"), on_delete=models.PROTECT, related_name="counts")
    counted = models.PositiveIntegerField(_("counted"), null=True)
    expected = models.PositiveIntegerField(_("expected"), null=True)
    position = models.BigIntegerField(_("last movement before it"), null=True)
    counted_at = models.DateTimeField(_("counted at"), null=True)
    counted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("counted by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    correction = models.OneToOneField(
        StockMovement, verbose_name=_("correction"), null=True, on_delete=models.PROTECT, related_name="count_of"
    )

    class Meta:
        ordering = ["edition__leaflet__position", "-edition__published_on", "pk"]
        verbose_name = _("count of a title")
        verbose_name_plural = _("counts of titles")
        constraints = [
            models.UniqueConstraint(fields=["stock_take", "edition"], name="title_count_once_a_stock_take"),
            models.CheckConstraint(
                name="title_count_with_its_moment",
                condition=Q(counted__isnull=True, expected__isnull=True, position__isnull=True, counted_at__isnull=True)
                | Q(counted__isnull=False, expected__isnull=False, position__isnull=False, counted_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.edition)

    @property
    def difference(self) -> int:
        """Copies more than the ledger said, or fewer."""
        return (self.counted or 0) - (self.expected or 0)

"""How often a leaflet is downloaded: a figure a day, nothing about anybody."""

from datetime import date, timedelta

from django.db import models
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from leaflets.models.leaflet import Edition

RECENTLY = timedelta(days=30)


class DownloadCountQuerySet(models.QuerySet["DownloadCount"]):
    def total_and_recent(self, today: date) -> tuple[int, int]:
        """In all, and in the 30 days to today. One statement."""
        found = self.aggregate(total=Sum("downloads"), recent=Sum("downloads", filter=Q(day__gt=today - RECENTLY)))
        return found["total"] or 0, found["recent"] or 0


class DownloadCount(models.Model):
    """Downloads of one edition on one UK day."""

    edition = models.ForeignKey(Edition, verbose_name=_("edition"), on_delete=models.CASCADE, related_name="download_counts")
    day = models.DateField(_("day"))
    downloads = models.PositiveIntegerField(_("downloads"))

    objects = DownloadCountQuerySet.as_manager()

    class Meta:
        ordering = ["-day", "edition"]
        verbose_name = _("downloads of a day")
        verbose_name_plural = _("downloads of days")
        constraints = [models.UniqueConstraint(fields=["edition", "day"], name="downloads_of_an_edition_once_a_day")]

    def __str__(self) -> str:
        return f"{self.downloads}"

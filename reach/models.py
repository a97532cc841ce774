"""What was reached, counted by month, area and profession. Nobody is in it."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ctac.models import impersonal
from professionals.models import Profession


class Kind(models.TextChoices):
    """What can be counted. Only ATTENDED is reach: a leaflet that was sent need not have been read."""

    ATTENDED = "attended", _("People who attended")
    PRESENTATIONS = "presentations", _("Presentations")
    PLACES = "places", _("Places taken at open sessions")
    LEAFLETS = "leaflets", _("Leaflets sent")
    SIGNED_UP = "signed-up", _("Professionals signed up")


class ReachCountQuerySet(models.QuerySet["ReachCount"]):
    def between(self, first: object, last: object) -> Self:
        """Of the months from `first` to `last`, both by their first days and both included."""
        return self.filter(month__gte=first, month__lte=last)


class ReachCount(models.Model):
    """So many of a kind in one UK month (`month` is its first day), in one area, of one profession.

    `authority`: the code of a district; empty online for everybody, on an island and where we don't know. `profession`: empty
    where nobody said. Written by `reach.services.count_reach` from the rows, which `manage.py count_reach --check` proves equal.
    """

    kind = models.CharField(_("what"), max_length=15, choices=Kind)
    month = models.DateField(_("month"))
    nation = impersonal(models.CharField(_("nation"), max_length=20, blank=True))
    authority = impersonal(models.CharField(_("local authority"), max_length=9, blank=True))
    profession = models.CharField(_("profession"), max_length=30, choices=Profession, blank=True)
    count = models.PositiveBigIntegerField(_("how many"))

    objects = ReachCountQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "month", "pk"]
        verbose_name = _("count")
        verbose_name_plural = _("counts")
        default_permissions = ()
        permissions = [("view_reach", _("Can see where we have been and where nobody has"))]
        constraints = [
            models.UniqueConstraint(fields=["kind", "month", "nation", "authority", "profession"], name="reach_count_once"),
            models.CheckConstraint(condition=Q(count__gte=1), name="reach_count_of_something"),
            models.CheckConstraint(condition=Q(month__day=1), name="reach_count_by_first_of_month"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.month:%Y-%m}"


class ReachRun(models.Model):
    """When the counts were last made: one row. The pages say so."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    counted_at = models.DateTimeField(_("counted"))

    class Meta:
        verbose_name = _("count of everything")
        verbose_name_plural = _("counts of everything")
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(id=1), name="reach_run_is_one")]

    def __str__(self) -> str:
        return f"{self.counted_at:%Y-%m-%d %H:%M}"

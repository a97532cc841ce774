"""What was stopped: a form that a robot seems to have filled in, or one try too many. Counted by the hour."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ctac.uk import uk_day
from professionals.models.limit import By, Where, Why

KEPT_FOR = timedelta(days=30)
LET_THROUGH_WITHIN = timedelta(days=7)  # who has not tried again for a week needs no help any more


class StoppedQuerySet(models.QuerySet["Stopped"]):
    def unseen(self) -> Self:
        return self.filter(seen_at=None)

    def over(self, now: datetime) -> Self:
        """Those that are kept no longer."""
        return self.filter(hour__lte=now - KEPT_FOR)


class Stopped(models.Model):
    """So many tries at one form, in one hour, by one reason and one key; a row, however many they were.

    `key` is the hash that limits are counted by, so that this very limit can be lifted; empty where nobody is counted. `person`
    and `organisation` are those of whoever was stopped first. `about`: a leaflet's slug, or the outward half of a postcode.
    """

    hour = models.DateTimeField(_("hour"))
    where = models.CharField(_("form"), max_length=10, choices=Where)
    why = models.CharField(_("why"), max_length=10, choices=Why)
    by = models.CharField(_("counted by"), max_length=12, choices=By, blank=True, default="")
    key = models.CharField(_("key"), max_length=64, blank=True, default="")
    about = models.CharField(_("about"), max_length=100, blank=True, default="")
    person = models.ForeignKey(
        "professionals.Person", verbose_name=_("person"), null=True, blank=True, on_delete=models.CASCADE, related_name="stopped"
    )
    organisation = models.ForeignKey(
        "professionals.Organisation",
        verbose_name=_("organisation"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="stopped",
    )
    times = models.PositiveIntegerField(_("times"))
    last_at = models.DateTimeField(_("last"))
    seen_at = models.DateTimeField(_("seen"), null=True, blank=True)
    let_through_at = models.DateTimeField(_("let through"), null=True, blank=True)
    by_staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = StoppedQuerySet.as_manager()

    class Meta:
        ordering = ["-last_at", "-pk"]
        verbose_name = _("what was stopped")
        verbose_name_plural = _("what was stopped")
        constraints = [models.UniqueConstraint(fields=["hour", "where", "why", "by", "key"], name="stopped_once_an_hour_and_key")]
        indexes = [
            models.Index(fields=["-last_at", "-id"], name="stopped_newest"),
            models.Index(fields=["where", "-last_at", "-id"], name="stopped_where"),
            models.Index(fields=["why", "-last_at", "-id"], name="stopped_why"),
            models.Index(fields=["by", "-last_at", "-id"], name="stopped_by"),
            models.Index(fields=["id"], name="stopped_unseen", condition=Q(seen_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.get_where_display()}: {self.get_why_display()}"

    def may_be_let_through(self, now: datetime) -> bool:
        if self.let_through_at and uk_day(self.let_through_at) == uk_day(now):
            return False
        return self.why == Why.THROTTLE and bool(self.key) and self.last_at > now - LET_THROUGH_WITHIN

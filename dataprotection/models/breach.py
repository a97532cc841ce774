"""A breach of personal data, and what has happened since (UK GDPR articles 33 and 34; ADR 78). It names nobody."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ctac.references import MAX_LENGTH

TELL_WITHIN = timedelta(hours=72)  # article 33(1), from the moment we became aware; hours are hours, at a weekend too


class Decision(models.TextChoices):
    OPEN = "", _("Not decided")
    TOLD = "told", _("Told")
    NEED_NOT = "need-not", _("Need not be told")


class BreachQuerySet(models.QuerySet["Breach"]):
    def to_decide(self) -> Self:
        """Nobody has said yet that the Commissioner was told, or need not be."""
        return self.filter(commissioner=Decision.OPEN)

    def overdue(self, now: datetime) -> Self:
        return self.to_decide().filter(aware_at__lt=now - TELL_WITHIN)

    def people_to_decide(self) -> Self:
        return self.filter(people=Decision.OPEN)


class Breach(models.Model):
    """What was known when it was entered. The database lets only what is decided later be changed, and none be deleted.

    Written only by services; what is learnt later, a correction too, is an event.

    `commissioner` and `people`: whether the Information Commissioner, and those whose data it is, were told or need not be.
    """

    reference = models.CharField(_("reference"), max_length=MAX_LENGTH, unique=True, editable=False)
    what = models.TextField(_("what happened"))
    happened = models.CharField(_("when it happened"), max_length=200)
    aware_at = models.DateTimeField(_("when we became aware"))
    concerns = models.TextField(_("whom and what it concerns"))
    effects = models.TextField(_("what may come of it"))
    measures = models.TextField(_("what was done"))
    commissioner = models.CharField(
        _("Information Commissioner"), max_length=10, choices=Decision, blank=True, default=Decision.OPEN
    )
    commissioner_told_at = models.DateTimeField(_("Information Commissioner told"), null=True, blank=True)
    commissioner_reference = models.CharField(_("their reference"), max_length=60, blank=True, default="")
    people = models.CharField(_("people concerned"), max_length=10, choices=Decision, blank=True, default=Decision.OPEN)
    created_at = models.DateTimeField(_("entered"))

    objects = BreachQuerySet.as_manager()

    class Meta:
        ordering = ["-aware_at", "-pk"]
        verbose_name = _("breach")
        verbose_name_plural = _("breaches of data")
        constraints = [
            models.CheckConstraint(
                condition=Q(commissioner="told", commissioner_told_at__isnull=False)
                | (~Q(commissioner="told") & Q(commissioner_told_at=None)),
                name="breach_told_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["commissioner", "aware_at", "id"], name="breach_due"),
            models.Index(fields=["people", "-aware_at", "-id"], name="breach_people"),
            models.Index(fields=["-aware_at", "-id"], name="breach_newest"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def due_at(self) -> datetime:
        """When the 72 hours are over."""
        return self.aware_at + TELL_WITHIN

    @property
    def waits_for_commissioner(self) -> bool:
        return self.commissioner == Decision.OPEN

    @property
    def may_tell_commissioner(self) -> bool:
        """Also after it was thought that they need not be told."""
        return self.commissioner != Decision.TOLD

    @property
    def may_tell_people(self) -> bool:
        return self.people != Decision.TOLD

    @property
    def waits_for_people(self) -> bool:
        return self.people == Decision.OPEN


class BreachEventKind(models.TextChoices):
    ENTERED = "entered", _("Entered")
    LEARNT = "learnt", _("Learnt since, or put right")
    COMMISSIONER_TOLD = "commissioner", _("Information Commissioner told")
    COMMISSIONER_NEED_NOT = "no-commissioner", _("Information Commissioner need not be told")
    PEOPLE_TOLD = "people", _("People told")
    PEOPLE_NEED_NOT = "no-people", _("People need not be told")


class BreachEvent(models.Model):
    """One step, append-only: the database lets only who it was be blanked.

    `at`: when it happened; `written_at`: when it was written here.
    """

    breach = models.ForeignKey(Breach, verbose_name=_("breach"), on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(_("what"), max_length=16, choices=BreachEventKind)
    text = models.TextField(_("words"), blank=True, default="")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(_("when"))
    written_at = models.DateTimeField(_("written"))

    class Meta:
        ordering = ["written_at", "pk"]
        verbose_name = _("event of a breach")
        verbose_name_plural = _("events of breaches")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.written_at:%Y-%m-%d %H:%M} UTC"

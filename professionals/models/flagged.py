"""What was kept though it looked like a child's details: that it is there, who read it, what was decided. Never the words."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from professionals.models.user import User


class Decision(models.TextChoices):
    OPEN = "", _("Not decided")
    CLEARED = "cleared", _("Words cleared")
    NO_CHILD = "no-child", _("Not about a child")


class FlaggedTextQuerySet(models.QuerySet["FlaggedText"]):
    def unread(self) -> Self:
        return self.filter(read_at=None, decision=Decision.OPEN)

    def undecided(self) -> Self:
        return self.filter(decision=Decision.OPEN)

    def of(self, subject: str) -> Self:
        """All about one object: "booking:12" finds "booking:12" and "booking:12:cancelled", never "booking:123"."""
        return self.filter(Q(about=subject) | Q(about__startswith=f"{subject}:"))


class FlaggedText(models.Model):
    """One text that somebody kept on purpose. The words stand where they were written, and nowhere else (ADR 72).

    `about` names the object and the act ("booking:12:cancelled"), as in the outbox; `reference` is what people call the object.
    """

    about = models.CharField(_("about"), max_length=100, unique=True)
    reference = models.CharField(_("reference"), max_length=60)
    flagged_at = models.DateTimeField(_("written"))
    read_at = models.DateTimeField(_("first read"), null=True, blank=True)
    decision = models.CharField(_("decision"), max_length=10, choices=Decision, blank=True, default=Decision.OPEN)

    objects = FlaggedTextQuerySet.as_manager()

    class Meta:
        ordering = ["-flagged_at", "-pk"]
        verbose_name = _("text to read")
        verbose_name_plural = _("texts that may be about a child")
        indexes = [
            models.Index(fields=["-flagged_at", "-id"], name="flagged_newest"),
            models.Index(fields=["decision", "-flagged_at", "-id"], name="flagged_by_decision"),
            models.Index(fields=["id"], name="flagged_unread", condition=Q(read_at__isnull=True, decision="")),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def subject(self) -> str:
        """ "booking:12:cancelled" → "booking:12"."""
        return ":".join(self.about.split(":")[:2])

    @property
    def is_decided(self) -> bool:
        return self.decision != Decision.OPEN

    def was_read_by(self, user: "User") -> bool:
        return self.events.filter(kind=FlaggedEventKind.READ, by=user).exists()


class FlaggedEventKind(models.TextChoices):
    READ = "read", _("Read")
    CLEARED = "cleared", _("Words cleared")
    NO_CHILD = "no-child", _("Said not to be about a child")


class FlaggedEvent(models.Model):
    """Who read it or decided, and when. Append-only: the database refuses anything else."""

    flagged = models.ForeignKey(FlaggedText, verbose_name=_("text"), on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(_("what"), max_length=10, choices=FlaggedEventKind)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(_("when"))

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("event of a text")
        verbose_name_plural = _("events of texts")
        constraints = [
            models.UniqueConstraint(fields=["flagged", "by"], condition=Q(kind="read"), name="flagged_read_once_by_each")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M} UTC"


class OutOfHours(models.Model):
    """One row, which a migration made: where to turn about a child while the advice line is closed. Empty says nothing."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    route = models.CharField(
        _("Where to turn while the advice line is closed"),
        max_length=200,
        blank=True,
        help_text=_("It goes on from “Until then:”. For example: call the duty team of your local council, or the police on 101"),
    )

    class Meta:
        verbose_name = _("setting")
        verbose_name_plural = _("When the advice line is closed")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="outofhours_is_one")]

    def __str__(self) -> str:
        return str(self._meta.verbose_name_plural)


def route_out_of_hours() -> str:
    """What staff wrote, else what the setting says. One statement."""
    return OutOfHours.objects.values_list("route", flat=True).first() or settings.OUT_OF_HOURS_ROUTE


def flagged_now(about: str, reference: str, now: datetime) -> FlaggedText:
    """The row of this text, made if it is not there yet."""
    found, _made = FlaggedText.objects.get_or_create(about=about, defaults={"reference": reference[:60], "flagged_at": now})
    return found

"""Copies of somebody's data, erasures, and the nightly runs that take out what was kept long enough."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

# What was done with somebody's data as a whole: a copy given, or all of it erased. By key alone, so that it can stay.


class Done(models.TextChoices):
    GIVEN = "given", _("A copy was given")
    ERASED = "erased", _("Erased")


class Reason(models.TextChoices):
    OWN = "own", _("They did it themselves")
    ASKED = "asked", _("They asked us")
    OVER = "over", _("Kept long enough")
    RESTORED = "restored", _("Once more, after a restore")


class DataAction(models.Model):
    """`by` is the colleague who did it for them; nobody where they did it themselves or the clock did."""

    person = models.ForeignKey(
        "professionals.Person", verbose_name=_("person"), on_delete=models.CASCADE, related_name="data_actions"
    )
    done = models.CharField(_("what was done"), max_length=10, choices=Done)
    reason = models.CharField(_("why"), max_length=10, choices=Reason)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(_("when"))
    written_at = models.DateTimeField(_("written to the file of erasures"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("erasure or copy")
        verbose_name_plural = _("erasures and copies")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="data_action_newest"),
            models.Index(
                fields=["id"], name="data_action_to_write", condition=models.Q(done=Done.ERASED, written_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_done_display()} {self.pk}"


# A run that took out what had been kept long enough: when, and how many records of each rule.


class RetentionRun(models.Model):
    """`done` counts by the name of the rule; `left` is how many could not be done that night. Without an end it was cut off."""

    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    done = models.JSONField(_("what was done"), default=dict)
    left = models.PositiveIntegerField(_("left for another night"), default=0)

    class Meta:
        verbose_name = _("run of the retention rules")
        verbose_name_plural = _("retention")
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["-started_at", "-id"], name="retention_run_newest")]

    def __str__(self) -> str:
        return str(self.pk)

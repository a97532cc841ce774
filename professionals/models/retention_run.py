"""A run that took out what had been kept long enough: when, and how many records of each rule."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


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

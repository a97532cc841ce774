"""How many people came to a presentation, by profession. Numbers, never names."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings import rules
from bookings.models.after import OfOnePresentation
from professionals.models import Profession


class Attendance(OfOnePresentation):
    """What the presenter counted. The database refuses a total that its counts don't come to, at the end of a transaction.

    `revision` counts how often it was put right.
    """

    people = models.PositiveSmallIntegerField(_("people who came"))
    recorded_at = models.DateTimeField(_("recorded"))
    changed_at = models.DateTimeField(_("last changed"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    revision = models.PositiveIntegerField(_("times put right"), default=0)

    class Meta(OfOnePresentation.Meta):
        verbose_name = _("attendance")
        verbose_name_plural = _("attendances")
        constraints = [
            *OfOnePresentation.Meta.constraints,
            models.CheckConstraint(condition=Q(people__gte=1, people__lte=rules.LARGEST_SESSION), name="attendance_of_somebody"),
            models.CheckConstraint(condition=Q(changed_at__gte=F("recorded_at")), name="attendance_recorded_before_changed"),
        ]


class AttendanceCount(models.Model):
    """So many of one profession came."""

    attendance = models.ForeignKey(
        Attendance, verbose_name=_("attendance"), on_delete=models.CASCADE, related_name="counts", db_index=False
    )
    profession = models.CharField(_("profession"), max_length=30, choices=Profession)
    people = models.PositiveSmallIntegerField(_("people"))

    class Meta:
        ordering = ["attendance", "-people", "profession"]
        verbose_name = _("people of a profession")
        verbose_name_plural = _("people of a profession")
        constraints = [
            models.UniqueConstraint(fields=["attendance", "profession"], name="attendancecount_once_a_profession"),
            models.CheckConstraint(condition=Q(people__gte=1), name="attendancecount_of_somebody"),
            models.CheckConstraint(condition=Q(profession__in=Profession.values), name="attendancecount_of_a_known_profession"),
        ]

    def __str__(self) -> str:
        return f"{self.get_profession_display()}: {self.people}"

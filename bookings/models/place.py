"""What staff know better than the rule of bookings/travel.py: how long it takes between two areas."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext_lazy as _

from bookings.travel import LONGEST_OVERRIDE_MINUTES
from professionals.models import Nation as Nation


class JourneyTime(models.Model):
    """Minutes between two areas, longer or shorter than the rule; each an outward code (LS1) or a postcode area (LS).

    The database's guard reads this table too. It counts for what is booked from then on.
    """

    one = models.CharField(_("one area"), max_length=4)
    other = models.CharField(_("other area"), max_length=4)
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    reason = models.CharField(_("reason"), max_length=200)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("set by"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    set_at = models.DateTimeField(_("set"), editable=False)

    class Meta:
        ordering = ["one", "other"]
        verbose_name = _("journey time")
        verbose_name_plural = _("journey times")
        constraints = [
            # Whichever of the two is named first.
            models.UniqueConstraint(Least("one", "other"), Greatest("one", "other"), name="journeytime_once_a_pair"),
            models.CheckConstraint(
                condition=Q(minutes__lte=LONGEST_OVERRIDE_MINUTES),
                name="journeytime_at_most_a_day",
                violation_error_message=_("A journey takes a day (1,440 minutes) at most."),
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="journeytime_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.one}–{self.other}"

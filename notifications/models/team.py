"""How the team gets its mail: each event at once, or some of it gathered into a digest."""

from datetime import datetime, time, timedelta
from itertools import count
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ctac.uk import uk_datetime, uk_day
from ctac.working_days import OURS, is_working_day


class TeamRhythm(models.TextChoices):
    AT_ONCE = "at-once", _("One email for each thing that happens, at once")
    DAILY = "daily", _("One email each working day, at 8am")
    TWICE = "twice", _("Two emails each working day, at 8am and at 1pm")


CLOCKS: dict[str, tuple[time, ...]] = {
    TeamRhythm.AT_ONCE: (),
    TeamRhythm.DAILY: (time(8),),
    TeamRhythm.TWICE: (time(8), time(13)),
}


class TeamMailQuerySet(models.QuerySet["TeamMail"]):
    def next_digest(self, now: datetime) -> datetime | None:
        """When what happens now is told; None where it is told at once."""
        wish = self.first()
        return wish.next_digest(now) if wish else None


class TeamMail(models.Model):
    """One row, or none: then each event is told at once. Times are of a UK clock."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    rhythm = models.CharField(_("what can wait comes as"), max_length=10, choices=TeamRhythm, default=TeamRhythm.AT_ONCE)

    objects: ClassVar = TeamMailQuerySet.as_manager()

    class Meta:
        verbose_name = _("setting")
        verbose_name_plural = _("How the team gets its mail")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="teammail_is_one")]

    def __str__(self) -> str:
        return str(self._meta.verbose_name_plural)

    def next_digest(self, now: datetime) -> datetime | None:
        """The first after `now`, on a working day of the team: what comes on a weekend is told on Monday."""
        clocks = CLOCKS[self.rhythm]
        if not clocks:
            return None
        days = (uk_day(now) + timedelta(days=ahead) for ahead in count())
        moments = (uk_datetime(day, clock) for day in days if is_working_day(day, OURS) for clock in clocks)
        return next(moment for moment in moments if moment > now)

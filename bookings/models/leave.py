"""When a presenter is away."""

from datetime import datetime, time

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_lazy as _

from bookings.models.presenter import Presenter, format_day_range
from core.dates import UK_TZ, format_datetime_range, format_day, format_uk_time, uk_day
from core.models import StateModel, free_text, personal

# Leave of whole days, on a UK clock.
START_OF_DAY, END_OF_DAY = time(0, 0), time(23, 59)


class LeaveKind(models.TextChoices):
    HOLIDAY = "holiday", _("Annual leave")
    ILLNESS = "illness", _("Illness")
    TRAINING = "training", _("Training or other work")
    OTHER = "other", _("Other")


class LeaveState(models.TextChoices):
    ASKED = "asked", _("Asked for")
    GRANTED = "granted", _("Granted")
    REFUSED = "refused", _("Refused")


LEAVE_COLOURS = {LeaveState.ASKED: "waiting", LeaveState.GRANTED: "good", LeaveState.REFUSED: "stopped"}


class LeaveQuerySet(models.QuerySet["Leave"]):
    def granted(self) -> "LeaveQuerySet":
        """Leave that claims its presenter's time."""
        return self.filter(state=LeaveState.GRANTED)

    def to_decide(self, now: datetime) -> "LeaveQuerySet":
        """Leave that presenters have asked for, that nobody has answered, and that is not over."""
        return self.filter(state=LeaveState.ASKED, ends_at__gt=now)


class Leave(StateModel):
    """Time away. Only services write it. Once granted, it claims its time, and frees the time of the bookings that it hits.

    `reason` is the presenter's or staff's note, `answer` what staff wrote when they refused.
    """

    status_colours = LEAVE_COLOURS

    presenter = models.ForeignKey(Presenter, verbose_name=_("presenter"), on_delete=models.PROTECT, related_name="leave")
    personal(presenter)
    starts_at = personal(models.DateTimeField(_("starts")))
    ends_at = personal(models.DateTimeField(_("ends")))
    kind = personal(models.CharField(_("kind"), max_length=10, choices=LeaveKind))
    reason = free_text(models.CharField(_("note"), max_length=200, blank=True))
    state = models.CharField(_("state"), max_length=10, choices=LeaveState, default=LeaveState.GRANTED)
    asked_by_presenter = models.BooleanField(_("asked for by the presenter"), default=False)
    answer = free_text(models.CharField(_("why it was refused"), max_length=300, blank=True))
    flagged_child_details = models.BooleanField(_("looked like a child’s details"), default=False)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    created_at = models.DateTimeField(_("entered"))

    objects = LeaveQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at", "pk"]
        verbose_name = _("leave")
        verbose_name_plural = _("leave")
        constraints = [models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="leave_ends_after_it_starts")]
        indexes = [models.Index(fields=["ends_at"], name="leave_with_words", condition=~Q(reason="") | ~Q(answer=""))]

    def __str__(self) -> str:
        return f"{self.presenter}: {self.when}"

    @property
    def is_granted(self) -> bool:
        return self.state == LeaveState.GRANTED

    @property
    def when(self) -> str:
        """'Tuesday 9 March 2027, 1:30pm to 3pm', or with both days if there are two."""
        if uk_day(self.starts_at) == uk_day(self.ends_at):
            return format_datetime_range(self.starts_at, self.ends_at)
        return gettext("%(first)s, %(from)s to %(last)s, %(until)s") % {
            "first": format_day(self.starts_at),
            "from": format_uk_time(self.starts_at),
            "last": format_day(self.ends_at),
            "until": format_uk_time(self.ends_at),
        }

    @property
    def days_text(self) -> str:
        return leave_text(self.starts_at, self.ends_at)


def leave_text(starts_at: datetime, ends_at: datetime) -> str:
    """'Monday 25 January 2027, all day', 'Monday 25 January 2027, 9am to midday', or with both days if there are two."""
    start, end = starts_at.astimezone(UK_TZ), ends_at.astimezone(UK_TZ)
    if (start.time(), end.time()) != (START_OF_DAY, END_OF_DAY):
        return Leave(starts_at=starts_at, ends_at=ends_at).when
    if start.date() == end.date():
        return gettext("%(day)s, all day") % {"day": format_day(start)}
    return format_day_range(start.date(), end.date())

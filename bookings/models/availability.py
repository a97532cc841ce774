"""When a presenter can be booked: weekly windows between two dates, and days on which other hours hold, or none.

All clocks are UK wall-clock times, summer and winter.
"""

from datetime import date, time

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.models.presenter import Presenter
from ctac.uk import format_clock_time, format_day


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class Availability(models.Model):
    """A weekly window in which a presenter can be booked. `start` and `end` are UK wall-clock times, summer and winter."""

    presenter = models.ForeignKey(Presenter, verbose_name=_("presenter"), on_delete=models.CASCADE, related_name="availability")
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday)
    start = models.TimeField(_("from"))
    end = models.TimeField(_("to"))
    valid_from = models.DateField(_("first day"))
    valid_until = models.DateField(_("last day"), null=True, blank=True, help_text=_("Leave empty if it goes on."))

    class Meta:
        ordering = ["weekday", "start"]
        verbose_name = _("availability")
        verbose_name_plural = _("availability")
        constraints = [
            models.CheckConstraint(
                condition=Q(end__gt=F("start")),
                name="availability_ends_after_it_starts",
                violation_error_message=_("It must end after it starts, on the same day."),
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="availability_dates_in_order",
                violation_error_message=_("The last day must not come before the first."),
            ),
        ]

    def __str__(self) -> str:
        return f"{Weekday(self.weekday).label} {self.start:%H:%M}–{self.end:%H:%M}"

    def holds_on(self, day: date) -> bool:
        return self.weekday == day.weekday() and self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    def clock(self) -> tuple[time, time]:
        return self.start, self.end


class AvailabilityException(models.Model):
    """A day or a range of days on which the weekly windows don't hold: these hours do instead, or none if both are empty.

    Several on one day are taken together, so a morning and an afternoon are two rows, and hours on one day of a range of days
    without any count.
    """

    presenter = models.ForeignKey(Presenter, verbose_name=_("presenter"), on_delete=models.CASCADE, related_name="exceptions")
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    start = models.TimeField(_("from"), null=True, blank=True)
    end = models.TimeField(_("to"), null=True, blank=True, help_text=_("Leave both times empty for no hours at all."))

    class Meta:
        ordering = ["first_day", "start", "pk"]
        verbose_name = _("exception")
        verbose_name_plural = _("exceptions")
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")),
                name="exception_dates_in_order",
                violation_error_message=_("The last day must not come before the first."),
            ),
            models.CheckConstraint(
                condition=Q(start__isnull=True, end__isnull=True) | Q(start__isnull=False, end__isnull=False, end__gt=F("start")),
                name="exception_has_hours_or_none",
                violation_error_message=_("Enter both times, the end after the start, or leave both empty."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days}: {self.hours}"

    @property
    def days(self) -> str:
        """'Tuesday 9 March 2027', or the first and the last."""
        if self.first_day == self.last_day:
            return format_day(self.first_day)
        return gettext("%(first)s to %(last)s") % {"first": format_day(self.first_day), "last": format_day(self.last_day)}

    @property
    def hours(self) -> str:
        """'9am to 1pm', or that there are none."""
        if self.start is None or self.end is None:
            return gettext("not available")
        return gettext("%(start)s to %(end)s") % {"start": format_clock_time(self.start), "end": format_clock_time(self.end)}

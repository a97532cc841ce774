"""Who gives presentations, when they can be booked, and when they are away."""

from datetime import date, time

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.models.place import Nation
from bookings.travel import Place
from ctac.uk import UK, format_clock, format_day, format_span, uk_day

# Leave of whole days, on a UK clock.
START_OF_DAY, END_OF_DAY = time(0, 0), time(23, 59)


class PresenterQuerySet(models.QuerySet["Presenter"]):
    def active(self) -> "PresenterQuerySet":
        return self.filter(active=True)


class Presenter(models.Model):
    """The base is where visits start from; its coordinates come from the postcode area (bookings.places)."""

    name = models.CharField(_("name"), max_length=150)
    email = models.EmailField(_("email address"))
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("sign-in"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="presenter",
    )
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    base_postcode = models.CharField(_("base postcode"), max_length=9)
    base_latitude = models.FloatField(_("base latitude"), editable=False)
    base_longitude = models.FloatField(_("base longitude"), editable=False)
    nation = models.CharField(_("nation"), max_length=20, choices=Nation, help_text=_("Its bank holidays are days off."))
    max_travel_minutes = models.PositiveSmallIntegerField(_("longest journey in minutes"), default=120)
    joining_link = models.URLField(_("joining link for online presentations"), blank=True)
    active = models.BooleanField(_("gives presentations"), default=True)

    objects = PresenterQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("presenter")
        verbose_name_plural = _("presenters")

    def __str__(self) -> str:
        return self.name

    @property
    def base(self) -> Place:
        return Place(self.base_postcode, self.base_latitude, self.base_longitude)


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


class LeaveKind(models.TextChoices):
    HOLIDAY = "holiday", _("Annual leave")
    ILLNESS = "illness", _("Illness")
    TRAINING = "training", _("Training or other work")
    OTHER = "other", _("Other")


class Leave(models.Model):
    """Time away. Written only by bookings.services.record_leave, which frees the time of the bookings that it hits."""

    presenter = models.ForeignKey(Presenter, verbose_name=_("presenter"), on_delete=models.PROTECT, related_name="leave")
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    kind = models.CharField(_("kind"), max_length=10, choices=LeaveKind)
    reason = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("entered"))

    class Meta:
        ordering = ["-starts_at", "pk"]
        verbose_name = _("leave")
        verbose_name_plural = _("leave")
        constraints = [models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="leave_ends_after_it_starts")]

    def __str__(self) -> str:
        return f"{self.presenter}: {self.when}"

    @property
    def when(self) -> str:
        """'Tuesday 9 March 2027, 1:30pm to 3pm', or with both days if there are two."""
        if uk_day(self.starts_at) == uk_day(self.ends_at):
            return format_span(self.starts_at, self.ends_at)
        return gettext("%(first)s, %(from)s to %(last)s, %(until)s") % {
            "first": format_day(self.starts_at),
            "from": format_clock(self.starts_at),
            "last": format_day(self.ends_at),
            "until": format_clock(self.ends_at),
        }

    @property
    def in_words(self) -> str:
        """As `when`, and shorter for whole days: 'Monday 25 January 2027, all day'."""
        start, end = self.starts_at.astimezone(UK), self.ends_at.astimezone(UK)
        if (start.time(), end.time()) != (START_OF_DAY, END_OF_DAY):
            return self.when
        if start.date() == end.date():
            return gettext("%(day)s, all day") % {"day": format_day(start)}
        return gettext("%(first)s to %(last)s") % {"first": format_day(start), "last": format_day(end)}

"""The days and times that a request is about: those the professional would like, and those that staff offer."""

from datetime import date, datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import Booking
from bookings.models.presenter import Presenter
from ctac.uk import format_day, format_span, uk_day


class OptionKind(models.TextChoices):
    PREFERRED = "preferred", _("Asked for")
    PROPOSED = "proposed", _("Offered by us")


class OptionState(models.TextChoices):
    OPEN = "open", _("Open")
    TAKEN = "taken", _("Taken")
    PASSED = "passed", _("Passed over")
    EXPIRED = "expired", _("Lapsed")


class Precision(models.TextChoices):
    """How exactly a time is named."""

    TIME = "time", _("At a certain time")
    MORNING = "morning", _("In the morning")
    AFTERNOON = "afternoon", _("In the afternoon")
    ANY_TIME = "day", _("At any time of the day")
    DAYS = "days", _("On one of several days")


class WhyNot(models.TextChoices):
    """Why a date was not kept when it was asked for; AWAY: why it is kept no longer, before time. Staff read these."""

    SEVERAL_DAYS = "days", _("Several days are not kept.")
    NO_TIME_LEFT = "over", _("No time was left in it when it was asked for.")
    ENOUGH = "enough", _("As many dates as may be were kept for this person already.")
    NOBODY_FREE = "busy", _("No presenter was free then when it was asked for, travel included.")
    OUTSIDE = "outside", _("It was outside the hours, the area or another rule of each presenter who was free then.")
    BESIDE = "beside", _("Who was free then is kept for another of these dates.")
    AWAY = "away", _("The presenter with whom it was kept is away then.")


class DateOptionQuerySet(models.QuerySet["DateOption"]):
    def open(self) -> "DateOptionQuerySet":
        return self.filter(state=OptionState.OPEN)

    def kept(self, now: datetime) -> "DateOptionQuerySet":
        """Open ones whose time is kept at that moment."""
        return self.open().filter(expires_at__gt=now)

    def lapsed(self, now: datetime) -> "DateOptionQuerySet":
        """Still open, and kept no longer: the clock has passed and nobody has said so yet."""
        return self.open().filter(expires_at__lte=now)

    def preferred(self) -> "DateOptionQuerySet":
        return self.filter(kind=OptionKind.PREFERRED)

    def proposed(self) -> "DateOptionQuerySet":
        return self.filter(kind=OptionKind.PROPOSED)


class DateOption(models.Model):
    """From `starts_at` to `ends_at` is the presentation itself, or, where the time is named less exactly, the time within which.

    `presenter`, `kept_from` and `expires_at` say that the time is kept: with whom, from when (within the above), and until when.
    They stay as they were when the option is closed; the claim itself is a BusyTime of the kind option, there while this is open
    and not lapsed. `why_not` is empty while it is kept and after its time is over (ADR 36).
    """

    booking = models.ForeignKey(Booking, verbose_name=_("booking"), on_delete=models.CASCADE, related_name="options")
    kind = models.CharField(_("kind"), max_length=10, choices=OptionKind)
    precision = models.CharField(_("how exactly"), max_length=10, choices=Precision, default=Precision.TIME)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    state = models.CharField(_("state"), max_length=10, choices=OptionState, default=OptionState.OPEN)
    presenter = models.ForeignKey(
        Presenter, verbose_name=_("kept with"), null=True, blank=True, on_delete=models.PROTECT, related_name="options"
    )
    kept_from = models.DateTimeField(_("kept from"), null=True, blank=True)
    expires_at = models.DateTimeField(_("kept until"), null=True, blank=True)
    why_not = models.CharField(_("why it is not kept"), max_length=10, choices=WhyNot, blank=True, default="", db_default="")

    objects = DateOptionQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("date")
        verbose_name_plural = _("dates")
        indexes = [models.Index(fields=["expires_at"], condition=Q(state="open"), name="dateoption_lapsing")]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="dateoption_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(presenter__isnull=True, kept_from__isnull=True, expires_at__isnull=True)
                | Q(presenter__isnull=False, kept_from__isnull=False, expires_at__isnull=False),
                name="dateoption_kept_whole_or_not",
            ),
            models.CheckConstraint(
                condition=Q(kept_from__isnull=True)
                | Q(precision="time", kept_from=F("starts_at"))
                | (~Q(precision__in=["time", "days"]) & Q(kept_from__gte=F("starts_at"), kept_from__lt=F("ends_at"))),
                name="dateoption_kept_within_itself",
            ),
            models.CheckConstraint(
                condition=~Q(kind="proposed") | Q(precision="time", presenter__isnull=False), name="dateoption_offered_is_kept"
            ),
            models.CheckConstraint(
                condition=Q(why_not="")
                | (Q(kept_from__isnull=True) & ~Q(why_not="away"))
                | Q(kept_from__isnull=False, why_not="away"),
                name="dateoption_why_it_is_not_kept",
            ),
            models.UniqueConstraint(fields=["booking"], condition=Q(state="taken"), name="dateoption_one_is_taken"),
        ]

    def __str__(self) -> str:
        return self.when

    @property
    def when(self) -> str:
        """'Tuesday 9 March 2027, 1:30pm to 3pm', or as exactly as it was named."""
        if self.precision == Precision.TIME:
            return format_span(self.starts_at, self.ends_at)
        if self.precision == Precision.DAYS:
            days = {"first": format_day(self.starts_at), "last": format_day(self.last_day)}
            return gettext("%(first)s to %(last)s") % days
        part = {
            Precision.MORNING: gettext("in the morning"),
            Precision.AFTERNOON: gettext("in the afternoon"),
            Precision.ANY_TIME: gettext("at any time"),
        }
        return f"{format_day(self.starts_at)}, {part[Precision(self.precision)]}"

    @property
    def last_day(self) -> date:
        """The last UK day of several: their end is its last moment."""
        return uk_day(self.ends_at)

    def is_over(self, now: datetime) -> bool:
        """Whether it can't begin any more."""
        return (self.starts_at if self.precision == Precision.TIME else self.ends_at) <= now

    def is_kept(self, now: datetime) -> bool:
        return self.state == OptionState.OPEN and self.expires_at is not None and self.expires_at > now

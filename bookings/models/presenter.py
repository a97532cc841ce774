"""What we offer, who gives it, from where and when, and how far one area is from another."""

from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, OuterRef, Q
from django.db.models.functions import Greatest, Least
from django.utils.translation import gettext, gettext_lazy as _

from bookings.travel import MAINLAND, MAX_OVERRIDE_MINUTES, Place
from core.dates import format_day, format_time, uk_day
from core.models import free_text, impersonal, personal, user_foreign_key
from office.site_settings.queries import site_settings
from professionals.areas import postcode_area
from professionals.models import Nation as Nation, Profession


def format_day_range(first: date, last: date) -> str:
    """'Tuesday 9 March 2027', or the first day and the last."""
    if first == last:
        return format_day(first)
    return gettext("%(first)s to %(last)s") % {"first": format_day(first), "last": format_day(last)}


class Format(models.TextChoices):
    WORKPLACE = "workplace", _("At your workplace")
    ONLINE = "online", _("Online")


class PresentationQuerySet(models.QuerySet["Presentation"]):
    def offered(self) -> "PresentationQuerySet":
        """Presentations that the public can book."""
        return self.filter(active=True)


class Presentation(models.Model):
    slug = impersonal(models.SlugField(_("address on the site"), max_length=60, unique=True))
    title = impersonal(models.CharField(_("title"), max_length=150))
    summary = impersonal(models.CharField(_("summary"), max_length=300, help_text=_("One sentence, shown in lists.")))
    description = impersonal(models.TextField(_("description"), help_text=_("Blank lines start a new paragraph.")))
    audience = impersonal(models.CharField(_("who it is for"), max_length=200))
    length_minutes = models.PositiveSmallIntegerField(_("length in minutes"))
    formats = impersonal(ArrayField(models.CharField(max_length=10, choices=Format), verbose_name=_("formats")))
    active = models.BooleanField(_("offered"), default=True, help_text=_("People can book only presentations that we offer."))

    objects = PresentationQuerySet.as_manager()

    class Meta:
        ordering = ["title"]
        verbose_name = _("presentation")
        verbose_name_plural = _("presentations")
        constraints = [
            models.CheckConstraint(
                condition=Q(length_minutes__gte=15, length_minutes__lte=480), name="presentation_of_sensible_length"
            ),
            models.CheckConstraint(condition=Q(formats__len__gte=1), name="presentation_has_a_format"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.length_minutes)

    @property
    def where(self) -> str:
        """'At your workplace or online', whatever the order of the formats."""
        if {Format.WORKPLACE, Format.ONLINE} <= set(self.formats):
            return str(_("At your workplace or online"))
        return ", ".join(str(Format(value).label) for value in self.formats)


class JourneyTime(models.Model):
    """Minutes between two areas, where staff know better than bookings/travel.py: outward codes (LS1) or postcode areas (LS).

    The database's guard reads this table too. It counts for what is booked from then on.
    """

    area_a = impersonal(models.CharField(_("one area"), max_length=4))
    area_b = impersonal(models.CharField(_("other area"), max_length=4))
    minutes = models.PositiveSmallIntegerField(_("minutes"))
    reason = free_text(models.CharField(_("reason"), max_length=200))
    set_by = user_foreign_key(_("set by"), blank=True, editable=False)
    set_at = models.DateTimeField(_("set"), editable=False)

    class Meta:
        ordering = ["area_a", "area_b"]
        verbose_name = _("journey time")
        verbose_name_plural = _("journey times")
        constraints = [
            # Whichever of the two comes first.
            models.UniqueConstraint(Least("area_a", "area_b"), Greatest("area_a", "area_b"), name="journeytime_once_a_pair"),
            models.CheckConstraint(
                condition=Q(minutes__lte=MAX_OVERRIDE_MINUTES),
                name="journeytime_at_most_a_day",
                violation_error_message=_("A journey takes a day (1,440 minutes) at most."),
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="journeytime_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.area_a}–{self.area_b}"


# A booking that names no profession is for a mix of them.
MIXED_AUDIENCE = "mixed"
AUDIENCE_CHOICES = [(MIXED_AUDIENCE, _("A mix of professions")), *Profession.choices]


def validate_https(link: str) -> None:
    """Refuse a joining link that is not encrypted on the way."""
    if not link.startswith("https://"):
        raise ValidationError(_("Enter a link that starts with https://."), code="not_https")


class PresenterQuerySet(models.QuerySet["Presenter"]):
    def with_checks_ending_by(self, day: date) -> "PresenterQuerySet":
        """Active presenters who may not visit a workplace after that day, or even now, until a check or training is renewed."""
        never = Q(checked_until=None) | Q(trained_until=None)
        return (
            self.active().exclude(formats=[Format.ONLINE]).filter(never | Q(checked_until__lte=day) | Q(trained_until__lte=day))
        )

    def with_checks_ending_soon(self, now: datetime) -> "PresenterQuerySet":
        return self.with_checks_ending_by(uk_day(now) + timedelta(days=site_settings().checks_warning_days))

    def active(self) -> "PresenterQuerySet":
        return self.filter(active=True)

    def with_presentation_keys(self) -> "PresenterQuerySet":
        """Each with `given`: the keys of the presentations that they name; if they name none, they give all."""
        named = Presenter.presentations.through.objects.filter(presenter=OuterRef("pk"))
        return self.annotate(given=ArraySubquery(named.values("presentation")))


class Presenter(models.Model):
    """The base is where visits start from; its coordinates come from the outward code (bookings.travel).

    An empty field sets no limit: no nations and no areas covered means everywhere, no formats both, no presentations and no
    audiences all; without a figure, the general one counts (see the site's settings), or none.
    """

    name = personal(models.CharField(_("name"), max_length=150))
    email = personal(models.EmailField(_("email address")))
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("sign-in"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="presenter",
    )
    personal(user)
    phone = personal(models.CharField(_("phone"), max_length=30, blank=True))
    base_postcode = personal(models.CharField(_("base postcode"), max_length=9))
    base_latitude = personal(models.FloatField(_("base latitude"), editable=False))
    base_longitude = personal(models.FloatField(_("base longitude"), editable=False))
    base_zone = personal(models.CharField(_("base island"), max_length=20, editable=False, default=MAINLAND))
    nation = models.CharField(
        _("nation"), max_length=20, choices=Nation, help_text=_("The presenter has a day off on this nation’s bank holidays.")
    )
    max_travel_minutes = models.PositiveSmallIntegerField(_("longest journey in minutes"), default=120)
    earliest_leaving = models.TimeField(_("leaves the base from"), default=time(7))
    latest_return = models.TimeField(_("is back at the base by"), default=time(19))
    nations_covered = impersonal(
        ArrayField(models.CharField(max_length=20, choices=Nation), verbose_name=_("nations covered"), default=list, blank=True)
    )
    areas_covered = impersonal(
        ArrayField(
            models.CharField(max_length=2),
            verbose_name=_("postcode areas covered"),
            default=list,
            blank=True,
            help_text=_("The letters that postcodes start with, such as LS, BD, HD."),
        )
    )
    formats = impersonal(
        ArrayField(models.CharField(max_length=10, choices=Format), verbose_name=_("formats"), default=list, blank=True)
    )
    presentations = models.ManyToManyField(Presentation, verbose_name=_("presentations"), blank=True, related_name="presenters")
    audiences = impersonal(
        ArrayField(
            models.CharField(max_length=30, choices=AUDIENCE_CHOICES), verbose_name=_("audiences"), default=list, blank=True
        )
    )
    most_a_day = models.PositiveSmallIntegerField(_("most presentations a day"), null=True, blank=True)
    most_a_week = models.PositiveSmallIntegerField(_("most presentations a week"), null=True, blank=True)
    notice_working_days = models.PositiveSmallIntegerField(_("notice in working days"), null=True, blank=True)
    horizon_days = models.PositiveSmallIntegerField(_("how many days ahead people can book"), null=True, blank=True)
    checked_until = personal(models.DateField(_("DBS check ends"), null=True, blank=True))
    trained_until = personal(models.DateField(_("training ends"), null=True, blank=True))
    joining_link = personal(models.URLField(_("joining link for online presentations"), blank=True, validators=[validate_https]))
    active = models.BooleanField(_("gives presentations"), default=True)

    PERSONAL_FIELDS = ("id",)

    objects = PresenterQuerySet.as_manager()
    given: list[int]  # only with_presentation_keys() sets it

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("presenter")
        verbose_name_plural = _("presenters")
        permissions = [("give_presentations", _("Can give presentations: own diary, visits, hours and leave"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(latest_return__gt=F("earliest_leaving")),
                name="presenter_returns_after_leaving",
                violation_error_message=_("The time back at the base must be after the time of leaving it."),
            ),
            models.CheckConstraint(
                condition=Q(joining_link="") | Q(joining_link__startswith="https://"), name="presenter_joining_link_is_https"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def base(self) -> Place:
        return Place(self.base_postcode, self.base_latitude, self.base_longitude, zone=self.base_zone)

    def may_visit(self, day: date) -> bool:
        """Whether check and training last until that day. Nobody goes to a workplace without them, whatever the reason."""
        ends = self.checked_until, self.trained_until
        return all(end is not None and day <= end for end in ends)

    def presents_to(self, audience: str | None) -> bool:
        """Whether they present to this audience: a profession, "" for a mix, None if unknown."""
        return audience is None or not self.audiences or (audience or MIXED_AUDIENCE) in self.audiences

    def covers_place(self, place: Place) -> bool:
        """Whether the place is in one of the nations or areas that they cover."""
        if not self.nations_covered and not self.areas_covered:
            return True
        return place.nation in self.nations_covered or postcode_area(place.postcode) in self.areas_covered


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
    personal(presenter)
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

    def applies_on(self, day: date) -> bool:
        return self.weekday == day.weekday() and self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    def clock_span(self) -> tuple[time, time]:
        return self.start, self.end


class AvailabilityException(models.Model):
    """Days on which the weekly windows don't hold: these hours do instead, or none if both are empty.

    Several on one day count together: a morning and an afternoon are two rows, and hours on one day count within a range of
    days without any.
    """

    presenter = models.ForeignKey(Presenter, verbose_name=_("presenter"), on_delete=models.CASCADE, related_name="exceptions")
    personal(presenter)
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
        return format_day_range(self.first_day, self.last_day)

    @property
    def hours(self) -> str:
        """'9am to 1pm', or that there are none."""
        if self.start is None or self.end is None:
            return gettext("not available")
        return gettext("%(start)s to %(end)s") % {"start": format_time(self.start), "end": format_time(self.end)}

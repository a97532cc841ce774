"""A visit to a workplace from check-in to check-out (product.md, rule 10); attendance and feedback of any presentation."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.models.booking import CHECK_IN, CHECK_IN_OPENS_BEFORE, CHECK_OUT, Booking, State
from bookings.models.feedback import CONFIDENCE_QUESTIONS, Confidence, agreement_field, confidence_field
from bookings.models.open_session import OpenSession, SessionPlace, SessionState
from bookings.models.presenter import Format, Presenter, format_day_range
from ctac.dates import uk_day
from ctac.models import RecordedBy, free_text, impersonal, personal, user_foreign_key
from office.site_settings.models import MAX_PEOPLE
from office.site_settings.queries import site_settings
from professionals.models import Language, Profession

# After the end: for this long, the page of the visit shows a presenter the way to help.
HELP_PERIOD = timedelta(days=1)
# ADR 15.
FEEDBACK_OPENS_BEFORE_END = timedelta(minutes=30)  # presenters finish early
CERTIFICATE_LIFETIME = HOST_LINK_LIFETIME = timedelta(days=365)
THREE_MONTHS = timedelta(days=91)  # after the presentation: people who asked for it are asked again how confident they are
THREE_MONTHS_LINK_LIFETIME = timedelta(days=60)


class Visit(models.Model):
    """What is known of one visit; made by the first check-in, check-out or word of a colleague.

    `presenter` is the person who went, even if the booking has another by now. A moment from before check-in opens
    (CHECK_IN_OPENS_BEFORE) belongs to an earlier time of the booking, which has moved since, and no longer counts.
    `safe_at`: staff last heard that all is well. `sought_at`: leave took the presenter off the booking after its start, while
    nobody knew whether they are safe. `late_until`: when the presenter, who runs late, will begin. `help_at`: when `seeks_help`
    last asked for help. `taken_on_at`: when a colleague last took an alarm on.
    """

    booking = models.OneToOneField(Booking, verbose_name=_("booking"), on_delete=models.CASCADE, related_name="visit")
    presenter = models.ForeignKey(
        Presenter, verbose_name=_("presenter"), null=True, on_delete=models.PROTECT, related_name="visits"
    )
    personal(presenter)
    checked_in_at = personal(models.DateTimeField(_("checked in"), null=True, blank=True))
    checked_out_at = personal(models.DateTimeField(_("checked out"), null=True, blank=True))
    safe_at = personal(models.DateTimeField(_("said to be safe"), null=True, blank=True))
    sought_at = personal(models.DateTimeField(_("sought since"), null=True, blank=True))
    late_until = personal(models.DateTimeField(_("begins late, at"), null=True, blank=True))
    help_at = personal(models.DateTimeField(_("asked for help"), null=True, blank=True))
    seeks_help = models.ForeignKey(
        Presenter, verbose_name=_("who asked for help"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    personal(seeks_help)
    taken_on_at = personal(models.DateTimeField(_("alarm taken on"), null=True, blank=True))
    taken_on_by = user_foreign_key(_("who is on it"))

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        constraints = [
            models.CheckConstraint(
                condition=Q(checked_in_at__isnull=True)
                | Q(checked_out_at__isnull=True)
                | Q(checked_out_at__gte=F("checked_in_at")),
                name="visit_out_after_in",
            ),
            models.CheckConstraint(
                condition=(Q(checked_in_at__isnull=True) & Q(checked_out_at__isnull=True)) | Q(presenter__isnull=False),
                name="visit_says_who_went",
            ),
            models.CheckConstraint(
                condition=Q(help_at__isnull=True) | Q(seeks_help__isnull=False), name="visit_says_who_asked_for_help"
            ),
        ]

    def __str__(self) -> str:
        return self.booking.reference

    def is_current(self, moment: datetime | None) -> bool:
        """Whether that moment belongs to the booking's present time."""
        return moment is not None and moment >= self.booking.agreed_times[0] - CHECK_IN_OPENS_BEFORE

    @property
    def is_checked_in(self) -> bool:
        """Somebody is there."""
        return self.is_current(self.checked_in_at) and not self.is_checked_out

    @property
    def is_handed_over(self) -> bool:
        """Somebody is there, but the booking has another presenter by now, or none, who can’t check in before they check out."""
        return self.is_checked_in and self.presenter_id != self.booking.presenter_id

    @property
    def is_checked_out(self) -> bool:
        return self.is_current(self.checked_out_at)

    @property
    def last_tap(self) -> tuple[str, datetime] | None:
        """The tap that can be taken back: the check-out if there is one, or else the check-in."""
        if self.is_checked_out and self.checked_out_at:
            return CHECK_OUT, self.checked_out_at
        return (CHECK_IN, self.checked_in_at) if self.is_checked_in and self.checked_in_at else None

    @property
    def is_sought(self) -> bool:
        """They are on leave by now, and were not heard from since it was entered."""
        if self.sought_at is None or self.sought_at < self.booking.agreed_times[0] or self.is_checked_out:
            return False
        return self.safe_at is None or self.safe_at < self.sought_at

    @property
    def needs_help(self) -> bool:
        """They asked for it, and nobody has said since that all is well."""
        return self.help_at is not None and (self.safe_at is None or self.safe_at < self.help_at)

    def is_alarm_taken_on(self, since: datetime) -> bool:
        """Whether a colleague is on the alarm about what was missed at that moment."""
        return self.taken_on_at is not None and self.taken_on_at >= since

    @property
    def is_awaited(self) -> bool:
        """We wait for word of the person who went, whoever has the booking by now."""
        return self.is_checked_in or self.is_sought

    @property
    def is_done(self) -> bool:
        """They have left, and nobody who took over is still to come."""
        if not self.is_checked_out or self.checked_out_at is None:
            return False
        booking = self.booking
        return booking.presenter_id in (None, self.presenter_id) or self.checked_out_at >= booking.agreed_times[1]

    @property
    def is_over(self) -> bool:
        """We wait for nobody: they have left, a colleague has heard since the end that all is well, or nobody goes any more."""
        if self.needs_help:
            return False
        if self.booking.presenter_id is None:
            return not self.is_awaited
        if self.booking.state == State.CANCELLED and not self.is_awaited:
            return True
        return self.is_done or (self.safe_at is not None and self.safe_at >= self.booking.agreed_times[1])


def may_check_in(booking: Booking, now: datetime) -> bool:
    """Whether to show the button; the service decides."""
    if booking.format != Format.WORKPLACE or booking.state != State.CONFIRMED or booking.presenter_id is None:
        return False
    starts_at, ends_at = booking.agreed_times
    visit: Visit | None = getattr(booking, "visit", None)
    begun = visit is not None and (visit.is_checked_in or visit.is_done)
    return starts_at - CHECK_IN_OPENS_BEFORE <= now < ends_at and not begun


def is_near_visit_time(booking: Booking, now: datetime) -> bool:
    """It is a visit, and its presenter may be on the way, there, or just back."""
    if booking.format != Format.WORKPLACE or booking.starts_at is None:
        return False
    starts_at, ends_at = booking.agreed_times
    visit: Visit | None = getattr(booking, "visit", None)
    takes_place = booking.state in (State.CONFIRMED, State.DELIVERED) or (visit is not None and visit.is_awaited)
    return takes_place and starts_at - CHECK_IN_OPENS_BEFORE <= now < ends_at + HELP_PERIOD


def may_check_out(booking: Booking, now: datetime) -> bool:
    """From the check-in, or without one from the start, until the visit is closed."""
    visit: Visit | None = getattr(booking, "visit", None)
    if booking.format != Format.WORKPLACE or booking.starts_at is None or (visit is not None and visit.is_done):
        return False
    awaited = visit is not None and visit.is_awaited
    if booking.visit_closed and not awaited:
        return False
    took_place = booking.state in (State.CONFIRMED, State.DELIVERED) and booking.presenter_id is not None
    return awaited or (took_place and now >= booking.starts_at)


# Whom to call while a presenter is out.


@dataclass(frozen=True)
class DutyContact:
    """One of the two people of a shift. `phone` is empty if none is known."""

    user: User
    phone: str

    @property
    def name(self) -> str:
        presenter: Presenter | None = getattr(self.user, "presenter", None)
        return presenter.name if presenter and not self.user.name else str(self.user)


class DutyShiftQuerySet(models.QuerySet["DutyShift"]):
    def covering(self, first_day: date, last_day: date) -> Self:
        """The shifts with any of these UK days, if both of their people can sign in: one alone may miss the alarm."""
        both = {"duty_person__is_active": True, "deputy__is_active": True}
        return self.filter(first_day__lte=last_day, last_day__gte=first_day, **both)

    def by_day(self, days: Collection[date]) -> dict[date, "DutyShift"]:
        """The shift of each of these UK days that has one, with its people. One statement, or none without days."""
        if not days:
            return {}
        shifts = self.filter(first_day__lte=max(days), last_day__gte=min(days))
        shifts = shifts.select_related("duty_person__presenter", "deputy__presenter")
        return {day: shift for shift in shifts for day in days if shift.first_day <= day <= shift.last_day}


class DutyShift(models.Model):
    """Two colleagues whom the alarm reaches from the first day to the last. No two shifts share a day."""

    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    duty_person = user_foreign_key(_("duty person"), related_name="duty_shifts")
    duty_phone = personal(models.CharField(_("duty person’s phone"), max_length=30, blank=True))
    deputy = user_foreign_key(_("deputy"), related_name="deputy_shifts")
    deputy_phone = personal(models.CharField(_("deputy’s phone"), max_length=30, blank=True))

    objects = DutyShiftQuerySet.as_manager()

    class Meta:
        ordering = ["-first_day"]
        verbose_name = _("duty shift")
        verbose_name_plural = _("duty shifts")
        constraints = [
            ExclusionConstraint(
                name="dutyshift_no_overlap",
                expressions=[
                    (
                        Func(F("first_day"), F("last_day"), Value("[]"), function="daterange", output_field=DateRangeField()),
                        RangeOperators.OVERLAPS,
                    )
                ],
                violation_error_message=_(
                    "Another shift already has one of these days. Change that shift, or choose other days."
                ),
            ),
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="dutyshift_ends_after_it_starts"),
            models.CheckConstraint(
                condition=~Q(duty_person=F("deputy")),
                name="dutyshift_of_two_people",
                violation_error_message=_("Choose somebody else as deputy. One person alone may miss the alarm."),
            ),
        ]

    def __str__(self) -> str:
        return format_day_range(self.first_day, self.last_day)

    @property
    def people(self) -> list[DutyContact]:
        """The people on duty, the duty person first. A person who may no longer sign in is left out."""
        pairs = ((self.duty_person, self.duty_phone), (self.deputy, self.deputy_phone))
        return [
            DutyContact(user, phone or user.mobile or getattr(getattr(user, "presenter", None), "phone", ""))
            for user, phone in pairs
            if user is not None and user.is_active
        ]


def duty_contacts_by_booking(bookings: Iterable[Booking]) -> dict[int, list[DutyContact]]:
    """The people on duty for each of these visits, by its key, the duty person first; nobody for an online booking."""
    days = {one.pk: uk_day(one.starts_at) for one in bookings if one.starts_at and one.format == Format.WORKPLACE}
    shifts = DutyShift.objects.by_day(set(days.values()))
    return {key: shifts[day].people if day in shifts else [] for key, day in days.items()}


# After a presentation: its short link, attendance, feedback, and the reminder a year later.

BookingOrSession = Booking | OpenSession  # what a presenter gives
TAKES_PLACE_STATES = frozenset({State.CONFIRMED, State.DELIVERED, SessionState.SCHEDULED, SessionState.DELIVERED})


class OfOnePresentation(models.Model):
    """Belongs to one booking or to one open session, each of which has one at most."""

    booking = models.OneToOneField(
        Booking, verbose_name=_("booking"), null=True, blank=True, on_delete=models.CASCADE, related_name="%(class)s"
    )
    session = models.OneToOneField(
        OpenSession, verbose_name=_("open session"), null=True, blank=True, on_delete=models.CASCADE, related_name="%(class)s"
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(booking__isnull=False, session__isnull=True) | Q(booking__isnull=True, session__isnull=False),
                name="%(class)s_of_one",
            )
        ]

    def __str__(self) -> str:
        return str(self.given)

    @property
    def given(self) -> BookingOrSession:
        given = self.booking or self.session
        assert given is not None  # noqa: S101 - the database keeps it
        return given


def booking_or_session_lookup(given: BookingOrSession) -> dict[str, Any]:
    """The column that points to it, for a new row or a lookup."""
    return {"booking" if isinstance(given, Booking) else "session": given}


class AfterwardsQuerySet(models.QuerySet["Afterwards"]):
    def with_booking_or_session(self) -> "AfterwardsQuerySet":
        return self.select_related("booking__presentation", "booking__person", "session__presentation")


class Afterwards(OfOnePresentation):
    """The short link of one presentation, made when somebody first needs it. `code` is what people type."""

    code = impersonal(models.CharField(_("code"), max_length=6, unique=True))
    created_at = models.DateTimeField(_("made"))
    takes_more = models.BooleanField(_("answers are taken from any number of people"), default=False, db_default=False)

    objects = AfterwardsQuerySet.as_manager()

    class Meta(OfOnePresentation.Meta):
        ordering = ["-pk"]
        verbose_name = _("what people said")
        verbose_name_plural = _("what people said")
        permissions = [("export_feedback", _("Can export what people said"))]
        constraints = [
            *OfOnePresentation.Meta.constraints,
            models.CheckConstraint(
                condition=Q(("code__regex", "^[234679ACDEFGHJKMNPQRTWXYZ]{6}$")), name="afterwards_code_can_be_typed"
            ),
        ]

    def get_absolute_url(self) -> str:
        return reverse("feedback", args=[self.code])

    @property
    def takes_place(self) -> bool:
        """Not cancelled, declined or still a request."""
        return self.given.state in TAKES_PLACE_STATES

    @property
    def opens_at(self) -> datetime:
        """A little before the end: presenters finish early, and people answer in the room."""
        start, end = self.given.agreed_times
        return max(start, end - FEEDBACK_OPENS_BEFORE_END)

    @property
    def closes_at(self) -> datetime:
        return self.given.agreed_times[1] + timedelta(weeks=site_settings().feedback_weeks)

    def is_open(self, now: datetime) -> bool:
        return self.takes_place and self.opens_at <= now < self.closes_at

    def may_certify(self, now: datetime) -> bool:
        return self.takes_place and self.opens_at <= now < self.given.agreed_times[1] + CERTIFICATE_LIFETIME


class Feedback(models.Model):
    """One person's answers. Nobody knows whose they are, except the host's; for the others, we keep only the day.

    `quotable`: the writer of the comment lets us quote it without their name. `chosen_at`: staff chose it for reports.
    """

    afterwards = models.ForeignKey(
        Afterwards, verbose_name=_("of which"), on_delete=models.CASCADE, related_name="answers", db_index=False
    )
    by_host = models.BooleanField(_("by the host"), default=False)
    useful = agreement_field("useful")
    clear = agreement_field("clear")
    ready = agreement_field("ready")
    arranging = agreement_field("arranging", null=True, blank=True)
    confidence_before = confidence_field("confidence_before")
    confidence_now = confidence_field("confidence_now")
    comment = free_text(models.TextField(_("what could be better"), blank=True))
    quotable = models.BooleanField(_("may be quoted"), default=False, db_default=False)
    chosen_at = models.DateTimeField(_("chosen for reports"), null=True, blank=True)
    chosen_by = user_foreign_key(_("chosen by"), blank=True)
    flagged_child_details = models.BooleanField(_("looked like a child’s details"), default=False)
    token = impersonal(models.CharField(_("one-time token"), max_length=43, unique=True))
    received_on = models.DateField(_("received"))

    class Meta:
        ordering = ["-pk"]
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        constraints = [
            models.UniqueConstraint(fields=["afterwards"], condition=Q(by_host=True), name="feedback_of_a_host_once"),
            models.CheckConstraint(
                condition=Q(useful__range=(1, 5), clear__range=(1, 5), ready__range=(1, 5)), name="feedback_from_1_to_5"
            ),
            models.CheckConstraint(
                condition=Q(by_host=True, arranging__range=(1, 5)) | Q(by_host=False, arranging__isnull=True),
                name="feedback_arranging_by_the_host",
            ),
            models.CheckConstraint(
                condition=Q(confidence_before__isnull=True, confidence_now__isnull=True)
                | Q(
                    confidence_before__isnull=False,
                    confidence_now__isnull=False,
                    confidence_before__range=(1, 5),
                    confidence_now__range=(1, 5),
                ),
                name="feedback_confidence_from_1_to_5",
            ),
            models.CheckConstraint(
                condition=Q(chosen_at__isnull=True) | Q(Q(quotable=True), ~Q(comment="")), name="feedback_chosen_may_be_quoted"
            ),
        ]
        indexes = [models.Index(fields=["afterwards", "-id"], name="feedback_of_a_presentation")]

    def __str__(self) -> str:
        return str(self.afterwards)


class AskedLaterQuerySet(models.QuerySet[Any]):
    def due(self, now: datetime) -> Self:
        return self.filter(told_at=None, due_at__lte=now).order_by("due_at", "pk")


class AskedLater(models.Model):
    """Somebody asked to hear from us once more, that long (`after`) after a presentation."""

    after: ClassVar[timedelta]

    due_at = models.DateTimeField(_("due"))
    told_at = models.DateTimeField(_("told"), null=True, blank=True)

    objects = AskedLaterQuerySet.as_manager()

    class Meta:
        abstract = True

    @classmethod
    def due_after(cls, end: datetime) -> datetime:
        return end + cls.after


class ConfidenceLater(AskedLater):
    """Somebody who was there asked to be asked once more, three months on. No answer is known to be theirs.

    The address is forgotten as soon as the mail is sent. While the link in it works, the rest of the row says whether it was
    used. `language`: that of the page on which they asked, for readers without an account; empty if they had chosen none.
    """

    after = THREE_MONTHS

    afterwards = models.ForeignKey(
        Afterwards, verbose_name=_("of which"), on_delete=models.CASCADE, related_name="+", db_index=False
    )
    address = personal(models.EmailField(_("address"), blank=True))  # lower case
    language = models.CharField(_("language"), max_length=5, choices=Language, blank=True, default="", db_default="")
    answered = models.BooleanField(_("answered"), default=False)

    class Meta:
        verbose_name = _("question three months on")
        verbose_name_plural = _("questions three months on")
        constraints = [
            models.UniqueConstraint(fields=["afterwards", "address"], condition=~Q(address=""), name="confidencelater_once"),
            models.CheckConstraint(
                condition=Q(~Q(address=""), told_at__isnull=True, answered=False) | Q(address="", told_at__isnull=False),
                name="confidencelater_forgets_the_address",
            ),
            models.CheckConstraint(condition=Q(address=models.functions.Lower("address")), name="confidencelater_in_lower_case"),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="confidencelater_due", condition=Q(told_at__isnull=True)),
            models.Index(fields=["afterwards"], name="confidencelater_of_one"),
            models.Index(fields=["address"], name="confidencelater_of_an_address", condition=~Q(address="")),
        ]

    def __str__(self) -> str:
        return str(self.afterwards)

    def is_open(self, now: datetime) -> bool:
        """Whether the link in the mail still takes an answer."""
        return self.told_at is not None and not self.answered and now < self.told_at + THREE_MONTHS_LINK_LIFETIME


class ThreeMonthsOn(models.Model):
    """How confident somebody still was three months on. Nobody knows who; we keep only the day."""

    afterwards = models.ForeignKey(
        Afterwards, verbose_name=_("of which"), on_delete=models.CASCADE, related_name="three_months_on"
    )
    confidence = models.PositiveSmallIntegerField(CONFIDENCE_QUESTIONS["confidence_now"], choices=Confidence)
    received_on = models.DateField(_("received"))

    class Meta:
        verbose_name = _("answer three months on")
        verbose_name_plural = _("answers three months on")
        constraints = [models.CheckConstraint(condition=Q(confidence__range=(1, 5)), name="threemonthson_from_1_to_5")]

    def __str__(self) -> str:
        return str(self.afterwards)


class YearLater(AskedLater):
    """A professional asked for one reminder, a year after a booking or place of theirs. If they withdraw it, the row goes."""

    after = timedelta(days=365)

    booking = models.OneToOneField(
        Booking, verbose_name=_("booking"), null=True, blank=True, on_delete=models.CASCADE, related_name="yearlater"
    )
    personal(booking)
    place = models.OneToOneField(
        SessionPlace, verbose_name=_("place"), null=True, blank=True, on_delete=models.CASCADE, related_name="yearlater"
    )
    personal(place)
    wished_at = models.DateTimeField(_("wished"))

    class Meta:
        verbose_name = _("reminder a year later")
        verbose_name_plural = _("reminders a year later")
        constraints = [
            models.CheckConstraint(
                condition=Q(booking__isnull=False, place__isnull=True) | Q(booking__isnull=True, place__isnull=False),
                name="yearlater_of_one",
            )
        ]
        indexes = [models.Index(fields=["due_at", "id"], name="yearlater_due", condition=Q(told_at__isnull=True))]

    def __str__(self) -> str:
        return str(self.booking or self.place)


class Attendance(OfOnePresentation, RecordedBy):
    """How many people came, as the presenter counted them. `revision` counts how often it was put right.

    At the end of a transaction, the database refuses a total that is not the sum of its counts.
    """

    people = models.PositiveSmallIntegerField(_("people who came"))
    recorded_at = models.DateTimeField(_("recorded"))
    changed_at = models.DateTimeField(_("last changed"))
    revision = models.PositiveIntegerField(_("times put right"), default=0)

    class Meta(OfOnePresentation.Meta):
        verbose_name = _("attendance")
        verbose_name_plural = _("attendances")
        constraints = [
            *OfOnePresentation.Meta.constraints,
            models.CheckConstraint(condition=Q(people__gte=1, people__lte=MAX_PEOPLE), name="attendance_of_somebody"),
            models.CheckConstraint(condition=Q(changed_at__gte=F("recorded_at")), name="attendance_recorded_before_changed"),
        ]


class AttendanceCount(models.Model):
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

"""After a presentation: its short link, what people answered, who came, and the questions of later on (ADR 15)."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import Booking, BookingState
from bookings.models.feedback_questions import CONFIDENCE_QUESTIONS, Confidence, agreement_field, confidence_field
from bookings.models.open_session import OpenSession, SessionPlace, SessionState
from core.models import RecordedBy, free_text, impersonal, personal, user_foreign_key
from office.site_settings.models import MAX_PEOPLE
from office.site_settings.queries import site_settings
from professionals.models import Language, Profession

FEEDBACK_OPENS_BEFORE_END = timedelta(minutes=30)  # presenters finish early
CERTIFICATE_LIFETIME = HOST_LINK_LIFETIME = timedelta(days=365)
THREE_MONTHS_PERIOD = timedelta(days=91)  # after the presentation: people who asked for it are asked again how confident they are
THREE_MONTHS_LINK_LIFETIME = timedelta(days=60)

BookingOrSession = Booking | OpenSession  # what a presenter gives
TAKES_PLACE_STATES = frozenset({BookingState.CONFIRMED, BookingState.DELIVERED, SessionState.SCHEDULED, SessionState.DELIVERED})


class FollowUpTarget(models.Model):
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


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    def with_booking_or_session(self) -> "FollowUpQuerySet":
        return self.select_related("booking__presentation", "booking__person", "session__presentation")


class FollowUp(FollowUpTarget):
    """The short link of one presentation, made when somebody first needs it. `code` is what people type."""

    booking = models.OneToOneField(
        Booking, verbose_name=_("booking"), null=True, blank=True, on_delete=models.CASCADE, related_name="follow_up"
    )
    session = models.OneToOneField(
        OpenSession, verbose_name=_("open session"), null=True, blank=True, on_delete=models.CASCADE, related_name="follow_up"
    )
    code = impersonal(models.CharField(_("code"), max_length=6, unique=True))
    created_at = models.DateTimeField(_("made"))
    accepts_unlimited = models.BooleanField(_("answers are taken from any number of people"), default=False, db_default=False)

    objects = FollowUpQuerySet.as_manager()

    class Meta(FollowUpTarget.Meta):
        ordering = ["-pk"]
        verbose_name = _("what people said")
        verbose_name_plural = _("what people said")
        permissions = [("export_feedback", _("Can export what people said"))]
        constraints = [
            *FollowUpTarget.Meta.constraints,
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

    follow_up = models.ForeignKey(
        FollowUp, verbose_name=_("of which"), on_delete=models.CASCADE, related_name="answers", db_index=False
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
            models.UniqueConstraint(fields=["follow_up"], condition=Q(by_host=True), name="feedback_of_a_host_once"),
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
        indexes = [models.Index(fields=["follow_up", "-id"], name="feedback_of_a_presentation")]

    def __str__(self) -> str:
        return str(self.follow_up)


class AskedLaterQuerySet(models.QuerySet[Any]):
    def due(self, now: datetime) -> Self:
        return self.filter(told_at=None, due_at__lte=now).order_by("due_at", "pk")


class ScheduledQuestion(models.Model):
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


class ConfidenceFollowUp(ScheduledQuestion):
    """Somebody who was there asked to be asked once more, three months on. No answer is known to be theirs.

    The address is forgotten as soon as the mail is sent. While the link in it works, the rest of the row says whether it was
    used. `language`: that of the page on which they asked, for readers without an account; empty if they had chosen none.
    """

    after = THREE_MONTHS_PERIOD

    follow_up = models.ForeignKey(
        FollowUp, verbose_name=_("of which"), on_delete=models.CASCADE, related_name="+", db_index=False
    )
    address = personal(models.EmailField(_("address"), blank=True))  # lower case
    language = models.CharField(_("language"), max_length=5, choices=Language, blank=True, default="", db_default="")
    answered = models.BooleanField(_("answered"), default=False)

    class Meta:
        verbose_name = _("question three months on")
        verbose_name_plural = _("questions three months on")
        constraints = [
            models.UniqueConstraint(fields=["follow_up", "address"], condition=~Q(address=""), name="confidencelater_once"),
            models.CheckConstraint(
                condition=Q(~Q(address=""), told_at__isnull=True, answered=False) | Q(address="", told_at__isnull=False),
                name="confidencelater_forgets_the_address",
            ),
            models.CheckConstraint(condition=Q(address=models.functions.Lower("address")), name="confidencelater_in_lower_case"),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="confidencelater_due", condition=Q(told_at__isnull=True)),
            models.Index(fields=["follow_up"], name="confidencelater_of_one"),
            models.Index(fields=["address"], name="confidencelater_of_an_address", condition=~Q(address="")),
        ]

    def __str__(self) -> str:
        return str(self.follow_up)

    def is_open(self, now: datetime) -> bool:
        """Whether the link in the mail still takes an answer."""
        return self.told_at is not None and not self.answered and now < self.told_at + THREE_MONTHS_LINK_LIFETIME


class ThreeMonthsOn(models.Model):
    """How confident somebody still was three months on. Nobody knows who; we keep only the day."""

    follow_up = models.ForeignKey(FollowUp, verbose_name=_("of which"), on_delete=models.CASCADE, related_name="three_months_on")
    confidence = models.PositiveSmallIntegerField(CONFIDENCE_QUESTIONS["confidence_now"], choices=Confidence)
    received_on = models.DateField(_("received"))

    class Meta:
        verbose_name = _("answer three months on")
        verbose_name_plural = _("answers three months on")
        constraints = [models.CheckConstraint(condition=Q(confidence__range=(1, 5)), name="threemonthson_from_1_to_5")]

    def __str__(self) -> str:
        return str(self.follow_up)


class AnniversaryPrompt(ScheduledQuestion):
    """A professional asked for one reminder, a year after a booking or place of theirs. If they withdraw it, the row goes."""

    after = timedelta(days=365)

    booking = models.OneToOneField(
        Booking, verbose_name=_("booking"), null=True, blank=True, on_delete=models.CASCADE, related_name="anniversary_prompt"
    )
    personal(booking)
    place = models.OneToOneField(
        SessionPlace, verbose_name=_("place"), null=True, blank=True, on_delete=models.CASCADE, related_name="anniversary_prompt"
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


class Attendance(FollowUpTarget, RecordedBy):
    """How many people came, as the presenter counted them. `revision` counts how often it was put right.

    At the end of a transaction, the database refuses a total that is not the sum of its counts.
    """

    people = models.PositiveSmallIntegerField(_("people who came"))
    recorded_at = models.DateTimeField(_("recorded"))
    changed_at = models.DateTimeField(_("last changed"))
    revision = models.PositiveIntegerField(_("times put right"), default=0)

    class Meta(FollowUpTarget.Meta):
        verbose_name = _("attendance")
        verbose_name_plural = _("attendances")
        constraints = [
            *FollowUpTarget.Meta.constraints,
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

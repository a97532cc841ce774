"""After a presentation: its short link, attendance, feedback, and the reminder a year later."""

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from bookings import rules
from bookings.models.booking import Booking, State
from bookings.models.open_session import OpenSession, SessionPlace, SessionState
from ctac.models import RecordedBy, free_text, impersonal, personal
from professionals.models import Profession

Given = Booking | OpenSession  # what a presenter gives
TAKES_PLACE = frozenset({State.CONFIRMED, State.DELIVERED, SessionState.SCHEDULED, SessionState.DELIVERED})


class OfOnePresentation(models.Model):
    """Belongs to one booking or to one open session, and each has one at most."""

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
    def given(self) -> Given:
        given = self.booking or self.session
        assert given is not None  # noqa: S101 - the database keeps it
        return given


def belongs_to(given: Given) -> dict[str, Any]:
    """The column that points to it: for a new row, or to find one."""
    return {"booking" if isinstance(given, Booking) else "session": given}


class AfterwardsQuerySet(models.QuerySet["Afterwards"]):
    def with_given(self) -> "AfterwardsQuerySet":
        return self.select_related("booking__presentation", "booking__person", "session__presentation")


class Afterwards(OfOnePresentation):
    """The short link of one presentation, made when somebody first needs it. `code` is what people type."""

    code = impersonal(models.CharField(_("code"), max_length=6, unique=True))
    created_at = models.DateTimeField(_("made"))

    objects = AfterwardsQuerySet.as_manager()

    class Meta(OfOnePresentation.Meta):
        ordering = ["-pk"]
        verbose_name = _("what people said")
        verbose_name_plural = _("what people said")
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
        """Not cancelled, declined or without a time."""
        return self.given.state in TAKES_PLACE

    @property
    def opens_at(self) -> datetime:
        """A little before the end: presenters finish early, and people answer in the room."""
        start, end = self.given.agreed
        return max(start, end - rules.FEEDBACK_OPENS_BEFORE_END)

    @property
    def closes_at(self) -> datetime:
        return self.given.agreed[1] + rules.FEEDBACK_PERIOD

    def is_open(self, now: datetime) -> bool:
        return self.takes_place and self.opens_at <= now < self.closes_at

    def may_certify(self, now: datetime) -> bool:
        return self.takes_place and self.opens_at <= now < self.given.agreed[1] + rules.CERTIFICATE_LIFETIME


class Agreement(models.IntegerChoices):
    """How far somebody agrees with a sentence. The figure counts for averages."""

    STRONGLY_AGREE = 5, _("I agree strongly")
    AGREE = 4, _("I agree")
    NEITHER = 3, _("I am not sure")
    DISAGREE = 2, _("I disagree")
    STRONGLY_DISAGREE = 1, _("I disagree strongly")


STATEMENTS = {
    "useful": _("The presentation was useful for my work."),
    "clear": _("I understood it well."),
    "ready": _("I know what to do now if I am worried about a child."),
    "arranging": _("It was easy to arrange."),  # asked of the host alone
}
SHARED_STATEMENTS = ("useful", "clear", "ready")


def agreement(name: str, **more: Any) -> models.PositiveSmallIntegerField:
    return models.PositiveSmallIntegerField(STATEMENTS[name], choices=Agreement, **more)


class Feedback(models.Model):
    """One person's answers. Nobody knows whose they are, but for the host, who has one; of the others only the day is kept."""

    afterwards = models.ForeignKey(
        Afterwards, verbose_name=_("of which"), on_delete=models.CASCADE, related_name="answers", db_index=False
    )
    by_host = models.BooleanField(_("by the host"), default=False)
    useful = agreement("useful")
    clear = agreement("clear")
    ready = agreement("ready")
    arranging = agreement("arranging", null=True, blank=True)
    comment = free_text(models.TextField(_("what could be better"), blank=True))
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
        ]
        indexes = [models.Index(fields=["afterwards", "-id"], name="feedback_of_a_presentation")]

    def __str__(self) -> str:
        return str(self.afterwards)


class YearLaterQuerySet(models.QuerySet["YearLater"]):
    def due(self, now: datetime) -> "YearLaterQuerySet":
        return self.filter(told_at=None, due_at__lte=now).order_by("due_at", "pk")


class YearLater(models.Model):
    """A professional asked for one reminder, a year after a booking or a place of theirs. Withdrawn, the row goes."""

    booking = models.OneToOneField(
        Booking, verbose_name=_("booking"), null=True, blank=True, on_delete=models.CASCADE, related_name="yearlater"
    )
    personal(booking)
    place = models.OneToOneField(
        SessionPlace, verbose_name=_("place"), null=True, blank=True, on_delete=models.CASCADE, related_name="yearlater"
    )
    personal(place)
    wished_at = models.DateTimeField(_("wished"))
    due_at = models.DateTimeField(_("due"))
    told_at = models.DateTimeField(_("told"), null=True, blank=True)

    objects = YearLaterQuerySet.as_manager()

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

    @staticmethod
    def due_after(end: datetime) -> datetime:
        return end + timedelta(days=365)


class Attendance(OfOnePresentation, RecordedBy):
    """How many people came, as the presenter counted them. `revision` counts how often it was put right.

    The database refuses a total that its counts don't come to, at the end of a transaction.
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
            models.CheckConstraint(
                condition=Q(people__gte=1, people__lte=rules.MAX_SESSION_CAPACITY), name="attendance_of_somebody"
            ),
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

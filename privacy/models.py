"""Complaints about how we handle data (DPA 2018 s.164A), and breaches of it (UK GDPR articles 33 and 34); ADR 24."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple, Self, TypeVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.dates import uk_day
from core.models import Event, RecordedBy, ReferencedModel, UnnamedModel, free_text, impersonal, personal


class Clock(NamedTuple):
    """A deadline by law: `period` after the day or moment in the field `starts`, while the field `decision` is `undecided`.

    `reads`: the time in the terms of that field, a day or a moment.
    """

    starts: str
    period: timedelta
    decision: str
    undecided: str
    reads: Callable[[datetime], Any]


ClockedT = TypeVar("ClockedT", bound="Clocked")


class ClockedQuerySet(models.QuerySet[ClockedT]):
    def running(self) -> Self:
        """Those for which nobody has done yet what the law asks for."""
        return self.filter(**{self.model.CLOCK.decision: self.model.CLOCK.undecided})

    def overdue(self, now: datetime) -> Self:
        clock = self.model.CLOCK
        return self.running().filter(**{f"{clock.starts}__lt": clock.reads(now) - clock.period})


class Clocked(ReferencedModel):
    """An entry of a log that the law gives a deadline."""

    CLOCK: ClassVar[Clock]

    class Meta:
        abstract = True

    @property
    def deadline(self) -> Any:
        """The last day, or the last moment."""
        return getattr(self, self.CLOCK.starts) + self.CLOCK.period

    @property
    def is_clock_running(self) -> bool:
        return bool(getattr(self, self.CLOCK.decision) == self.CLOCK.undecided)

    def is_overdue(self, now: datetime) -> bool:
        return self.is_clock_running and self.deadline < self.CLOCK.reads(now)


class ComplaintChannel(models.TextChoices):
    WEB = "web", _("Our form")
    PHONE = "phone", _("Phone")
    LETTER = "letter", _("Letter")
    EMAIL = "email", _("Email")
    OTHER = "other", _("Another way")


class ContactMethod(models.TextChoices):
    """How somebody was told: by an email from this site, or by a colleague who noted it here."""

    EMAIL = "email", _("By email, sent from here")
    PHONE = "phone", _("By phone")
    LETTER = "letter", _("By letter")
    OTHER = "other", _("Another way")


class ComplaintState(models.TextChoices):
    RECEIVED = "received", _("Not acknowledged")
    ACKNOWLEDGED = "acknowledged", _("Looking into it")
    ANSWERED = "answered", _("Outcome told")
    CLOSED = "closed", _("Closed")


class ComplaintQuerySet(ClockedQuerySet["Complaint"]):
    def to_answer(self) -> Self:
        return self.filter(state=ComplaintState.ACKNOWLEDGED)

    def open(self) -> Self:
        return self.exclude(state=ComplaintState.CLOSED)

    def closed(self) -> Self:
        return self.filter(state=ComplaintState.CLOSED)


class Complaint(Clocked):
    """A complaint. Only services write it. Days are UK days.

    `person`: who was signed in, or for one entered by a colleague, the person with this address. `goes_when_closed`: the person
    was erased while it was open or our answer had not gone, so it loses its words after that. `anonymised_at`: since then it only
    says what came when, and what was done.
    """

    REFERENCE_PREFIX = "DP"
    # To acknowledge it: DPA 2018 s.164A(3). The day of receipt doesn't count (s.205(2), Regulation 1182/71 art. 3). A deadline at
    # a weekend may move to the next working day; we leave that out, so that ours is never the later one.
    CLOCK = Clock("received_on", timedelta(days=30), "state", ComplaintState.RECEIVED, uk_day)

    person = models.ForeignKey(
        "professionals.Person",
        verbose_name=_("person"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="complaints",
    )
    personal(person)
    name = personal(models.CharField(_("name"), max_length=150))
    email = personal(models.EmailField(_("email address"), blank=True))
    phone = personal(models.CharField(_("phone"), max_length=30, blank=True))
    description = free_text(models.TextField(_("what went wrong"), blank=True))
    wanted = free_text(models.TextField(_("what they would like us to do"), blank=True))
    channel = models.CharField(_("came by"), max_length=10, choices=ComplaintChannel)
    received_on = models.DateField(_("received"))
    state = models.CharField(_("state"), max_length=12, choices=ComplaintState, default=ComplaintState.RECEIVED)
    acknowledged_on = models.DateField(_("acknowledged"), null=True, blank=True)
    answered_on = models.DateField(_("outcome told"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    submission_token = impersonal(models.CharField(max_length=64, null=True, blank=True, unique=True, editable=False))
    goes_when_closed = models.BooleanField(default=False, editable=False)
    anonymised_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("entered"))

    objects = ComplaintQuerySet.as_manager()

    class Meta:
        ordering = ["received_on", "pk"]
        verbose_name = _("complaint")
        verbose_name_plural = _("complaints about data")
        constraints = [
            models.CheckConstraint(
                condition=Q(state="received", acknowledged_on=None)
                | Q(state="closed")
                | Q(state__in=["acknowledged", "answered"], acknowledged_on__isnull=False),
                name="complaint_state_has_its_day",
            ),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) | (~Q(state="closed") & Q(closed_at=None)),
                name="complaint_closed_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "received_on", "id"], name="complaint_due"),
            models.Index(fields=["channel", "received_on", "id"], name="complaint_came"),
            models.Index(fields=["-received_on", "-id"], name="complaint_newest"),
            models.Index(fields=["closed_at"], name="complaint_with_words", condition=Q(anonymised_at__isnull=True)),
        ]

    @property
    def is_open(self) -> bool:
        return self.state != ComplaintState.CLOSED


class ComplaintEventKind(models.TextChoices):
    RECEIVED = "received", _("Received")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    NOTED = "noted", _("Note for colleagues")
    PROGRESS = "progress", _("Told how it is going")
    ANSWERED = "answered", _("Told the outcome")
    CLOSED = "closed", _("Closed")


class ComplaintEvent(Event):
    """One step. Only the text and who it was can be blanked. `on`: the UK day on which it happened.

    `at` is when it was written here; a letter that went on Monday may be noted on Tuesday.
    """

    complaint = models.ForeignKey(Complaint, verbose_name=_("complaint"), on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(_("what"), max_length=12, choices=ComplaintEventKind)
    told = models.CharField(_("how"), max_length=10, choices=ContactMethod, blank=True, default="")
    on = models.DateField(_("day"))
    text = free_text(models.TextField(_("words"), blank=True, default=""))

    class Meta(Event.Meta):
        verbose_name = _("event of a complaint")
        verbose_name_plural = _("events of complaints")


class BreachDecision(models.TextChoices):
    OPEN = "", _("Not decided")
    TOLD = "told", _("Told")
    NEED_NOT = "need-not", _("Need not be told")


class BreachQuerySet(ClockedQuerySet["Breach"]):
    def people_to_decide(self) -> Self:
        return self.filter(people=BreachDecision.OPEN)


class Breach(Clocked):
    """A breach, with what was known when it was entered.

    Only services write it. The database allows no deletion, and no change except of the decisions made later. What is learnt
    later, even a correction, is an event. `commissioner` and `people`: whether the Information Commissioner and the people
    concerned were told, or need not be.
    """

    REFERENCE_PREFIX = "DB"
    # To decide whether to tell the Commissioner: article 33(1), from when we became aware; hours at a weekend count too.
    CLOCK = Clock("aware_at", timedelta(hours=72), "commissioner", BreachDecision.OPEN, lambda now: now)

    what = free_text(models.TextField(_("what happened")))
    happened = free_text(models.CharField(_("when it happened"), max_length=200))
    aware_at = models.DateTimeField(_("when we became aware"))
    concerns = free_text(models.TextField(_("whose data, and which data")))
    effects = free_text(models.TextField(_("what harm it may do")))
    measures = free_text(models.TextField(_("what was done")))
    commissioner = models.CharField(
        _("Information Commissioner"), max_length=10, choices=BreachDecision, blank=True, default=BreachDecision.OPEN
    )
    commissioner_told_at = models.DateTimeField(_("Information Commissioner told"), null=True, blank=True)
    commissioner_reference = impersonal(models.CharField(_("their reference"), max_length=60, blank=True, default=""))
    people = models.CharField(
        _("people concerned"), max_length=10, choices=BreachDecision, blank=True, default=BreachDecision.OPEN
    )
    created_at = models.DateTimeField(_("entered"))

    objects = BreachQuerySet.as_manager()

    class Meta:
        ordering = ["-aware_at", "-pk"]
        verbose_name = _("breach")
        verbose_name_plural = _("breaches of data")
        constraints = [
            models.CheckConstraint(
                condition=Q(commissioner="told", commissioner_told_at__isnull=False)
                | (~Q(commissioner="told") & Q(commissioner_told_at=None)),
                name="breach_told_has_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["commissioner", "aware_at", "id"], name="breach_due"),
            models.Index(fields=["people", "-aware_at", "-id"], name="breach_people"),
            models.Index(fields=["-aware_at", "-id"], name="breach_newest"),
        ]

    @property
    def can_tell_commissioner(self) -> bool:
        """Whether they can still be told: also after we decided that they need not be."""
        return self.commissioner != BreachDecision.TOLD

    @property
    def can_tell_people(self) -> bool:
        return self.people != BreachDecision.TOLD

    @property
    def needs_people_decision(self) -> bool:
        return self.people == BreachDecision.OPEN


class BreachEventKind(models.TextChoices):
    ENTERED = "entered", _("Entered")
    LEARNT = "learnt", _("Added or corrected later")
    COMMISSIONER_TOLD = "commissioner", _("Information Commissioner told")
    COMMISSIONER_NEED_NOT = "no-commissioner", _("Information Commissioner need not be told")
    PEOPLE_TOLD = "people", _("People told")
    PEOPLE_NEED_NOT = "no-people", _("People need not be told")


class BreachEvent(Event):
    """One step. Only its author can be blanked. `at` is when it happened, `written_at` when it was written here."""

    breach = models.ForeignKey(Breach, verbose_name=_("breach"), on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(_("what"), max_length=16, choices=BreachEventKind)
    text = free_text(models.TextField(_("words"), blank=True, default=""))
    written_at = models.DateTimeField(_("written"))

    class Meta:
        ordering = ["written_at", "pk"]
        verbose_name = _("event of a breach")
        verbose_name_plural = _("events of breaches")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.written_at:%Y-%m-%d %H:%M} UTC"


class DataActionKind(models.TextChoices):
    GIVEN = "given", _("A copy was given")
    ERASED = "erased", _("Erased")


class DataActionReason(models.TextChoices):
    OWN = "own", _("They did it themselves")
    ASKED = "asked", _("They asked us")
    OVER = "over", _("Kept long enough")
    RESTORED = "restored", _("Again, after a restore")


class DataAction(RecordedBy):
    """A copy that was given of all that we hold about somebody, or the erasure of it. `by` is empty if they did it themselves."""

    person = models.ForeignKey(
        "professionals.Person", verbose_name=_("person"), on_delete=models.CASCADE, related_name="data_actions"
    )
    personal(person)
    done = models.CharField(_("what was done"), max_length=10, choices=DataActionKind)
    reason = models.CharField(_("why"), max_length=10, choices=DataActionReason)
    at = models.DateTimeField(_("when"))
    written_at = models.DateTimeField(_("written to the file of erasures"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("erasure or copy")
        verbose_name_plural = _("erasures and copies")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="data_action_newest"),
            models.Index(
                fields=["id"], name="data_action_to_write", condition=Q(done=DataActionKind.ERASED, written_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_done_display()} {self.pk}"


class RetentionRun(UnnamedModel, RecordedBy):
    """One run. `done` counts records by the names of the rules; `left` is how many could not be done.

    No `ended_at`: it was cut off.
    """

    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    done = impersonal(models.JSONField(_("what was done"), default=dict))
    left = models.PositiveIntegerField(_("left for another night"), default=0)

    class Meta:
        verbose_name = _("run of the retention rules")
        verbose_name_plural = _("retention")
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["-started_at", "-id"], name="retention_run_newest")]

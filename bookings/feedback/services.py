"""What comes after a presentation: its short link, how many came, what people said, a reminder a year later."""

import re
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _, ngettext

from accounts.models import User
from bookings.feedback.queries import quotable_answers
from bookings.models import (
    AnniversaryPrompt,
    Attendance,
    AttendanceCount,
    Booking,
    BookingEventKind,
    BookingOrSession,
    BookingState,
    ConfidenceFollowUp,
    Feedback,
    FollowUp,
    OpenSession,
    SessionPlace,
    ThreeMonthsOn,
    booking_or_session_lookup,
)
from bookings.models.feedback import TAKES_PLACE_STATES, THREE_MONTHS_LINK_LIFETIME
from core.dates import format_day, format_uk_time, uk_day
from core.errors import DomainError
from core.models import REFERENCE_ALPHABET
from notifications.outbox import NewMessage, notify_many
from office.site_settings.queries import site_settings
from professionals.safeguarding.services import notify_lead_if_flagged

# Answers to one presentation, besides its host's: as many as people were expected or came, and this many more.
EXTRA_FEEDBACK_SHARE = 4  # a quarter
MIN_EXTRA_FEEDBACK = 5
PRESENTER_ATTENDANCE_PERIOD = timedelta(days=14)  # after the end; colleagues can put it right at any time

# The short link of a presentation: made once, and found again by what somebody typed.

CODE_LENGTH = 6  # 25**6: about 244 million, of which a few thousand are anybody's
NON_CODE_CHARACTERS_PATTERN = re.compile(r"[^0-9A-Z]")


@transaction.atomic
def get_or_create_follow_up(*, given: BookingOrSession, now: datetime) -> FollowUp:
    """The short link of this booking or session. It is the same one for all callers, even if many ask at once."""
    follow_up = FollowUp.objects.filter(**booking_or_session_lookup(given)).first()
    while follow_up is None:
        # Does nothing if it has one by now, or if the code is taken.
        FollowUp.objects.bulk_create(
            [
                FollowUp(
                    **booking_or_session_lookup(given),
                    code="".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(CODE_LENGTH)),
                    created_at=now,
                )
            ],
            ignore_conflicts=True,
        )
        follow_up = FollowUp.objects.filter(**booking_or_session_lookup(given)).first()
    for name, value in booking_or_session_lookup(given).items():
        setattr(follow_up, name, value)  # known already
    return follow_up


def tidy_code(typed: str) -> str:
    """' 7q4-m2f' → '7Q4M2F'."""
    return NON_CODE_CHARACTERS_PATTERN.sub("", typed.upper())


def find_by_code(typed: str) -> FollowUp | None:
    """The short link with this code, if its presentation takes place; None for every other code, for whatever reason.

    One statement, or none for what can't be a code.
    """
    code = tidy_code(typed)
    if len(code) != CODE_LENGTH or not set(code) <= set(REFERENCE_ALPHABET):
        return None
    follow_up = FollowUp.objects.with_booking_or_session().filter(code=code).first()
    return follow_up if follow_up is not None and follow_up.takes_place else None


# Attendance: recorded by the presenter or a colleague, and corrected later. It marks the presentation as delivered.


@dataclass(frozen=True)
class AttendanceSource:
    """Functions of bookings and open sessions that recording needs. They register themselves: this module can't import them."""

    lock: Callable[[Any, datetime], Any]
    record: Callable[..., None]  # an event of a kind that both have
    mark_delivered: Callable[..., object]
    # The expected professions, the likeliest first.
    professions: Callable[[Any], Sequence[str]]


ATTENDANCE_SOURCES: dict[type[BookingOrSession], AttendanceSource] = {}


class AttendanceChanged(DomainError):
    """Somebody else has recorded other numbers since the page was opened."""

    def __init__(self, stands: Attendance) -> None:
        self.stands = stands
        sentence = ngettext(
            "Somebody has just recorded that %(n)d person came. Check your numbers, then press the button again.",
            "Somebody has just recorded that %(n)d people came. Check your numbers, then press the button again.",
            stands.people,
        )
        super().__init__(sentence % {"n": stands.people})


@transaction.atomic
def record_attendance(
    *,
    given: BookingOrSession,
    counts: Mapping[str, int],
    by: User,
    now: datetime,
    expected: int | None = None,
    by_presenter: bool = False,
) -> Attendance:
    """Record how many of each profession came. If it is over and staff could mark it as delivered, this marks it too.

    `expected` is the revision that the page showed, None for none yet. The same numbers again change nothing. Raises
    AttendanceChanged.
    """
    source = ATTENDANCE_SOURCES[type(given)]
    locked: BookingOrSession = source.lock(given, now)
    refuse_unless_may_record(locked, now, by_presenter=by_presenter)
    stands = Attendance.objects.filter(**booking_or_session_lookup(locked)).first()
    counted = {profession: people for profession, people in counts.items() if people}
    if stands is None or attendance_counts(stands) != counted:
        if stands is not None and stands.revision != expected:
            raise AttendanceChanged(stands)
        before = stands.people if stands else None
        attendance = stands or Attendance(**booking_or_session_lookup(locked), recorded_at=now, revision=-1)
        attendance.people, attendance.by, attendance.changed_at = sum(counted.values()), by, now
        attendance.revision += 1
        attendance.save()
        attendance.counts.all().delete()
        rows = [AttendanceCount(attendance=attendance, profession=name, people=people) for name, people in counted.items()]
        AttendanceCount.objects.bulk_create(rows)
        stands = attendance
        source.record(locked, BookingEventKind.ATTENDANCE, by=by, now=now, changes={"people": [before, stands.people]})
    if can_be_marked_delivered(locked, now):
        source.mark_delivered(locked, by=by, now=now)
    return stands


def can_be_marked_delivered(given: BookingOrSession, now: datetime) -> bool:
    """By the rules for staff: it is over, it has a presenter, and no visitor is overdue."""
    if not given.can_become(BookingState.DELIVERED) or given.needs_a_presenter or given.agreed_times[1] > now:
        return False
    return not (isinstance(given, Booking) and given.find_overdue(now) is not None)


@transaction.atomic
def mark_counted_delivered(*, attendance: Attendance, now: datetime) -> None:
    """Mark as delivered what was counted before it was over, once it is over, in the name of the person who counted."""
    source = ATTENDANCE_SOURCES[type(attendance.given)]
    locked: BookingOrSession = source.lock(attendance.given, now)
    if can_be_marked_delivered(locked, now):
        source.mark_delivered(locked, by=attendance.by, now=now)


def attendances_to_deliver(now: datetime) -> QuerySet[Attendance]:
    """Attendance of presentations that are over, have a presenter, and are neither marked as delivered nor cancelled."""
    bookings = Booking.objects.to_mark_as_delivered(now).filter(presenter__isnull=False)
    sessions = OpenSession.objects.to_mark_as_delivered(now).filter(presenter__isnull=False)
    counted = Attendance.objects.select_related("booking", "session", "by").order_by("pk")
    return counted.filter(Q(booking__in=bookings) | Q(session__in=sessions))


def refuse_unless_may_record(given: BookingOrSession, now: datetime, *, by_presenter: bool) -> None:
    if given.state not in TAKES_PLACE_STATES or given.starts_at is None:
        raise DomainError(_("This presentation did not take place, so nobody can have come."))
    start, end = given.agreed_times
    if now < start:
        too_early = _("You can record who came once the presentation has started, at %(clock)s on %(day)s.")
        raise DomainError(too_early % {"clock": format_uk_time(start), "day": format_day(start)})
    if by_presenter and now > end + PRESENTER_ATTENDANCE_PERIOD:
        raise DomainError(_("That was some time ago. Tell the team. They can still correct the numbers."))


def may_record_attendance(given: BookingOrSession, now: datetime, *, by_presenter: bool = False) -> bool:
    try:
        refuse_unless_may_record(given, now, by_presenter=by_presenter)
    except DomainError:
        return False
    return True


def attendance_counts(attendance: Attendance | None) -> dict[str, int]:
    """How many of each profession came, the most first."""
    return {row.profession: row.people for row in attendance.counts.all()} if attendance else {}


# Answers of the host and of people who came: stored once, with the day alone and nobody's name.


ANSWERED_ONCE_CONSTRAINTS = {"bookings_feedback_token_key", "feedback_of_a_host_once"}


class FeedbackClosed(DomainError):
    message = _("We no longer take feedback about this presentation. Thank you for wanting to give it.")


class FeedbackFull(DomainError):
    def __init__(self) -> None:
        sentence = _(
            "We have feedback from everybody we expected. Were you there too? Tell us on %(phone)s or at %(email)s, and we will "
            "take yours as well."
        )
        super().__init__(sentence % {"phone": site_settings().advice_phone, "email": site_settings().advice_email})


def has_all_feedback(follow_up: FollowUp) -> bool:
    """Whether as many people have answered as were expected (or as came, if those are more), and some more.

    The host's own answer is not counted. Two statements.
    """
    if follow_up.accepts_unlimited:
        return False
    given = follow_up.given
    came = Attendance.objects.filter(**booking_or_session_lookup(given)).values_list("people", flat=True).first() or 0
    people = max(came, given.audience_size if isinstance(given, Booking) else given.occupied)
    most = people + max(MIN_EXTRA_FEEDBACK, people // EXTRA_FEEDBACK_SHARE)
    return Feedback.objects.filter(follow_up=follow_up, by_host=False).count() >= most


def may_take_more_feedback(given: BookingOrSession, now: datetime) -> bool:
    follow_up: FollowUp | None = getattr(given, "follow_up", None)
    return follow_up is not None and follow_up.is_open(now) and not follow_up.accepts_unlimited


@transaction.atomic
def take_more_feedback(given: BookingOrSession, *, reason: str, by: User, now: datetime) -> None:
    """Take answers from now on, however many people have answered. Raises FeedbackClosed."""
    source = ATTENDANCE_SOURCES[type(given)]
    locked = source.lock(given, now)
    if not may_take_more_feedback(locked, now):
        raise FeedbackClosed
    FollowUp.objects.filter(**booking_or_session_lookup(locked)).update(accepts_unlimited=True)
    source.record(locked, BookingEventKind.MORE_FEEDBACK, by=by, now=now, reason=reason)


def give_feedback(*, follow_up: FollowUp, answers: Feedback, token: str, by_host: bool, now: datetime) -> Feedback | None:
    """Store the answers. Returns None, and changes nothing, if this form was sent before or the host has answered already.

    Raises FeedbackClosed, and FeedbackFull unless it is the host.
    """
    if not follow_up.is_open(now):
        raise FeedbackClosed
    answers.follow_up, answers.by_host, answers.token, answers.received_on = follow_up, by_host, token, uk_day(now)
    if not by_host:
        answers.arranging = None
    try:
        with transaction.atomic():
            if not by_host:
                # They take turns, so that each counts those before it.
                locked = FollowUp.objects.select_for_update(no_key=True).get(pk=follow_up.pk)
                follow_up.accepts_unlimited = locked.accepts_unlimited
                if has_all_feedback(follow_up):
                    if Feedback.objects.filter(token=token).exists():
                        return None
                    raise FeedbackFull
            answers.save(force_insert=True)
            notify_lead_if_flagged(answers, "", now, flagged=answers.flagged_child_details, reference=follow_up.given.reference)
    except IntegrityError as error:
        if str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")) in ANSWERED_ONCE_CONSTRAINTS:
            return None
        raise
    return answers


# Quotes for reports: staff choose among comments whose writers let us quote them.


@transaction.atomic
def choose_quotes(follow_up: FollowUp, *, chosen: Collection[str], by: User, now: datetime) -> None:
    """Choose these answers, by their keys, and no others of this presentation. Answers that may not be quoted are left out."""
    quotable_answers(follow_up).filter(pk__in=chosen, chosen_at=None).update(chosen_at=now, chosen_by=by)
    follow_up.answers.exclude(pk__in=chosen).exclude(chosen_at=None).update(chosen_at=None, chosen_by=None)


# The question three months on, for people who ask for it: one email with a link to one question.

QUESTIONS_BATCH_SIZE = 200


@transaction.atomic
def request_three_months_on(*, follow_up: FollowUp, address: str, now: datetime, language: str = "") -> None:
    """Note the wish for one address of somebody who was there. Asking again changes nothing.

    Raises FeedbackClosed, and DomainError once as many have asked as have answered: nobody can have us write to any number of
    people.
    """
    if not follow_up.is_open(now):
        raise FeedbackClosed
    locked = FollowUp.objects.select_for_update(no_key=True).get(pk=follow_up.pk)
    asked = ConfidenceFollowUp.objects.filter(follow_up=locked)
    if asked.filter(address=address.lower()).exists():
        return
    if asked.filter(told_at=None).count() >= locked.answers.count():
        raise DomainError(_("First tell us how it was. Then we can ask you again in 3 months."))
    due_at = ConfidenceFollowUp.due_after(follow_up.given.agreed_times[1])
    ConfidenceFollowUp.objects.create(follow_up=locked, address=address.lower(), language=language, due_at=due_at)


@transaction.atomic
def send_three_months_questions(*, now: datetime) -> int:
    """Send the questions that are due, some at a time, and return how many. Afterwards we don't know whom we asked.

    Questions that can't be answered any more are deleted.
    """
    ConfidenceFollowUp.objects.filter(told_at__lte=now - THREE_MONTHS_LINK_LIFETIME).delete()
    due = list(ConfidenceFollowUp.objects.due(now).select_for_update(skip_locked=True, no_key=True)[:QUESTIONS_BATCH_SIZE])
    notify_many([NewMessage(f"confidence:{later.pk}", later.address) for later in due], kind="three-months-on", now=now)
    ConfidenceFollowUp.objects.filter(pk__in=[later.pk for later in due]).update(address="", told_at=now)
    return len(due)


@transaction.atomic
def answer_three_months_on(*, later: ConfidenceFollowUp, confidence: int, now: datetime) -> None:
    """Store the answer, once: sending it again changes nothing."""
    if later.is_open(now) and ConfidenceFollowUp.objects.filter(pk=later.pk, answered=False).update(answered=True):
        ThreeMonthsOn.objects.create(follow_up_id=later.follow_up_id, confidence=confidence, received_on=uk_day(now))


# A reminder a year later, for a professional who asks for it: one email, with a link to book again.

REMINDERS_BATCH_SIZE = 200


def year_later_lookup(of: Booking | SessionPlace) -> dict[str, object]:
    return {"booking" if isinstance(of, Booking) else "place": of}


@transaction.atomic
def request_year_later(*, of: Booking | SessionPlace, now: datetime) -> AnniversaryPrompt:
    """Note the wish, for a presentation that took place or will. Asking again changes nothing."""
    end = None
    if isinstance(of, SessionPlace) and of.has_a_place:
        end = of.session.ends_at
    elif isinstance(of, Booking) and of.has_time and of.state in (BookingState.CONFIRMED, BookingState.DELIVERED):
        end = of.agreed_times[1]
    if end is None:
        raise DomainError(_("This presentation did not take place, so there is nothing to remind you of."))
    defaults = {"wished_at": now, "due_at": AnniversaryPrompt.due_after(end)}
    reminder, _created = AnniversaryPrompt.objects.get_or_create(**year_later_lookup(of), defaults=defaults)
    return reminder


@transaction.atomic
def withdraw_year_later(*, of: Booking | SessionPlace) -> None:
    """Withdraw the wish; doing so again changes nothing. A sent reminder stays known, so that nobody gets a second one."""
    AnniversaryPrompt.objects.filter(**year_later_lookup(of), told_at=None).delete()


@transaction.atomic
def send_year_later_reminders(*, now: datetime) -> int:
    """Send the reminders whose year is over, some at a time, and return how many. Four statements, however many."""
    reminders = list(
        AnniversaryPrompt.objects.due(now)
        .select_related("booking__person", "place__person", "place__session")
        .select_for_update(of=("self",), skip_locked=True, no_key=True)[:REMINDERS_BATCH_SIZE]
    )
    about = []
    for reminder in reminders:
        if reminder.booking:
            about.append(NewMessage(f"booking:{reminder.booking.pk}", reminder.booking.person.email, reminder.booking.reference))
        elif reminder.place:
            about.append(NewMessage(f"place:{reminder.place.pk}", reminder.place.person.email, reminder.place.session.reference))
    notify_many(about, kind="year-later", now=now)
    AnniversaryPrompt.objects.filter(pk__in=[reminder.pk for reminder in reminders]).update(told_at=now)
    return len(reminders)

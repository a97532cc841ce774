"""Writes about people's data: copies, erasures, complaints and breaches."""

import errno
import fcntl
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import AccountGoneError
from audit.models import Act
from audit.services import AuditSubject, write_audit_entry
from core.dates import uk_datetime, uk_day
from core.errors import ChangedMeanwhile, DomainError
from core.models import REFERENCE_ALPHABET, normalise_reference
from notifications.outbox import LaterMessage, notify, notify_kinds
from office.site_settings.queries import site_settings
from privacy.models import (
    Breach,
    BreachDecision,
    BreachEvent,
    BreachEventKind,
    Complaint,
    ComplaintChannel,
    ComplaintEvent,
    ComplaintEventKind,
    ComplaintState,
    ContactMethod,
    DataAction,
    DataActionKind,
    DataActionReason,
)
from professionals.emails import queue_account_email
from professionals.models import Person
from professionals.safeguarding.services import notify_lead_if_flagged
from professionals.services import has_lost_mailbox

# The file of erasures is not in the database, so that people can be erased again after a restore (ADR 23). It has one line for
# each erasure, with only key and times: {"person": 12, "since": "…", "erased": "…"}. It takes both the key and the time of
# creation to identify a person: after a restore, somebody new might get the same key.

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Erasure:
    person: int
    since: datetime
    erased: datetime


@transaction.atomic
def write_erasures_to_file(now: datetime) -> int:
    """Append the erasures that are not in the file yet, and return how many.

    They are safely on the disk before the database records it. Called after each erasure, and hourly, in case the process of one
    died in between. Writing a line twice does no harm.
    """
    waiting = DataAction.objects.filter(done=DataActionKind.ERASED, written_at=None).order_by("pk")
    locked = waiting.select_for_update(of=("self",), skip_locked=True).select_related("person")
    actions = list(locked.prefetch_related("person__merged_records"))
    if actions:
        erasures = [Erasure(action.person_id, action.person.created_at, action.at) for action in actions]
        # Also the rows that were merged into them: an older backup has these separately.
        erasures += [Erasure(row.key, row.since, action.at) for action in actions for row in action.person.merged_records.all()]
        append_erasures(erasures)
        DataAction.objects.filter(pk__in=[action.pk for action in actions]).update(written_at=now)
    return len(actions)


def append_erasures(erasures: Iterable[Erasure]) -> None:
    path = Path(settings.ERASURES_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = (
        {"person": erasure.person, "since": erasure.since.isoformat(), "erased": erasure.erased.isoformat()}
        for erasure in erasures
    )
    lines = "".join(json.dumps(row) + "\n" for row in rows).encode()
    number = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        end = os.fstat(number).st_size
        if os.write(number, lines) != len(lines):  # a disk that is nearly full takes a part, which would spoil the line after it
            os.ftruncate(number, end)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(number)
    finally:
        os.close(number)


def try_write_erasures_to_file(now: datetime) -> None:
    """Write the erasure down. If the disk is full, the erasure must not seem to fail: it is written down within the hour."""
    try:
        write_erasures_to_file(now)
    except OSError as error:
        logger.error("An erasure could not be written to the file of erasures: %s", type(error).__name__)


def read_erasures(path: Path) -> Iterator[Erasure]:
    """Read the erasures in the file. Raises ValueError, which names the line that can't be read."""
    with path.open() as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line)
                yield Erasure(int(row["person"]), datetime.fromisoformat(row["since"]), datetime.fromisoformat(row["erased"]))
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"line {number} of {path} can't be read") from error


# Exports and erasures: every app registers its sources.

MAX_ERASE_ATTEMPTS = 3  # to erase, in case somebody changes the same rows


@dataclass(frozen=True)
class PrivacySource:
    """One app's part in copies and erasures.

    `export(person)` gives plain dicts and lists. `erase(person, now)` leaves figures, but no personal data. `ahead(person, now)`
    says in whole sentences what an erasure would cancel.
    """

    name: str
    export: Callable[[Person], dict[str, Any] | list[Any]]
    erase: Callable[[Person, datetime], None]
    ahead: Callable[[Person, datetime], list[str]] = field(default=lambda person, now: [])


_sources: dict[str, PrivacySource] = {}


def register_source(source: PrivacySource) -> None:
    """Add a source, in an app's AppConfig.ready(). Raises ValueError for a name that is taken."""
    if source.name in _sources and _sources[source.name] != source:
        raise ValueError(f"two privacy sources are called {source.name}")
    _sources[source.name] = source


def export_person(person: Person) -> dict[str, Any]:
    """Everything that we hold about this person, by source."""
    return {name: source.export(person) for name, source in sorted(_sources.items())}


def erasure_consequences(person: Person, now: datetime) -> list[str]:
    """What an erasure would cancel: a sentence for each sort of thing."""
    return [sentence for source in _sources.values() for sentence in source.ahead(person, now)]


@transaction.atomic
def give_data(person: Person, *, by: User, now: datetime) -> dict[str, Any]:
    """Everything that we hold about this person, for a colleague who hands it to them. Records that it was given."""
    DataAction.objects.create(person=person, done=DataActionKind.GIVEN, reason=DataActionReason.ASKED, by=by, at=now)
    return export_person(person)


class HasStaffAccount(DomainError):
    """Refuses to erase a colleague: their account may be the last that can give roles, and is the author of what they did."""

    message = _("This person has a staff account. Take “Staff” off the account first, then erase them.")


class VisitBlocksErasure(DomainError):
    """A presenter may need the person's details: an app's `erase` raises it (product.md, rule 10)."""


def erase_person(person: Person, *, by: User | None, now: datetime, reason: DataActionReason = DataActionReason.ASKED) -> str:
    """Erase this person from everything that we hold, in one transaction.

    Returns their address for a last email, or "" if they lost that mailbox or were erased before. The sources of higher apps
    erase first: they may need the address that ours takes away. Tries again if somebody changes the same rows. Raises
    HasStaffAccount, VisitBlocksErasure, AccountGoneError, and any other DomainError of an app's `erase`.
    """
    for _attempt in range(MAX_ERASE_ATTEMPTS - 1):
        try:
            return _erase_once(person, by, now, reason)
        except DomainError as refusal:
            if not refusal.passing:
                raise
    return _erase_once(person, by, now, reason)


@transaction.atomic
def _erase_once(person: Person, by: User | None, now: datetime, reason: DataActionReason) -> str:
    locked = Person.objects.select_for_update().filter(pk=person.pk).first()
    if locked is None:  # merged with another at this moment
        raise AccountGoneError
    if locked.erased_at is not None:
        return ""
    user = User.objects.select_for_update(of=("self",)).filter(person=locked).first()  # locked: nobody makes them staff
    if user is not None and user.is_staff:
        raise HasStaffAccount
    address = "" if Person.objects.filter(has_lost_mailbox(), pk=locked.pk).exists() else locked.email
    for source in reversed(list(_sources.values())):
        source.erase(locked, now)
    write_audit_entry(Act.ERASED, by=by.pk if by else None, about=AuditSubject.of(locked))
    Person.objects.filter(pk=locked.pk).update(erased_at=now)
    colleague = None if by is not None and by.pk == locked.user_id else by
    written_at = now if reason == DataActionReason.RESTORED else None  # the file has them
    DataAction.objects.create(
        person=locked, done=DataActionKind.ERASED, reason=reason, by=colleague, at=now, written_at=written_at
    )
    transaction.on_commit(partial(try_write_erasures_to_file, now), robust=True)
    return address


ACCOUNT_ERASED_TEMPLATE = "account/email/account_erased"
ERASED_NOTICE_PERIOD = timedelta(days=3)


@transaction.atomic
def erase_and_notify(person: Person, *, by: User, now: datetime, reason: DataActionReason = DataActionReason.ASKED) -> None:
    """Erase the person, and send a last email, whose row loses the address once it has gone.

    Raises the same errors as erase_person, and then does nothing.
    """
    if address := erase_person(person, by=by, now=now, reason=reason):
        with translation.override(person.language or translation.get_language()):  # staff work in English
            context = {"themselves": reason == DataActionReason.OWN}
            queue_account_email(ACCOUNT_ERASED_TEMPLATE, address, context, now=now, expires_at=now + ERASED_NOTICE_PERIOD)


# Complaints: each step is recorded; the law asks for a receipt, for progress and for the outcome.

EMAIL_BY_EVENT_KIND = {
    ComplaintEventKind.ACKNOWLEDGED: "complaint-acknowledged",
    ComplaintEventKind.PROGRESS: "complaint-progress",
    ComplaintEventKind.ANSWERED: "complaint-answered",
}


@transaction.atomic
def acknowledge_complaint(
    complaint: Complaint, *, told: ContactMethod, on: date | None, words: str, by: User, now: datetime
) -> None:
    """Tell the complainant that we have the complaint and are looking into it. Raises ChangedMeanwhile."""
    locked = lock_complaint(complaint, ComplaintState.RECEIVED)
    day = _notify_complainant(locked, ComplaintEventKind.ACKNOWLEDGED, told, on, words, by, now)
    Complaint.objects.filter(pk=locked.pk).update(state=ComplaintState.ACKNOWLEDGED, acknowledged_on=day)


@transaction.atomic
def report_complaint_progress(
    complaint: Complaint, *, told: ContactMethod, on: date | None, words: str, by: User, now: datetime
) -> None:
    """Tell the complainant how far we are. Raises ChangedMeanwhile."""
    locked = lock_complaint(complaint, ComplaintState.ACKNOWLEDGED)
    _notify_complainant(locked, ComplaintEventKind.PROGRESS, told, on, words, by, now)


@transaction.atomic
def answer_complaint(complaint: Complaint, *, told: ContactMethod, on: date | None, words: str, by: User, now: datetime) -> None:
    """Tell the complainant the outcome. Within the 30 days, that also counts as the acknowledgement. Raises ChangedMeanwhile."""
    locked = lock_complaint(complaint, ComplaintState.RECEIVED, ComplaintState.ACKNOWLEDGED)
    day = _notify_complainant(locked, ComplaintEventKind.ANSWERED, told, on, words, by, now)
    Complaint.objects.filter(pk=locked.pk).update(
        state=ComplaintState.ANSWERED, answered_on=day, acknowledged_on=locked.acknowledged_on or day
    )


@transaction.atomic
def add_complaint_note(complaint: Complaint, *, words: str, flagged: bool, by: User, now: datetime) -> None:
    """Add a note for colleagues. Even to a closed complaint, as the Commissioner may ask."""
    locked = lock_complaint(complaint, *ComplaintState)
    _add_note(locked, ComplaintEventKind.NOTED, words, flagged, by, now)


@transaction.atomic
def close_complaint(complaint: Complaint, *, words: str, flagged: bool, by: User, now: datetime) -> None:
    """Close a complaint. If nobody has told them an outcome, `words` must say why. Raises ChangedMeanwhile."""
    locked = lock_complaint(complaint, *(state for state in ComplaintState if state != ComplaintState.CLOSED))
    if locked.state != ComplaintState.ANSWERED and not words.strip():
        raise DomainError(_("Nobody has told them an outcome. Write why you are closing the complaint anyway."))
    _add_note(locked, ComplaintEventKind.CLOSED, words, flagged, by, now)
    Complaint.objects.filter(pk=locked.pk).update(state=ComplaintState.CLOSED, closed_at=now)


def lock_complaint(complaint: Complaint, *expected: ComplaintState) -> Complaint:
    locked = Complaint.objects.select_for_update().get(pk=complaint.pk)
    if locked.state not in expected or locked.anonymised_at is not None:
        raise ChangedMeanwhile
    return locked


def _notify_complainant(
    locked: Complaint, kind: ComplaintEventKind, told: ContactMethod, on: date | None, words: str, by: User, now: datetime
) -> date:
    """Record the step, and send an email if `told` says so. Returns the day: `on`, or today for an email."""
    today = uk_day(now)
    if kind != ComplaintEventKind.ACKNOWLEDGED and not words.strip():
        raise DomainError(_("Write what you want to tell them."))
    if told == ContactMethod.EMAIL:
        if not locked.email:
            raise DomainError(
                _("We have no email address for this complaint. Call or write to them, then say here how you told them and when.")
            )
        on = today
    elif on is None or not locked.received_on <= on <= today:
        raise DomainError(_("Enter the day on which you told them. It can’t be before the complaint came, or in the future."))
    event = ComplaintEvent.objects.create(complaint=locked, kind=kind, told=told, on=on, text=words.strip(), by=by, at=now)
    if told == ContactMethod.EMAIL:
        about = f"complaint:{locked.pk}:{event.pk}"
        notify(kind=EMAIL_BY_EVENT_KIND[kind], about=about, to=[locked.email], reference=locked.reference, now=now)
    return on


def _add_note(locked: Complaint, kind: ComplaintEventKind, words: str, flagged: bool, by: User, now: datetime) -> None:
    event = ComplaintEvent.objects.create(complaint=locked, kind=kind, on=uk_day(now), text=words.strip(), by=by, at=now)
    notify_lead_if_flagged(locked, f":{event.pk}", now, flagged=flagged)


REMINDER_LEAD_TIME = timedelta(days=7)  # before the last day to acknowledge it
REMINDER_TIME = time(9)
REMINDER_VALIDITY_PERIOD = timedelta(days=365)  # it stays true until somebody acknowledges the complaint


class FormAlreadySent(DomainError):
    """The form was sent before with other words."""

    def __init__(self, complaint: Complaint) -> None:
        sentence = _("We already have a complaint from this form: %(reference)s. Nothing of it was changed.")
        super().__init__(sentence % {"reference": complaint.reference})


@transaction.atomic
def enter_complaint(
    *,
    details: dict[str, str],
    channel: ComplaintChannel,
    received_on: date,
    person: Person | None,
    by: User | None,
    now: datetime,
    token: str | None = None,
    flagged: bool = False,
) -> Complaint:
    """Store a complaint, with a receipt and an email to the data protection lead. `details`: name, email, phone, wrong, wanted.

    A complaint from our form belongs to the signed-in person, or to nobody, since anybody can type any address. One that a
    colleague enters belongs to the person with its address. `token` comes from the form: the same details again return the first
    complaint. Raises FormAlreadySent for other details.
    """
    if channel != ComplaintChannel.WEB and person is None:
        person = Person.objects.with_email(details["email"]).filter(erased_at=None).first()
    complaint = Complaint(
        **details, person=person, channel=channel, received_on=received_on, submission_token=token, created_at=now
    )
    try:
        complaint.save_with_reference()
    except IntegrityError as error:
        if "submission_token" not in str(error):
            raise
        first = Complaint.objects.get(submission_token=token)
        if {name: getattr(first, name) for name in details} != details:
            raise FormAlreadySent(first) from error
        return first
    ComplaintEvent.objects.create(complaint=complaint, kind=ComplaintEventKind.RECEIVED, on=received_on, by=by, at=now)
    notify_lead_if_flagged(complaint, "", now, flagged=flagged)
    # The receipt goes at once, and is not the acknowledgement (ADR 24). The lead is reminded, if there is time for that.
    lead = site_settings().data_protection_lead_email
    remind_at = uk_datetime(complaint.deadline - REMINDER_LEAD_TIME, REMINDER_TIME)
    notify_kinds(
        {"complaint-received": [complaint.email], "staff-complaint": [lead]},
        about=f"complaint:{complaint.pk}",
        reference=complaint.reference,
        now=now,
        later=[LaterMessage("staff-complaint-due", [lead], remind_at, remind_at + REMINDER_VALIDITY_PERIOD)]
        if remind_at > now
        else [],
    )
    return complaint


# Breaches: nothing that was written is changed.


class MomentInFuture(DomainError):
    message = _("This time is in the future. Check the day and the time.")


@transaction.atomic
def enter_breach(*, facts: dict[str, Any], by: User, now: datetime, token: str) -> Breach:
    """Store a breach. `facts`: what, happened, aware_at, concerns, effects, measures; they name nobody.

    `token` comes from the form: the same facts again return the first breach. Raises MomentInFuture, and DomainError for other
    facts.
    """
    if facts["aware_at"] > now:
        raise MomentInFuture
    breach, is_new = Breach.objects.get_or_create(reference=breach_reference(token), defaults={**facts, "created_at": now})
    if is_new:
        write_breach_event(breach, BreachEventKind.ENTERED, at=now, words="", by=by, now=now)
    elif {name: getattr(breach, name) for name in facts} != facts:
        sentence = _(
            "You have already entered this as breach %(reference)s, so nothing has changed. Open that breach and add "
            "what we know now."
        )
        raise DomainError(sentence % {"reference": breach.reference})
    return breach


def breach_reference(token: str) -> str:
    """A reference as random as the token, and always the same for it. It is unique, so a form enters at most one breach."""
    number = int.from_bytes(sha256(token.encode()).digest())
    letters = "".join(
        REFERENCE_ALPHABET[number // len(REFERENCE_ALPHABET) ** place % len(REFERENCE_ALPHABET)] for place in range(6)
    )
    return normalise_reference(Breach.REFERENCE_PREFIX + letters)


@transaction.atomic
def add_to_breach(breach: Breach, *, words: str, by: User, now: datetime) -> None:
    """Add what was learnt since, or a correction."""
    locked = Breach.objects.select_for_update().get(pk=breach.pk)
    write_breach_event(locked, BreachEventKind.LEARNT, at=now, words=words, by=by, now=now)


@transaction.atomic
def record_commissioner_report(breach: Breach, *, at: datetime, reference: str, words: str, by: User, now: datetime) -> None:
    """Record that the Commissioner was told. After the 72 hours, `words` must give a reason (UK GDPR article 33(1)).

    Raises ChangedMeanwhile, MomentInFuture.
    """
    locked = lock_breach(breach, lambda locked: locked.can_tell_commissioner)
    check_told_at(locked, at, now)
    if at > locked.deadline and not words.strip():
        raise DomainError(_("The 72 hours were over by then. Write why it took longer: the law asks for a reason."))
    write_breach_event(locked, BreachEventKind.COMMISSIONER_TOLD, at=at, words=words, by=by, now=now)
    Breach.objects.filter(pk=locked.pk).update(
        commissioner=BreachDecision.TOLD, commissioner_told_at=at, commissioner_reference=reference
    )


@transaction.atomic
def record_no_commissioner_report(breach: Breach, *, words: str, by: User, now: datetime) -> None:
    """Record that the Commissioner need not be told, as harm is unlikely; `words` say why. Raises ChangedMeanwhile."""
    locked = lock_breach(breach, lambda locked: locked.is_clock_running)
    write_breach_event(locked, BreachEventKind.COMMISSIONER_NEED_NOT, at=now, words=words, by=by, now=now)
    Breach.objects.filter(pk=locked.pk).update(commissioner=BreachDecision.NEED_NOT)


@transaction.atomic
def record_people_notified(breach: Breach, *, at: datetime, words: str, by: User, now: datetime) -> None:
    """Record that the people concerned were told; `words` say how. Raises ChangedMeanwhile, MomentInFuture."""
    locked = lock_breach(breach, lambda locked: locked.can_tell_people)
    check_told_at(locked, at, now)
    write_breach_event(locked, BreachEventKind.PEOPLE_TOLD, at=at, words=words, by=by, now=now)
    Breach.objects.filter(pk=locked.pk).update(people=BreachDecision.TOLD)


@transaction.atomic
def record_people_not_notified(breach: Breach, *, words: str, by: User, now: datetime) -> None:
    """Record that the people need not be told, as the risk for them is not high (article 34); `words` say why.

    Raises ChangedMeanwhile.
    """
    locked = lock_breach(breach, lambda locked: locked.needs_people_decision)
    write_breach_event(locked, BreachEventKind.PEOPLE_NEED_NOT, at=now, words=words, by=by, now=now)
    Breach.objects.filter(pk=locked.pk).update(people=BreachDecision.NEED_NOT)


def lock_breach(breach: Breach, is_available: Callable[[Breach], bool]) -> Breach:
    locked = Breach.objects.select_for_update().get(pk=breach.pk)
    if not is_available(locked):
        raise ChangedMeanwhile
    return locked


def check_told_at(breach: Breach, at: datetime, now: datetime) -> None:
    if at > now:
        raise MomentInFuture
    if at < breach.aware_at:
        raise DomainError(_("That is before we found out about the breach. Check the day and the time."))


def write_breach_event(breach: Breach, kind: BreachEventKind, *, at: datetime, words: str, by: User, now: datetime) -> None:
    BreachEvent.objects.create(breach=breach, kind=kind, at=at, text=words.strip(), by=by, written_at=now)

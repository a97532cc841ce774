"""Copies and erasures of what we hold about a person; complaints and breaches."""

import errno
import fcntl
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, time, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.models import Act
from audit.services import About, record
from ctac.dates import uk_datetime, uk_day
from ctac.errors import DomainError
from ctac.models import ALPHABET, save_with_reference, tidy_reference
from notifications.outbox import Later, notify, notify_each, queue_account_mail
from privacy.models import (
    Breach,
    BreachEvent,
    BreachEventKind,
    Came,
    Complaint,
    ComplaintEvent,
    ComplaintEventKind,
    ComplaintState,
    DataAction,
    Decision,
    Done,
    Reason,
    Told,
)
from professionals.emails import account_email_kind, render_account_email
from professionals.models import Person
from professionals.safeguarding.services import notify_safeguarding_lead
from professionals.services import has_lost_mailbox

# Who was erased, in a file outside the database, so that a restored backup can be made to forget them again (ADR 23).
#
# A line an erasure, by key and times alone: {"person": 12, "since": "…", "erased": "…"}. Key and time of making together say
# that a row is that person: after a restore a new one might get the same key. Of one who was two rows, both stand here.

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Erasure:
    person: int
    since: datetime
    erased: datetime

    @property
    def line(self) -> str:
        return json.dumps({"person": self.person, "since": self.since.isoformat(), "erased": self.erased.isoformat()}) + "\n"

    @classmethod
    def read(cls, line: str) -> "Erasure":
        """Raises ValueError or KeyError for what is no line of ours."""
        row = json.loads(line)
        return cls(int(row["person"]), datetime.fromisoformat(row["since"]), datetime.fromisoformat(row["erased"]))


@transaction.atomic
def write_erasures_down(now: datetime) -> int:
    """Add what is not in the file yet, safe on the disk before the database says so. How many.

    Called after each erasure, and hourly for those whose process died in between; a line that stands there twice does no harm.
    """
    waiting = DataAction.objects.filter(done=Done.ERASED, written_at=None).order_by("pk")
    locked = waiting.select_for_update(of=("self",), skip_locked=True).select_related("person")
    actions = list(locked.prefetch_related("person__absorbed"))
    if actions:
        append_erasures(erasure for action in actions for erasure in erasures_of(action))
        DataAction.objects.filter(pk__in=[each.pk for each in actions]).update(written_at=now)
    return len(actions)


def erasures_of(action: DataAction) -> Iterator[Erasure]:
    """Of the person, and of the rows that became theirs: a backup that is older than that has these by themselves."""
    yield Erasure(action.person_id, action.person.created_at, action.at)
    for row in action.person.absorbed.all():
        yield Erasure(row.key, row.since, action.at)


def append_erasures(erasures: Iterable[Erasure]) -> None:
    path = Path(settings.ERASURES_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(erasure.line for erasure in erasures).encode()
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


def write_down_after_erasure(now: datetime) -> None:
    """A disk that is full must not make an erasure look as if it had failed: it is written down within the hour."""
    try:
        write_erasures_down(now)
    except OSError as error:
        logger.error("An erasure could not be written to the file of erasures: %s", type(error).__name__)


def read_erasures(path: Path) -> Iterator[Erasure]:
    """Raises ValueError that names the line which can't be read."""
    with path.open() as file:
        for number, line in enumerate(file, 1):
            try:
                yield Erasure.read(line)
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"line {number} of {path} can't be read") from error


def people_to_erase_again(erasures: Iterable[Erasure]) -> Iterator[Person]:
    for erasure in erasures:
        yield from Person.objects.filter(pk=erasure.person, created_at=erasure.since, erased_at=None)


# What we hold about a person: every app registers how to show it and how to erase it.

TRIES = 3  # of an erasure that meets somebody who changes the same things


def nothing_ahead(person: Person, now: datetime) -> list[str]:
    return []


@dataclass(frozen=True)
class PrivacySource:
    """One app's part. `export(person)` gives plain dicts and lists; `erase(person, now)` keeps figures and no person.

    `ahead(person, now)` says in whole sentences what an erasure would cancel.
    """

    name: str
    export: Callable[[Person], dict[str, Any] | list[Any]]
    erase: Callable[[Person, datetime], None]
    ahead: Callable[[Person, datetime], list[str]] = nothing_ahead


_sources: dict[str, PrivacySource] = {}


def register_source(source: PrivacySource) -> None:
    """Called in an app's AppConfig.ready(). Raises ValueError for a name that is taken."""
    if source.name in _sources and _sources[source.name] != source:
        raise ValueError(f"two privacy sources are called {source.name}")
    _sources[source.name] = source


def export_person(person: Person) -> dict[str, Any]:
    """Everything that we hold about this person, by source."""
    return {name: source.export(person) for name, source in sorted(_sources.items())}


def erasure_would_cancel(person: Person, now: datetime) -> list[str]:
    """A sentence for each sort of thing that lies ahead of this person."""
    return [sentence for source in _sources.values() for sentence in source.ahead(person, now)]


@transaction.atomic
def give_data(person: Person, *, by: User, now: datetime) -> dict[str, Any]:
    """All that we hold about them, for a colleague who hands it to them; that it was given is written down."""
    DataAction.objects.create(person=person, done=Done.GIVEN, reason=Reason.ASKED, by=by, at=now)
    return export_person(person)


class StaffAccount(DomainError):
    """So the last account that may give roles stays, and what a colleague did keeps its author until somebody has looked."""

    message = _("This person has a staff account. Take “Staff” off the account first, then erase them.")


class VisitInTheWay(DomainError):
    """A presenter may need what we know of a person: an app's `erase` raises it (product.md, rule 10)."""


def erase_person(person: Person, *, by: User | None, now: datetime, reason: Reason = Reason.ASKED) -> str:
    """Take this person out of everything that we hold, in one transaction. The address that they had, for a last email; none if
    they lost that mailbox.

    The sources of the apps above erase first: they may still need the address that ours takes away. Whoever is erased
    already stays so, and nothing is written. What somebody changes at the same moment is no reason to refuse: it is read again.
    Raises StaffAccount, VisitInTheWay, and whatever else an app's own `erase` raises to refuse, a DomainError.
    """
    for _once_more in range(TRIES - 1):
        try:
            return _erase_once(person, by, now, reason)
        except DomainError as refusal:
            if not refusal.passing:
                raise
    return _erase_once(person, by, now, reason)


@transaction.atomic
def _erase_once(person: Person, by: User | None, now: datetime, reason: Reason) -> str:
    locked = Person.objects.select_for_update().get(pk=person.pk)
    if locked.erased_at is not None:
        return ""
    user = User.objects.select_for_update(of=("self",)).filter(person=locked).first()  # whom nobody makes staff meanwhile
    if user is not None and user.is_staff:
        raise StaffAccount
    address = "" if has_lost_mailbox(locked) else locked.email
    for source in reversed(list(_sources.values())):
        source.erase(locked, now)
    record(Act.ERASED, by=by.pk if by else None, about=About.of(locked))
    Person.objects.filter(pk=locked.pk).update(erased_at=now)
    theirs = by is not None and by.pk == locked.user_id
    known = now if reason == Reason.RESTORED else None  # the file named them
    DataAction.objects.create(person=locked, done=Done.ERASED, reason=reason, by=None if theirs else by, at=now, written_at=known)
    transaction.on_commit(partial(write_down_after_erasure, now), robust=True)
    return address


# The last email: that somebody is erased. Its row forgets the address once it has gone.

ACCOUNT_ERASED = "account/email/account_erased"
ERASED_NOTICE_TRIED_FOR = timedelta(days=3)


@transaction.atomic
def erase_and_notify(person: Person, *, by: User, now: datetime, reason: Reason = Reason.ASKED) -> None:
    """Raises as privacy.erase_person does; then nothing is erased and nobody is told."""
    if address := erase_person(person, by=by, now=now, reason=reason):
        mail = render_account_email(ACCOUNT_ERASED, address, {"themselves": reason == Reason.OWN})
        queue_account_mail(
            kind=account_email_kind(ACCOUNT_ERASED), to=address, mail=mail, now=now, expires_at=now + ERASED_NOTICE_TRIED_FOR
        )


# What staff do with a complaint, each step written down; the law asks for a receipt, for progress and for the outcome.

COMPLAINT_EMAILS = {
    ComplaintEventKind.ACKNOWLEDGED: "complaint-acknowledged",
    ComplaintEventKind.PROGRESS: "complaint-progress",
    ComplaintEventKind.ANSWERED: "complaint-answered",
}


class ChangedMeanwhile(DomainError):
    message = _("A colleague has done this meanwhile, so nothing was changed.")


@transaction.atomic
def acknowledge_complaint(complaint: Complaint, *, told: Told, on: date | None, words: str, by: User, now: datetime) -> None:
    """Say that it came and that we look into it. `on`: the day on which it was said; by email that is now.

    Raises ChangedMeanwhile.
    """
    locked = lock_complaint(complaint, ComplaintState.RECEIVED)
    day = day_told(locked, told, on, now)
    tell_complainant(locked, ComplaintEventKind.ACKNOWLEDGED, told=told, on=day, words=words, by=by, now=now)
    change_complaint(locked, state=ComplaintState.ACKNOWLEDGED, acknowledged_on=day)


@transaction.atomic
def tell_complaint_progress(complaint: Complaint, *, told: Told, on: date | None, words: str, by: User, now: datetime) -> None:
    """Say how far we are. Raises ChangedMeanwhile."""
    locked = lock_complaint(complaint, ComplaintState.ACKNOWLEDGED)
    need_words(words)
    day = day_told(locked, told, on, now)
    tell_complainant(locked, ComplaintEventKind.PROGRESS, told=told, on=day, words=words, by=by, now=now)


@transaction.atomic
def answer_complaint(complaint: Complaint, *, told: Told, on: date | None, words: str, by: User, now: datetime) -> None:
    """Say what came of it. An outcome within the 30 days needs no acknowledgement before it, and is one.

    Raises ChangedMeanwhile.
    """
    locked = lock_complaint(complaint, ComplaintState.RECEIVED, ComplaintState.ACKNOWLEDGED)
    need_words(words)
    day = day_told(locked, told, on, now)
    tell_complainant(locked, ComplaintEventKind.ANSWERED, told=told, on=day, words=words, by=by, now=now)
    change_complaint(locked, state=ComplaintState.ANSWERED, answered_on=day, acknowledged_on=locked.acknowledged_on or day)


@transaction.atomic
def note_on_complaint(complaint: Complaint, *, words: str, flagged: bool, by: User, now: datetime) -> None:
    """For colleagues alone. Also when it is closed: the Commissioner may ask."""
    locked = lock_complaint(complaint, *ComplaintState)
    event = write_complaint_event(locked, ComplaintEventKind.NOTED, on=uk_day(now), words=words, by=by, now=now)
    if flagged:
        notify_safeguarding_lead(about=f"complaint:{locked.pk}:{event.pk}", reference=locked.reference, now=now)


@transaction.atomic
def close_complaint(complaint: Complaint, *, words: str, flagged: bool, by: User, now: datetime) -> None:
    """Raises ChangedMeanwhile. Refused if nobody was told an outcome and no words say why."""
    locked = lock_complaint(complaint, *(state for state in ComplaintState if state != ComplaintState.CLOSED))
    if locked.state != ComplaintState.ANSWERED and not words.strip():
        raise DomainError(_("They were not told an outcome. Write why the complaint is closed all the same."))
    event = write_complaint_event(locked, ComplaintEventKind.CLOSED, on=uk_day(now), words=words, by=by, now=now)
    change_complaint(locked, state=ComplaintState.CLOSED, closed_at=now)
    if flagged:
        notify_safeguarding_lead(about=f"complaint:{locked.pk}:{event.pk}", reference=locked.reference, now=now)


def lock_complaint(complaint: Complaint, *expected: ComplaintState) -> Complaint:
    locked = Complaint.objects.select_for_update().get(pk=complaint.pk)
    if locked.state not in expected or locked.anonymised_at is not None:
        raise ChangedMeanwhile
    return locked


def need_words(words: str) -> None:
    if not words.strip():
        raise DomainError(_("Write what you want to tell them."))


def day_told(complaint: Complaint, told: Told, on: date | None, now: datetime) -> date:
    if told == Told.EMAIL:
        if not complaint.email:
            raise DomainError(
                _("We have no email address for this complaint. Ring or write, then say here how you told them and when.")
            )
        return uk_day(now)
    if on is None or not complaint.received_on <= on <= uk_day(now):
        raise DomainError(_("Enter the day on which you told them: not before the complaint came, and not after today."))
    return on


def tell_complainant(complaint: Complaint, kind: ComplaintEventKind, *, told: Told, **step: Any) -> None:
    """Write the step, and the email that says it."""
    event = write_complaint_event(complaint, kind, told=told, **step)
    if told == Told.EMAIL:
        about = f"complaint:{complaint.pk}:{event.pk}"
        notify(kind=COMPLAINT_EMAILS[kind], about=about, to=[complaint.email], reference=complaint.reference, now=step["now"])


def write_complaint_event(
    complaint: Complaint,
    kind: ComplaintEventKind,
    *,
    on: date,
    words: str,
    by: User,
    now: datetime,
    told: str = "",
) -> ComplaintEvent:
    return ComplaintEvent.objects.create(complaint=complaint, kind=kind, told=told, on=on, text=words.strip(), by=by, at=now)


def change_complaint(complaint: Complaint, **values: Any) -> None:
    Complaint.objects.filter(pk=complaint.pk).update(**values)


# A complaint comes in: by the form, or entered by a colleague for somebody who rang or wrote.

COMPLAINT_PREFIX: Final = "DP"
REMIND_BEFORE = timedelta(days=7)  # before the last day to acknowledge it
IN_THE_MORNING = time(9)
A_YEAR = timedelta(days=365)  # it stays true for as long as nobody acknowledges it


class AlreadySent(DomainError):
    """The form was sent before with other words; `complaint` is what came of that."""

    def __init__(self, complaint: Complaint) -> None:
        self.complaint = complaint
        said = _("We already have a complaint from this form: %(reference)s. Nothing of it was changed.")
        super().__init__(said % {"reference": complaint.reference})


@dataclass(frozen=True)
class ComplaintDetails:
    """Whose complaint, and what it says; `email` or `phone` may be empty."""

    name: str
    email: str
    phone: str
    wrong: str
    wanted: str

    @classmethod
    def of(cls, complaint: Complaint) -> "ComplaintDetails":
        return cls(complaint.name, complaint.email, complaint.phone, complaint.wrong, complaint.wanted)


@transaction.atomic
def enter_complaint(
    *,
    said: ComplaintDetails,
    came: Came,
    received_on: date,
    person: Person | None,
    by: User | None,
    now: datetime,
    token: str | None = None,
    flagged: bool = False,
) -> Complaint:
    """Write it down, tell its writer that it came, and tell the data protection lead.

    By our form it is the complaint of who is signed in, or of no account: anybody can type anybody's address. What a colleague
    enters belongs to the account with the address that they were given.
    `token` is that of the form: the same words again give the first complaint. Raises AlreadySent for other words.
    """
    if came != Came.WEB and person is None:
        person = Person.objects.with_email(said.email).filter(erased_at=None).first()
    complaint = Complaint(
        **asdict(said), person=person, came=came, received_on=received_on, submission_token=token, created_at=now
    )
    if not save_if_new(complaint):
        first = Complaint.objects.get(submission_token=token)
        if ComplaintDetails.of(first) != said:
            raise AlreadySent(first)
        return first
    ComplaintEvent.objects.create(complaint=complaint, kind=ComplaintEventKind.RECEIVED, on=received_on, by=by, at=now)
    if flagged:
        notify_safeguarding_lead(about=f"complaint:{complaint.pk}", reference=complaint.reference, now=now)
    # The receipt goes at once, and is not the acknowledgement (ADR 24). The lead is reminded, if there is time for that.
    lead = settings.DATA_PROTECTION_LEAD_EMAIL
    remind_at = uk_datetime(complaint.due_on - REMIND_BEFORE, IN_THE_MORNING)
    notify_each(
        {"complaint-received": [complaint.email], "staff-complaint": [lead]},
        about=f"complaint:{complaint.pk}",
        reference=complaint.reference,
        now=now,
        later=[Later("staff-complaint-due", [lead], remind_at, remind_at + A_YEAR)] if remind_at > now else [],
    )
    return complaint


def save_if_new(complaint: Complaint) -> bool:
    """Write it; False if this form was sent before."""
    try:
        save_with_reference(complaint, COMPLAINT_PREFIX)
    except IntegrityError as error:
        if "submission_token" not in str(error):
            raise
        return False
    return True


# A breach of data is entered, and what is decided of it; nothing that was written is changed.

BREACH_PREFIX: Final = "DB"


class InTheFuture(DomainError):
    message = _("This time has not come yet. Check the day and the time.")


@dataclass(frozen=True)
class BreachFacts:
    """What is known of a breach when it is entered. It names nobody."""

    what: str
    happened: str
    aware_at: datetime
    concerns: str
    effects: str
    measures: str

    @classmethod
    def of(cls, breach: Breach) -> "BreachFacts":
        return cls(*(getattr(breach, field.name) for field in fields(cls)))


@transaction.atomic
def enter_breach(*, known: BreachFacts, by: User, now: datetime, token: str) -> Breach:
    """`token` is that of the form: the same words again give the first breach. Raises InTheFuture. Other words are refused."""
    check_not_ahead(known.aware_at, now)
    breach, is_new = Breach.objects.get_or_create(
        reference=breach_reference(token), defaults={**asdict(known), "created_at": now}
    )
    if is_new:
        write_breach_event(breach, BreachEventKind.ENTERED, at=now, words="", by=by, now=now)
    elif BreachFacts.of(breach) != known:
        said = _("This form has already entered breach %(reference)s, and nothing was changed. Open it and add what we know now.")
        raise DomainError(said % {"reference": breach.reference})
    return breach


def breach_reference(token: str) -> str:
    """As random as the token, and the same for the same one: that no two breaches share it makes a form enter one at most."""
    number = int.from_bytes(sha256(token.encode()).digest())
    letters = "".join(ALPHABET[number // len(ALPHABET) ** place % len(ALPHABET)] for place in range(6))
    return tidy_reference(BREACH_PREFIX + letters)


@transaction.atomic
def add_to_breach(breach: Breach, *, words: str, by: User, now: datetime) -> None:
    """What was learnt since, or what was wrong before and is right now."""
    write_breach_event(lock_breach(breach), BreachEventKind.LEARNT, at=now, words=words, by=by, now=now)


@transaction.atomic
def tell_commissioner(breach: Breach, *, at: datetime, reference: str, words: str, by: User, now: datetime) -> None:
    """Raises ChangedMeanwhile, InTheFuture. After the 72 hours it needs a reason (UK GDPR article 33(1))."""
    locked = lock_breach(breach)
    if not locked.may_tell_commissioner:
        raise ChangedMeanwhile
    check_told_at(locked, at, now)
    if at > locked.due_at and not words.strip():
        raise DomainError(_("The 72 hours were over then. Write why it took longer: the law asks for the reason."))
    write_breach_event(locked, BreachEventKind.COMMISSIONER_TOLD, at=at, words=words, by=by, now=now)
    told = {"commissioner": Decision.TOLD, "commissioner_told_at": at, "commissioner_reference": reference}
    Breach.objects.filter(pk=locked.pk).update(**told)


@transaction.atomic
def need_not_tell_commissioner(breach: Breach, *, words: str, by: User, now: datetime) -> None:
    """Because it is unlikely to harm anybody; `words` say why. Raises ChangedMeanwhile."""
    locked = lock_breach(breach)
    if not locked.waits_for_commissioner:
        raise ChangedMeanwhile
    write_breach_event(locked, BreachEventKind.COMMISSIONER_NEED_NOT, at=now, words=words, by=by, now=now)
    Breach.objects.filter(pk=locked.pk).update(commissioner=Decision.NEED_NOT)


@transaction.atomic
def tell_people(breach: Breach, *, at: datetime, words: str, by: User, now: datetime) -> None:
    """Those whose data it is; `words` say how. Raises ChangedMeanwhile, InTheFuture."""
    locked = lock_breach(breach)
    if not locked.may_tell_people:
        raise ChangedMeanwhile
    check_told_at(locked, at, now)
    write_breach_event(locked, BreachEventKind.PEOPLE_TOLD, at=at, words=words, by=by, now=now)
    Breach.objects.filter(pk=locked.pk).update(people=Decision.TOLD)


@transaction.atomic
def need_not_tell_people(breach: Breach, *, words: str, by: User, now: datetime) -> None:
    """Because the risk for them is not high (article 34); `words` say why. Raises ChangedMeanwhile."""
    locked = lock_breach(breach)
    if not locked.waits_for_people:
        raise ChangedMeanwhile
    write_breach_event(locked, BreachEventKind.PEOPLE_NEED_NOT, at=now, words=words, by=by, now=now)
    Breach.objects.filter(pk=locked.pk).update(people=Decision.NEED_NOT)


def lock_breach(breach: Breach) -> Breach:
    return Breach.objects.select_for_update().get(pk=breach.pk)


def check_told_at(breach: Breach, at: datetime, now: datetime) -> None:
    check_not_ahead(at, now)
    if at < breach.aware_at:
        raise DomainError(_("That is before we became aware of the breach. Check the day and the time."))


def check_not_ahead(at: datetime, now: datetime) -> None:
    if at > now:
        raise InTheFuture


def write_breach_event(breach: Breach, kind: BreachEventKind, *, at: datetime, words: str, by: User, now: datetime) -> None:
    BreachEvent.objects.create(breach=breach, kind=kind, at=at, text=words.strip(), by=by, written_at=now)

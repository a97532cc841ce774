"""What staff do with a complaint, each step written down; the law asks for a receipt, for progress and for the outcome."""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from ctac.uk import uk_day
from dataprotection.models import Complaint, ComplaintEvent, ComplaintEventKind, ComplaintState, Told
from notifications.services.writing import notify
from professionals.models import User
from professionals.services.safeguarding import tell_lead

MAIL = {
    ComplaintEventKind.ACKNOWLEDGED: "complaint-acknowledged",
    ComplaintEventKind.PROGRESS: "complaint-progress",
    ComplaintEventKind.ANSWERED: "complaint-answered",
}


class ChangedMeanwhile(DomainError):
    message = _("A colleague has done this meanwhile, so nothing was changed.")


class NoAddress(DomainError):
    message = _("We have no email address for this complaint. Ring or write, then say here how you told them and when.")


class WrongDay(DomainError):
    message = _("Enter the day on which you told them: not before the complaint came, and not after today.")


class NoWords(DomainError):
    message = _("Write what you want to tell them.")


class NoReason(DomainError):
    message = _("They were not told an outcome. Write why the complaint is closed all the same.")


@transaction.atomic
def acknowledge(*, complaint: Complaint, told: Told, on: date | None, words: str, by: User, now: datetime) -> None:
    """Say that it came and that we look into it. `on`: the day on which it was said; by email that is now.

    Raises ChangedMeanwhile, NoAddress, WrongDay.
    """
    locked = lock(complaint, ComplaintState.RECEIVED)
    day = day_of(locked, told, on, now)
    say(locked, ComplaintEventKind.ACKNOWLEDGED, told=told, on=day, words=words, by=by, now=now)
    change(locked, state=ComplaintState.ACKNOWLEDGED, acknowledged_on=day)


@transaction.atomic
def tell_progress(*, complaint: Complaint, told: Told, on: date | None, words: str, by: User, now: datetime) -> None:
    """Say how far we are. Raises ChangedMeanwhile, NoAddress, NoWords, WrongDay."""
    locked = lock(complaint, ComplaintState.ACKNOWLEDGED)
    needs(words)
    day = day_of(locked, told, on, now)
    say(locked, ComplaintEventKind.PROGRESS, told=told, on=day, words=words, by=by, now=now)


@transaction.atomic
def answer(*, complaint: Complaint, told: Told, on: date | None, words: str, by: User, now: datetime) -> None:
    """Say what came of it. An outcome within the 30 days needs no acknowledgement before it, and is one.

    Raises ChangedMeanwhile, NoAddress, NoWords, WrongDay.
    """
    locked = lock(complaint, ComplaintState.RECEIVED, ComplaintState.ACKNOWLEDGED)
    needs(words)
    day = day_of(locked, told, on, now)
    say(locked, ComplaintEventKind.ANSWERED, told=told, on=day, words=words, by=by, now=now)
    change(locked, state=ComplaintState.ANSWERED, answered_on=day, acknowledged_on=locked.acknowledged_on or day)


@transaction.atomic
def note(*, complaint: Complaint, words: str, flagged: bool, by: User, now: datetime) -> None:
    """For colleagues alone. Also when it is closed: the Commissioner may ask."""
    locked = lock(complaint, *ComplaintState)
    event = write(locked, ComplaintEventKind.NOTED, on=uk_day(now), words=words, by=by, now=now)
    if flagged:
        tell_lead(about=f"complaint:{locked.pk}:{event.pk}", reference=locked.reference, now=now)


@transaction.atomic
def close(*, complaint: Complaint, words: str, flagged: bool, by: User, now: datetime) -> None:
    """Raises ChangedMeanwhile, NoReason if nobody was told an outcome and no words say why."""
    locked = lock(complaint, *(state for state in ComplaintState if state != ComplaintState.CLOSED))
    if locked.state != ComplaintState.ANSWERED and not words.strip():
        raise NoReason
    event = write(locked, ComplaintEventKind.CLOSED, on=uk_day(now), words=words, by=by, now=now)
    change(locked, state=ComplaintState.CLOSED, closed_at=now)
    if flagged:
        tell_lead(about=f"complaint:{locked.pk}:{event.pk}", reference=locked.reference, now=now)


def lock(complaint: Complaint, *expected: ComplaintState) -> Complaint:
    locked = Complaint.objects.select_for_update().get(pk=complaint.pk)
    if locked.state not in expected or locked.anonymised_at is not None:
        raise ChangedMeanwhile
    return locked


def needs(words: str) -> None:
    if not words.strip():
        raise NoWords


def day_of(complaint: Complaint, told: Told, on: date | None, now: datetime) -> date:
    if told == Told.EMAIL:
        if not complaint.email:
            raise NoAddress
        return uk_day(now)
    if on is None or not complaint.received_on <= on <= uk_day(now):
        raise WrongDay
    return on


def say(complaint: Complaint, kind: ComplaintEventKind, *, told: Told, **step: Any) -> None:
    """Write the step, and the email that says it."""
    event = write(complaint, kind, told=told, **step)
    if told == Told.EMAIL:
        about = f"complaint:{complaint.pk}:{event.pk}"
        notify(kind=MAIL[kind], about=about, to=[complaint.email], reference=complaint.reference, now=step["now"])


def write(
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


def change(complaint: Complaint, **values: Any) -> None:
    Complaint.objects.filter(pk=complaint.pk).update(**values)

"""What the safeguarding lead does with a text that may be about a child: reads it, clears it, or says that it is not."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from professionals import flagged as sources
from professionals.models import Decision, FlaggedEvent, FlaggedEventKind, FlaggedText, User


class NotReadYetError(DomainError):
    message = _("Read what was written first.")


class DecidedAlreadyError(DomainError):
    message = _("Somebody has decided this meanwhile.")


@transaction.atomic
def read_flagged(*, flagged: FlaggedText, by: User, now: datetime) -> None:
    """Note that this colleague has read it; once each, the first one also on the text itself."""
    locked = _locked(flagged)
    if locked.was_read_by(by):
        return
    _note(locked, FlaggedEventKind.READ, by, now)
    FlaggedText.objects.filter(pk=locked.pk, read_at=None).update(read_at=now)


@transaction.atomic
def clear_flagged(*, flagged: FlaggedText, by: User, now: datetime) -> None:
    """Take out what looks like a child's details, where it stands. Raises NotReadYetError, DecidedAlreadyError."""
    locked = _undecided(flagged, by)
    for words in sources.words_of(locked):
        if words.is_suspicious:
            words.clear()
    _decide(locked, Decision.CLEARED, by, now)


@transaction.atomic
def say_no_child(*, flagged: FlaggedText, by: User, now: datetime) -> None:
    """It is a text like any other from now on: emails and calendars may have it. Raises NotReadYetError, DecidedAlreadyError."""
    _decide(_undecided(flagged, by), Decision.NO_CHILD, by, now)


def _locked(flagged: FlaggedText) -> FlaggedText:
    return FlaggedText.objects.select_for_update().get(pk=flagged.pk)


def _undecided(flagged: FlaggedText, by: User) -> FlaggedText:
    locked = _locked(flagged)
    if locked.is_decided:
        raise DecidedAlreadyError
    if not locked.was_read_by(by):
        raise NotReadYetError
    _hold(locked)
    return locked


def _hold(locked: FlaggedText) -> None:
    """Who writes to the object meanwhile is waited for, so that no new mark and no new word of theirs is lost."""
    for row in sources.rows_of(locked):
        if hasattr(row, "flagged_child_details"):
            type(row)._base_manager.select_for_update(no_key=True).get(pk=row.pk)


def _decide(locked: FlaggedText, decision: Decision, by: User, now: datetime) -> None:
    _note(locked, FlaggedEventKind(decision.value), by, now)
    FlaggedText.objects.filter(pk=locked.pk).update(decision=decision)
    if not sources.is_kept_back(locked.subject):
        _take_marks_off(locked)


def _take_marks_off(locked: FlaggedText) -> None:
    """Nothing of the object waits any more, so what else stands there may be shown again."""
    for row in sources.rows_of(locked):
        if getattr(row, "flagged_child_details", False):
            type(row)._base_manager.filter(pk=row.pk).update(flagged_child_details=False)


def _note(locked: FlaggedText, kind: FlaggedEventKind, by: User, now: datetime) -> None:
    FlaggedEvent.objects.create(flagged=locked, kind=kind, by=by, at=now)

"""What the safeguarding lead does with a text that may be about a child: reads it, clears it, or says that it is not."""

from datetime import datetime

from django.db import transaction
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from professionals import flagged as sources
from professionals.models import Decision, FlaggedEvent, FlaggedEventKind, FlaggedText, User


class NotReadYetError(DomainError):
    message = _("Read what was written first.")


class OtherWordsError(DomainError):
    message = _("These words were changed while you read them. Nothing was done. Read them as they stand now, then decide.")


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
def clear_flagged(*, flagged: FlaggedText, shown: str, by: User, now: datetime) -> None:
    """Take out what looks like a child's details, where it stands. `shown`: the mark of the words that `by` has before them.

    Raises NotReadYetError, DecidedAlreadyError; OtherWordsError if other words stand there by now, which nobody has read.
    """
    locked, found = _undecided(flagged, shown, by)
    for words in found:
        if words.is_suspicious:
            words.clear()
    _decide(locked, Decision.CLEARED, by, now)


@transaction.atomic
def say_no_child(*, flagged: FlaggedText, shown: str, by: User, now: datetime) -> None:
    """It is a text like any other from now on: emails and calendars may have it. Raises as clear_flagged does."""
    locked, _found = _undecided(flagged, shown, by)
    _decide(locked, Decision.NO_CHILD, by, now)


def _locked(flagged: FlaggedText) -> FlaggedText:
    return FlaggedText.objects.select_for_update().get(pk=flagged.pk)


def _undecided(flagged: FlaggedText, shown: str, by: User) -> tuple[FlaggedText, list[sources.Words]]:
    """It and its words, under the locks of both."""
    locked = _locked(flagged)
    if locked.is_decided:
        raise DecidedAlreadyError
    if not locked.was_read_by(by):
        raise NotReadYetError
    _hold(locked)
    found = sources.words_of(locked)
    if not constant_time_compare(sources.mark_of(found), shown):
        raise OtherWordsError
    return locked, found


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

"""Texts that may be about a child: where their words stand, and what the safeguarding lead is told and decides."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import BigIntegerField, BooleanField, ExpressionWrapper, F, Func, Model, Q, Value
from django.db.models.functions import Cast
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from ctac.errors import DomainError
from ctac.models import Classification, classification
from notifications.outbox import notify
from professionals.emails import SafeguardingFlag
from professionals.models import Decision, FlaggedEvent, FlaggedEventKind, FlaggedText
from professionals.safeguarding.child_details import looks_like_child_details

# Where the words of a flagged text stand: each app says how its objects are found; nothing here keeps a word.

KEPT_BACK = _("Not shown in a list: it may be about a child.")


@dataclass(frozen=True)
class FlaggedSource:
    """One kind of object: the first word of `about`. `rows(pk)` are the object's and its history's.

    `address(pk)` leads to its page on the staff site.
    """

    kind: str
    rows: Callable[[int], Iterable[Model]]
    address: Callable[[int], str]


@dataclass(frozen=True)
class FlaggedWords:
    """One text of one row, with what the row and its column are called."""

    row: Model
    column: str
    text: str

    @property
    def label(self) -> str:
        return f"{self.row._meta.verbose_name}: {self.row._meta.get_field(self.column).verbose_name}"  # type: ignore[union-attr]

    @property
    def is_suspicious(self) -> bool:
        return looks_like_child_details(self.text)

    def clear(self) -> None:
        """Nothing stays of it; a word where the column needs one."""
        needs_one = not self.row._meta.get_field(self.column).blank  # type: ignore[union-attr]
        nothing = str(_("Cleared")) if needs_one else ""
        type(self.row)._base_manager.filter(pk=self.row.pk).update(**{self.column: nothing})


_sources: dict[str, FlaggedSource] = {}


def register_flagged_sources(*sources: FlaggedSource) -> None:
    """Called in an app's AppConfig.ready()."""
    _sources.update({source.kind: source for source in sources})


def source_of(flagged: FlaggedText) -> tuple[FlaggedSource, int]:
    kind, key = flagged.subject.split(":")
    return _sources[kind], int(key)


def staff_page_of(flagged: FlaggedText) -> str:
    source, key = source_of(flagged)
    return source.address(key)


def rows_of(flagged: FlaggedText) -> list[Model]:
    source, key = source_of(flagged)
    return list(source.rows(key))


def words_of(flagged: FlaggedText) -> list[FlaggedWords]:
    """What may be meant: the texts of the object that look like a child's details, or all of them if none does any more."""
    source, key = source_of(flagged)
    found = [words for row in source.rows(key) for words in _texts(row)]
    return [words for words in found if words.is_suspicious] or found


def fingerprint_of(words: Iterable[FlaggedWords]) -> str:
    """Tells these words from any others and says nothing of them: it is keyed, so nobody can try words out with it."""
    said = [[each.row._meta.label, each.row.pk, each.column, each.text] for each in words]
    return salted_hmac("professionals.safeguarding.services", json.dumps(said), algorithm="sha256").hexdigest()


def _texts(row: Model) -> Iterable[FlaggedWords]:
    columns = [field.name for field in row._meta.concrete_fields if classification(field) == Classification.FREE_TEXT]
    texts: list[tuple[str, Any]] = [(column, getattr(row, column)) for column in columns]
    return [FlaggedWords(row, column, text) for column, text in texts if text and isinstance(text, str)]


def is_kept_back(subject: str) -> bool:
    """Whether something written with this object ("missing:7") waits for the safeguarding lead: then no email has its words."""
    return FlaggedText.objects.of(subject).undecided().exists()


def waits_for_lead(kind: str) -> ExpressionWrapper:
    """The same for each row of a list: `queryset.annotate(kept_back=waits_for_lead("stock"))`.

    PostgreSQL asks once for the whole list which rows those are, and not for each row among all texts that wait.
    """
    texts = FlaggedText.objects.undecided().filter(about__startswith=f"{kind}:")
    key = Cast(Func(F("about"), Value(":"), Value(2), function="split_part"), BigIntegerField())
    return ExpressionWrapper(Q(pk__in=texts.order_by().values_list(key)), output_field=BooleanField())


# What the safeguarding lead does with a text that may be about a child: reads it, clears it, or says that it is not.


class OtherWordsError(DomainError):
    message = _("These words were changed while you read them. Nothing was done. Read them as they stand now, then decide.")


@transaction.atomic
def read_flagged(*, flagged: FlaggedText, by: User, now: datetime) -> None:
    """Note that this colleague has read it; once each, the first one also on the text itself."""
    locked = _lock_flagged(flagged)
    if locked.was_read_by(by):
        return
    _record_event(locked, FlaggedEventKind.READ, by, now)
    FlaggedText.objects.filter(pk=locked.pk, read_at=None).update(read_at=now)


@transaction.atomic
def clear_flagged(flagged: FlaggedText, *, shown: str, by: User, now: datetime) -> None:
    """Take out what looks like a child's details, where it stands. `shown`: the mark of the words that `by` has before them.

    Raises OtherWordsError if other words stand there by now, which nobody has read.
    """
    locked, found = _lock_undecided(flagged, shown, by)
    for words in found:
        if words.is_suspicious:
            words.clear()
    _decide(locked, Decision.CLEARED, by, now)


@transaction.atomic
def say_no_child(flagged: FlaggedText, *, shown: str, by: User, now: datetime) -> None:
    """It is a text like any other from now on: emails and calendars may have it. Raises as clear_flagged does."""
    locked, _found = _lock_undecided(flagged, shown, by)
    _decide(locked, Decision.NO_CHILD, by, now)


def _lock_flagged(flagged: FlaggedText) -> FlaggedText:
    return FlaggedText.objects.select_for_update().get(pk=flagged.pk)


def _lock_undecided(flagged: FlaggedText, shown: str, by: User) -> tuple[FlaggedText, list[FlaggedWords]]:
    """It and its words, under the locks of both."""
    locked = _lock_flagged(flagged)
    if locked.is_decided:
        raise DomainError(_("Somebody has decided this meanwhile."))
    if not locked.was_read_by(by):
        raise DomainError(_("Read what was written first."))
    # Who writes to the object meanwhile is waited for, so that no new mark and no new word of theirs is lost.
    for row in rows_of(locked):
        if hasattr(row, "flagged_child_details"):
            type(row)._base_manager.select_for_update(no_key=True).get(pk=row.pk)
    found = words_of(locked)
    if not constant_time_compare(fingerprint_of(found), shown):
        raise OtherWordsError
    return locked, found


def _decide(locked: FlaggedText, decision: Decision, by: User, now: datetime) -> None:
    _record_event(locked, FlaggedEventKind(decision.value), by, now)
    FlaggedText.objects.filter(pk=locked.pk).update(decision=decision)
    if not is_kept_back(locked.subject):
        # Nothing of the object waits any more, so what else stands there may be shown again.
        for row in rows_of(locked):
            if getattr(row, "flagged_child_details", False):
                type(row)._base_manager.filter(pk=row.pk).update(flagged_child_details=False)


def _record_event(locked: FlaggedText, kind: FlaggedEventKind, by: User, now: datetime) -> None:
    FlaggedEvent.objects.create(flagged=locked, kind=kind, by=by, at=now)


# The safeguarding lead is told, once, of a text to read; never what it says.


def notify_safeguarding_lead(*, about: str, reference: str, now: datetime) -> None:
    """Tell the safeguarding lead once that something kept with this booking or order should be read; never what it says."""
    FlaggedText.objects.get_or_create(about=about, defaults={"reference": reference[:60], "flagged_at": now})
    notify(kind=SafeguardingFlag.name, about=about, to=[settings.SAFEGUARDING_LEAD_EMAIL], reference=reference, now=now)

"""Texts that may be about a child: where they stand, who hears of them, and what the safeguarding lead decides.

Nothing here stores a word of them: each app registers how to find the rows that have the texts.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import BigIntegerField, BooleanField, ExpressionWrapper, F, Func, Model, Q, Value
from django.db.models.functions import Cast
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from ctac.errors import DomainError
from ctac.models import Classification, classification
from notifications.outbox import notify
from office.site_settings.queries import site_settings
from professionals.emails import SafeguardingFlag
from professionals.models import FlagDecision, FlaggedEvent, FlaggedEventKind, FlaggedText
from professionals.safeguarding.child_details import looks_like_child_details

KEPT_BACK_MESSAGE = _("Not shown in a list: it may be about a child.")


@dataclass(frozen=True)
class FlaggedSource:
    """How to find the texts of one kind of object. `kind` is the first word of `about`.

    `rows(pk)` gives the object and its history, `address(pk)` its page on the staff site.
    """

    kind: str
    rows: Callable[[int], Iterable[Model]]
    address: Callable[[int], str]


@dataclass(frozen=True)
class FlaggedField:
    """A text in one column of one row."""

    row: Model
    column: str
    text: str

    @property
    def label(self) -> str:
        return f"{self.row._meta.verbose_name}: {self.row._meta.get_field(self.column).verbose_name}"  # type: ignore[union-attr]

    def clear(self) -> None:
        may_be_blank = self.row._meta.get_field(self.column).blank  # type: ignore[union-attr]
        blank = "" if may_be_blank else str(_("Cleared"))
        type(self.row)._base_manager.filter(pk=self.row.pk).update(**{self.column: blank})


_sources: dict[str, FlaggedSource] = {}


def register_flagged_sources(*sources: FlaggedSource) -> None:
    """Add sources, in an app's AppConfig.ready()."""
    _sources.update({source.kind: source for source in sources})


def flagged_staff_url(flagged: FlaggedText) -> str:
    kind, key = flagged.subject.split(":")
    return _sources[kind].address(int(key))


def flagged_rows(flagged: FlaggedText) -> list[Model]:
    kind, key = flagged.subject.split(":")
    return list(_sources[kind].rows(int(key)))


def flagged_fields(flagged: FlaggedText) -> list[FlaggedField]:
    """The texts of the object that look like a child's details, or all of them if none does any more."""
    fields = []
    for row in flagged_rows(flagged):
        columns = [field.name for field in row._meta.concrete_fields if classification(field) == Classification.FREE_TEXT]
        texts = [(column, getattr(row, column)) for column in columns]
        fields += [FlaggedField(row, column, text) for column, text in texts if text and isinstance(text, str)]
    return [field for field in fields if looks_like_child_details(field.text)] or fields


def fields_fingerprint(fields: Iterable[FlaggedField]) -> str:
    """A hash that differs if the words differ. It is keyed, so that nobody can find the words by trying."""
    content = [[field.row._meta.label, field.row.pk, field.column, field.text] for field in fields]
    return salted_hmac("professionals.safeguarding.services", json.dumps(content), algorithm="sha256").hexdigest()


def is_kept_back(subject: str) -> bool:
    """Whether a text of this object ("missing:7") waits for the safeguarding lead: until then, no email has its words."""
    return FlaggedText.objects.of(subject).undecided().exists()


def kept_back_expression(kind: str) -> ExpressionWrapper:
    """Whether each row of a list waits for the lead: `queryset.annotate(kept_back=kept_back_expression("stock"))`.

    One look-up for the whole list, not one for each row.
    """
    texts = FlaggedText.objects.undecided().filter(about__startswith=f"{kind}:")
    key = Cast(Func(F("about"), Value(":"), Value(2), function="split_part"), BigIntegerField())
    return ExpressionWrapper(Q(pk__in=texts.order_by().values_list(key)), output_field=BooleanField())


class TextHasChanged(DomainError):
    message = _("Somebody changed these words while you read them, so nothing was done. Read the new words, then decide.")


@transaction.atomic
def mark_as_read(*, flagged: FlaggedText, by: User, now: datetime) -> None:
    """Record that this colleague has read the text: once for each colleague, and the first time also on the text itself."""
    locked = FlaggedText.objects.select_for_update().get(pk=flagged.pk)
    if not locked.was_read_by(by):
        FlaggedEvent.objects.create(flagged=locked, kind=FlaggedEventKind.READ, by=by, at=now)
        FlaggedText.objects.filter(pk=locked.pk, read_at=None).update(read_at=now)


@transaction.atomic
def clear_flagged(flagged: FlaggedText, *, shown: str, by: User, now: datetime) -> None:
    """Clear what looks like a child's details, where it stands. `shown` is the fingerprint of the words on the colleague's page.

    Raises DomainError (see _lock_undecided), and TextHasChanged if the words have changed since, so that nobody has read them.
    """
    locked, fields = _lock_undecided(flagged, shown, by)
    for field in fields:
        if looks_like_child_details(field.text):
            field.clear()
    _decide(locked, FlagDecision.CLEARED, by, now)


@transaction.atomic
def mark_as_no_child(flagged: FlaggedText, *, shown: str, by: User, now: datetime) -> None:
    """Treat it like any other text from now on: emails and calendars may have it. Raises the same errors as clear_flagged."""
    locked, _fields = _lock_undecided(flagged, shown, by)
    _decide(locked, FlagDecision.NO_CHILD, by, now)


def _lock_undecided(flagged: FlaggedText, shown: str, by: User) -> tuple[FlaggedText, list[FlaggedField]]:
    """Lock the text and its object, and return the text and its fields.

    Raises DomainError if it is decided or this colleague has not read it, and TextHasChanged if the words have changed.
    """
    locked = FlaggedText.objects.select_for_update().get(pk=flagged.pk)
    if locked.is_decided:
        raise DomainError(_("A colleague has already decided this."))
    if not locked.was_read_by(by):
        raise DomainError(_("First read what the person wrote."))
    # Others who write to the object wait meanwhile, so that no new flag and no new words of theirs are lost.
    for row in flagged_rows(locked):
        if hasattr(row, "flagged_child_details"):
            type(row)._base_manager.select_for_update(no_key=True).get(pk=row.pk)
    fields = flagged_fields(locked)
    if not constant_time_compare(fields_fingerprint(fields), shown):
        raise TextHasChanged
    return locked, fields


def _decide(locked: FlaggedText, decision: FlagDecision, by: User, now: datetime) -> None:
    FlaggedEvent.objects.create(flagged=locked, kind=FlaggedEventKind(decision.value), by=by, at=now)
    FlaggedText.objects.filter(pk=locked.pk).update(decision=decision)
    if not is_kept_back(locked.subject):
        # No text of this object waits any more, so its other texts may be shown again.
        for row in flagged_rows(locked):
            if getattr(row, "flagged_child_details", False):
                type(row)._base_manager.filter(pk=row.pk).update(flagged_child_details=False)


def notify_safeguarding_lead(*, about: str, reference: str, now: datetime) -> None:
    """Tell the lead, once for each text, that something written with this booking or order should be read; never what it says."""
    FlaggedText.objects.get_or_create(about=about, defaults={"reference": reference[:60], "flagged_at": now})
    notify(kind=SafeguardingFlag.name, about=about, to=[site_settings().safeguarding_lead_email], reference=reference, now=now)

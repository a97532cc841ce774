"""Texts that may be about a child: where they stand, who hears of them, and what the safeguarding lead decides.

Nothing here stores a word of them: each app registers how to find the rows that have the texts.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import BigIntegerField, BooleanField, Case, ExpressionWrapper, F, Func, Model, Q, Value, When
from django.db.models.functions import Cast
from django.template import Library
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import DomainError
from core.models import Classification, classification
from notifications.outbox import notify
from office.site_settings.queries import site_settings
from professionals.emails import SafeguardingFlag
from professionals.models import FlagDecision, FlaggedEvent, FlaggedEventKind, FlaggedText
from professionals.safeguarding.child_details import looks_like_child_details

register = Library()  # `{% load safeguarding %}`

KEPT_BACK_MESSAGE = _("Kept back: ask the safeguarding lead")
KEPT_BACK_HINT = _(
    "We’ve kept back what was written here. Leave it empty to keep it for the safeguarding lead, or write something new."
)


@dataclass(frozen=True)
class FlaggedSource:
    """How to find the texts of one kind of object. `kind` is the first word of `about`.

    `models`: the object's model and those of its history, each with the path from its rows to the object's key ("pk" for the
    object itself). `address(pk)` is the object's page on the staff site. `writer(object)` is the person, presenter or account
    that its texts come from, unless a row says who wrote it.
    """

    kind: str
    models: Mapping[type[Model], str]
    address: Callable[[int], str]
    writer: Callable[[Any], Any] = lambda _subject: None

    @property
    def model(self) -> type[Model]:
        return next(iter(self.models))

    def rows(self, key: int) -> list[Model]:
        """The object and its history."""
        found = [model._base_manager.filter(**{path: key}).order_by("pk") for model, path in self.models.items()]
        return [row for rows in found for row in rows if key_of(row, self) == key]


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
    return _sources[kind].rows(int(key))


def free_text_columns(model: type[Model]) -> list[str]:
    return [field.name for field in model._meta.concrete_fields if classification(field) == Classification.FREE_TEXT]


def fields_of(rows: Iterable[Model]) -> list[FlaggedField]:
    """Those texts of the rows that look like a child's details, or all of them if none does any more."""
    fields = []
    for row in rows:
        texts = [(column, getattr(row, column)) for column in free_text_columns(type(row))]
        fields += [FlaggedField(row, column, text) for column, text in texts if text and isinstance(text, str)]
    return [field for field in fields if looks_like_child_details(field.text)] or fields


def find_writers(flagged: FlaggedText, fields: Iterable[FlaggedField]) -> list[Any]:
    """Who wrote these texts: the colleague whose act has the same words, or else the person or presenter of the object."""
    rows, by_text = flagged_rows(flagged), dict[str, User]()
    for row in rows:
        by = getattr(row, "by", None)
        if by is not None and by.is_staff:
            by_text |= {getattr(row, column): by for column in free_text_columns(type(row))}
    source = _sources[flagged.subject.split(":")[0]]
    found = [by_text.get(each.text) or source.writer(rows[0]) for each in fields]
    return list(dict.fromkeys(writer for writer in found if writer is not None))


def flagged_fields(flagged: FlaggedText) -> list[FlaggedField]:
    return fields_of(flagged_rows(flagged))


def fields_fingerprint(fields: Iterable[FlaggedField]) -> str:
    """A hash that differs if the words differ. It is keyed, so that nobody can find the words by trying."""
    content = [[field.row._meta.label, field.row.pk, field.column, field.text] for field in fields]
    return salted_hmac("professionals.safeguarding.services", json.dumps(content), algorithm="sha256").hexdigest()


def is_kept_back(subject: str) -> bool:
    """Whether a text of this object ("missing:7") waits for the safeguarding lead: until then, no email has its words."""
    return FlaggedText.objects.of(subject).undecided().exists()


def kept_back_expression(**paths: str) -> ExpressionWrapper:
    """Whether each row of a list waits for the lead: `queryset.annotate(kept_back=kept_back_expression(stock="pk"))`.

    By kind of object, the path from a row to it. One look-up for the whole list, not one for each row.
    """
    key = Cast(Func(F("about"), Value(":"), Value(2), function="split_part"), BigIntegerField())
    waits = Q()
    for kind, path in paths.items():
        texts = FlaggedText.objects.undecided().filter(about__startswith=f"{kind}:")
        waits |= Q(**{f"{path}__in": texts.order_by().values_list(key)})
    return ExpressionWrapper(waits, output_field=BooleanField())


def searched_expression(column: str, **waits: Any) -> Case:
    """The text that a list's search may read: none of a row that waits for the lead, which `waits` finds."""
    return Case(When(**(waits or {"kept_back": True}), then=Value("")), default=F(column))


# What everybody but the lead reads of a text that waits for the lead. Each place that shows a free text asks for it here.


@register.filter("shown")
def shown_text(row: Any, column: str) -> str:
    """The text, or "Kept back: ask the safeguarding lead" if it is why its object waits for the lead.

    That is a text that looks like a child's details; if none of the object does any more, each of them. It asks the
    database nothing if the row says whether it waits, by `flagged_child_details` or an annotation `kept_back`, and at most
    once for a row otherwise. A row that is not saved yet is what its writer is still filling in.
    """
    return str(KEPT_BACK_MESSAGE) if is_text_kept_back(row, column) else getattr(row, column)


def is_text_kept_back(row: Any, column: str) -> bool:
    text = getattr(row, column)
    if not text or row.pk is None or not _is_row_kept_back(row):
        return False
    return looks_like_child_details(text) or _is_all_kept_back(row)


def _is_row_kept_back(row: Any) -> bool:
    if hasattr(row, "flagged_child_details"):
        return bool(row.flagged_child_details)
    if not hasattr(row, "kept_back"):
        row.kept_back = any(is_kept_back(subject) for subject in _subjects_of(row))
    return bool(row.kept_back)


def _is_all_kept_back(row: Any) -> bool:
    """Whether no text of the row's object looks like a child's details any more. Rare, so it may read the object's rows."""
    if any(looks_like_child_details(str(getattr(row, column))) for column in free_text_columns(type(row))):
        return False
    keys = [(source, key_of(row, source)) for source in _sources.values()]
    rows = [other for source, key in keys if key is not None for other in source.rows(key)]
    return not any(looks_like_child_details(field.text) for field in fields_of(rows))


def _subjects_of(row: Model) -> list[str]:
    """What the row belongs to ("booking:7"), as `about` names it."""
    keys = {kind: key_of(row, source) for kind, source in _sources.items()}
    return [f"{kind}:{key}" for kind, key in keys.items() if key is not None]


def key_of(row: Any, source: FlaggedSource) -> int | None:
    """The key of the object of this kind that the row belongs to. An event of a place is no event of its session."""
    path = source.models.get(type(row))
    if path is None or (path == "session" and row.place_id is not None):
        return None
    for name in () if path == "pk" else path.split("__")[:-1]:
        row = getattr(row, name, None)
    name = path.rpartition("__")[2]
    key = getattr(row, f"{name}_id") if hasattr(row, f"{name}_id") else getattr(row, name, None)
    return None if key is None else int(getattr(key, "pk", key))


def leave_out_kept_back(typed: Mapping[str, Any], row: Any) -> dict[str, Any]:
    """What a form begins with, without the row's texts that wait for the lead."""
    return {
        name: "" if name in free_text_columns(type(row)) and is_text_kept_back(row, name) else value
        for name, value in typed.items()
    }


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


def notify_lead_if_flagged(row: Model, part: str, now: datetime, *, flagged: bool, reference: str = "") -> None:
    """Tell the safeguarding lead if what was just written about this row looks like a child's details (`flagged`).

    `part`: which text of the row's history it is, such as ":declined"; `reference`: what emails call the row, if not by its own.
    """
    if flagged:
        kind = next(source.kind for source in _sources.values() if source.model is type(row))
        reference = reference or row.reference  # type: ignore[attr-defined]
        notify_safeguarding_lead(about=f"{kind}:{row.pk}{part}", reference=reference, now=now)


def notify_safeguarding_lead(*, about: str, reference: str, now: datetime) -> None:
    """Tell the lead, once for each text, that something written with this booking or order should be read; never what it says.

    Words that come where others were decided about, as when a booking is cancelled a second time, are a text of their own.
    """
    if FlaggedText.objects.filter(about=about).exclude(decision=FlagDecision.OPEN).exists():
        about = f"{about}:{now:%Y%m%d%H%M%S}"
    FlaggedText.objects.get_or_create(about=about, defaults={"reference": reference[:60], "flagged_at": now})
    notify(kind=SafeguardingFlag.name, about=about, to=[site_settings().safeguarding_lead_email], reference=reference, now=now)

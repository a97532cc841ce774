"""Where the words of a flagged text stand: each app says how its objects are found; nothing here keeps a word."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    BigIntegerField,
    BooleanField,
    ExpressionWrapper,
    F,
    Func,
    Model,
    Q,
    Value,
)
from django.db.models.functions import Cast
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from ctac.classification import FREE_TEXT
from professionals.child_details import looks_like_child_details
from professionals.models import FlaggedText

KEPT_BACK = _("Not shown in a list: it may be about a child.")


@dataclass(frozen=True)
class FlaggedSource:
    """One kind of object: the first word of `about`. `rows(pk)` are the object's and its history's; `fields` their classes.

    `address(pk)` leads to its page on the staff site.
    """

    kind: str
    rows: Callable[[int], Iterable[Model]]
    address: Callable[[int], str]
    fields: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Words:
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


def register(*sources: FlaggedSource) -> None:
    """Called in an app's AppConfig.ready()."""
    _sources.update({source.kind: source for source in sources})


def source_of(flagged: FlaggedText) -> tuple[FlaggedSource, int]:
    kind, key = flagged.subject.split(":")
    return _sources[kind], int(key)


def address_of(flagged: FlaggedText) -> str:
    source, key = source_of(flagged)
    return source.address(key)


def rows_of(flagged: FlaggedText) -> list[Model]:
    source, key = source_of(flagged)
    return list(source.rows(key))


def words_of(flagged: FlaggedText) -> list[Words]:
    """What may be meant: the texts of the object that look like a child's details, or all of them if none does any more."""
    source, key = source_of(flagged)
    found = [words for row in source.rows(key) for words in _texts(row, source.fields)]
    return [words for words in found if words.is_suspicious] or found


def mark_of(words: Iterable[Words]) -> str:
    """Tells these words from any others and says nothing of them: it is keyed, so nobody can try words out with it."""
    said = [[each.row._meta.label, each.row.pk, each.column, each.text] for each in words]
    return salted_hmac("professionals.flagged", json.dumps(said), algorithm="sha256").hexdigest()


def _texts(row: Model, fields: Mapping[str, Mapping[str, str]]) -> Iterable[Words]:
    columns = [column for column, kind in fields[type(row).__name__].items() if kind == FREE_TEXT]
    texts: list[tuple[str, Any]] = [(column, getattr(row, column)) for column in columns]
    return [Words(row, column, text) for column, text in texts if text and isinstance(text, str)]


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

"""The story on an object's page: what happened, was sent, said and noted, from every app, the newest first.

Beside its feature each app registers entries of a model (`add_entries`) and short lists beside the story (`add_related`), with
the permission that each needs.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from ctac.dates import format_day, format_moment

ON_A_PAGE, ROWS_BESIDE = 50, 10
# Where an older page begins: its moment in microseconds, and how many entries of that moment stand on the pages before.
CURSOR = re.compile(r"(\d{1,16})-(\d{1,4})", re.ASCII)
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


@dataclass(frozen=True)
class Entry:
    """`what` is a sentence or a few words, `why` says more, `text` is folded away, and `link` leads to `href`.

    `whole_day`: only the day is known.
    """

    at: datetime
    what: str | Promise
    by: object = ""
    why: str = ""
    link: str | Promise = ""
    href: str = ""
    text: str = ""
    whole_day: bool = False

    @property
    def when(self) -> str:
        return format_day(self.at) if self.whole_day else format_moment(self.at)


@dataclass(frozen=True)
class Page:
    """What one page asks of each source: at most so many entries, none later than `until`, that this user may see."""

    user: Any
    most: int
    until: datetime | None = None

    def newest(self, rows: QuerySet[Any], at: str = "at", then: str = "-pk") -> QuerySet[Any]:
        rows = rows.filter(**{f"{at}__lte": self.until}) if self.until else rows
        return rows.order_by(f"-{at}", then)[: self.most]


@dataclass(frozen=True)
class Row:
    """A line of a list beside the story."""

    text: str
    more: str = ""
    href: str = ""


@dataclass(frozen=True)
class Related:
    """A short list beside the story. `find` gives one row too many if there are more, to which `all_of_them` leads."""

    heading: str | Promise
    find: Callable[[Any], Iterable[Row]]
    permission: str
    all_of_them: Callable[[Any], str] = lambda obj: ""


Find = Callable[[Any, Page], Iterable[Entry]]
_told: dict[type[Model], list[tuple[str, Find]]] = defaultdict(list)
_related: dict[type[Model], list[Related]] = defaultdict(list)


def add_entries(model: type[Model], find: Find, *, permission: str = "") -> None:
    """`find(obj, page)` gives entries, the newest first, to users with this permission or, without one, to all."""
    _told[model].append((permission, find))


IMPORTED = gettext_lazy("Imported from a list")


def import_entry(imported: Any, _page: Page) -> Iterator[Entry]:
    """For an object that was imported, and so has no events."""
    if imported.imported_at:
        yield Entry(imported.imported_at, IMPORTED)


def add_related(model: type[Model], related: Related) -> None:
    _related[model].append(related)


def story_of(obj: Model, request: HttpRequest) -> dict[str, Any]:
    """One page: its entries and the addresses of the pages beside it. Empty for an object that no app has entries of."""
    sources = [find for permission, find in _told[type(obj)] if not permission or request.user.has_perm(permission)]
    if not sources:
        return {}
    before = CURSOR.fullmatch(request.GET.get("before", ""))
    until, shown = (EPOCH + int(before[1]) * MICROSECOND, int(before[2])) if before else (None, 0)
    page = Page(request.user, ON_A_PAGE + shown + 1, until)
    # Entries of one moment keep the order of the sources on every page, so that the next begins where this one ends.
    found = sorted((entry for find in sources for entry in find(obj, page)), key=lambda entry: entry.at, reverse=True)
    entries = found[shown : shown + ON_A_PAGE]
    older = older_address(request, found[: shown + ON_A_PAGE]) if len(found) > shown + ON_A_PAGE else ""
    return {
        "entries": entries,
        "older": older,
        "newest": "?" if until else "",
        "first": entries[0] if entries and not until else None,
    }


def older_address(request: HttpRequest, so_far: Sequence[Entry]) -> str:
    last = so_far[-1].at
    query = request.GET.copy()
    query["before"] = f"{(last - EPOCH) // MICROSECOND}-{sum(entry.at == last for entry in so_far)}"
    return f"?{query.urlencode()}"


def related_to(obj: Model, user: Any) -> list[dict[str, Any]]:
    """The lists beside the story that this user may see, without empty ones."""
    lists = []
    for related in _related[type(obj)]:
        rows = list(islice(related.find(obj), ROWS_BESIDE + 1)) if user.has_perm(related.permission) else []
        rest = related.all_of_them(obj) if len(rows) > ROWS_BESIDE else ""
        if rows:
            lists.append({"heading": related.heading, "rows": rows[:ROWS_BESIDE], "rest": rest})
    return lists

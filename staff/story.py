"""The story on an object's page: what happened, was sent, said and noted, from every app, the newest first.

Beside its feature each app registers entries of a model (`register_story_entries`) and short lists beside the story
(`register_related_list`), with the permission that each needs.
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

from core.dates import format_datetime, format_day

PAGE_SIZE, MAX_RELATED_ROWS = 50, 10
# Where an older page begins: its moment in microseconds, and how many entries of that moment stand on the pages before.
CURSOR_PATTERN = re.compile(r"(\d{1,16})-(\d{1,4})", re.ASCII)
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


@dataclass(frozen=True)
class StoryEntry:
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
        return format_day(self.at) if self.whole_day else format_datetime(self.at)


@dataclass(frozen=True)
class StoryPage:
    """What one page asks of each source: at most so many entries, none later than `until`, that this user may see."""

    user: Any
    most: int
    until: datetime | None = None

    def newest(self, rows: QuerySet[Any], at: str = "at", then: str = "-pk") -> QuerySet[Any]:
        rows = rows.filter(**{f"{at}__lte": self.until}) if self.until else rows
        return rows.order_by(f"-{at}", then)[: self.most]


@dataclass(frozen=True)
class RelatedRow:
    """A line of a list beside the story."""

    text: str
    more: str = ""
    href: str = ""


@dataclass(frozen=True)
class RelatedList:
    """A short list beside the story. `find` gives one row too many if there are more, to which `all_of_them` leads."""

    heading: str | Promise
    find: Callable[[Any], Iterable[RelatedRow]]
    permission: str
    all_of_them: Callable[[Any], str] = lambda obj: ""


EntryFinder = Callable[[Any, StoryPage], Iterable[StoryEntry]]
_entry_finders: dict[type[Model], list[tuple[str, EntryFinder]]] = defaultdict(list)
_related_lists: dict[type[Model], list[RelatedList]] = defaultdict(list)


def register_story_entries(model: type[Model], find: EntryFinder, *, permission: str = "") -> None:
    """`find(obj, page)` gives entries, the newest first, to users with this permission or, without one, to all."""
    _entry_finders[model].append((permission, find))


IMPORTED_TEXT = gettext_lazy("Imported from a list")


def import_entry(imported: Any, _page: StoryPage) -> Iterator[StoryEntry]:
    """For an object that was imported, and so has no events."""
    if imported.imported_at:
        yield StoryEntry(imported.imported_at, IMPORTED_TEXT)


def register_related_list(model: type[Model], related: RelatedList) -> None:
    _related_lists[model].append(related)


def get_story(obj: Model, request: HttpRequest) -> dict[str, Any]:
    """One page: its entries and the addresses of the pages beside it. Empty for an object that no app has entries of."""
    sources = [find for permission, find in _entry_finders[type(obj)] if not permission or request.user.has_perm(permission)]
    if not sources:
        return {}
    before = CURSOR_PATTERN.fullmatch(request.GET.get("before", ""))
    until, shown = (EPOCH + int(before[1]) * MICROSECOND, int(before[2])) if before else (None, 0)
    page = StoryPage(request.user, PAGE_SIZE + shown + 1, until)
    # Entries of one moment keep the order of the sources on every page, so that the next begins where this one ends.
    found = sorted((entry for find in sources for entry in find(obj, page)), key=lambda entry: entry.at, reverse=True)
    entries = found[shown : shown + PAGE_SIZE]
    older = older_page_url(request, found[: shown + PAGE_SIZE]) if len(found) > shown + PAGE_SIZE else ""
    return {
        "entries": entries,
        "older": older,
        "newest": "?" if until else "",
        "first": entries[0] if entries and not until else None,
    }


def older_page_url(request: HttpRequest, so_far: Sequence[StoryEntry]) -> str:
    last = so_far[-1].at
    query = request.GET.copy()
    query["before"] = f"{(last - EPOCH) // MICROSECOND}-{sum(entry.at == last for entry in so_far)}"
    return f"?{query.urlencode()}"


def get_related_lists(obj: Model, user: Any) -> list[dict[str, Any]]:
    """The lists beside the story that this user may see, without empty ones."""
    lists = []
    for related in _related_lists[type(obj)]:
        rows = list(islice(related.find(obj), MAX_RELATED_ROWS + 1)) if user.has_perm(related.permission) else []
        rest = related.all_of_them(obj) if len(rows) > MAX_RELATED_ROWS else ""
        if rows:
            lists.append({"heading": related.heading, "rows": rows[:MAX_RELATED_ROWS], "rest": rest})
    return lists

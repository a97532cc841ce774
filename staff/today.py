"""What waits, by name, on the first page of staff: its lines, alarms and buttons, each counted in few statements."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import DateTimeField, F, IntegerField, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise

from staff.lists import MAX_COUNTED, format_short_start, waiting_text

MAX_ROWS_NAMED = 5


@dataclass(frozen=True)
class WaitingRow:
    """How the first page lists the first rows of a line by name, each with a button for its main action. Longest wait first.

    Each attribute is an expression of the row's model, or the name of a field, so that one statement reads the rows of all lines:
    `who` and `what` are texts, `at` is when the thing happens, `since` is when the wait began, and `order` sorts if `since`
    does not. The button has a `label`, leads to the action `slug` (an expression too; "" is the object's own page), and needs
    `permission`. If the row leads to another object, `route` and `key` name it.
    """

    who: Any = None
    what: Any = None
    at: Any = None
    since: Any = None
    order: Any = None
    label: str | Promise = ""
    slug: Any = ""
    permission: str = ""
    route: str = ""  # "leaflets_recall"
    key: str = "pk"
    what_text: Callable[[str], str] = str

    def read(self, rows: QuerySet[Any], place: int) -> QuerySet[Any]:
        """The first of these rows, in the columns that `build_row` takes. The keys are chosen before anything is joined."""
        order = self.order or self.since
        by = F(order) if isinstance(order, str) else order
        first = rows.alias(named_order=by).order_by("named_order", "pk").values("pk")[:MAX_ROWS_NAMED]
        slug = Value(self.slug) if isinstance(self.slug, str) else self.slug
        moments = {"order": order, "since": self.since, "at": self.at}
        texts = {"who": self.who, "what": self.what, "slug": slug}
        columns = {
            "place": Value(place),
            "key": F(self.key),
            **{name: Cast(Value(each) if each is None else each, DateTimeField()) for name, each in moments.items()},
            **{name: Cast(Value(each) if each is None else each, TextField()) for name, each in texts.items()},
        }
        named = {f"named_{name}": each for name, each in columns.items()}
        return rows.model._base_manager.order_by().filter(pk__in=first).annotate(**named).values_list(*named)

    def build_row(self, found: Sequence[Any], route: str, now: datetime, *, acts: bool) -> dict[str, Any]:
        key, _order, since, at, who, what, slug = found
        route = f"staff:{self.route or route}"
        page = reverse(f"{route}_change", args=[key])
        return {
            "who": who or "",
            "what": self.what_text(what) if what else "",
            "when": format_short_start(at) if at else "",
            "waits": waiting_text(since, now) if since else "",
            "href": page,
            "action": self.label if acts else "",
            "action_href": reverse(f"{route}_action", args=[key, slug]) if slug else page,
        }


@dataclass(frozen=True)
class WaitingLine:
    """A line of the first staff page: how many of something wait, counted up to a thousand, and the list of exactly those.

    `label` follows a figure ("requests to decide"), and `one` follows the figure 1 if the words differ. `count` returns either a
    number or the rows; one statement counts the rows of all lines. It runs for whoever has `permission`
    ("bookings.change_booking"), and `seen_by` narrows the rows to those that this colleague may see. `urgent`: somebody may
    come to harm if it waits. `more` adds a detail after the label and a comma ("the first by Friday 4 December 2026"). `named`
    lists the first rows by name.
    """

    label: str | Promise
    count: Callable[[], int | QuerySet[Any]]
    address: Callable[[], str]
    permission: str
    urgent: bool = False
    more: Callable[[], str] | None = None  # asked only if there are any
    seen_by: Callable[[Any], Q] | None = None  # of rows, not of a number
    one: str | Promise = ""
    named: WaitingRow | None = None


@dataclass(frozen=True)
class Alarm:
    """Somebody may be in danger: shown above all else on the first page until a colleague resolves it.

    Until somebody is on it, it is also a bar on every other page. `name` and `phone` say whom to call first; `phone` may be
    empty. `resolve_href` and `take_on_href` are empty for a colleague who may only look; `take_on_href`, which takes a POST,
    also once somebody is on it.
    """

    title: str
    name: str
    phone: str
    rows: list[dict[str, object]]
    about: str
    href: str
    resolve_href: str
    take_on_href: str = ""


@dataclass(frozen=True)
class OwnPage:
    """A button on the first staff page that leads colleagues to a page of their own.

    `is_home`: it is all that they do here, so the first page redirects to it.
    """

    label: str
    href: str
    is_home: bool = False


class CountSubquery(Subquery):
    """How many rows a sliced queryset gives."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def count_all(counts: Sequence[int | QuerySet[Any]]) -> list[int]:
    """Each count as a number.

    One statement counts all querysets, each up to a little more than a thousand (`capped_count_text`).
    """
    asked = [CountSubquery(rows.order_by().values("pk")[: MAX_COUNTED + 1]) for rows in counts if isinstance(rows, QuerySet)]
    one_row = ContentType.objects.order_by().values_list(*asked)[:1]
    found = iter(one_row.get() if asked else ())
    return [next(found) or 0 if isinstance(count, QuerySet) else count for count in counts]


def named_row_sort_key(found: Sequence[Any]) -> tuple[Any, ...]:
    """The sort key of a row from `WaitingRow.read`: rows without a moment come last."""
    place, key, order, *_rest = found
    return place, order is None, order, key


def read_named_rows(lines: Sequence[tuple[WaitingLine, Any, int]], user: Any) -> list[list[dict[str, Any]]]:
    """The named rows of each line, read in one statement. `lines`: each line with its rows and how many there are.

    A row that an urgent line can name is not named again by another line.
    """
    asked: list[tuple[int, WaitingRow, QuerySet[Any]]] = []
    for place, (waiting, rows, figure) in sorted(enumerate(lines), key=lambda each: not each[1][0].urgent):
        if waiting.named is None or not figure:
            continue
        if not waiting.urgent:
            above = [other for at, _named, other in asked if lines[at][0].urgent and other.model is rows.model]
            for other in above:
                rows = rows.exclude(pk__in=other.order_by().values("pk"))
        asked.append((place, waiting.named, rows))
    named: list[list[dict[str, Any]]] = [[] for _line in lines]
    if not asked:
        return named
    first, *others = [each.read(rows, place) for place, each, rows in asked]
    now, about = timezone.now(), {place: (each, rows.model._meta) for place, each, rows in asked}
    for place, *found in sorted(first.union(*others, all=True) if others else first, key=named_row_sort_key):
        each, opts = about[place]
        acts = user.has_perm(each.permission or f"{opts.app_label}.change_{opts.model_name}")
        named[place].append(each.build_row(found, f"{opts.app_label}_{opts.model_name}", now, acts=acts))
    return named

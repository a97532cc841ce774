"""Lists of the staff site that are as fast with a million rows as with a thousand (docs/adr/0006).

A list counts to a thousand and shows as many. Indexes have its rows in order, perhaps in several parts. A column without such an
index sorts only a list shorter than that. A search looks for words in one text of each row, through one index.

Below: columns of lists and facts of pages. A column that holds a figure is a method called `number_…`, which the stylesheet sets
to the right.
"""

import calendar
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.core.exceptions import BadRequest, ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import F, Max, Min, Model, Q, QuerySet, Value
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import dateformat, timezone
from django.utils.functional import Promise, cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import smart_split, unescape_string_literal
from django.utils.timesince import timesince
from django.utils.translation import gettext as _, gettext_lazy

from core.dates import format_day, format_uk_time, uk_datetime, uk_day
from core.forms import dialable_number

EMPTY_VALUE = "–"
WORD_BREAK = mark_safe("<wbr>")
MAX_COUNTED = 1_000
MAX_LENGTH = 100  # of what is typed into a search box
MAX_FRAGMENT_LENGTH = 12  # characters of a word that the index is asked for


def capped_count_text(count: int) -> str:
    """'1,000', or 'more than 1,000' for a larger count."""
    return _("more than 1,000") if count > MAX_COUNTED else f"{count:,}"


@dataclass(frozen=True)
class ListPart:
    """Some rows of a list, in an order that an index has."""

    where: Q
    ordering: tuple[Any, ...]


class CappedPaginator(Paginator):
    """Counts to MAX_COUNTED, because to count more means to read them all. Its pages show one of the `parts` after the other.

    `counted` and `keys`: how many rows there are, and all their keys in order, if a search has found out already.
    """

    def __init__(
        self,
        object_list: QuerySet[Any],
        per_page: int,
        *args: Any,
        parts: Sequence[ListPart] = (),
        counted: int | None = None,
        keys: Sequence[Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(object_list, per_page, *args, **kwargs)
        self.parts, self.counted, self.keys = parts, counted, keys

    @cached_property
    def found(self) -> int:
        if self.counted is not None:
            return self.counted
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[: MAX_COUNTED + 1].count())

    @property
    def more(self) -> bool:
        return self.found > MAX_COUNTED

    @cached_property
    def count(self) -> int:
        return min(self.found, MAX_COUNTED)

    def page(self, number: int | str) -> Page[Any]:
        if not self.parts and self.keys is None:
            return super().page(number)
        valid = self.validate_number(number)
        first = (valid - 1) * self.per_page
        return Page(self.rows(first, min(first + self.per_page, self.count)), valid, self)

    def rows(self, first: int, last: int) -> list[Any]:
        """The rows from place `first` to `last`: first their keys, then all of them in one statement."""
        rows: Any = self.object_list
        keys = list(self.keys or ())
        if self.keys is None:
            for part in self.parts:
                if len(keys) < last:
                    ordered = rows.filter(part.where).order_by(*part.ordering)
                    keys += ordered.values_list("pk", flat=True)[: last - len(keys)]
        places = {key: place for place, key in enumerate(keys[first:last])}
        return sorted(rows.filter(pk__in=list(places)).order_by(), key=lambda row: places[row.pk])


class CappedChangeList(ChangeList):
    """A list that says "more than 1,000", and then sorts only by columns with an index."""

    model_admin: Any

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        paginator: Any = self.paginator
        self.more = paginator.more
        if not self.more:
            if not self.multi_page:  # Django asks for all rows then; the planner must know that they are few
                known = paginator.keys is not None
                self.result_list = paginator.page(1).object_list if known else self.queryset[: paginator.count]
            return
        quick = list(self.model_admin.sorts_quickly)
        places = map(int, re.findall(r"-?(\d{1,3})", self.params.get(ORDER_VAR, "")))
        sorted_by = {str(self.list_display[place]) for place in places if place < len(self.list_display)}
        if not sorted_by <= set(quick):
            self.params.pop(ORDER_VAR)
            self.filter_params.pop(ORDER_VAR, None)
            self.queryset = self.queryset.order_by(*self.get_ordering(request, self.queryset.order_by()))
            paginator.object_list, paginator.parts, paginator.keys = self.queryset, self.model_admin.parts(), None
            self.result_list = paginator.page(self.page_num).object_list
        self.sortable_by = quick


def get_search_text(request: HttpRequest) -> str:
    """What somebody typed into a search box, in one line and without invisible characters."""
    return " ".join("".join(char for char in request.GET.get("q", "")[:MAX_LENGTH] if char.isprintable()).split())


def parse_search_words(typed: str) -> Iterator[str]:
    """The words to look for, in lower case; what stands in quotes is one."""
    for bit in smart_split(typed):
        quoted = len(bit) > 1 and bit[0] == bit[-1] and bit[0] in "\"'"
        word = (unescape_string_literal(bit) if quoted else bit).strip().lower()
        if re.search(r"[^\W_]", word):
            yield word


def contains_word(word: str, column: str = "searched") -> Q:
    """Rows with this word: one or two characters at the start of a word, more of them anywhere.

    The index knows three characters in a row, and the space before a word is one. Dashes may be missing, as references are
    stored both ways.
    """
    plain = word.replace("-", "")
    found = contains_text(word if len(word) > 2 else f" {word}", column)
    return found | contains_text(plain, column) if plain != word and len(plain) > 2 else found


def contains_text(word: str, column: str) -> Q:
    """Ask the index for a piece of a long word, and the rows found for the whole word.

    The index reads a list for every three characters in a row, and nearly every row has those of "nhs.uk".
    """
    piece = search_fragment(word)
    found = Q(**{f"{column}__contains": piece})
    return found if piece == word else found & Q(GreaterThan(StrIndex(F(column), Value(word)), 0))


def search_fragment(word: str) -> str:
    """The end of an email address's part before the @, with the @; the beginning of any other word."""
    end = word.find("@") + 1
    return word[max(0, end - MAX_FRAGMENT_LENGTH) : end] if end > 3 else word[:MAX_FRAGMENT_LENGTH]


def filter_by_words(rows: QuerySet[Any], typed: str, column: str = "searched") -> QuerySet[Any]:
    """The rows that have every word. Text without a word, such as a lone dash, finds none."""
    words = list(parse_search_words(typed))
    for word in words:
        rows = rows.filter(contains_word(word, column))
    return rows if words or not typed.strip() else rows.none()


def capped_keys(rows: QuerySet[Any], key: str = "pk") -> list[Any]:
    """The keys of these rows, at most one more than a list counts to. In no order, so that the database begins with the words.

    `key`: the column with the keys, if the list shows something else than these rows.
    """
    return list(rows.order_by().values_list(key, flat=True)[: MAX_COUNTED + 1])


def ordered_keys(rows: QuerySet[Any], keys: QuerySet[Any] | list[Any]) -> list[Any]:
    """All these keys in the order of the rows. Asked for one page alone, the database might read the list from its start."""
    return list(dict.fromkeys(rows.filter(pk__in=keys).values_list("pk", flat=True)))


class CappedListMixin:
    """For a model admin. `searched`: the column or alias with the words. `sorts_quickly`: the columns with an index.

    `by_name`: sorted like this, all the rows with the words may stand at the end, so the list isn't read from its start. If there
    are more than a list counts, it shows any of them.
    """

    searched = ""
    sorts_quickly: Sequence[str] = ()
    by_name = False

    def parts(self) -> tuple[ListPart, ...]:
        """The list as parts that each have an index in their order. Empty if one order does for all."""
        return ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CappedChangeList

    def get_paginator(self, request: HttpRequest, queryset: QuerySet[Any], per_page: int, *args: Any, **kwargs: Any) -> Any:
        """Django uses it for the history of an object too, which has other rows in an order of their own."""
        of_the_list = queryset.model is self.model  # type: ignore[attr-defined]
        parts = self.parts() if of_the_list and not request.GET.get(ORDER_VAR) else ()
        known = {"counted": getattr(request, "found_by_words", None), "keys": getattr(request, "found_in_order", None)}
        return CappedPaginator(queryset, per_page, *args, parts=parts, **known, **kwargs)

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        if self.searched:
            return self.found(request, queryset, search_term), False
        return super().get_search_results(request, queryset, search_term)  # type: ignore[misc]

    def found(self, request: HttpRequest, rows: QuerySet[Any], typed: str) -> QuerySet[Any]:
        """The rows with the words, by their keys, so that one search serves both the count and the page."""
        if not typed.strip():
            return rows
        found = filter_by_words(rows, typed, self.searched)
        some = found.order_by().values("pk")[: MAX_COUNTED + 1]
        in_order = ordered_keys(rows, some) if len(self.parts()) <= 1 else None
        keys = capped_keys(found) if in_order is None else in_order
        if len(keys) > MAX_COUNTED and not self.by_name:
            request.found_by_words = len(keys)  # type: ignore[attr-defined]
            return found
        return filter_by_keys(request, rows, keys, in_order)


def filter_by_keys(request: HttpRequest, rows: QuerySet[Any], keys: list[Any], in_order: list[Any] | None) -> QuerySet[Any]:
    """The rows with these keys; the request remembers them for CappedPaginator."""
    request.found_by_words, request.found_in_order = len(keys), in_order  # type: ignore[attr-defined]
    return rows.filter(pk__in=keys)


class OptionsFilter(admin.SimpleListFilter):
    """`options`: for each value in the address, its label and `narrow(rows, now)`."""

    options: ClassVar[Mapping[str, tuple[Any, Callable[[Any, datetime], Any]]]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(value, label) for value, (label, _narrow) in self.options.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        option = self.options.get(self.value() or "")
        return option[1](queryset, timezone.now()) if option else queryset


def narrow_by(**conditions: Any) -> Callable[[Any, datetime], Any]:
    return lambda rows, now: rows.filter(**conditions)


class PeriodFilter(admin.SimpleListFilter):
    """Years, then the months of a year, then the days of a month, from the first row to the last. Days are UK days.

    It looks into the index of `field` twice, where Django's date_hierarchy reads every row.
    """

    title = gettext_lazy("period")
    parameter_name = "period"
    field: ClassVar[str]

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: type[Any], model_admin: Any) -> None:
        self.rows = model._default_manager.order_by()
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        ends = self.rows.aggregate(first=Min(self.field), last=Max(self.field))
        if ends["first"] is None:
            return []
        chosen = self.value() or ""
        smaller = smaller_periods(chosen, uk_day(ends["first"]), uk_day(ends["last"]))
        # The year and the month around what is chosen, and that itself.
        parts = chosen.split("-") if period_days(chosen) else []
        around = ["-".join(parts[:size]) for size in range(1, len(parts) + 1)]
        return [(value, period_label(value)) for value in (*around, *smaller)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        days = period_days(self.value() or "")
        if days is None:
            return queryset
        after = uk_datetime(days[1] + timedelta(days=1), time.min)
        return queryset.filter(**{f"{self.field}__gte": uk_datetime(days[0], time.min), f"{self.field}__lt": after})


def period_filter(moment: str) -> type[PeriodFilter]:
    """The filter by this field."""
    return type("PeriodFilter", (PeriodFilter,), {"field": moment})


def period_days(period: str) -> tuple[date, date] | None:
    """The first and the last day of '2026', '2026-11' or '2026-11-24'; None for anything else."""
    if not re.fullmatch(r"20[0-9]{2}(-[0-9]{2}){0,2}", period, re.ASCII):
        return None
    year, month, day = (*(int(part) for part in period.split("-")), 0, 0)[:3]
    try:
        first = date(year, month or 1, day or 1)
        last_month = month or 12
        return first, date(year, last_month, day or calendar.monthrange(year, last_month)[1])
    except ValueError:
        return None


def smaller_periods(period: str, first: date, last: date) -> list[str]:
    """The years, the months of a year or the days of a month that may have rows, the latest first."""
    days = period_days(period)
    if days is None:
        return [f"{year:04}" for year in range(last.year, first.year - 1, -1)]
    start, end = max(first, days[0]), min(last, days[1])
    if len(period) == 10 or start > end:
        return []
    if len(period) == 7:
        return [f"{period}-{day:02}" for day in range(end.day, start.day - 1, -1)]
    return [f"{period}-{month:02}" for month in range(end.month, start.month - 1, -1)]


def period_label(period: str) -> str:
    """'2026', 'November 2026', 'Tue 24 Nov 2026'."""
    days = period_days(period)
    if days is None:
        return _("Any")
    return dateformat.format(days[0], {4: "Y", 7: "F Y"}.get(len(period), "D j M Y"))


SAVED_VALUE_PATTERN = re.compile(r"[\w.:,+-]{1,60}", re.ASCII)
FILTER_LOOKUPS = ("exact", "id__exact", "isnull", "gte", "lt")  # how Django's filters over a column ask for it


def is_valid_key(model: type[Model], typed: str) -> bool:
    try:
        model._meta.pk.clean(typed, None)
    except ValidationError:
        return False
    return True


class StrictLookupsMixin:
    """For a model admin: refuses keys that can't be keys and filters that the list doesn't have, which break Django's pages."""

    model: type[Model]

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any) -> HttpResponse | None:
        """Refuse ticked boxes with values that are no keys."""
        if not all(is_valid_key(self.model, typed) for typed in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise BadRequest
        return super().response_action(request, queryset, *args, **kwargs)  # type: ignore[misc]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """An empty ?_to_field= means the key."""
        return super().get_object(request, object_id, from_field or None)  # type: ignore[misc]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Raises IncorrectLookupParameters, as Django does for an unknown column, so that the list says so.

        Django would let an address ask for any column in any way: ?password__startswith=.
        """
        if lookup not in self.filter_parameters(request):
            raise IncorrectLookupParameters
        return True

    def filter_parameters(self, request: HttpRequest) -> set[str]:
        """The names of the list's own filters in an address."""
        allowed: set[str] = set()
        for choice in self.get_list_filter(request):  # type: ignore[attr-defined]
            if isinstance(choice, type) and issubclass(choice, SimpleListFilter):
                allowed.add(str(choice.parameter_name))
            else:
                name = choice if isinstance(choice, str) else choice[0]
                allowed |= {f"{name}__{lookup_name}" for lookup_name in FILTER_LOOKUPS}
        return allowed

    def saveable_query(self, request: HttpRequest) -> str:
        """The filters and the order in the list's address, without the search and without a filter that names a person.

        Empty if the list has neither.
        """
        filters = self.get_list_filter(request)  # type: ignore[attr-defined]
        named = {str(each.parameter_name) for each in filters if getattr(each, "names_somebody", False)}
        kept = {*self.filter_parameters(request), ORDER_VAR} - named
        return urlencode(
            {
                name: value
                for name, value in sorted(request.GET.items())
                if name in kept and SAVED_VALUE_PATTERN.fullmatch(str(value))
            }
        )


def format_long_datetime(at: datetime) -> str:
    """'Tuesday 9 March 2027, 1:30pm' in UK time. At midnight sharp, as of an imported order, the day alone."""
    if at == uk_datetime(uk_day(at), time.min):
        return format_day(at)
    return _("%(day)s, %(clock)s") % {"day": format_day(at), "clock": format_uk_time(at)}


def format_short_datetime(at: datetime) -> str:
    """'Tue 9 Mar 2027, 1:30pm' in UK time, for a list."""
    return _("%(day)s, %(clock)s") % {"day": dateformat.format(uk_day(at), "D j M Y"), "clock": format_uk_time(at)}


def format_short_start(at: datetime) -> str:
    """The same for the start of something: 'Tue 9 Mar 2027' if it takes whole days."""
    day = uk_day(at)
    return dateformat.format(day, "D j M Y") if at == uk_datetime(day, time.min) else format_short_datetime(at)


def time_ago_text(at: datetime, now: datetime) -> str:
    """'2 days ago'; within the last minute, 'just now'."""
    if (now - at).total_seconds() < 60:
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(at, now, depth=1)}


def waiting_text(since: datetime, now: datetime) -> str:
    """'Waiting for 2 days'; within the last minute, 'just now'."""
    if (now - since).total_seconds() < 60:
        return _("just now")
    return _("Waiting for %(time)s") % {"time": timesince(since, now, depth=1)}


def column(label: Any, value: Callable[[Any], Any], *, ordering: str | None = None) -> Callable[[Any, Any], Any]:
    """An admin's method that shows `value(obj)`."""

    @admin.display(description=label, ordering=ordering)
    def display(_self: Any, obj: Any) -> Any:
        return value(obj)

    return display


def attribute_column(name: str, label: Any, text: Callable[[Any], str]) -> Callable[[Any, Any], Any]:
    """A column that shows and sorts by the attribute `name`."""
    return column(label, lambda obj: text(getattr(obj, name)), ordering=name)


def datetime_column(name: str, label: Any, *, short: bool = False) -> Callable[[Any, Any], str]:
    """A column with a time; a dash where there is none."""
    format_moment = format_short_datetime if short else format_long_datetime
    return attribute_column(name, label, lambda at: format_moment(at) if at else EMPTY_VALUE)


def yes_no_column(name: str, label: Any) -> Callable[[Any, Any], str]:
    """A column that says yes or no in words: an icon alone is neither."""
    return attribute_column(name, label, lambda value: _("Yes") if value else _("No"))


def number_column(name: str, label: Any) -> Callable[[Any, Any], str]:
    """A column with a figure, in thousands."""
    return attribute_column(name, label, "{:,}".format)


def state_tag(label: str | Promise, kind: str) -> SafeString:
    """The state as a word with a shape; `kind`: waiting, good, done or stopped."""
    return render_to_string("includes/state_tag.html", {"label": label, "kind": kind})


def state_column(colours: Mapping[Any, str] | None = None) -> Callable[[Any, Any], Any]:
    """A column with the state as a tag, by which it can be sorted. `colours`: the tag's colour in each state, if the model
    has no `status_colour`."""

    def tag(obj: Any) -> SafeString:
        return state_tag(obj.get_state_display(), colours[obj.state] if colours else obj.status_colour)

    return column(gettext_lazy("state"), tag, ordering="state")


def non_breaking(text: str) -> str:
    """A postcode that stays on one line."""
    return text.replace(" ", "\xa0")


def breakable_email(email: str) -> SafeString:
    """An address that breaks at its dots and its @ where the screen is narrow; copied, it is whole."""
    return format_html_join(WORD_BREAK, "{}", ((piece,) for piece in re.split(r"(?=[@.])", email)))


def mail_link(email: str) -> SafeString | str:
    return format_html('<a href="mailto:{}">{}</a>', email, breakable_email(email)) if email else _("No email address: call them")


def phone_link(number: str) -> SafeString | str:
    """A link that calls the number."""
    digits = dialable_number(number)
    return format_html('<a href="tel:{}">{}</a>', digits, number) if digits else EMPTY_VALUE

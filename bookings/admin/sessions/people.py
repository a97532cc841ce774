"""Who has a place at a session, who waits and who gave up: a page at a time, so that 1,000 people cost what one does."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from bookings.admin.sessions.history import history_of, told
from bookings.models import OpenSession, PlaceState
from bookings.session_figures import Figures
from ctac.past import page_in

ON_A_PAGE = 25
HAVE = (PlaceState.TAKEN, PlaceState.OFFERED, PlaceState.ATTENDED)
# The lists that stand on the page, by the name that an address gives their page.
LISTS = ("people", "line", "gone", "history")


@dataclass(frozen=True)
class Part:
    """One list of the page: its heading, how many there are in all, the rows of this page, and the ways to those beside it."""

    name: str
    heading: str
    count: int
    rows: list[Any]
    first: int
    newer: str = ""
    older: str = ""

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def is_long(self) -> bool:
        return bool(self.newer or self.older)


def parts_of(session: OpenSession, figures: Figures, asked: Mapping[str, str]) -> list[Part]:
    """The three lists of people that have anybody; those with a place always stand there."""
    places = session.places.select_related("person__organisation")
    have, line, gone = (
        sum(figures.of(state) for state in states) for states in (HAVE, [PlaceState.WAITING], [PlaceState.GIVEN_UP])
    )
    numbers = {name: page_in(asked.get(name, "")) for name in LISTS}
    found = [part("people", _("People with a place"), have, places.filter(state__in=HAVE).order_by("position"), numbers)]
    if line:
        found.append(part("line", _("Waiting list"), line, places.in_line(), numbers))
    if gone:
        given_up = places.filter(state=PlaceState.GIVEN_UP).order_by("-position")
        found.append(part("gone", _("Gave up their place"), gone, given_up, numbers))
    return found


def history_part(session: OpenSession, asked: Mapping[str, str]) -> Part:
    events = history_of(session)
    numbers = {name: page_in(asked.get(name, "")) for name in LISTS}
    return part("history", _("What has happened"), events.order_by().count(), events, numbers, told)


def part(
    name: str,
    heading: str,
    count: int,
    rows: QuerySet[Any],
    numbers: Mapping[str, int],
    as_shown: Callable[[Iterable[Any]], list[Any]] = list,
) -> Part:
    """Its ways to other pages keep where the other lists of the page are."""
    last = max(1, -(-count // ON_A_PAGE))
    number = min(numbers[name], last)
    first = (number - 1) * ON_A_PAGE

    def at(page: int) -> str:
        kept = {each: value for each, value in {**numbers, name: page}.items() if value > 1}
        return f"?{urlencode(kept)}#{name}"

    return Part(
        name,
        heading,
        count,
        as_shown(rows[first : first + ON_A_PAGE]),
        first + 1,
        newer=at(number - 1) if number > 1 else "",
        older=at(number + 1) if number < last else "",
    )

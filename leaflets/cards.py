"""The cards of the catalogue, each drawn once by each process for as long as nothing on it changes; and the search above them.

A card says the same to everyone. Titles and stock are read from the database for every page; what was read is the key under
which the drawn card is kept. So a card can't be out of date: when a title is changed or a copy is promised, the next page has
another key. What differs from page to page, the token of the form and what was asked of the catalogue, is put in at the end.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache, lru_cache
from typing import Any

from django.db.models import Model
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from ctac.uk import uk_day
from leaflets.browsing import Also, Shelf
from leaflets.forms import AddForm
from leaflets.models import Leaflet
from leaflets.narrowing import Wanted, facets
from leaflets.standing import in_short

TEMPLATE = "leaflets/includes/card.html"
FINDER = "leaflets/includes/find.html"
TOKEN = "the token of this page"  # noqa: S105 - stands where the token will
SAID_BACK = "<!-- what this page shows -->"  # stands where the hidden fields will
MOST_KEPT = 500  # about 2 kB each; stock changes, so old ones go
MOST_FINDERS = 50  # each with the rows that it counted, so of a small catalogue only
FEW_ROWS = 100
_kept: dict[tuple[Any, ...], str] = {}
_finders: dict[tuple[Any, ...], str] = {}


def draw(leaflet: Leaflet, also: Also, refused: AddForm | None, *, wanted: Wanted, csrf_token: str) -> SafeString:
    """`also`: its other versions. `wanted`: what the page shows, so that its forms come back to it. `refused`: the form of this
    card, if it was sent and says what is wrong. That is for one person only and never kept."""
    today = uk_day(timezone.now())
    html = fresh(leaflet, also, today, refused) if refused else kept(leaflet, also, today)
    return mark_safe(html.replace(TOKEN, csrf_token).replace(SAID_BACK, hidden_fields(wanted)))  # noqa: S308 - see below


def kept(leaflet: Leaflet, also: Also, today: date) -> str:
    edition = leaflet.current_edition
    due = edition is not None and edition.review_is_due(today)  # all that a card says of the day
    key = (also, due, state_of(leaflet), state_of(edition))
    return once(_kept, MOST_KEPT, key, lambda: fresh(leaflet, also, today, AddForm(leaflet=leaflet)))


def fresh(leaflet: Leaflet, also: Also, today: date, add_form: AddForm) -> str:
    """Drawn by a template; what is put in at the end is letters and figures, or escaped by hidden_fields."""
    edition = leaflet.current_edition
    facts = {"leaflet": leaflet, "also": also, "standing": in_short(edition, today) if edition else "", "add_form": add_form}
    return render_to_string(TEMPLATE, {**facts, "csrf_token": TOKEN, "said_back": mark_safe(SAID_BACK)})  # noqa: S308


@lru_cache(maxsize=100)  # the same for each card of a page, and for most pages
def hidden_fields(wanted: Wanted) -> str:
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', wanted.asked().items())


def draw_finder(shelf: Shelf) -> SafeString:
    """The box to search in, and what to narrow by. Kept, unless it is about words that somebody typed."""
    wanted, rows = replace(shelf.wanted, page=1), shelf.found.rows
    if wanted.words or len(rows) > FEW_ROWS:
        return mark_safe(fresh_finder(shelf))  # noqa: S308 - drawn by a template
    return mark_safe(once(_finders, MOST_FINDERS, (wanted, *rows), lambda: fresh_finder(shelf)))  # noqa: S308


def fresh_finder(shelf: Shelf) -> str:
    of = facets(shelf.found.rows, shelf.wanted)
    audience = of.pop("audience")
    return render_to_string(
        FINDER, {"wanted": shelf.wanted, "audience": audience, "choices": [each for each in of.values() if each.is_a_choice]}
    )


def once(kept: dict[tuple[Any, ...], str], most: int, key: tuple[Any, ...], make: Callable[[], str]) -> str:
    html = kept.get(key)
    if html is None:
        if len(kept) >= most:
            kept.clear()
        html = kept[key] = make()
    return html


def state_of(row: Model | None) -> tuple[Any, ...]:
    """Every column of the row."""
    return tuple(map(row.__dict__.get, columns_of(type(row)))) if row else ()


@cache
def columns_of(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields)

"""The cards of the catalogue, each drawn once by each process for as long as nothing on it changes.

A card says the same to everyone. Titles and stock are read from the database for every page; what was read is the key under
which the drawn card is kept. So a card can't be out of date: when a title is changed or a copy is promised, the next page has
another key. The one thing that differs from page to page, the token of the form, is put in at the end.
"""

from typing import Any

from django.db.models import Model
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from leaflets.forms import AddForm
from leaflets.models import Leaflet

TEMPLATE = "leaflets/includes/card.html"
TOKEN = "the token of this page"  # noqa: S105 - stands where the token will
MOST_KEPT = 500  # about 2 kB each; stock changes, so old ones go
_kept: dict[tuple[Any, ...], str] = {}


def draw(leaflet: Leaflet, refused: AddForm | None, *, audience: str, csrf_token: str) -> SafeString:
    """`refused`: the form of this card, if it was sent and says what is wrong. That is for one person only and never kept."""
    html = fresh(leaflet, refused, audience) if refused else kept(leaflet, audience)
    return mark_safe(html.replace(TOKEN, csrf_token))  # noqa: S308 - drawn by a template; the token is letters and figures


def kept(leaflet: Leaflet, audience: str) -> str:
    key = (audience, state_of(leaflet), state_of(leaflet.current_edition))
    html = _kept.get(key)
    if html is None:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        html = _kept[key] = fresh(leaflet, AddForm(leaflet=leaflet), audience)
    return html


def fresh(leaflet: Leaflet, add_form: AddForm, audience: str) -> str:
    return render_to_string(TEMPLATE, {"leaflet": leaflet, "add_form": add_form, "audience": audience, "csrf_token": TOKEN})


def state_of(row: Model | None) -> tuple[Any, ...]:
    """Every column of the row."""
    return tuple(getattr(row, field.attname) for field in row._meta.concrete_fields) if row else ()

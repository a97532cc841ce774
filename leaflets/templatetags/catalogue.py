"""Of the catalogue: {% leaflet_card %} is one title, {% leaflet_finder %} the search above, {% in_its_language %} of its text."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from leaflets import cards
from leaflets.browsing import Also, Shelf
from leaflets.forms import AddForm
from leaflets.models import Leaflet
from leaflets.narrowing import Wanted

register = template.Library()


@register.simple_tag(takes_context=True)
def leaflet_card(context: template.Context, leaflet: Leaflet, also: Also, refused: AddForm | None) -> SafeString:
    shelf = context.get("shelf")
    wanted = shelf.wanted if shelf else Wanted()
    return cards.draw(leaflet, also, refused, wanted=wanted, csrf_token=str(context.get("csrf_token") or ""))


@register.simple_tag
def leaflet_finder(shelf: Shelf) -> SafeString:
    return cards.draw_finder(shelf)


@register.simple_tag
def in_its_language(leaflet: Leaflet) -> SafeString | str:
    """Attributes of what is written in the language of a leaflet, on a page in English."""
    return format_html(' lang="{}" dir="{}"', leaflet.code, leaflet.direction) if leaflet.code else ""

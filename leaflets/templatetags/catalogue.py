"""{% leaflet_card %}: one title in the catalogue."""

from django import template
from django.utils.safestring import SafeString

from leaflets import cards
from leaflets.forms import AddForm
from leaflets.models import Leaflet

register = template.Library()


@register.simple_tag(takes_context=True)
def leaflet_card(context: template.Context, leaflet: Leaflet, refused: AddForm | None) -> SafeString:
    return cards.draw(leaflet, refused, audience=context.get("audience") or "", csrf_token=str(context.get("csrf_token") or ""))

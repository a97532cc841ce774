"""Of the catalogue: {% in_its_language %} marks what is written in the language of a leaflet."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from leaflets.models import Leaflet

register = template.Library()


@register.simple_tag
def in_its_language(leaflet: Leaflet) -> SafeString | str:
    """Attributes of what is written in the language of a leaflet, on a page in English."""
    return format_html(' lang="{}" dir="{}"', leaflet.code, leaflet.direction) if leaflet.code else ""

"""Tags for email templates."""

from django import template
from django.template import Context
from django.utils.html import conditional_escape

from notifications.rendering import PRIVATE_LINKS

register = template.Library()


@register.simple_tag(takes_context=True)
def private_link(context: Context, url: str) -> str:
    """Write a link that carries a token: the reader gets it, the copy that staff see reads "[private link]"."""
    if (links := context.get(PRIVATE_LINKS)) is not None:
        links.append(str(url))
    return conditional_escape(url) if context.autoescape else str(url)

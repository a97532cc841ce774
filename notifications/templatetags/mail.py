"""Tags for email templates."""

from django import template
from django.conf import settings
from django.template import Context
from django.utils.html import conditional_escape

register = template.Library()


@register.simple_tag(takes_context=True)
def private_link(context: Context, url: str) -> str:
    """Write a link that carries a token: the reader gets it, the copy that staff see reads "[private link]"."""
    context.get("private_links", []).append(str(url))
    return conditional_escape(url) if context.autoescape else str(url)


@register.simple_tag
def site_address(path: str = "") -> str:
    """The whole address of a path of this site, for an email: {% url 'my' as path %}{% site_address path %}."""
    return f"{settings.SITE_URL}{path}"

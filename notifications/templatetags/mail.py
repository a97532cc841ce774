"""Tags for email templates."""

import re

from django import template
from django.template import Context
from django.template.defaultfilters import linebreaksbr
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import mark_safe

from notifications.rendering import PRIVATE_LINKS, phone_link

register = template.Library()
EMAIL_PATTERN = re.compile(r"[^@\s]+@[^@\s]+")
# Never break a time span or a reference over two lines.
NO_BREAK_PATTERN = re.compile(r"\b\d{1,2}(?::\d\d)?[ap]m to \d{1,2}(?::\d\d)?[ap]m\b|\b[A-Z]{2}-[0-9A-Z]{4}-[0-9A-Z]{2}\b")


@register.simple_tag(takes_context=True)
def private_link(context: Context, url: str) -> str:
    """Write a link that carries a token: the reader gets it, the copy that staff see reads "[private link]"."""
    if (links := context.get(PRIVATE_LINKS)) is not None:
        links.append(str(url))
    return conditional_escape(url) if context.autoescape else str(url)


@register.filter
def fact(row: dict[str, object]) -> str:
    """The value of a row; a link if all of it is an address or, with "is_phone", a phone number.

    Not urlize: that would link "gmail.com" and whatever strangers type, in mail that staff trust.
    """
    value = str(row["value"])
    if row.get("is_phone"):
        return phone_link(value)
    if re.fullmatch(r"https?://\S+", value):
        return format_html('<a href="{}">{}</a>', value, value)
    if EMAIL_PATTERN.fullmatch(value):
        return format_html('<a href="mailto:{}">{}</a>', value, value)
    return mark_safe(NO_BREAK_PATTERN.sub(r'<span class="keep">\g<0></span>', linebreaksbr(value)))  # noqa: S308 - escaped by linebreaksbr

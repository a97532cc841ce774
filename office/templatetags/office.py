"""What staff have set, in the sentences of pages and emails; what public pages say of closures, and the banner above them."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html

from office.closures import queries
from office.closures.models import Banner
from office.queries import setting_text, site_settings

register = template.Library()
PAGE = "govuk-body"


@register.simple_tag
def setting(name: str) -> str:
    """'2 working days'."""
    return setting_text(name)


@register.simple_tag
def banner_now() -> Banner | None:
    return queries.banner_now(timezone.now())


@register.simple_tag
def answers_note(css: str = PAGE) -> str:
    """Below 'We usually answer within 2 working days'."""
    return paragraph(queries.answers_note(timezone.now(), site_settings().answer_working_days), css)


@register.simple_tag
def parcels_note(css: str = PAGE) -> str:
    """Below 'We will post it, usually within 5 working days'."""
    return paragraph(queries.parcels_note(timezone.now(), site_settings().packing_working_days), css)


@register.simple_tag
def calls_note(until: datetime | None, css: str = PAGE) -> str:
    """Below what somebody may call us about until then."""
    return paragraph(queries.calls_note(timezone.now(), until), css)


@register.simple_tag
def closures_to_come() -> list[str]:
    """Of the advice line, in the next weeks."""
    return queries.closures_to_come(timezone.now())


def paragraph(note: str, css: str) -> str:
    """Of a page; in an email, which has no classes, of none."""
    if not note:
        return ""
    return format_html('<p class="{}">{}</p>', css, note) if css else format_html("<p>{}</p>", note)

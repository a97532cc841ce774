"""Staff's settings in the sentences of pages and emails, what public pages say about closures, and the banner above them."""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.html import format_html

from ctac.dates import uk_day
from office.closures import queries
from office.closures.models import Banner, Closes
from office.queries import setting_text, site_settings

register = template.Library()
PAGE = "govuk-body"
SAID_BEFORE = timedelta(days=28)


@register.simple_tag
def setting(name: str) -> str:
    """A setting in words: '2 working days'."""
    return setting_text(name)


@register.simple_tag
def banner_now() -> Banner | None:
    now = timezone.now()
    return next((banner for banner in queries.notices().banners if banner.is_shown(now)), None)


@register.simple_tag
def answers_note(css: str = PAGE) -> str:
    """A note below 'We usually answer within 2 working days'."""
    return paragraph(queries.answers_note(timezone.now(), site_settings().answer_working_days), css)


@register.simple_tag
def parcels_note(css: str = PAGE) -> str:
    """A note below 'We will post it, usually within 5 working days'."""
    return paragraph(queries.parcels_note(timezone.now(), site_settings().packing_working_days), css)


@register.simple_tag
def calls_note(until: datetime | None, css: str = PAGE) -> str:
    """A note below a text that asks people to call us until then."""
    return paragraph(queries.calls_note(timezone.now(), until), css)


@register.simple_tag
def closures_to_come() -> list[str]:
    """When the advice line is closed in the next weeks, so that nobody plans to call then."""
    today = uk_day(timezone.now())
    return queries.sentences_between(today, today + SAID_BEFORE, Closes.ADVICE_LINE)


def paragraph(note: str, css: str) -> str:
    """The note as a paragraph. Without `css`, it has no class: emails have none."""
    if not note:
        return ""
    return format_html('<p class="{}">{}</p>', css, note) if css else format_html("<p>{}</p>", note)

"""Staff's settings in the sentences of pages and emails, what public pages say about closures, and the banner above them."""

from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.html import format_html

from core.dates import uk_day
from office.closures import queries
from office.closures.models import Banner, ClosureScope
from office.site_settings.queries import setting_text, site_settings

register = template.Library()
PAGE_CSS_CLASS = "govuk-body"
CLOSURE_NOTICE_PERIOD = timedelta(days=28)


@register.simple_tag
def setting(name: str) -> str:
    """A setting in words: '2 working days'."""
    return setting_text(name)


@register.simple_tag
def banner_now() -> Banner | None:
    now = timezone.now()
    return next((banner for banner in queries.get_notices().banners if banner.is_shown(now)), None)


@register.simple_tag
def answers_note(css: str = PAGE_CSS_CLASS) -> str:
    """A note below 'We usually answer within 2 working days'."""
    return note_paragraph(queries.answers_note(timezone.now(), site_settings().answer_working_days), css)


@register.simple_tag
def parcels_note(css: str = PAGE_CSS_CLASS) -> str:
    """A note below 'We will post it, usually within 5 working days'."""
    return note_paragraph(queries.parcels_note(timezone.now(), site_settings().packing_working_days), css)


@register.simple_tag
def calls_note(until: datetime | None, css: str = PAGE_CSS_CLASS) -> str:
    """A note below a text that asks people to call us until then."""
    return note_paragraph(queries.calls_note(timezone.now(), until), css)


@register.simple_tag
def closures_to_come() -> list[str]:
    """When the advice line is closed in the next weeks, so that nobody plans to call then."""
    today = uk_day(timezone.now())
    return queries.closure_texts_between(today, today + CLOSURE_NOTICE_PERIOD, ClosureScope.ADVICE_LINE)


def note_paragraph(note: str, css: str) -> str:
    """The note as a paragraph. Without `css`, it has no class: emails have none."""
    if not note:
        return ""
    return format_html('<p class="{}">{}</p>', css, note) if css else format_html("<p>{}</p>", note)

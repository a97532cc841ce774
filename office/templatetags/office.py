"""What public pages say of closures, and the banner above them."""

from datetime import datetime

from django import template
from django.utils import timezone

from office.closures import queries
from office.closures.models import Banner

register = template.Library()


@register.simple_tag
def banner_now() -> Banner | None:
    return queries.banner_now(timezone.now())


@register.simple_tag
def answers_note() -> str:
    """Beside 'We usually answer within 2 working days'."""
    return queries.answers_note(timezone.now())


@register.simple_tag
def parcels_note() -> str:
    """Beside 'We will post it, usually within 5 working days'."""
    return queries.parcels_note(timezone.now())


@register.simple_tag
def calls_note(until: datetime | None) -> str:
    """Beside what somebody may call us about until then."""
    return queries.calls_note(timezone.now(), until)


@register.simple_tag
def closures_to_come() -> list[str]:
    """Of the advice line, in the next weeks."""
    return queries.closures_to_come(timezone.now())

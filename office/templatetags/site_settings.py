"""What staff have set, in the sentences of pages and emails."""

from django import template

from office import queries

register = template.Library()


@register.simple_tag
def setting(name: str) -> str:
    """'2 working days'."""
    return queries.setting_text(name)

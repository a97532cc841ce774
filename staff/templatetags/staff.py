"""Template tags of the staff site."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms, template
from django.forms.formsets import BaseFormSet
from django.forms.utils import ErrorList
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext

from staff import guide, menu

register = template.Library()
register.filter("list_name", menu.plural_name)
register.filter("one_name", menu.singular_name)
register.filter("help_address", guide.help_address)


@register.filter
def thousands(number: int) -> str:
    """'1,000'."""
    return f"{number:,}"


@register.filter
def rows_to_add(inline: Any) -> str:
    """The facts for Django's script that adds a row, with our name in its link."""
    facts = json.loads(inline.inline_formset_data())
    facts["options"]["addText"] = gettext("Add another %(name)s") % {"name": menu.singular_name(inline.opts.model._meta)}
    return json.dumps(facts)


@register.filter
def labelled(cells: Iterable[str], headers: Iterable[dict[str, Any]]) -> list[SafeString]:
    """The cells of a row, each with the heading of its column, which stands before it on a phone, where a row is a card.

    A cell comes as HTML ("<td class=…>"). Its role keeps it a cell for screen readers when CSS draws a card.
    """
    found = []
    for cell, header in zip(cells, headers, strict=False):
        text = "" if "action-checkbox" in str(header.get("class_attrib", "")) else capfirst(str(header["text"]))
        role = "rowheader" if cell.startswith("<th") else "cell"
        start, rest = mark_safe(cell[:3]), mark_safe(cell[3:])  # noqa: S308 - the admin's own markup
        found.append(format_html('{} role="{}" data-label="{}"{}', start, role, text, rest))
    return found


@dataclass(frozen=True)
class FilterInUse:
    title: str
    value: str
    without: str


@register.filter
def filters_in_use(changelist: Any) -> list[FilterInUse]:
    """The list's filters in use, each with the address of the list without it. A filter's first choice means all."""
    found = []
    for spec in changelist.filter_specs:
        everything, *choices = spec.choices(changelist)
        chosen = ", ".join(str(choice["display"]) for choice in choices if choice["selected"])
        if chosen:
            found.append(FilterInUse(capfirst(str(spec.title)), chosen, everything["query_string"]))
    return found


class EveryForm(BaseFormSet):
    """The main form of a page and its formsets together, for the summary of errors."""

    def __init__(self, main: forms.BaseForm, formsets: list[BaseFormSet]) -> None:
        self.main, self.formsets, self.is_bound = main, formsets, main.is_bound

    @property
    def forms(self) -> list[forms.BaseForm]:
        return [self.main, *(form for formset in self.formsets for form in formset.forms)]

    @property
    def errors(self) -> list[Any]:
        return [form.errors for form in self.forms if form.errors]

    def non_form_errors(self) -> ErrorList:
        return ErrorList([str(message) for formset in self.formsets for message in formset.non_form_errors()])


@register.simple_tag
def every_form(adminform: Any, inlines: Iterable[Any]) -> EveryForm:
    return EveryForm(adminform.form, [inline.formset for inline in inlines])

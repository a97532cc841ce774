"""What the page templates and the form pack need beyond Django's own tags."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from django import forms, template
from django.conf import settings
from django.forms.boundfield import BoundField
from django.forms.formsets import BaseFormSet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from ctac.questions import date_parts, hint_and_error, is_conditional, kind, question, radio_days

register = template.Library()

register.simple_tag(question)
register.simple_tag(radio_days)
register.filter(hint_and_error)


@register.simple_tag
def form_parts(form: forms.BaseForm) -> list[tuple[str | None, list[BoundField]]]:
    """The questions in page order, those of a fieldset together under its legend; others stand alone, under None.

    Those that a form names in `drawn_apart` the page draws itself.
    """
    legends = {name: legend for legend, names in getattr(form, "fieldsets", {}).items() for name in names}
    parts: dict[str, tuple[str | None, list[BoundField]]] = {}
    for field in form:
        if not is_conditional(field) and field.name not in getattr(form, "drawn_apart", ()):
            legend = legends.get(field.name)
            parts.setdefault(str(legend or field.html_name), (legend, []))[1].append(field)
    return list(parts.values())


@dataclass(frozen=True)
class SummaryError:
    message: str
    href: str


@register.simple_tag
def summary_errors(form: forms.BaseForm | BaseFormSet | None) -> list[SummaryError]:
    """Every error of a form or formset in page order, each with the id of the box it is about.

    Where boxes of several names have the same error, each link says which it is.
    """
    if form is None or not hasattr(form, "is_bound"):
        return []
    if isinstance(form, BaseFormSet):
        found = [("", SummaryError(str(message), "")) for message in form.non_form_errors()]
        found += [error for each in form.forms for error in form_errors(each)]
    else:
        found = list(form_errors(form))
    boxes = Counter(message for message, _label in {(error.message, label) for label, error in found})
    return [named(label, error) if label and boxes[error.message] > 1 else error for label, error in found]


def form_errors(form: forms.BaseForm) -> Iterator[tuple[str, SummaryError]]:
    """Each error with the label of its box, empty if it is about none that can be seen or names it already."""
    for message in form.non_field_errors():
        yield "", SummaryError(str(message), "")
    for field in form:
        for error, message in zip(field.errors.as_data(), field.errors, strict=True):
            in_short = str(getattr(error, "in_short", message))
            if field.is_hidden:
                yield "", hidden_error(in_short)
            elif field.name in getattr(form, "named_in_errors", ()):
                yield "", named(str(field.label), SummaryError(in_short, first_control_id(field)))
            else:
                yield str(field.label), SummaryError(in_short, first_control_id(field))


def named(label: str, error: SummaryError) -> SummaryError:
    return SummaryError(_("“%(label)s”: %(error)s") % {"label": label, "error": error.message}, error.href)


def hidden_error(message: str) -> SummaryError:
    """Nobody can see or mend what a page sends by itself, so the sentence says what to do."""
    return SummaryError(
        _("Something this page sends by itself is wrong (%(error)s) Reload the page and try again.") % {"error": message}, ""
    )


def first_control_id(field: BoundField) -> str:
    """The id that takes the focus: of a group, its first box, whatever Django's own id_for_label says."""
    id_ = field.field.widget.attrs.get("id") or field.auto_id
    what = kind(field)
    if what in {"radios", "checkboxes"}:
        return next((str(bound.data["attrs"]["id"]) for bound in field.subwidgets), id_)
    if what == "parts":
        return str(date_parts(field)[0]["attrs"]["id"])
    return id_


@register.simple_tag(takes_context=True)
def current(context: template.Context, *prefixes: str, but: str = "") -> SafeString | str:
    """aria-current for a link of the navigation: this very page, or some page of its section. `but`: not those under it."""
    path = getattr(context.get("request"), "path", "")
    if but and path.startswith(but):
        return ""
    if path in prefixes:
        return format_html(' aria-current="{}"', "page")
    if any(path.startswith(prefix) for prefix in prefixes if prefix not in {"", "/"}):
        return format_html(' aria-current="{}"', "true")
    return ""


@register.simple_tag
def fact(name: str) -> object:
    """A fact of the service from the settings, for pages that are drawn without context processors (a server error)."""
    return getattr(settings, {"phone": "ADVICE_PHONE", "email": "ADVICE_EMAIL", "hours": "ADVICE_HOURS"}[name])


@register.filter
def tel(number: str) -> str:
    """A phone number as a tel: link wants it, without spaces."""
    return "tel:" + "".join(character for character in number if character.isdigit() or character == "+")

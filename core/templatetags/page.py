"""Template tags of pages and of the form pack."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django import forms, template
from django.conf import settings
from django.forms.boundfield import BoundField
from django.forms.formsets import BaseFormSet
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from core.forms import OptionalCheckboxesField, dialable_number
from core.pages import CONFIRMATION_OFFERS, SITE_FACTS

register = template.Library()

CONTROL_CLASSES = {"input": "govuk-input", "textarea": "govuk-textarea", "select": "govuk-select", "file": "govuk-file-upload"}


@register.inclusion_tag("ctac/field.html")
def question(field: BoundField) -> dict[str, BoundField]:
    """A question of a form: its label, hint, error and control."""
    return {"field": field}


@register.simple_tag(takes_context=True)
def offers(context: Context) -> SafeString:
    """The offers of other apps on the pages that confirm an order or a place."""
    return mark_safe("".join(find(context["request"]) for find in CONFIRMATION_OFFERS))  # noqa: S308 - drawn from templates of ours


@register.filter
def kind(field: BoundField) -> str:
    """The component of the form pack that draws this field."""
    widget = field.field.widget
    if isinstance(widget, forms.CheckboxSelectMultiple):
        return "checkboxes"
    if isinstance(widget, forms.RadioSelect):
        return "radios"
    if isinstance(widget, forms.CheckboxInput):
        return "checkbox"
    if isinstance(widget, forms.MultiWidget):
        return "parts"
    if isinstance(widget, forms.Select):
        return "select"
    if isinstance(widget, forms.Textarea):
        return "textarea"
    return "file" if isinstance(widget, forms.FileInput) else "input"


@register.filter
def question_label(field: BoundField) -> Any:
    """The label, marked if the question is optional. A conditional question isn't, once it is asked."""
    if field.field.required or is_conditional(field) or isinstance(field.field, OptionalCheckboxesField):
        return field.label
    return _("%(label)s (optional)") % {"label": field.label}


@register.simple_tag
def control(field: BoundField, css_class: str = "") -> SafeString:
    """The control with our classes. Django adds aria-describedby and aria-invalid."""
    base = css_class or CONTROL_CLASSES[kind(field)]
    classes = [base, field.field.widget.attrs.get("class", "")]
    if field.errors and not css_class:
        classes.append(f"{base}--error")
    attrs: dict[str, str | bool] = {"class": " ".join(filter(None, classes))}
    if character_limit(field):
        attrs["aria-describedby"] = " ".join(filter(None, [field.aria_describedby, f"{field.auto_id}_count"]))
    return field.as_widget(attrs=attrs)


@register.filter
def character_limit(field: BoundField) -> int | None:
    """How many characters a textarea may have, for the page to count down."""
    return getattr(field.field, "max_length", None) if kind(field) == "textarea" else None


@dataclass(frozen=True)
class Option:
    """A radio or checkbox as Django describes it, its hint, and the questions that it asks when it is chosen."""

    widget: dict[str, Any]
    hint: Any
    conditional_fields: list[BoundField]


@register.filter
def optgroups(field: BoundField) -> list[tuple[str | None, list[dict[str, Any]], int]]:
    """The options of a choice in Django's groups: title, options, place."""
    context = field.field.widget.get_context(field.html_name, field.value(), {"id": field.auto_id})
    groups: list[tuple[str | None, list[dict[str, Any]], int]] = context["widget"]["optgroups"]
    return groups


@register.filter
def option_groups(field: BoundField) -> list[tuple[str | None, list[Option]]]:
    """The options of a choice by the title of their group, which may be None."""
    hints = getattr(field.form, "option_hints", {}).get(field.name, {})
    rules = getattr(field.form, "conditional", {})
    groups = []
    for title, widgets, _place in optgroups(field):
        options = []
        for widget in widgets:
            value = str(widget["value"])
            widget["attrs"]["class"] = f"govuk-{kind(field)}__input"
            if hints.get(value):
                widget["attrs"]["aria-describedby"] = f"{widget['attrs']['id']}_hint"
            names = [name for name, rule in rules.items() if rule == (field.name, value) and name in field.form.fields]
            options.append(Option(widget, hints.get(value, ""), [field.form[name] for name in names]))
        groups.append((title or None, options))
    return groups


def is_conditional(field: BoundField) -> bool:
    return field.name in getattr(field.form, "conditional", {})


@register.simple_tag
def date_parts(field: BoundField) -> list[dict[str, Any]]:
    """The boxes of a field in parts, each with its id, name, value and label."""
    context = field.field.widget.get_context(field.html_name, field.value(), {"id": field.auto_id})
    labels = getattr(field.field.widget, "part_labels", ())
    return [{**part, "label": label} for part, label in zip(context["widget"]["subwidgets"], labels, strict=True)]


@register.simple_tag
def form_parts(form: forms.BaseForm) -> list[tuple[str | None, list[BoundField]]]:
    """The questions in the order of the page, in groups with a legend, which is None for a single question.

    The page itself draws those that the form names in `drawn_apart` or `rare`.
    """
    legends = {name: legend for legend, names in getattr(form, "fieldsets", {}).items() for name in names}
    parts: dict[str, tuple[str | None, list[BoundField]]] = {}
    for field in form:
        if not is_conditional(field) and field.name not in (*getattr(form, "drawn_apart", ()), *getattr(form, "rare", ())):
            legend = legends.get(field.name)
            parts.setdefault(str(legend or field.html_name), (legend, []))[1].append(field)
    return list(parts.values())


@register.inclusion_tag("ctac/rare.html")
def rare_questions(form: Any, summary: str) -> dict[str, Any]:
    """The form's `rare` questions, folded under a sentence unless one has an answer or an error."""
    fields = [form[name] for name in form.rare if name in form.fields]
    return {"fields": fields, "summary": summary, "is_open": any(field.errors or field.value() for field in fields)}


@dataclass(frozen=True)
class SummaryError:
    message: str
    href: str


@register.simple_tag
def summary_errors(form: forms.BaseForm | BaseFormSet | None) -> list[SummaryError]:
    """All errors of a form or formset in the order of the page, each with the id of its box.

    If several questions have the same error, each link names its question.
    """
    if form is None or not hasattr(form, "is_bound"):
        return []
    if isinstance(form, BaseFormSet):
        found = [("", SummaryError(str(message), "")) for message in form.non_form_errors()]
        found += [error for part in form.forms for error in form_errors(part)]
    else:
        found = list(form_errors(form))
    labels = Counter(message for message, _label in {(error.message, label) for label, error in found})
    return [with_label(label, error) if label and labels[error.message] > 1 else error for label, error in found]


def form_errors(form: forms.BaseForm) -> Iterator[tuple[str, SummaryError]]:
    """Each error with the label of its box, or "" if it has no visible box or names it already."""
    for message in form.non_field_errors():
        yield "", SummaryError(str(message), "")
    for field in form:
        for error, message in zip(field.errors.as_data(), field.errors, strict=True):
            in_short = str(getattr(error, "in_short", message))
            if field.is_hidden:  # nobody can see or correct it, so the sentence says what to do
                by_itself = _("This page sent us something that we can’t use (%(error)s) Reload the page and try again.")
                yield "", SummaryError(by_itself % {"error": in_short}, "")
            elif field.name in getattr(form, "named_in_errors", ()):
                yield "", with_label(str(field.label), SummaryError(in_short, first_control_id(field)))
            else:
                yield str(field.label), SummaryError(in_short, first_control_id(field))


def with_label(label: str, error: SummaryError) -> SummaryError:
    return SummaryError(_("“%(label)s”: %(error)s") % {"label": label, "error": error.message}, error.href)


def first_control_id(field: BoundField) -> str:
    """The id that takes the focus; in a group, that of the first box."""
    id_ = field.field.widget.attrs.get("id") or field.auto_id
    component = kind(field)
    if component in {"radios", "checkboxes"}:
        return next((str(bound.data["attrs"]["id"]) for bound in field.subwidgets), id_)
    if component == "parts":
        return str(date_parts(field)[0]["attrs"]["id"])
    return id_


@register.simple_tag(takes_context=True)
def current(context: template.Context, *prefixes: str, but: str = "") -> SafeString | str:
    """aria-current for a link of the navigation to this page ("page") or its section ("true"), but not below `but`."""
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
    """A fact that staff have set, for pages without context processors, such as those of a server error."""
    return SITE_FACTS[name]()


@register.simple_tag
def facts() -> list[object]:
    """All of them, for the cache key of a fragment that says some."""
    return [find() for find in SITE_FACTS.values()]


@register.simple_tag
def charity_logo() -> str:
    """The address of the charity's logo; "" if none is set."""
    return static(f"charity/{Path(settings.CHARITY_LOGO).name}") if settings.CHARITY_LOGO else ""


@register.filter
def tel(number: str) -> str:
    return f"tel:{dialable_number(number)}"

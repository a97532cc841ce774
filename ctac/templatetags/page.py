"""What the page templates and the form pack need beyond Django's own tags."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms, template
from django.conf import settings
from django.forms.boundfield import BoundField, BoundWidget
from django.forms.formsets import BaseFormSet
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

register = template.Library()

CONTROL_CLASSES = {"input": "govuk-input", "textarea": "govuk-textarea", "select": "govuk-select", "file": "govuk-file-upload"}


@register.filter
def kind(field: BoundField) -> str:
    """Which component of the pack draws this field."""
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


@register.simple_tag
def control(field: BoundField, css_class: str = "") -> SafeString:
    """The bare control with our classes; Django itself adds aria-describedby and aria-invalid."""
    what = kind(field)
    classes = [css_class or CONTROL_CLASSES[what], field.field.widget.attrs.get("class", "")]
    if field.errors and not css_class:
        classes.append(f"{CONTROL_CLASSES[what]}--error")
    attrs: dict[str, str | bool] = {"class": " ".join(filter(None, classes))}
    if counted(field):
        attrs["aria-describedby"] = " ".join(filter(None, [field.aria_describedby, f"{field.auto_id}_count"]))
    return field.as_widget(attrs=attrs)


@register.filter
def counted(field: BoundField) -> int | None:
    """How many characters a long text may have, where the form says so: the page counts them down."""
    return getattr(field.field, "max_length", None) if kind(field) == "textarea" else None


@dataclass(frozen=True)
class Option:
    """One radio or checkbox: its control, its label and the hint beside it."""

    id: str
    tag: SafeString
    label: Any
    hint: str | Promise
    controls: list[BoundField]


@register.simple_tag
def option_groups(field: BoundField, css_class: str) -> list[tuple[str | None, list[Option]]]:
    """The options of a choice, by group where the choices are grouped (days with their times, say)."""
    groups = field.field.widget.optgroups(field.html_name, field.field.widget.format_value(field.value()), {"id": field.auto_id})
    return [(label or None, [make_option(field, data, css_class) for data in options]) for label, options, _index in groups]


def make_option(field: BoundField, data: dict[str, Any], css_class: str) -> Option:
    value = str(data["value"])
    hint = getattr(field.form, "option_hints", {}).get(field.name, {}).get(value, "")
    data["attrs"]["class"] = css_class
    if hint:
        data["attrs"]["aria-describedby"] = f"{data['attrs']['id']}_hint"
    bound = BoundWidget(field.field.widget, data, field.form.renderer)
    return Option(data["attrs"]["id"], bound.tag(), data["label"], hint, conditional_fields(field, value))


def conditional_fields(field: BoundField, value: str) -> list[BoundField]:
    """The fields of the form that are asked only when this option is chosen."""
    rules = getattr(field.form, "conditional", {})
    return [field.form[name] for name, rule in rules.items() if rule == (field.name, value) and name in field.form.fields]


@register.filter
def is_conditional(field: BoundField) -> bool:
    return field.name in getattr(field.form, "conditional", {})


@register.simple_tag
def form_parts(form: forms.BaseForm) -> list[tuple[str | None, list[BoundField]]]:
    """The questions in page order, those of a fieldset together under its legend; others stand alone, under None."""
    legends = {name: legend for legend, names in getattr(form, "fieldsets", {}).items() for name in names}
    parts: dict[str, tuple[str | None, list[BoundField]]] = {}
    for field in form:
        if not is_conditional(field):
            legend = legends.get(field.name)
            parts.setdefault(str(legend or field.html_name), (legend, []))[1].append(field)
    return list(parts.values())


@register.simple_tag
def date_parts(field: BoundField) -> list[dict[str, Any]]:
    """The boxes of a field in parts, each with the id, name and value that Django gives it and the label of its part."""
    context = field.field.widget.get_context(field.html_name, field.value(), {"id": field.auto_id})
    labels = getattr(field.field.widget, "part_labels", ())
    return [{**part, "label": label} for part, label in zip(context["widget"]["subwidgets"], labels, strict=True)]


@dataclass(frozen=True)
class SummaryError:
    message: str
    href: str


@register.simple_tag
def summary_errors(form: forms.BaseForm | BaseFormSet | None) -> list[SummaryError]:
    """Every error of a form or formset in page order, each with the id of the box it is about."""
    if form is None or not hasattr(form, "is_bound"):
        return []
    if isinstance(form, BaseFormSet):
        own = [SummaryError(str(message), "") for message in form.non_form_errors()]
        return own + [error for each in form.forms for error in form_errors(each)]
    return list(form_errors(form))


def form_errors(form: forms.BaseForm) -> Iterator[SummaryError]:
    for message in form.non_field_errors():
        yield SummaryError(str(message), "")
    for field in form:
        for message in field.errors:
            yield hidden_error(str(message)) if field.is_hidden else SummaryError(str(message), first_control_id(field))


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

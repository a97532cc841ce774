"""Draws a question of a form (label, hint, error, control) without a template for each of its parts: ADR 31 has the figures.

`{% question field %}` draws one; templates/ctac/uni_form.html all of a form. Every value is escaped; a help text alone may be
HTML, as Django has it. Optional questions say so in their label: no form has the browser's own checks.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField, BoundWidget
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ctac.forms import AnyOrNone
from ctac.widgets import escape

CONTROL_CLASSES = {"input": "govuk-input", "textarea": "govuk-textarea", "select": "govuk-select", "file": "govuk-file-upload"}


def question(field: BoundField) -> SafeString:
    if field.is_hidden:
        return mark_safe(str(field))  # noqa: S308 - drawn by Django
    what, id_, wrong = kind(field), escape(field.auto_id), bool(field.errors)
    classes = "govuk-form-group govuk-form-group--error" if wrong else "govuk-form-group"
    inside = INSIDE.get(what, labelled)(field, what)
    return mark_safe(f'<div id="div_{id_}" class="{classes}">{inside}</div>')  # noqa: S308 - escaped


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


def labelled(field: BoundField, what: str) -> str:
    """One control under its label."""
    label = f'<label class="govuk-label" for="{escape(field.id_for_label)}">{label_of(field, what)}</label>'
    return f"{label}{hint_and_error(field)}{control(field)}{count(field)}"


def checkbox(field: BoundField, what: str) -> str:
    """A box to tick stands before its label."""
    hint = hint_of(field, " govuk-checkboxes__hint")
    label = f'<label class="govuk-label govuk-checkboxes__label" for="{escape(field.id_for_label)}">{escape(field.label)}</label>'
    item = f'<div class="govuk-checkboxes__item">{control(field, "govuk-checkboxes__input")}{label}{hint}</div>'
    return f'{error_of(field)}<div class="govuk-checkboxes">{item}</div>'


def group(field: BoundField, what: str) -> str:
    """Several controls under one legend."""
    described = f' aria-describedby="{escape(field.aria_describedby)}"' if field.aria_describedby else ""
    legend = f'<legend class="govuk-fieldset__legend">{label_of(field, what)}</legend>'
    inside = date_boxes(field) if what == "parts" else options(field, what)
    return f'<fieldset class="govuk-fieldset"{described}>{legend}{hint_and_error(field)}{inside}</fieldset>'


INSIDE: dict[str, Callable[[BoundField, str], str]] = {
    "radios": group,
    "checkboxes": group,
    "parts": group,
    "checkbox": checkbox,
}


def label_of(field: BoundField, what: str) -> str:
    """A conditional question looks optional to the form but isn't once it is asked; one that really is says so."""
    if field.field.required or what == "checkbox" or is_conditional(field) or isinstance(field.field, AnyOrNone):
        return escape(field.label)
    return escape(_("%(label)s (optional)") % {"label": field.label})


def hint_and_error(field: BoundField) -> SafeString:
    return mark_safe(hint_of(field) + error_of(field))  # noqa: S308 - both are escaped


def hint_of(field: BoundField, more_classes: str = "") -> str:
    if not field.help_text:
        return ""
    return f'<div id="{escape(field.auto_id)}_helptext" class="govuk-hint{more_classes}">{field.help_text}</div>'


def error_of(field: BoundField) -> str:
    if not field.errors:
        return ""
    errors = "<br>".join(escape(str(error)) for error in field.errors)
    said = f'<span class="govuk-visually-hidden">{escape(_("Error:"))}</span> {errors}'
    return f'<p id="{escape(field.auto_id)}_error" class="govuk-error-message">{said}</p>'


def control(field: BoundField, css_class: str = "") -> SafeString:
    """The bare control with our classes; Django itself adds aria-describedby and aria-invalid."""
    what = kind(field)
    classes = [css_class or CONTROL_CLASSES[what], field.field.widget.attrs.get("class", "")]
    if field.errors and not css_class:
        classes.append(f"{CONTROL_CLASSES[what]}--error")
    attrs: dict[str, str | bool] = {"class": " ".join(filter(None, classes))}
    if limit_of(field):
        attrs["aria-describedby"] = " ".join(filter(None, [field.aria_describedby, f"{field.auto_id}_count"]))
    return field.as_widget(attrs=attrs)


def limit_of(field: BoundField) -> int | None:
    """How many characters a long text may have, where the form says so: the page counts them down."""
    return getattr(field.field, "max_length", None) if kind(field) == "textarea" else None


def count(field: BoundField) -> str:
    """page.js counts down with these sentences, %s being the number; without it the first one stands."""
    limit = limit_of(field)
    if not limit:
        return ""
    said = {
        "limit": str(limit),
        "left": _("You have %s characters left"),
        "left-one": _("You have 1 character left"),
        "over": _("You have %s characters too many"),
        "over-one": _("You have 1 character too many"),
    }
    data = "".join(f' data-{name}="{escape(sentence)}"' for name, sentence in said.items())
    first = ngettext("You can enter %(limit)d character", "You can enter up to %(limit)d characters", limit) % {"limit": limit}
    return f'<div class="govuk-hint count" id="{escape(field.auto_id)}_count"{data}>{escape(first)}</div>'


@dataclass(frozen=True)
class Option:
    """One radio or checkbox: its control, its label and the hint beside it."""

    id: str
    tag: SafeString
    label: Any
    hint: Any
    controls: list[BoundField]


def option_groups(field: BoundField, css_class: str) -> list[tuple[str | None, list[Option]]]:
    """The options of a choice, by group where the choices are grouped (days with their times, say)."""
    groups = field.field.widget.optgroups(field.html_name, field.field.widget.format_value(field.value()), {"id": field.auto_id})
    return [(label or None, [make_option(field, data, css_class) for data in options]) for label, options, _index in groups]


def radio_days(field: BoundField) -> list[tuple[Any, SafeString]]:
    """The radios of a choice of times, by day. As option_groups, where there are many and none has a hint: drawn at once."""
    wanted = field.field.widget.format_value(field.value())
    days = enumerate(field.field.choices)  # type: ignore[attr-defined]
    return [(day, mark_safe("".join(radios(field, number, times, wanted)))) for number, (day, times) in days]  # noqa: S308 - escaped


def radios(field: BoundField, group: int, times: Iterable[tuple[str, Any]], wanted: list[str]) -> Iterator[str]:
    name, prefix = escape(field.html_name), f"{escape(field.auto_id)}_{group}_"
    for number, (value, label) in enumerate(times):
        chosen = " checked" if value in wanted else ""
        yield (
            f'<div class="time"><input type="radio" name="{name}" value="{escape(value)}" id="{prefix}{number}"{chosen}'
            f' class="time__input"><label class="time__label" for="{prefix}{number}">{escape(label)}</label></div>'
        )


def make_option(field: BoundField, data: dict[str, Any], css_class: str) -> Option:
    value = str(data["value"])
    hint = getattr(field.form, "option_hints", {}).get(field.name, {}).get(value, "")
    data["attrs"]["class"] = css_class
    if hint:
        data["attrs"]["aria-describedby"] = f"{data['attrs']['id']}_hint"
    bound = BoundWidget(field.field.widget, data, field.form.renderer)
    return Option(data["attrs"]["id"], bound.tag(), data["label"], hint, conditional_fields(field, value))


def options(field: BoundField, what: str) -> str:
    groups = enumerate(option_groups(field, f"govuk-{what}__input"))
    return f'<div class="govuk-{what}">{"".join(option_group(field, what, number, *each) for number, each in groups)}</div>'


def option_group(field: BoundField, what: str, number: int, title: str | None, options: list[Option]) -> str:
    drawn = "".join(option(what, each) for each in options)
    if not title:
        return drawn
    id_ = f"{escape(field.auto_id)}_group_{number}"
    head = f'<p class="option-group__title" id="{id_}">{escape(title)}</p>'
    return f'<div class="option-group" role="group" aria-labelledby="{id_}">{head}{drawn}</div>'


def option(what: str, each: Option) -> str:
    """With the questions that are asked when it is chosen."""
    id_ = escape(each.id)
    hint = f'<div class="govuk-hint govuk-{what}__hint" id="{id_}_hint">{escape(each.hint)}</div>' if each.hint else ""
    label = f'<label class="govuk-label govuk-{what}__label" for="{id_}">{escape(each.label)}</label>'
    below = "".join(map(question, each.controls))
    below = f'<div class="govuk-{what}__conditional">{below}</div>' if below else ""
    return f'<div class="govuk-{what}__item">{each.tag}{label}{hint}</div>{below}'


def conditional_fields(field: BoundField, value: str) -> list[BoundField]:
    """The fields of the form that are asked only when this option is chosen."""
    rules = getattr(field.form, "conditional", {})
    return [field.form[name] for name, rule in rules.items() if rule == (field.name, value) and name in field.form.fields]


def is_conditional(field: BoundField) -> bool:
    return field.name in getattr(field.form, "conditional", {})


def date_parts(field: BoundField) -> list[dict[str, Any]]:
    """The boxes of a field in parts, each with the id, name and value that Django gives it and the label of its part."""
    context = field.field.widget.get_context(field.html_name, field.value(), {"id": field.auto_id})
    labels = getattr(field.field.widget, "part_labels", ())
    return [{**part, "label": label} for part, label in zip(context["widget"]["subwidgets"], labels, strict=True)]


def date_boxes(field: BoundField) -> str:
    parts = date_parts(field)
    boxes = "".join(date_box(field, part, "4" if part is parts[-1] else "2") for part in parts)
    return f'<div class="govuk-date-input" id="{escape(field.auto_id)}">{boxes}</div>'


def date_box(field: BoundField, part: dict[str, Any], width: str) -> str:
    id_, wrong = escape(part["attrs"]["id"]), bool(field.errors)
    label = f'<label class="govuk-label govuk-date-input__label" for="{id_}">{escape(part["label"])}</label>'
    classes = f"govuk-input govuk-date-input__input govuk-input--width-{width}" + (" govuk-input--error" if wrong else "")
    value = "" if part["value"] is None else f' value="{escape(part["value"])}"'
    rest = f'{value} inputmode="numeric"' + (' aria-invalid="true"' if wrong else "")
    box = f'<input class="{classes}" type="{escape(part["type"])}" name="{escape(part["name"])}" id="{id_}"{rest}>'
    return f'<div class="govuk-date-input__item">{label}{box}</div>'

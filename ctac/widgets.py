"""Draws the plain controls of forms without a template each: the same HTML as Django's templates, at a fraction of the time.

A page of radios spent a third of its time in Django's templates for single controls. What is not drawn here (file boxes, dates
in parts, the admin's own controls) goes through its template as ever. A test holds each control against Django's template.
"""

import html
from collections.abc import Callable, Mapping
from typing import Any

from django.forms.renderers import TemplatesSetting
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe

Widget = Mapping[str, Any]


def escape(value: object) -> str:
    """As Django's conditional_escape, of which half the time goes into keeping a lazy text lazy: here it is drawn at once."""
    text = str(value) if isinstance(value, Promise) else value
    return str(text.__html__()) if hasattr(text, "__html__") else html.escape(str(text))


def attributes(attrs: Mapping[str, Any]) -> str:
    """Their names are written in our code and Django's."""
    parts = [
        f" {name}" if value is True else f' {name}="{escape(str(value))}"' for name, value in attrs.items() if value is not False
    ]
    return "".join(parts)


def input_(widget: Widget) -> str:
    value = "" if widget["value"] is None else f' value="{escape(str(widget["value"]))}"'
    return f'<input type="{escape(widget["type"])}" name="{escape(widget["name"])}"{value}{attributes(widget["attrs"])}>'


def option_of_many(widget: Widget) -> str:
    """A radio or a checkbox, within its label only where Django would put it there."""
    if not widget.get("wrap_label"):
        return input_(widget)
    id_ = widget["attrs"].get("id")
    opening = f'<label for="{escape(id_)}">' if id_ else "<label>"
    return f"{opening}{input_(widget)} {escape(widget['label'])}</label>"


def textarea(widget: Widget) -> str:
    text = escape(widget["value"]) if widget["value"] else ""
    return f'<textarea name="{escape(widget["name"])}"{attributes(widget["attrs"])}>\n{text}</textarea>'


def select(widget: Widget) -> str:
    groups = (select_group(name, options) for name, options, _index in widget["optgroups"])
    return f'<select name="{escape(widget["name"])}"{attributes(widget["attrs"])}>{"".join(groups)}\n</select>'


def select_group(name: Any, options: list[Widget]) -> str:
    drawn = "".join(
        f'\n  <option value="{escape(str(option["value"]))}"{attributes(option["attrs"])}>{escape(option["label"])}</option>\n'
        for option in options
    )
    return f'\n  <optgroup label="{escape(name)}">{drawn}\n  </optgroup>' if name else drawn


WIDGETS = "django/forms/widgets/"
QUICK: dict[str, Callable[[Widget], str]] = {
    f"{WIDGETS}{name}.html": draw
    for names, draw in (
        (("input", "text", "email", "tel", "number", "url", "password", "hidden", "search", "color", "checkbox"), input_),
        (("radio_option", "checkbox_option", "input_option"), option_of_many),
        (("textarea",), textarea),
        (("select",), select),
    )
    for name in names
}


class QuickRenderer(TemplatesSetting):
    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> SafeString:
        draw = QUICK.get(template_name)
        if draw is None:
            return mark_safe(super().render(template_name, context, request))  # noqa: S308  (a template escapes)
        return mark_safe(draw(context["widget"]))  # noqa: S308  (every value in it was escaped)

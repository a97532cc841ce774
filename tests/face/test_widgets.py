"""Controls that are drawn without a template look exactly as Django's templates draw them."""

import re
from typing import Any

import pytest
from django import forms
from django.forms.boundfield import BoundWidget
from django.forms.renderers import TemplatesSetting
from django.utils.html import conditional_escape, format_html

from ctac.questions import Option, option_groups, radio_days
from ctac.widgets import QUICK, QuickRenderer

NASTY = """<b title='"'>&amp; “ü” </b>"""
GROUP = ("Group <1>", [("a", "A & B"), (2, "Two")])
GROUPS = [("", "Choose"), GROUP, ("c", format_html("C <span>{}</span>", "<c>")), (None, "None")]
VALUES: list[Any] = [None, "", "text", NASTY, 0, 7, True, ["a", "2"]]
ATTRS: list[dict[str, Any]] = [{}, {"id": "id_x", "class": 'a "b"', "disabled": True, "required": False, "data-n": 3}]
WIDGETS: list[forms.Widget] = [
    forms.TextInput(),
    forms.EmailInput(),
    forms.TextInput(attrs={"type": "tel", "inputmode": "tel"}),
    forms.NumberInput(attrs={"min": 1}),
    forms.URLInput(),
    forms.PasswordInput(),
    forms.PasswordInput(render_value=True),
    forms.HiddenInput(),
    forms.CheckboxInput(),
    forms.Textarea(attrs={"rows": 3}),
    forms.Select(choices=GROUPS),
    forms.SelectMultiple(choices=GROUPS),
]


def collapsed(html: str) -> str:
    """White space beside a tag says nothing here; within a textarea it stays."""
    return html if "<textarea" in html else re.sub(r"\s*(<[^>]*>)\s*", r"\1", html)


@pytest.mark.parametrize("attrs", ATTRS, ids=["plain", "with attributes"])
@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("widget", WIDGETS, ids=lambda widget: type(widget).__name__)
def test_a_control_is_drawn_as_djangos_template_draws_it(widget: forms.Widget, value: Any, attrs: dict[str, Any]) -> None:
    assert widget.template_name in QUICK
    ours = widget.render("name[]", value, attrs, QuickRenderer())
    theirs = widget.render("name[]", value, attrs, TemplatesSetting())
    assert collapsed(ours) == collapsed(theirs)


@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize("kind", [forms.RadioSelect, forms.CheckboxSelectMultiple])
def test_a_radio_or_checkbox_is_drawn_as_djangos_template_draws_it(kind: type[forms.Select], wrapped: bool) -> None:
    widget = kind(choices=GROUPS)
    for option in widget.options("place", ["a", "2"], {"id": "id_place"}):
        ours = BoundWidget(widget, option, QuickRenderer()).tag(wrap_label=wrapped)
        theirs = BoundWidget(widget, option, TemplatesSetting()).tag(wrap_label=wrapped)
        assert collapsed(ours) == collapsed(theirs)


def test_other_controls_go_through_their_templates() -> None:
    for widget in (forms.ClearableFileInput(), forms.SelectDateWidget(years=[2027]), forms.SplitDateTimeWidget()):
        assert widget.template_name not in QUICK
        assert widget.render("name", None, {}, QuickRenderer()) == widget.render("name", None, {}, TemplatesSetting())


TIMES = [("Mon <1>", [("a&b", format_html("9am<i> {}</i>", "<")), ("b", "10am")]), ("Tue", [("c", "1")])]


class TimesForm(forms.Form):
    start = forms.ChoiceField(widget=forms.RadioSelect, choices=TIMES)


def drawn_apart(time: Option) -> str:
    label = f'<label class="time__label" for="{time.id}">{conditional_escape(time.label)}</label>'
    return f'<div class="time">{time.tag}{label}</div>'


@pytest.mark.parametrize("chosen", [None, "b", "a&b"])
def test_days_with_their_times_are_drawn_as_each_radio_would_be(chosen: str | None) -> None:
    field = TimesForm(initial={"start": chosen})["start"]
    apart = [(day, "".join(map(drawn_apart, times))) for day, times in option_groups(field, "time__input")]
    assert radio_days(field) == apart
    assert str(apart).count("checked") == (chosen is not None)

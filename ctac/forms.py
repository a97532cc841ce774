"""The base of every public form, and a date that people type in three boxes.

The pack in templates/ctac/ draws any Django form; these classes add what only a form can say of itself:
autocomplete tokens, hints beside single options, questions that depend on another's answer, and number boxes
that keep what was typed.
"""

import datetime
from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

# How a page with a form may be asked for.
FORM_METHODS = ["GET", "HEAD", "POST"]
WIDTHS = {"postal-code": "govuk-input--width-10", "tel": "govuk-input--width-20", "one-time-code": "govuk-input--width-10"}


# What Django says of these is for programmers; what a form says itself counts before ours.
CHOOSE_ONE = _("Choose one of the answers.")
PLAIN_BOUNDS = {"min_value": _("Enter %(limit_value)s or more."), "max_value": _("Enter %(limit_value)s or fewer.")}
PLAIN_EMAIL = _("Enter an email address in full, like name@example.nhs.uk.")
PLAIN_ERRORS = (
    (forms.ChoiceField, "invalid_choice", CHOOSE_ONE),
    (forms.MultipleChoiceField, "invalid_choice", CHOOSE_ONE),
    (forms.MultipleChoiceField, "invalid_list", CHOOSE_ONE),
    (forms.ModelChoiceField, "invalid_choice", CHOOSE_ONE),
    (forms.IntegerField, "invalid", _("Enter a whole number in figures, like 12.")),
)


class ExplainedError(ValidationError):
    """What takes more than a sentence: the summary above the form has `in_short` alone, beside the box stands all of it."""

    def __init__(self, in_short: str | Promise, explanation: str, code: str) -> None:
        super().__init__(f"{in_short} {explanation}", code=code)
        self.in_short = in_short


class PageFormMixin:
    """What a public form says of itself; see PageForm."""

    autocomplete: ClassVar[Mapping[str, str]] = {}
    option_hints: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    conditional: ClassVar[Mapping[str, tuple[str, str]]] = {}
    fieldsets: ClassVar[Mapping[Any, Sequence[str]]] = {}
    named_in_errors: ClassVar[Collection[str]] = ()
    # novalidate is on every form and our messages are kinder than the browser's, so optional questions are marked instead.
    use_required_attribute = False
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for name, token in self.autocomplete.items():
            if name in self.fields:
                self.fields[name].widget.attrs["autocomplete"] = token
                fit_width(self.fields[name].widget, WIDTHS.get(token, ""))
        for field in self.fields.values():
            as_of_a_page(field)


class PageForm(PageFormMixin, forms.Form):
    """A public form.

    `autocomplete`: field → token ("email", "tel", "postal-code" …), which browsers fill in for people.
    `option_hints`: field → {option value: hint} for radios and checkboxes.
    `conditional`: field → (other field, value): asked only when the other, a choice on the same page, has that value.
    It is always sent, so the form's clean() decides; the page hides it with CSS where the browser can.
    `fieldsets`: legend → fields that belong together (an address, say); they stand where the first of them does.
    `named_in_errors`: fields that are asked for several times over (three dates): the summary always says which one is wrong.
    """


class PageModelForm(PageFormMixin, forms.ModelForm):
    """The same for a form over a model."""


class AnyOrNone(forms.MultipleChoiceField):
    """Boxes of which none ticked is an answer like any other, so nothing marks them as optional."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "widget": forms.CheckboxSelectMultiple, **kwargs})


def as_of_a_page(field: forms.Field) -> forms.Field:
    """What every question of a public form has; for one that a form puts in later."""
    keep_typed_numbers(field)
    keep_typed_text(field)
    name_in_required_message(field)
    say_it_plainly(field)
    return field


def fit_width(widget: forms.Widget, css_class: str) -> None:
    """Let a box be as wide as its answer, unless the form chose a class itself."""
    if css_class:
        widget.attrs.setdefault("class", css_class)


def name_in_required_message(field: forms.Field) -> None:
    """Say which question is unanswered, unless the form says it: "This field is required" ten times helps nobody."""
    if field.error_messages.get("required") != forms.Field.default_error_messages["required"] or not field.label:
        return
    choice = isinstance(field.widget, forms.Select | forms.RadioSelect | forms.CheckboxSelectMultiple)
    tick = isinstance(field.widget, forms.CheckboxInput)
    pattern = _("Tick the box “{label}”.") if tick else _("Choose an answer to “{label}”.") if choice else _("Fill in “{label}”.")
    if not tick and str(field.label).endswith("?"):
        pattern = _("Answer the question “{label}”")
    field.error_messages["required"] = format_lazy(pattern, label=field.label)


def say_it_plainly(field: forms.Field) -> None:
    """Our words for what is wrong with an answer, where neither the form nor the field says its own."""
    for code, message in PLAIN_BOUNDS.items():
        field.error_messages.setdefault(code, message)
    for kind, code, message in PLAIN_ERRORS:
        if isinstance(field, kind) and field.error_messages.get(code) == kind.default_error_messages[code]:
            field.error_messages[code] = message
    if isinstance(field, forms.EmailField):
        field.error_messages.setdefault("invalid", PLAIN_EMAIL)


class ShortEnough(MaxLengthValidator):
    """At most so many characters, newlines counted as the browser sends them (two each); says by how many it is too long."""

    def __init__(self, limit_value: int, label: str | Promise) -> None:
        super().__init__(limit_value)
        self.label = label

    def __call__(self, value: str) -> None:
        over = len(value) - self.limit_value
        if over > 0:
            message = ngettext(
                "“%(label)s” is %(over)d character too long. Use at most %(limit_value)d characters.",
                "“%(label)s” is %(over)d characters too long. Use at most %(limit_value)d characters.",
                over,
            )
            facts = {"label": self.label, "over": over, "limit_value": self.limit_value, "show_value": len(value)}
            raise ValidationError(message, code="max_length", params=facts)


def keep_typed_text(field: forms.Field) -> None:
    """Let people type and paste past the limit: the browser would cut it off without a word. The error then says by how many.

    A form's own "max_length" message counts before ours.
    """
    limit = getattr(field, "max_length", None)
    if not isinstance(field, forms.CharField) or limit is None or field.widget.is_hidden:
        return
    field.widget.attrs.pop("maxlength", None)
    ours = ShortEnough(limit, field.label or "")
    field.validators = [
        ours if type(each) is MaxLengthValidator and "message" not in vars(each) else each for each in field.validators
    ]


def keep_typed_numbers(field: forms.Field) -> None:
    """Ask for a number in a text box with a number keyboard.

    A browser sends nothing at all for letters typed into type="number", so what was typed would be lost.
    """
    widget = field.widget
    if type(widget) is not forms.NumberInput:
        return
    widget.input_type = "text"
    widget.attrs["inputmode"] = "numeric" if isinstance(field, forms.IntegerField) else "decimal"
    fit_width(widget, "govuk-input--width-5")
    for name in ("min", "max", "step"):
        widget.attrs.pop(name, None)


class DatePartsWidget(forms.MultiWidget):
    """Day, month and year as three small text boxes in one group."""

    use_fieldset = True
    part_labels = (_("Day"), _("Month"), _("Year"))

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        part = {"inputmode": "numeric", **(attrs or {})}
        super().__init__({"day": forms.TextInput(part), "month": forms.TextInput(part), "year": forms.TextInput(part)}, attrs)

    def decompress(self, value: datetime.date | None) -> list[int | None]:
        return [value.day, value.month, value.year] if value else [None, None, None]


INVALID_DATE = _("Enter a real date, such as 9 3 2027.")


class DatePartsField(forms.MultiValueField):
    """A date in three parts; whatever is wrong, the message says what to type."""

    widget = DatePartsWidget
    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": _("Enter a day, a month and a year, such as 9 3 2027."),
        "invalid": INVALID_DATE,
    }

    def __init__(self, **kwargs: Any) -> None:
        parts = tuple(forms.CharField(max_length=4, error_messages={"max_length": INVALID_DATE}) for _part in range(3))
        super().__init__(fields=parts, **kwargs)

    def compress(self, data_list: list[str]) -> datetime.date | None:
        if not data_list:
            return None
        try:
            day, month, year = (int(part) for part in data_list)
            return datetime.date(year, month, day)
        except ValueError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error

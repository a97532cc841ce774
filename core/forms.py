"""The base of every public form, and fields for days, times, estimates and postcodes as people type them.

The form pack in templates/ctac/ draws any Django form. These classes add what only the form knows: autocomplete tokens, hints
beside options, and questions that depend on another answer.
"""

import datetime
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import product
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils import dateformat, timezone
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_lazy as _, ngettext

from core.dates import UK_TZ, format_day, format_time, uk_day
from core.errors import DomainError
from core.models import csv_rows

# The methods of a page with a form.
FORM_METHODS = ["GET", "HEAD", "POST"]
# The letters that each place may have, by the Royal Mail programmers' guide. O, I and L come only before the first digit; L also
# in the last two places. No district of two places begins with a 0.
OUTWARD_PATTERN = re.compile(r"[A-PR-UWYZ](?:0|[1-9][0-9A-HJKPSTUW]?|[A-HK-Y](?:0|[1-9][0-9ABEHMNPRVWXY]?))|GIR")
INWARD_PATTERN = re.compile(r"[0-9][ABD-HJLNP-UW-Z]{2}")
FORCES_POST_PATTERN = re.compile(r"BFPO[0-9]{1,4}")
# "BFPO c/o 57" is the same as "BFPO 57".
CARE_OF_PATTERN = re.compile(r"(?<=^BFP[O0])C[O0]")
LOOKALIKES = {character: group for group in ("0O", "1IL") for character in group}
MAX_POSTCODE_LENGTH = len("BFPO1234")
WIDTH_CLASSES = {"postal-code": "govuk-input--width-10", "tel": "govuk-input--width-20", "one-time-code": "govuk-input--width-10"}


# They replace Django's messages, but not a form's own.
INVALID_CHOICE_MESSAGE = _("Choose one of the answers.")
BOUNDS_MESSAGES = {"min_value": _("Enter %(limit_value)s or more."), "max_value": _("Enter %(limit_value)s or fewer.")}
INVALID_EMAIL_MESSAGE = _("Enter an email address in full, like name@example.nhs.uk.")
FIELD_ERROR_MESSAGES = (
    (forms.ChoiceField, "invalid_choice", INVALID_CHOICE_MESSAGE),
    (forms.MultipleChoiceField, "invalid_choice", INVALID_CHOICE_MESSAGE),
    (forms.MultipleChoiceField, "invalid_list", INVALID_CHOICE_MESSAGE),
    (forms.ModelChoiceField, "invalid_choice", INVALID_CHOICE_MESSAGE),
    (forms.IntegerField, "invalid", _("Enter a whole number in figures, like 12.")),
)


class ExplainedError(ValidationError):
    """An error of more than one sentence: all of it stands beside the box, and `in_short` in the summary above the form."""

    def __init__(self, in_short: str | Promise, explanation: str, code: str) -> None:
        super().__init__(f"{in_short} {explanation}", code=code)
        self.in_short = in_short


class PageFormMixin:
    """See PageForm, which says what the attributes mean."""

    autocomplete: ClassVar[Mapping[str, str]] = {}
    option_hints: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    conditional: ClassVar[Mapping[str, tuple[str, str]]] = {}
    fieldsets: ClassVar[Mapping[Any, Sequence[str]]] = {}
    rare: ClassVar[Sequence[str]] = ()
    named_in_errors: ClassVar[Collection[str]] = ()
    # Every form has novalidate, as our messages are kinder than the browser's. Optional questions are marked.
    use_required_attribute = False
    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        self.asked_later: list[str] = []
        super().__init__(*args, **kwargs)
        for name, token in self.autocomplete.items():
            if name in self.fields:
                self.fields[name].widget.attrs["autocomplete"] = token
                fit_width(self.fields[name].widget, WIDTH_CLASSES.get(token, ""))
        for field in self.fields.values():
            apply_page_field_defaults(field)

    def ask_extra_question(self, name: str, label: Any, choices: Sequence[tuple[str, Any]], hint: str = "") -> str:
        """Ask one more question, for clean(). Returns its answer, or "" and adds an error if there is none yet."""
        field = forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect, help_text=hint)
        self.fields[name] = apply_page_field_defaults(field)
        self.asked_later.append(name)
        try:
            return str(field.clean(self[name].data))  # type: ignore[index]
        except ValidationError as error:
            self.add_error(name, error)  # type: ignore[attr-defined]
            return ""

    @property
    def extra_questions(self) -> list[Any]:
        """What ask_extra_question has asked, for a page that draws the other fields one by one."""
        return [self[name] for name in self.asked_later]  # type: ignore[index]


class PageForm(PageFormMixin, forms.Form):
    """A public form.

    - `autocomplete`: field → token ("email", "tel", "postal-code" …), so that browsers can fill it in.
    - `option_hints`: field → {option value: hint} for radios and checkboxes.
    - `conditional`: field → (other field, value): asked only if a choice on the same page has that value. The page hides it with
      CSS where the browser can, but always sends it, so the form's clean() decides.
    - `fieldsets`: legend → fields that belong together, such as an address. They stand where the first of them does.
    - `rare`: fields that the page folds away while they are empty (rare_questions).
    - `named_in_errors`: fields that the summary of errors always names, because the page asks for several alike (three dates).
    """


class OptionalCheckboxesField(forms.MultipleChoiceField):
    """Checkboxes of which none needs to be ticked, and which are not marked as optional."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"required": False, "widget": forms.CheckboxSelectMultiple, **kwargs})


@contextmanager
def domain_error_to_form(form: forms.BaseForm, beside: str | None = None) -> Iterator[None]:
    """For a block that calls a service: its refusal becomes an error of the form, beside the field `beside`."""
    try:
        yield
    except DomainError as refusal:
        form.add_error(beside, str(refusal.message))


def apply_page_field_defaults(field: forms.Field) -> forms.Field:
    """Make a field like those of every public form; for fields that a form adds later."""
    use_numeric_text_input(field)
    allow_text_over_limit(field)
    set_required_message(field)
    for code, message in BOUNDS_MESSAGES.items():
        field.error_messages.setdefault(code, message)
    for kind, code, message in FIELD_ERROR_MESSAGES:
        if isinstance(field, kind) and field.error_messages.get(code) == kind.default_error_messages[code]:
            field.error_messages[code] = message
    if isinstance(field, forms.EmailField):
        field.error_messages.setdefault("invalid", INVALID_EMAIL_MESSAGE)
    return field


def validate_phone(typed: str) -> None:
    """A number that can be rung: 7 to 15 digits (ITU E.164), however it is spaced, perhaps with an extension."""
    number = typed.lower().partition("ext")[0].rstrip(" x.")
    if not 7 <= sum(char.isdigit() for char in number) <= 15 or any(char not in "0123456789 +()-./x" for char in number):
        raise ValidationError(_("Enter a phone number, like 0113 496 0000."), code="invalid")


def dialable_number(number: str) -> str:
    """The digits that a phone dials for a typed number, without an extension ("ext. 4")."""
    return "".join(char for char in number.lower().partition("ext")[0] if char.isdigit() or char == "+")


def fit_width(widget: forms.Widget, css_class: str) -> None:
    """Make a box as wide as its answer, unless the form has set a class."""
    if css_class:
        widget.attrs.setdefault("class", css_class)


def set_required_message(field: forms.Field) -> None:
    """Name the question in the error for a missing answer, unless the form has its own error."""
    if field.error_messages.get("required") != forms.Field.default_error_messages["required"] or not field.label:
        return
    choice = isinstance(field.widget, forms.Select | forms.RadioSelect | forms.CheckboxSelectMultiple)
    tick = isinstance(field.widget, forms.CheckboxInput)
    pattern = _("Tick the box “{label}”.") if tick else _("Choose an answer to “{label}”.") if choice else _("Fill in “{label}”.")
    if not tick and str(field.label).endswith("?"):
        pattern = _("Answer the question “{label}”")
    field.error_messages["required"] = format_lazy(pattern, label=field.label)


class LabelledMaxLengthValidator(MaxLengthValidator):
    """At most so many characters; the error says by how many it is too long. A newline counts twice, as browsers send it."""

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


def allow_text_over_limit(field: forms.Field) -> None:
    """Let people type past the limit, where the browser would cut the text off without a word. Our error says by how many.

    A form's own "max_length" message stays.
    """
    limit = getattr(field, "max_length", None)
    if not isinstance(field, forms.CharField) or limit is None or field.widget.is_hidden:
        return
    field.widget.attrs.pop("maxlength", None)
    ours = LabelledMaxLengthValidator(limit, field.label or "")
    field.validators = [
        ours if type(theirs) is MaxLengthValidator and "message" not in vars(theirs) else theirs for theirs in field.validators
    ]


def use_numeric_text_input(field: forms.Field) -> None:
    """Ask for a number in a text box with a number keyboard: of letters in type="number" a browser sends nothing."""
    widget = field.widget
    if type(widget) is not forms.NumberInput:
        return
    widget.input_type = "text"
    widget.attrs["inputmode"] = "numeric" if isinstance(field, forms.IntegerField) else "decimal"
    fit_width(widget, "govuk-input--width-5")
    for name in ("min", "max", "step"):
        widget.attrs.pop(name, None)


NUMBER_WORDS = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|"
    "nineteen|twenty"
)
NUMBER_PATTERN = rf"(\d{{1,6}}|{NUMBER_WORDS})"
ESTIMATE_PATTERN = re.compile(
    r"(?:(?:about|around|approx(?:imately)?|roughly|circa|ca?|maybe|perhaps|up to|at most|between)\.?|[~≈])?\s*"
    rf"{NUMBER_PATTERN}(?:\s*(?:[-–—]|to|or|and)\s*{NUMBER_PATTERN})?"
    r"\s*(?:-?ish|\+|or so)?\s*(?:people|persons|staff|colleagues|professionals|of us)?\.?",
    re.ASCII,
)


def parse_estimate(typed: str) -> list[int]:
    """12 for 'about 12', 'c. 12', '~12' and 'twelve people'; 12 and 15 for '12-15' and '12 to 15'. Empty if it can't be read."""
    match = ESTIMATE_PATTERN.fullmatch(" ".join(typed.lower().split()))
    found = [number for number in match.groups() if number] if match else []
    return [int(number) if number.isdigit() else NUMBER_WORDS.split("|").index(number) + 1 for number in found]


class EstimateField(forms.IntegerField):
    """A number that may be a guess. Of a range the larger one counts."""

    def to_python(self, value: Any) -> int | None:
        return super().to_python(max(parse_estimate(str(value)), default=value))


class DatePartsWidget(forms.MultiWidget):
    """Day, month and year as three small text boxes in one group."""

    use_fieldset = True
    part_labels = (_("Day"), _("Month"), _("Year"))

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        part = {"inputmode": "numeric", **(attrs or {})}
        super().__init__({"day": forms.TextInput(part), "month": forms.TextInput(part), "year": forms.TextInput(part)}, attrs)

    def decompress(self, value: datetime.date | None) -> list[int | None]:
        return [value.day, value.month, value.year] if value else [None, None, None]


INVALID_DATE_MESSAGE = _("Enter a real date, such as 9 3 2027.")


class DatePartsField(forms.MultiValueField):
    """A date in three parts. Every error says what to type."""

    widget = DatePartsWidget
    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": _("Enter a day, a month and a year, such as 9 3 2027."),
        "invalid": INVALID_DATE_MESSAGE,
    }

    def __init__(self, **kwargs: Any) -> None:
        parts = tuple(forms.CharField(max_length=4, error_messages={"max_length": INVALID_DATE_MESSAGE}) for _part in range(3))
        super().__init__(fields=parts, **kwargs)

    def compress(self, data_list: list[str]) -> datetime.date | None:
        if not data_list:
            return None
        try:
            day, month, year = (int(part) for part in data_list)
            return datetime.date(year, month, day)
        except ValueError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error


# A day and a time in one plain text box each: browsers order the parts of their own date boxes by their language, so 9/3 could
# become 3 September.

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAY_PATTERN = r"(mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?"
WEEKDAY_ONLY_PATTERN = re.compile(rf"(?:(this|next)\s)?{WEEKDAY_PATTERN}", re.ASCII)
# Welsh words and the English ones below that they stand for. 'Mawrth' is Tuesday after 'dydd', and otherwise March.
WELSH_WEEKDAYS = dict(zip(("llun", "mawrth", "mercher", "iau", "gwener", "sadwrn", "sul"), WEEKDAYS, strict=True))
WELSH_MONTHS = ("ionawr", "chwefror", "mawrth", "ebrill", "mai", "mehefin", "gorffennaf", "awst", "medi", "hydref", "tachwedd")
ENGLISH_BY_WELSH = {
    **dict(zip((*WELSH_MONTHS, "rhagfyr"), MONTHS, strict=True)),
    "heddiw": "today",
    "yfory": "tomorrow",
    "ddoe": "yesterday",
}
WELSH_WORD_PATTERN = re.compile(rf"\b(?:dydd ({'|'.join(WELSH_WEEKDAYS)})|({'|'.join(ENGLISH_BY_WELSH)}))\b")
ENGLISH_BY_WELSH_CLOCK = {"yb": "am", "yp": "pm", "yh": "pm", "hanner dydd": "midday", "hanner nos": "midnight"}
DAY_OFFSET_BY_NAME = {"yesterday": -1, "today": 0, "tomorrow": 1}
DAY_PATTERN = re.compile(
    rf"(?:{WEEKDAY_PATTERN}\s+)?(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(\d{{1,2}}|[a-z]{{3,9}})(?:\s+(\d{{4}}|\d{{2}}))?",
    re.ASCII,
)
ISO_DAY_PATTERN = re.compile(r"(\d{4})\s(\d{1,2})\s(\d{1,2})", re.ASCII)
CLOCK_PATTERN = re.compile(r"(\d{1,2})(?:[:.\s]?(\d{2}))?\s*(am|pm)?", re.ASCII)
ONE_YEAR = datetime.timedelta(days=365)
RECENTLY_PASSED_PERIOD = datetime.timedelta(days=60)
INVALID_DAY_MESSAGE = _("Enter a real day with its year, such as 9 3 2027 or 9 March 2027.")
INVALID_DAY_AHEAD_MESSAGE = _("Enter a real day, such as 9 3 2027 or 9 March.")
WRONG_WEEKDAY_MESSAGE = _("%(day)s is a %(weekday)s. Correct the date or the weekday.")
DAY_PASSED_MESSAGE = _("%(day)s has passed. Write the year too.")
TIME_BY_NAME = {"midday": (12, 0), "noon": (12, 0), "midnight": (0, 0)}


def normalise_postcode(typed: str) -> str:
    """The postcode as it is stored ('SW1A 1AA'), from any case and spacing. Corrects O for 0, and I or L for 1, and the reverse.

    Raises ValidationError if it is no postcode. The error names the postcodes that may be meant, if we know which.
    """
    squeezed = squeeze_postcode(typed)
    as_typed = split_postcode(squeezed)
    if as_typed and is_known_postcode(as_typed):
        return as_typed
    readings = similar_postcodes(squeezed)
    known = {postcode: changes for postcode, changes in readings.items() if is_known_postcode(postcode)}
    if as_typed and not known:
        return as_typed  # newer than our table
    likely = known or readings
    nearest = [postcode for postcode, changes in likely.items() if changes == min(likely.values())]
    if len(nearest) == 2 and known:
        question = _("Did you mean %(postcode)s or %(other)s?")
        raise ValidationError(question, code="misread", params={"postcode": nearest[0], "other": nearest[1]})
    if len(nearest) != 1:
        raise ValidationError(_("Enter a full UK postcode, like LS1 4AP."), code="invalid")
    if known and not as_typed and re.search("[0-9]", squeezed) and re.search("[A-Z]", squeezed):  # no name or phone number
        return nearest[0]
    raise ValidationError(_("Did you mean %(postcode)s?"), code="misread", params={"postcode": nearest[0]})


def postcode_correction(typed: str, postcode: str) -> str:
    """'We read “LS1O 3EX” as LS10 3EX.'; '' unless `postcode` is what was typed, with other letters or figures."""
    if postcode not in similar_postcodes(squeeze_postcode(typed)):
        return ""
    return gettext("We read “%(typed)s” as %(postcode)s.") % {"typed": typed.strip(), "postcode": postcode}


def squeeze_postcode(typed: str) -> str:
    return CARE_OF_PATTERN.sub("", re.sub(r"[^A-Z0-9]", "", typed.upper()))


def split_postcode(squeezed: str) -> str:
    """'LS1 4AP' for 'LS14AP'; '' for what has no postcode's shape. A withdrawn code, such as NPT, may have another shape."""
    if FORCES_POST_PATTERN.fullmatch(squeezed):
        return f"BFPO {squeezed[4:]}"
    outward, inward = squeezed[:-3], squeezed[-3:]
    is_outward = outward in known_outward_codes() or OUTWARD_PATTERN.fullmatch(outward)
    return f"{outward} {inward}" if is_outward and INWARD_PATTERN.fullmatch(inward) else ""


def similar_postcodes(squeezed: str) -> dict[str, int]:
    """What it may mean if O and 0, or I, L and 1, were taken for each other: each postcode, and how many were."""
    if len(squeezed) > MAX_POSTCODE_LENGTH:
        return {}
    found = {}
    for characters in product(*(LOOKALIKES.get(character, character) for character in squeezed)):
        changes = sum(meant != typed for meant, typed in zip(characters, squeezed, strict=True))
        if changes and (postcode := split_postcode("".join(characters))):
            found[postcode] = changes
    return found


def is_known_postcode(postcode: str) -> bool:
    outward = postcode.partition(" ")[0]
    return outward in known_outward_codes() or outward in ("BFPO", "GIR")


@cache
def known_outward_codes() -> frozenset[str]:
    """Those of the table that a migration loads (professionals.areas), so that no form asks the database."""
    return frozenset(row["code"] for row in csv_rows("professionals", "outward_codes"))


def parse_typed_day(typed: str, today: datetime.date, *, lies_ahead: bool) -> datetime.date:
    """Read '9 3 2027', '9/3/27', 'Tue 9th March 2027', '2027-03-09' or 'tomorrow'. The day comes before the month.

    A day that lies ahead needs no year ('9 March'), or only its weekday ('Friday', 'next Friday'). Raises ValueError, or
    ValidationError if there is more to say than that it is no day.
    """
    tidy = " ".join(re.sub(r"[/.,\-]", " ", typed.lower()).split())
    tidy = WELSH_WORD_PATTERN.sub(lambda word: WELSH_WEEKDAYS[word[1]] if word[1] else ENGLISH_BY_WELSH[word[2]], tidy)
    if tidy in DAY_OFFSET_BY_NAME:
        return today + datetime.timedelta(days=DAY_OFFSET_BY_NAME[tidy])
    if lies_ahead and (alone := WEEKDAY_ONLY_PATTERN.fullmatch(tidy)):
        return next_weekday(WEEKDAYS.index(alone[2][:3]), today, of_next_week=alone[1] == "next")
    if iso := ISO_DAY_PATTERN.fullmatch(tidy):
        return datetime.date(int(iso[1]), int(iso[2]), int(iso[3]))
    match = DAY_PATTERN.fullmatch(tidy)
    if not match:
        raise ValueError(typed)
    weekday, day, year = match[1], int(match[2]), match[4]
    month = int(match[3]) if match[3].isdigit() else MONTHS.index(match[3][:3]) + 1
    if year:
        found = datetime.date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    elif lies_ahead:
        found = next_occurrence(day, month, today)
    else:
        raise ValueError(typed)
    if weekday and WEEKDAYS[found.weekday()] != weekday[:3]:
        named = {"day": dateformat.format(found, "j F Y"), "weekday": dateformat.format(found, "l")}
        raise ValidationError(WRONG_WEEKDAY_MESSAGE % named, code="another_weekday")
    return found


def next_weekday(weekday: int, today: datetime.date, *, of_next_week: bool) -> datetime.date:
    """The first such weekday from today on; of next week, the one in the week from next Monday on."""
    if of_next_week:
        return today + datetime.timedelta(days=7 - today.weekday() + weekday)
    return today + datetime.timedelta(days=(weekday - today.weekday()) % 7)


def next_occurrence(day: int, month: int, today: datetime.date) -> datetime.date:
    """The first such day from today on. Raises ValueError, or ValidationError if it has just passed and so may be a slip."""
    for year in range(today.year - 1, today.year + 9):  # 29 February can be eight years ahead
        with suppress(ValueError):
            found = datetime.date(year, month, day)
            if found >= today:
                return found
            if today - found < RECENTLY_PASSED_PERIOD:
                raise ValidationError(DAY_PASSED_MESSAGE % {"day": dateformat.format(found, "j F")}, code="passed")
    raise ValueError((day, month))


class AmbiguousHourError(ValueError):
    """An hour that may be in the morning or the afternoon: we don't guess."""


def parse_typed_time(typed: str) -> datetime.time:
    """Read '1:30pm', '1.30 pm', '13:30', '1330', '9am' or 'midday'. Raises ValueError, or AmbiguousHourError."""
    tidy = " ".join(typed.lower().replace("a.m.", "am").replace("p.m.", "pm").split())
    for welsh, english in ENGLISH_BY_WELSH_CLOCK.items():
        tidy = tidy.replace(welsh, english)
    if tidy in TIME_BY_NAME:
        return datetime.time(*TIME_BY_NAME[tidy])
    match = CLOCK_PATTERN.fullmatch(tidy)
    if not match:
        raise ValueError(typed)
    hour, minute, half = int(match[1]), int(match[2] or 0), match[3]
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(typed)
        return datetime.time(hour % 12 + (12 if half == "pm" else 0), minute)
    if len(match[1]) == 1 and 1 <= hour <= 6:
        raise AmbiguousHourError(typed)
    return datetime.time(hour, minute)


class DayField(forms.Field):
    """A day, typed as people write it. A day that always `lies_ahead` needs no year, unless it has just passed."""

    widget = forms.TextInput

    def __init__(self, *, lies_ahead: bool = False, **kwargs: Any) -> None:
        self.lies_ahead = lies_ahead
        kwargs["help_text"] = kwargs.get("help_text") or _("For example, 9 3 2027.")
        super().__init__(**kwargs)
        choose = _("Choose a date")  # page.js makes a button of it where the browser has a calendar
        self.widget.attrs.update({"autocomplete": "off", "class": "govuk-input--width-10", "data-choose-day": choose})

    def to_python(self, value: Any) -> datetime.date | None:
        if value in self.empty_values or isinstance(value, datetime.date):
            return value or None
        try:
            return parse_typed_day(str(value), uk_day(timezone.now()), lies_ahead=self.lies_ahead)
        except ValueError as error:
            raise ValidationError(
                INVALID_DAY_AHEAD_MESSAGE if self.lies_ahead else INVALID_DAY_MESSAGE, code="invalid"
            ) from error

    def prepare_value(self, value: Any) -> Any:
        """'9 3 2027', as the hint says it; what was typed stays as it is."""
        return f"{value.day} {value.month} {value.year}" if isinstance(value, datetime.date) else value


class UKTimeField(forms.Field):
    """A time on a UK clock, typed as people write it."""

    widget = forms.TextInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs["help_text"] = kwargs.get("help_text") or _("UK time. For example, 1:30pm.")
        super().__init__(**kwargs)
        self.widget.attrs.update({"autocomplete": "off", "class": "govuk-input--width-5"})

    def to_python(self, value: Any) -> datetime.time | None:
        if isinstance(value, datetime.time):
            return value
        if value in self.empty_values:
            return None
        try:
            return parse_typed_time(str(value))
        except AmbiguousHourError as error:
            raise ValidationError(_("Say am or pm as well, such as 1:30pm."), code="am_or_pm") from error
        except ValueError as error:
            raise ValidationError(_("Enter a time, such as 9am, 1:30pm or 13:30."), code="invalid") from error

    def prepare_value(self, value: Any) -> Any:
        """'1:30pm', as the hint says it; what was typed stays as it is."""
        return format_time(value) if isinstance(value, datetime.time) else value


def validated_uk_datetime(day: datetime.date, clock: datetime.time) -> datetime.datetime:
    """That day and time on a UK clock, in UTC. Raises ValidationError for the hour that is skipped in March."""
    moment = datetime.datetime.combine(day, clock, tzinfo=UK_TZ)
    if moment.astimezone(datetime.UTC).astimezone(UK_TZ).replace(tzinfo=None) != moment.replace(tzinfo=None):
        raise ValidationError(_("The clocks go forward then: this time does not exist on that day."))
    return moment.astimezone(datetime.UTC)


def validate_near_today(day: datetime.date) -> None:
    """Raise ValidationError for a day more than a year ago or two years ahead: that is a slip of the year."""
    today = uk_day(timezone.now())
    earliest, latest = today - ONE_YEAR, today + 2 * ONE_YEAR
    if not earliest <= day <= latest:
        days = {"earliest": format_day(earliest), "latest": format_day(latest)}
        raise ValidationError(_("Check the year: enter a day between %(earliest)s and %(latest)s.") % days)


# Days, times and web addresses in the admin's model forms are typed as in all other forms. Django's own boxes want a 24-hour
# clock, and their calendars need JavaScript.
FORMFIELD_OVERRIDES: dict[type[models.Field], dict[str, Any]] = {
    models.DateField: {"form_class": DayField, "widget": forms.TextInput},
    models.TimeField: {"form_class": UKTimeField, "widget": forms.TextInput},
    models.URLField: {"widget": forms.URLInput({"class": "vTextField"})},
}

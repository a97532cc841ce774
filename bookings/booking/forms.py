"""The forms of a booking: where, for whom, the professional's own dates, leaflets, cancelling, and the answer to offered times.

Also what a draft keeps of their answers until the booking is made.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db.models import Field, TextField
from django.forms.models import fields_for_model
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _, ngettext

from bookings.models import Booking, DateOption, Format, Hold, Precision, Presentation
from bookings.models.booking import MAX_DATES_PER_REQUEST, NEEDS_FIELDS
from bookings.models.leave import END_OF_DAY, START_OF_DAY
from bookings.schedule.holds import PreferredDate
from bookings.schedule.queries import last_day_to_ask_for
from bookings.text import ADDRESS_FIELDS, FREE_TEXT_FIELDS
from bookings.travel import Place, PlaceUnknown, find_place
from core.dates import UK_TZ, format_day, format_time, uk_datetime, uk_day
from core.forms import (
    DayField,
    EstimateField,
    PageForm,
    UKTimeField,
    apply_page_field_defaults,
    normalise_postcode,
    parse_estimate,
    validate_phone,
    validated_uk_datetime,
)
from leaflets.models import CopiesToBring, KeptAddress, Leaflet
from leaflets.orders.allowances import RecentOrdersByTitle
from leaflets.orders.forms import CopiesField
from leaflets.orders.services.create import CopiesPossible, copies_possible
from office.closures.models import ClosureScope
from office.closures.queries import closure_texts_between, presentations_closed_text
from office.site_settings.queries import site_settings
from professionals import drafts
from professionals.models import Draft, DraftKind, Profession
from professionals.safeguarding.forms import ChildDetailsMixin, reason_field

REQUEST_EARLIEST_START, REQUEST_LATEST_END = time(7), time(21)
MAX_REQUEST_RANGE = timedelta(days=60)
# The parts of a day.
MORNING = time(8), time(13)
AFTERNOON = time(12), time(18)
ANY_TIME = time(8), time(18)

FORMAT_HINTS = {
    str(Format.WORKPLACE): _("A presenter comes to you."),
    str(Format.ONLINE): _("We will send you a joining link for a video call."),
}
TEXTAREA_ATTRS = {"rows": 3}
ANOTHER_ADDRESS = "another"
BOOKING_FIELD_NAMES = {field.name for field in Booking._meta.concrete_fields}


def answers_of(form: forms.Form) -> dict[str, Any]:
    """The answers of a valid form, by the names of the model's fields.

    A draft keeps them, and Booking(**answers) is the same as an unsaved booking.
    """
    return {name: value for name, value in form.cleaned_data.items() if name in BOOKING_FIELD_NAMES}


# Asked before a time is chosen: not every presenter gives presentations to every audience.
AUDIENCE_QUESTION = forms.ChoiceField(
    label=_("Who are most of the people coming?"),
    choices=[("", _("A mix of professions")), *Profession.choices],
    required=False,
)


class WhereForm(PageForm):
    """Who it is for, and where. Online needs nothing more, a workplace its address."""

    format = forms.ChoiceField(
        label=_("Where would you like the presentation?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose where you would like the presentation.")},
    )
    address_line_1 = forms.CharField(label=_("Address line 1"), max_length=120, required=False)
    address_line_2 = forms.CharField(label=_("Address line 2 (optional)"), max_length=120, required=False)
    town = forms.CharField(label=_("Town or city (optional)"), max_length=80, required=False)
    postcode = forms.CharField(label=_("Postcode"), max_length=12, required=False)
    audience_profession = AUDIENCE_QUESTION

    autocomplete = {
        "address_line_1": "address-line1",
        "address_line_2": "address-line2",
        "town": "address-level2",
        "postcode": "postal-code",
    }
    conditional = dict.fromkeys(ADDRESS_FIELDS, ("format", Format.WORKPLACE))
    option_hints = {"format": FORMAT_HINTS}
    ADDRESS = {
        "address_line_1": _("Enter the building and street."),
        "postcode": _("Enter the postcode."),
    }

    def __init__(self, *args: Any, presentation: Presentation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["format"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands above
        choice.choices = [(value, label) for value, label in Format.choices if value in presentation.formats]
        choice.initial = choice.choices[0][0]  # one answer fewer; the boxes below say at once which it is
        self.place: Place | None = None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("format") != Format.WORKPLACE:
            return {**cleaned, **dict.fromkeys(ADDRESS_FIELDS, "")}
        return self.clean_place(cleaned)

    def clean_place(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        for name, message in self.ADDRESS.items():
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, ValidationError(message, code="required"))
        return self.resolve_place(cleaned) if cleaned.get("postcode") else cleaned

    def resolve_place(self, cleaned: dict[str, Any], beside: str = "postcode") -> dict[str, Any]:
        """The answers with a tidy postcode. An error stands beside the field named `beside`."""
        try:
            cleaned["postcode"] = normalise_postcode(cleaned["postcode"])
            self.place = find_place(cleaned["postcode"])
        except PlaceUnknown as unknown:
            self.add_error(beside, str(unknown.message))
        except ValidationError as error:
            self.add_error(beside, error)
        return cleaned


class DetailsForm(ChildDetailsMixin, PageForm):
    """Who is coming, whom to ask for and what they need. `booked` people may come in any case: so many were booked before."""

    audience_size = EstimateField(
        label=_("How many people will come?"),
        help_text=_("Your best guess is fine."),
        min_value=1,
        error_messages={
            "required": _("Enter how many people will come."),
            "invalid": _("Enter the number in figures, like 12."),
            "min_value": _("Enter 1 or more."),
            "max_value": _("Enter %(limit_value)s or fewer, or call us about a bigger audience."),
        },
    )
    audience_profession = AUDIENCE_QUESTION
    contact_name = forms.CharField(
        label=_("Who should we ask for on the day?"),
        max_length=150,
        error_messages={"required": _("Enter the name of someone who will be there.")},
    )
    contact_phone = forms.CharField(
        label=_("Their phone number"),
        help_text=_("A mobile number is best. We use it only about this presentation."),
        max_length=30,
        widget=forms.TextInput({"type": "tel"}),
        validators=[validate_phone],
        error_messages={"required": _("Enter a phone number that works on the day.")},
    )

    free_text_fields: Iterable[str] = tuple(name for name in NEEDS_FIELDS if name in FREE_TEXT_FIELDS)
    autocomplete = {"contact_name": "off", "contact_phone": "off"}

    def __init__(self, *args: Any, booked: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = max(site_settings().max_audience_size, booked)
        self.fields["audience_size"].validators.append(MaxValueValidator(most))

    @property
    def audience_range(self) -> str:
        """The number of people, if it was typed as a range, such as '12–15'; empty for a single number."""
        said = sorted(parse_estimate(self.data.get(self.add_prefix("audience_size"), "")))
        return f"{said[0]}–{said[1]}" if len(said) == 2 else ""


def question_field(field: "Field[Any, Any]", **words: Any) -> forms.Field | None:
    box: dict[str, Any] = {"max_length": 1000, "widget": forms.Textarea(TEXTAREA_ATTRS)} if isinstance(field, TextField) else {}
    return field.formfield(**box, **words)


# What the form says in other words than the model.
QUESTION_WORDS: dict[str, Any] = {
    "labels": {"notes": _("Anything else we should know?")},
    "help_texts": {
        "access_needs": _("For example, a hearing loop, captions or step-free access."),
        "notes": _("Do not give any child’s details here."),
    },
}
# The last questions of this form, and of those below that extend it.
DetailsForm.base_fields |= fields_for_model(Booking, NEEDS_FIELDS, formfield_callback=question_field, **QUESTION_WORDS)


class BookingForm(WhereForm, DetailsForm):
    """The first page of a booking: where, for whom, and what the presenter must know of the day.

    `kept` are the person's own addresses (kept_visit_addresses): the visit is at one of them, or at another that is typed.
    Either way the answers hold the whole address, whatever becomes of the address book.
    """

    leaflets = forms.BooleanField(
        label=_("Bring leaflets for the audience"),
        help_text=_("They are free. You choose which ones later."),
        required=False,
    )

    field_order = ("format", *ADDRESS_FIELDS, "leaflets", "audience_profession", "audience_size")
    fieldsets = {
        _("Where"): ("format",),
        _("Who is coming"): ("audience_profession", "audience_size"),
        _("On the day"): ("contact_name", "contact_phone", *NEEDS_FIELDS),
    }
    autocomplete = {**WhereForm.autocomplete, **DetailsForm.autocomplete}
    conditional = {**WhereForm.conditional, "leaflets": ("format", Format.WORKPLACE)}

    def __init__(self, *args: Any, kept: Mapping[str, Mapping[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = kept
        if not kept:
            return
        which = forms.ChoiceField(
            label=_("At which address?"),
            choices=[
                *((key, address_in_a_line(lines)) for key, lines in kept.items()),
                (ANOTHER_ADDRESS, _("Another address")),
            ],
            required=False,
            widget=forms.RadioSelect,
            error_messages={"invalid_choice": _("That address is no longer on your list. Choose another one.")},
        )
        self.fields["address"] = apply_page_field_defaults(which)
        self.order_fields(["format", "address"])
        at_another = dict.fromkeys(ADDRESS_FIELDS, ("address", ANOTHER_ADDRESS))
        self.conditional = {"address": ("format", Format.WORKPLACE), **self.conditional, **at_another}  # type: ignore[misc] # of this form alone
        if "address" not in self.initial:
            # Begins with the kept address that was chosen before, or what was typed, or else the address that was kept last.
            before = {name: str(self.initial.get(name, "")) for name in ADDRESS_FIELDS}
            line = address_in_a_line(before).casefold()
            same = [key for key, lines in kept.items() if address_in_a_line(lines).casefold() == line]
            if not same and before["address_line_1"]:
                self.initial = {**self.initial, "address": ANOTHER_ADDRESS}
            else:
                chosen = [*same, *kept][0]
                self.initial = {**self.initial, "address": chosen, **dict.fromkeys(ADDRESS_FIELDS, "")}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("format") != Format.WORKPLACE:
            self.errors.pop("address", None)
        return cleaned

    def clean_place(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        """What was typed for another address counts only if that is the answer."""
        if not self.kept or self.data.get("address") == ANOTHER_ADDRESS:
            return super().clean_place(cleaned)
        for name in ADDRESS_FIELDS:
            self.errors.pop(name, None)
        chosen = self.kept.get(cleaned.get("address", ""))
        if chosen is not None:
            return self.resolve_place({**cleaned, **chosen}, beside="address")
        if "address" not in self.errors:
            self.add_error("address", _("Choose an address."))
        return cleaned


def address_in_a_line(lines: Mapping[str, str]) -> str:
    return ", ".join(filter(None, (lines[name] for name in ADDRESS_FIELDS)))


def kept_visit_addresses(addresses: Iterable[KeptAddress]) -> dict[str, dict[str, str]]:
    """The addresses as places to visit, by their keys. Addresses that differ only in the recipient of a parcel are one place."""
    places: dict[str, dict[str, str]] = {}
    for address in addresses:
        # A presenter looks for the organisation's door. If its name makes the address too long, the street has to do.
        street = (address.address_line_1, address.address_line_2)
        for lines in ((address.organisation_name, *street), street):
            first, *others = dict.fromkeys(filter(None, lines))
            place = dict(zip(ADDRESS_FIELDS, (first, ", ".join(others), address.town, address.postcode), strict=True))
            if all(len(place[name]) <= WhereForm.base_fields[name].max_length for name in ADDRESS_FIELDS):  # type: ignore[attr-defined]
                if place not in places.values():
                    places[str(address.pk)] = place
                break
    return places


class CancelForm(ChildDetailsMixin, PageForm):
    reason = reason_field(
        _("Why are you cancelling?"), hint=_("It helps us plan. Do not give any child’s details here."), most=500, rows=3
    )

    free_text_fields = ("reason",)


CHOICE_NUMBERS = range(1, MAX_DATES_PER_REQUEST + 1)
LEGEND_BY_CHOICE: dict[int, str | Promise] = {1: _("First choice"), 2: _("Second choice"), 3: _("Third choice")}
HOURS_BY_PART_OF_DAY = {
    Precision.MORNING: MORNING,
    Precision.AFTERNOON: AFTERNOON,
    Precision.ANY_TIME: ANY_TIME,
}
PART_OF_DAY_CHOICES = [(part.value, part.label) for part in (Precision.TIME, *HOURS_BY_PART_OF_DAY)]


# 'Second choice: day'. The form asks the same three times, and a screen reader reads each label alone.
choice_label = partial(format_lazy, "{choice}: {asked}")


class DatesForm(ChildDetailsMixin, PageForm):
    """Up to three dates, each a time or a part of a day; or a range of days. `cleaned_data["dates"]` has the result.

    `asks_why`: we have free times, so the form asks why none suits. `nation`: where it would be, for a form that refuses days
    when we are closed. Staff leave it out, since a colleague may agree on such a day.
    """

    reason = reason_field(
        _("Why don’t our times suit you?"),
        missing=_("Tell us why our times don’t suit you."),
        hint=_("For example, the days when your team meets. It helps us find a time. Do not give any child’s details here."),
        most=500,
        rows=3,
    )
    day_1, day_2, day_3 = (
        DayField(label=choice_label(choice=legend, asked=_("day")), required=False, lies_ahead=True)
        for legend in LEGEND_BY_CHOICE.values()
    )
    part_1, part_2, part_3 = (
        forms.ChoiceField(label=choice_label(choice=legend, asked=_("time of day")), choices=PART_OF_DAY_CHOICES, required=False)
        for legend in LEGEND_BY_CHOICE.values()
    )
    clock_1, clock_2, clock_3 = (
        UKTimeField(
            label=choice_label(choice=legend, asked=_("start time")),
            required=False,
            help_text=_("UK time, like 1:30pm. Leave it empty if you chose a part of the day."),
        )
        for legend in LEGEND_BY_CHOICE.values()
    )
    first_day = DayField(label=_("First day"), required=False, lies_ahead=True)
    last_day = DayField(label=_("Last day"), required=False, lies_ahead=True)

    nothing_given: str | Promise = _("Enter a day that would suit you, or a range of days below.")
    free_text_fields = ("reason",)
    fieldsets = {
        **{LEGEND_BY_CHOICE[number]: (f"day_{number}", f"part_{number}", f"clock_{number}") for number in CHOICE_NUMBERS},
        _("Or a range of days"): ("first_day", "last_day"),
    }
    named_in_errors = tuple(f"{what}_{number}" for number in CHOICE_NUMBERS for what in ("day", "part", "clock"))
    field_order = ["reason", *named_in_errors]
    # The boxes of days and times: all but the reason.
    about_dates = frozenset({*named_in_errors, "first_day", "last_day"})

    def __init__(
        self, *args: Any, presentation: Presentation, asks_why: bool = True, nation: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.nation = nation
        if not asks_why:
            del self.fields["reason"]
        self.length = presentation.length
        self.today = uk_day(timezone.now())
        self.latest_day = last_day_to_ask_for(timezone.now())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        choices = [self._clean_date(number, cleaned) for number in CHOICE_NUMBERS]
        days = self._clean_day_range(cleaned)
        dates = [choice for choice in choices if choice]
        for number, choice in zip(CHOICE_NUMBERS, choices, strict=True):
            if choice and choice in choices[: number - 1]:
                self.add_error(f"day_{number}", _("This is the same as a choice above. Change it, or leave it empty."))
        if days and dates:
            self.add_error("first_day", _("Give certain dates or a range of days, not both."))
        elif not days and not dates and not self.errors.keys() & self.about_dates:
            self.add_error("day_1", str(self.nothing_given))
        return {**cleaned, "dates": [days] if days else dates}

    def _clean_date(self, number: int, cleaned: dict[str, Any]) -> PreferredDate | None:
        day_name, part_name, clock_name = (f"{what}_{number}" for what in ("day", "part", "clock"))
        if any(name in self.errors for name in (day_name, part_name, clock_name)):
            return None
        day, part, clock = cleaned.get(day_name), cleaned.get(part_name) or Precision.TIME, cleaned.get(clock_name)
        if day is None:
            if clock is not None:
                self.add_error(day_name, _("Enter the day as well."))
            return None
        if problem := self._day_problem(day) or self._closed_problem(day, day):
            self.add_error(day_name, problem)
            return None
        try:
            return self._build_preferred_date(day, Precision(part), clock)
        except ValidationError as error:
            self.add_error(clock_name, error)
            return None

    def _day_problem(self, day: date) -> str:
        if day < self.today:
            return str(_("That day has passed. Enter today or a later day."))
        if day > self.latest_day:
            return _("Enter %(day)s or an earlier day.") % {"day": format_day(self.latest_day)}
        return ""

    def _closed_problem(self, first: date, last: date) -> str:
        """Why none of these days is possible; empty if one may be."""
        if self.nation is None:
            return ""
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        if not all(presentations_closed_text(day, [self.nation]) for day in days):
            return ""
        return " ".join(
            [*closure_texts_between(first, last, ClosureScope.PRESENTATIONS, [self.nation]), str(_("Choose another day."))]
        )

    def _build_preferred_date(self, day: date, part: Precision, clock: time | None) -> PreferredDate:
        """The date that was entered. Raises ValidationError, about the start time."""
        if part != Precision.TIME:
            if clock is not None:
                raise ValidationError(_("Leave the start time empty, or choose “At a certain time” above."))
            start, end = (uk_datetime(day, clock_time) for clock_time in HOURS_BY_PART_OF_DAY[part])
            if end <= timezone.now():
                raise ValidationError(_("That part of the day has passed. Choose a later one."))
            return PreferredDate(part, start, end)
        if clock is None:
            raise ValidationError(_("Enter the start time, or choose a part of the day above."))
        start = validated_uk_datetime(day, clock)
        end = start + self.length
        if start <= timezone.now():
            raise ValidationError(_("That time has passed. Enter a later one."))
        if clock < REQUEST_EARLIEST_START or end > uk_datetime(day, REQUEST_LATEST_END):
            bounds = {
                "start": format_time(REQUEST_EARLIEST_START),
                "end": format_time(REQUEST_LATEST_END),
            }
            raise ValidationError(_("The presentation must start at %(start)s or later, and end by %(end)s.") % bounds)
        return PreferredDate(part, start, end)

    def _clean_day_range(self, cleaned: dict[str, Any]) -> PreferredDate | None:
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if (first is None and last is None) or any(name in self.errors for name in ("first_day", "last_day")):
            return None
        if first is None or last is None:
            self.add_error("first_day" if first is None else "last_day", _("Enter the first day and the last day."))
            return None
        for name, day in (("first_day", first), ("last_day", last)):
            if problem := self._day_problem(day):
                self.add_error(name, problem)
                return None
        if not first < last <= first + MAX_REQUEST_RANGE:
            self.add_error("last_day", _("The last day must be 1 to 60 days after the first day."))
            return None
        if problem := self._closed_problem(first, last):
            self.add_error("first_day", problem)
            return None
        return PreferredDate(Precision.DAYS, uk_datetime(first, START_OF_DAY), uk_datetime(last, END_OF_DAY))

    def redisplay_values(self) -> dict[str, str]:
        """What stood in the boxes, to be shown again. Days with their year, so that they read the same on another day."""
        typed = {name: str(self.data.get(name, "")) for name in self.fields if name in self.about_dates}
        days = {name: self.cleaned_data.get(name) for name in typed if isinstance(self.fields[name], DayField)}
        return {**typed, **{name: self.fields[name].prepare_value(day) for name, day in days.items() if day}}


TAKE_PREFIX, OTHER_TIMES, WITHDRAW = "take-", "others", "withdraw"


class OfferAnswerForm(ChildDetailsMixin, PageForm):
    """Take one of the times offered, ask for others, or withdraw."""

    answer = forms.ChoiceField(
        label=_("What would you like to do?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of these answers.")},
    )
    words = reason_field(
        _("Which days and times would suit you?"), hint=_("Do not give any child’s details here."), most=500, rows=3
    )
    why = reason_field(
        _("Why are you withdrawing it? (optional)"), hint=_("Do not give any child’s details here."), most=500, rows=2
    )

    free_text_fields = ("words", "why")
    conditional = {"words": ("answer", OTHER_TIMES), "why": ("answer", WITHDRAW)}

    def __init__(self, *args: Any, offers: Iterable[DateOption], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offers = {f"{TAKE_PREFIX}{option.pk}": option for option in offers}
        choice = self.fields["answer"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands above
        choice.choices = [
            *((value, option.when) for value, option in self.offers.items()),
            (OTHER_TIMES, _("None of these: please offer other times") if self.offers else _("Please offer other times")),
            (WITHDRAW, _("We don’t need it any more: withdraw the request")),
        ]
        others = _("We are no longer keeping that time. You can ask us for other times.")
        choose = _("We are no longer keeping that time. Choose another one, or ask us for other times.")
        choice.error_messages["invalid_choice"] = choose if self.offers else others

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("answer") == OTHER_TIMES and not cleaned.get("words") and "words" not in self.errors:
            self.add_error("words", _("Write which days and times would suit you."))
        return cleaned


class LeafletsForm(PageForm):
    """A box for each title; an empty one means none. A title of which they may now have no more copies has no box."""

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        leaflets: Sequence[Leaflet],
        lately: RecentOrdersByTitle,
        initial: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        could = [(leaflet, copies_possible(leaflet, leaflet.orderable_edition, lately)) for leaflet in leaflets]
        self.possible = {leaflet: possible for leaflet, possible in could if possible.copies}
        self.used_up = [leaflet for leaflet, possible in could if not possible.copies]
        for leaflet, possible in self.possible.items():
            self.fields[leaflet.slug] = BroughtCopiesField(leaflet, possible)

    def clean(self) -> dict[str, Any]:
        super().clean()
        for leaflet, possible in self.possible.items():
            if (self.cleaned_data.get(leaflet.slug) or 0) <= possible.copies:
                continue
            sentence = ngettext(
                "There is only %(n)d copy of “%(title)s” in stock. Enter 1 or leave it empty. You can order more by post later.",
                "There are only %(n)d copies of “%(title)s” in stock. Enter %(n)d or fewer. You can order more by post later.",
                possible.copies,
            )
            if possible.by_limit:
                sentence = ngettext(
                    "You can have %(n)d copy of “%(title)s” now. Enter %(n)d or leave it empty. You can ask for more by post.",
                    "You can have %(n)d copies of “%(title)s” now. Enter %(n)d or fewer. You can ask for more by post.",
                    possible.copies,
                )
            facts = {"n": possible.copies, "title": leaflet.title}
            self.add_error(leaflet.slug, ValidationError(sentence % facts, code="too-many"))
        return self.cleaned_data

    def copies_to_bring(self) -> list[CopiesToBring]:
        """The leaflets asked for. The form must be valid."""
        given = [(leaflet, self.cleaned_data[leaflet.slug] or 0) for leaflet in self.possible]
        return [CopiesToBring(leaflet.slug, leaflet.title, copies) for leaflet, copies in given if copies]


class BroughtCopiesField(CopiesField):
    """The same box as in the basket, labelled with the title. It may stay empty."""

    def __init__(self, leaflet: Leaflet, possible: CopiesPossible) -> None:
        hint = ngettext("We can bring %(n)d copy", "We can bring up to %(n)d copies", possible.copies) % {"n": possible.copies}
        super().__init__(leaflet, label=leaflet.title, help_text=hint, required=False, min_value=0)
        self.error_messages["min_value"] = self.error_messages["invalid"]


# The answers in a booking draft, and the unsaved booking that they make.

DRAFT_STEPS = ("where", "when", "leaflets")
# The answers of the first page. A draft that lacks one, because the page asked less then, goes back to it.
WHERE_ANSWERS = BOOKING_FIELD_NAMES & BookingForm.base_fields.keys()


@dataclass
class DraftAnswers:
    """A draft's answers about this presentation, by page: where, when or dates, leaflets. Answers about another do not count."""

    draft: Draft | None
    presentation: Presentation

    def step(self, name: str) -> dict[str, Any]:
        answers: dict[str, Any] = self.draft.answers if self.draft else {}
        entry: dict[str, Any] = answers.get(name) or {}
        return entry

    @property
    def is_for_presentation(self) -> bool:
        return self.step("where").get("presentation") == self.presentation.slug

    def is_answered(self, page: str) -> bool:
        """Whether that page is answered. The leaflets page also counts as answered if they want none."""
        if page == "leaflets":
            return bool(self.leaflets) or not self.wants_leaflets
        if page == "when" and self.asks_for_dates:
            return True
        if page == "where" and not self.step("where").keys() >= WHERE_ANSWERS:
            return False
        return self.is_for_presentation and bool(self.step(page))

    @property
    def asks_for_dates(self) -> bool:
        """Whether they ask for dates of their own in place of a time of ours. Saving one clears the other."""
        return bool(self.step("dates")) and self.is_for_presentation

    @property
    def dates(self) -> list[PreferredDate]:
        dates = []
        for answer in self.step("dates").get("dates", []):
            start, end = (datetime.fromisoformat(answer[name]).astimezone(UK_TZ) for name in ("starts_at", "ends_at"))
            if answer["precision"] == Precision.TIME:
                end = start + self.presentation.length  # its length may have changed
            dates.append(PreferredDate(answer["precision"], start, end))
        return dates

    def first_missing(self) -> str:
        """The step to go to next: the first without an answer, or else the check page."""
        return next((name for name in DRAFT_STEPS if not self.is_answered(name)), "check")

    def missing_before(self, step: str) -> str:
        """A step that must come before this one and has no answer yet, or ''."""
        return next((name for name in DRAFT_STEPS[: DRAFT_STEPS.index(step)] if not self.is_answered(name)), "")

    @property
    def booking(self) -> Booking:
        """The unsaved booking: the answers by the names of the model, and the time once it is chosen."""
        beside = ("presentation", "range", "flagged")
        answered = {name: value for name, value in self.step("where").items() if name not in beside}
        reason = self.step("dates").get("reason", "") if self.asks_for_dates else ""
        flagged = any(self.step(name).get("flagged") for name in ("where", "dates"))
        return Booking(
            presentation=self.presentation,
            starts_at=None if self.asks_for_dates else self.start,
            request_reason=reason,
            flagged_child_details=flagged,
            **answered,
        )

    @property
    def is_online(self) -> bool:
        return self.step("where").get("format") == Format.ONLINE

    @property
    def start(self) -> datetime | None:
        """The time that they chose; None before that."""
        return datetime.fromisoformat(self.step("when")["start"]) if self.step("when") and self.is_for_presentation else None

    @property
    def wants_leaflets(self) -> bool:
        """They ticked it on the first page; a later page asks which. Online nobody brings any."""
        return bool(self.step("leaflets")) and not self.is_online

    @property
    def leaflets(self) -> list[CopiesToBring]:
        """The leaflets that the presenter is to bring for the audience."""
        return [CopiesToBring(**entry) for entry in self.step("leaflets").get("copies", [])] if self.wants_leaflets else []

    @cached_property
    def hold(self) -> Hold | None:
        """The draft's hold, whatever it is for. Code that changes the hold must set this anew."""
        return getattr(self.draft, "hold", None)


def get_draft_answers(request: HttpRequest, slug: str, now: datetime) -> DraftAnswers:
    """The draft's answers about this presentation, which is read along with the hold. Raises Http404 if it is not offered."""
    draft = drafts.find(request, DraftKind.BOOKING, now, along=["hold__presentation"])
    held = draft.hold.presentation if draft and hasattr(draft, "hold") else None
    if held is None or held.slug != slug or not held.active:
        held = get_object_or_404(Presentation.objects.offered(), slug=slug)
    return DraftAnswers(draft, held)

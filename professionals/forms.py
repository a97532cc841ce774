"""Forms for a person's details, filled in by themselves, or by staff for a caller."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.forms import ask_about_phone_copies
from accounts.models import User
from core.dates import format_day
from core.forms import PageForm, PageFormMixin, normalise_postcode, validate_phone
from notifications.registry import team_addresses
from professionals import services
from professionals.models import Person, Profession


def clean_text(typed: str) -> str:
    """The text on one line, without doubled spaces."""
    return " ".join(typed.split())


class PostcodeField(forms.CharField):
    """A full UK postcode in any spacing; cleans to the form that is stored."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)

    def clean(self, value: Any) -> str:
        typed: str = super().clean(value)
        return normalise_postcode(typed) if typed else ""


class DetailsForm(PageForm):
    """Name and workplace. The fields have the names that the services take."""

    autocomplete = {"name": "name", "phone": "tel", "postcode": "postal-code", "organisation_name": "organization"}

    name = forms.CharField(label=_("Your name"), max_length=150, error_messages={"required": _("Enter your name.")})
    profession = forms.ChoiceField(
        label=_("Your profession"),
        choices=[("", _("Choose your profession")), *Profession.choices],
        error_messages={"required": _("Choose your profession.")},
    )
    organisation_name = forms.CharField(
        label=_("Where you work"),
        max_length=200,
        help_text=_("The name of your trust, council, school, force or charity."),
        error_messages={"required": _("Enter the name of the organisation you work for.")},
    )
    phone = forms.CharField(
        label=_("Work phone"),
        max_length=30,
        widget=forms.TextInput(attrs={"type": "tel"}),
        validators=[validate_phone],
        help_text=_("We will only call about what you book or order."),
        error_messages={"required": _("Enter a phone number we can reach you on.")},
    )
    postcode = PostcodeField(label=_("Work postcode"), error_messages={"required": _("Enter your work postcode.")})

    def __init__(self, *args: Any, person: Person | None = None, **kwargs: Any) -> None:
        """`person`: whose details we know already."""
        super().__init__(*args, **kwargs)
        self.person = person
        self.with_phone_copies = False  # a new number also goes where the old one was copied

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.person is not None:
            self.with_phone_copies = ask_about_new_phone(self, self.person, str(self.cleaned_data.get("phone", "")))
        return cleaned

    def clean_name(self) -> str:
        return clean_text(self.cleaned_data["name"])

    def clean_organisation_name(self) -> str:
        return clean_text(self.cleaned_data["organisation_name"])

    def details(self) -> services.Details:
        return services.Details(
            name=self.cleaned_data["name"],
            profession=self.cleaned_data["profession"],
            organisation_name=self.cleaned_data["organisation_name"],
            phone=self.cleaned_data["phone"],
            postcode=self.cleaned_data["postcode"],
        )

    @staticmethod
    def initial_of(person: Person) -> dict[str, str]:
        return {
            "name": person.name,
            "profession": person.profession,
            "organisation_name": person.organisation.name if person.organisation else "",
            "phone": person.phone,
            "postcode": person.postcode,
        }


def validate_not_team_address(email: str) -> None:
    """Refuse a mailbox of the team: its mail would count as that person's, and be found, exported and erased with them."""
    if email.strip().lower() in team_addresses():
        raise ValidationError(
            _("This is a mailbox of our own team. Enter the person’s own address, or leave this empty if they have none."),
            code="team",
        )


NEW_DETAIL_QUESTIONS = {
    "name": _("Does %(person)s have a new name?"),
    "email": _("Does %(person)s have a new email address?"),
    "phone": _("Does %(person)s have a new work phone number?"),
    "profession": _("Does %(person)s have a new profession?"),
    "organisation_name": _("Does %(person)s work somewhere else now?"),
    "postcode": _("Does %(person)s have a new work postcode?"),
}


def is_same_detail(name: str, known: str, typed: str) -> bool:
    """Whether both values are the same in any case and spacing; a phone number also with or without the country code."""
    tidy = services.dialled_digits if name == "phone" else lambda text: clean_text(text).casefold()
    return tidy(known) == tidy(typed)


def ask_about_new_phone(form: PageFormMixin, person: Person, typed: str) -> bool:
    """Ask about copies of the person's number, if another one was typed."""
    return not is_same_detail("phone", person.phone, typed) and ask_about_phone_copies(form, person, person.phone, typed)


def detail_text(name: str, value: str) -> str:
    return str(Profession(value).label) if name == "profession" and value in Profession.values else value


def person_facts(person: Person) -> str:
    """Facts that tell people of one name apart: 'Leeds Council, LS1 4AP. Last contact: Tuesday 9 March 2027'."""
    where = ", ".join(filter(None, [person.organisation.name if person.organisation else "", person.postcode]))
    last: datetime = person.last_contact  # type: ignore[attr-defined]  # as services.with_last_contact gives it
    contact = _("Last contact: %(day)s") % {"day": format_day(last)}
    return f"{where}. {contact}" if where else str(contact)


def similar_person_text(person: Person, typed: Mapping[str, str]) -> str:
    """'Asha Patel, Leeds Council, LS1 4AP. Last contact: Tuesday 9 March 2027', and for another name why it may be them."""
    text = f"{person.name}, {person_facts(person)}"
    if is_same_detail("name", person.name, typed["name"]):
        return text
    if is_same_detail("phone", person.phone, typed["phone"]):
        return _("%(who)s. Same phone number.") % {"who": text}
    return _("%(who)s. Email address: %(email)s.") % {"who": text, "email": person.email}


class CallerForm(DetailsForm):
    """The person on the phone, for the staff pages that book or order for a caller.

    It asks before it enters somebody that we may know already, and before it overwrites what we know or drops what was typed.
    `known` is the person that staff found before, `person` the one that we know, `replaced` the names of details that staff said
    are new, and `shown` the people that the page says something about. With `may_ask` false it asks nothing: the page only shows
    something.
    """

    once: ClassVar[str | Promise] = ""  # the answer that what was typed is for this order alone, for example

    email = forms.EmailField(
        label=_("Email address"),
        max_length=254,
        required=False,
        help_text=_("If they have none, tell them the reference on the phone."),
        validators=[validate_not_team_address],
    )
    field_order = ["name", "email", "phone", "profession", "organisation_name", "postcode"]
    autocomplete = dict.fromkeys(field_order, "off")
    # Labels and errors for the questions of the public form, when asked about somebody else.
    ABOUT_THE_CALLER = {
        "name": (_("Caller’s name"), _("Enter the caller’s name.")),
        "phone": (_("Caller’s work phone"), _("Enter a phone number to reach the caller on.")),
        "profession": (_("Caller’s profession"), _("Choose the caller’s profession.")),
        "organisation_name": (_("Where they work"), _("Enter the organisation the caller works for.")),
        "postcode": (_("Postcode of their work"), _("Enter the postcode where the caller works.")),
    }

    def __init__(
        self, data: Any = None, *, known: Person | None = None, initial: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data, initial={**(CallerForm.initial_of(known) if known else {}), **(initial or {})}, **kwargs)
        self.known = known
        for name, (label, required) in self.ABOUT_THE_CALLER.items():
            self.fields[name].label = label
            self.fields[name].error_messages["required"] = required
        profession = self.fields["profession"]
        assert isinstance(profession, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands above
        profession.choices = [("", _("Choose a profession")), *Profession.choices]
        self.fields["phone"].help_text = ""
        self.fields["organisation_name"].help_text = _("Their trust, council, school, force or charity.")
        self.may_ask = True
        self.replaced: list[str] = []
        self.shown: list[Person] = []

    @property
    def caller_fields(self) -> list[BoundField]:
        return [self[name] for name in (*CallerForm.field_order, *self.questions)]

    @property
    def is_settled(self) -> bool:
        """Whether the details may be folded up: staff know who it is, and there is no error and no open question."""
        return self.known is not None and not self.errors and not self.questions

    @property
    def questions(self) -> list[str]:
        """The names of the questions that it has asked."""
        return [name for name in self.fields if name.startswith(("same_as", "new_"))]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if self.may_ask and not self.errors.keys() & set(CallerForm.field_order):
            typed = {name: str(self.cleaned_data[name]) for name in CallerForm.field_order}
            self.person = services.find_caller(**typed) or self.known or self._ask_who(typed)
            if self.person is not None:
                self._ask_what_is_new(self.person, typed)
        return cleaned

    def _ask_who(self, typed: dict[str, str]) -> Person | None:
        """Ask which of these people it is. None for somebody new, or while nobody has answered."""
        people = services.similar_people(**typed)
        if not people:
            return None
        self.shown += people
        new = "-".join(["new", *(str(person.pk) for person in people)])  # if other people are found, the question is asked again
        choices = [
            *((str(person.pk), similar_person_text(person, typed)) for person in people),
            (new, _("No, this is someone new")),
        ]
        answer = self.ask_extra_question("same_as", _("Is it one of these people?"), choices)
        return next((person for person in people if str(person.pk) == answer), None)

    def _ask_what_is_new(self, person: Person, typed: dict[str, str]) -> None:
        known = CallerForm.initial_of(person)
        for name in CallerForm.field_order:
            if not known[name] or not typed[name] or is_same_detail(name, known[name], typed[name]):
                continue
            self.shown.append(person)
            facts = {"person": person.name, "known": detail_text(name, known[name]), "typed": detail_text(name, typed[name])}
            if name == "email" and person.user_id:
                theirs = _("%(person)s signs in with %(known)s, and changes that themselves. Enter it here, or leave this empty.")
                self.add_error(name, theirs % facts)
                continue
            yes, no = (
                _("Yes, change %(known)s to %(typed)s"),
                self.once if self.is_stored_with_record(name) else _("No, keep %(known)s"),
            )
            new, same = f"new {typed[name]}", f"same {typed[name]}"  # if something else is typed, the question is asked again
            choices = [(new, str(yes) % facts), (same, str(no) % facts)]
            if self.ask_extra_question(f"new_{name}", str(NEW_DETAIL_QUESTIONS[name]) % facts, choices) == new:
                self.replaced.append(name)
                self.with_phone_copies |= name == "phone" and ask_about_new_phone(self, person, typed[name])

    def is_stored_with_record(self, name: str) -> bool:
        """Whether the booking or order itself stores this detail as it was typed."""
        return False

    def save_new_phone(self, by: User, now: datetime) -> None:
        """Before the caller's booking or order: it locks bookings, which come before what those lock. Raises AccountGoneError."""
        if self.person is not None and self.with_phone_copies:
            services.replace_phone(person=self.person, phone=self.cleaned_data["phone"], by=by, now=now)

    def person_kwargs(self) -> dict[str, Any]:
        """The keyword arguments of services.find_or_enter_person."""
        return {**self.details(), "email": self.cleaned_data["email"], "known": self.person, "replaced": self.replaced}

    @staticmethod
    def initial_of(person: Person) -> dict[str, str]:
        return {**DetailsForm.initial_of(person), "email": person.email}


class NewPersonForm(DetailsForm):
    """The details of somebody who has just signed in for the first time."""

    invite = forms.BooleanField(label=_("Email me when new open sessions are planned"), required=False)

"""The details of a person, by themselves or by staff for a caller."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ctac.dates import tidy_postcode
from ctac.forms import PageForm
from notifications.registry import team_addresses
from professionals import services
from professionals.models import Person, Profession


def validate_phone(typed: str) -> None:
    """A number that can be rung: 7 to 15 digits (ITU E.164), however it is spaced, perhaps with an extension."""
    number = typed.lower().partition("ext")[0].rstrip(" x.")
    if not 7 <= sum(char.isdigit() for char in number) <= 15 or any(char not in "0123456789 +()-./x" for char in number):
        raise ValidationError(_("Enter a phone number, like 0113 496 0000."), code="invalid")


def clean_text(typed: str) -> str:
    """One line without doubled spaces."""
    return " ".join(typed.split())


class PostcodeField(forms.CharField):
    """A full UK postcode in any spacing; cleans to the form that is stored."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)

    def clean(self, value: Any) -> str:
        typed: str = super().clean(value)
        return tidy_postcode(typed) if typed else ""


class DetailsForm(PageForm):
    """Name and workplace. The services take its fields by the same names."""

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
        help_text=_("We call only about what you book or order."),
        error_messages={"required": _("Enter a phone number we can reach you on.")},
    )
    postcode = PostcodeField(label=_("Work postcode"), error_messages={"required": _("Enter your work postcode.")})

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


def refuse_team_address(email: str) -> None:
    """Mail to the team would be that person's: found, exported and erased with them."""
    if email.strip().lower() in team_addresses():
        raise ValidationError(
            _("This is a mailbox of our own team. Enter the person’s own address, or leave this empty if they have none."),
            code="team",
        )


class CallerForm(DetailsForm):
    """The person on the phone, for the staff pages that book or order for a caller."""

    email = forms.EmailField(
        label=_("Email address"),
        max_length=254,
        required=False,
        help_text=_("Leave empty if they have none. Then no email goes out, so tell them the reference on the phone."),
        validators=[refuse_team_address],
    )
    field_order = ["name", "email", "phone", "profession", "organisation_name", "postcode"]
    autocomplete = dict.fromkeys(field_order, "off")
    # Label and error of the questions of the public form, asked about somebody else.
    ABOUT_THE_CALLER = {
        "name": (_("Caller’s name"), _("Enter the caller’s name.")),
        "phone": (_("Caller’s work phone"), _("Enter a phone number to reach the caller on.")),
        "profession": (_("Caller’s profession"), _("Choose the caller’s profession.")),
        "organisation_name": (_("Where they work"), _("Enter the organisation the caller works for.")),
        "postcode": (_("Postcode of their work"), _("Enter the postcode where the caller works.")),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (label, required) in self.ABOUT_THE_CALLER.items():
            self.fields[name].label = label
            self.fields[name].error_messages["required"] = required
        profession = self.fields["profession"]
        assert isinstance(profession, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands above
        profession.choices = [("", _("Choose a profession")), *Profession.choices]
        self.fields["phone"].help_text = ""
        self.fields["organisation_name"].help_text = _("Their trust, council, school, force or charity.")

    @staticmethod
    def initial_of(person: Person) -> dict[str, str]:
        return {**DetailsForm.initial_of(person), "email": person.email}


class NewPersonForm(DetailsForm):
    """Of somebody who has just signed in for the first time."""

    invite = forms.BooleanField(label=_("Email me when new open sessions are planned"), required=False)

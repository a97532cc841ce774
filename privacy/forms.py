"""Forms for complaints about data, for what staff write about complaints and breaches, and for deleting one's account."""

import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from accounts.models import LimitedActivity
from accounts.rate_limits import HoneypotMixin
from core.dates import uk_day
from core.forms import DayField, PageForm, UKTimeField, validate_near_today, validate_phone, validated_uk_datetime
from privacy.models import ComplaintChannel, ContactMethod
from professionals.drafts import SECRET_PATTERN
from professionals.forms import clean_text
from professionals.models import Person
from professionals.safeguarding.forms import CONFIRM_FIELD, ChildDetailsMixin, NoChildDetailsForm, StaffForm

MAX_TEXT_LENGTH = 4000
NO_CHILD_HINT = gettext_lazy("No details of a child, please.")


def long_text_field(label: Any, hint: Any, missing: Any = "", *, rows: int = 4) -> forms.CharField:
    """A field of several lines. Without `missing`, the error for an empty answer, nobody need answer."""
    return forms.CharField(
        label=label,
        help_text=hint,
        max_length=MAX_TEXT_LENGTH,
        required=bool(missing),
        widget=forms.Textarea({"rows": rows}),
        error_messages={"required": missing} if missing else None,
    )


class OneTimeTokenForm(forms.Form):
    """A form with a token, so that it is stored only once however often it is sent."""

    token = forms.CharField(widget=forms.HiddenInput, required=False, initial=partial(secrets.token_urlsafe, 32))

    def clean_token(self) -> str:
        """Replace a token that is not ours: at worst the same form is stored twice."""
        token: str = self.cleaned_data["token"]
        return token if SECRET_PATTERN.fullmatch(token) else secrets.token_urlsafe(32)


class ComplaintDetailsMixin:
    cleaned_data: dict[str, Any]

    def clean_name(self) -> str:
        return clean_text(self.cleaned_data["name"])

    @property
    def details(self) -> dict[str, str]:
        """The details to store, after the form was found valid."""
        return {name: self.cleaned_data[name] for name in ("name", "email", "phone", "description", "wanted")}


class ComplaintForm(ComplaintDetailsMixin, HoneypotMixin, ChildDetailsMixin, OneTimeTokenForm, PageForm):
    """The complaint form for everybody. For a signed-in person their contact details are filled in."""

    where = LimitedActivity.COMPLAINT
    answer_field = "description"
    free_text_fields = ("description", "wanted")
    autocomplete = {"name": "name", "email": "email", "phone": "tel"}

    name = forms.CharField(
        label=gettext_lazy("Your name"), max_length=150, error_messages={"required": gettext_lazy("Enter your name.")}
    )
    email = forms.EmailField(
        label=gettext_lazy("Email address"),
        max_length=254,
        required=False,
        help_text=gettext_lazy(
            "We will send our answer there. If you have no email address, leave this empty and give a phone number."
        ),
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone number"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel"}),
        validators=[validate_phone],
    )
    description = long_text_field(
        gettext_lazy("What went wrong?"),
        gettext_lazy("Say what happened with your data, and when, as well as you know. No details of a child, please."),
        gettext_lazy("Say what went wrong."),
        rows=8,
    )
    wanted = long_text_field(
        gettext_lazy("What would you like us to do?"),
        gettext_lazy(
            "For example: put something right, delete something, tell you what happened. No details of a child, please."
        ),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, person: Person | None = None) -> None:
        known = {"name": person.name, "email": person.email, "phone": person.phone} if person else {}
        super().__init__(data, initial=known)
        self.order_fields(["name", "email", "phone", "description", "wanted", CONFIRM_FIELD])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not ({"email", "phone"} & set(self.errors) or cleaned.get("email") or cleaned.get("phone")):
            self.add_error("email", _("Enter an email address or a phone number, so that we can answer you."))
        return cleaned


class EnterComplaintForm(ComplaintDetailsMixin, StaffForm, OneTimeTokenForm, PageForm):
    """For colleagues, about somebody who rang or wrote."""

    free_text_fields = ("description", "wanted")

    channel = forms.ChoiceField(
        label=gettext_lazy("How did we get it?"),
        choices=[
            ("", gettext_lazy("Choose")),
            *((value, label) for value, label in ComplaintChannel.choices if value != ComplaintChannel.WEB),
        ],
        error_messages={"required": gettext_lazy("Choose how we got it.")},
    )
    received_on = DayField(
        label=gettext_lazy("On which day did we get it?"),
        validators=[validate_near_today],
        help_text=gettext_lazy(
            "Enter the day when it reached the first of us. The 30 days count from then. For example, 9 3 2027."
        ),
        error_messages={"required": gettext_lazy("Enter the day on which it reached us.")},
    )
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=150, error_messages={"required": gettext_lazy("Enter the name.")}
    )
    email = forms.EmailField(
        label=gettext_lazy("Email address"),
        max_length=254,
        required=False,
        help_text=gettext_lazy("We will email them to say that we have it. Leave empty if they have no email address."),
    )
    phone = forms.CharField(label=gettext_lazy("Phone"), max_length=30, required=False, validators=[validate_phone])
    description = long_text_field(
        gettext_lazy("What went wrong, in their words"),
        NO_CHILD_HINT,
        gettext_lazy("Write what went wrong."),
        rows=8,
    )
    wanted = long_text_field(
        gettext_lazy("What they would like us to do"),
        NO_CHILD_HINT,
    )

    def clean_received_on(self) -> Any:
        if (day := self.cleaned_data["received_on"]) and day > uk_day(timezone.now()):
            raise forms.ValidationError(_("This day is in the future."))
        return day


class ComplaintMessageForm(NoChildDetailsForm, PageForm):
    """A message that goes out as it is written, so it can't have a child's details (ADR 22)."""

    free_text_fields = never_kept = ("words",)

    told = forms.ChoiceField(
        label=gettext_lazy("How are you telling them?"),
        choices=ContactMethod.choices,
        initial=ContactMethod.EMAIL,
        widget=forms.RadioSelect,
    )
    on = DayField(
        label=gettext_lazy("If you have told them yourself, on which day?"),
        required=False,
        validators=[validate_near_today],
        help_text=gettext_lazy("Leave this empty if we send the email from here. For example, 9 3 2027."),
    )
    words = long_text_field(
        gettext_lazy("What you tell them, or told them"),
        gettext_lazy("The email uses your exact words. No details of a child."),
        gettext_lazy("Write what you want to tell them."),
        rows=8,
    )


class AcknowledgeComplaintForm(ComplaintMessageForm):
    """The email says anyway that we have the complaint and are looking into it."""

    words = long_text_field(
        gettext_lazy("Anything to add?"),
        gettext_lazy(
            "The email says that we have read the complaint and are looking into it. You could add who is. No details of a child."
        ),
    )


class ComplaintNoteForm(StaffForm):
    free_text_fields = ("words",)

    words = long_text_field(
        gettext_lazy("Note"),
        gettext_lazy(
            "This is for colleagues who deal with complaints. The person can ask for a copy of it. No details of a child."
        ),
        gettext_lazy("Write the note."),
        rows=6,
    )


class CloseComplaintForm(StaffForm):
    free_text_fields = ("words",)

    words = long_text_field(
        gettext_lazy("Why it is closed"),
        gettext_lazy(
            "Needed only if we did not tell them an outcome, for example because they took it back. No details of a child."
        ),
        rows=3,
    )


# Breaches: numbers and kinds, no names, and nothing about a child, since others read it as it is written.


class DayAndTimeForm(NoChildDetailsForm, PageForm):
    """A form with a day and a time; `cleaned_data["at"]` has both, in UTC."""

    day = DayField(
        label=gettext_lazy("On which day were they told?"),
        validators=[validate_near_today],
        error_messages={"required": gettext_lazy("Enter the day.")},
    )
    clock = UKTimeField(label=gettext_lazy("At what time?"), error_messages={"required": gettext_lazy("Enter the time.")})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        day, clock = cleaned.pop("day", None), cleaned.pop("clock", None)
        if day and clock:
            try:
                cleaned["at"] = validated_uk_datetime(day, clock)
            except ValidationError as error:
                self.add_error("clock", error)
        return cleaned


class EnterBreachForm(DayAndTimeForm, OneTimeTokenForm):
    free_text_fields = never_kept = ("what", "happened", "concerns", "effects", "measures")

    day = DayField(
        label=gettext_lazy("On which day did we become aware of it?"),
        validators=[validate_near_today],
        help_text=gettext_lazy(
            "Enter the day when the first of us knew, or when a firm that works for us told us. For example, 9 3 2027."
        ),
        error_messages={"required": gettext_lazy("Enter the day.")},
    )
    what = long_text_field(
        gettext_lazy("What happened?"),
        gettext_lazy("Say which data was lost, changed, or seen by or sent to a person who should not have it. No names."),
        gettext_lazy("Write what happened."),
    )
    happened = forms.CharField(
        label=gettext_lazy("When did it happen?"),
        help_text=gettext_lazy("As far as we know. For example, in the night before 9 March 2027."),
        max_length=200,
        error_messages={"required": gettext_lazy("Write when it happened, as far as we know.")},
    )
    concerns = long_text_field(
        gettext_lazy("Which people and which data does it affect?"),
        gettext_lazy("How many people, of which kind, and which kinds of data. Numbers and kinds, no names."),
        gettext_lazy("Write which people and which data it affects, in numbers and kinds."),
    )
    effects = long_text_field(
        gettext_lazy("How could it harm them?"),
        gettext_lazy("Say what is likely, and how bad it would be. No names."),
        gettext_lazy("Write how it could harm them."),
    )
    measures = long_text_field(
        gettext_lazy("What have we done about it?"),
        gettext_lazy("To stop it, to make up for it, and to prevent it happening again. No names."),
        gettext_lazy("Write what we have done so far."),
    )

    @property
    def facts(self) -> dict[str, Any]:
        """The facts to store, after the form was found valid."""
        return {"aware_at": self.cleaned_data["at"], **{name: self.cleaned_data[name] for name in self.free_text_fields}}


class CommissionerReportForm(DayAndTimeForm):
    free_text_fields = never_kept = ("words",)

    reference = forms.CharField(label=gettext_lazy("Their reference"), max_length=60, required=False)
    words = long_text_field(
        gettext_lazy("What they were told"),
        gettext_lazy("Keep it short. If the 72 hours were over, say why it took longer. No names."),
    )


class PeopleNotifiedForm(DayAndTimeForm):
    free_text_fields = never_kept = ("words",)

    words = long_text_field(
        gettext_lazy("How we told them, and what"),
        gettext_lazy("For example, an email to all 40 people about what to look out for and who to ask. No names."),
        gettext_lazy("Write how we told them, and what we said."),
    )


class NoCommissionerReportForm(NoChildDetailsForm):
    free_text_fields = never_kept = ("words",)

    words = long_text_field(
        gettext_lazy("Why they need not be told"),
        gettext_lazy("Only if harm to anybody is unlikely. The Commissioner may ask for this reason. No names."),
        gettext_lazy("Write why they need not be told."),
    )


class PeopleNotNotifiedForm(NoChildDetailsForm):
    free_text_fields = never_kept = ("words",)

    words = long_text_field(
        gettext_lazy("Why they need not be told"),
        gettext_lazy(
            "Only if the risk for them is not high, for example because the data was unreadable or came back unread. No names."
        ),
        gettext_lazy("Write why they need not be told."),
    )


class AddToBreachForm(NoChildDetailsForm):
    free_text_fields = never_kept = ("words",)

    words = long_text_field(
        gettext_lazy("What we know now"),
        gettext_lazy(
            "What you have learnt or done since, or a correction to what is above. What is above stays as it is. No names."
        ),
        gettext_lazy("Write what we know now."),
    )


class DeleteAccountForm(PageForm):
    sure = forms.BooleanField(
        label=gettext_lazy("I know that this can’t be undone"),
        error_messages={"required": gettext_lazy("Tick the box if you want to delete your account.")},
    )

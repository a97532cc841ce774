"""What staff write about a complaint."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.forms import PageForm
from ctac.staff_fields import DayField, near_today
from ctac.uk import uk_day
from dataprotection.forms import MOST_WORDS, NO_CHILD, OnceForm, said_in
from dataprotection.models import Came, Told
from dataprotection.services.complaining import Complained
from professionals.forms import validate_phone
from professionals.safeguarding import StaffForm


class EnterForm(StaffForm, OnceForm, PageForm):
    """For somebody who rang or wrote."""

    free_text_fields = ("wrong", "wanted")

    came = forms.ChoiceField(
        label=gettext_lazy("How did it come?"),
        choices=[("", gettext_lazy("Choose")), *((value, label) for value, label in Came.choices if value != Came.WEB)],
        error_messages={"required": gettext_lazy("Choose how it came.")},
    )
    received_on = DayField(
        label=gettext_lazy("On which day did it reach us?"),
        validators=[near_today],
        help_text=gettext_lazy("Whoever of us got it first: the 30 days count from there. For example, 9 3 2027."),
        error_messages={"required": gettext_lazy("Enter the day on which it reached us.")},
    )
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=150, error_messages={"required": gettext_lazy("Enter the name.")}
    )
    email = forms.EmailField(
        label=gettext_lazy("Email address"),
        max_length=254,
        required=False,
        help_text=gettext_lazy("They get an email that says that we have it. Leave empty if they have none."),
    )
    phone = forms.CharField(label=gettext_lazy("Phone"), max_length=30, required=False, validators=[validate_phone])
    wrong = forms.CharField(
        label=gettext_lazy("What went wrong, in their words"),
        help_text=NO_CHILD,
        max_length=MOST_WORDS,
        widget=forms.Textarea({"rows": 8}),
        error_messages={"required": gettext_lazy("Write what went wrong.")},
    )
    wanted = forms.CharField(
        label=gettext_lazy("What they would like us to do"),
        help_text=NO_CHILD,
        max_length=MOST_WORDS,
        required=False,
        widget=forms.Textarea({"rows": 4}),
    )

    def clean_received_on(self) -> Any:
        if (day := self.cleaned_data["received_on"]) and day > uk_day(timezone.now()):
            raise forms.ValidationError(_("This day has not come yet."))
        return day

    @property
    def said(self) -> Complained:
        """Of a valid form."""
        return said_in(self.cleaned_data)


class TellForm(StaffForm, PageForm):
    """How they are told, and what; what goes out as it is written can't hold a child's details (ADR 72)."""

    free_text_fields = ("words",)
    never_kept = ("words",)

    told = forms.ChoiceField(
        label=gettext_lazy("How are they told?"), choices=Told.choices, initial=Told.EMAIL, widget=forms.RadioSelect
    )
    on = DayField(
        label=gettext_lazy("If you told them yourself: on which day?"),
        required=False,
        validators=[near_today],
        help_text=gettext_lazy("Leave empty if the email goes from here. For example, 9 3 2027."),
    )
    words = forms.CharField(
        label=gettext_lazy("What you tell them, or told them"),
        help_text=gettext_lazy("The email has these words as they stand. No details of a child."),
        max_length=MOST_WORDS,
        widget=forms.Textarea({"rows": 8}),
        error_messages={"required": gettext_lazy("Write what you tell them.")},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        cleaned.pop("flagged")
        return cleaned


class AcknowledgeForm(TellForm):
    """The email says by itself that we have it and look into it."""

    words = forms.CharField(
        label=gettext_lazy("Anything to add"),
        help_text=gettext_lazy(
            "The email says that we have read the complaint and look into it. Add who does, say. No details of a child."
        ),
        max_length=MOST_WORDS,
        required=False,
        widget=forms.Textarea({"rows": 4}),
    )


class NoteForm(StaffForm):
    free_text_fields = ("words",)

    words = forms.CharField(
        label=gettext_lazy("Note"),
        help_text=gettext_lazy(
            "For colleagues who deal with complaints. The person can ask for a copy of it. No details of a child."
        ),
        max_length=MOST_WORDS,
        widget=forms.Textarea({"rows": 6}),
        error_messages={"required": gettext_lazy("Write the note.")},
    )


class CloseForm(StaffForm):
    free_text_fields = ("words",)

    words = forms.CharField(
        label=gettext_lazy("Why it is closed"),
        help_text=gettext_lazy("Needed only if they were not told an outcome: they took it back, say. No details of a child."),
        max_length=MOST_WORDS,
        required=False,
        widget=forms.Textarea({"rows": 3}),
    )

"""What somebody says who complains about how we handle their data."""

import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.forms import PageForm
from dataprotection.services.complaining import Complained
from professionals.drafts import SECRET
from professionals.forms import clean_text, validate_phone
from professionals.guarded import GuardedMixin
from professionals.models import Person, Where
from professionals.safeguarding import CONFIRM_FIELD, ChildDetailsMixin

MOST_WORDS = 4000
NO_CHILD = gettext_lazy("No details of a child, please.")


class OnceForm(forms.Form):
    """With a one-time token: whatever is written of it is written once, however often it is sent."""

    token = forms.CharField(widget=forms.HiddenInput, required=False, initial=partial(secrets.token_urlsafe, 32))

    def clean_token(self) -> str:
        """One that is not of ours is replaced: the worst that comes of it is that the same is written twice."""
        token: str = self.cleaned_data["token"]
        return token if SECRET.fullmatch(token) else secrets.token_urlsafe(32)


class ComplaintForm(GuardedMixin, ChildDetailsMixin, OnceForm, PageForm):
    """Open to everybody; whoever is signed in finds their name and how we reach them filled in."""

    where = Where.COMPLAINT
    told_by = "wrong"
    free_text_fields = ("wrong", "wanted")
    autocomplete = {"name": "name", "email": "email", "phone": "tel"}

    name = forms.CharField(
        label=gettext_lazy("Your name"), max_length=150, error_messages={"required": gettext_lazy("Enter your name.")}
    )
    email = forms.EmailField(
        label=gettext_lazy("Email address"),
        max_length=254,
        required=False,
        help_text=gettext_lazy("We send our answer there. If you have none, leave this empty and give a phone number."),
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone number"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel"}),
        validators=[validate_phone],
    )
    wrong = forms.CharField(
        label=gettext_lazy("What went wrong?"),
        help_text=gettext_lazy("Say what happened with your data, and when, as well as you know. No details of a child, please."),
        max_length=MOST_WORDS,
        widget=forms.Textarea({"rows": 8}),
        error_messages={"required": gettext_lazy("Say what went wrong.")},
    )
    wanted = forms.CharField(
        label=gettext_lazy("What would you like us to do?"),
        help_text=gettext_lazy(
            "For example: put something right, delete something, tell you what happened. No details of a child, please."
        ),
        max_length=MOST_WORDS,
        required=False,
        widget=forms.Textarea({"rows": 4}),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, person: Person | None = None) -> None:
        known = {"name": person.name, "email": person.email, "phone": person.phone} if person else {}
        super().__init__(data, initial=known)
        self.order_fields(["name", "email", "phone", "wrong", "wanted", CONFIRM_FIELD])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not ({"email", "phone"} & set(self.errors) or cleaned.get("email") or cleaned.get("phone")):
            self.add_error("email", _("Enter an email address or a phone number, so that we can answer you."))
        return cleaned

    @property
    def said(self) -> Complained:
        """Of a valid form."""
        return said_in(self.cleaned_data)


def said_in(cleaned: Mapping[str, Any]) -> Complained:
    return Complained(
        name=clean_text(cleaned["name"]),
        email=cleaned["email"],
        phone=cleaned["phone"],
        wrong=cleaned["wrong"],
        wanted=cleaned["wanted"],
    )

"""The form for staff's own wording of a sentence, and the one that sends a wording back."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import PageForm
from office.texts.services import guard_warnings, normalise_text, text_warnings
from office.texts.sources import MAX_TEXT_LENGTH, Sentence, wording_error


def validate_guards(text: str) -> None:
    """Refuse a reason with what it must not have, such as a child's details."""
    if found := guard_warnings(text):
        raise forms.ValidationError(found[0])


class TextForm(PageForm):
    """`seen` is the newest version that its author had before them. `reason` is asked for only if there are warnings."""

    text = forms.CharField(
        label=_("New wording"),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Enter the new wording.")},
    )
    reason = forms.CharField(
        label=_("Why is this wording right all the same?"),
        help_text=_("We keep your reason with the wording, and the colleague who approves it reads it."),
        max_length=300,
        validators=[validate_guards],
        error_messages={"required": _("Say why this wording is right all the same, or change it.")},
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, sentence: Sentence, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sentence = sentence
        typed = normalise_text(str(self.data.get("text", "")))[: MAX_TEXT_LENGTH + 1] if self.is_bound else ""
        self.warnings = text_warnings(sentence, typed) if typed else []
        if not self.warnings:
            del self.fields["reason"]
        if sentence.takes_markup:
            self.fields["text"].help_text = _(
                "For bold words, write **two stars** on each side. For a link: [its words](https://…)"
            )
        else:
            self.fields["text"].help_text = _("Plain text: this sentence can’t have bold words or links.")

    def clean_text(self) -> str:
        text = normalise_text(self.cleaned_data["text"])
        if fault := wording_error(self.sentence, text):
            raise forms.ValidationError(str(fault))
        return text


class SendBackForm(forms.Form):
    reason = forms.CharField(
        label=_("What should change?"),
        help_text=_("The author reads this."),
        max_length=300,
        validators=[validate_guards],
        error_messages={"required": _("Say what should change, so that the author can mend it.")},
    )

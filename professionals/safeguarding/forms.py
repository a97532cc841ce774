"""Forms that ask once about a text that may have a child's details (product.md, rule 6), and say whom to call."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext_lazy

from core.forms import ExplainedError
from professionals.safeguarding.advice_line import whom_to_call_text
from professionals.safeguarding.child_details import looks_like_child_details
from professionals.safeguarding.services import KEPT_BACK_HINT, is_text_kept_back

CONFIRM_FIELD = "keep_what_i_wrote"


class ChildDetailsMixin(forms.Form):
    """Refuse a free text that looks like a child's details once, say whom to call, and offer to keep it.

    A valid form whose `flagged` is true has a text that its writer kept: store it, then notify the lead. Fields whose text goes
    on to others as it stands (a label, an email to many, a public page) can't be kept: they are `never_kept` (ADR 22).
    """

    free_text_fields: Iterable[str] = ()
    never_kept: Iterable[str] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.flagged = False
        self.kept_back: set[str] = set()
        self._suspicious = self._find_suspicious()
        if self._can_be_kept:
            self.fields[CONFIRM_FIELD] = forms.BooleanField(
                required=False,
                label=gettext_lazy("This is not about a child. Keep what I wrote, and tell your safeguarding lead."),
            )

    def keep_back(self, row: Model) -> None:
        """Show none of this row's texts that wait for the safeguarding lead. A box that stays empty then changes nothing.

        So `cleaned_data` has no such box, and what was kept stays with the row.
        """
        for name in filter(self.fields.__contains__, self.free_text_fields):
            if hasattr(row, name) and is_text_kept_back(row, name):
                self.kept_back.add(name)
                self.initial[name] = ""
                self.fields[name].required, self.fields[name].help_text = False, KEPT_BACK_HINT

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        for name in self.kept_back:
            if not self.cleaned_data.get(name, True):
                del self.cleaned_data[name]
        self._suspicious = self._find_suspicious()  # a subclass may have added fields
        if self._can_be_kept and self.cleaned_data.get(CONFIRM_FIELD):
            self.flagged = True
        else:
            for name in filter(self.fields.__contains__, self._suspicious):
                self.add_error(
                    name,
                    ExplainedError(
                        gettext_lazy("This looks like details of a child."),
                        child_details_explanation(can_be_kept=self._can_be_kept),
                        "child_details",
                    ),
                )
        return cleaned

    @property
    def _can_be_kept(self) -> bool:
        return bool(self._suspicious) and not set(self._suspicious) & set(self.never_kept)

    def _find_suspicious(self) -> list[str]:
        if not self.is_bound:
            return []
        typed = {name: str(self.data.get(self.add_prefix(name)) or "") for name in self.free_text_fields if name in self.fields}
        return [name for name, text in typed.items() if looks_like_child_details(text)]


class StaffForm(ChildDetailsMixin):
    """The form of an action on the staff site. It passes `flagged` to the service: no child's details from staff either."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned.pop(CONFIRM_FIELD, None)
        return {**cleaned, "flagged": self.flagged}


class NoChildDetailsForm(StaffForm):
    """Words that are never saved if they look like a child's details. Staff can't overrule that, so nothing is `flagged`."""

    def clean(self) -> dict[str, Any]:
        return {name: value for name, value in super().clean().items() if name != "flagged"}


class StaffReasonForm(StaffForm):
    """A form that asks why."""

    free_text_fields = ("reason",)


def reason_field(label: Any, *, missing: Any = "", hint: Any = "", most: int = 300, rows: int = 1) -> forms.CharField:
    """A field that asks staff why. Without `missing`, the error for an empty answer, nobody need answer."""
    widget = forms.Textarea({"rows": rows}) if rows > 1 else None
    messages = {"required": missing} if missing else None
    return forms.CharField(
        label=label, max_length=most, required=bool(missing), help_text=hint, widget=widget, error_messages=messages
    )


def unpublishable_reason(text: str) -> str:
    """Why a text of staff can't be published; empty if it can."""
    if not looks_like_child_details(text):
        return ""
    return str(gettext_lazy("This looks like details of a child. Please take them out: everybody can read this."))


def child_details_explanation(*, can_be_kept: bool = True) -> str:
    """The explanation beside a field: take the details out, and whom to call about a child at this moment."""
    take_out = gettext_lazy("Please take them out: we can’t act on them here.")
    if can_be_kept:
        otherwise = gettext_lazy("If this is not about a child, tick the box at the end to keep what you wrote.")
    else:
        otherwise = gettext_lazy("If this is not about a child, please say it in other words: other people will read it.")
    return f"{take_out} {whom_to_call_text(timezone.now())} {otherwise}"

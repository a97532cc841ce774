"""No child's details (product.md, rule 6): free text is asked about once, and the safeguarding lead is told of what stays."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ctac.forms import ExplainedError
from notifications.registry import Kind, Message
from notifications.samples import Example
from notifications.services.writing import notify
from professionals.advice_line import whom_to_call
from professionals.child_details import looks_like_child_details
from professionals.models import FlaggedText
from professionals.models.flagged import flagged_now

if TYPE_CHECKING:
    from notifications.models import Notification

__all__ = ["CONFIRM_FIELD", "KIND", "ChildDetailsMixin", "StaffForm", "looks_like_child_details", "tell_lead"]

CONFIRM_FIELD = "keep_what_i_wrote"
LOOKS_LIKE = _("This looks like details of a child.")


class ChildDetailsMixin(forms.Form):
    """A form that stops once when its free text looks like a child's details, says whom to call, and offers to keep the text.

    A valid form whose `flagged` is true holds text that its writer kept: store that, and call tell_lead after. What goes on to
    others as it is written (a label, an email to many, a public page) can't be kept: those fields are `never_kept` (ADR 72).
    """

    free_text_fields: Iterable[str] = ()
    never_kept: Iterable[str] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.flagged = False
        self._suspicious = self._find_suspicious()
        if self._can_be_kept:
            self.fields[CONFIRM_FIELD] = forms.BooleanField(
                required=False, label=_("Keep what I wrote. Our safeguarding lead is told that it is there.")
            )

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        self._suspicious = self._find_suspicious()  # a form may have got more fields since
        if self._can_be_kept and self.cleaned_data.get(CONFIRM_FIELD):
            self.flagged = True
        else:
            for name in filter(self.fields.__contains__, self._suspicious):
                self.add_error(name, ExplainedError(LOOKS_LIKE, explanation(can_be_kept=self._can_be_kept), "child_details"))
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
    """What an action of the staff site asks for. Staff write no child's details either; the service hears of what they keep."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        cleaned.pop(CONFIRM_FIELD, None)
        return {**cleaned, "flagged": self.flagged}


def explanation(*, can_be_kept: bool = True) -> str:
    """What the form says beside the field after `LOOKS_LIKE`: take it out, and whom to call about a child at this moment."""
    take_out = _("Please take them out: we can’t act on them here.")
    if can_be_kept:
        otherwise = _("If this is not about a child, tick the box at the end.")
    else:
        otherwise = _("If this is not about a child, please say it in other words: other people will read it.")
    return f"{take_out} {whom_to_call(timezone.now())} {otherwise}"


def tell_lead(*, about: str, reference: str, now: datetime) -> None:
    """Tell the safeguarding lead once that something kept with this booking or order should be read; never what it says."""
    flagged_now(about, reference, now)
    notify(kind=KIND.name, about=about, to=[settings.SAFEGUARDING_LEAD_EMAIL], reference=reference, now=now)


def _to_read(notification: "Notification") -> FlaggedText | None:
    return FlaggedText.objects.undecided().filter(about=notification.about).first()


def _build(notification: "Notification") -> Message:
    flagged = _to_read(notification)
    return _message(notification.reference, flagged.pk if flagged else None)


def _message(reference: str, key: int | None) -> Message:
    path = reverse("staff:professionals_flaggedtext_change", args=[key]) if key else reverse("staff:index")
    subject = _("Please read what was written with %(reference)s") % {"reference": reference}
    return Message(subject=subject, template="safeguarding_flag", context={"reference": reference, "path": path})


def examples() -> Iterator[Example]:
    yield Example(KIND.name, KIND.label, lambda: _message("BK-7Q4M-2F", 12))


KIND = Kind(
    name="safeguarding-flag",
    label=_("To the safeguarding lead: something to read"),
    build=_build,
    still_true=lambda notification: _to_read(notification) is not None,
)

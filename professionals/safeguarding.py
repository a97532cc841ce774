"""No child's details (product.md, rule 6): free text is asked about once, and the safeguarding lead is told of what stays."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from notifications.registry import Kind, Message
from notifications.samples import Example
from notifications.services import notify
from professionals.child_details import looks_like_child_details

if TYPE_CHECKING:
    from notifications.models import Notification

__all__ = ["CONFIRM_FIELD", "KIND", "ChildDetailsMixin", "StaffForm", "looks_like_child_details", "tell_lead"]

CONFIRM_FIELD = "keep_what_i_wrote"


class ChildDetailsMixin(forms.Form):
    """A form that stops once when its free text looks like a child's details, says whom to call, and offers to keep the text.

    A valid form whose `flagged` is true holds text that its writer kept: store that, and call tell_lead after.
    """

    free_text_fields: Iterable[str] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.flagged = False
        if self._suspicious():
            self.fields[CONFIRM_FIELD] = forms.BooleanField(
                required=False, label=_("Keep what I wrote. Your safeguarding lead is told that it is there.")
            )

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        suspicious = self._suspicious()
        if suspicious and self.cleaned_data.get(CONFIRM_FIELD):
            self.flagged = True
        elif suspicious:
            for name in suspicious:
                self.add_error(name, forms.ValidationError(explanation(), code="child_details"))
        return cleaned

    def _suspicious(self) -> list[str]:
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


def explanation() -> str:
    """What the form says beside the field: take it out, and whom to call about a child, out of hours too."""
    facts = {"phone": settings.ADVICE_PHONE, "hours": settings.ADVICE_HOURS, "route": settings.OUT_OF_HOURS_ROUTE}
    if settings.OUT_OF_HOURS_ROUTE:
        sentence = _(
            "This looks like details of a child. Please take them out: we can’t act on them here. Worried about a child? "
            "Call the advice line on %(phone)s, %(hours)s. At other times: %(route)s. In immediate danger, call 999. "
            "If this is not about a child, tick the box at the end."
        )
    else:
        sentence = _(
            "This looks like details of a child. Please take them out: we can’t act on them here. Worried about a child? "
            "Call the advice line on %(phone)s, %(hours)s. In immediate danger, call 999. "
            "If this is not about a child, tick the box at the end."
        )
    return str(sentence % facts)


def tell_lead(*, about: str, reference: str, now: datetime) -> None:
    """Tell the safeguarding lead that something kept with this booking or order should be read; never what it says."""
    notify(kind=KIND.name, about=about, to=[settings.SAFEGUARDING_LEAD_EMAIL], reference=reference, now=now)


def _build(notification: "Notification") -> Message:
    return _message(notification.reference)


def _message(reference: str) -> Message:
    subject = _("Please read what was written with %(reference)s") % {"reference": reference}
    return Message(subject=subject, template="safeguarding_flag", context={"reference": reference})


def examples() -> Iterator[Example]:
    yield Example(KIND.name, KIND.label, lambda: _message("BK-7Q4M-2F"))


KIND = Kind(
    name="safeguarding-flag",
    label=_("To the safeguarding lead: something to read"),
    build=_build,
    still_true=lambda notification: True,
)

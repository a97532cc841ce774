"""The safeguarding lead is told, once, of a text to read; never what it says."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from notifications.registry import Kind, Message
from notifications.samples import Example
from notifications.services.writing import notify
from professionals.models import FlaggedText
from professionals.models.flagged import flagged_now

if TYPE_CHECKING:
    from notifications.models import Notification


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

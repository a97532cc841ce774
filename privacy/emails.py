"""The emails about complaints: to whoever complains what was done, to the data protection lead that there is something to do."""

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.dates import format_day
from notifications.registry import Kind, Message
from notifications.samples import Example
from privacy.models import Complaint, ComplaintEvent, ComplaintState

if TYPE_CHECKING:
    from notifications.models import Notification


def received_email(complaint: Complaint) -> Message:
    subject = _("We have your complaint: %(reference)s") % {"reference": complaint.reference}
    return Message(subject, "complaint_received", {"facts": facts(complaint), "due": format_day(complaint.due_on)})


def acknowledged_email(complaint: Complaint, words: str) -> Message:
    subject = _("We are looking into your complaint: %(reference)s") % {"reference": complaint.reference}
    return Message(subject, "complaint_acknowledged", {"facts": facts(complaint), "words": words})


def progress_email(complaint: Complaint, words: str) -> Message:
    subject = _("Your complaint: where we are: %(reference)s") % {"reference": complaint.reference}
    return Message(subject, "complaint_progress", {"facts": facts(complaint), "words": words})


def answered_email(complaint: Complaint, words: str) -> Message:
    subject = _("The outcome of your complaint: %(reference)s") % {"reference": complaint.reference}
    return Message(subject, "complaint_answered", {"facts": facts(complaint), "words": words})


def facts(complaint: Complaint) -> list[dict[str, str]]:
    return [
        {"label": _("Reference"), "value": complaint.reference},
        {"label": _("It came on"), "value": format_day(complaint.received_on)},
    ]


def staff_email(complaint: Complaint) -> Message:
    subject = _("A complaint about data came: %(reference)s") % {"reference": complaint.reference}
    return Message(subject, "complaint_for_staff", staff_context(complaint))


def staff_due_email(complaint: Complaint) -> Message:
    by = {"reference": complaint.reference, "day": format_day(complaint.due_on)}
    subject = _("Please acknowledge %(reference)s by %(day)s") % by
    return Message(subject, "complaint_due_for_staff", staff_context(complaint))


def staff_context(complaint: Complaint) -> dict[str, object]:
    """Nothing that the person wrote, and not who it is: that stands on its page."""
    due = {"label": _("Acknowledge by"), "value": format_day(complaint.due_on)}
    url = f"{settings.SITE_URL}{reverse('staff:privacy_complaint_change', args=[complaint.pk])}"
    return {"facts": [*facts(complaint), due], "due": format_day(complaint.due_on), "url": url}


# What is read for them


def complaint_of(notification: "Notification") -> Complaint:
    """Of "complaint:12", or of one of its steps, "complaint:12:34"."""
    return Complaint.objects.get(pk=int(notification.about.split(":")[1]))


def words_of(notification: "Notification") -> str:
    return ComplaintEvent.objects.get(pk=int(notification.about.split(":")[2])).text


def is_kept(notification: "Notification") -> bool:
    key = int(notification.about.split(":")[1])
    return Complaint.objects.filter(pk=key, anonymised_at=None).exclude(email="").exists()


def is_waiting(notification: "Notification") -> bool:
    key = int(notification.about.split(":")[1])
    return Complaint.objects.filter(pk=key, state=ComplaintState.RECEIVED).exists()


KINDS = (
    Kind("complaint-received", gettext_lazy("Complaint came"), lambda n: received_email(complaint_of(n)), is_kept),
    Kind(
        *("complaint-acknowledged", gettext_lazy("Complaint acknowledged")),
        lambda n: acknowledged_email(complaint_of(n), words_of(n)),
        is_kept,
    ),
    Kind(
        *("complaint-progress", gettext_lazy("How far we are with a complaint")),
        lambda n: progress_email(complaint_of(n), words_of(n)),
        is_kept,
    ),
    Kind(
        *("complaint-answered", gettext_lazy("Outcome of a complaint")),
        lambda n: answered_email(complaint_of(n), words_of(n)),
        is_kept,
    ),
    Kind("staff-complaint", gettext_lazy("To staff: a complaint came"), lambda n: staff_email(complaint_of(n)), is_waiting),
    Kind(
        "staff-complaint-due",
        gettext_lazy("To staff: a complaint to acknowledge"),
        lambda n: staff_due_email(complaint_of(n)),
        is_waiting,
        can_wait=True,
    ),
)


def examples() -> Iterator[Example]:
    complaint = Complaint(pk=1, reference="DP-7Q4M-2F", received_on=date(2027, 3, 9), name="Nadia Rahman")
    words = {
        "complaint-received": partial(received_email, complaint),
        "complaint-acknowledged": partial(
            acknowledged_email, complaint, _("Mo Farrow looks into it and will ring you this week.")
        ),
        "complaint-progress": partial(
            progress_email, complaint, _("We have asked the carrier who saw the label. They will answer by Friday.")
        ),
        "complaint-answered": partial(
            answered_email,
            complaint,
            _("You are right. The label had your phone number on it.\n\nWe are sorry. We print none on labels any more."),
        ),
        "staff-complaint": partial(staff_email, complaint),
        "staff-complaint-due": partial(staff_due_email, complaint),
    }
    for kind in KINDS:
        yield Example(kind.name, kind.label, words[kind.name])

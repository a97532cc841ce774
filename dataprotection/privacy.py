"""What dataprotection/ knows about people: each field's class, what they get to read, and how they are taken out (ADR 78)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from ctac.classification import FREE_TEXT, NONE, PERSONAL
from dataprotection.models import Complaint, ComplaintEvent, ComplaintQuerySet
from notifications.services.erasing import erase_about, waiting_about
from professionals.models import Person

FIELDS: dict[str, dict[str, str]] = {
    "Complaint": {
        **dict.fromkeys(("id", "reference", "came", "received_on", "state", "acknowledged_on", "answered_on"), NONE),
        **dict.fromkeys(("closed_at", "submission_token", "goes_when_closed", "anonymised_at", "created_at"), NONE),
        **dict.fromkeys(("person", "name", "email", "phone"), PERSONAL),
        **dict.fromkeys(("wrong", "wanted"), FREE_TEXT),
    },
    "ComplaintEvent": {
        **dict.fromkeys(("id", "complaint", "kind", "told", "on", "at"), NONE),
        "text": FREE_TEXT,
        "by": PERSONAL,
    },
    # Numbers and kinds, no names: the form says so, and nobody's data is looked for in it.
    "Breach": {
        **dict.fromkeys(("id", "reference", "aware_at", "commissioner", "commissioner_told_at", "people", "created_at"), NONE),
        "commissioner_reference": NONE,
        **dict.fromkeys(("what", "happened", "concerns", "effects", "measures"), FREE_TEXT),
    },
    "BreachEvent": {
        **dict.fromkeys(("id", "breach", "kind", "at", "written_at"), NONE),
        "text": FREE_TEXT,
        "by": PERSONAL,
    },
}


def of(person: Person) -> ComplaintQuerySet:
    """Those of this person, and those of no account that give their address: the receipt went to that mailbox, which is theirs.

    What somebody wrote who was signed in is never another's, whatever address they typed; nor is what an erased person left open.
    """
    theirs = Q(person=person)
    unclaimed = Q(person=None, goes_when_closed=False, email__iexact=person.email)
    return Complaint.objects.filter(theirs | unclaimed if person.email else theirs)


def export(person: Person) -> list[Any]:
    return [exported(complaint) for complaint in of(person).prefetch_related("events")]


def exported(complaint: Complaint) -> dict[str, Any]:
    return {
        "reference": complaint.reference,
        "state": complaint.get_state_display(),
        "came_by": complaint.get_came_display(),
        "received": complaint.received_on,
        "name": complaint.name,
        "email": complaint.email,
        "phone": complaint.phone,
        "what_went_wrong": complaint.wrong,
        "what_you_would_like": complaint.wanted,
        "what_has_happened": [
            {
                "what": event.get_kind_display(),
                "day": event.on,
                "how": event.get_told_display() if event.told else "",
                "words": event.text,
            }
            for event in complaint.events.all()
        ],
    }


def ahead(person: Person, now: datetime) -> list[str]:
    said = _("Your complaint %(reference)s is still open. We answer it first; when it is closed, what it says is erased, too.")
    return [said % {"reference": complaint.reference} for complaint in of(person).open()]


def erase(person: Person, now: datetime) -> None:
    """What is closed loses its words. What is open is answered first: who complains must not be got rid of by an erasure.

    So does what is closed while our answer has not gone; the nightly run takes both. A step that is written meanwhile waits for
    the locks, or is waited for.
    """
    kept = [each for each in of(person).select_for_update().order_by("pk") if each.anonymised_at is None]
    if not kept:
        return
    unsent = with_mail_to_send()
    later = [each.pk for each in kept if each.is_open or each.pk in unsent]
    forget([each.pk for each in kept if each.pk not in later], now)
    Complaint.objects.filter(pk__in=later).update(person=None, goes_when_closed=True)


def with_mail_to_send() -> set[int]:
    """The keys of complaints about which an email to whoever complained has not gone yet."""
    return {int(about.split(":")[1]) for about in waiting_about("complaint:", kinds="complaint-")}


def forget(keys: Sequence[int], now: datetime) -> None:
    """Whose these complaints are, what was written, and the emails about them. Which steps there were, and when, stays."""
    steps = ComplaintEvent.objects.filter(complaint__in=keys)
    about = [
        *(f"complaint:{key}" for key in keys),
        *(f"complaint:{key}:{step}" for key, step in steps.values_list("complaint", "pk")),
    ]
    erase_about(about, now)
    steps.exclude(text="").update(text="")
    blanks = dict.fromkeys(("email", "phone", "wrong", "wanted"), "")
    Complaint.objects.filter(pk__in=keys).update(
        person=None, name=_("Erased"), submission_token=None, anonymised_at=now, **blanks
    )

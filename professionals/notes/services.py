"""What colleagues note of people and workplaces, and write to people. Each is written once, however often it was pressed."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from ctac.errors import DomainError
from notifications.models import MarkedAddress
from notifications.outbox import notify
from professionals.emails import StaffLetter
from professionals.models import Note, NoteKind, Person
from professionals.services import lock_person

PRESSED_AGAIN = timedelta(minutes=10)


@transaction.atomic
def add_note(*, by: User, now: datetime, person: Person | None = None, **note: Any) -> Note:
    """About a person, or the `organisation`. Raises AccountGoneError for somebody who was just erased."""
    if person is not None:
        lock_person(person)
    written = {"person": person, **note}
    if Note.objects.filter(**written, at__gte=now - PRESSED_AGAIN).exists():
        raise DomainError(_("This is already in the story. Look at the page before you add it again."))
    return Note.objects.create(by=by, at=now, **written)


@transaction.atomic
def write_letter(*, person: Person, subject: str, text: str, by: User, now: datetime, reference: str = "") -> Note:
    """An email to the person, as a colleague wrote it. Raises DomainError where no mail arrives."""
    letter = add_note(person=person, kind=NoteKind.LETTER, subject=subject, text=text, reference=reference, by=by, now=now)
    if MarkedAddress.objects.marked().filter(address=person.email.lower()).exists():
        raise DomainError(_("Emails to this address come back to us. Call the person, and ask for the right address."))
    notify(kind=StaffLetter.name, about=f"note:{letter.pk}", reference=reference, to=[person.email], now=now)
    return letter

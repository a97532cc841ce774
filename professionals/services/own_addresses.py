"""Addresses that a person had, and a mailbox that they lost."""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, Q

from notifications.services import bouncing
from professionals.models import AccountRecovery, FormerAddress, Person


def note_former_address(person: Person, before: str, now: datetime) -> None:
    """They have another one now, or none. What staff entered by mistake, one of the team's own, never was theirs."""
    small = before.strip().lower()
    if small and small not in bouncing.team_addresses():
        FormerAddress.objects.update_or_create(person=person, address=small, defaults={"until": now})


def lost_mailbox() -> Q:
    """Of a person: staff moved their account away from the address that they still have, because they lost that mailbox
    (ADR 69)."""
    lost = Exists(AccountRecovery.objects.filter(user__person=OuterRef("pk"), old__iexact=OuterRef("email")))
    back = EmailAddress.objects.filter(user__person=OuterRef("pk"), email__iexact=OuterRef("email"), verified=True)
    return lost & ~Exists(back)


def has_lost_mailbox(person: Person) -> bool:
    return Person.objects.filter(lost_mailbox(), pk=person.pk).exists()

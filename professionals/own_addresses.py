"""Every address that is or was a person's, as far as we know: mail went there, and goes with them."""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db.models import Exists, OuterRef, Q

from notifications import services as outbox
from professionals.models import AccountRecovery, AddressChange, FormerAddress, Person, User


def note_former_address(person: Person, before: str, now: datetime) -> None:
    """They have another one now, or none."""
    if before:
        FormerAddress.objects.update_or_create(person=person, address=before.strip().lower(), defaults={"until": now})


def addresses_of(person: Person, now: datetime) -> dict[str, datetime]:
    """In small letters, and until when each was theirs: `now` of those that they have."""
    known = [(person.email, now), *person.former_addresses.values_list("address", "until")]
    if person.user is not None:
        known += [(person.user.email, now), *_of_account(person.user, now)]
    latest: dict[str, datetime] = {}
    for address, until in known:
        if small := address.strip().lower():
            latest[small] = max(until, latest.get(small, until))
    return latest


def _of_account(user: User, now: datetime) -> list[tuple[str, datetime]]:
    known = [(address, now) for address in EmailAddress.objects.filter(user=user).values_list("email", flat=True)]
    for change in AddressChange.objects.filter(user=user):
        known += [(change.old, change.changed_at), (change.new, change.objected_at or now)]
    for recovery in AccountRecovery.objects.filter(user=user):
        known += [(recovery.old, recovery.at), (recovery.new, now)]
    return known


def erase_mail_of(person: Person, now: datetime) -> None:
    """What went to any of them; where somebody else reads mail by now, only what went there before."""
    for address, until in addresses_of(person, now).items():
        if address == person.email.lower() or not _is_anothers(address, person):
            outbox.erase_for(address, now)
        elif until < now:
            outbox.erase_messages_before(address, until, now)


def _is_anothers(address: str, person: Person) -> bool:
    """A sign-up whose address nobody verified holds nothing."""
    verified = EmailAddress.objects.filter(email=address, verified=True).exclude(user__person=person)
    return verified.exists() or Person.objects.with_email(address).exclude(pk=person.pk).exists()


def lost_mailbox() -> Q:
    """Of a person: staff moved their account away from the address that they still have, because they lost that mailbox
    (ADR 69)."""
    lost = Exists(AccountRecovery.objects.filter(user__person=OuterRef("pk"), old__iexact=OuterRef("email")))
    back = EmailAddress.objects.filter(user__person=OuterRef("pk"), email__iexact=OuterRef("email"), verified=True)
    return lost & ~Exists(back)


def has_lost_mailbox(person: Person) -> bool:
    return Person.objects.filter(lost_mailbox(), pk=person.pk).exists()

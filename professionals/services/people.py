"""People: entered by staff, joined with their sign-in when an address is verified, kept up to date."""

import logging
from contextlib import suppress
from datetime import datetime
from typing import TypedDict, TypeVar, Unpack

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from notifications.services.readdressing import readdress
from professionals.models import Absorbed, Draft, Person, User
from professionals.services.accounts import AccountGoneError
from professionals.services.locking import lock_people_and_account
from professionals.services.organisations import organisation_named, tidy_name
from professionals.services.own_addresses import note_former_address
from professionals.services.relations import repoint

logger = logging.getLogger(__name__)
M = TypeVar("M", bound=Model)


class NotVerifiedError(DomainError):
    message = _("Show us first that this email address is yours.")


class Details(TypedDict):
    """What a person tells us about themselves, beside the address."""

    name: str
    profession: str
    organisation_name: str
    phone: str
    postcode: str


@transaction.atomic
def find_or_enter_person(
    *, name: str, email: str, phone: str, profession: str, organisation_name: str, postcode: str, by: User | None, now: datetime
) -> Person:
    """The person who is on the phone: the one with that address, else the one whom staff entered under that name and phone.

    What we already know stays, and only gaps are filled: the caller's own details are theirs to change.
    """
    details = Details(name=name, phone=phone, profession=profession, organisation_name=organisation_name, postcode=postcode)
    address = email.strip().lower()
    for _attempt in range(3):
        known = _known_caller(address, details)
        if known is not None:
            return _fill_gaps(known, details)
        with suppress(IntegrityError), transaction.atomic():  # or a colleague enters the same address in this very moment
            return Person.objects.create(email=address, **_columns(details))
        _take_from_erased(address)
    raise RuntimeError("colleagues entered the same caller three times in this moment")


def _take_from_erased(email: str) -> None:
    """Nobody finds them by an address any more; one that a row has all the same would be in the way of who uses it now."""
    Person.objects.with_email(email).exclude(erased_at=None).update(email="")


def _known_caller(email: str, details: Details) -> Person | None:
    """Someone who calls again and still gives no address: the same name and the same phone number."""
    people = Person.objects.filter(erased_at=None)
    if email:
        return people.with_email(email).first()
    said = _own_columns(details)
    if not said["phone"]:
        return None
    return people.entered_by_staff().filter(email="", phone=said["phone"], name__iexact=said["name"]).first()


@transaction.atomic
def update_details(*, person: Person, by: User | None, now: datetime, **details: Unpack[Details]) -> Person:
    """Store what the person changed about themselves. Raises AccountGoneError if they are erased at this moment."""
    columns = _columns(details)
    if not Person.objects.filter(pk=person.pk, erased_at=None).update(**columns):
        raise AccountGoneError
    for column, value in columns.items():
        setattr(person, column, value)
    return person


def give_details(*, user: User, by: User | None, now: datetime, **details: Unpack[Details]) -> Person:
    """What someone who has signed in says of themselves: a new Person, or the one they have or staff entered for them."""
    person = Person.objects.filter(user=user).first()
    if person is not None:
        return update_details(person=person, by=by, now=now, **details)
    address_verified(user=user, email=user.email, details=details, now=now)
    return Person.objects.get(user=user)


def address_verified(*, user: User, email: str, details: Details | None, now: datetime) -> Person | None:
    """The address is the user's: their Person gets it, and is one with the row that staff entered under it, if there is one.

    `details` are what they typed at sign-up; without any, someone whom nobody knows stays without a Person (None).
    Nobody gets a Person, or another's, by an address that is not verified: raises NotVerifiedError; and AccountGoneError.
    Tries again if staff enter the same address at this very moment.
    """
    for _attempt in range(2):
        try:
            with transaction.atomic():
                return _join(user, email.strip().lower(), details)
        except IntegrityError:
            logger.info("an address was entered while user %s verified it; joining again", user.pk)
    with transaction.atomic():
        return _join(user, email.strip().lower(), details)


def _join(user: User, email: str, details: Details | None) -> Person | None:
    _account, people = lock_people_and_account(user.pk, email)  # a user who verifies twice at once takes turns
    if not EmailAddress.objects.filter(user=user, email=email, verified=True).exists():
        raise NotVerifiedError
    own = next((person for person in people if person.user_id == user.pk), None)
    known = next((person for person in people if person.user_id != user.pk), None)
    if known is not None and known.erased_at is not None:
        _take_from_erased(email)
        known = None
    if known is not None and known.user_id is not None:
        logger.error("person %s already has the address that user %s verified", known.pk, user.pk)
        return own
    if own is not None:
        return _change_email(own, email, known)
    if known is not None:
        return _attach(known, user, details)
    return Person.objects.create(user=user, email=email, **_columns(details)) if details else None


def _change_email(own: Person, email: str, known: Person | None) -> Person:
    """The person stays who they are; what staff entered under the new address becomes theirs. Reminders follow."""
    now = timezone.now()
    readdress(before=own.email, to=email, now=now)
    if own.email.lower() != email:
        note_former_address(own, own.email, now)
    if known is not None:
        _absorb(known, own)
    own.email = email
    own.save(update_fields=["email"])
    return own


def _attach(known: Person, user: User, details: Details | None) -> Person:
    known.user = user
    for column, value in (_columns(details) if details else {}).items():
        setattr(known, column, value)
    known.save()
    return known


def _absorb(goes: Person, stays: Person) -> None:
    """Give what belongs to one row to the other. A draft that the one who stays has already wins.

    A backup of before has both: whoever is erased as one of them is to be found as the other too.
    """
    Draft.objects.filter(person=goes, kind__in=list(stays.drafts.values_list("kind", flat=True))).delete()
    _keep_later_of_both(goes, stays)
    repoint(goes, stays)
    Absorbed.objects.create(person=stays, key=goes.pk, since=goes.created_at)
    goes.delete()


def _keep_later_of_both(goes: Person, stays: Person) -> None:
    """Of an address that both had: whoever has it all keeps it once."""
    for row in goes.former_addresses.filter(address__in=stays.former_addresses.values("address")):
        stays.former_addresses.filter(address=row.address, until__lt=row.until).update(until=row.until)
        row.delete()


def _columns(details: Details) -> dict[str, object]:
    return {**_own_columns(details), "organisation": organisation_named(details["organisation_name"])}


def _own_columns(details: Details) -> dict[str, object]:
    return {
        "name": tidy_name(details["name"]),
        "profession": details["profession"],
        "phone": details["phone"].strip(),
        "postcode": details["postcode"],
    }


def _fill_gaps(person: Person, details: Details) -> Person:
    said = _own_columns(details) if person.organisation_id else _columns(details)
    filled = [column for column, value in said.items() if value and not getattr(person, column)]
    for column in filled:
        setattr(person, column, said[column])
    if filled:
        person.save(update_fields=filled)
    return person

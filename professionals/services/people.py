"""People: entered by staff, joined with their sign-in when an address is verified, kept up to date."""

import logging
from datetime import datetime
from typing import TypedDict, Unpack

from django.db import IntegrityError, transaction

from professionals.models import Draft, Person, User
from professionals.services.organisations import organisation_named
from professionals.services.relations import repoint

logger = logging.getLogger(__name__)


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
    email = email.strip().lower()
    known = Person.objects.with_email(email).first() if email else _caller_without_email(name, phone)
    if known is not None:
        return _fill_gaps(known, details)
    try:
        with transaction.atomic():
            return Person.objects.create(email=email, **_columns(details))
    except IntegrityError:  # a colleague entered the same address a moment ago
        return Person.objects.with_email(email).get()


@transaction.atomic
def update_details(*, person: Person, by: User | None, now: datetime, **details: Unpack[Details]) -> Person:
    """Store what the person changed about themselves."""
    for column, value in _columns(details).items():
        setattr(person, column, value)
    person.save(update_fields=list(_columns_of_details))
    return person


@transaction.atomic
def sign_up(*, user: User, now: datetime, **details: Unpack[Details]) -> Person:
    """Keep what was typed at sign-up. The address stays empty until its owner has shown that it is theirs."""
    person, _ = Person.objects.update_or_create(user=user, defaults={"email": "", **_columns(details)})
    return person


@transaction.atomic
def give_details(*, user: User, by: User | None, now: datetime, **details: Unpack[Details]) -> Person:
    """The first details of someone who has signed in and so far is no Person: staff, or a sign-up finished elsewhere."""
    person, _ = Person.objects.update_or_create(user=user, defaults=_columns(details))
    joined = address_verified(user=user, email=user.email, keep_typed=True, now=now)
    return joined or person


def address_verified(*, user: User, email: str, keep_typed: bool, now: datetime) -> Person | None:
    """The address is the user's: their Person gets it, joined with the one whom staff entered under it. None if they have none.

    `keep_typed` is false when the details were typed at a sign-up that somebody else may have begun: they are dropped, and
    the owner is asked for their own. Runs again if staff enter the same address at this very moment.
    """
    for attempt in range(3):
        try:
            with transaction.atomic():
                return _join(user, email.strip().lower(), keep_typed)
        except IntegrityError:
            if attempt == 2:
                raise
    return None


def _join(user: User, email: str, keep_typed: bool) -> Person | None:
    own = Person.objects.select_for_update().filter(user=user).first()
    known = Person.objects.select_for_update(of=("self",)).with_email(email).exclude(user=user).first()
    if own is not None and not own.email and not keep_typed:
        own = _drop(own)
    if known is not None and known.user_id is not None:
        logger.error("person %s already has the address that user %s verified", known.pk, user.pk)
        return own
    if known is None:
        return _set_email(own, email)
    if own is None:
        return _attach(known, user)
    if own.email:  # a change of address: the person stays, and what staff entered under the new one becomes theirs
        _absorb(known, own)
        return _set_email(own, email)
    typed = {column: getattr(own, column) for column in _columns_of_details}
    _absorb(own, known)
    for column, value in typed.items():
        setattr(known, column, value)
    return _attach(known, user)


def _set_email(person: Person | None, email: str) -> Person | None:
    if person is not None and person.email != email:
        person.email = email
        person.save(update_fields=["email"])
    return person


def _attach(person: Person, user: User) -> Person:
    person.user = user
    person.save()
    return person


def _absorb(goes: Person, stays: Person) -> None:
    """Give what belongs to one row to the other. A draft that the one who stays has already wins."""
    Draft.objects.filter(person=goes, kind__in=Draft.objects.filter(person=stays).values("kind")).delete()
    repoint(goes, stays)
    goes.delete()


def _drop(person: Person) -> None:
    person.delete()


_columns_of_details = ("name", "profession", "organisation", "phone", "postcode")


def _columns(details: Details) -> dict[str, object]:
    organisation = organisation_named(details["organisation_name"])
    return {
        "name": " ".join(details["name"].split()),
        "profession": details["profession"],
        "organisation": organisation,
        "phone": details["phone"].strip(),
        "postcode": details["postcode"],
    }


def _caller_without_email(name: str, phone: str) -> Person | None:
    """Someone who calls again and still gives no address: the same name and the same phone number."""
    if not phone.strip():
        return None
    return Person.objects.entered_by_staff().filter(email="", phone=phone.strip(), name__iexact=" ".join(name.split())).first()


def _fill_gaps(person: Person, details: Details) -> Person:
    filled = [column for column, value in _columns(details).items() if value and not getattr(person, column)]
    for column in filled:
        setattr(person, column, _columns(details)[column])
    if filled:
        person.save(update_fields=filled)
    return person

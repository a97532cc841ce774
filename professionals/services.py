"""Every write about who people are; changes of address and accounts that staff move; blocked attempts."""

import logging
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, time, timedelta
from typing import Any, TypedDict, TypeVar, Unpack

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import DatabaseError, IntegrityError, models, transaction
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import limits
from accounts.models import By, User, Where, Why
from accounts.services import AccountGoneError, lock_account
from accounts.sessions import end_sessions
from audit.models import Act
from audit.services import NOBODY_IN_PARTICULAR, About, record
from ctac.dates import uk_datetime, uk_day
from ctac.errors import DomainError
from notifications.models import MailChoice
from notifications.outbox import notify
from notifications.privacy import readdress
from notifications.registry import Owner, Topic, team_addresses
from professionals.emails import OBJECTION, notify_address_change, notify_address_put_back, notify_moved_by_staff
from professionals.models import (
    Absorbed,
    AccountRecovery,
    AddressChange,
    Draft,
    FormerAddress,
    Organisation,
    Person,
    RecognisedDomain,
    Stopped,
    hash_token,
)

# People and accounts are locked in one order: people by key, then the account. Who erases somebody does the same (privacy).


class _OthersByNow(Exception):
    pass


def lock_person(person: Person) -> None:
    """Inside a transaction, before anything of theirs is written. Raises AccountGoneError for who is erased by then."""
    if Person.objects.select_for_update(no_key=True).only("pk").filter(pk=person.pk, erased_at=None).first() is None:
        raise AccountGoneError


def lock_people_and_account(user_id: int, email: str) -> tuple[User, list[Person]]:
    """The account, and both of whom its verified address may make one: its own person, and whoever has that address.

    Inside a transaction. Who they are may change until the locks are there; then all are let go and taken anew. Three
    statements. Raises AccountGoneError.
    """
    asked = _of_account_or_address(user_id, email)
    while True:
        with suppress(_OthersByNow), transaction.atomic():
            locked = set(asked.order_by("pk").select_for_update().values_list("pk", flat=True))
            user, people = lock_account(user_id), list(asked)
            if not locked >= {person.pk for person in people}:
                raise _OthersByNow
            return user, people


def _of_account_or_address(user_id: int, email: str) -> "QuerySet[Person]":
    has_address = Q(lower_email=Lower(Value(email))) & ~Q(email="")
    return Person.objects.alias(lower_email=Lower("email")).filter(Q(user=user_id) | has_address)


# Moving what points to one row to another row of the same model, whichever app it lives in.


def repoint(old: models.Model, new: models.Model) -> None:
    """Let every foreign key that names `old` name `new`. Professionals knows no other app, so the models are asked."""
    for relation in old._meta.related_objects:
        if relation.many_to_many or relation.one_to_one:
            continue
        field = relation.field.name
        relation.related_model._base_manager.filter(**{field: old}).update(**{field: new})


# Organisations: get or add by name, merge.


def tidy_name(name: str) -> str:
    return " ".join(name.split())


def organisation_named(name: str) -> Organisation | None:
    """The organisation of that name in any case and spacing, added if it is new; None for an empty name."""
    tidy = tidy_name(name)
    if not tidy:
        return None
    return Organisation.objects.named(tidy).get_or_create(defaults={"name": tidy})[0]


@transaction.atomic
def merge_organisations(*, keep: Organisation, others: Iterable[Organisation], by: User | None, now: datetime) -> int:
    """Make the others' people (and whatever else points to them) `keep`'s, remove the others, say how many went."""
    keys = {other.pk for other in others} - {keep.pk}
    if not keys:
        raise DomainError(_("Choose at least two organisations to merge."))
    locked = list(Organisation.objects.select_for_update().filter(pk__in={keep.pk, *keys}).order_by("pk"))
    for organisation in locked:
        if organisation.pk != keep.pk:
            repoint(organisation, keep)
    return Organisation.objects.filter(pk__in=keys).delete()[0]


def is_work_address(email: str) -> bool:
    """Whether this is a work address that we take at its word: its domain or one above it is in the list."""
    labels = email.rpartition("@")[2].strip().strip(".").lower().split(".")
    domains = [".".join(labels[start:]) for start in range(len(labels))]
    return "@" in email and RecognisedDomain.objects.filter(domain__in=domains).exists()


# Addresses that a person had, and a mailbox that they lost.


def note_former_address(person: Person, before: str, now: datetime) -> None:
    """They have another one now, or none. What staff entered by mistake, one of the team's own, never was theirs."""
    small = before.strip().lower()
    if small and small not in team_addresses():
        FormerAddress.objects.update_or_create(person=person, address=small, defaults={"until": now})


def lost_mailbox() -> Q:
    """Of a person: staff moved their account away from the address that they still have, because they lost that mailbox
    (ADR 7)."""
    lost = Exists(AccountRecovery.objects.filter(user__person=OuterRef("pk"), old__iexact=OuterRef("email")))
    back = EmailAddress.objects.filter(user__person=OuterRef("pk"), email__iexact=OuterRef("email"), verified=True)
    return lost & ~Exists(back)


def has_lost_mailbox(person: Person) -> bool:
    return Person.objects.filter(lost_mailbox(), pk=person.pk).exists()


# People: entered by staff, joined with their sign-in when an address is verified, kept up to date.

logger = logging.getLogger(__name__)
M = TypeVar("M", bound=Model)


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
        known = _find_caller(address, details)
        if known is not None:
            said = _own_columns(details) if known.organisation_id else _columns(details)
            filled = [column for column, value in said.items() if value and not getattr(known, column)]
            for column in filled:
                setattr(known, column, said[column])
            if filled:
                known.save(update_fields=filled)
            return known
        with suppress(IntegrityError), transaction.atomic():  # or a colleague enters the same address in this very moment
            return Person.objects.create(email=address, **_columns(details))
        _take_from_erased(address)
    raise RuntimeError("colleagues entered the same caller three times in this moment")


def _take_from_erased(email: str) -> None:
    """Nobody finds them by an address any more; one that a row has all the same would be in the way of who uses it now."""
    Person.objects.with_email(email).exclude(erased_at=None).update(email="")


def _find_caller(email: str, details: Details) -> Person | None:
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
    Nobody gets a Person, or another's, by an address that is not verified: that is refused. Raises AccountGoneError.
    Tries again if staff enter the same address at this very moment.
    """
    for _attempt in range(2):
        try:
            with transaction.atomic():
                return _join_user_and_person(user, email.strip().lower(), details)
        except IntegrityError:
            logger.info("an address was entered while user %s verified it; joining again", user.pk)
    with transaction.atomic():
        return _join_user_and_person(user, email.strip().lower(), details)


def _join_user_and_person(user: User, email: str, details: Details | None) -> Person | None:
    _account, people = lock_people_and_account(user.pk, email)  # a user who verifies twice at once takes turns
    if not EmailAddress.objects.filter(user=user, email=email, verified=True).exists():
        raise DomainError(_("Show us first that this email address is yours."))
    own = next((person for person in people if person.user_id == user.pk), None)
    known = next((person for person in people if person.user_id != user.pk), None)
    if known is not None and known.erased_at is not None:
        _take_from_erased(email)
        known = None
    if known is not None and known.user_id is not None:
        logger.error("person %s already has the address that user %s verified", known.pk, user.pk)
        return own
    if own is not None:
        # The person stays who they are; what staff entered under the new address becomes theirs. Reminders follow.
        now = timezone.now()
        readdress(before=own.email, to=email, now=now)
        if own.email.lower() != email:
            note_former_address(own, own.email, now)
        if known is not None:
            # Give what belongs to one row to the other. A draft that the one who stays has already wins. A backup of before has
            # both: whoever is erased as one of them is to be found as the other too.
            Draft.objects.filter(person=known, kind__in=list(own.drafts.values_list("kind", flat=True))).delete()
            # Of an address that both had: whoever has it all keeps it once.
            for row in known.former_addresses.filter(address__in=own.former_addresses.values("address")):
                own.former_addresses.filter(address=row.address, until__lt=row.until).update(until=row.until)
                row.delete()
            repoint(known, own)
            Absorbed.objects.create(person=own, key=known.pk, since=known.created_at)
            known.delete()
        own.email = email
        own.save(update_fields=["email"])
        return own
    if known is not None:
        known.user = user
        for column, value in (_columns(details) if details else {}).items():
            setattr(known, column, value)
        known.save()
        return known
    return Person.objects.create(user=user, email=email, **_columns(details)) if details else None


def _columns(details: Details) -> dict[str, object]:
    return {**_own_columns(details), "organisation": organisation_named(details["organisation_name"])}


def _own_columns(details: Details) -> dict[str, object]:
    return {
        "name": tidy_name(details["name"]),
        "profession": details["profession"],
        "phone": details["phone"].strip(),
        "postcode": details["postcode"],
    }


# People who asked for mail of a topic that nobody gets who did not ask.


def people_who_want(topic: Topic) -> QuerySet[Person]:
    """By key."""
    readers = MailChoice.objects.filter(topic=topic, wanted=True).values("reader__address")
    known = Person.objects.exclude(email="").alias(lower_email=Lower("email"))
    return known.filter(lower_email__in=readers).order_by("pk")


# Who reads mail at an address, for the staff's list of addresses that mail came back from.


def address_owners(address: str) -> Iterator[Owner]:
    """A professional; or somebody who only has a sign-in, such as staff."""
    person = Person.objects.with_email(address).first()
    if person is not None:
        what = gettext("Professional, changes it themselves") if person.user_id else gettext("Professional, entered by staff")
        yield Owner(person.name, what, reverse("staff:professionals_person_change", args=[person.pk]), person.phone)
        return
    user = User.objects.filter(email__iexact=address).first()
    if user is not None:
        yield Owner(user.email, gettext("Account"), reverse("staff:accounts_user_change", args=[user.pk]))


# A changed address can be put back: the old one is told, and its reader has a week to object (ADR 7).
#
# Whoever changes or puts back an address locks whose it is, then the account, so they take turns.

OBJECT_FOR = timedelta(days=7)
KEPT_AFTER_OBJECTION = timedelta(days=7)  # after the last day to object, for whoever calls about it


class AddressTakenError(DomainError):
    message = _("Your old address belongs to another account by now.")


def note_address_change(*, user: User, old: str, now: datetime) -> None:
    """`user` has a new address instead of `old`, which is told so, with the link by which its reader puts it back."""
    token = secrets.token_urlsafe(32)
    change = AddressChange.objects.create(
        user=user, old=old, new=user.email, changed_at=now, until=now + OBJECT_FOR, token_hash=hash_token(token)
    )
    notify_address_change(change, token, now)


def find_address_change(*, token: str, now: datetime) -> AddressChange:
    """The change that this link may still undo, or undid already. Raises what says why it can't."""
    change = AddressChange.objects.select_related("user").with_token(token).first()
    if change is None:
        raise DomainError(_("This link does not work."))
    if change.objected_at is None:
        if now >= change.until:
            raise DomainError(_("The 7 days to put your old address back are over."))
        if not change.user.is_active:
            raise DomainError(_("This account is closed."))
        if _is_address_taken(change):
            raise AddressTakenError
    return change


def _is_address_taken(change: AddressChange) -> bool:
    """By an account that somebody uses: a sign-up whose address nobody verified holds nothing."""
    others = User.objects.filter(email__iexact=change.old).exclude(pk=change.user_id)
    return (
        others.exclude(pk__in=_never_used_accounts(change.old).values("pk")).exists()
        or EmailAddress.objects.filter(email=change.old.lower(), verified=True).exclude(user=change.user_id).exists()
        or Person.objects.with_email(change.old).exclude(user=None).exclude(user=change.user_id).exists()
    )


def _never_used_accounts(email: str) -> QuerySet[User]:
    return User.objects.filter(email__iexact=email, last_login=None, is_staff=False, is_superuser=False, person=None).exclude(
        emailaddress__verified=True
    )


@transaction.atomic
def put_address_back(*, token: str, now: datetime) -> AddressChange:
    """The account has its old address again; nobody stays signed in, and no password or passkey that may be another's opens it.

    Twice does no harm. An older change wins: those after it are undone with it. Raises as find_address_change,
    and AccountGoneError.
    """
    found = find_address_change(token=token, now=now)
    user, _people = lock_people_and_account(found.user_id, found.old)
    change = find_address_change(token=token, now=now)  # what it is now, that nobody else changes it
    if change.objected_at is None:
        before = user.email
        try:
            with transaction.atomic():
                _never_used_accounts(change.old).exclude(pk=user.pk).delete()
                user.email = change.old
                user.set_unusable_password()
                user.save(update_fields=["email", "password"])
                EmailAddress.objects.filter(user=user).delete()
                EmailAddress.objects.create(user=user, email=change.old, verified=True, primary=True)
        except IntegrityError as error:  # taken at this very moment
            raise AddressTakenError from error
        address_verified(user=user, email=change.old, details=None, now=now)
        _forget_ways_in(user, change)
        end_sessions(user=user)
        AddressChange.objects.from_this_on(change).filter(objected_at=None).update(objected_at=now)
        notify_address_put_back(change, before=before, now=now)
        notify(kind=OBJECTION, about=f"address-change:{change.pk}", to=[settings.STAFF_EMAIL], now=now)
    return change


def _forget_ways_in(user: User, change: AddressChange) -> None:
    """Passkeys may be the thief's. Of staff the app stays, so that whoever reads their mail can't enrol another; who has none
    keeps the passkeys of before the change."""
    theirs = Authenticator.objects.filter(user=user)
    if not user.is_staff:
        theirs.delete()
        return
    passkeys = theirs.filter(type=Authenticator.Type.WEBAUTHN)
    has_app = theirs.filter(type=Authenticator.Type.TOTP).exists()
    (passkeys if has_app else passkeys.filter(created_at__gte=change.changed_at)).delete()


# For somebody who has lost both mailbox and second factor: staff, who called the organisation, move the account (ADR 7).

security_logger = logging.getLogger("ctac.security")


class AddressInUseError(DomainError):
    message = _("Another account has that address. Look that one up first.")


@transaction.atomic
def recover_account(user: User, *, by: User, email: str, called: str, number: str, now: datetime) -> AccountRecovery:
    """The account has a new address, which counts once a code sent to it was typed; what opened it before no longer does.

    The person keeps the old address until then: nothing of theirs goes to one that was misheard. The old one is told.
    Raises AddressInUseError.
    """
    account, new = lock_account(user.pk), email.strip().lower()
    if account.pk == by.pk:
        raise DomainError(_("This is your own account. Ask another manager."))
    if account.email.lower() == new:
        raise DomainError(_("That is the address of the account already. For a lost phone alone, reset the second factor."))
    in_use = Person.objects.with_email(new).exclude(user=None).exclude(user=account).exists()
    if in_use or EmailAddress.objects.filter(email=new).exclude(user=account).exists():
        raise AddressInUseError
    theirs = Person.objects.filter(user=account).values_list("phone", flat=True).first()
    if theirs and _dialled_digits(theirs) == _dialled_digits(number):
        raise DomainError(
            _("That number is in the account, so a thief may have put it there. Find the organisation’s number yourself.")
        )
    recovery = AccountRecovery.objects.create(
        user=account, by=by, at=now, old=account.email, new=new, called=called.strip(), number=number.strip()
    )
    account.email = new
    account.set_unusable_password()
    try:
        with transaction.atomic():
            account.save(update_fields=["email", "password"])
    except IntegrityError as error:
        raise AddressInUseError from error
    EmailAddress.objects.filter(user=account).delete()
    EmailAddress.objects.create(user=account, email=new, verified=False, primary=True)
    AddressChange.objects.filter(user=account, until__gt=now).update(until=now)  # a call is worth more than a link of before
    Authenticator.objects.filter(user=account).delete()
    end_sessions(user=account)
    notify_moved_by_staff(recovery)
    security_logger.info("account moved by staff: user %s by user %s", account.pk, by.pk)
    return recovery


def _dialled_digits(number: str) -> str:
    """As it is dialled: "+44 (0)113 496 0123" is "0113 496 0123"."""
    digits = "".join(letter for letter in number if letter.isdecimal())
    return digits.removeprefix("0044").removeprefix("44").lstrip("0")


# Keeping what was stopped for staff to see, and letting through whom they know.

MOST_ROWS_AN_HOUR = 500  # staff read no more, and a flood from ever new addresses fills no table


def keep_blocked_attempt(
    *, where: Where, why: Why, now: datetime, by: By = By.NOBODY, key: str = "", about: str = "", person: Person | None = None
) -> None:
    """One more. A figure that can't be written is lost and logged: nobody's page fails for it.

    The first of a key in an hour is written into the audit. `key`: as it is given to `limits`, in the clear; its hash is
    stored. Past so many rows an hour, those of all keys are one row.
    """
    logger.warning("stopped at %s: %s %s", where.value, why.value, by.value, extra={"where": where.value, "why": why.value})
    hour, about_whom = now.replace(minute=0, second=0, microsecond=0), About.of(person) if person else NOBODY_IN_PARTICULAR
    try:
        with transaction.atomic():
            if Stopped.objects.filter(hour=hour)[:MOST_ROWS_AN_HOUR].count() == MOST_ROWS_AN_HOUR:
                key, about, person = "", "", None
            organisation = person.organisation_id if person else None
            row, is_first = Stopped.objects.get_or_create(
                hour=hour,
                where=where,
                why=why,
                by=by,
                key=limits.hash_key(key) if key else "",
                defaults={"about": about[:100], "person": person, "organisation_id": organisation, "times": 1, "last_at": now},
            )
            if is_first:
                record(Act.LIMITED, about=about_whom, whats=[f"{where.value}, {why.value}"])
            else:  # whoever looked at it an hour ago has not seen this one
                Stopped.objects.filter(pk=row.pk).update(times=F("times") + 1, last_at=now, seen_at=None)
    except DatabaseError:
        logger.warning("what was stopped at %s was not counted", where.value, exc_info=True)


def keep_blocked_attempt_of(*, request: HttpRequest | None, address: str, **attempt: Any) -> None:
    """Of whoever is signed in, else of whose address it is. Without a request it may have been anybody."""
    person: Person | None = getattr(request, "person", None) or None
    if person is None and address:
        person = Person.objects.with_email(address).first()
    keep_blocked_attempt(person=person, **attempt)


@transaction.atomic
def lift_block(stopped: Stopped, *, by: User | None, now: datetime) -> None:
    """Nothing is counted by this key until the UK day ends. It counts as seen."""
    limits.lift_limit(stopped.key, uk_datetime(uk_day(now) + timedelta(days=1), time(0)))
    Stopped.objects.filter(pk=stopped.pk).update(let_through_at=now, seen_at=now, by_staff=by)


def mark_blocked_attempts_seen(*, rows: QuerySet[Stopped], by: User | None, now: datetime) -> int:
    """How many had not been seen before."""
    unseen: Any = rows.filter(seen_at=None)
    return int(unseen.update(seen_at=now, by_staff=by))

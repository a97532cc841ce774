"""Writes about people and organisations: changes of address, accounts that staff move, blocked attempts, notes and letters.

Lock people first, by key, then the account. An erasure keeps to the same order (privacy).
"""

import logging
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, TypedDict, Unpack

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import DatabaseError, IntegrityError, models, transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Greatest, Lower, Upper
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy as _

from accounts import rate_limits
from accounts.models import BlockReason, LimitedActivity, ThrottleScope, User
from accounts.services import PHONE_COPIES, AccountGoneError, lock_account
from accounts.sessions import end_sessions
from audit.models import Act
from audit.services import NO_SUBJECT, AuditSubject, write_audit_entry
from core.dates import uk_datetime, uk_day
from core.errors import DomainError
from core.figures import RECENT_PERIOD, Figure
from notifications.models import MailChoice, MarkedAddress
from notifications.outbox import notify
from notifications.privacy import readdress
from notifications.registry import Owner, Topic, team_addresses
from office.site_settings.queries import site_settings
from professionals.emails import (
    ADDRESS_OBJECTION_KIND,
    StaffLetter,
    notify_address_change,
    notify_address_put_back,
    notify_moved_by_staff,
)
from professionals.models import (
    AccountRecovery,
    AddressChange,
    BlockedAttempt,
    FormerAddress,
    MergedRecord,
    Note,
    NoteKind,
    Organisation,
    Person,
    RecognisedDomain,
    hash_token,
)

logger = logging.getLogger(__name__)
security_logger = logging.getLogger("ctac.security")


class _OwnersChanged(Exception):
    pass


def lock_person(person: Person) -> Person:
    """Lock the person's row, inside a transaction, before anything of theirs is written.

    Returns the row as it is now, with only the key of their organisation, which a change of their details may have replaced.
    Raises AccountGoneError if they have been erased by then.
    """
    rows = Person.objects.select_for_update(no_key=True).only("pk", "organisation_id")
    locked = rows.filter(pk=person.pk, erased_at=None).first()
    if locked is None:
        raise AccountGoneError
    return locked


def lock_people_and_account(user_id: int, email: str) -> tuple[User, list[Person]]:
    """The account, and the people that its verified address may join into one: its own, and the person who has that address.

    Inside a transaction. If these people have changed by the time they are locked, the locks are released and taken again. Three
    statements. Raises AccountGoneError.
    """
    owners = people_to_join(user_id, email)
    while True:
        with suppress(_OwnersChanged), transaction.atomic():
            locked = set(owners.order_by("pk").select_for_update().values_list("pk", flat=True))
            user, people = lock_account(user_id), list(owners)
            if not locked >= {person.pk for person in people}:
                raise _OwnersChanged
            return user, people


def people_to_join(user_id: int, email: str) -> QuerySet[Person]:
    """The person of this account, and the person who has this address."""
    has_address = Q(lower_email=Lower(Value(email))) & ~Q(email="")
    return Person.objects.alias(lower_email=Lower("email")).filter(Q(user=user_id) | has_address)


@dataclass(frozen=True)
class RowMerge:
    """How the rows of one model follow a person who is merged into another.

    `lock(rows)` locks what must be locked before these rows. `repoint_foreign_keys` calls `join(row, person)` if the row
    can't stand beside one that the person has already, and tries again to move the row. If it still can't move, it is deleted.
    """

    join: Callable[[Any, Any], object]
    lock: Callable[[QuerySet[Any]], object] = lambda rows: None


ROW_MERGES: dict[type[models.Model], RowMerge] = {}


def reverse_relations(model: type[models.Model]) -> list[Any]:
    """The relations that point to this model, those of the highest app first: a booking is locked before its orders."""
    labels = [config.label for config in apps.get_app_configs()]
    return sorted(model._meta.related_objects, key=lambda relation: -labels.index(relation.related_model._meta.app_label))


def repoint_foreign_keys(old: models.Model, new: models.Model) -> None:
    """Make every foreign key to `old` point to `new`. This app knows none of the apps above it, so it asks Django's models."""
    for relation in reverse_relations(type(old)):
        if relation.many_to_many or relation.one_to_one:
            continue
        model, name, keys = relation.related_model, relation.field.name, lock_rows(relation, old)
        if not keys or _try_to_move(model, keys, name, new):
            continue
        for key in keys:  # some of these rows stand beside an equal one
            if not _try_to_move(model, [key], name, new):
                if model in ROW_MERGES:
                    ROW_MERGES[model].join(model._base_manager.get(pk=key), new)
                if not _try_to_move(model, [key], name, new):
                    model._base_manager.filter(pk=key).delete()


def lock_rows(relation: Any, owner: models.Model) -> list[Any]:
    """The keys of the rows that point to `owner`, locked in the order of their keys."""
    model = relation.related_model
    rows = model._base_manager.filter(**{relation.field.name: owner}).order_by("pk")
    if model in ROW_MERGES:
        ROW_MERGES[model].lock(rows)
    return list(rows.select_for_update(no_key=True).values_list("pk", flat=True))


def _try_to_move(model: type[models.Model], keys: list[Any], name: str, new: models.Model) -> bool:
    try:
        with transaction.atomic():
            model._base_manager.filter(pk__in=keys).update(**{name: new})
    except IntegrityError:
        return False
    return True


# Keep one row of an address that both people had, with the later end.
ROW_MERGES[FormerAddress] = RowMerge(
    lambda row, person: person.former_addresses.filter(address=row.address, until__lt=row.until).update(until=row.until)
)


def get_or_create_organisation(name: str) -> Organisation | None:
    """The organisation with this name, in any case and spacing. A new name is added; an empty name gives None."""
    tidy = " ".join(name.split())
    return Organisation.objects.named(tidy).get_or_create(defaults={"name": tidy})[0] if tidy else None


def delete_unused_organisations(keys: Iterable[int | None]) -> None:
    """Delete the organisations among these that no row points to any more: the name of a one-person firm is personal data.

    Inside a transaction. An organisation that is just being merged is left to the merge.
    """
    known = Organisation.objects.filter(pk__in=[key for key in keys if key is not None])
    # Lock first, then look: somebody may have joined it in between.
    locked = list(known.select_for_update(skip_locked=True).values_list("pk", flat=True))
    if locked:
        Organisation.objects.unused().filter(pk__in=locked).delete()


def is_work_address(email: str) -> bool:
    """Whether the domain of the address, or one above it, is in the list of recognised domains."""
    labels = email.rpartition("@")[2].strip().strip(".").lower().split(".")
    domains = [".".join(labels[start:]) for start in range(len(labels))]
    return "@" in email and RecognisedDomain.objects.filter(domain__in=domains).exists()


def record_former_address(person: Person, before: str, now: datetime) -> None:
    """Note that the person no longer has the address `before`. A team mailbox, entered by mistake, was never theirs."""
    address = before.strip().lower()
    if address and address not in team_addresses():
        FormerAddress.objects.update_or_create(person=person, address=address, defaults={"until": now})


def has_lost_mailbox() -> Q:
    """A condition on people: staff moved their account away from the address that they still have.

    They did so because the person lost that mailbox (ADR 7).
    """
    lost = Exists(AccountRecovery.objects.filter(user__person=OuterRef("pk"), old__iexact=OuterRef("email")))
    back = EmailAddress.objects.filter(user__person=OuterRef("pk"), email__iexact=OuterRef("email"), verified=True)
    return lost & ~Exists(back)


class Details(TypedDict):
    """What a person tells us about themselves, besides the address."""

    name: str
    profession: str
    organisation_name: str
    phone: str
    postcode: str


def find_caller(*, email: str, name: str, phone: str, **_others: str) -> Person | None:
    """The person with that address; without an address, the one whom staff entered with the same name and phone."""
    people, address = Person.objects.filter(erased_at=None).select_related("organisation"), email.strip()
    if address:
        return people.with_email(address).first()
    if phone.strip():
        return people.filter(user=None, email="", phone=phone.strip(), name__iexact=" ".join(name.split())).first()
    return None


MAX_SIMILAR_PEOPLE = 5


def similar_people(*, name: str, email: str, organisation_name: str, phone: str, postcode: str, **_others: str) -> list[Person]:
    """Up to five people who may be this caller, each with `last_contact`, the latest first.

    They have this name at the same organisation or postcode, this phone number in any spelling, or an email address one letter
    away.
    """
    name, organisation_name, phone = (" ".join(typed.split()) for typed in (name, organisation_name, phone))
    there = Q(organisation__in=Organisation.objects.named(organisation_name)) | ~Q(postcode="") & Q(postcode=postcode)
    people = Person.objects.alias(lower_email=Lower("email")).filter(erased_at=None).order_by()
    # The index finds the words of the name, but they may stand in an address too.
    named = people.filter(there, searched__contains=name.lower(), name__iexact=name)
    near = people.exclude(email="").filter(lower_email__in=similar_addresses(email.strip().lower()))
    # A union, since no index serves their OR.
    keys = named.values("pk").union(near.values("pk"), people.filter(has_phone(phone)).values("pk"))
    return list(with_last_contact(Person.objects.filter(pk__in=keys))[:MAX_SIMILAR_PEOPLE])


def has_phone(number: str) -> Q:
    """A condition on people: that number, however it is spelled. The index finds its digits. No number finds nobody."""
    digits = dialled_digits(number)
    between = r"\D*".join(digits)
    spelled = rf"^\D*((0\D*0\D*)?4\D*4\D*)?(0\D*)*{between}\D*$"
    return Q(searched__contains=digits, phone__regex=spelled) if digits else Q(pk__in=[])


TYPO_LETTERS = "abcdefghijklmnopqrstuvwxyz.-_'"
MIN_LOCAL_PART_LENGTH = 4


def similar_addresses(address: str) -> list[str]:
    """The addresses with one letter added, left out, changed or swapped before the @, as somebody may mistype them on the phone.

    The first letter and any digit stay: they tell namesakes apart (a.patel2, b.patel).
    """
    local, at, domain = address.rpartition("@")
    if len(local) < MIN_LOCAL_PART_LENGTH:
        return []
    near = set()
    for place in range(1, len(local) + 1):
        head, letter, tail = local[:place], local[place : place + 1], local[place + 1 :]
        near |= {f"{head}{other}{letter}{tail}" for other in TYPO_LETTERS}
        if letter and not letter.isdecimal():
            near |= {f"{head}{other}{tail}" for other in ("", *TYPO_LETTERS)}
            near.add(f"{head}{tail[:1]}{letter}{tail[1:]}")
    return sorted(f"{other}{at}{domain}" for other in near - {local})


def with_last_contact(people: QuerySet[Person]) -> QuerySet[Person]:
    """Add `last_contact` to each person, and put the latest first.

    It is when the person was entered, or the date of their latest order, booking and the like. This app knows none of the apps
    above it, so it asks Django's models.
    """
    latest = []
    for relation in Person._meta.related_objects:
        model, person = relation.related_model, relation.field.name
        if any(field.name == "created_at" for field in model._meta.fields):
            rows = model._base_manager.filter(**{person: OuterRef("pk")}).order_by().values(person)
            latest.append(Subquery(rows.annotate(latest=Max("created_at")).values("latest")))
    people = people.annotate(last_contact=Greatest("created_at", *latest)).select_related("organisation")
    return people.order_by("-last_contact", "-pk")


@transaction.atomic
def find_or_enter_person(
    *,
    email: str,
    by: User | None,
    now: datetime,
    known: Person | None = None,
    replaced: Collection[str] = (),
    **details: Unpack[Details],
) -> Person:
    """Find the caller (see find_caller), or take the person `known` to staff, or enter somebody new.

    What we know of them stays, and gaps are filled. Staff are asked about details that differ: those in `replaced` (`email` may
    be one) are overwritten. Raises AccountGoneError.
    """
    address = email.strip().lower()
    for _attempt in range(3):
        with suppress(IntegrityError), transaction.atomic():  # a colleague may enter the same address at this moment
            person = find_caller(email=email, **details) or known
            if person is None:
                return Person.objects.create(email=address, **_person_columns(details))
            asked_about = known is not None and known.pk == person.pk
            _update_details(person, details, address, replaced if asked_about else (), by=by, now=now)
            return person
        # An address that an erased row still has would block the one who uses it now.
        Person.objects.with_email(address).exclude(erased_at=None).update(email="")
    raise RuntimeError("colleagues entered the same caller three times in this moment")


def _update_details(
    person: Person, details: Details, address: str, replaced: Collection[str], *, by: User | None, now: datetime
) -> None:
    """Fill gaps, and overwrite what is in `replaced`. The audit says which columns were written."""
    before, typed = (
        person.email,
        {**_columns_without_organisation(details), "email": address, "organisation": details["organisation_name"]},
    )
    replaced = {"organisation" if name == "organisation_name" else name for name in replaced}
    written = {name: value for name, value in typed.items() if value and (name in replaced or not getattr(person, name))}
    if not written:
        return
    lock_person(person)
    if "organisation" in written:
        written["organisation"] = get_or_create_organisation(details["organisation_name"])
    for name, value in written.items():
        setattr(person, name, value)
    person.save(update_fields=list(written))
    if "email" in written:  # reminders follow
        readdress(before=before, to=person.email, now=now)
        record_former_address(person, before, now)
    write_audit_entry(Act.CHANGED, by=by.pk if by else None, about=AuditSubject.of(person), whats=[", ".join(sorted(written))])


@transaction.atomic
def replace_phone(*, person: Person, phone: str, by: User, now: datetime) -> None:
    """The person's new number, also where the old one was copied, such as their bookings to come. Raises AccountGoneError."""
    before = person.phone
    lock_person(person)
    person.phone = phone
    person.save(update_fields=["phone"])
    write_audit_entry(Act.CHANGED, by=by.pk, about=AuditSubject.of(person), whats=["phone"])
    PHONE_COPIES[Person].replace(person, before=before, after=phone, by=by, now=now)


def save_details(*, user: User, now: datetime, with_phone_copies: bool = False, **details: Unpack[Details]) -> Person:
    """Save the details of a signed-in user: on a new Person, on theirs, or on the one that staff entered for them.

    `with_phone_copies`: a new phone number also goes where the old one was copied. Raises AccountGoneError if the person is
    erased at this moment.
    """
    person = Person.objects.filter(user=user).first()
    if person is None:
        assign_verified_address(user=user, email=user.email, details=details, now=now)
        return Person.objects.get(user=user)
    for _attempt in range(3):
        with (
            suppress(IntegrityError),
            transaction.atomic(),
        ):  # or the last one leaves that organisation at this moment
            columns = _person_columns(details)
            if not Person.objects.filter(pk=person.pk, erased_at=None).update(**columns):
                raise AccountGoneError
            delete_unused_organisations([person.organisation_id])
            if with_phone_copies:
                PHONE_COPIES[Person].replace(person, before=person.phone, after=details["phone"], by=user, now=now)
            for column, value in columns.items():
                setattr(person, column, value)
            return person
    raise RuntimeError("their new organisation went three times in this moment")


def assign_verified_address(*, user: User, email: str, details: Details | None, now: datetime) -> Person | None:
    """Give the user's Person this address, and merge it with the row that staff entered under the address, if there is one.

    `details` come from sign-up. If there are none, a user without a Person gets none either, and it returns None. Refuses an
    address that is not verified. Tries again if staff enter the same address at this very moment. Raises AccountGoneError.
    """
    for _attempt in range(2):
        try:
            return _join_user_and_person(user, email.strip().lower(), details)
        except IntegrityError:
            logger.info("an address was entered while user %s verified it; joining again", user.pk)
    return _join_user_and_person(user, email.strip().lower(), details)


@transaction.atomic
def _join_user_and_person(user: User, email: str, details: Details | None) -> Person | None:
    _account, people = lock_people_and_account(user.pk, email)  # a user who verifies twice at once takes turns
    if not EmailAddress.objects.filter(user=user, email=email, verified=True).exists():
        raise DomainError(_("First confirm that this email address is yours."))
    own = next((person for person in people if person.user_id == user.pk), None)
    entered = next((person for person in people if person.user_id != user.pk), None)
    if entered is not None and entered.erased_at is not None:
        Person.objects.with_email(email).exclude(erased_at=None).update(email="")
        entered = None
    if entered is not None and entered.user_id is not None:
        logger.error("person %s already has the address that user %s verified", entered.pk, user.pk)
        return own
    if own is not None:
        # The person stays who they are, and gets what staff entered under the new address. Reminders go to that address.
        now = timezone.now()
        readdress(before=own.email, to=email, now=now)
        if own.email.lower() != email:
            record_former_address(own, own.email, now)
        if entered is not None:
            absorb_person(own, entered)
            delete_unused_organisations([entered.organisation_id])
        own.email = email
        own.save(update_fields=["email"])
        return own
    if entered is not None:
        before, entered.user = entered.organisation_id, user
        for column, value in (_person_columns(details) if details else {}).items():
            setattr(entered, column, value)
        entered.save()
        delete_unused_organisations([before])
        return entered
    return Person.objects.create(user=user, email=email, **_person_columns(details)) if details else None


def absorb_person(person: Person, other: Person) -> None:
    """Give the person everything that belongs to the other.

    If both have a thing of which there can be only one, such as a draft, the person's own stays. Absorbed records the row that
    goes: an older backup has both, and an erasure after a restore must find both.
    """
    other.merges.filter(merged_at=None).delete()
    other.other_merges.all().delete()
    repoint_foreign_keys(other, person)
    MergedRecord.objects.create(person=person, key=other.pk, since=other.created_at)
    other.delete()


def _person_columns(details: Details) -> dict[str, object]:
    return {**_columns_without_organisation(details), "organisation": get_or_create_organisation(details["organisation_name"])}


def _columns_without_organisation(details: Details) -> dict[str, object]:
    return {
        "name": " ".join(details["name"].split()),
        "profession": details["profession"],
        "phone": details["phone"].strip(),
        "postcode": details["postcode"],
    }


def save_language(*, person: Person, language: str) -> None:
    """Set the language of the person's pages and emails from now on."""
    Person.objects.filter(pk=person.pk, erased_at=None).update(language=language)
    person.language = language


def language_of_address(address: str) -> str:
    """The language that the reader of this address chose; "" if they chose none. Colleagues read English."""
    people = Person.objects.with_email(address).exclude(user__is_staff=True)
    return people.values_list("language", flat=True).first() or ""


def subscribers(topic: Topic) -> QuerySet[Person]:
    """The people who chose to get this mail, in the order of their keys."""
    readers = MailChoice.objects.filter(topic=topic, wanted=True).values("reader__address")
    known = Person.objects.exclude(email="").alias(lower_email=Lower("email"))
    return known.filter(lower_email__in=readers).order_by("pk")


def address_owners(address: str) -> Iterator[Owner]:
    """The professional with this address, or else a user without a Person, such as staff.

    For the list of addresses whose mail came back.
    """
    person = Person.objects.with_email(address).first()
    if person is not None:
        kind = gettext("Professional, changes it themselves") if person.user_id else gettext("Professional, entered by staff")
        yield Owner(person.name, kind, reverse("staff:professionals_person_change", args=[person.pk]), person.phone)
    elif user := User.objects.filter(email__iexact=address).first():
        yield Owner(user.email, gettext("Account"), reverse("staff:accounts_user_change", args=[user.pk]))


def names_at_address(address: str) -> Iterable[str]:
    """The names of the professional and of the colleague who read mail at this address, if there are any."""
    colleagues = User.objects.alias(address=Upper("email")).filter(address=address.upper(), is_staff=True).exclude(name="")
    names: QuerySet[Person, str] = Person.objects.with_email(address).values_list("name", flat=True)
    return names.union(colleagues.values_list("name", flat=True))


# Changes of address: the old address is notified, and its reader has a week to put it back (ADR 7).

OBJECTION_PERIOD = timedelta(days=7)
OBJECTION_RETENTION_PERIOD = timedelta(days=7)  # after the last day to put it back, for people who call about it


class AddressTakenError(DomainError):
    message = _("Your old address now belongs to another account.")


def record_address_change(*, user: User, old: str, now: datetime) -> None:
    """Note that `user` has a new address instead of `old`, and email the old one a link that puts it back."""
    token = secrets.token_urlsafe(32)
    change = AddressChange.objects.create(
        user=user, old=old, new=user.email, changed_at=now, until=now + OBJECTION_PERIOD, token_hash=hash_token(token)
    )
    notify_address_change(change, token, now)


def find_address_change(*, token: str, now: datetime) -> AddressChange:
    """The change that this link may still undo, or undid already. Raises DomainError with the reason why it can't."""
    change = AddressChange.objects.select_related("user").filter(token_hash=hash_token(token)).first()
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
    """Whether an account in use has the old address. A sign-up that nobody verified doesn't count."""
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
    """Give the account its old address again, sign everybody out, and remove each password and passkey that may be a thief's.

    A second call does no harm. Putting back an older change also undoes all changes after it. Raises DomainError (see
    find_address_change) and AccountGoneError.
    """
    unlocked = find_address_change(token=token, now=now)
    user, _people = lock_people_and_account(unlocked.user_id, unlocked.old)
    change = find_address_change(token=token, now=now)  # as it is under the locks
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
        assign_verified_address(user=user, email=change.old, details=None, now=now)
        _remove_credentials(user, change)
        end_sessions(user=user)
        later = AddressChange.objects.filter(user=change.user_id, pk__gte=change.pk, objected_at=None)
        later.update(objected_at=now)
        notify_address_put_back(change, before=before, now=now)
        notify(kind=ADDRESS_OBJECTION_KIND, about=f"address-change:{change.pk}", to=[site_settings().team_email], now=now)
    return change


def _remove_credentials(user: User, change: AddressChange) -> None:
    """Remove passkeys, as they may be the thief's.

    Staff keep their authenticator app, so that a reader of their mail can't set up another. Staff without an app keep the
    passkeys from before the change.
    """
    authenticators = Authenticator.objects.filter(user=user)
    if user.is_staff:
        has_app = authenticators.filter(type=Authenticator.Type.TOTP).exists()
        authenticators = authenticators.filter(type=Authenticator.Type.WEBAUTHN)
        if not has_app:
            authenticators = authenticators.filter(created_at__gte=change.changed_at)
    authenticators.delete()


class AddressInUseError(DomainError):
    message = _("Another account already has that address. Look at that account first.")


@transaction.atomic
def recover_account(user: User, *, by: User, email: str, called: str, number: str, now: datetime) -> AccountRecovery:
    """Move the account of somebody who lost mailbox and second factor, after staff called their organisation (ADR 7).

    The person keeps the old address until somebody types a code sent to the new one, so that nothing of theirs goes to an address
    that was misheard. Removes all credentials, and emails the old address. Raises DomainError for one's own account, an unchanged
    address, or a call to the account's own number; AddressInUseError for an address in use.
    """
    account, new = lock_account(user.pk), email.strip().lower()
    if account.pk == by.pk:
        raise DomainError(_("This is your own account. Ask another manager."))
    if account.email.lower() == new:
        raise DomainError(_("The account already has that address. If they have lost only their phone, reset the second factor."))
    in_use = Person.objects.with_email(new).exclude(user=None).exclude(user=account).exists()
    if in_use or EmailAddress.objects.filter(email=new).exclude(user=account).exists():
        raise AddressInUseError
    phone = Person.objects.filter(user=account).values_list("phone", flat=True).first()
    if phone and dialled_digits(phone) == dialled_digits(number):
        raise DomainError(
            _("That number is from the account, where a thief may have put it. Find the organisation’s number yourself.")
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
    AddressChange.objects.filter(user=account, until__gt=now).update(until=now)  # a call is worth more than an earlier link
    Authenticator.objects.filter(user=account).delete()
    end_sessions(user=account)
    notify_moved_by_staff(recovery)
    security_logger.info("account moved by staff: user %s by user %s", account.pk, by.pk)
    return recovery


def dialled_digits(number: str) -> str:
    """The digits of a number without the prefix 0 or 44: "+44 (0)113 496 0123" gives "1134960123"."""
    digits = "".join(letter for letter in number if letter.isdecimal())
    return digits.removeprefix("0044").removeprefix("44").lstrip("0")


# Blocked attempts: recorded for staff, who may lift the limit of somebody whom they know (ADR 10).

MAX_ROWS_PER_HOUR = 500  # staff read no more, and a flood from ever new addresses fills no table


def record_blocked_attempt(
    *,
    where: LimitedActivity,
    why: BlockReason,
    now: datetime,
    by: ThrottleScope = ThrottleScope.NOBODY,
    key: str = "",
    about: str = "",
    person: Person | None = None,
    request: HttpRequest | None = None,
    address: str = "",
) -> None:
    """Count an attempt in its hour. If that fails, it is only logged, so that nobody's page fails.

    It is by `person`, or else by the signed-in person, or by the owner of `address`. The first attempt of a key in an hour goes
    into the audit. `key` is what `limits` takes, in the clear; its hash is stored. In an hour that already has MAX_ROWS_PER_HOUR
    rows, further attempts are counted without key and person.
    """
    person = person or getattr(request, "person", None) or (Person.objects.with_email(address).first() if address else None)
    logger.warning("stopped at %s: %s %s", where.value, why.value, by.value, extra={"where": where.value, "why": why.value})
    hour, about_whom = now.replace(minute=0, second=0, microsecond=0), AuditSubject.of(person) if person else NO_SUBJECT
    try:
        with transaction.atomic():
            if BlockedAttempt.objects.filter(hour=hour)[:MAX_ROWS_PER_HOUR].count() == MAX_ROWS_PER_HOUR:
                key, about, person = "", "", None
            organisation = person.organisation_id if person else None
            row, is_first = BlockedAttempt.objects.get_or_create(
                hour=hour,
                where=where,
                why=why,
                by=by,
                key=rate_limits.hash_key(key) if key else "",
                defaults={"about": about[:100], "person": person, "organisation_id": organisation, "times": 1, "last_at": now},
            )
            if is_first:
                write_audit_entry(Act.LIMITED, about=about_whom, whats=[f"{where.value}, {why.value}"])
            else:  # it counts as unseen again, for staff who looked at it earlier in this hour
                BlockedAttempt.objects.filter(pk=row.pk).update(times=F("times") + 1, last_at=now, seen_at=None)
    except DatabaseError:
        logger.warning("what was stopped at %s was not counted", where.value, exc_info=True)


def blocked_attempt_figures(now: datetime) -> Iterator[Figure]:
    """For monitoring: the blocked attempts of the last hour, by reason."""
    rows = BlockedAttempt.objects.filter(last_at__gte=now - RECENT_PERIOD).order_by().values_list("why")
    times = dict.fromkeys(BlockReason.values, 0) | dict(rows.annotate(sum=Sum("times")))
    yield Figure("ctac_recent_blocked_attempts", "What limits and hidden boxes stopped in the last hour, by why.", times, "why")


@transaction.atomic
def lift_block(attempt: BlockedAttempt, *, by: User | None, now: datetime) -> None:
    """Count nothing by this key until the UK day ends, and mark the attempt as seen."""
    rate_limits.lift_limit(attempt.key, uk_datetime(uk_day(now) + timedelta(days=1), time(0)))
    BlockedAttempt.objects.filter(pk=attempt.pk).update(let_through_at=now, seen_at=now, by_staff=by)


def mark_blocked_attempts_seen(*, rows: QuerySet[BlockedAttempt], by: User | None, now: datetime) -> int:
    """Mark these rows as seen, and return how many had not been seen before."""
    return rows.filter(seen_at=None).update(seen_at=now, by_staff=by)


# What colleagues note about people and workplaces, and write to people. A second press of the button adds nothing.

DUPLICATE_NOTE_PERIOD = timedelta(minutes=10)


@transaction.atomic
def add_note(*, by: User, now: datetime, person: Person | None = None, **note: Any) -> Note:
    """Add a note about a person or an `organisation`.

    Raises AccountGoneError for somebody who was just erased, and DomainError if the same note was added in the last 10 minutes.
    """
    if person is not None:
        lock_person(person)
    written = {"person": person, **note}
    if Note.objects.filter(**written, at__gte=now - DUPLICATE_NOTE_PERIOD).exists():
        raise DomainError(_("This is already in the story. Look at the page before you add it again."))
    return Note.objects.create(by=by, at=now, **written)


@transaction.atomic
def write_letter(*, person: Person, subject: str, text: str, by: User, now: datetime, reference: str = "") -> Note:
    """Email a colleague's letter to the person. Raises DomainError if emails to their address come back."""
    letter = add_note(person=person, kind=NoteKind.LETTER, subject=subject, text=text, reference=reference, by=by, now=now)
    if MarkedAddress.objects.marked().filter(address=person.email.lower()).exists():
        raise DomainError(_("Emails to this address come back to us. Call the person, and ask for the right address."))
    notify(kind=StaffLetter.name, about=f"note:{letter.pk}", reference=reference, to=[person.email], now=now)
    return letter

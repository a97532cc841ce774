"""What this app and the outbox hold about a person, for privacy.py's registry."""

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from audit.models import Act, Entry
from notifications.services import bouncing, choosing, erasing
from professionals.models import (
    AccountRecovery,
    AddressChange,
    Draft,
    DraftKind,
    FormerAddress,
    Person,
    Session,
    Stopped,
    User,
    Where,
    Why,
)
from professionals.own_addresses import erase_mail_of, times_of_mail
from professionals.privacy import PrivacySource

ERASED_NAME = "Erased"
# What the audit has of somebody's way in, and of files that they took out; what colleagues do here is no data of their own.
OWN_ACTS = (Act.SIGNED_IN, Act.SIGNED_OUT, Act.NOT_LET_IN, Act.CREDENTIALS, Act.EXPORTED)


def export_own(person: Person) -> dict[str, Any]:
    return {
        "name": person.name,
        "email": person.email,
        "phone": person.phone,
        "profession": person.get_profession_display(),
        "organisation": person.organisation.name if person.organisation else "",
        "postcode": person.postcode,
        "since": person.created_at,
        "sign_in": _export_user(person),
        **_kept_beside(person),
    }


def _kept_beside(person: Person) -> dict[str, Any]:
    """Forms that they have begun, tries of theirs that were stopped, addresses that they had: one statement for all."""
    kept = Person.objects.filter(pk=person.pk).values_list(_drafts(), _stopped(), _former())[0]
    forms, stopped, former = ([dict(row) for row in rows] for rows in kept)
    return {
        "unfinished_forms": [{**form, "kind": DraftKind(form["kind"]).label} for form in forms],
        "stopped": [{**row, "where": Where(row["where"]).label, "why": Why(row["why"]).label} for row in stopped],
        "former_addresses": former,
    }


def _drafts() -> ArraySubquery:
    rows = Draft.objects.filter(person=OuterRef("pk")).order_by("pk")
    return ArraySubquery(rows.values(row=JSONObject(kind="kind", answers="answers", kept_until="expires_at")))


def _stopped() -> ArraySubquery:
    rows = Stopped.objects.filter(person=OuterRef("pk")).order_by("pk")
    return ArraySubquery(rows.values(row=JSONObject(where="where", why="why", times="times", last="last_at")))


def _former() -> ArraySubquery:
    rows = FormerAddress.objects.filter(person=OuterRef("pk")).order_by("pk")
    return ArraySubquery(rows.values(row=JSONObject(address="address", until="until")))


def _export_user(person: Person) -> dict[str, Any] | None:
    user = person.user
    if user is None:
        return None
    found = User.objects.filter(pk=user.pk).values(
        addresses=_addresses(),
        changes_of_address=_changes(),
        signed_in=_browsers(),
        passkeys=_passkeys(),
        moved_by_staff=_recoveries(),
        what_was_noted=_acts(user.pk),
    )[0]
    return {
        "email": user.email,
        "since": user.date_joined,
        "last_sign_in": user.last_login,
        "has_password": user.has_usable_password(),
        **found,
        "what_was_noted": [{**row, "act": Act(row["act"]).label} for row in found["what_was_noted"]],
    }


def _addresses() -> ArraySubquery:
    rows = EmailAddress.objects.filter(user=OuterRef("pk")).order_by("pk")
    return ArraySubquery(rows.values(row=JSONObject(email="email", verified="verified")))


def _acts(account: int) -> ArraySubquery:
    """By the key itself: of one that is only known later PostgreSQL expects what staff have, and reads the whole table."""
    rows = Entry.objects.filter(actor=account, act__in=OWN_ACTS).order_by("at", "pk")
    return ArraySubquery(rows.values(row=JSONObject(at="at", act="act", by="what")))


def _passkeys() -> ArraySubquery:
    rows = Authenticator.objects.filter(user=OuterRef("pk"), type=Authenticator.Type.WEBAUTHN).order_by("pk")
    return ArraySubquery(rows.values(row=JSONObject(name="data__name", added="created_at", last_used="last_used_at")))


def _changes() -> ArraySubquery:
    """Addresses that they had, for as long as the old one can be put back and a week more."""
    rows = AddressChange.objects.filter(user=OuterRef("pk")).order_by("pk")
    return ArraySubquery(rows.values(row=JSONObject(old="old", new="new", changed="changed_at", put_back="objected_at")))


def _recoveries() -> ArraySubquery:
    rows = AccountRecovery.objects.filter(user=OuterRef("pk")).order_by("pk")
    return ArraySubquery(rows.values(row=JSONObject(old="old", new="new", at="at", called="called", number="number")))


def _browsers() -> ArraySubquery:
    """Where they are signed in, read with the addresses: one statement for both."""
    rows = Session.objects.filter(user=OuterRef("pk")).order_by("started_at")
    return ArraySubquery(rows.values(row=JSONObject(device="device", since="started_at", last_used="seen_at", ends="ends_at")))


def erase_own(person: Person, now: datetime) -> None:
    """The row stays without a person in it, since bookings count by profession. The sign-in goes, with its sessions."""
    user = person.user
    person.drafts.all().delete()
    person.stopped.all().delete()
    person.former_addresses.all().delete()
    Person.objects.filter(pk=person.pk).update(user=None, name=ERASED_NAME, email="", phone="", postcode="", organisation=None)
    if user is not None:
        user.delete()


def export_mail(person: Person) -> list[Any]:
    """To the address that they have, and to those that they had: of each what was written while it was theirs."""
    mail: list[Any] = []
    for address, since, before in times_of_mail(person):
        mail += erasing.export_for(address, since=since, before=before)
    return mail


def export_choices(person: Person) -> list[Any]:
    """None of a mailbox of the team's that staff entered by mistake."""
    is_own = person.email and person.email.lower() not in bouncing.team_addresses()
    return choosing.export_choices(person.email) if is_own else []


def erase_choices(person: Person, now: datetime) -> None:
    """They go with the messages to the same address."""


def erase_mail(person: Person, now: datetime) -> None:
    erase_mail_of(person, now)


# Erased from the last to the first: the outbox needs the addresses that the person's rows then lose.
SOURCES = (
    PrivacySource("person", export_own, erase_own),
    PrivacySource("choices_of_mail", export_choices, erase_choices),
    PrivacySource("messages", export_mail, erase_mail),
)

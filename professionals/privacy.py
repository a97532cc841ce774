"""What we hold about a person: every app registers how to show it and how to erase it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit.models import Act
from audit.services import About, record
from ctac.errors import DomainError
from professionals.erasure_file import after_an_erasure
from professionals.models import DataAction, Done, Person, Reason, User
from professionals.services.own_addresses import has_lost_mailbox

TRIES = 3  # of an erasure that meets somebody who changes the same things


def nothing_ahead(person: Person, now: datetime) -> list[str]:
    return []


@dataclass(frozen=True)
class PrivacySource:
    """One app's part. `export(person)` gives plain dicts and lists; `erase(person, now)` keeps figures and no person.

    `ahead(person, now)` says in whole sentences what an erasure would cancel.
    """

    name: str
    export: Callable[[Person], dict[str, Any] | list[Any]]
    erase: Callable[[Person, datetime], None]
    ahead: Callable[[Person, datetime], list[str]] = nothing_ahead


_sources: dict[str, PrivacySource] = {}


def register(source: PrivacySource) -> None:
    """Called in an app's AppConfig.ready(). Raises ValueError for a name that is taken."""
    if source.name in _sources and _sources[source.name] != source:
        raise ValueError(f"two privacy sources are called {source.name}")
    _sources[source.name] = source


def export_person(person: Person) -> dict[str, Any]:
    """Everything that we hold about this person, by source."""
    return {name: source.export(person) for name, source in sorted(_sources.items())}


def would_be_cancelled(person: Person, now: datetime) -> list[str]:
    """A sentence for each sort of thing that lies ahead of this person."""
    return [sentence for source in _sources.values() for sentence in source.ahead(person, now)]


@transaction.atomic
def give_data(person: Person, *, by: User, now: datetime) -> dict[str, Any]:
    """All that we hold about them, for a colleague who hands it to them; that it was given is written down."""
    DataAction.objects.create(person=person, done=Done.GIVEN, reason=Reason.ASKED, by=by, at=now)
    return export_person(person)


class StaffAccount(DomainError):
    """So the last account that may give roles stays, and what a colleague did keeps its author until somebody has looked."""

    message = _("This person has a staff account. Take “Staff” off the account first, then erase them.")


class VisitInTheWay(DomainError):
    """A presenter may need what we know of a person: an app's `erase` raises it (product.md, rule 10)."""


def erase_person(person: Person, *, by: User | None, now: datetime, reason: Reason = Reason.ASKED) -> str:
    """Take this person out of everything that we hold, in one transaction. The address that they had, for a last email; none if
    they lost that mailbox.

    The sources of the apps above erase first: they may still need the address that ours takes away. Whoever is erased
    already stays so, and nothing is written. What somebody changes at the same moment is no reason to refuse: it is read again.
    Raises StaffAccount, VisitInTheWay, and whatever else an app's own `erase` raises to refuse, a DomainError.
    """
    for _once_more in range(TRIES - 1):
        try:
            return _erase(person, by, now, reason)
        except DomainError as refusal:
            if not refusal.passing:
                raise
    return _erase(person, by, now, reason)


@transaction.atomic
def _erase(person: Person, by: User | None, now: datetime, reason: Reason) -> str:
    locked = Person.objects.select_for_update().get(pk=person.pk)
    if locked.erased_at is not None:
        return ""
    user = User.objects.select_for_update(of=("self",)).filter(person=locked).first()  # whom nobody makes staff meanwhile
    if user is not None and user.is_staff:
        raise StaffAccount
    address = "" if has_lost_mailbox(locked) else locked.email
    for source in reversed(list(_sources.values())):
        source.erase(locked, now)
    record(Act.ERASED, by=by.pk if by else None, about=About.of(locked))
    Person.objects.filter(pk=locked.pk).update(erased_at=now)
    theirs = by is not None and by.pk == locked.user_id
    known = now if reason == Reason.RESTORED else None  # the file named them
    DataAction.objects.create(person=locked, done=Done.ERASED, reason=reason, by=None if theirs else by, at=now, written_at=known)
    transaction.on_commit(partial(after_an_erasure, now), robust=True)
    return address

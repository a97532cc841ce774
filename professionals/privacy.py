"""What we hold about a person: every app registers how to show it and how to erase it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from ctac.classification import NONE, PERSONAL
from professionals.models import Person, User

FIELDS: dict[str, dict[str, str]] = {
    "OutwardCode": {
        "code": NONE,
        "latitude": NONE,
        "longitude": NONE,
        "nation": NONE,
        "zone": NONE,
        "authority": NONE,
        "others": NONE,
    },
    "LocalAuthority": {"code": NONE, "name": NONE, "region": NONE, "nation": NONE},
    "User": {
        "id": PERSONAL,
        "password": PERSONAL,
        "last_login": PERSONAL,
        "is_superuser": NONE,
        "email": PERSONAL,
        "is_staff": NONE,
        "is_active": NONE,
        "date_joined": PERSONAL,
    },
    "Person": {
        "id": PERSONAL,
        "user": PERSONAL,
        "name": PERSONAL,
        "email": PERSONAL,
        "phone": PERSONAL,
        "profession": PERSONAL,
        "organisation": PERSONAL,
        "postcode": PERSONAL,
        "created_at": NONE,
        "searched": PERSONAL,  # a copy of what is searched; follows it, also when that is erased
    },
    "Organisation": {"id": NONE, "name": NONE, "created_at": NONE},
    "RecognisedDomain": {"id": NONE, "domain": NONE},
    "Draft": {
        "id": NONE,
        "kind": NONE,
        "key_hash": NONE,
        "person": PERSONAL,
        "answers": PERSONAL,
        "token": NONE,
        "expires_at": NONE,
    },
    "Session": {
        **dict.fromkeys(("session_key", "public_id", "of_staff", "expire_date", "ends_at"), NONE),
        **dict.fromkeys(("user", "session_data", "device", "started_at", "seen_at"), PERSONAL),
    },
    "AddressChange": {
        **dict.fromkeys(("id", "until", "token_hash"), NONE),
        **dict.fromkeys(("user", "old", "new", "changed_at", "objected_at"), PERSONAL),
    },
    "AccountRecovery": {"id": NONE, **dict.fromkeys(("user", "by", "at", "old", "new", "called", "number"), PERSONAL)},
    "RateLimit": dict.fromkeys(("key", "hits", "resets_at", "lifted"), NONE),
    "Stopped": {
        **dict.fromkeys(("id", "hour", "where", "why", "by", "key", "about", "times", "last_at"), NONE),
        **dict.fromkeys(("seen_at", "let_through_at", "organisation"), NONE),
        "person": PERSONAL,
        "by_staff": PERSONAL,
    },
}


@dataclass(frozen=True)
class PrivacySource:
    """One app's part. `export(person)` gives plain dicts and lists; `erase(person, now)` keeps figures and no person."""

    name: str
    export: Callable[[Person], dict[str, Any] | list[Any]]
    erase: Callable[[Person, datetime], None]


_sources: dict[str, PrivacySource] = {}


def register(source: PrivacySource) -> None:
    """Called in an app's AppConfig.ready(). Raises ValueError for a name that is taken."""
    if source.name in _sources and _sources[source.name] != source:
        raise ValueError(f"two privacy sources are called {source.name}")
    _sources[source.name] = source


def export_person(person: Person) -> dict[str, Any]:
    """Everything that we hold about this person, by source."""
    return {name: source.export(person) for name, source in sorted(_sources.items())}


@transaction.atomic
def erase_person(person: Person, *, by: User | None, now: datetime) -> None:
    """Take this person out of everything that we hold, in one transaction.

    The sources of the apps above erase first: they may still need the address that ours takes away.
    """
    locked = Person.objects.select_for_update().get(pk=person.pk)
    for source in reversed(list(_sources.values())):
        source.erase(locked, now)

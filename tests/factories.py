"""Rows that tests need, as short as a test can ask for them."""

import itertools
import time
from collections.abc import Sequence
from typing import Any

from allauth.account.internal.flows.login import _AUTHENTICATION_METHODS_USER_SESSION_KEY, AUTHENTICATION_METHODS_SESSION_KEY
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import User
from accounts.roles import ROLES_BY_SLUG
from professionals.models import Organisation, Person, Profession

_number = itertools.count(1)


def make_user(email: str = "", **fields: Any) -> User:
    """A user with a verified address and no password."""
    user = User.objects.create_user(email or f"person{next(_number)}@leeds.example.nhs.uk", **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def make_organisation(name: str = "") -> Organisation:
    return Organisation.objects.create(name=name or f"Leeds Health Visiting {next(_number)}")


def make_person(*, with_user: bool = True, **fields: Any) -> Person:
    """A professional who can sign in; `with_user=False` for one whom staff entered."""
    email = fields.pop("email", f"person{next(_number)}@leeds.example.nhs.uk")
    user = fields.pop("user", None) or (make_user(email) if with_user else None)
    organisation = fields.pop("organisation", None) or make_organisation()
    defaults: dict[str, Any] = {
        "name": "Sam Taylor",
        "phone": "0113 496 0000",
        "profession": Profession.HEALTH_VISITOR,
        "postcode": "LS1 4AP",
    }
    return Person.objects.create(user=user, email=email, organisation=organisation, **{**defaults, **fields})


def make_staff(email: str = "", *, superuser: bool = True, role: str | Sequence[str] = (), **fields: Any) -> User:
    """A staff user who may do everything; with a role ("read-only"), or several, what those may.

    Has no second factor yet: sign_in_staff opens a session that passed one.
    """
    slugs = [role] if isinstance(role, str) else list(role)
    user = make_user(email or f"staff{next(_number)}@ctac.example", is_staff=True, is_superuser=superuser and not slugs, **fields)
    user.groups.set([Group.objects.get(name=ROLES_BY_SLUG[slug].name) for slug in slugs])
    return user


def sign_in(client: Client, person: Person) -> Client:
    """A session as it is just after sign-in with a code by email."""
    assert person.user is not None
    return sign_in_staff(client, person.user, second_factor=False)


def sign_in_staff(client: Client, user: User, *, second_factor: bool = True) -> Client:
    """A session as it is after sign-in with a code by email and, unless told otherwise, the second factor."""
    client.force_login(user)
    session = client.session
    records: list[dict[str, Any]] = [{"method": "code", "at": time.time(), "email": user.email}]
    if second_factor:
        records.append({"method": "mfa", "at": time.time(), "type": "totp"})
    session[AUTHENTICATION_METHODS_SESSION_KEY] = records
    session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(user.pk)
    session.save()
    return client

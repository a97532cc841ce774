"""The people of the matrix, and one of each object, all of them the owner's and the own presenter's."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from django.utils import timezone

from bookings.models import Presenter
from notifications.models import MarkedAddress, Notification, TeamMail
from professionals.models import By, Person, RecognisedDomain, Session, Stopped, User, Where, Why
from professionals.services import keep_stopped
from tests import factories
from tests.bookings import rows as bookings
from tests.bookings.sessions.rows import make_world_of_sessions
from tests.leaflets import factories as leaflets
from tests.professionals.passkeys.device import kept_passkey

# In the order of the table's columns.
OUTSIDE = ("signed out", "owner", "colleague", "stranger", "at the door")
ROLES = {
    "coordinator": "coordinator",
    "presenter": "presenter",
    "own presenter": "presenter",
    "fulfilment": "fulfilment",
    "manager": "manager",
    "read only": "read-only",
}
PEOPLE = (*OUTSIDE, *ROLES)


@pytest.fixture(scope="module")
def laid_out(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """One of each object, and everybody signed in.

    Once for all routes: each test runs inside the transaction that this rolls back.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        yield lay_out()
        transaction.set_rollback(True)


@pytest.fixture
def world(laid_out: dict[str, Any], db: None) -> dict[str, Any]:
    """With browsers of its own: an answer may take a cookie away."""
    return {**laid_out, "clients": fresh_browsers(laid_out)}


def fresh_browsers(laid_out: dict[str, Any]) -> dict[str, Client]:
    clients = {name: Client() for name in laid_out["clients"]}
    for name, client in clients.items():
        client.cookies.load(laid_out["clients"][name].cookies)
    return clients


def lay_out() -> dict[str, Any]:
    now = timezone.now()
    owner, stranger = factories.make_person(), factories.make_person()
    assert owner.organisation is not None
    professionals = {
        "owner": owner,
        "colleague": factories.make_person(organisation=owner.organisation),
        "stranger": stranger,
    }
    staff = {name: factories.make_staff(role=role) for name, role in ROLES.items()}
    objects = bookings.make_world(owner, now) | leaflets.make_world(owner, now) | people_and_mail(owner)
    objects |= make_world_of_sessions(owner, objects["bookings_presenter"], now)
    Presenter.objects.filter(pk=objects["bookings_presenter"].pk).update(user=staff["own presenter"])
    bookings.make_presenter(user=staff["presenter"])
    return {"clients": browsers(professionals, staff), "objects": objects, "owner": owner, "users": staff}


def browsers(professionals: dict[str, Person], staff: dict[str, User]) -> dict[str, Client]:
    """Those of PEOPLE, and of a superuser under "staff", whom tests of other things ask for."""
    clients = {name: Client() for name in PEOPLE}
    for name, person in professionals.items():
        factories.sign_in(clients[name], person)
    factories.sign_in_staff(clients["at the door"], factories.make_staff(role="manager"), second_factor=False)
    for name, user in staff.items():
        factories.sign_in_staff(clients[name], user)
    return clients | {"staff": factories.sign_in_staff(Client(), factories.make_staff())}


def people_and_mail(owner: Person) -> dict[str, Any]:
    now = timezone.now()
    return {
        "professionals_person": owner,
        "professionals_user": owner.user,
        "professionals_organisation": owner.organisation,
        "professionals_recogniseddomain": RecognisedDomain.objects.first(),
        "professionals_stopped": stopped(),
        "notifications_notification": Notification.objects.first(),
        "notifications_markedaddress": MarkedAddress.objects.create(address=owner.email, sort="hard", marked_at=now, last_at=now),
        "notifications_teammail": TeamMail.objects.get_or_create(pk=1)[0],
        "auth_group": Group.objects.get(name="Coordinator"),
        "view_on": owner,
        "session": another_browser_of(owner),
        "passkey": kept_passkey(owner.user),
    }


def another_browser_of(person: Person) -> Session:
    factories.sign_in(Client(), person)
    return Session.objects.filter(user=person.user).latest("started_at")


def stopped() -> Stopped:
    keep_stopped(where=Where.ORDER, why=Why.THROTTLE, by=By.ACCOUNT, key="place-order:account:1", now=timezone.now())
    return Stopped.objects.get()

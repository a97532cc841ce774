"""Every route × every kind of person: tests/routes.txt says what each gets, and a route that is not in it fails.

Nothing here decides what is right: the table does, and people read and change the table.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.models import Model
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from bookings.models import Presenter
from bookings.services import host_key
from ctac.staff import staff_site
from notifications.models import MarkedAddress, Notification, TeamMail
from professionals.models import By, Person, RecognisedDomain, Session, Stopped, Where, Why
from professionals.services import keep_stopped
from tests import factories
from tests.bookings import rows as bookings
from tests.bookings.sessions.rows import make_world_of_sessions
from tests.leaflets import factories as leaflets

TABLE = Path(__file__).with_name("routes.txt")
PEOPLE = ("signed out", "owner", "stranger", "staff at the door", "staff")
# "No GET changes anything" means these; counters, drafts, limits and sessions are excepted (design.md).
UNCHANGED_BY_GET = ("notifications", "professionals", "bookings", "leaflets", "account", "mfa")
EXCEPTED = {"Draft", "RateLimit", "Session"}


def named_routes(patterns: list[Any], namespace: str = "") -> Iterator[tuple[str, set[str]]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from named_routes(pattern.url_patterns, f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace)
        elif isinstance(pattern, URLPattern) and pattern.name:
            # Django's admin has two without a name: an old address that redirects, and the catch-all, which asks for permission.
            yield f"{namespace}{pattern.name}", set(pattern.pattern.regex.groupindex)


ROUTES = dict(sorted(named_routes(get_resolver().url_patterns)))


def expected_table() -> dict[str, tuple[str, ...]]:
    rows = {}
    for line in TABLE.read_text().splitlines():
        if line and not line.startswith("#"):
            route, *answers = (cell.strip() for cell in line.split("|"))
            rows[route] = tuple(answers)
    return rows


EXPECTED = expected_table()


@pytest.fixture(scope="module")
def laid_out(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """One booking and one order of one person, a stranger, and staff before and after the second factor.

    Once for all routes: each test runs inside the transaction that this rolls back.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        now = timezone.now()
        owner, stranger = factories.make_person(), factories.make_person()
        staff = factories.make_staff()
        objects = bookings.make_world(owner, now) | leaflets.make_world(owner, now) | people_and_mail(owner)
        objects |= make_world_of_sessions(owner, objects["bookings_presenter"], now)
        Presenter.objects.filter(pk=objects["bookings_presenter"].pk).update(user=staff)  # for the presenters' own pages
        clients = {name: Client() for name in PEOPLE}
        factories.sign_in(clients["owner"], owner)
        factories.sign_in(clients["stranger"], stranger)
        factories.sign_in_staff(clients["staff at the door"], staff, second_factor=False)
        factories.sign_in_staff(clients["staff"], staff)
        yield {"clients": clients, "objects": objects, "owner": owner}
        transaction.set_rollback(True)


@pytest.fixture
def world(laid_out: dict[str, Any], db: None) -> dict[str, Any]:
    """With browsers of its own: an answer may take a cookie away."""
    clients = {name: Client() for name in PEOPLE}
    for name, client in clients.items():
        client.cookies.load(laid_out["clients"][name].cookies)
    return {**laid_out, "clients": clients}


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
        "session": another_browser_of(owner),
        "auth_group": Group.objects.get(name="Coordinator"),
        "view_on": owner,
    }


def another_browser_of(person: Person) -> Session:
    factories.sign_in(Client(), person)
    return Session.objects.filter(user=person.user).latest("started_at")


def stopped() -> Stopped:
    keep_stopped(where=Where.ORDER, why=Why.THROTTLE, by=By.ACCOUNT, key="place-order:account:1", now=timezone.now())
    return Stopped.objects.get()


def arguments(route: str, names: set[str], world: dict[str, Any]) -> dict[str, object]:
    """Arguments that lead to the owner's objects, so that only who asks makes the difference."""
    objects = world["objects"]
    values: dict[str, object] = {}
    for name in names:
        if name == "object_id":
            model = route.split(":")[-1].rsplit("_", 1)[0]
            values[name] = objects[model].pk
        elif name == "slug":
            of_catalogue = route.startswith(("leaflet", "basket"))
            model = "leaflets_leaflet" if of_catalogue else "bookings_presentation"
            values[name] = "no-such-action" if route.endswith("_action") else objects[model].slug
        elif name == "reference":
            about = "bookings_opensession" if "session" in route else "leaflets_order" if "order" in route else "bookings_booking"
            values[name] = objects[about].reference
        else:
            known = {
                "code": objects["bookings_afterwards"].code,
                "key": host_key(objects["bookings_afterwards"]),
                "public_id": objects["session"].public_id,
                "address_id": objects["address"].pk,
                "exception_id": objects["exception"].pk,
                "leave_id": objects["bookings_leave"].pk,
                "app_label": "bookings",
                "url": "nowhere/",
                "content_type_id": 1,
                "number": 1,
                "kind": "booking-confirmed",
            }
            values[name] = known.get(name) or message_key(objects)
    return values


def message_key(objects: dict[str, Any]) -> int:
    return int(objects["notifications_notification"].pk)


def answer(client: Client, method: str, url: str) -> str:
    """The status; of a redirect, whether it leads to the sign-in page, the second factor or the door of the staff site."""
    response = client.generic(method, url)
    if response.streaming:
        list(response.streaming_content)  # closes the file; response.close() would close the test's connection as well
    target = response.headers.get("Location", "")
    if target.startswith(reverse("account_login")):
        return "sign in"
    if target.startswith("/account/2fa/"):
        return "2nd factor"
    if target.startswith(reverse("staff:login")):
        return "door"
    return str(response.status_code)


def answers(route: str, method: str, world: dict[str, Any]) -> tuple[str, ...]:
    url = reverse(route, kwargs=arguments(route, ROUTES[route], world))
    seen = []
    for person in PEOPLE:
        with transaction.atomic():
            seen.append(answer(world["clients"][person], method, url))
            # A POST must not spoil the next person's turn; what a GET leaves behind is looked at afterwards.
            transaction.set_rollback(method == "POST")
    return tuple(seen)


def fingerprints() -> dict[str, str]:
    """A hash of every row of every table that no GET may change."""
    kept = [model for model in apps.get_models() if model._meta.app_label in UNCHANGED_BY_GET and model.__name__ not in EXCEPTED]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(fingerprint_of(model) for model in kept))
        return dict(cursor.fetchall())


def fingerprint_of(model: type[Model]) -> str:
    table = connection.ops.quote_name(model._meta.db_table)
    return f"SELECT '{table}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t"  # noqa: S608


def test_the_table_has_every_route_and_no_other() -> None:
    assert {route.split(" ", 1)[1] for route in EXPECTED} == set(ROUTES)


@pytest.mark.parametrize("route", ROUTES)
def test_a_get_answers_each_person_as_the_table_says_and_changes_nothing(route: str, world: dict[str, Any]) -> None:
    before = fingerprints()
    assert answers(route, "GET", world) == EXPECTED.get(f"GET {route}")
    assert fingerprints() == before


@pytest.mark.parametrize("route", ROUTES)
def test_an_empty_post_answers_each_person_as_the_table_says(route: str, world: dict[str, Any]) -> None:
    assert answers(route, "POST", world) == EXPECTED.get(f"POST {route}")


STAFF_ACTIONS = [
    (f"{model._meta.app_label}_{model._meta.model_name}", action.slug)
    for model, model_admin in staff_site._registry.items()
    for action in getattr(model_admin, "object_actions", ())
]


@pytest.mark.parametrize(("model", "slug"), STAFF_ACTIONS)
def test_no_action_of_staff_opens_to_anyone_else(model: str, slug: str, world: dict[str, Any]) -> None:
    url = reverse(f"staff:{model}_action", args=[world["objects"][model].pk, slug])
    before = fingerprints()
    for person in PEOPLE[:-1]:
        assert (answer(world["clients"][person], "GET", url), answer(world["clients"][person], "POST", url)) == ("door", "door")
    assert fingerprints() == before

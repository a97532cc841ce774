"""The page on which managers read it: narrowed by who, what, when and about which object, at the same cost however long it is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.roles import ROLES
from audit.models import Act, Entry
from audit.services import AuditSubject, write_audit_entry
from bookings.models import Booking
from tests.bookings import rows as bookings
from tests.factories import make_person, make_staff, sign_in_staff
from tests.project.test_big_lists import read_in

pytestmark = pytest.mark.django_db
PAGE = "/staff/audit/entry/"
MANY = 40_000


@pytest.fixture
def manager() -> User:
    return make_staff("lead@ctac.example", role="manager")


@pytest.fixture
def desk(client: Client, manager: User) -> Client:
    return sign_in_staff(client, manager)


def shown(client: Client, query: str = "") -> list[Entry]:
    response = client.get(PAGE + query)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


@pytest.mark.parametrize("role", [role.slug for role in ROLES])
def test_managers_read_it_and_nobody_else(role: str) -> None:
    client = sign_in_staff(Client(), make_staff(role=role))
    assert client.get(PAGE).status_code == (200 if role == "manager" else 403)
    assert ("Who did what" in client.get("/staff/").content.decode()) == (role == "manager")


def test_nobody_changes_adds_or_deletes_there_not_even_who_may_do_everything(client: Client) -> None:
    sign_in_staff(client, make_staff())
    entry = Entry.objects.newest_first()[0]
    assert client.post(f"{PAGE}add/", {"act": "viewed"}).status_code == 403
    assert [client.post(f"{PAGE}{entry.pk}/{what}/", {"post": "yes"}).status_code for what in ("change", "delete")] == [403, 404]
    client.post(PAGE, {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"})
    assert Entry.objects.filter(pk=entry.pk).exists()


def test_a_row_says_when_who_what_and_about_which_in_words(desk: Client, manager: User) -> None:
    person = make_person(name="Nadia Rahman")
    desk.get(f"/staff/professionals/person/{person.pk}/change/")
    page = " ".join(desk.get(PAGE).content.decode().split())
    entry = Entry.objects.about("professionals.person", person.pk).get()
    assert entry.at.tzinfo == UTC
    assert manager.email in page
    assert f'<a href="/staff/professionals/person/{person.pk}/change/">Person {person.pk}</a>' in page
    assert ("Looked at" in page, entry.request in page, "Nadia" in page) == (True, True, False)


def test_it_is_narrowed_by_who_act_kind_and_period(desk: Client, manager: User) -> None:
    other = make_staff("other@ctac.example")
    write_audit_entry(Act.EXPORTED, by=other.pk, about=AuditSubject("leaflets.order"))
    write_audit_entry(Act.CHANGED, by=other.pk, about=AuditSubject("bookings.booking", ("5",)))
    write_audit_entry(Act.CHANGED, by=manager.pk, about=AuditSubject("bookings.booking", ("5",)))
    today = datetime.now(UTC)
    assert {entry.actor for entry in shown(desk, f"?who={other.pk}")} == {other.pk}
    assert [entry.actor for entry in shown(desk, "?act__exact=changed&kind=bookings.booking")] == [manager.pk, other.pk]
    assert [entry.act for entry in shown(desk, f"?who={other.pk}&kind=leaflets.order")] == [Act.EXPORTED]
    assert len(shown(desk, f"?period={today:%Y-%m}&act__exact=changed")) == 2
    assert shown(desk, f"?period={today.year - 1}") == []
    assert shown(desk, "?who=x&kind=%00x".replace("%00", "")) == []


def test_it_is_searched_by_a_reference_and_by_a_number(desk: Client) -> None:
    owner = make_person()
    booking: Any = bookings.make_world(owner, datetime.now(UTC))["bookings_booking"]
    assert isinstance(booking, Booking)
    desk.get(f"/staff/bookings/booking/{booking.pk}/change/")
    write_audit_entry(Act.VIEWED, by=1, about=AuditSubject("", (booking.reference,)), page="presenter_visit")
    write_audit_entry(Act.VIEWED, by=1, about=AuditSubject("bookings.booking", (str(booking.pk + 1),)))
    found = shown(desk, f"?q={booking.reference.lower().replace('-', '')}")
    assert [entry.key for entry in found] == [booking.reference, str(booking.pk)]
    assert str(booking.pk) in {entry.key for entry in shown(desk, f"?q={booking.pk}")}
    assert shown(desk, "?q=Nadia") == []


def test_an_account_that_is_gone_is_its_number(desk: Client) -> None:
    write_audit_entry(Act.VIEWED, by=987_654)
    write_audit_entry(Act.NOT_LET_IN)
    page = desk.get(PAGE).content.decode()
    assert ("Account 987654" in page, "Somebody not signed in" in page) == (True, True)


def test_the_history_of_an_object_says_who_changed_it_and_not_who_looked(desk: Client, manager: User) -> None:
    organisation = make_person().organisation
    assert organisation is not None
    address = f"/staff/professionals/organisation/{organisation.pk}"
    desk.get(f"{address}/change/")
    desk.post(f"{address}/change/", {"name": "Leeds"})
    page = " ".join(desk.get(f"{address}/history/").content.decode().split())
    assert (page.count(f'data-label="Who">{manager.email}<'), "Changed: name" in page) == (1, True)


@pytest.fixture(scope="module")
def long(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Two years of it; each test of these runs inside the transaction that this rolls back."""
    with django_db_blocker.unblock(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(LAY_IN, {"many": MANY})
            cursor.execute("ANALYZE audit_entry; SET LOCAL random_page_cost = 1")
        yield
        transaction.set_rollback(True)


LAY_IN = """
    SELECT audit_add_month((date_trunc('month', now()) - make_interval(months => ago))::date) FROM generate_series(1, 24) AS ago;
    INSERT INTO audit_entry (at, act, actor, kind, key, page)
    SELECT now() - make_interval(mins => n * 25), (ARRAY['viewed', 'changed', 'refused', 'signed-in'])[1 + n %% 4], 1 + n %% 40,
        (ARRAY['bookings.booking', 'leaflets.order', 'professionals.person'])[1 + n %% 3], (n / 7)::text, 'a_page'
    FROM generate_series(1, %(many)s) AS n
"""
QUERIES = [
    "",
    "?p=15",
    "?act__exact=changed",
    "?act__exact=erased",
    "?who={user}",
    "?kind=leaflets.order",
    "?q=77",
    "?act__exact=viewed&kind=leaflets.order",
]
QUERIES += ["?period={year}", "?q=BK-7Q4M-2F", "?act__exact=refused&period={year}"]


@pytest.mark.parametrize("query", QUERIES)
def test_no_filter_reads_it_through(long: None, query: str) -> None:
    manager = make_staff(role="manager")
    client = sign_in_staff(Client(), manager)
    last = datetime.now(UTC) - timedelta(days=365)
    with CaptureQueriesContext(connection) as taken:
        response = client.get(PAGE + query.format(user=manager.pk, year=last.year))
    assert response.status_code == 200
    assert max(read_in(each["sql"]) for each in taken.captured_queries if each["sql"].startswith("SELECT")) <= 2_500


def test_it_takes_the_same_few_statements_for_few_rows_and_for_many(long: None) -> None:
    client = sign_in_staff(Client(), make_staff(role="manager"))
    write_audit_entry(Act.ERASED, by=1)
    assert [statements(client, query) for query in ("?act__exact=erased", "?act__exact=changed", "?p=15", "?q=77")] == [
        12,
        12,
        12,
        12,
    ]


def statements(client: Client, query: str) -> int:
    with CaptureQueriesContext(connection) as taken:
        assert client.get(PAGE + query).status_code == 200
    return len(taken)


def test_a_history_reads_the_changes_alone_however_often_the_object_was_looked_at(
    long: None, desk: Client, manager: User
) -> None:
    organisation = make_person().organisation
    assert organisation is not None
    with connection.cursor() as cursor:
        cursor.execute(LOOKED_AT, {"key": str(organisation.pk), "by": manager.pk})
        cursor.execute("ANALYZE audit_entry")
    with CaptureQueriesContext(connection) as taken:
        page = desk.get(f"/staff/professionals/organisation/{organisation.pk}/history/").content.decode()
    assert page.count("Changed") == 2
    asked = [each["sql"] for each in taken.captured_queries if 'FROM "audit_entry"' in each["sql"]]
    assert [read_in(sql) <= 2 for sql in asked] == [True]


LOOKED_AT = """
    INSERT INTO audit_entry (at, act, actor, kind, key)
    SELECT now() - make_interval(mins => n), CASE WHEN n %% 2000 = 0 THEN 'changed' ELSE 'viewed' END, %(by)s,
        'professionals.organisation', %(key)s
    FROM generate_series(1, 4000) AS n
"""

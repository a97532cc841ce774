"""What the audit can't have doesn't happen: nothing is changed, no file leaves, no page is shown. And what is refused is kept."""

from collections.abc import Iterator

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone

from audit.models import Act, Entry, Export
from leaflets.models import Order
from professionals.models import Organisation
from tests.factories import make_organisation, make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_order

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def desk(client: Client) -> Client:
    return sign_in_staff(client, make_staff())


@pytest.fixture
def closed() -> Iterator[None]:
    """The table takes no row."""
    run("ALTER TABLE audit_entry ADD CONSTRAINT closed CHECK (false) NOT VALID")
    yield
    run("ALTER TABLE audit_entry DROP CONSTRAINT closed")


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def change(desk: Client, organisation: Organisation, name: str) -> int:
    return desk.post(f"/staff/professionals/organisation/{organisation.pk}/change/", {"name": name}).status_code


def test_a_change_is_written_with_its_row(desk: Client) -> None:
    organisation = make_organisation("Leeds")
    assert change(desk, organisation, "York") == 302
    organisation.refresh_from_db()
    entry = Entry.objects.newest_first()[0]
    assert (organisation.name, entry.act, entry.what, entry.key) == ("York", Act.CHANGED, "name", str(organisation.pk))


def test_a_change_without_its_row_is_none(desk: Client, request: pytest.FixtureRequest) -> None:
    organisation = make_organisation("Leeds")
    request.getfixturevalue("closed")
    with pytest.raises(DatabaseError, match="closed"):
        change(desk, organisation, "York")
    organisation.refresh_from_db()
    assert organisation.name == "Leeds"


def test_neither_an_export_nor_a_page_comes_without_its_row(desk: Client, request: pytest.FixtureRequest) -> None:
    make_order(make_person(), timezone.now())
    request.getfixturevalue("closed")
    with pytest.raises(DatabaseError, match="closed"):
        desk.post("/staff/leaflets/order/export/", {"form": "csv", "list": ""})
    assert Export.objects.count() == 0
    with pytest.raises(DatabaseError, match="closed"):
        desk.get("/staff/professionals/person/")


def test_an_export_is_a_row(desk: Client) -> None:
    make_order(make_person(), timezone.now())
    response = desk.post("/staff/leaflets/order/export/", {"form": "csv", "list": "?q=Nadia"})
    assert response.status_code in {200, 302}
    response = desk.post("/staff/leaflets/order/export/", {"form": "csv", "list": ""})
    assert b"".join(response.streaming_content).count(b"\n") > 1
    entry = Entry.objects.newest_first()[0]
    assert (entry.act, entry.kind, entry.page) == (Act.EXPORTED, "leaflets.order", "leaflets_order_export")


def test_ticked_rows_are_a_row_each_by_one_statement(desk: Client) -> None:
    orders = [make_order(make_person(), timezone.now()) for _each in range(3)]
    response = desk.post(
        "/staff/leaflets/order/", {"action": "export_ticked_csv", "_selected_action": [order.pk for order in orders]}
    )
    list(response.streaming_content)
    latest = Entry.objects.newest_first()[0]
    found = Entry.objects.filter(act=Act.EXPORTED, request=latest.request).values_list("key", "what")
    assert sorted(found) == sorted((str(order.pk), "export_ticked_csv") for order in orders)


def test_ticked_rows_are_each_in_a_transaction_of_their_own_and_what_was_sent_is_written_before(desk: Client) -> None:
    """Else dispatching one order would hold its leaflets while it waits for those of the next: the order of locks forbids it."""
    orders = [make_order(make_person(), timezone.now()) for _each in range(2)]
    keys = [order.pk for order in orders]
    run("ALTER TABLE audit_entry ADD CONSTRAINT closed CHECK (act <> 'changed') NOT VALID")
    try:
        with pytest.raises(DatabaseError, match="closed"):
            desk.post("/staff/leaflets/order/", {"action": "start_packing_all", "_selected_action": keys})
    finally:
        run("ALTER TABLE audit_entry DROP CONSTRAINT closed")
    latest = Entry.objects.newest_first()[0]
    written = Entry.objects.filter(request=latest.request).values_list("act", "key", "what")
    assert sorted(written) == sorted((Act.SENT, str(order.pk), "start_packing_all") for order in orders)
    assert {Order.objects.get(pk=order.pk).state for order in orders} == {"packing"}


def test_a_refusal_stays_when_all_else_is_rolled_back(client: Client) -> None:
    sign_in_staff(client, make_staff(role="fulfilment"))
    organisation = make_organisation("Leeds")
    assert change(client, organisation, "York") == 403
    entry = Entry.objects.newest_first()[0]
    assert (entry.act, entry.what, entry.key) == (Act.REFUSED, "403", str(organisation.pk))


def test_django_s_own_log_takes_no_row() -> None:
    user = make_staff()
    with pytest.raises(DatabaseError, match="takes no rows"):
        run(
            f"INSERT INTO django_admin_log (action_time, object_repr, action_flag, change_message, user_id)"  # noqa: S608
            f" VALUES (now(), 'Nadia', 1, '', {user.pk})"
        )

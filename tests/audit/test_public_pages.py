"""What stands in the audit of pages outside the staff site: who took out their data, and what colleagues were refused."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import get_resolver, reverse

from accounts.models import User
from accounts.rate_limits import EXPORT_LIMIT_WINDOW
from audit import pages as audit_pages
from audit.models import Act, Entry
from tests.bookings.rows import at, make_booking, make_presenter
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.factories import make_order

pytestmark = pytest.mark.django_db

DATA = "/account/my-data/"


def rows(act: Act) -> list[tuple[Any, ...]]:
    return list(Entry.objects.filter(act=act).order_by("id").values_list("actor", "kind", "key", "page", "what"))


@pytest.fixture
def colleague(client: Client) -> User:
    """With a desk and an account as a professional, as colleagues have who order leaflets themselves."""
    staff = make_staff()
    make_person(email=staff.email, user=staff)
    sign_in_staff(client, staff)
    return staff


@pytest.mark.parametrize(("form", "what"), [("", "html"), ("?form=json", "json"), ("?form=Zebedia", "html")])
def test_whoever_takes_out_their_data_is_a_row(client: Client, form: str, what: str) -> None:
    person = make_person()
    sign_in(client, person)
    assert client.get(f"{DATA}{form}").status_code == 200
    assert rows(Act.EXPORTED) == [(person.user.pk, "professionals.person", str(person.pk), "account_my_data", what)]


def test_who_is_asked_again_first_or_is_stopped_took_nothing_out(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.rate_limits.OWN_DATA_RATE_LIMIT", (1, EXPORT_LIMIT_WINDOW))
    assert client.get(DATA).status_code == 302
    sign_in(client, make_person())
    assert [client.get(DATA).status_code for _ in range(2)] == [200, 429]
    assert len(rows(Act.EXPORTED)) == 1


def test_a_file_that_the_audit_could_not_have_is_not_given(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.raise_request_exception = False
    sign_in(client, make_person())
    monkeypatch.setattr(
        "audit.services.INSERT_SQL", "INSERT INTO no_such_table (act, actor, kind, key, page, what, request) VALUES "
    )
    response = client.get(f"{DATA}?form=json")
    assert (response.status_code, response.has_header("Content-Disposition")) == (500, False)


def test_anothers_object_is_a_refusal_of_a_colleague_with_its_reference(client: Client, colleague: User, now: Any) -> None:
    booking, order = make_booking(make_presenter(), at("10:00")), make_order(make_person(), now)
    asked = {
        reverse("booking", args=[booking.reference]): ("bookings.booking", booking.reference, "booking"),
        reverse("booking_cancel", args=[booking.reference]): ("bookings.booking", booking.reference, "booking_cancel"),
        reverse("order", args=[order.reference]): ("leaflets.order", order.reference, "order"),
        reverse("session", args=["OS-2222-22"]): ("bookings.opensession", "OS-2222-22", "session"),
        reverse("my_address_change", args=[4711]): ("leaflets.keptaddress", "4711", "my_address_change"),
        reverse("leaflet", args=["zebedia-quark"]): ("", "", "leaflet"),
        reverse("link_booking", args=["A" * 43]): ("", "", "link_booking"),
        reverse("booking", args=["zebedia"]): ("", "", "booking"),
    }
    for address, (kind, key, page) in asked.items():
        assert (client.get(address).status_code, rows(Act.REFUSED)[-1]) == (404, (colleague.pk, kind, key, page, "404"))
    assert len(rows(Act.REFUSED)) == len(asked)


def test_so_is_what_is_forbidden(colleague: User) -> None:
    strict = sign_in_staff(Client(enforce_csrf_checks=True), colleague)
    assert strict.post(reverse("basket_add", args=["one"]), {"one-copies": 5}).status_code == 403
    assert rows(Act.REFUSED) == [(colleague.pk, "", "", "basket_add", "403")]


def test_a_colleague_whose_session_has_no_second_factor_is_one_too(client: Client) -> None:
    """That opens no page of staff, but the person is still one of us."""
    staff = make_staff()
    make_person(email=staff.email, user=staff)
    client.force_login(staff)
    booking = make_booking(make_presenter(), at("10:00"))
    assert client.get(reverse("booking", args=[booking.reference])).status_code == 404
    assert [row[:3] for row in rows(Act.REFUSED)] == [(staff.pk, "bookings.booking", booking.reference)]


def test_professionals_and_strangers_leave_none(client: Client) -> None:
    booking = make_booking(make_presenter(), at("10:00"))
    page = reverse("booking", args=[booking.reference])
    assert Client().get(page).status_code in {302, 404}
    assert sign_in(client, make_person()).get(page).status_code == 404
    assert rows(Act.REFUSED) == []


def test_an_address_that_nothing_has_is_no_refusal(client: Client, colleague: User) -> None:
    assert client.get("/no/such/page/").status_code == 404
    assert rows(Act.REFUSED) == []


def test_a_page_of_the_staff_site_is_refused_once(client: Client, colleague: User) -> None:
    assert client.get("/staff/bookings/booking/4711/change/").status_code == 404
    assert len(rows(Act.REFUSED)) == 1


def test_the_row_is_the_only_statement_more(
    client: Client, colleague: User, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = reverse("booking", args=[make_booking(make_presenter(), at("10:00")).reference])
    client.get(page)  # what is read once is read
    with django_assert_num_queries(4):
        client.get(page)
    monkeypatch.setattr(audit_pages, "REFUSAL_STATUSES", set())
    with django_assert_num_queries(3):
        client.get(page)


def test_every_kind_is_a_model_and_every_argument_one_of_an_address() -> None:
    for kind in (*audit_pages.KIND_BY_REFERENCE_PREFIX.values(), *audit_pages.KIND_BY_URL_ARGUMENT.values()):
        assert apps.get_model(kind)._meta.label_lower == kind
    assert set(audit_pages.KIND_BY_URL_ARGUMENT) - set(arguments(get_resolver().url_patterns)) == set()


def arguments(patterns: Iterable[Any]) -> Iterator[str]:
    for each in patterns:
        yield from each.pattern.converters
        yield from arguments(getattr(each, "url_patterns", ()))

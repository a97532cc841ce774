"""What a row of the audit says of a page, button, file or refusal. That each is a row: tests/matrix/checks.py."""

from typing import Any

import pytest
from django.db.models import Max
from django.test import Client
from django.urls import reverse

from audit.admin import page_name
from audit.models import Act, Entry
from audit.pages import UNAUDITED_PAGES, humanise_code
from staff.site import staff_site
from tests.matrix.asking import ROUTES, address
from tests.matrix.checks import WAYS_IN_AND_OUT, in_words
from tests.matrix.people import laid_out, world

__all__ = ["laid_out", "world"]
pytestmark = pytest.mark.django_db


def ask(client: Client, method: str, url: str) -> tuple[Any, list[Entry]]:
    """The answer, and the rows that it made."""
    last = Entry.objects.aggregate(last=Max("pk"))["last"] or 0  # they are numbered in turn
    response = client.generic(method, url)
    if response.streaming:
        list(response.streaming_content)
    return response, list(Entry.objects.filter(pk__gt=last))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"kind": "notifications.teammail", "key": "1"}, ("How the team gets its mail", "–")),
        ({"kind": "professionals.person", "page": "professionals_person_add"}, ("New person", "–")),
        ({"kind": "professionals.person", "key": "5", "page": "professionals_person_history"}, ("Person 5", "History")),
        ({"kind": "bookings.booking", "key": "5", "what": "cancel"}, ("Booking 5", "Cancel this booking")),
        (
            {"kind": "bookings.booking", "key": "5", "what": "404", "act": Act.REFUSED},
            ("Booking 5", "Not found, or not theirs to see"),
        ),
        (
            {"kind": "leaflets.order", "what": "start_packing_all, all of the list"},
            ("List: Orders", "Start packing, all of the list"),
        ),
        ({"kind": "accounts.user", "key": "5", "what": "is_active, groups"}, ("Account 5", "Active, groups")),
        ({"kind": "accounts.session", "key": "5"}, ("Browser session 5", "–")),
        ({"key": "BK-7Q4M-2F", "page": "presenter_slide_pdf"}, ("Booking BK-7Q4M-2F", "Presenter slide PDF")),
        ({"page": "presenter_diary"}, ("Page: presenter diary", "–")),
        ({"page": "staff_calendar_address"}, ("Page: Address of the team’s calendar", "–")),
        ({"page": "reach_coverage"}, ("Page: Coverage", "–")),
        ({"page": "leaflets_order_add", "act": Act.REFUSED, "what": "403"}, ("Page: Orders: new", "Not allowed")),
        ({"kind": "gone.model", "key": "5"}, ("5", "–")),
    ],
)
def test_a_row_is_in_words(entry: dict[str, str], words: tuple[str, str]) -> None:
    assert in_words(Entry(**{"act": Act.VIEWED, **entry})) == words


def test_no_page_of_the_staff_site_is_shown_by_the_name_of_its_route(world: dict[str, Any]) -> None:
    routes = [each for each in ROUTES if address(each, world).startswith("/staff/") and each not in WAYS_IN_AND_OUT]
    pages = {route.removeprefix("staff:") for route in routes} - UNAUDITED_PAGES
    # Those of presenters read as words: "presenter end leave".
    assert {page for page in pages if page_name(page) == humanise_code(page) and not page.startswith("presenter_")} == set()


def test_a_reference_leads_to_the_list_that_finds_it() -> None:
    shown = staff_site.get_model_admin(Entry).about(Entry(key="BK-7Q4M-2F"))  # type: ignore[attr-defined]
    assert 'href="/staff/bookings/booking/?q=BK-7Q4M-2F"' in shown


def test_what_the_rules_do_by_themselves_is_no_strangers_work() -> None:
    who = staff_site.get_model_admin(Entry).who  # type: ignore[attr-defined]
    named = {act: Entry(act=act) for act in (Act.ERASED, Act.NOT_LET_IN)}
    for entry in named.values():
        entry.actor_name = "Somebody not signed in"
    assert [who(entry) for entry in named.values()] == ["The site itself", "Somebody not signed in"]


def test_what_the_page_is_about_is_its_object(world: dict[str, Any]) -> None:
    objects, client = world["objects"], world["clients"]["manager"]
    for label in (
        "bookings_booking",
        "leaflets_order",
        "professionals_person",
        "bookings_opensession",
        "notifications_notification",
    ):
        _response, [entry] = ask(client, "GET", reverse(f"staff:{label}_change", args=[objects[label].pk]))
        assert (entry.act, entry.kind, entry.key) == (Act.VIEWED, label.replace("_", "."), str(objects[label].pk))
        assert (entry.page, entry.what) == (f"{label}_change", "")
    _response, [entry] = ask(client, "GET", reverse("staff:professionals_person_changelist"))
    assert (entry.act, entry.kind, entry.key) == (Act.VIEWED, "professionals.person", "")
    message = objects["notifications_notification"]
    _response, [entry] = ask(client, "GET", reverse("message_html", args=[message.pk]))
    assert (entry.kind, entry.key, entry.page) == ("notifications.notification", str(message.pk), "message_html")


def test_a_presenters_own_page_is_about_the_reference_in_its_address(world: dict[str, Any]) -> None:
    booking = world["objects"]["bookings_booking"]
    _response, [entry] = ask(world["clients"]["own presenter"], "GET", reverse("presenter_visit", args=[booking.reference]))
    assert (entry.act, entry.key, entry.page) == (Act.VIEWED, booking.reference, "presenter_visit")


def test_anothers_visit_is_a_refusal_with_its_reference(world: dict[str, Any]) -> None:
    booking = world["objects"]["bookings_booking"]
    response, [entry] = ask(world["clients"]["presenter"], "GET", reverse("presenter_visit", args=[booking.reference]))
    assert (response.status_code, entry.act, entry.what, entry.key) == (404, Act.REFUSED, "404", booking.reference)


def test_who_has_an_account_and_knocks_at_the_staff_site_is_a_refusal(world: dict[str, Any]) -> None:
    client = world["clients"]["owner"]
    response, made = ask(client, "GET", reverse("staff:login"))
    assert (response.status_code, [(entry.act, entry.page) for entry in made]) == (403, [(Act.REFUSED, "login")])


def test_a_row_has_the_reference_that_the_page_has(world: dict[str, Any]) -> None:
    response, [entry] = ask(world["clients"]["manager"], "GET", "/staff/bookings/booking/")
    assert entry.request == response.headers["X-Reference"]

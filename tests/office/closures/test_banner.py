"""The banner on every public page: exact to the moment, plain, in both languages, one of each kind; and who keeps it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client

from audit.models import Entry
from office.closures.models import Banner
from office.closures.queries import get_notices
from office.closures.services import publish_current_notices
from tests.factories import make_staff, sign_in_staff
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
LIST = "/staff/office/banner/"
NOW = datetime(2027, 1, 12, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FILLED_IN = {
    "kind": "information",
    "text": "Our phones do not work this morning.",
    "text_cy": "Nid yw ein ffonau’n gweithio y bore yma.",
    "link": "",
    "first_day": "12 1 2027",
    "first_clock": "11am",
    "last_day": "12 1 2027",
    "last_clock": "2pm",
}


@pytest.fixture
def coordinator(client: Client) -> Client:
    return sign_in_staff(client, make_staff("kim@ctac.example", role="coordinator"))


def put_up(**fields: Any) -> Banner:
    given = {"starts_at": NOW, "ends_at": NOW + HOUR, "text": "Our phones are down.", "text_cy": "Nid yw ein ffonau’n gweithio."}
    banner = Banner.objects.create(**{**given, **fields})
    publish_current_notices()
    return banner


def banner_on(client: Client, address: str = "/about/", **cookies: str) -> str:
    found = re.search(r'<section class="banner.*?</section>', client.get(address).content.decode(), re.DOTALL)
    return " ".join(found[0].split()) if found else ""


def test_it_comes_and_goes_at_its_moments_by_itself(client: Client) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        put_up(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
        seen = []
        for seconds in (0, 3599, 3600, 7199, 7200):
            clock.move_to(NOW + timedelta(seconds=seconds))
            seen.append(bool(banner_on(client)))
    assert seen == [False, False, True, True, False]


@pytest.mark.parametrize("address", ["/", "/about/", "/leaflets/", "/accounts/login/", "/no-such-page/"])
def test_every_public_page_has_it_as_a_landmark(client: Client, address: str) -> None:
    with time_machine.travel(NOW, tick=False):
        put_up(link="https://www.ctac.example/phones", kind="urgent")
        found = banner_on(client, address)
    assert found == (
        '<section class="banner banner--urgent" aria-label="Notice"> <p class="banner__text"><strong>Important:</strong> '
        'Our phones are down. <a class="govuk-link" href="https://www.ctac.example/phones">Find out more</a></p> </section>'
    )


def test_in_welsh_it_is_in_welsh(client: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        put_up()
        client.post("/language/", {"language": "cy"})
        client.cookies["language"] = "cy"
        page = client.get("/about/").content.decode()
    assert ("Nid yw ein ffonau" in page) == ('<html lang="cy"' in page)


def test_the_urgent_one_comes_first_and_what_is_written_is_escaped(client: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        put_up(text="All is well.")
        put_up(kind="urgent", text='Call "us" & wait')
        assert "Call &quot;us&quot; &amp; wait" in banner_on(client)


def test_a_page_reads_it_without_a_statement(client: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        client.get("/about/")
        put_up()
        assert banner_on(client)
        assert statements(lambda: [get_notices()]) == []


def test_the_staff_site_has_none(coordinator: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        put_up()
        assert 'class="banner' not in coordinator.get("/staff/").content.decode()


def test_the_database_refuses_two_of_a_kind_at_a_time_none_at_all_and_nothing_said() -> None:
    put_up()
    put_up(kind="urgent")
    put_up(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)  # where the first ends
    for wrong in (
        {"starts_at": NOW + HOUR / 2},
        {"kind": "urgent"},
        {"ends_at": NOW - HOUR},
        {"starts_at": NOW + 5 * HOUR, "ends_at": NOW + 6 * HOUR, "text_cy": ""},
    ):
        with pytest.raises(IntegrityError, match="banner_"), transaction.atomic():
            put_up(**wrong)


def test_staff_put_it_up_change_it_and_take_it_down(coordinator: Client, django_capture_on_commit_callbacks: Any) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        with django_capture_on_commit_callbacks(execute=True):
            assert coordinator.post(f"{LIST}add/", FILLED_IN).status_code == 302
        banner = Banner.objects.get()
        assert (banner.starts_at, banner.ends_at) == (NOW + HOUR, NOW + 4 * HOUR)
        clock.move_to(NOW + 2 * HOUR)
        sign_in_staff(coordinator, make_staff("ann@ctac.example", role="coordinator"))
        assert "Our phones do not work" in banner_on(Client())
        assert 'value="11am"' in coordinator.get(f"{LIST}{banner.pk}/change/").content.decode()
        with django_capture_on_commit_callbacks(execute=True):
            sent = {**FILLED_IN, "text": "Our phones work badly."}
            assert coordinator.post(f"{LIST}{banner.pk}/change/", sent).status_code == 302
        assert "Our phones work badly." in banner_on(Client())
        entry = Entry.objects.filter(kind="office.banner").latest("pk")
        assert (str(entry.act), entry.what) == ("changed", "text")
        assert coordinator.post(f"{LIST}{banner.pk}/delete/", {"post": "yes"}).status_code == 403
        with django_capture_on_commit_callbacks(execute=True):
            assert coordinator.post(f"{LIST}{banner.pk}/do/take-down/").status_code == 302
        assert banner_on(Client()) == ""
        banner.refresh_from_db()
        assert banner.ends_at == NOW + 2 * HOUR


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"last_clock": "10am"}, "The banner must end after it begins"),
        ({"text": "See <i>this</i>"}, "Write plain text here"),
        ({"text": "See https://www.example.com"}, "Write plain text here"),
        ({"link": "http://www.example.com/"}, "Enter an address that begins with https://."),
        ({"link": "javascript:alert(1)"}, "Enter"),
        ({"text": "Amy, born 3 April 2014"}, "This looks like details of a child."),
        ({"first_day": "12 1 2027", "first_clock": "10am"}, "Another banner of this kind is shown"),
        ({"text_cy": ""}, "Fill in “Text, in Welsh”."),
    ],
)
def test_what_the_form_refuses(coordinator: Client, typed: dict[str, str], error: str) -> None:
    with time_machine.travel(NOW, tick=False):
        put_up(ends_at=NOW + HOUR / 2)
        page = coordinator.post(f"{LIST}add/", {**FILLED_IN, **typed}).content.decode()
    assert error in page
    assert Banner.objects.count() == 1

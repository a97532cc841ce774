"""Links in emails: they show little, change nothing by being opened, and end when they should."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.booking.emails import URL_NAME_BY_PURPOSE, ProfessionalEmail
from bookings.booking.services.links import make_booking_links
from bookings.booking.services.reschedule import reschedule
from bookings.booking.services.transitions import cancel_booking
from bookings.models import Booking, BookingLink, BookingState, BusyTime, LinkPurpose
from bookings.models.links import LINK_LIFETIME, hash_token
from bookings.privacy import erase_bookings
from notifications import rendering
from notifications.models import Notification
from notifications.outbox import notify
from notifications.registry import get_email_class
from professionals.models import Person
from tests.bookings.flow import text, without_the_switch
from tests.bookings.rows import MONDAY, NOW, at, make_booking, make_presenter
from tests.factories import make_person, sign_in

pytestmark = pytest.mark.django_db
TWO = "2027-01-25T14:00Z"
SENT = {"start": TWO, "version": "confirmed-0-0", "reason": ""}


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def booking() -> Booking:
    person = make_person(email="sam@leeds.nhs.uk", name="Sam Taylor")
    return make_booking(make_presenter(name="Asha Patel"), at("10:00"), person=person)


@pytest.fixture
def links(booking: Booking) -> dict[str, str]:
    """The paths of the two links of an email."""
    return {purpose: url.removeprefix(settings.SITE_URL) for purpose, url in links_for(booking).items()}


def links_for(booking: Booking) -> dict[str, str]:
    return ProfessionalEmail(Notification(), booking=booking).links


def pages(links: dict[str, str]) -> list[str]:
    return [links["change"], f"{links['change']}time/", f"{links['change']}time/check/?start={TWO}", links["cancel"]]


def token_of(link: str) -> str:
    return link.split("/")[2]


def unchanged(booking: Booking) -> bool:
    booking.refresh_from_db()
    return (booking.version, booking.events.count(), BusyTime.objects.get().busy.lower) == ("confirmed-0-0", 0, at("10:00"))


def opened(link: str) -> HttpResponse:
    response: HttpResponse = Client().get(link)
    return response


def test_a_token_is_long_and_only_its_hash_is_kept(links: dict[str, str]) -> None:
    for purpose, link in links.items():
        token = token_of(link)
        assert len(token) == 43  # 256 bits
        row = BookingLink.objects.get(purpose=purpose)
        assert row.token_hash == hash_token(token)
        assert token not in str([getattr(row, field.attname) for field in BookingLink._meta.fields])


def test_every_page_says_the_least_it_can(booking: Booking, links: dict[str, str]) -> None:
    for page in pages(links):
        words = text(opened(page))
        assert "Spotting the signs" in words
        assert "Monday 25 January 2027, 10am to 11am" in words
        for private in ("Sam", "Asha", "St James", "LS1", "Leeds", "Jo Green", "0113", "nhs.uk", booking.reference):
            assert private not in words, (page, private)


def test_every_page_is_kept_out_of_caches_search_engines_and_referers(links: dict[str, str]) -> None:
    for page in [*pages(links), "/links/cancelled/", "/links/unknown/", "/links/unknown/cancel/"]:
        response = opened(page)
        assert "no-store" in response.headers["Cache-Control"]
        assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
        # With a form the origin alone: under "no-referrer" browsers send "Origin: null", which no form of ours may.
        form = 'method="post"' in without_the_switch(response)
        allowed = {"strict-origin"} if form else {"strict-origin", "no-referrer"}
        assert response.headers["Referrer-Policy"] in allowed
    assert opened(links["change"]).headers["Referrer-Policy"] == "no-referrer"


def test_the_switch_of_language_works_where_a_browser_says_no_origin(links: dict[str, str]) -> None:
    """Under "no-referrer" its form comes with "Origin: null"."""
    browser, page = Client(enforce_csrf_checks=True), links["change"]
    back = browser.post("/language/", {"language": "cy", "next": page}, headers={"origin": "null"})
    assert back.headers["Location"] == page
    assert '<html lang="cy">' in browser.get(page).content.decode()


def test_a_scanner_that_follows_every_link_changes_nothing(booking: Booking, links: dict[str, str]) -> None:
    scanner, seen = Client(), set()
    waiting = list(links.values())
    while waiting:
        page = waiting.pop()
        if page in seen:
            continue
        seen.add(page)
        for ask in (scanner.head, scanner.get, scanner.options):
            response = ask(page)
        body = scanner.get(page).content.decode()
        waiting += [found for found in re.findall(r'href="(/links/[^"#]*)"', body) if "week=" not in found]
        waiting += [response.url] if response.status_code == 302 else []
    assert len(seen) >= 3
    assert unchanged(booking)
    assert not Notification.objects.exists()
    assert opened(links["cancel"]).status_code == 200


def test_the_time_is_changed_by_the_button_alone(booking: Booking, links: dict[str, str]) -> None:
    client = Client()
    page = text(client.get(links["change"]))
    assert "You can do that until the end of Thursday 21 January 2027. Opening this page has changed nothing." in page
    check = client.post(f"{links['change']}time/", {"start": TWO}, follow=True)
    assert unchanged(booking)
    fields = dict(re.findall(r'<input type="hidden" name="(start|version)" value="([^"]*)"', check.content.decode()))
    done = client.post(f"{links['change']}time/check/", fields, follow=True)
    assert "Your presentation has moved to Monday 25 January 2027, 2pm to 3pm." in text(done)
    assert "has changed nothing" not in text(done)
    event = booking.events.get()
    assert (event.by, event.changes["by_link"]) == (None, True)
    assert BusyTime.objects.get().busy.lower == at("14:00")


def test_cancelling_is_done_by_the_button_alone_and_once(booking: Booking, links: dict[str, str]) -> None:
    client = Client()
    assert "Cancel this presentation?" in text(client.get(links["cancel"]))
    done = client.post(links["cancel"], {"reason": "Nobody is in"}, follow=True)
    assert "The presentation is cancelled" in text(done)
    booking.refresh_from_db()
    assert (booking.state, booking.closed_reason, booking.events.get().changes) == (
        BookingState.CANCELLED,
        "Nobody is in",
        {"by_link": True},
    )
    assert client.post(links["cancel"], {"reason": ""}).status_code == 404
    assert booking.events.count() == 1


def test_a_link_is_for_one_purpose(booking: Booking, links: dict[str, str]) -> None:
    change, cancelling = token_of(links["change"]), token_of(links["cancel"])
    for page in (f"/links/{change}/cancel/", f"/links/{cancelling}/", f"/links/{cancelling}/time/check/"):
        for answer in (Client().get(page), Client().post(page, SENT)):
            assert answer.status_code in (404, 405)
    assert unchanged(booking)


def test_every_link_that_does_not_work_gets_one_same_page(
    booking: Booking, links: dict[str, str], clock: time_machine.Traveller
) -> None:
    def over(link: str) -> tuple[int, str]:
        response = opened(link)
        return response.status_code, text(response)

    unknown = over(f"/links/{'A' * 43}/")
    assert unknown[0] == 404
    assert "This link does not work" in unknown[1]
    others = [
        f"/links/{'A' * 43}/cancel/",
        "/links/short/",
        f"/links/{token_of(links['change'])}x/",
        f"/links/{'A' * 2000}/time/",
    ]
    for link in others:
        assert over(link) == unknown
    cancel_booking(booking=booking, by=booking.person.user, now=NOW)  # used, or cancelled by somebody else
    assert [over(link) for link in links.values()] == [unknown, unknown]
    Booking.objects.update(state=BookingState.CONFIRMED)
    Person.objects.update(email="sam.taylor@york.nhs.uk")  # sent to an address that is theirs no longer
    assert [over(link) for link in links.values()] == [unknown, unknown]
    Person.objects.update(email="Sam@Leeds.nhs.uk")
    assert [over(link)[0] for link in links.values()] == [200, 200]
    clock.move_to(at("10:00"))  # expired
    assert [over(link) for link in links.values()] == [unknown, unknown]


def test_a_link_never_outlives_a_presentation_that_was_moved_forward(booking: Booking, links: dict[str, str]) -> None:
    reschedule(booking=booking, start=at("09:00"), expected=booking.version, by=None, now=NOW, override_reason="Must")
    with time_machine.travel(at("09:30"), tick=False):
        assert opened(links["cancel"]).status_code == 404


def test_after_the_cut_off_only_cancelling_is_left(
    booking: Booking, links: dict[str, str], clock: time_machine.Traveller
) -> None:
    clock.move_to(at("09:00", date(2027, 1, 22)))
    found = text(opened(links["change"]))
    assert "Please call us on" in found
    assert "Sign in to see the whole booking or to cancel." in found
    assert opened(f"{links['change']}time/check/?start=2027-02-08T10:00Z").url == f"{links['change']}time/"
    Client().post(f"{links['change']}time/check/", {**SENT, "start": "2027-02-08T10:00Z"})
    assert unchanged(booking)
    assert set(links_for(booking)) == {"cancel"}
    Client().post(links["cancel"], {"reason": ""})
    booking.refresh_from_db()
    assert booking.state == BookingState.CANCELLED


def test_guessing_and_opening_are_limited_by_address(
    booking: Booking, links: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookings.booking.views.bookings.LINK_RATE_LIMIT", (3, timedelta(hours=1)))
    statuses = [opened(f"/links/{letter * 43}/").status_code for letter in "ABCDE"]
    assert statuses == [404, 404, 404, 429, 429]
    assert Client().post(links["cancel"], {"reason": ""}).status_code == 429
    assert unchanged(booking)
    assert Client(REMOTE_ADDR="192.0.2.9").get(links["change"]).status_code == 200


def test_its_owner_who_is_signed_in_sees_everything(client: Client, booking: Booking, links: dict[str, str]) -> None:
    sign_in(client, booking.person)
    assert client.get(links["change"]).url == f"/bookings/{booking.reference}/"
    sign_in(client, make_person(email="other@leeds.nhs.uk"))
    assert client.get(links["change"]).status_code == 200


def test_its_history_says_that_they_did_it(client: Client, booking: Booking, links: dict[str, str]) -> None:
    Client().post(links["cancel"], {"reason": ""})
    sign_in(client, booking.person)
    assert "You cancelled it." in text(client.get(f"/bookings/{booking.reference}/"))


def test_links_last_until_the_presentation_and_what_is_over_goes(booking: Booking) -> None:
    make_booking_links(booking=booking, address=booking.person.email, purposes=[LinkPurpose.CANCEL], now=NOW)
    row = BookingLink.objects.get()
    assert (row.created_at, row.expires_at) == (NOW, at("10:00"))
    Booking.objects.update(starts_at=at("10:00", MONDAY + timedelta(days=400)), ends_at=at("11:00", MONDAY + timedelta(days=400)))
    booking.refresh_from_db()
    make_booking_links(booking=booking, address=booking.person.email, purposes=[LinkPurpose.CANCEL], now=at("10:00"))
    assert BookingLink.objects.get().expires_at == at("10:00") + LINK_LIFETIME


def test_erasing_the_person_takes_their_links(booking: Booking, links: dict[str, str]) -> None:
    erase_bookings(booking.person, NOW)
    assert not BookingLink.objects.exists()


@pytest.mark.parametrize("kind", ["booking-confirmed", "booking-reminder", "booking-moved", "booking-changed"])
def test_an_email_is_made_with_its_own_links_and_the_copy_has_none(booking: Booking, kind: str) -> None:
    notify(kind=kind, about=f"booking:{booking.pk}", to=[booking.person.email], now=NOW, version=0)
    row = Notification.objects.get()
    rendered = rendering.render(get_email_class(kind)(row).message())
    found = re.findall(rf"{settings.SITE_URL}(/links/\S+)", rendered.text)
    assert len(found) == len(set(found)) == 2
    assert [opened(link).status_code for link in found] == [200, 200]
    kept = rendered.without_private_links()
    for body in (kept.subject, kept.text, kept.html):
        assert "/links/" not in body
    assert kept.text.count("[private link]") == 2


def test_every_page_keeps_to_its_statements(links: dict[str, str]) -> None:
    for page in pages(links):
        with CaptureQueriesContext(connection) as queries:
            assert opened(page).status_code == 200
        assert len(queries) <= 12, (page, len(queries))


def test_every_purpose_has_its_page() -> None:
    assert set(URL_NAME_BY_PURPOSE) == set(LinkPurpose)

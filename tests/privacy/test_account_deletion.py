"""Delete my account; erasure and a copy of all data on request. What was done is written down, by key alone."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from bookings.models import Booking, BookingState, PlaceState, SessionPlace
from leaflets.models import Order, OrderState
from notifications.delivery import smtp
from notifications.delivery.services import deliver
from notifications.models import Notification, NotificationState
from privacy.models import DataAction, DataActionKind, DataActionReason
from privacy.services import HasStaffAccount, erase_person
from professionals.models import Person
from tests.accounts.factors.proof import grow_old
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import make_booking, make_presenter
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.factories import make_order
from tests.notifications.conftest import mail_server
from tests.professionals.mailing import mails_to

__all__ = ["mail_server"]
pytestmark = pytest.mark.django_db

DELETE = "/account/delete/"
ADDRESS = "nadia@leeds.nhs.uk"


@pytest.fixture
def person() -> Person:
    return make_person(name="Nadia Rahman", email=ADDRESS)


@pytest.fixture
def ahead(person: Person) -> dict[str, object]:
    """A booking, a place and an order, all to come."""
    now = timezone.now()
    day = (now + timedelta(days=30)).replace(hour=10, minute=0, second=0, microsecond=0)
    presenter = make_presenter(email="presenter@ctac.example")
    booking = make_booking(presenter, day, person=person)
    session = make_session(make_presenter(), day + timedelta(days=3))
    return {"booking": booking, "place": make_place(session, person=person), "order": make_order(person, now)}


def actions() -> list[tuple[object, ...]]:
    return list(DataAction.objects.order_by("pk").values_list("person", "done", "reason", "by"))


def test_it_says_first_what_happens_and_a_press_without_the_tick_changes_nothing(client, person, ahead):
    page = sign_in(client, person).get(DELETE).content.decode()
    assert "We will cancel 1 presentation that you booked, and tell its presenter." in page
    assert "Your place at 1 open session will go to the next person on the waiting list." in page
    assert "We will cancel 1 leaflet order." in page
    assert "We keep counts without names" in page

    refused = client.post(DELETE)

    assert "Tick the box if you want to delete your account." in refused.content.decode()
    assert Person.objects.get().name == "Nadia Rahman"
    assert actions() == []


def test_who_has_nothing_ahead_reads_of_nothing_cancelled(client, person):
    page = sign_in(client, person).get(DELETE).content.decode()
    assert [words for words in ("presentation that you booked", "open session", "leaflet order") if words in page] == []


def test_what_lies_ahead_is_cancelled_the_presenter_is_told_and_figures_stay(client, person, ahead):
    elsewhere = sign_in(Client(), person)

    response = sign_in(client, person).post(DELETE, {"sure": "on"})

    assert (response.status_code, response["Location"]) == (302, "/account/deleted/")
    assert "Your account is deleted" in client.get("/account/deleted/").content.decode()
    assert [browser.get("/account/details/").status_code for browser in (client, elsewhere)] == [302, 302]
    assert not User.objects.filter(email=ADDRESS).exists()
    booking, place, order = Booking.objects.get(), SessionPlace.objects.get(), Order.objects.get()
    assert (booking.state, place.state, order.state) == (BookingState.CANCELLED, PlaceState.GIVEN_UP, OrderState.CANCELLED)
    assert Notification.objects.filter(kind="presenter-cancelled", recipient="presenter@ctac.example").exists()
    kept = Person.objects.get()
    assert (kept.name, kept.profession, kept.erased_at is None) == ("Erased", "health-visitor", False)
    assert (booking.postcode, booking.audience_size, order.lines.get().copies) == ("LS1", 8, 5)
    assert actions() == [(kept.pk, DataActionKind.ERASED, DataActionReason.OWN, None)]


def test_a_last_email_says_that_it_is_done_and_then_its_row_forgets_the_address(client, person, mail_server):
    sign_in(client, person).post(DELETE, {"sure": "on"})
    [mail] = mails_to(ADDRESS)
    assert mail.subject == "We have erased your details"
    assert "You deleted your account." in mail.text
    row, inbox = Notification.objects.get(recipient=ADDRESS), mail_server()

    deliver(row.pk)
    smtp.close_connection()

    row.refresh_from_db()
    assert (row.state, row.recipient, row.sealed_body) == (NotificationState.SENT, "", None)
    assert inbox.recipients == [ADDRESS]


def test_who_signed_in_a_while_ago_shows_again_who_they_are(client, person):
    old = grow_old(sign_in(client, person))
    assert [old.get(DELETE).status_code, old.post(DELETE, {"sure": "on"}).status_code] == [302, 302]
    assert Person.objects.get().name == "Nadia Rahman"


def test_nothing_is_erased_while_a_presenter_is_on_the_way(client, person):
    now = timezone.now()
    make_booking(make_presenter(), now - timedelta(minutes=10), person=person)
    page = sign_in(client, person).post(DELETE, {"sure": "on"}).content.decode()
    assert "A presenter may be with you or on the way to you" in page
    assert Person.objects.get().name == "Nadia Rahman"
    assert mails_to(ADDRESS) == []


def test_staff_are_told_to_ask_a_manager(client):
    user = make_staff()
    person = make_person(user=user, email=user.email)
    browser = sign_in_staff(client, user)
    assert "You have a staff account. Ask a manager to close it first" in browser.get(DELETE).content.decode()
    assert browser.post(DELETE, {"sure": "on"}).status_code == 200
    assert Person.objects.get(pk=person.pk).erased_at is None


def test_the_page_takes_few_statements(client, person, ahead, django_assert_num_queries):
    sign_in(client, person)
    with django_assert_num_queries(7):
        client.get(DELETE)


def of(person: Person, slug: str) -> str:
    return f"/staff/professionals/person/{person.pk}/do/{slug}/"


def test_a_manager_gives_a_copy_and_it_is_written_down(person):
    manager = make_staff(role="manager")
    browser = sign_in_staff(Client(), manager)
    assert browser.post(of(person, "give-data")).status_code == 200
    assert actions() == []

    response = browser.post(of(person, "give-data"), {"sure": "on", "file_form": "json"})

    assert json.loads(response.content)["person"]["name"] == "Nadia Rahman"
    assert actions() == [(person.pk, DataActionKind.GIVEN, DataActionReason.ASKED, manager.pk)]
    shown = browser.get("/staff/privacy/dataaction/").content.decode()
    assert ("A copy was given" in shown, "Nadia" in shown) == (True, False)


def test_a_manager_erases_on_request_and_the_person_is_told(person):
    manager = make_staff(role="manager")
    browser = sign_in_staff(Client(), manager)

    assert browser.post(of(person, "erase"), {"sure": "on"}).status_code == 302

    assert actions() == [(person.pk, DataActionKind.ERASED, DataActionReason.ASKED, manager.pk)]
    [mail] = mails_to(ADDRESS)
    assert "We have erased what we held about you" in mail.text
    assert browser.post(of(person, "erase"), {"sure": "on"}).status_code == 302  # which is not there any more
    assert len(actions()) == 1


@pytest.mark.parametrize("slug", ["erase", "give-data"])
def test_both_are_a_managers_and_ask_again(person, slug):
    coordinator = sign_in_staff(Client(), make_staff(role="coordinator"))
    assert coordinator.post(of(person, slug), {"sure": "on", "file_form": "html"}).status_code == 403
    old = grow_old(sign_in_staff(Client(), make_staff(role="manager")))
    assert old.post(of(person, slug), {"sure": "on", "file_form": "html"}).status_code == 302
    assert Person.objects.get(pk=person.pk).name == "Nadia Rahman"
    assert actions() == []


def test_nobody_with_a_staff_account_is_erased_by_whatever_way():
    """Not by a page alone: a last manager would go that way, and a colleague's work lose its author."""
    person = make_person(user=make_staff(role="manager"))
    with pytest.raises(HasStaffAccount):
        erase_person(person, by=None, now=timezone.now())
    person.refresh_from_db()
    assert (person.erased_at, person.user.is_staff) == (None, True)

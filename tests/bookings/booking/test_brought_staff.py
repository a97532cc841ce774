"""What staff, presenters and the next order know of leaflets that are brought."""

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from bookings.booking import emails as booking_emails
from bookings.booking.services.transitions import cancel_booking
from bookings.models import Booking, Presenter
from core.errors import DomainError
from leaflets.models import CopiesToBring, Edition, Order
from leaflets.orders.queries import delivery_addresses
from leaflets.orders.services.change import OrderChange, change_order, change_page_digest, ordered_titles
from leaflets.orders.services.transitions import dispatch_order, start_packing
from notifications.models import Notification
from professionals.models import Person
from tests.bookings.booking.test_flow_statements import statements
from tests.bookings.flow import text
from tests.bookings.placed import place
from tests.bookings.rows import NOW, at, make_presenter
from tests.factories import make_staff, sign_in, sign_in_staff
from tests.leaflets.factories import make_edition, make_order

pytestmark = pytest.mark.django_db
DAY = f"/staff/mine/day/?day={at('10:00').date()}"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel", user=make_staff(), hours=("09:00", "17:00"))


@pytest.fixture
def edition() -> Edition:
    return make_edition(NOW, slug="general", title="For everybody", stock=50)


def book_with_leaflets(person: Person, clock: str = "10:00", copies: int = 5) -> Booking:
    place(person, at(clock), leaflets=[CopiesToBring("general", "For everybody", copies)])
    return Booking.objects.with_related().with_leaflets().latest("pk")


def pack_and_give_away(order: Order) -> None:
    start_packing(order=order, by=None, now=NOW)
    dispatch_order(order=order, by=None, now=NOW)


def test_the_presenters_day_says_what_to_bring_and_whether_it_is_packed(
    client: Client, presenter: Presenter, person: Person, edition: Edition
) -> None:
    book_with_leaflets(person)
    sign_in_staff(client, presenter.user)
    order = Order.objects.get()
    assert f"Leaflets to bring 5 × For everybody {order.reference}: not packed yet" in text(client.get(DAY))
    start_packing(order=order, by=None, now=NOW)
    assert "it is being packed" in text(client.get(DAY))
    dispatch_order(order=order, by=None, now=NOW)
    assert "packed, and given to the presenter" in text(client.get(DAY))
    assert "5 × For everybody" in text(client.get(f"/staff/mine/visits/{Booking.objects.get().reference}/"))
    one = statements(client, "get", DAY)
    book_with_leaflets(person, "12:00")
    book_with_leaflets(person, "14:00")
    assert statements(client, "get", DAY) == one


def test_staff_read_which_visit_an_order_is_for_and_which_order_a_visit_has(
    client: Client, presenter: Presenter, person: Person, edition: Edition
) -> None:
    booking, order = book_with_leaflets(person, copies=60), Order.objects.get()
    sign_in_staff(client, make_staff())
    page = text(client.get(f"/staff/leaflets/order/{order.pk}/change/"))
    assert f"Brought by the presenter Booking {booking.reference}" in page
    assert f"Visit {booking.reference} , Asha Patel, Monday 25 January 2027, 10am to 11am" in page
    assert "Brought by the presenter: Mon 25 Jan 2027, 10am" in text(client.get("/staff/leaflets/order/"))
    page = text(client.get(f"/staff/bookings/booking/{booking.pk}/change/"))
    assert f"50 × For everybody {order.reference} (Received) Out of stock when it was booked: 10 × For everybody" in page


def test_the_emails_say_what_to_bring_and_what_to_bring_back(presenter: Presenter, person: Person, edition: Edition) -> None:
    booking = book_with_leaflets(person)
    note = Notification(created_at=NOW, recipient="asha@ctac.test", version=1)
    booked = booking_emails.PresenterBooked(note, booking=booking, news="").message()
    assert "5 × For everybody" in str(booked.context["day_rows"])
    assert "5 × For everybody" in str(booking_emails.StaffNewBooking(note, booking=booking).context()["day_rows"])
    assert b"You have leaflets to bring" in b"".join(booked.calendar.split(b"\r\n "))
    pack_and_give_away(Order.objects.get())
    booking = Booking.objects.with_related().with_leaflets().get()
    handed = booking_emails.PresenterFreed(note, booking=booking, in_calendars=False).context()
    assert "please hand them to the team" in str(handed["back_rows"])
    cancel_booking(booking=booking, by=None, now=NOW)
    booking = Booking.objects.with_related().with_leaflets().get()
    closed = booking_emails.PresenterCancelled(note, booking=booking, in_calendars=True).context()
    assert "Please bring them back" in str(closed["back_rows"])
    cancelled = booking_emails.StaffBookingCancelled(note, booking=booking).context()
    assert "Count what comes back into stock" in str(cancelled["back_rows"])


def test_the_next_order_by_post_goes_where_the_last_one_went(
    client: Client, presenter: Presenter, person: Person, edition: Edition
) -> None:
    make_order(person, NOW, {edition.leaflet: 1})
    book_with_leaflets(person)
    last = delivery_addresses(person.pk).last
    assert last is not None
    assert last.address_line_1 == "1 Park Row"
    sign_in(client, person)
    client.post(f"/orders/{Order.objects.get(visit_reference__gt='').reference}/again/")
    assert 'value="1 Park Row"' in client.get("/order/delivery/").content.decode()


def test_what_is_brought_is_left_out_as_a_whole_and_not_changed(
    client: Client, presenter: Presenter, person: Person, edition: Edition
) -> None:
    book_with_leaflets(person)
    order = Order.objects.get()
    sign_in(client, person)
    assert client.get(f"/orders/{order.reference}/change/").url == order.get_absolute_url()
    assert "Change this order" not in text(client.get(order.get_absolute_url()))
    titles = ordered_titles(order.lines.in_catalogue_order(), {})
    with pytest.raises(DomainError, match="Our presenter will bring these leaflets, so you can cancel"):
        change_order(
            order=order,
            change=OrderChange({}, order.delivery, change_page_digest(titles, order.delivery)),
            by=person.user,
            now=NOW,
        )

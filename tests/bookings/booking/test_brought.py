"""Leaflets for the audience: asked for while booking, brought by the presenter, given back when the visit is off."""

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from bookings.booking.services.transitions import cancel_booking, decline_booking
from bookings.models import Booking, Presentation, VisitLeaflets
from leaflets.models import Edition, Order, OrderState, StockMovement
from leaflets.orders.services.transitions import dispatch_order, start_packing
from leaflets.stock.services import ledger_differences
from notifications.models import Notification
from privacy.services import erase_person
from professionals.models import Person, Profession
from tests.bookings.booking.test_flow_statements import statements
from tests.bookings.flow import DETAILS, TEN, WHERE, confirm, hidden, text
from tests.bookings.rows import NOW
from tests.factories import sign_in
from tests.leaflets.factories import make_edition

pytestmark = pytest.mark.django_db
HERE, CHECK = "/book/signs/leaflets/", "/book/signs/check/"
FOR_VISITORS = {**WHERE, "audience_profession": Profession.HEALTH_VISITOR}


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def general() -> Edition:
    return make_edition(NOW, slug="general", title="For everybody", stock=20)


@pytest.fixture
def visitors(general: Edition) -> Edition:
    """For one profession, and later in the catalogue."""
    return make_edition(
        NOW, slug="visitors", title="For visitors", stock=50, audience=Profession.HEALTH_VISITOR, most_per_order=30
    )


def ask(client: Client, start: str = TEN, **copies: str) -> None:
    """Up to the check page, with so many copies of each title."""
    assert client.post("/book/signs/where/", {**FOR_VISITORS, "leaflets": "on"}).url == "/book/signs/when/"
    assert client.post("/book/signs/when/", {"start": start}).url == HERE
    assert client.post(HERE, copies).url == CHECK


def booked(client: Client, person: Person, **copies: str) -> Booking:
    sign_in(client, person)
    ask(client, **copies)
    assert confirm(client).status_code == 302
    return Booking.objects.get()


def figures(*editions: Edition) -> list[tuple[int, int]]:
    assert list(ledger_differences()) == []
    return [(now.on_hand, now.allocated) for now in (Edition.objects.get(pk=each.pk) for each in editions)]


def test_who_asks_chooses_on_a_page_of_its_own(
    client: Client, presentation: Presentation, person: Person, general: Edition, visitors: Edition
) -> None:
    make_edition(NOW, title="Sold out", stock=0)
    sign_in(client, person)
    ask(client)
    page = text(client.get(HERE))
    assert "12 people will come" in page
    assert "Sold out" not in page
    assert page.index("For visitors") < page.index("For everybody")
    assert "We can bring up to 30 copies" in page
    wrong = client.post(HERE, {"visitors": "31", "general": "lots"})
    assert "You can have 30 copies of “For visitors” now. Enter 30 or fewer." in text(wrong)
    assert "Enter how many copies of “For everybody” as a whole number" in text(wrong)
    assert 'value="lots"' in wrong.content.decode()
    assert "There are only 20 copies of “For everybody” in stock." in text(client.post(HERE, {"general": "21"}))
    assert client.post(HERE, {"visitors": "30", "general": "0"}).url == CHECK
    assert "For visitors 30 copies" in text(client.get(CHECK))
    assert 'name="visitors" value="30"' in client.get(HERE).content.decode()


def test_who_asks_for_none_goes_the_same_way_and_can_still_add_some(
    client: Client, presentation: Presentation, person: Person, general: Edition
) -> None:
    sign_in(client, person)
    ask(client)
    page = client.get(CHECK)
    assert "Leaflets for your audience Change : Leaflets for your audience To bring None" in text(page)
    assert f'href="{HERE}?change=1"' in page.content.decode()
    assert confirm(client).status_code == 302
    assert not VisitLeaflets.objects.exists()
    assert not Order.objects.exists()


def test_online_nothing_is_brought_and_the_pdfs_are_named(
    client: Client, presentation: Presentation, person: Person, general: Edition
) -> None:
    sign_in(client, person)
    ask(client, general="5")
    client.post("/book/signs/where/", {**DETAILS, "format": "online", "leaflets": "on"})
    assert client.post("/book/signs/when/", {"start": TEN}).url == CHECK
    assert client.get(HERE).url == CHECK
    assert "Everybody can download them as PDFs" in text(client.get(CHECK))
    client.post("/book/signs/where/?change=1", {**WHERE, "leaflets": "on"})
    client.post("/book/signs/when/", {"start": TEN})
    assert "For everybody 5 copies" in text(client.get(CHECK))  # whoever thinks again has lost nothing
    client.post("/book/signs/where/?change=1", {**DETAILS, "format": "online"})
    client.post("/book/signs/when/", {"start": TEN})
    confirm(client)
    assert not Order.objects.exists()


def test_the_booking_promises_its_leaflets_and_tells_of_them_itself(
    client: Client, presentation: Presentation, person: Person, general: Edition, visitors: Edition
) -> None:
    booking = booked(client, person, visitors="12", general="5")
    order = Order.objects.get()
    assert (order.state, order.postcode, order.address_line_1) == (OrderState.RECEIVED, "LS1 4AP", "")
    assert order.address == ["Brought by the presenter", f"Booking {booking.reference}"]
    assert figures(visitors, general) == [(50, 12), (20, 5)]
    assert not Notification.objects.filter(about__startswith="order:").exists()
    placed = text(client.get(f"/bookings/{booking.reference}/placed/"))
    assert "Leaflets we bring 5 × For everybody 12 × For visitors" in placed
    assert "order the rest by post" not in placed
    page = text(client.get(order.get_absolute_url()))
    assert f"How it comes Brought by the presenter Booking {booking.reference}" in page
    assert "Cancel this order" in page
    assert "Brought by the presenter" in text(client.get("/my/"))


def test_what_ran_out_meanwhile_is_said_and_never_in_the_way(
    client: Client, presentation: Presentation, person: Person, general: Edition, visitors: Edition
) -> None:
    sign_in(client, person)
    ask(client, visitors="12", general="5")
    answers = hidden(client.get(CHECK))
    Edition.objects.filter(pk=visitors.pk).update(on_hand=8)
    Edition.objects.filter(pk=general.pk).update(on_hand=0)
    assert "8 copies: you asked for 12" in text(client.get(CHECK))
    assert "None: you asked for 5" in text(client.get(CHECK))
    client.post(CHECK, answers)
    placed = text(client.get(f"/bookings/{Booking.objects.get().reference}/placed/"))
    assert "Leaflets we bring 8 × For visitors Leaflets we can’t bring 4 × For visitors 5 × For everybody" in placed
    assert "order the rest by post" in placed


def test_a_booking_is_made_also_if_not_one_copy_is_left(
    client: Client, presentation: Presentation, person: Person, general: Edition
) -> None:
    sign_in(client, person)
    ask(client, general="5")
    answers = hidden(client.get(CHECK))
    Edition.objects.filter(pk=general.pk).update(state="withdrawn")
    client.post(CHECK, answers)
    assert VisitLeaflets.objects.get().order is None
    page = text(client.get(f"/bookings/{Booking.objects.get().reference}/"))
    assert "None: we have no copies at the moment Leaflets we can’t bring 5 × For everybody" in page


def test_they_count_against_the_limits_of_the_workplace_visited(
    client: Client, presentation: Presentation, person: Person, general: Edition
) -> None:
    leaflet = general.leaflet
    leaflet.most_per_order, leaflet.most_per_person, leaflet.most_per_workplace = 6, 8, 9
    leaflet.save()
    booked(client, person, general="6")
    ask(client, "2027-02-01T10:00Z")
    assert "We can bring up to 2 copies" in text(client.get(HERE))
    assert "You can have 2 copies of “For everybody” now." in text(client.post(HERE, {"general": "6"}))


@pytest.mark.parametrize("packed", [False, True])
def test_cancelling_the_booking_gives_its_leaflets_back_once(
    client: Client, presentation: Presentation, person: Person, general: Edition, packed: bool
) -> None:
    booking = booked(client, person, general="5")
    order = Order.objects.get()
    if packed:
        start_packing(order=order, by=None, now=NOW)
    client.post(f"/bookings/{booking.reference}/cancel/", {"reason": ""})
    client.post(f"/bookings/{booking.reference}/cancel/", {"reason": ""})
    order.refresh_from_db()
    assert order.state == OrderState.CANCELLED
    assert figures(general) == [(20, 0)]
    assert StockMovement.objects.filter(kind="released").count() == 1
    assert not Notification.objects.filter(kind="order-cancelled").exists()
    assert f"The leaflet order {order.reference} is cancelled too" in text(client.get(f"/bookings/{booking.reference}/"))


def test_what_the_presenter_was_given_stays_given(
    client: Client, presentation: Presentation, person: Person, general: Edition
) -> None:
    booking = booked(client, person, general="5")
    order = Order.objects.get()
    start_packing(order=order, by=None, now=NOW)
    dispatch_order(order=order, by=None, now=NOW)
    assert "Given to the presenter" in text(client.get(order.get_absolute_url()))
    cancel_booking(booking=booking, by=None, now=NOW)
    order.refresh_from_db()
    assert order.state == OrderState.DISPATCHED
    assert figures(general) == [(15, 0)]


def test_declining_a_request_gives_them_back(
    client: Client, presentation: Presentation, person: Person, general: Edition
) -> None:
    """A request promises them at once, as it keeps its time."""
    Person.objects.filter(pk=person.pk).update(email="sam@new-nursing.example")
    booking = booked(client, Person.objects.get(pk=person.pk), general="5")
    assert (booking.state, figures(general)) == ("requested", [(20, 5)])
    decline_booking(booking=booking, reason="We were there in May.", by=None, now=NOW)
    assert figures(general) == [(20, 0)]


def test_the_host_can_leave_them_out_and_keep_the_booking(
    client: Client, presentation: Presentation, person: Person, general: Edition
) -> None:
    booking = booked(client, person, general="5")
    order = Order.objects.get()
    assert "Your booking stays as it is" in text(client.get(f"{order.get_absolute_url()}cancel/"))
    client.post(f"{order.get_absolute_url()}cancel/")
    assert f"None: the leaflet order {order.reference} is cancelled" in text(client.get(f"/bookings/{booking.reference}/"))
    booking.refresh_from_db()
    assert (booking.state, figures(general)) == ("confirmed", [(20, 0)])
    cancel_booking(booking=booking, by=None, now=NOW)
    assert figures(general) == [(20, 0)]


def test_asking_for_leaflets_keeps_to_the_statements(
    client: Client, presentation: Presentation, person: Person, general: Edition, visitors: Edition
) -> None:
    sign_in(client, person)
    ask(client, visitors="12", general="5")
    assert statements(client, "get", HERE) <= 12
    assert statements(client, "get", CHECK) <= 12
    answers = hidden(client.get(CHECK))
    assert statements(client, "post", CHECK, answers) <= 40  # a booking and an order
    reference = Booking.objects.get().reference
    assert statements(client, "get", f"/bookings/{reference}/placed/") <= 12


def test_erasing_a_person_gives_the_leaflets_of_their_visits_back(
    client: Client, presentation: Presentation, person: Person, general: Edition
) -> None:
    booked(client, person, general="5")
    erase_person(person, by=None, now=NOW)
    assert figures(general) == [(20, 0)]
    assert (Order.objects.get().name, Order.objects.get().state) == ("Erased", OrderState.CANCELLED)

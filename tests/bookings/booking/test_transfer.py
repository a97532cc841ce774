"""A colleague takes over what somebody has still to come: all or nothing, both told, calendars right, staff alone."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from bookings.booking.services.assign import NothingToTransferError, transfer_bookings
from bookings.booking.services.links import find_booking_by_link, make_booking_links
from bookings.booking.services.reschedule import reschedule
from bookings.booking.services.transitions import cancel_booking
from bookings.models import Booking, BookingEvent, BookingEventKind, BookingState, Presenter, SessionPlace, VisitLeaflets
from bookings.privacy import export_bookings
from core.errors import DomainError
from leaflets.models import CopiesToBring, Order, OrderChannel, OrderState
from leaflets.orders.services.create import place_order_for_visit
from notifications.models import Notification
from professionals.models import FlaggedText, Person
from tests.bookings.admin.desk import ABOUT_A_CHILD, KEPT
from tests.bookings.booking.test_change_mail import built, entry, goes, words
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.placed import sent
from tests.bookings.rows import LEEDS, NOW, at, make_booking, make_presenter, make_request
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.factories import make_edition, make_order

pytestmark = pytest.mark.django_db
WHY = "Ruth Adeyemi, their manager: Nadia has left"


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel", email="asha@ctac.example")


@pytest.fixture
def nadia() -> Person:
    return make_person(name="Nadia Rahman", email="nadia@leeds.nhs.uk")


@pytest.fixture
def omar(nadia: Person) -> Person:
    return make_person(name="Omar Aziz", email="omar@leeds.nhs.uk", organisation=nadia.organisation)


@pytest.fixture
def booking(presenter: Presenter, nadia: Person) -> Booking:
    return make_booking(presenter, at("10:00"), person=nadia)


def give(before: Person, after: Person) -> list[Booking]:
    return transfer_bookings(person=before, to=after, by=None, reason=WHY, now=NOW)


def owners() -> list[tuple[str, str]]:
    return [(each.state, each.person.name) for each in Booking.objects.select_related("person").order_by("pk")]


def test_all_that_is_to_come_is_the_colleagues(booking: Booking, presenter: Presenter, nadia: Person, omar: Person) -> None:
    make_request(person=nadia)
    make_booking(presenter, at("10:00") - timedelta(days=60), person=nadia, state=BookingState.DELIVERED)
    off = make_booking(presenter, at("14:00"), person=nadia)
    cancel_booking(booking=off, by=None, now=NOW)

    given = give(nadia, omar)

    assert owners() == [
        ("confirmed", "Omar Aziz"),
        ("requested", "Omar Aziz"),
        ("delivered", "Nadia Rahman"),
        ("cancelled", "Nadia Rahman"),
    ]
    assert len(given) == 2


def test_time_and_presenter_stay_and_it_stands_in_the_history(booking: Booking, nadia: Person, omar: Person) -> None:
    manager = make_staff()
    transfer_bookings(person=nadia, to=omar, by=manager, reason=WHY, now=NOW)

    now = Booking.objects.get()
    assert (now.starts_at, now.presenter, now.sequence) == (booking.starts_at, booking.presenter, booking.sequence + 1)
    [event] = BookingEvent.objects.filter(kind=BookingEventKind.HANDED_OVER)
    assert (event.by, event.reason) == (manager, WHY)
    assert event.changes == {"person": [nadia.pk, omar.pk], "sequence": 1}


def test_both_are_told_and_the_presenter_anew(booking: Booking, nadia: Person, omar: Person) -> None:
    give(nadia, omar)

    assert sent(booking) == [
        ("booking-given-away", nadia.email, 1),
        ("booking-taken-over", omar.email, 1),
        ("presenter-booked", "asha@ctac.example", 1),
    ]
    assert [goes(kind) for kind, _to, _version in sent(booking)] == [True, True, True]


def test_the_entry_leaves_the_one_calendar_and_comes_into_the_other(booking: Booking, nadia: Person, omar: Person) -> None:
    give(nadia, omar)

    method, event = entry(built("booking-given-away"))
    assert (method, event["status"], event["sequence"]) == ("CANCEL", "CANCELLED", 1)
    assert (event["uid"], event["attendee"]) == (booking.ical_uid, "mailto:nadia@leeds.nhs.uk")
    method, event = entry(built("booking-taken-over"))
    assert (method, event["sequence"], event["uid"]) == ("REQUEST", 1, booking.ical_uid)
    assert event["attendee"] == "mailto:omar@leeds.nhs.uk"


def test_who_had_it_reads_no_way_to_it_and_no_joining_link(booking: Booking, nadia: Person, omar: Person) -> None:
    give(nadia, omar)

    given, taken = words("booking-given-away").text, words("booking-taken-over").text
    assert booking.get_absolute_url() not in given
    assert "/link/" not in given
    assert booking.get_absolute_url() in taken


def test_given_back_the_calendar_takes_it_again(booking: Booking, nadia: Person, omar: Person) -> None:
    give(nadia, omar)
    give(omar, nadia)

    method, event = entry(built("booking-taken-over", version=2))
    assert (method, event["sequence"], event["attendee"]) == ("REQUEST", 2, "mailto:nadia@leeds.nhs.uk")
    assert not goes("booking-given-away", version=1)  # it would strike out what is theirs again


def test_what_was_on_its_way_about_the_time_before_still_reaches_them(booking: Booking, nadia: Person, omar: Person) -> None:
    reschedule(booking=booking, start=at("14:00"), expected=booking.version, by=nadia.user, now=NOW)
    give(nadia, omar)

    late = [row.kind for row in Notification.objects.order_by("pk") if not goes(row.kind, pk=row.pk)]
    assert late == ["booking-moved", "presenter-moved", "staff-booking-moved"]
    assert "2pm" in words("presenter-booked").text
    assert "2pm" in words("booking-taken-over").text


def test_links_in_old_emails_end_and_the_pages_are_the_colleagues(booking: Booking, nadia: Person, omar: Person) -> None:
    token = make_booking_links(booking=booking, address=nadia.email, purposes=["cancel"], now=NOW)["cancel"]
    give(nadia, omar)

    assert find_booking_by_link(token=token, purpose="cancel", now=NOW) is None  # type: ignore[arg-type]
    answers = [sign_in(Client(), each).get(booking.get_absolute_url()).status_code for each in (nadia, omar)]
    assert answers == [404, 200]


def test_leaflets_that_are_brought_go_with_it(booking: Booking, nadia: Person, omar: Person) -> None:
    edition = make_edition(NOW, stock=20)
    asked = [CopiesToBring(edition.leaflet.slug, edition.leaflet.title, 5)]
    order = place_order_for_visit(
        person=nadia, by=None, channel=OrderChannel.WEB, asked=asked, visit=booking.reference, postcode=LEEDS, now=NOW
    )
    VisitLeaflets.objects.create(booking=booking, order=order)

    give(nadia, omar)

    assert order is not None
    order.refresh_from_db()
    assert (order.person, order.name, order.state) == (omar, "Omar Aziz", OrderState.RECEIVED)


def test_another_organisation_is_refused(booking: Booking, nadia: Person) -> None:
    with pytest.raises(DomainError, match="That person is from another organisation"):
        give(nadia, make_person())
    assert owners() == [("confirmed", "Nadia Rahman")]


def test_nobody_without_an_organisation_has_colleagues(booking: Booking, nadia: Person, omar: Person) -> None:
    Person.objects.update(organisation=None)

    with pytest.raises(DomainError, match="That person is from another organisation"):
        give(nadia, omar)


def test_who_cannot_be_told_takes_nothing_over(booking: Booking, nadia: Person) -> None:
    with pytest.raises(DomainError, match="That person has no email address"):
        give(nadia, make_person(with_user=False, email="", organisation=nadia.organisation))


def test_nothing_goes_to_oneself_and_nothing_is_said_where_nothing_is(booking: Booking, nadia: Person, omar: Person) -> None:
    with pytest.raises(DomainError, match="That is the same person"):
        give(nadia, nadia)
    with pytest.raises(NothingToTransferError):
        give(omar, nadia)
    assert (sent(booking), owners()) == ([], [("confirmed", "Nadia Rahman")])


# The page


def page_of(person: Person) -> str:
    return f"/staff/professionals/person/{person.pk}/do/hand-over/"


@pytest.fixture
def coordinator() -> Client:
    return sign_in_staff(Client(), make_staff(role="coordinator"))


def test_the_page_shows_what_goes_and_hands_it_over(coordinator: Client, booking: Booking, nadia: Person, omar: Person) -> None:
    with time_machine.travel(NOW, tick=False):
        coordinator = sign_in_staff(Client(), make_staff(role="coordinator"))
        page = coordinator.get(page_of(nadia)).content.decode()
        answer = coordinator.post(page_of(nadia), {"colleague": "OMAR@leeds.nhs.uk", "reason": WHY})

    assert booking.reference in page
    assert "Monday 25 January 2027" in page
    assert (answer.status_code, owners()) == (302, [("confirmed", "Omar Aziz")])


def test_orders_by_post_and_places_stay_and_the_page_says_so(booking: Booking, nadia: Person, omar: Person) -> None:
    order = make_order(nadia, NOW)
    make_place(make_session(None, at("12:00")), person=nadia)
    with time_machine.travel(NOW, tick=False):
        page = sign_in_staff(Client(), make_staff(role="coordinator")).get(page_of(nadia)).content.decode()
    give(nadia, omar)

    assert page.count("Stays as it is") == 2
    assert f"{order.reference}: leaflets by post" in page
    assert "A place at" in page
    assert (Order.objects.get().person, SessionPlace.objects.get().person) == (nadia, nadia)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"colleague": "nobody@leeds.nhs.uk", "reason": WHY}, "We know nobody with that address"),
        ({"colleague": "other@york.nhs.uk", "reason": WHY}, "from another organisation"),
        ({"colleague": "nadia@leeds.nhs.uk", "reason": WHY}, "That is the same person"),
        ({"colleague": "omar@leeds.nhs.uk", "reason": ""}, "There is a problem"),
    ],
)
def test_a_refusal_stands_on_the_page(booking: Booking, nadia: Person, omar: Person, typed: dict[str, str], said: str) -> None:
    make_person(email="other@york.nhs.uk")
    with time_machine.travel(NOW, tick=False):
        answer = sign_in_staff(Client(), make_staff(role="coordinator")).post(page_of(nadia), typed)

    assert (answer.status_code, said in answer.content.decode()) == (200, True)
    assert owners() == [("confirmed", "Nadia Rahman")]


def test_a_reason_like_details_of_a_child_is_asked_about_and_the_lead_told(booking: Booking, nadia: Person, omar: Person) -> None:
    typed = {"colleague": omar.email, "reason": ABOUT_A_CHILD}
    with time_machine.travel(NOW, tick=False):
        browser = sign_in_staff(Client(), make_staff(role="coordinator"))
        asked = browser.post(page_of(nadia), typed)
        assert (asked.status_code, owners()) == (200, [("confirmed", "Nadia Rahman")])
        kept = browser.post(page_of(nadia), {**typed, **KEPT})

    assert "keep_what_i_wrote" in asked.content.decode()
    assert (kept.status_code, owners()) == (302, [("confirmed", "Omar Aziz")])
    flagged = FlaggedText.objects.get()
    assert (flagged.about, flagged.reference) == (f"booking:{booking.pk}:handed-over:1", booking.reference)


@pytest.mark.parametrize("role", ["presenter", "fulfilment", "read-only"])
def test_who_may_not_is_refused(booking: Booking, nadia: Person, omar: Person, role: str) -> None:
    browser = sign_in_staff(Client(), make_staff(role=role))

    assert browser.post(page_of(nadia), {"colleague": omar.email, "reason": WHY}).status_code == 403
    assert owners() == [("confirmed", "Nadia Rahman")]


def test_their_own_data_follows(booking: Booking, nadia: Person, omar: Person) -> None:
    give(nadia, omar)

    assert booking.reference not in str(export_bookings(nadia))
    assert booking.reference in str(export_bookings(omar))

"""Staff pages: found, decided, reassigned, cancelled, booked for a caller; leave; what can't be touched."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import Availability, Booking, BusyTime, Leave, Presentation, Presenter, State
from bookings.places import find_place
from notifications.models import Notification
from professionals.models import Person, User
from tests.bookings.rows import LEEDS, LONDON, MONDAY, NOW, YORK, at, make_booking, make_presentation, make_presenter
from tests.factories import make_organisation, make_person, make_staff, sign_in_staff

pytestmark = pytest.mark.django_db
BOOKINGS = "/staff/bookings/booking/"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def staff() -> User:
    return make_staff()


@pytest.fixture
def desk(client: Client, staff: User) -> Client:
    return sign_in_staff(client, staff)


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel")


def text(response: HttpResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def do(desk: Client, booking: Booking, slug: str, **answers: object) -> HttpResponse:
    response: HttpResponse = desk.post(f"{BOOKINGS}{booking.pk}/do/{slug}/", {"sent": "1", **answers}, follow=True)
    booking.refresh_from_db()
    return response


# --- Finding ---


def test_the_list_says_state_age_and_who_needs_a_presenter(desk: Client, presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"), created_at=NOW - timedelta(days=2))
    make_booking(None, at("12:00"))
    page = text(desk.get(BOOKINGS))
    assert "2 days" in page.replace("\xa0", " ")
    assert "Needs a presenter" in page
    only = desk.get(BOOKINGS, {"needs_presenter": "yes"}).context["cl"].result_list
    assert [booking.presenter for booking in only] == [None]


@pytest.mark.parametrize(
    "filtered", ["state__exact=confirmed", "format__exact=workplace", "channel__exact=web", "starts_at__year=2027"]
)
def test_the_list_filters(desk: Client, presenter: Presenter, filtered: str) -> None:
    booking = make_booking(presenter, at("10:00"))
    make_booking(presenter, at("10:00") + timedelta(days=365), postcode="", state=State.REQUESTED, channel="phone")
    assert list(desk.get(f"{BOOKINGS}?{filtered}").context["cl"].result_list) == [booking]


@pytest.mark.parametrize("term", ["bk 9999xx", "BK-9999-XX", "O'Brien", "OBRIEN@LEEDS.NHS.UK", "yo17hh", "Selby Trust"])
def test_the_list_finds_by_what_is_quoted_on_the_phone(desk: Client, presenter: Presenter, term: str) -> None:
    make_booking(presenter, at("10:00"))
    person = make_person(name="Sam O'Brien", email="obrien@leeds.nhs.uk", organisation=make_organisation("Selby Trust"))
    booking = make_booking(presenter, at("15:00"), postcode=YORK, person=person)
    Booking.objects.filter(pk=booking.pk).update(reference="BK-9999-XX")
    assert list(desk.get(BOOKINGS, {"q": term}).context["cl"].result_list) == [booking]


@pytest.mark.parametrize("path", ["", "{booking}/change/", "{booking}/do/reassign/", "{booking}/do/cancel/", "add/"])
def test_staff_pages_keep_to_their_queries(desk: Client, presenter: Presenter, path: str) -> None:
    booking = make_booking(presenter, at("09:00"))
    desk.get(f"{BOOKINGS}{path.format(booking=booking.pk)}")  # the process learns its content types once
    counts = []
    for hour in (11, 13):
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(f"{BOOKINGS}{path.format(booking=booking.pk)}").status_code == 200
        counts.append(len(queries))
        for minutes in (0, 60):
            make_booking(presenter, at(f"{hour}:00") + timedelta(minutes=minutes))
    assert counts[0] == counts[1]


def test_buttons_say_what_they_do_and_none_leads_to_an_empty_log(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    assert "Book for a caller" in text(desk.get(BOOKINGS))
    assert "Add booking" not in text(desk.get(BOOKINGS))
    assert "Enter leave" in text(desk.get("/staff/bookings/leave/"))
    for path, there in ((f"booking/{booking.pk}", False), (f"presenter/{presenter.pk}", True)):
        page = desk.get(f"/staff/bookings/{path}/change/").content.decode()
        assert ('class="historylink"' in page) == there


# --- Deciding ---


def test_confirm(desk: Client, presenter: Presenter, staff: User) -> None:
    booking = make_booking(presenter, at("10:00"), state=State.REQUESTED)
    do(desk, booking, "confirm")
    assert booking.state == State.CONFIRMED
    assert booking.events.get().by == staff


def test_decline_asks_for_words(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"), state=State.REQUESTED)
    do(desk, booking, "decline", reason="")
    assert booking.state == State.REQUESTED
    do(desk, booking, "decline", reason="We were there in May.")
    assert (booking.state, booking.closed_reason) == (State.DECLINED, "We were there in May.")


def test_cancel(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    do(desk, booking, "cancel", reason="Snow")
    assert (booking.state, booking.sequence) == (State.CANCELLED, 1)


def test_reassign_shows_why_it_is_refused(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    busy, far = make_presenter(name="Tom Adeyemi"), make_presenter(name="Eilidh Fraser", base_postcode=LONDON)
    make_booking(busy, at("10:30"))
    assert "Tom Adeyemi is busy then, or could not get there in time." in text(do(desk, booking, "reassign", presenter=busy.pk))
    assert "It is further than the presenter travels. Give a reason" in text(do(desk, booking, "reassign", presenter=far.pk))
    do(desk, booking, "reassign", presenter=far.pk, override_reason="In Leeds that week")
    assert booking.presenter == far


def test_mark_as_delivered_appears_after_the_start(
    desk: Client, presenter: Presenter, staff: User, clock: time_machine.Traveller
) -> None:
    booking = make_booking(presenter, at("10:00"))
    assert "Mark as delivered" not in text(desk.get(f"{BOOKINGS}{booking.pk}/change/"))
    clock.move_to(at("11:00"))
    sign_in_staff(desk, staff)
    do(desk, booking, "delivered")
    assert booking.state == State.DELIVERED


def test_set_travel_minutes(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    do(desk, booking, "travel", minutes="95", reason="Roadworks")
    claim = BusyTime.objects.get()
    assert (claim.travel_minutes, claim.travel_reason) == (95, "Roadworks")
    do(desk, booking, "travel", minutes="", reason="Open again")
    assert BusyTime.objects.get().travel_minutes is None


def test_the_page_of_a_booking_shows_its_history_and_saves_nothing(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"), state=State.REQUESTED)
    do(desk, booking, "confirm")
    page = desk.get(f"{BOOKINGS}{booking.pk}/change/")
    assert "Confirmed" in text(page)
    assert 'name="_save"' not in page.content.decode()
    desk.post(f"{BOOKINGS}{booking.pk}/change/", {"state": "delivered", "notes": "mine"})
    booking.refresh_from_db()
    assert (booking.state, booking.notes) == (State.CONFIRMED, "")


def test_nothing_of_history_can_be_deleted(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    for path in (
        f"booking/{booking.pk}",
        f"presenter/{presenter.pk}",
        f"presentation/{booking.presentation_id}",
        f"busytime/{booking.busy_time.pk}",
    ):
        assert desk.post(f"/staff/bookings/{path}/delete/", {"post": "yes"}).status_code == 403
    assert Booking.objects.exists()


def test_busy_time_is_there_to_look_at(desk: Client, presenter: Presenter) -> None:
    claim = make_booking(presenter, at("10:00")).busy_time
    assert "Monday 25 January 2027, 10am to 11am" in text(desk.get("/staff/bookings/busytime/"))
    assert desk.get(f"/staff/bookings/busytime/{claim.pk}/change/").status_code == 200
    assert desk.get("/staff/bookings/busytime/add/").status_code == 403
    desk.post(f"/staff/bookings/busytime/{claim.pk}/change/", {"live": ""})
    assert BusyTime.objects.get().live


def test_busy_time_is_said_in_uk_time_in_summer(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00", date(2027, 6, 7)))
    for path in (f"booking/{booking.pk}", f"busytime/{booking.busy_time.pk}"):
        page = text(desk.get(f"/staff/bookings/{path}/change/"))
        assert "Monday 7 June 2027, 11am to midday" in page
        assert "+00:00" not in page


# --- No child's details ---

ABOUT_A_CHILD = "The child is Ana Pop, born 12/03/2014, NHS number 943 476 5919"
KEPT = {"keep_what_i_wrote": "on"}


def told_lead() -> int:
    return Notification.objects.filter(kind="safeguarding-flag").count()


@pytest.mark.parametrize(
    ("slug", "field", "state"),
    [
        ("decline", "reason", State.REQUESTED),
        ("cancel", "reason", State.CONFIRMED),
        ("reassign", "override_reason", State.CONFIRMED),
        ("travel", "reason", State.CONFIRMED),
    ],
)
def test_an_action_asks_about_a_childs_details_and_tells_the_lead_of_what_stays(
    desk: Client, presenter: Presenter, slug: str, field: str, state: State
) -> None:
    booking = make_booking(presenter, at("10:00"), state=state)
    answers = {field: ABOUT_A_CHILD, "presenter": make_presenter().pk, "minutes": "30"}
    assert "This looks like details of a child." in text(do(desk, booking, slug, **answers))
    assert (booking.events.count(), told_lead()) == (0, 0)
    do(desk, booking, slug, **answers, **KEPT)
    assert (booking.events.get().reason, told_lead()) == (ABOUT_A_CHILD, 1)
    assert booking.flagged_child_details == (slug in {"decline", "cancel"})


def test_leave_asks_about_a_childs_details(desk: Client, presenter: Presenter) -> None:
    answers = leave_form(presenter, reason=ABOUT_A_CHILD)
    assert "This looks like details of a child." in text(desk.post("/staff/bookings/leave/add/", answers))
    assert not Leave.objects.exists()
    desk.post("/staff/bookings/leave/add/", {**answers, **KEPT})
    assert (Leave.objects.get().reason, told_lead()) == (ABOUT_A_CHILD, 1)


def test_a_reason_outside_the_rules_asks_about_a_childs_details(desk: Client, presenter: Presenter) -> None:
    answers = caller_form(make_presentation(), **{"how-override_reason": ABOUT_A_CHILD})
    assert "This looks like details of a child." in text(desk.post(f"{BOOKINGS}add/", answers))
    assert not Booking.objects.exists()
    desk.post(f"{BOOKINGS}add/", {**answers, "how-keep_what_i_wrote": "on"})
    assert (Booking.objects.get().flagged_child_details, told_lead()) == (True, 1)


# --- Days far out ---

FAR = ["0001-01-01", "1900-01-01", "2150-01-01", "9999-12-31"]


@pytest.mark.parametrize("day", FAR)
def test_a_call_is_booked_for_no_day_far_out(desk: Client, presenter: Presenter, day: str) -> None:
    page = desk.post(f"{BOOKINGS}add/", caller_form(make_presentation(), **{"what-day": day}))
    assert "Check the year: enter a day between Monday 12 January 2026 and" in text(page)
    assert not Booking.objects.exists()


@pytest.mark.parametrize("field", ["first_day", "last_day"])
@pytest.mark.parametrize("day", FAR)
def test_leave_is_entered_for_no_day_far_out(desk: Client, presenter: Presenter, field: str, day: str) -> None:
    page = desk.post("/staff/bookings/leave/add/", leave_form(presenter, **{field: day}))
    assert "Check the year" in str(page.context["form"].errors[field])
    assert not Leave.objects.exists()


# --- Booking for a caller ---


def caller_form(presentation: Presentation, **more: str) -> dict[str, str]:
    return {
        "token": "t" * 43,
        "caller-name": "Pat Brown",
        "caller-email": "pat@unknown.example",
        "caller-phone": "0113 496 0009",
        "caller-profession": "social-worker",
        "caller-organisation_name": "Leeds Council",
        "caller-postcode": "LS1 4AP",
        "what-presentation": str(presentation.pk),
        "what-day": MONDAY.isoformat(),
        "what-clock": "10:00",
        "where-format": "workplace",
        "where-address_line_1": "Merrion House",
        "where-town": "Leeds",
        "where-postcode": LEEDS,
        "details-audience_size": "20",
        "how-channel": "phone",
        **more,
    }


def test_book_for_a_caller_uses_the_same_service(desk: Client, presenter: Presenter, staff: User) -> None:
    desk.post(f"{BOOKINGS}add/", caller_form(make_presentation()))
    booking = Booking.objects.get()
    assert (booking.state, booking.channel, booking.presenter, booking.starts_at) == (
        State.CONFIRMED,
        "phone",
        presenter,
        at("10:00"),
    )
    assert (booking.person.name, booking.contact_name, booking.contact_phone) == ("Pat Brown", "Pat Brown", "0113 496 0009")
    assert (booking.events.get().by, booking.person.user) == (staff, None)


def test_a_refusal_says_when_somebody_is_free_and_leaves_no_new_person(desk: Client, presenter: Presenter) -> None:
    presentation = make_presentation()
    make_booking(presenter, at("10:00"), presentation=presentation)
    page = desk.post(f"{BOOKINGS}add/", caller_form(presentation))
    assert "No presenter is free then, travel included. The nearest slots: Monday 25 January 2027, 9am to 10am" in text(page)
    assert page.context["form"].caller["name"].value() == "Pat Brown"
    assert not Person.objects.filter(name="Pat Brown").exists()


def test_rules_for_the_public_need_a_reason_that_is_kept(desk: Client, presenter: Presenter) -> None:
    tomorrow = {"what-day": "2027-01-13", "what-clock": "18:15"}
    page = desk.post(f"{BOOKINGS}add/", caller_form(make_presentation(), **tomorrow))
    assert "It is sooner than the notice period allows. It is outside the presenter’s availability. Give a reason" in text(page)
    assert not Booking.objects.exists()
    desk.post(f"{BOOKINGS}add/", caller_form(make_presentation(), **tomorrow, **{"how-override_reason": "Court on Friday"}))
    assert Booking.objects.get().events.get().reason == "Court on Friday"


def test_every_mistake_is_said_at_once(desk: Client, presenter: Presenter) -> None:
    wrong = {"caller-name": "", "what-clock": "25:99", "where-postcode": "nonsense", "details-audience_size": "none"}
    page = desk.post(f"{BOOKINGS}add/", caller_form(make_presentation(), **wrong))
    html = page.content.decode()
    assert html.count('id="error-summary"') == 1
    for field in ("id_caller-name", "id_what-clock", "id_where-postcode", "id_details-audience_size"):
        assert f'href="#{field}"' in html


def test_a_time_that_the_clock_skips_does_not_exist(desk: Client, presenter: Presenter) -> None:
    page = desk.post(f"{BOOKINGS}add/", caller_form(make_presentation(), **{"what-day": "2027-03-28", "what-clock": "01:30"}))
    assert "this time does not exist on that day" in text(page)


def test_the_page_sent_twice_books_once(desk: Client, presenter: Presenter) -> None:
    answers = caller_form(make_presentation())
    first, second = desk.post(f"{BOOKINGS}add/", answers), desk.post(f"{BOOKINGS}add/", answers)
    assert first.url == second.url
    assert Booking.objects.count() == 1


def test_the_page_sent_again_for_the_next_caller_says_so_and_then_books_for_them(desk: Client, presenter: Presenter) -> None:
    answers = caller_form(make_presentation())
    desk.post(f"{BOOKINGS}add/", answers)
    first = Booking.objects.get()
    other = {**answers, "caller-name": "Kim Lee", "caller-email": "kim@unknown.example", "what-clock": "14:00"}
    page = desk.post(f"{BOOKINGS}add/", other)
    assert f"This form has already placed booking {first.reference}, with other answers." in text(page)
    assert page.context["form"].caller["name"].value() == "Kim Lee"
    assert Booking.objects.count() == 1
    desk.post(f"{BOOKINGS}add/", {**other, "token": page.context["token"]})
    assert [booking.person.name for booking in Booking.objects.order_by("pk")] == ["Pat Brown", "Kim Lee"]


@pytest.mark.parametrize("token", ["", "x" * 44, "\0" * 43, "£" * 43])
def test_a_token_of_a_wrong_shape_is_a_page_too_old(desk: Client, presenter: Presenter, token: str) -> None:
    page = desk.post(f"{BOOKINGS}add/", caller_form(make_presentation(), token=token))
    assert "\0" in token or "This page was too old to be sent." in text(page)
    assert page.status_code in (200, 400)
    assert not Booking.objects.exists()


# --- Leave ---


def leave_form(presenter: Presenter, **more: str) -> dict[str, str]:
    day = MONDAY.isoformat()
    clocks = {"first_day": day, "from_clock": "00:00", "last_day": day, "to_clock": "23:59"}
    return {"presenter": str(presenter.pk), "kind": "illness", "reason": "", "seen": "", **clocks, **more}


def test_leave_that_hits_nothing_is_entered_at_once(desk: Client, presenter: Presenter) -> None:
    page = desk.post("/staff/bookings/leave/add/", leave_form(presenter), follow=True)
    assert "The leave is entered. It hits no booking." in text(page)
    assert Leave.objects.get().ends_at == at("23:59")


def test_leave_first_shows_which_bookings_it_hits_then_frees_them(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    page = desk.post("/staff/bookings/leave/add/", leave_form(presenter))
    assert booking.reference in text(page)
    assert "Enter it all the same" in text(page)
    assert not Leave.objects.exists()
    after = desk.post("/staff/bookings/leave/add/", leave_form(presenter, seen=page.context["seen"]), follow=True)
    assert f"1 booking needs a presenter: {booking.reference}" in text(after)
    assert list(Booking.objects.needing_a_presenter()) == [booking]


def test_if_the_bookings_changed_meanwhile_the_page_asks_again(desk: Client, presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"))
    page = desk.post("/staff/bookings/leave/add/", leave_form(presenter))
    late = make_booking(presenter, at("14:00"))
    again = desk.post("/staff/bookings/leave/add/", leave_form(presenter, seen=page.context["seen"]))
    assert late.reference in text(again)
    assert not Leave.objects.exists()


def test_leave_over_something_delivered_is_explained(desk: Client, presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"), state=State.DELIVERED)
    page = desk.post("/staff/bookings/leave/add/", leave_form(presenter))
    assert "A presentation was delivered in that time." in text(page)


def test_leave_that_ends_before_it_starts_is_explained(desk: Client, presenter: Presenter) -> None:
    page = desk.post("/staff/bookings/leave/add/", leave_form(presenter, to_clock="00:00"))
    assert "Leave must end after it starts." in text(page)


def test_leave_can_be_taken_back(desk: Client, presenter: Presenter) -> None:
    desk.post("/staff/bookings/leave/add/", leave_form(presenter))
    leave = Leave.objects.get()
    assert desk.get(f"/staff/bookings/leave/{leave.pk}/change/").status_code == 200
    assert desk.get(f"/staff/bookings/leave/{leave.pk}/delete/").status_code == 200
    desk.post(f"/staff/bookings/leave/{leave.pk}/delete/", {"post": "yes"})
    assert not Leave.objects.exists()
    assert not BusyTime.objects.exists()


# --- Presenters and presentations ---


def presenter_form(**more: str) -> dict[str, str]:
    return {
        "name": "New Presenter",
        "email": "new@ctac.example",
        "base_postcode": "yo1 7hh",
        "nation": "england",
        "max_travel_minutes": "90",
        "active": "on",
        "availability-TOTAL_FORMS": "1",
        "availability-INITIAL_FORMS": "0",
        "availability-0-weekday": "0",
        "availability-0-start": "09:00",
        "availability-0-end": "17:00",
        "availability-0-valid_from": "2027-01-01",
        **more,
    }


def test_a_presenter_is_kept_with_base_and_availability(desk: Client) -> None:
    desk.post("/staff/bookings/presenter/add/", presenter_form())
    presenter = Presenter.objects.get()
    assert presenter.base == find_place(YORK)
    assert Availability.objects.get().presenter == presenter


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"base_postcode": "BFPO 57"}, "We don’t know where this postcode is."),
        ({"availability-0-end": "08:00"}, "It must end after it starts, on the same day."),
        ({"availability-0-valid_until": "2026-01-01"}, "The last day must not come before the first."),
    ],
)
def test_what_is_wrong_with_a_presenter_is_explained(desk: Client, wrong: dict[str, str], message: str) -> None:
    assert message in text(desk.post("/staff/bookings/presenter/add/", presenter_form(**wrong)))
    assert not Presenter.objects.exists()


def test_a_presentation_is_kept(desk: Client) -> None:
    fields = {
        "title": "New",
        "slug": "new",
        "summary": "One",
        "description": "Two",
        "audience": "All",
        "length_minutes": "45",
        "formats": ["online"],
        "active": "on",
    }
    desk.post("/staff/bookings/presentation/add/", fields)
    assert Presentation.objects.get().formats == ["online"]
    assert "Online" in text(desk.get("/staff/bookings/presentation/"))

"""Book for a caller: by the same service as the website, in staff’s words."""

from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from bookings.models import Booking, BookingState, Presentation, Presenter
from professionals.models import Person
from tests.bookings.admin.desk import ABOUT_A_CHILD, BOOKINGS, text, told_lead
from tests.bookings.rows import LEEDS, MONDAY, YORK, at, make_booking, make_presentation, make_presenter
from tests.face.page import Page
from tests.factories import make_organisation, make_person, sign_in_staff

pytestmark = pytest.mark.django_db


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
        "time-start": "other",
        "time-day": MONDAY.isoformat(),
        "time-clock": "10:00",
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
        BookingState.CONFIRMED,
        "phone",
        presenter,
        at("10:00"),
    )
    assert (booking.person.name, booking.contact_name, booking.contact_phone) == ("Pat Brown", "Pat Brown", "0113 496 0009")
    assert (booking.events.get().by, booking.person.user) == (staff, None)


def test_corrected_postcodes_of_a_caller_are_named(desk: Client, presenter: Presenter) -> None:
    answers = caller_form(make_presentation(), **{"caller-postcode": "LSl 4AP", "where-postcode": "LSI 4AP"})
    page = text(desk.post(f"{BOOKINGS}add/", answers, follow=True))
    assert ("We read “LSl 4AP” as LS1 4AP." in page, "We read “LSI 4AP” as LS1 4AP." in page) == (True, True)
    assert (Booking.objects.get().postcode, Booking.objects.get().person.postcode) == (LEEDS, "LS1 4AP")


def test_a_refusal_says_when_somebody_is_free_and_leaves_no_new_person(desk: Client, presenter: Presenter) -> None:
    presentation = make_presentation()
    make_booking(presenter, at("10:00"), presentation=presentation)
    page = desk.post(f"{BOOKINGS}add/", caller_form(presentation))
    assert (
        "No presenter is free then and able to get there in time. The nearest free times are: Monday 25 January 2027, 9am to 10am"
        in text(page)
    )
    assert page.context["form"].caller["name"].value() == "Pat Brown"
    assert not Person.objects.filter(name="Pat Brown").exists()


def test_rules_for_the_public_need_a_reason_that_is_kept(desk: Client, presenter: Presenter) -> None:
    tomorrow = {"time-day": "2027-01-13", "time-clock": "17:15"}
    page = desk.post(f"{BOOKINGS}add/", caller_form(make_presentation(), **tomorrow))
    assert "It is sooner than the notice period allows. It is outside the presenter’s availability. If you still want" in text(
        page
    )
    assert not Booking.objects.exists()
    desk.post(f"{BOOKINGS}add/", caller_form(make_presentation(), **tomorrow, **{"time-override_reason": "Court on Friday"}))
    assert Booking.objects.get().events.get().reason == "Court on Friday"


def test_every_mistake_is_said_at_once(desk: Client, presenter: Presenter) -> None:
    wrong = {"caller-name": "", "time-clock": "25:99", "where-postcode": "nonsense", "details-audience_size": "none"}
    page = desk.post(f"{BOOKINGS}add/", caller_form(make_presentation(), **wrong))
    html = page.content.decode()
    assert html.count('id="error-summary"') == 1
    for field in ("id_caller-name", "id_time-clock", "id_where-postcode", "id_details-audience_size"):
        assert f'href="#{field}"' in html


def test_a_time_that_the_clock_skips_does_not_exist(desk: Client, presenter: Presenter) -> None:
    page = desk.post(f"{BOOKINGS}add/", caller_form(make_presentation(), **{"time-day": "2027-03-28", "time-clock": "01:30"}))
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
    other = {
        **answers,
        "caller-name": "Kim Lee",
        "caller-email": "kim@unknown.example",
        "caller-phone": "0113 496 0010",
        "time-clock": "14:00",
    }
    page = desk.post(f"{BOOKINGS}add/", other)
    assert f"You have already placed booking {first.reference} from this page, with different answers." in text(page)
    assert page.context["form"].caller["name"].value() == "Kim Lee"
    assert Booking.objects.count() == 1
    desk.post(f"{BOOKINGS}add/", {**other, "token": page.context["token"]})
    assert [booking.person.name for booking in Booking.objects.order_by("pk")] == ["Pat Brown", "Kim Lee"]


@pytest.mark.parametrize("token", ["", "x" * 44, "\0" * 43, "£" * 43])
def test_a_token_of_a_wrong_shape_is_a_page_too_old(desk: Client, presenter: Presenter, token: str) -> None:
    page = desk.post(f"{BOOKINGS}add/", caller_form(make_presentation(), token=token))
    assert "\0" in token or "This page was open too long." in text(page)
    assert page.status_code in (200, 400)
    assert not Booking.objects.exists()


def test_a_reason_outside_the_rules_asks_about_a_childs_details(desk: Client, presenter: Presenter) -> None:
    answers = caller_form(make_presentation(), **{"time-override_reason": ABOUT_A_CHILD})
    assert "This looks like details of a child." in text(desk.post(f"{BOOKINGS}add/", answers))
    assert not Booking.objects.exists()
    desk.post(f"{BOOKINGS}add/", {**answers, "time-keep_what_i_wrote": "on"})
    assert (Booking.objects.get().flagged_child_details, told_lead()) == (True, 1)


FAR = ["0001-01-01", "1900-01-01", "2150-01-01", "9999-12-31"]


@pytest.mark.parametrize("day", FAR)
def test_a_call_is_booked_for_no_day_far_out(desk: Client, presenter: Presenter, day: str) -> None:
    page = desk.post(f"{BOOKINGS}add/", caller_form(make_presentation(), **{"time-day": day}))
    assert "Check the year: enter a day between Monday 12 January 2026 and" in text(page)
    assert not Booking.objects.exists()


EMPTY = {
    "caller-name": "Enter the caller’s name.",
    "caller-phone": "Enter a phone number to reach the caller on.",
    "caller-profession": "Choose the caller’s profession.",
    "caller-organisation_name": "Enter the organisation the caller works for.",
    "caller-postcode": "Enter the postcode where the caller works.",
    "what-presentation": "Choose a presentation.",
    "where-format": "Choose where they would like it.",
    "time-start": "Choose a free time, or enter another day and time.",
    "details-audience_size": "Enter how many people will come.",
}


def test_what_is_missing_is_said_about_the_caller_not_to_them(desk: Client) -> None:
    page = Page(desk.post(f"{BOOKINGS}add/", {"token": "t" * 43, "how-channel": "phone"}).content.decode())
    summary = page.one("div", "govuk-error-summary")
    said = {a.attrs["href"]: a.text for a in page.all("a") if summary in a.inside}
    expected = {f"#id_{name}": message for name, message in EMPTY.items()}
    assert {href.split("_0")[0]: message for href, message in said.items()} == expected


def test_questions_are_about_the_caller_and_boxes_are_plain(desk: Client, presenter: Presenter) -> None:
    page = Page(desk.get(f"{BOOKINGS}add/?person=").content.decode())
    words = page.one("main").text
    for said in ("Where would they like it?", "At their workplace", "For example, 9 3 2027.", "Asha Patel, from LS1 4AP"):
        assert said in words
    for not_said in ("Your", "At your workplace", "Where would you like"):
        assert not_said not in words
    assert {box.attrs.get("type") for box in page.all("input")} & {"date", "time"} == set()


@pytest.mark.parametrize(("day", "clock"), [("25/1/27", "1.30pm"), ("Monday 25 January 2027", "13:30"), ("25 jan 2027", "1330")])
def test_day_and_time_are_typed_as_people_write_them(desk: Client, presenter: Presenter, day: str, clock: str) -> None:
    desk.post(f"{BOOKINGS}add/", caller_form(make_presentation(), **{"time-day": day, "time-clock": clock}))
    assert Booking.objects.get().starts_at == at("13:30")


def test_a_time_that_may_be_either_is_asked_again_and_stays_typed(desk: Client, presenter: Presenter) -> None:
    page = desk.post(f"{BOOKINGS}add/", caller_form(make_presentation(), **{"time-clock": "1:30"}))
    assert "Say am or pm as well, such as 1:30pm." in text(page)
    assert page.context["form"].when["clock"].value() == "1:30"


def test_a_postcode_that_nobody_can_go_to_does_not_tell_staff_to_call_us(desk: Client, presenter: Presenter) -> None:
    page = desk.post(f"{BOOKINGS}add/", caller_form(make_presentation(), **{"where-postcode": "BFPO 57"}))
    message = "No presenter can go to this postcode. Check it, or offer an online presentation."
    assert page.context["form"].where.errors["postcode"] == [message]
    assert "call us" not in text(page)


# -- A second one for the same day, and a journey that is too long by now -----------------------------------------------

KNOWN = {"name": "Pat Brown", "email": "pat@unknown.example", "phone": "0113 496 0009", "profession": "social-worker"}
SECOND = "Pat Brown already has a booking at this address on Monday 25 January 2027: {reference}. Book a second one?"


def first_booking(presenter: Presenter, **more: Any) -> Booking:
    """Of the caller of caller_form, at its address, that Monday at 9am."""
    person = make_person(with_user=False, **KNOWN, postcode="LS1 4AP", organisation=make_organisation("Leeds Council"))
    return make_booking(presenter, at("09:00"), person=person, postcode=LEEDS, **more)


def test_a_second_booking_for_the_same_day_and_address_is_asked_about_first(desk: Client, presenter: Presenter) -> None:
    first, answers = first_booking(presenter), caller_form(make_presentation())
    page = desk.post(f"{BOOKINGS}add/", answers)
    assert SECOND.format(reference=first.reference) in text(page)
    field = page.context["form"].how["second"].field
    assert [label for _value, label in field.choices] == ["Yes, book a second one", f"No, open {first.reference}"]
    assert page.context["form"].caller["name"].value() == "Pat Brown"
    assert Booking.objects.get() == first

    done = desk.post(f"{BOOKINGS}add/", {**answers, "how-second": field.choices[1][0]})
    assert (done.url, Booking.objects.count()) == (f"{BOOKINGS}{first.pk}/change/", 1)
    desk.post(f"{BOOKINGS}add/", {**answers, "how-second": field.choices[0][0]})
    assert Booking.objects.count() == 2


@pytest.mark.parametrize(
    "other",
    [
        {"time-day": "2027-01-26"},
        {"where-postcode": "LS2 7UE", "time-clock": "14:00"},
        {"where-format": "online", "where-postcode": ""},
    ],
    ids=["another day", "another address", "online"],
)
def test_another_day_or_place_raises_no_question(desk: Client, presenter: Presenter, other: dict[str, str]) -> None:
    first_booking(presenter)
    page = desk.post(f"{BOOKINGS}add/", caller_form(make_presentation(), **{**other, "time-override_reason": "They asked"}))
    assert (page.status_code, Booking.objects.count()) == (302, 2)


def test_what_was_cancelled_is_no_first_one(desk: Client, presenter: Presenter) -> None:
    first = first_booking(presenter)
    Booking.objects.filter(pk=first.pk).update(state=BookingState.CANCELLED)
    assert desk.post(f"{BOOKINGS}add/", caller_form(make_presentation())).status_code == 302


def test_a_request_for_that_day_is_asked_about_too(desk: Client, presenter: Presenter) -> None:
    first = first_booking(presenter)
    dates = {"way": "dates", "dates-day_1": "25 1 2027", "dates-clock_1": "2pm", "dates-reason": "They meet then"}
    answers = {**caller_form(make_presentation()), **dates}
    page = desk.post(f"{BOOKINGS}add/", answers)
    assert SECOND.format(reference=first.reference) in text(page)
    second = page.context["form"].how["second"].field.choices[0][0]
    Booking.objects.filter(pk=first.pk).update(starts_at="2027-01-27T09:00Z", ends_at="2027-01-27T10:00Z")
    desk.post(f"{BOOKINGS}add/", answers)
    request = Booking.objects.get(state=BookingState.REQUESTED)
    again = desk.post(f"{BOOKINGS}add/", {**answers, "token": "s" * 43, "how-second": second})
    assert f"Pat Brown has already asked for a date then: {request.reference}. Book a second one?" in text(again)


def test_a_visit_whose_journey_has_begun_already_says_so_and_takes_a_reason(
    client: Client, staff: User, clock: time_machine.Traveller
) -> None:
    make_presenter(notice_working_days=0, base_postcode=LEEDS)
    clock.move_to(at("09:55"))
    desk = sign_in_staff(client, staff)
    answers = caller_form(make_presentation(), **{"where-postcode": YORK})
    said = "The presenter would have had to leave at 9:05am. If you still want to go ahead, give a reason."
    page = desk.post(f"{BOOKINGS}add/", answers)
    assert said in text(page)
    assert list(page.context["form"].when.errors) == ["override_reason"]
    assert not Booking.objects.exists()
    desk.post(f"{BOOKINGS}add/", {**answers, "time-override_reason": "She is in York today"})
    assert Booking.objects.get().events.get().reason == "She is in York today"

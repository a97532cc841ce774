"""A request on the staff site: why it waits, who could give each date, agreeing, offering, and whose turn it is."""

from datetime import timedelta

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from bookings.booking.admin.filters import WaitingForFilter
from bookings.booking.services.decide import ask_for_other_times, lapse_booking_dates
from bookings.leave.services import record_leave
from bookings.models import Booking, BookingState, BusyTime, Precision, Presenter
from bookings.schedule.forms import slot_value
from bookings.schedule.holds import PreferredDate
from professionals.models import Person
from tests.bookings.admin.desk import ABOUT_A_CHILD, BOOKINGS, KEPT, do, text, told_lead
from tests.bookings.placed import STRANGER
from tests.bookings.requested import ask, dates_of, offer, on
from tests.bookings.rows import MONDAY, NOW, at, make_booking, make_presenter
from tests.face.page import Page
from tests.factories import make_person, sign_in_staff
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
TUESDAY = MONDAY + timedelta(days=1)
LATER = NOW + timedelta(days=2, hours=8)


@pytest.fixture
def asked(presenter: Presenter) -> Booking:
    return ask(make_person(name="Sam Taylor"), on(at("10:00")), on(at("18:00", TUESDAY)))


def page(desk: Client, booking: Booking) -> str:
    return text(desk.get(f"{BOOKINGS}{booking.pk}/change/"))


def action_page(desk: Client, booking: Booking, slug: str) -> str:
    return text(desk.get(f"{BOOKINGS}{booking.pk}/do/{slug}/"))


def test_staff_see_why_it_waits_and_who_could_give_each_date(desk: Client, asked: Booking, presenter: Presenter) -> None:
    busy = make_presenter(name="Tom Adeyemi")
    make_booking(busy, at("10:30"))
    seen = page(desk, asked)
    for words in (
        "Our times don’t suit them, so they ask for other dates.",
        "At least one date breaks the rules for the public.",
        "Monday 25 January 2027, 10am to 11am",
        "Kept with Asha Patel until Thursday 14 January 2027, 5pm.",
        "Asha Patel could do it.",
        "Asha Patel is free, but: It is outside the presenter’s availability.",
        "We all have clinics on those days.",
        "No time agreed yet",
    ):
        assert words in seen
    assert "Tom Adeyemi could do it" not in seen


def test_staff_see_that_the_domain_is_not_recognised(desk: Client, presenter: Presenter) -> None:
    stranger = make_person(email=STRANGER)
    waiting = make_booking(presenter, at("10:00"), state=BookingState.REQUESTED, person=stranger)
    assert "don’t recognise the email domain of this workplace" in page(desk, waiting)
    online = make_booking(presenter, at("12:00"), state=BookingState.REQUESTED, person=stranger, postcode="")
    assert "don’t recognise the email domain of this workplace" not in page(desk, online)


def test_a_range_and_a_part_of_a_day_are_looked_at(desk: Client, presenter: Presenter) -> None:
    days = ask(make_person(), PreferredDate(Precision.DAYS, at("00:00"), at("23:59", TUESDAY)))
    assert "First free times: Monday 25 January 2027, 9am to 10am; " in page(desk, days)
    morning = ask(make_person(), PreferredDate(Precision.MORNING, at("08:00"), at("13:00")))
    assert "Looked at from 9am: Asha Patel could do it." in page(desk, morning)


def test_a_date_that_nobody_could_give_or_that_is_over(
    desk: Client, presenter: Presenter, staff: User, clock: time_machine.Traveller
) -> None:
    make_booking(presenter, at("10:00"))
    booking = ask(make_person(), on(at("10:00")))
    assert "No presenter is free then and able to get there in time." in page(desk, booking)
    clock.move_to(at("12:00"))
    sign_in_staff(desk, staff)
    assert "It is over." in page(desk, booking)


def test_one_press_agrees_on_a_date(desk: Client, asked: Booking, presenter: Presenter) -> None:
    seen = action_page(desk, asked, "agree")
    assert "Asha Patel could do it. Kept until Thursday 14 January 2027, 5pm." in seen
    response = do(desk, asked, "agree", start=slot_value(at("10:00")))
    assert (asked.state, asked.starts_at, asked.presenter) == ("confirmed", at("10:00"), presenter)
    assert "The time is agreed" in text(response)
    assert "Agree on a time" not in text(response)


def test_staff_see_what_is_kept_and_why_the_rest_is_not(desk: Client, asked: Booking, presenter: Presenter) -> None:
    why = "Not kept. It was outside the hours, the area or another rule of each presenter who was free then."
    assert ("Kept with Asha Patel until" in (seen := page(desk, asked)), why in seen) == (True, True)
    record_leave(presenter=presenter, starts_at=at("09:00"), ends_at=at("17:00"), kind="illness", by=None, now=NOW)
    lapse_booking_dates(booking=asked, now=NOW)
    seen = page(desk, asked)
    away = "Not kept. The presenter we kept it with is away then."
    assert (away in seen, "because the presenter is away then" in seen, "nobody answered" in seen) == (True, True, False)
    offer(asked, at("12:00", TUESDAY))
    assert page(desk, asked).count("No longer kept, because other times were offered or asked for instead.") == 2


def test_a_date_outside_the_rules_needs_a_reason(desk: Client, asked: Booking) -> None:
    late = slot_value(at("18:00", TUESDAY))
    assert "It is outside the presenter’s availability. If you still want to go ahead, give a reason" in text(
        do(desk, asked, "agree", start=late)
    )
    do(desk, asked, "agree", start=late, override_reason="Asha says yes")
    assert (asked.starts_at, asked.events.last().reason) == (at("18:00", TUESDAY), "Asha says yes")


def test_another_time_is_agreed(desk: Client, asked: Booking) -> None:
    assert "Enter the day." in text(do(desk, asked, "agree", start="other", clock="2pm"))
    assert "Choose a time." in text(do(desk, asked, "agree"))
    assert "That time has gone." in text(do(desk, asked, "agree", start=slot_value(at("14:00"))))
    do(desk, asked, "agree", start="other", day="25 1 2027", clock="2pm")
    assert asked.starts_at == at("14:00")


NINE, HALF_PAST, ELEVEN = (slot_value(at(clock)) for clock in ("09:00", "09:30", "11:00"))
FAR = slot_value(at("09:00", MONDAY + timedelta(weeks=1)))
TYPED = {"day": "26 1 2027", "clock": "3:15pm"}


def ticked(page: HttpResponse) -> list[str]:
    boxes = Page(page.content.decode()).all("input", name="starts")
    return [box.attrs["value"] for box in boxes if "checked" in box.attrs]


def test_times_are_offered_from_the_free_ones_and_any_other(desk: Client, asked: Booking) -> None:
    seen = action_page(desk, asked, "offer")
    assert ("Week of Monday 25 January 2027" in seen, "keep them until Thursday 14 January 2027, 5pm" in seen) == (True, True)
    response = do(desk, asked, "offer", starts=[NINE], **TYPED)
    assert "We have offered the times and will keep them until Thursday 14 January 2027, 5pm." in text(response)
    assert [option.starts_at for option in asked.options.proposed()] == [at("09:00"), at("15:15", TUESDAY)]
    seen = page(desk, asked)
    assert "We have offered times and are waiting for the professional’s answer." in seen
    assert "Kept with Asha Patel until" in seen


def test_what_is_chosen_stays_while_other_weeks_are_looked_at(desk: Client, asked: Booking) -> None:
    seen = do(desk, asked, "offer", starts=[NINE], look="?week=2027-02-01", override_reason="On the phone", **TYPED)
    typed = slot_value(at("15:15", TUESDAY))
    assert (ticked(seen), "There is a problem" in text(seen)) == ([NINE, typed], False)
    assert ("Monday 25 January 2027 (already chosen)" in text(seen), FAR in seen.content.decode()) == (True, True)
    boxes = {box.attrs.get("name"): box.attrs.get("value", "") for box in Page(seen.content.decode()).all("input")}
    assert (boxes["day"], boxes["clock"], boxes["override_reason"]) == ("", "", "On the phone")
    assert not asked.options.proposed().exists()
    do(desk, asked, "offer", starts=[NINE, FAR], shown="?week=2027-02-01")
    assert [slot_value(option.starts_at) for option in asked.options.proposed()] == [NINE, FAR]


def test_times_to_offer_are_those_of_the_presenter_who_is_chosen(desk: Client, asked: Booking) -> None:
    make_booking(other := make_presenter(), at("09:00"))
    seen = do(desk, asked, "offer", presenter=other.pk, look="?week=2027-01-25").content.decode()
    assert (NINE in seen, slot_value(at("13:00")) in seen) == (False, True)


def test_a_typed_time_that_can_not_be_stays_typed_while_looking(desk: Client, asked: Booking) -> None:
    seen = do(desk, asked, "offer", look="?", day="26 1 2027", clock="3:15")
    assert "Say am or pm as well" in text(seen)
    assert {box.attrs.get("value") for box in Page(seen.content.decode()).all("input", name="clock")} == {"3:15"}


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Choose at least one time to offer."),
        ({"day": "25 1 2027"}, "Enter the time it starts."),
        ({"clock": "9am"}, "Enter the day."),
        ({"starts": [NINE, ELEVEN, FAR], **TYPED}, "Choose three at most"),
        ({"starts": ["nonsense"]}, "There is a problem"),
        (
            {"day": "25 1 2027", "clock": "5pm"},
            "It is outside the presenter’s availability. If you still want to go ahead, give a reason",
        ),
        ({"starts": [NINE, HALF_PAST]}, "No presenter is free on Monday"),
        ({"day": "11 1 2027", "clock": "9am"}, "different times in the future"),
    ],
)
def test_what_can_not_be_offered_is_said(desk: Client, asked: Booking, typed: dict[str, object], said: str) -> None:
    before = dates_of(asked)
    assert said in text(do(desk, asked, "offer", **typed))
    assert dates_of(asked) == before


def test_without_an_address_staff_are_told_to_call(desk: Client, asked: Booking) -> None:
    Person.objects.filter(pk=asked.person_id).update(email="", user=None)
    assert "has no email address, so please call them" in text(do(desk, asked, "offer", starts=[NINE]))


def test_words_about_a_child_are_asked_about(desk: Client, asked: Booking) -> None:
    typed = {"starts": [NINE], "override_reason": ABOUT_A_CHILD}
    do(desk, asked, "offer", **typed)
    assert not asked.options.proposed().exists()
    do(desk, asked, "offer", **typed, **KEPT)
    assert (asked.options.proposed().count(), told_lead()) == (1, 1)


def test_what_they_wrote_and_that_dates_lapsed_is_seen(
    desk: Client, asked: Booking, staff: User, clock: time_machine.Traveller
) -> None:
    offer(asked, at("12:00"))
    ask_for_other_times(booking=asked, words="Mondays never work.", by=asked.person.user, now=NOW)
    seen = page(desk, asked)
    assert ("They asked for other times." in seen, "Mondays never work." in seen) == (True, True)
    offer(asked, at("14:00", TUESDAY))
    clock.move_to(LATER)
    sign_in_staff(desk, staff)
    lapse_booking_dates(booking=asked, now=LATER)
    assert "We no longer keep some dates, because nobody answered in time." in page(desk, asked)


def test_a_request_that_was_decided_meanwhile_is_not_decided_again(desk: Client, asked: Booking) -> None:
    do(desk, asked, "decline", reason="No")
    for slug in ("agree", "offer"):
        assert "since you opened the page, so this is no longer possible" in text(do(desk, asked, slug, starts=[NINE]))
    assert (asked.state, BusyTime.objects.count()) == ("declined", 0)
    assert "Passed over" in page(desk, asked)


def test_requests_come_first_in_the_list_and_say_that_no_time_is_agreed(
    desk: Client, asked: Booking, presenter: Presenter
) -> None:
    soon = make_booking(presenter, NOW + timedelta(days=1))
    response = desk.get(BOOKINGS)
    assert list(response.context["cl"].result_list) == [asked, soon]
    assert "No time agreed yet" in text(response)


def test_the_list_narrows_to_whose_turn_it_is(desk: Client, asked: Booking, presenter: Presenter) -> None:
    offered = ask(make_person(), on(at("13:00")))
    offer(offered, at("14:00"))
    lapsed = ask(make_person(), on(at("16:00")))
    lapse_booking_dates(booking=lapsed, now=LATER)
    found = {
        way: set(desk.get(f"{BOOKINGS}?waits={way}").context["cl"].result_list) for way in [*WaitingForFilter.options, "nonsense"]
    }
    assert found == {
        "us": {asked, lapsed},
        "them": {offered},
        "long": set(),
        "lapsed": {lapsed},
        "nonsense": {asked, offered, lapsed},
    }


def test_the_page_of_a_request_takes_few_statements_for_any_number_of_dates(desk: Client, presenter: Presenter) -> None:
    counts = []
    for dates in ([on(at("10:00"))], [on(at(clock, TUESDAY)) for clock in ("09:00", "11:00", "13:00")]):
        booking = ask(make_person(), *dates)
        page(desk, booking)  # the first page of all reads what never changes
        counts.append(len(statements(lambda: desk.get(f"{BOOKINGS}{booking.pk}/change/"))))  # noqa: B023 - called at once
        counts.append(len(statements(lambda: do_nothing_yet(desk, booking))))  # noqa: B023
    assert counts[:2] == counts[2:], counts
    assert max(counts) <= 15, counts


def do_nothing_yet(desk: Client, booking: Booking) -> None:
    """Look at another week of times to offer."""
    desk.post(f"{BOOKINGS}{booking.pk}/do/offer/", {"look": "?week=2027-02-01", "starts": [NINE]})

"""Around a visit: which areas and times are shown, what is held and released there, and who is invited."""

import re
from datetime import date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.roles import ROLES_BY_SLUG
from bookings.booking.services.assign import reassign
from bookings.booking.services.create import place_booking
from bookings.booking.services.transitions import cancel_booking
from bookings.models import Booking, BookingState, BusyTime, HeldEndReason, HeldTime, Presenter
from bookings.schedule.forms import slot_value
from bookings.schedule.holds import may_hold_around
from bookings.travel import find_place
from notifications.models import ChoiceSource, Notification
from notifications.preferences import record_choices
from notifications.registry import Topic
from notifications.rendering import render
from professionals.models import OutwardCode, Person
from reach.areas import Unit, areas_of
from reach.invitations.emails import VisitInvitation
from reach.invitations.queries import still_free_times
from reach.models import Campaign, CampaignKind
from reach.near_visits.queries import central_places, nearby_gap_areas
from reach.queries import area_key
from tests.bookings.rows import (
    MONDAY,
    NOW,
    YORK,
    at,
    make_booking,
    make_presentation,
    make_presenter,
    make_request,
    unsaved_booking,
    visit_address,
)
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.statements import statements
from tests.reach.rows import LEEDS, YORK as YORK_CODE, make_count

pytestmark = pytest.mark.django_db
TWO = at("14:00")


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter()


@pytest.fixture
def visit(presenter: Presenter) -> Booking:
    return make_booking(presenter, at("10:00"))


@pytest.fixture
def desk() -> Client:
    return sign_in_staff(Client(), make_staff(role="coordinator"))


def page_of(visit: Booking) -> str:
    return f"/staff/reach/around/{visit.reference}/"


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def near(visit: Booking) -> dict[str, Any]:
    return {each.area.code: each for each in nearby_gap_areas(visit, NOW)}


def chose_visits(postcode: str = YORK, email: str = "sam@york.nhs.uk") -> Person:
    person = make_person(email=email, postcode=postcode)
    record_choices(address=email, chosen={Topic.VISITS: True}, where=ChoiceSource.PAGE, now=NOW)
    return person


def hold(desk: Client, visit: Booking, *starts: datetime, area: str = YORK_CODE) -> Any:
    values = [slot_value(start) for start in starts or [TWO]]
    return desk.post(page_of(visit), {"hold": area, "starts": values}, follow=True)


# --- Which areas, which times ---


def test_areas_within_reach_that_nobody_has_reached_the_nearest_first(visit: Booking) -> None:
    found = nearby_gap_areas(visit, NOW)
    minutes = [each.minutes for each in found]
    assert minutes == sorted(minutes)
    assert max(minutes) <= 120
    codes = [each.area.code for each in found]
    assert YORK_CODE in codes
    assert LEEDS not in codes  # where the visit is
    make_count("E06000014", date(2026, 3, 1))
    assert YORK_CODE not in near(visit)


def test_somebody_who_attended_over_a_year_ago_makes_no_difference(visit: Booking) -> None:
    make_count("E06000014", date(2025, 12, 1))
    assert near(visit)[YORK_CODE].last == date(2025, 12, 1)


def test_times_are_before_and_after_with_both_journeys(visit: Booking) -> None:
    times = {slot.start for _day, slots in near(visit)[YORK_CODE].days for slot in slots}
    on_the_day = sorted(start for start in times if start.date() == MONDAY)
    minutes = near(visit)[YORK_CODE].minutes
    assert on_the_day[0] >= at("11:00") + timedelta(minutes=minutes)
    assert on_the_day[-1] <= at("16:00")
    days = {start.date() for start in times}
    assert days == {MONDAY, MONDAY + timedelta(days=1)}  # the day before is a Sunday


def test_a_presenter_who_can_travel_less_far_reaches_fewer(visit: Booking, presenter: Presenter) -> None:
    presenter.max_travel_minutes = 31
    presenter.save()
    visit.refresh_from_db()
    assert YORK_CODE not in near(visit)


def test_the_middle_of_an_area_is_the_outward_code_nearest_to_it() -> None:
    """Worked out another way: from the codes of York alone, by their means."""
    york = areas_of(Unit.UPPER)[YORK_CODE]
    codes = [code for code in OutwardCode.objects.all() if area_key(code.nation, code.authority) in york.keys]
    mean = sum(code.latitude for code in codes) / len(codes), sum(code.longitude for code in codes) / len(codes)
    place = central_places()[YORK_CODE]
    assert place.postcode in {code.code for code in codes}
    assert abs(place.latitude - mean[0]) < 0.1
    assert abs(place.longitude - mean[1]) < 0.2
    assert central_places()["guernsey"].zone != "mainland"


def test_the_page_says_it_and_stays_within_its_statements(visit: Booking, desk: Client) -> None:
    chose_visits()
    said = text_of(desk.get(page_of(visit)))
    assert "York" in said
    assert "Choose from" in said
    hold(desk, visit)
    central_places.cache_clear()
    assert len(statements(lambda: desk.get(f"{page_of(visit)}?area={YORK_CODE}"))) <= 20


def test_the_visits_own_page_leads_there(visit: Booking, desk: Client) -> None:
    address = reverse("staff:bookings_booking_change", args=[visit.pk])
    assert page_of(visit) in desk.get(address).content.decode()
    cancel_booking(visit, by=None, now=NOW)
    assert page_of(visit) not in desk.get(address).content.decode()


@pytest.mark.parametrize("role", sorted(ROLES_BY_SLUG))
def test_coordinators_and_managers_only(visit: Booking, role: str) -> None:
    desk = sign_in_staff(Client(), make_staff(role=role))
    expected = 200 if role in ("coordinator", "manager") else 403
    assert desk.get(page_of(visit)).status_code == expected
    assert desk.post(page_of(visit), {"hold": YORK_CODE, "starts": slot_value(TWO)}).status_code in (302, expected)
    assert HeldTime.objects.exists() == (expected == 200)


def test_what_is_no_visit_is_not_found(desk: Client, presenter: Presenter) -> None:
    assert desk.get("/staff/reach/around/BK-0000-00/").status_code == 404
    assert desk.get(page_of(make_booking(presenter, TWO, postcode=""))).status_code == 404


def test_a_request_has_nothing_to_hold(desk: Client) -> None:
    request = make_request()
    assert not may_hold_around(request, NOW)
    assert "You can’t hold more times around this visit." in text_of(desk.get(page_of(request)))
    said = hold(desk, request)
    assert "There are no times for that area any more" in text_of(said)


# --- Hold, release ---


def test_staff_hold_a_time_and_release_it(visit: Booking, desk: Client) -> None:
    assert "1 time is held for York until Monday 18 January 2027, 11:59pm." in text_of(hold(desk, visit))
    held = HeldTime.objects.get()
    assert (held.area, held.keys, held.starts_at, held.visit) == (YORK_CODE, ["E06000014"], TWO, visit)
    assert held.held_by is not None
    assert "Held until Monday 18 January 2027, 11:59pm" in text_of(desk.get(page_of(visit)))
    done = desk.post(page_of(visit), {"release": held.pk}, follow=True)
    assert "is released. Anybody can book it now." in text_of(done)
    assert "Released by staff" in text_of(done)
    again = desk.post(page_of(visit), {"release": held.pk}, follow=True)
    assert "This time is no longer held." in text_of(again)


def test_looking_changes_nothing(visit: Booking, desk: Client) -> None:
    desk.get(f"{page_of(visit)}?area={YORK_CODE}&hold={YORK_CODE}&starts={slot_value(TWO)}&release=1&invite={YORK_CODE}")
    assert not HeldTime.objects.exists()
    assert not Campaign.objects.exists()


def test_another_visits_time_cannot_be_released_here(visit: Booking, desk: Client, presenter: Presenter) -> None:
    hold(desk, visit)
    other = make_booking(presenter, at("10:00", MONDAY + timedelta(days=2)))
    assert desk.post(page_of(other), {"release": HeldTime.objects.get().pk}).status_code == 404
    for key in ("x", "²", "9" * 30, ""):
        assert desk.post(page_of(visit), {"release": key}).status_code == 404


def test_a_refusal_keeps_what_was_chosen(visit: Booking, desk: Client, presenter: Presenter) -> None:
    tuesday = MONDAY + timedelta(days=1)
    chosen = [TWO, at("09:30", tuesday), at("12:00", tuesday), at("15:00", tuesday)]
    refused = hold(desk, visit, *chosen)
    assert "We hold 3 times of one presenter at most." in text_of(refused)
    page = refused.content.decode()
    for start in chosen:
        assert re.search(rf'value="{slot_value(start)}"[^>]*checked', page)
    assert "Choose at least one time to hold." in text_of(desk.post(page_of(visit), {"hold": YORK_CODE}))
    assert not HeldTime.objects.exists()


def test_a_time_that_has_gone_meanwhile_is_refused_by_name(visit: Booking, desk: Client, presenter: Presenter) -> None:
    make_booking(presenter, TWO, postcode="")
    assert "is no longer free on Monday 25 January 2027, 2pm to 3pm" in text_of(hold(desk, visit))


def test_it_stands_in_the_calendar_and_the_diary_with_a_word(visit: Booking, desk: Client) -> None:
    hold(desk, visit)
    week = text_of(desk.get(f"/staff/bookings/calendar/?day={MONDAY}"))
    assert "2pm to 3pm: Held for York" in week
    assert "2pm area YO" in text_of(desk.get(f"/staff/bookings/calendar/?day={MONDAY}&view=month"))
    assert "Held for York" in text_of(desk.get("/staff/bookings/busytime/"))


# --- The visit changes ---


def test_times_stay_when_the_visit_is_cancelled_and_the_page_says_so(visit: Booking, desk: Client) -> None:
    hold(desk, visit)
    cancel_booking(visit, by=None, now=NOW)
    said = text_of(desk.get(page_of(visit)))
    assert "Times that are held stay held until their time runs out." in said
    assert BusyTime.objects.get(held__isnull=False).live
    assert page_of(visit) in desk.get(reverse("staff:bookings_booking_change", args=[visit.pk])).content.decode()


def test_times_stay_when_somebody_else_gives_the_visit_and_the_page_says_so(visit: Booking, desk: Client) -> None:
    hold(desk, visit)
    reassign(visit, presenter=make_presenter(), by=None, now=NOW)
    assert "The visit has moved, or has another presenter." in text_of(desk.get(page_of(visit)))


def test_a_time_that_somebody_took_says_booked(visit: Booking, desk: Client) -> None:
    hold(desk, visit)
    person = make_person()
    address = visit_address("The Shambles", "York", YORK)
    booking = unsaved_booking(person, TWO, address=address, presentation=make_presentation())
    place_booking(booking=booking, by=person.user, now=NOW)
    assert HeldTime.objects.get().ended == HeldEndReason.TAKEN
    assert "Booked" in text_of(desk.get(page_of(visit)))


# --- Invite ---


def test_people_there_are_invited_with_these_times(visit: Booking, desk: Client) -> None:
    chose_visits()
    chose_visits("LS1 4AP", "jo@leeds.nhs.uk")
    hold(desk, visit)
    token = re.search(r'name="token" value="([^"]+)"', desk.get(page_of(visit)).content.decode())
    assert token
    sent = desk.post(page_of(visit), {"invite": YORK_CODE, "token": token[1]}, follow=True)
    assert "1 invitation is on its way." in text_of(sent)
    campaign = Campaign.objects.get()
    assert (campaign.kind, campaign.booking, campaign.areas, campaign.times) == (CampaignKind.AROUND, visit, [YORK_CODE], [TWO])
    assert [row.recipient for row in Notification.objects.filter(about=f"campaign:{campaign.pk}")] == ["sam@york.nhs.uk"]
    assert reverse("staff:reach_campaign_change", args=[campaign.pk]) in sent.content.decode()
    desk.post(page_of(visit), {"invite": YORK_CODE, "token": token[1]})
    assert Campaign.objects.count() == 1


def test_the_email_offers_the_times_that_are_held_for_its_reader(visit: Booking, desk: Client) -> None:
    chose_visits()
    hold(desk, visit)
    desk.post(page_of(visit), {"invite": YORK_CODE, "token": "6ba7b810-9dad-41d1-80b4-00c04fd430c8"})
    campaign = Campaign.objects.get()
    assert still_free_times(campaign, find_place(YORK), NOW) == [TWO]
    assert still_free_times(campaign, find_place("LS1 4AP"), NOW) == []
    email = VisitInvitation(Notification.objects.get(about=f"campaign:{campaign.pk}"))
    held = "We hold these times for teams in your area until Monday 18 January 2027, 11:59pm."
    assert held in " ".join(render(email.message()).text.split())
    HeldTime.objects.update(ended=HeldEndReason.RELEASED, ended_at=NOW)
    again = VisitInvitation(email.notification).message()
    assert "We hold these times" not in render(again).text


def test_nothing_is_sent_without_a_time_or_without_a_reader(visit: Booking, desk: Client) -> None:
    token = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
    said = desk.post(page_of(visit), {"invite": YORK_CODE, "token": token}, follow=True)
    assert "No time is held for that area any more" in text_of(said)
    hold(desk, visit)
    said = desk.post(page_of(visit), {"invite": YORK_CODE, "token": token}, follow=True)
    assert "There is nobody to invite there now" in text_of(said)
    assert not Campaign.objects.exists()
    assert desk.post(page_of(visit), {"invite": YORK_CODE, "token": "x"}).status_code == 404


def test_a_visit_in_the_past_has_nothing_around_it(presenter: Presenter) -> None:
    assert not may_hold_around(make_booking(presenter, NOW - timedelta(days=3), state=BookingState.CONFIRMED), NOW)

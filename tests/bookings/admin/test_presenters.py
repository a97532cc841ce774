"""Presenters with their weeks, presentations, and everybody’s busy time."""

from datetime import date, timedelta

import pytest
from django.test import Client

from bookings.models import Availability, BusyTime, Presentation, Presenter
from bookings.travel import find_place
from tests.bookings.admin.desk import text
from tests.bookings.rows import (
    NOW,
    YORK,
    at,
    make_availability,
    make_booking,
    make_hold,
    make_leave,
    make_presentation,
    make_presenter,
)
from tests.face.page import Page
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db


def presenter_form(**more: str) -> dict[str, str]:
    return {
        "name": "New Presenter",
        "email": "new@ctac.example",
        "base_postcode": "yo1 7hh",
        "nation": "england",
        "max_travel_minutes": "90",
        "active": "on",
        "earliest_leaving": "7am",
        "latest_return": "7pm",
        "checked_until": "31 12 2028",
        "trained_until": "1 6 2028",
        "exceptions-TOTAL_FORMS": "0",
        "exceptions-INITIAL_FORMS": "0",
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
    assert (presenter.checked_until, presenter.trained_until) == (date(2028, 12, 31), date(2028, 6, 1))
    assert Availability.objects.get().presenter == presenter


RULES = {
    "formats": ["online"],
    "nations_covered": ["england", "wales"],
    "areas_covered": "ls, hd",
    "most_a_day": "2",
    "most_a_week": "5",
    "notice_working_days": "0",
    "horizon_days": "60",
    "exceptions-TOTAL_FORMS": "1",
    "exceptions-0-first_day": "1 2 2027",
    "exceptions-0-last_day": "5 2 2027",
}


def test_the_rules_of_a_presenter_are_kept(desk: Client) -> None:
    given = make_presentation()
    desk.post("/staff/bookings/presenter/add/", {**presenter_form(), **RULES, "presentations": [given.pk]})
    kept = Presenter.objects.get()
    assert (kept.formats, kept.nations_covered, kept.areas_covered) == (["online"], ["england", "wales"], ["LS", "HD"])
    assert (kept.most_a_day, kept.most_a_week, kept.notice_working_days, kept.horizon_days) == (2, 5, 0, 60)
    assert (list(kept.presentations.all()), kept.exceptions.get().hours) == ([given], "not available")


def test_the_times_are_shown_before_anything_is_saved(desk: Client) -> None:
    presenter = make_presenter(weekdays=())
    make_presentation(title="Signs")
    url = f"/staff/bookings/presenter/{presenter.pk}/change/"
    assert "No times." in text(desk.get(url))
    page = desk.post(url, {**presenter_form(name="Renamed"), "_show": "1"})
    assert "Nothing is saved yet." in text(page)
    assert "Monday 25 January 2027 9am to 4pm" in text(page)
    assert 'value="Renamed"' in page.content.decode()
    assert 'name="availability-0-start" value="09:00"' in page.content.decode()
    presenter.refresh_from_db()
    assert (presenter.name != "Renamed", Availability.objects.count()) == (True, 0)
    desk.post(url, presenter_form(name="Renamed"))
    presenter.refresh_from_db()
    assert (presenter.name, Availability.objects.count()) == ("Renamed", 1)


def test_what_is_shown_for_a_new_presenter_leaves_none_behind(desk: Client) -> None:
    make_presentation()
    page = desk.post("/staff/bookings/presenter/add/", {**presenter_form(), "_show": "1"})
    assert "Monday 25 January 2027 9am to 4pm" in text(page)
    assert not Presenter.objects.exists()


def test_showing_with_something_wrong_says_what(desk: Client) -> None:
    page = desk.post("/staff/bookings/presenter/add/", {**presenter_form(latest_return="6am"), "_show": "1"})
    assert "The time back at the base must be after the time of leaving it." in text(page)


def test_bookings_outside_new_hours_are_shown_and_stay(desk: Client) -> None:
    presenter = make_presenter()
    booking = make_booking(presenter, at("10:00", date(2027, 1, 26)))
    url = f"/staff/bookings/presenter/{presenter.pk}/change/"
    assert "outside these hours" not in text(desk.get(url))
    presenter.availability.filter(weekday=1).delete()
    page = text(desk.get(url))
    assert "1 booking is outside these hours. It stays booked." in page
    assert booking.reference in page
    booking.refresh_from_db()
    assert booking.presenter == presenter


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"areas_covered": "LS, LEEDS"}, "LEEDS is not a postcode area"),
        ({"horizon_days": "366"}, "365 or fewer"),
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


@pytest.mark.parametrize("page", ["presenter", "presentation", "leave", "busytime"])
def test_lists_take_the_same_few_statements_for_any_number_of_rows(desk: Client, page: str) -> None:
    desk.get(f"/staff/bookings/{page}/")
    counts = []
    for hour in (9, 12):
        for minutes in (0, 90)[: hour - 8]:
            presenter = make_presenter(email=f"p{hour}{minutes}@ctac.example")
            make_booking(presenter, at(f"{hour:02}:00") + timedelta(minutes=minutes), presentation=make_presentation())
            make_leave(presenter, at("18:00"), at("19:00"))
        counts.append(len(statements(lambda: desk.get(f"/staff/bookings/{page}/"))))
    assert counts[0] == counts[1] <= 10


def test_the_list_of_presenters_says_on_which_days_they_can_be_booked(desk: Client) -> None:
    presenter = make_presenter(name="Asha Patel", weekdays=(0, 3), phone="0113 496 0001")
    make_availability(presenter, 0, "18:00", "19:00")
    make_availability(presenter, 5, "09:00", "10:00", valid_until=date(2027, 1, 11))
    page = Page(desk.get("/staff/bookings/presenter/").content.decode())
    assert page.one("td", "field-days").text == "Mon, Thu"
    assert page.one("td", "field-gives_presentations").text == "Yes"
    assert page.one("a", href="tel:01134960001").text == "0113 496 0001"


def test_a_presenter_without_days_has_a_dash(desk: Client) -> None:
    make_presenter(weekdays=())
    assert Page(desk.get("/staff/bookings/presenter/").content.decode()).one("td", "field-days").text == "–"


def test_busy_time_is_a_diary_that_says_what_each_entry_is(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    make_hold(presenter, at("13:00"), expires_at=NOW + timedelta(minutes=15))
    make_leave(presenter, at("15:00"), at("17:00"))
    over = make_booking(presenter, NOW - timedelta(days=3))
    page = Page(desk.get("/staff/bookings/busytime/").content.decode())
    said = [cell.text for cell in page.all("td", "field-what")]
    assert said == [f"Booking {booking.reference}", "Kept for somebody who is booking", "Leave", f"Booking {over.reference}"]
    assert page.one("a", href=f"/staff/bookings/booking/{booking.pk}/change/").text == said[0]


@pytest.mark.parametrize("path", ["leave", "busytime"])
def test_by_presenter_offers_who_gives_presentations_then_few_who_did(desk: Client, presenter: Presenter, path: str) -> None:
    for number in range(32):
        former = make_presenter(name=f"A former one {number:02}", active=False)
        entry = make_leave(former, at("10:00"), at("11:00"))
    make_presenter(name="A former one without entries", active=False)
    page = desk.get(f"/staff/bookings/{path}/")
    by_presenter = next(spec for spec in page.context["cl"].filter_specs if spec.title == "presenter")
    offered = [str(label) for _key, label in by_presenter.lookup_choices]
    assert offered == [presenter.name, *(f"A former one {number:02}" for number in range(30))]
    assert list(
        desk.get(f"/staff/bookings/{path}/?presenter={entry.presenter_id}")
        .context["cl"]
        .result_list.values_list("presenter", flat=True)
    ) == [entry.presenter_id]

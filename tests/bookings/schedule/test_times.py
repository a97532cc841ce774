"""The page of days and times: what it offers, and what happens when a time has gone."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import Availability, Booking, Hold, Presentation, Presenter
from bookings.schedule.availability import MAX_ALTERNATIVE_SLOTS
from core.dates import format_uk_time
from professionals.models import Draft, Person
from tests.bookings.flow import TEN, WHERE, confirm, fill_in, hidden, text
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.rows import MONDAY, NOW, at, make_availability, make_booking, make_leave, make_presenter
from tests.factories import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def test_the_week_of_the_first_slot_comes_first_and_weeks_can_be_paged(client: Client, presentation: Presentation) -> None:
    client.post("/book/signs/where/", WHERE)
    page = client.get("/book/signs/when/")
    assert "Tuesday 19 January 2027, 9am to 10am" in text(page)
    assert [str(day) for day, _slots in page.context["picker"].days] == ["2027-01-19", "2027-01-20", "2027-01-21", "2027-01-22"]
    later = client.get(f"/book/signs/when/{page.context['picker'].week.later}")
    assert next(str(day) for day, _slots in later.context["picker"].days) == "2027-01-25"


@pytest.mark.parametrize("week", ["", "nonsense", "2027-13-01", "0001-01-01", "9999-12-31", "2020-01-01", "2050-01-01"])
def test_odd_weeks_show_a_week_inside_the_horizon(client: Client, presentation: Presentation, week: str) -> None:
    client.post("/book/signs/where/", WHERE)
    page = client.get("/book/signs/when/", {"week": week})
    assert page.status_code == 200
    assert NOW.date() - timedelta(days=7) < page.context["picker"].week.first_day <= NOW.date() + timedelta(days=90)


def test_mornings_and_afternoons_can_be_looked_at_alone(client: Client, presentation: Presentation, presenter: Presenter) -> None:
    make_availability(presenter, 2, "13:00", "15:00")
    client.post("/book/signs/where/", WHERE)
    page = client.get("/book/signs/when/?part=afternoon&change=1")
    assert [[f"{slot.start:%d %H:%M}" for slot in slots] for _day, slots in page.context["picker"].days] == [
        ["20 13:00", "20 13:30", "20 14:00"]
    ]
    assert page.context["picker"].first.when == "Wednesday 20 January 2027, 1pm to 2pm"
    assert page.context["picker"].week.later == "?part=afternoon&change=1&week=2027-01-25"
    assert [(link.label, link.query, link.here) for link in page.context["picker"].parts] == [
        ("All day", "?change=1", False),
        ("Mornings", "?change=1&part=morning", False),
        ("Afternoons", "?change=1&part=afternoon", True),
    ]
    mornings = client.get("/book/signs/when/?part=morning").context["picker"]
    assert {slot.start.hour < 12 for _day, slots in mornings.days for slot in slots} == {True}


def test_a_start_at_midday_is_an_afternoon_in_summer_too(
    client: Client, presentation: Presentation, presenter: Presenter, clock: time_machine.Traveller
) -> None:
    clock.move_to(datetime(2027, 6, 1, 10, tzinfo=UTC))
    make_availability(presenter, 2, "12:00", "13:00")
    client.post("/book/signs/where/", WHERE)
    for part, expected in (("morning", ["9am", "9:30am", "10am", "10:30am", "11am", "11:30am"]), ("afternoon", ["midday"])):
        picker = client.get(f"/book/signs/when/?week=2027-06-14&part={part}").context["picker"]
        wednesday = next(slots for day, slots in picker.days if day == date(2027, 6, 16))
        assert [format_uk_time(slot.start) for slot in wednesday] == expected


def test_an_empty_week_says_so_and_leads_to_the_next_that_has_something(
    client: Client, presentation: Presentation, presenter: Presenter
) -> None:
    make_leave(presenter, at("00:00"), at("00:00", MONDAY + timedelta(days=7)))
    client.post("/book/signs/where/", WHERE)
    page = client.get("/book/signs/when/?week=2027-01-25&change=1")
    assert "No times are free in this week. See the week of Monday 1 February 2027, 9am to 10am" in text(page)
    assert page.context["picker"].next.query == "?change=1&week=2027-02-01"
    assert "Keep this time and continue" not in text(page)


def test_after_the_last_slot_an_empty_week_leads_back_to_the_first(client: Client, presentation: Presentation) -> None:
    Availability.objects.update(valid_until=date(2027, 1, 22))
    client.post("/book/signs/where/", WHERE)
    page = client.get("/book/signs/when/?week=2027-03-01")
    assert "No times are free in this week. See the week of Tuesday 19 January 2027, 9am to 10am" in text(page)


def test_a_part_of_the_day_that_is_never_free_says_that_the_other_may_be(client: Client, presentation: Presentation) -> None:
    client.post("/book/signs/where/", WHERE)
    page = client.get("/book/signs/when/?part=afternoon")
    assert "No afternoons are free in the next 90 days. Try the mornings." in text(page)
    assert 'href="?part=morning"' in page.content.decode()
    assert 'href="?"' in page.content.decode()


def test_if_nothing_is_free_for_weeks_the_page_looks_further(
    client: Client, presentation: Presentation, presenter: Presenter
) -> None:
    make_leave(presenter, at("00:00", NOW.date()), at("00:00", MONDAY + timedelta(days=42)))
    client.post("/book/signs/where/", WHERE)
    with CaptureQueriesContext(connection) as queries:
        page = client.get("/book/signs/when/?part=morning")
    assert "Monday 8 March 2027, 9am to 10am" in text(page)
    assert len(queries) <= 12


@pytest.mark.parametrize("part", ["evening", "MORNING", "<b>"])
def test_an_odd_part_of_the_day_is_the_whole_day(client: Client, presentation: Presentation, part: str) -> None:
    client.post("/book/signs/where/", WHERE)
    picker = client.get("/book/signs/when/", {"part": part}).context["picker"]
    assert (picker.part, picker.first.when) == ("", "Tuesday 19 January 2027, 9am to 10am")


def test_each_time_says_its_day_and_its_end_to_those_who_can_not_see_them(client: Client, presentation: Presentation) -> None:
    client.post("/book/signs/where/", WHERE)
    page = client.get("/book/signs/when/").content.decode()
    labels = re.findall(r'<label class="time__label"[^>]*>(.*?)<span class=.govuk-visually-hidden.>(.*?)</span>', page)
    assert labels[:2] == [
        ("9am", " to 10am, Tuesday 19 January 2027"),
        ("9:30am", " to 10:30am, Tuesday 19 January 2027"),
    ]
    assert re.findall(r'<legend class="day__name">([^<]+)', page)[0] == "Tuesday 19 January 2027"
    assert "This presentation takes 60 minutes." in page


def test_all_days_are_one_group_of_radio_buttons(client: Client, presentation: Presentation) -> None:
    client.post("/book/signs/where/", WHERE)
    radios = re.findall(r'<input type="radio"[^>]*>', client.get("/book/signs/when/").content.decode())
    assert {re.findall(r' name="([^"]+)"', radio)[0] for radio in radios} == {"start"}
    assert len(radios) == 20  # four days with a start each half hour from 9 to 11


def test_the_first_time_that_is_free_is_kept_at_one_press(client: Client, presentation: Presentation) -> None:
    client.post("/book/signs/where/", WHERE)
    page = client.get("/book/signs/when/").content.decode()
    [value] = re.findall(r'<button[^>]*name="start" value="([^"]+)"', page)
    assert value == "2027-01-19T09:00Z"
    assert client.post("/book/signs/when/", {"start": value}).url == "/book/signs/check/"
    assert "First available" not in client.get("/book/signs/when/").content.decode()


def test_the_page_opens_at_the_week_of_the_time_chosen_before(client: Client, presentation: Presentation) -> None:
    client.post("/book/signs/where/", WHERE)
    client.post("/book/signs/when/", {"start": "2027-02-09T10:00Z"})
    page = client.get("/book/signs/when/")
    assert page.context["picker"].week.title == "Week of Monday 8 February 2027"
    assert re.findall(r'value="([^"]+)"[^>]* checked', page.content.decode()) == ["2027-02-09T10:00Z"]


def test_an_end_of_the_weeks_is_text_and_no_link(client: Client, presentation: Presentation) -> None:
    client.post("/book/signs/where/", WHERE)
    first = client.get("/book/signs/when/?week=2027-01-12").content.decode()
    assert (first.count("No earlier week"), first.count('rel="prev"'), first.count('rel="next"')) == (1, 0, 1)
    # The first time of all is in the week of the 18th.
    has_earlier = {day: 'rel="prev"' in client.get(f"/book/signs/when/?week=2027-01-{day}").content.decode() for day in (18, 25)}
    assert has_earlier == {18: False, 25: True}
    last = client.get("/book/signs/when/?week=2027-12-31").content.decode()
    assert (last.count("No later week"), last.count('rel="next"')) == (2, 0)


def test_a_forgotten_choice_is_asked_for_in_the_same_week(client: Client, presentation: Presentation) -> None:
    client.post("/book/signs/where/", WHERE)
    page = client.post("/book/signs/when/?week=2027-02-08&change=1", {})
    assert page.context["picker"].week.title == "Week of Monday 8 February 2027"
    shown = page.content.decode()
    first_radio = re.findall(r'<input type="radio"[^>]* id="([^"]+)"', shown)[0]
    assert f'href="#{first_radio}"' in shown
    assert 'aria-describedby="id_start_error"' in shown
    assert 'action="/book/signs/when/?week=2027-02-08&amp;change=1"' in shown


# --- Where no visit can be had ---


BELFAST = {**WHERE, "town": "Belfast", "postcode": "bt1 5gs"}


def test_if_there_is_no_slot_at_all_the_page_says_whom_to_call(client: Client, presentation: Presentation) -> None:
    Presenter.objects.update(active=False)
    client.post("/book/signs/where/", WHERE)
    page = client.get("/book/signs/when/")
    assert "No presenter can come to LS1 4AP in the next 90 days." in text(page)
    assert "Or call us on 0808 800 5000" in text(page)
    assert "Have it online" not in text(page)
    assert 'type="submit"' not in page.content.decode().split("<main")[1]


@pytest.mark.parametrize("postcode", ["BT1 5GS", "TR21 0LW", "ZE1 0AA", "CF10 1EP"])
@pytest.mark.parametrize("query", ["", "?part=afternoon", "?week=2027-02-08"])
def test_where_no_presenter_comes_the_page_offers_what_can_be_had(
    client: Client, presentation: Presentation, presenter: Presenter, postcode: str, query: str
) -> None:
    session = make_session(presenter, at("09:00"), presentation=presentation)
    make_session(presenter, at("09:00") - timedelta(days=1))  # about something else
    client.post("/book/signs/where/", {**BELFAST, "postcode": postcode})
    with CaptureQueriesContext(connection) as queries:
        page = client.get(f"/book/signs/when/{query}")
    assert len(queries) <= 12
    said = text(page)
    assert "No times are free for a visit" in said
    assert f"No presenter can come to {postcode} in the next 90 days." in said
    ways = [said.index(way) for way in ("Have it online", "Join an open session", "Ask for dates of your own", "Or call us on")]
    assert ways == sorted(ways)
    assert (session.when in said, f'href="/sessions/{session.reference}/"' in page.content.decode()) == (True, True)
    # Nothing is said of times that are not there.
    assert not [phrase for phrase in ("If none of these times", "Try the afternoons", "Try the mornings") if phrase in said]
    first = ["2027-01-19T09:00Z", "2027-01-20T09:00Z", "2027-01-21T09:00Z"]
    assert re.findall(r'name="start" value="([^"]+)"', page.content.decode()) == first
    assert "Take Tuesday 19 January 2027, 9am to 10am" in said


def test_an_online_time_carries_on_with_what_was_typed(client: Client, presentation: Presentation) -> None:
    client.post("/book/signs/where/", {**BELFAST, "leaflets": "on"})
    before = Draft.objects.get().answers["where"]
    sent = {"online": "yes", "start": "2027-01-19T09:00Z"}
    assert client.post("/book/signs/when/", sent).url == "/book/signs/check/"
    where = Draft.objects.get().answers["where"]
    address = dict.fromkeys(("address_line_1", "address_line_2", "town", "postcode"), "")
    assert where == {**before, "format": "online", **address}
    # Whoever goes back finds the address again.
    form = client.get("/book/signs/where/?change=1").context["form"]
    assert [form[name].value() for name in ("address_line_1", "town", "postcode")] == ["St James", "Belfast", "BT1 5GS"]
    assert form["format"].value() == "online"


def test_all_online_times_are_shown_at_a_press(client: Client, presentation: Presentation) -> None:
    client.post("/book/signs/where/", BELFAST)
    page = client.post("/book/signs/when/", {"online": "yes"}, follow=True)
    assert ("Choose a day and time" in text(page), "First available Tuesday 19 January 2027, 9am" in text(page)) == (True, True)


def test_an_online_time_that_has_gone_leads_to_the_nearest_online(
    client: Client, presentation: Presentation, presenter: Presenter
) -> None:
    client.post("/book/signs/where/", BELFAST)
    make_booking(presenter, at("09:00"), postcode="")
    page = client.post("/book/signs/when/", {"online": "yes", "start": "2027-01-25T09:00Z"})
    assert ("That time has just gone" in text(page), "2027-01-25T10:00Z" in page.content.decode()) == (True, True)


def test_no_online_time_is_offered_of_what_is_given_at_workplaces_only(client: Client, presentation: Presentation) -> None:
    Presentation.objects.update(formats=["workplace"])
    client.post("/book/signs/where/", BELFAST)
    assert "Have it online" not in text(client.get("/book/signs/when/"))
    client.post("/book/signs/when/", {"online": "yes", "start": "2027-01-19T09:00Z"})
    assert Draft.objects.get().answers["where"]["format"] == "workplace"


def test_online_without_a_time_is_said_too(client: Client, presentation: Presentation) -> None:
    Presenter.objects.update(joining_link="")
    client.post("/book/signs/where/", {**WHERE, "format": "online"})
    page = client.get("/book/signs/when/")
    assert ("No times are free online" in text(page), "Have it online" in text(page)) == (True, False)


def test_a_week_without_times_does_not_ask_why_none_of_them_suits(client: Client, presentation: Presentation) -> None:
    client.post("/book/signs/where/", WHERE)
    said = text(client.get("/book/signs/when/?part=afternoon"))
    assert ("If none of these times suit you" in said, "Tell us which days would suit you" in said) == (False, True)


def test_a_slot_taken_meanwhile_gives_a_polite_page_with_the_nearest_times_ready(
    client: Client, presentation: Presentation, presenter: Presenter
) -> None:
    client.post("/book/signs/where/", WHERE)
    make_booking(presenter, at("10:00"))
    page = client.post("/book/signs/when/", {"start": TEN})
    assert page.status_code == 200
    assert "That time has just gone" in text(page)
    assert "Monday 25 January 2027, 10am to 11am is no longer free. These are the nearest free times." in text(page)
    offered = [value for _day, slots in page.context["form"].fields["start"].choices for value, _label in slots]
    assert len(offered) == MAX_ALTERNATIVE_SLOTS
    assert {"2027-01-25T09:00Z", "2027-01-25T11:00Z"} <= set(offered)
    assert client.post("/book/signs/when/", {"start": "2027-01-25T11:00Z"}).url == "/book/signs/check/"


def test_a_hold_that_expired_and_was_taken_loses_only_the_time(
    client: Client, presentation: Presentation, presenter: Presenter, person: Person, clock: time_machine.Traveller
) -> None:
    sign_in(client, person)
    fill_in(client)
    page = client.get("/book/signs/check/")
    clock.shift(timedelta(minutes=16))
    Hold.objects.all().delete()
    make_booking(presenter, at("10:00"))
    lost = client.post("/book/signs/check/", hidden(page))
    assert lost.status_code == 200
    assert 'action="/book/signs/when/"' in lost.content.decode()
    assert client.get("/book/signs/check/").status_code == 200
    assert client.post("/book/signs/when/?change=1", {"start": "2027-01-25T11:00Z"}).url == "/book/signs/check/"
    assert confirm(client).status_code == 302
    assert Booking.objects.get(person=person).access_needs == "Hearing loop"


def test_a_hold_that_expired_and_is_still_free_books(
    client: Client, presentation: Presentation, person: Person, clock: time_machine.Traveller
) -> None:
    sign_in(client, person)
    fill_in(client)
    clock.shift(timedelta(minutes=16))
    assert "We are no longer keeping this time for you, but it is still free." in text(client.get("/book/signs/check/"))
    assert confirm(client).status_code == 302
    assert Booking.objects.get().starts_at == at("10:00")


@pytest.mark.parametrize("page", ["where/?change=1", "when/", "when/?week=2027-02-08", "leaflets/?change=1"])
def test_a_hold_that_is_over_is_said_with_whether_the_time_is_still_free(
    client: Client, presentation: Presentation, presenter: Presenter, clock: time_machine.Traveller, page: str
) -> None:
    fill_in(client)
    address = f"/book/signs/{page}"
    assert "We are keeping Monday 25 January 2027, 10am to 11am for you until" in text(client.get(address))
    clock.shift(timedelta(minutes=16))
    lost = "We are no longer keeping Monday 25 January 2027, 10am to 11am for you,"
    with CaptureQueriesContext(connection) as queries:
        shown = client.get(address)
    assert len(queries) <= 16
    assert f"{lost} but it is still free. Nothing you typed is lost." in text(shown)
    Hold.objects.all().delete()
    make_booking(presenter, at("10:00"))
    shown = text(client.get(address))
    assert f"{lost} and it is no longer free. Nothing you typed is lost. Choose another time" in shown
    # Where nothing was chosen, nothing is said of it.
    client.post("/book/signs/where/", {**WHERE, "postcode": "YO1 7HH"})
    assert "no longer keeping" not in text(client.get(address))


def test_the_script_finds_the_time_that_is_kept_among_those_of_its_month(
    client: Client, presentation: Presentation, presenter: Presenter, clock: time_machine.Traveller
) -> None:
    """So it can say at the end whether it is free still."""
    fill_in(client)
    shown = client.get("/book/signs/where/?change=1").content.decode()
    [times] = re.findall(r'data-times="([^"]+)" data-start="2027-01-25T10:00Z"', shown)

    def is_free() -> bool:
        days = client.get(times).json()["days"]
        return "2027-01-25T10:00Z" in {time[0] for day in days for time in day["times"]}

    assert is_free()  # for the one who holds it
    clock.shift(timedelta(minutes=16))
    assert is_free()
    Hold.objects.all().delete()
    make_booking(presenter, at("10:00"))
    assert not is_free()


def test_too_many_holds_from_one_place_are_stopped(
    client: Client, presentation: Presentation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookings.booking.views.book.HOLD_RATE_LIMIT", (2, timedelta(hours=1)))
    client.post("/book/signs/where/", WHERE)
    codes = [client.post("/book/signs/when/", {"start": TEN}).status_code for _number in range(3)]
    assert codes == [302, 302, 429]


# --- The month, for the script ---


def test_a_month_has_every_day_with_its_times(client: Client, presentation: Presentation) -> None:
    client.post("/book/signs/where/", WHERE)
    page = client.get("/book/signs/when/")
    assert page.context["picker"].months == "?month="
    answer = client.get("/book/signs/when/?month=2027-01")
    month = answer.json()
    assert (month["month"], month["title"], month["earlier"], month["later"]) == ("2027-01", "January 2027", "", "2027-02")
    assert month["weekdays"][0] == ["Mon", "Monday"]
    assert [day["day"] for day in month["days"]] == [f"2027-01-{number:02}" for number in range(1, 32)]
    assert [len(day["times"]) for day in month["days"]] == [0] * 18 + [5] * 4 + [0] * 2 + [5] * 5 + [0] * 2
    assert month["days"][18]["name"] == "Tuesday 19 January 2027"
    assert month["days"][18]["times"][0] == ["2027-01-19T09:00Z", "9am", "10am"]
    assert set(answer["Cache-Control"].split(", ")) == {"private", "no-store"}


def test_a_month_keeps_to_the_part_of_the_day(client: Client, presentation: Presentation) -> None:
    client.post("/book/signs/where/", WHERE)
    page = client.get("/book/signs/when/?part=morning&change=1&week=2027-02-01")
    assert page.context["picker"].months == "?part=morning&change=1&month="
    month = client.get("/book/signs/when/?part=afternoon&month=2027-02").json()
    assert {len(day["times"]) for day in month["days"]} == {0}


@pytest.mark.parametrize(
    ("month", "shown"),
    [
        ("", "2027-01"),
        ("nonsense", "2027-01"),
        ("2020-01", "2027-01"),
        ("9999-12", "2027-04"),
        ("2027-13", "2027-01"),
        ("2027-04", "2027-04"),
    ],
)
def test_odd_months_are_one_inside_the_horizon(client: Client, presentation: Presentation, month: str, shown: str) -> None:
    client.post("/book/signs/where/", WHERE)
    answer = client.get("/book/signs/when/", {"month": month}).json()
    assert answer["month"] == shown
    assert (answer["earlier"] == "") == (shown == "2027-01")
    assert (answer["later"] == "") == (shown == "2027-04")


def test_no_earlier_month_is_offered_where_none_has_a_time(
    client: Client, presentation: Presentation, clock: time_machine.Traveller
) -> None:
    clock.move_to(datetime(2027, 1, 28, 10, tzinfo=UTC))  # too late for a time in January
    client.post("/book/signs/where/", WHERE)
    assert [client.get(f"/book/signs/when/?month=2027-0{month}").json()["earlier"] for month in (1, 2, 3)] == ["", "", "2027-02"]


def test_a_month_is_nobody_elses(client: Client, presentation: Presentation) -> None:
    """Without answers about the place there is no month, and the script shows the list as it came."""
    assert client.get("/book/signs/when/?month=2027-01").url == "/book/signs/where/"


def test_a_month_takes_as_few_statements_as_a_week(client: Client, presentation: Presentation) -> None:
    client.post("/book/signs/where/", WHERE)
    counts = []
    for query in ("", "?month=2027-02", "?part=morning"):
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/book/signs/when/{query}")
        counts.append(len(queries))
    for number in range(3):
        make_presenter(hours=("09:00", "12:00"))
        make_booking(make_presenter(), at(f"1{number}:00"))
    for query in ("", "?month=2027-02", "?part=morning"):
        with CaptureQueriesContext(connection) as queries:
            client.get(f"/book/signs/when/{query}")
        counts.append(len(queries))
    assert counts[:3] == counts[3:]
    assert max(counts) <= 12

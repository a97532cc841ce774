"""The team's calendar on the staff site: what stands in it, for whom, how it begins a booking, and its address for calendars."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urljoin

import pytest
from django.test import Client

from accounts.models import User
from bookings.booking.services.transitions import cancel_booking
from bookings.calendars.views import feed_token, get_or_create_feed
from bookings.models import BookingState, CalendarFeed, DutyShift, Format, Presenter
from bookings.models.leave import END_OF_DAY, START_OF_DAY
from core.dates import uk_datetime
from tests.bookings.admin.desk import text, values
from tests.bookings.calendars.reading import events, read, told
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.rows import (
    LEEDS,
    MONDAY,
    NOW,
    YORK,
    at,
    make_booking,
    make_exception,
    make_hold,
    make_leave,
    make_option,
    make_presentation,
    make_presenter,
    make_request,
)
from tests.face.page import Page
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
CALENDAR = "/staff/bookings/calendar/"
WEEK = f"{CALENDAR}?day=25+1+2027"
DAY = timedelta(days=1)


@pytest.fixture
def desk(client: Client) -> Client:
    return sign_in_staff(client, make_staff(role="coordinator"))


@pytest.fixture
def asha() -> Presenter:
    return make_presenter(name="Asha Patel", user=make_staff(role="presenter"))


def cells(desk: Client, address: str = WEEK, row: str = "Asha Patel") -> dict[str, list[tuple[str, str, str]]]:
    """Of each day that has any the entries of that row: kind, text and address."""
    response = desk.get(address)
    assert response.status_code == 200, text(response)
    for shown in response.context["rows"]:
        if (shown.presenter.name if shown.presenter else "") == row:
            return {label: [(each.kind, each.text, each.href) for each in entries] for label, entries in shown.cells if entries}
    return {}


def texts(desk: Client, day: str = "Mon 25 Jan", **more: Any) -> list[str]:
    return [entry[1] for entry in cells(desk, **more).get(day, [])]


def hour_busy(presenter: Presenter) -> None:
    """So that no time of Monday is free but that between two and four."""
    make_leave(presenter, at("09:00"), at("14:00"))
    make_leave(presenter, at("16:00"), at("17:00"))


# What it shows


def test_each_kind_is_a_word_a_time_and_a_link_that_opens(desk: Client, asha: Presenter) -> None:
    booking = make_booking(asha, at("10:00"))
    session = make_session(asha, at("12:00"))
    request = make_request()
    make_option(request, asha, at("15:00"))
    make_hold(asha, at("09:00", MONDAY + DAY), expires_at=NOW + timedelta(minutes=10))
    make_leave(asha, at("13:00", MONDAY + 2 * DAY), at("15:00", MONDAY + 2 * DAY))
    make_leave(asha, uk_datetime(MONDAY + 3 * DAY, START_OF_DAY), uk_datetime(MONDAY + 4 * DAY, END_OF_DAY))
    shown = cells(desk)
    monday = [entry for entry in shown["Mon 25 Jan"] if entry[0] not in ("free", "travel")]
    assert [entry[:2] for entry in monday] == [
        ("booking", f"10am to 11am: Booking {booking.reference}, {LEEDS}"),
        ("session", f"midday to 1pm: Open session {session.reference}"),
        ("option", f"3pm to 4pm: Kept for a request {request.reference}"),
    ]
    assert shown["Tue 26 Jan"][0][1] == "9am to 10am: Kept for somebody who is booking"
    assert "1pm to 3pm: Leave" in [entry[1] for entry in shown["Wed 27 Jan"]]
    assert [entry[:2] for entry in shown["Thu 28 Jan"]] == [("leave", "All day: Leave")]
    assert [entry[:2] for entry in shown["Fri 29 Jan"]] == [("leave", "All day: Leave")]
    for entries in shown.values():
        for kind, said, href in entries:
            assert kind == "travel" or desk.get(urljoin(CALENDAR, href)).status_code == 200, (said, href)


def test_leave_of_some_days_says_what_it_takes_of_each(desk: Client, asha: Presenter) -> None:
    make_leave(asha, at("12:00"), at("10:30", MONDAY + 2 * DAY))
    assert texts(desk)[-1] == "From midday: Leave"
    assert texts(desk, "Tue 26 Jan") == ["All day: Leave"]
    assert texts(desk, "Wed 27 Jan")[0] == "Until 10:30am: Leave"


def test_travel_stands_before_a_visit_and_home_after_the_last(desk: Client, asha: Presenter) -> None:
    make_booking(asha, at("10:00"), postcode=YORK)
    make_booking(asha, at("14:00"), postcode="YO1 9TT")
    travel = [said for kind, said, _href in cells(desk)["Mon 25 Jan"] if kind == "travel"]
    assert [said.partition(": ")[2] for said in travel] == ["Travel", "Travel", "Travel home"]
    assert travel[0].endswith("to 10am: Travel")
    assert travel[1] == "1:30pm to 2pm: Travel"
    assert travel[2].startswith("3pm to ")


def test_what_has_no_place_has_no_journey(desk: Client, asha: Presenter) -> None:
    booking = make_booking(asha, at("10:00"), postcode="")
    assert f"10am to 11am: Booking {booking.reference}, Online" in texts(desk)
    assert all(kind != "travel" for kind, _said, _href in cells(desk)["Mon 25 Jan"])


def test_a_bank_holiday_is_that_of_where_the_presenter_lives(desk: Client, asha: Presenter) -> None:
    make_presenter(name="Morag Reid", nation="scotland", base_postcode="EH1 1YZ")
    # The second of January is a holiday in Scotland alone; in 2027 it falls on a Saturday, so Monday the fourth is.
    address = f"{CALENDAR}?day=4+1+2027"
    assert texts(desk, "Mon 4 Jan", address=address, row="Morag Reid") == ["Bank holiday"]
    assert texts(desk, "Mon 4 Jan", address=address) == []


def test_what_is_delivered_or_asked_for_says_so_and_what_is_cancelled_is_gone(desk: Client, asha: Presenter) -> None:
    asked = make_booking(asha, at("10:00"), state=BookingState.REQUESTED)
    gone = make_booking(asha, at("14:00"))
    cancel_booking(gone, reason="Ill", by=make_staff(), now=NOW)
    assert f"10am to 11am: Booking {asked.reference}, {LEEDS}, Requested" in texts(desk)
    assert gone.reference not in text(desk.get(WEEK))


def test_what_needs_a_presenter_has_a_row_of_its_own(desk: Client, asha: Presenter) -> None:
    booking, session = make_booking(None, at("10:00")), make_session(None, at("13:00"))
    assert texts(desk, row="") == [f"10am to 11am: Booking {booking.reference}", f"1pm to 2pm: Open session {session.reference}"]
    assert "Needs a presenter" not in text(desk.get(f"{WEEK}&presenter={asha.pk}"))


def test_a_presenter_who_has_left_is_shown_while_they_have_something_and_is_never_free(desk: Client, asha: Presenter) -> None:
    Presenter.objects.filter(pk=asha.pk).update(active=False)
    make_presentation()
    assert cells(desk) == {}
    booking = make_booking(asha, at("10:00"), postcode="")
    assert texts(desk) == [f"10am to 11am: Booking {booking.reference}, Online"]


# Free time, as the public could book it


def test_free_time_is_what_could_be_offered(desk: Client, asha: Presenter) -> None:
    make_presentation()
    hour_busy(asha)
    make_exception(asha, MONDAY + DAY, hours=None)
    assert "Free 2pm to 4pm" in texts(desk)
    assert texts(desk, "Tue 26 Jan") == []
    assert texts(desk, "Wed 27 Jan") == ["Free 9am to 5pm"]
    assert texts(desk, "Sat 30 Jan") == []
    # Within five working days nothing is offered.
    assert cells(desk, f"{CALENDAR}?day=11+1+2027") == {}


def test_who_gives_no_visits_and_has_no_link_offers_nothing_and_nobody_on_duty_no_visit(desk: Client, asha: Presenter) -> None:
    make_presentation()
    Presenter.objects.filter(pk=asha.pk).update(joining_link="")
    assert texts(desk) == ["Free 9am to 5pm"]
    DutyShift.objects.all().delete()
    assert texts(desk) == []
    Presenter.objects.filter(pk=asha.pk).update(joining_link="https://meet.example/a", formats=[Format.ONLINE])
    assert texts(desk) == ["Free 9am to 5pm"]


def test_free_time_is_that_of_the_shortest_presentation_that_they_give(desk: Client, asha: Presenter) -> None:
    make_presentation(length_minutes=30)
    asha.presentations.add(make_presentation(length_minutes=180))
    hour_busy(asha)
    assert not any(said.startswith("Free") for said in texts(desk))


@pytest.mark.parametrize(
    ("now", "week", "day", "free"),
    [
        (datetime(2027, 3, 12, 9, tzinfo=UTC), "26+3+2027", "Fri 26 Mar", "Bank holiday"),
        (datetime(2027, 3, 15, 9, tzinfo=UTC), "28+3+2027", "Sun 28 Mar", "Free 9am to 5pm"),
        (datetime(2027, 10, 12, 9, tzinfo=UTC), "31+10+2027", "Sun 31 Oct", "Free 9am to 5pm"),
    ],
    ids=["good friday", "clocks forward", "clocks back"],
)
def test_hours_are_those_of_the_wall_and_a_holiday_has_none(
    client: Client, clock: Any, now: datetime, week: str, day: str, free: str
) -> None:
    clock.move_to(now)
    make_presenter(name="Asha Patel", weekdays=range(7))
    make_presentation()
    desk = sign_in_staff(client, make_staff(role="coordinator"))
    assert texts(desk, day, address=f"{CALENDAR}?day={week}") == [free]
    month = cells(desk, f"{CALENDAR}?day={week}&view=month")
    assert [said for _kind, said, _href in month[day.rpartition(" ")[0]]] == [free]


def test_a_press_on_free_time_begins_a_booking_there(desk: Client, asha: Presenter) -> None:
    make_presentation()
    hour_busy(asha)
    [href] = [href for kind, _said, href in cells(desk)["Mon 25 Jan"] if kind == "free"]
    find = desk.get(urljoin(CALENDAR, href))
    assert "Who is calling?" in text(find)  # and whoever is found or new goes on to the form, with the time
    form = desk.post(urljoin(CALENDAR, href), {"find": "Ada Obi", "new": "1"})
    assert (values(form, "time-day"), values(form, "time-clock")) == (["25 1 2027"], ["2pm"])
    chosen = [option.attrs["value"] for option in Page(form.content.decode()).all("option") if "selected" in option.attrs]
    assert str(asha.pk) in chosen


@pytest.mark.parametrize("query", ["free=x,yesterday", "free=1,1999-01-01T09:00Z", "free=1"])
def test_a_start_that_is_none_fills_in_nothing(desk: Client, query: str) -> None:
    form = desk.post(f"/staff/bookings/booking/add/?{query}", {"find": "Ada Obi", "new": "1"})
    assert (form.status_code, values(form, "time-day"), values(form, "time-clock")) == (200, [""], [""])


# The ways about, and what is chosen


def test_a_month_says_less_of_each_and_leads_to_the_ones_beside_it(desk: Client, asha: Presenter) -> None:
    make_booking(asha, at("10:00"), postcode=YORK)
    page = desk.get(f"{CALENDAR}?day=25+1+2027&view=month")
    assert page.context["shown"].title == "January 2027"
    [short] = [
        entry for row in page.context["rows"] for _label, entries in row.cells for entry in entries if entry.kind == "booking"
    ]
    there, _comma, travel = short.brief.partition(", ")
    assert (there, short.text) == ("10am YO1", "Booking")
    assert re.fullmatch(r"travel \d+ min", travel)
    assert f">{short.brief}</a>" in page.content.decode()  # in sight: a title is for a mouse alone
    # Weekends are narrow while nothing is on.
    narrow = [day.day for day, _label, is_narrow in page.context["days"] if is_narrow]
    assert narrow == [2, 3, 9, 10, 16, 17, 23, 24, 30, 31]
    for way, title in (("earlier", "December 2026"), ("later", "February 2027"), ("now_query", "January 2027")):
        assert desk.get(f"{CALENDAR}{page.context[way]}").context["shown"].title == title


def test_a_week_leads_to_the_ones_beside_it_and_stops_where_days_end(desk: Client) -> None:
    page = desk.get(WEEK)
    assert page.context["shown"].title == "Monday 25 January 2027 to Sunday 31 January 2027"
    assert desk.get(f"{CALENDAR}{page.context['later']}").context["shown"].day == date(2027, 2, 1)
    assert desk.get(f"{CALENDAR}{page.context['earlier']}").context["shown"].day == date(2027, 1, 18)
    assert desk.get(f"{CALENDAR}?day=11+1+2029").context["later"] == ""


@pytest.mark.parametrize("query", ["day=soon", "day=1+1+1900", "view=year", "presenter=x", "presenter=999999", "nation=mars"])
def test_what_can_not_be_shown_is_said_and_the_rest_of_it_stays(desk: Client, asha: Presenter, query: str) -> None:
    page = desk.get(f"{CALENDAR}?{query}")
    assert page.status_code == 200
    assert page.context["form"].errors
    assert "There is a problem" in text(page)
    assert "Asha Patel" in text(page)


def test_one_presenter_or_one_nation_can_be_chosen(desk: Client, asha: Presenter) -> None:
    make_presenter(name="Morag Reid", nation="scotland", base_postcode="EH1 1YZ")
    for query, names in ((f"presenter={asha.pk}", ["Asha Patel"]), ("nation=scotland", ["Morag Reid"])):
        page = desk.get(f"{WEEK}&{query}")
        assert [row.presenter.name for row in page.context["rows"]] == names
        assert query in page.context["later"]


def test_it_is_a_table_whose_heads_say_whose_and_when(desk: Client, asha: Presenter) -> None:
    make_booking(asha, at("10:00"))
    page = Page(desk.get(WEEK).content.decode())
    heads = [(head.attrs["scope"]) for head in page.all("th")]
    assert heads == ["col"] * 8 + ["row"]
    assert len(page.all("caption")) == 1


# For whom


@pytest.mark.parametrize(
    ("role", "status"), [("coordinator", 200), ("manager", 200), ("read-only", 200), ("presenter", 403), ("fulfilment", 403)]
)
def test_who_may_see_bookings_sees_it(client: Client, role: str, status: int) -> None:
    desk = sign_in_staff(client, make_staff(role=role))
    assert desk.get(CALENDAR).status_code == status
    assert ("Calendar" in text(desk.get("/staff/"))) == (status == 200)
    address = 200 if role in ("coordinator", "manager") else 403
    assert desk.get(f"{CALENDAR}address/").status_code == address
    assert desk.post(f"{CALENDAR}address/").status_code == (302 if address == 200 else 403)
    assert desk.post(f"{CALENDAR}address/stop/").status_code == (302 if address == 200 else 403)


def test_who_only_looks_sees_no_leave_and_nothing_that_tells_of_it(client: Client, asha: Presenter) -> None:
    make_presentation()
    booking, session = make_booking(asha, at("10:00"), postcode=YORK), make_session(asha, at("13:00"))
    make_leave(asha, at("15:00"), at("16:00"))
    make_hold(asha, at("09:00", MONDAY + DAY), expires_at=NOW + timedelta(minutes=10))
    shown = cells(sign_in_staff(client, make_staff(role="read-only")))
    assert list(shown) == ["Mon 25 Jan"]
    assert [said for _kind, said, _href in shown["Mon 25 Jan"]] == [
        f"10am to 11am: Booking {booking.reference}, {YORK}",
        f"1pm to 2pm: Open session {session.reference}",
    ]
    assert all(client.get(urljoin(CALENDAR, href)).status_code == 200 for _kind, _said, href in shown["Mon 25 Jan"])


# How much it takes


def test_a_full_month_of_forty_presenters_takes_few_statements_and_stays_light(desk: Client) -> None:
    presentation, person = make_presentation(), make_person()
    for number in range(40):
        presenter = make_presenter(name=f"Presenter {number:02d}")
        for day in range(31):
            first = date(2027, 2, 1) + day * DAY
            if first.month == 2 and first.weekday() < 5:
                if (number + day) % 2:
                    make_booking(presenter, at("10:00", first), postcode=YORK, presentation=presentation, person=person)
                elif day % 5 == 0:
                    make_leave(presenter, at("13:00", first), at("17:00", first))
    address = f"{CALENDAR}?day=1+2+2027&view=month"
    desk.get(address)
    assert len(statements(lambda: desk.get(address))) <= 20
    page = desk.get(address)
    assert page.content.count(b'class="booking"') == 400
    assert page.content.count(b'class="free"') > 400
    assert len(page.content) < 155_000


# Its address for calendar programs


@pytest.fixture
def colleague() -> User:
    return make_staff(role="coordinator")


def team_feed(user: User) -> str:
    return f"/calendars/{feed_token(get_or_create_feed(owner=user, by=user, now=NOW))}.ics"


def test_a_calendar_reads_when_who_is_busy_and_roughly_where_and_nothing_else(colleague: User, asha: Presenter) -> None:
    booking = make_booking(asha, at("10:00"), postcode=YORK, notes="New to this")
    session = make_session(asha, at("13:00"))
    request = make_request()
    make_option(request, asha, at("15:00"))
    make_hold(asha, at("09:00", MONDAY + DAY), expires_at=NOW + timedelta(minutes=10))
    make_leave(asha, uk_datetime(MONDAY + 2 * DAY, START_OF_DAY), uk_datetime(MONDAY + 2 * DAY, END_OF_DAY))
    url = team_feed(colleague)
    assert told(url) == [
        ("CONFIRMED", "Asha Patel: busy", "YO"),
        ("CONFIRMED", "Asha Patel: busy", ""),
        ("TENTATIVE", "Asha Patel: busy", "LS"),
        ("CONFIRMED", "Asha Patel: busy", ""),
    ]
    assert events(url)[3]["dtstart"].dt == MONDAY + 2 * DAY
    raw = read(url).content.decode().replace("\r\n ", "")
    for private in (booking.person.name, booking.reference, session.reference, request.reference, "YO1", "St James", "Leeds"):
        assert private not in raw
    assert "Spotting" not in raw
    assert "/staff/" not in raw
    assert "X-WR-CALNAME:CTAC team" in raw


def test_it_is_made_shown_and_stopped_by_a_button_and_each_has_their_own(
    client: Client, colleague: User, asha: Presenter
) -> None:
    other = team_feed(make_staff(role="manager"))
    desk = sign_in_staff(client, colleague)
    assert "Make my calendar address" in text(desk.get(f"{CALENDAR}address/"))
    assert CalendarFeed.objects.count() == 1
    page = desk.post(f"{CALENDAR}address/", follow=True)
    [address] = [
        box.attrs["value"] for box in Page(page.content.decode()).all("input") if "/calendars/" in box.attrs.get("value", "")
    ]
    mine = "/calendars/" + address.rpartition("/")[2]
    assert mine != other
    assert read(mine).status_code == read(other).status_code == 200
    assert feed_token(CalendarFeed.objects.get(user=colleague)) not in str(CalendarFeed.objects.values_list().get(user=colleague))
    assert "Your colleagues keep theirs." in text(desk.get(f"{CALENDAR}address/stop/"))
    desk.post(f"{CALENDAR}address/stop/")
    assert read(mine).status_code == 404
    assert read(other).status_code == 200


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": False}, {"groups": []}], ids=str)
def test_it_ends_with_the_role_and_with_the_account(colleague: User, change: dict[str, Any]) -> None:
    url = team_feed(colleague)
    assert read(url).status_code == 200
    if "groups" in change:
        colleague.groups.clear()
    else:
        User.objects.filter(pk=colleague.pk).update(**change)
    assert read(url).status_code == 404


def test_reading_it_takes_few_statements(colleague: User) -> None:
    url = team_feed(colleague)
    for number in range(3):
        make_booking(make_presenter(name=f"Presenter {number}"), at("10:00"))
    read(url)
    assert len(statements(lambda: read(url))) <= 4


def test_a_colleague_may_have_a_diary_of_their_own_too(asha: Presenter) -> None:
    assert asha.user is not None
    asha.user.groups.set(make_staff(role="coordinator").groups.all() | asha.user.groups.all())
    get_or_create_feed(owner=asha, by=asha.user, now=NOW)
    assert read(team_feed(asha.user)).status_code == 200
    assert CalendarFeed.objects.count() == 2

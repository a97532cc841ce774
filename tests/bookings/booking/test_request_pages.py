"""Asking for dates of one's own, page by page; and answering what staff offered."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from time_machine import Traveller

from bookings import privacy as bookings_privacy
from bookings.booking.services.decide import ask_for_other_times
from bookings.leave.services import record_leave
from bookings.models import Booking, BusyTime, DateOption, Hold, Presentation, Presenter
from notifications import rendering
from notifications.models import Notification
from notifications.registry import get_email_class
from professionals.models import Draft, Person
from tests.bookings.flow import WHERE, confirm, fill_in, hidden, text
from tests.bookings.requested import ask, dates_of, offer, on
from tests.bookings.rows import NOW, at, make_hold
from tests.face.page import Page
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.statements import statements

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("presentation")]
REASON = "We meet on Mondays only."
DATES = {"reason": REASON, "day_1": "25 1 2027", "part_1": "time", "clock_1": "10am"}


@pytest.fixture(autouse=True)
def clock() -> Iterator[Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def client(client: Client, person: Person) -> Client:
    assert person.user is not None
    client.force_login(person.user)
    return client


def give_dates(client: Client, **dates: str) -> None:
    assert client.post("/book/signs/where/", WHERE).url == "/book/signs/when/"
    assert client.post("/book/signs/dates/", {**DATES, **dates}).url == "/book/signs/check/"


def test_the_page_of_times_leads_there(client: Client) -> None:
    client.post("/book/signs/where/", WHERE)
    assert 'href="/book/signs/dates/"' in client.get("/book/signs/when/").content.decode()


def test_a_request_says_what_is_kept_before_and_after_it_is_sent(client: Client, person: Person) -> None:
    give_dates(client, day_2="26/1/2027", part_2="morning", day_3="27 1 2027", clock_3="6pm")
    page = text(client.get("/book/signs/check/"))
    kept = "Monday 25 January 2027, 10am to 11am We will keep it for you until Thursday 14 January 2027, 5pm."
    part = "We will keep Tuesday 26 January 2027, 9am to 10am for you until Thursday 14 January 2027, 5pm."
    late = "Wednesday 27 January 2027, 6pm to 7pm We %s it, "
    late += "because it %s outside the usual hours or area of the presenters who %s free"
    assert (
        kept in page,
        part in page,
        late % ("can’t keep", "is", "are") in page,
        REASON in page,
        "Send this request" in page,
    ) == (True,) * 5
    assert not BusyTime.objects.exists()
    response = confirm(client)
    booking = Booking.objects.get()
    assert response.url == f"/bookings/{booking.reference}/placed/"
    assert dates_of(booking) == [("preferred", "open", True)] * 2 + [("preferred", "open", False)]
    assert (booking.person, booking.request_reason, Draft.objects.count()) == (person, REASON, 0)
    for page in (text(client.get(response.url)), text(client.get(booking.get_absolute_url()))):
        assert (kept in page, part in page, late % ("are not keeping", "was", "were") in page, "No time agreed yet" in page) == (
            True,
        ) * 4
    assert "please withdraw this request" in text(client.get(response.url))
    assert "No time agreed yet" in text(client.get("/my/"))


def test_why_none_of_our_times_suits_is_not_asked_where_there_is_none(client: Client, presenter: Presenter) -> None:
    client.post("/book/signs/where/", {**WHERE, "postcode": "bt1 5gs"})
    page = client.get("/book/signs/dates/")
    assert len(statements(lambda: client.get("/book/signs/dates/"))) <= 12
    assert ("Why don’t our times" in text(page), "First choice" in text(page)) == (False, True)
    dates = {name: value for name, value in DATES.items() if name != "reason"}
    assert client.post("/book/signs/dates/", dates).url == "/book/signs/check/"
    assert "Why our times don’t suit" not in text(client.get("/book/signs/check/"))
    confirm(client)
    booking = Booking.objects.get()
    assert (booking.state, booking.request_reason, booking.postcode) == ("requested", "", "BT1 5GS")
    # Nobody is told that our times did not suit them.
    desk = sign_in_staff(Client(), make_staff())
    mail = rendering.render(get_email_class("staff-new-booking")(Notification(), booking=booking).message()).text
    for said in (mail, text(desk.get(f"/staff/bookings/booking/{booking.pk}/change/"))):
        assert ("Our times don’t suit" in said, "They have suggested their own dates." in said) == (False, True)


def test_it_is_asked_where_there_are_times_and_of_whoever_was_asked(client: Client, presenter: Presenter) -> None:
    client.post("/book/signs/where/", WHERE)
    dates = {name: value for name, value in DATES.items() if name != "reason"}
    assert "Tell us why our times don’t suit you." in text(client.post("/book/signs/dates/", dates))
    presenter.active = False
    presenter.save()
    # The page that they have before them asks, so an empty answer is said beside it.
    assert "Tell us why our times don’t suit you." in text(client.post("/book/signs/dates/", {**dates, "reason": ""}))
    assert client.post("/book/signs/dates/", dates).url == "/book/signs/check/"


def test_sending_twice_is_one_request(client: Client) -> None:
    give_dates(client)
    page = hidden(client.get("/book/signs/check/"))
    urls = {client.post("/book/signs/check/", page).url for _twice in range(2)}
    assert urls == {f"/bookings/{Booking.objects.get().reference}/placed/"}


def test_dates_take_the_place_of_a_time_and_a_time_that_of_dates(client: Client) -> None:
    fill_in(client)
    assert BusyTime.objects.filter(kind="hold").count() == 1
    assert client.post("/book/signs/dates/?change=1", DATES).url == "/book/signs/check/"
    assert not BusyTime.objects.exists()
    assert "Your dates" in text(client.get("/book/signs/check/"))
    assert client.post("/book/signs/when/?change=1", {"start": "2027-01-25T11:00Z"}).url == "/book/signs/check/"
    assert "Your dates" not in text(client.get("/book/signs/check/"))
    confirm(client)
    assert (Booking.objects.get().state, DateOption.objects.count()) == ("confirmed", 0)


def test_what_was_typed_is_shown_again(client: Client) -> None:
    give_dates(client)
    page = client.get("/book/signs/dates/?change=1").content.decode()
    assert ('value="25 1 2027"' in page, 'value="10am"' in page, REASON in page) == (True, True, True)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"day_1": "", "clock_1": ""}, "Enter a day that would suit you, or a range of days below."),
        ({"reason": ""}, "Tell us why our times don’t suit you."),
        ({"day_1": ""}, "Enter the day as well."),
        ({"day_1": "11 1 2027"}, "That day has passed. Enter today or a later day."),
        ({"day_1": "12 1 2027", "clock_1": "9:59am"}, "That time has passed. Enter a later one."),
        ({"day_1": "13 1 2028"}, "Enter Wednesday 12 January 2028 or an earlier day."),
        ({"clock_1": ""}, "Enter the start time, or choose a part of the day above."),
        ({"clock_1": "3"}, "Say am or pm as well, such as 1:30pm."),
        ({"clock_1": "6:30am"}, "The presentation must start at 7am or later, and end by 9pm."),
        ({"clock_1": "8:30pm"}, "The presentation must start at 7am or later, and end by 9pm."),
        ({"day_1": "28 3 2027", "clock_1": "1:30am"}, "The clocks go forward then"),
        ({"part_1": "morning"}, "Leave the start time empty, or choose “At a certain time” above."),
        ({"day_2": "25 1 2027", "clock_2": "10:00"}, "This is the same as a choice above."),
        ({"first_day": "1 2 2027", "last_day": "5 2 2027"}, "Give certain dates or a range of days, not both."),
        ({"day_1": "", "clock_1": "", "first_day": "1 2 2027"}, "Enter the first day and the last day."),
        (
            {"day_1": "", "clock_1": "", "first_day": "5 2 2027", "last_day": "1 2 2027"},
            "The last day must be 1 to 60 days after",
        ),
        (
            {"day_1": "", "clock_1": "", "first_day": "5 2 2027", "last_day": "5 5 2027"},
            "The last day must be 1 to 60 days after",
        ),
        ({"day_1": "11 1"}, "11 January has passed. Write the year too."),
        ({"day_1": "31 9"}, "Enter a real day, such as 9 3 2027 or 9 March."),
    ],
)
def test_nonsense_is_said_beside_its_question(client: Client, typed: dict[str, str], said: str) -> None:
    client.post("/book/signs/where/", WHERE)
    response = client.post("/book/signs/dates/", {**DATES, **typed})
    assert (response.status_code, said in text(response)) == (200, True)


def test_each_box_says_of_which_choice_it_is(client: Client) -> None:
    client.post("/book/signs/where/", WHERE)
    page = Page(client.get("/book/signs/dates/").content.decode())
    labels = [each.text for each in page.all("label")]
    assert labels[1:4] == [
        "First choice: day (optional)",
        "First choice: time of day (optional)",
        "First choice: start time (optional)",
    ]
    assert len(labels) == len(set(labels)) == 12


def test_the_summary_says_which_choice_is_wrong(client: Client) -> None:
    client.post("/book/signs/where/", WHERE)
    wrong = {"day_1": "11 1 2027", "day_2": "12 13", "clock_2": "10am", "day_3": "12 13", "clock_3": "10am"}
    page = Page(client.post("/book/signs/dates/", {**DATES, **wrong}).content.decode())
    summary = page.one("div", "govuk-error-summary")
    no_day = "Enter a real day, such as 9 3 2027 or 9 March."
    assert [(a.attrs["href"], a.text) for a in page.all("a") if summary in a.inside] == [
        ("#id_day_1", "“First choice: day”: That day has passed. Enter today or a later day."),
        ("#id_day_2", f"“Second choice: day”: {no_day}"),
        ("#id_day_3", f"“Third choice: day”: {no_day}"),
    ]


def test_a_day_without_its_year_is_the_next_and_stands_with_its_year_afterwards(client: Client) -> None:
    give_dates(client, day_1="Monday 25 January", day_2="11 11", clock_2="2pm")
    page = text(client.get("/book/signs/check/"))
    assert ("Monday 25 January 2027, 10am to 11am" in page, "Thursday 11 November 2027, 2pm to 3pm" in page) == (True, True)
    again = client.get("/book/signs/dates/?change=1").content.decode()
    assert ('value="25 1 2027"' in again, 'value="11 11 2027"' in again) == (True, True)


def test_a_reason_and_a_day_that_are_both_missing_are_said_at_once(client: Client) -> None:
    client.post("/book/signs/where/", WHERE)
    page = text(client.post("/book/signs/dates/", {"part_1": "time"}))
    assert "Tell us why our times don’t suit you." in page
    assert "Enter a day that would suit you, or a range of days below." in page


def test_a_range_of_days_can_be_asked_for(client: Client) -> None:
    give_dates(client, day_1="", clock_1="", first_day="1 2 2027", last_day="5 2 2027")
    page = text(client.get("/book/signs/check/"))
    assert (
        "Monday 1 February 2027 to Friday 5 February 2027 We don’t keep a range of days. We will look for a time in it." in page
    )
    confirm(client)
    assert dates_of(Booking.objects.get()) == [("preferred", "open", False)]


def test_a_childs_details_are_asked_about_once(client: Client) -> None:
    client.post("/book/signs/where/", WHERE)
    typed = {**DATES, "reason": "About the girl, NHS number 943 476 5919"}
    assert "This looks like details of a child" in text(client.post("/book/signs/dates/", typed))
    assert client.post("/book/signs/dates/", {**typed, "keep_what_i_wrote": "on"}).url == "/book/signs/check/"
    confirm(client)
    assert Booking.objects.get().flagged_child_details


def test_dates_that_pass_meanwhile_are_asked_for_again(client: Client, clock: Traveller) -> None:
    give_dates(client, day_1="12 1 2027", clock_1="11am")
    page = hidden(client.get("/book/signs/check/"))
    clock.move_to(NOW + timedelta(minutes=90))
    response = client.post("/book/signs/check/", page)
    assert (response.url, Booking.objects.count()) == ("/book/signs/dates/", 0)


# Answering


@pytest.fixture
def offered(person: Person, presentation: Presentation) -> Booking:
    booking = ask(person, on(at("11:00")), presentation=presentation)
    offer(booking, at("09:00"), at("10:30"))
    return booking


def answer_path(booking: Booking) -> str:
    return f"/bookings/{booking.reference}/answer/"


def test_the_page_shows_what_is_offered_and_changes_nothing(client: Client, offered: Booking) -> None:
    page = text(client.get(answer_path(offered)))
    assert "Monday 25 January 2027, 9am to 10am" in page
    assert "We will keep these times for you until Thursday 14 January 2027, 5pm" in page
    assert "Choose a time" in text(client.get(offered.get_absolute_url()))
    offered.refresh_from_db()
    assert offered.state == "requested"


def test_a_time_is_chosen(client: Client, offered: Booking) -> None:
    option = offered.options.proposed()[1]
    for _twice in range(2):
        response = client.post(answer_path(offered), {"answer": f"take-{option.pk}"})
        assert response.url == offered.get_absolute_url()
    offered.refresh_from_db()
    assert (offered.state, offered.starts_at) == ("confirmed", at("10:30"))
    assert "Monday 25 January 2027, 10:30am to 11:30am" in text(client.get(offered.get_absolute_url()))


def test_others_are_asked_for_with_words(client: Client, offered: Booking) -> None:
    path = answer_path(offered)
    assert "Write which days and times would suit you." in text(client.post(path, {"answer": "others"}))
    for _twice in range(2):
        assert client.post(path, {"answer": "others", "words": "Fridays"}).url == offered.get_absolute_url()
    assert offered.events.get(kind="others-asked").reason == "Fridays"
    assert "We will look at your dates" in text(client.get(offered.get_absolute_url()))


def test_it_is_withdrawn(client: Client, offered: Booking) -> None:
    client.post(answer_path(offered), {"answer": "withdraw", "why": "The team was merged."})
    offered.refresh_from_db()
    assert (offered.state, offered.closed_reason, BusyTime.objects.count()) == ("cancelled", "The team was merged.", 0)
    assert client.get(offered.get_absolute_url()).status_code == 200


def test_times_that_lapsed_are_said_to_be(client: Client, offered: Booking, clock: Traveller) -> None:
    option = offered.options.proposed()[0]
    clock.move_to(datetime(2027, 1, 14, 17, tzinfo=UTC))
    sign_in(client, offered.person)
    page = text(client.get(answer_path(offered)))
    kept = "We kept it for you until Thursday 14 January 2027, 5pm, but did not hear from you."
    why = f"Monday 25 January 2027, 9am to 10am {kept}"
    assert ("We are no longer keeping those times" in page, why in page, "We will keep these times" in page) == (
        True,
        True,
        False,
    )
    seen = text(client.get(offered.get_absolute_url()))
    assert ("Ask for other times" in seen, why in seen) == (True, True)
    refused = client.post(answer_path(offered), {"answer": f"take-{option.pk}"})
    assert "We are no longer keeping that time. You can ask us for other times." in text(refused)
    assert client.post(answer_path(offered), {"answer": "others", "words": "Fridays"}).status_code == 302


def test_a_time_whose_presenter_is_away_is_said_beside_those_that_stand(client: Client, offered: Booking) -> None:
    presenter = Presenter.objects.get()
    record_leave(presenter=presenter, starts_at=at("10:00"), ends_at=at("17:00"), kind="other", by=None, now=NOW)
    page = client.get(answer_path(offered))
    assert [f"take-{option.pk}" in page.content.decode() for option in offered.options.proposed()] == [True, False]
    gone = "10:30am to 11:30am We are no longer keeping it, because the presenter can no longer come then."
    assert ("We also offered you these times, but we are no longer keeping them:" in text(page), gone in text(page)) == (
        True,
        True,
    )


def test_nothing_else_can_be_taken(client: Client, offered: Booking) -> None:
    preferred = offered.options.exclude(kind="proposed").get()
    for value in (f"take-{preferred.pk}", "take-999999", "take-", "x"):
        assert client.post(answer_path(offered), {"answer": value}).status_code == 200
    offered.refresh_from_db()
    assert offered.state == "requested"


def test_another_persons_is_not_found(client: Client, presentation: Presentation) -> None:
    other = ask(make_person(), on(at("11:00")), presentation=presentation)
    (option,) = offer(other, at("09:00"))
    assert client.get(answer_path(other)).status_code == 404
    assert client.post(answer_path(other), {"answer": f"take-{option.pk}"}).status_code == 404


def test_an_old_link_leads_to_how_it_stands(client: Client, person: Person, presentation: Presentation) -> None:
    booking = ask(person, on(at("11:00")), presentation=presentation)
    assert client.get(answer_path(booking)).url == booking.get_absolute_url()


def test_each_page_takes_few_statements(client: Client, offered: Booking) -> None:
    give_dates(client, day_1="26 1 2027", day_2="26 1 2027", clock_2="2pm", day_3="27 1 2027", part_3="morning")
    counts = {path: len(statements(lambda: client.get(path))) for path in PAGES}  # noqa: B023 - called at once
    counts["answer"] = len(statements(lambda: client.get(answer_path(offered))))
    counts["booking"] = len(statements(lambda: client.get(offered.get_absolute_url())))
    page = hidden(client.get("/book/signs/check/"))
    make_hold(Presenter.objects.get(), at("15:00"), expires_at=NOW)  # what is over is cleared on the way
    sending = len(statements(lambda: client.post("/book/signs/check/", page)))
    assert max(counts.values()) <= 12, counts
    assert sending <= 30
    assert (Booking.objects.count(), Hold.objects.count()) == (2, 0)


PAGES = ("/book/signs/dates/", "/book/signs/where/", "/book/signs/check/")


def test_what_is_exported_and_erased(client: Client, person: Person, offered: Booking) -> None:
    ask_for_other_times(booking=offered, words="Fridays", by=person.user, now=NOW)
    (exported,) = bookings_privacy.export_bookings(person)
    assert [(each["what"], each["state"]) for each in exported["dates"]] == [
        ("Asked for", "passed"),
        ("Offered by us", "passed"),
        ("Offered by us", "passed"),
    ]
    assert (exported["request_reason"], exported["history"][-1]["reason"]) == ("We all have clinics on those days.", "Fridays")
    bookings_privacy.erase_bookings(person, NOW)
    offered.refresh_from_db()
    assert (offered.state, offered.request_reason, BusyTime.objects.count()) == ("cancelled", "", 0)
    assert {event.reason for event in offered.events.all()} == {""}


def test_an_old_page_that_would_move_what_has_no_time_any_more_is_refused_politely(client: Client, offered: Booking) -> None:
    typed = {"start": "2027-01-25T11:00Z", "version": offered.version}
    response = client.post(f"/bookings/{offered.reference}/time/check/", typed)
    assert (response.status_code, response.url) == (302, offered.get_absolute_url())
    assert "No time is agreed yet." in text(client.get(response.url))

"""The first staff page: what waits is named, in one statement for all of it; who sees what, and who is sent elsewhere."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from bookings.models import BookingState, DateOptionState, DutyShift, Leave, LeaveKind, LeaveState
from leaflets.models import Edition, MissingParcel, Order, OrderState, RecallHolder, RecallReplacement as Instead
from leaflets.models.stock import Advice
from leaflets.orders.services.transitions import dispatch_order, start_packing
from leaflets.recalls.services import RecallRequest, recall_edition
from notifications.models import MarkedAddress, Notification, NotificationState
from privacy.models import Complaint
from professionals.models import FlaggedText, Organisation
from staff.site import staff_site
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import NOW, at, make_booking, make_option, make_presentation, make_presenter, make_request
from tests.face.page import Page
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_edition, make_order, make_session as make_packing_session
from tests.leaflets.statements import statements
from tests.matrix.people import stopped
from tests.privacy.rows import make_breach, make_complaint

pytestmark = pytest.mark.django_db
TODAY, DAY = date(2027, 1, 12), timedelta(days=1)
MOST = 20  # statements


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def somebody(name: str) -> Any:
    return make_person(name=name, with_user=False, organisation=Organisation.objects.get_or_create(name=f"{name}’s team")[0])


def fill_bookings(presenter: Any, hour: int) -> None:
    clock = f"{hour:02d}:00"
    make_booking(presenter, at(clock), state=BookingState.REQUESTED, person=somebody("Asks Now"))
    make_request(person=somebody("Asks Long"), created_at=NOW - 9 * DAY)
    make_option(make_request(person=somebody("Let Down")), None, at(clock), state=DateOptionState.EXPIRED)
    make_booking(None, at(clock), person=somebody("Needs Presenter"))
    make_booking(presenter, at(clock, TODAY - 4 * DAY), postcode="", person=somebody("Was There"))
    linkless = make_presenter(name="No Link", joining_link="")
    make_booking(linkless, at(clock, TODAY), postcode="", person=somebody("Needs Link"))
    starts = at(clock) + 10 * DAY
    away = {"starts_at": starts, "ends_at": starts + DAY, "kind": LeaveKind.HOLIDAY, "state": LeaveState.ASKED}
    Leave.objects.create(presenter=linkless, created_at=NOW - DAY, **away)
    make_booking(make_presenter(name="Check Ends", checked_until=TODAY + DAY), at(clock), person=somebody("Needs Another"))
    make_session(None, at(clock) + DAY)
    make_session(linkless, at(clock) + DAY)
    make_place(make_session(presenter, at(clock, TODAY + DAY)))
    make_session(presenter, at(clock, TODAY - 3 * DAY))


def fill_leaflets(leaflet: Any) -> None:
    make_packing_session(somebody("In Session"), NOW)
    for name, state, days in (
        ("Over Limit", OrderState.REQUESTED, 0),
        ("Waits Long", OrderState.REQUESTED, 9),
        ("To Pack", OrderState.RECEIVED, 2),
        ("Being Packed", OrderState.PACKING, 1),
    ):
        order = make_order(somebody(name), NOW, {leaflet: 1})
        Order.objects.filter(pk=order.pk).update(name=name, state=state, created_at=NOW - days * DAY)
    lost = make_order(somebody("Lost Parcel"), NOW, {leaflet: 1})
    Order.objects.filter(pk=lost.pk).update(name="Lost Parcel")
    start_packing(order=lost, by=None, now=NOW)
    MissingParcel.objects.create(parcel=dispatch_order(order=Order.objects.get(pk=lost.pk), by=None, now=NOW), reported_at=NOW)
    make_edition(NOW, stock=0)
    Edition.objects.filter(pk=make_edition(NOW).pk).update(review_on=TODAY)
    wrong = RecallRequest(why="The number is wrong.", advice=Advice.RECYCLE, instead=Instead.CANCEL)
    recall = recall_edition(edition=make_edition(NOW), request=wrong, by=None, now=NOW)
    RecallHolder.objects.create(recall=recall, person=somebody("To Call"), received=5)


def fill_rest(number: int) -> None:
    failed = {"kind": "booking-confirmed", "recipient": "reader@leeds.example.nhs.uk", "created_at": NOW, "due_at": NOW}
    about = {"about": f"booking:{number}", "message_id": f"<{number}@test>"}
    Notification.objects.create(state=NotificationState.FAILED, last_error="No", **failed, **about)
    MarkedAddress.objects.create(address=f"gone{number}@leeds.example", sort="hard", marked_at=NOW, last_at=NOW)
    FlaggedText.objects.create(about=f"booking:{number}", reference=f"BK-{number:04d}-ZZ", flagged_at=NOW)
    make_breach(aware_at=NOW - 4 * DAY)
    make_breach()
    make_complaint(name="Sent Long Ago", received_on=TODAY - 40 * DAY)
    make_complaint(name="Complains Now")
    answered = make_complaint(name="Waits Answer")
    Complaint.objects.filter(pk=answered.pk).update(state="acknowledged", acknowledged_on=TODAY)


@pytest.fixture
def everything() -> Any:
    """Fills every line that names its rows; called again, once more of each."""
    presenter = make_presenter(name="Asha Patel")
    leaflet = make_edition(NOW, stock=500).leaflet
    calls: list[int] = []

    def fill() -> None:
        calls.append(len(calls))
        fill_bookings(presenter, 11 + 2 * len(calls))
        fill_leaflets(leaflet)
        fill_rest(len(calls))
        if len(calls) == 1:
            stopped()

    fill()
    return fill


def read(client: Client, path: str = "/staff/") -> Page:
    response = client.get(path)
    assert response.status_code == 200
    return Page(response.content.decode())


def named(user: Any) -> dict[tuple[str, str], list[dict[str, Any]]]:
    return {
        (section["heading"], str(line["label"])): line["rows"]
        for section in staff_site.get_waiting_lines(user)
        for line in section["lines"]
    }


def test_each_kind_names_who_waits_and_its_button_opens_the_page_that_acts(client: Client, everything: Any) -> None:
    staff = make_staff()
    rows = named(staff)
    # The alarms name the first; the others wait for somebody else, or are in the days by presenter.
    assert {label for (_section, label), found in rows.items() if not found} == {
        *("with no check-in or check-out", "waiting for the professional’s answer", "today or tomorrow"),
        *("waiting for stock", "passed forward and waiting", "mail servers that don’t answer"),
        *("guidance pages to approve", "guidance pages to review within 30 days"),  # nobody waits for one by name
        *("imports to go on with", "wordings to approve", "while we are closed"),  # of sessions: nobody has booked them
        *("areas without a phone number to tell", "phone numbers of areas that nobody has checked for a year"),
    }
    said = {row["who"] for found in rows.values() for row in found}
    for name in ("Asks Now", "Asks Long", "Let Down", "Needs Presenter", "Was There", "Needs Link", "Needs Another", "To Call"):
        assert f"{name}, {name}’s team" in said
    assert {"No Link", "Check Ends", "To Pack", "Over Limit", "Waits Long", "Being Packed", "Lost Parcel", "Waits Answer"} <= {
        name.partition(",")[0] for name in said
    }
    desk = sign_in_staff(client, staff)
    for label, found in rows.items():
        for row in found:
            for address in (row["href"], row["action_href"]):
                assert (label, address, desk.get(address).status_code) == (label, address, 200)


def test_a_row_says_who_what_when_and_how_long(client: Client) -> None:
    presenter = make_presenter(name="Asha Patel")
    make_booking(presenter, at("09:00"), state=BookingState.REQUESTED, person=somebody("Sam Taylor"), created_at=NOW - 2 * DAY)
    [row] = read(sign_in_staff(client, make_staff(role="coordinator"))).all("li", "waiting__row")
    assert row.text == (
        "Sam Taylor, Sam Taylor’s team Spotting the signs Mon 25 Jan 2027, 9am Waiting for 2 days "
        "Decide: Sam Taylor, Sam Taylor’s team"
    )


@pytest.mark.parametrize("what", ["a time", "dates of their own", "an order"])
def test_a_request_is_decided_on_its_page_where_all_answers_stand_in_the_row(client: Client, what: str) -> None:
    """Accept first; "no" is not hidden among what is rare."""
    if what == "an order":
        order = make_order(somebody("Over Limit"), NOW, {make_edition(NOW, stock=500).leaflet: 1})
        Order.objects.filter(pk=order.pk).update(state=OrderState.REQUESTED)
        answers = ["approve", "decline"]
    elif what == "a time":
        make_booking(make_presenter(), at("09:00"), state=BookingState.REQUESTED, person=somebody("Asks Now"))
        answers = ["confirm", "offer", "decline"]
    else:
        make_option(make_request(person=somebody("Asks Now")), None, at("09:00"))
        answers = ["agree", "offer", "decline"]
    desk = sign_in_staff(client, make_staff(role="coordinator"))
    [row] = [row for rows in named(desk.get("/staff/").wsgi_request.user).values() for row in rows]
    assert (str(row["action"]), row["action_href"]) == ("Decide", row["href"])
    shown = desk.get(row["action_href"]).context["object_actions"]
    assert [action.slug for action in shown if action.slug in answers] == answers
    assert shown[0].slug == answers[0]
    assert [action.slug for action in shown if action.weight == "stop"][:1] in (["decline"], [])


def test_leave_of_whole_days_is_said_by_its_day(client: Client) -> None:
    away = {"starts_at": at("00:00"), "ends_at": at("00:00") + DAY, "kind": LeaveKind.HOLIDAY, "state": LeaveState.ASKED}
    Leave.objects.create(presenter=make_presenter(name="Asha Patel"), created_at=NOW - DAY, **away)
    [row] = read(sign_in_staff(client, make_staff(role="coordinator"))).all("li", "waiting__row")
    assert row.text == "Asha Patel Mon 25 Jan 2027 Waiting for 1 day Decide: Asha Patel"


def test_five_are_named_the_longest_wait_first_and_the_rest_are_behind_a_link(client: Client) -> None:
    presenter = make_presenter()
    for number in range(7):
        when = {"created_at": NOW - timedelta(hours=number), "state": BookingState.REQUESTED}
        make_booking(presenter, at("09:00") + number * DAY, person=somebody(f"Person {number}"), **when)
    desk = sign_in_staff(client, make_staff(role="coordinator"))
    page = read(desk)
    assert [a.text[:8] for a in page.all("a", "waiting__who")] == [f"Person {number}" for number in (6, 5, 4, 3, 2)]
    [link] = [a for a in page.all("a") if a.text.startswith("See all 7")]
    assert len(desk.get(link.attrs["href"]).context["cl"].result_list) == 7


def test_what_is_urgent_is_named_first_and_once(client: Client) -> None:
    make_request(person=somebody("Asks Long"), created_at=NOW - 9 * DAY)
    make_request(person=somebody("Asks Now"))
    staff = make_staff(role="coordinator")
    rows = named(staff)
    assert [row["who"][:9] for row in rows["Bookings", "waiting too long for our answer"]] == ["Asks Long"]
    assert [row["who"][:8] for row in rows["Bookings", "to decide"]] == ["Asks Now"]
    assert [a.text[:8] for a in read(sign_in_staff(client, staff)).all("a", "waiting__who")] == ["Asks Lon", "Asks Now"]


def test_the_page_asks_the_same_few_questions_however_much_waits(client: Client, everything: Any) -> None:
    """Of each kind one, then three; in every role."""
    roles = ("manager", "coordinator", "fulfilment", "read-only")
    clients = {role: sign_in_staff(Client(), make_staff(role=role)) for role in roles}
    clients["superuser"] = sign_in_staff(client, make_staff())
    costs = []
    for _more in range(2):
        for desk in clients.values():
            desk.get("/staff/")
        costs.append({role: len(statements(lambda desk=desk: desk.get("/staff/"))) for role, desk in clients.items()})
        everything()
    assert costs[0] == costs[1]
    assert max(costs[0].values()) <= MOST, costs


SEEN = {
    "manager": {"Asks Now", "No Link", "To Pack", "Lost Parcel", "To Call", "Complains Now"},
    "coordinator": {"Asks Now", "No Link", "Over Limit", "To Pack", "Lost Parcel", "To Call"},
    "fulfilment": {"To Pack", "Being Packed", "Lost Parcel"},
    "read-only": {"Asks Now", "Needs Presenter", "To Pack"},
}
UNSEEN = {
    "manager": set(),
    "coordinator": {"Complains Now", "Sent Long Ago"},
    "fulfilment": {"Asks Now", "Needs Presenter", "No Link", "Asha Patel", "Over Limit", "To Call", "Complains Now", "gone1"},
    "read-only": {"Over Limit", "Lost Parcel", "To Call", "Complains Now", "gone1", "reader@"},
}
BUTTONS = {"fulfilment": {"Start packing", "Dispatch", "Send it again", "Go on packing"}, "read-only": set()}


@pytest.mark.parametrize("role", SEEN)
def test_each_role_reads_what_it_may_and_has_the_buttons_that_it_may_press(client: Client, everything: Any, role: str) -> None:
    page = read(sign_in_staff(client, make_staff(role=role)))
    text = page.one("div", id="content-main").text
    assert {name for name in SEEN[role] if name not in text} == set()
    assert {name for name in UNSEEN[role] if name in text} == set()
    if role in BUTTONS:
        inside = page.all("div", "waiting__do")
        buttons = {a.text.partition(":")[0] for a in page.all("a") if any(div in a.inside for div in inside)}
        assert buttons == BUTTONS[role]
    assert ("Start a packing session" in text) == (role in {"manager", "fulfilment"})


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_presenter_begins_with_their_day_and_any_other_role_with_this_page(client: Client, method: str) -> None:
    for role, answer in (("presenter", 302), (("presenter", "coordinator"), 200)):
        user = make_staff(role=role)
        make_presenter(user=user)
        response = getattr(sign_in_staff(client, user), method)("/staff/")
        assert response.status_code == answer
        if answer == 302:
            assert response.headers["Location"] == "/staff/mine/day/"
            day = read(client, "/staff/mine/day/")
            lists = [a.attrs["href"] for a in day.all("a") if a.text in {"All my bookings", "All my open sessions"}]
            assert [client.get(address).status_code for address in lists] == [200, 200]


# -- Today and this week, by presenter ----------------------------------------------------------------------------------


def stops(page: Page) -> list[list[str]]:
    return [
        [each.text for each in page.elements if presenter in each.inside and each.classes & {"team__name", "team__stop"}]
        for presenter in page.all("li", "team__presenter")
    ]


def test_who_is_where_today_and_then_in_the_next_days(client: Client, clock: time_machine.Traveller) -> None:
    asha, lee = make_presenter(name="Asha Patel"), make_presenter(name="Lee Ward", base_postcode="YO1 7HH")
    signs = make_presentation(title="Spotting the signs")
    first = make_booking(asha, at("11:00", TODAY), postcode="LS9 7TF", presentation=signs)
    make_booking(lee, at("14:00", TODAY), presentation=signs)
    make_session(lee, at("16:00", TODAY), presentation=signs)
    make_booking(asha, at("09:00", TODAY + DAY), postcode="", presentation=signs)
    make_booking(asha, at("09:00", TODAY + 7 * DAY), presentation=signs)
    make_booking(asha, at("14:00", TODAY + DAY), presentation=signs, state=BookingState.CANCELLED, claim=False)
    clock.move_to(at("11:30", TODAY))
    page = read(sign_in_staff(client, make_staff(role="read-only")))
    by_presenter = stops(page)
    assert [name for name, *_stops in by_presenter] == ["Asha Patel", "Lee Ward", "Asha Patel"]
    visit = by_presenter[0][1]
    assert visit.startswith(f"11am to midday Spotting the signs {first.reference} Leeds LS9 7TF ")
    assert "minutes to get there" in visit
    assert visit.endswith("No check-in")
    assert "Open session, online" in by_presenter[1][2]
    assert by_presenter[2][1].startswith("Wednesday 13 January 2027 9am to 10am")
    assert len(by_presenter[2]) == 2
    # The next days too, whose shift is longer than they are.
    assert page.one("section", "team").text.count("On duty: duty1@ctac.example, deputy duty2@ctac.example") == 2
    DutyShift.objects.update(last_day=TODAY + 3 * DAY)
    said = read(client).one("section", "team").text
    assert "On duty, Wednesday 13 January 2027 to Friday 15 January 2027: duty1@ctac.example" in said


def test_a_day_on_which_somebody_goes_out_and_nobody_is_on_duty_is_said(client: Client) -> None:
    asha = make_presenter()
    make_booking(asha, at("14:00", TODAY))
    make_booking(asha, at("14:00", TODAY + DAY))
    DutyShift.objects.all().delete()
    text = read(sign_in_staff(client, make_staff(role="coordinator"))).one("section", "team").text
    assert "Nobody is on duty today." in text
    assert "Nobody is on duty on Wednesday 13 January 2027." in text


def test_the_days_are_bounded_and_cost_the_same_for_one_presenter_and_for_many(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookings.presenter.admin.MAX_ROWS", 4)
    desk, costs = sign_in_staff(client, make_staff(role="coordinator")), []
    for many in (1, 5):
        for _each in range(many):
            presenter = make_presenter()
            make_booking(presenter, at("09:00", TODAY))
            make_booking(presenter, at("14:00", TODAY + DAY))
            make_session(presenter, at("16:00", TODAY))
        costs.append(len(statements(lambda: desk.get("/staff/"))))
    page = read(desk)
    assert costs[0] == costs[1] <= MOST
    assert len(page.all("li", "team__stop")) == 8
    assert "There is more than we show here." in page.one("section", "team").text


def test_who_may_not_see_bookings_reads_nothing_of_the_days(client: Client) -> None:
    make_booking(make_presenter(name="Asha Patel"), at("14:00", TODAY))
    assert read(sign_in_staff(client, make_staff(role="fulfilment"))).all("section", "team") == []

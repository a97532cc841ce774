"""Running an open session from the staff site: its page, its list, and each button."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from bookings.models import OpenSession, PlaceState, Presenter, SessionEvent, SessionPlace, SessionState
from bookings.open_sessions.services.sessions import reschedule_session, set_capacity
from notifications.models import Notification
from professionals.models import Person
from tests.bookings.admin.desk import ABOUT_A_CHILD, text
from tests.bookings.admin.session_desk import ADD, SESSIONS, do
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import MONDAY, NOW, at, make_leave, make_presenter
from tests.factories import make_person, make_staff, sign_in_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(presenter: Presenter) -> OpenSession:
    return make_session(presenter, at("10:00"), capacity=3)


def page_of(desk: Client, session: OpenSession, query: str = "") -> Any:
    return desk.get(f"{SESSIONS}{session.pk}/change/{query}")


def told(kind: str) -> int:
    return Notification.objects.filter(kind=kind).count()


def test_its_page_shows_who_comes_who_waits_in_order_and_what_has_happened(desk: Client, session: OpenSession) -> None:
    kit = make_place(session, person=make_person(name="Kit Farrow", profession="midwife"), access_needs="Captions")
    make_place(session, PlaceState.OFFERED, person=make_person(name="Robin Hale"))
    for name in ("First Inline", "Second Inline"):
        make_place(session, PlaceState.WAITING, person=make_person(name=name))
    make_place(session, PlaceState.GIVEN_UP, person=make_person(name="Gone Away"))
    SessionEvent.objects.create(session=session, at=NOW, kind="taken", place=kit)
    SessionEvent.objects.create(session=session, at=NOW, kind="capacity", changes={"capacity": [5, 3]})
    said = text(page_of(desk, session))
    in_order = [
        "1 taken, 1 offered, 1 free, of 3",
        "Midwife: 1",
        "People with a place (2)",
        "Kit Farrow",
        "Captions",
        "Robin Hale",
    ]
    in_order += [
        "Waiting list (2)",
        "First Inline",
        "Second Inline",
        "People who gave up their place or left the waiting list (1)",
        "Gone Away",
        "What has happened",
    ]
    in_order += ["Number of places changed: from 5 to 3", "Place taken: Kit Farrow"]
    after_head = said.find("1 taken, 1 offered")
    places = [
        said.find(words, said.find("People with a place (2)") if number > 2 else after_head)
        for number, words in enumerate(in_order)
    ]
    assert -1 not in places


def test_a_thousand_places_take_as_many_statements_as_two_and_are_read_page_by_page(desk: Client, presenter: Presenter) -> None:
    counts = set()
    page_of(desk, make_session(presenter, at("16:00")))  # what is read once a process
    for size in (2, 1000):
        session = make_session(presenter, at("10:00", MONDAY + timedelta(days=size % 7)), capacity=1000)
        made = Person.objects.bulk_create(
            Person(name=f"Person {n}", email=f"p{size}.{n}@nhs.uk", created_at=NOW) for n in range(size)
        )
        rows = [SessionPlace(session=session, person=each, state="taken", channel="web", created_at=NOW) for each in made]
        SessionPlace.objects.bulk_create(rows)
        SessionEvent.objects.bulk_create(SessionEvent(session=session, at=NOW, kind="taken", place=row) for row in rows)
        with CaptureQueriesContext(connection) as statements:
            page = page_of(desk, session)
        counts.add(len(statements))
    assert len(counts) == 1, counts
    assert max(counts) <= 12, counts
    assert f"People with a place ({size})" in text(page)
    assert "976 to 1000 of 1000" in text(page_of(desk, session, "?people=40"))
    told = page.context["story"]
    assert [len(told["entries"]), told["older"].endswith("-50")] == [50, True]
    older = page_of(desk, session, told["older"]).context["story"]
    assert [len(older["entries"]), older["older"].endswith("-100")] == [50, True]


def test_fewer_places_say_exactly_who_goes_back_and_ask(desk: Client, session: OpenSession) -> None:
    for name in ("Early Bird", "Later Comer"):
        make_place(session, person=make_person(name=name))
    make_place(session, PlaceState.OFFERED, person=make_person(name="Only Offered"))
    asked = do(desk, session, "capacity", capacity="1", expected="3")
    said = text(asked)
    assert "these 2 people must go back to the waiting list" in said
    assert (said.find("Only Offered") < said.find("Later Comer"), "Early Bird" in said) == (True, False)
    assert (session.capacity, "Yes, move 2 people back to the waiting list" in said) == (3, True)
    done = do(desk, session, "capacity", capacity="1", expected="3", going=asked.context["seen"])
    assert "There are 1 places now" in text(done) or "There is 1 place now" in text(done)
    assert (session.capacity, session.occupied, session.waiting, told("place-bumped")) == (1, 1, 2, 2)


def test_a_cut_is_asked_again_if_others_would_go_back_by_then(desk: Client, session: OpenSession) -> None:
    make_place(session)
    newest = make_place(session, person=make_person(name="Later Comer"))
    asked = do(desk, session, "capacity", capacity="1", expected="3")
    SessionPlace.objects.filter(pk=newest.pk).update(state=PlaceState.GIVEN_UP)
    make_place(session, person=make_person(name="Newest Comer"))
    again = do(desk, session, "capacity", capacity="1", expected="3", going=asked.context["seen"])
    assert ("Newest Comer" in text(again), session.capacity) == (True, 3)


def test_a_number_that_a_colleague_changed_meanwhile_is_said(desk: Client, session: OpenSession, staff: User) -> None:
    set_capacity(session=session, capacity=10, expected=3, by=staff, now=NOW)
    page = do(desk, session, "capacity", capacity="5", expected="3")
    assert ("This session was changed while you had the page open." in text(page), session.capacity) == (True, 10)
    do(desk, session, "capacity", capacity="5", expected=str(page.context["form"]["expected"].value()))
    assert session.capacity == 5


def test_more_places_go_to_who_waits(desk: Client, session: OpenSession) -> None:
    OpenSession.objects.update(capacity=1)
    make_place(session)
    make_place(session, PlaceState.WAITING)
    do(desk, session, "capacity", capacity="2", expected="1")
    assert (session.occupied, session.waiting, told("place-offered")) == (2, 0, 1)


def test_moving_shows_what_speaks_against_the_time_first(desk: Client, session: OpenSession, presenter: Presenter) -> None:
    make_place(session)
    make_leave(presenter, at("12:00"), at("17:00"))
    busy = do(desk, session, "move", starts=session.starts_at.isoformat(), day="25 1 2027", clock="1pm")
    assert ("Away: " in str(busy.context["form"].errors["clock"]), session.starts_at) == (True, at("10:00"))
    shown = do(
        desk, session, "move", starts=session.starts_at.isoformat(), day="25 1 2027", clock="7pm", reason="The room is taken."
    )
    assert "It is outside the presenter’s availability." in text(shown)
    assert "1 person with a place, an offer or a turn on the waiting list will get an email." in text(shown)
    assert session.starts_at == at("10:00")
    answers = {"day": "25 1 2027", "clock": "7pm", "reason": "The room is taken.", "seen": shown.context["seen"]}
    answers["starts"] = shown.context["starts"]
    unsaid = do(desk, session, "move", **{**answers, "reason": ""})
    assert "This time has a problem. Write why you are moving it." in text(unsaid)
    assert "The session has moved to Monday 25 January 2027, 7pm to 8pm." in text(do(desk, session, "move", **answers))
    assert (session.starts_at, told("session-moved"), told("session-for-presenter")) == (at("19:00"), 1, 1)


def test_who_moves_it_after_a_colleague_has_is_told_and_asked_again(desk: Client, session: OpenSession, staff: User) -> None:
    before = session.starts_at.isoformat()
    reschedule_session(session=session, starts_at=at("12:00"), by=staff, now=NOW)
    typed = {"day": "25 1 2027", "clock": "2pm", "reason": "", "starts": before}
    page = do(desk, session, "move", **typed)
    assert "This session was changed while you had the page open." in text(page)
    assert (session.starts_at, told("session-for-presenter")) == (at("12:00"), 1)
    do(desk, session, "move", **{**typed, "starts": page.context["starts"]})
    assert session.starts_at == at("14:00")


def test_its_own_time_is_not_in_its_way(desk: Client, session: OpenSession) -> None:
    do(desk, session, "move", starts=session.starts_at.isoformat(), day="25 1 2027", clock="10:30am")
    assert session.starts_at == at("10:30")


def test_a_presenter_is_chosen_among_those_who_could(desk: Client) -> None:
    session, tom = make_session(None, at("10:00")), make_presenter(name="Tom Adeyemi")
    make_leave(tom, at("09:00"), at("12:00"))
    asha = make_presenter(name="Asha Rahman")
    page = text(desk.get(f"{SESSIONS}{session.pk}/do/assign/"))
    assert page.find("Asha Rahman Yes") < page.find("Tom Adeyemi No")
    refused = do(desk, session, "assign", presenter=str(tom.pk))
    assert (session.presenter, "error" in refused.content.decode()) == (None, True)
    OpenSession.objects.update(starts_at=at("19:00"), ends_at=at("20:00"))
    outside = do(desk, session, "assign", presenter=str(asha.pk))
    assert "It is outside the presenter’s availability. If you still want to go ahead, give a reason." in text(outside)
    do(desk, session, "assign", presenter=str(asha.pk), reason="Night staff asked for it.")
    assert session.events.get(kind="reassigned").reason == "Night staff asked for it."
    assert (session.presenter, told("session-for-presenter")) == (asha, 1)


def test_how_to_join_is_changed_and_sent(desk: Client, session: OpenSession) -> None:
    make_place(session)
    make_place(session, PlaceState.WAITING)
    assert "they will all get an email with the change" in text(desk.get(f"{SESSIONS}{session.pk}/do/joining/"))
    answer = do(desk, session, "joining", own_joining_link="https://meet.example/own", joining_help="Code 4821")
    assert ("Everybody with a place will get an email" in text(answer), told("session-details")) == (True, 1)
    said = text(page_of(desk, session))
    assert ("https://meet.example/own (this session’s own)" in said, "Not yet" in said) == (True, True)
    assert "Everybody with a place will get an email" in text(do(desk, session, "send"))
    assert (told("session-details"), "Send how to join" in text(page_of(desk, session))) == (2, False)


def test_a_first_link_is_told_to_nobody_before_it_is_sent(desk: Client) -> None:
    session = make_session(None)
    make_place(session)
    assert "Nobody can have read how to join yet" in text(desk.get(f"{SESSIONS}{session.pk}/do/joining/"))
    answer = text(do(desk, session, "joining", own_joining_link="https://meet.example/own", joining_help=""))
    assert ("so nobody will get an email" in answer, told("session-details")) == (True, 0)


def test_why_nobody_is_emailed_of_a_change_is_said_as_it_is(desk: Client, session: OpenSession) -> None:
    assert "Nobody has a place yet" in text(
        do(desk, session, "joining", own_joining_link="https://meet.example/own", joining_help="")
    )
    make_place(session, person=make_person(email="", user=None))
    assert "so please call them" in text(
        do(desk, session, "joining", own_joining_link="https://meet.example/own", joining_help="Code 4821")
    )


def test_cancelling_needs_a_reason_and_tells_everybody(desk: Client, session: OpenSession) -> None:
    make_place(session)
    make_place(session, PlaceState.WAITING)
    assert "Write why it is cancelled." in text(do(desk, session, "cancel", reason=""))
    assert "This looks like details of a child." in text(do(desk, session, "cancel", reason=ABOUT_A_CHILD))
    do(desk, session, "cancel", reason="Our presenter is ill.")
    assert (session.state, told("session-cancelled"), told("session-closed-for-presenter")) == (SessionState.CANCELLED, 2, 1)
    said = text(page_of(desk, session))
    assert ("Our presenter is ill." in said, "Move to another time" in said) == (True, False)


CALLER = {
    "name": "Kit Farrow",
    "email": "",
    "phone": "0113 496 0009",
    "profession": "midwife",
    "organisation_name": "Leeds Teaching Hospitals",
    "postcode": "LS1 3EX",
    "access_needs": "Captions",
    "channel": "phone",
}


def test_a_caller_gets_a_place_once_however_often_it_is_pressed(desk: Client, session: OpenSession) -> None:
    token = desk.get(f"{SESSIONS}{session.pk}/do/caller/?person=").context["token"]
    done = do(desk, session, "caller", **CALLER, token=token)
    assert "Kit Farrow has a place at" in text(done)
    assert "Call them to say when it is and how to join" in text(done)
    do(desk, session, "caller", **CALLER, token=token)
    place = SessionPlace.objects.get()
    assert (place.state, place.access_needs, place.channel, session.occupied) == ("taken", "Captions", "phone", 1)
    again = do(desk, session, "caller", **CALLER)
    assert "Kit Farrow is already on this session’s list." in text(again)


def test_a_caller_of_a_full_session_waits_in_line(desk: Client, session: OpenSession) -> None:
    for _each in range(3):
        make_place(session)
    make_place(session, PlaceState.WAITING)
    done = do(desk, session, "caller", **{**CALLER, "email": "kit@leeds.nhs.uk"})
    assert "is full, so Kit Farrow is number 2 on the waiting list" in text(done)
    assert told("place-waiting") == 1


def test_a_caller_is_asked_again_when_the_session_has_moved_meanwhile(desk: Client, session: OpenSession, staff: User) -> None:
    starts = desk.get(f"{SESSIONS}{session.pk}/do/caller/?person=").context["starts"]
    reschedule_session(session=session, starts_at=at("12:00"), by=staff, now=NOW)
    page = do(desk, session, "caller", **CALLER, starts=starts)
    assert "This session has moved to Monday 25 January 2027, midday to 1pm since you opened the page." in text(page)
    assert not SessionPlace.objects.exists()
    do(desk, session, "caller", **CALLER, starts=page.context["starts"])
    assert SessionPlace.objects.count() == 1


def test_a_refused_caller_leaves_nobody_behind(desk: Client, session: OpenSession) -> None:
    assert "Enter the caller’s name." in text(do(desk, session, "caller", **{**CALLER, "name": ""}))
    assert not Person.objects.exists()


def test_staff_take_an_offer_or_give_up_for_whoever_calls(desk: Client, session: OpenSession) -> None:
    offered = make_place(session, PlaceState.OFFERED)
    address = f"{SESSIONS}{session.pk}/do/place/?place={offered.pk}"
    assert "Take the place for them" in text(desk.get(address))
    assert "has a place." in text(desk.post(address, {"do": "accept"}, follow=True))
    desk.post(address, {"do": "give-up"})
    offered.refresh_from_db()
    assert offered.state == PlaceState.GIVEN_UP
    other = make_place(make_session(None, at("14:00")))
    assert desk.get(f"{SESSIONS}{session.pk}/do/place/?place={other.pk}").status_code == 404
    assert desk.get(f"{SESSIONS}{session.pk}/do/place/").status_code == 404


def test_what_is_over_is_marked_as_delivered(
    desk: Client, session: OpenSession, clock: time_machine.Traveller, staff: User
) -> None:
    assert "Mark as delivered" not in text(page_of(desk, session))
    clock.move_to(at("11:30"))
    sign_in_staff(desk, staff)
    said = text(page_of(desk, session))
    assert ("Mark as delivered" in said, "Add a caller" in said) == (True, False)
    do(desk, session, "delivered")
    assert session.state == SessionState.DELIVERED


def test_the_list_is_narrowed_searched_and_in_order_of_need(desk: Client, presenter: Presenter) -> None:
    later, sooner = make_session(presenter, at("14:00")), make_session(None, at("09:00"))
    over = make_session(presenter, NOW - timedelta(days=1))
    make_place(later, person=make_person(name="Zebedee Quill", email="zq@leeds.nhs.uk"))

    def found(query: str = "") -> list[OpenSession]:
        return list(desk.get(f"{SESSIONS}?{query}").context["cl"].result_list)

    assert found() == [sooner, later, over]
    assert (found("look=presenter"), found("look=over"), found("places=line")) == ([sooner], [over], [])
    assert (found(f"q={later.reference.lower()}"), found("q=zebedee+quill"), found("q=zq@leeds.nhs.uk")) == (
        [later],
        [later],
        [later],
    )
    assert (found("q=asha"), found("q=nobody+of+that+name")) == ([later, over], [])


def test_the_first_page_counts_what_waits_and_leads_to_it(desk: Client) -> None:
    make_session(None, at("09:00"))
    make_session(make_presenter(joining_link=""), at("14:00"))
    make_session(make_presenter(), NOW - timedelta(days=1))
    soon = make_session(make_presenter(), NOW + timedelta(hours=20))
    make_place(soon)
    section = next(each for each in desk.get("/staff/").context["waits"] if each["heading"] == "Open sessions")
    assert [line["figure"] for line in section["lines"]] == [1, 1, 1, 1, 1]
    for line in section["lines"]:
        assert desk.get(line["href"]).context["cl"].result_count == 1, line["label"]


def test_a_coordinator_may_and_fulfilment_may_not(session: OpenSession) -> None:
    def colleague(*codenames: str) -> Client:
        role = Group.objects.create(name=f"A role of {len(codenames)}")
        role.permissions.set(Permission.objects.filter(codename__in=codenames))
        user = make_staff(f"role{len(codenames)}@ctac.example", superuser=False)
        user.groups.add(role)
        return sign_in_staff(Client(), user)

    pages = [SESSIONS, ADD, f"{SESSIONS}{session.pk}/change/", f"{SESSIONS}{session.pk}/do/move/"]
    coordinator = colleague("view_opensession", "add_opensession", "change_opensession")
    fulfilment, looks_on = colleague("view_order", "change_order", "view_edition", "add_order"), colleague("view_opensession")
    assert [coordinator.get(page).status_code for page in pages] == [200] * 4
    assert [fulfilment.get(page).status_code for page in pages] == [403] * 4
    assert [looks_on.get(page).status_code for page in pages] == [200, 403, 200, 403]
    assert "Open sessions" not in text(fulfilment.get("/staff/"))
    assert "Give it up" not in text(looks_on.get(pages[2]))


def test_a_move_that_a_colleague_made_meanwhile_stands_in_the_history(desk: Client, session: OpenSession, staff: User) -> None:
    reschedule_session(session=session, starts_at=at("12:00"), by=staff, now=NOW, reason="Asked for")
    said = text(page_of(desk, session))
    assert "Moved to another time: from Monday 25 January 2027, 10am to Monday 25 January 2027, midday" in said

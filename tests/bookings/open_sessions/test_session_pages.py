"""What a professional sees of open sessions: from the list to a place, and what becomes of it."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from bookings.models import OpenSession, PlaceState, SessionEvent, SessionEventKind, SessionPlace, SessionState
from bookings.open_sessions.services.places import give_up_place, take_place
from bookings.open_sessions.services.sessions import cancel_session, reschedule_session
from notifications.models import ChoiceSource, Notification
from notifications.preferences import record_choices
from notifications.registry import Topic
from professionals.models import Draft, Person
from tests.bookings.flow import text
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import MONDAY, NOW, at, make_presentation, make_presenter
from tests.factories import make_person, sign_in

pytestmark = pytest.mark.django_db
LINK = "https://meet.example/asha"
# A name beside a date of birth.
CHILD = "For Amir Khan, born 3 May 2015"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def session() -> OpenSession:
    return make_session(make_presenter(name="Asha Patel", joining_link=LINK), capacity=2)


@pytest.fixture
def person(client: Client) -> Person:
    return signed_in(client, email="sam@leeds.nhs.uk", name="Sam Taylor")


def signed_in(client: Client, **fields: Any) -> Person:
    person = make_person(**fields)
    sign_in(client, person)
    return person


def page(session: OpenSession, step: str = "") -> str:
    return f"/sessions/{session.reference}/{step}"


def hidden(response: HttpResponse) -> dict[str, str]:
    return dict(
        re.findall(r'<input type="hidden" name="(token|promised|version|starts)" value="([^"]*)"', response.content.decode())
    )


def take(client: Client, session: OpenSession, **answers: str) -> HttpResponse:
    """The page is opened and its button pressed."""
    return client.post(page(session, "place/"), hidden(client.get(page(session, "place/"))) | answers, follow=True)


def press(client: Client, session: OpenSession, wish: str) -> HttpResponse:
    mine = page(session, "mine/")
    return client.post(mine, {"do": wish, **hidden(client.get(mine))}, follow=True)


def place_of(person: Person) -> SessionPlace:
    return SessionPlace.objects.get(person=person)


def kinds() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("kind", flat=True))


def statements(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as found:
        assert client.get(path).status_code == 200
    return len(found)


def test_a_page_that_shows_another_time_takes_nothing(client: Client, person: Person, session: OpenSession) -> None:
    form = hidden(client.get(page(session, "place/")))
    reschedule_session(session=session, starts_at=at("15:00"), by=None, now=NOW)
    answer = client.post(page(session, "place/"), {**form, "access_needs": "Captions"})
    assert "This session has moved to another time since you opened the page." in text(answer)
    assert "3pm to 4pm" in text(answer)
    assert not SessionPlace.objects.exists()
    client.post(page(session, "place/"), {**hidden(answer), "access_needs": "Captions"})
    assert place_of(person).access_needs == "Captions"


def test_the_list_says_when_what_and_how_many_places(client: Client) -> None:
    presenter = make_presenter()
    free = make_session(presenter, at("10:00"), capacity=3)
    full = make_session(presenter, at("14:00"), capacity=1)
    make_session(presenter, at("16:00"), state=SessionState.CANCELLED)
    make_session(presenter, at("10:00", date(2027, 1, 4)))
    make_place(full), make_place(full, PlaceState.WAITING)
    found = client.get("/sessions/")
    words = text(found)
    assert words.index("10am to 11am") < words.index("3 places are free") < words.index("2pm to 3pm")
    assert "Full, with 1 person waiting" in words
    references = re.findall(r'href="/sessions/(OS-[^/]+)/"', found.content.decode())
    assert references == [free.reference, full.reference]
    assert f'href="{page(full, "place/")}">Join the waiting list' in found.content.decode()


def test_the_list_can_be_about_one_presentation_and_has_pages(client: Client) -> None:
    one, other = make_presentation(slug="one", title="Number one"), make_presentation(slug="other", title="Another")
    for week in range(21):
        make_session(None, at("10:00", MONDAY + timedelta(weeks=week)), presentation=one)
    make_session(None, at("12:00"), presentation=other)
    assert client.get("/sessions/?presentation=other").content.decode().count('class="entry"') == 1
    found = client.get("/sessions/?presentation=one").content.decode()
    assert (found.count('class="entry"'), '"?presentation=one&amp;page=2"' in found) == (20, True)
    assert client.get("/sessions/?presentation=one&page=2").content.decode().count('class="entry"') == 1
    assert "no sessions on this page" in text(client.get("/sessions/?page=9"))
    assert client.get("/sessions/?presentation=nonsense&page=x").content.decode().count('class="entry"') == 20


def test_the_page_of_a_presentation_leads_to_its_sessions_while_there_are_some(client: Client, session: OpenSession) -> None:
    about = session.presentation
    assert f'href="/sessions/?presentation={about.slug}"' in client.get(f"/presentations/{about.slug}/").content.decode()
    OpenSession.objects.update(state=SessionState.CANCELLED)
    assert "open session about this" not in text(client.get(f"/presentations/{about.slug}/"))


def test_the_page_of_a_session_shows_anybody_everything_but_how_to_join(client: Client, session: OpenSession) -> None:
    words = text(client.get(page(session)))
    assert ("2 places are free" in words, "Take a place" in words) == (True, True)
    assert (LINK in words, "Asha" in words) == (False, False)
    cancel_session(session=session, by=None, now=NOW, reason="The presenter is ill")
    words = text(client.get(page(session)))
    assert ("This session is cancelled." in words, "Take a place" in words, "is ill" in words) == (True, False, False)


def test_a_place_is_taken_with_one_press_and_shown_with_how_to_join(client: Client, session: OpenSession, person: Person) -> None:
    asked = text(client.get(page(session, "place/")))
    assert "The place is for Sam Taylor. We will write to sam@leeds.nhs.uk." in asked
    assert not SessionPlace.objects.exists()
    taken = take(client, session, access_needs="Captions")
    assert taken.redirect_chain[-1][0] == page(session, "mine/")
    words = text(taken)
    for said in ("You have a place", session.reference, LINK, "Asha Patel", "Captions", "Give up my place"):
        assert said in words
    assert (place_of(person).state, kinds()) == (PlaceState.TAKEN, ["place-taken"])
    assert client.get(page(session, "place/")).url == page(session, "mine/")
    assert f'href="{page(session, "mine/")}">See your place' in client.get("/sessions/").content.decode()


def test_pressed_twice_it_is_one_place_and_an_old_page_takes_none_back(
    client: Client, session: OpenSession, person: Person
) -> None:
    fields = hidden(client.get(page(session, "place/")))
    for _ in range(2):
        assert client.post(page(session, "place/"), fields).url == page(session, "mine/")
    assert (SessionPlace.objects.count(), kinds()) == (1, ["place-taken"])
    press(client, session, "give-up")
    client.post(page(session, "place/"), fields)  # the back button, and the same press again
    assert place_of(person).state == PlaceState.GIVEN_UP
    take(client, session)
    assert place_of(person).state == PlaceState.TAKEN


def test_what_is_typed_survives_signing_in(client: Client, session: OpenSession) -> None:
    assert client.get(page(session, "place/")).url.startswith("/account/login/?next=%2Fsessions%2F")
    sent = client.post(page(session, "place/"), {"access_needs": "Captions, please"})  # the session ran out meanwhile
    assert sent.url.startswith("/account/login/?next=")
    signed_in(client)
    again = text(client.get(page(session, "place/")))
    assert ("Captions, please" in again, "We have kept what you typed." in again) == (True, True)
    fields = hidden(client.get(page(session, "place/"))) | {"access_needs": "Captions, please"}
    with CaptureQueriesContext(connection) as found:
        client.post(page(session, "place/"), fields)
    assert len([each for each in found if "SAVEPOINT" not in each["sql"]]) <= 20
    assert SessionPlace.objects.get().access_needs == "Captions, please"
    assert "Captions" not in str(Draft.objects.values_list("answers", flat=True))


def test_a_childs_details_are_asked_about_and_never_kept_unasked(client: Client, session: OpenSession) -> None:
    client.post(page(session, "place/"), {"access_needs": CHILD})
    assert not Draft.objects.exists()
    person = signed_in(client)
    stopped = take(client, session, access_needs=CHILD)
    assert ("This looks like details of a child." in text(stopped), SessionPlace.objects.exists()) == (True, False)
    kept = {"access_needs": CHILD, "keep_what_i_wrote": "on"}
    client.post(page(session, "place/"), hidden(stopped) | kept)
    assert place_of(person).flagged_child_details
    assert sorted(kinds()) == ["place-taken", "safeguarding-flag"]


def test_who_reads_too_long_waits_and_is_told_so(client: Client, session: OpenSession, person: Person) -> None:
    fields = hidden(client.get(page(session, "place/")))
    make_place(session), make_place(session)
    words = text(client.post(page(session, "place/"), fields, follow=True))
    assert "The last place went to somebody else a moment ago" in words
    assert ("You are next on the waiting list." in words, LINK in words) == (True, False)
    assert kinds() == ["place-waiting"]


def test_a_full_session_says_what_waiting_means_and_the_line_is_numbered(client: Client, session: OpenSession) -> None:
    for state in (PlaceState.TAKEN, PlaceState.TAKEN, PlaceState.WAITING, PlaceState.WAITING):
        make_place(session, state)
    person = signed_in(client)
    asked = text(client.get(page(session, "place/")))
    assert ("Full, with 2 people waiting" in asked, "What happens while you wait" in asked) == (True, True)
    assert "You are number 3 on the waiting list." in text(take(client, session))
    assert place_of(person).state == PlaceState.WAITING
    assert "You are off the waiting list." in text(press(client, session, "give-up"))


def test_an_offer_is_taken_with_one_press_until_it_runs_out(
    client: Client, session: OpenSession, clock: time_machine.Traveller
) -> None:
    made = [make_place(session) for _ in range(2)]
    one, two = make_person(), make_person()
    for person in (one, two):
        take_place(session=session, person=person, by=None, now=NOW, channel="web")
    give_up_place(place=made[0], by=None, now=NOW)
    sign_in(client, one)
    words = text(client.get(page(session, "mine/")))
    assert ("We will keep it for you until" in words, LINK in words) == (True, False)
    words = text(press(client, session, "accept"))
    assert ("You have a place" in words, LINK in words, place_of(one).state) == (True, True, PlaceState.TAKEN)
    give_up_place(place=made[1], by=None, now=NOW)
    sign_in(client, two)
    fields = {"do": "accept", **hidden(client.get(page(session, "mine/")))}
    clock.shift(timedelta(days=1))
    sign_in(client, two)
    words = text(client.post(page(session, "mine/"), fields, follow=True))
    assert ("This offer has ended" in words, "You have a place" in words) == (True, False)


def test_who_stopped_reminders_is_promised_none_and_led_to_their_choices(
    client: Client, session: OpenSession, person: Person
) -> None:
    promised = text(take(client, session))
    assert ("We will email you a reminder" in promised, "You won’t get a reminder" in promised) == (True, False)
    record_choices(address=person.email, chosen={Topic.REMINDERS: False}, where=ChoiceSource.PAGE, now=NOW)
    mine = client.get(page(session, "mine/"))
    assert ("We will email you a reminder" in text(mine), "you stopped reminders by email" in text(mine)) == (False, True)
    assert 'href="/my/mail/">Choose what you get by email</a>' in mine.content.decode()


def test_a_page_that_is_out_of_date_changes_nothing(client: Client, session: OpenSession, person: Person) -> None:
    take(client, session)
    old = hidden(client.get(page(session, "mine/")))
    SessionPlace.objects.update(version=9)
    words = text(client.post(page(session, "mine/"), {"do": "give-up", **old}, follow=True))
    assert ("Your place has changed since you opened the page" in words, place_of(person).state) == (True, PlaceState.TAKEN)
    client.post(page(session, "mine/"), {"do": "nonsense", "version": "9"})
    assert place_of(person).state == PlaceState.TAKEN


def test_giving_up_is_one_press_and_one_may_come_back(client: Client, session: OpenSession, person: Person) -> None:
    take(client, session)
    words = text(press(client, session, "give-up"))
    assert ("You have no place at this session" in words, LINK in words) == (True, False)
    assert ("Ask for a place again" in words, kinds()) == (True, ["place-taken", "place-given-up"])
    assert client.get(page(session, "mine/calendar.ics")).status_code == 404


@pytest.mark.parametrize("had", [False, True], ids=["only waited", "had a place"])
def test_earlier_sessions_are_those_at_which_somebody_had_a_place(
    client: Client, session: OpenSession, person: Person, had: bool
) -> None:
    if not had:
        make_place(session), make_place(session)
    take(client, session)
    left = text(press(client, session, "give-up"))
    assert ("You left the waiting list" in left, "You have no place at this session" in left) == (not had, had)
    mine = text(client.get("/my/"))
    assert ("Earlier open sessions" in mine, "Given up" in mine, session.reference in mine) == (had, had, had)


def test_who_waited_to_the_end_had_no_place(
    client: Client, session: OpenSession, person: Person, clock: time_machine.Traveller
) -> None:
    make_place(session), make_place(session)
    take(client, session)
    assert session.reference in text(client.get("/my/"))
    clock.move_to(session.ends_at + timedelta(minutes=1))
    assert "Earlier open sessions" not in text(client.get("/my/"))


def test_an_offer_that_ran_out_is_not_called_leaving(client: Client, session: OpenSession, person: Person) -> None:
    place = make_place(session, PlaceState.GIVEN_UP, person)
    SessionEvent.objects.create(session=session, place=place, at=NOW, kind=SessionEventKind.LAPSED)
    assert "You have no place at this session" in text(client.get(page(session, "mine/")))


def test_the_calendar_file_is_for_who_has_a_place(client: Client, session: OpenSession, person: Person) -> None:
    take(client, session)
    entry = Calendar.from_ical(client.get(page(session, "mine/calendar.ics")).content)
    [event] = entry.walk("VEVENT")
    assert (str(entry["METHOD"]), str(event["UID"]), str(event["LOCATION"])) == ("PUBLISH", session.ical_uid, LINK)


def test_nobody_else_sees_a_place(client: Client, session: OpenSession, person: Person) -> None:
    take(client, session)
    signed_in(client)
    for step in ("mine/", "mine/calendar.ics"):
        assert client.get(page(session, step)).status_code == 404
    assert client.post(page(session, "mine/"), {"do": "give-up", "version": "1"}).status_code == 404
    assert "You have a place" not in text(client.get(page(session)))


@pytest.mark.parametrize("when", ["cancelled", "begun", "over"])
def test_what_is_not_to_come_takes_nobody_and_frees_nothing(
    when: str, client: Client, session: OpenSession, person: Person, clock: time_machine.Traveller
) -> None:
    take(client, session)
    if when == "cancelled":
        cancel_session(session=session, by=None, now=NOW, reason="The presenter is ill")
    else:
        clock.move_to(session.starts_at if when == "begun" else session.ends_at)
        sign_in(client, person)
    words = text(client.get(page(session, "mine/")))
    said = {"cancelled": "This session is cancelled", "begun": "The session has begun", "over": "This session is over"}
    assert (said[when] in words, "Give up" in words, "The presenter is ill" in words) == (True, False, when == "cancelled")
    client.post(page(session, "mine/"), {"do": "give-up", "version": str(place_of(person).version)})
    assert place_of(person).state == PlaceState.TAKEN
    other = signed_in(client)
    assert client.get(page(session, "place/")).url == page(session)
    client.post(page(session, "place/"), {"token": "A" * 43})
    assert not SessionPlace.objects.filter(person=other).exists()


def test_too_many_places_asked_for_are_stopped(
    client: Client, session: OpenSession, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookings.open_sessions.views.PLACE_RATE_LIMIT", (1, timedelta(hours=1)))
    take(client, make_session(None, at("14:00")))
    stopped = take(client, session, access_needs="Captions")
    assert (stopped.status_code, "Captions" in text(stopped)) == (429, True)


def test_no_page_asks_more_of_the_database_as_sessions_and_places_grow(
    client: Client, session: OpenSession, person: Person
) -> None:
    other = make_session(None, at("14:00"))
    take(client, session)
    pages = ["/sessions/", page(session), page(other), page(other, "place/"), page(session, "mine/"), "/my/"]
    before = [statements(client, path) for path in pages]
    for hour in range(5):
        crowded = make_session(None, at("08:00", MONDAY + timedelta(days=1 + hour)), capacity=9)
        make_place(crowded, person=person)
        for _ in range(3):
            make_place(crowded)
    after = [statements(client, path) for path in pages]
    assert max(after) <= 12
    assert before == after, list(zip(pages, before, after, strict=True))


def test_a_press_without_a_token_or_with_that_of_another_session_takes_nothing(
    client: Client, session: OpenSession, person: Person
) -> None:
    fields = hidden(client.get(page(session, "place/")))
    other = make_session(None, at("14:00"))
    take(client, other, token=fields["token"])
    for token in ("", "short", fields["token"]):
        again = client.post(page(session, "place/"), {**fields, "token": token, "access_needs": "Captions"})
        assert ("Nothing has been sent yet." in text(again), "Captions" in text(again)) == (True, True)
    assert place_of(person).session == other


def test_a_session_that_moves_while_the_button_is_pressed_loses_nothing_that_was_typed(
    client: Client, session: OpenSession, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def moves_first(**asked: Any) -> SessionPlace:
        reschedule_session(session=session, starts_at=at("15:00"), by=None, now=NOW)
        return take_place(**asked)

    monkeypatch.setattr("bookings.open_sessions.views.take_place", moves_first)
    words = text(take(client, session, access_needs="Captions"))
    for said in ("This session has moved to another time", "3pm to 4pm", "Captions"):
        assert said in words
    assert not SessionPlace.objects.exists()

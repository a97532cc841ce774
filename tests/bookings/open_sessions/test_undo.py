"""A session that was marked as delivered, or cancelled, by mistake is as it was before, while nothing else depends on it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from bookings.calendars import ical
from bookings.errors import SlotTaken
from bookings.feedback.services import get_or_create_follow_up, give_feedback, record_attendance
from bookings.models import BusyTime, Feedback, OpenSession, PlaceState, Presenter, SessionEventKind, SessionState
from bookings.open_sessions.services.notify import SessionChanged, remind_of_sessions
from bookings.open_sessions.services.places import accept_offer, mark_attended
from bookings.open_sessions.services.sessions import (
    cancel_session,
    mark_session_delivered,
    take_back_session_cancelled,
    take_back_session_delivered,
)
from core.errors import DomainError
from notifications.models import Notification
from notifications.registry import Email, email_for
from privacy.services import erase_person
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.open_sessions.told import figures, states, told, told_of
from tests.bookings.rows import NOW, at, make_booking, make_leave, make_presenter
from tests.factories import make_staff, sign_in_staff

pytestmark = pytest.mark.django_db
LATER, STARTS = NOW + timedelta(hours=1), at("13:30")
OVER = STARTS + timedelta(hours=2)
WHY = "The wrong one of two"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(LATER, tick=False) as traveller:
        yield traveller


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel", email="asha@ctac.example", joining_link="https://meet.example/asha")


@pytest.fixture
def session(presenter: Presenter) -> OpenSession:
    return make_session(presenter, STARTS, capacity=2)


def cancel(session: OpenSession) -> None:
    cancel_session(session, by=None, now=NOW, reason="Snow")


def restore(session: OpenSession, **more: object) -> OpenSession:
    return take_back_session_cancelled(session, **{"reason": WHY, "by": None, "now": LATER, **more})  # type: ignore[arg-type]


def latest(kind: str) -> Email:
    return email_for(Notification.objects.filter(kind=kind).latest("pk"))


# Delivered


def test_delivered_is_taken_back_with_who_and_why_and_asks_again_once_it_is_marked_again(
    session: OpenSession, clock: time_machine.Traveller
) -> None:
    place, staff = make_place(session), make_staff()
    mark_session_delivered(session, by=staff, now=OVER)
    clock.move_to(OVER)
    first = latest("session-afterwards")
    assert first.is_still_due()
    taken_back = take_back_session_delivered(session, reason=WHY, by=staff, now=OVER)
    assert (taken_back.state, states(session)) == (SessionState.SCHEDULED, [PlaceState.TAKEN])
    event = session.events.get(kind=SessionEventKind.UNDELIVERED)
    assert (event.by, event.reason) == (staff, WHY)
    assert not latest("session-afterwards").is_still_due()
    assert told(place) == ["session-afterwards"]
    mark_session_delivered(session, by=staff, now=OVER)
    assert told(place) == ["session-afterwards"] * 2
    assert latest("session-afterwards").is_still_due()


@pytest.mark.parametrize("what", ["counted", "feedback", "ticked"])
def test_delivered_stays_where_something_shows_that_it_took_place(session: OpenSession, what: str) -> None:
    place = make_place(session)
    if what == "counted":
        record_attendance(given=session, counts={"social-worker": 4}, by=None, now=OVER)
    else:
        mark_session_delivered(session, by=None, now=OVER)
    if what == "feedback":
        answers, follow_up = Feedback(useful=4, clear=4, ready=4), get_or_create_follow_up(given=session, now=OVER)
        give_feedback(follow_up=follow_up, answers=answers, token="1", by_host=False, now=OVER)
    elif what == "ticked":
        mark_attended(session=session, places=[place.pk], by=None, now=OVER)
    with pytest.raises(DomainError, match="so it took place"):
        take_back_session_delivered(session, reason=WHY, by=None, now=OVER)
    session.refresh_from_db()
    assert session.state == SessionState.DELIVERED


@pytest.mark.parametrize("state", [SessionState.SCHEDULED, SessionState.CANCELLED])
def test_what_is_not_delivered_cannot_be_taken_back_as_such(presenter: Presenter, state: SessionState) -> None:
    with pytest.raises(SessionChanged):
        take_back_session_delivered(make_session(presenter, state=state), reason=WHY, by=None, now=OVER)


# Cancelled


def test_everybody_has_the_place_or_the_turn_that_they_had_and_reads_so_once(session: OpenSession) -> None:
    has, offered = make_place(session), make_place(session, PlaceState.OFFERED)
    waits, gone = make_place(session, PlaceState.WAITING), make_place(session, PlaceState.GIVEN_UP)
    before, staff = states(session), make_staff()
    cancel(session)
    assert not BusyTime.objects.exists()
    restored = restore(session, by=staff)
    assert (restored.state, restored.closed_reason, restored.sequence) == (SessionState.SCHEDULED, "", 2)
    assert (states(session), figures(session)) == (before, (2, 1))
    assert BusyTime.objects.get().session == session
    event = session.events.get(kind=SessionEventKind.RESTORED)
    assert (event.by, event.reason, event.changes) == (staff, WHY, {"sequence": 2})
    assert [told(place) for place in (has, offered, waits, gone)] == [["session-cancelled", "session-restored"]] * 3 + [[]]
    assert [kind for kind, _to, _version in told_of(session)] == ["session-closed-for-presenter", "session-for-presenter"]
    # Nobody reads of the cancellation any more if that has not gone yet.
    assert not latest("session-cancelled").is_still_due()
    assert not latest("session-closed-for-presenter").is_still_due()
    assert latest("session-for-presenter").is_still_due()
    # It can be cancelled again, and everybody hears of that.
    cancel_session(session, by=staff, now=LATER, reason="Snow")
    assert told(has)[2:] == ["session-cancelled"]


def test_who_has_a_place_gets_the_entry_again_and_who_waits_none(session: OpenSession) -> None:
    place, waits = make_place(session), make_place(session, PlaceState.WAITING)
    cancel(session)
    cancelled = email_for(Notification.objects.get(kind="session-cancelled", about=f"place:{place.pk}"))
    before = ical.place_sequence(cancelled.place)  # type: ignore[attr-defined]
    restore(session)
    mail = email_for(Notification.objects.get(kind="session-restored", about=f"place:{place.pk}"))
    assert mail.is_still_due()
    assert "will go ahead after all" in str(mail.get_subject())
    assert mail.get_calendar_method() == "REQUEST"
    entry = mail.calendar("REQUEST").decode()
    assert f"SEQUENCE:{ical.place_sequence(mail.place)}" in entry  # type: ignore[attr-defined]
    assert ical.place_sequence(mail.place) > before  # type: ignore[attr-defined]
    assert WHY not in str(mail.context())
    other = email_for(Notification.objects.get(kind="session-restored", about=f"place:{waits.pk}"))
    assert (other.is_still_due(), other.get_calendar_method()) == (True, "")


def test_an_offer_lasts_as_long_as_a_new_one(session: OpenSession) -> None:
    """Nobody could take it while the session was cancelled."""
    place = make_place(session, PlaceState.OFFERED, offer_expires_at=NOW + timedelta(minutes=5))
    cancel(session)
    restore(session)
    place.refresh_from_db()
    assert place.offer_expires_at is not None
    assert place.offer_expires_at > LATER + timedelta(hours=12)
    assert accept_offer(place=place, by=None, now=LATER).state == PlaceState.TAKEN


def test_too_near_to_ask_an_offered_place_is_given(session: OpenSession) -> None:
    place = make_place(session, PlaceState.OFFERED, offer_expires_at=STARTS)
    cancel(session)
    restore(session, now=STARTS - timedelta(minutes=30))
    assert states(session) == [PlaceState.TAKEN]
    assert told(place) == ["session-cancelled", "session-restored", "place-taken"]


def test_the_place_of_somebody_who_was_erased_meanwhile_goes_to_who_is_next(session: OpenSession) -> None:
    make_place(session)
    erased, waits = make_place(session), make_place(session, PlaceState.WAITING)
    cancel(session)
    erase_person(erased.person, by=None, now=NOW)
    restore(session)
    assert states(session) == [PlaceState.TAKEN, PlaceState.GIVEN_UP, PlaceState.OFFERED]
    assert told(waits) == ["session-cancelled", "session-restored", "place-offered"]
    assert "session-restored" not in told(erased)


@pytest.mark.parametrize("what", ["booking", "leave", "left"])
def test_a_presenter_who_is_not_free_any_more_is_in_the_way(presenter: Presenter, session: OpenSession, what: str) -> None:
    place = make_place(session)
    cancel(session)
    if what == "booking":
        make_booking(presenter, STARTS + timedelta(minutes=30))
    elif what == "leave":
        make_leave(presenter, at("09:00"), at("17:00"))
    else:
        Presenter.objects.update(active=False)
    busy = BusyTime.objects.count()
    with pytest.raises(SlotTaken, match=r"no longer free at that time.*Plan another"):
        restore(session)
    session.refresh_from_db()
    assert (session.state, BusyTime.objects.count(), told(place)) == (SessionState.CANCELLED, busy, ["session-cancelled"])


def test_what_nobody_was_to_give_stays_cancelled() -> None:
    session = make_session(None, STARTS)
    cancel(session)
    with pytest.raises(DomainError, match="Nobody was to give"):
        restore(session)


def test_of_what_is_over_nobody_reads_and_the_past_of_its_presenter_is_no_matter(session: OpenSession) -> None:
    place = make_place(session)
    cancel(session)
    Presenter.objects.update(active=False)
    assert restore(session, now=OVER).state == SessionState.SCHEDULED
    assert told(place) == ["session-cancelled"]
    mark_session_delivered(session, by=None, now=OVER)


def test_it_is_restored_once(session: OpenSession) -> None:
    with pytest.raises(SessionChanged):
        restore(session)
    cancel(session)
    restore(session)
    with pytest.raises(SessionChanged):
        restore(session)
    OpenSession.objects.update(state=SessionState.CANCELLED, anonymised_at=NOW)
    with pytest.raises(SessionChanged):
        restore(session)


def test_who_read_that_it_is_on_after_all_gets_no_reminder_as_well(session: OpenSession) -> None:
    OpenSession.objects.update(created_at=NOW - timedelta(days=30))
    make_place(session, created_at=NOW - timedelta(days=30))
    session.refresh_from_db()
    cancel(session)
    due = session.reminder_due_at
    restore(session, now=due + timedelta(minutes=1))
    assert remind_of_sessions(now=due + timedelta(minutes=5)) == 0


@pytest.mark.parametrize("state", [SessionState.CANCELLED, SessionState.DELIVERED])
def test_a_reason_that_looks_like_a_childs_details_goes_to_the_lead(presenter: Presenter, state: SessionState) -> None:
    session = make_session(presenter, STARTS)
    if state == SessionState.CANCELLED:
        cancel(session)
        restore(session, flagged=True)
    else:
        mark_session_delivered(session, by=None, now=OVER)
        take_back_session_delivered(session, reason=WHY, by=None, now=OVER, flagged=True)
    assert Notification.objects.filter(kind="safeguarding-flag").count() == 1


def test_the_button_is_there_for_what_is_cancelled_and_asks_why(session: OpenSession) -> None:
    cancel(session)
    client = sign_in_staff(Client(), make_staff(role="coordinator"))
    page = f"/staff/bookings/opensession/{session.pk}/"
    assert "do/not-cancelled/" in client.get(f"{page}change/").content.decode()
    assert "Write why you are taking this back" in client.post(f"{page}do/not-cancelled/", {"reason": ""}).content.decode()
    assert client.post(f"{page}do/not-cancelled/", {"reason": WHY}).status_code == 302
    shown = client.get(f"{page}change/").content.decode()
    assert "Cancellation taken back" in shown
    assert "do/not-cancelled/" not in shown
    assert "do/not-delivered/" not in shown

"""What presenters read about their open sessions, with its calendar entry, and when it no longer goes."""

from datetime import timedelta

import pytest
from icalendar import Calendar

from bookings.models import OpenSession, SessionEvent, SessionState
from notifications import rendering
from notifications.models import Notification
from notifications.registry import get_email_class
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import NOW, at, make_presenter

pytestmark = pytest.mark.django_db
YOURS, CLOSED = "session-for-presenter", "session-closed-for-presenter"


@pytest.fixture
def session() -> OpenSession:
    presenter = make_presenter(name="Asha Patel", email="asha@ctac.example", joining_link="https://meet.example/asha")
    session = make_session(presenter, at("13:30"), joining_help="Code 4821")
    make_place(session)
    session.refresh_from_db()
    return session


def note(session: OpenSession, kind: str, to: str = "asha@ctac.example") -> Notification:
    about = {"about": f"session:{session.pk}", "reference": session.reference, "version": session.sequence}
    return Notification(kind=kind, recipient=to, created_at=NOW, **about)


def built(session: OpenSession, kind: str) -> tuple[rendering.Rendered, bytes]:
    message = get_email_class(kind)(note(session, kind)).message()
    return rendering.render(message), message.calendar


def goes(session: OpenSession, kind: str, to: str = "asha@ctac.example") -> bool:
    return get_email_class(kind)(note(session, kind, to)).is_still_due()


def test_what_is_theirs_says_when_how_to_join_and_who_comes(session: OpenSession) -> None:
    said, raw = built(session, YOURS)
    assert said.subject == f"You are giving an open session: Monday 25 January 2027 ({session.reference})"
    for words in ("1:30pm to 2:30pm", "https://meet.example/asha", "Code 4821", "1 of 2 places taken", "See who is coming"):
        assert words in said.text, words
    assert f"/staff/mine/sessions/{session.reference}/" in said.html
    event = Calendar.from_ical(raw).walk("VEVENT")[0]
    assert (Calendar.from_ical(raw)["method"], event["sequence"]) == ("REQUEST", 0)


def test_a_move_says_when_it_was(session: OpenSession) -> None:
    before = session.starts_at - timedelta(days=7)
    change = {"time": [before.isoformat(), session.starts_at.isoformat()]}
    SessionEvent.objects.create(session=session, at=NOW, kind="moved", changes=change)
    said, _raw = built(session, YOURS)
    assert said.subject.startswith("Your open session has moved: Monday 25 January 2027")
    assert "It was on Monday 18 January 2027, 1:30pm to 2:30pm." in said.text


def test_what_is_not_theirs_any_more_leaves_their_calendar_without_a_way_in(session: OpenSession) -> None:
    session.presenter, session.sequence = make_presenter(), 1
    session.save()
    later = {"time": [session.starts_at.isoformat(), (session.starts_at + timedelta(days=1)).isoformat()]}
    SessionEvent.objects.create(session=session, at=NOW + timedelta(hours=1), kind="moved", changes=later)
    OpenSession.objects.update(starts_at=session.starts_at + timedelta(days=1), ends_at=session.ends_at + timedelta(days=1))
    said, raw = built(session, CLOSED)
    assert said.subject == f"You are no longer giving the open session on Monday 25 January 2027 ({session.reference})"
    assert "meet.example" not in said.text + raw.decode()
    event = Calendar.from_ical(raw).walk("VEVENT")[0]
    assert (event["status"], event["sequence"], event["attendee"]) == ("CANCELLED", 1, "mailto:asha@ctac.example")


def test_a_cancelled_one_says_why(session: OpenSession) -> None:
    OpenSession.objects.update(state=SessionState.CANCELLED, closed_reason="We are all ill.", sequence=1)
    session.refresh_from_db()
    said, _raw = built(session, CLOSED)
    assert said.subject.startswith("Your open session on Monday 25 January 2027 is cancelled")
    assert "We are all ill." in said.text
    assert (goes(session, CLOSED), goes(session, YOURS)) == (True, False)


def test_what_has_changed_again_is_not_sent(session: OpenSession) -> None:
    assert (goes(session, YOURS), goes(session, CLOSED)) == (True, False)
    assert (goes(session, YOURS, "tom@ctac.example"), goes(session, CLOSED, "tom@ctac.example")) == (False, True)
    stale = note(session, YOURS)
    OpenSession.objects.update(sequence=1)
    assert not get_email_class(YOURS)(stale).is_still_due()

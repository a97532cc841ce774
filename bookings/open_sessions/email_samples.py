"""What each email about an open session looks like (bookings.open_sessions.emails), with made-up sessions and places."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from bookings.email_samples import STARTS, longest_fields, sample_person, sample_presenter
from bookings.feedback.emails import SessionAfterwards, YearLaterEmail
from bookings.models import (
    Afterwards,
    Channel,
    OpenSession,
    PlaceState,
    Presentation,
    SessionEvent,
    SessionEventKind,
    SessionPlace,
    SessionState,
)
from bookings.open_sessions import emails
from notifications.registry import Email
from notifications.samples import NOW, PRESENTER, Example, example

# Nobody's: there is no such link.
LEAVE = {"leave": "https://ctac.example/place-links/private/leave/"}
SEE_OR_LEAVE = {"see": "https://ctac.example/place-links/private/", **LEAVE}
REASON = "Our presenter is ill. We plan another session in April."
HELP = "Meeting code 482 913. Please keep your camera off while you join."
OFFER: dict[str, Any] = {"state": PlaceState.OFFERED, "offer_expires_at": NOW + timedelta(hours=24)}
PLACE_FIELDS = ("state", "offer_expires_at", "person", "version")
GIVEN_AT = datetime(2027, 3, 9, 10, tzinfo=UTC)


def _example(email: type[Email], case: str = "", facts: dict[str, Any] | None = None, **fields: Any) -> Example:
    """A case of that email about a place with these fields; `facts` are what it would read beside the place."""
    return example(email, case, place=sample_place(**fields), **{"links": LEAVE, **(facts or {})})


def examples() -> Iterator[Example]:
    """Each kind in its usual case; after it the cases that read differently, and the longest words."""
    longest = {name: value for name, value in longest_fields().items() if name in ("person", "presenter", "presentation")}
    no_link: dict[str, Any] = {"presenter": sample_presenter(joining_link="")}
    given_up, waits = {"state": PlaceState.GIVEN_UP}, {"state": PlaceState.WAITING}

    # A place that somebody has, or waits for.
    taken = {"reminds": True, "from_the_line": False}
    yield _example(emails.PlaceTaken, "", taken)
    yield _example(emails.PlaceTaken, _("no link yet"), taken, **no_link)
    yield _example(emails.PlaceTaken, _("from the waiting list"), {**taken, "from_the_line": True})
    yield _example(emails.PlaceTaken, _("longest words"), taken, **longest)
    yield _example(emails.PlaceGivenUp, "", {"links": {}, "in_calendars": True}, **given_up)
    yield _example(emails.PlaceGivenUp, _("from the waiting list"), {"links": {}, "in_calendars": False}, **given_up)
    yield _example(emails.PlaceWaiting, "", {"number": 3}, **waits)
    yield _example(emails.PlaceWaiting, _("first on the list"), {"number": 1}, **waits)
    yield _example(emails.PlaceOffered, "", {"links": SEE_OR_LEAVE}, **OFFER)
    yield _example(emails.PlaceLapsed, "", {"links": {}}, **given_up)
    yield _example(emails.PlaceBumped, "", {"number": 1, "in_calendars": True}, **waits)

    # The session itself.
    why = "Our presenter has to be in court on the day that we had planned."
    move = SessionEvent(reason=why, changes={"time": [(STARTS - timedelta(days=7)).isoformat(), STARTS.isoformat()]})
    yield _example(emails.SessionMoved, "", {"move": move}, sequence=1)
    yield _example(emails.SessionMoved, _("on the waiting list"), {"move": move, "number": 3}, sequence=1, **waits)
    yield _example(emails.SessionMoved, _("a place offered"), {"move": move, "links": SEE_OR_LEAVE}, sequence=1, **OFFER)
    yield _example(emails.SessionRestored, "", sequence=2)
    yield _example(emails.SessionRestored, _("on the waiting list"), {"number": 3}, sequence=2, **waits)
    yield _example(emails.SessionRestored, _("a place offered"), {"links": SEE_OR_LEAVE}, sequence=2, **OFFER)
    cancelled = {"session_state": SessionState.CANCELLED, "closed_reason": REASON}
    yield _example(emails.SessionCancelled, "", {"links": {}}, **cancelled)
    yield _example(emails.SessionCancelled, _("on the waiting list"), {"links": {}, "number": 0}, **waits, **cancelled)
    yield _example(emails.SessionDetails, "", {"takes_place": False}, joining_help=HELP)
    yield _example(emails.SessionDetails, _("link taken away"), {"takes_place": False}, **no_link)
    yield _example(emails.SessionDetails, _("takes place after all"), {"takes_place": True})
    yield _example(emails.SessionDetails, _("takes place after all, no link yet"), {"takes_place": True}, **no_link)
    yield _example(emails.SessionUnsure, presenter=None)

    # After it.
    for case, fields in (("", {}), (_("longest words"), longest)):
        place = sample_place(session_state=SessionState.DELIVERED, **fields)
        Afterwards(session=place.session, code="7Q4M2F")  # which makes it place.session.afterwards too
        yield example(SessionAfterwards, case, place=place)
    yield example(YearLaterEmail, _("of a place"), wished_after=sample_place(session_state=SessionState.DELIVERED))

    # To presenter and team.
    given, closed = emails.SessionForPresenter, emails.SessionClosedForPresenter
    mine: dict[str, Any] = {"recipient": PRESENTER}
    to = {**mine, "version": 1}
    yield example(given, session=sample_for_presenter(), change=None, **mine)
    times = [(GIVEN_AT - timedelta(days=7)).isoformat(), GIVEN_AT.isoformat()]
    moved = SessionEvent(kind=SessionEventKind.MOVED, changes={"time": times})
    yield example(given, _("moved"), session=sample_for_presenter(sequence=1), change=moved, **mine)
    linked = SessionEvent(kind=SessionEventKind.LINK_SET)
    yield example(given, _("how to join"), session=sample_for_presenter(sequence=1), change=linked, **mine)
    yield example(closed, session=sample_for_presenter(presenter=None), **to)
    off = sample_for_presenter(state=SessionState.CANCELLED, closed_reason="Our presenter is ill, and nobody else can step in.")
    yield example(closed, _("cancelled"), session=off, **to)
    yield example(emails.StaffSessionNeedsPresenter, session=sample_for_presenter(presenter=None))
    yield example(emails.StaffSessionUnsure, session=sample_for_presenter(presenter=None))

    # Reminders and invitations.
    yield _example(emails.SessionReminderWeek, joining_help=HELP)
    yield _example(emails.SessionReminderWeek, _("no link yet"), joining_help=HELP, **no_link)
    yield _example(emails.SessionReminder, joining_help=HELP)
    yield example(emails.SessionPresenterReminderWeek, session=sample_for_presenter(), **mine)
    yield example(emails.SessionPresenterReminder, session=sample_for_presenter(), **mine)
    one = sample_session()
    later = sample_session(starts_at=STARTS + timedelta(days=7), ends_at=STARTS + timedelta(days=7, minutes=90))
    yield example(emails.SessionInvitation, sessions=[one])
    yield example(emails.SessionInvitation, title=_("Invitation to several open sessions"), sessions=[one, later])


def sample_place(**fields: Any) -> SessionPlace:
    own = {name: fields.pop(name) for name in PLACE_FIELDS if name in fields}
    defaults = {"person": sample_person(), "state": PlaceState.TAKEN, "channel": Channel.WEB, "version": 1, "created_at": NOW}
    return SessionPlace(pk=1, session=sample_session(**fields), position=1, **{**defaults, **own})


def sample_session(**fields: Any) -> OpenSession:
    state = fields.pop("session_state", SessionState.SCHEDULED)
    defaults = {
        "reference": "OS-4T9K-2M",
        "presentation": Presentation(pk=1, slug="signs", title="Spotting the signs of child trafficking", length_minutes=90),
        "presenter": sample_presenter(),
        "starts_at": STARTS,
        "ends_at": STARTS + timedelta(minutes=90),
        "capacity": 30,
        "ical_uid": "sample-session@ctac.example",
        "created_at": NOW,
    }
    return OpenSession(pk=1, **{"state": state, **defaults, **fields})


def sample_for_presenter(**fields: Any) -> OpenSession:
    defaults = {
        "reference": "OS-7Q4M-2F",
        "presentation": Presentation(pk=1, title="Spotting the signs of child trafficking", length_minutes=60),
        "starts_at": GIVEN_AT,
        "ends_at": GIVEN_AT + timedelta(minutes=60),
        "capacity": 20,
        "occupied": 12,
        "waiting": 0,
        "joining_help": "The meeting code is 4821.",
    }
    return sample_session(**{**defaults, **fields})

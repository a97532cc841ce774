"""Facts and sentences about an open session and a place at one, the same on pages and in emails."""

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.models import OpenSession, PlaceState, SessionPlace, SessionState
from bookings.text import Row, Step, reminder_step, row
from ctac.dates import format_clock, format_day


def session_facts(session: OpenSession, *, with_reference: bool = True) -> list[Row]:
    """What, when, where, reference: what may be said to anybody."""
    rows = [row(_("Session"), session.presentation.title), row(_("When"), session.when), row(_("Where"), _("Online"))]
    return [*rows, row(_("Reference"), session.reference)] if with_reference else rows


def place_facts(place: SessionPlace, *, with_reference: bool = True) -> list[Row]:
    """The facts, and for who has a place who gives it and how to join."""
    session = place.session
    rows = session_facts(session, with_reference=False)
    if place.has_a_place and session.presenter:
        rows.append(row(_("Presenter"), session.presenter.name))
    if place.has_a_place and session.joining_link:
        rows.append({**row(_("Joining link"), session.joining_link), "href": session.joining_link, "is_private": True})
    if place.has_a_place and session.joining_help:
        rows.append({**row(_("How to join"), session.joining_help), "is_private": True})
    return [*rows, row(_("Reference"), session.reference)] if with_reference else rows


def has_room(session: OpenSession) -> bool:
    """Whoever asks now gets a place: one is free, and nobody waits for it."""
    return bool(session.free) and not session.waiting


def room_in_words(session: OpenSession) -> str:
    """'12 places are free', or how many wait."""
    if has_room(session):
        free = session.free
        return ngettext("%(free)d place is free", "%(free)d places are free", free) % {"free": free}
    waiting = session.waiting
    if not waiting:
        return _("Full, and nobody waits yet")
    return ngettext("Full, %(waiting)d person waits", "Full, %(waiting)d people wait", waiting) % {"waiting": waiting}


def may_be_joined(session: OpenSession, now: datetime) -> bool:
    return session.is_scheduled and not session.has_begun(now)


def number_in_line(place: SessionPlace) -> int:
    """1 for whoever is offered the next free place. One statement."""
    return SessionPlace.objects.in_line().filter(session=place.session_id, position__lt=place.position).count() + 1


def line_in_words(number: int) -> str:
    if number == 1:
        return _("You are next in line.")
    return _("You are number %(number)d in line.") % {"number": number}


def next_steps(place: SessionPlace, now: datetime, *, reminds: bool) -> list[Step]:
    """What comes next and when, for who has a place or waits for one; `reminds` is whether they want reminders."""
    session = place.session
    if place.state == PlaceState.WAITING:
        return waiting_steps(session)
    steps = []
    if not session.joining_link:
        steps.append(Step(_("Before the session"), _("You get the joining link by email.")))
    steps += reminder_step(session, now) if reminds else []
    joins = _("Open the joining link a few minutes before %(clock)s.") % {"clock": format_clock(session.starts_at)}
    return [*steps, Step(format_day(session.starts_at), joins)]


def waiting_steps(session: OpenSession) -> list[Step]:
    return [
        Step(_("When a place is free"), _("We offer it to whoever has waited longest, and email them.")),
        Step(_("When it is your turn"), _("We keep the place until the next working day; less if the session is near.")),
        Step(
            _("In the last two hours"),
            _("Whoever is next has the place at once, also in the night before an early session. We email you."),
        ),
        Step(session.when, _("The session. If no place was free until then, choose another one.")),
    ]


def place_title(place: SessionPlace, now: datetime) -> str:
    """How the place stands, as the heading of its page."""
    session = place.session
    if may_be_joined(session, now):
        return {
            PlaceState.TAKEN: _("You have a place"),
            PlaceState.WAITING: _("You are on the waiting list"),
            PlaceState.OFFERED: _("A place is free for you"),
            PlaceState.GIVEN_UP: _("You have no place at this session"),
            PlaceState.ATTENDED: _("You were there"),
        }[PlaceState(place.state)]
    if session.state == SessionState.CANCELLED:
        return _("This session is cancelled")
    if session.ends_at > now and place.has_a_place:
        return _("The session has begun")
    return _("You were there") if place.state == PlaceState.ATTENDED else _("This session is over")

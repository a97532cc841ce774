"""Reminders of open sessions: a week before and the day before, to everybody with a place and to who gives it.

As those of bookings they are written when they fall due (bookings.services.reminding). Who took the place, got the session,
or was told that it moved or how to join it after that moment has just read all of it, and gets none. Nobody is reminded of what
needs a presenter: they read that it may not take place (bookings.services.sessions.warning).
"""

from collections import defaultdict
from datetime import datetime

from bookings.models import OpenSession, PlaceState, SessionEvent, SessionEventKind, SessionPlace, SessionState
from bookings.services.reminding import AHEAD, due_now
from bookings.services.telling import tell_once
from notifications.services.writing import About

TOLD_ANEW = (SessionEventKind.MOVED, SessionEventKind.REASSIGNED, SessionEventKind.TAKEN, SessionEventKind.ACCEPTED)


def remind_of_sessions(*, now: datetime) -> int:
    """Write the reminders that have fallen due; how many. As many statements for one session and person as for many."""
    ahead = OpenSession.objects.filter(state=SessionState.SCHEDULED, starts_at__gt=now, starts_at__lt=now + AHEAD)
    due = due_now(ahead.exclude(presenter=None).select_related("presenter"), now)
    if not due:
        return 0
    sessions = [each.of for each in due]
    since = min(each.moment for each in due)
    events = list(SessionEvent.objects.filter(session__in=sessions, kind__in=TOLD_ANEW, at__gt=since))
    places = list(SessionPlace.objects.filter(session__in=sessions, state=PlaceState.TAKEN).select_related("person"))
    messages = defaultdict[str, list[About]](list)
    for each in due:
        when = "-week" if each.early else ""
        after = [event for event in events if event.session_id == each.of.pk and event.at > each.moment]
        if any(event.kind == SessionEventKind.MOVED for event in after):
            continue
        reassigned = [event for event in after if event.kind == SessionEventKind.REASSIGNED]
        if not any(event.changes.get("details") for event in reassigned):
            just_told = {event.place_id for event in after}
            messages[f"session-reminder{when}"] += [
                each.about(f"place:{place.pk}", place.person.email)
                for place in places
                if place.session_id == each.of.pk and place.pk not in just_told
            ]
        if not reassigned:
            messages[f"session-presenter-reminder{when}"].append(each.about(f"session:{each.of.pk}", each.of.presenter.email))
    return tell_once(messages, now)

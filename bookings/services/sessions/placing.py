"""Taking a place, or standing in line for one; accepting what is offered; giving up."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from bookings.models import OpenSession, PlaceState, SessionEventKind, SessionPlace, SessionState
from bookings.models.session_place import LIVE_PLACES
from bookings.services.errors import AlreadyPlaced, NotStarted
from bookings.services.sessions.errors import OfferOver, PlaceMoved, SessionClosed, TimeChanged
from bookings.services.sessions.locking import lock_place, lock_session_for, lock_sessions, refuse_unless_to_come
from bookings.services.sessions.offering import change, fill_places
from bookings.services.sessions.recording import record, record_each
from bookings.services.sessions.telling import tell
from professionals.models import Person, User
from professionals.services.safeguarding import tell_lead


@transaction.atomic
def take_place(
    *,
    session: OpenSession,
    person: Person,
    by: User | None,
    now: datetime,
    channel: str,
    token: str | None = None,
    access_needs: str = "",
    flagged: bool = False,
) -> SessionPlace:
    """A place if one is free and nobody waits, else the end of the line: its state says which.

    The same token gives the same place again; who has a place or waits gets it back unchanged. `flagged`: what they need looks
    like a child's details and they kept it.

    Raises SessionClosed, PersonErased, TimeChanged (it is not at the time with which `session` was read), AlreadyPlaced (another
    place has the token).
    """
    locked = lock_session_for(person, session)
    place = find(locked, person, token, now)
    if place is not None and (place.state in LIVE_PLACES or (token and place.submission_token == token)):
        return place
    refuse_unless_to_come(locked, now)
    if locked.starts_at != session.starts_at:
        raise TimeChanged
    fill_places(locked, by=None, now=now)
    locked.refresh_from_db(fields=["occupied", "waiting"])
    state = PlaceState.TAKEN if locked.free and not locked.waiting else PlaceState.WAITING
    asked: dict[str, Any] = {
        "channel": channel,
        "submission_token": token,
        "access_needs": access_needs,
        "flagged_child_details": flagged,
    }
    taken = write(place or SessionPlace(session=locked, person=person, created_at=now), state, asked)
    kind, message = (SessionEventKind.TAKEN, "place-taken") if taken.has_a_place else (SessionEventKind.JOINED, "place-waiting")
    record(locked, kind, by=by, now=now, place=taken, changes={"version": taken.version})
    tell(message, [taken], locked, now)
    if flagged:
        tell_lead(about=f"place:{taken.pk}:{taken.version}", reference=locked.reference, now=now)
    return taken


def find(session: OpenSession, person: Person, token: str | None, now: datetime) -> SessionPlace | None:
    """What this person has or had at the session. An offer that ran out is one no more. Raises AlreadyPlaced."""
    mine = Q(session=session, person=person)
    places = list(SessionPlace.objects.filter(mine | Q(submission_token=token) if token else mine))
    if any((place.session_id, place.person_id) != (session.pk, person.pk) for place in places):
        raise AlreadyPlaced
    place = places[0] if places else None
    if place is not None:
        place.session, place.person = session, person
        if place.state == PlaceState.OFFERED and place.offer_expires_at and place.offer_expires_at <= now:
            refuse_unless_to_come(session, now)
            fill_places(session, by=None, now=now)
            place.refresh_from_db(fields=["state", "offer_expires_at", "version"])
    return place


def write(place: SessionPlace, state: PlaceState, asked: dict[str, Any]) -> SessionPlace:
    """At the end of the line, as the database counts it; who comes back keeps their row."""
    for column, value in {**asked, "state": state, "position": 0, "version": place.version + 1}.items():
        setattr(place, column, value)
    place.save()
    place.refresh_from_db(fields=["position"])
    return place


@transaction.atomic
def accept_offer(*, place: SessionPlace, by: User | None, now: datetime) -> SessionPlace:
    """Take what is offered; who has it already gets it back. Raises OfferOver, SessionClosed."""
    locked = lock_place(place)
    if locked.has_a_place:
        return locked
    refuse_unless_to_come(locked.session, now)
    if locked.state != PlaceState.OFFERED or locked.offer_expires_at is None or locked.offer_expires_at <= now:
        raise OfferOver
    change([locked], PlaceState.TAKEN)
    record(locked.session, SessionEventKind.ACCEPTED, by=by, now=now, place=locked, changes={"version": locked.version})
    tell("place-taken", [locked], locked.session, now)
    return locked


@transaction.atomic
def give_up(*, place: SessionPlace, by: User | None, now: datetime, by_link: bool = False) -> None:
    """Give up a place, an offer or one's turn in the line; who is next gets it. Raises PlaceMoved, SessionClosed.

    `by_link`: whoever has the owner's email pressed the button behind its link.
    """
    locked = lock_place(place)
    if locked.state not in (PlaceState.TAKEN, PlaceState.OFFERED, PlaceState.WAITING):
        raise PlaceMoved
    refuse_unless_to_come(locked.session, now)
    change([locked], PlaceState.GIVEN_UP)
    noted = {"version": locked.version, **({"by_link": True} if by_link else {})}
    record(locked.session, SessionEventKind.GIVEN_UP, by=by, now=now, place=locked, changes=noted)
    tell("place-given-up", [locked], locked.session, now)
    fill_places(locked.session, by=None, now=now)


@transaction.atomic
def give_up_all(*, person: Person, by: User | None, now: datetime) -> None:
    """All that this person has of sessions to come goes to who is next; they are told nothing, since they are erased."""
    to_come = Q(session__state=SessionState.SCHEDULED, session__starts_at__gt=now)
    ahead = SessionPlace.objects.live().filter(to_come, person=person)
    for session in lock_sessions(ahead.values_list("session", flat=True)):
        theirs = list(session.places.live().filter(person=person))
        if theirs and not session.has_begun(now) and session.is_scheduled:
            change(theirs, PlaceState.GIVEN_UP)
            record_each(SessionEventKind.GIVEN_UP, theirs, by=by, now=now)
            fill_places(session, by=None, now=now)


@transaction.atomic
def mark_attended(*, place: SessionPlace, by: User | None, now: datetime) -> None:
    """This person came. Raises NotStarted, PlaceMoved (they had no place), SessionClosed (it was cancelled)."""
    locked = lock_place(place)
    if locked.state == PlaceState.ATTENDED:
        return
    if not locked.session.has_begun(now):
        raise NotStarted
    if locked.session.state == SessionState.CANCELLED:
        raise SessionClosed
    if locked.state != PlaceState.TAKEN:
        raise PlaceMoved
    SessionPlace.objects.filter(pk=locked.pk).update(state=PlaceState.ATTENDED)
    record(locked.session, SessionEventKind.ATTENDED, by=by, now=now, place=locked)

"""Places: taken, waited for, offered to the next in line, accepted, given up; and the links in emails about a place."""

import logging
import secrets
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import User
from accounts.services import AccountGoneError
from bookings.booking.services.links import TOKEN_PATTERN
from bookings.errors import AlreadyPlaced, NotStarted
from bookings.models import OpenSession, PlaceLink, PlaceLinkPurpose, PlaceState, SessionEventKind, SessionPlace, SessionState
from bookings.models.links import LINK_LIFETIME, hash_address, hash_token
from bookings.models.open_session import LIVE_PLACE_STATES
from bookings.open_sessions.services.notify import (
    OfferOver,
    PersonErased,
    PlaceStateChanged,
    SessionClosed,
    TimeChanged,
    lock_place,
    lock_session,
    lock_sessions,
    notify_places,
    record_place_events,
    record_session_event,
    refuse_unless_upcoming,
)
from core.dates import TEAM_NATION, UK_TZ, add_working_days, is_working_day, uk_datetime, uk_day
from office.closures.queries import office_closed_days
from office.site_settings.queries import site_settings
from professionals.models import Person
from professionals.safeguarding.services import notify_lead_if_flagged
from professionals.services import lock_person

# An offered place lasts until the same time on a working day of our office; if offered on a day off, at least until 5pm.
DAY_OFF_OFFER_EARLIEST_EXPIRY = time(17)
# At short notice it lasts some daytime hours, and never past an hour before the session.
SHORT_NOTICE_WINDOW = timedelta(hours=48)
SHORT_NOTICE_OFFER_DURATION = timedelta(hours=3)
DAYTIME_START, DAYTIME_END = time(7), time(21)
OFFER_CUTOFF = timedelta(hours=1)
# With fewer daytime hours left to answer, we don't ask: the next in line gets the place at once.
MIN_OFFER_DURATION = timedelta(hours=1)

# Free places go to the waiting list in order: as an offer, or at once if the session is near.

logger = logging.getLogger(__name__)


def offer_expiry(starts_at: datetime, now: datetime) -> datetime | None:
    """The UTC time until which we keep a place that is offered now; None if there is no time to ask."""
    starts, moment = starts_at.astimezone(UTC), now.astimezone(UTC)
    last = starts - OFFER_CUTOFF
    if add_daytime_hours(moment, MIN_OFFER_DURATION) >= last:
        return None
    if starts - moment <= SHORT_NOTICE_WINDOW:
        until = add_daytime_hours(moment, SHORT_NOTICE_OFFER_DURATION)
    else:  # the same UK time on a working day of our office; if offered on a day off, not before 5pm
        day, clock = uk_day(moment), moment.astimezone(UK_TZ).time()
        if not is_working_day(day, TEAM_NATION, office_closed_days()):
            clock = max(clock, DAY_OFF_OFFER_EARLIEST_EXPIRY)
        last_day = add_working_days(day, site_settings().offer_working_days, TEAM_NATION, office_closed_days())
        until = uk_datetime(last_day, clock).astimezone(UTC)
    return min(until, last)


def add_daytime_hours(moment: datetime, lasts: timedelta) -> datetime:
    """The moment after that many daytime hours, in UTC. The night (UK time) does not count."""
    day = uk_day(moment)
    while True:
        first, last = (uk_datetime(day, clock).astimezone(UTC) for clock in (DAYTIME_START, DAYTIME_END))
        begins = max(first, moment)
        if begins + lasts <= last:
            return begins + lasts
        lasts -= max(last - begins, timedelta(0))
        day += timedelta(days=1)


def fill_places(session: OpenSession, *, by: User | None, now: datetime) -> None:
    """End offers that ran out, then let the line have what is free, in order, while there is time. The session is locked."""
    end_lapsed_offers(session, now=now)
    if not session.is_scheduled or session.has_begun(now):
        return
    session.refresh_from_db(fields=["occupied", "waiting"])  # the database counts them
    if session.places_left and session.waiting:
        next_in_line = list(session.places.waiting().select_related("person")[: session.places_left])
        if next_in_line:
            offer_or_give(next_in_line, session, offer_expiry(session.starts_at, now), by=by, now=now)


def offer_or_give(
    places: Sequence[SessionPlace], session: OpenSession, until: datetime | None, *, by: User | None, now: datetime
) -> None:
    """Offer these places until then; if `until` is None, give them at once."""
    state = PlaceState.OFFERED if until else PlaceState.TAKEN
    set_place_states(places, state, until)
    record_place_events(SessionEventKind.OFFERED if until else SessionEventKind.TAKEN, places, by=by, now=now)
    notify_places("place-offered" if until else "place-taken", places, session, now)


def end_lapsed_offers(session: OpenSession, *, now: datetime) -> int:
    """End the offers that ran out: those people have no place, and read how to come back. Returns how many."""
    if not session.is_scheduled:
        return 0
    places = list(session.places.lapsed(now).select_related("person").order_by("position"))
    if places:
        set_place_states(places, PlaceState.GIVEN_UP)
        record_place_events(SessionEventKind.LAPSED, places, by=None, now=now)
        notify_places("place-lapsed", places, session, now)
    return len(places)


def set_place_states(places: Sequence[SessionPlace], state: PlaceState, until: datetime | None = None) -> None:
    """Set their new state, and raise their versions for the message about it. One statement."""
    rows = SessionPlace.objects.filter(pk__in=[place.pk for place in places])
    rows.update(state=state, offer_expires_at=until, version=F("version") + 1)
    for place in places:
        place.state, place.offer_expires_at, place.version = state, until, place.version + 1


def lapse_offers(*, now: datetime) -> int:
    """End the offers that ran out, and offer those places to the next in line. Returns how many ended.

    Each session stands for itself: an error in one does not stop the others.
    """
    lapsed = SessionPlace.objects.lapsed(now).filter(session__state=SessionState.SCHEDULED)
    ended = 0
    for session in OpenSession.objects.filter(pk__in=lapsed.values("session")).order_by("pk"):
        try:
            with transaction.atomic():
                locked = lock_session(session)
                ended_here = end_lapsed_offers(locked, now=now)
                fill_places(locked, by=None, now=now)
            ended += ended_here
        except Exception as error:  # noqa: BLE001 - tried again in a minute; what has lapsed can't be accepted meanwhile
            logger.error("The offers of %s could not lapse: %s", session.reference, type(error).__name__)
    return ended


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
    """A place if one is free and nobody waits, otherwise the end of the line: its state says which.

    The same token gives the same place again; a person who has a place or waits gets it back unchanged. `flagged`: what they need
    looks like a child's details and they kept it.

    Raises SessionClosed, PersonErased, TimeChanged (the session has moved since `session` was read), AlreadyPlaced (another place
    has the token).
    """
    try:
        lock_person(person)  # before the session, as erasing a person does
    except AccountGoneError:
        raise PersonErased from None
    locked = lock_session(session)
    place = find_own_place(locked, person, token, now)
    if place is not None and (place.state in LIVE_PLACE_STATES or (token and place.submission_token == token)):
        return place
    refuse_unless_upcoming(locked, now)
    if locked.starts_at != session.starts_at:
        raise TimeChanged
    fill_places(locked, by=None, now=now)
    locked.refresh_from_db(fields=["occupied", "waiting"])
    state = PlaceState.TAKEN if locked.places_left and not locked.waiting else PlaceState.WAITING
    asked = {"channel": channel, "submission_token": token, "access_needs": access_needs, "flagged_child_details": flagged}
    taken = save_place(place or SessionPlace(session=locked, person=person, created_at=now), state, asked)
    kind, message = (SessionEventKind.TAKEN, "place-taken") if taken.has_a_place else (SessionEventKind.JOINED, "place-waiting")
    record_session_event(locked, kind, by=by, now=now, place=taken, changes={"version": taken.version})
    notify_places(message, [taken], locked, now)
    notify_lead_if_flagged(taken, f":{taken.version}", now, flagged=flagged, reference=locked.reference)
    return taken


def find_own_place(session: OpenSession, person: Person, token: str | None, now: datetime) -> SessionPlace | None:
    """The place that this person has or had at the session, after an offer that has run out is ended. Raises AlreadyPlaced."""
    mine = Q(session=session, person=person)
    places = list(SessionPlace.objects.filter(mine | Q(submission_token=token) if token else mine))
    if any((place.session_id, place.person_id) != (session.pk, person.pk) for place in places):
        raise AlreadyPlaced
    place = places[0] if places else None
    if place is not None:
        place.session, place.person = session, person
        if place.state == PlaceState.OFFERED and place.offer_expires_at and place.offer_expires_at <= now:
            refuse_unless_upcoming(session, now)
            fill_places(session, by=None, now=now)
            place.refresh_from_db(fields=["state", "offer_expires_at", "version"])
    return place


def save_place(place: SessionPlace, state: PlaceState, asked: dict[str, Any]) -> SessionPlace:
    """Put the place at the end of the line, as the database counts it. People who come back keep their row."""
    for column, value in {**asked, "state": state, "position": 0, "version": place.version + 1}.items():
        setattr(place, column, value)
    place.save()
    place.refresh_from_db(fields=["position"])
    return place


@transaction.atomic
def accept_offer(*, place: SessionPlace, by: User | None, now: datetime) -> SessionPlace:
    """Take the place that is offered; a person who has it already gets it back. Raises OfferOver, SessionClosed."""
    locked = lock_place(place)
    if locked.has_a_place:
        return locked
    refuse_unless_upcoming(locked.session, now)
    if locked.state != PlaceState.OFFERED or locked.offer_expires_at is None or locked.offer_expires_at <= now:
        raise OfferOver
    set_place_states([locked], PlaceState.TAKEN)
    record_session_event(
        locked.session, SessionEventKind.ACCEPTED, by=by, now=now, place=locked, changes={"version": locked.version}
    )
    notify_places("place-taken", [locked], locked.session, now)
    return locked


@transaction.atomic
def give_up_place(*, place: SessionPlace, by: User | None, now: datetime, by_link: bool = False) -> None:
    """Give up a place, an offer or one's turn in the line; the next in line gets it. Raises PlaceStateChanged, SessionClosed.

    `by_link`: somebody pressed the button behind the link in the owner's email.
    """
    locked = lock_place(place)
    if locked.state not in (PlaceState.TAKEN, PlaceState.OFFERED, PlaceState.WAITING):
        raise PlaceStateChanged
    refuse_unless_upcoming(locked.session, now)
    mark_given_up(locked, by=by, now=now, by_link=by_link)
    notify_places("place-given-up", [locked], locked.session, now)
    fill_places(locked.session, by=None, now=now)


def mark_given_up(place: SessionPlace, *, by: User | None, now: datetime, by_link: bool = False) -> None:
    """Give up the place. The history also says how its person stood, if they only waited or were offered a place."""
    before = {} if place.has_a_place else {"from": place.state}
    set_place_states([place], PlaceState.GIVEN_UP)
    changes = {"version": place.version, **before, **({"by_link": True} if by_link else {})}
    record_session_event(place.session, SessionEventKind.GIVEN_UP, by=by, now=now, place=place, changes=changes)


@transaction.atomic
def give_up_all_places(*, person: Person, by: User | None, now: datetime) -> None:
    """Give all places of this person at sessions to come to the next in line. No email goes out, since they are erased."""
    to_come = Q(session__state=SessionState.SCHEDULED, session__starts_at__gt=now)
    ahead = SessionPlace.objects.live().filter(to_come, person=person)
    for session in lock_sessions(ahead.values_list("session", flat=True)):
        theirs = session.places.live().filter(person=person).first()
        if theirs and not session.has_begun(now) and session.is_scheduled:
            mark_given_up(theirs, by=by, now=now)
            fill_places(session, by=None, now=now)


# When two places of one person at one session are merged, the one further on stays.
MERGE_STATE_ORDER = (PlaceState.GIVEN_UP, PlaceState.WAITING, PlaceState.OFFERED, PlaceState.TAKEN, PlaceState.ATTENDED)


def lock_sessions_of(places: QuerySet[SessionPlace]) -> None:
    """Lock the sessions before places go to another person: the database counts them again."""
    lock_sessions(places.order_by().values_list("session", flat=True))


def merge_places(place: SessionPlace, person: Person) -> None:
    """Merge `place` with the one that this person has at the same session: one goes, and the next in line gets what is free."""
    theirs = SessionPlace.objects.get(session=place.session_id, person=person)
    goes = min(place, theirs, key=lambda each: MERGE_STATE_ORDER.index(PlaceState(each.state)))
    SessionPlace.objects.filter(pk=goes.pk).delete()
    fill_places(lock_session(place.session), by=None, now=timezone.now())


@transaction.atomic
def mark_attended(*, session: OpenSession, places: Collection[int], by: User | None, now: datetime) -> int:
    """The people with these places came; places that are no longer taken are left out. Returns how many are new.

    Raises NotStarted, SessionClosed (it was cancelled).
    """
    locked = lock_session(session)
    if not locked.has_begun(now):
        raise NotStarted
    if locked.state == SessionState.CANCELLED:
        raise SessionClosed
    came = list(locked.places.filter(pk__in=places, state=PlaceState.TAKEN).order_by("pk"))
    SessionPlace.objects.filter(pk__in=[place.pk for place in came]).update(state=PlaceState.ATTENDED)
    record_place_events(SessionEventKind.ATTENDED, came, by=by, now=now)
    return len(came)


# Links in emails about places at open sessions: made and found like those about bookings (bookings.booking.services.links).


@transaction.atomic
def make_place_links(*, place: SessionPlace, purposes: Iterable[PlaceLinkPurpose], now: datetime) -> dict[str, str]:
    """A new token for each purpose, for a reader of mail at the person's address. Also deletes links that have expired."""
    PlaceLink.objects.filter(expires_at__lte=now).delete()
    tokens = {str(purpose): secrets.token_urlsafe(32) for purpose in purposes}
    PlaceLink.objects.bulk_create(
        PlaceLink(
            place=place,
            purpose=purpose,
            token_hash=hash_token(token),
            address_hash=hash_address(place.person.email),
            created_at=now,
            expires_at=min(place.session.starts_at, now + LINK_LIFETIME),
        )
        for purpose, token in tokens.items()
    )
    return tokens


def find_place_by_link(*, token: str, purpose: PlaceLinkPurpose, now: datetime) -> SessionPlace | None:
    """The place that this link is for; None for every link that does not work, for whatever reason.

    It works while the session is to come, even if the place was given up: then its page says so.
    """
    if not TOKEN_PATTERN.fullmatch(token):
        return None
    names = ("place__session__presentation", "place__session__presenter", "place__person")
    links = PlaceLink.objects.select_related(*names).filter(token_hash=hash_token(token), purpose=purpose, expires_at__gt=now)
    link = links.first()
    if link is None or not link.place.session.is_scheduled or link.place.session.has_begun(now):
        return None
    return link.place if constant_time_compare(link.address_hash, hash_address(link.place.person.email)) else None

"""Changing a session: its places, its time, its presenter."""

from datetime import UTC, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from bookings import rules
from bookings.models import OpenSession, PlaceState, Presenter, SessionEventKind
from bookings.services.errors import NothingChanged, SamePresenter, SlotTaken
from bookings.services.locking import guarded
from bookings.services.sessions.errors import SessionClosed, SessionMoved, SizeRefused, TimePassed, WouldDrop
from bookings.services.sessions.joining import link_of_people, tell_details, would_come_elsewhere
from bookings.services.sessions.locking import lock_session, lock_session_and_presenters, refuse_unless_to_come
from bookings.services.sessions.offering import change, end_lapsed, fill_places, give, offer_until
from bookings.services.sessions.planning import take_time
from bookings.services.sessions.recording import record, record_each
from bookings.services.sessions.telling import tell, tell_everybody, tell_no_longer_theirs, tell_presenter
from bookings.services.sessions.warning import were_warned
from professionals.models import User
from professionals.services.safeguarding import tell_lead


@transaction.atomic
def set_capacity(
    *, session: OpenSession, capacity: int, by: User | None, now: datetime, expected: int, back_to_line: int = 0
) -> None:
    """More places go to who waits. Fewer than are taken or offered: `back_to_line` says how many people go back to the line.

    Offers first, then the newest places; all keep their positions and are told. Raises WouldDrop with the right number if it is
    another, SessionMoved if there are not `expected` places any more, SizeRefused, NothingChanged, SessionClosed.
    """
    locked = lock_session(session)
    refuse_unless_to_come(locked, now)
    if locked.capacity != expected:
        raise SessionMoved
    if not 1 <= capacity <= rules.LARGEST_SESSION:
        raise SizeRefused
    if capacity == expected:
        raise NothingChanged
    end_lapsed(locked, now=now)
    locked.refresh_from_db(fields=["occupied"])
    too_many = max(locked.occupied - capacity, 0)
    if too_many != back_to_line:
        raise WouldDrop(too_many)
    send_back(locked, too_many, by=by, now=now)
    OpenSession.objects.filter(pk=locked.pk).update(capacity=capacity)
    locked.capacity = capacity
    record(locked, SessionEventKind.CAPACITY, by=by, now=now, changes={"capacity": [expected, capacity]})
    fill_places(locked, by=by, now=now)


def send_back(session: OpenSession, count: int, *, by: User | None, now: datetime) -> None:
    if not count:
        return
    held = session.places.filter(state__in=(PlaceState.OFFERED, PlaceState.TAKEN)).select_related("person")
    # "offered" comes before "taken" in the alphabet too, but an order should say what it means.
    last = sorted(held, key=lambda place: (place.state == PlaceState.OFFERED, place.position), reverse=True)[:count]
    change(last, PlaceState.WAITING)
    record_each(SessionEventKind.BUMPED, last, by=by, now=now)
    tell("place-bumped", last, session, now)


@transaction.atomic
def move_session(
    *, session: OpenSession, starts_at: datetime, by: User | None, now: datetime, reason: str = "", flagged: bool = False
) -> None:
    """To another time, its presenter's too; everybody is told, also in their calendars.

    `flagged`: the reason looks like a child's details, so that no email has it. Raises SlotTaken, SessionClosed, TimePassed,
    NothingChanged, SessionMoved (also if it is not at the time with which `session` was read).
    """
    locked = lock_session_and_presenters(session, now=now)
    refuse_unless_to_come(locked, now)
    if locked.starts_at != session.starts_at:
        raise SessionMoved
    start = starts_at.astimezone(UTC)
    if start <= now:
        raise TimePassed
    if start == locked.starts_at:
        raise NothingChanged
    end_lapsed(locked, now=now)
    before, length = locked.starts_at, locked.ends_at - locked.starts_at
    locked.starts_at, locked.ends_at, locked.sequence = start, start + length, locked.sequence + 1
    with guarded():
        locked.save(update_fields=["starts_at", "ends_at", "sequence"])
        if locked.presenter is not None:
            take_time(locked, locked.presenter)
    times = [before.isoformat(), start.isoformat()]
    noted: dict[str, object] = {"time": times, "sequence": locked.sequence, **({"flagged": True} if flagged else {})}
    record(locked, SessionEventKind.MOVED, by=by, now=now, reason=reason, changes=noted)
    tell_everybody("session-moved", locked, now)
    tell_presenter(locked, now)
    shorten_offers(locked, by=by, now=now)
    if flagged:
        tell_lead(about=f"session:{locked.pk}:moved:{locked.sequence}", reference=locked.reference, now=now)


def shorten_offers(session: OpenSession, *, by: User | None, now: datetime) -> None:
    """An offer never lasts until the session: it ends an hour before the new time. Too near to ask, the place is given."""
    if offer_until(session.starts_at, now) is None:
        offered = list(session.places.filter(state=PlaceState.OFFERED).select_related("person").order_by("position"))
        give(offered, session, None, by=by, now=now) if offered else None
        return
    last = session.starts_at - rules.OFFERS_END_BEFORE
    session.places.filter(state=PlaceState.OFFERED, offer_expires_at__gt=last).update(offer_expires_at=last)


@transaction.atomic
def assign_presenter(
    *, session: OpenSession, presenter: Presenter, by: User | None, now: datetime, reason: str = "", flagged: bool = False
) -> None:
    """Give it to this presenter, who is told, as is the one before. Raises SlotTaken, SamePresenter, SessionClosed, SessionMoved.

    If people join elsewhere then and can have read the old link, or have read that it may not take place, they are told.
    `reason`: why staff went over what yields to them; `flagged`: it looks like a child's details.
    """
    locked = lock_session_and_presenters(session, now=now, also=[presenter])
    if not locked.is_scheduled:
        raise SessionClosed
    before, link, unsure = locked.presenter, link_of_people(locked), were_warned(locked)
    if before == presenter:
        raise SamePresenter
    locked.presenter, locked.sequence = presenter, locked.sequence + 1
    try:
        with guarded():
            locked.save(update_fields=["presenter", "sequence"])
            take_time(locked, presenter)
    except SlotTaken as refusal:
        raise busy_then(presenter) from refusal
    told = unsure or would_come_elsewhere(locked, link)
    who: dict[str, object] = {"presenter": [before.pk if before else None, presenter.pk], "sequence": locked.sequence}
    who |= {"details": told, **({"unsure": True} if unsure else {})}
    record(locked, SessionEventKind.REASSIGNED, by=by, now=now, reason=reason, changes=who)
    tell_presenter(locked, now)
    tell_no_longer_theirs(locked, before, now)
    if told:
        tell_details(locked, now)
    if flagged:
        tell_lead(about=f"session:{locked.pk}:reassigned:{locked.sequence}", reference=locked.reference, now=now)


def busy_then(presenter: Presenter) -> SlotTaken:
    return SlotTaken(_("%(name)s is busy then, or could not get there in time. Choose somebody else.") % {"name": presenter})

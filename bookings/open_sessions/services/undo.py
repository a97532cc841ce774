"""Staff take back what was marked by mistake, as of a booking (bookings.booking.services.undo): delivered, or cancelled."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.booking.services.undo import refuse_what_came_after
from bookings.errors import SlotTaken
from bookings.models import OpenSession, PlaceState, Presenter, SessionEventKind, SessionState
from bookings.open_sessions.services.notify import (
    SessionMoved,
    lock_session,
    lock_session_and_presenters,
    notify_everybody,
    notify_presenter,
    record_place_events,
    record_session_event,
)
from bookings.open_sessions.services.places import fill_places, offer_or_give, offer_until, set_place_states
from bookings.open_sessions.services.sessions import take_time
from bookings.schedule.locks import guarded
from ctac.errors import DomainError
from professionals.models import Person
from professionals.safeguarding.services import notify_safeguarding_lead


@transaction.atomic
def take_back_session_delivered(
    session: OpenSession, *, reason: str, by: User | None, now: datetime, flagged: bool = False
) -> OpenSession:
    """It is scheduled again. Nobody is told: its time is over either way.

    `flagged`: the reason looks like a child's details and its writer kept it. Raises SessionMoved, or says what is in the way.
    """
    locked = lock_session(session)
    if locked.state != SessionState.DELIVERED or locked.anonymised_at:
        raise SessionMoved
    refuse_what_came_after(locked)
    if locked.places.filter(state=PlaceState.ATTENDED).exists():
        raise DomainError(_("Somebody has ticked who came, so it took place. Leave it as delivered."))
    schedule_again(locked, SessionEventKind.UNDELIVERED, reason=reason, by=by, now=now, flagged=flagged)
    return locked


@transaction.atomic
def take_back_session_cancelled(
    session: OpenSession, *, reason: str, by: User | None, now: datetime, flagged: bool = False
) -> OpenSession:
    """Everybody has the place, or the turn in the line, that they had, and reads so; an offer lasts as long as a new one.

    Of what has begun nobody is told. `flagged` as above. Raises SessionMoved, SlotTaken; without a presenter it can't take place,
    and people would read that it does: then only another session can help.
    """
    # Before the session, as who erases one of them locks them.
    people = Person.objects.filter(session_places__in=session.places.live()).order_by("pk")
    list(people.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    locked = lock_session_and_presenters(session, now=now)
    if locked.state != SessionState.CANCELLED or locked.anonymised_at:
        raise SessionMoved
    if locked.presenter is None:
        raise DomainError(_("Nobody was to give this session when it was cancelled. Plan another session instead."))
    schedule_again(locked, SessionEventKind.RESTORED, reason=reason, by=by, now=now, flagged=flagged)
    claim_again(locked, locked.presenter, now)
    if locked.has_begun(now):
        return locked
    erased = list(locked.places.live().filter(person__erased_at__isnull=False))
    set_place_states(erased, PlaceState.GIVEN_UP)
    record_place_events(SessionEventKind.GIVEN_UP, erased, by=by, now=now)
    notify_everybody("session-restored", locked, now)
    notify_presenter(locked, now)
    offered, until = locked.places.filter(state=PlaceState.OFFERED), offer_until(locked.starts_at, now)
    if until is not None:
        offered.update(offer_expires_at=until)
    elif places := list(offered.select_related("person").order_by("position")):  # too near to ask: the place is given
        offer_or_give(places, locked, None, by=by, now=now)
    fill_places(locked, by=by, now=now)
    return locked


def schedule_again(
    session: OpenSession, kind: SessionEventKind, *, reason: str, by: User | None, now: datetime, flagged: bool
) -> None:
    session.state, session.sequence, session.closed_reason = SessionState.SCHEDULED, session.sequence + 1, ""
    session.save(update_fields=["state", "sequence", "closed_reason"])
    changes: dict[str, object] = {"sequence": session.sequence, **({"flagged": True} if flagged else {})}
    record_session_event(session, kind, by=by, now=now, reason=reason, changes=changes)
    if flagged:
        about = f"session:{session.pk}:taken-back:{session.sequence}"
        notify_safeguarding_lead(about=about, reference=session.reference, now=now)


def claim_again(session: OpenSession, presenter: Presenter, now: datetime) -> None:
    """The database decides whether its presenter is free still."""
    try:
        if not (presenter.active or session.ends_at <= now):
            raise SlotTaken
        with guarded():
            take_time(session, presenter)
    except SlotTaken as refusal:
        sentence = _("%(name)s is no longer free at that time. Plan another session instead.")
        raise SlotTaken(sentence % {"name": presenter}) from refusal

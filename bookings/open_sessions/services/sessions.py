"""Open sessions: planned, rescheduled, given to a presenter or freed, how people join, cancelled, delivered; and both undone."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.booking.services.undo import refuse_if_outcome_recorded
from bookings.errors import NothingChanged, NotOver, SamePresenter, SlotTaken
from bookings.feedback.services import get_or_create_follow_up
from bookings.models import BusyKind, BusyTime, OpenSession, PlaceState, Presenter, SessionEventKind, SessionSeries, SessionState
from bookings.models.booking import REMINDER_TIME
from bookings.open_sessions.queries import PlannedSession
from bookings.open_sessions.services.notify import (
    HAS_PLACE_STATES,
    CapacityRefused,
    DateTaken,
    SessionChanged,
    SessionClosed,
    TimePassed,
    UnconfirmedCapacityCut,
    link_digest,
    lock_session,
    lock_session_and_presenters,
    lock_sessions,
    notify_everybody,
    notify_former_presenter,
    notify_of_session,
    notify_places,
    notify_presenter,
    record_place_events,
    record_session_event,
    refuse_unless_upcoming,
    were_warned,
)
from bookings.open_sessions.services.places import (
    OFFER_CUTOFF,
    end_lapsed_offers,
    fill_places,
    offer_expiry,
    offer_or_give,
    set_place_states,
)
from bookings.schedule.locks import busy_time_checks, lock_presenters
from core.dates import days_before, uk_day
from core.errors import DomainError
from notifications.models import Notification
from notifications.outbox import NewMessage, notify, notify_many
from notifications.registry import Topic
from office.site_settings.queries import site_settings
from professionals.models import Person
from professionals.safeguarding.services import notify_lead_if_flagged
from professionals.services import subscribers

INVITATION_KIND = "session-invitation"
INVITATION_LIFETIME = timedelta(days=7)


def invite_subscribers(planned: Sequence[OpenSession], now: datetime) -> int:
    """One email to everybody who asked for invitations, about all that is planned on one day (ADR 4). Returns how many get it.

    It is due tomorrow morning, so that mistakes in the plan can be put right first.
    """
    if not planned:
        return 0
    due = days_before(now, -1, REMINDER_TIME).astimezone(UTC)
    about = f"invited:{uk_day(now).isoformat()}"
    invited = set(Notification.objects.filter(kind=INVITATION_KIND, about=about).values_list("recipient", flat=True))
    # Sessions are online, so everybody who asked gets the same, wherever they work.
    to = [person.email for person in subscribers(Topic.INVITATIONS) if person.email not in invited]
    notify(kind=INVITATION_KIND, about=about, to=to, now=now, due_at=due, expires_at=due + INVITATION_LIFETIME)
    return len(to)


@transaction.atomic
def plan_sessions(
    *,
    sessions: Sequence[PlannedSession],
    by: User | None,
    now: datetime,
    series: str = "",
    reason: str = "",
    flagged: bool = False,
    token: str | None = None,
) -> list[OpenSession]:
    """Plan all of these dates or none; with a name, they are a series. This takes each presenter's time and emails them.

    `reason`: why staff overrode rules that they may override, kept with each. `flagged`: what was written looks like a child's
    details. `token`: the form's, so that it plans once. Raises DateTaken (a SlotTaken whose `planned` says which date),
    CapacityRefused, TimePassed, AlreadyPlaced.
    """
    for planned in sessions:
        if planned.starts_at <= now:
            raise TimePassed
        if not 1 <= planned.capacity <= site_settings().max_session_capacity:
            raise CapacityRefused
    lock_presenters((planned.presenter.pk for planned in sessions if planned.presenter), now=now)
    in_series = SessionSeries.objects.create(name=series, created_at=now) if series and sessions else None
    made = [
        plan_session(planned, in_series, None if number else token, by=by, now=now, reason=reason)
        for number, planned in enumerate(sessions)
    ]
    invite_subscribers(made, now)
    if made:
        notify_lead_if_flagged(made[0], ":planned", now, flagged=flagged)
    return made


def plan_session(
    planned: PlannedSession, series: SessionSeries | None, token: str | None, *, by: User | None, now: datetime, reason: str
) -> OpenSession:
    session = OpenSession(
        presentation=planned.presentation,
        presenter=planned.presenter,
        series=series,
        starts_at=planned.starts_at.astimezone(UTC),
        ends_at=planned.ends_at,
        capacity=planned.capacity,
        own_joining_link=planned.own_joining_link,
        joining_help=planned.joining_help,
        plan_token=token,
        created_at=now,
    )
    try:
        with busy_time_checks():
            session.save_with_reference()
            if planned.presenter is not None:
                claim_time(session, planned.presenter)
    except SlotTaken as refusal:
        raise DateTaken(planned) from refusal
    record_session_event(session, SessionEventKind.PLANNED, by=by, now=now, reason=reason)
    notify_presenter(session, now)
    return session


def claim_time(session: OpenSession, presenter: Presenter) -> None:
    """Claim the presenter's time. It is online, so nobody travels. Call it within guarded()."""
    busy = DateTimeTZRange(session.starts_at, session.ends_at)
    claim = {"presenter": presenter, "kind": BusyKind.SESSION, "busy": busy}
    BusyTime.objects.update_or_create(session=session, defaults=claim)


@transaction.atomic
def set_joining_details(
    *, session: OpenSession, own_joining_link: str, joining_help: str, by: User | None, now: datetime, flagged: bool = False
) -> int:
    """Set the session's own link (https; empty means its presenter's) and how to join.

    If people with a place may have read how to join, they all get an email. Returns how many. `flagged`: what was written looks
    like a child's details. Raises NothingChanged, SessionClosed.
    """
    locked = lock_session(session)
    if not locked.is_scheduled:
        raise SessionClosed
    if (locked.own_joining_link, locked.joining_help) == (own_joining_link, joining_help):
        raise NothingChanged
    known = may_have_read_details(locked)
    locked.own_joining_link, locked.joining_help, locked.sequence = own_joining_link, joining_help, locked.sequence + 1
    locked.save(update_fields=["own_joining_link", "joining_help", "sequence"])
    record_session_event(
        locked, SessionEventKind.LINK_SET, by=by, now=now, changes={"sequence": locked.sequence, "details": known}
    )
    notify_presenter(locked, now)
    count = notify_joining_details(locked, now) if known else 0
    notify_lead_if_flagged(locked, f":joining:{now.isoformat()}", now, flagged=flagged)
    return count


@transaction.atomic
def send_joining_details(session: OpenSession, *, by: User | None, now: datetime) -> int:
    """Email everybody with a place how to join, and return how many. People who get a place later read it with their place.

    Once is enough: raises DomainError the second time, or if there is no link. Raises SessionClosed.
    """
    locked = lock_session(session)
    refuse_unless_upcoming(locked, now)
    if not locked.joining_link:
        raise DomainError(_("Neither this session nor its presenter has a joining link yet. Add one first."))
    if locked.details_sent_at:
        raise DomainError(
            _("Everybody with a place already has the joining details. Anybody who gets a place from now on will get them too.")
        )
    OpenSession.objects.filter(pk=locked.pk).update(details_sent_at=now)
    record_session_event(locked, SessionEventKind.DETAILS_SENT, by=by, now=now, changes={"details": True})
    return notify_joining_details(locked, now)


def notify_joining_details(session: OpenSession, now: datetime) -> int:
    """Email everybody with a place, and return how many. The event that leads to it has "details" in its changes."""
    return notify_everybody("session-details", session, now, states=HAS_PLACE_STATES)


def may_have_read_details(session: OpenSession) -> bool:
    """Whether people with a place can have read how to join: in an email of its own, or with their place."""
    return bool(session.joining_help or known_link_digest(session) or were_sent_details(session))


def were_sent_details(session: OpenSession) -> bool:
    """Whether they were sent how to join, or told that the link changes: then they wait for a new one."""
    return session.details_sent_at is not None or session.events.filter(changes__details=True).exists()


def known_link_digest(session: OpenSession) -> str:
    """The digest of the link that people read with their place; empty if none.

    Of a session that lost its presenter it is the link of that moment, whatever became of it, or none if people were told of a
    change since. A loss that was recorded without it counts as a link that is like no other.
    """
    if session.joining_link or session.presenter_id is not None:
        return link_digest(session.joining_link)
    kinds = (SessionEventKind.PRESENTER_FREED, SessionEventKind.LINK_SET)
    last = session.events.filter(kind__in=kinds).order_by("at", "pk").last()
    return str(last.changes.get("link", "unknown")) if last and last.kind == SessionEventKind.PRESENTER_FREED else ""


def has_outdated_link(session: OpenSession, before: str) -> bool:
    """Whether people with a place may have read another link, or wait for one that we promised, and it is different now.

    `before`: what known_link_digest gave before the change.
    """
    return link_digest(session.joining_link) != before and bool(before or were_sent_details(session))


def notify_sessions_of_link_change(*, presenter: Presenter, before: str, by: User | None, now: datetime) -> None:
    """Tell people about each session to come that uses the presenter's link, in the caller's transaction.

    `before` is the old link. The presenter is locked already.
    """
    to_come = OpenSession.objects.filter(
        presenter=presenter, state=SessionState.SCHEDULED, own_joining_link="", starts_at__gt=now
    )
    for session in lock_sessions(to_come.values_list("pk", flat=True)):
        session.sequence += 1
        session.save(update_fields=["sequence"])
        known = has_outdated_link(session, link_digest(before))
        record_session_event(
            session, SessionEventKind.LINK_SET, by=by, now=now, changes={"sequence": session.sequence, "details": known}
        )
        if by is None or by.pk != presenter.user_id:
            notify_presenter(session, now)
        if known:
            notify_joining_details(session, now)


@transaction.atomic
def set_capacity(
    *, session: OpenSession, capacity: int, by: User | None, now: datetime, expected: int, back_to_line: int = 0
) -> None:
    """Change the number of places. New places go to the line; a cut sends `back_to_line` people back to it.

    Offers go first, then the newest places; all keep their positions and get an email. Raises UnconfirmedCapacityCut with the
    right number if another one is right, SessionChanged if the session no longer has `expected` places, CapacityRefused,
    NothingChanged, SessionClosed.
    """
    locked = lock_session(session)
    refuse_unless_upcoming(locked, now)
    if locked.capacity != expected:
        raise SessionChanged
    if not 1 <= capacity <= site_settings().max_session_capacity:
        raise CapacityRefused
    if capacity == expected:
        raise NothingChanged
    end_lapsed_offers(locked, now=now)
    locked.refresh_from_db(fields=["occupied"])
    too_many = max(locked.occupied - capacity, 0)
    if too_many != back_to_line:
        raise UnconfirmedCapacityCut(too_many)
    return_to_waiting_list(locked, too_many, by=by, now=now)
    OpenSession.objects.filter(pk=locked.pk).update(capacity=capacity)
    locked.capacity = capacity
    record_session_event(locked, SessionEventKind.CAPACITY, by=by, now=now, changes={"capacity": [expected, capacity]})
    fill_places(locked, by=by, now=now)


def return_to_waiting_list(session: OpenSession, count: int, *, by: User | None, now: datetime) -> None:
    if not count:
        return
    held = session.places.filter(state__in=(PlaceState.OFFERED, PlaceState.TAKEN)).select_related("person")
    # People with an offer go first, then those with the newest places.
    last = sorted(held, key=lambda place: (place.state == PlaceState.OFFERED, place.position), reverse=True)[:count]
    set_place_states(last, PlaceState.WAITING)
    record_place_events(SessionEventKind.BUMPED, last, by=by, now=now)
    notify_places("place-bumped", last, session, now)


@transaction.atomic
def reschedule_session(
    *, session: OpenSession, starts_at: datetime, by: User | None, now: datetime, reason: str = "", flagged: bool = False
) -> None:
    """Move the session and its presenter's time; everybody gets an email with the new entry for their calendar.

    `flagged`: the reason looks like a child's details, so no email has it. Raises SlotTaken, SessionClosed, TimePassed,
    NothingChanged, SessionChanged (also if it has moved since `session` was read).
    """
    locked = lock_session_and_presenters(session, now=now)
    refuse_unless_upcoming(locked, now)
    if locked.starts_at != session.starts_at:
        raise SessionChanged
    start = starts_at.astimezone(UTC)
    if start <= now:
        raise TimePassed
    if start == locked.starts_at:
        raise NothingChanged
    end_lapsed_offers(locked, now=now)
    before, length = locked.starts_at, locked.ends_at - locked.starts_at
    locked.starts_at, locked.ends_at, locked.sequence = start, start + length, locked.sequence + 1
    with busy_time_checks():
        locked.save(update_fields=["starts_at", "ends_at", "sequence"])
        if locked.presenter is not None:
            claim_time(locked, locked.presenter)
    changes = {"time": [before.isoformat(), start.isoformat()], "sequence": locked.sequence}
    record_session_event(locked, SessionEventKind.MOVED, by=by, now=now, reason=reason, flagged=flagged, changes=changes)
    notify_everybody("session-moved", locked, now)
    notify_presenter(locked, now)
    offered, last = locked.places.filter(state=PlaceState.OFFERED), start - OFFER_CUTOFF
    if offer_expiry(start, now) is not None:
        offered.filter(offer_expires_at__gt=last).update(offer_expires_at=last)
    elif places := list(offered.select_related("person").order_by("position")):  # too late for an offer: they get the place
        offer_or_give(places, locked, None, by=by, now=now)
    notify_lead_if_flagged(locked, f":moved:{locked.sequence}", now, flagged=flagged)


@transaction.atomic
def assign_presenter(
    session: OpenSession, *, presenter: Presenter, by: User | None, now: datetime, reason: str = "", flagged: bool = False
) -> None:
    """Give it to this presenter; both presenters get an email. Raises SlotTaken, SamePresenter, SessionClosed, SessionChanged.

    People with a place get an email if the link changes and they may have read the old one, or if they have read that the session
    may not take place. `reason`: why staff overrode rules that they may override; `flagged`: it looks like a child's details.
    """
    locked = lock_session_and_presenters(session, now=now, also=[presenter])
    if not locked.is_scheduled:
        raise SessionClosed
    before, link, unsure = locked.presenter, known_link_digest(locked), were_warned(locked)
    if before == presenter:
        raise SamePresenter
    locked.presenter, locked.sequence = presenter, locked.sequence + 1
    try:
        with busy_time_checks():
            locked.save(update_fields=["presenter", "sequence"])
            claim_time(locked, presenter)
    except SlotTaken as refusal:
        busy = _("%(name)s is busy then, or could not get there in time. Choose somebody else.")
        raise SlotTaken(busy % {"name": presenter}) from refusal
    details = unsure or has_outdated_link(locked, link)
    changes = {
        "presenter": [before.pk if before else None, presenter.pk],
        "sequence": locked.sequence,
        "details": details,
        **({"unsure": True} if unsure else {}),
    }
    record_session_event(locked, SessionEventKind.REASSIGNED, by=by, now=now, reason=reason, changes=changes)
    notify_presenter(locked, now)
    notify_former_presenter(locked, before, now)
    if details:
        notify_joining_details(locked, now)
    notify_lead_if_flagged(locked, f":reassigned:{locked.sequence}", now, flagged=flagged)


@transaction.atomic
def cancel_session(session: OpenSession, *, by: User | None, now: datetime, reason: str, flagged: bool = False) -> None:
    """Free its presenter's time, and email everybody with a place, an offer or a turn in the line. Places stay as they are.

    `flagged`: the reason looks like a child's details, so no page and no email has it. Raises SessionClosed, SessionChanged.
    """
    locked = lock_session_and_presenters(session, now=now)
    if not locked.can_become(SessionState.CANCELLED):
        raise SessionClosed
    end_lapsed_offers(locked, now=now)
    locked.state, locked.sequence = SessionState.CANCELLED, locked.sequence + 1
    locked.closed_reason = "" if flagged else reason
    locked.save(update_fields=["state", "sequence", "closed_reason"])
    BusyTime.objects.filter(session=locked).delete()
    changes = {"sequence": locked.sequence}
    record_session_event(locked, SessionEventKind.CANCELLED, by=by, now=now, reason=reason, flagged=flagged, changes=changes)
    notify_everybody("session-cancelled", locked, now)
    notify_former_presenter(locked, locked.presenter, now)
    notify_lead_if_flagged(locked, ":cancelled", now, flagged=flagged)


@transaction.atomic
def mark_session_delivered(session: OpenSession, *, by: User | None, now: datetime) -> None:
    """Mark that it took place. From now on it has its short link, and everybody who had a place is asked how it was.

    Raises NotOver, SessionClosed, and DomainError if it has no presenter.
    """
    locked = lock_session(session)
    if not locked.can_become(SessionState.DELIVERED):
        raise SessionClosed
    if locked.ends_at > now:
        raise NotOver
    if locked.needs_a_presenter:
        raise DomainError(_("This session needs a presenter. Choose one first."))
    end_lapsed_offers(locked, now=now)
    OpenSession.objects.filter(pk=locked.pk).update(state=SessionState.DELIVERED)
    closes_at = get_or_create_follow_up(given=locked, now=now).closes_at
    record_session_event(locked, SessionEventKind.DELIVERED, by=by, now=now)
    if now >= closes_at:
        return
    # Ask how it was, and offer a certificate. Nothing of a place changes, so no version is raised: each time that a session is
    # marked, its own sequence tells the messages apart.
    places = locked.places.filter(state__in=HAS_PLACE_STATES).select_related("person").exclude(person__email="")
    version = locked.sequence + 1
    about = [
        NewMessage(f"place:{place.pk}", place.person.email, locked.reference, version, due_at=now, expires_at=closes_at)
        for place in places
    ]
    notify_many(about, kind="session-afterwards", now=now, left_to_sweep=True)


def free_sessions(hit: Iterable[BusyTime], presenter: Presenter, *, by: User | None, now: datetime) -> list[OpenSession]:
    """Free the sessions that the presenter's leave hits: they need a presenter. Staff and presenter get an email.

    Call it in a transaction that has locked the presenter.
    """
    freed = lock_sessions(row.session_id for row in hit if row.session_id)
    BusyTime.objects.filter(session__in=freed).delete()
    for session in freed:
        session.presenter, session.sequence = None, session.sequence + 1
        session.save(update_fields=["presenter", "sequence"])
        link = link_digest(session.own_joining_link or presenter.joining_link)
        changes = {"presenter": [presenter.pk, None], "sequence": session.sequence, "link": link}
        record_session_event(session, SessionEventKind.PRESENTER_FREED, by=by, now=now, changes=changes)
        notify_of_session("staff-session-needs-presenter", session, site_settings().team_email, now)
        notify_former_presenter(session, presenter, now)
    return freed


# Staff take back “delivered” or “cancelled” if it was a mistake, as with a booking (bookings.booking.services.undo).


@transaction.atomic
def take_back_session_delivered(
    session: OpenSession, *, reason: str, by: User | None, now: datetime, flagged: bool = False
) -> OpenSession:
    """The session is scheduled again. Nobody is told: its time is over either way.

    `flagged`: the reason looks like a child's details and its writer kept it. Raises SessionChanged, or a DomainError that says
    what is in the way.
    """
    locked = lock_session(session)
    if locked.state != SessionState.DELIVERED or locked.anonymised_at:
        raise SessionChanged
    refuse_if_outcome_recorded(locked)
    if locked.places.filter(state=PlaceState.ATTENDED).exists():
        raise DomainError(_("Somebody has ticked who came, so it took place. Leave it as delivered."))
    schedule_again(locked, SessionEventKind.UNDELIVERED, reason=reason, by=by, now=now, flagged=flagged)
    return locked


@transaction.atomic
def take_back_session_cancelled(
    session: OpenSession, *, reason: str, by: User | None, now: datetime, flagged: bool = False
) -> OpenSession:
    """Everybody gets their place or their turn in the line back, with an email; an offer lasts as long as a new one.

    If the session has begun, nobody is told. `flagged` as above. Raises SessionChanged, SlotTaken, and DomainError if it had no
    presenter: people would read that it takes place, and it can't. Then only another session helps.
    """
    # Locked before the session, as erasing a person does.
    people = Person.objects.filter(session_places__in=session.places.live()).order_by("pk")
    list(people.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))
    locked = lock_session_and_presenters(session, now=now)
    if locked.state != SessionState.CANCELLED or locked.anonymised_at:
        raise SessionChanged
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
    offered, until = locked.places.filter(state=PlaceState.OFFERED), offer_expiry(locked.starts_at, now)
    if until is not None:
        offered.update(offer_expires_at=until)
    elif places := list(offered.select_related("person").order_by("position")):  # too late for an offer: they get the place
        offer_or_give(places, locked, None, by=by, now=now)
    fill_places(locked, by=by, now=now)
    return locked


def schedule_again(
    session: OpenSession, kind: SessionEventKind, *, reason: str, by: User | None, now: datetime, flagged: bool
) -> None:
    session.state, session.sequence, session.closed_reason = SessionState.SCHEDULED, session.sequence + 1, ""
    session.save(update_fields=["state", "sequence", "closed_reason"])
    changes = {"sequence": session.sequence}
    record_session_event(session, kind, by=by, now=now, reason=reason, flagged=flagged, changes=changes)
    notify_lead_if_flagged(session, f":taken-back:{session.sequence}", now, flagged=flagged)


def claim_again(session: OpenSession, presenter: Presenter, now: datetime) -> None:
    """Claim the presenter's time again. The database decides whether they are still free. Raises SlotTaken."""
    try:
        if not (presenter.active or session.ends_at <= now):
            raise SlotTaken
        with busy_time_checks():
            claim_time(session, presenter)
    except SlotTaken as refusal:
        sentence = _("%(name)s is no longer free at that time. Plan another session instead.")
        raise SlotTaken(sentence % {"name": presenter}) from refusal

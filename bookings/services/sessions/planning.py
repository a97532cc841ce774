"""Planning one session or a series, all or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from bookings import rules
from bookings.models import BusyKind, BusyTime, OpenSession, Presentation, Presenter, SessionEventKind, SessionSeries
from bookings.services.errors import SlotTaken
from bookings.services.locking import guarded, lock_presenters
from bookings.services.sessions.errors import DateTaken, SizeRefused, TimePassed
from bookings.services.sessions.inviting import invite
from bookings.services.sessions.recording import record
from bookings.services.sessions.telling import tell_presenter
from ctac.references import save_with_reference
from professionals.models import User
from professionals.services.safeguarding import tell_lead


@dataclass(frozen=True)
class Planned:
    """One date as a coordinator wants it; without a presenter it needs one."""

    presentation: Presentation
    presenter: Presenter | None
    starts_at: datetime
    capacity: int
    own_joining_link: str = ""
    joining_help: str = ""

    @property
    def ends_at(self) -> datetime:
        """In UTC, so that its length is what passes and not what clocks show."""
        return self.starts_at.astimezone(UTC) + self.presentation.length

    @property
    def busy(self) -> DateTimeTZRange:
        return DateTimeTZRange(self.starts_at.astimezone(UTC), self.ends_at)


@transaction.atomic
def plan_sessions(
    *,
    sessions: Sequence[Planned],
    by: User | None,
    now: datetime,
    series: str = "",
    reason: str = "",
    flagged: bool = False,
    token: str | None = None,
) -> list[OpenSession]:
    """All of these dates or none; with a name they are a series. Each presenter's time is taken, and they are told.

    `reason`: why staff went over what yields to them, kept with each. `flagged`: what was written looks like a child's details.
    `token`: of the form, so that it plans once. Raises DateTaken, a SlotTaken whose `planned` says which date; SizeRefused;
    TimePassed; AlreadyPlaced.
    """
    for planned in sessions:
        refuse_impossible(planned, now)
    lock_presenters((planned.presenter.pk for planned in sessions if planned.presenter), now=now)
    together = SessionSeries.objects.create(name=series, created_at=now) if series and sessions else None
    tokens = [token, *[None] * len(sessions)]
    made = [plan(each, together, its, by=by, now=now, reason=reason) for each, its in zip(sessions, tokens, strict=False)]
    invite(made, now)
    if flagged and made:
        tell_lead(about=f"session:{made[0].pk}:planned", reference=made[0].reference, now=now)
    return made


def refuse_impossible(planned: Planned, now: datetime) -> None:
    if planned.starts_at <= now:
        raise TimePassed
    if not 1 <= planned.capacity <= rules.LARGEST_SESSION:
        raise SizeRefused


def plan(
    planned: Planned, series: SessionSeries | None, token: str | None, *, by: User | None, now: datetime, reason: str
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
        with guarded():
            save_with_reference(session, "OS")
            if planned.presenter is not None:
                take_time(session, planned.presenter)
    except SlotTaken as refusal:
        raise DateTaken(planned) from refusal
    record(session, SessionEventKind.PLANNED, by=by, now=now, reason=reason)
    tell_presenter(session, now)
    return session


def take_time(session: OpenSession, presenter: Presenter) -> None:
    """A claim on the presenter's time: online, so that it needs no journey. Within guarded()."""
    busy = DateTimeTZRange(session.starts_at, session.ends_at)
    claim = {"presenter": presenter, "kind": BusyKind.SESSION, "busy": busy}
    BusyTime.objects.update_or_create(session=session, defaults=claim)

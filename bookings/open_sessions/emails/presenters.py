"""Emails about open sessions to who gives them, each with its calendar entry, and to the team when nobody does."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.calendars import ical
from bookings.models import Nation, OpenSession, Presentation, Presenter, SessionEvent, SessionEventKind, SessionState
from bookings.open_sessions.queries import places_in_words
from bookings.open_sessions.services.notify import unsure_version
from bookings.text import Row, row
from ctac.dates import format_day, format_span
from notifications.models import Notification
from notifications.registry import Kind, Message
from notifications.samples import Example

# Emails to presenters about open sessions, each with its calendar entry: theirs, changed, theirs no longer.

# What a message may be about; anything else that raises the sequence reads as "yours".
NAMED_CHANGES = (SessionEventKind.MOVED, SessionEventKind.LINK_SET)


def presenter_facts(session: OpenSession, *, may_join: bool) -> list[Row]:
    rows = [row(_("Open session"), session.presentation.title), row(_("When"), session.when), row(_("Where"), _("Online"))]
    if may_join:
        link = session.joining_link
        entry = {**row(_("Joining link"), link), "href": link, "is_private": True}
        rows.append(
            entry if link else row(_("Joining link"), _("There is none yet. The team sets one, and you get it by email."))
        )
        rows += [{**row(_("How to join"), session.joining_help), "is_private": True}] if session.joining_help else []
        rows.append(row(_("Who comes"), places_in_words(session)))
    return [*rows, row(_("Reference"), session.reference)]


def presenter_message(sentence: str | Promise, template: str, session: OpenSession, **more: object) -> Message:
    """The sentence is the subject; it may name %(day)s and %(reference)s."""
    day = format_day(session.starts_at)
    url = f"{settings.SITE_URL}{reverse('presenter_session', args=[session.reference])}"
    context: dict[str, object] = {"session": session, "day": day, "own_url": url, **more}
    return Message(str(sentence) % {"day": day, "reference": session.reference}, template, context)


def with_presenter_entry(
    said: Message, session: OpenSession, method: str, *, now: datetime, to: ical.Attendee, sequence: int
) -> Message:
    calendar = ical.session_calendar(session, method, now=now, to=to, sequence=sequence)
    return replace(said, calendar=calendar, calendar_method=method)


def session_for_presenter(session: OpenSession, *, now: datetime, why: str = "", before: str = "") -> Message:
    """To who gives it. `why`: a kind of NAMED_CHANGES; `before`: when it was, if it has moved."""
    sentence = _("You are giving an open session: %(day)s (%(reference)s)")
    if why == SessionEventKind.MOVED:
        sentence = _("Your open session has moved: %(day)s (%(reference)s)")
    elif why == SessionEventKind.LINK_SET:
        sentence = _("How to join your open session: %(day)s (%(reference)s)")
    told = {"why": why, "before": before, "rows": presenter_facts(session, may_join=True)}
    said = presenter_message(sentence, "session_presenter_new", session, **told)
    return with_presenter_entry(said, session, "REQUEST", now=now, to=ical.presenter_attendee(session), sequence=session.sequence)


def session_closed_for_presenter(session: OpenSession, *, now: datetime, to: str, sequence: int) -> Message:
    """To who gave it: it is cancelled, or somebody else's now."""
    cancelled = session.state == SessionState.CANCELLED
    sentence = _("No longer yours: open session on %(day)s (%(reference)s)")
    if cancelled:
        sentence = _("Cancelled: open session on %(day)s (%(reference)s)")
    told = {
        "cancelled": cancelled,
        "rows": presenter_facts(session, may_join=False),
        "reason": session.closed_reason if cancelled else "",
    }
    said = presenter_message(sentence, "session_presenter_closed", session, **told)
    return with_presenter_entry(said, session, "CANCEL", now=now, to=ical.Attendee(to, is_presenter=True), sequence=sequence)


# When it goes, and whether it still should


def session_of(notification: Notification) -> OpenSession:
    """The session that `about` names ("session:12")."""
    return OpenSession.objects.with_names().get(pk=int(notification.about.partition(":")[2]))


def build_for_presenter(notification: Notification) -> Message:
    session = session_of(notification)
    first = notification.resend_of or notification
    why: SessionEvent | None = session.events.filter(at=first.created_at, kind__in=NAMED_CHANGES).first()
    moved = why.changes.get("time") if why else None
    before = datetime.fromisoformat(moved[0]) if moved else None
    said = format_span(before, before + (session.ends_at - session.starts_at)) if before else ""
    return session_for_presenter(session, now=notification.created_at, why=why.kind if why else "", before=said)


def build_closed_for_presenter(notification: Notification) -> Message:
    session, version = session_of(notification), notification.version
    as_it_was(session, (notification.resend_of or notification).created_at)
    return session_closed_for_presenter(session, now=notification.created_at, to=notification.recipient, sequence=version)


def as_it_was(session: OpenSession, at: datetime) -> None:
    """Who is told that it is theirs no longer needs to know when it was theirs, though it has moved since."""
    moved = session.events.filter(kind=SessionEventKind.MOVED, at__gt=at).order_by("at", "pk").first()
    if moved is not None and "time" in moved.changes:
        length = session.ends_at - session.starts_at
        session.starts_at = datetime.fromisoformat(moved.changes["time"][0])
        session.ends_at = session.starts_at + length


def is_theirs(session: OpenSession, notification: Notification) -> bool:
    return session.presenter is not None and session.presenter.email.lower() == notification.recipient.lower()


def is_still_theirs(notification: Notification) -> bool:
    """Not changed again since: the newest change has its own message."""
    session = session_of(notification)
    return session.is_scheduled and session.sequence == notification.version and is_theirs(session, notification)


def is_no_longer_theirs(notification: Notification) -> bool:
    session = session_of(notification)
    return session.state == SessionState.CANCELLED or not is_theirs(session, notification)


PRESENTER_KINDS = (
    Kind("session-for-presenter", gettext_lazy("To the presenter: open session"), build_for_presenter, is_still_theirs),
    Kind(
        "session-closed-for-presenter",
        gettext_lazy("To the presenter: session not theirs"),
        build_closed_for_presenter,
        is_no_longer_theirs,
    ),
)


# For the styleguide

NOW = datetime(2027, 2, 22, 10, tzinfo=UTC)
STARTS = datetime(2027, 3, 9, 10, tzinfo=UTC)
REASON = "Our presenter is ill, and nobody else can step in."


def presenter_examples() -> Iterator[Example]:
    given, closed = PRESENTER_KINDS
    yield Example(given.name, given.label, lambda: session_for_presenter(sample_for_presenter(), now=NOW))
    before = format_span(STARTS - timedelta(days=7), STARTS - timedelta(days=7, hours=-1))
    moved = _("%(label)s, moved") % {"label": given.label}
    yield Example(
        given.name,
        moved,
        lambda: session_for_presenter(sample_for_presenter(sequence=1), now=NOW, why=SessionEventKind.MOVED, before=before),
    )
    linked = _("%(label)s, how to join") % {"label": given.label}
    yield Example(
        given.name,
        linked,
        lambda: session_for_presenter(sample_for_presenter(sequence=1), now=NOW, why=SessionEventKind.LINK_SET),
    )
    to = "asha.patel@ctac.example"
    yield Example(
        closed.name,
        closed.label,
        lambda: session_closed_for_presenter(sample_for_presenter(presenter=None), now=NOW, to=to, sequence=1),
    )
    cancelled = {"state": SessionState.CANCELLED, "closed_reason": REASON}
    off = _("%(label)s, cancelled") % {"label": closed.label}
    yield Example(
        closed.name, off, lambda: session_closed_for_presenter(sample_for_presenter(**cancelled), now=NOW, to=to, sequence=1)
    )


def sample_for_presenter(**fields: object) -> OpenSession:
    presenter = Presenter(
        pk=1,
        name="Asha Patel",
        email="asha.patel@ctac.example",
        nation=Nation.ENGLAND,
        joining_link="https://meet.example/ctac-1",
    )
    defaults = {
        "reference": "OS-7Q4M-2F",
        "presentation": Presentation(pk=1, title="Spotting the signs of child trafficking", length_minutes=60),
        "presenter": presenter,
        "starts_at": STARTS,
        "ends_at": STARTS + timedelta(minutes=60),
        "capacity": 20,
        "occupied": 12,
        "waiting": 0,
        "joining_help": "The meeting code is 4821.",
        "ical_uid": "sample-session@ctac.example",
        "created_at": NOW,
    }
    return OpenSession(pk=1, **{**defaults, **fields})


# The emails to the team about an open session whose presenter is away: at once, and when the people with a place hear of it.


def session_needs_presenter(session: OpenSession, *, people_know: bool = False) -> Message:
    day = format_day(session.starts_at)
    rows = [
        row(_("Open session"), session.presentation.title),
        row(_("When"), session.when),
        row(_("Who comes"), places_in_words(session)),
        row(_("Reference"), session.reference),
    ]
    sentence = _("Needs a presenter: open session on %(day)s (%(reference)s)")
    if people_know:
        sentence = _("Still needs a presenter: open session on %(day)s (%(reference)s)")
    url = f"{settings.SITE_URL}{reverse('staff:bookings_opensession_change', args=[session.pk])}"
    context: dict[str, object] = {"day": day, "rows": rows, "staff_url": url, "people_know": people_know}
    return Message(sentence % {"day": day, "reference": session.reference}, "session_staff_needs_presenter", context)


def build_needs_presenter(notification: Notification) -> Message:
    return session_needs_presenter(session_of(notification))


def still_needs_presenter(notification: Notification) -> bool:
    """As long as nobody gives it; a later leave has its own message."""
    session = session_of(notification)
    return session.needs_a_presenter and session.sequence == notification.version


def build_still_needs_presenter(notification: Notification) -> Message:
    return session_needs_presenter(session_of(notification), people_know=True)


def is_still_unsure(notification: Notification) -> bool:
    """Since the same loss."""
    session = session_of(notification)
    return session.needs_a_presenter and unsure_version(session) == notification.version


TEAM_KINDS = (
    Kind(
        "staff-session-needs-presenter",
        gettext_lazy("To staff: session needs a presenter"),
        build_needs_presenter,
        still_needs_presenter,
    ),
    Kind(
        "staff-session-unsure",
        gettext_lazy("To staff: session still needs a presenter"),
        build_still_needs_presenter,
        is_still_unsure,
    ),
)


def team_examples() -> Iterator[Example]:
    first, still = TEAM_KINDS
    yield Example(first.name, first.label, partial(session_needs_presenter, sample_for_presenter(presenter=None)))
    yield Example(
        still.name, still.label, partial(session_needs_presenter, sample_for_presenter(presenter=None), people_know=True)
    )

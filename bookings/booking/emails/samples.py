"""What each email about a booking looks like (bookings.booking.emails.kinds), with made-up bookings."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from bookings.booking.emails import kinds, messages
from bookings.booking.emails.kinds import BOOKING_KINDS
from bookings.email_samples import (
    NO_TIME,
    NOW,
    ONLINE,
    STARTS,
    example_of,
    longest_fields,
    sample_booking,
    sample_brought,
    sample_person,
    sample_presenter,
)
from bookings.models import (
    BookingEvent,
    DateOption,
    NotKeptReason,
    OptionKind,
    OptionState,
    Precision,
    State,
)
from leaflets.models import OrderState
from notifications.samples import Example

# Nobody's: there is no such link.
LINKS = {"change": "https://ctac.example/links/private/", "cancel": "https://ctac.example/links/private/cancel/"}
MOVED = BookingEvent(changes={"time": [(STARTS - timedelta(days=7)).isoformat(), STARTS.isoformat()]})
CHANGED = BookingEvent(changes={"fields": ["audience_size", "contact_name", "contact_phone", "room"]})
LABELS = {kind.name: kind.label for kind in (*BOOKING_KINDS, *kinds.TRANSFER_KINDS)}
_example = partial(example_of, LABELS)
REASON = "Our hall is flooded. We hope to ask again in May."


def examples() -> Iterator[Example]:
    """Each kind in its usual case; after it the cases that read differently, and the longest words."""
    yield from _to_the_professional()
    yield from _to_staff()
    yield from _to_the_presenter()


def _to_the_professional() -> Iterator[Example]:
    confirmed = partial(messages.confirmed, now=NOW, links=LINKS)
    yield _example("booking-confirmed", "", confirmed)
    yield _example("booking-confirmed", _("online"), confirmed, **ONLINE)
    another = partial(confirmed, new_presenter=True)
    yield _example("booking-confirmed", _("another presenter"), another, sequence=1)
    yield _example("booking-confirmed", _("changed, no presenter yet"), another, sequence=1, presenter=None)
    yield _example("booking-confirmed", _("longest words"), confirmed, **longest_fields())
    yield _example("booking-confirmed", _("with leaflets, not all"), confirmed, brought=sample_brought())
    yield _example("booking-requested", "", messages.slot_requested, state=State.REQUESTED)
    yield from _about_dates()
    yield _example("booking-declined", "", messages.declined, state=State.DECLINED, closed_reason="We were with you in May.")
    cancelled = partial(messages.cancelled, now=NOW, in_calendars=True)
    yield _example("booking-cancelled", "", cancelled, state=State.CANCELLED, closed_reason=REASON)
    reminder = partial(messages.reminder, links={"cancel": LINKS["cancel"]})
    yield _example("booking-reminder", "", reminder)
    yield _example("booking-reminder", _("online"), reminder, **ONLINE)
    yield _example("booking-reminder-week", "", partial(messages.reminder, links=LINKS, early=True))
    moved = partial(messages.rescheduled, change=MOVED, now=NOW, links=LINKS)
    yield _example("booking-moved", "", moved, sequence=1)
    yield _example("booking-moved", _("a request"), moved, sequence=1, state=State.REQUESTED)
    given = partial(messages.given_away, now=NOW, to="nadia.rahman@leeds.nhs.uk")
    taken = partial(messages.taken_over, now=NOW, links=LINKS)
    yield _example("booking-given-away", "", given, sequence=1)
    yield _example("booking-given-away", _("a request"), given, **NO_TIME)
    yield _example("booking-taken-over", "", taken, sequence=1)
    yield _example("booking-taken-over", _("a request"), taken, **NO_TIME)
    changed = partial(messages.details_changed, change=CHANGED, now=NOW, links=LINKS)
    yield _example("booking-changed", "", partial(changed, in_calendars=True), sequence=1, revision=1)
    yield _example("booking-changed", _("longest words"), partial(changed, in_calendars=False), revision=1, **longest_fields())


def _about_dates() -> Iterator[Example]:
    """To the professional, of a request that has no time yet."""
    asked = partial(messages.dates_requested, options=preferred(), now=NOW)
    yield _example("booking-requested", _("dates of one’s own"), asked, **NO_TIME)
    yield _example("booking-offered", "", partial(messages.times_offered, options=offered()), **NO_TIME)
    lapsed = partial(messages.dates_lapsed, now=datetime(2027, 2, 24, 17, tzinfo=UTC))
    ours = [*preferred(), *offered(state=OptionState.EXPIRED)]
    ours[-1].why_not = NotKeptReason.AWAY
    yield _example("booking-dates-lapsed", "", partial(lapsed, options=ours), **NO_TIME)
    waited = partial(lapsed, options=preferred(state=OptionState.EXPIRED))
    yield _example("booking-dates-lapsed", _("we did not answer"), waited, **NO_TIME)
    closed = {**NO_TIME, "closed_reason": "All of us are away in March."}
    yield _example("booking-declined", _("no time was found"), messages.declined, **{**closed, "state": State.DECLINED})
    withdrawn = partial(messages.cancelled, now=NOW, in_calendars=False)
    yield _example("booking-cancelled", _("request withdrawn"), withdrawn, **{**NO_TIME, "state": State.CANCELLED})


def _dates_to_staff() -> Iterator[Example]:
    new = partial(messages.new_request_for_team, options=preferred(), now=NOW)
    yield _example("staff-new-booking", _("dates of one’s own"), new, **NO_TIME, request_reason="We have clinics every Monday.")
    yield _example("staff-time-taken", "", messages.time_taken)
    others = partial(messages.others_asked, words="Mondays never work for us.")
    yield _example("staff-others-asked", "", others, **NO_TIME)
    lapsed = partial(messages.dates_lapsed_for_team, options=offered(state=OptionState.EXPIRED), now=NOW)
    yield _example("staff-dates-lapsed", "", lapsed, **NO_TIME)
    withdrawn = {**NO_TIME, "state": State.CANCELLED}
    yield _example("staff-booking-cancelled", _("request withdrawn"), messages.closed_for_team, **withdrawn)
    freed = partial(messages.freed_for_presenter, now=NOW, to="asha.patel@ctac.example", sequence=1, in_calendars=False)
    yield _example("presenter-freed", _("other times offered"), freed, **NO_TIME)


def preferred(**fields: Any) -> list[DateOption]:
    """One that is kept, one that is not, and one named less exactly; `fields` of those that are kept."""
    until = datetime(2027, 2, 24, 17, tzinfo=UTC)
    kept = {"presenter": sample_presenter(), "expires_at": until, **fields}
    morning = (STARTS - timedelta(hours=5, minutes=30), STARTS - timedelta(minutes=30))
    return [
        _option(1, STARTS, kept_from=STARTS, **kept),
        _option(2, STARTS + timedelta(days=2, hours=5), why_not=NotKeptReason.OUTSIDE),
        _option(3, morning[0], ends_at=morning[1], precision=Precision.MORNING, kept_from=STARTS - timedelta(hours=4), **kept),
    ]


def offered(**fields: Any) -> list[DateOption]:
    until = datetime(2027, 2, 24, 17, tzinfo=UTC)
    starts = [STARTS + timedelta(days=days) for days in (0, 1, 3)]
    kept = {"kind": OptionKind.PROPOSED, "presenter": sample_presenter(), "expires_at": until}
    return [_option(4 + number, start, kept_from=start, **{**kept, **fields}) for number, start in enumerate(starts)]


def _option(number: int, start: datetime, **fields: Any) -> DateOption:
    defaults = {"kind": OptionKind.PREFERRED, "starts_at": start, "ends_at": start + timedelta(minutes=90)}
    return DateOption(pk=number, booking=sample_booking(**NO_TIME), **{**defaults, **fields})


def _to_staff() -> Iterator[Example]:
    new, closed = messages.new_booking_for_team, messages.closed_for_team
    yield _example("staff-new-booking", "", new)
    yield _example(
        "staff-new-booking",
        _("please decide"),
        new,
        state=State.REQUESTED,
        person=sample_person(email="nadia@rahman-nursing.example"),
    )
    yield _example("staff-new-booking", _("words kept back"), new, flagged_child_details=True)
    yield _example("staff-new-booking", _("longest words"), new, **longest_fields())
    yield from _dates_to_staff()
    yield _example("staff-booking-cancelled", "", closed, state=State.CANCELLED, closed_reason=REASON)
    yield _example("staff-booking-cancelled", _("declined"), closed, state=State.DECLINED)
    off = {"state": State.CANCELLED, "brought": sample_brought(state=OrderState.CANCELLED)}
    yield _example("staff-booking-cancelled", _("with leaflets"), closed, **off)
    yield _example("staff-needs-presenter", "", messages.needs_presenter, presenter=None)
    yield _example("staff-booking-moved", "", partial(messages.rescheduled_for_team, change=MOVED))
    yield _example("staff-booking-changed", "", partial(messages.details_changed_for_team, change=CHANGED), presenter=None)
    yield from _joining_links()


def _joining_links() -> Iterator[Example]:
    nobody = {**ONLINE, "presenter": sample_presenter(joining_link="")}
    own = {**ONLINE, "own_joining_link": "https://meet.example/own-room-of-this-team", "sequence": 1}
    yield _example("booking-confirmed", _("new joining link"), partial(messages.confirmed, now=NOW, new_link=True), **own)
    gone = partial(messages.confirmed, now=NOW, new_link=True)
    yield _example("booking-confirmed", _("joining link taken away"), gone, **{**nobody, "sequence": 1})
    yield _example("presenter-booked", _("new joining link"), partial(messages.for_presenter, now=NOW, new_link=True), **own)
    yield _example("booking-confirmed", _("online, no link yet"), partial(messages.confirmed, now=NOW), **nobody)
    yield _example("booking-reminder", _("online, no link yet"), messages.reminder, **nobody)


def _to_the_presenter() -> Iterator[Example]:
    taken, closed = (
        partial(messages.for_presenter, now=NOW),
        partial(messages.closed_for_presenter, now=NOW, in_calendars=True),
    )
    freed = partial(messages.freed_for_presenter, now=NOW, to="asha.patel@ctac.example", sequence=1, in_calendars=True)
    yield _example("presenter-booked", "", taken)
    yield _example("presenter-reminder-week", "", partial(messages.presenter_reminder, early=True), brought=sample_brought())
    yield _example("presenter-reminder", "", messages.presenter_reminder)
    yield _example("presenter-reminder", _("online"), messages.presenter_reminder, **ONLINE)
    yield _example("presenter-booked", _("with leaflets"), taken, brought=sample_brought())
    off = {"state": State.CANCELLED, "brought": sample_brought(state=OrderState.DISPATCHED)}
    yield _example("presenter-cancelled", _("with leaflets"), closed, **off)
    yield _example("presenter-kept", "", taken, state=State.REQUESTED)
    yield _example("presenter-cancelled", "", closed, state=State.CANCELLED)
    yield _example("presenter-freed", "", freed, presenter=None)
    yield _example("presenter-moved", "", partial(messages.rescheduled_for_presenter, change=MOVED, now=NOW))
    changed = partial(messages.details_changed_for_presenter, change=CHANGED, now=NOW, in_calendars=True)
    yield _example("presenter-changed", "", changed)

"""What each email about a booking looks like (bookings.booking.emails), with made-up bookings."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from bookings.booking import emails
from bookings.emails import (
    NO_TIME,
    ONLINE,
    STARTS,
    BookingEmail,
    longest_fields,
    sample_booking,
    sample_brought,
    sample_person,
    sample_presenter,
)
from bookings.models import BookingEvent, DateOption, EventKind, NotKeptReason, OptionKind, OptionState, Precision, State
from leaflets.models import OrderState
from notifications.samples import NOW, PRESENTER, Example, example

# Nobody's: there is no such link.
LINKS = {"change": "https://ctac.example/links/private/", "cancel": "https://ctac.example/links/private/cancel/"}
MOVED = BookingEvent(changes={"time": [(STARTS - timedelta(days=7)).isoformat(), STARTS.isoformat()]})
CHANGED = BookingEvent(changes={"fields": ["audience_size", "contact_name", "contact_phone", "room"]})
REASON = "Our hall is flooded. We hope to ask again in May."
KEPT_UNTIL = datetime(2027, 2, 24, 17, tzinfo=UTC)
CANCELLED: dict[str, Any] = {"state": State.CANCELLED, "closed_reason": REASON}


def _example(email: type[BookingEmail], case: str = "", facts: dict[str, Any] | None = None, **fields: Any) -> Example:
    """A case of that email about a booking with these fields; `facts` are what it would read beside the booking."""
    to = {"recipient": PRESENTER} if issubclass(email, emails.PresenterEmail) else {}
    return example(email, case, booking=sample_booking(**fields), **{**to, **(facts or {})})


def examples() -> Iterator[Example]:
    """Each kind in its usual case; after it the cases that read differently, and the longest words."""
    yield from _to_the_professional()
    yield from _to_staff()
    yield from _to_the_presenter()


def _to_the_professional() -> Iterator[Example]:
    links = {"links": LINKS}
    usual = {**links, "reminds": True}
    confirmed = partial(_example, emails.BookingConfirmed)
    yield confirmed("", usual)
    yield confirmed(_("online"), usual, **ONLINE)
    another = {**usual, "news": EventKind.REASSIGNED}
    yield confirmed(_("another presenter"), another, sequence=1)
    yield confirmed(_("changed, no presenter yet"), another, sequence=1, presenter=None)
    yield confirmed(_("no longer cancelled"), {**usual, "news": EventKind.RESTORED}, sequence=2)
    yield confirmed(_("longest words"), usual, **longest_fields())
    yield confirmed(_("with leaflets, not all"), usual, brought=sample_brought())
    yield _example(emails.BookingRequested, state=State.REQUESTED)
    asked = {"options": preferred(), "now": NOW}
    yield _example(emails.BookingRequested, _("dates of one’s own"), asked, **NO_TIME)
    yield _example(emails.BookingOffered, "", {"options": offered()}, **NO_TIME)
    ours = [*preferred(), *offered(state=OptionState.EXPIRED)]
    ours[-1].why_not = NotKeptReason.AWAY
    yield _example(emails.BookingDatesLapsed, "", {"options": ours, "now": KEPT_UNTIL}, **NO_TIME)
    waited = {"options": preferred(state=OptionState.EXPIRED), "now": KEPT_UNTIL}
    yield _example(emails.BookingDatesLapsed, _("we did not answer"), waited, **NO_TIME)
    declined = {**NO_TIME, "state": State.DECLINED, "closed_reason": "All of us are away in March."}
    yield _example(emails.BookingDeclined, _("no time was found"), **declined)
    withdrawn = {**NO_TIME, "state": State.CANCELLED}
    yield _example(emails.BookingCancelled, _("request withdrawn"), {"in_calendars": False}, **withdrawn)
    yield _example(emails.BookingDeclined, state=State.DECLINED, closed_reason="We were with you in May.")
    yield _example(emails.BookingCancelled, "", {"in_calendars": True}, **CANCELLED)
    to_cancel = {"links": {"cancel": LINKS["cancel"]}}
    yield _example(emails.BookingReminder, "", to_cancel)
    yield _example(emails.BookingReminder, _("online"), to_cancel, **ONLINE)
    yield _example(emails.BookingReminderWeek, "", links)
    moved = {**links, "change": MOVED}
    yield _example(emails.BookingMoved, "", moved, sequence=1)
    yield _example(emails.BookingMoved, _("a request"), moved, sequence=1, state=State.REQUESTED)
    yield _example(emails.BookingGivenAway, sequence=1)
    yield _example(emails.BookingGivenAway, _("a request"), **NO_TIME)
    yield _example(emails.BookingTakenOver, "", links, sequence=1)
    yield _example(emails.BookingTakenOver, _("a request"), links, **NO_TIME)
    changed = {**links, "change": CHANGED}
    yield _example(emails.BookingChanged, "", {**changed, "in_calendars": True}, sequence=1, revision=1)
    in_none = {**changed, "in_calendars": False}
    yield _example(emails.BookingChanged, _("longest words"), in_none, revision=1, **longest_fields())


def preferred(**fields: Any) -> list[DateOption]:
    """One that is kept, one that is not, and one named less exactly; `fields` of those that are kept."""
    kept = {"presenter": sample_presenter(), "expires_at": KEPT_UNTIL, **fields}
    morning = (STARTS - timedelta(hours=5, minutes=30), STARTS - timedelta(minutes=30))
    return [
        _option(1, STARTS, kept_from=STARTS, **kept),
        _option(2, STARTS + timedelta(days=2, hours=5), why_not=NotKeptReason.OUTSIDE),
        _option(3, morning[0], ends_at=morning[1], precision=Precision.MORNING, kept_from=STARTS - timedelta(hours=4), **kept),
    ]


def offered(**fields: Any) -> list[DateOption]:
    starts = [STARTS + timedelta(days=days) for days in (0, 1, 3)]
    kept = {"kind": OptionKind.PROPOSED, "presenter": sample_presenter(), "expires_at": KEPT_UNTIL}
    return [_option(4 + number, start, kept_from=start, **{**kept, **fields}) for number, start in enumerate(starts)]


def _option(number: int, start: datetime, **fields: Any) -> DateOption:
    defaults = {"kind": OptionKind.PREFERRED, "starts_at": start, "ends_at": start + timedelta(minutes=90)}
    return DateOption(pk=number, booking=sample_booking(**NO_TIME), **{**defaults, **fields})


def _to_staff() -> Iterator[Example]:
    new, closed = emails.StaffNewBooking, emails.StaffBookingCancelled
    yield _example(new)
    asks = sample_person(email="nadia@rahman-nursing.example")
    yield _example(new, _("please decide"), state=State.REQUESTED, person=asks)
    yield _example(new, _("words kept back"), flagged_child_details=True)
    yield _example(new, _("longest words"), **longest_fields())
    asked = {"options": preferred(), "now": NOW}
    reason = {**NO_TIME, "request_reason": "We have clinics every Monday."}
    yield _example(emails.StaffNewBooking, _("dates of one’s own"), asked, **reason)
    yield _example(emails.StaffTimeTaken)
    yield _example(emails.StaffOthersAsked, "", {"why": "Mondays never work for us."}, **NO_TIME)
    lapsed = {"options": offered(state=OptionState.EXPIRED), "now": NOW}
    yield _example(emails.StaffDatesLapsed, "", lapsed, **NO_TIME)
    yield _example(emails.StaffBookingCancelled, _("request withdrawn"), **{**NO_TIME, "state": State.CANCELLED})
    freed = {"recipient": PRESENTER, "version": 1}
    yield _example(emails.PresenterFreed, _("other times offered"), freed, **NO_TIME)
    yield _example(closed, **CANCELLED)
    yield _example(closed, _("declined"), state=State.DECLINED)
    off: dict[str, Any] = {"state": State.CANCELLED, "brought": sample_brought(state=OrderState.CANCELLED)}
    yield _example(closed, _("with leaflets"), **off)
    yield _example(emails.StaffNeedsPresenter, presenter=None)
    yield _example(emails.StaffBookingMoved, "", {"change": MOVED})
    yield _example(emails.StaffBookingChanged, "", {"change": CHANGED}, presenter=None)
    nobody = {**ONLINE, "presenter": sample_presenter(joining_link="")}
    own = {**ONLINE, "own_joining_link": "https://meet.example/own-room-of-this-team", "sequence": 1}
    usual: dict[str, Any] = {"links": {}, "reminds": True}
    relinked = {**usual, "news": EventKind.LINK_SET}
    yield _example(emails.BookingConfirmed, _("new joining link"), relinked, **own)
    yield _example(emails.BookingConfirmed, _("joining link taken away"), relinked, **{**nobody, "sequence": 1})
    yield _example(emails.PresenterBooked, _("new joining link"), {"news": EventKind.LINK_SET}, **own)
    yield _example(emails.BookingConfirmed, _("online, no link yet"), usual, **nobody)
    yield _example(emails.BookingReminder, _("online, no link yet"), {"links": {}}, **nobody)


def _to_the_presenter() -> Iterator[Example]:
    closed = {"in_calendars": True}
    yield _example(emails.PresenterBooked)
    yield _example(emails.PresenterReminderWeek, brought=sample_brought())
    yield _example(emails.PresenterReminder)
    yield _example(emails.PresenterReminder, _("online"), **ONLINE)
    yield _example(emails.PresenterBooked, _("with leaflets"), brought=sample_brought())
    off: dict[str, Any] = {"state": State.CANCELLED, "brought": sample_brought(state=OrderState.DISPATCHED)}
    yield _example(emails.PresenterCancelled, _("with leaflets"), closed, **off)
    yield _example(emails.PresenterKept, state=State.REQUESTED)
    yield _example(emails.PresenterCancelled, "", closed, state=State.CANCELLED)
    yield _example(emails.PresenterFreed, "", {"recipient": PRESENTER, "version": 1}, presenter=None)
    yield _example(emails.PresenterMoved, "", {"change": MOVED})
    yield _example(emails.PresenterChanged, "", {"change": CHANGED, "in_calendars": True})


def waiting_examples() -> Iterator[Example]:
    email, since = emails.ManagerRequestsWaiting, datetime(2027, 2, 22, 10, tzinfo=UTC)
    booking = email.waiting_row("BK-7Q4M-2F", "Spotting the signs of child trafficking", since)
    order = email.waiting_row("LO-3XK9-PT", _("A request for leaflets"), since)
    yield example(email, rows=[booking, order], counts=(1, 1))
    yield example(email, _("very many"), rows=[booking] * email.most_listed, counts=(email.most_listed + 12, 0))

"""Bookings that exist only to be shown in emails: nothing of them is stored."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from bookings import (
    after_mail,
    alerts,
    change_messages,
    handing_over_mail,
    handing_over_messages,
    leave_mail,
    messages,
    request_messages,
)
from bookings.mail import KINDS
from bookings.models import (
    Afterwards,
    Booking,
    BookingEvent,
    Brought,
    Channel,
    DateOption,
    Format,
    Leave,
    LeaveKind,
    LeaveState,
    Nation,
    OptionKind,
    OptionState,
    Precision,
    Presentation,
    Presenter,
    State,
    Visit,
    WhyNot,
)
from bookings.models.leave import END_OF_DAY, START_OF_DAY
from ctac.uk import uk_datetime
from leaflets.mail_samples import order as an_order
from leaflets.models import OrderState
from notifications.registry import Message
from notifications.samples import Example
from professionals.models import Organisation, Person, Profession

NOW = datetime(2027, 2, 22, 10, tzinfo=UTC)
STARTS = datetime(2027, 3, 9, 13, 30, tzinfo=UTC)
# Nobody's: there is no such link.
LINKS = {"change": "https://ctac.example/links/private/", "cancel": "https://ctac.example/links/private/cancel/"}
MOVED = BookingEvent(changes={"time": [(STARTS - timedelta(days=7)).isoformat(), STARTS.isoformat()]})
CHANGED = BookingEvent(changes={"fields": ["audience_size", "contact_name", "contact_phone", "room"]})
LABELS = {
    kind.name: kind.label for kind in (*KINDS, *handing_over_mail.KINDS, *alerts.KINDS, *leave_mail.KINDS, *after_mail.KINDS)
}
REASON = "Our hall is flooded. We hope to ask again in May."
LONGEST_TITLE = "Spotting the signs of child trafficking when a family moves often, and what to write down before the next visit"
LONGEST_ORGANISATION = (
    "Cambridgeshire and Peterborough Safeguarding Children Partnership, Community Paediatrics and Health Visiting Service"
)
LONGEST_EMAIL = "maximiliana.featherstonehaugh-cholmondeley@safeguarding.cambridgeshireandpeterborough.nhs.uk"


def examples() -> Iterator[Example]:
    """Each kind in its usual case; after it the cases that read differently, and the longest words."""
    yield from _to_the_professional()
    yield from _to_staff()
    yield from _to_the_presenter()
    yield from _about_leave()
    yield from _afterwards()


def _to_the_professional() -> Iterator[Example]:
    confirmed = partial(messages.confirmed, now=NOW, links=LINKS)
    yield _example("booking-confirmed", "", confirmed)
    yield _example("booking-confirmed", _("online"), confirmed, **ONLINE)
    another = partial(confirmed, new_presenter=True)
    yield _example("booking-confirmed", _("another presenter"), another, sequence=1)
    yield _example("booking-confirmed", _("changed, no presenter yet"), another, sequence=1, presenter=None)
    yield _example("booking-confirmed", _("longest words"), confirmed, **longest())
    yield _example("booking-confirmed", _("with leaflets, not all"), confirmed, brought=brought())
    yield _example("booking-requested", "", messages.requested, state=State.REQUESTED)
    yield from _about_dates()
    yield _example("booking-declined", "", messages.declined, state=State.DECLINED, closed_reason="We were with you in May.")
    cancelled = partial(messages.cancelled, now=NOW, in_calendars=True)
    yield _example("booking-cancelled", "", cancelled, state=State.CANCELLED, closed_reason=REASON)
    reminder = partial(messages.reminder, links={"cancel": LINKS["cancel"]})
    yield _example("booking-reminder", "", reminder)
    yield _example("booking-reminder", _("online"), reminder, **ONLINE)
    yield _example("booking-reminder-week", "", partial(messages.reminder, links=LINKS, early=True))
    moved = partial(change_messages.moved, change=MOVED, now=NOW, links=LINKS)
    yield _example("booking-moved", "", moved, sequence=1)
    yield _example("booking-moved", _("a request"), moved, sequence=1, state=State.REQUESTED)
    given = partial(handing_over_messages.given_away, now=NOW, to="nadia.rahman@leeds.nhs.uk")
    taken = partial(handing_over_messages.taken_over, now=NOW, links=LINKS)
    yield _example("booking-given-away", "", given, sequence=1)
    yield _example("booking-given-away", _("a request"), given, **NO_TIME)
    yield _example("booking-taken-over", "", taken, sequence=1)
    yield _example("booking-taken-over", _("a request"), taken, **NO_TIME)
    changed = partial(change_messages.details_changed, change=CHANGED, now=NOW, links=LINKS)
    yield _example("booking-changed", "", partial(changed, in_calendars=True), sequence=1, revision=1)
    yield _example("booking-changed", _("longest words"), partial(changed, in_calendars=False), revision=1, **longest())


def _afterwards() -> Iterator[Example]:
    given: dict[str, Any] = {"state": State.DELIVERED}
    for case, answered in (("", False), (_("answered already"), True)):
        asked = partial(_asked, has_answered=answered)
        yield _example("booking-afterwards", case, asked, **given)
    yield _example("booking-afterwards", _("longest words"), _asked, **given, **longest())
    yield _example("year-later", "", after_mail.year_later, **given)
    yield _example("year-later", _("longest words"), after_mail.year_later, **given, **longest())


def _asked(booking: Booking, **more: Any) -> Message:
    return after_mail.asked(booking, Afterwards(booking=booking, code="7Q4M2F"), **more)


def _about_dates() -> Iterator[Example]:
    """To the professional, of a request that has no time yet."""
    asked = partial(request_messages.requested, options=preferred(), now=NOW)
    yield _example("booking-requested", _("dates of one’s own"), asked, **NO_TIME)
    yield _example("booking-offered", "", partial(request_messages.offered, options=offered()), **NO_TIME)
    lapsed = partial(request_messages.lapsed, now=datetime(2027, 2, 24, 17, tzinfo=UTC))
    ours = [*preferred(), *offered(state=OptionState.EXPIRED)]
    ours[-1].why_not = WhyNot.AWAY
    yield _example("booking-dates-lapsed", "", partial(lapsed, options=ours), **NO_TIME)
    waited = partial(lapsed, options=preferred(state=OptionState.EXPIRED))
    yield _example("booking-dates-lapsed", _("we did not answer"), waited, **NO_TIME)
    closed = {**NO_TIME, "closed_reason": "All of us are away in March."}
    yield _example("booking-declined", _("no time was found"), messages.declined, **{**closed, "state": State.DECLINED})
    withdrawn = partial(messages.cancelled, now=NOW, in_calendars=False)
    yield _example("booking-cancelled", _("request withdrawn"), withdrawn, **{**NO_TIME, "state": State.CANCELLED})


def _dates_to_staff() -> Iterator[Example]:
    new = partial(request_messages.new_for_team, options=preferred(), now=NOW)
    yield _example("staff-new-booking", _("dates of one’s own"), new, **NO_TIME, request_reason="We have clinics every Monday.")
    yield _example("staff-time-taken", "", request_messages.time_taken)
    others = partial(request_messages.others_asked, words="Mondays never work for us.")
    yield _example("staff-others-asked", "", others, **NO_TIME)
    lapsed = partial(request_messages.lapsed_for_team, options=offered(state=OptionState.EXPIRED), now=NOW)
    yield _example("staff-dates-lapsed", "", lapsed, **NO_TIME)
    withdrawn = {**NO_TIME, "state": State.CANCELLED}
    yield _example("staff-booking-cancelled", _("request withdrawn"), messages.closed_for_team, **withdrawn)
    freed = partial(messages.freed, now=NOW, to="asha.patel@ctac.example", sequence=1, in_calendars=False)
    yield _example("presenter-freed", _("other times offered"), freed, **NO_TIME)


def preferred(**fields: Any) -> list[DateOption]:
    """One that is kept, one that is not, and one named less exactly; `fields` of those that are kept."""
    until = datetime(2027, 2, 24, 17, tzinfo=UTC)
    kept = {"presenter": presenter(), "expires_at": until, **fields}
    morning = (STARTS - timedelta(hours=5, minutes=30), STARTS - timedelta(minutes=30))
    return [
        _option(1, STARTS, kept_from=STARTS, **kept),
        _option(2, STARTS + timedelta(days=2, hours=5), why_not=WhyNot.OUTSIDE),
        _option(3, morning[0], ends_at=morning[1], precision=Precision.MORNING, kept_from=STARTS - timedelta(hours=4), **kept),
    ]


def offered(**fields: Any) -> list[DateOption]:
    until = datetime(2027, 2, 24, 17, tzinfo=UTC)
    starts = [STARTS + timedelta(days=days) for days in (0, 1, 3)]
    kept = {"kind": OptionKind.PROPOSED, "presenter": presenter(), "expires_at": until}
    return [_option(4 + number, start, kept_from=start, **{**kept, **fields}) for number, start in enumerate(starts)]


def _option(number: int, start: datetime, **fields: Any) -> DateOption:
    defaults = {"kind": OptionKind.PREFERRED, "starts_at": start, "ends_at": start + timedelta(minutes=90)}
    return DateOption(pk=number, booking=booking(**NO_TIME), **{**defaults, **fields})


def _to_staff() -> Iterator[Example]:
    new, closed = messages.new_for_team, messages.closed_for_team
    yield _example("staff-new-booking", "", new)
    yield _example(
        "staff-new-booking", _("please decide"), new, state=State.REQUESTED, person=person(email="nadia@rahman-nursing.example")
    )
    yield _example("staff-new-booking", _("words kept back"), new, flagged_child_details=True)
    yield _example("staff-new-booking", _("longest words"), new, **longest())
    yield from _dates_to_staff()
    yield _example("staff-booking-cancelled", "", closed, state=State.CANCELLED, closed_reason=REASON)
    yield _example("staff-booking-cancelled", _("declined"), closed, state=State.DECLINED)
    off = {"state": State.CANCELLED, "brought": brought(state=OrderState.CANCELLED)}
    yield _example("staff-booking-cancelled", _("with leaflets"), closed, **off)
    yield _example("staff-needs-presenter", "", messages.needs_presenter, presenter=None)
    yield _example("staff-booking-moved", "", partial(change_messages.moved_for_team, change=MOVED))
    yield _example("staff-booking-changed", "", partial(change_messages.changed_for_team, change=CHANGED), presenter=None)
    yield from _alerts()


def _alerts() -> Iterator[Example]:
    there, nowhere = visit(checked_in_at=STARTS - timedelta(minutes=20)), visit()
    yield _example("staff-no-check-in", "", alerts.no_check_in, visit=nowhere)
    yield _example("staff-no-check-out", "", alerts.no_check_out, visit=there)
    yield _example("staff-no-check-out", _("longest words"), alerts.no_check_out, visit=nowhere, **longest())
    yield _example(
        "manager-no-check-in", "", partial(alerts.no_check_in, escalated=True), visit=visit(), presenter=presenter(phone="")
    )
    yield _example("manager-no-check-out", "", partial(alerts.no_check_out, escalated=True), visit=there)
    nobody = {**ONLINE, "presenter": presenter(joining_link="")}
    yield _example("staff-still-no-presenter", "", alerts.still_no_presenter, presenter=None)
    yield _example("staff-no-joining-link", "", alerts.no_joining_link, **nobody)
    own = {**ONLINE, "own_joining_link": "https://meet.example/own-room-of-this-team", "sequence": 1}
    yield _example("booking-confirmed", _("new joining link"), partial(messages.confirmed, now=NOW, new_link=True), **own)
    gone = partial(messages.confirmed, now=NOW, new_link=True)
    yield _example("booking-confirmed", _("joining link taken away"), gone, **{**nobody, "sequence": 1})
    yield _example("presenter-booked", _("new joining link"), partial(messages.for_presenter, now=NOW, new_link=True), **own)
    yield _example("booking-confirmed", _("online, no link yet"), partial(messages.confirmed, now=NOW), **nobody)
    yield _example("booking-reminder", _("online, no link yet"), messages.reminder, **nobody)


def _to_the_presenter() -> Iterator[Example]:
    taken, closed = partial(messages.for_presenter, now=NOW), partial(messages.closed_for_presenter, now=NOW, in_calendars=True)
    freed = partial(messages.freed, now=NOW, to="asha.patel@ctac.example", sequence=1, in_calendars=True)
    yield _example("presenter-booked", "", taken)
    yield _example("presenter-reminder-week", "", partial(messages.presenter_reminder, early=True), brought=brought())
    yield _example("presenter-reminder", "", messages.presenter_reminder)
    yield _example("presenter-reminder", _("online"), messages.presenter_reminder, **ONLINE)
    yield _example("presenter-booked", _("with leaflets"), taken, brought=brought())
    off = {"state": State.CANCELLED, "brought": brought(state=OrderState.DISPATCHED)}
    yield _example("presenter-cancelled", _("with leaflets"), closed, **off)
    yield _example("presenter-kept", "", taken, state=State.REQUESTED)
    yield _example("presenter-cancelled", "", closed, state=State.CANCELLED)
    yield _example("presenter-freed", "", freed, presenter=None)
    yield _example("presenter-moved", "", partial(change_messages.moved_for_presenter, change=MOVED, now=NOW))
    changed = partial(change_messages.changed_for_presenter, change=CHANGED, now=NOW, in_calendars=True)
    yield _example("presenter-changed", "", changed)


def _about_leave() -> Iterator[Example]:
    asked, refused = {"state": LeaveState.ASKED}, {"state": LeaveState.REFUSED, "answer": "Two of us are away that week."}
    yield _leave_example("leave-asked", leave_mail.asked, **asked)
    yield _leave_example("leave-entered", leave_mail.entered, kind=LeaveKind.ILLNESS)
    yield _leave_example("leave-granted", leave_mail.granted)
    yield _leave_example("leave-refused", leave_mail.refused, **refused)


def _leave_example(name: str, words: Any, **fields: Any) -> Example:
    return Example(name, LABELS[name], lambda: words(leave(**fields)))


def leave(**fields: Any) -> Leave:
    defaults = {
        "presenter": presenter(),
        "kind": LeaveKind.HOLIDAY,
        "starts_at": uk_datetime(STARTS.date(), START_OF_DAY),
        "ends_at": uk_datetime(STARTS.date() + timedelta(days=4), END_OF_DAY),
        "state": LeaveState.GRANTED,
        "created_at": NOW,
    }
    return Leave(pk=1, **{**defaults, **fields})


def _example(kind: str, case: str, words: Any, **fields: Any) -> Example:
    title = f"{LABELS[kind]}, {case}" if case else LABELS[kind]
    return Example(kind, title, lambda: words(booking(**fields)))


NO_TIME: dict[str, Any] = {"state": State.REQUESTED, "starts_at": None, "ends_at": None, "presenter": None}
ONLINE = {"format": Format.ONLINE, "address_line_1": "", "address_line_2": "", "town": "", "postcode": "", "room": ""}


def booking(**fields: Any) -> Booking:
    defaults = {
        "pk": 1,
        "reference": "BK-7Q4M-2F",
        "person": person(),
        "presentation": Presentation(pk=1, slug="signs", title="Spotting the signs of child trafficking", length_minutes=90),
        "presenter": presenter(),
        "state": State.CONFIRMED,
        "format": Format.WORKPLACE,
        "starts_at": STARTS,
        "ends_at": STARTS + timedelta(minutes=90),
        "address_line_1": "St James Health Centre",
        "address_line_2": "1 Park Row",
        "town": "Leeds",
        "postcode": "LS1 4AP",
        "room": "Room 2.14. Ring at the side door; parking is behind the building.",
        "audience_size": 24,
        "audience_profession": Profession.HEALTH_VISITOR,
        "contact_name": "Jo Green",
        "contact_phone": "0113 496 0001",
        "access_needs": "One of us uses a wheelchair.",
        "notes": "Half of the team is new to this work.",
        "channel": Channel.WEB,
        "ical_uid": "sample@ctac.example",
        "created_at": NOW,
    }
    beside = [fields.pop(name) for name in ("visit", "brought") if name in fields]
    made = Booking(**{**defaults, **fields})
    Booking._meta.get_field("brought").set_cached_value(made, None)  # so that nothing is asked of the database
    for there in beside:
        there.booking = made  # which makes it booking.visit too
    return made


def brought(**fields: Any) -> Brought:
    """The order of a visit's leaflets, of one of which there were too few."""
    title = "Child trafficking is child abuse"
    order = an_order(brought_with="BK-7Q4M-2F", **fields)
    return Brought(pk=1, order=order, missing=[{"slug": "all-professionals", "title": title, "copies": 5}])


def visit(**fields: Any) -> Visit:
    return Visit(**{"presenter": presenter(), **fields})


def person(**fields: Any) -> Person:
    defaults = {
        "name": "Nadia Rahman",
        "email": "nadia.rahman@leeds.nhs.uk",
        "phone": "0113 496 0123",
        "profession": Profession.HEALTH_VISITOR,
        "organisation": Organisation(pk=1, name="Leeds Community Healthcare"),
    }
    return Person(pk=1, **{**defaults, **fields})


def presenter(**fields: Any) -> Presenter:
    defaults = {
        "name": "Asha Patel",
        "email": "asha.patel@ctac.example",
        "phone": "0113 496 0002",
        "nation": Nation.ENGLAND,
        "joining_link": "https://meet.example/ctac-1",
    }
    return Presenter(pk=1, **{**defaults, **fields})


def longest() -> dict[str, Any]:
    """As long as people's names, employers and addresses are in earnest, and a little longer."""
    organisation = Organisation(pk=1, name=LONGEST_ORGANISATION)
    name = "Dr Maximiliana Wilhelmina Featherstonehaugh-Cholmondeley"
    return {
        "person": person(name=name, email=LONGEST_EMAIL, organisation=organisation, profession=Profession.EMERGENCY_CARE),
        "presenter": presenter(name="Oluwaseun Adebayo-Fitzwilliam Okonkwo-Ramsbottom"),
        "presentation": Presentation(pk=1, slug="signs", title=LONGEST_TITLE, length_minutes=90),
        "address_line_1": LONGEST_ORGANISATION,
        "address_line_2": "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch House, Unit 14b",
        "contact_name": name,
        "notes": "We would like most of the time for questions. " * 6,
    }

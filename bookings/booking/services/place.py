"""Placing a booking, for the web and for a caller: one service."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accounts.models import User
from bookings import rules
from bookings.booking.services.notify import notify_booked
from bookings.booking.services.transitions import bring_leaflets
from bookings.errors import AlreadyPlaced, NotOffered, OutsideRules, SlotTaken
from bookings.models import Booking, BusyKind, BusyTime, Channel, EventKind, Format, Hold, Presentation, Presenter, State
from bookings.models.booking import record_event
from bookings.schedule.holds import hold_keeps, place_columns
from bookings.schedule.locks import guarded, lock_draft, lock_presenters
from bookings.schedule.queries import open_schedule, reread_schedule
from bookings.schedule.schedules import Schedule
from bookings.schedule.slots import Candidate, SlotQuery
from bookings.travel import columns_of_area, place_in_area
from ctac.dates import uk_day
from leaflets.models import ToBring
from professionals import drafts
from professionals.areas import Area, look_up_area
from professionals.models import Draft, Person
from professionals.safeguarding.services import notify_safeguarding_lead
from professionals.services import is_work_address


@dataclass(frozen=True)
class VisitAddress:
    """Where a presentation at a workplace takes place. `postcode` as tidy_postcode stores it."""

    line_1: str
    town: str
    postcode: str
    line_2: str = ""

    @property
    def lines(self) -> list[str]:
        return [line for line in (self.line_1, self.line_2, self.town, self.postcode) if line]


@dataclass
class BookingDetails:
    """What we ask beside the slot. `flagged` says that the writer kept text that looks like a child's details."""

    audience_size: int
    contact_name: str
    contact_phone: str
    audience_profession: str = ""
    room: str = ""
    access_needs: str = ""
    notes: str = ""
    flagged: bool = False


@dataclass(frozen=True)
class Submission:
    """The one-time token of the draft, and the digest of the answers as they were shown."""

    token: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class PresentationRequest:
    """Who asks for what, with or without a time."""

    person: Person
    by: User | None
    channel: str
    presentation: Presentation
    format: str
    now: datetime
    address: VisitAddress | None
    audience: str
    submission: Submission | None

    @property
    def by_staff(self) -> bool:
        return self.channel != Channel.WEB and self.by is not None and self.by.is_staff

    @property
    def token(self) -> str | None:
        return self.submission.token if self.submission else None

    @property
    def at(self) -> VisitAddress | None:
        """Where a presenter goes; None online."""
        return self.address if self.format == Format.WORKPLACE else None

    @cached_property
    def area(self) -> Area | None:
        """Of that address, looked up once."""
        return look_up_area(self.at.postcode) if self.at else None

    @property
    def slot_query(self) -> SlotQuery:
        place = place_in_area(self.area, self.at.postcode) if self.at else None
        return SlotQuery(self.presentation, self.format, place, self.audience)


@dataclass(frozen=True, kw_only=True)
class BookingRequest(PresentationRequest):
    """What book() was asked for, whole, for its helpers."""

    start: datetime
    presenter: Presenter | None
    override_reason: str

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.presentation.length_minutes)


@transaction.atomic
def place_booking(
    *,
    person: Person,
    by: User | None,
    channel: str,
    presentation: Presentation,
    format: str,  # noqa: A002 - the product's word
    start: datetime,
    details: BookingDetails,
    now: datetime,
    address: VisitAddress | None = None,
    presenter: Presenter | None = None,
    submission: Submission | None = None,
    override_reason: str = "",
    leaflets: Sequence[ToBring] = (),
) -> Booking:
    """Place a booking: what this draft holds, else the best presenter who is free then (or the one that staff name).

    The presenter brings the `leaflets` that there are; that some are not there is no reason to refuse.

    Raises SlotTaken, AlreadyPlaced (the token was used), NotOffered, PlaceUnknown, and for staff OutsideRules, which a
    reason overrides. Nothing overrides SlotTaken.
    """
    asked = BookingRequest(
        person=person,
        by=by,
        channel=channel,
        presentation=presentation,
        format=format,
        start=start,
        now=now,
        address=address,
        audience=details.audience_profession,
        presenter=presenter,
        submission=submission,
        override_reason=override_reason,
    )
    refuse_if_not_offered(asked)
    with guarded():
        draft = lock_draft(asked.token, person)
        claim = take_held(asked, draft) or take_free(asked, draft)
        times = {"presenter": claim.presenter, "starts_at": start, "ends_at": asked.end}
        booking = store_booking(asked, details, state=first_state(asked), **times)
        claim.kind, claim.booking, claim.hold, claim.expires_at = BusyKind.BOOKING, booking, None, None
        claim.save()
    if draft is not None:
        drafts.finish(draft)  # with the booking or not at all: a draft whose token is used could never be placed
    kind = EventKind.BOOKED if booking.state == State.CONFIRMED else EventKind.REQUESTED
    record_event(booking, kind, by=by, now=now, to_state=booking.state, reason=override_reason)
    notify_booked(booking, now)
    if details.flagged:
        notify_safeguarding_lead(about=f"booking:{booking.pk}", reference=booking.reference, now=now)
    bring_leaflets(booking, leaflets, by=by, now=now)
    return booking


def refuse_if_not_offered(asked: PresentationRequest) -> None:
    if asked.format not in asked.presentation.formats or not (asked.presentation.active or asked.by_staff):
        raise NotOffered


def take_held(asked: BookingRequest, draft: Draft | None) -> BusyTime | None:
    """The claim that this draft's hold has for exactly this slot, its presenter locked; None if there is none.

    It takes no new time, so nobody's expired hold can be in its way; and if it has just expired itself and no writer has
    cleared it, the time is still this draft's. If it goes while we wait, no lock is kept: the search for another presenter
    locks in key order.
    """
    hold: Hold | None = getattr(draft, "hold", None)
    usable_from = asked.now - rules.HOLD_USABLE_AFTER
    if (
        hold is None
        or asked.presenter is not None
        or hold.expires_at <= usable_from
        or not hold_keeps(hold, asked.slot_query, asked.start)
    ):
        return None
    with transaction.atomic():
        presenter = Presenter.objects.select_for_update(no_key=True).get(pk=hold.presenter_id)
        claim = BusyTime.objects.filter(hold=hold, presenter=presenter).first()
        if claim is None:
            transaction.set_rollback(True)
        else:
            claim.presenter = presenter
    return claim


def take_free(asked: BookingRequest, draft: Draft | None) -> BusyTime:
    """A new claim of the best presenter who is free then. Looks, locks those who could, looks again."""
    slot_query, day, token = asked.slot_query, uk_day(asked.start), asked.token
    own = list(BusyTime.objects.filter(hold__draft=draft)) if draft else []
    seen = open_schedule(
        slot_query,
        first_day=day,
        last_day=day,
        now=asked.now,
        presenters=[asked.presenter] if asked.presenter else None,
        ignoring={"hold__draft__token": token},
    )
    possible = {candidate.presenter.pk for candidate in candidates_for(asked, seen)}
    locked = lock_presenters(possible, now=asked.now, giving_back=own)
    again = reread_schedule(seen, {key: locked[key] for key in possible if key in locked}, asked.now)
    best = choose_presenter(asked, candidates_for(asked, again))
    return BusyTime(presenter=best, busy=DateTimeTZRange(asked.start, asked.end), **place_columns(slot_query.place))


def candidates_for(asked: BookingRequest, schedule: Schedule) -> list[Candidate]:
    """Who is free then, the best first: for the public within the rules, for staff whoever."""
    return schedule.candidates(asked.start) if asked.by_staff else schedule.offered_to(asked.start)


def choose_presenter(asked: BookingRequest, found: list[Candidate]) -> Presenter:
    """The best of them. What this very form has placed already may be what is in the way."""
    if found and (asked.override_reason or not found[0].violations):
        return found[0].presenter
    if asked.token and Booking.objects.filter(submission_token=asked.token).exists():
        raise AlreadyPlaced
    raise OutsideRules(found[0].violations) if found else SlotTaken


def first_state(asked: BookingRequest) -> State:
    """A slot that we offer books at once; a visit to a workplace that we don't recognise waits for staff.

    A presenter goes there alone.
    """
    if asked.by_staff or asked.format == Format.ONLINE or is_work_address(asked.person.email):
        return State.CONFIRMED
    return State.REQUESTED


def store_booking(asked: PresentationRequest, details: BookingDetails, **columns: object) -> Booking:
    address = asked.at
    booking = Booking(
        person=asked.person,
        presentation=asked.presentation,
        format=asked.format,
        address_line_1=address.line_1 if address else "",
        address_line_2=address.line_2 if address else "",
        town=address.town if address else "",
        postcode=address.postcode if address else "",
        **columns_of_area(asked.area),
        room=details.room,
        audience_size=details.audience_size,
        audience_profession=details.audience_profession,
        contact_name=details.contact_name,
        contact_phone=details.contact_phone,
        access_needs=details.access_needs,
        notes=details.notes,
        flagged_child_details=details.flagged,
        channel=asked.channel,
        submission_token=asked.token,
        submission_digest=asked.submission.digest if asked.submission else "",
        created_at=asked.now,
        **columns,
    )
    return booking.save_with_reference()

"""Moving a booking to another time, and changing its details.

Both take the version of the booking that the page showed (`expected`, see Booking.version): if the booking has changed since,
they raise StaleBooking and store nothing. Its owner can change it until the cut-off (Booking.may_still_change), staff always;
`by_link` means that somebody used a link in an email, so nobody knows who pressed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.booking.services.assign import refuse_unless_available
from bookings.booking.services.create import candidates_for
from bookings.booking.services.decide import slot_query_of
from bookings.booking.services.transitions import (
    Recipients,
    notify,
    notify_details_changed,
    presenter_email_kind,
    presenter_recipients,
)
from bookings.calendars import ical
from bookings.errors import (
    AudienceMismatch,
    NothingChanged,
    OutsideRules,
    RuleViolation,
    SlotTaken,
    StaleBooking,
    TooLateToChange,
    TransitionNotAllowed,
)
from bookings.models import Booking, BookingEventKind, BookingState, BusyKind, BusyTime, Presenter
from bookings.models.booking import record_event
from bookings.schedule.holds import place_columns
from bookings.schedule.locks import busy_time_checks, lock_booking, lock_booking_and_presenters, lock_bookings
from bookings.schedule.queries import read_schedule, reread_schedule
from bookings.schedule.slots import Candidate
from bookings.seats.services import notify_all_seats
from bookings.travel import find_place
from bookings.visits.services import refuse_while_overdue, refuse_while_there, refuse_without_cover
from core.dates import uk_day
from office.site_settings.queries import site_settings
from professionals.models import Person
from professionals.safeguarding.services import is_kept_back, notify_lead_if_flagged
from professionals.services import dialled_digits


@dataclass(frozen=True)
class ChangeRequest:
    """Who wants a change and what they may do: the public keeps to the rules and the cut-off, staff give a reason."""

    by: User | None
    expected: str
    now: datetime
    by_link: bool = False
    override_reason: str = ""

    @property
    def by_staff(self) -> bool:
        return not self.by_link and (self.by is None or self.by.is_staff)

    def refuse_if_not_allowed(self, booking: Booking) -> None:
        """Raises StaleBooking, TransitionNotAllowed, TooLateToChange."""
        if booking.version != self.expected:
            raise StaleBooking
        if not booking.is_open:
            raise TransitionNotAllowed
        if not self.by_staff and not booking.may_still_change(self.now):
            raise TooLateToChange


@transaction.atomic
def reschedule(
    *,
    booking: Booking,
    start: datetime,
    expected: str,
    by: User | None,
    now: datetime,
    presenter: Presenter | None = None,
    override_reason: str = "",
    flagged: bool = False,
    by_link: bool = False,
) -> Booking:
    """Move the booking to `start` in one step: its old time is given back only once the new one is secured.

    Its presenter stays if free then; otherwise the best one comes (or the one that staff name). Raises StaleBooking,
    TransitionNotAllowed, NoTimeAgreed, TooLateToChange, NothingChanged, SlotTaken (which nothing overrides: all stays as it
    was), VisitBlocksErasure, and for staff OutsideRules without a reason.
    """
    change = ChangeRequest(by, expected, now, by_link, override_reason)
    change.refuse_if_not_allowed(booking)  # as it was read; under the lock it is checked again
    # By its postcode and not its claim, which does not know the nation and its bank holidays.
    slot_query, day, named = slot_query_of(booking), uk_day(start), [presenter] if presenter else None
    schedule = read_schedule(slot_query, first_day=day, last_day=day, now=now, presenters=named, ignoring={"booking": booking})
    possible = {candidate.presenter.pk for candidate in candidates_for(schedule, start, by_staff=change.by_staff)}
    locked, presenters = lock_booking_and_presenters(booking, now=now, also=possible)
    change.refuse_if_not_allowed(locked)
    refuse_while_overdue(locked, now)
    refuse_while_there(locked, now)
    if start == locked.agreed_times[0]:
        raise NothingChanged(_("The booking is already at this time, so nothing was changed."))
    if locked.state == BookingState.CONFIRMED:
        refuse_without_cover(locked, start, by_staff=change.by_staff)
    free = {key: presenters[key] for key in possible if key in presenters}
    again = reread_schedule(schedule, free, now, ignoring={"booking": locked})
    chosen = choose_presenter(change, candidates_for(again, start, by_staff=change.by_staff), locked.presenter)
    before, started = locked.presenter, locked.agreed_times[0]
    locked.sequence, locked.presenter = locked.next_sequence, chosen
    locked.starts_at, locked.ends_at = start, start + slot_query.length
    claim: dict[str, Any] = {"presenter": chosen, "busy": DateTimeTZRange(locked.starts_at, locked.ends_at)}
    if before != chosen:  # a travel time that staff set is for one presenter only
        claim |= {"travel_minutes": None, "travel_reason": ""}
    with busy_time_checks():
        locked.save(update_fields=["presenter", "starts_at", "ends_at", "sequence"])
        if not BusyTime.objects.filter(booking=locked).update(**claim):
            BusyTime.objects.create(booking=locked, kind=BusyKind.BOOKING, **claim, **place_columns(slot_query.place))
    changes: dict[str, object] = {
        "time": [started.isoformat(), start.isoformat()],
        "presenter": [before.pk if before else None, chosen.pk],
        "sequence": locked.sequence,
        **({"by_link": True} if by_link else {}),
    }
    record_event(locked, BookingEventKind.RESCHEDULED, by=by, now=now, reason=override_reason, changes=changes)
    recipients: Recipients = {
        "booking-moved": [locked.person.email],
        "presenter-moved" if before == chosen else presenter_email_kind(locked): presenter_recipients(locked),
        "presenter-freed": [before.email] if before and before != chosen else [],
        "staff-booking-moved": [] if change.by_staff else [site_settings().team_email],
    }
    notify(recipients, locked, now)
    notify_all_seats("seat-moved", locked, now)
    notify_lead_if_flagged(locked, f":moved:{locked.sequence}", now, flagged=flagged)
    return locked


def choose_presenter(change: ChangeRequest, candidates: list[Candidate], current: Presenter | None) -> Presenter:
    """The current presenter, unless only somebody else could give it within the rules. Raises SlotTaken, OutsideRules."""
    if not candidates:
        raise SlotTaken
    among = [candidate for candidate in candidates if not candidate.violations] or candidates
    best = next((candidate for candidate in among if candidate.presenter == current), among[0])
    if best.violations and not change.override_reason:
        raise OutsideRules(best.violations, best.leaves_at)
    return best.presenter


@transaction.atomic
def change_details(
    *,
    booking: Booking,
    answers: Mapping[str, Any],
    expected: str,
    by: User | None,
    now: datetime,
    override_reason: str = "",
    flagged: bool = False,
) -> Booking:
    """Change who comes, the contact, the room and what they need; staff can also change the address.

    Calendars get a new entry if the place in it changes. `answers` are a form's, by the names of the model; `flagged`: some of
    them look like a child's details. Raises StaleBooking, TransitionNotAllowed, TooLateToChange, NothingChanged, PlaceUnknown,
    SlotTaken (the other place can't be reached in time), AudienceMismatch, and for staff OutsideRules without a reason.
    """
    change = ChangeRequest(by, expected, now, override_reason=override_reason)
    locked = lock_booking(booking, now=now)
    change.refuse_if_not_allowed(locked)
    entry, place_before = ical.booking_location(locked), locked.postcode
    changed = [name for name, value in answers.items() if getattr(locked, name) != value]
    if not changed:
        raise NothingChanged
    for name in changed:
        setattr(locked, name, answers[name])
    # It stays flagged until the safeguarding lead has decided: other texts of it may be kept back too (ADR 22).
    locked.flagged_child_details = flagged or (locked.flagged_child_details and is_kept_back(f"booking:{locked.pk}"))
    if locked.presenter and "audience_profession" in changed and not locked.presenter.presents_to(locked.audience_profession):
        if not change.by_staff:
            raise AudienceMismatch
        if not override_reason:
            raise OutsideRules([RuleViolation.AUDIENCE])
    stored = [*changed, *(move_claim(locked, change) if locked.postcode != place_before else [])]
    in_calendars = ical.booking_location(locked) != entry
    locked.sequence, locked.revision = locked.sequence + in_calendars, locked.revision + 1
    locked.save(update_fields=[*stored, "flagged_child_details", "sequence", "revision"])
    what: dict[str, object] = {"fields": changed, "revision": locked.revision, "in_calendars": in_calendars}
    record_event(locked, BookingEventKind.DETAILS_CHANGED, by=by, now=now, reason=override_reason, changes=what)
    notify_details_changed(locked, now, changed=changed, by_staff=change.by_staff)
    notify_lead_if_flagged(locked, f":details:{locked.revision}", now, flagged=flagged)
    return locked


def bookings_with_phone(person: Person, number: str, now: datetime) -> list[Booking]:
    """The person's bookings to come, and visits that are not over, whose contact on the day has that number."""
    ahead = Booking.objects.filter(person=person).waited_for(now).order_by("starts_at", "pk")
    return [booking for booking in ahead if dialled_digits(booking.contact_phone) == dialled_digits(number)]


def find_contact_phones(person: Person, number: str, now: datetime) -> list[str]:
    """Which bookings have that number of theirs, with their times. One statement."""
    return [f"{booking.reference} ({booking.when})" for booking in bookings_with_phone(person, number, now)]


@transaction.atomic
def replace_contact_phone(person: Person, *, before: str, after: str, by: User, now: datetime) -> None:
    """A person's new number goes to the bookings that have their old one, also after the cut-off: an alarm may call it.

    The person is locked. No presenter is: a number is nobody's time.
    """
    keys = [booking.pk for booking in bookings_with_phone(person, before, now)]
    for locked in lock_bookings(Booking.objects.filter(pk__in=keys)):
        if locked.person_id != person.pk or dialled_digits(locked.contact_phone) != dialled_digits(before):
            continue  # it was changed or given away meanwhile
        locked.contact_phone, locked.revision = after, locked.revision + 1
        locked.save(update_fields=["contact_phone", "revision"])
        what: dict[str, object] = {"fields": ["contact_phone"], "revision": locked.revision, "in_calendars": False}
        record_event(locked, BookingEventKind.DETAILS_CHANGED, by=by, now=now, changes=what)
        if locked.is_open:
            notify_details_changed(locked, now, changed=["contact_phone"], by_staff=by.is_staff)


def move_claim(booking: Booking, change: ChangeRequest) -> list[str]:
    """Move its claims to the new postcode, if the presenter can get there from the visit before and on to the next.

    Returns the names of the fields that hold its area. Raises SlotTaken, OutsideRules, PlaceUnknown.
    """
    place = find_place(booking.postcode)
    booking.nation, booking.local_authority = place.nation, place.authority
    if booking.presenter is not None:
        refuse_unless_available(booking, booking.presenter, place, change.now, change.override_reason)
    try:
        with busy_time_checks():
            BusyTime.objects.filter(Q(booking=booking) | Q(option__booking=booking)).update(**place_columns(place))
    except SlotTaken as refusal:
        if booking.presenter is None:
            unreachable = _("The presenter could not get there in time for a date that we are keeping. Offer other times first.")
            raise SlotTaken(unreachable) from refusal
        unreachable = _("%(name)s could not get there in time. Choose another time or presenter first.")
        raise SlotTaken(unreachable % {"name": booking.presenter}) from refusal
    return ["nation", "local_authority"]

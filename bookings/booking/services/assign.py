"""Who gives a booking, how long its journeys take, and by which link people join it."""

from datetime import datetime

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext, gettext_lazy, gettext_lazy as _

from accounts.models import User
from bookings.booking.services.transitions import (
    Recipients,
    confirmation_recipients,
    notify,
    notify_joining_link,
    presenter_email_kind,
    presenter_recipients,
)
from bookings.errors import DAY_VIOLATIONS, NeedsPresenter, OutsideRules, SamePresenter, SlotTaken, TransitionNotAllowed
from bookings.models import Booking, BookingEventKind, BookingState, BusyKind, BusyTime, Format, Presenter
from bookings.models.booking import record_event
from bookings.schedule.holds import place_columns
from bookings.schedule.locks import busy_time_checks, lock_booking, lock_bookings
from bookings.schedule.queries import read_schedule
from bookings.schedule.slots import SlotQuery
from bookings.schedule.substitutes import place_of_booking
from bookings.travel import Place
from bookings.visits.services import refuse_unchecked, refuse_while_overdue, refuse_without_cover
from core.dates import uk_day
from core.errors import DomainError
from leaflets.orders.services.create import transfer_order
from professionals.models import Person
from professionals.safeguarding.services import notify_lead_if_flagged


@transaction.atomic
def reassign(
    booking: Booking, *, presenter: Presenter, by: User | None, now: datetime, override_reason: str = "", flagged: bool = False
) -> Booking:
    """Give the booking to this presenter, tell everyone, and raise the calendar sequence.

    Raises SlotTaken if they are not free then (nothing overrides that), OutsideRules without a reason, SamePresenter,
    TransitionNotAllowed, and VisitBlocksErasure (while we have not heard from the presenter before).
    """
    locked = lock_booking(booking, now=now, also=[presenter])
    if not locked.is_open:
        raise TransitionNotAllowed
    before = locked.presenter
    if before == presenter:
        raise SamePresenter
    refuse_while_overdue(locked, now)
    if locked.state == BookingState.CONFIRMED:
        refuse_without_cover(locked, locked.agreed_times[0], by_staff=True)
    refuse_unchecked(locked, presenter, locked.agreed_times[0], by_staff=True)
    place = place_of_booking(locked)
    refuse_unless_available(locked, presenter, place, now, override_reason)
    locked.sequence, locked.presenter = locked.next_sequence, presenter
    with busy_time_checks():
        locked.save(update_fields=["presenter", "sequence"])
        # A travel time that staff set for one presenter says nothing about another's journeys.
        BusyTime.objects.update_or_create(
            booking=locked,
            defaults={
                "presenter": presenter,
                "kind": BusyKind.BOOKING,
                "busy": DateTimeTZRange(*locked.agreed_times),
                "travel_minutes": None,
                "travel_reason": "",
                **place_columns(place),
            },
        )
    changes: dict[str, object] = {"presenter": [before.pk if before else None, presenter.pk]}
    record_event(locked, BookingEventKind.REASSIGNED, by=by, now=now, reason=override_reason, changes=changes)
    notify({**confirmation_recipients(locked), "presenter-freed": [before.email] if before else []}, locked, now)
    notify_lead_if_flagged(locked, f":reassigned:{locked.sequence}", now, flagged=flagged)
    return locked


def refuse_unless_available(
    booking: Booking, presenter: Presenter, place: Place | None, now: datetime, override_reason: str
) -> None:
    start, _end = booking.agreed_times
    day = uk_day(start)
    slot_query = SlotQuery.for_booking(booking, place)
    schedule = read_schedule(
        slot_query, first_day=day, last_day=day, now=now, presenters=[presenter], ignoring={"booking": booking}
    )
    verdict = next(iter(schedule.verdicts(start)), None)
    if verdict is None or verdict.candidate is None:
        facts = {"name": presenter, "why": " ".join(verdict.obstacles) if verdict else ""}
        raise SlotTaken(gettext("%(name)s is busy then, or could not get there in time. %(why)s Choose somebody else.") % facts)
    # The day was agreed before and stays, whoever gives it, so rules about the day don't count.
    violations = [violation for violation in verdict.candidate.violations if violation not in DAY_VIOLATIONS]
    if violations and not override_reason:
        raise OutsideRules(violations, verdict.candidate.leaves_at)


@transaction.atomic
def set_travel_time(
    booking: Booking, *, minutes: int | None, reason: str, by: User | None, now: datetime, flagged: bool = False
) -> Booking:
    """Set how many minutes the journeys to and from this visit take; None goes back to the rule.

    Raises SlotTaken if the visits around it would then be too close, NeedsPresenter.
    """
    locked = lock_booking(booking, now=now)
    claim = BusyTime.objects.filter(booking=locked, latitude__isnull=False).first()
    if claim is None:
        raise NeedsPresenter
    before, claim.travel_minutes, claim.travel_reason = claim.travel_minutes, minutes, reason
    with busy_time_checks():
        claim.save(update_fields=["travel_minutes", "travel_reason"])
    record_event(locked, BookingEventKind.TRAVEL_SET, by=by, now=now, reason=reason, changes={"travel": [before, minutes]})
    notify_lead_if_flagged(locked, f":travel:{now:%Y%m%d%H%M%S}", now, flagged=flagged)
    return locked


@transaction.atomic
def set_joining_link(booking: Booking, *, link: str, by: User | None, now: datetime) -> Booking:
    """Give an online booking its own link (https); an empty one goes back to its presenter's.

    If people now join elsewhere, they are told once (for a request, only the presenter). Raises TransitionNotAllowed if it is
    not online or no longer open, and DomainError if it has this link already.
    """
    locked = lock_booking(booking, now=now)
    if locked.format != Format.ONLINE or not locked.is_open:
        raise TransitionNotAllowed
    if locked.own_joining_link == link:
        raise DomainError(gettext_lazy("The booking already has this link, so nobody needs to be told."))
    before, locked.own_joining_link = locked.joining_link, link
    moved = locked.joining_link != before
    locked.sequence += moved
    locked.save(update_fields=["own_joining_link", "sequence"])
    record_event(locked, BookingEventKind.LINK_SET, by=by, now=now)
    if moved:
        notify_joining_link(locked, now)
    return locked


def notify_bookings_of_link_change(*, presenter: Presenter, before: str, by: User | None, now: datetime) -> None:
    """Tell the people of each confirmed online booking to come that uses the presenter's link, in the caller's transaction.

    The presenter is locked already; `before` is the old link. A presenter who changed it themselves gets no email.
    """
    own_hand = by is not None and by.pk == presenter.user_id
    uses_it = Booking.objects.filter(
        presenter=presenter, state=BookingState.CONFIRMED, format=Format.ONLINE, own_joining_link="", starts_at__gt=now
    )
    for booking in lock_bookings(uses_it):
        booking.sequence += 1
        booking.save(update_fields=["sequence"])
        record_event(booking, BookingEventKind.LINK_SET, by=by, now=now)
        notify_joining_link(booking, now, presenter_too=not own_hand)


# Staff transfer the bookings that a person still has to come to a colleague (ADR 13).


class NothingToTransferError(DomainError):
    message = _("This person has no bookings to come.")


@transaction.atomic
def transfer_bookings(
    person: Person, *, to: Person, by: User | None, reason: str, now: datetime, flagged: bool = False
) -> list[Booking]:
    """Give all of `person`'s bookings and requests to come to `to`, with the leaflets that presenters bring to them.

    Times, presenters and states stay. Both people hear of each, with a calendar part: CANCEL to the one, REQUEST to the other.
    `flagged`: the reason looks like a child's details and its writer kept it; it counts for each of them.
    All or nothing. Raises NothingToTransferError.
    """
    people = {
        row.pk: row for row in Person.objects.select_for_update(no_key=True).filter(pk__in=[person.pk, to.pk]).order_by("pk")
    }
    before, after = people[person.pk], people[to.pk]
    if before == after:
        raise DomainError(_("That is the same person. Enter the colleague’s address."))
    if before.organisation_id is None or before.organisation_id != after.organisation_id:
        raise DomainError(_("That person is from another organisation. If that is wrong, correct it on their page first."))
    if not after.email:
        raise DomainError(_("That person has no email address, so we can’t tell them. Add one on their page first."))
    bookings = list(lock_bookings(Booking.objects.upcoming(now).filter(person=before)).with_leaflets())
    if not bookings:
        raise NothingToTransferError
    for booking in bookings:
        # A higher number removes the entry from the old owner's calendar, and brings it back if the booking comes back.
        booking.person, booking.sequence = after, booking.next_sequence
        booking.save(update_fields=["person", "sequence"])
        brought = getattr(booking, "brought", None)
        if brought is not None and brought.order is not None:
            transfer_order(order=brought.order, person=after, by=by, now=now)
        changes: dict[str, object] = {"person": [before.pk, after.pk], "sequence": booking.sequence}
        record_event(booking, BookingEventKind.HANDED_OVER, by=by, now=now, reason=reason, changes=changes)
        # The presenter gets a new email: one that is still on its way to them has an older number.
        recipients: Recipients = {
            "booking-given-away": [before.email],
            "booking-taken-over": [after.email],
            presenter_email_kind(booking): presenter_recipients(booking),
        }
        notify(recipients, booking, now)
        notify_lead_if_flagged(booking, f":handed-over:{booking.sequence}", now, flagged=flagged)
    return bookings

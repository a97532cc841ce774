"""Spare seats of a booking: offered by its host, asked for by people nearby, given or declined name by name, given up."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _, ngettext_lazy

from accounts.models import User
from bookings.models import LIVE_SEAT_STATES, Booking, BookingEventKind, BookingState, Seat, SeatState
from bookings.models.booking import MAX_SPARE_SEATS, record_event
from bookings.schedule.locks import lock_bookings
from bookings.seats.queries import seats_near
from core.dates import uk_day
from core.errors import DomainError
from notifications.outbox import NewMessage, notify_many
from professionals.models import Person, Profession
from professionals.services import lock_person

# How long a host has before a request is declined for them (bookings.seats.services.decline_unanswered).
HOST_ANSWER_PERIOD = timedelta(hours=4)

# The order of locks: the guest who asks, then the booking. The lock of a booking covers its seats.


class SeatStateChanged(DomainError):
    """The seat is in a state, perhaps a new one, that does not allow this."""

    message = _("This seat has changed in the meantime. Please look at it again.")


class NoSeatsOffered(DomainError):
    message = _("These seats are no longer offered. Others may be near you soon.")


class SeatsFull(DomainError):
    message = _("All the seats that you offer are given. Offer more seats first, or take one back.")


def lock_host_booking(booking: Booking, now: datetime) -> Booking:
    """The booking as it is, locked. Raises DomainError unless it is confirmed and still to come."""
    locked = lock_bookings(Booking.objects.filter(pk=booking.pk)).get()
    if not locked.may_offer_seats(now):
        raise DomainError(_("This presentation has started, was cancelled or is not confirmed, so its seats can’t change."))
    return locked


def lock_seat(seat: Seat, now: datetime) -> Seat:
    """The seat as it is now, with its booking locked."""
    locked = lock_host_booking(seat.booking, now)
    found = Seat.objects.select_related("person__organisation").filter(pk=seat.pk, booking=locked).first()
    if found is None:
        raise SeatStateChanged
    found.booking = locked
    return found


@transaction.atomic
def offer_seats(
    booking: Booking, *, seats: int, professions: Sequence[str], until: date, by: User | None, now: datetime
) -> Booking:
    """Offer that many seats to people of these professions nearby, until the end of that day, or change what is offered.

    Raises DomainError for fewer than are given, and for a day that has passed or is after the presentation.
    """
    locked = lock_host_booking(booking, now)
    if seats < locked.seats_taken:
        given = ngettext_lazy(
            "You have given %(n)d seat already. Offer at least as many, or take one back first.",
            "You have given %(n)d seats already. Offer at least as many, or take one back first.",
            "n",
        )
        raise DomainError(given % {"n": locked.seats_taken})
    if not uk_day(now) <= until <= uk_day(locked.agreed_times[0]):
        raise DomainError(_("Choose a day from today to the day of the presentation."))
    if not 1 <= seats <= MAX_SPARE_SEATS or not professions or not set(professions) <= set(Profession.values):
        raise DomainError(_("Say how many seats you offer, and to which professions."))
    locked.seats_offered, locked.seats_professions, locked.seats_until = seats, sorted(set(professions)), until
    locked.save(update_fields=["seats_offered", "seats_professions", "seats_until"])
    record_event(locked, BookingEventKind.SEATS_OFFERED, by=by, now=now, changes={"seats": seats})
    return locked


@transaction.atomic
def close_seat_offer(booking: Booking, *, by: User | None, now: datetime) -> Booking:
    """Nobody can ask any more. Seats that are given stay, and people who have asked still get an answer."""
    locked = lock_host_booking(booking, now)
    if locked.seats_until is not None:
        locked.seats_until = None
        locked.save(update_fields=["seats_until"])
        record_event(locked, BookingEventKind.SEATS_CLOSED, by=by, now=now)
    return locked


@transaction.atomic
def ask_for_seat(*, booking: Booking, person: Person, access_needs: str, by: User | None, now: datetime) -> Seat:
    """Ask for a seat; the host reads who asks. A person who has a seat or has asked gets that back unchanged.

    Raises AccountGoneError, NoSeatsOffered (to this person), SeatStateChanged (the host has said no).
    """
    lock_person(person)
    locked = lock_host_booking(booking, now)
    seat = Seat.objects.filter(booking=locked, person=person).first() or Seat(booking=locked, person=person)
    seat.booking, seat.person = locked, person
    if seat.pk and seat.is_live:
        return seat
    if seat.state == SeatState.DECLINED:
        raise SeatStateChanged
    if not seats_near(person, now).filter(pk=locked.pk).exists():
        raise NoSeatsOffered
    seat.state, seat.access_needs, seat.approved_at, seat.created_at = SeatState.ASKED, access_needs, None, now
    seat.version += 1
    seat.save()
    record_event(locked, BookingEventKind.SEAT_ASKED, by=by, now=now, changes={"seat": seat.pk})
    notify_seats("seat-asked", [seat], now, to_host=True)
    return seat


@transaction.atomic
def approve_seat(seat: Seat, *, by: User | None, now: datetime) -> Seat:
    """Give the seat: the guest reads where to come and whom to ask for.

    A guest who has it keeps it. Raises SeatStateChanged, SeatsFull.
    """
    locked = lock_seat(seat, now)
    if locked.has_a_seat:
        return locked
    if not locked.booking.seats_left and locked.state == SeatState.ASKED:
        raise SeatsFull
    locked.approved_at = now
    set_seat_state(locked, SeatState.APPROVED, BookingEventKind.SEAT_APPROVED, by=by, now=now)
    notify_seats("seat-approved", [locked], now)
    return locked


@transaction.atomic
def decline_seat(seat: Seat, *, by: User | None, now: datetime) -> Seat:
    """Say no, or take back a seat that was given. Raises SeatStateChanged."""
    locked = lock_seat(seat, now)
    set_seat_state(locked, SeatState.DECLINED, BookingEventKind.SEAT_DECLINED, by=by, now=now)
    notify_seats("seat-declined", [locked], now)
    return locked


def decline_unanswered(*, now: datetime) -> None:
    """Decline seats whose host has not answered by the day before, when reminders go. A host always has four hours."""
    asked = Seat.objects.with_booking().filter(state=SeatState.ASKED, created_at__lte=now - HOST_ANSWER_PERIOD)
    soon = asked.filter(
        booking__state=BookingState.CONFIRMED, booking__starts_at__gt=now, booking__starts_at__lt=now + timedelta(days=2)
    )
    for seat in soon.order_by("pk"):
        if seat.booking.reminder_due_at <= now:
            with suppress(DomainError), transaction.atomic():
                if lock_seat(seat, now).state == SeatState.ASKED:  # the host may have answered at this moment
                    decline_seat(seat, by=None, now=now)


@transaction.atomic
def give_up_seat(seat: Seat, *, by: User | None, now: datetime) -> Seat:
    """The guest gives the seat up. The host gets an email if they had given it. Raises SeatStateChanged."""
    locked = lock_seat(seat, now)
    had = locked.has_a_seat
    set_seat_state(locked, SeatState.GIVEN_UP, BookingEventKind.SEAT_GIVEN_UP, by=by, now=now)
    notify_seats("seat-given-up", [locked], now)
    if had:
        notify_seats("seat-free", [locked], now, to_host=True)
    return locked


@transaction.atomic
def give_up_all_seats(*, person: Person, by: User | None, now: datetime) -> None:
    """Give up every seat of this person that is still to come. They get no email, since they are being erased."""
    ahead = person.seats.not_over(now)
    for booking in lock_bookings(Booking.objects.filter(pk__in=ahead.order_by().values("booking"))):
        if booking.may_offer_seats(now):
            seat = booking.seats.select_related("person").get(person=person)
            seat.booking, had = booking, seat.has_a_seat
            if seat.is_live:
                set_seat_state(seat, SeatState.GIVEN_UP, BookingEventKind.SEAT_GIVEN_UP, by=by, now=now)
            if had:
                notify_seats("seat-free", [seat], now, to_host=True)


def set_seat_state(seat: Seat, to: SeatState, kind: BookingEventKind, *, by: User | None, now: datetime) -> None:
    """Store the seat's new state. Its booking is locked; the database counts. Raises SeatStateChanged."""
    if not seat.can_become(to):
        raise SeatStateChanged
    seat.state, seat.version = to, seat.version + 1
    if not Seat.objects.filter(pk=seat.pk).update(state=to, version=seat.version, approved_at=seat.approved_at):
        raise SeatStateChanged
    record_event(seat.booking, kind, by=by, now=now, changes={"seat": seat.pk})


def notify_seats(kind: str, seats: Iterable[Seat], now: datetime, *, to_host: bool = False) -> None:
    """Email the guests of these seats, or the host of each. Each message has the version of its seat."""
    about = [
        NewMessage(
            f"seat:{seat.pk}", (seat.booking.person if to_host else seat.person).email, seat.booking.reference, seat.version
        )
        for seat in seats
    ]
    notify_many(about, kind=kind, now=now)


def notify_all_seats(kind: str, booking: Booking, now: datetime, *, states: Sequence[str] = LIVE_SEAT_STATES) -> None:
    """Tell everybody who has a seat, or asked for one, what became of the booking. No statement if no seat was ever offered."""
    if not booking.seats_offered:
        return
    seats = Seat.objects.filter(booking=booking, state__in=states)
    if seats.update(version=F("version") + 1):
        rows = list(seats.select_related("person").order_by("pk"))
        for seat in rows:
            seat.booking = booking
        notify_seats(kind, rows, now)


MERGE_STATE_ORDER = (SeatState.GIVEN_UP, SeatState.DECLINED, SeatState.ASKED, SeatState.APPROVED)


def merge_seats(seat: Seat, person: Person) -> None:
    """Merge `seat` with the one that this person has at the same booking: the one further on stays."""
    theirs = Seat.objects.get(booking=seat.booking_id, person=person)
    Seat.objects.filter(pk=min(seat, theirs, key=lambda each: MERGE_STATE_ORDER.index(SeatState(each.state))).pk).delete()

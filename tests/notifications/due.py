"""For each kind of email a world in which it is due, and each change, alone, that ends or doesn't end that."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from bookings.models import (
    Booking,
    BookingEvent,
    BookingEventKind,
    BookingState,
    DateOption,
    DateOptionKind,
    DateOptionState,
    Leave,
    LeaveKind,
    LeaveState,
    OpenSession,
    PlaceState,
    Presenter,
    Seat,
    SeatState,
    SessionEvent,
    SessionEventKind,
    SessionPlace,
    SessionState,
    Visit,
)
from bookings.models.booking import OPEN_BOOKING_STATES
from bookings.visits.services import minute_number
from leaflets.models import MissingParcel, MissingState, Order, OrderEvent, OrderEventKind, OrderState
from leaflets.orders.services.transitions import dispatch_order, start_packing
from privacy.models import ComplaintState
from professionals.models import Merge, Note, NoteKind, Person
from professionals.models.people import MERGE_CONFIRM_PERIOD
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import NOW, at, make_booking, make_option, make_presenter, make_request
from tests.bookings.seats.scene import make_seat
from tests.factories import make_person
from tests.leaflets.factories import make_leaflet, make_order
from tests.privacy.rows import make_complaint

START = at("13:30")
TEAM, PERSON, PRESENTER, SOMEBODY = "team@ctac.example", "sam@leeds.nhs.uk", "asha@ctac.example", "new@leeds.nhs.uk"
Change = Callable[[Any], object] | datetime  # what happens to the row that it is about; or only time passes, until then


@dataclass(frozen=True)
class Due:
    """An email to `recipient` about the row that `make` stores. No `ends`: it is always due."""

    make: Callable[[], Any]
    ends: Mapping[str, Change]
    keeps: Mapping[str, Change] = field(default_factory=dict)
    recipient: str = TEAM
    version: Callable[[Any], int] = lambda row: 0
    at: datetime = NOW


def update(**values: object) -> Change:
    return lambda row: type(row)._default_manager.filter(pk=row.pk).update(**values)


def delete(row: Any) -> None:
    row.delete()


def move_address(row: Any) -> None:
    Person.objects.filter(pk=row.person.pk).update(email=SOMEBODY)


# What the database wants to know beside a state.
WITH_STATE: dict[tuple[type[Any], str], dict[str, object]] = {
    (SeatState, SeatState.APPROVED): {"approved_at": NOW},
    (PlaceState, PlaceState.OFFERED): {"offer_expires_at": NOW + timedelta(days=1)},
    (MissingState, MissingState.OPEN): {"decided_at": None},
    (MissingState, MissingState.RESENT): {"decided_at": NOW},
    (MissingState, MissingState.CLOSED): {"decided_at": NOW},
    (ComplaintState, ComplaintState.ACKNOWLEDGED): {"acknowledged_on": NOW.date()},
    (ComplaintState, ComplaintState.ANSWERED): {"acknowledged_on": NOW.date()},
    (ComplaintState, ComplaintState.CLOSED): {"acknowledged_on": NOW.date(), "closed_at": NOW},
}


def in_states(of: type[Any], states: Iterable[str]) -> dict[str, Change]:
    return {f"is {state}": update(state=state, **WITH_STATE.get((of, state), {})) for state in of if state in set(states)}


def not_in_states(of: type[Any], states: Collection[str]) -> dict[str, Change]:
    return in_states(of, set(of) - set(states))


def booking_in(state: BookingState) -> Callable[[], Booking]:
    """Asha Patel gives it to Sam Taylor on a Monday in thirteen days."""
    return lambda: make_booking(make_presenter(email=PRESENTER), START, person=make_person(email=PERSON), state=state)


def about_booking(*states: BookingState, counted: str = "", recipient: str = TEAM, **ends: Change) -> Due:
    """Due in these states only, and while the booking's field `counted` is what it was."""
    if counted:
        ends["it has changed again"] = update(**{counted: 9})
    if recipient == PRESENTER:
        ends |= {"it has no presenter": update(presenter=None), "another gives it": give_to_another}
    others = {"another gives it": give_to_another} if recipient != PRESENTER else {}
    return Due(
        make=booking_in(states[0]),
        ends={**not_in_states(BookingState, states), **ends},
        keeps={**in_states(BookingState, states), **others},
        recipient=recipient,
        version=(lambda booking: getattr(booking, counted)) if counted else lambda booking: 0,
    )


def give_to_another(booking: Booking) -> None:
    Booking.objects.filter(pk=booking.pk).update(presenter=make_presenter())


REQUESTED, CONFIRMED, _DELIVERED, CANCELLED, DECLINED = BookingState


def reminder(recipient: str) -> Due:
    moved: dict[str, Change] = {
        "it has moved": update(starts_at=START + timedelta(days=1), ends_at=START + timedelta(days=1, hours=1)),
        "it has begun": START,
        "it has no presenter": update(presenter=None),
    }
    due = about_booking(CONFIRMED, recipient=recipient, **moved)
    return Due(due.make, due.ends, due.keeps, recipient, version=lambda booking: minute_number(booking.reminder_due_at))


def request_without_offer() -> Booking:
    booking = make_request()
    make_option(booking, make_presenter(), START)
    return booking


def offer(booking: Booking) -> DateOption:
    return make_option(booking, make_presenter(), at("15:00"), kind=DateOptionKind.PROPOSED)


def request_with_offer() -> Booking:
    booking = request_without_offer()
    offer(booking)
    return booking


def end_offers(booking: Booking) -> None:
    booking.options.proposed().update(state=DateOptionState.EXPIRED)


UNDECIDED = Due(
    request_without_offer,
    ends={
        "a time is offered": offer,
        "is cancelled": update(state=CANCELLED),
        "is declined": update(state=DECLINED),
    },
)
OFFERED = Due(
    request_with_offer,
    ends={
        "the offer has lapsed": end_offers,
        "another was offered since, and the first is gone": lambda booking: (end_offers(booking), offer(booking)),
        "is cancelled": update(state=CANCELLED),
        "is declined": update(state=DECLINED),
    },
    recipient=PERSON,
    version=lambda booking: booking.options.proposed().get().pk,
)
NEEDS_PRESENTER = Due(
    lambda: make_booking(None, START, person=make_person(email=PERSON)),
    ends={**not_in_states(BookingState, OPEN_BOOKING_STATES), "somebody gives it": give_to_another},
    keeps=in_states(BookingState, OPEN_BOOKING_STATES),
)
GIVEN_AWAY = Due(booking_in(CONFIRMED), {"it is theirs again": move_address}, in_states(BookingState, BookingState), SOMEBODY)
TAKEN_OVER = about_booking(*OPEN_BOOKING_STATES, recipient=PERSON, **{"another has it": move_address})
FREED = Due(
    booking_in(CONFIRMED),
    ends={
        "it is theirs again": lambda booking: Presenter.objects.filter(pk=booking.presenter_id).update(email="freed@ctac.example")
    },
    keeps={**in_states(BookingState, BookingState), "it has no presenter": update(presenter=None)},
    recipient="freed@ctac.example",
)
BOOKINGS = {
    "booking-requested": about_booking(REQUESTED, recipient=PERSON),
    "booking-confirmed": about_booking(CONFIRMED, recipient=PERSON),
    "booking-declined": about_booking(DECLINED, recipient=PERSON),
    "booking-cancelled": about_booking(CANCELLED, recipient=PERSON),
    "booking-offered": OFFERED,
    "booking-dates-lapsed": UNDECIDED,
    "booking-reminder": reminder(PERSON),
    "booking-reminder-week": reminder(PERSON),
    "booking-moved": about_booking(*OPEN_BOOKING_STATES, counted="sequence", recipient=PERSON),
    "booking-changed": about_booking(*OPEN_BOOKING_STATES, counted="revision", recipient=PERSON),
    "booking-given-away": GIVEN_AWAY,
    "booking-taken-over": TAKEN_OVER,
    "presenter-booked": about_booking(CONFIRMED, recipient=PRESENTER),
    "presenter-kept": about_booking(REQUESTED, recipient=PRESENTER),
    "presenter-reminder": reminder(PRESENTER),
    "presenter-reminder-week": reminder(PRESENTER),
    "presenter-cancelled": about_booking(CANCELLED, DECLINED, recipient=PRESENTER),
    "presenter-freed": FREED,
    "presenter-moved": about_booking(*OPEN_BOOKING_STATES, counted="sequence", recipient=PRESENTER),
    "presenter-changed": about_booking(*OPEN_BOOKING_STATES, counted="revision", recipient=PRESENTER),
    "staff-new-booking": about_booking(*OPEN_BOOKING_STATES),
    "staff-booking-cancelled": about_booking(CANCELLED, DECLINED),
    "staff-needs-presenter": NEEDS_PRESENTER,
    "staff-time-taken": about_booking(CONFIRMED),
    "staff-others-asked": UNDECIDED,
    "staff-dates-lapsed": UNDECIDED,
    "staff-booking-moved": about_booking(*OPEN_BOOKING_STATES, counted="sequence"),
    "staff-booking-changed": about_booking(*OPEN_BOOKING_STATES, counted="revision"),
    "duty-disclosure": Due(booking_in(CONFIRMED), ends={}, keeps=in_states(BookingState, BookingState)),
}


def change_booking(**values: object) -> Change:
    return lambda seat: Booking.objects.filter(pk=seat.booking_id).update(**values)


MOVED = {"starts_at": START + timedelta(days=1), "ends_at": START + timedelta(days=1, hours=1)}
HOST_ENDS: dict[str, Change] = {"the booking is cancelled": change_booking(state=CANCELLED), "it has begun": START}


def about_seat(*states: SeatState, **more: Change) -> Due:
    def make() -> Seat:
        booking = booking_in(CONFIRMED)()
        Booking.objects.filter(pk=booking.pk).update(seats_offered=3)
        return make_seat(booking, states[0])

    return Due(make, {**not_in_states(SeatState, states), **HOST_ENDS, **more}, in_states(SeatState, states), PERSON)


def make_cancelled_seat() -> Seat:
    return make_seat(booking_in(CANCELLED)(), SeatState.DECLINED)


def move_booking(moment: datetime) -> Change:
    columns = {"kind": BookingEventKind.RESCHEDULED, "from_state": CONFIRMED, "to_state": CONFIRMED, "at": moment}
    return lambda seat: BookingEvent.objects.create(booking_id=seat.booking_id, **columns)


SEAT_MOVED = about_seat(
    SeatState.ASKED, SeatState.APPROVED, **{"the booking has moved again": move_booking(NOW + timedelta(minutes=1))}
)
SEAT_MOVED = replace(SEAT_MOVED, keeps={**SEAT_MOVED.keeps, "this is the move that it tells of": move_booking(NOW)})
SEAT_REMINDER = replace(
    about_seat(SeatState.APPROVED, **{"the booking has moved": change_booking(**MOVED)}),
    version=lambda seat: minute_number(seat.booking.reminder_due_at),
)
SEATS = {
    "seat-asked": about_seat(SeatState.ASKED),
    "seat-free": about_seat(SeatState.GIVEN_UP),
    "seat-approved": about_seat(SeatState.APPROVED),
    "seat-declined": about_seat(SeatState.DECLINED),
    "seat-given-up": about_seat(SeatState.GIVEN_UP),
    "seat-details": about_seat(SeatState.APPROVED),
    "seat-restored": about_seat(SeatState.ASKED, SeatState.APPROVED),
    "seat-moved": SEAT_MOVED,
    "seat-cancelled": Due(make_cancelled_seat, {"the booking is restored": change_booking(state=CONFIRMED)}, recipient=PERSON),
    "seat-reminder": SEAT_REMINDER,
}
TEN = at("10:00")
SESSION_MOVED = {"starts_at": TEN + timedelta(days=1), "ends_at": TEN + timedelta(days=1, hours=1)}


def change_session(**values: object) -> Change:
    return lambda place: OpenSession.objects.filter(pk=place.session_id).update(**values)


def happen(kind: SessionEventKind, moment: datetime) -> Change:
    return lambda place: SessionEvent.objects.create(session_id=place.session_id, kind=kind, at=moment)


def session_news(kind: SessionEventKind) -> Due:
    due = about_place(*CONCERNED, **{"the same has happened again": happen(kind, NOW + timedelta(minutes=1))})
    return replace(due, keeps={**due.keeps, "this is the event that it tells of": happen(kind, NOW)})


def about_place(*states: PlaceState, **more: Change) -> Due:
    def make() -> SessionPlace:
        return make_place(make_session(make_presenter(), capacity=3), states[0])

    ends = {"the session is cancelled": change_session(state=SessionState.CANCELLED), "it has begun": TEN, **more}
    return Due(make, {**not_in_states(PlaceState, states), **ends}, in_states(PlaceState, states), PERSON)


def own_session(state: SessionState = SessionState.SCHEDULED) -> OpenSession:
    return make_session(make_presenter(email=PRESENTER), state=state)


def cancelled_session() -> OpenSession:
    return own_session(SessionState.CANCELLED)


NOT_THEIRS: dict[str, Change] = {
    "another gives it": lambda session: OpenSession.objects.filter(pk=session.pk).update(presenter=make_presenter()),
    "it has no presenter": update(presenter=None),
}
SESSION_CANCELLED: dict[str, Change] = {"it is cancelled": update(state=SessionState.CANCELLED)}
COUNTED_AGAIN: dict[str, Change] = {"it has changed again": update(sequence=9)}
CONCERNED = (PlaceState.TAKEN, PlaceState.OFFERED, PlaceState.WAITING)
PLACE_REMINDER = replace(
    about_place(PlaceState.TAKEN, **{"it has moved": change_session(**SESSION_MOVED)}),
    version=lambda place: minute_number(place.session.reminder_due_at),
)
PRESENTER_REMINDER = Due(
    own_session,
    ends={**NOT_THEIRS, **SESSION_CANCELLED, "it has begun": TEN, "it has moved": update(**SESSION_MOVED)},
    recipient=PRESENTER,
    version=lambda session: minute_number(session.reminder_due_at),
)
PLACES = {
    "place-taken": about_place(PlaceState.TAKEN),
    "place-waiting": about_place(PlaceState.WAITING),
    "place-lapsed": about_place(PlaceState.GIVEN_UP),
    "place-given-up": about_place(PlaceState.GIVEN_UP),
    "place-bumped": about_place(PlaceState.WAITING),
    "place-offered": Due(
        about_place(PlaceState.OFFERED).make,
        ends={
            "is taken": update(state=PlaceState.TAKEN, offer_expires_at=None),
            "is given up": update(state=PlaceState.GIVEN_UP, offer_expires_at=None),
            "the offer runs out": NOW + timedelta(hours=24),
        },
        recipient=PERSON,
    ),
    "session-moved": session_news(SessionEventKind.MOVED),
    "session-restored": session_news(SessionEventKind.RESTORED),
    "session-cancelled": Due(
        lambda: make_place(cancelled_session()),
        {"it is restored": change_session(state=SessionState.SCHEDULED)},
        recipient=PERSON,
    ),
    "session-reminder": PLACE_REMINDER,
    "session-reminder-week": PLACE_REMINDER,
    "session-for-presenter": Due(own_session, {**NOT_THEIRS, **SESSION_CANCELLED, **COUNTED_AGAIN}, recipient=PRESENTER),
    "session-closed-for-presenter": Due(
        cancelled_session,
        ends={"it is restored": update(state=SessionState.SCHEDULED)},
        keeps={**NOT_THEIRS, "it is restored for another": update(state=SessionState.SCHEDULED, presenter=None)},
        recipient=PRESENTER,
    ),
    "session-presenter-reminder": PRESENTER_REMINDER,
    "session-presenter-reminder-week": PRESENTER_REMINDER,
    "staff-session-needs-presenter": Due(
        lambda: make_session(None), {"somebody gives it": NOT_THEIRS["another gives it"], **SESSION_CANCELLED, **COUNTED_AGAIN}
    ),
}


def about_order(states: Collection[OrderState], recipient: str = PERSON) -> Due:
    def make() -> Order:
        order = make_order(make_person(email=PERSON), NOW)
        Order.objects.filter(pk=order.pk).update(state=next(state for state in OrderState if state in states))
        return order

    return Due(make, not_in_states(OrderState, states), in_states(OrderState, states), recipient)


NOT_CANCELLED = set(OrderState) - {OrderState.CANCELLED}
OPEN = {OrderState.REQUESTED, OrderState.RECEIVED, OrderState.WAITING, OrderState.PACKING}


def change_order(order: Order) -> None:
    OrderEvent.objects.create(order=order, kind=OrderEventKind.CHANGED, at=NOW)


def changed_order() -> Order:
    order = about_order(OPEN).make()
    change_order(order)
    return order


CHANGED = Due(
    changed_order,
    ends={**not_in_states(OrderState, OPEN), "it has changed again": change_order},
    keeps={**in_states(OrderState, OPEN), "another order changes": lambda order: change_order(make_order(make_person(), NOW))},
    recipient=PERSON,
    version=lambda order: 1,
)
ORDERS = {
    "order-received": about_order(NOT_CANCELLED),
    "order-requested": about_order({OrderState.REQUESTED}),
    "order-approved": about_order({OrderState.RECEIVED, OrderState.WAITING, OrderState.PACKING, OrderState.DISPATCHED}),
    "order-declined": about_order({OrderState.DECLINED}),
    "order-stocked": about_order({OrderState.RECEIVED, OrderState.PACKING}),
    "order-changed": CHANGED,
    "order-cancelled": about_order({OrderState.CANCELLED}),
    "order-restored": about_order(OPEN),
    "staff-new-order": about_order(NOT_CANCELLED, TEAM),
    "staff-order-request": about_order({OrderState.REQUESTED}, TEAM),
}


def about_leave(state: LeaveState) -> Due:
    def make() -> Leave:
        columns = {"presenter": make_presenter(), "starts_at": START, "ends_at": START + timedelta(hours=1), "created_at": NOW}
        return Leave.objects.create(kind=LeaveKind.OTHER, state=state, **columns)

    return Due(make, {**not_in_states(LeaveState, [state]), "it is taken back": delete})


LEAVE = {
    "leave-asked": about_leave(LeaveState.ASKED),
    "leave-entered": about_leave(LeaveState.GRANTED),
    "leave-granted": about_leave(LeaveState.GRANTED),
    "leave-refused": about_leave(LeaveState.REFUSED),
}
TO_COMPLAINANT = Due(
    make_complaint,
    ends={"they are erased": update(anonymised_at=NOW), "they have no address": update(email="")},
    keeps=in_states(ComplaintState, ComplaintState),
    recipient=PERSON,
)
COMPLAINT_TO_STAFF = Due(make_complaint, not_in_states(ComplaintState, [ComplaintState.RECEIVED]))
COMPLAINTS = {
    **dict.fromkeys(("complaint-received", "complaint-acknowledged", "complaint-progress", "complaint-answered"), TO_COMPLAINANT),
    **dict.fromkeys(("staff-complaint", "staff-complaint-due"), COMPLAINT_TO_STAFF),
}


def at_visit(**columns: object) -> Callable[[Booking], object]:
    """What the presenter, or a colleague, has said of the visit."""
    return lambda booking: Visit.objects.update_or_create(booking=booking, defaults={"presenter": booking.presenter, **columns})


MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TAKEN_ON: dict[str, Change] = {"a colleague is on it": at_visit(taken_on_at=START + 95 * MINUTE)}
TAKEN_ON_BEFORE: dict[str, Change] = {"a colleague was on an earlier alarm": at_visit(taken_on_at=START - 5 * MINUTE)}
FIVE_EARLIER = update(starts_at=START - 5 * MINUTE, ends_at=START + 55 * MINUTE)
CHECK_IN_ENDS: dict[str, Change] = {
    "they have checked in": at_visit(checked_in_at=START),
    "the visit is cancelled": update(state=CANCELLED),
    "it has moved a little": FIVE_EARLIER,
    "the check-out is missed too": START + 95 * MINUTE,
}
CHECK_OUT_ENDS: dict[str, Change] = {
    "they have checked out": at_visit(checked_in_at=START, checked_out_at=START + 70 * MINUTE),
    "it has moved a little": FIVE_EARLIER,
    "they ask for help": lambda booking: at_visit(help_at=START, seeks_help=booking.presenter)(booking),
}


def overdue(minutes: int, ends: Mapping[str, Change], keeps: Mapping[str, Change]) -> Due:
    return Due(booking_in(CONFIRMED), ends, keeps, version=lambda booking: minute_number(START), at=START + minutes * MINUTE)


def late_booking() -> Booking:
    booking = booking_in(CONFIRMED)()
    Visit.objects.create(booking=booking, presenter=booking.presenter, late_until=START + 20 * MINUTE)
    return booking


LATE = Due(
    late_booking,
    ends={
        **not_in_states(BookingState, [CONFIRMED]),
        "they are there": at_visit(checked_in_at=START),
        "they are back": at_visit(checked_out_at=START),
        "they are not late": at_visit(late_until=None),
        "they are later": at_visit(late_until=START + 30 * MINUTE),
        "nothing is known of it": lambda booking: Visit.objects.filter(booking=booking).delete(),
    },
    recipient=PERSON,
    version=lambda booking: minute_number(START + 20 * MINUTE),
)


def lose_presenter_again(booking: Booking) -> None:
    columns = {"kind": BookingEventKind.PRESENTER_FREED, "from_state": CONFIRMED, "to_state": CONFIRMED}
    BookingEvent.objects.create(booking=booking, at=START - 2 * DAY, **columns)


STILL_NO_PRESENTER = Due(
    NEEDS_PRESENTER.make,
    ends={
        **not_in_states(BookingState, [CONFIRMED]),
        "somebody gives it": give_to_another,
        "it has begun": START,
        "it has lost another": lose_presenter_again,
    },
    version=lambda booking: minute_number(START),
    at=START - DAY,
)
NO_JOINING_LINK = Due(
    lambda: make_booking(make_presenter(joining_link=""), START, postcode=""),
    ends={
        **not_in_states(BookingState, [CONFIRMED]),
        "it has a link": update(own_joining_link="https://meet.example/own"),
        "its presenter has a link": lambda booking: Presenter.objects.filter(pk=booking.presenter_id).update(
            joining_link="https://meet.example/a"
        ),
        "it has begun": START,
        "it has moved a little": FIVE_EARLIER,
    },
    version=lambda booking: minute_number(START),
    at=START - timedelta(hours=3),
)
VISITS = {
    "staff-no-check-in": overdue(20, {**CHECK_IN_ENDS, **TAKEN_ON}, TAKEN_ON_BEFORE),
    "staff-no-check-out": overdue(95, {**CHECK_OUT_ENDS, **TAKEN_ON}, TAKEN_ON_BEFORE),
    "manager-no-check-in": overdue(20, CHECK_IN_ENDS, TAKEN_ON),
    "manager-no-check-out": overdue(95, CHECK_OUT_ENDS, TAKEN_ON),
    "duty-alarm": Due(
        booking_in(CONFIRMED),
        ends={**TAKEN_ON, "they have checked in": at_visit(checked_in_at=START), "it has rung again": START + 26 * MINUTE},
        keeps=TAKEN_ON_BEFORE,
        version=lambda booking: minute_number(START + 15 * MINUTE),
        at=START + 20 * MINUTE,
    ),
    "booking-late": LATE,
    "staff-still-no-presenter": STILL_NO_PRESENTER,
    "staff-no-joining-link": NO_JOINING_LINK,
}


def missing_in(state: MissingState) -> Callable[[], MissingParcel]:
    def make() -> MissingParcel:
        order = make_order(make_person(email=PERSON), NOW)
        start_packing(order=order, by=None, now=NOW)
        parcel = dispatch_order(order=order, by=None, now=NOW)
        columns = {"reported_at": NOW, "state": state, **WITH_STATE.get((MissingState, state), {})}
        return MissingParcel.objects.create(parcel=parcel, **columns)

    return make


def about_missing(state: MissingState, recipient: str = PERSON) -> Due:
    return Due(missing_in(state), not_in_states(MissingState, [state]), recipient=recipient)


def resent() -> MissingParcel:
    missing = missing_in(MissingState.RESENT)()
    order = make_order(missing.parcel.order.person, NOW)
    Order.objects.filter(pk=order.pk).update(replaces=missing)
    return missing


def cancel_new_order(missing: MissingParcel) -> None:
    Order.objects.filter(replaces=missing).update(state=OrderState.CANCELLED)


MISSING = {
    "order-missing": about_missing(MissingState.OPEN),
    "staff-order-missing": about_missing(MissingState.OPEN, TEAM),
    "order-not-resent": about_missing(MissingState.CLOSED),
    "order-resent": Due(resent, {"the new order is cancelled": cancel_new_order}, recipient=PERSON),
}


def inactive_person() -> Person:
    person = make_person(email=PERSON)
    Person.objects.filter(pk=person.pk).update(created_at=NOW - 3650 * DAY)
    User.objects.filter(person=person).update(date_joined=NOW - 3650 * DAY, last_login=NOW - 3650 * DAY)
    return person


def sign_in(person: Person) -> None:
    User.objects.filter(person=person).update(last_login=NOW)


def merge_row(**columns: Any) -> Merge:
    return Merge.objects.create(person=make_person(), asked_at=NOW, **columns)


def lose_account(merge: Merge) -> None:
    Person.objects.filter(merges=merge).update(user=None)


PEOPLE = {
    "account-goes": Due(
        inactive_person, {"they sign in": sign_in, "their address is another": update(email=SOMEBODY)}, recipient=PERSON
    ),
    "letter": Due(
        lambda: Note.objects.create(person=make_person(email=PERSON), kind=NoteKind.LETTER, text="Words", at=NOW),
        ends={"their address is another": move_address, "it is deleted": delete},
        recipient=PERSON,
    ),
    "merge-asked": Due(
        lambda: merge_row(other=make_person()),
        ends={
            "it is done": update(merged_at=NOW, other=None),
            "nobody answered": NOW + MERGE_CONFIRM_PERIOD,
            "it is deleted": delete,
        },
        recipient=PERSON,
    ),
    "merge-done": Due(
        lambda: merge_row(merged_at=NOW), {"the account is closed": lose_account, "it is deleted": delete}, recipient=PERSON
    ),
}
ALWAYS = Due(lambda: make_person(email=PERSON), ends={})
DUE: dict[str, Due] = {
    **BOOKINGS,
    **SEATS,
    **PLACES,
    **ORDERS,
    **LEAVE,
    **COMPLAINTS,
    **VISITS,
    **MISSING,
    **PEOPLE,
    "leaflet-back": Due(make_leaflet, {"the leaflet is gone": delete}, recipient=PERSON),
    "address-objection": ALWAYS,
    "mail-test": ALWAYS,
}
# Their worlds take more than a row: each is asked in this file.
ELSEWHERE = {
    "bookings/booking/test_escalating.py": ("manager-requests-waiting",),
    "bookings/feedback/test_confidence.py": ("three-months-on",),
    "bookings/feedback/test_leaflets_and_reminders.py": ("booking-afterwards", "year-later"),
    "bookings/feedback/test_sessions.py": ("session-afterwards",),
    "bookings/open_sessions/test_invitations.py": ("session-invitation",),
    "bookings/open_sessions/test_session_mail.py": ("session-details",),
    "bookings/open_sessions/test_warning.py": ("session-unsure", "staff-session-unsure"),
    "bookings/presenter/test_agenda.py": ("presenter-agenda",),
    "bookings/visits/test_checks.py": ("checks-end", "checks-end-for-team"),
    "leaflets/catalogue/test_edition_news.py": ("new-edition",),
    "leaflets/dispatch/test_posting.py": ("order-dispatched",),
    "leaflets/recalls/test_recalling.py": ("edition-recalled",),
    "leaflets/stock/test_forecast.py": ("staff-low-stock",),
    "notifications/test_gathering.py": ("staff-digest",),
    "professionals/test_safeguarding.py": ("safeguarding-flag",),
    "reach/test_invitations.py": ("visit-invitation",),
    "reach/test_regional_session.py": ("session-invitation-nearby", "session-invitation-regional"),
    "reach/test_role_mailboxes.py": ("mailbox-invitation",),
}

"""Which email tells whom of what. Rows of the outbox, written in the transaction of the thing itself.

A message's version is the booking's calendar sequence: what was superseded before it went out is dropped (bookings.mail).
Reminders are written when they fall due (bookings.services.reminding).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.conf import settings

from bookings.models import Booking, DateOption, Presenter, State
from notifications.models import Notification
from notifications.services.writing import About, Later, notify_about, notify_each
from professionals.models import Person

Told = dict[str, Iterable[str]]


def tell(kinds: Told, booking: Booking, now: datetime, *, version: int | None = None, later: Sequence[Later] = ()) -> None:
    """Each kind to those addresses; the empty ones are left out."""
    number = booking.sequence if version is None else version
    notify_each(kinds, about=f"booking:{booking.pk}", now=now, reference=booking.reference, version=number, later=later)


def tell_once(told: Mapping[str, Sequence[About]], now: datetime) -> int:
    """Each kind to those with an address of whom no message of that kind and version is written yet; how many.

    For what runs every few minutes: what is written already is left alone without trying.
    """
    abouts = {each.about for those in told.values() for each in those}
    rows = Notification.objects.filter(kind__in=list(told), about__in=abouts).values_list("kind", "about", "version")
    written, count = set(rows), 0
    for kind, those in told.items():
        new = [each for each in those if each.to and (kind, each.about, each.version) not in written]
        notify_about(new, kind=kind, now=now, left_to_sweep=True)
        count += len(new)
    return count


def tell_booked(booking: Booking, now: datetime) -> None:
    """The professional, the presenter and staff."""
    staff: Told = {"staff-new-booking": [settings.STAFF_EMAIL]}
    if booking.state == State.CONFIRMED:
        tell({**confirmed(booking), **staff}, booking, now)
    else:
        tell({"booking-requested": [booking.person.email], **kept(booking), **staff}, booking, now)


def tell_confirmed(booking: Booking, now: datetime) -> None:
    """The professional and the presenter; staff said it themselves."""
    tell(confirmed(booking), booking, now)


def tell_declined(booking: Booking, now: datetime) -> None:
    """The professional, and the presenter, whose time is free again. Staff said it themselves."""
    tell({"booking-declined": [booking.person.email], "presenter-cancelled": presenters(booking)}, booking, now)


def tell_cancelled(booking: Booking, now: datetime) -> None:
    to_us: Told = {"presenter-cancelled": presenters(booking), "staff-booking-cancelled": [settings.STAFF_EMAIL]}
    tell({"booking-cancelled": [booking.person.email], **to_us}, booking, now)


def tell_freed(booking: Booking, presenter: Presenter, now: datetime) -> None:
    """The presenter no longer has it; staff read that it needs another."""
    tell({"staff-needs-presenter": [settings.STAFF_EMAIL]}, booking, now)
    tell({"presenter-freed": [presenter.email]}, booking, now, version=booking.withdrawal_sequence)


def tell_reassigned(booking: Booking, before: Presenter | None, now: datetime) -> None:
    """The presenter now and the one before; the professional only of what is confirmed."""
    freed: Told = {"presenter-freed": [before.email] if before else []}
    if booking.state == State.CONFIRMED:
        tell({**confirmed(booking), **freed}, booking, now)
    else:
        tell({**kept(booking), **freed}, booking, now)


def tell_link(booking: Booking, now: datetime, *, presenter_too: bool = True) -> None:
    """Who joins an online presentation reads where; its calendar entry comes anew with it."""
    told = confirmed(booking)
    if not presenter_too:
        told.pop("presenter-booked")
    tell(told, booking, now)


def tell_rescheduled(booking: Booking, before: Presenter | None, now: datetime, *, by_staff: bool) -> None:
    """Its owner, who gives it now, who gave it before, and the team unless they did it."""
    stays = before == booking.presenter
    taken = "presenter-booked" if booking.state == State.CONFIRMED else "presenter-kept"
    told: Told = {
        "booking-moved": [booking.person.email],
        "presenter-moved" if stays else taken: presenters(booking),
        "presenter-freed": [before.email] if before and not stays else [],
        "staff-booking-moved": [] if by_staff else [settings.STAFF_EMAIL],
    }
    tell(told, booking, now)


def tell_handed_over(booking: Booking, before: Person, now: datetime) -> None:
    """Who had it, who has it now, and its presenter anew: what was on its way to them has an older number."""
    taken: Told = {"presenter-booked" if booking.state == State.CONFIRMED else "presenter-kept": presenters(booking)}
    tell({"booking-given-away": [before.email], "booking-taken-over": [booking.person.email], **taken}, booking, now)


def tell_details_changed(booking: Booking, now: datetime, *, by_staff: bool) -> None:
    """Its owner and its presenter; the team if they still have to decide or to find a presenter.

    Their version is the count of such changes.
    """
    undecided = booking.state == State.REQUESTED or booking.presenter is None
    told: Told = {
        "booking-changed": [booking.person.email],
        "presenter-changed": presenters(booking),
        "staff-booking-changed": [settings.STAFF_EMAIL] if undecided and not by_staff else [],
    }
    tell(told, booking, now, version=booking.revision)


def tell_afterwards(booking: Booking, closes_at: datetime, now: datetime) -> None:
    """Its owner, once it is over: how it was, leaflets for who came, a certificate."""
    due_at = max(now, booking.agreed[1])
    if due_at < closes_at:
        tell({}, booking, now, later=[Later("booking-afterwards", [booking.person.email], due_at, closes_at)])


# Of a request's dates. What is told of them again and again has the newest of them as its version.


def tell_offered(booking: Booking, options: Sequence[DateOption], now: datetime) -> None:
    """The professional, who chooses; staff offered them themselves."""
    tell({"booking-offered": [booking.person.email]}, booking, now, version=max(option.pk for option in options))


def tell_freed_of_request(booking: Booking, presenter: Presenter | None, now: datetime) -> None:
    """The presenter who kept the time of a request that has other times offered."""
    tell({"presenter-freed": [presenter.email] if presenter else []}, booking, now)


def tell_time_taken(booking: Booking, now: datetime) -> None:
    """The professional chose one of the times offered: all three sides."""
    tell({**confirmed(booking), "staff-time-taken": [settings.STAFF_EMAIL]}, booking, now)


def tell_others_asked(booking: Booking, newest: int, now: datetime) -> None:
    tell({"staff-others-asked": [settings.STAFF_EMAIL]}, booking, now, version=newest)


def tell_lapsed(booking: Booking, newest: int, now: datetime) -> None:
    """The professional and staff."""
    both: Told = {"booking-dates-lapsed": [booking.person.email], "staff-dates-lapsed": [settings.STAFF_EMAIL]}
    tell(both, booking, now, version=newest)


def confirmed(booking: Booking) -> Told:
    return {"booking-confirmed": [booking.person.email], "presenter-booked": presenters(booking)}


def kept(booking: Booking) -> Told:
    return {"presenter-kept": presenters(booking)}


def presenters(booking: Booking) -> list[str]:
    """The presenter's address, if it has one."""
    return [booking.presenter.email] if booking.presenter else []

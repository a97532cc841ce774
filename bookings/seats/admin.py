"""Spare seats for staff: on a booking's page, what its host offers and who comes; each button does it for the host."""

from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, CharField, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from bookings.models import Booking, Seat, SeatState
from bookings.seats.forms import ChosenSeatForm, OfferSeatsForm
from bookings.seats.queries import MAX_GUESTS_SHOWN, guest_text, profession_labels
from bookings.seats.services import approve_seat, close_seat_offer, decline_seat, give_up_seat, offer_seats
from core.dates import format_day
from professionals.models import Person
from staff.actions import ObjectAction


def seats_text(booking: Booking, now: datetime) -> str:
    """'2 of 4 spare seats are given. …' and a line for each guest. No statement if no seat was ever offered."""
    if not booking.seats_offered:
        return ""
    figures = {"given": booking.seats_taken, "offered": booking.seats_offered}
    lines = [gettext("%(given)d of %(offered)d spare seats are given.") % figures]
    if booking.seats_until and booking.has_open_seats(now):
        until = {"day": format_day(booking.seats_until), "professions": ", ".join(profession_labels(booking))}
        lines.append(gettext("Offered until the end of %(day)s to: %(professions)s.") % until)
    for seat in booking.seats.with_related()[:MAX_GUESTS_SHOWN]:
        needs = gettext("Needs: %(needs)s") % {"needs": seat.access_needs} if seat.access_needs else ""
        lines.append(" ".join(filter(None, [f"{seat.get_state_display()}: {guest_text(seat)}.", needs])))
    return "\n".join(lines)


def may_offer(booking: Booking) -> bool:
    return booking.may_offer_seats(timezone.now())


def build_seat_action(slug: str, label: Any, service: Any, states: tuple[str, ...], explanation: Any, done: Any) -> ObjectAction:
    """The host's or the guest's own step, taken for them after a phone call.

    Whether it is available costs no statement if no seat was ever offered.
    """

    def available(booking: Booking) -> bool:
        return bool(booking.seats_offered) and may_offer(booking) and booking.seats.filter(state__in=states).exists()

    return ObjectAction(
        slug,
        label,
        lambda _booking, *, seat, **how: service(seat, **how),
        available=available,
        form_class=ChosenSeatForm,
        form_kwargs=lambda booking: {"seats": booking.seats.filter(state__in=states).with_related()},
        explanation=explanation,
        done=done,
    )


SEAT_ACTIONS = (
    ObjectAction(
        "seats-offer",
        gettext_lazy("Offer spare seats"),
        offer_seats,
        available=may_offer,
        form_class=OfferSeatsForm,
        form_kwargs=lambda booking: {"booking": booking, "now": timezone.now()},
        explanation=gettext_lazy(
            "Do this only if the host asks you to. Professionals who work near the host can then ask for a seat. The host "
            "will get an email about each of them, and says yes or no."
        ),
        done=gettext_lazy("The spare seats are offered."),
    ),
    ObjectAction(
        "seats-close",
        gettext_lazy("Stop offering seats"),
        close_seat_offer,
        available=lambda booking: booking.seats_until is not None and may_offer(booking),
        explanation=gettext_lazy("Nobody else can ask for a seat. Guests who have a seat keep it."),
        done=gettext_lazy("No more seats are offered."),
    ),
    build_seat_action(
        "seat-give",
        gettext_lazy("Give a guest a seat"),
        approve_seat,
        (SeatState.ASKED,),
        gettext_lazy(
            "Do this only if the host said yes. The guest will get an email with the address and the contact on the day."
        ),
        gettext_lazy("The guest has a seat and will get an email."),
    ),
    build_seat_action(
        "seat-decline",
        gettext_lazy("Decline a guest"),
        decline_seat,
        (SeatState.ASKED, SeatState.APPROVED),
        gettext_lazy(
            "Do this only if the host said no, or takes the seat back. The guest will get a kind email. If a seat is taken back "
            "online, the team gets a new link: tell the host to share it, from the booking’s page."
        ),
        gettext_lazy("The guest has no seat and will get an email."),
    ),
    build_seat_action(
        "seat-give-up",
        gettext_lazy("Give up a guest’s seat"),
        give_up_seat,
        (SeatState.ASKED, SeatState.APPROVED),
        gettext_lazy(
            "Do this if the guest can’t come. The guest will get an email, and so will the host of a seat that was given."
        ),
        gettext_lazy("The guest’s seat is given up."),
    ),
)


SEAT_ASKED_KIND = "as_guest"  # stands where a booking's event has its kind


def asked_seat_rows(person: Person) -> QuerySet[Any, Any]:
    """The seats that somebody asked for, in the columns in which their own bookings are read: one statement reads both."""
    nobody, no_event = Value("", CharField()), Value(None, BigIntegerField())
    what = Value(SEAT_ASKED_KIND, CharField()), Value("", CharField()), Value(False)
    seats = Seat.objects.filter(person=person)
    return seats.values_list("created_at", nobody, "booking", "booking__reference", "state", no_event, *what)


def seat_asked_text(state: str) -> str:
    return gettext("Asked for a seat as a guest (now: %(state)s)") % {"state": SeatState(state).label}

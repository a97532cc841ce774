"""What presenters and staff do on the day of a visit, at the moments that its times give."""

from datetime import datetime, timedelta

from bookings.booking.services import assign
from bookings.models import Booking, Presenter
from bookings.visits import services as visits_services
from tests.races.driver.client import Actor, NothingThere

WEIGHTS = {
    "check_in": 25,
    "check_out": 20,
    "say_safe": 15,
    "watch": 15,
    "set_joining_link": 15,
}


def visit_of_today(actor: Actor) -> Booking:
    """One that has a time and a presenter, mostly confirmed."""
    rows = Booking.objects.filter(person__in=actor.people, presenter__isnull=False, starts_at__isnull=False)
    return actor.one_of(rows.select_related("presenter"))


def check_in(actor: Actor) -> None:
    """Twice, as a thumb does; from two phones at the same moment if two clients draw it."""
    booking = visit_of_today(actor)
    for _tap in range(2):
        visits_services.check_in(booking=booking, presenter=presenter_of(booking), by=actor.staff(), now=booking.agreed_times[0])


def check_out(actor: Actor) -> None:
    booking = visit_of_today(actor)
    for _tap in range(2):
        visits_services.check_out(booking=booking, presenter=presenter_of(booking), by=actor.staff(), now=booking.agreed_times[1])


def say_safe(actor: Actor) -> None:
    booking = visit_of_today(actor)
    visits_services.confirm_presenter_safe(booking=booking, by=actor.staff(), now=an_hour_later(booking), note="Spoke to them")


def watch(actor: Actor) -> None:
    """As the task does for each booking that it finds."""
    booking = visit_of_today(actor)
    visits_services.alert_staff(key=booking.pk, now=an_hour_later(booking))


def set_joining_link(actor: Actor) -> None:
    link = actor.chance.choice(["", "https://meet.example/1", "https://meet.example/2"])
    assign.set_joining_link(booking=visit_of_today(actor), link=link, by=actor.staff(), now=actor.now)


def presenter_of(booking: Booking) -> Presenter:
    if booking.presenter is None:
        raise NothingThere
    return booking.presenter


def an_hour_later(booking: Booking) -> datetime:
    return booking.agreed_times[1] + timedelta(hours=1)

"""What staff and presenters do about when a presenter can be booked: leave, other hours on some days, the hours of the week."""

from datetime import time, timedelta

from bookings.leave import services as leave_services
from bookings.models import AvailabilityException, Leave
from bookings.schedule import services as schedule_services
from tests.races.driver.client import Actor

WEIGHTS = {
    "record_leave": 25,
    "end_leave": 28,
    "ask_for_leave": 20,
    "grant_leave": 20,
    "refuse_leave": 8,
    "come_back": 12,
    "set_days": 10,
    "take_back_days": 10,
    "set_week": 6,
}


def record_leave(actor: Actor) -> None:
    start = actor.start()
    until = start + timedelta(minutes=30 * actor.chance.randint(1, 16))
    leave_services.record_leave(
        presenter=actor.presenter(), starts_at=start, ends_at=until, kind="illness", by=actor.staff(), now=actor.now
    )


def end_leave(actor: Actor) -> None:
    leave = actor.one_of(Leave.objects.filter(presenter__in=actor.world["presenters"]))
    leave_services.end_leave(leave=leave, by=actor.staff(), now=actor.now)


def ask_for_leave(actor: Actor) -> None:
    """By a presenter: one in three is ill, which holds at once."""
    start, presenter = actor.start(), actor.presenter()
    until, kind = (
        start + timedelta(minutes=30 * actor.chance.randint(1, 16)),
        actor.chance.choice(["illness", "holiday", "other"]),
    )
    asked = {"presenter": presenter, "starts_at": start, "ends_at": until, "kind": kind}
    leave_services.ask_for_leave(**asked, by=presenter.user, now=actor.now)


def any_leave(actor: Actor, **which: str) -> Leave:
    return actor.one_of(Leave.objects.filter(presenter__in=actor.world["presenters"], **which))


def grant_leave(actor: Actor) -> None:
    leave_services.grant_leave(leave=any_leave(actor, state="asked"), by=actor.staff(), now=actor.now)


def refuse_leave(actor: Actor) -> None:
    leave_services.refuse_leave(leave=any_leave(actor, state="asked"), answer="Not then", by=actor.staff(), now=actor.now)


def come_back(actor: Actor) -> None:
    leave_services.return_from_leave(leave=any_leave(actor), by=None, now=actor.now)


def set_days(actor: Actor) -> None:
    """Other hours, or none, on a day or two; what is booked then stays."""
    day = actor.start().date()
    hours = actor.chance.choice([[], [(time(9), time(13))], [(time(8), time(11)), (time(14), time(18))]])
    last = day + timedelta(days=actor.chance.randint(0, 1))
    schedule_services.set_exception_hours(
        presenter=actor.presenter(), first_day=day, last_day=last, hours=hours, own=True, now=actor.now
    )


def take_back_days(actor: Actor) -> None:
    exception = actor.one_of(AvailabilityException.objects.filter(presenter__in=actor.world["presenters"]))
    schedule_services.end_exception(exception=exception, own=True, now=actor.now)


def set_week(actor: Actor) -> None:
    hours = [schedule_services.WeekdayHours(weekday, time(9), time(17)) for weekday in range(5) if actor.chance.random() < 0.9]
    first = actor.start().date()
    last = actor.chance.choice([None, first + timedelta(days=2)])
    schedule_services.set_weekly_hours(
        presenter=actor.presenter(), hours=hours, first_day=first, last_day=last, own=True, now=actor.now
    )

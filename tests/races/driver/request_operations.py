"""What a client can do about requests with dates of one's own, beside what operations.py lists."""

from datetime import timedelta
from typing import Any

from django.db import transaction

from bookings.booking.services import decide, request as request_services
from bookings.models import BusyTime, DateOption, Precision, Presenter
from bookings.schedule import holds
from tests.bookings.rows import unsaved_booking
from tests.races.driver.client import Actor
from tests.races.driver.operations import DETAILS, TYPED, WORKPLACE, any_booking, place_of, polite, went_on
from tests.races.driver.world import PLACES

WEIGHTS = {
    "request_dates": 70,
    "request_page": 12,
    "offer_times": 50,
    "agree_time": 20,
    "take_offer": 40,
    "take_offer_page": 12,
    "ask_for_others": 10,
    "dates_run_out": 8,
    "lapse_dates": 15,
}


def dates(actor: Actor, presentation: Any) -> list[Any]:
    starts = {actor.start() for _each in range(actor.chance.randint(1, 3))}
    return [holds.PreferredDate(Precision.TIME, start, start + presentation.length) for start in sorted(starts)]


def request_dates(actor: Actor) -> None:
    person, presentation, (how, address) = actor.person(), actor.chance.choice(actor.presentations), place_of(actor)
    where = {"presentation": presentation, "format": how, "address": address, "details": DETAILS}
    booking = unsaved_booking(person, request_reason="Clinics", **where)
    request_services.request_dates(booking=booking, dates=dates(actor, presentation), by=person.user, now=actor.now)


def request_page(actor: Actor) -> bool:
    page, presentation, start = actor.page_of(actor.person()), actor.chance.choice(actor.presentations), actor.start()
    path = f"/book/{presentation.slug}"
    typed = {"reason": "Clinics", "day_1": f"{start:%d %m %Y}", "part_1": "time", "clock_1": f"{start:%H:%M}"}
    with polite():
        page.post_form(f"{path}/where/", postcode=actor.chance.choice(PLACES), **WORKPLACE, **TYPED)
        page.post_form(f"{path}/dates/", **typed)
        return went_on(page.send(f"{path}/check/", page.get(f"{path}/check/").form("token")), "/placed/")


def offer_times(actor: Actor) -> None:
    starts = {actor.start() for _each in range(actor.chance.randint(1, 3))}
    booking = any_booking(actor, state="requested")
    decide.offer_times(booking=booking, starts=sorted(starts), by=actor.staff(), now=actor.now, override_reason="They asked")


def agree_time(actor: Actor) -> None:
    """One of its dates, or any time."""
    booking = any_booking(actor, state="requested")
    option = booking.options.filter(precision="time").last()
    start = option.starts_at if option and actor.chance.random() < 0.7 else actor.start()
    decide.agree_time(booking=booking, start=start, by=actor.staff(), now=actor.now, override_reason="They asked")


def an_offer(actor: Actor) -> DateOption:
    rows = DateOption.objects.filter(kind="proposed", booking__person__in=actor.people)
    open_ones = rows.filter(state="open") if actor.chance.random() < 0.9 else rows
    return actor.one_of(open_ones.select_related("booking__person__user"))


def take_offer(actor: Actor) -> None:
    option = an_offer(actor)
    decide.take_offer(booking=option.booking, option=option, by=option.booking.person.user, now=actor.now)


def take_offer_page(actor: Actor) -> bool:
    option = an_offer(actor)
    page, path = actor.page_of(option.booking.person), f"/bookings/{option.booking.reference}/answer/"
    with polite():
        return went_on(page.send(path, page.get(path).form("answer"), answer=f"take-{option.pk}"))


def ask_for_others(actor: Actor) -> None:
    booking = an_offer(actor).booking
    decide.ask_for_other_times(booking=booking, words="Fridays", by=booking.person.user, now=actor.now)


def dates_run_out(actor: Actor) -> None:
    with transaction.atomic():
        presenter = Presenter.objects.select_for_update(no_key=True).get(pk=actor.presenter().pk)
        past = actor.now - timedelta(seconds=1)
        kept = BusyTime.objects.filter(presenter=presenter, kind="option")
        DateOption.objects.filter(pk__in=list(kept.values_list("option", flat=True))).update(expires_at=past)
        kept.update(expires_at=past)


def lapse_dates(actor: Actor) -> None:
    """As beat does it, in two places at once."""
    found = [booking for booking in decide.bookings_with_lapsed_dates(actor.now) if booking.person in actor.people]
    for booking in found[:3]:
        decide.lapse_booking_dates(booking=booking, now=actor.now)

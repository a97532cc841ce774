"""Races about requests: what is offered is booked, answered, declined and lapses at the same moment, two staff decide at once.

Each pair in both orders through a gate, and a negative control at the server without locks.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from tests.live.clients import Client, inside
from tests.races import gates
from tests.races.stage import UNRECOGNISED, Scene, Stage
from tests.races.visits import (
    BOOK,
    book,
    check_form,
    is_gone,
    press_book,
    read_form,
    reference_of,
    say_where,
    staff_action,
    to_check_page,
)

BOOKING = "bookings/booking"
REASON = {"override_reason": "Asked for on the phone"}


def ask(client: Client, scene: Scene, *clocks: str) -> str:
    """A request for these times of the scene's day; the reference."""
    return reference_of(press_book(client, ready_to_ask(client, scene, *clocks)))


def ready_to_ask(client: Client, scene: Scene, *clocks: str) -> Any:
    say_where(client, scene.postcode)
    day = f"{scene.days[0]:%d %m %Y}"
    typed = {
        f"{what}_{number}": value for number, clock in enumerate(clocks, 1) for what, value in (("day", day), ("clock", clock))
    }
    assert client.post_form(f"{BOOK}/dates/", reason="Clinics", **typed).outcome == (302, f"{BOOK}/check/")
    return check_form(client)


def key_of(stage: Stage, reference: str) -> int:
    [(key,)] = stage.live.query("SELECT id FROM bookings_booking WHERE reference = %s", reference)
    return int(key)


def ready_to_offer(stage: Stage, scene: Scene, reference: str, clock: str, *, number: int = 0, base_url: str = "") -> Any:
    day = {"day": f"{scene.days[0]:%d %m %Y}", "clock": clock, "presenter": str(scene.presenter)}
    return staff_action(stage.staff(number, base_url), BOOKING, key_of(stage, reference), "offer", **day, **REASON)


def offered(stage: Stage, scene: Scene, client: Client, clock: str = "12:00") -> tuple[str, int]:
    """A request with one time offered; its reference and the key of the offer."""
    reference = ask(client, scene, "09:00")
    assert ready_to_offer(stage, scene, reference, clock)().status == 302
    [(option,)] = stage.live.query(
        "SELECT o.id FROM bookings_dateoption o JOIN bookings_booking b ON b.id = o.booking_id "
        "WHERE reference = %s AND o.kind = 'proposed' AND o.state = 'open'",
        reference,
    )
    return reference, option


def ready_to_take(client: Client, reference: str, option: int) -> Any:
    path = f"/bookings/{reference}/answer/"
    return partial(client.send, path, read_form(client, path, "answer"), answer=f"take-{option}")


def standing(stage: Stage, reference: str) -> tuple[str, list[str], list[str]]:
    """State of the request, of its offers, and what was done with it, sorted."""
    [(key, state)] = stage.live.query("SELECT id, state FROM bookings_booking WHERE reference = %s", reference)
    options = stage.live.query(
        "SELECT state FROM bookings_dateoption WHERE booking_id = %s AND kind = 'proposed' ORDER BY id", key
    )
    events = stage.live.query("SELECT kind FROM bookings_bookingevent WHERE booking_id = %s ORDER BY kind", key)
    return state, [row[0] for row in options], [row[0] for row in events if row[0] not in {"requested", "offered"}]


def told(stage: Stage, reference: str, *kinds: str) -> list[int]:
    found = stage.told(f"booking:{key_of(stage, reference)}")
    return [found[kind] for kind in kinds]


# --- Offering and booking the same time ---


def offer_and_book(stage: Stage, scene: Scene, base_url: str = "") -> tuple[str, list[Any]]:
    reference = ask(stage.somebody(), scene, "09:00")
    public = stage.somebody(base_url)
    form = to_check_page(public, scene.postcode, scene.at("12:00"))
    # The hold is over: whoever writes next has the time.
    for table, where in (("hold", "presenter_id = %s"), ("busytime", "presenter_id = %s AND kind = 'hold'")):
        stage.live.query(f"UPDATE bookings_{table} SET expires_at = now() - interval '1 minute' WHERE {where}", scene.presenter)
    return reference, [ready_to_offer(stage, scene, reference, "12:00", base_url=base_url), partial(press_book, public, form)]


def test_a_time_that_is_offered_first_can_not_be_booked(stage: Stage) -> None:
    with stage.open_scene() as scene:
        reference, buttons = offer_and_book(stage, scene)
        offering, booking = stage.queue_for(scene, *buttons)
        assert (offering.status, is_gone(booking)) == (302, True)
        assert standing(stage, reference) == ("requested", ["open"], [])
        assert stage.claims_at(scene.postcode) == {"option": 1}


def test_a_time_that_is_booked_first_can_not_be_offered(stage: Stage) -> None:
    with stage.open_scene() as scene:
        reference, buttons = offer_and_book(stage, scene)
        booking, offering = stage.queue_for(scene, *reversed(buttons))
        assert (reference_of(booking) != "", offering.status, "No presenter is free on" in offering.words) == (True, 200, True)
        assert standing(stage, reference) == ("requested", [], [])
        assert stage.claims_at(scene.postcode) == {"booking": 1, "option": 1}  # the option is what they asked for


def test_control_without_the_guards_a_time_is_offered_and_booked(stage: Stage, unguarded_url: str) -> None:
    with stage.open_scene() as scene, stage.slots_unguarded(scene):
        reference, buttons = offer_and_book(stage, scene, unguarded_url)
        stage.live.query("DELETE FROM bookings_busytime WHERE presenter_id = %s AND kind = 'hold'", scene.presenter)
        offering, booking = stage.pause_at("slots", *buttons)
        assert (offering.status, booking.status) == (302, 302)
        assert stage.claims_at(scene.postcode) == {"booking": 1, "option": 1}
        assert standing(stage, reference)[1] == ["open"]


# --- The professional takes it, staff decline ---


def take_and_decline(stage: Stage, scene: Scene, base_url: str = "") -> tuple[str, list[Any]]:
    client = stage.somebody()
    reference, option = offered(stage, scene, client)
    client = stage.client(client.email, base_url)
    decline = staff_action(stage.staff(0, base_url), BOOKING, key_of(stage, reference), "decline", reason="No")
    return reference, [ready_to_take(client, reference, option), decline]


def test_what_is_taken_first_is_not_declined(stage: Stage) -> None:
    with stage.open_scene() as scene:
        reference, buttons = take_and_decline(stage, scene)
        taken, declined = stage.queue_for(scene, *buttons)
        assert taken.status == 302
        assert standing(stage, reference) == ("confirmed", ["taken"], ["confirmed"])
        assert told(stage, reference, "booking-confirmed", "booking-declined") == [1, 0]
        assert stage.claims_at(scene.postcode) == {"booking": 1}
        assert declined.status in (200, 302)


def test_what_is_declined_first_is_not_taken(stage: Stage) -> None:
    with stage.open_scene() as scene:
        reference, buttons = take_and_decline(stage, scene)
        declined, taken = stage.queue_for(scene, *reversed(buttons))
        assert (declined.status, taken.status) == (302, 302)  # back to the booking, which says how it stands
        assert standing(stage, reference) == ("declined", ["passed"], ["declined"])
        assert told(stage, reference, "booking-confirmed", "booking-declined") == [0, 1]
        assert stage.claims_at(scene.postcode) == {}


def test_control_without_the_lock_it_is_taken_and_declined(stage: Stage, unguarded_url: str) -> None:
    with stage.open_scene() as scene:
        reference, buttons = take_and_decline(stage, scene, unguarded_url)
        with both_at("booking confirmed", "booking declined", stage) as (first, second), ThreadPoolExecutor(2) as pool:
            taking, declining = [pool.submit(button) for button in buttons]
            first.wait_for(lambda waiting: waiting == 2)
            first.open()
            assert taking.result().status == 302
            second.open()
            declining.result()
        assert told(stage, reference, "booking-confirmed", "booking-declined") == [1, 1]
        assert standing(stage, reference)[2] == ["confirmed", "declined"]


@contextmanager
def both_at(one: str, other: str, stage: Stage) -> Iterator[tuple[gates.Gate, gates.Gate]]:
    with gates.paused(stage.live, one) as first, gates.paused(stage.live, other) as second:
        yield first, second


# --- Two staff confirm ---


def two_confirm(stage: Stage, scene: Scene, base_url: str = "") -> tuple[str, list[Any]]:
    reference = book(stage.client(UNRECOGNISED), scene.postcode, scene.at("12:00"))
    key = key_of(stage, reference)
    return reference, [staff_action(stage.staff(number, base_url), BOOKING, key, "confirm") for number in range(2)]


def test_two_staff_who_confirm_confirm_once(stage: Stage) -> None:
    with stage.open_scene() as scene:
        reference, buttons = two_confirm(stage, scene)
        assert sorted(answer.status for answer in stage.queue_for(scene, *buttons)) == [200, 302]
        assert standing(stage, reference) == ("confirmed", [], ["confirmed"])


def test_control_without_the_lock_two_staff_confirm_twice(stage: Stage, unguarded_url: str) -> None:
    with stage.open_scene() as scene:
        reference, buttons = two_confirm(stage, scene, unguarded_url)
        assert [answer.status for answer in stage.pause_at("booking confirmed", *buttons)] == [302, 302]
        assert standing(stage, reference) == ("confirmed", [], ["confirmed", "confirmed"])


@pytest.mark.long
def test_two_staff_who_agree_on_different_dates_agree_on_one(stage: Stage) -> None:
    with stage.open_scene() as scene:
        reference = ask(stage.somebody(), scene, "09:00", "14:00")
        key = key_of(stage, reference)
        buttons = [
            staff_action(stage.staff(number), BOOKING, key, "agree", start=scene.at(clock))
            for number, clock in enumerate(("09:00", "14:00"))
        ]
        assert sorted(answer.status for answer in stage.queue_for(scene, *buttons)) == [200, 302]
        assert standing(stage, reference)[2] == ["confirmed"]
        assert stage.claims_at(scene.postcode) == {"booking": 1}


# --- The professional takes it at the moment it lapses ---

OVER = "UPDATE bookings_{} SET expires_at = now() WHERE {} = %s"


def lapse(key: int, unguarded: bool) -> int:
    """Runs inside: what beat does each minute. How many dates it said are over. The control runs it as the clock will stand
    when the last of them is over: until then beat leaves them alone, which would else come between."""
    from bookings.booking.services.decide import lapse_booking_dates as lapse_now
    from bookings.models import Booking, DateOption
    from tests.races.unguarded import answer_offers_as_they_were_read

    now = datetime.now(UTC)
    if unguarded:
        answer_offers_as_they_were_read("lapse")
        now = max(DateOption.objects.filter(booking=key, state="open").values_list("expires_at", flat=True))
    return len(lapse_now(booking=Booking.objects.get(pk=key), now=now))


def take_and_lapse(stage: Stage, scene: Scene, base_url: str = "") -> tuple[str, int, Any, Any]:
    client = stage.somebody()
    reference, option = offered(stage, scene, client)
    take = ready_to_take(stage.client(client.email, base_url), reference, option)
    return reference, option, take, partial(inside, stage.live, __name__, "lapse", key_of(stage, reference), bool(base_url))


def is_over(stage: Stage, option: int) -> None:
    stage.live.query(OVER.format("dateoption", "id"), option)
    stage.live.query(OVER.format("busytime", "option_id"), option)


def told_of_both(stage: Stage, reference: str) -> list[int]:
    return told(stage, reference, "booking-confirmed", "staff-time-taken", "booking-dates-lapsed", "staff-dates-lapsed")


def test_what_is_taken_in_time_does_not_lapse(stage: Stage) -> None:
    with stage.open_scene() as scene:
        reference, option, take, let_lapse = take_and_lapse(stage, scene)

        def over_and_lapse() -> Any:
            stage.live.query(OVER.format("dateoption", "id"), option)
            return let_lapse()

        taken, lapsed = stage.queue_for(scene, take, over_and_lapse)
        assert (taken.status, lapsed) == (302, 0)
        assert standing(stage, reference) == ("confirmed", ["taken"], ["confirmed"])
        assert told_of_both(stage, reference) == [1, 1, 0, 0]
        assert stage.claims_at(scene.postcode) == {"booking": 1}


def test_what_lapses_while_it_is_taken_is_refused_and_both_are_told_once(stage: Stage) -> None:
    with stage.open_scene() as scene:
        reference, option, take, let_lapse = take_and_lapse(stage, scene)
        is_over(stage, option)
        _lapsed, taken = stage.queue_for(scene, let_lapse, take)  # unless beat was there before
        assert taken.status == 200
        assert "We are no longer keeping that time" in taken.words
        assert standing(stage, reference) == ("requested", ["expired"], ["lapsed"])
        assert told_of_both(stage, reference) == [0, 0, 1, 1]
        assert stage.claims_at(scene.postcode) == {}


@pytest.mark.parametrize("lapse_first", [False, True], ids=["taken, then lapsed", "lapsed, then taken"])
def test_control_without_the_lock_it_is_taken_and_lapses(stage: Stage, unguarded_url: str, lapse_first: bool) -> None:
    with stage.open_scene() as scene:
        reference, _option, take, let_lapse = take_and_lapse(stage, scene, unguarded_url)
        with both_at("take", "lapse", stage) as (taking, lapsing), ThreadPoolExecutor(2) as pool:
            taken = pool.submit(take)
            taking.wait_for(lambda waiting: waiting == 1)
            lapsed = pool.submit(let_lapse)
            taking.wait_for(lambda waiting: waiting == 2)
            for gate, done in sorted([(taking, taken), (lapsing, lapsed)], key=lambda each: (each[0] is taking) == lapse_first):
                gate.open()
                done.result(gates.PATIENCE)
        assert (taken.result().status, lapsed.result()) == (302, 1)
        assert standing(stage, reference)[2] == ["confirmed", "lapsed"]
        assert told_of_both(stage, reference) == [1, 1, 1, 1]


# --- One person, two requests at once ---


def kept_for(stage: Stage, client: Client) -> int:
    rows = stage.live.query(
        "SELECT count(*) FROM bookings_dateoption o JOIN bookings_booking b ON b.id = o.booking_id "
        "JOIN professionals_person p ON p.id = b.person_id "
        "WHERE email = %s AND o.state = 'open' AND o.kind = 'preferred' AND expires_at > now()",
        client.email,
    )
    return int(rows[0][0])


def ask_in_a_service(email: str, days: list[str], postcode: str, unguarded: bool) -> int:
    """Runs inside: a request of this person for these moments; how many of its dates are kept."""
    from bookings.booking.services import request as request_services
    from bookings.booking.services.request import request_dates
    from bookings.models import Presentation
    from bookings.schedule.holds import PreferredDate
    from professionals.models import Person
    from tests.bookings.rows import unsaved_booking, visit_address
    from tests.races.stage import SLUG
    from tests.races.unguarded import lock_no_rows, pause

    person, presentation = Person.objects.get(email=email), Presentation.objects.get(slug=SLUG)
    if unguarded:
        lock_no_rows()
        counted = request_services.remaining_kept_dates

        def room_for(*args: Any) -> int:
            room = counted(*args)
            pause("room")
            return room

        request_services.remaining_kept_dates = room_for
    starts = [datetime.fromisoformat(day) for day in days]
    address = visit_address("12 Commercial Street", "Lerwick", postcode)
    details = {"audience_size": 8, "contact_name": "Inga Tait", "contact_phone": "01595 693 000"}
    booking = request_dates(
        booking=unsaved_booking(person, presentation=presentation, address=address, details=details, request_reason="Clinics"),
        by=person.user,
        dates=[PreferredDate("time", start, start + presentation.length) for start in starts],
        now=datetime.now(UTC),
    )
    return booking.options.exclude(expires_at=None).count()


def jobs_of_one_person(stage: Stage, scene: Scene, client: Client, *, unguarded: bool) -> list[Any]:
    times = [[scene.at(clock).replace("Z", "+00:00") for clock in clocks] for clocks in (("09:00", "11:00"), ("13:00", "15:00"))]
    return [
        partial(inside, stage.live, __name__, "ask_in_a_service", client.email, each, scene.postcode, unguarded) for each in times
    ]


def test_two_requests_of_one_person_keep_three_dates_together(stage: Stage) -> None:
    with stage.open_scene() as scene:
        client = stage.somebody()
        kept = stage.queue_for(scene, *jobs_of_one_person(stage, scene, client, unguarded=False))
        assert (sorted(kept), kept_for(stage, client)) == ([1, 2], 3)


@pytest.mark.long
def test_control_without_the_lock_two_requests_of_one_person_keep_four(stage: Stage) -> None:
    with stage.open_scene() as scene:
        client = stage.somebody()
        kept = stage.pause_at("room", *jobs_of_one_person(stage, scene, client, unguarded=True))
        assert (kept, kept_for(stage, client)) == ([2, 2], 4)

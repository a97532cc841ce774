"""The line: offers that last a while, end, and pass on; more places and fewer."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from bookings.errors import NothingChanged
from bookings.models import OpenSession, PlaceState, SessionPlace
from bookings.open_sessions.services.notify import (
    CapacityRefused,
    SessionChanged,
    SessionClosed,
    UnconfirmedCapacityCut,
    lock_session,
)
from bookings.open_sessions.services.places import accept_offer, fill_places, give_up_place, lapse_offers, offer_expiry
from bookings.open_sessions.services.sessions import cancel_session, set_capacity
from bookings.tasks import expire_place_offers
from core.dates import UK_TZ
from notifications.models import Notification
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.open_sessions.told import figures, states, take, told
from tests.bookings.rows import NOW
from tests.factories import make_staff

pytestmark = pytest.mark.django_db
DAYS, HOURS, MINUTES = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("left", "until"),
    [
        (30 * DAYS, 24 * HOURS),
        (48 * HOURS + MINUTES, 24 * HOURS),
        (48 * HOURS, 3 * HOURS),
        (4 * HOURS, 3 * HOURS),
        (3 * HOURS, 2 * HOURS),
        (2 * HOURS + MINUTES, HOURS + MINUTES),
        (2 * HOURS, None),
        (MINUTES, None),
    ],
)
def test_how_long_an_offer_lasts_on_a_working_day(left: timedelta, until: timedelta | None) -> None:
    assert offer_expiry(NOW + left, NOW) == (NOW + until if until else None)


@pytest.mark.parametrize(
    ("offered", "until"),
    [
        ("2027-01-15 16:45", "2027-01-18 16:45"),  # Friday to Monday
        ("2027-01-15 02:00", "2027-01-18 02:00"),  # all of Friday was there to read it
        ("2027-01-16 05:00", "2027-01-18 17:00"),  # Saturday
        ("2027-01-17 18:30", "2027-01-18 18:30"),  # Sunday
        ("2027-03-25 10:00", "2027-03-30 10:00"),  # the Thursday before Easter; the clocks go forward on the Sunday
        ("2027-03-27 18:00", "2027-03-30 18:00"),  # the Saturday of it
        ("2027-10-29 16:45", "2027-11-01 16:45"),  # the clocks go back on the Sunday
        ("2027-10-31 01:30", "2027-11-01 17:00"),
        ("2027-12-24 16:45", "2027-12-29 16:45"),
    ],
)
def test_an_offer_lasts_until_the_same_time_on_the_next_working_day_whatever_the_clocks_do(offered: str, until: str) -> None:
    assert said_until(offered, days=60) == until


@pytest.mark.parametrize(
    ("offered", "starts", "until"),
    [
        ("2027-01-15 16:45", "2027-01-18 10:00", "2027-01-18 09:00"),  # far, and never past an hour before it
        ("2027-01-12 02:00", "2027-01-13 14:00", "2027-01-12 10:00"),
        ("2027-01-12 18:00", "2027-01-13 14:00", "2027-01-12 21:00"),
        ("2027-01-12 20:00", "2027-01-13 14:00", "2027-01-13 09:00"),
        ("2027-01-12 21:00", "2027-01-13 14:00", "2027-01-13 10:00"),
        ("2027-01-12 23:00", "2027-01-13 09:30", "2027-01-13 08:30"),
        ("2027-01-12 23:00", "2027-01-13 09:00", None),  # an hour, as in the last two by day
        ("2027-01-12 20:01", "2027-01-13 08:00", None),
        ("2027-03-27 20:00", "2027-03-29 20:00", "2027-03-28 09:00"),  # 47 hours, and a night that is an hour shorter
        ("2027-10-30 20:00", "2027-11-01 18:00", "2027-10-31 09:00"),  # 47 hours, and one that is longer
        ("2027-10-31 01:30", "2027-11-01 10:00", "2027-10-31 10:00"),
    ],
)
def test_near_the_session_no_hour_of_the_night_counts(offered: str, starts: str, until: str | None) -> None:
    assert said_until(offered, starts=starts) == until


@pytest.mark.parametrize("first", [datetime(2027, 3, 27, 18, tzinfo=UK_TZ), datetime(2027, 10, 30, 18, tzinfo=UK_TZ)])
def test_near_is_counted_in_hours_that_pass(first: datetime) -> None:
    """At 6pm on the Saturday before the clocks change: 48 hours before a session are no clock's."""
    passed = first.astimezone(UTC)
    near = (passed + 48 * HOURS).astimezone(UK_TZ)
    assert offer_expiry(near, first) == passed + 3 * HOURS
    assert offer_expiry((passed + 48 * HOURS + MINUTES).astimezone(UK_TZ), first) == passed + 47 * HOURS + MINUTES


def said_until(offered: str, *, starts: str = "", days: int = 0) -> str | None:
    """UK times, on any days; so is what comes back."""
    now = datetime.fromisoformat(offered).replace(tzinfo=UK_TZ)
    begins = datetime.fromisoformat(starts).replace(tzinfo=UK_TZ) if starts else now + timedelta(days=days)
    until = offer_expiry(begins, now)
    return f"{until.astimezone(UK_TZ):%Y-%m-%d %H:%M}" if until else None


@pytest.mark.parametrize(
    ("friday", "monday", "tuesday"),
    [
        (
            datetime(2027, 1, 15, 16, 45, tzinfo=UTC),
            datetime(2027, 1, 18, 16, 45, tzinfo=UTC),
            datetime(2027, 1, 19, 16, 45, tzinfo=UTC),
        ),
        (
            datetime(2027, 10, 29, 15, 45, tzinfo=UTC),
            datetime(2027, 11, 1, 16, 45, tzinfo=UTC),
            datetime(2027, 11, 2, 16, 45, tzinfo=UTC),
        ),
        (
            datetime(2027, 3, 25, 16, 45, tzinfo=UTC),
            datetime(2027, 3, 30, 15, 45, tzinfo=UTC),
            datetime(2027, 3, 31, 15, 45, tzinfo=UTC),
        ),
    ],
    ids=["a weekend", "the clocks go back", "Easter, and the clocks go forward"],
)
def test_what_passes_offers_on_keeps_to_working_days(
    friday: datetime, monday: datetime, tuesday: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep runs every minute: in none of those between does it end the offer, and in the one when it is over it does."""
    session = make_session(None, friday + 60 * DAYS, capacity=1)
    first, second, third = (take(session, now=friday) for _ in range(3))
    give_up_place(place=first, by=None, now=friday)
    for moment in (friday + DAYS, monday - MINUTES):
        sweep(moment, monkeypatch)
        assert states(session) == ["given-up", "offered", "waiting"]
    sweep(monday, monkeypatch)
    assert states(session) == ["given-up", "given-up", "offered"]
    assert (told(second)[-1], told(third)[-1]) == ("place-lapsed", "place-offered")
    third.refresh_from_db()
    assert third.offer_expires_at == tuesday


def sweep(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
    expire_place_offers()


def test_an_offer_that_ran_out_goes_to_the_next_and_its_person_hears_of_it() -> None:
    session = make_session(None, capacity=1)
    first, second, third = take(session), take(session), take(session)
    give_up_place(place=first, by=None, now=NOW)
    over = NOW + DAYS
    assert lapse_offers(now=over - MINUTES) == 0
    assert lapse_offers(now=over) == 1
    assert lapse_offers(now=over) == 0
    assert states(session) == ["given-up", "given-up", "offered"]
    assert (told(second)[-1], told(third)[-1]) == ("place-lapsed", "place-offered")
    third.refresh_from_db()
    assert third.offer_expires_at == over + DAYS
    assert [event.kind for event in session.events.all()][-2:] == ["lapsed", "offered"]


def test_what_has_lapsed_is_ended_by_whoever_comes_first() -> None:
    """Nobody waits for the clock of a worker: the next person who asks finds the line as it should be."""
    session = make_session(None, capacity=1)
    late = make_place(session, PlaceState.OFFERED)
    assert take(session, now=NOW + 2 * DAYS).state == "taken"
    assert told(late) == ["place-lapsed"]
    again = take(session, late.person, now=NOW + 2 * DAYS)
    assert (again.pk, again.state) == (late.pk, "waiting")


def test_who_comes_back_after_their_own_offer_ran_out_gets_what_is_free() -> None:
    session = make_session(None, capacity=1)
    late = make_place(session, PlaceState.OFFERED)
    again = take(session, late.person, now=NOW + 2 * DAYS)
    assert (again.state, again.position, told(again)) == ("taken", 2, ["place-lapsed", "place-taken"])


def test_a_session_that_fails_does_not_keep_the_next_from_going_on(monkeypatch: pytest.MonkeyPatch) -> None:
    broken, whole = make_session(None), make_session(None)
    for session in (broken, whole):
        make_place(session, PlaceState.OFFERED)
    from bookings.open_sessions.services import places as place_services

    end = place_services.end_lapsed_offers

    def fail(session: OpenSession, *, now: datetime) -> int:
        if session == broken:
            raise ValueError
        return end(session, now=now)

    monkeypatch.setattr(place_services, "end_lapsed_offers", fail)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + 2 * DAYS)
    expire_place_offers()
    assert (states(broken), states(whole)) == (["offered"], ["given-up"])


def test_near_the_session_who_is_next_gets_the_place_at_once() -> None:
    session = make_session(None, NOW + 2 * HOURS, capacity=1)
    first, second = take(session), take(session)
    give_up_place(place=first, by=None, now=NOW)
    second.refresh_from_db()
    assert (second.state, second.offer_expires_at, told(second)) == ("taken", None, ["place-waiting", "place-taken"])


def test_nothing_is_offered_of_what_has_begun_or_was_cancelled() -> None:
    begun, cancelled = make_session(None, NOW - MINUTES), make_session(None)
    for session in (begun, cancelled):
        make_place(session, PlaceState.WAITING)
    offered = make_place(cancelled, PlaceState.OFFERED)
    cancel_session(session=cancelled, by=make_staff(), now=NOW, reason="")
    for session in (begun, cancelled):
        with transaction.atomic():
            fill_places(lock_session(session), by=None, now=NOW)
    assert lapse_offers(now=NOW + 2 * DAYS) == 0
    assert (states(begun), states(cancelled)) == (["waiting"], ["waiting", "offered"])
    assert told(offered) == ["session-cancelled"]


# More places and fewer


def grow(session: OpenSession, capacity: int, *, expected: int, **more: int) -> None:
    set_capacity(session=session, capacity=capacity, by=make_staff(), now=NOW, expected=expected, **more)


def test_more_places_go_to_the_line_in_order() -> None:
    session = make_session(None, capacity=1)
    places = [take(session) for _ in range(4)]
    grow(session, 3, expected=1)
    assert states(session) == ["taken", "offered", "offered", "waiting"]
    assert [told(place)[-1] for place in places] == ["place-taken", "place-offered", "place-offered", "place-waiting"]
    assert session.events.get(kind="capacity").changes == {"capacity": [1, 3]}


def test_fewer_places_than_people_drop_nobody_silently() -> None:
    session = make_session(None, capacity=4)
    first, second, third = take(session), take(session), take(session)
    offered, waits = make_place(session, PlaceState.OFFERED), take(session)
    with pytest.raises(UnconfirmedCapacityCut) as refusal:
        grow(session, 2, expected=4)
    assert refusal.value.people == 2
    assert "2 people would lose a place" in str(refusal.value.message)
    for wrong in (1, 3):
        with pytest.raises(UnconfirmedCapacityCut):
            grow(session, 2, expected=4, back_to_line=wrong)
    assert states(session) == ["taken", "taken", "taken", "offered", "waiting"]
    grow(session, 2, expected=4, back_to_line=2)
    assert states(session) == ["taken", "taken", "waiting", "waiting", "waiting"]
    assert [told(place)[-1] for place in (first, second, third, offered, waits)] == [
        *("place-taken", "place-taken", "place-bumped", "place-bumped", "place-waiting")
    ]
    assert list(session.places.waiting()) == [third, offered, waits]
    grow(session, 3, expected=2)
    third.refresh_from_db()
    assert (third.state, told(third)[-1]) == ("offered", "place-offered")


def test_fewer_places_than_there_are_and_more_than_are_taken_move_nobody() -> None:
    session = make_session(None, capacity=4)
    take(session)
    grow(session, 1, expected=4)
    with pytest.raises(UnconfirmedCapacityCut):
        grow(session, 3, expected=1, back_to_line=1)
    assert OpenSession.objects.get(pk=session.pk).capacity == 1


def test_an_offer_that_ran_out_is_nobody_who_goes_back() -> None:
    session = make_session(None, capacity=2)
    take(session)
    late = make_place(session, PlaceState.OFFERED)
    SessionPlace.objects.filter(pk=late.pk).update(offer_expires_at=NOW)
    grow(session, 1, expected=2)
    assert states(session) == ["taken", "given-up"]


@pytest.mark.parametrize(
    ("expected", "capacity", "error"),
    [(3, 5, SessionChanged), (2, 2, NothingChanged), (2, 0, CapacityRefused), (2, 1001, CapacityRefused)],
)
def test_places_are_changed_as_they_were_seen_and_to_what_is_possible(
    expected: int, capacity: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        grow(make_session(None, capacity=2), capacity, expected=expected)


def test_places_of_what_has_begun_stay() -> None:
    with pytest.raises(SessionClosed):
        grow(make_session(None, NOW), 5, expected=2)


def test_more_places_ask_as_much_for_one_as_for_many(django_assert_num_queries) -> None:
    for waiting in (1, 60):
        session = make_session(None, capacity=1)
        for state in [PlaceState.TAKEN, *[PlaceState.WAITING] * waiting]:
            make_place(session, state)
        with django_assert_num_queries(15):
            set_capacity(session=session, capacity=1000, by=None, now=NOW, expected=1)
        assert figures(session) == (1 + waiting, 0)
        assert Notification.objects.filter(reference=session.reference, kind="place-offered").count() == waiting


def test_who_accepts_after_a_cut_has_no_offer_any_more() -> None:
    session = make_session(None, capacity=1)
    offered = make_place(session, PlaceState.OFFERED)
    make_place(session, PlaceState.WAITING)
    grow_to = {"session": session, "by": None, "now": NOW}
    set_capacity(**grow_to, capacity=2, expected=1)
    set_capacity(**grow_to, capacity=1, expected=2, back_to_line=1)
    assert states(session) == ["offered", "waiting"]
    assert accept_offer(place=offered, by=None, now=NOW).state == "taken"

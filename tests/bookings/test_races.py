"""Many at once, on real connections: what only the locks and the database's guards keep apart. Each with its negative control."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from threading import Barrier, Event, Thread
from time import sleep

import pytest
from django.db import IntegrityError, close_old_connections, connection, transaction
from django.db.models import QuerySet

from bookings.booking.services import create
from bookings.booking.services.create import place_booking
from bookings.booking.services.transitions import cancel_booking
from bookings.booking.services.undo import take_back_cancelled
from bookings.feedback import services as feedback_services
from bookings.feedback.services import get_or_create_follow_up, give_feedback
from bookings.leave.services import record_leave
from bookings.models import Booking, BusyTime, Feedback, FollowUp, Hold, PlaceState, Presenter
from bookings.open_sessions.services.sessions import cancel_session, take_back_session_cancelled
from bookings.schedule.holds import hold_slot
from bookings.schedule.locks import lock_draft, lock_presenters
from privacy.services import erase_person
from professionals.models import Person
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.open_sessions.told import told
from tests.bookings.rows import (
    LEEDS,
    LEEDS_TOO,
    NOW,
    at,
    make_booking,
    make_draft,
    make_hold,
    make_presentation,
    make_presenter,
    slot_query,
    unsaved_booking,
    visit_address,
)
from tests.factories import make_person

# Rows that migrations loaded come back before each test.
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
CROWD = 20


def all_at_once(jobs: Iterable[Callable[[], object]]) -> Counter[str]:
    """Run each job in a thread with a connection of its own, released together; how each ended."""
    jobs, ends = list(jobs), Counter[str]()
    barrier = Barrier(len(jobs))

    def run(job: Callable[[], object]) -> None:
        close_old_connections()
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            job()
        except Exception as error:  # noqa: BLE001 - how it ended is what the test looks at
            ends[type(error).__name__] += 1
        else:
            ends["done"] += 1
        finally:
            connection.close()

    threads = [Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return ends


def booking_job(person: Person, start: datetime, **more: object) -> Callable[[], object]:
    booking = unsaved_booking(person, start, presentation=more.pop("presentation", None) or make_presentation(), **more)
    return lambda: place_booking(booking=booking, by=person.user, now=NOW)


def crowd() -> list[Person]:
    return [make_person(email=f"p{number}@leeds.nhs.uk") for number in range(CROWD)]


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(hours=("10:00", "11:00"))


TEN = at("10:00")


def test_twenty_who_book_the_last_slot_get_it_once(presenter: Presenter) -> None:
    ends = all_at_once([booking_job(person, TEN) for person in crowd()])
    assert ends == {"done": 1, "SlotTaken": CROWD - 1}
    assert (Booking.objects.count(), BusyTime.objects.count()) == (1, 1)


def test_twenty_who_choose_the_last_slot_hold_it_once(presenter: Presenter) -> None:
    asked = slot_query(make_presentation())
    drafts = [make_draft() for _number in range(CROWD)]
    ends = all_at_once(
        [lambda draft=draft: hold_slot(draft=draft, person=None, slot_query=asked, start=TEN, now=NOW) for draft in drafts]
    )
    assert ends == {"done": 1, "SlotTaken": CROWD - 1}
    assert Hold.objects.count() == 1


def test_a_form_that_is_sent_ten_times_at_once_books_once(presenter: Presenter) -> None:
    person, presentation = make_person(email="sam@leeds.nhs.uk"), make_presentation()
    draft = make_draft(person)
    hold_slot(draft=draft, person=person, slot_query=slot_query(presentation), start=TEN, now=NOW)
    submission = (draft.token, "digest")
    ends = all_at_once([booking_job(person, TEN, presentation=presentation, submission=submission) for _number in range(10)])
    assert ends == {"done": 1, "AlreadyPlaced": 9}
    assert Booking.objects.count() == 1


def test_a_hold_that_went_while_its_owner_waited_leaves_no_lock_behind(presenter: Presenter) -> None:
    """The search for another presenter locks in key order: a lock kept from before could end in a deadlock."""
    person, presentation = make_person(email="sam@leeds.nhs.uk"), make_presentation()
    draft = make_draft(person)
    hold_slot(draft=draft, person=person, slot_query=slot_query(presentation), start=TEN, now=NOW)
    asked = unsaved_booking(person, TEN, presentation=presentation, submission=(draft.token, "digest"))
    looked, seen = Event(), Event()
    taken: list[BusyTime | None] = []

    def owner() -> None:
        try:
            with transaction.atomic():
                taken.append(create.take_held_slot(asked, lock_draft(draft.token, person), NOW))
                looked.set()
                seen.wait(timeout=30)
        finally:
            connection.close()

    with transaction.atomic():
        Presenter.objects.select_for_update().get()
        thread = Thread(target=owner)
        thread.start()
        wait_until_somebody_waits()
        Hold.objects.all().delete()
    looked.wait(timeout=30)
    with transaction.atomic():
        assert Presenter.objects.select_for_update(nowait=True).get() == presenter
    seen.set()
    thread.join(timeout=30)
    assert taken == [None]


def wait_until_somebody_waits() -> None:
    """For what this very connection has locked."""
    for _attempt in range(200):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
            )
            if cursor.fetchone()[0]:
                return
        sleep(0.05)
    raise AssertionError("nobody waits for the lock")


def test_what_was_kept_longer_or_booked_while_the_next_writer_waited_is_not_cleared(presenter: Presenter) -> None:
    """It began to wait when all three were over; it clears the one that still is."""
    kept, taken, _over = (make_hold(presenter, at(clock), expires_at=NOW) for clock in ("10:00", "12:00", "14:00"))
    booking = make_booking(presenter, at("12:00"), claim=False)

    def next_writer() -> None:
        try:
            with transaction.atomic():
                lock_presenters([presenter.pk], now=NOW)
        finally:
            connection.close()

    with transaction.atomic():
        Presenter.objects.select_for_update().get()
        thread = Thread(target=next_writer)
        thread.start()
        wait_until_somebody_waits()
        BusyTime.objects.filter(hold=kept).update(expires_at=NOW + timedelta(minutes=15))
        BusyTime.objects.filter(hold=taken).update(kind="booking", booking=booking, hold=None, expires_at=None)
        Hold.objects.filter(pk=taken.pk).delete()
    thread.join(timeout=30)
    assert list(BusyTime.objects.values_list("hold", "booking")) == [(kept.pk, None), (None, booking.pk)]
    assert list(Hold.objects.all()) == [kept]


def test_two_visits_too_near_to_each_other_are_not_both_booked() -> None:
    make_presenter(hours=("09:00", "17:00"))
    other_place = visit_address("Beckett Street", "Leeds", LEEDS_TOO)
    people = crowd()
    jobs = [booking_job(person, TEN) for person in people[:10]]
    jobs += [booking_job(person, at("11:00"), address=other_place) for person in people[10:]]
    assert all_at_once(jobs) == {"done": 1, "SlotTaken": CROWD - 1}


def test_leave_and_a_booking_at_once_end_in_one_of_the_two_orders(presenter: Presenter) -> None:
    """Either the slot is gone, or the booking is made and freed again; never is the presenter in two places."""
    person = make_person(email="sam@leeds.nhs.uk")
    leave = {"starts_at": at("09:00"), "ends_at": at("17:00"), "kind": "illness"}
    ends = all_at_once([booking_job(person, TEN), lambda: record_leave(presenter=presenter, by=None, now=NOW, **leave)])
    assert ends in ({"done": 1, "SlotTaken": 1}, {"done": 2})
    assert [claim.kind for claim in BusyTime.objects.filter(live=True)] == ["leave"]
    assert not Booking.objects.filter(presenter=presenter).exists()


def test_a_booking_is_cancelled_once_by_ten_clicks(presenter: Presenter) -> None:
    booking = make_booking(presenter, TEN)
    ends = all_at_once([lambda: cancel_booking(booking=booking, by=None, now=NOW)] * 10)
    assert ends == {"done": 1, "TransitionNotAllowed": 9}
    assert booking.events.count() == 1


def test_writers_who_forget_to_lock_cannot_pass_the_travel_guard_either() -> None:
    """Raw rows, both written before either commits: the trigger locks the presenter before it looks."""
    presenter, written = make_presenter(), Barrier(2)
    rows = [{"person": make_person(), "presentation": make_presentation()} for _number in range(2)]

    def write(clock: str, postcode: str, more: dict[str, object]) -> None:
        with transaction.atomic():
            make_booking(presenter, at(clock), postcode=postcode, **more)
            written.wait(timeout=30)

    ends = all_at_once([lambda: write("10:00", LEEDS, rows[0]), lambda: write("11:00", LEEDS_TOO, rows[1])])
    assert ends == {"done": 1, IntegrityError.__name__: 1}
    assert BusyTime.objects.count() == 1


# --- The negative control: with the lock off and the guards dropped, the race is real. ---


@contextmanager
def guards_dropped() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'busytime_no_overlap'")
        exclusion = cursor.fetchone()[0]
        cursor.execute("SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'bookings_busytime_travel'")
        trigger = cursor.fetchone()[0]
        cursor.execute("ALTER TABLE bookings_busytime DROP CONSTRAINT busytime_no_overlap")
        cursor.execute("DROP TRIGGER bookings_busytime_travel ON bookings_busytime")
    try:
        yield
    finally:
        BusyTime.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE bookings_busytime ADD CONSTRAINT busytime_no_overlap {exclusion}")
            cursor.execute(trigger)


def test_without_lock_and_guards_twenty_people_get_the_same_slot(presenter: Presenter, monkeypatch: pytest.MonkeyPatch) -> None:
    together = Barrier(CROWD)

    def no_lock(keys: Iterable[int], *, now: datetime, giving_back: Iterable[BusyTime] = ()) -> dict[int, Presenter]:
        return {each.pk: each for each in Presenter.objects.filter(pk__in=list(keys))}

    def store_together(*args: object, **columns: object) -> Booking:
        together.wait(timeout=30)  # everybody has looked, nobody has written
        return stored(*args, **columns)  # type: ignore[arg-type]

    stored = Booking.save_with_reference
    monkeypatch.setattr("bookings.booking.services.create.lock_presenters", no_lock)
    monkeypatch.setattr(Booking, "save_with_reference", store_together)
    people = crowd()
    with guards_dropped():
        ends = all_at_once([booking_job(person, TEN) for person in people])
        assert ends == {"done": CROWD}
        assert BusyTime.objects.filter(presenter=presenter, live=True).count() == CROWD


def test_the_guards_are_back_after_the_control(presenter: Presenter) -> None:
    with guards_dropped():
        pass
    make_booking(presenter, TEN)
    with pytest.raises(IntegrityError, match="busytime_no_overlap"), transaction.atomic():
        make_booking(presenter, TEN + timedelta(minutes=30))
    with pytest.raises(IntegrityError, match="minutes of travel"), transaction.atomic():
        make_booking(presenter, at("11:00"), postcode=LEEDS_TOO)


@pytest.mark.parametrize("locked", [True, False])
def test_only_one_gives_the_last_feedback_that_is_taken(monkeypatch: pytest.MonkeyPatch, *, locked: bool) -> None:
    """Without the lock, the control, each counts before the others have written."""
    booking = make_booking(make_presenter(), at("10:00"), postcode="", audience_size=1)
    follow_up, now = get_or_create_follow_up(given=booking, now=NOW), booking.agreed_times[1]
    has_all = feedback_services.has_all_feedback

    def slowly(follow_up: FollowUp) -> bool:
        found = has_all(follow_up)
        sleep(0.3)
        return found

    def give(number: int) -> None:
        answers = Feedback(useful=4, clear=4, ready=4)
        give_feedback(follow_up=follow_up, answers=answers, token=str(number), by_host=False, now=now)

    for number in range(5):  # of one and five more
        give(number)
    monkeypatch.setattr(feedback_services, "has_all_feedback", slowly)
    if not locked:
        monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_how: rows)
    ends = all_at_once(partial(give, number) for number in range(10, 14))
    assert (ends == Counter(done=1, FeedbackFull=3)) is locked
    assert (Feedback.objects.count() == 6) is locked


def test_a_cancellation_is_taken_back_or_the_time_is_booked_by_somebody_else(presenter: Presenter) -> None:
    booking = make_booking(presenter, TEN)
    cancel_booking(booking=booking, by=None, now=NOW)
    take_back = partial(take_back_cancelled, booking, reason="A mistake", by=None, now=NOW)
    jobs = [booking_job(person, TEN) for person in crowd()[:9]]
    assert all_at_once([take_back, *jobs]) == {"done": 1, "SlotTaken": 9}
    assert BusyTime.objects.filter(presenter=presenter, live=True).count() == 1
    taken = BusyTime.objects.get().booking
    assert taken is not None
    assert list(Booking.objects.open()) == [taken]


def test_a_cancellation_is_taken_back_once_by_ten_clicks(presenter: Presenter) -> None:
    booking = make_booking(presenter, TEN)
    cancel_booking(booking=booking, by=None, now=NOW)
    ends = all_at_once([partial(take_back_cancelled, booking, reason="A mistake", by=None, now=NOW)] * 10)
    assert ends == {"done": 1, "TransitionNotAllowed": 9}
    assert (booking.events.count(), BusyTime.objects.count()) == (2, 1)


def test_without_the_guards_a_time_is_taken_back_that_somebody_has(presenter: Presenter) -> None:
    """The control: nothing but the guards says no."""
    booking = make_booking(presenter, TEN)
    cancel_booking(booking=booking, by=None, now=NOW)
    make_booking(presenter, TEN)
    with guards_dropped():
        take_back_cancelled(booking, reason="A mistake", by=None, now=NOW)
        assert BusyTime.objects.filter(presenter=presenter, live=True).count() == 2


def test_a_session_is_restored_or_the_time_is_booked_by_somebody_else(presenter: Presenter) -> None:
    session = make_session(presenter, TEN)
    make_place(session)
    cancel_session(session, by=None, now=NOW, reason="Snow")
    restore = partial(take_back_session_cancelled, session, reason="A mistake", by=None, now=NOW)
    jobs = [booking_job(person, TEN) for person in crowd()[:9]]
    assert all_at_once([restore, *jobs]) == {"done": 1, "SlotTaken": 9}
    assert BusyTime.objects.filter(presenter=presenter, live=True).count() == 1
    session.refresh_from_db()
    assert session.is_scheduled is not Booking.objects.open().exists()


def test_a_session_is_restored_once_by_ten_clicks(presenter: Presenter) -> None:
    session = make_session(presenter, TEN)
    place = make_place(session)
    cancel_session(session, by=None, now=NOW, reason="Snow")
    restore = partial(take_back_session_cancelled, session, reason="A mistake", by=None, now=NOW)
    assert all_at_once([restore] * 10) == {"done": 1, "SessionChanged": 9}
    assert (session.events.count(), BusyTime.objects.count(), told(place)) == (2, 1, ["session-cancelled", "session-restored"])


def test_nobody_who_is_erased_meanwhile_has_a_place_at_what_is_restored(presenter: Presenter) -> None:
    """Whoever comes first: the other waits for the person."""
    for _turn in range(5):
        session = make_session(make_presenter(), TEN)
        place = make_place(session, person=make_person())
        cancel_session(session, by=None, now=NOW, reason="Snow")
        restore = partial(take_back_session_cancelled, session, reason="A mistake", by=None, now=NOW)
        erase = partial(erase_person, place.person, by=None, now=NOW)
        assert all_at_once([restore, erase]) == {"done": 2}
        place.refresh_from_db()
        assert place.state == PlaceState.GIVEN_UP


def test_without_the_guards_a_session_is_restored_at_a_time_that_somebody_has(presenter: Presenter) -> None:
    """The control: nothing but the guards says no."""
    session = make_session(presenter, TEN)
    cancel_session(session, by=None, now=NOW, reason="Snow")
    make_booking(presenter, TEN)
    with guards_dropped():
        take_back_session_cancelled(session, reason="A mistake", by=None, now=NOW)
        assert BusyTime.objects.filter(presenter=presenter, live=True).count() == 2

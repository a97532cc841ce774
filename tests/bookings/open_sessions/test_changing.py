"""A session is moved, gets another presenter, tells how to join, is cancelled, is delivered: everybody hears of it once."""

from datetime import timedelta

import pytest
from django.conf import settings

from bookings.errors import LeaveOverlapsDelivered, NothingChanged, NotOver, SamePresenter, SlotTaken
from bookings.leave.services import get_affected_by_leave, record_leave
from bookings.models import BusyTime, OpenSession, PlaceState, Presenter
from bookings.open_sessions.services.notify import SessionClosed, TimePassed
from bookings.open_sessions.services.places import give_up_place
from bookings.open_sessions.services.sessions import (
    assign_presenter,
    cancel_session,
    mark_session_delivered,
    reschedule_session,
    send_joining_details,
    set_joining_details,
)
from bookings.schedule.services import save_presenter
from core.errors import DomainError
from notifications.models import Notification
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.open_sessions.told import states, take, told, told_of
from tests.bookings.rows import NOW, at, make_booking, make_presenter
from tests.factories import make_person, make_staff

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
FOUR = (PlaceState.TAKEN, PlaceState.OFFERED, PlaceState.WAITING, PlaceState.GIVEN_UP)


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter()


@pytest.fixture
def session(presenter: Presenter) -> OpenSession:
    return make_session(presenter, capacity=2)


def test_a_moved_session_takes_its_people_and_its_presenter_along(session: OpenSession, presenter: Presenter) -> None:
    places = [make_place(session, state) for state in FOUR]
    reschedule_session(session=session, starts_at=at("14:00"), by=make_staff(), now=NOW, reason="Room for more")
    moved = OpenSession.objects.get(pk=session.pk)
    assert (moved.starts_at, moved.ends_at, moved.sequence) == (at("14:00"), at("15:00"), 1)
    assert BusyTime.objects.get(session=session).busy.lower == at("14:00")
    assert [told(place) for place in places] == [["session-moved"]] * 3 + [[]]
    assert told_of(session) == [("session-for-presenter", presenter.email, 1)]
    event = session.events.get()
    assert (event.kind, event.reason, event.changes["sequence"]) == ("moved", "Room for more", 1)
    assert event.changes["time"] == [at("10:00").isoformat(), at("14:00").isoformat()]


def test_a_session_is_not_moved_where_its_presenter_is_busy(session: OpenSession, presenter: Presenter) -> None:
    place = take(session)
    make_booking(presenter, at("14:00"), postcode="")
    with pytest.raises(SlotTaken):
        reschedule_session(session=session, starts_at=at("13:30"), by=None, now=NOW)
    assert (told(place), told_of(session)) == (["place-taken"], [])
    for start, error in ((at("10:00"), NothingChanged), (NOW, TimePassed)):
        with pytest.raises(error):
            reschedule_session(session=session, starts_at=start, by=None, now=NOW)


def test_offers_of_a_moved_session_end_before_it_begins() -> None:
    session = make_session(None, capacity=2)
    kept, cut = make_place(session, PlaceState.OFFERED), make_place(session, PlaceState.OFFERED, offer_expires_at=NOW + 9 * HOUR)
    reschedule_session(session=session, starts_at=NOW + 10 * HOUR + HOUR / 2, by=None, now=NOW)
    kept.refresh_from_db()
    cut.refresh_from_db()
    assert (kept.offer_expires_at, cut.offer_expires_at) == (NOW + 9 * HOUR + HOUR / 2, NOW + 9 * HOUR)
    session.refresh_from_db()
    reschedule_session(session=session, starts_at=NOW + 2 * HOUR, by=None, now=NOW)
    assert states(session) == ["taken", "taken"]
    assert told(kept) == ["session-moved", "session-moved", "place-taken"]


def test_a_flagged_reason_is_told_to_the_lead_and_to_nobody_else(session: OpenSession) -> None:
    reschedule_session(session=session, starts_at=at("14:00"), by=None, now=NOW, reason="NHS 943 476 5919", flagged=True)
    cancel_session(session=session, by=None, now=NOW, reason="NHS 943 476 5919", flagged=True)
    assert OpenSession.objects.get(pk=session.pk).closed_reason == ""
    assert [event.changes.get("flagged") for event in session.events.all()] == [True, True]
    flags = Notification.objects.filter(kind="safeguarding-flag").values_list("about", flat=True)
    assert set(flags) == {f"session:{session.pk}:moved:1", f"session:{session.pk}:cancelled"}


def test_another_presenter_takes_over(session: OpenSession, presenter: Presenter) -> None:
    other, busy = make_presenter(), make_presenter()
    place = take(session)
    make_booking(busy, at("10:30"), postcode="")
    with pytest.raises(SlotTaken, match="Choose somebody else"):
        assign_presenter(session=session, presenter=busy, by=None, now=NOW)
    with pytest.raises(SamePresenter):
        assign_presenter(session=session, presenter=presenter, by=None, now=NOW)
    assign_presenter(session=session, presenter=other, by=None, now=NOW)
    assert BusyTime.objects.get(session=session).presenter == other
    assert told_of(session) == [
        ("session-for-presenter", other.email, 1),
        ("session-closed-for-presenter", presenter.email, 1),
    ]
    assert told(place) == ["place-taken"]  # who gives it is nothing that they were told


def test_joining_details_are_told_once_and_again_when_they_change(session: OpenSession, presenter: Presenter) -> None:
    places = [make_place(session, state) for state in FOUR]
    assert send_joining_details(session=session, by=None, now=NOW) == 1
    with pytest.raises(DomainError, match="Everybody with a place already has the joining details"):
        send_joining_details(session=session, by=None, now=NOW)
    assert [told(place) for place in places] == [["session-details"], [], [], []]
    set_joining_details(session=session, own_joining_link="", joining_help="Code 12", by=None, now=NOW)
    set_joining_details(session=session, own_joining_link="https://meet.example/own", joining_help="Code 12", by=None, now=NOW)
    with pytest.raises(NothingChanged):
        set_joining_details(
            session=session, own_joining_link="https://meet.example/own", joining_help="Code 12", by=None, now=NOW
        )
    assert told(places[0]) == ["session-details"] * 3
    assert told_of(session) == [("session-for-presenter", presenter.email, version) for version in (1, 2)]
    assign_presenter(session=session, presenter=make_presenter(joining_link="https://meet.example/x"), by=None, now=NOW)
    assert told(places[0]) == ["session-details"] * 3  # its own link stays


def test_who_gives_it_joins_elsewhere_so_everybody_does(session: OpenSession, presenter: Presenter) -> None:
    place = take(session)
    presenter.joining_link = "https://meet.example/new"
    save_presenter(presenter=presenter, by=None, now=NOW)
    assert told(place) == ["place-taken", "session-details"]  # the old one came with the place
    send_joining_details(session=session, by=None, now=NOW)
    presenter.joining_link = "https://meet.example/newer"
    save_presenter(presenter=presenter, by=None, now=NOW)
    assign_presenter(session=session, presenter=make_presenter(joining_link="https://meet.example/x"), by=None, now=NOW)
    assert told(place) == ["place-taken", *["session-details"] * 4]
    assert [kind for kind, _to, _version in told_of(session)][:2] == ["session-for-presenter"] * 2


@pytest.mark.parametrize(
    "how", ["link", "words", "presenter", "presenters link", "presenters link taken away", "presenter freed"]
)
def test_who_read_a_link_with_their_place_is_told_of_another_before_it_is_sent_to_all(
    session: OpenSession, presenter: Presenter, how: str
) -> None:
    place, other = take(session), make_presenter(joining_link="https://meet.example/other")
    if how == "link":
        assert (
            set_joining_details(session=session, own_joining_link="https://meet.example/own", joining_help="", by=None, now=NOW)
            == 1
        )
    elif how == "words":
        assert set_joining_details(session=session, own_joining_link="", joining_help="Code 12", by=None, now=NOW) == 1
    elif how.startswith("presenters link"):
        presenter.joining_link = "" if how.endswith("away") else "https://meet.example/new"
        save_presenter(presenter=presenter, by=None, now=NOW)
    else:
        if how == "presenter freed":
            record_leave(presenter=presenter, starts_at=at("09:00"), ends_at=at("12:00"), kind="illness", by=None, now=NOW)
        assign_presenter(session=session, presenter=other, by=None, now=NOW)
    assert told(place) == ["place-taken", "session-details"]


def test_the_first_link_waits_until_it_is_sent_to_all() -> None:
    session = make_session(None)
    place = take(session)
    assign_presenter(session=session, presenter=make_presenter(joining_link="https://meet.example/x"), by=None, now=NOW)
    assert told(place) == ["place-taken"]
    send_joining_details(session=session, by=None, now=NOW)
    assert told(place) == ["place-taken", "session-details"]


def test_before_there_is_a_link_nothing_is_sent() -> None:
    session = make_session(None)
    with pytest.raises(DomainError, match="Neither this session nor its presenter has a joining link yet"):
        send_joining_details(session=session, by=None, now=NOW)
    set_joining_details(session=session, own_joining_link="https://meet.example/own", joining_help="", by=None, now=NOW)
    assert send_joining_details(session=session, by=None, now=NOW) == 0


def test_a_cancelled_session_tells_everybody_and_gives_the_time_back(session: OpenSession, presenter: Presenter) -> None:
    places = [make_place(session, state) for state in FOUR]
    cancel_session(session=session, by=make_staff(), now=NOW, reason="Snow")
    cancelled = OpenSession.objects.get(pk=session.pk)
    assert (cancelled.state, cancelled.closed_reason, cancelled.sequence) == ("cancelled", "Snow", 1)
    assert [told(place) for place in places] == [["session-cancelled"]] * 3 + [[]]
    assert told_of(session) == [("session-closed-for-presenter", presenter.email, 1)]
    assert states(session) == ["taken", "offered", "waiting", "given-up"]
    make_booking(presenter, at("10:30"), postcode="")
    for closed in (cancel_session, mark_session_delivered):
        with pytest.raises(SessionClosed):
            closed(session=session, by=None, now=NOW, **({"reason": ""} if closed is cancel_session else {}))
    for change in (
        lambda: reschedule_session(session=session, starts_at=at("15:00"), by=None, now=NOW),
        lambda: assign_presenter(session=session, presenter=make_presenter(), by=None, now=NOW),
        lambda: set_joining_details(session=session, own_joining_link="", joining_help="x", by=None, now=NOW),
        lambda: send_joining_details(session=session, by=None, now=NOW),
    ):
        with pytest.raises(SessionClosed):
            change()


def test_it_is_delivered_once_it_is_over_and_somebody_gives_it(session: OpenSession) -> None:
    with pytest.raises(NotOver):
        mark_session_delivered(session=session, by=None, now=session.ends_at - HOUR / 60)
    with pytest.raises(DomainError, match="This session needs a presenter"):
        mark_session_delivered(session=make_session(None, NOW - HOUR), by=None, now=NOW)
    mark_session_delivered(session=session, by=None, now=at("11:00"))
    assert OpenSession.objects.get(pk=session.pk).state == "delivered"
    with pytest.raises(SessionClosed):
        cancel_session(session=session, by=None, now=at("11:00"), reason="")


def test_leave_frees_the_session_that_it_hits(session: OpenSession, presenter: Presenter) -> None:
    place, other = take(session), make_session(presenter, at("15:00"))
    away = {"presenter": presenter, "starts_at": at("09:00"), "ends_at": at("12:00")}
    assert get_affected_by_leave(**away, now=NOW) == [session]
    recorded = record_leave(**away, kind="illness", by=None, now=NOW)
    freed = OpenSession.objects.get(pk=session.pk)
    assert (recorded.freed, recorded.sessions, freed.needs_a_presenter, freed.sequence) == ([], [session], True, 1)
    assert list(OpenSession.objects.needing_a_presenter(NOW)) == [session]
    assert sorted(told_of(session)) == [
        ("session-closed-for-presenter", presenter.email, 1),
        ("staff-session-needs-presenter", settings.STAFF_EMAIL, 1),
    ]
    assert (told(place), told_of(other)) == (["place-taken"], [])
    assign_presenter(session=session, presenter=make_presenter(), by=None, now=NOW)
    assert [event.kind for event in session.events.all()] == ["taken", "presenter-freed", "reassigned"]


def test_leave_over_a_session_that_was_delivered_is_refused(session: OpenSession, presenter: Presenter) -> None:
    mark_session_delivered(session=session, by=None, now=at("11:00"))
    with pytest.raises(LeaveOverlapsDelivered):
        record_leave(presenter=presenter, starts_at=at("09:00"), ends_at=at("12:00"), kind="illness", by=None, now=at("12:00"))


def test_a_thousand_people_are_told_in_as_many_statements_as_one(session: OpenSession, django_assert_num_queries) -> None:
    """As many for one as for many; here with the savepoint of the service, where a page has its transaction."""
    big = make_session(session.presenter, at("15:00"), capacity=60)
    for each, people in ((session, 1), (big, 60)):
        for _ in range(people):
            make_place(each)
        with django_assert_num_queries(9) as sent:
            assert send_joining_details(session=each, by=None, now=NOW) == people
        assert sum("notifications_notification" in query["sql"] for query in sent) == 1  # the rows
        with django_assert_num_queries(22):
            reschedule_session(session=each, starts_at=each.starts_at + HOUR, by=None, now=NOW)
        with django_assert_num_queries(16):
            cancel_session(session=each, by=None, now=NOW, reason="")


def test_who_comes_and_goes_is_told_each_time_and_nobody_twice() -> None:
    session, person = make_session(None, capacity=1), make_person()
    for _ in range(3):
        place = take(session, person)
        give_up_place(place=place, by=None, now=NOW)
    assert told(place) == ["place-taken", "place-given-up"] * 3
    assert place.position == 3

"""What the database refuses and counts by itself at an open session, past every service."""

import pytest
from django.db import Error, IntegrityError, transaction

from bookings.models import OpenSession, PlaceState, SessionEvent, SessionPlace
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import NOW, at, make_booking, make_presenter

pytestmark = pytest.mark.django_db


def refused(by: str) -> "pytest.RaisesExc[IntegrityError]":
    return pytest.raises(IntegrityError, match=by)


def figures(session: OpenSession) -> tuple[int, int, int]:
    return OpenSession.objects.values_list("occupied", "waiting", "last_position").get(pk=session.pk)


def test_a_place_too_many_is_refused_whoever_writes_it() -> None:
    session = make_session(None, capacity=2)
    make_place(session)
    make_place(session, PlaceState.OFFERED)
    with refused("session_never_over_capacity"), transaction.atomic():
        make_place(session)
    waiting = make_place(session, PlaceState.WAITING)
    with refused("session_never_over_capacity"), transaction.atomic():
        SessionPlace.objects.filter(pk=waiting.pk).update(state=PlaceState.TAKEN)
    with refused("session_never_over_capacity"), transaction.atomic():
        OpenSession.objects.filter(pk=session.pk).update(capacity=1)
    assert figures(session) == (2, 1, 3)


def test_what_is_written_in_one_statement_is_counted_as_one_by_one() -> None:
    one, other = make_session(None, capacity=5), make_session(None, at("14:00"), capacity=5)
    for session, states in ((one, "taken taken waiting given-up"), (other, "attended waiting waiting")):
        for state in states.split():
            make_place(session, state)
    assert (figures(one), figures(other)) == ((2, 1, 4), (1, 2, 3))
    SessionPlace.objects.filter(state=PlaceState.WAITING).update(state=PlaceState.TAKEN)
    assert (figures(one), figures(other)) == ((3, 0, 4), (3, 0, 3))
    SessionPlace.objects.filter(session=one).update(state=PlaceState.GIVEN_UP)
    SessionPlace.objects.filter(session=other).delete()
    assert (figures(one), figures(other)) == ((0, 0, 4), (0, 0, 3))


def test_who_comes_gets_the_next_position_and_who_comes_back_the_last() -> None:
    session = make_session(None, capacity=1)
    first, second = make_place(session), make_place(session, PlaceState.WAITING)
    SessionPlace.objects.filter(pk=first.pk).update(state=PlaceState.WAITING, position=0)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (second.position, first.position) == (2, 3)
    assert [place.pk for place in session.places.waiting()] == [second.pk, first.pk]


def test_a_person_has_one_place_at_a_session() -> None:
    session = make_session(None, capacity=5)
    place = make_place(session)
    with refused("sessionplace_one_a_person"):
        make_place(session, PlaceState.WAITING, place.person)


@pytest.mark.parametrize(("state", "until"), [("offered", None), ("taken", NOW)])
def test_only_an_offer_runs_out(state: str, until: object) -> None:
    with refused("sessionplace_only_offers_run_out"):
        make_place(make_session(None), state, offer_expires_at=until)


def test_a_session_takes_its_presenters_time() -> None:
    presenter = make_presenter()
    make_session(presenter)
    with refused("busytime_no_overlap"):
        make_booking(presenter, at("10:30"), postcode="")


def test_history_stays() -> None:
    event = SessionEvent.objects.create(session=make_session(None), kind="planned", at=NOW, reason="Sam asked")
    SessionEvent.objects.filter(pk=event.pk).update(reason="")
    with pytest.raises(Error, match="append-only"):
        SessionEvent.objects.filter(pk=event.pk).update(kind="moved")

"""A session whose presenter becomes another while somebody waits for its row: they see who gives it now."""

import pytest
from django.db import transaction

from bookings.models import OpenSession, Presenter
from bookings.open_sessions.services.notify import lock_session
from bookings.open_sessions.services.sessions import assign_presenter, send_joining_details, set_joining_details
from notifications.models import Notification
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import NOW, at, make_presenter
from tests.professionals.in_turn import Job, in_turn

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
SESSION = "SELECT 1 FROM bookings_opensession WHERE id = %s FOR UPDATE"


@pytest.fixture
def asha() -> Presenter:
    return make_presenter(name="Asha Patel", email="asha@ctac.example")


@pytest.fixture
def ben() -> Presenter:
    return make_presenter(name="Ben Okafor", email="ben@ctac.example", joining_link="https://meet.example/ben")


def given_to(presenter: Presenter, session: OpenSession) -> Job:
    return lambda: assign_presenter(session=session, presenter=presenter, by=None, now=NOW)


def read_locked(session: OpenSession, found: list[Presenter | None]) -> Job:
    @transaction.atomic
    def read() -> None:
        found.append(lock_session(session).presenter)

    return read


@pytest.mark.parametrize("had_one", [True, False])
def test_who_waited_sees_its_new_presenter(asha: Presenter, ben: Presenter, had_one: bool) -> None:
    session = make_session(asha if had_one else None, at("13:30"))
    found: list[Presenter | None] = []

    assert in_turn(SESSION, session.pk, given_to(ben, session), read_locked(session, found)) == ["done"] * 2
    assert found == [ben]


def test_control_joined_to_it_there_would_be_nobody(asha: Presenter, ben: Presenter) -> None:
    """What PostgreSQL does: the session is read anew, but beside its presenter as that was."""
    session = make_session(asha, at("13:30"))
    found: list[tuple[int | None, Presenter | None]] = []

    @transaction.atomic
    def joined() -> None:
        row = OpenSession.objects.select_related("presenter").select_for_update(of=("self",), no_key=True).get(pk=session.pk)
        found.append((row.presenter_id, row.presenter))

    assert in_turn(SESSION, session.pk, given_to(ben, session), joined) == ["done"] * 2
    assert found == [(ben.pk, None)]


def test_its_new_presenter_is_told_of_the_link_that_was_set_meanwhile(asha: Presenter, ben: Presenter) -> None:
    session = make_session(asha, at("13:30"))
    new = {"own_joining_link": "https://meet.example/ours", "joining_help": "Code 4821", "by": None, "now": NOW}

    ends = in_turn(SESSION, session.pk, given_to(ben, session), lambda: set_joining_details(session=session, **new))

    assert ends == ["done"] * 2
    told = Notification.objects.filter(kind="session-for-presenter", recipient=ben.email).order_by("pk")
    assert list(told.values_list("version", flat=True)) == [1, 2]


def test_how_to_join_is_sent_with_the_link_of_its_new_presenter(ben: Presenter) -> None:
    session = make_session(None, at("13:30"))
    make_place(session)

    ends = in_turn(SESSION, session.pk, given_to(ben, session), lambda: send_joining_details(session=session, by=None, now=NOW))

    assert ends == ["done"] * 2
    assert Notification.objects.filter(kind="session-details").count() == 1

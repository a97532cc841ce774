"""Who gives a session changes, and so does the link: people who read a link, or were promised one, hear of each that counts."""

import pytest

from bookings.models import OpenSession, Presenter
from bookings.services import keep_presenter
from bookings.services.sessions import assign_presenter, set_joining, warn_of_sessions
from notifications.models import Notification
from tests.bookings.rows import NOW, at, make_presenter
from tests.bookings.sessions.rows import make_place, make_session
from tests.bookings.sessions.told import told

pytestmark = pytest.mark.django_db
LINK, OTHER = "https://meet.example/asha", "https://meet.example/other"


@pytest.fixture
def asha() -> Presenter:
    return make_presenter(name="Asha Patel", joining_link=LINK)


def take_over(session: OpenSession, presenter: Presenter) -> None:
    assign_presenter(session=session, presenter=presenter, by=None, now=NOW)


def change_link(presenter: Presenter, link: str) -> None:
    presenter.joining_link = link
    keep_presenter(presenter=presenter, by=None, now=NOW)


@pytest.mark.parametrize("how", ["presenters link", "own link", "next presenter"])
def test_who_was_promised_another_link_gets_it(asha: Presenter, how: str) -> None:
    session, ben = make_session(asha), make_presenter(joining_link="")
    place = make_place(session)
    take_over(session, ben)
    assert told(place) == ["session-details"]
    if how == "presenters link":
        change_link(ben, OTHER)
    elif how == "own link":
        assert set_joining(session=session, own_joining_link=OTHER, joining_help="", by=None, now=NOW) == 1
    else:
        take_over(session, make_presenter(joining_link=OTHER))
    assert told(place) == ["session-details"] * 2


def test_also_of_a_session_that_never_had_a_link_and_that_nobody_gave() -> None:
    session, ben = make_session(None, at("10:00")), make_presenter(joining_link="")
    make_place(session)
    warn_of_sessions(now=at("09:00"))
    assign_presenter(session=session, presenter=ben, by=None, now=at("09:05"))
    assert Notification.objects.filter(kind="session-details").count() == 1
    change_link(ben, OTHER)
    assert Notification.objects.filter(kind="session-details").count() == 2

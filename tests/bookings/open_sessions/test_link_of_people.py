"""Who gives a session changes, and so does the link: people who read a link, or were promised one, hear of each that counts."""

import pytest

from bookings.leave.services import record_leave
from bookings.models import BusyTime, OpenSession, Presenter
from bookings.open_sessions.services.notify import warn_of_sessions
from bookings.open_sessions.services.sessions import assign_presenter, set_joining_details
from bookings.schedule.services import save_presenter
from notifications.models import Notification
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.open_sessions.told import told
from tests.bookings.rows import NOW, at, make_presenter

pytestmark = pytest.mark.django_db
LINK, OTHER = "https://meet.example/asha", "https://meet.example/other"


@pytest.fixture
def asha() -> Presenter:
    return make_presenter(name="Asha Patel", joining_link=LINK)


def take_over(session: OpenSession, presenter: Presenter) -> None:
    assign_presenter(session=session, presenter=presenter, by=None, now=NOW)


def change_link(presenter: Presenter, link: str) -> None:
    presenter.joining_link = link
    save_presenter(presenter=presenter, by=None, now=NOW)


@pytest.mark.parametrize("how", ["presenters link", "own link", "next presenter"])
def test_who_was_promised_another_link_gets_it(asha: Presenter, how: str) -> None:
    session, ben = make_session(asha), make_presenter(joining_link="")
    place = make_place(session)
    take_over(session, ben)
    assert told(place) == ["session-details"]
    if how == "presenters link":
        change_link(ben, OTHER)
    elif how == "own link":
        assert set_joining_details(session=session, own_joining_link=OTHER, joining_help="", by=None, now=NOW) == 1
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


def fall_ill(session: OpenSession) -> None:
    assert session.presenter
    record_leave(presenter=session.presenter, starts_at=at("09:00"), ends_at=at("15:00"), kind="illness", by=None, now=NOW)
    session.refresh_from_db()


@pytest.mark.parametrize("comes", ["same", "with the new link", "with the old link"])
def test_what_counts_is_the_link_of_when_the_presenter_was_lost(asha: Presenter, comes: str) -> None:
    session = make_session(asha)
    place = make_place(session)
    fall_ill(session)
    change_link(asha, OTHER)
    if comes == "same":
        BusyTime.objects.all().delete()  # they are well again
    next_one = asha if comes == "same" else make_presenter(joining_link=OTHER if comes == "with the new link" else LINK)
    take_over(session, next_one)
    assert told(place) == ([] if comes == "with the old link" else ["session-details"])


def test_a_link_that_people_were_told_not_to_use_counts_no_more(asha: Presenter) -> None:
    session = make_session(asha)
    place = make_place(session)
    fall_ill(session)
    for link in (OTHER, ""):
        set_joining_details(session=session, own_joining_link=link, joining_help="", by=None, now=NOW)
    take_over(session, make_presenter(joining_link=LINK))
    assert told(place) == ["session-details"] * 3


def test_history_keeps_no_link(asha: Presenter) -> None:
    session = make_session(asha)
    fall_ill(session)
    assert LINK not in str(session.events.get().changes)

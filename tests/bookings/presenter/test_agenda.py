"""The agenda: one email in the morning of a day, to each who gives something then."""

from datetime import time, timedelta

import pytest
import time_machine

from bookings.models import Booking, BookingState, Presenter
from bookings.presenter.services import send_agendas
from core.dates import uk_datetime
from notifications import rendering
from notifications.delivery.services import deliver
from notifications.models import Notification, NotificationState
from notifications.registry import email_for
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.rows import LEEDS, LEEDS_TOO, MONDAY, at, make_booking, make_presenter
from tests.leaflets.statements import statements
from tests.notifications.conftest import mail_server

__all__ = ["mail_server"]
pytestmark = pytest.mark.django_db
SEVEN = at("07:00")


def only() -> Notification:
    return Notification.objects.get(kind="presenter-agenda")


def words_of(row: Notification) -> str:
    return rendering.render(email_for(row).message()).text


def goes(row: Notification) -> bool:
    return email_for(row).is_still_due()


@pytest.fixture
def visit(presenter: Presenter) -> Booking:
    return make_booking(presenter, at("10:00"), postcode=LEEDS_TOO, room="Ring at the side door", audience_size=24)


def test_a_day_is_told_in_one_email_at_seven_and_once(presenter: Presenter, visit: Booking) -> None:
    session = make_session(presenter, at("16:00"))
    make_presenter(name="Nobody today")
    before, after = SEVEN - timedelta(seconds=1), SEVEN + timedelta(minutes=5)
    assert [send_agendas(now=moment) for moment in (before, SEVEN, after)] == [0, 1, 0]
    row = only()
    assert (row.recipient, row.reference) == (presenter.email, f"{visit.reference} {session.reference}")
    assert (row.due_at, row.expires_at) == (SEVEN, session.starts_at)
    said = words_of(row)
    for told in (
        "Your day: Monday",
        "10am to 11",
        f"Leave {LEEDS} at 9:30am. The journey takes 30 minutes, with parking.",
        "Ring at the side door",
        "Jo Green",
        "leaflets for 24 people",
        "4pm to 5pm",
        "0 of 2",
        "check in",
        f"/staff/mine/day/?day={MONDAY}",
    ):
        assert told in " ".join(said.split()), told


def test_who_has_nothing_left_to_begin_gets_none_and_nobody_in_the_afternoon(presenter: Presenter, visit: Booking) -> None:
    assert send_agendas(now=at("10:00")) == 0
    make_booking(presenter, at("15:00"))
    assert send_agendas(now=at("11:00")) == 0
    assert send_agendas(now=at("10:59")) == 1


@pytest.mark.parametrize("state", [BookingState.REQUESTED, BookingState.CANCELLED])
def test_what_is_not_confirmed_is_no_appointment(presenter: Presenter, visit: Booking, state: BookingState) -> None:
    Booking.objects.update(state=state)
    assert send_agendas(now=SEVEN) == 0


def test_it_is_not_sent_when_all_was_cancelled_or_taken_over(
    presenter: Presenter, visit: Booking, clock: time_machine.Traveller
) -> None:
    send_agendas(now=SEVEN)
    clock.move_to(SEVEN)
    assert goes(only())
    clock.move_to(at("10:00"))
    assert not goes(only())
    clock.move_to(SEVEN)
    Booking.objects.update(presenter=make_presenter(name="Ben Wood", email="ben@ctac.example"))
    assert not goes(only())


def test_seven_is_that_of_a_uk_clock(presenter: Presenter) -> None:
    """On a Monday in summer: 6 in UTC."""
    summer = MONDAY + timedelta(days=(7 * 26))
    make_booking(presenter, uk_datetime(summer, time(10)))
    seven = uk_datetime(summer, time(7))
    assert seven == at("06:00", summer)
    assert [send_agendas(now=moment) for moment in (seven - timedelta(minutes=1), seven)] == [0, 1]


def test_its_words_are_not_kept_so_an_erasure_finds_none(
    presenter: Presenter, visit: Booking, clock: time_machine.Traveller, mail_server
) -> None:
    inbox = mail_server()
    send_agendas(now=SEVEN)
    clock.move_to(SEVEN)
    deliver(only().pk)
    assert (only().state, only().subject, only().text_body, only().html_body) == (NotificationState.SENT, "", "", "")
    assert b"side door" in inbox.messages[0]


def test_writing_costs_four_statements_and_building_the_same_for_one_and_for_many(presenter: Presenter, visit: Booking) -> None:
    assert len(statements(lambda: send_agendas(now=SEVEN))) == 4
    for_one = statements(lambda: words_of(only()))
    for hour in (12, 14, 16):
        make_booking(presenter, at(f"{hour}:00"), postcode=LEEDS_TOO)
    assert len(statements(lambda: words_of(only()))) == len(for_one)

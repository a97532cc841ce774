"""The alarm rings at duty person and deputy until one of them is on it; a presenter runs late, needs help, was told something."""

from datetime import datetime
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from bookings import tasks
from bookings.models import Booking, BookingEvent, BookingEventKind, DutyShift, Presenter, Visit
from bookings.models.booking import CHECK_IN, CHECK_OUT, HELP
from bookings.visits.services import (
    NotAVisit,
    NotOverdue,
    ask_for_help,
    confirm_presenter_safe,
    report_disclosure,
    report_late,
    take_back_tap,
    take_on_alarm,
)
from core.errors import DomainError
from notifications.models import Notification
from notifications.registry import email_for, get_email_class
from notifications.rendering import render
from tests.bookings.admin.desk import do, text
from tests.bookings.rows import make_booking, make_presenter, make_shift
from tests.bookings.visits.visit import DAY, END, HOUR, MINUTE, START, arrive, leave, missed
from tests.factories import make_staff, sign_in_staff

pytestmark = pytest.mark.django_db
MINE = "/staff/mine/visits/"
LEE, KIM = "lee@ctac.example", "kim@ctac.example"
STAFF, MANAGER = "team@ctac.example", "manager@ctac.example"


@pytest.fixture(autouse=True)
def shift() -> DutyShift:
    return make_shift(duty_person=make_staff(LEE, role="coordinator"), deputy=make_staff(KIM, role="manager"))


@pytest.fixture
def lee(shift: DutyShift) -> User:
    assert shift.duty_person is not None
    return shift.duty_person


@pytest.fixture(autouse=True)
def _addresses(change_settings: Any) -> None:
    change_settings(team_email=STAFF, visit_escalation_email=MANAGER)


def beat(now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        tasks.watch()


def rung(start: datetime = START) -> list[tuple[float, str]]:
    """At which minute from the start the alarm rang, and at whom."""
    rows = Notification.objects.filter(kind="duty-alarm").order_by("pk")
    return [((row.created_at - start) / MINUTE, row.recipient) for row in rows]


def is_still_due(row: Notification, now: datetime) -> bool:
    with time_machine.travel(now, tick=False):
        return email_for(row).is_still_due()


def watch(first: datetime, last: datetime) -> None:
    """As beat does it: every two minutes."""
    while first <= last:
        beat(first)
        first += 2 * MINUTE


def test_it_rings_at_both_every_ten_minutes_until_one_is_on_it(booking: Booking, lee: User) -> None:
    watch(START + MINUTE, START + 37 * MINUTE)
    assert rung() == [(15, LEE), (15, KIM), (25, LEE), (25, KIM), (35, LEE), (35, KIM)]
    take_on_alarm(booking=booking, by=lee, now=START + 37 * MINUTE)
    watch(START + 38 * MINUTE, START + 58 * MINUTE)
    assert len(rung()) == 6
    event = BookingEvent.objects.get(kind="taken-on")
    assert (event.by, missed(booking, START + 40 * MINUTE)) == (lee, (CHECK_IN, START))


def test_no_alarm_leaves_once_somebody_is_on_it_or_after_it_rang_again(booking: Booking, lee: User) -> None:
    beat(START + 15 * MINUTE)
    first = Notification.objects.filter(kind="duty-alarm").first()
    assert first is not None
    team = Notification.objects.get(kind="staff-no-check-in")
    ways = [is_still_due(row, START + 24 * MINUTE) for row in (first, team)]
    assert (ways, is_still_due(first, START + 25 * MINUTE)) == ([True, True], False)
    take_on_alarm(booking=booking, by=lee, now=START + 16 * MINUTE)
    assert [is_still_due(row, START + 17 * MINUTE) for row in (first, team)] == [False, False]
    beat(START + HOUR)
    escalated = Notification.objects.get(kind="manager-no-check-in")
    assert is_still_due(escalated, START + HOUR)
    with time_machine.travel(START + HOUR, tick=False):
        assert f"Who is on it: {LEE}, since 10:16am" in render(email_for(escalated).message()).text


def test_a_second_colleague_reads_who_is_on_it_and_only_what_rings_is_taken_on(booking: Booking, lee: User) -> None:
    with pytest.raises(NotOverdue):
        take_on_alarm(booking=booking, by=lee, now=START)
    take_on_alarm(booking=booking, by=lee, now=START + 20 * MINUTE)
    with pytest.raises(DomainError, match=f"{LEE} has been on it since 10:20am"):
        take_on_alarm(booking=booking, by=make_staff(), now=START + 21 * MINUTE)
    beat(END + 30 * MINUTE)  # nobody is on the missing check-out
    assert rung() == [(90, LEE), (90, KIM)]
    take_on_alarm(booking=booking, by=lee, now=END + 31 * MINUTE)
    confirm_presenter_safe(booking=booking, by=lee, now=END + 40 * MINUTE, note="At home.")
    watch(END + 41 * MINUTE, END + 3 * HOUR)
    assert len(rung()) == 2


def test_a_tap_taken_back_starts_the_watch_again(booking: Booking, lee: User) -> None:
    """Also where somebody was on the alarm before it."""
    beat(START + 15 * MINUTE)
    take_on_alarm(booking=booking, by=lee, now=START + 16 * MINUTE)
    arrive(booking, START + 17 * MINUTE)
    assert missed(booking, START + 20 * MINUTE) is None
    presenter = booking.presenter
    assert presenter is not None
    take_back_tap(booking=booking, tap=CHECK_IN, presenter=presenter, by=presenter.user, now=START + 18 * MINUTE)
    watch(START + 19 * MINUTE, START + 26 * MINUTE)
    assert rung() == [(15, LEE), (15, KIM), (25, LEE), (25, KIM)]
    leave(booking, END + 40 * MINUTE)
    take_back_tap(booking=booking, tap=CHECK_OUT, presenter=presenter, by=presenter.user, now=END + 41 * MINUTE)
    beat(END + 42 * MINUTE)
    assert rung()[4:] == [(102, LEE), (102, KIM)]


def test_where_nobody_is_on_duty_the_team_hears_it(booking: Booking, shift: DutyShift) -> None:
    User.objects.filter(email=LEE).update(is_active=False)
    beat(START + 15 * MINUTE)
    shift.delete()
    beat(START + 25 * MINUTE)
    assert rung() == [(15, KIM), (25, STAFF)]


def test_the_email_leads_to_the_button_and_the_page_says_who_is_on_it(client: Client, booking: Booking, lee: User) -> None:
    beat(START + 15 * MINUTE)
    with time_machine.travel(START + 16 * MINUTE, tick=False):
        mail = render(email_for(Notification.objects.filter(kind="duty-alarm")[0]).message())
        assert f"/staff/bookings/booking/{booking.pk}/do/on-it/" in mail.html
        assert "was expected at 10am on Monday 25 January 2027 and has not checked in" in " ".join(mail.text.split())
        desk = sign_in_staff(client, lee)
        assert "I am on it" in text(desk.get("/staff/"))
        assert "You are on it." in text(do(desk, booking, "on-it"))
        page = text(desk.get("/staff/"))
        assert ("On it lee@ctac.example, since 10:16am" in page, "I am on it" in page) == (True, False)
        assert "Say that all is well" in page
        said = text(do(sign_in_staff(Client(), make_staff()), booking, "on-it"))
        assert "so this is no longer possible" in said
        assert "On it: lee@ctac.example, since 10:16am" in said


@pytest.mark.parametrize(("phone", "first"), [("0113 496 0002", "Call 0113 496 0002 now."), ("", "Call the presenter now.")])
def test_the_text_message_begins_with_the_number_to_call(booking: Booking, phone: str, first: str) -> None:
    Presenter.objects.update(phone=phone)
    beat(START + 15 * MINUTE)
    with time_machine.travel(START + 16 * MINUTE, tick=False):
        for kind in ("duty-alarm", "staff-no-check-in"):
            row = Notification.objects.filter(kind=kind)[0]
            assert email_for(row).sms_text().startswith(f"{first} CTAC: ")


# Running late


def late(booking: Booking, minutes: int, now: datetime) -> Visit:
    presenter = booking.presenter
    assert presenter is not None
    return report_late(booking=booking, presenter=presenter, minutes=minutes, by=presenter.user, now=now)


def test_who_runs_late_is_expected_later_and_the_host_is_told(booking: Booking, presenter: Presenter) -> None:
    late(booking, 30, START - MINUTE)
    assert (missed(booking, START + 44 * MINUTE), missed(booking, START + 45 * MINUTE)) == (None, (CHECK_IN, START))
    row = Notification.objects.get(kind="booking-late")
    assert (row.recipient, row.expires_at, is_still_due(row, START)) == (booking.person.email, END, True)
    assert "expects to begin at 10:30am" in " ".join(render(email_for(row).message()).text.split())
    late(booking, 60, START + 20 * MINUTE)  # later still
    assert not is_still_due(row, START + 20 * MINUTE)
    arrive(booking, START + 50 * MINUTE)
    assert (missed(booking, END + 89 * MINUTE), missed(booking, END + 90 * MINUTE)) == (None, (CHECK_OUT, END))
    kinds = list(booking.events.values_list("kind", "changes"))
    assert kinds[:2] == [("late", {"late": 30}), ("late", {"late": 60})]


def test_who_runs_later_than_they_said_rings_though_somebody_was_on_the_alarm_before(booking: Booking, lee: User) -> None:
    take_on_alarm(booking=booking, by=lee, now=START + 16 * MINUTE)
    late(booking, 30, START + 20 * MINUTE)
    watch(START + 20 * MINUTE, START + 46 * MINUTE)
    assert rung() == [(46, LEE), (46, KIM)]


def test_late_counts_for_one_presenter_and_one_time(booking: Booking) -> None:
    late(booking, 60, START)
    Booking.objects.update(starts_at=START + DAY, ends_at=END + DAY)
    assert missed(booking, START + DAY + 15 * MINUTE) == (CHECK_IN, START + DAY)
    Booking.objects.update(starts_at=START, ends_at=END, presenter=make_presenter())
    assert missed(booking, START + 15 * MINUTE) == (CHECK_IN, START)


@pytest.mark.parametrize("now", [START - 2 * HOUR - MINUTE, END])
def test_nobody_is_late_for_what_is_not_near(booking: Booking, now: datetime) -> None:
    with pytest.raises(DomainError, match="We can’t move this visit’s times now"):
        late(booking, 15, now)
    arrive(booking, START)
    with pytest.raises(DomainError, match="We can’t move this visit’s times now"):
        late(booking, 15, START)


# Help


def cry(booking: Booking, now: datetime, presenter: Presenter | None = None) -> Visit:
    who = presenter or booking.presenter
    assert who is not None
    return ask_for_help(booking=booking, presenter=who, by=who.user, now=now)


@pytest.mark.parametrize("now", [START - HOUR, START + MINUTE, END + 20 * MINUTE, END + 3 * HOUR])
def test_help_rings_at_everybody_at_once_and_only_word_of_all_is_well_ends_it(booking: Booking, lee: User, now: datetime) -> None:
    """On the way there, there, and after the check-out."""
    if now > END:
        arrive(booking, START)
        leave(booking, END)
    cry(booking, now)
    everybody = [LEE, KIM, STAFF, MANAGER]
    assert [to for _at, to in rung()] == everybody
    assert missed(booking, now) == (HELP, now)
    cry(booking, now + MINUTE)  # a second tap
    beat(now + 10 * MINUTE)
    assert [to for _at, to in rung()] == everybody * 2
    take_on_alarm(booking=booking, by=lee, now=now + 11 * MINUTE)
    beat(now + 20 * MINUTE)
    assert len(rung()) == 8
    if START <= now < END:
        arrive(booking, now + 21 * MINUTE)
    assert missed(booking, now + 21 * MINUTE) == (HELP, now)
    cry(booking, now + 22 * MINUTE)  # again, though somebody is on it
    assert len(rung()) == 12
    confirm_presenter_safe(booking=booking, by=lee, now=now + 30 * MINUTE, note="The police are with her.")
    assert missed(booking, now + 30 * MINUTE) is None
    assert Visit.objects.get().needs_help is False


def test_the_alarm_names_who_asked_though_a_colleague_is_there(booking: Booking, lee: User) -> None:
    arrive(booking, START)
    second = make_presenter(name="Tom Adeyemi", phone="0113 496 0007", user=make_staff(role="presenter"))
    Booking.objects.update(presenter=second)
    cry(booking, START + MINUTE, second)
    assert (Visit.objects.get().presenter, Visit.objects.get().seeks_help) == (booking.presenter, second)
    row = Notification.objects.filter(kind="duty-alarm")[0]
    with time_machine.travel(START + MINUTE, tick=False):
        message = get_email_class("duty-alarm")(row).message()
    assert message.subject == f"Tom Adeyemi needs help ({booking.reference})"
    assert "asked for help at 10:01am" in " ".join(render(message).text.split())


def test_who_asked_for_help_stands_above_whoever_is_only_late(booking: Booking, presenter: Presenter, client: Client) -> None:
    late = make_booking(make_presenter(), START - HOUR)
    arrive(booking, START)
    cry(booking, START + MINUTE)
    with time_machine.travel(START + 2 * MINUTE, tick=False):
        page = sign_in_staff(client, make_staff(role="coordinator")).get("/staff/")
    assert [alarm.about for alarm in page.context["alarms"]] == [booking.reference, late.reference]


def test_for_what_is_not_near_nobody_rings(booking: Booking, presenter: Presenter) -> None:
    online = make_booking(presenter, START, postcode="", claim=False)
    for what, now in ((booking, START - 3 * HOUR), (booking, END + DAY), (online, START)):
        with pytest.raises(NotAVisit):
            cry(what, now)
        with pytest.raises(NotAVisit):
            report_disclosure(booking=what, presenter=presenter, by=presenter.user, now=now)
    assert Notification.objects.count() == 0


# On the phone


def test_the_page_of_a_visit_has_three_ways_to_be_heard(client: Client, booking: Booking, presenter: Presenter) -> None:
    page = f"{MINE}{booking.reference}/"
    three = ("I am running late", "Something was disclosed to me", "I need help")
    with time_machine.travel(START - 3 * HOUR, tick=False):
        phone = sign_in_staff(client, presenter.user)
        assert [words in text(phone.get(page)) for words in three] == [False] * 3
    with time_machine.travel(START - HOUR, tick=False):
        sign_in_staff(phone, presenter.user)
        assert [words in text(phone.get(page)) for words in three] == [True] * 3
        for way in ("late", "disclosed", "help"):
            assert phone.get(f"{page}{way}/").status_code == 200
        phone.post(f"{page}late/", {"minutes": "7"})
        assert (Visit.objects.count(), BookingEvent.objects.count()) == (0, 0)
        assert "We have emailed the host." in text(phone.post(f"{page}late/", {"minutes": "15"}, follow=True))
        said = text(phone.post(f"{page}disclosed/", follow=True))
        assert "We have emailed the duty person and the deputy and asked them to call you." in said
        assert LEE in said
        phone.post(f"{page}disclosed/")
        said = text(phone.post(f"{page}help/", follow=True))
        assert "You asked for help at 9am." in said
        assert "Ring the alarm" not in said
        take_on_alarm(booking=booking, by=User.objects.get(email=LEE), now=START - HOUR)
        assert "We know that you need help. On it: lee@ctac.example, since 9am." in text(phone.get(f"{page}help/"))
        stranger = make_booking(make_presenter(), START)
        for way in ("late", "disclosed", "help"):
            assert phone.post(f"{MINE}{stranger.reference}/{way}/").status_code == 404
    told = Notification.objects.filter(kind="duty-disclosure")
    assert {row.recipient for row in told} == {LEE, KIM}
    assert list(booking.events.values_list("kind", flat=True)) == [
        BookingEventKind.LATE,
        BookingEventKind.DISCLOSED,
        BookingEventKind.HELP_ASKED,
        BookingEventKind.TAKEN_ON,
    ]
    message = email_for(told[0]).message()
    assert message.subject == f"Please call Asha Patel: something was disclosed ({booking.reference})"
    assert "0113 496 0002" in render(message).text

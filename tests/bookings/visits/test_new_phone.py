"""A new phone number asks if it goes to the bookings to come too: an alarm must not call the old one."""

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from bookings import tasks
from bookings.booking.services.reschedule import change_details, replace_contact_phone
from bookings.errors import StaleBooking
from bookings.models import Booking, BookingState, DutyShift, Presenter
from bookings.schedule.locks import lock_bookings
from notifications.models import Notification
from notifications.registry import email_for
from notifications.rendering import render
from professionals.models import Person
from tests.bookings.rows import MONDAY, NOW, make_booking, make_presenter, make_shift
from tests.bookings.test_races import wait_until_somebody_waits
from tests.bookings.visits.visit import DAY, END, HOUR, MINUTE, START
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.professionals.test_who_is_calling import an_order

OLD, NEW, OTHER = "0113 496 0000", "0113 496 0999", "0113 496 0001"
YES, NO = {"new_phone_copies": f"new {NEW}"}, {"new_phone_copies": f"old {NEW}"}
QUESTION = "Which number should our presenter call on the day?"
OWN_DETAILS = "/account/details/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def person() -> Person:
    return make_person(phone=OLD)


@pytest.fixture
def booking(presenter: Presenter, person: Person) -> Booking:
    """With the person's own number, spelled in another way."""
    return make_booking(presenter, START, person=person, contact_phone="+44 (0)113 4960000")


def details(person: Person, **changes: str) -> dict[str, str]:
    assert person.organisation is not None
    known = {"name": person.name, "profession": person.profession, "postcode": person.postcode}
    return {**known, "organisation_name": person.organisation.name, "phone": NEW, **changes}


def phones(*bookings: Booking) -> list[str]:
    return [Booking.objects.get(pk=booking.pk).contact_phone for booking in bookings]


def phone_of(person: Person) -> str:
    return Person.objects.get(pk=person.pk).phone


def alarm_text() -> str:
    make_shift()
    with time_machine.travel(START + 16 * MINUTE, tick=False):
        tasks.watch()
        return render(email_for(Notification.objects.filter(kind="duty-alarm")[0]).message()).text


def test_nothing_is_saved_before_the_question_is_answered(client: Client, person: Person, booking: Booking) -> None:
    page = sign_in(client, person).post(OWN_DETAILS, details(person))
    box = page.context["form"]["new_phone_copies"]
    assert (str(box.label), box.help_text) == (QUESTION, f"{booking.reference} ({booking.when})")
    assert [str(label) for _value, label in box.field.choices] == [f"The new number: {NEW}", f"The number from before: {OLD}"]
    assert (box.value(), list(page.context["form"].errors)) == (None, ["new_phone_copies"])  # no answer is chosen for them
    assert (phone_of(person), phones(booking)) == (OLD, [booking.contact_phone])


@pytest.mark.parametrize(("answer", "called"), [(YES, NEW), (NO, "+44 (0)113 4960000")])
def test_the_alarm_calls_the_number_that_was_chosen(
    client: Client, person: Person, booking: Booking, answer: dict[str, str], called: str
) -> None:
    assert sign_in(client, person).post(OWN_DETAILS, {**details(person), **answer}).status_code == 302
    assert (phone_of(person), phones(booking)) == (NEW, [called])
    said = alarm_text()
    assert [number in said for number in (NEW, "+44 (0)113 4960000")] == [called == NEW, called != NEW]


def test_the_booking_tells_of_its_new_number(client: Client, person: Person, booking: Booking, presenter: Presenter) -> None:
    before = booking.version
    sign_in(client, person).post(OWN_DETAILS, {**details(person), **YES})
    booking.refresh_from_db()
    assert (booking.version != before, booking.sequence) == (True, 0)
    events = booking.events.values_list("kind", "by", "changes")
    changes = {"fields": ["contact_phone"], "revision": booking.revision, "in_calendars": False}
    assert list(events) == [("details-changed", person.user_id, changes)]
    sent = Notification.objects.order_by("kind").values_list("kind", "recipient")
    assert list(sent) == [("booking-changed", person.email), ("presenter-changed", presenter.email)]
    assert NEW in render(email_for(Notification.objects.get(kind="presenter-changed")).message()).text


def test_no_other_booking_is_touched_or_asked_about(client: Client, person: Person, presenter: Presenter) -> None:
    """Not one with another contact's number, one that is over, cancelled, or somebody else's."""
    given: dict[str, Any] = {"person": person, "contact_phone": OLD, "claim": False}
    others = [
        make_booking(presenter, START, **{**given, "contact_phone": OTHER}),
        make_booking(presenter, NOW - 9 * DAY, **given, state=BookingState.DELIVERED, visit_closed=True),
        make_booking(presenter, START + DAY, **given, state=BookingState.CANCELLED, visit_closed=True),
        make_booking(presenter, START + 2 * DAY, **{**given, "person": make_person()}),
    ]
    before = phones(*others)
    assert sign_in(client, person).post(OWN_DETAILS, details(person)).status_code == 302
    assert (phone_of(person), phones(*others)) == (NEW, before)
    own = make_booking(presenter, START + 3 * DAY, **{**given, "contact_phone": NEW})
    page = client.post(OWN_DETAILS, details(person, phone=OTHER))
    assert page.context["form"]["new_phone_copies"].help_text == f"{own.reference} ({own.when})"
    assert client.post(OWN_DETAILS, {**details(person, phone=OTHER), "new_phone_copies": f"new {OTHER}"}).status_code == 302
    assert phones(own, *others) == [OTHER, *before]


@pytest.mark.parametrize("spelled", ["0113-4960000", "+44 113 496 0000"])
def test_the_same_number_spelled_in_another_way_asks_nothing(
    client: Client, person: Person, booking: Booking, spelled: str
) -> None:
    assert sign_in(client, person).post(OWN_DETAILS, details(person, phone=spelled)).status_code == 302
    assert phones(booking) == [booking.contact_phone]


def test_a_visit_that_is_overdue_gets_the_new_number_too(client: Client, person: Person, booking: Booking) -> None:
    """Its time is over, but its alarm is not."""
    with time_machine.travel(END + HOUR, tick=False):
        assert sign_in(client, person).post(OWN_DETAILS, {**details(person), **YES}).status_code == 302
    assert phones(booking) == [NEW]


@pytest.mark.parametrize(("answer", "called"), [(YES, NEW), (NO, "+44 (0)113 4960000")])
def test_a_colleague_is_asked_on_the_persons_page(
    client: Client, person: Person, booking: Booking, answer: dict[str, str], called: str
) -> None:
    address = f"/staff/professionals/person/{person.pk}/change/"
    desk = sign_in_staff(client, make_staff(role="coordinator"))
    typed = {**details(person), "organisation": details(person)["organisation_name"]}
    page = desk.post(address, typed).content.decode()
    for part in (QUESTION, f"{booking.reference} ({booking.when})", f'value="new {NEW}"', 'href="#id_new_phone_copies_0"'):
        assert part in page
    assert (phone_of(person), phones(booking)) == (OLD, [booking.contact_phone])
    assert desk.post(address, {**typed, **answer}).status_code == 302
    assert (phone_of(person), phones(booking)) == (NEW, [called])


def test_a_colleague_who_changes_a_callers_number_is_asked_too(client: Client, person: Person, booking: Booking) -> None:
    desk = an_order(sign_in_staff(client, make_staff(role="coordinator")))
    caller = {**details(person), "email": person.email, "new_phone": f"new {NEW}"}
    assert list(desk.errors(**caller)) == ["new_phone_copies"]
    assert (phone_of(person), phones(booking)) == (OLD, [booking.contact_phone])
    assert desk.send(**caller, **YES).status_code == 302
    assert (phone_of(person), phones(booking)) == (NEW, [NEW])


# Colleagues: the number of a presenter and of who is on duty


KEPT, MOBILE = "07700 900123", "+447700900456"


@pytest.fixture
def colleague() -> User:
    user = make_staff(role=["presenter", "coordinator"], mobile="+447700900123")
    make_presenter(name="Tom Adeyemi", user=user, phone=KEPT)
    make_shift(duty_person=user, duty_phone=KEPT, deputy_phone=KEPT)
    make_shift(MONDAY + DAY, deputy=user, deputy_phone=OTHER)
    return user


def numbers_called(user: User) -> list[str]:
    shifts = DutyShift.objects.order_by("first_day").values_list("duty_phone", "deputy_phone")
    return [Presenter.objects.get(user=user).phone, *(number for shift in shifts for number in shift)]


@pytest.mark.parametrize(
    ("answer", "called"),
    [("new", [MOBILE, MOBILE, KEPT, "", OTHER]), ("old", [KEPT, KEPT, KEPT, "", OTHER])],
)
def test_a_colleagues_new_mobile_goes_where_their_old_one_was_copied(
    client: Client, colleague: User, answer: str, called: list[str]
) -> None:
    """Not to a deputy who has the same number, nor where another number of theirs is."""
    own = sign_in_staff(client, colleague)
    page = own.post("/account/mobile/", {"mobile": MOBILE})
    places = "Presenter: Tom Adeyemi, Duty shift: Monday 25 January 2027"
    assert page.context["form"]["new_phone_copies"].help_text == places
    assert numbers_called(colleague) == [KEPT, KEPT, KEPT, "", OTHER]
    saved: HttpResponse = own.post("/account/mobile/", {"mobile": MOBILE, "new_phone_copies": f"{answer} {MOBILE}"})
    assert (saved.status_code, User.objects.get(pk=colleague.pk).mobile) == (302, MOBILE)
    assert numbers_called(colleague) == called


def test_a_manager_who_changes_a_colleagues_mobile_is_asked_too(client: Client, colleague: User) -> None:
    desk = sign_in_staff(client, make_staff())
    address = f"/staff/accounts/user/{colleague.pk}/change/"
    typed = {"is_active": "on", "is_staff": "on", "mobile": MOBILE, "groups": [group.pk for group in colleague.groups.all()]}
    assert "Which number should colleagues call during a visit?" in desk.post(address, typed).content.decode()
    assert desk.post(address, {**typed, "new_phone_copies": f"new {MOBILE}"}).status_code == 302
    assert numbers_called(colleague) == [MOBILE, MOBILE, KEPT, "", OTHER]


# Two at the same moment


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_contact_who_was_entered_meanwhile_keeps_their_own_number(person: Person, booking: Booking) -> None:
    """Whoever changes the booking has it first; the new number waits, looks again and leaves the other contact alone."""
    assert person.user is not None
    by = person.user

    def replace() -> None:
        try:
            replace_contact_phone(person, before=OLD, after=NEW, by=by, now=NOW)
        finally:
            connection.close()

    waiting = Thread(target=replace)
    with transaction.atomic():
        lock_bookings(Booking.objects.filter(pk=booking.pk)).get()
        waiting.start()
        wait_until_somebody_waits()
        answers = {"contact_name": "Kim Ode", "contact_phone": OTHER}
        change_details(booking=booking, answers=answers, expected=booking.version, by=by, now=NOW)
    waiting.join(timeout=60)
    assert phones(booking) == [OTHER]
    assert booking.events.count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_page_from_before_the_new_number_changes_nothing(person: Person, booking: Booking) -> None:
    assert person.user is not None
    before = booking.version
    replace_contact_phone(person, before=OLD, after=NEW, by=person.user, now=NOW)
    with pytest.raises(StaleBooking):
        change_details(booking=booking, answers={"contact_phone": OTHER}, expected=before, by=person.user, now=NOW)
    assert phones(booking) == [NEW]

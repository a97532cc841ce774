"""Closures: which days they close, what rests upon working days, who writes them, and what is asked before."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import translation

from audit.models import Entry
from bookings.models import Booking
from bookings.open_sessions.services.places import offer_expiry
from bookings.schedule.holds import kept_until
from core.dates import Nation, uk_day
from core.models import reset_request_values
from leaflets.models import Order
from notifications.models import DigestFrequency, TeamMail
from office.closures.models import Closure, ClosureScope
from office.closures.queries import (
    CACHED_NOTICES,
    answers_note,
    calls_note,
    closure_text,
    closures_between,
    get_notices,
    office_closed_days,
    parcels_note,
)
from office.closures.services import end_closure, publish_current_notices
from office.site_settings.queries import overdue_request_cutoff
from professionals.safeguarding.advice_line import closed_now_text, is_advice_line_open, next_opening, whom_to_call_text
from tests.bookings.rows import at, make_booking, make_presenter
from tests.factories import make_staff, sign_in_staff
from tests.leaflets.statements import statements

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]
LIST = "/staff/office/closure/"
# A Tuesday; with nothing closed, working days are 13, 14, 15, 18 and 19 January 2027.
NOW = datetime(2027, 1, 12, 10, 0, tzinfo=UTC)
WEDNESDAY, FRIDAY = date(2027, 1, 13), date(2027, 1, 15)


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def coordinator(client: Client) -> Client:
    return sign_in_staff(client, make_staff("kim@ctac.example", role="coordinator"))


def text_of(page: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).split())


def seen_on(page: Any) -> str:
    """The value of the box that is ticked by whoever has seen what is booked."""
    return re.findall(r'<input type="checkbox" name="sure" value="(\w+)"', page.content.decode())[0]


FILLED_IN = {
    "first_day": "13 1 2027",
    "last_day": "15 1 2027",
    "presentations": "on",
    "reason": "Moving house",
    "reason_cy": "Symud",
}


def test_the_database_refuses_a_closure_that_says_nothing_or_ends_before_it_begins() -> None:
    fields = {"first_day": WEDNESDAY, "last_day": FRIDAY, "presentations": True, "reason": "Moving", "reason_cy": "Symud"}
    for wrong in (
        {"last_day": date(2027, 1, 12)},
        {"presentations": False},
        {"reason": ""},
        {"reason_cy": ""},
        {"nation": Nation.SCOTLAND, "parcels": True},
    ):
        with pytest.raises(IntegrityError, match="closure_"), transaction.atomic():
            Closure.objects.create(**{**fields, **wrong})


def test_it_is_read_once_with_the_settings_and_without_a_statement_from_the_cache(close: Any) -> None:
    close(WEDNESDAY, FRIDAY)
    assert statements(lambda: [get_notices(), office_closed_days()]) == []
    cache.delete(CACHED_NOTICES.key)
    reset_request_values()
    assert len(statements(lambda: [get_notices(), office_closed_days(), get_notices()])) == 2  # closures and banners
    assert WEDNESDAY in office_closed_days()


def test_a_change_is_seen_by_the_next_request(coordinator: Client, django_capture_on_commit_callbacks: Any) -> None:
    assert WEDNESDAY not in office_closed_days()
    with django_capture_on_commit_callbacks(execute=True):
        assert coordinator.post(f"{LIST}add/", {**FILLED_IN, "advice_line": "on"}).status_code == 302
    assert WEDNESDAY in office_closed_days()
    closure = Closure.objects.get()
    assert str(Entry.objects.filter(kind="office.closure").latest("pk").act) == "added"
    with django_capture_on_commit_callbacks(execute=True):
        coordinator.post(f"{LIST}{closure.pk}/delete/", {"post": "yes"})
    assert WEDNESDAY not in office_closed_days()


def test_sentences_say_what_is_closed_in_both_languages(close: Any) -> None:
    both = close(date(2027, 12, 24), date(2028, 1, 2))
    assert closure_text(both, ClosureScope.PRESENTATIONS) == "We are closed from 24 December to 2 January: Christmas."
    day = close(WEDNESDAY, None, "parcels")
    assert closure_text(day, ClosureScope.PARCELS) == "We send no leaflets on 13 January: Christmas."
    with translation.override("cy"):
        assert closure_text(both, ClosureScope.PRESENTATIONS) == "Rydym ar gau o 24 Rhagfyr i 2 Ionawr: Y Nadolig."


def test_the_advice_line_is_closed_and_says_when_it_opens(close: Any) -> None:
    assert is_advice_line_open(NOW)
    close(date(2027, 1, 12), date(2027, 1, 20), "advice_line")
    assert not is_advice_line_open(NOW)
    assert uk_day(next_opening(NOW)) == date(2027, 1, 21)
    # More than a week ahead, a weekday alone would be another day.
    assert closed_now_text() == "closed now: it opens on Thursday 21 January at 9.30am"
    assert "It opens on Thursday 21 January 2027 at 9:30am." in whom_to_call_text(NOW)


def test_a_closure_of_something_else_leaves_the_advice_line_open(close: Any) -> None:
    close(date(2027, 1, 12), date(2027, 1, 20), "parcels", "presentations")
    assert is_advice_line_open(NOW)


def test_closed_days_of_the_office_are_no_working_days_in_what_we_promise(close: Any) -> None:
    start = NOW + timedelta(days=60)
    before = kept_until(start, NOW), offer_expiry(start, NOW), TeamMail(rhythm=DigestFrequency.DAILY).next_digest(NOW)
    close(WEDNESDAY, FRIDAY, "advice_line")
    after = kept_until(start, NOW), offer_expiry(start, NOW), TeamMail(rhythm=DigestFrequency.DAILY).next_digest(NOW)
    days = [[uk_day(moment) for moment in moments if moment] for moments in (before, after)]
    assert days == [[date(2027, 1, 14), WEDNESDAY, WEDNESDAY], [date(2027, 1, 19), date(2027, 1, 18), date(2027, 1, 18)]]


def test_requests_wait_too_long_by_working_days_alone(close: Any) -> None:
    assert overdue_request_cutoff(NOW) == at("00:00", date(2027, 1, 9))
    close(date(2027, 1, 8), date(2027, 1, 11), "advice_line")
    assert overdue_request_cutoff(NOW) == at("00:00", date(2027, 1, 7))
    assert "2027-01-07" in str(Order.objects.decision_overdue(NOW).query)


def test_ended_early_the_days_before_stay_closed(close: Any) -> None:
    closure = close(date(2027, 1, 11), date(2027, 1, 20), "advice_line")
    end_closure(closure, by=None, now=NOW)
    publish_current_notices()
    closure.refresh_from_db()
    assert (date(2027, 1, 11) in closure, date(2027, 1, 12) in closure) == (True, False)
    assert closures_between(uk_day(NOW), date(2027, 2, 1), ClosureScope.ADVICE_LINE) == []


def test_who_may_write_them(client: Client) -> None:
    expected = {"coordinator": (200, 200), "manager": (200, 200), "fulfilment": (200, 403), "read-only": (200, 403)}
    for role, answers in expected.items():
        own = sign_in_staff(Client(), make_staff(f"{role}@ctac.example", role=role))
        assert (own.get(LIST).status_code, own.get(f"{LIST}add/").status_code) == answers
        assert own.get("/staff/office/bank-holidays/").status_code == 200
    presenter = sign_in_staff(Client(), make_staff("asha@ctac.example", role="presenter"))
    assert presenter.get("/staff/office/bank-holidays/").status_code == 403


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"first_day": "11 1 2027"}, "That day has passed."),
        ({"last_day": "12 1 2027"}, "The last day must not come before the first."),
        ({"presentations": ""}, "Tick what closes."),
        ({"nation": "scotland", "parcels": "on"}, "In one nation, only presentations can close."),
        ({"reason": "See <b>here</b>"}, "Write plain text here"),
        ({"reason_cy": "www.ctac.example"}, "Write plain text here"),
        ({"reason": "Amy, born 3 April 2014"}, "This looks like details of a child."),
    ],
)
def test_what_the_form_refuses(coordinator: Client, typed: dict[str, str], error: str) -> None:
    assert error in text_of(coordinator.post(f"{LIST}add/", {**FILLED_IN, **typed}))
    assert not Closure.objects.exists()


def test_what_is_booked_on_its_days_is_listed_with_links_before_it_is_saved_and_stays(coordinator: Client) -> None:
    presenter = make_presenter()
    booking = make_booking(presenter, at("10:00", WEDNESDAY))
    make_booking(presenter, at("10:00", date(2027, 1, 18)))
    page = coordinator.post(f"{LIST}add/", FILLED_IN)
    link = f'<a href="/staff/bookings/booking/{booking.pk}/change/">Booking {booking.reference}'
    assert link in page.content.decode()
    assert len(page.context["adminform"].form.conflicts) == 1
    assert "Look at what is booked on these days." in text_of(page)
    typed = dict(re.findall(r'<input type="text" name="(\w+)" value="([^"]*)"', page.content.decode()))
    assert typed == {name: FILLED_IN[name] for name in ("first_day", "last_day", "reason", "reason_cy")}  # as it was typed
    assert not Closure.objects.exists()
    assert coordinator.post(f"{LIST}add/", {**FILLED_IN, "sure": "on"}).status_code == 200  # not what stood beside this list
    assert coordinator.post(f"{LIST}add/", {**FILLED_IN, "sure": seen_on(page)}).status_code == 302
    assert Booking.objects.get(pk=booking.pk).state == booking.state
    assert "1 while we are closed" in text_of(coordinator.get("/staff/"))
    assert coordinator.get("/staff/bookings/booking/?when=closed").context["cl"].result_count == 1


def test_in_one_nation_it_is_about_what_is_there_and_who_lives_there(coordinator: Client) -> None:
    make_booking(make_presenter(), at("10:00", WEDNESDAY))
    booking = make_booking(make_presenter(nation=Nation.SCOTLAND), at("10:00", FRIDAY))
    page = coordinator.post(f"{LIST}add/", {**FILLED_IN, "nation": "scotland"})
    assert [conflict.text.split()[1].strip(":") for conflict in page.context["adminform"].form.conflicts] == [booking.reference]
    coordinator.post(f"{LIST}add/", {**FILLED_IN, "nation": "scotland", "sure": seen_on(page)})
    assert list(Booking.objects.on_closed_days(NOW)) == [booking]


def test_once_begun_it_is_ended_and_not_deleted(coordinator: Client, close: Any) -> None:
    closure = close(date(2027, 1, 11), FRIDAY)
    assert "End this closure today" in text_of(coordinator.get(f"{LIST}{closure.pk}/change/"))
    assert coordinator.post(f"{LIST}{closure.pk}/delete/", {"post": "yes"}).status_code == 403
    assert coordinator.post(f"{LIST}{closure.pk}/do/end/").status_code == 302
    closure.refresh_from_db()
    assert closure.cancelled_at is not None
    assert coordinator.post(f"{LIST}{closure.pk}/change/", {**FILLED_IN, "sure": "on"}).status_code == 403


def test_bank_holidays_by_nation_and_year(coordinator: Client) -> None:
    page = text_of(coordinator.get("/staff/office/bank-holidays/?year=2027"))
    assert "Friday 1 January Everywhere" in page
    assert "Monday 12 July Northern Ireland" in page
    assert text_of(coordinator.get("/staff/office/bank-holidays/?year=x")) == page.replace("2027 2027", "2027 2027")


def test_notes_to_promises_say_what_lies_between(close: Any) -> None:
    assert (answers_note(NOW, 2), parcels_note(NOW, 5), calls_note(NOW, NOW + timedelta(days=9))) == ("", "", "")
    close(date(2027, 1, 14), date(2027, 1, 20))
    closed = "We are closed from 14 January to 20 January: Christmas."
    assert answers_note(NOW, 2) == f"{closed} We don’t count these days as working days."
    assert parcels_note(NOW, 5) == f"{closed} We don’t count these days as working days."
    assert calls_note(NOW, NOW + timedelta(days=9)) == f"{closed} We can’t answer calls or emails then."
    assert calls_note(NOW, NOW + timedelta(days=1)) == ""
    during = NOW + timedelta(days=3)
    assert parcels_note(during, 5) == f"{closed} We send leaflets again from Thursday 21 January 2027."

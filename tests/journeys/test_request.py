"""None of our times suits: a professional asks for dates, staff offer others, the professional takes one."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from core.dates import format_day, is_working_day, uk_day
from tests.journeys.test_booking import PHONE, calendar_event, choose_workplace
from tests.journeys.test_staff import DESK, open_found, reference_on
from tests.journeys.visitor import Visitor
from tests.live.stack import Live

THOSE_OF_ASHA = (0, 1, 3)  # the weekdays of the sample presenter in Leeds
WAYS = [
    pytest.param(PHONE, "asks.phone@leeds.nhs.uk", 20, marks=pytest.mark.slow),
    (DESK | {"java_script_enabled": False}, "asks.desk@leeds.nhs.uk", 30),
]


def a_day_of_asha(days_ahead: int) -> date:
    day = uk_day(datetime.now(UTC)) + timedelta(days=days_ahead)
    while day.weekday() not in THOSE_OF_ASHA or not is_working_day(day, "england"):
        day += timedelta(days=1)
    return day


@pytest.mark.parametrize(("options", "email", "days_ahead"), WAYS, ids=["phone", "desk without JavaScript"])
def test_dates_of_ones_own_are_asked_for_others_offered_and_one_taken(
    options: dict[str, Any], email: str, days_ahead: int, new_page: Callable[..., Any], staff: Visitor, live: Live
) -> None:
    visitor = Visitor(new_page(**options), live, scripts=options.get("java_script_enabled", True))
    day = a_day_of_asha(days_ahead)

    # Given somebody whom none of our times suits, and who names two dates, of which a presenter could give one
    start_asking(visitor)
    name_dates(visitor, day)
    visitor.sign_up(email)

    # Then the page says which is kept and until when, before and after it is sent, and so does the mail
    reference = send_and_read_what_is_kept(visitor, email, live)

    # When staff see why it waits and offer two times
    before = datetime.now(UTC)
    offer_two_times(staff, reference, day)

    # Then opening the link of the mail changes nothing, and choosing one books it
    mail = live.wait_for_mail(to=email, after=before)
    assert mail.subject == f"Please choose a time for your presentation ({reference})"
    link = re.search(rf"/bookings/{reference}/answer/", mail.text)
    assert link
    visitor.open(link[0])
    visitor.open(link[0])
    take_one(visitor, reference, day, email, live)
    visitor.open(link[0])
    assert visitor.url == f"/bookings/{reference}/"


def start_asking(visitor: Visitor) -> None:
    visitor.open("/presentations/")
    visitor.page.locator("main h2 a").first.click()
    visitor.look()
    visitor.follow("Book this presentation")
    choose_workplace(visitor)
    visitor.follow("Ask for dates of your own")
    visitor.press("Continue")
    assert visitor.reads("Tell us why our times don’t suit you.")


def name_dates(visitor: Visitor, day: date) -> None:
    """That day at 10am, and at 7pm, when nobody works."""
    visitor.fill("Why don’t our times suit you?", "We all have clinics until four.")
    for number, clock in enumerate(("10am", "7pm"), start=1):
        visitor.page.locator(f"[name=day_{number}]").fill(f"{day.day} {day.month} {day.year}")
        visitor.page.locator(f"[name=clock_{number}]").fill(clock)
    visitor.press("Continue")


def send_and_read_what_is_kept(visitor: Visitor, email: str, live: Live) -> str:
    """The reference."""
    assert visitor.heading == "Check your request"
    assert (visitor.reads("We will keep it for you until"), visitor.reads("We can’t keep it")) == (True, True)
    before = datetime.now(UTC)
    visitor.press("Send this request")
    assert visitor.heading == "We have your request"
    assert (visitor.reads("We will keep it for you until"), visitor.reads("No time agreed yet")) == (True, True)
    reference = reference_on(visitor, "BK")
    mail = live.wait_for_mail(to=email, after=before)
    said = (mail.subject, "We will keep it for you until" in mail.text, mail.calendar)
    assert said == (f"We have your request ({reference})", True, "")
    assert reference in live.wait_for_mail(subject_contains="Please decide", after=before).subject
    return str(reference)


def offer_two_times(staff: Visitor, reference: str, day: date) -> None:
    open_found(staff, "Bookings", reference)
    assert staff.reads("Our times don’t suit them")
    assert staff.reads("Asha Patel could do it.")
    staff.follow("Offer other times", exact=True)
    staff.page.locator("[name=starts]").first.check()
    staff.press("Later week")
    staff.page.locator("[name=day]").fill(f"{day.day} {day.month} {day.year}")
    staff.page.locator("[name=clock]").fill("2pm")
    staff.press("Offer other times")
    assert staff.reads("We have offered times and are waiting for the professional’s answer.")


def take_one(visitor: Visitor, reference: str, day: date, email: str, live: Live) -> None:
    visitor.press("Send my answer")
    assert visitor.reads("Choose one of these answers.")
    before = datetime.now(UTC)
    visitor.page.get_by_label(re.compile(f"{format_day(day)}, 2pm")).check()
    visitor.press("Send my answer")
    assert (visitor.url, visitor.reads("Confirmed")) == (f"/bookings/{reference}/", True)
    mail = live.wait_for_mail(to=email, after=before)
    assert mail.subject.startswith(f"Your presentation is booked: {format_day(day)}")
    assert calendar_event(mail.calendar)[0] == "REQUEST"
    assert reference in live.wait_for_mail(subject_contains="Agreed", after=before).subject

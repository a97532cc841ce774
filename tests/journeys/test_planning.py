"""A coordinator plans six sessions in one go, without JavaScript: a clash is seen and put right, and the presenter told."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from bookings.open_sessions.queries import monthly_weekdays
from core.dates import format_day, uk_datetime, uk_day
from tests.journeys.visitor import Visitor
from tests.live.clients import inside
from tests.live.stack import Live

NAME, EMAIL = "Imogen Clarke", "imogen.clarke@ctac.test"
PLANNED = """SELECT starts_at, p.name FROM bookings_opensession s LEFT JOIN bookings_presenter p ON p.id = s.presenter_id
    WHERE joining_help = %s ORDER BY starts_at"""


def lay_out() -> str:
    """Runs inside: a presenter for six third Tuesdays and no other day, who is away on the second. Gives the first day."""
    from tests.bookings.rows import make_exception, make_leave, make_presenter

    presenter, days = make_presenter(name=NAME, email=EMAIL, weekdays=()), days_of_six()
    for day in (*days, days[1] + timedelta(days=1)):
        make_exception(presenter, day, hours=("08:00", "22:00"))
    start = uk_datetime(days[1], time(8))
    make_leave(presenter, start.astimezone(UTC), (start + timedelta(hours=12)).astimezone(UTC))
    return days[0].isoformat()


def days_of_six() -> list[Any]:
    """Six third Tuesdays from the month after next on: over one clock change or two, whenever this runs."""
    today = uk_day(datetime.now(UTC))
    first = (today.replace(day=1) + timedelta(days=70)).replace(day=15)
    tuesday = first + timedelta(days=(1 - first.weekday()) % 7)
    found = monthly_weekdays(tuesday)
    return [next(found) for _each in range(6)]


def test_a_series_with_a_clash_is_put_right_and_planned(
    new_page: Callable[..., Any], live: Live, staff_cookies: dict[str, Any]
) -> None:
    # Given a presenter who is away on the second of six third Tuesdays
    days, before = days_of_six(), datetime.now(UTC)
    assert inside(live, "tests.journeys.test_planning", "lay_out") == days[0].isoformat()
    staff = Visitor(new_page(storage_state=staff_cookies, java_script_enabled=False), live, scripts=False)

    # When a coordinator asks for all of them at 10am
    staff.open("/staff/bookings/opensession/")
    staff.follow("Plan open sessions")
    staff.page.get_by_label("Presentation", exact=True).select_option(index=1)
    staff.page.get_by_label("Presenter (optional)", exact=True).select_option(label=f"{NAME}, from LS1 4AP")
    staff.fill("First day", f"{days[0].day}/{days[0].month}/{days[0].year}")
    staff.fill("Starts at", "10am")
    staff.choose("Every month, on the same weekday")
    staff.fill("How many sessions? (optional)", "6")
    staff.fill("Places in each session", "40")
    staff.fill("How to join (optional)", "Six Tuesdays: code 4821")
    staff.press("Check the dates")

    # Then the page says which date is not possible and why, and plans nothing while that stands
    assert staff.reads("6 dates: 5 free, 1 not possible.")
    assert staff.reads(f"Away: {format_day(days[1])}")
    staff.press("Plan the ticked sessions")
    assert staff.reads("is not possible. Untick it or change it.")
    assert live.query(PLANNED, "Six Tuesdays: code 4821") == []

    # When that one gets another day, all six are planned, at 10am of the UK clock, and each has its email with the entry
    other = days[1] + timedelta(days=1)
    staff.page.locator("input[name=d1-day]").fill(f"{other.day} {other.month} {other.year}")
    staff.press("Check again")
    assert staff.reads("6 dates: 6 free.")
    staff.press("Plan the ticked sessions")
    assert staff.heading == "Open sessions"
    expected = [uk_datetime(day, time(10)) for day in (days[0], other, *days[2:])]
    assert live.query(PLANNED, "Six Tuesdays: code 4821") == [(start, NAME) for start in expected]
    mail = live.wait_for_mail(to=EMAIL, after=before, subject_contains="You are giving an open session")
    assert "Six Tuesdays: code 4821" in mail.text

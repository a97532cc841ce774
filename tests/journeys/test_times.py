"""Choosing a time in the month view by keyboard, and the countdown of the time that is kept."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.journeys.test_booking import DESK, PHONE, choose_workplace, give_details
from tests.journeys.test_changing import books, links_of
from tests.journeys.visitor import Visitor
from tests.live.stack import Live

FOCUS = "() => document.activeElement.textContent"
DAY = re.compile(r"^(\w+ \d+ \w+ \d{4}), (no times|1 time|\d+ times)(, chosen)?$")


def to_times(visitor: Visitor) -> None:
    visitor.open("/presentations/")
    visitor.page.locator("main h2 a").first.click()
    visitor.follow("Book this presentation")
    choose_workplace(visitor)
    visitor.page.wait_for_selector(".month__day")


def focus(visitor: Visitor, *keys: str) -> str:
    """What the focus is on after these keys."""
    for key in keys:
        visitor.page.keyboard.press(key)
        visitor.page.wait_for_selector(".month__days:not([aria-busy])")
    name = str(visitor.page.evaluate(FOCUS))
    assert DAY.match(name), name
    return name


def times_below(visitor: Visitor) -> list[str]:
    return [text.split()[0] for text in visitor.page.locator(".time__label").all_inner_texts()]


NARROW = {"viewport": {"width": 320, "height": 640}}


@pytest.mark.parametrize(
    "options",
    [PHONE, pytest.param(DESK, marks=pytest.mark.slow), pytest.param(NARROW, marks=pytest.mark.slow)],
    ids=["phone", "desk", "narrow"],
)
def test_a_month_by_keyboard(options: dict[str, Any], new_page: Callable[..., Any], live: Live) -> None:
    visitor = Visitor(new_page(**options), live)
    to_times(visitor)
    visitor.look()
    page, announced = visitor.page, visitor.page.locator(".month [role=status]")

    # One day of the grid takes the focus, the chosen one, and its times stand below
    assert page.locator(".month__day[tabindex='0']").count() == 1
    page.locator(".month__day[tabindex='0']").focus()
    start = focus(visitor)
    assert start.endswith(", chosen")
    assert page.locator(".times .day__name").all_inner_texts() == [start.split(",")[0]]
    assert f"{len(times_below(visitor))} time" in start

    # Arrows move by day and by week, Home and End within the week
    assert focus(visitor, "ArrowRight") != start
    assert focus(visitor, "ArrowLeft") == start
    assert focus(visitor, "ArrowDown", "ArrowUp") == start
    assert focus(visitor, "Home").startswith("Monday ")
    sunday = focus(visitor, "End")
    assert sunday.startswith("Sunday ")
    assert ", no times" in sunday

    # A day without times can be read but not chosen
    page.keyboard.press("Enter")
    assert announced.inner_text() == sunday
    assert page.locator(".times .day__name").all_inner_texts() == [start.split(",")[0]]

    # Page Down goes to the next month, Page Up comes back; the choice stands
    later = focus(visitor, "PageDown")
    assert page.locator(".month__title").inner_text() in later
    visitor.look()
    focus(visitor, "PageUp")

    # A day with times is chosen by Enter, is said aloud, and gives its times
    page.locator(".month__day:not([aria-disabled])").nth(1).focus()
    chosen = focus(visitor)
    page.keyboard.press("Enter")
    day = chosen.split(",")[0]
    assert announced.inner_text().startswith(f"{day}: ")
    assert page.locator(".times .day__name").all_inner_texts() == [day]
    assert focus(visitor) == f"{chosen.removesuffix(', chosen')}, chosen"
    visitor.look()

    # And a time of it is kept
    first_page = visitor.url.replace("/when/", "/where/")
    page.locator(".time__input").first.check()
    visitor.press("Keep this time and continue")
    visitor.open(first_page)
    assert visitor.reads(f"We are keeping {day}, ")


def test_without_a_month_to_be_had_the_list_is_whole(new_page: Callable[..., Any], live: Live) -> None:
    visitor = Visitor(new_page(**DESK), live)
    visitor.page.route("**/when/?month=*", lambda route: route.fulfill(body="<p>Not this time</p>"))
    visitor.open("/presentations/")
    visitor.page.locator("main h2 a").first.click()
    visitor.follow("Book this presentation")
    choose_workplace(visitor)
    visitor.page.wait_for_selector(".month", state="hidden")
    visitor.follow("Later week")  # the first may end with its first day
    assert visitor.page.locator(".times .day").count() > 1


@pytest.mark.slow
def test_the_month_opens_where_a_booking_is_moved(new_page: Callable[..., Any], live: Live) -> None:
    """On its owner's page and by the link in the email: the month is drawn, stays, and its times can be taken."""
    owner = Visitor(new_page(**DESK), live)
    reference, confirmation = books(owner, "nadia.khan@leeds.nhs.uk")
    reader = Visitor(new_page(**PHONE), live)
    for visitor, path in ((owner, f"/bookings/{reference}/time/"), (reader, f"{links_of(confirmation)['change']}time/")):
        visitor.open(path)
        visitor.page.wait_for_selector(".month__day")
        assert visitor.page.locator(".month").is_visible()
        visitor.look()
        later = visitor.page.get_by_role("button", name="Later month")
        if later.get_attribute("aria-disabled") == "false":  # the first month may be over but for a day
            title = visitor.page.locator(".month__title").inner_text()
            later.click()
            visitor.page.wait_for_function("was => document.querySelector('.month__title').textContent !== was", arg=title)
        visitor.page.locator(".month__day:not([aria-disabled])").last.click()
        visitor.page.wait_for_function("document.querySelectorAll('.times .day__name').length === 1")
        day = visitor.page.locator(".times .day__name").inner_text()
        visitor.page.locator(".time__input").first.check()
        visitor.press("Continue")
        assert visitor.heading == "Check the new time"
        assert visitor.reads(f"{day}, ")


@pytest.mark.slow
def test_the_list_instead_of_the_month_is_remembered(new_page: Callable[..., Any], live: Live) -> None:
    visitor = Visitor(new_page(**DESK), live)
    to_times(visitor)
    assert visitor.page.locator(".times .day").count() == 1
    assert not visitor.page.get_by_role("link", name="Later week").first.is_visible()
    visitor.press("Show a week as a list")
    visitor.follow("Later week")
    assert visitor.page.locator(".times .day").count() > 1
    visitor.press("Show a month")
    visitor.page.wait_for_selector(".month__day")
    assert visitor.page.locator(".times .day").count() == 1


@pytest.mark.slow
def test_a_part_of_the_day_holds_in_the_month_too(new_page: Callable[..., Any], live: Live) -> None:
    visitor = Visitor(new_page(**DESK), live)
    to_times(visitor)
    visitor.follow("Mornings")
    visitor.page.wait_for_selector(".month__day")
    for day in visitor.page.locator(".month__day:not([aria-disabled])").all()[:3]:
        day.click()
        assert all(text.endswith("am") for text in times_below(visitor))


def test_the_time_that_is_kept_counts_down_and_warns(new_page: Callable[..., Any], live: Live) -> None:
    visitor = Visitor(new_page(**PHONE), live)
    visitor.page.clock.install()
    to_times(visitor)
    first_page = visitor.url.replace("/when/", "/where/")
    visitor.page.locator(".time__input").first.check()
    visitor.press("Keep this time and continue")
    visitor.open(first_page)
    page, heard = visitor.page, visitor.page.locator(".kept + [role=status]")
    visitor.fill("Room, parking or entrance (optional)", "Second floor")
    page.clock.fast_forward("05:00")
    assert "10 minutes left." in page.locator(".kept").inner_text()
    assert heard.inner_text() == ""
    page.clock.fast_forward("08:10")
    assert heard.inner_text() == "We will keep your time for 2 more minutes. If you need longer, press the button to keep it."
    visitor.look()

    # Kept longer, with what was typed
    page.locator(".kept__longer").click()
    visitor.look()
    assert visitor.reads("We are keeping this time for you until")
    assert page.get_by_label("Room, parking or entrance (optional)").input_value() == "Second floor"
    assert page.get_by_role("button", name="Keep this time 15 minutes longer").count() == 0

    # At the end nothing is lost, and whether it is free still is said
    page.clock.fast_forward("31:00")
    page.wait_for_function("() => document.querySelector('.kept + [role=status]').textContent.includes('no longer')")
    sentence = "We are no longer keeping your time, but it is still free. Nothing you typed is lost. Carry on to book it."
    assert (heard.inner_text(), page.locator(".kept__what").inner_text()) == (sentence, sentence)
    visitor.look()
    give_details(visitor)

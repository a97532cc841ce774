"""A professional changes a booking: its time and its details on its pages, its time and its end by the links of the mail."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.journeys.test_booking import DESK, PHONE, calendar_event, choose_a_time, choose_workplace
from tests.journeys.visitor import Visitor
from tests.live.mail import Mail
from tests.live.stack import Live

LINK = re.compile(r"https?://\S+?(/links/\S+)")


def books(visitor: Visitor, email: str) -> tuple[str, Mail]:
    """From the first page to the confirmation; its reference and its mail."""
    visitor.open("/presentations/")
    visitor.page.locator("main h2 a").first.click()
    visitor.follow("Book this presentation")
    choose_workplace(visitor)
    choose_a_time(visitor, last=True)
    visitor.sign_up(email)
    before = datetime.now(UTC)
    visitor.press("Confirm this booking")
    found = re.search(r"BK-\w{4}-\w{2}", visitor.page.content())
    assert found
    return found[0], visitor.live.wait_for_mail(to=email, after=before)


def links_of(mail: Mail) -> dict[str, str]:
    """What the mail's links are for: the path that each has. The HTML says the same."""
    found = LINK.findall(mail.text)
    for path in found:
        assert path in mail.html
    return {"cancel" if path.endswith("/cancel/") else "change": path for path in found}


def finds_a_week_with_times(visitor: Visitor) -> None:
    """Other journeys may have booked the rest of the first."""
    while not visitor.page.locator("input[name=start]").count():
        if not visitor.page.locator("a[rel=next]").first.is_visible():
            visitor.page.get_by_role("button", name="Show a week as a list").click()
        visitor.page.locator("a[rel=next]").first.click()
        visitor.look()


def takes_the_first_time(visitor: Visitor) -> None:
    finds_a_week_with_times(visitor)
    visitor.page.locator("input[name=start]").first.check()
    visitor.page.get_by_role("button", name="Continue").click()
    visitor.look()


@pytest.mark.parametrize(
    ("options", "email"),
    [
        pytest.param(PHONE, "amina.yusuf@leeds.nhs.uk", marks=pytest.mark.slow),
        (PHONE | {"java_script_enabled": False}, "owen.price@bradford.nhs.uk"),
    ],
    ids=["phone", "phone without JavaScript"],
)
def test_its_owner_changes_the_time_and_the_details(
    options: dict[str, Any], email: str, new_page: Callable[..., Any], live: Live
) -> None:
    visitor = Visitor(new_page(**options), live, scripts=options.get("java_script_enabled", True))

    # Given a booking
    reference, confirmation = books(visitor, email)
    _method, entry = calendar_event(confirmation.calendar)

    # When they choose another time, they see both before anything happens; then it has moved, and one mail moves the entry
    visitor.open(f"/bookings/{reference}/")
    before = datetime.now(UTC)
    new_time = chooses_another_time(visitor)
    assert visitor.reads(f"Your presentation has moved to {new_time}.")
    mail = live.wait_for_mail(to=email, after=before)
    method, moved = calendar_event(mail.calendar)
    assert "has moved to" in mail.subject
    assert (method, moved["UID"], moved["SEQUENCE"]) == ("REQUEST", entry["UID"], entry["SEQUENCE"] + 1)
    assert moved["DTSTART"].dt != entry["DTSTART"].dt

    # And the details change the same way, with what was wrong kept and said
    before = datetime.now(UTC)
    changes_the_details(visitor)
    mail = live.wait_for_mail(to=email, after=before)
    assert "What has changed: People coming, room, parking or entrance." in " ".join(mail.text.split())
    _method, changed = calendar_event(mail.calendar)
    assert changed["SEQUENCE"] == entry["SEQUENCE"] + 2


def chooses_another_time(visitor: Visitor) -> str:
    """The first that is offered, as the page writes it."""
    visitor.follow("Change the time")
    assert visitor.heading == "Choose another time"
    assert visitor.reads("You keep it until you confirm another one.")
    finds_a_week_with_times(visitor)
    visitor.press("Continue")
    assert visitor.reads("Choose a day and time.")
    takes_the_first_time(visitor)
    assert visitor.heading == "Check the new time"
    new_time = visitor.page.locator("dd").last.inner_text()
    visitor.press("Confirm the new time")
    return str(new_time)


def changes_the_details(visitor: Visitor) -> None:
    visitor.follow("Change the details")
    visitor.fill("How many people will come?", "")
    visitor.fill("Room, parking or entrance (optional)", "Second floor")
    visitor.press("Continue")
    assert visitor.reads("Enter how many people will come.")
    assert visitor.page.get_by_label("Room, parking or entrance (optional)", exact=True).input_value() == "Second floor"
    visitor.fill("How many people will come?", "40")
    visitor.press("Continue")
    assert visitor.heading == "Check your changes"
    assert visitor.reads("Until now: 12")
    visitor.press("Save these changes")
    assert visitor.reads("Your changes are saved.")
    assert visitor.reads("You changed: People coming, room, parking or entrance.")


@pytest.mark.parametrize(
    ("options", "email"),
    [
        pytest.param(PHONE, "grace.mensah@leeds.nhs.uk", marks=pytest.mark.slow),
        (DESK | {"java_script_enabled": False}, "liam.walsh@bradford.nhs.uk"),
    ],
    ids=["phone", "desk without JavaScript"],
)
def test_whoever_has_the_mail_moves_and_cancels_it_without_signing_in(
    options: dict[str, Any], email: str, new_page: Callable[..., Any], live: Live
) -> None:
    # Given a booking, and its mail in a browser where nobody is signed in
    reference, confirmation = books(Visitor(new_page(**PHONE), live), email)
    links = links_of(confirmation)
    visitor = Visitor(new_page(**options), live, scripts=options.get("java_script_enabled", True))

    # When they open the link to change it, the page says the least it can
    visitor.open(links["change"])
    assert visitor.heading == "Your presentation"
    for private in (reference, "Ruth Adeyemi", "1 Park Row", "Priya"):
        assert not visitor.reads(private), private

    # Then they move it, button by button
    visitor.follow("Choose another time")
    takes_the_first_time(visitor)
    before = datetime.now(UTC)
    visitor.press("Confirm the new time")
    assert visitor.reads("Your presentation has moved to")
    mail = live.wait_for_mail(to=email, after=before)

    # And the link of the newer mail cancels it, after which no link of either works
    newer = links_of(mail)
    visitor.open(newer["cancel"])
    assert visitor.heading == "Cancel this presentation?"
    before = datetime.now(UTC)
    visitor.press("Cancel this presentation")
    assert visitor.heading == "The presentation is cancelled"
    assert calendar_event(live.wait_for_mail(to=email, after=before).calendar)[0] == "CANCEL"
    for path in (*links.values(), *newer.values()):
        visitor.open(path)
        assert visitor.heading == "This link does not work"

    # And neither the log nor what staff can read has a token in it
    tokens = {path.split("/")[2] for path in (*links.values(), *newer.values())}
    assert len(tokens) == 4
    log = live.output()
    kept = str(live.query("SELECT subject, text_body, html_body FROM notifications_notification WHERE reference = %s", reference))
    assert "[private link]" in kept
    for token in tokens:
        assert token not in log
        assert token not in kept

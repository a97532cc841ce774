"""A professional books a presentation, reads the mail, and cancels."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from icalendar import Calendar

from tests.journeys.visitor import Visitor
from tests.live.stack import Live

PHONE = {"viewport": {"width": 390, "height": 844}}
DESK = {"viewport": {"width": 1280, "height": 900}}


def calendar_event(text: str) -> Any:
    calendar = Calendar.from_ical(text)
    return str(calendar["METHOD"]), calendar.walk("VEVENT")[0]


def choose_workplace(visitor: Visitor, *, with_leaflets: bool = False) -> None:
    """The first page: where, for whom, and the day."""
    visitor.choose("At your workplace")
    visitor.fill("Address line 1", "1 Park Row")
    visitor.fill("Town or city (optional)", "Leeds")
    visitor.fill("Postcode", "ls14ap")
    if with_leaflets:
        visitor.choose("Bring leaflets for the audience")
    give_details(visitor)


def choose_a_time(visitor: Visitor, *, last: bool = False) -> str:
    """Picks an offered time; gives its day as the page writes it."""
    radios = visitor.page.locator("input[name=start]")
    radio = radios.last if last else radios.first
    day = radio.evaluate("r => r.closest('fieldset').querySelector('legend').innerText")
    radio.check()
    visitor.press("Keep this time and continue")
    return str(day).strip()


def give_details(visitor: Visitor, people: str = "12") -> None:
    visitor.fill("How many people will come?", people)
    visitor.fill("Who should we ask for on the day?", "Ruth Adeyemi")
    visitor.fill("Their phone number", "07700 900123")
    visitor.press("Continue")


@pytest.mark.parametrize(
    ("options", "email"),
    [
        (PHONE, "priya.nair@leeds.nhs.uk"),
        (DESK | {"java_script_enabled": False}, "tom.okafor@bradford.nhs.uk"),
    ],
    ids=["phone", "desk without JavaScript"],
)
def test_someone_who_is_signed_out_books_a_visit_and_cancels_it(
    options: dict[str, Any], email: str, new_page: Callable[..., Any], live: Live
) -> None:
    visitor = Visitor(new_page(**options), live, scripts=options.get("java_script_enabled", True))

    # Given someone who has never been here, starting from the home page
    visitor.open("/")
    visitor.follow("Choose a presentation")
    visitor.page.locator("main h2 a").first.click()
    visitor.look()
    visitor.follow("Book this presentation")

    # When they give every answer, and are asked to sign up only then
    choose_workplace(visitor, with_leaflets=True)
    choose_a_time(visitor)
    assert visitor.reads("You told us that 12 people will come")
    visitor.fill("Child trafficking is child abuse (optional)", "11")
    visitor.press("Continue")
    visitor.sign_up(email)

    # Then nothing that they typed is lost
    assert visitor.heading == "Check your answers"
    for typed in ("1 Park Row", "LS1 4AP", "12", "Ruth Adeyemi", "07700 900123", "11 copies"):
        assert visitor.reads(typed), typed

    # And confirming gives a reference and, within two seconds, the email with the calendar entry
    reference, event = confirm_and_read_the_mail(visitor, email, live)

    # And the booking stands under "My bookings and orders", with the same calendar entry to download
    visitor.open("/my/")
    visitor.page.locator(f"main a[href='/bookings/{reference}/']").first.click()
    visitor.look()
    download_method, download = calendar_event(visitor.page.request.get(f"/bookings/{reference}/calendar.ics").text())
    assert download_method == "PUBLISH"
    assert (download["UID"], download["DTSTART"].dt) == (event["UID"], event["DTSTART"].dt)
    assert "ATTENDEE" not in download

    # When they cancel, then the calendar entry is withdrawn by mail
    cancel_and_read_the_mail(visitor, email, event, live)


def confirm_and_read_the_mail(visitor: Visitor, email: str, live: Live) -> tuple[str, Any]:
    """The reference, and the event of the calendar."""
    before = datetime.now(UTC)
    visitor.press("Confirm this booking")
    assert visitor.heading == "Your presentation is booked"
    reference = re.search(r"BK-\w{4}-\w{2}", visitor.page.content())
    assert reference
    mail = live.wait_for_mail(to=email, after=before)
    assert (mail.received_at - before).total_seconds() < 2
    assert reference[0] in mail.text
    assert reference[0] in mail.html
    assert "11 × Child trafficking is child abuse" in mail.text
    method, event = calendar_event(mail.calendar)
    assert method == "REQUEST"
    assert live.wait_for_mail(to="ctac-team@localhost", after=before).subject
    return reference[0], event


def cancel_and_read_the_mail(visitor: Visitor, email: str, event: Any, live: Live) -> None:
    before = datetime.now(UTC)
    visitor.follow("Cancel this booking")
    visitor.fill("Why are you cancelling? (optional)", "The team meets on another day now.")
    visitor.press("Cancel this booking")
    assert visitor.reads("Cancelled")
    method, cancelled = calendar_event(live.wait_for_mail(to=email, after=before).calendar)
    assert (method, cancelled["UID"], str(cancelled["STATUS"])) == ("CANCEL", event["UID"], "CANCELLED")
    assert cancelled["SEQUENCE"] > event["SEQUENCE"]


def test_wrong_answers_are_explained_and_kept(new_page: Callable[..., Any], live: Live) -> None:
    visitor = Visitor(new_page(**PHONE), live)
    visitor.open("/presentations/")
    visitor.page.locator("main h2 a").first.click()
    visitor.follow("Book this presentation")
    visitor.press("Continue")
    assert visitor.reads("Enter the building and street.")
    visitor.choose("At your workplace")
    visitor.fill("Address line 1", "1 Park Row")
    visitor.fill("Postcode", "nowhere")
    visitor.press("Continue")
    assert visitor.page.get_by_label("Address line 1", exact=True).input_value() == "1 Park Row"
    assert visitor.page.get_by_label("Postcode", exact=True).input_value() == "nowhere"
    link = visitor.page.locator(".govuk-error-summary a", has_text="postcode").first
    link.click()
    assert visitor.page.evaluate("document.activeElement.name") == "postcode"


def test_two_people_choosing_the_same_time_get_one_yes_and_one_polite_page(new_page: Callable[..., Any], live: Live) -> None:
    slow, quick = Visitor(new_page(**PHONE), live), Visitor(new_page(**DESK), live)
    for visitor in (slow, quick):
        visitor.open("/presentations/")
        visitor.page.locator("main h2 a").first.click()
        visitor.follow("Book this presentation")
        choose_workplace(visitor)
    choose_a_time(quick, last=True)
    assert quick.heading == "Sign in to continue"
    choose_a_time(slow, last=True)
    assert slow.heading == "That time has just gone"
    assert slow.page.locator("input[name=start]").count() > 0
    choose_a_time(slow)
    assert slow.heading == "Sign in to continue"

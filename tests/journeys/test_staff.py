"""Staff at the staff site: they decide on requests, send leaflets, help callers, and read and resend what we sent."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.journeys.test_booking import calendar_event, choose_a_time, choose_workplace
from tests.journeys.test_ordering import fill_basket
from tests.journeys.visitor import UNRECOGNISED, Visitor
from tests.live.stack import Live

DESK = {"viewport": {"width": 1280, "height": 900}}


def find(staff: Visitor, list_name: str, words: str) -> None:
    """From the first staff page to the list, and there by search."""
    staff.open("/staff/")
    staff.page.locator("#content-main .lists").get_by_role("link", name=list_name, exact=True).click()
    staff.look()
    staff.page.locator("#searchbar").fill(words)
    staff.press("Search")


def open_found(staff: Visitor, list_name: str, reference: str) -> None:
    find(staff, list_name, reference.lower())
    assert staff.page.locator("#result_list tbody tr").count() == 1
    staff.follow(reference)


def act(staff: Visitor, action: str, **typed: str) -> None:
    """Press an action's button on a change page, answer what it asks, and do it."""
    staff.follow(action, exact=True)
    for name, text in typed.items():
        staff.page.locator(f"#content [name={name}]").fill(text)
    staff.press(action)


def reference_on(visitor: Visitor, prefix: str) -> str:
    found = re.search(rf"{prefix}-\w{{4}}-\w{{2}}", visitor.page.content())
    assert found, visitor.url
    return found[0]


def start_booking(visitor: Visitor) -> None:
    visitor.open("/presentations/")
    visitor.page.locator("main h2 a").first.click()
    visitor.look()
    visitor.follow("Book this presentation")
    choose_workplace(visitor)


def test_staff_confirm_a_request_from_an_unknown_workplace(professional: Visitor, staff: Visitor, live: Live) -> None:
    # Given a visit that somebody at a domain we don't know asks for
    start_booking(professional)
    choose_a_time(professional)
    before = datetime.now(UTC)
    professional.press("Send this request")
    assert professional.heading == "We have your request"
    reference = reference_on(professional, "BK")
    assert live.wait_for_mail(to=UNRECOGNISED, after=before).subject.startswith("We have your request")
    assert reference in live.wait_for_mail(subject_contains="Please decide", after=before).subject
    professional.open(f"/bookings/{reference}/")
    assert professional.reads("Requested")

    # When staff find it by its reference and confirm it
    open_found(staff, "Bookings", reference)
    before = datetime.now(UTC)
    act(staff, "Confirm this booking")

    # Then the page and the mail say so, with the calendar entry
    assert "The booking is confirmed." in staff.page.locator(".message").inner_text()
    mail = live.wait_for_mail(to=UNRECOGNISED, after=before)
    assert mail.subject.startswith("Your presentation is booked")
    method, event = calendar_event(mail.calendar)
    assert (method, str(event["STATUS"])) == ("REQUEST", "CONFIRMED")
    professional.open(f"/bookings/{reference}/")
    assert professional.reads("Confirmed")


def test_staff_pack_and_dispatch_an_order(professional: Visitor, staff: Visitor, live: Live) -> None:
    # Given an order
    fill_basket(professional)
    professional.open("/basket/")
    professional.press("Continue")
    professional.fill("Your name", "Sam Obi")
    professional.fill("Address line 1", "4 Canal Wharf")
    professional.fill("Town or city", "Leeds")
    professional.fill("Postcode", "ls11 5ps")
    professional.press("Continue")
    professional.press("Place this order")
    reference = reference_on(professional, "LO")

    # When staff pack it and it leaves
    open_found(staff, "Orders", reference)
    act(staff, "Start packing")
    before = datetime.now(UTC)
    act(staff, "Dispatch this order", tracking_number="QK 4412 8821 5GB")

    # Then the mail of that evening and the owner's page say so, with the number
    assert "The order is dispatched." in staff.page.locator(".message").inner_text()
    live.let_the_day_end()
    mail = live.wait_for_mail(to=UNRECOGNISED, after=before)
    assert mail.subject == f"Your leaflets are on their way: {reference}"
    assert "QK 4412 8821 5GB" in mail.text
    assert "QK 4412 8821 5GB" in mail.html
    professional.open(f"/orders/{reference}/")
    assert professional.reads("Dispatched")
    assert professional.reads("QK 4412 8821 5GB")


def give_caller(staff: Visitor, email: str, phone: str) -> None:
    """Of a name and a number of their own: of the same ones it would ask who it is. The address was typed to find them."""
    staff.fill("Who is calling?", email)
    staff.page.locator("#content-main").get_by_role("button", name="Find", exact=True).click()
    staff.look()
    assert staff.reads("We found nobody")
    staff.press("Somebody new")
    assert staff.page.get_by_label("Email address (optional)", exact=True).input_value() == email
    staff.fill("Caller’s name", email.partition("@")[0].replace(".", " ").title())
    staff.fill("Caller’s work phone", phone)
    staff.select("Caller’s profession", "Teacher")
    staff.fill("Where they work", "York Road Primary School")
    staff.fill("Postcode of their work", "ls9 7tn")


def offered_time(visitor: Visitor, place: int = -1) -> datetime:
    """What the website offers and nobody keeps yet, as a UK clock shows it."""
    start_booking(visitor)
    value = visitor.page.locator("input[name=start]").nth(place).get_attribute("value")
    return datetime.strptime(value, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC).astimezone(ZoneInfo("Europe/London"))


def test_staff_book_for_a_caller(staff: Visitor, new_page: Callable[..., Any], live: Live) -> None:
    # Given a caller, and a time that the website offers
    start = offered_time(Visitor(new_page(**DESK), live))

    # When staff enter who it is and what they want, after an empty try that says what is missing
    staff.open("/staff/bookings/booking/")
    staff.follow("Book for a caller")
    give_caller(staff, "ngaio.marsh@york-road.example", "0113 496 0055")
    staff.press("Book it")
    assert staff.page.locator(".govuk-error-summary a").count() > 3
    staff.page.get_by_label("Presentation", exact=True).select_option(index=1)
    staff.fill("Day", f"{start:%-d %-m %Y}")
    staff.fill("Starts at", f"{start:%-I:%M%p}".lower())
    staff.choose("At their workplace")
    staff.fill("Address line 1", "1 Park Row")
    staff.fill("Town or city (optional)", "Leeds")
    staff.fill("Postcode", "ls14ap")
    staff.fill("How many people will come?", "9")
    before = datetime.now(UTC)
    staff.press("Book it")

    # Then it stands, staff read the reference to tell, and the caller gets the mail
    reference = reference_on(staff, "BK")
    assert f"Booking {reference} is placed." in staff.page.locator(".message").inner_text()
    mail = live.wait_for_mail(to="ngaio.marsh@york-road.example", after=before)
    assert reference in mail.text
    assert "1 Park Row" in mail.text


def test_staff_order_for_a_caller(staff: Visitor, live: Live) -> None:
    # Given a caller, when staff enter what they want
    staff.open("/staff/leaflets/order/")
    staff.follow("Order for a caller")
    give_caller(staff, "ngaio.orders@york-road.example", "0113 496 0056")
    staff.press("Place the order")
    assert staff.page.locator(".govuk-error-summary a").count() > 1
    staff.page.get_by_label("Child trafficking is child abuse").fill("20")
    staff.fill("Address line 1", "York Road")
    staff.fill("Town or city", "Leeds")
    before = datetime.now(UTC)
    staff.press("Place the order")

    # Then it stands, and the caller gets the mail
    reference = reference_on(staff, "LO")
    assert f"Order {reference} is placed." in staff.page.locator(".message").inner_text()
    mail = live.wait_for_mail(to="ngaio.orders@york-road.example", after=before)
    assert mail.subject == f"We have your leaflet order {reference}"
    assert "York Road" in mail.text


@pytest.mark.slow
def test_staff_read_a_message_as_its_reader_does_and_send_it_again(staff: Visitor, live: Live) -> None:
    # Given a mail that a caller says they never got
    email = "ngaio.again@york-road.example"
    staff.open("/staff/leaflets/order/add/")
    give_caller(staff, email, "0113 496 0057")
    staff.page.get_by_label("Child trafficking is child abuse").fill("5")
    staff.fill("Address line 1", "York Road")
    staff.fill("Town or city", "Leeds")
    before = datetime.now(UTC)
    staff.press("Place the order")
    reference = reference_on(staff, "LO")
    first = live.wait_for_mail(to=email, after=before)

    # When staff find it among the messages
    find(staff, "Messages", email)
    row = staff.page.locator("#result_list tbody tr")
    assert row.count() == 1
    live.wait_for(lambda: staff.page.reload() and "sent" in row.inner_text().lower(), 10)
    staff.follow("Order received", exact=True)

    # Then they see what its reader sees
    assert reference in staff.page.frame_locator("iframe").locator("body").inner_text()

    # And sending it again brings a second mail
    before = datetime.now(UTC)
    act(staff, "Send this message again")
    second = live.wait_for_mail(to=email, after=before)
    assert second.subject == first.subject
    assert second.message_id != first.message_id
    find(staff, "Messages", email)
    assert row.count() == 2


def test_the_menu_takes_two_rows_of_a_small_phone(staff: Visitor) -> None:
    """What has no room goes into the second row together, All lists too."""
    staff.page.set_viewport_size({"width": 360, "height": 740})
    staff.open("/staff/")
    assert len({link.bounding_box()["y"] for link in staff.page.locator(".menu__link").all()}) == 2


def test_the_code_in_an_account_message_stays_private(professional: Visitor, staff: Visitor, live: Live) -> None:
    # Given someone who signed up with a code by mail
    mail = next(mail for mail in live.messages(to=UNRECOGNISED) if re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", mail.text))
    code = re.search(r"\b[A-Z]{4}-[A-Z]{4}\b", mail.text)
    assert code

    # When staff look at that message
    find(staff, "Messages", UNRECOGNISED)
    staff.open(f"{staff.url}&kind=account")
    staff.page.locator("#result_list tbody th a").last.click()
    staff.look()

    # Then it shows no words and offers no second sending
    content = staff.page.content()
    assert "Kept private, because it has a code or a link for signing in." in content
    assert code[0] not in content
    assert staff.page.locator("iframe").count() == 0
    assert staff.page.get_by_role("link", name="Send this message again").count() == 0
    assert staff.page.request.get(f"{staff.url.partition('/change/')[0]}/do/send-again/").url.endswith("/change/")


def test_nobody_enters_without_being_staff_with_a_second_factor(
    professional: Visitor, staff: Visitor, new_page: Callable[..., Any], live: Live
) -> None:
    # A professional reads that it is not for them
    answer = professional.page.goto("/staff/")
    professional.look()
    assert answer.status == 403

    # Staff who have given only their password are asked for the rest
    halfway = Visitor(new_page(**DESK), live)
    halfway.open("/account/login/password/")
    halfway.give_staff_password()
    assert halfway.heading == "Your second factor"
    halfway.open("/staff/")
    assert halfway.heading == "Your second factor"

    # A new colleague, who has no second factor yet, must set one up first
    email = "new.colleague@ctac.test"
    staff.open("/staff/accounts/user/add/")
    staff.page.locator("input[name=email]").fill(email)
    staff.press("Save")
    newcomer = Visitor(new_page(**DESK), live)
    newcomer.open("/account/login/?next=/staff/")
    newcomer.fill("Work email address", email)
    before = datetime.now(UTC)
    newcomer.press("Send me a code")
    newcomer.fill("Code from the email", newcomer.code_from_mail(email, before))
    newcomer.page.locator("main form button[type=submit]").first.click()
    newcomer.look()
    assert newcomer.url.startswith("/account/2fa/totp/activate/")
    newcomer.open("/staff/bookings/booking/")
    assert newcomer.url.startswith("/account/2fa/totp/activate/")


def test_staff_confirm_a_request_without_javascript(
    professional: Visitor, new_page: Callable[..., Any], live: Live, staff_cookies: dict[str, Any]
) -> None:
    # Given a request, and a coordinator whose browser runs no scripts
    start_booking(professional)
    choose_a_time(professional, last=True)
    professional.press("Send this request")
    reference = reference_on(professional, "BK")
    staff = Visitor(new_page(storage_state=staff_cookies, java_script_enabled=False, **DESK), live, scripts=False)

    # When they find it by its reference and confirm it
    open_found(staff, "Bookings", reference)
    before = datetime.now(UTC)
    act(staff, "Confirm this booking")

    # Then the mail says so
    assert live.wait_for_mail(to=UNRECOGNISED, after=before).subject.startswith("Your presentation is booked")


def test_shortcuts_are_shown_lead_to_the_lists_and_can_be_turned_off(staff: Visitor) -> None:
    staff.open("/staff/")
    keyboard, dialog = staff.page.keyboard, staff.page.get_by_role("dialog")
    keyboard.press("?")
    assert dialog.get_by_role("heading").inner_text() == "Keyboard shortcuts"
    assert "Go to Bookings" in dialog.inner_text()
    keyboard.press("Escape")
    assert not dialog.is_visible()
    keyboard.type("gb")
    staff.page.wait_for_url("**/staff/bookings/booking/")
    staff.page.locator("#searchbar").focus()
    keyboard.type("gone?")
    assert staff.page.locator("#searchbar").input_value() == "gone?"
    assert staff.url == "/staff/bookings/booking/"
    staff.page.get_by_role("button", name="Keyboard shortcuts").click()
    dialog.get_by_label("Use these shortcuts").uncheck()
    dialog.get_by_role("button", name="Close").click()
    staff.page.locator("h1").click()
    keyboard.type("n?")
    assert not dialog.is_visible()
    assert staff.url == "/staff/bookings/booking/"
    staff.page.reload()
    keyboard.press("?")
    assert not dialog.is_visible()
    staff.page.get_by_role("button", name="Keyboard shortcuts").click()
    dialog.get_by_label("Use these shortcuts").check()
    dialog.get_by_role("button", name="Close").click()
    keyboard.press("n")
    staff.page.wait_for_url("**/add/")


def test_what_is_rare_is_a_press_on_more_away(staff: Visitor) -> None:
    staff.open("/staff/bookings/opensession/")
    staff.page.locator("#result_list tbody th a").first.click()
    staff.look()
    cancel = staff.page.get_by_role("link", name="Cancel this session")
    assert not cancel.is_visible()
    staff.page.locator("summary", has_text="More").click()
    assert cancel.is_visible()
    staff.page.keyboard.press("Escape")
    assert not cancel.is_visible()

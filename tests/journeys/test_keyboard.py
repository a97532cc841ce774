"""Everything by keyboard alone, on a phone's width: where the focus goes, and that it can always be seen."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.journeys.keyboard import SKIP_LINK, Keyboard
from tests.journeys.visitor import Visitor
from tests.live.stack import Live

PHONE = {"viewport": {"width": 390, "height": 844}}


def choose_a_presentation(visitor: Visitor, keys: Keyboard) -> None:
    visitor.open("/")
    keys.skip_to_main()
    keys.to("Choose a presentation")
    keys.to(SKIP_LINK, "Shift+Tab")
    keys.to("Choose a presentation")
    keys.send()
    assert visitor.heading == "Presentations for your team"
    keys.skip_to_main()
    keys.to("After a concern: from a worry to a safe next step")
    keys.send()
    keys.to("Book this presentation")
    keys.send()


def say_where(keys: Keyboard) -> None:
    """Nothing typed first, then the address of the workplace, which is chosen already."""
    keys.to("Continue")
    keys.send()
    assert keys.follow_first_error()["id"] == "id_address_line_1"
    keys.page.keyboard.type("1 Park Row")
    keys.answer("Town or city (optional)", "Leeds")
    keys.answer("Postcode", "ls14ap")
    keys.to("Bring leaflets for the audience")
    keys.key("Space")
    say_the_rest(keys)


def say_when(keys: Keyboard) -> None:
    """The second of the times, by arrow; the only one, where others have booked the rest of the day."""
    several = keys.page.locator("input[name=start]").count() > 1
    keys.skip_to_main()
    stop = keys.tab()
    while stop and not stop["id"].startswith("id_start"):
        stop = keys.tab()
    keys.key("ArrowDown" if several else "Space")
    assert stop is not None
    assert keys.focus is not None
    assert (keys.focus["id"] != stop["id"], keys.focus["checked"]) == (several, True)
    keys.to("Keep this time and continue")
    keys.send()


def say_the_rest(keys: Keyboard) -> None:
    """A word for a number first. The skip link of the page before must not draw the focus away from the summary."""
    keys.answer("How many people will come?", "many")
    keys.answer("Who should we ask for on the day?", "Ruth Adeyemi")
    keys.answer("Their phone number", "07700 900123")
    keys.send()
    assert keys.follow_first_error()["name"] == "How many people will come?"
    keys.key("Control+A")
    keys.page.keyboard.type("12")
    keys.send()


def choose_leaflets(keys: Keyboard) -> None:
    """More than there are first; the summary leads to the box."""
    keys.answer("Child trafficking is child abuse", "5000")
    keys.send()
    assert keys.follow_first_error()["name"] == "Child trafficking is child abuse (optional)"
    keys.key("Control+A")
    keys.page.keyboard.type("12")
    keys.send()


def sign_up(visitor: Visitor, keys: Keyboard, email: str) -> None:
    before = datetime.now(UTC)
    keys.answer("Work email address", email)
    keys.to("Send me a code")
    keys.send()
    keys.answer("Code from the email", visitor.code_from_mail(email, before))
    keys.send()
    keys.choose_option("Your profession", "Health visitor")
    for label, text in (("Where you work", "Leeds Health Visiting"), ("Work phone", "0113 496 0123")):
        keys.to(label)
        if not visitor.page.get_by_label(label, exact=True).input_value():  # what was typed before stands there
            visitor.page.keyboard.type(text)
    keys.to("Continue")
    keys.send()


def test_booking_by_keyboard_alone(new_page: Callable[..., Any], live: Live) -> None:
    visitor = Visitor(new_page(**PHONE), live)
    keys = Keyboard(visitor.page)
    choose_a_presentation(visitor, keys)
    say_where(keys)
    assert visitor.heading == "Choose a day and time"
    say_when(keys)
    assert visitor.heading == "Leaflets for your audience"
    choose_leaflets(keys)
    sign_up(visitor, keys, "kay.board@leeds.nhs.uk")
    assert visitor.heading == "Check your answers"
    for typed in ("1 Park Row", "LS1 4AP", "12", "Ruth Adeyemi", "07700 900123"):
        assert visitor.reads(typed), typed
    assert "Confirm this booking" in keys.walk_to_the_end()


def test_ordering_by_keyboard_alone(new_page: Callable[..., Any], live: Live) -> None:
    visitor = Visitor(new_page(**PHONE), live)
    keys = Keyboard(visitor.page)

    # Leaflets into the basket: a wrong number first
    visitor.open("/leaflets/")
    keys.skip_to_main()
    keys.answer("Copies of “Child trafficking is child abuse”", "none")
    keys.send()
    assert keys.follow_first_error()["value"] == "none"
    keys.key("Control+A")
    visitor.page.keyboard.type("12")
    keys.send()
    assert visitor.heading == "Leaflets"

    # The basket
    keys.skip_to_main()
    keys.to("See your basket")
    keys.send()
    keys.skip_to_main()
    assert visitor.heading == "Your basket"
    keys.to("Copies of “Child trafficking is child abuse”")
    keys.to("Remove “Child trafficking is child abuse”")
    keys.to("Continue")
    keys.send()

    # Delivery: nothing typed first
    assert visitor.url == "/order/delivery/"
    keys.to("Continue")
    keys.send()
    assert keys.follow_first_error()["name"] == "Your name"
    visitor.page.keyboard.type("Tab Walker")
    keys.answer("Address line 1", "Merrion House")
    keys.answer("Town or city", "Leeds")
    keys.answer("Postcode", "ls28bb")
    keys.send()

    # An account on the way, then the check page and the order
    sign_up(visitor, keys, "tab.walker@leeds.gov.uk")
    assert visitor.heading == "Check your order"
    keys.skip_to_main()
    keys.to("Place this order")
    keys.send()
    assert visitor.heading.startswith("We have your order")
    assert keys.walk_to_the_end()

    # The order is changed: nothing left of it first
    keys.skip_to_main()
    keys.to("see your order, change or cancel it")
    keys.send()
    keys.to("Change this order")
    keys.send()
    keys.answer("Copies of “Child trafficking is child abuse”", "0")
    keys.send()
    assert keys.follow_first_error()["value"] == "0"
    keys.key("Control+A")
    visitor.page.keyboard.type("8")
    keys.to("Save these changes")
    keys.send()
    assert visitor.heading == "8 copies of “Child trafficking is child abuse”"

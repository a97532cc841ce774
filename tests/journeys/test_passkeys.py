"""Passkeys in a browser that has them (Chromium with a virtual authenticator), and in one without JavaScript: nothing of them."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.journeys.visitor import Visitor
from tests.live.stack import Live

DESK = {"viewport": {"width": 1280, "height": 900}}
PASSKEY = re.compile("passkey", re.IGNORECASE)
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class WithDevice(Visitor):
    """Whose computer has passkeys, and asks for a finger that is always there unless `finger(False)`."""

    def __init__(self, page: Any, live: Live) -> None:
        super().__init__(page, live)
        self.cdp = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable")
        self.device = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]

    def finger(self, is_theirs: bool) -> None:
        self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.device, "isUserVerified": is_theirs})

    def press_and_wait(self, name: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=name).click()
        self.look()

    def add_passkey(self) -> None:
        self.open("/account/sessions/")
        self.follow("Passkeys")
        self.follow("Add a passkey")
        self.fill("Name", "My work phone")
        self.press_and_wait("Add a passkey")
        assert self.url == "/account/passkeys/"
        assert self.reads("We have added the passkey")
        assert self.reads("My work phone")

    def sign_out(self) -> None:
        self.open("/account/logout/")
        self.page.locator("main").get_by_role("button", name="Sign out").click()
        self.look()


@pytest.mark.slow
def test_a_professional_adds_a_passkey_and_signs_in_with_it(new_page: Callable[..., Any], live: Live) -> None:
    visitor = WithDevice(new_page(**DESK), live)
    visitor.open("/account/login/")
    visitor.sign_up("passkey.holder@leeds.nhs.uk")
    visitor.add_passkey()
    visitor.sign_out()

    # Not their finger: they read why, and a code stands beside
    visitor.finger(False)
    visitor.open("/account/login/")
    visitor.page.get_by_role("button", name="Use a passkey").click()
    visitor.page.get_by_text("Your browser did not finish with a passkey").wait_for()
    assert visitor.page.get_by_role("button", name="Send me a code").is_visible()
    visitor.look()

    # Theirs, on the same page
    visitor.finger(True)
    visitor.press_and_wait("Use a passkey")
    assert visitor.url == "/my/"


def test_staff_pass_the_second_factor_with_a_passkey(new_page: Callable[..., Any], live: Live) -> None:
    staff = WithDevice(new_page(**DESK), live)
    staff.open("/account/login/password/")
    staff.give_staff_password()
    staff.give_staff_code()
    staff.add_passkey()
    staff.sign_out()

    staff.open("/account/login/password/?next=/staff/")
    staff.give_staff_password()
    assert staff.heading == "Your second factor"
    staff.press_and_wait("Use a passkey")
    assert staff.url == "/staff/"

    # And it is gone when they say so
    staff.open("/account/passkeys/")
    staff.follow("Remove")
    staff.press("Remove the passkey")
    assert staff.reads("You have no passkeys yet")


def test_without_javascript_nothing_is_seen_of_passkeys(
    new_page: Callable[..., Any], live: Live, professional_cookies: dict[str, Any]
) -> None:
    def seen(path: str, **options: Any) -> int:
        page = new_page(**DESK, **options)
        page.goto(path)
        return int(page.get_by_text(PASSKEY).filter(visible=True).count())

    signed_in = {"storage_state": professional_cookies}
    with_it = [seen("/account/login/"), seen("/account/2fa/", **signed_in)]
    without = [
        seen("/account/login/", java_script_enabled=False),
        seen("/account/2fa/", java_script_enabled=False, **signed_in),
        seen("/account/sessions/", java_script_enabled=False, **signed_in),
    ]

    assert all(with_it)
    assert without == [0, 0, 0]

"""A professional orders leaflets, reads the mail, and cancels; anyone downloads one."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.journeys.visitor import Visitor
from tests.live.stack import Live

PHONE = {"viewport": {"width": 390, "height": 844}}
DESK = {"viewport": {"width": 1280, "height": 900}}
SOCIAL_WORKERS = "Stop child trafficking in its tracks: advice for social workers"


def fill_basket(visitor: Visitor, copies: str = "15") -> None:
    visitor.open("/leaflets/")
    visitor.page.get_by_label("Copies of “Child trafficking is child abuse”").fill(copies)
    visitor.page.get_by_role("button", name=re.compile("Add to basket.*Child trafficking is child abuse")).click()
    visitor.look()


@pytest.mark.parametrize(
    ("options", "email"),
    [
        (PHONE, "asha.rahman@leeds.gov.uk"),
        (DESK | {"java_script_enabled": False}, "ben.walsh@bradford.gov.uk"),
    ],
    ids=["phone", "desk without JavaScript"],
)
def test_someone_who_is_signed_out_orders_leaflets_and_cancels(
    options: dict[str, Any], email: str, new_page: Callable[..., Any], live: Live
) -> None:
    visitor = Visitor(new_page(**options), live, scripts=options.get("java_script_enabled", True))

    # Given a basket that was filled before signing in
    fill_basket(visitor)
    visitor.open("/basket/")
    visitor.press("Continue")

    # When they say where to, and sign up in the middle
    visitor.fill("Your name", "Asha Rahman")
    visitor.fill("Address line 1", "Merrion House, 110 Merrion Centre")
    visitor.fill("Town or city", "Leeds")
    visitor.fill("Postcode", "ls28bb")
    visitor.press("Continue")
    assert visitor.url.startswith("/account/login/")
    visitor.sign_up(email, name="Asha Rahman", organisation="Leeds City Council")

    # Then the basket and the address are still there
    assert visitor.reads("15")
    assert visitor.reads("LS2 8BB")

    # And placing it gives a reference and the mail
    before = datetime.now(UTC)
    visitor.press("Place this order")
    reference = re.search(r"LO-\w{4}-\w{2}", visitor.page.content())
    assert reference
    mail = live.wait_for_mail(to=email, after=before)
    assert (mail.received_at - before).total_seconds() < 2
    assert reference[0] in mail.text
    assert live.wait_for_mail(to="ctac-team@localhost", after=before).subject

    # When they cancel it, then the copies are back and the mail says so
    visitor.open(f"/orders/{reference[0]}/")
    before = datetime.now(UTC)
    visitor.follow("Cancel this order")
    visitor.press("Cancel this order")
    assert visitor.reads("Cancelled")
    assert "ancelled" in live.wait_for_mail(to=email, after=before).subject
    assert live.manage("reconcile_stock")

    # When they order two titles another day, then the address is known: two buttons from the catalogue to the confirmation
    visitor.open("/leaflets/")
    for title, copies in (("Child trafficking is child abuse", "7"), (SOCIAL_WORKERS, "3")):
        visitor.page.get_by_label(f"Copies of “{title}”").fill(copies)
    visitor.press("Add to basket and continue")
    assert visitor.url == "/order/check/"
    assert [visitor.reads(text) for text in ("7 copies", "3 copies", "Merrion House", "LS2 8BB")] == [True] * 4
    visitor.press("Place this order")
    assert visitor.heading.startswith("We have your order")


def test_wrong_numbers_are_explained_and_kept(new_page: Callable[..., Any], live: Live) -> None:
    visitor = Visitor(new_page(**DESK), live)
    for typed in ("0", "-1", "1000000000", "ten", "3.5", ""):
        fill_basket(visitor, typed)
        assert visitor.page.locator(".govuk-error-summary").count() == 1, typed
        assert visitor.page.get_by_label("Copies of “Child trafficking is child abuse”").input_value() == typed


def test_a_leaflet_is_a_pdf_at_once_for_anyone(new_page: Callable[..., Any], live: Live) -> None:
    visitor = Visitor(new_page(**DESK), live)
    visitor.open("/leaflets/health-visitors/")
    answer = visitor.page.request.get("/leaflets/health-visitors/download/")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.body().startswith(b"%PDF-")

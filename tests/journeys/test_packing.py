"""A Thursday: one volunteer packs 200 orders by keyboard alone."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.keyboard import Keyboard
from tests.journeys.visitor import Visitor
from tests.live.clients import inside
from tests.live.stack import Live

ORDERS = 200
MOST_SECONDS = 10  # to print for all of them
AREA = "HS1 2AA"
OF_THESE = "SELECT state, count(*) FROM leaflets_order WHERE postcode = %s GROUP BY 1 ORDER BY 1"
OF_LINES = """SELECT sum(dispatched), sum(allocated) FROM leaflets_orderline l JOIN leaflets_order o ON o.id = l.order_id
    WHERE postcode = %s"""
FIGURES = """SELECT sum(on_hand), sum(e.allocated) FROM leaflets_edition e JOIN leaflets_leaflet l ON l.id = e.leaflet_id
    WHERE slug LIKE 'thursday-%%'"""


def lay_out(many: int, postcode: str) -> int:
    """Runs inside: the orders, of titles that no other journey sees. Ten of the people have an address for email."""
    from tests.leaflets.factories import make_edition, make_many_orders

    now = datetime.now(UTC) - timedelta(days=3)
    editions = [make_edition(now, stock=1000, slug=f"thursday-{n}", title=f"Thursday {n}", active=False) for n in range(3)]
    make_many_orders(many - 10, editions, now, postcode=postcode)
    make_many_orders(10, editions, now, postcode=postcode, email="thursday{}@stornoway.nhs.uk")
    return many


def print_it(keys: Keyboard, button: str, folder: Path) -> tuple[bytes, float]:
    """The file that a print button saves, and how many seconds it took."""
    keys.to(button)
    began = time.monotonic()
    with keys.page.expect_download() as saving:
        keys.key("Enter")
    saving.value.save_as(folder / saving.value.suggested_filename)
    return (folder / saving.value.suggested_filename).read_bytes(), time.monotonic() - began


def start_packing(staff: Visitor, keys: Keyboard, area: str, said: str) -> None:
    """A session of all orders in that postcode area, from the first page."""
    staff.open("/staff/")
    keys.to("Packing")
    keys.send()
    keys.to("Start a packing session")
    keys.send()
    keys.answer("Only these postcode areas", area)
    keys.to("Show these orders")
    keys.send()
    assert staff.reads(said)
    keys.to(f"Start packing these {said}")
    keys.send()
    assert staff.heading.startswith("Packing session")
    staff.look()


def to_the_button(keys: Keyboard) -> None:
    keys.start_again()
    keys.to("Go to “Dispatch”")
    keys.key("Enter")
    keys.to("Dispatch the parcels")


def leave_one_out_and_dispatch(staff: Visitor, keys: Keyboard) -> float:
    """How many seconds the last press took. Enter in a box, as a scanner of tracking numbers sends it, dispatches nothing; nor
    does the button while it is not said why a parcel stays."""
    keys.answer("Tracking number of parcel 1", "QK 4412 8821 5GB")
    keys.send()
    assert staff.reads("We have saved what you typed. Nothing is dispatched yet.")
    keys.start_again()
    keys.to("Leave out parcel 2")
    keys.key("Space")
    to_the_button(keys)
    keys.send()
    assert keys.follow_first_error()["name"] == "Why parcel 2 is left out"
    keys.tab("Shift+Tab")
    keys.choose_option("Why parcel 2 is left out", "No time to pack it")
    to_the_button(keys)
    began = time.monotonic()
    keys.send()
    return time.monotonic() - began


@pytest.mark.slow
def test_two_hundred_parcels_are_packed_and_dispatched_by_keyboard(staff: Visitor, live: Live, tmp_path: Path) -> None:
    # Given 200 orders in the Hebrides
    assert inside(live, "tests.journeys.test_packing", "lay_out", ORDERS, AREA) == ORDERS
    keys = Keyboard(staff.page)

    # When a volunteer chooses them, prints everything, leaves one out and dispatches the rest
    start_packing(staff, keys, "hs", "200 orders")
    for button in ("Print the pick list", "Print the packing slips", "Save the courier’s list", "Print the address labels"):
        content, seconds = print_it(keys, button, tmp_path)
        assert len(content) > 1000
        assert seconds < MOST_SECONDS, f"{button}: {seconds:.1f} s"
    took = leave_one_out_and_dispatch(staff, keys)

    # Then all but one have left, and every figure is right
    assert staff.reads("199 dispatched, 1 not sent")
    assert staff.reads("Left out: No time to pack it")
    assert staff.reads("QK 4412 8821 5GB")
    assert took < MOST_SECONDS
    assert live.query(OF_THESE, AREA) == [("dispatched", ORDERS - 1), ("received", 1)]
    [(on_hand, allocated)] = live.query(FIGURES)
    [(left, promised)] = live.query(OF_LINES, AREA)
    assert (on_hand, allocated) == (3000 - left, promised)
    assert "are equal" in live.manage("reconcile_stock")


def test_without_javascript_and_on_a_phone_a_session_is_started_and_closed(
    new_page: Callable[..., Any], live: Live, staff_cookies: dict[str, Any]
) -> None:
    assert inside(live, "tests.journeys.test_packing", "few", "HS9 5AA") == 2
    phone = {"viewport": {"width": 390, "height": 844}}
    staff = Visitor(new_page(storage_state=staff_cookies, java_script_enabled=False, **phone), live, scripts=False)
    staff.open("/staff/leaflets/packingsession/add/?areas=HS9")
    staff.press("Start packing these 2 orders")
    assert staff.reads("2 parcels, 10 copies")
    staff.follow("Close without dispatch", exact=True)
    staff.press("Close without dispatch")
    assert staff.reads("Closed without dispatch")
    assert live.query(OF_THESE, "HS9 5AA") == [("received", 2)]
    live.query("UPDATE leaflets_order SET created_at = now() WHERE postcode = %s", "HS9 5AA")


def few(postcode: str) -> int:
    from leaflets.models import Edition
    from tests.leaflets.factories import make_edition, make_many_orders

    now = datetime.now(UTC)
    edition = Edition.objects.filter(leaflet__slug="friday").first() or make_edition(now, slug="friday", active=False)
    return len(make_many_orders(1, [edition], now, postcode=postcode) + make_many_orders(1, [edition], now, postcode=postcode))

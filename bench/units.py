"""The units of work that are compared, as what a browser asks for."""

import itertools
import re
from datetime import datetime, timedelta

from bench.client import Browser

ADDRESSES = (f"198.18.{high}.{low}" for high in itertools.count() for low in range(1, 255))
SLOT = re.compile(r'name="start"[^>]* value="([^"]+)"|value="([^"]+)"[^>]*name="start"')
LATER = re.compile(r'rel="next" href="([^"]+)"')


def reference_page(browser: Browser) -> None:
    browser.get("/")


def reference_order(browser: Browser, requests: int = 3) -> None:
    """The form, its POST and the confirmation; before them the page with one SELECT, so often that there are as many requests."""
    for _ in range(requests - 3):
        browser.get("/")
    browser.get("/order/")
    browser.get(browser.post("/order/", name="Bench", address="1 Park Row, Leeds"))


def catalogue(browser: Browser) -> None:
    browser.get("/leaflets/")


def order(browser: Browser) -> None:
    """Three titles, from the catalogue to the confirmation."""
    browser.address = next(ADDRESSES)
    browser.get("/leaflets/")
    copies = {f"{slug}-copies": "1" for slug in ("health-visitors", "social-workers", "all-professionals")}
    where = browser.post("/leaflets/", **copies, **{"continue": "1"})
    browser.get(where)
    if where == "/order/delivery/":  # of whom no address is known
        browser.get(browser.post(where, **DELIVERY))
    confirmation = browser.post("/order/check/")
    if "Your reference" not in browser.get(confirmation):
        raise AssertionError(f"no confirmation at {confirmation}")


DELIVERY = {"name": "Bench", "address_line_1": "Merrion House", "town": "Leeds", "postcode": "LS2 8BB"}
BOOKING = "/book/spotting-the-signs"
LENGTH = timedelta(minutes=90)
DETAILS = {"audience_size": "12", "contact_name": "Ruth Adeyemi", "contact_phone": "07700 900123"}


def booking(browser: Browser, slot: str) -> None:
    """From the first question to the confirmation."""
    browser.address = next(ADDRESSES)
    browser.get(f"{BOOKING}/where/")
    browser.get(browser.post(f"{BOOKING}/where/", format="online", **DETAILS))
    browser.get(browser.post(f"{BOOKING}/when/", start=slot))
    confirmation = browser.post(f"{BOOKING}/check/")
    if "Your reference" not in browser.get(confirmation):
        raise AssertionError(f"no confirmation at {confirmation}")


def slots(browser: Browser, most: int) -> list[str]:
    """Start times that are offered online and don't overlap each other, soonest first."""
    browser.address = next(ADDRESSES)
    browser.get(f"{BOOKING}/where/")
    when = browser.post(f"{BOOKING}/where/", format="online", **DETAILS)
    page = browser.get(when)
    found: list[str] = []
    while len(found) < most:
        for start in sorted({first or second for first, second in SLOT.findall(page)}):
            if not found or datetime.fromisoformat(start) - datetime.fromisoformat(found[-1]) >= LENGTH:
                found.append(start)
        later = LATER.search(page)
        if not later:
            break
        page = browser.get(when + later[1].replace("&amp;", "&"))
    return found[:most]

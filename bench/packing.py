"""Packing sessions as units of work: what a volunteer's browser asks for."""

from bench.client import Browser

START = "/staff/leaflets/packingsession/add/"
PRINTS = ("pick-list", "slips", "courier")


def start(browser: Browser, orders: int) -> str:
    """From the page that says what the choice makes to the session's own; its address."""
    browser.get(f"{START}?what=post&most={orders}")
    return browser.post(START, what="post", most=str(orders))


def close(browser: Browser, session: str) -> None:
    """Its orders can be packed again."""
    action = session.replace("/change/", "/do/close/")
    browser.get(action)
    browser.post(action)


def print_it(browser: Browser, session: str, what: str) -> None:
    """The page with the button, and the paper or file that it gives."""
    browser.get(session)
    browser.save(session.replace("/change/", "/print/"), what=what)


def start_and_close(browser: Browser, orders: int) -> None:
    session = start(browser, orders)
    if f"{orders} parcels" not in browser.get(session):
        raise AssertionError(f"no session of {orders} orders at {session}")
    close(browser, session)


def start_and_dispatch(browser: Browser) -> None:
    """Of one order, since there are not many that wait."""
    session = start(browser, 1)
    browser.get(session)
    browser.get(browser.post(session, dispatch="1", **{"track-1": ""}))
    if "1 dispatched, 0 not sent" not in " ".join(browser.body.split()):
        raise AssertionError(f"not dispatched: {session}")

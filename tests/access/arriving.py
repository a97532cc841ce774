"""The day of a visit on the tour: staff see that nobody has heard, a presenter arrives and leaves."""

from tests.live.clients import inside

from . import scene
from .guide import Guide, Tour


def goes_there(guide: Guide) -> Tour:
    """Two visits on the day: of one nobody has heard, at the other the presenter arrives. In the end both are left."""
    over, soon = inside(guide.live, scene.__name__, scene.on_the_day.__name__)
    guide.open("/staff/")
    guide.page.locator(".alarm").first.wait_for()
    yield "staff index with an alarm"
    guide.page.locator(".alarm").first.get_by_role("link", name="Open BK-").click()
    guide.look()
    yield "staff booking under an alarm"
    guide.follow("I am on it")
    yield "staff on an alarm"
    guide.open("/staff/leaflets/order/")
    guide.page.locator(".alarm--open button").click()
    guide.look()
    yield "staff who is on an alarm"
    guide.page.locator(".alarm--bar .staff-button").first.click()
    guide.look()
    yield "staff all is well"
    guide.open(over)
    guide.page.get_by_role("button", name="I have left").wait_for()
    yield "presenter day with an open check-out"
    guide.open(soon)
    guide.page.get_by_role("button", name="I have arrived").wait_for()
    yield "presenter day with an open check-in"
    for way in ("late", "disclosed", "help"):
        guide.open(f"/staff/mine/visits/BK-SOON-V2/{way}/")
        yield f"presenter visit, {way}"
    guide.open("/staff/mine/visits/BK-SOON-V2/")  # its own page: near midnight the other visit has another day's
    guide.press("I have arrived")
    guide.open(soon)
    yield "presenter day, checked in"
    guide.open("/staff/mine/visits/BK-SOON-V2/")
    guide.press("I have left")
    yield "presenter asked if they have left"
    guide.press("Yes, I have left")
    yield "presenter visit, checked out"
    guide.open(over)
    guide.press("I have left")

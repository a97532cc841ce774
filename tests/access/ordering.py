"""The part of the tour that is about orders: placed, over a limit, waited for, and decided on by staff."""

from tests.journeys.test_ordering import fill_basket
from tests.live.clients import inside

from . import scene
from .guide import Guide, Tour

SCARCE = "emergency-care"


def orders(guide: Guide) -> Tour:
    fill_basket(guide, "15")
    guide.open("/basket/")
    guide.press("Continue")
    yield "order delivery"
    guide.fill("Address line 1", "")
    guide.send_empty()
    yield "order delivery with errors"
    give_address(guide)
    yield "order check"
    guide.press("Place this order")
    yield "order placed"
    guide.open("/my/")
    yield "my with an order"
    guide.page.locator("main a[href^='/orders/LO-']").first.click()
    guide.look()
    yield "order"
    yield from changes_an_order(guide)
    guide.follow("Cancel this order")
    yield "order cancel"
    yield from loses_it(guide)
    guide.open("/my/addresses/")
    yield "my addresses"
    guide.follow("Add an address")
    guide.send_empty()
    yield "my address add with errors"
    yield from asks_for_more(guide)


def changes_an_order(guide: Guide) -> Tour:
    """Another number, an address that is missing something; then it is saved."""
    guide.follow("Change this order")
    yield "order change"
    guide.page.locator("[name^=copies-]").first.fill("many")
    guide.fill("Town or city", "")
    guide.press("Save these changes")
    yield "order change with errors"
    guide.page.locator("[name^=copies-]").first.fill("12")
    guide.fill("Town or city", "Leeds")
    guide.press("Save these changes")
    yield "order that was changed"


def loses_it(guide: Guide) -> Tour:
    """The order leaves, three weeks ago, and never comes."""
    reference = guide.page.url.split("/orders/")[1].split("/")[0]
    inside(guide.live, scene.__name__, scene.lose.__name__, reference)
    guide.open(f"/orders/{reference}/")
    yield "order that has left"
    guide.follow("Tell us that it never came")
    yield "order missing"
    guide.page.locator("[name=note]").fill("Amy Smith, born 3/4/2015, waits")
    guide.press("Tell us that it never came")
    yield "order missing with what looks like a child's details"
    guide.page.locator("[name=note]").fill("We moved to Elland Road in January")
    guide.press("Tell us that it never came")
    yield "order that never came"


def decides_on_lost(guide: Guide) -> Tour:
    """Staff look at a parcel that never came, and at both ways to decide it."""
    report = f"/staff/leaflets/missingparcel/{inside(guide.live, scene.__name__, scene.lost_parcel.__name__)}"
    guide.open("/staff/leaflets/missingparcel/?state__exact=open")
    yield "staff parcels that never came"
    guide.open(f"{report}/change/")
    yield "staff parcel that never came"
    for slug in ("send-again", "close"):
        guide.open(f"{report}/do/{slug}/")
        yield f"staff parcel {slug}"


def packs(guide: Guide) -> Tour:
    """A packing session from the choice to the summary, with a copy that is not on the shelf."""
    inside(guide.live, scene.__name__, scene.orders_to_pack.__name__, "LD")
    guide.open("/staff/leaflets/packingsession/add/?what=post&areas=QQ")
    yield "staff packing start with errors"
    guide.open("/staff/leaflets/packingsession/add/?what=post&areas=LD")
    yield "staff packing start"
    guide.page.locator("#content-main form[method=post] [type=submit]").click()
    guide.look()
    yield "staff packing session"
    session = guide.url.removesuffix("change/")
    for slug in ("add", "take-out", "close"):
        guide.open(f"{session}do/{slug}/")
        yield f"staff packing session {slug}"
    guide.open(f"{session}change/")
    guide.page.locator("[name=out-1]").check()
    guide.page.locator("[name^=copies-]").last.fill("2")
    guide.page.locator("[name=dispatch]").click()
    guide.look()
    yield "staff packing session with errors"
    guide.page.locator("[name=rest]").first.check()
    guide.page.locator("[name=dispatch]").click()
    guide.look()
    yield "staff packing summary"


def uploads_lists(guide: Guide) -> Tour:
    """A stock list with errors, one that is right, and what was written of it."""
    for name, row in (("with errors", b"nobody,ten"), ("to be checked", b"all-professionals,7")):
        guide.open("/staff/leaflets/sheetimport/add/?kind=stock")
        content = b"Short name,Copies that came in,Colour\r\n" + row + b",red\r\n"
        guide.page.set_input_files("[name=file]", {"name": "list.csv", "mimeType": "text/csv", "buffer": content})
        guide.press("Upload and check")
        yield f"staff list {name}"
    guide.press("Write all of this")
    yield "staff list that was written"


def give_address(guide: Guide) -> None:
    guide.fill("Your name", "Meera Shah")
    guide.fill("Address line 1", "Merrion House, 110 Merrion Centre")
    guide.fill("Town or city", "Leeds")
    guide.fill("Postcode", "ls28bb")
    guide.press("Continue")


def asks_for_more(guide: Guide) -> Tour:
    """A title that is out of stock; one over its limit, another of which there are too few, then the reason."""
    all_there_were = inside(guide.live, scene.__name__, scene.leave_in_stock.__name__, SCARCE, 0)
    guide.open(f"/leaflets/{SCARCE}/")
    guide.press("Email me when it is back")
    yield "leaflet that is out of stock"
    guide.open(f"/leaflets/{SCARCE}/alert/")
    yield "leaflet alert to stop"
    inside(guide.live, scene.__name__, scene.leave_in_stock.__name__, SCARCE, all_there_were)
    there_were = inside(guide.live, scene.__name__, scene.leave_in_stock.__name__, SCARCE, 5)
    for slug, copies in (("health-visitors", "150"), (SCARCE, "20")):
        guide.open(f"/leaflets/{slug}/")
        guide.page.locator(f"[name={slug}-copies]").fill(copies)
        guide.press("Add to basket")
    guide.open("/basket/")
    yield "basket with a title over its limit"
    guide.page.locator("[name=reason]").fill("Amy Smith, born 3/4/2015, needs one")
    guide.press("Continue")
    yield "basket with a reason that looks like a child's details"
    guide.page.locator("[name=reason]").fill("We train every school in the county")
    guide.page.locator(f"[name=wait-for-{SCARCE}]").check()
    guide.press("Continue")  # where the order before went is known
    yield "order check of a request"
    guide.press("Send this request")
    yield "order requested"
    guide.page.get_by_role("link", name="see your request").click()
    guide.look()
    yield "order that is a request"
    inside(guide.live, scene.__name__, scene.leave_in_stock.__name__, SCARCE, there_were)


def decides_on_more(guide: Guide) -> Tour:
    """Staff look at a request for more leaflets, and at both ways to decide it."""
    request = f"/staff/leaflets/order/{inside(guide.live, scene.__name__, scene.ask_for_more_leaflets.__name__)}"
    guide.open("/staff/leaflets/order/?state__exact=requested")
    yield "staff requests for leaflets"
    guide.open(f"{request}/change/")
    yield "staff request for leaflets"
    for slug in ("approve", "decline"):
        guide.open(f"{request}/do/{slug}/")
        yield f"staff request for leaflets {slug}"
        guide.page.locator("#content-main form :is(input[type=text], textarea)").first.fill("")
        guide.press_main()
        yield f"staff request for leaflets {slug} with errors"

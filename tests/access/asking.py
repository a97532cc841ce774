"""The part of the tour that is about requests: dates of one's own, what staff do with them, and the answer to what they offer."""

from tests.journeys.test_booking import choose_workplace
from tests.journeys.test_request import a_day_of_asha
from tests.live.clients import inside

from . import scene
from .guide import Guide, Tour

CALLERS = "/staff/bookings/booking/add/"
STAFF_REQUEST = "/staff/bookings/booking/{}"


def asks_for_dates(guide: Guide) -> Tour:
    """Somebody who is signed in, from the page where none of our times suits to what becomes of the request."""
    guide.open("/presentations/")
    guide.page.locator("main h2 a").first.click()
    guide.follow("Book this presentation")
    choose_workplace(guide)
    guide.follow("Ask for dates of your own")
    yield "dates"
    guide.send_empty()
    yield "dates with errors"
    guide.fill("Why don’t our times suit you?", "We all have clinics until four.")
    first, second = (f"{a_day_of_asha(ahead):%d %m %Y}" for ahead in (40, 41))
    for number, (day, clock) in enumerate(((first, "10am"), (second, "7pm")), start=1):
        guide.page.locator(f"[name=day_{number}]").fill(day)
        guide.page.locator(f"[name=clock_{number}]").fill(clock)
    yield "dates filled in"
    guide.page.locator("[name=day_2]").fill("1 1 2020")
    guide.send_empty()
    yield "dates with an error in one"
    guide.page.locator("[name=day_2]").fill(second)
    guide.send_empty()
    yield "dates check"
    guide.press("Send this request")
    yield "request placed"


def begins_at_a_kept_address(guide: Guide, email: str) -> Tour:
    """The first page of a booking for who keeps an address: all that can be chosen, and what is wrong with another one."""
    inside(guide.live, scene.__name__, scene.keep_an_address.__name__, email)
    guide.open("/presentations/")
    guide.page.locator("main h2 a").first.click()
    guide.follow("Book this presentation")
    guide.choose("At your workplace")
    yield "book where among kept addresses"
    guide.choose("Another address")
    guide.blank()
    guide.send_empty()
    yield "book where with errors in another address"


def answers(guide: Guide, email: str) -> Tour:
    """What staff offered for the newest request: open, with errors, over, and after the answer."""
    reference = inside(guide.live, scene.__name__, scene.offer_times_to.__name__, email)
    path = f"/bookings/{reference}/"
    guide.open(path)
    yield "request with offers"
    guide.open(f"{path}answer/")
    yield "answer"
    guide.send_empty()
    yield "answer with errors"
    guide.page.locator("main input[value=others]").check()
    yield "answer asking for others"
    guide.send_empty()
    yield "answer asking for others with errors"
    inside(guide.live, scene.__name__, scene.let_lapse.__name__, reference)
    guide.open(path)
    yield "request with offers that are over"
    guide.open(f"{path}answer/")
    yield "answer when offers are over"
    guide.send_empty()
    yield "answer when offers are over with errors"


def looks_back(guide: Guide, email: str) -> Tour:
    """One's own page with more behind than stands on it."""
    inside(guide.live, scene.__name__, scene.much_behind.__name__, email)
    guide.open("/my/")
    yield "my with much behind"
    guide.follow("Show older presentations")
    yield "my, an older page"


def ranks(guide: Guide) -> Tour:
    """Who could give a visit, the best first, and why the others could not."""
    booking = inside(guide.live, scene.__name__, scene.with_a_choice.__name__)
    guide.open(f"{booking}/change/")
    yield "staff who could give it"
    guide.open(f"{booking}/do/reassign/")
    yield "staff who could give it instead"


def decides(guide: Guide) -> Tour:
    """Staff look at a request, at both ways to decide it, and offer times of two weeks."""
    request = STAFF_REQUEST.format(inside(guide.live, scene.__name__, scene.ask_for_dates.__name__))
    guide.open(f"{request}/change/")
    yield "staff request"
    for slug in ("agree", "offer"):
        guide.open(f"{request}/do/{slug}/")
        yield f"staff request {slug}"
        guide.press_main()
        yield f"staff request {slug} with errors"
    guide.page.locator("[name=starts]").first.check()
    guide.press("Later week")
    guide.page.locator("[name=starts]").last.check()
    yield "staff request offer times chosen in two weeks"
    guide.press_main()
    yield "staff request offered"
    guide.open(f"{request}/do/offer/")
    yield "staff request offer others"


def keys_in(guide: Guide) -> Tour:
    """Staff book for a caller: free times of a week, the last question left out, then dates of the caller's own."""
    guide.open(CALLERS)
    yield "staff caller, to be found"
    guide.press_main()
    yield "staff caller, to be found, with errors"
    guide.press("Somebody new")
    guide.press("Show free times")
    yield "staff caller without what is needed to show times"
    guide.page.locator("[name=what-presentation]").select_option(index=1)
    guide.page.locator("[name=where-format][value=online]").check()
    guide.press("Show free times")
    yield "staff caller free times"
    guide.page.locator("[name=time-start]").first.check()
    guide.press("Later week")
    yield "staff caller another week"
    guide.press_main()
    yield "staff caller with errors"
    guide.press("Enter the dates that they want")
    yield "staff caller dates"
    guide.press_main()
    yield "staff caller dates with errors"
    for name, value in CALLER.items():
        guide.page.locator(f"[name={name}]").fill(value)
    guide.page.locator("[name=caller-profession]").select_option(index=1)
    for number, clock in enumerate(("10am", "8pm"), start=1):
        guide.page.locator(f"[name=dates-day_{number}]").fill(f"{a_day_of_asha(47):%d %m %Y}")
        guide.page.locator(f"[name=dates-clock_{number}]").fill(clock)
    guide.press_main()
    yield "staff caller request placed"


CALLER = {
    "caller-name": "Jo Green",
    "caller-phone": "0113 496 0003",
    "caller-organisation_name": "A small charity",
    "caller-postcode": "LS1 4AP",
    "dates-reason": "They meet as a team on one day of the month.",
    "details-audience_size": "12",
}

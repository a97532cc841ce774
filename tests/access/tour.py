"""Every page of the product in every state that a visit reaches: one list for `make access` and `make screenshots`.

A tour is a generator that stands on a page at each `yield` and says its name. Whoever takes the tour looks at that page:
holds it against a check, takes its picture. Pages of the staff site are found by following its own links, so a new one is
on the tour without being named here.
"""

import re
from collections.abc import Callable
from typing import Any

from professionals.samples import RETURNED_EMAIL, RETURNED_PASSWORD
from tests.journeys.test_booking import choose_a_time, choose_workplace
from tests.journeys.test_ordering import fill_basket
from tests.live.stack import Live

from .account import forgot_a_password, signs_up
from .afterwards import counts_who_came, has_been_given, says_how_it_was
from .arriving import goes_there
from .asking import answers, asks_for_dates, begins_at_a_kept_address, decides, keys_in, looks_back, ranks
from .guide import Guide, Tour, links
from .ordering import decides_on_lost, decides_on_more, orders, packs, uploads_lists
from .planning import plans_sessions
from .sessions import by_place_link, takes_places
from .workspace import (
    closes_days,
    has_two_accounts,
    imports_records,
    looks_up_help,
    merges,
    puts_up_a_banner,
    saves_a_view,
)

SENT = (["bookings", "booking"], ["leaflets", "order"], ["notifications", "notification"])
STAFF_LIST = re.compile(r"/staff/[a-z]+/[a-z]+/")
PROFESSIONAL = "meera.shah@leeds.nhs.uk"
UNKNOWN_DOMAIN = "jo.green@a-small-charity.example"
PAGES = [
    "/",
    "/about/",
    "/where-we-have-been/",
    "/privacy/",
    "/cookies/",
    "/accessibility/",
    "/security/",
    "/presentations/",
    "/leaflets/",
    "/basket/",
]
OPEN_FORMS = ["/privacy/complaint/"]
PAGES += ["/sessions/", "/account/no-way-in/"]
GUIDANCE = ["/guidance/", "/guidance/health-visitors/", "/guidance/health-visitors/england/"]
PAGES += GUIDANCE
SEARCHES = {"found": "q=helth+vistor", "found in part": "q=school+laptop", "not found": "q=laptop", "narrowed": "topic=Referral"}
SEARCHES |= {"narrowed to nothing": "language=welsh"}
ACCOUNT = ["/account/login/", "/account/login/password/", "/account/password/reset/"]
MY_PAGES = [
    "/account/details/",
    "/account/email/",
    "/account/password/set/",
    "/account/2fa/totp/activate/",
    "/account/2fa/",
    "/account/reauthenticate/code/",
]
MY_PAGES += ["/account/logout/", "/account/sessions/", "/account/delete/", "/account/deleted/", "/my/mail/"]
MY_PAGES += ["/account/passkeys/", "/account/passkeys/add/", "/seats/"]
MY_FORMS = MY_PAGES[:4]
PRESENTER_FORMS = ["/staff/mine/availability/week/", "/staff/mine/availability/days/", "/staff/mine/availability/rules/"]
PRESENTER_FORMS += ["/staff/mine/leave/ask/"]


def signed_out(guide: Guide) -> Tour:
    """What anyone sees, each form with an error too."""
    for path in PAGES:
        guide.open(path)
        yield f"out {path}"
    for path in (*ACCOUNT, *OPEN_FORMS):
        guide.open(path)
        yield f"out {path}"
        guide.send_empty()
        yield f"out {path} with errors"
    guide.open("/presentations/")
    guide.page.locator("main h2 a").first.click()
    guide.look()
    yield "out presentation"
    for name, query in SEARCHES.items():
        guide.open(f"/leaflets/?{query}")
        yield f"out leaflets {name}"
    guide.open("/leaflets/health-visitors/")
    yield "out leaflet"
    yield from asks_whom_to_tell(guide)
    guide.open("/no-such-page/")
    yield "out not found"
    yield from says_how_it_was(guide)
    yield from fills_a_basket(guide)
    yield from forgot_a_password(guide)


def asks_whom_to_tell(guide: Guide) -> Tour:
    guide.open("/guidance/who-to-tell/")
    yield "out who to tell"
    guide.send_empty()
    yield "out who to tell with errors"
    guide.page.get_by_label("Postcode").fill("LS1 4AP")
    guide.press("Show who to tell")
    yield "out who to tell in Leeds"


def fills_a_basket(guide: Guide) -> Tour:
    fill_basket(guide, "ten")
    yield "out leaflets with errors"
    for box in guide.page.locator("main [name$=-copies]").all():
        box.fill("ten")
    guide.press("Add to basket and continue")
    yield "out leaflets with an error in every box"
    fill_basket(guide, "15")
    yield "out leaflets with a basket"
    guide.open("/basket/")
    yield "out basket with a leaflet"


def books(guide: Guide, email: str) -> Tour:
    """Through the booking steps into a new account, to the confirmation and the cancelling."""
    guide.open("/presentations/")
    guide.page.locator("main h2 a").first.click()
    guide.follow("Book this presentation")
    yield "book where"
    guide.send_empty()
    yield "book where with errors"
    choose_workplace(guide, with_leaflets=True)
    yield "book when"
    first_page = guide.url.replace("/when/", "/where/")
    guide.follow("Mornings")
    yield "book when in mornings"
    guide.follow("All day")
    guide.page.locator("main form button[type=submit]").last.click()
    guide.look()
    yield "book when with errors"
    choose_a_time(guide)
    yield "book leaflets"
    leaflets = guide.url
    guide.open(first_page)
    yield "book where with a time kept"
    guide.press("Keep this time 15 minutes longer")
    yield "book where kept longer"
    guide.open(leaflets)
    yield from has_leaflets_brought(guide)
    yield "book sign in"
    yield from signs_up(guide, email)
    yield "book check"
    guide.press("Send this request" if email == UNKNOWN_DOMAIN else "Confirm this booking")
    yield "booking placed"
    guide.open("/my/")
    yield "my with a booking"
    guide.page.locator("main a[href^='/bookings/BK-']").first.click()
    guide.look()
    yield "booking"
    yield from changes(guide)
    if email != UNKNOWN_DOMAIN:
        yield from offers_seats(guide)
    guide.follow("Cancel this booking")
    yield "booking cancel"


def offers_seats(guide: Guide) -> Tour:
    """The host's page before and after, and the form; back to the page of the booking."""
    booking = guide.url
    guide.follow("Offer spare seats")
    yield "booking seats"
    guide.follow("Offer spare seats")
    yield "booking seats offer"
    guide.send_empty()
    yield "booking seats offer with errors"
    guide.fill("How many spare seats do you have?", "2")
    guide.choose("Midwife")
    guide.press("Offer these seats")
    yield "booking seats offered"
    guide.open(booking)


def has_leaflets_brought(guide: Guide) -> Tour:
    guide.fill("Child trafficking is child abuse (optional)", "many")
    guide.press("Continue")
    yield "book leaflets with errors"
    guide.fill("Child trafficking is child abuse (optional)", "12")
    guide.press("Continue")


def changes(guide: Guide) -> Tour:
    """Another time and other details, up to the last button; back to the page of the booking."""
    booking = guide.url
    guide.follow("Change the time")
    yield "booking time"
    guide.page.locator("main form:not(.first-free) button[type=submit]").last.click()
    guide.look()
    yield "booking time with errors"
    guide.page.locator("main input[name=start]").first.check()
    guide.page.locator("main form:not(.first-free) button[type=submit]").last.click()
    guide.look()
    yield "booking time check"
    guide.open(booking)
    guide.follow("Change the details")
    yield "booking details"
    guide.fill("How many people will come?", "")
    guide.press("Continue")
    yield "booking details with errors"
    guide.fill("How many people will come?", "31")
    guide.press("Continue")
    yield "booking details check"
    guide.open(booking)


def by_link(guide: Guide) -> Tour:
    """What the links of the confirmation lead to, for somebody who is signed out."""
    text = guide.live.wait_for_mail(to=PROFESSIONAL, subject_contains="booked").text
    change, cancel = re.findall(r"https?://[^/]+(/links/\S+)", text)
    guide.open(change)
    yield "link"
    guide.open(f"{change}time/")
    yield "link time"
    guide.page.locator("main input[name=start]").first.check()
    guide.page.locator("main form:not(.first-free) button[type=submit]").last.click()
    guide.look()
    yield "link time check"
    guide.open(cancel)
    yield "link cancel"
    guide.open("/links/cancelled/")
    yield "link cancelled"
    guide.open("/links/over/")
    yield "link over"


def professional(guide: Guide) -> Tour:
    """Someone whose work address we recognise, from the first answer to the account pages."""
    yield from books(guide, PROFESSIONAL)
    yield from asks_for_dates(guide)
    yield from answers(guide, PROFESSIONAL)
    yield from takes_places(guide)
    yield from looks_back(guide, PROFESSIONAL)
    yield from has_been_given(guide, PROFESSIONAL)
    yield from orders(guide)
    yield from begins_at_a_kept_address(guide, PROFESSIONAL)
    for path in MY_PAGES:
        guide.open(path)
        yield f"my {path}"
        if path in MY_FORMS:
            guide.blank()
            guide.send_empty()
            yield f"my {path} with errors"
    yield from has_a_calendar(guide, "my", "/my/calendar/", "main")
    yield from has_two_accounts(guide, PROFESSIONAL)
    guide.open("/account/logout/")
    guide.page.locator("main form button[type=submit]").first.click()
    guide.look()
    yield from by_link(guide)
    yield from by_place_link(guide, PROFESSIONAL)


def has_a_calendar(guide: Guide, who: str, path: str, content: str) -> Tour:
    """Its page before and after the address is made, and the page that stops it."""
    guide.open(path)
    yield f"{who} calendar without an address"
    guide.page.locator(f"{content} form button[type=submit]").click()
    guide.look()
    yield f"{who} calendar"
    guide.open(f"{path}stop/")
    yield f"{who} calendar stop"


def asks(guide: Guide) -> Tour:
    """Someone at a domain that we don't know: what we call a request."""
    for name in books(guide, UNKNOWN_DOMAIN):
        if name in {"book check", "booking placed", "my with a booking", "booking"}:
            yield f"unknown domain {name}"
        if name == "booking":
            return  # from here on it is as for everybody


def signs_in_as_staff(guide: Guide) -> Tour:
    guide.open("/staff/")
    guide.follow("Sign in with a password instead")
    guide.give_staff_password()
    yield "staff second factor"
    guide.send_empty()
    yield "staff second factor with errors"
    guide.give_staff_code()


def is_asked(guide: Guide) -> Tour:
    """Who comes back after our mail to them did: what each page says then, and the page that asks."""
    guide.open("/account/login/password/")
    guide.fill("Work email address", RETURNED_EMAIL)
    guide.fill("Password", RETURNED_PASSWORD)
    guide.press("Sign in")
    guide.open("/my/")
    yield "my when mail came back"
    guide.follow("Check that the address is right")
    yield "my returned mail"


def staff(guide: Guide) -> Tour:
    """The staff site: each list, its add form with and without errors, one row, its history, and each of its actions."""
    yield from signs_in_as_staff(guide)
    guide.open("/staff/")
    yield "staff index"
    guide.open("/account/mobile/")
    yield "staff own mobile"
    guide.fill("Mobile (optional)", "0113 496 0000")
    guide.press("Save")
    yield "staff own mobile with errors"
    guide.open("/staff/")
    lists = [path for path in links(guide, "a[href^='/staff/']") if STAFF_LIST.fullmatch(path)]
    yield from plans_sessions(guide)
    yield from presents(guide)
    yield from decides(guide)
    yield from ranks(guide)
    yield from keys_in(guide)
    yield from decides_on_more(guide)
    yield from decides_on_lost(guide)
    yield from packs(guide)
    yield from uploads_lists(guide)
    yield from goes_there(guide)
    yield from counts_who_came(guide)
    yield from merges(guide)
    yield from saves_a_view(guide)
    yield from looks_up_help(guide)
    for path in (
        *("/staff/emails/", "/staff/emails/booking-confirmed/1/", "/staff/texts/"),
        *("/staff/reach/area/upper/E08000035/", "/staff/reach/invite/?area=E08000035"),
    ):
        guide.open(path)
        yield f"staff {path}"
    yield from words_a_text(guide)
    for path in lists:
        guide.open(path)
        yield f"staff {path}"
        yield from adds(guide, path)
        guide.open(path)
        rows = links(guide, "#result_list tbody th a")
        if rows:
            yield from row(guide, rows[0])


def office(guide: Guide) -> Tour:
    """What staff own beside the settings: closures, the banner, and records from before."""
    yield from signs_in_as_staff(guide)
    yield from closes_days(guide)
    yield from puts_up_a_banner(guide)
    yield from imports_records(guide)


def presents(guide: Guide) -> Tour:
    """The presenter’s own pages, by their own menu; the sample login of staff belongs to a presenter as well."""
    guide.open("/staff/mine/")
    for path in links(guide, ".menu__daily a[href^='/staff/mine/']"):
        guide.open(path)
        yield f"presenter {path}"
    guide.open("/staff/mine/")
    visits = links(guide, "#content-main a[href^='/staff/mine/visits/']")
    if visits:
        guide.open(visits[0])
        yield "presenter visit"
    for path in PRESENTER_FORMS:
        guide.open(path)
        yield f"presenter {path}"
        guide.blank_all("#content-main")
        guide.page.locator("#content-main [type=submit]").first.click()
        guide.look()
        yield f"presenter {path} with errors"
    guide.open(PRESENTER_FORMS[0])
    guide.page.locator("#content-main [name=show]").click()
    guide.look()
    yield "presenter times shown"
    yield from has_a_calendar(guide, "presenter", "/staff/mine/calendar/", "#content-main")
    guide.open("/staff/bookings/booking/stand-ins/")
    yield "staff who could step in"
    yield from looks_at_the_team(guide)
    yield from looks_at_the_settings(guide)


def looks_at_the_settings(guide: Guide) -> Tour:
    guide.open("/staff/settings/")
    yield "staff settings"
    guide.page.locator("[name=hold_minutes]").fill("1")
    guide.press_main()
    yield "staff settings with errors"


def looks_at_the_team(guide: Guide) -> Tour:
    for query in ("", "?view=month", "?day=soon"):
        guide.open(f"/staff/bookings/calendar/{query}")
        yield f"staff team calendar {query}"
    yield from has_a_calendar(guide, "team", "/staff/bookings/calendar/address/", "#content-main")


def words_a_text(guide: Guide) -> Tour:
    """A sentence of the home page: refused, warned of, and saved for a colleague to approve."""
    guide.open("/staff/texts/home/")
    yield "staff texts of a page"
    guide.open(links(guide, "#content-main a[href$='/word/']")[0])
    yield "staff text"
    guide.fill("New wording", "")
    guide.press("Save this wording for approval")
    yield "staff text with errors"
    guide.fill("New wording", "Call us on 0113 496 0000")
    guide.press("Save this wording for approval")
    yield "staff text warned of"
    guide.fill("Why is this wording right all the same?", "The number of the fair")
    guide.press("Save this wording for approval")
    yield "staff wording to approve"


def adds(guide: Guide, path: str) -> Tour:
    if not guide.page.locator(f".object-tools a[href^='{path}add/']").count():
        return
    guide.open(f"{path}add/")
    yield f"staff {path}add/"
    guide.press_main()
    yield f"staff {path}add/ with errors"


def row(guide: Guide, path: str) -> Tour:
    kind = path.removeprefix("/staff/").split("/")[:2]
    name = f"staff {'/'.join(kind)} row"
    guide.open(path)
    yield name
    tools = links(guide, ".object-tools a[href^='/staff/'], .actions-row a, .story-actions a, a.deletelink")
    for tool in tools:
        guide.open(tool)
        yield f"{name} {tool.rstrip('/').split('/')[-1]}"
    # Only what the tours themselves have made: leaflets, stock and people are others' too.
    for tool in (tool for tool in tools if "/do/" in tool and kind in SENT):
        guide.open(tool)
        if not guide.url.startswith(tool):
            continue  # an action that asks for nothing was done before this one, which now leads back to the row
        guide.press_main()
        yield f"{name} {tool.rstrip('/').split('/')[-1]} sent"


def styleguide(guide: Guide) -> Tour:
    """Every component in every state, and every page that is hard to reach."""
    return reached_from(guide, "/styleguide/", lambda path: not path.startswith(EMAILS))


def emails(guide: Guide) -> Tour:
    """Every kind of email, in its frame."""
    return reached_from(guide, EMAILS, lambda path: path.startswith(EMAILS))


def reached_from(guide: Guide, start: str, belongs: Callable[[str], bool]) -> Tour:
    """This page of the styleguide and those that links lead to from it and from them."""
    found = [start]
    for path in found:
        guide.open(path)
        found += [link for link in links(guide, STYLEGUIDE_LINKS) if belongs(link) and link not in found]
        yield f"styleguide {path}"


EMAILS = "/styleguide/emails/"
# An email alone is no page: it may run no script, not even a checker's. tests/notifications look at each in a browser.
STYLEGUIDE_LINKS = "main a[href^='/styleguide/']:not([href$='/html/'])"
# With the fewest pages that each must find: a tour that loses its way is no tour.
TOURS: dict[Callable[[Guide], Tour], int] = {
    signed_out: 51,
    professional: 87,
    asks: 4,
    is_asked: 2,
    staff: 147,
    office: 19,
    styleguide: 30,
    emails: 39,
}
# Much of a kind: only the long run looks at these.
LONG = {emails}


def take(new_page: Callable[..., Any], live: Live, look_at: Callable[[str, Any], None], **options: Any) -> int:
    """All tours, each by a visitor of its own; `look_at` gets each page with its name. How many pages there were."""
    count = 0
    for tour in TOURS:
        guide = Guide(new_page(**options), live)
        for name in tour(guide):
            look_at(name, guide.page)
            count += 1
    return count

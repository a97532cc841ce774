"""The part of the tour that is about open sessions as staff plan and run them, and as their presenter sees them."""

from datetime import UTC, date, datetime, timedelta

from core.dates import uk_day

from .guide import Guide, Tour, links

SESSIONS = "/staff/bookings/opensession/"


def a_sunday() -> date:
    """In nine weeks or so: nobody can be booked then without a reason."""
    day = uk_day(datetime.now(UTC)) + timedelta(weeks=9)
    return day + timedelta(days=6 - day.weekday())


def plans_sessions(guide: Guide) -> Tour:
    day = a_sunday()
    guide.open(f"{SESSIONS}add/")
    guide.page.get_by_label("Presentation", exact=True).select_option(index=1)
    guide.page.get_by_label("Presenter (optional)", exact=True).select_option(index=1)
    guide.fill("First day", f"{day.day} {day.month} {day.year}")
    guide.fill("Starts at", "9pm")
    guide.choose("Every week")
    guide.fill("How many sessions? (optional)", "3")
    guide.press("Check the dates")
    yield "staff plan check"
    guide.press_main()
    yield "staff plan check with errors"
    guide.press("Change my answers")
    yield "staff plan again"
    guide.press("Check the dates")
    guide.fill("Why do you want to plan it anyway?", "Night staff asked for it.")
    guide.press_main()
    yield "staff plan saved"
    guide.page.locator("#result_list tbody th a").first.click()
    guide.look()
    session = guide.url.partition("change/")[0]
    yield "staff session of a series"
    yield from runs(guide, session)
    guide.open("/staff/mine/")
    for path in links(guide, "#content-main a[href^='/staff/mine/sessions/']")[:1]:
        guide.open(path)
        yield "presenter session"


def runs(guide: Guide, session: str) -> Tour:
    """What asks again before it does anything, and the pages for one person."""
    guide.open(f"{session}do/caller/")
    guide.press("Somebody new")
    guide.press_main()
    yield "staff session caller with errors"
    for label, answer in (
        ("Caller’s name", "Kit Farrow"),
        ("Caller’s work phone", "0113 496 0009"),
        ("Where they work", "A ward"),
    ):
        guide.fill(label, answer)
    guide.fill("Postcode of their work", "LS1 3EX")
    guide.select("Caller’s profession", "Midwife")
    guide.press_main()
    yield "staff session with somebody"
    guide.open(f"{session}do/people/")
    yield "staff session list of people"
    guide.open(f"{session}change/")
    guide.page.get_by_role("link", name="Give it up").first.click()
    guide.look()
    yield "staff session place"
    guide.open(f"{session}do/move/")
    guide.fill("Starts at", "8pm")
    guide.press_main()
    yield "staff session move, asked again"
    guide.open(f"{session}do/cancel/")
    guide.press_main()
    yield "staff session cancel with errors"

"""Reach in action: an area is invited by keys, another around a visit on a phone, a region to a session without JavaScript."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from core.dates import uk_day
from tests.access import session_scene
from tests.journeys.keyboard import Keyboard
from tests.journeys.test_booking import DESK, PHONE
from tests.journeys.visitor import Visitor
from tests.live.clients import inside
from tests.live.stack import Live

LEEDS = "E08000035"


def chose(name: str, postcode: str) -> str:
    """Runs inside: somebody there who asked for visits near them. Gives the address."""
    from notifications.models import ChoiceSource
    from notifications.preferences import record_choices
    from notifications.registry import Topic
    from tests.journeys.workspace import somebody

    reader = somebody(name, team=f"{name} Team", phone="0113 496 0051", postcode=postcode)
    record_choices(address=reader.email, chosen={Topic.VISITS: True}, where=ChoiceSource.PAGE, now=datetime.now(UTC))
    return reader.email


def lay_out_visit() -> dict[str, Any]:
    """Runs inside: a visit in Leeds whose presenter has that day alone, and somebody in the nearest area without any."""
    from reach.near_visits.queries import central_places, nearby_gap_areas
    from tests.bookings.rows import make_exception, make_presenter
    from tests.journeys.workspace import book, somebody

    today = uk_day(datetime.now(UTC))
    day = today + timedelta(days=35 + (1 - today.weekday()) % 7)  # a Tuesday
    presenter = make_presenter(name="Hollis Thorne", email="hollis.thorne@workspace.example", weekdays=())
    make_exception(presenter, day, hours=("08:00", "20:00"))
    host = somebody("Maren Ashby", team="Ashby House", phone="0113 496 0052")
    visit = book(host, "BK-RCH2-A7", days=(day - today).days, presenter=presenter)
    area = nearby_gap_areas(visit, datetime.now(UTC))[0].area
    reader = chose("Petra Lund", f"{central_places()[area.code].postcode} 1AA")
    return {"visit": visit.pk, "area": area.name, "code": area.code, "reader": reader}


def test_an_area_is_invited_by_keyboard(staff: Visitor, live: Live) -> None:
    # Given somebody in Leeds who asked for visits, and a coordinator who looks at what was done there
    reader = inside(live, __name__, chose.__name__, "Ivor Bramley", "LS1 4AP")
    staff.open(f"/staff/reach/area/upper/{LEEDS}/")
    staff.follow("Invite this area")
    assert (staff.heading, staff.reads("Would get it now")) == ("Invite an area to book a visit", True)

    # When they send the invitation by keys alone, having read it
    button = staff.page.get_by_role("button", name=re.compile(r"^Invite \d+ p")).inner_text()
    keys, before = Keyboard(staff.page), datetime.now(UTC)
    keys.start_again()
    keys.to("Read the email that people get")
    keys.key("Enter")
    assert staff.reads("A presenter can come to where you work at these times")
    keys.to(button)
    keys.send()
    staff.look()

    # Then the email is on its way, the page says what is counted, and nobody is left to invite
    assert re.search(r"on (its|their) way\.", staff.page.locator(".message").inner_text())
    assert (staff.heading.startswith("An area"), staff.reads("Nothing tracks who reads an email.")) == (True, True)
    assert "Another team may book one of them first." in live.wait_for_mail(to=reader, after=before).text
    staff.open(f"/staff/reach/invite/?unit=upper&area={LEEDS}")
    assert staff.page.get_by_role("button", name=re.compile(r"^Invite \d")).count() == 0


def test_times_around_a_visit_are_held_on_a_phone(
    new_page: Callable[..., Any], live: Live, staff_cookies: dict[str, Any]
) -> None:
    # Given a visit, from whose page the areas nearby are found
    scene = inside(live, __name__, lay_out_visit.__name__)
    staff = Visitor(new_page(storage_state=staff_cookies, **PHONE), live)
    staff.open(f"/staff/bookings/booking/{scene['visit']}/change/")
    staff.follow("Areas nearby that nobody has reached")
    staff.page.locator(f"a[href='?area={scene['code']}#times']").click()
    staff.look()

    # When nothing is chosen, it asks; then two times are held, and their area is invited
    staff.press("Hold these times")
    assert staff.reads("Choose at least one time to hold.")
    boxes = staff.page.locator("input[name=starts]")
    for box in (boxes.first, boxes.last):
        box.check()
    staff.press("Hold these times")
    assert staff.reads(f"2 times are held for {scene['area']} until")
    before = datetime.now(UTC)
    staff.press(f"Invite people in {scene['area']}")
    assert staff.reads("They have been invited. See what came of it.")

    # Then the email says until when, and what is released is everybody's
    mail = live.wait_for_mail(to=scene["reader"], after=before)
    assert "We hold these times for teams in your area until" in mail.text
    staff.press("Release")
    assert staff.reads("Anybody can book it now.")


def test_a_region_is_invited_to_a_session(new_page: Callable[..., Any], live: Live, staff_cookies: dict[str, Any]) -> None:
    # Given a session to come, and somebody in Wales who asked for visits near them
    inside(live, __name__, chose.__name__, "Gwenda Parry", "LL57 2PW")
    reference = inside(live, session_scene.__name__, session_scene.plan.__name__, 45, 20)
    staff = Visitor(new_page(storage_state=staff_cookies, java_script_enabled=False, **DESK), live, scripts=False)

    # When staff go on from the page of the session, without JavaScript
    staff.open(f"/staff/bookings/opensession/?q={reference}")
    staff.follow(reference)
    staff.follow("Invite a region to this session")
    staff.press("Show who would get it")
    assert staff.reads("Choose an area of this unit.")
    staff.select("Area", "Wales")
    staff.press("Show who would get it")
    assert staff.reads("would get the email at 9am tomorrow")
    staff.press("Invite ")

    # Then the invitations wait for the morning, on the page that counts what comes of them
    assert staff.heading.startswith("Regional session")
    assert re.search(r"invitations? goe?s? out at 9am tomorrow", staff.page.locator(".message").inner_text())
    assert (staff.reads(reference), staff.reads("Wales")) == (True, True)

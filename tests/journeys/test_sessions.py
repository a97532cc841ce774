"""A place at an open session: taken on a phone, waited for at a desk, offered, accepted by a link, given up by another."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.access import session_scene
from tests.journeys.keyboard import Keyboard
from tests.journeys.test_booking import DESK, PHONE, calendar_event
from tests.journeys.visitor import Visitor
from tests.live.clients import inside
from tests.live.mail import Mail
from tests.live.stack import Live

FIRST, SECOND = "noor.ali@leeds.nhs.uk", "gwen.rees@cardiff.gov.uk"


def test_a_place_goes_from_one_hand_to_the_next(new_page: Callable[..., Any], live: Live) -> None:
    reference = inside(live, session_scene.__name__, session_scene.plan.__name__, 45, 1)

    # Given somebody with a phone who has never been here, who goes from the list to the only place, by keys once signed in
    phone = Visitor(new_page(**PHONE), live)
    before = datetime.now(UTC)
    takes_the_place(phone, reference)
    mail = live.wait_for_mail(to=FIRST, after=before, subject_contains="You have a place")
    assert calendar_event(mail.calendar)[0] == "REQUEST"
    assert session_scene.OWN_LINK in mail.text

    # And somebody without JavaScript for whom none is left, who stands in line and sees no way in
    desk = Visitor(new_page(**DESK, java_script_enabled=False), live, scripts=False)
    waits(desk, reference)

    # When the first gives up with one press, the second is offered the place; opening the link of the mail changes nothing
    before = datetime.now(UTC)
    phone.press("Give up my place")
    assert phone.heading == "You have no place at this session"
    mail = live.wait_for_mail(to=FIRST, after=before, subject_contains="given up your place")
    assert calendar_event(mail.calendar)[0] == "CANCEL"
    offer = links_of(live.wait_for_mail(to=SECOND, after=before, subject_contains="A place is free for you"))
    reader = Visitor(new_page(**DESK), live)
    for path in (*offer, offer[0]):
        reader.open(path)

    # Then one press takes it without signing in, and one gives it up by the link of the mail that follows
    before = datetime.now(UTC)
    reader.press("Take this place")
    assert (reader.heading, reader.reads(session_scene.OWN_LINK)) == ("You have a place", False)
    mail = live.wait_for_mail(to=SECOND, after=before, subject_contains="You have a place")
    assert calendar_event(mail.calendar)[0] == "REQUEST"
    desk.open(f"/sessions/{reference}/mine/")
    assert (desk.heading, desk.reads(session_scene.OWN_LINK)) == ("You have a place", True)
    reader.open(links_of(mail)[-1])
    before = datetime.now(UTC)
    reader.press("Give up my place")
    assert reader.heading == "You have no place at this session"
    mail = live.wait_for_mail(to=SECOND, after=before)
    assert calendar_event(mail.calendar)[0] == "CANCEL"


def takes_the_place(visitor: Visitor, reference: str) -> None:
    visitor.open("/sessions/")
    visitor.page.locator(f"a[href='/sessions/{reference}/']").click()
    visitor.look()
    assert (visitor.reads("1 place is free"), visitor.reads(session_scene.OWN_LINK)) == (True, False)
    visitor.follow("Take a place")
    assert visitor.heading == "Sign in to continue"
    visitor.sign_up(FIRST)
    assert visitor.heading == "Take this place?"
    keys = Keyboard(visitor.page)
    keys.start_again()
    keys.answer("Do you need anything to take part?", "Captions")
    keys.to("Take this place")
    keys.send()
    visitor.look()
    assert (visitor.heading, visitor.reads("Captions"), visitor.reads(session_scene.OWN_LINK)) == ("You have a place", True, True)


def waits(visitor: Visitor, reference: str) -> None:
    visitor.open(f"/sessions/{reference}/")
    assert visitor.reads("Full, with nobody waiting yet")
    visitor.follow("Join the waiting list")
    visitor.sign_up(SECOND)
    before = datetime.now(UTC)
    visitor.press("Join the waiting list")
    assert (visitor.heading, visitor.reads("You are next on the waiting list.")) == ("You are on the waiting list", True)
    assert not visitor.reads(session_scene.OWN_LINK)
    visitor.live.wait_for_mail(to=SECOND, after=before, subject_contains="You are on the waiting list")


def links_of(mail: Mail) -> list[str]:
    """The paths of its links, in their order; the HTML has the same."""
    found = re.findall(r"https?://\S+?(/place-links/\S+)", mail.text)
    assert all(path in mail.html for path in found)
    return found

"""The part of the tour that is about open sessions: the list, a place and every state of it, and the pages behind its links."""

import re

from tests.live.clients import inside

from . import session_scene
from .guide import Guide, Tour

A_CHILD = "For Amir Khan, born 3 May 2015"


def takes_places(guide: Guide) -> Tour:
    """Somebody who is signed in: a place from the list to its end, then the line, an offer, and a session that is cancelled."""
    free = inside(guide.live, session_scene.__name__, session_scene.plan.__name__, 30, 5)
    full = inside(guide.live, session_scene.__name__, session_scene.plan_full.__name__, 31)
    guide.open(f"/sessions/{free}/")
    yield "session"
    guide.follow("Take a place")
    yield "session place"
    guide.fill("Do you need anything to take part? (optional)", A_CHILD)
    guide.press("Take this place")
    yield "session place with errors"
    guide.fill("Do you need anything to take part? (optional)", "Captions")
    guide.press("Take this place")
    yield "session mine, a place"
    yield from waits(guide, full)
    guide.open("/sessions/")
    yield "sessions with places of one's own"
    guide.open("/my/")
    yield "my with places"
    guide.open(f"/sessions/{free}/mine/")
    guide.press("Give up my place")
    yield "session mine, given up"
    inside(guide.live, session_scene.__name__, session_scene.cancel.__name__, free)
    guide.open(f"/sessions/{free}/mine/")
    yield "session mine, cancelled"
    guide.open(f"/sessions/{free}/")
    yield "session cancelled"


def waits(guide: Guide, full: str) -> Tour:
    guide.open(f"/sessions/{full}/")
    yield "session full"
    guide.follow("Join the waiting list")
    yield "session place, waiting list"
    guide.press("Join the waiting list")
    yield "session mine, waiting"
    inside(guide.live, session_scene.__name__, session_scene.free_a_place.__name__, full)
    guide.open(f"/sessions/{full}/mine/")
    yield "session mine, offered"


def by_place_link(guide: Guide, email: str) -> Tour:
    """What the links of an offer lead to, for somebody who is signed out."""
    text = guide.live.wait_for_mail(to=email, subject_contains="A place is free for you").text
    see, leave = re.findall(r"https?://[^/]+(/place-links/\S+)", text)
    guide.open(leave)
    yield "place link leave"
    guide.open(see)
    yield "place link offered"
    guide.press("Take this place")
    yield "place link taken"
    guide.open(leave)
    guide.press("Give up my place")
    yield "place link given up"
    guide.open("/place-links/over/")
    yield "place link over"

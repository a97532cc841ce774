"""The part of the tour that comes after a presentation: what people say by the short link, the host's pages, who came."""

from tests.live.clients import inside

from . import after_scene
from .guide import Guide, Tour

MODULE, GIVEN = after_scene.__name__, after_scene.given.__name__


def says_how_it_was(guide: Guide) -> Tour:
    """Somebody who came, and nobody knows who; then the host, by the links of the email."""
    over, early = inside(guide.live, MODULE, GIVEN, "BK-PAST-V5", 70), inside(guide.live, MODULE, GIVEN, "BK-NOW2-V6", 1)
    short = f"/f/{over['code']}/"
    for name, path in (("code", "/f/"), ("code with errors", "/f/?code="), ("code unknown", "/f/AAAAAA/")):
        guide.open(path)
        yield f"feedback {name}"
    guide.open(f"/f/{early['code']}/")
    yield "feedback not open yet"
    yield from answers(guide, short, "feedback")
    guide.send_empty()
    yield "feedback asked later with errors"
    guide.fill("Your email address", "somebody.who.came@leeds.example.nhs.uk")
    guide.press("Ask me again in 3 months")
    yield "feedback asked later"
    guide.open(f"{short}three-months/{over['later']}/")
    yield "three months on"
    guide.send_empty()
    yield "three months on with errors"
    guide.page.locator("main input[type=radio]").first.check()
    guide.press("Send")
    yield "three months on, thanks"
    guide.open(f"{short}certificate/")
    yield "certificate"
    guide.send_empty()
    yield "certificate with errors"
    host = f"{short}host/{over['key']}/"
    yield from answers(guide, host, "host feedback")
    guide.open(f"{host}again/")
    yield "host again"
    guide.press("Remind me in a year")
    yield "host again, wished"
    guide.open(f"{host}leaflets/")
    yield "host leaflets"
    guide.page.locator("main form input[type=text]").first.fill("many")
    guide.send_empty()
    yield "host leaflets with errors"


def answers(guide: Guide, path: str, name: str) -> Tour:
    guide.open(path)
    yield name
    guide.send_empty()
    yield f"{name} with errors"
    for group in guide.page.locator("main fieldset").all():
        group.locator("input[type=radio]").first.check()
    guide.press("Send")
    yield f"{name}, thanks"


def has_been_given(guide: Guide, email: str) -> Tour:
    """The host's own page when it is over."""
    inside(guide.live, MODULE, GIVEN, "BK-MINE-V7", 80, email)
    guide.open("/bookings/BK-MINE-V7/")
    yield "booking, given"
    guide.press("Remind me in a year")
    guide.open("/bookings/BK-MINE-V7/")
    yield "booking, given and a reminder wished"


def counts_who_came(guide: Guide) -> Tour:
    """The presenter, on the page of a visit that is over."""
    visit = "/staff/mine/visits/BK-DONE-V8/"
    inside(guide.live, MODULE, after_scene.over.__name__, "BK-DONE-V8", 90)
    guide.open(visit)
    yield "presenter visit, over"
    guide.follow("Record who came")
    yield "presenter attendance"
    guide.fill("Midwife", "12")
    guide.page.locator("[name=total]").fill("11")
    guide.press("Save")
    yield "presenter attendance with errors"
    guide.page.locator("[name=total]").fill("12")
    guide.press("Save")
    yield "presenter visit, counted"

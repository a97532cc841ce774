"""The hour after a presentation: who came, on a phone; how it was, without cookies; a certificate; leaflets for who came."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import zxingcpp

from tests.journeys.keyboard import Keyboard
from tests.journeys.test_visits import DESK, PHONE
from tests.journeys.visitor import Visitor
from tests.leaflets.dispatch.prints.reading import Read
from tests.live.clients import inside
from tests.live.stack import Live

HOST, WHO = "rosa.marsh@leeds.nhs.uk", "Siân Ŵyn"


def lay_out() -> dict[str, str]:
    """Runs inside: an hour online that ended ten minutes ago, and its presenter at the phone."""
    from datetime import timedelta

    from django.conf import settings
    from django.utils import timezone

    from bookings.models import Booking, Presentation
    from tests.bookings.rows import make_booking, make_presenter
    from tests.factories import make_person, make_staff
    from tests.races.stage import staff_session

    user = make_staff("presenter@after.example", role="presenter")
    presenter = make_presenter(name="Asha Rahman", email=user.email, user=user, weekdays=())
    asked = {"person": make_person(email=HOST), "presentation": Presentation.objects.earliest("pk")}
    booking = make_booking(presenter, timezone.now() - timedelta(minutes=70), postcode="", **asked)
    Booking.objects.filter(pk=booking.pk).update(reference="BK-AFT2-AA", audience_profession="midwife")
    return {"cookie": settings.SESSION_COOKIE_NAME, "phone": staff_session(user)}


def signed_in(facts: dict[str, str]) -> dict[str, Any]:
    cookie = {"name": facts["cookie"], "value": facts["phone"], "domain": "localhost", "path": "/", "expires": -1}
    return {"cookies": [cookie | {"httpOnly": True, "secure": False, "sameSite": "Lax"}], "origins": []}


def test_who_came_what_they_say_and_what_they_take_home(new_page: Callable[..., Any], live: Live) -> None:
    facts = inside(live, __name__, "lay_out")

    # Given a presenter with a phone, who counts by keys in one form and gets the slide
    phone = Visitor(new_page(storage_state=signed_in(facts), **PHONE), live)
    before = datetime.now(UTC)
    counts(phone)
    short = slide_of(phone)

    # When somebody who came scans it, without JavaScript, they say how it was and get a certificate
    anybody = Visitor(new_page(**PHONE, java_script_enabled=False), live, scripts=False)
    says(anybody, short)
    assert certificate(anybody).count(WHO) == 1
    assert anybody.page.context.cookies() == []

    # Then the host is asked by email, and its link puts leaflets for those who came into the basket and orders nothing
    text = live.wait_for_mail(to=HOST, after=before, subject_contains="How was your presentation").text
    (leaflets,) = re.findall(r"https?://[^/\s]+(/f/\S+/leaflets/)", text)
    host = Visitor(new_page(**DESK), live)
    host.open(leaflets)
    assert host.reads("Midwife: 9")
    host.press("Add them to my basket")
    assert (host.heading, host.reads("Nothing is ordered yet.")) == ("Your basket", True)
    assert host.page.locator("main input[value='11']").count() == 1


def counts(phone: Visitor) -> None:
    phone.open("/staff/mine/visits/BK-AFT2-AA/")
    phone.follow("Record who came")
    keys = Keyboard(phone.page)
    keys.answer("Midwife", "9")
    keys.answer("Other", "2")
    keys.answer("How many people came in all?", "10")
    keys.to("Save")
    keys.send()
    phone.look()
    assert phone.reads("Your numbers by profession add up to 11, but your total is only 10.")
    phone.fill("How many people came in all?", "11")
    phone.press("Save")
    assert (phone.reads("Thank you. 11 people came."), phone.reads("Delivered")) == (True, True)


def slide_of(phone: Visitor) -> str:
    """The path that a phone's camera reads from it."""
    with phone.page.expect_download() as waiting:
        phone.page.get_by_role("button", name="Get the slide").click()
    with Read(BytesIO(waiting.value.path().read_bytes())) as read:
        (code,) = zxingcpp.read_barcodes(read.picture(0, 60))
    return "/" + code.text.split("/", 3)[3]


def says(anybody: Visitor, short: str) -> None:
    anybody.open(short)
    anybody.press("Send")
    assert anybody.page.title().startswith("Error:")
    for group in anybody.page.locator("main fieldset").all():
        group.locator("input[type=radio]").nth(1).check()
    anybody.fill("What could be better? (optional)", "A break.")
    anybody.press("Send")
    assert anybody.heading == "Thank you. We have your answers"
    anybody.follow("Get your certificate of attendance")


def certificate(anybody: Visitor) -> str:
    """What it says."""
    anybody.fill("Your name", WHO)
    with anybody.page.expect_download() as waiting:
        anybody.page.get_by_role("button", name="Get the certificate").click()
    assert WHO.split()[0] not in waiting.value.url
    with Read(BytesIO(waiting.value.path().read_bytes())) as read:
        (text,) = read.texts()
    return text

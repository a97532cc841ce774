"""Whom to tell, where people read it later: on their booking's pages, packing slips, certificates and the presenter's slide."""

import re
from datetime import datetime, timedelta
from html import unescape
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import translation

from bookings.feedback.pdf import certificate, feedback_slide
from bookings.feedback.services import get_or_create_follow_up
from bookings.feedback.views import who_to_tell_at
from bookings.models import Booking, BookingState
from guidance.contacts.models import AreaContact
from guidance.contacts.queries import WhoToTell, who_to_tell
from leaflets.dispatch.queries import PackingChoice
from leaflets.dispatch.services import start_session
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.rows import make_booking, make_presenter
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.dispatch.prints.reading import Read
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.statements import statements
from tests.leaflets.tagged import drawn_outside, page_streams

pytestmark = pytest.mark.django_db
DANGER = "If a child is in immediate danger, call 999."


@pytest.fixture(autouse=True)
def clock(now: datetime) -> Any:
    with time_machine.travel(now, tick=False):
        AreaContact.objects.filter(code="E08000035").update(phone="0113 222 4403", out_of_hours_phone="0113 535 0600")
        yield


def page(client: Client, address: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", client.get(address).content.decode())).split())


LEEDS = (
    "Who to tell if you are worried about a child In immediate danger 999 Children’s services, Leeds 0113 222 4403 "
    "Out of hours: 0113 535 0600 West Yorkshire Police 101"
)


def test_the_confirmation_and_the_booking_say_it_of_the_visit(client: Client, now: datetime) -> None:
    person = make_person(postcode="CF10 4UW")
    booking = make_booking(make_presenter(), now + timedelta(days=20), person=person, postcode="LS1 4AP")
    sign_in(client, person)
    for address in (f"/bookings/{booking.reference}/", f"/bookings/{booking.reference}/placed/"):
        assert LEEDS in page(client, address)
        assert len(statements(lambda address=address: client.get(address))) <= 12  # type: ignore[misc]
    Booking.objects.update(state=BookingState.CANCELLED)
    assert "Who to tell if you are worried" not in page(client, f"/bookings/{booking.reference}/")


def test_online_they_say_it_of_where_the_host_works(client: Client, now: datetime) -> None:
    person = make_person(postcode="CF10 4UW")
    booking = make_booking(make_presenter(), now + timedelta(days=20), person=person, postcode="")
    assert "Children’s services, Cardiff We don’t have this number yet." in page(
        sign_in(client, person), booking.get_absolute_url()
    )


def slips_of(client: Client, session: Any) -> bytes:
    response = client.post(reverse("staff:leaflets_packingsession_print", args=[session.pk]), {"what": "slips"})
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]


def test_a_slip_says_it_of_where_the_parcel_goes_and_two_hundred_ask_as_much_as_one(client: Client, now: datetime) -> None:
    staff = make_staff()
    sign_in_staff(client, staff)
    edition = make_edition(now, stock=5_000)
    costs = []
    for many, postcodes in ((1, ["LS1 4AP"]), (40, ["LS1 4AP", "BT1 5GS", "BFPO 57", "JE2 3AB", "M1 1AE"])):
        for number in range(many):
            order = make_order(make_person(), now - timedelta(hours=9), {edition.leaflet: 2})
            type(order).objects.filter(pk=order.pk).update(postcode=postcodes[number % len(postcodes)])
        session = start_session(choice=PackingChoice(), by=staff, now=now)
        content: list[bytes] = []
        asked = statements(lambda session=session, content=content: content.append(slips_of(client, session)))  # type: ignore[misc]
        costs.append(len(asked))
        with Read(BytesIO(content[0])) as read:
            texts = read.texts()
        assert len(texts) == many
        leeds = next(text for text in texts if "Leeds" in text.partition("If you are worried about a child")[2])
        assert (
            f"{DANGER} Children’s services, Leeds: 0113 222 4403; out of hours 0113 535 0600 West Yorkshire Police: 101" in leeds
        )
    assert costs[0] == costs[1]
    assert sum("Children’s services of the council where the child is Police: 101" in text for text in texts) == 8
    belfast = "Belfast Health and Social Care Trust: out of hours 028 9504 9999 Police Service of N"
    assert sum(belfast in text for text in texts) == 8


def test_a_slip_says_it_in_the_language_that_its_reader_chose(client: Client, now: datetime) -> None:
    staff = make_staff()
    sign_in_staff(client, staff)
    order = make_order(make_person(language="cy"), now - timedelta(hours=9), {make_edition(now).leaflet: 2})
    type(order).objects.filter(pk=order.pk).update(postcode="LS1 4AP")
    with Read(BytesIO(slips_of(client, start_session(choice=PackingChoice(), by=staff, now=now)))) as read:
        (text,) = read.texts()
    with translation.override("cy"):
        told = who_to_tell("LS1 4AP").lines
        assert translation.gettext("Your leaflets") in text
    assert told != who_to_tell("LS1 4AP").lines
    assert all(line in text for line in told)


LONGEST = "South Eastern Health and Social Care Trust"


def longest() -> WhoToTell:
    for kind in ("children", "police"):
        AreaContact.objects.filter(kind=kind).update(phone="028 9649 6123", out_of_hours_phone="028 9649 6623")
    return who_to_tell("BT25 1AA")  # two trusts


@pytest.mark.parametrize("name", ["Asha Patel", "Aleksandra Wiśniewska-Featherstonehaugh of the Long and Narrow Valleys Trust"])
def test_a_certificate_has_it_above_its_foot(now: datetime, name: str) -> None:
    booking = make_booking(make_presenter(), now - timedelta(days=1), postcode="LS1 4AP")
    who = who_to_tell_at(booking)
    content = certificate(booking, name, who=who, made_at=now)
    with Read(BytesIO(content)) as read:
        assert (
            f"{DANGER} Children’s services, Leeds: 0113 222 4403; out of hours 0113 535 0600 West Yorkshire Police: 101"
            in (read.texts()[0])
        )
    booking.presentation.title = "Spotting the signs of child trafficking in health visiting, schools and care " * 2
    with Read(BytesIO(certificate(booking, name, who=longest(), made_at=now))) as read:
        assert len(read.texts()) == 1
        above = read.text_in(0, (0, 216, 210, 264))
        assert LONGEST in above
        assert "028 9649 6623" in above
    assert drawn_outside(page_streams(content)[0]) == []


def test_a_slide_has_it_below_the_link(now: datetime) -> None:
    booking = make_booking(make_presenter(), now - timedelta(hours=1), postcode="LS1 4AP")
    follow_up = get_or_create_follow_up(given=booking, now=now)
    with Read(BytesIO(feedback_slide(follow_up, who=longest(), made_at=now))) as read:
        assert len(read.texts()) == 1
        below = read.text_in(0, (0, 130, 216, 188))
    assert (DANGER in below, LONGEST in below, "Police Service of Northern Ireland: 028 9649 6123" in below) == (True, True, True)


def test_of_an_open_session_nobody_knows_where_its_people_are(now: datetime) -> None:
    who = who_to_tell_at(make_session(make_presenter(), now - timedelta(days=1)))
    assert who.lines == ["Children’s services of the council where the child is", "Police: 101"]

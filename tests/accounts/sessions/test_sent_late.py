"""A form that is sent after its session has ended: who typed it signs in again and sends it once more."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Session
from professionals.models import Organisation
from tests.accounts.sessions.browsers import CODE, DETAILS, SIGN_IN, stored
from tests.accounts.test_second_factor import enrol, totp
from tests.factories import make_organisation, make_person, make_staff, sign_in, sign_in_staff
from tests.professionals.mailing import last_code

pytestmark = pytest.mark.django_db

LATE = "/account/sent-late/"
TYPED = {"name": "Sam O’Hara <Taylor>", "phone": "0113 496 0001", "profession": "midwife", "postcode": "LS1 4AP"}


@pytest.fixture
def clock():
    with time_machine.travel(datetime(2027, 1, 12, 8, 0, tzinfo=UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def person():
    return make_person(organisation=make_organisation("Leeds Health Visiting"))


def sign_in_again(client: Client, email: str, next_page: str) -> Any:
    """By code, on the way that the page leads."""
    client.post(SIGN_IN, {"login": email, "next": next_page})
    return client.post(CODE, {"code": last_code(email), "next": next_page})


def fields_of(page: str) -> dict[str, list[str]]:
    """What a browser sends when the first form of the page is sent again."""
    form = page[page.index("Press the button to send it now") :].partition("</form>")[0]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form):
        found.setdefault(unescape(name), []).append(unescape(value))
    return found


def test_a_professional_finds_what_was_typed_and_sends_it(clock, person):
    client = sign_in(Client(), person)
    clock.shift(timedelta(hours=3))
    answer = client.post(DETAILS, {**TYPED, "organisation_name": "Leeds Health Visiting"})
    assert answer["Location"] == "/account/login/?next=%2Faccount%2Fsent-late%2F"
    assert "we have kept what you typed" in client.get(answer["Location"]).content.decode()

    assert sign_in_again(client, person.email, LATE)["Location"] == LATE
    page = client.get(LATE).content.decode()
    assert "Sam O’Hara &lt;Taylor&gt;" in page
    person.refresh_from_db()
    assert person.name == "Sam Taylor"  # nothing happens by opening the page

    answer = client.post(DETAILS, fields_of(page))
    assert answer.status_code == 302, answer.context["form"].errors
    person.refresh_from_db()
    assert (person.name, person.profession) == (TYPED["name"], "midwife")
    assert client.get(LATE)["Location"] == "/my/"  # once


def test_staff_find_what_was_typed_after_code_and_second_factor(clock):
    staff, organisation = make_staff("lead@ctac.example"), make_organisation("Old name")
    enrol(staff)
    client = sign_in_staff(Client(), staff)
    clock.shift(timedelta(hours=1))
    at = f"/staff/professionals/organisation/{organisation.pk}/change/?_changelist_filters=q%3Dold"
    answer = client.post(at, {"name": "A better name", "_continue": "1"})
    assert answer["Location"] == "/account/login/?next=%2Faccount%2Fsent-late%2F"

    asked = sign_in_again(client, staff.email, LATE)
    assert asked["Location"].startswith("/account/2fa/authenticate/")
    entered = client.post("/account/2fa/authenticate/", {"code": totp(), "next": LATE})
    assert entered["Location"] == LATE
    page = client.get(LATE).content.decode()
    assert "A better name" in page
    assert f'action="{at}"' in unescape(page)

    assert client.post(at, fields_of(page)).status_code == 302
    assert Organisation.objects.get(pk=organisation.pk).name == "A better name"


def late(clock, person, at: str = DETAILS, sent: dict[str, Any] | None = None) -> Client:
    client = sign_in(Client(), person)
    clock.shift(timedelta(hours=3))
    client.post(at, sent or {**TYPED, "organisation_name": "Leeds Health Visiting"})
    return client


def test_nobody_else_sees_it_on_the_same_computer(clock, person):
    client, other = late(clock, person), make_person()
    sign_in_again(client, other.email, LATE)

    assert client.get(LATE)["Location"] == "/my/"
    assert "sent_late" not in client.session


def test_it_lies_encrypted(clock, person):
    client = late(clock, person)
    assert "O’Hara" in str(client.session.items())
    assert "Hara" not in str(stored())
    assert [row.user for row in Session.objects.filter(expire_date__gt=datetime.now(UTC))] == [None]


def test_who_does_not_send_it_is_back_at_the_page(clock, person):
    client = late(clock, person)
    sign_in_again(client, person.email, LATE)

    assert client.post(LATE)["Location"] == DETAILS
    assert client.get(LATE)["Location"] == "/my/"


def test_no_password_and_no_code_is_kept(clock, person):
    sent = {"oldpassword": "old secret words", "password1": "new secret words", "password2": "new secret words"}
    client = late(clock, person, "/account/password/change/", sent)

    assert "sent_late" not in client.session


def test_nothing_is_kept_for_a_stranger_or_without_bound(clock, person):
    stranger = Client()
    assert "sent-late" not in stranger.post(DETAILS, TYPED)["Location"]
    stranger.cookies["session"] = "neverwasasessionofanybody"
    assert "sent-late" not in stranger.post(DETAILS, TYPED)["Location"]
    assert "sent_late" not in late(clock, person, sent={"name": "x" * 300_000}).session


def test_a_file_is_asked_for_again(clock):
    staff = make_staff()
    enrol(staff)
    client = sign_in_staff(Client(), staff)
    clock.shift(timedelta(hours=1))
    client.post("/staff/leaflets/edition/add/", {"title": "a", "pdf": SimpleUploadedFile("a.pdf", b"%PDF-1.7")})
    sign_in_again(client, staff.email, LATE)
    client.post("/account/2fa/authenticate/", {"code": totp(), "next": LATE})

    page = client.get(LATE).content.decode()
    assert "We will ask you for it again." in page
    assert 'enctype="multipart/form-data"' in page


def test_it_goes_with_the_sign_out(clock, person):
    client = late(clock, person)
    sign_in_again(client, person.email, LATE)
    client.post("/account/logout/")
    sign_in(client, person)

    assert client.get(LATE)["Location"] == "/my/"

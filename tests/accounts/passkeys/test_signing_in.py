"""Signing in with a passkey, and showing one as the second factor or when asked again; everything that is refused."""

import json
import logging
import re

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.models import Session
from accounts.services import reset_second_factor
from tests.accounts.factors.proof import FACTOR_AGAIN, PASSWORD_AGAIN, enrol, grow_old, totp
from tests.accounts.passkeys.device import AGAIN, ASK, SIGN_IN, Device, add_passkey, in_base64, options_in, options_to_sign_in
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.professionals.mailing import last_code

pytestmark = pytest.mark.django_db
LOGIN = "/account/login/"
SECOND_FACTOR = "/account/2fa/authenticate/"
REFUSED = "That passkey did not work here"


@pytest.fixture
def person():
    return make_person()


@pytest.fixture
def device(person):
    return add_passkey(sign_in(Client(), person))


@pytest.fixture
def staff():
    user = make_staff()
    enrol(user)
    return user


@pytest.fixture
def staff_device(staff):
    return add_passkey(sign_in_staff(Client(), staff))


def is_signed_in(client):
    return client.get("/account/sessions/").status_code == 200


def try_it(client, device, **fields):
    return client.post(SIGN_IN, {"credential": device.get(options_to_sign_in(client)), **fields})


def refuses(client, sent):
    """By the same sentence, back at the page where a code stands beside."""
    response = client.post(SIGN_IN, {"credential": sent})
    return response["Location"] == LOGIN and REFUSED in client.get(LOGIN).content.decode() and not is_signed_in(client)


def test_a_professional_signs_in_and_goes_on_where_they_were(client, person, device, caplog):
    with caplog.at_level(logging.INFO, "ctac.security"):
        response = try_it(client, device, next="/presentations/")

    assert (response.status_code, response["Location"]) == (302, "/presentations/")
    assert is_signed_in(client)
    assert f"signed in: user {person.user.pk} by passkey" in caplog.messages


def test_a_code_by_email_still_does(client, person, device):
    client.post(LOGIN, {"login": person.email})
    client.post("/account/login/code/confirm/", {"code": last_code(person.email)})

    assert is_signed_in(client)


def test_for_staff_it_is_both_factors(client, staff, staff_device):
    response = try_it(client, staff_device, next="/staff/")

    assert response["Location"] == "/staff/"
    assert client.get("/staff/").status_code == 200


def test_staff_show_it_after_a_code_by_email(client, staff, staff_device):
    client.post(LOGIN, {"login": staff.email, "next": "/staff/"})
    client.post("/account/login/code/confirm/", {"code": last_code(staff.email), "next": "/staff/"})
    page = client.get(SECOND_FACTOR).content.decode()
    assert 'name="code"' in page

    response = client.post(SECOND_FACTOR, {"credential": staff_device.get(options_in(page))})

    assert response["Location"] == "/staff/"
    assert client.get("/staff/").status_code == 200


def test_staff_may_type_the_code_of_their_app_instead(client, staff, staff_device):
    client.post(LOGIN, {"login": staff.email})
    client.post("/account/login/code/confirm/", {"code": last_code(staff.email)})

    client.post(SECOND_FACTOR, {"code": totp()})

    assert client.get("/staff/").status_code == 200


def test_staff_whose_only_second_factor_it_is_are_asked_for_it(client):
    """As a professional who joins the team: the mailbox alone lets nobody set up an app."""
    staff = make_staff()
    device = add_passkey(sign_in_staff(Client(), staff))
    client.post(LOGIN, {"login": staff.email})
    response = client.post("/account/login/code/confirm/", {"code": last_code(staff.email)})
    assert response["Location"] == SECOND_FACTOR

    client.post(SECOND_FACTOR, {"credential": device.get(options_in(client.get(SECOND_FACTOR).content.decode()))})

    assert client.get("/staff/").status_code == 200


def test_another_s_is_no_second_factor(client, staff, staff_device, device):
    client.post(LOGIN, {"login": staff.email})
    client.post("/account/login/code/confirm/", {"code": last_code(staff.email)})

    response = client.post(SECOND_FACTOR, {"credential": device.get(options_in(client.get(SECOND_FACTOR).content.decode()))})

    assert response["Location"] == SECOND_FACTOR
    assert REFUSED in client.get(SECOND_FACTOR).content.decode()
    assert client.get("/staff/")["Location"].startswith("/staff/login/")


def test_whoever_is_asked_again_shows_it(client, person, device):
    grow_old(sign_in(client, person))
    page = client.get(PASSWORD_AGAIN, follow=True).content.decode()

    response = client.post(AGAIN, {"credential": device.get(options_in(page)), "next": "/account/email/"})

    assert response["Location"] == "/account/email/"
    assert client.get("/account/email/").status_code == 200


def test_staff_who_are_asked_again_show_it(client, staff, staff_device):
    grow_old(sign_in_staff(client, staff))
    page = client.get(FACTOR_AGAIN).content.decode()

    response = client.post(AGAIN, {"credential": staff_device.get(options_in(page)), "next": "/account/email/"})

    assert (response["Location"], client.get("/account/email/").status_code) == ("/account/email/", 200)


def test_another_s_is_no_proof(client, person, device):
    other = add_passkey(sign_in(Client(), make_person()))
    grow_old(sign_in(client, person))
    page = client.get(PASSWORD_AGAIN, follow=True).content.decode()

    response = client.post(AGAIN, {"credential": other.get(options_in(page)), "next": "/account/email/"})

    assert response["Location"] == f"{PASSWORD_AGAIN}?next=%2Faccount%2Femail%2F"
    assert client.get("/account/email/").status_code == 302


@pytest.mark.parametrize("origin", ["https://evil.example", "http://x.localhost:8000", "http://localhost.evil.example"])
def test_one_used_on_another_site_is_refused(client, device, origin):
    device.origin = origin

    assert refuses(client, device.get(options_to_sign_in(client)))


def test_an_answer_works_once(client, device):
    answer = device.get(options_to_sign_in(client))
    client.post(SIGN_IN, {"credential": answer})
    assert is_signed_in(client)
    client.post("/account/logout/")

    assert refuses(client, answer)


def test_an_answer_is_of_the_browser_that_asked(client, device):
    answer = device.get(options_to_sign_in(Client()))
    options_to_sign_in(client)

    assert refuses(client, answer)


def test_an_answer_to_the_question_before_is_refused(client, device):
    answer = device.get(options_to_sign_in(client))
    options_to_sign_in(client)

    assert refuses(client, answer)


def test_nobody_signs_in_as_another(client, device):
    """The passkey is mine, the account that it names is theirs."""
    device.handle = str(make_person().user.pk).encode()

    assert refuses(client, device.get(options_to_sign_in(client)))


def test_the_key_must_be_the_one_that_was_added(client, device):
    copy = Device()
    copy.id, copy.handle = device.id, device.handle

    assert refuses(client, copy.get(options_to_sign_in(client)))


def test_one_without_finger_face_or_pin_is_refused(client, device):
    device.verifies = False

    assert refuses(client, device.get(options_to_sign_in(client)))


def test_a_question_at_the_second_factor_is_as_strict(client, staff, staff_device):
    """Else somebody would let the weaker page ask, and answer it at the other."""
    client.post(LOGIN, {"login": staff.email})
    client.post("/account/login/code/confirm/", {"code": last_code(staff.email)})
    staff_device.verifies = False
    answer = staff_device.get(options_in(client.get(SECOND_FACTOR).content.decode()))

    client.post(SECOND_FACTOR, {"credential": answer})
    client.post(SIGN_IN, {"credential": answer})

    assert client.get("/staff/")["Location"].startswith("/staff/login/")


def test_one_that_was_removed_is_refused(client, device):
    Authenticator.objects.all().delete()

    assert refuses(client, device.get(options_to_sign_in(client)))


def test_a_reset_of_the_second_factor_takes_it_too(client, staff, staff_device):
    reset_second_factor(user=staff, by=None, now=None)

    assert refuses(client, staff_device.get(options_to_sign_in(client)))


def test_a_closed_account_stays_closed(client, person, device):
    person.user.is_active = False
    person.user.save()

    assert try_it(client, device)["Location"] == "/account/inactive/"
    assert not is_signed_in(client)


@pytest.mark.parametrize("handle", [b"", b"0", b"999999999", b"9" * 40, b"-1", b"x", b"\xff\x00"])
def test_an_account_that_is_not_there_is_refused_alike(client, device, handle):
    device.handle = handle

    assert refuses(client, device.get(options_to_sign_in(client)))


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "{}",
        "[]",
        "7",
        "\x00",
        "[" * 19_000,
        json.dumps({"rawId": "AA", "response": {"userHandle": None}}),
        json.dumps({"rawId": "AA", "response": {"clientDataJSON": "AA", "authenticatorData": "AA", "signature": "AA"}}),
        json.dumps({"rawId": "AA", "response": {"clientDataJSON": in_base64(b'"x"'), "authenticatorData": "AA", "signature": 1}}),
        json.dumps({"rawId": "é", "response": "x"}),
    ],
)
def test_junk_is_refused(client, junk):
    options_to_sign_in(client)

    assert refuses(client, junk)


def test_the_question_says_nothing_of_who_has_one(client, device):
    """Nobody's address is asked, no key of anybody is in it, and it is the same but for the challenge."""
    with_some = options_to_sign_in(client)
    Authenticator.objects.all().delete()
    with_none = options_to_sign_in(client)

    for options in (with_some, with_none):
        assert len(options.pop("challenge")) == 43  # 256 bits
    assert with_some == with_none
    assert with_some["allowCredentials"] == []


def test_who_only_looks_at_the_sign_in_page_gets_no_session(client):
    client.get(LOGIN)

    assert (Session.objects.count(), "session" in client.cookies) == (0, False)


def test_so_many_in_a_minute_are_enough(client):
    with time_machine.travel("2027-01-12 10:00:01+00:00", tick=False):
        answers = [client.post(ASK).status_code for _ in range(121)]

    assert answers == [*[200] * 120, 429]


def test_five_wrong_ones_at_the_second_factor_stop_the_sixth(client, staff, staff_device, device):
    client.post(LOGIN, {"login": staff.email})
    client.post("/account/login/code/confirm/", {"code": last_code(staff.email)})
    for wrong in (device, device, device, device, device, staff_device):
        client.post(SECOND_FACTOR, {"credential": wrong.get(options_in(client.get(SECOND_FACTOR).content.decode()))})

    assert "tried too often" in client.get(SECOND_FACTOR).content.decode()
    assert client.get("/staff/")["Location"].startswith("/staff/login/")


def test_every_page_with_a_passkey_hides_it_until_a_script_shows_it(client, staff, staff_device):
    pages = [client.get(LOGIN).content.decode(), sign_in_staff(client, staff).get(FACTOR_AGAIN).content.decode()]
    pages += [
        client.get(path).content.decode() for path in ("/account/passkeys/add/", "/account/passkeys/", "/account/sessions/")
    ]

    for page in pages:
        shown = re.findall(r"<[^>]*data-with-passkeys[^>]*>", page)
        assert shown
        assert [tag for tag in shown if " hidden " not in tag] == []

"""A professional is asked again who they are: by their second factor, else by password, or by a code from an email."""

from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from tests.accounts.factors.proof import CODE_AGAIN, FACTOR_AGAIN, PASSWORD_AGAIN, SENT_LATE, enrol, grow_old, totp
from tests.factories import make_person, sign_in
from tests.professionals.mailing import last_code, mails_to
from tests.professionals.test_sign_up import sign_up

pytestmark = pytest.mark.django_db

DATA = "/account/my-data/"
NEW_ADDRESS = "/account/email/"
SET_PASSWORD = "/account/password/set/"
PASSWORD = "three words together"


@pytest.fixture
def person():
    return make_person(email="nadia@leeds.nhs.uk")


@pytest.fixture
def old(client, person):
    return grow_old(sign_in(client, person))


@pytest.fixture
def with_password(client, person):
    person.user.set_password(PASSWORD)
    person.user.save()
    return grow_old(sign_in(client, person))


def way(response):
    place = urlsplit(response["Location"])
    return place.path, parse_qs(place.query).get("next", [""])[0]


def send_code(client, onward):
    return client.post(CODE_AGAIN, {"action": "send", "next": onward})


@pytest.mark.parametrize(
    ("page", "onward"), [(NEW_ADDRESS, NEW_ADDRESS), (SET_PASSWORD, SET_PASSWORD), (f"{DATA}?form=json", DATA)]
)
def test_without_a_password_a_code_is_sent(old, person, page, onward):
    assert way(old.get(page)) == (PASSWORD_AGAIN, onward)
    assert way(old.get(PASSWORD_AGAIN, {"next": onward})) == (CODE_AGAIN, onward)
    asking = old.get(CODE_AGAIN, {"next": onward}).content.decode()
    assert "Send me a code" in asking
    assert mails_to(person.email) == []  # opening the page sends nothing

    assert way(send_code(old, onward)) == (CODE_AGAIN, onward)
    assert "Type the code" in old.get(CODE_AGAIN, {"next": onward}).content.decode()
    response = old.post(CODE_AGAIN, {"code": last_code(person.email), "next": onward})

    assert way(response) == (onward, "")
    assert old.get(page).status_code == 200


def test_just_signed_in_nobody_is_asked(client, person):
    sign_in(client, person)

    assert [client.get(page).status_code for page in (NEW_ADDRESS, SET_PASSWORD, DATA)] == [200, 200, 200]


def test_nor_is_who_has_just_signed_up(client):
    sign_up(client)

    assert client.get(NEW_ADDRESS).status_code == 200


def test_a_password_does_for_who_has_one(with_password):
    assert way(with_password.get(DATA)) == (PASSWORD_AGAIN, DATA)
    assert "Use a code from an email instead" in with_password.get(PASSWORD_AGAIN).content.decode()
    assert with_password.post(PASSWORD_AGAIN, {"password": "something else"}).status_code == 200
    assert with_password.get(DATA).status_code == 302

    response = with_password.post(PASSWORD_AGAIN, {"password": PASSWORD, "next": "/account/details/"})

    assert way(response) == ("/account/details/", "")
    assert with_password.get(DATA).status_code == 200


def test_who_forgot_the_password_takes_a_code(with_password, person):
    assert "Use your password instead" in with_password.get(CODE_AGAIN).content.decode()
    send_code(with_password, "")
    with_password.post(CODE_AGAIN, {"code": last_code(person.email)})

    assert with_password.get(DATA).status_code == 200


def test_changing_a_password_asks_for_it_on_its_own_page(with_password):
    assert with_password.get("/account/password/change/").status_code == 200


def test_a_second_factor_is_asked_of_who_has_one(with_password, person):
    enrol(person.user)

    pages = (NEW_ADDRESS, "/account/password/change/", PASSWORD_AGAIN, CODE_AGAIN)
    assert [way(with_password.get(page))[0] for page in pages] == [FACTOR_AGAIN] * 4
    with_password.post(FACTOR_AGAIN, {"code": totp()})

    assert with_password.get(NEW_ADDRESS).status_code == 200


def test_the_new_address_that_was_typed_waits(old, person):
    assert way(old.post(NEW_ADDRESS, {"email": "nadia@bradford.nhs.uk"})) == (PASSWORD_AGAIN, SENT_LATE)
    send_code(old, SENT_LATE)
    old.post(CODE_AGAIN, {"code": last_code(person.email), "next": SENT_LATE})

    page = old.get(SENT_LATE).content.decode()

    assert 'name="email" value="nadia@bradford.nhs.uk"' in page
    assert mails_to("nadia@bradford.nhs.uk") == []
    assert old.post(NEW_ADDRESS, {"email": "nadia@bradford.nhs.uk"}).status_code == 302
    assert len(mails_to("nadia@bradford.nhs.uk")) == 1


def test_no_password_that_was_typed_waits(old, person):
    response = old.post(SET_PASSWORD, {"password1": PASSWORD, "password2": PASSWORD})

    assert way(response) == (PASSWORD_AGAIN, SET_PASSWORD)
    assert PASSWORD not in str(dict(old.session.items()))
    assert User.objects.get(pk=person.user.pk).has_usable_password() is False


def test_a_code_works_once(old, person):
    send_code(old, "")
    code = last_code(person.email)
    old.post(CODE_AGAIN, {"code": code})
    grow_old(old)

    old.post(CODE_AGAIN, {"code": code})

    assert old.get(DATA).status_code == 302


def test_a_code_works_in_the_browser_that_asked_for_it_alone(old, person):
    other = grow_old(sign_in(Client(), person))
    send_code(old, "")
    send_code(other, "")
    of_other = last_code(person.email)

    assert old.post(CODE_AGAIN, {"code": of_other}).status_code == 200
    assert old.get(DATA).status_code == 302


def test_three_wrong_tries_end_a_code(old, person):
    send_code(old, "")
    tries = [old.post(CODE_AGAIN, {"code": "BBBB-BBBB"}).status_code for _ in range(3)]

    old.post(CODE_AGAIN, {"code": last_code(person.email)})

    assert tries == [200, 200, 302]
    assert old.get(DATA).status_code == 302


def test_a_code_ends_after_ten_minutes(client, person):
    with time_machine.travel("2027-01-12 10:00:00+00:00", tick=False) as clock:
        grow_old(sign_in(client, person))
        send_code(client, "")
        clock.shift(10 * 60 + 1)
        client.post(CODE_AGAIN, {"code": last_code(person.email)})

        assert client.get(DATA).status_code == 302


def test_codes_count_with_those_to_sign_in(old, person):
    for _ in range(4):
        send_code(old, "")

    assert len(mails_to(person.email)) == 3
    assert "tried too often" in old.get(CODE_AGAIN).content.decode()


def test_nothing_leads_to_another_site(old, person):
    send_code(old, "https://evil.example/")

    response = old.post(CODE_AGAIN, {"code": last_code(person.email), "next": "https://evil.example/"})

    assert response["Location"] == "/my/"


def test_the_signed_out_are_sent_to_sign_in(client):
    assert way(client.get(CODE_AGAIN)) == ("/account/login/", CODE_AGAIN)

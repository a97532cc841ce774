"""The key of a session: never chosen by somebody else, new at each step up, and not to be read from the table."""

import hashlib

import pytest
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from django.conf import settings
from django.test import Client

from accounts.models import Session
from accounts.sessions import device_of
from tests.accounts.sessions.browsers import CODE, FIREFOX, IPHONE, SIGN_IN, is_in, key_of, row_of, signed_in, with_password
from tests.accounts.test_second_factor import ACTIVATE, totp
from tests.factories import make_person, make_staff, make_user, sign_in_staff
from tests.professionals.mailing import last_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return make_person()


def test_the_table_holds_a_hash_which_opens_nothing(person):
    client = signed_in(with_password(person.user))
    [row] = Session.objects.all()

    assert row.pk == hashlib.sha256(key_of(client).encode()).hexdigest()
    assert key_of(client) not in str(Session.objects.values_list())
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = row.pk
    assert not is_in(thief)


def test_a_key_that_somebody_chose_is_never_taken(person):
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = "chosenbyanotherperson0123456789ab"
    client.post(SIGN_IN, {"login": person.email})
    assert key_of(client) != "chosenbyanotherperson0123456789ab"
    client.post(CODE, {"code": last_code(person.email)})

    assert is_in(client)
    other = Client()
    other.cookies[settings.SESSION_COOKIE_NAME] = "chosenbyanotherperson0123456789ab"
    assert not is_in(other)


def test_the_key_of_before_sign_in_opens_nothing_after_it(person):
    client = Client()
    client.post(SIGN_IN, {"login": person.email})
    planted = key_of(client)
    client.post(CODE, {"code": last_code(person.email)})

    other = Client()
    other.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert (is_in(client), is_in(other), key_of(client) != planted) == (True, False, True)
    assert Session.objects.count() == 1


def test_enrolling_and_passing_the_second_factor_give_a_new_key():
    staff, client, later = make_staff(), Client(), Client()
    sign_in_staff(client, staff, second_factor=False)
    before = key_of(client)
    client.get(ACTIVATE)
    secret = client.session[SECRET_SESSION_KEY]
    client.post(ACTIVATE, {"code": totp(secret)})
    sign_in_staff(later, staff, second_factor=False)
    at_the_door = key_of(later)
    assert later.post("/account/2fa/reauthenticate/?next=/staff/", {"code": totp(secret, step=1)})["Location"] == "/staff/"

    assert [each.get("/staff/").status_code for each in (client, later)] == [200, 200]
    assert (key_of(client) != before, key_of(later) != at_the_door, Session.objects.count()) == (True, True, 2)
    for old in (before, at_the_door):
        thief = Client()
        thief.cookies[settings.SESSION_COOKIE_NAME] = old
        assert not is_in(thief)


def test_a_session_knows_whose_it_is_and_signing_out_takes_its_row():
    user = with_password(make_user())
    client = signed_in(user, IPHONE)
    row = row_of(client)
    assert (row.device, row.of_staff, row.user) == ("Safari on an iPhone", False, user)
    client.post("/account/logout/")
    assert not Session.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Windows"),
        (IPHONE, "Safari on an iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/139.0.0.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/605 Version/18.5 Safari/605.1.15", "Safari on a Mac"),
        ("Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605 CriOS/139 Mobile/15E148 Safari/604", "Chrome on an iPad"),
        ("Mozilla/5.0 (X11; CrOS x86_64) AppleWebKit/537.36 Chrome/139.0.0.0 Safari/537.36", "Chrome on a Chromebook"),
        ("curl/8.14 <script>", "A browser"),
        ("Something (Linux)", "A browser on Linux"),
        ("", "A browser"),
        ("x" * 5_000, "A browser"),
    ],
)
def test_a_device_in_words(agent, words):
    assert device_of(agent) == words

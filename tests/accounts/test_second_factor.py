"""Staff: no page of theirs without a second factor, and no way round it."""

import time

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, format_hotp_value, hotp_value
from django.test import Client
from django.urls import reverse

from accounts import encryption
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.professionals.mailing import last_code, mails_to

pytestmark = pytest.mark.django_db

SECRET = "CTACTRYITOUTATHOMEONLY234567ABCD"
ACTIVATE = "/account/2fa/totp/activate/"


def totp(secret=SECRET, step=0):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step))


def enrol(user):
    return Authenticator.objects.create(user=user, type="totp", data={"secret": encryption.encrypt(SECRET)})


@pytest.fixture
def staff():
    return make_staff("lead@ctac.example")


def test_a_superuser_without_a_second_factor_gets_nothing(client, staff):
    sign_in_staff(client, staff, second_factor=False)
    pages = ["/staff/", reverse("staff:professionals_person_changelist"), reverse("staff:accounts_user_add")]

    answers = [client.get(page) for page in pages]

    assert [answer.status_code for answer in answers] == [302, 302, 302]
    assert [client.get(a["Location"])["Location"].partition("?")[0] for a in answers] == [ACTIVATE] * 3


def test_enrolling_leads_into_the_staff_site(client, staff, django_capture_on_commit_callbacks):
    sign_in_staff(client, staff, second_factor=False)
    response = client.get("/staff/", follow=True)
    assert response.redirect_chain[-1][0] == f"{ACTIVATE}?next=%2Fstaff%2F"
    page = response.content.decode()
    secret = client.session[SECRET_SESSION_KEY]
    assert " ".join(secret[i : i + 4] for i in range(0, 32, 4)) in page
    assert "data:" not in page

    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(ACTIVATE, {"code": totp(secret), "next": "/staff/"})

    assert response["Location"] == "/account/2fa/recovery-codes/?next=%2Fstaff%2F"
    codes = client.get(response["Location"])
    assert 'href="/staff/"' in codes.content.decode()
    assert RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes()[0] in codes.content.decode()
    assert client.get("/staff/").status_code == 200
    assert mails_to(staff.email)[-1].subject == "Your authenticator app is set up"


def test_a_reload_keeps_the_picture(client, staff):
    sign_in_staff(client, staff, second_factor=False)
    client.get(ACTIVATE)
    first = client.session[SECRET_SESSION_KEY]
    client.get(ACTIVATE)

    assert client.session[SECRET_SESSION_KEY] == first


def test_the_picture_is_an_svg_of_our_own(client, staff):
    sign_in_staff(client, staff, second_factor=False)
    assert client.get("/account/2fa/totp/qr.svg").status_code == 404
    page = client.get(ACTIVATE).content.decode()
    assert 'src="/account/2fa/totp/qr.svg"' in page

    response = client.get("/account/2fa/totp/qr.svg")

    assert (response.status_code, response["Content-Type"]) == (200, "image/svg+xml")
    assert response.content.startswith(b"<svg")
    assert b"style" not in response.content
    assert "no-store" in response["Cache-Control"]


def test_the_picture_is_for_the_one_who_enrols(client):
    assert client.get("/account/2fa/totp/qr.svg")["Location"].startswith("/account/login/")


def test_sign_in_asks_for_the_second_factor_and_goes_on(client, staff):
    enrol(staff)
    client.post("/account/login/", {"login": staff.email, "next": "/staff/"})
    response = client.post("/account/login/code/confirm/", {"code": last_code(staff.email), "next": "/staff/"})
    assert response["Location"] == "/account/2fa/authenticate/"
    assert client.get("/staff/")["Location"].startswith("/staff/login/")
    assert client.get("/account/2fa/authenticate/").status_code == 200

    response = client.post("/account/2fa/authenticate/", {"code": totp()})

    assert response["Location"] == "/staff/"
    assert client.get("/staff/").status_code == 200


def test_a_session_from_before_enrolment_passes_it_first(client, staff):
    sign_in_staff(client, staff, second_factor=False)
    enrol(staff)
    response = client.get("/staff/", follow=True)
    assert response.redirect_chain[-1][0] == "/account/2fa/reauthenticate/?next=%2Fstaff%2F"

    response = client.post("/account/2fa/reauthenticate/", {"code": totp(), "next": "/staff/"})

    assert response["Location"] == "/staff/"
    assert client.get("/staff/").status_code == 200


def test_a_code_works_once_even_within_its_time(staff):
    enrol(staff)
    with time_machine.travel("2027-01-12 10:00:01+00:00", tick=False) as clock:
        code = totp()
        answers = []
        for wait in (0, 1, 30):
            clock.shift(wait)
            browser = sign_in_staff(Client(), staff, second_factor=False)
            answers.append(browser.post("/account/2fa/reauthenticate/", {"code": code, "next": "/staff/"}).status_code)

    assert answers == [302, 200, 200]


def test_the_code_that_enrolled_is_used_up(client, staff):
    sign_in_staff(client, staff, second_factor=False)
    client.get(ACTIVATE)
    secret = client.session[SECRET_SESSION_KEY]
    code = totp(secret)
    client.post(ACTIVATE, {"code": code})
    other = sign_in_staff(Client(), staff, second_factor=False)

    assert other.post("/account/2fa/reauthenticate/", {"code": code}).status_code == 200


@pytest.mark.parametrize(("step", "passes"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phone_may_be_half_a_minute_off(client, staff, step, passes):
    enrol(staff)
    with time_machine.travel("2027-01-12 10:00:10+00:00", tick=False):
        sign_in_staff(client, staff, second_factor=False)
        response = client.post("/account/2fa/reauthenticate/", {"code": totp(step=step), "next": "/staff/"})

    assert (response.status_code == 302) is passes


def test_a_recovery_code_works_once(client, staff):
    enrol(staff)
    codes = RecoveryCodes.activate(staff).get_unused_codes()
    answers = []
    for _ in range(2):
        browser = sign_in_staff(Client(), staff, second_factor=False)
        answers.append(browser.post("/account/2fa/reauthenticate/", {"code": codes[0], "next": "/staff/"}).status_code)

    assert answers == [302, 200]


def test_five_wrong_codes_stop_the_sixth(client, staff):
    enrol(staff)
    for _ in range(5):
        sign_in_staff(Client(), staff, second_factor=False).post("/account/2fa/reauthenticate/", {"code": "000000"})

    response = sign_in_staff(client, staff, second_factor=False).post("/account/2fa/reauthenticate/", {"code": totp()})

    assert response.status_code == 200
    assert "tried too often" in response.content.decode()


@pytest.mark.parametrize(
    "junk", [{}, {"code": ""}, {"code": "\x00"}, {"code": "１２３４５６"}, {"code": "9" * 999}, {"credential": "{}"}]
)
def test_junk_never_breaks_the_page(client, staff, junk):
    enrol(staff)
    client.post("/account/login/", {"login": staff.email})
    client.post("/account/login/code/confirm/", {"code": last_code(staff.email)})

    response = client.post("/account/2fa/authenticate/", junk)

    assert response.status_code == 200
    assert "There is a problem" in response.content.decode()


def test_staff_cannot_drop_their_second_factor(client, staff):
    enrol(staff)
    sign_in_staff(client, staff, second_factor=False)
    client.post("/account/2fa/reauthenticate/", {"code": totp()})

    page = client.get("/account/2fa/totp/deactivate/").content.decode()
    client.post("/account/2fa/totp/deactivate/")

    assert "Staff need a second factor" in page
    assert Authenticator.objects.filter(user=staff, type="totp").exists()


def test_a_professional_may_enrol_and_stop(client):
    person = make_person()
    sign_in(client, person)
    assert client.get("/account/2fa/").status_code == 200
    client.get(ACTIVATE)
    client.post(ACTIVATE, {"code": totp(client.session[SECRET_SESSION_KEY])})
    assert client.get("/account/2fa/").status_code == 200
    assert client.get("/account/2fa/recovery-codes/generate/").status_code == 200
    assert client.post("/account/2fa/recovery-codes/generate/")["Location"] == "/account/2fa/recovery-codes/"

    assert client.get("/account/2fa/totp/deactivate/").status_code == 200
    client.post("/account/2fa/totp/deactivate/")

    assert Authenticator.objects.count() == 0


def test_a_second_factor_record_of_another_user_counts_for_nothing(client, staff):
    sign_in_staff(client, staff)
    other = make_staff()
    session = client.session
    session["_auth_user_id"] = str(other.pk)
    session["_auth_user_hash"] = other.get_session_auth_hash()
    session.save()

    assert client.get("/staff/").status_code == 302


def test_secrets_lie_encrypted(client, staff):
    sign_in_staff(client, staff, second_factor=False)
    client.get(ACTIVATE)
    secret = client.session[SECRET_SESSION_KEY]
    client.post(ACTIVATE, {"code": totp(secret)})

    assert secret not in str(Authenticator.objects.get(type="totp").data)


def test_a_secret_that_cannot_be_opened_matches_no_code(client, staff, settings):
    enrol(staff)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key altogether, long enough to be one", []
    sign_in_staff(client, staff, second_factor=False)

    codes = [totp(), format_hotp_value(hotp_value("", int(time.time()) // 30))]

    assert [client.post("/account/2fa/reauthenticate/", {"code": code}).status_code for code in codes] == [200, 200]


def test_an_ordinary_user_may_not_enter(client):
    sign_in(client, make_person())

    assert client.get("/staff/login/").status_code == 403

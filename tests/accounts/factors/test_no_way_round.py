"""Every way that somebody might try into the staff site without the second factor. None leads in."""

import re
from urllib.parse import urlsplit

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts import services as accounts_services
from accounts.models import User
from tests.accounts.factors.proof import FACTOR_AGAIN, enrol, totp
from tests.factories import make_person, make_staff, sign_in_staff
from tests.professionals.mailing import last_code, mails_to

pytestmark = pytest.mark.django_db

STAFF = "/staff/"
ACTIVATE = "/account/2fa/totp/activate/"
FACTOR = "/account/2fa/authenticate/"
PASSWORD = "three words together"


@pytest.fixture
def staff():
    user = make_staff("lead@ctac.example")
    enrol(user)
    return user


def let_in(client):
    return client.get(STAFF).status_code == 200


def place(response):
    return urlsplit(response.headers.get("Location", "")).path


def with_password(user):
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])


def with_code(client, email, onward=STAFF):
    client.post("/account/login/", {"login": email, "next": onward})
    return client.post("/account/login/code/confirm/", {"code": last_code(email), "next": onward})


def signed_in(user, step=0):
    """As a colleague does it: a code from an email, then one from the app."""
    client = Client()
    with_code(client, user.email)
    client.post(FACTOR, {"code": totp(step)})
    return client


# By another way to sign in


def test_a_code_from_the_mailbox_is_half_of_it(client, staff):
    assert place(with_code(client, staff.email)) == FACTOR
    assert not let_in(client)


def test_so_is_a_password(client, staff):
    with_password(staff)

    response = client.post("/account/login/password/", {"login": staff.email, "password": PASSWORD, "next": STAFF})

    assert (place(response), let_in(client)) == (FACTOR, False)


def test_a_password_that_was_reset_opens_no_staff_page(client, staff):
    client.post("/account/password/reset/", {"email": staff.email})
    client.post("/account/password/reset/confirm/", {"code": last_code(staff.email)})
    client.post("/account/password/reset/complete/", {"password1": PASSWORD, "password2": PASSWORD})
    assert User.objects.get(pk=staff.pk).check_password(PASSWORD)
    assert not let_in(client)

    client.post("/account/login/password/", {"login": staff.email, "password": PASSWORD, "next": STAFF})

    assert not let_in(client)


def test_signing_up_with_the_address_of_staff_changes_nothing(client, staff):
    details = {"name": "Somebody Else", "profession": "midwife", "organisation_name": "Leeds", "postcode": "LS1 4AP"}
    details["phone"] = "0113 496 0001"

    client.post("/account/signup/", {"email": staff.email.upper(), **details})
    assert mails_to(staff.email) == []
    client.post("/account/login/", {"login": staff.email.upper(), **details})
    client.post("/account/login/code/confirm/", {"code": last_code(staff.email)})
    client.post("/account/details/", details)

    assert not let_in(client)
    assert User.objects.filter(email__iexact=staff.email).count() == 1
    assert Authenticator.objects.filter(user=staff).count() == 1


def test_halfway_in_no_account_page_opens(client, staff):
    with_code(client, staff.email)
    pages = [ACTIVATE, "/account/2fa/", "/account/2fa/recovery-codes/", "/account/email/", "/account/password/set/", FACTOR_AGAIN]

    assert [place(client.get(page)) for page in pages] == ["/account/login/"] * 6
    assert not let_in(client)


@pytest.mark.parametrize("onward", [STAFF, "/staff/leaflets/order/", "/staff/login/", "//staff/", "/account/../staff/"])
def test_no_onward_address_skips_a_step(client, staff, onward):
    response = with_code(client, staff.email, onward)

    assert place(response) == FACTOR
    assert client.post(FACTOR, {"code": "000000", "next": onward}).status_code == 200
    assert client.get(FACTOR_AGAIN, {"next": onward}).status_code == 302
    assert not let_in(client)


# By a session that is there already


def test_a_session_from_before_enrolment(client):
    staff = make_staff()
    sign_in_staff(client, staff, second_factor=False)
    assert not let_in(client)
    enrol(staff)

    assert not let_in(client)
    assert place(client.get("/staff/login/")) == FACTOR_AGAIN


def test_a_session_from_before_they_were_staff_ends_though_it_passed_a_second_factor(client):
    person = make_person()
    enrol(person.user)
    client = signed_in(person.user)
    assert client.get("/account/details/").status_code == 200

    person.user.is_staff = person.user.is_superuser = True
    person.user.save()

    assert not let_in(client)
    assert place(client.get("/account/details/")) == "/account/login/"


def test_of_two_browsers_one_passing_lets_in_that_one_alone(staff):
    door = sign_in_staff(Client(), staff, second_factor=False)
    passed = signed_in(staff)

    assert (let_in(passed), let_in(door)) == (True, False)


def test_no_browser_is_remembered(client, staff):
    passed = signed_in(staff)
    passed.post("/account/logout/")
    for name in ("mfa_trusted", "trusted", "remember"):
        passed.cookies[name] = "1"

    assert place(with_code(passed, staff.email)) == FACTOR
    assert not let_in(passed)


def test_of_a_session_that_was_signed_out_the_cookie_opens_nothing(staff):
    passed = signed_in(staff)
    copy = Client()
    copy.cookies.load(passed.cookies)
    assert let_in(copy)

    passed.post("/account/logout/")

    assert not let_in(copy)


# By a code that was used


def test_a_code_of_the_app_is_used_up_in_every_browser_and_on_every_page(staff):
    with time_machine.travel("2027-01-12 10:00:10+00:00", tick=False):
        first = signed_in(staff)
        second = signed_in(staff)
        third = sign_in_staff(Client(), staff, second_factor=False)
        third.post(FACTOR_AGAIN, {"code": totp()})

        assert [let_in(first), let_in(second), let_in(third)] == [True, False, False]


def test_a_recovery_code_is_used_up_in_every_browser_and_on_every_page(staff):
    code = RecoveryCodes.activate(staff).get_unused_codes()[0]
    browsers = [Client(), Client()]
    for browser in browsers:
        with_code(browser, staff.email)
        browser.post(FACTOR, {"code": code})
    door = sign_in_staff(Client(), staff, second_factor=False)
    door.post(FACTOR_AGAIN, {"code": code})

    assert [let_in(browser) for browser in (*browsers, door)] == [True, False, False]


def test_codes_of_a_colleague_open_nothing(client, staff):
    other = make_staff()
    codes = RecoveryCodes.activate(other).get_unused_codes()
    with_code(client, staff.email)

    assert client.post(FACTOR, {"code": codes[0]}).status_code == 200
    assert not let_in(client)


# By taking the second factor away


def test_staff_take_their_own_away_nowhere(staff):
    passed = signed_in(staff)

    passed.post("/account/2fa/totp/deactivate/")
    passed.post("/account/2fa/totp/deactivate/", {"authenticator": Authenticator.objects.get(user=staff).pk})

    assert Authenticator.objects.filter(user=staff, type="totp").exists()


def test_nobody_enrols_a_second_app_beside_the_first(staff):
    door = sign_in_staff(Client(), staff, second_factor=False)

    assert place(door.get(ACTIVATE)) == FACTOR_AGAIN
    assert place(door.post(ACTIVATE, {"code": totp()})) == FACTOR_AGAIN
    assert Authenticator.objects.filter(user=staff, type="totp").count() == 1


def test_who_is_only_at_the_door_changes_nothing_of_how_the_account_signs_in(staff):
    door = sign_in_staff(Client(), staff, second_factor=False)
    forms = {
        "/account/email/": {"email": "thief@elsewhere.example"},
        "/account/password/set/": {"password1": PASSWORD, "password2": PASSWORD},
        "/account/password/change/": {"oldpassword": PASSWORD, "password1": PASSWORD, "password2": PASSWORD},
        "/account/2fa/recovery-codes/generate/": {},
        "/account/2fa/recovery-codes/": {},
        "/account/2fa/totp/deactivate/": {},
    }

    assert [place(door.post(page, form)) for page, form in forms.items()] == [FACTOR_AGAIN] * 6
    staff.refresh_from_db()
    assert (staff.email, staff.has_usable_password()) == ("lead@ctac.example", False)
    assert mails_to("thief@elsewhere.example") == []


def test_after_a_reset_by_a_manager_all_begins_anew(staff, now):
    passed = signed_in(staff)
    with_password(staff)

    accounts_services.reset_second_factor(user=staff, by=make_staff(), now=now)

    assert not let_in(passed)
    assert place(passed.get("/account/details/")) == "/account/login/"
    again = Client()
    assert again.post("/account/login/password/", {"login": staff.email, "password": PASSWORD}).status_code == 200
    with_code(again, staff.email)
    assert not let_in(again)
    assert place(again.get("/staff/login/")) == ACTIVATE
    assert again.post(ACTIVATE, {"code": totp()}).status_code == 200  # the old app knows another secret
    assert not let_in(again)


# By a page that forgot to ask


def staff_pages(patterns, prefix=""):
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from staff_pages(pattern.url_patterns, f"{prefix}{pattern.pattern}")
        elif isinstance(pattern, URLPattern) and prefix.startswith("staff/"):
            yield "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: VALUES.get(found[1], "1"), f"{prefix}{pattern.pattern}")


VALUES = {"slug": "erase", "public_id": "6f1c3f0e-5a40-4f0e-9d3c-0a0a0a0a0a0a", "reference": "BK-7Q4M-2F", "day": "2027-01-12"}
OPEN_TO_ALL = {reverse("staff:login"), reverse("staff:logout")}


def plain_addresses():
    """Of every page under /staff/, lists, files, prints and JSON among them; those that Django writes as a pattern left out."""
    found = {page for page in staff_pages(get_resolver().url_patterns) if not re.search(r"[\\^$()<>?]", page)}
    return sorted(found - OPEN_TO_ALL)


def test_no_page_of_staff_opens_at_the_door(staff):
    door, pages = sign_in_staff(Client(), staff, second_factor=False), plain_addresses()
    assert len(pages) > 200

    let = [page for page in pages for method in ("get", "post") if place(getattr(door, method)(page)) != "/staff/login/"]

    assert let == []


@pytest.mark.parametrize("accept", ["application/json", "text/calendar", "application/pdf", "text/csv"])
def test_asking_for_another_kind_of_file_opens_nothing(staff, accept):
    door = sign_in_staff(Client(headers={"accept": accept, "x-requested-with": "XMLHttpRequest"}), staff, second_factor=False)

    assert [place(door.get(page)) for page in (STAFF, reverse("staff:leaflets_order_changelist"))] == ["/staff/login/"] * 2

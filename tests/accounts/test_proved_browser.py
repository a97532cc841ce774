"""Strangers use up the tries for an address, a password or a second factor; its owner still gets in, where they did before."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ThrottleScope, User
from accounts.rate_limits import BROWSER_COOKIE_AGE, RATES_BY_ACTION
from professionals.models import Person
from tests.accounts.factors.proof import enrol, totp
from tests.accounts.test_account_limits import PASSWORD, RESET, SECOND_FACTOR, is_stopped
from tests.accounts.test_sign_in import BY_PASSWORD, CODE, SIGN_IN, give_password
from tests.factories import make_person, make_staff
from tests.professionals.mailing import last_code, mails_to

pytestmark = pytest.mark.django_db
EMAIL = "nadia@leeds.nhs.uk"


@pytest.fixture
def person() -> Person:
    return make_person(email=EMAIL)


def sign_in_by_code(client: Client, email: str = EMAIL) -> Any:
    client.post(SIGN_IN, {"login": email})
    return client.post(CODE, {"code": last_code(email)})


def sign_out(client: Client) -> Client:
    client.post("/account/logout/")
    return client


@pytest.fixture
def known(person: Person) -> Client:
    """Their own browser, in which they signed in an hour ago and out again."""
    client = Client()
    with time_machine.travel(timezone.now() - timedelta(hours=2)):
        assert sign_in_by_code(client).url == "/my/"
        return sign_out(client)


def use_up(path: str, **sent: str) -> None:
    """Strangers, each from a network of their own."""
    for number in range(12):
        Client(REMOTE_ADDR=f"203.0.113.{number}").post(path, sent)


def test_codes_by_email(known: Client, person: Person) -> None:
    use_up(SIGN_IN, login=EMAIL)
    assert is_stopped(Client().post(SIGN_IN, {"login": EMAIL}))
    assert not is_stopped(known.post(SIGN_IN, {"login": EMAIL.upper()}))
    assert not is_stopped(known.post(CODE, {"action": "resend"}, follow=True))
    assert known.post(CODE, {"code": last_code(EMAIL)}).url == "/my/"


def test_its_own_tries_end_too(known: Client) -> None:
    """What it may ask for goes to the same mailbox, so it has a cap of its own."""
    answers = [known.post(SIGN_IN, {"login": EMAIL}) for _ in range(4)]
    assert [is_stopped(answer) for answer in answers] == [False, False, False, True]
    assert not is_stopped(Client().post(SIGN_IN, {"login": EMAIL}))


def test_passwords(known: Client, person: Person) -> None:
    password = give_password(person)
    sign_out(sign_in_again(known))
    use_up(BY_PASSWORD, login=EMAIL, password="not this one")
    sent = {"login": EMAIL, "password": password}
    assert is_stopped(Client().post(BY_PASSWORD, sent))
    assert known.post(BY_PASSWORD, sent).url == "/my/"


def sign_in_again(client: Client) -> Client:
    assert sign_in_by_code(client).url == "/my/"
    return client


def test_a_forgotten_password(known: Client) -> None:
    use_up(RESET, email=EMAIL)
    assert is_stopped(Client().post(RESET, {"email": EMAIL}))
    assert not is_stopped(known.post(RESET, {"email": EMAIL}))


def test_second_factors_of_whoever_has_the_password() -> None:
    staff = make_staff("lead@ctac.example")
    staff.set_password(PASSWORD)
    staff.save()
    enrol(staff)
    own, thief = Client(), Client()
    assert pass_both(own, totp(-1)).url == "/staff/"
    sign_out(own)
    for _ in range(6):
        assert "_auth_user_id" not in thief.session
        answer = pass_both(thief, "000000")
    assert is_stopped(answer)
    assert is_stopped(pass_both(Client(), totp()))
    assert pass_both(own, totp()).url == "/staff/"


def pass_both(client: Client, code: str) -> Any:
    client.post(BY_PASSWORD, {"login": "lead@ctac.example", "password": PASSWORD})
    return client.post(SECOND_FACTOR, {"code": code})


def test_a_password_alone_proves_no_browser_of_who_has_a_second_factor() -> None:
    staff = make_staff("lead@ctac.example")
    staff.set_password(PASSWORD)
    staff.save()
    enrol(staff)
    browser = Client()
    browser.post(BY_PASSWORD, {"login": staff.email, "password": PASSWORD})
    assert settings.BROWSER_COOKIE_NAME not in browser.cookies


def test_a_crowded_network_stops_nobody_who_was_here_before(known: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole hospital has one address, and one of them may be up to something."""
    most = next(rate.most for rate in RATES_BY_ACTION["login"] if rate.by == ThrottleScope.NETWORK)
    for _ in range(most + 1):
        Client().post(SIGN_IN)
    assert Client().post(SIGN_IN, {"login": EMAIL}).status_code == 429
    assert known.post(SIGN_IN, {"login": EMAIL}).status_code == 302


def test_a_browser_proved_for_one_account_is_a_strangers_for_every_other(known: Client) -> None:
    make_person(email="other@leeds.nhs.uk")
    for email in ("other@leeds.nhs.uk", "nobody@leeds.nhs.uk"):
        use_up(SIGN_IN, login=email)
        assert is_stopped(known.post(SIGN_IN, {"login": email}))


@pytest.mark.parametrize("change", ["password", "email", "is_active"])
def test_it_ends_with_what_it_was_given_for(known: Client, person: Person, change: str) -> None:
    email = "new@leeds.nhs.uk" if change == "email" else EMAIL
    User.objects.filter(pk=person.user_id).update(**{change: {"password": "!other", "email": email, "is_active": False}[change]})
    use_up(SIGN_IN, login=email)
    assert is_stopped(known.post(SIGN_IN, {"login": email}))


def test_it_ends_after_half_a_year(known: Client) -> None:
    with time_machine.travel(timezone.now() + BROWSER_COOKIE_AGE):
        use_up(SIGN_IN, login=EMAIL)
        assert is_stopped(known.post(SIGN_IN, {"login": EMAIL}))


@pytest.mark.parametrize("forged", ["", "x", "1.abc", "1.abc:1sLxyz:sig", ":::", "\x00"])
def test_a_cookie_that_we_did_not_sign_is_none(person: Person, forged: str) -> None:
    browser = Client(headers={"cookie": f"{settings.BROWSER_COOKIE_NAME}={forged}"})
    use_up(SIGN_IN, login=EMAIL)
    assert is_stopped(browser.post(SIGN_IN, {"login": EMAIL}))


def test_the_cookie_is_closed_and_opens_nothing(known: Client, person: Person, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = True
    browser = Client()
    answer = sign_in_by_code(browser)
    cookie = answer.cookies[settings.BROWSER_COOKIE_NAME]
    closed = (cookie["httponly"], cookie["secure"], cookie["samesite"], cookie["path"], cookie["domain"])
    assert closed == (True, True, "Lax", "/", "")
    assert EMAIL not in cookie.value
    stranger = Client()
    stranger.cookies[settings.BROWSER_COOKIE_NAME] = cookie.value
    assert stranger.get("/my/").url.startswith(SIGN_IN)


def test_what_a_proved_browser_asks_takes_the_same_statements_for_any_address(known: Client) -> None:
    def statements(email: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            known.post(SIGN_IN, {"login": email})
        return len(asked)

    make_person(email="other@leeds.nhs.uk")
    assert len({statements(email) for email in ("other@leeds.nhs.uk", "nobody@leeds.nhs.uk")}) == 1
    assert mails_to("nobody@leeds.nhs.uk")

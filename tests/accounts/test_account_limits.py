"""Each page of accounts stops at its limit, by whichever button it is reached; in two processes together, and without a cache."""

import os
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from accounts.models import ThrottleScope, User
from accounts.rate_limits import RATES_BY_ACTION, Rate
from professionals.models import BlockedAttempt
from tests.accounts.factors.proof import enrol, grow_old, totp
from tests.accounts.test_sign_in import BY_PASSWORD, CODE, SIGN_IN, give_password
from tests.factories import make_person, make_staff, make_user, sign_in, sign_in_staff
from tests.professionals.mailing import last_code, mails_to

pytestmark = pytest.mark.django_db
FEW = 2
PASSWORD = "two-kettles-one-plug"
NEW_ADDRESS, RESET = "/account/email/", "/account/password/reset/"
SECOND_FACTOR, AGAIN, CODE_AGAIN = "/account/2fa/authenticate/", "/account/2fa/reauthenticate/", "/account/reauthenticate/code/"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two of an action, by whatever it is counted."""

    def make_few(action: str) -> None:
        rates = tuple(Rate(rate.by, FEW, timedelta(hours=1)) for rate in RATES_BY_ACTION[action][:1])
        monkeypatch.setitem(RATES_BY_ACTION, action, rates)

    return make_few


def is_stopped(response: Any) -> bool:
    return response.status_code == 429 or "tried too often" in response.content.decode()


@pytest.mark.parametrize(
    ("path", "action", "where"),
    [
        (SIGN_IN, "login", "sign-in"),
        (BY_PASSWORD, "login", "sign-in"),
        ("/account/passkeys/options/", "webauthn_login", "sign-in"),
        ("/account/passkeys/sign-in/", "webauthn_login", "sign-in"),
        ("/account/password/reset/complete/", "reset_password_from_key", "password"),
    ],
)
def test_what_anybody_sends_counts_by_the_network(few: Any, path: str, action: str, where: str) -> None:
    few(action)
    answers = [Client().post(path).status_code for _ in range(FEW + 1)]
    assert [status == 429 for status in answers] == [False, False, True]
    assert BlockedAttempt.objects.values_list("where", "by").get() == (where, "network")
    assert Client().get(path).status_code != 429
    assert Client(REMOTE_ADDR="203.0.113.7").post(path).status_code != 429


@pytest.mark.parametrize(
    ("path", "action"),
    [
        (NEW_ADDRESS, "manage_email"),
        ("/account/password/change/", "change_password"),
        ("/account/password/set/", "change_password"),
        ("/account/reauthenticate/", "reauthenticate"),
        (CODE_AGAIN, "reauthenticate"),
        (AGAIN, "reauthenticate"),
        ("/account/passkeys/again/", "reauthenticate"),
    ],
)
def test_what_an_account_sends_counts_by_the_account(few: Any, path: str, action: str) -> None:
    few(action)
    person = make_person()
    browsers = [sign_in(Client(), person) for _ in range(FEW + 1)]
    answers = [browser.post(path).status_code for browser in browsers]
    assert [status == 429 for status in answers] == [False, False, True]
    assert BlockedAttempt.objects.values_list("where", "by", "person").get() == ("account", "account", person.pk)
    assert sign_in(Client(), make_person()).post(path).status_code != 429


def test_sign_in_codes_count_by_the_mailbox_whichever_page_sends_them(client: Client, few: Any) -> None:
    few("request_login_code")
    person = make_person(email="nadia@leeds.nhs.uk")
    assert not is_stopped(client.post(SIGN_IN, {"login": person.email}))
    assert not is_stopped(client.post(CODE, {"action": "resend"}, follow=True))
    assert is_stopped(client.post(CODE, {"action": "resend"}, follow=True))
    assert is_stopped(Client().post(SIGN_IN, {"login": "NADIA+x@leeds.nhs.uk"}))
    assert is_stopped(grow_old(sign_in(Client(), person)).post(CODE_AGAIN, {"action": "send"}, follow=True))
    assert len(mails_to(person.email)) == FEW


@pytest.mark.parametrize("known", [True, False])
def test_codes_count_by_the_mailbox_and_tell_nobody_who_has_an_account(few: Any, known: bool) -> None:
    few("request_login_code")
    email = "nadia.khan@leeds.nhs.uk"
    if known:
        make_user(email)
    browser = Client()
    answers = [browser.post(SIGN_IN, {"login": email})]
    answers += [browser.post(CODE, {"action": "resend"}, follow=True) for _ in range(FEW)]
    assert [is_stopped(answer) for answer in answers] == [False, False, True]
    assert is_stopped(Client().post(SIGN_IN, {"login": email}))
    assert len(mails_to(email)) == FEW


def test_codes_for_a_changed_address_count_by_the_new_one(few: Any) -> None:
    few("confirm_email")
    answers = [sign_in(Client(), make_person()).post(NEW_ADDRESS, {"email": "new@leeds.nhs.uk"}) for _ in range(FEW + 1)]
    assert [answer.status_code for answer in answers] == [302, 302, 429]
    assert len(mails_to("new@leeds.nhs.uk")) == FEW


@pytest.mark.parametrize("email", ["nadia@leeds.nhs.uk", "nobody@leeds.nhs.uk"])
def test_codes_for_a_forgotten_password_count_by_the_mailbox(few: Any, email: str) -> None:
    few("reset_password")
    make_person(email="nadia@leeds.nhs.uk")
    answers = [Client().post(RESET, {"email": email}).status_code for _ in range(FEW + 1)]
    assert answers == [302, 302, 429]


def test_a_right_password_is_not_counted_and_a_new_one_begins_anew(client: Client, few: Any) -> None:
    few("login_failed")
    person = make_person(email="nadia@leeds.nhs.uk")
    password = give_password(person)
    assert [Client().post(BY_PASSWORD, {"login": person.email, "password": password}).status_code for _ in range(4)] == [302] * 4
    for _ in range(FEW):
        Client().post(BY_PASSWORD, {"login": person.email, "password": "wrong"})
    assert is_stopped(Client().post(BY_PASSWORD, {"login": person.email, "password": password}))
    client.post(RESET, {"email": person.email})
    client.post("/account/password/reset/confirm/", {"code": last_code(person.email)})
    new = "three-spoons-one-cup"
    client.post("/account/password/reset/complete/", {"password1": new, "password2": new})
    assert Client().post(BY_PASSWORD, {"login": person.email, "password": new}).status_code == 302


@pytest.fixture
def staff() -> User:
    user = make_staff("lead@ctac.example")
    user.set_password(PASSWORD)
    user.save()
    enrol(user)
    return user


def at_second_factor(staff: User) -> Client:
    browser = Client()
    browser.post(BY_PASSWORD, {"login": staff.email, "password": PASSWORD})
    return browser


def test_wrong_second_factors_count_together_on_both_pages(staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RATES_BY_ACTION, "login_failed", (Rate(ThrottleScope.ACCOUNT, FEW, timedelta(hours=1)),))
    at_second_factor(staff).post(SECOND_FACTOR, {"code": "000000"})
    again = sign_in_staff(Client(), staff, second_factor=False)
    again.post(AGAIN, {"code": "000000"})
    assert is_stopped(at_second_factor(staff).post(SECOND_FACTOR, {"code": totp()}))
    assert is_stopped(again.post(AGAIN, {"code": totp()}))
    assert BlockedAttempt.objects.filter(by=ThrottleScope.ACCOUNT).exists()


def test_a_right_code_of_the_app_forgets_the_wrong_ones_before(staff: User) -> None:
    for step in (-1, 0):
        browser = sign_in_staff(Client(), staff, second_factor=False)
        for _ in range(3):
            browser.post(AGAIN, {"code": "000000"})
        assert browser.post(AGAIN, {"code": totp(step), "next": "/staff/"}).status_code == 302


def test_sign_in_to_an_own_account_does_not_clear_the_tries_of_the_network(staff: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RATES_BY_ACTION, "login_failed", (Rate(ThrottleScope.NETWORK, 3, timedelta(hours=1)),))

    def guess() -> bool:
        return is_stopped(Client().post(BY_PASSWORD, {"login": make_user().email, "password": "wrong"}))

    assert [guess(), guess()] == [False, False]
    signed_in = at_second_factor(staff).post(SECOND_FACTOR, {"code": totp()})
    assert (signed_in.status_code, is_stopped(signed_in)) == (302, False)
    assert [guess(), guess()] == [False, True]


def test_a_code_of_the_app_serves_once_on_whichever_page(staff: User, caplog: pytest.LogCaptureFixture) -> None:
    code = totp()
    assert at_second_factor(staff).post(SECOND_FACTOR, {"code": f"{code[:3]}-{code[3:]}"}).status_code == 302
    for browser, path in ((at_second_factor(staff), SECOND_FACTOR), (sign_in_staff(Client(), staff, second_factor=False), AGAIN)):
        caplog.clear()
        assert browser.post(path, {"code": code}).status_code == 200
        assert f"second factor refused: user {staff.pk}" in caplog.messages


def test_a_wrong_code_while_an_app_is_set_up_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RATES_BY_ACTION, "login_failed", (Rate(ThrottleScope.ACCOUNT, FEW, timedelta(hours=1)),))
    browser = sign_in(Client(), make_person())
    browser.get("/account/2fa/totp/activate/")
    answers = [browser.post("/account/2fa/totp/activate/", {"code": "000000"}) for _ in range(FEW + 1)]
    assert [is_stopped(answer) for answer in answers] == [False, False, True]


# -- Two processes ---------------------------------------------------------------------------------------------------------

ANOTHER_PROCESS = """
import sys
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
django.setup()
from django.test import Client
for path, field, sent in [each.split() for each in sys.argv[2:]]:
    browser = Client(headers={"host": "localhost"})
    browser.post("/account/login/password/", {"login": "lead@ctac.example", "password": "two-kettles-one-plug"})
    answer = browser.post(path, {"login": "nadia@leeds.nhs.uk", field: sent})
    print(answer.status_code, "tried too often" in answer.content.decode())
"""


def in_another_process(*tries: str) -> list[str]:
    """What it answers to each; the cache that it is told of is not there."""
    name = str(connection.settings_dict["NAME"])
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ANOTHER_PROCESS, name, *tries],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "ctac.settings", "CACHE_URL": "redis://127.0.0.1:1/0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_processes_count_together_and_need_no_cache() -> None:
    give_password(make_person(email="nadia@leeds.nhs.uk"))
    wrong = f"{BY_PASSWORD} password wrong-wrong"
    assert in_another_process(wrong, wrong, wrong) == ["200 False"] * 3
    assert in_another_process(wrong, wrong, wrong) == ["200 False", "200 False", "200 True"]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.machine_clock
def test_a_code_of_the_app_serves_once_in_two_processes(staff: User) -> None:
    code = f"{SECOND_FACTOR} code {totp(1 if time.time() % 30 > 15 else 0)}"
    assert [in_another_process(code), in_another_process(code)] == [["302 False"], ["200 False"]]

"""What a session holds that would open an account is encrypted in the table, and works all the same."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.account.internal.flows.email_verification_by_code import EMAIL_VERIFICATION_CODE_SESSION_KEY
from allauth.account.internal.flows.password_reset_by_code import PASSWORD_RESET_VERIFICATION_SESSION_KEY
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.test import Client
from django.utils import timezone

from accounts import sessions, views as accounts_views
from accounts.encryption import ENCRYPTED_ITEMS_KEY, ENCRYPTED_SESSION_KEYS
from accounts.models import Session
from professionals.models import Person
from tests.accounts.factors.proof import grow_old
from tests.accounts.sessions.browsers import CODE, DETAILS, SIGN_IN, stored
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.professionals.mailing import last_code

pytestmark = pytest.mark.django_db

ENROL, AGAIN, RESET = "/account/2fa/totp/activate/", "/account/reauthenticate/code/", "/account/password/reset/"


@pytest.fixture
def person() -> Person:
    return make_person(email="nadia@leeds.nhs.uk")


def test_the_names_are_those_that_allauth_and_we_use() -> None:
    theirs = {
        LOGIN_SESSION_KEY,
        EMAIL_VERIFICATION_CODE_SESSION_KEY,
        PASSWORD_RESET_VERIFICATION_SESSION_KEY,
        STATE_SESSION_KEY,
        SECRET_SESSION_KEY,
    }
    assert {
        *theirs,
        accounts_views.REAUTHENTICATION_CODE_KEY,
        sessions.UNSUBMITTED_FORM_KEY,
        accounts_views.SIGN_IN_CODE_KEY,
    } == ENCRYPTED_SESSION_KEYS


def sign_in_by_code(client: Client) -> None:
    client.post(SIGN_IN, {"login": "nadia@leeds.nhs.uk"})


def forget_the_password(client: Client) -> None:
    client.post(RESET, {"email": "nadia@leeds.nhs.uk"})


def confirm_again(client: Client) -> None:
    grow_old(sign_in(client, Person.objects.get()))
    client.post(AGAIN, {"action": "send"})


@pytest.mark.parametrize("ask", [sign_in_by_code, forget_the_password, confirm_again])
def test_a_code_that_waits_is_not_to_be_read(client: Client, person: Person, ask: Any) -> None:
    ask(client)
    code = last_code(person.email)
    everything = str(stored())
    assert ENCRYPTED_ITEMS_KEY in everything
    assert code not in everything
    assert code.replace("-", "") not in everything
    assert code in str(dict(client.session.items()))  # where the site reads it


def test_the_code_of_somebody_new_is_not_to_be_read(client: Client) -> None:
    client.post(SIGN_IN, {"login": "new@leeds.nhs.uk"})
    assert last_code("new@leeds.nhs.uk") not in str(stored())
    assert "new@leeds.nhs.uk" not in str(stored())


def test_a_sealed_code_signs_in(client: Client, person: Person) -> None:
    sign_in_by_code(client)
    assert client.post(CODE, {"code": last_code(person.email)}).status_code == 302
    assert client.get("/my/").status_code == 200
    assert ENCRYPTED_ITEMS_KEY not in str(stored())  # what is over is kept nowhere


def test_the_key_of_an_app_is_not_to_be_read_before_it_is_enrolled_either(client: Client) -> None:
    sign_in_staff(client, make_staff(), second_factor=False)
    client.get(ENROL)
    secret = client.session[SECRET_SESSION_KEY]
    assert len(secret) >= 32
    assert secret not in str(stored())


def test_neither_words_nor_address_of_what_was_sent_late_are_to_be_read(client: Client, person: Person) -> None:
    sign_in(client, person)
    with time_machine.travel(timezone.now() + timedelta(hours=3)):
        client.post(f"{DETAILS}?q=Someone+Searched", {"name": "Sam O’Hara", "organisation_name": "Leeds Health"})
        kept = client.session[sessions.UNSUBMITTED_FORM_KEY]
        everything = str(stored())
    assert (kept["path"], "Sam O’Hara" in str(kept)) == (f"{DETAILS}?q=Someone+Searched", True)
    assert [words for words in ("Searched", "Hara", "Leeds Health", DETAILS) if words in everything] == []


def test_what_no_key_opens_is_as_if_it_had_not_been_begun(client: Client, person: Person, settings: Any) -> None:
    sign_in_by_code(client)
    row = Session.objects.get()
    data = DatabaseStore().decode(row.session_data)
    row.session_data = DatabaseStore().encode({**data, ENCRYPTED_ITEMS_KEY: "not ours"})
    row.save()
    assert client.post(CODE, {"code": last_code(person.email)})["Location"].startswith(SIGN_IN)


def test_a_session_that_holds_nothing_of_the_kind_is_stored_as_it_was(client: Client, person: Person) -> None:
    sign_in(client, person)
    assert [ENCRYPTED_ITEMS_KEY in data for data in stored()] == [False]

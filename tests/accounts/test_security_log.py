"""What the log says of the way in: who by key, how, and what was changed; never an address, a password or a code."""

import logging

import pytest

from tests.accounts.test_second_factor import enrol, totp
from tests.accounts.test_sign_in import BY_PASSWORD, CODE, SIGN_IN, give_password
from tests.factories import make_person, make_staff, sign_in
from tests.professionals.mailing import last_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return make_person(email="nadia@leeds.nhs.uk")


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.INFO, logger="ctac.security")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "ctac.security"]


def test_a_sign_in_by_code_and_the_sign_out(client, person, told):
    client.post(SIGN_IN, {"login": person.email})
    client.post(CODE, {"code": last_code(person.email)})
    client.post("/account/logout/")
    assert told() == [f"signed in: user {person.user.pk} by code", f"signed out: user {person.user.pk}"]


def test_a_wrong_password_and_a_right_one(client, person, told):
    password = give_password(person)
    client.post(BY_PASSWORD, {"login": person.email, "password": "wrong-wrong-wrong"})
    client.post(BY_PASSWORD, {"login": person.email, "password": password})
    assert told() == ["password refused", f"signed in: user {person.user.pk} by password"]


def test_a_second_factor_is_named(client, told):
    staff = make_staff("lead@ctac.example")
    staff.set_password("two-kettles-one-plug")
    staff.save()
    enrol(staff)
    client.post(BY_PASSWORD, {"login": staff.email, "password": "two-kettles-one-plug"})
    client.post("/account/2fa/authenticate/", {"code": totp()})
    assert told() == [f"signed in: user {staff.pk} by mfa and password"]


def test_a_new_password_is_a_line(client, person, told):
    sign_in(client, person)
    client.post("/account/password/set/", {"password1": "two-kettles-one-plug", "password2": "two-kettles-one-plug"})
    assert f"password set: user {person.user.pk}" in told()


def test_a_request_says_by_key_who_made_it_and_of_nobody_nothing(client, person, caplog):
    caplog.set_level(logging.INFO, logger="ctac.requests")
    client.get("/my/")
    sign_in(client, person)
    client.get("/my/")
    lines = [record for record in caplog.records if record.name == "ctac.requests"]
    assert [getattr(line, "user", None) for line in lines] == [None, person.user.pk]

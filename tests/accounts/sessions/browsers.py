"""Browsers of people who are signed in, for the tests of sessions."""

from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.test import Client

from accounts.models import Session, User
from accounts.sessions import hash_session_key

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1"
SIGN_IN, CODE, PASSWORD = "/account/login/", "/account/login/code/confirm/", "correct horse battery staple"
DETAILS = "/account/details/"


def browser(agent: str = FIREFOX) -> Client:
    return Client(headers={"user-agent": agent})


def with_password(user: User) -> User:
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])
    return user


def signed_in(user: User, agent: str = FIREFOX) -> Client:
    """By password, as a person does it."""
    client = browser(agent)
    answer = client.post("/account/login/password/", {"login": user.email, "password": PASSWORD})
    assert answer.status_code == 302, answer.content
    return client


def key_of(client: Client) -> str:
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def row_of(client: Client) -> Session:
    return Session.objects.get(pk=hash_session_key(key_of(client)))


def is_in(client: Client) -> bool:
    return client.get(DETAILS).status_code == 200


def stored() -> list[dict[str, Any]]:
    """What the table says to whoever has a copy of it, and even of the key that it is signed with."""
    return [DatabaseStore().decode(row.session_data) for row in Session.objects.all()]

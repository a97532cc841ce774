"""Nobody learns from us whether an address has an account, nor of what sort: every answer is the same to the byte.

What differs on every request (tokens, and the address that was typed) is taken out first; nothing else is.
"""

import re
from collections.abc import Callable, Iterator
from difflib import unified_diff
from html import escape
from pprint import pformat
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone
from django.utils.http import urlencode

from accounts.models import RateLimit, User
from accounts.services import open_account
from office.site_settings.queries import site_settings
from tests.factories import make_person, make_staff, make_user, sign_in
from tests.professionals.mailing import mails_to

pytestmark = pytest.mark.django_db

UNKNOWN = "unknown"
SORTS = [UNKNOWN, "coded", "secret", "closed", "staffer", "secured", "entered", "pending", "oddcase"]
WRONG = {"code": "BBBB-BBBB"}
PASSWORD = "two-kettles-one-plug"


def address(sort: str) -> str:
    """Of one length, so that nothing differs by it."""
    return f"{sort:x<9}@leeds.nhs.uk"


@pytest.fixture(autouse=True)
def accounts() -> None:
    """One of each sort; `unknown` has none."""
    make_person(email=address("coded"))
    with_password(make_person(email=address("secret")).user)
    closed = make_person(email=address("closed")).user
    User.objects.filter(pk=closed.pk).update(is_active=False)
    make_staff(email=address("staffer"))
    secured = make_staff(email=address("secured"))
    Authenticator.objects.create(user=secured, type=Authenticator.Type.TOTP, data={"secret": "x"})
    make_person(email=address("entered"), with_user=False)
    open_account(user=User(email=address("pending")), by=None, now=timezone.now())
    with_password(make_user(address("oddcase")))


def with_password(user: User) -> None:
    user.set_password(PASSWORD)
    user.save(update_fields=["password"])


def typed(sort: str) -> str:
    return address(sort).swapcase() if sort == "oddcase" else address(sort)


# Each way is a walk: it yields every answer that one who types an address sees before a right code.


def signing_in(client: Client, email: str) -> Iterator[Any]:
    yield client.post("/account/login/", {"login": email, "next": "/my/"})
    yield from code_page(client, "/account/login/code/confirm/")


def resetting(client: Client, email: str) -> Iterator[Any]:
    yield client.post("/account/password/reset/", {"email": email})
    yield from code_page(client, "/account/password/reset/confirm/")
    yield client.get("/account/password/reset/complete/")
    yield client.post("/account/password/reset/complete/", {"password1": PASSWORD, "password2": PASSWORD})


def changing(client: Client, email: str) -> Iterator[Any]:
    sign_in(client, make_person(email=f"{User.objects.count():x>9}@york.nhs.uk"))
    yield client.post("/account/email/", {"email": email})
    yield from code_page(client, "/account/confirm-email/")
    yield client.get("/account/email/")


def wrong_password(client: Client, email: str) -> Iterator[Any]:
    for _try in range(7):  # the last are refused because there were too many
        yield client.post("/account/login/password/", {"login": email, "password": "not this one"})


def code_page(client: Client, path: str) -> Iterator[Any]:
    yield client.get(path)
    yield client.post(path, {"code": ""})
    yield client.post(path, WRONG)
    yield client.post(path, {"action": "resend"})
    yield client.get(path)
    for _try in range(3):  # the last is one too many
        yield client.post(path, WRONG)
    yield client.get(path)


def asking_often(client: Client, email: str) -> Iterator[Any]:
    for _try in range(8):
        yield Client().post("/account/login/", {"login": email})
    for _try in range(8):
        yield Client().post("/account/password/reset/", {"email": email})


WAYS: list[Callable[[Client, str], Iterator[Any]]] = [
    signing_in,
    resetting,
    changing,
    wrong_password,
    asking_often,
]


def bare(text: str, email: str) -> str:
    """Without the address, in any way of writing it, and without tokens."""
    for each in {email, email.lower()}:
        for written in {each, escape(each), urlencode({"": each})[1:]}:
            text = text.replace(written, "ADDRESS")
    text = re.sub(r"x+\d+@york\.nhs\.uk", "OWN-ADDRESS", text)
    text = re.sub(r'(name="csrfmiddlewaretoken" value=")\w{64}"', r'\1TOKEN"', text)
    text = re.sub(r'(class="reference">)[0-9A-F]{8}<', r"\1REFERENCE<", text)
    return re.sub(r'(name="opened" value=")[^"]+"', r'\1MARK"', text)


def seen(response: Any, email: str) -> dict[str, Any]:
    """All that a browser gets: status, every header, the cookies with the length of their values, the body."""
    cookies = {
        name: (len(morsel.value), {key: value for key, value in morsel.items() if key != "expires"})
        for name, morsel in response.cookies.items()
    }
    headers = {name: bare(value, email) for name, value in response.headers.items() if name != "Content-Length"}
    return {
        "status": response.status_code,
        "headers": headers | {"X-Reference": len(headers["X-Reference"])},  # which is of this one request
        "cookies": cookies,
        "body": bare(response.content.decode(), email).splitlines(),
    }


def walk(way: Callable[[Client, str], Iterator[Any]], sort: str) -> list[dict[str, Any]]:
    """By a stranger whom no limit by network address has met yet."""
    email = typed(sort)
    RateLimit.objects.all().delete()
    with time_machine.travel("2027-01-12 10:00+00:00", tick=False):  # what differs by the clock does not differ
        return [seen(response, email) for response in way(Client(), email)]


def differences(got: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    return [*unified_diff(pformat(wanted, width=200).splitlines(), pformat(got, width=200).splitlines(), n=0, lineterm="")]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_sort_of_address_gets_the_same_answers(way: Callable[[Client, str], Iterator[Any]]) -> None:
    expected = walk(way, UNKNOWN)
    for sort in SORTS[1:]:
        for number, (got, wanted) in enumerate(zip(walk(way, sort), expected, strict=True)):
            assert not (differing := differences(got, wanted)), f"{sort}, answer {number}: {differing}"


def test_the_walks_go_where_they_say() -> None:
    """Else they could be the same because each stops at the first page."""
    statuses = {way.__name__: [each["status"] for each in walk(way, "coded")] for way in WAYS}
    assert {name: answers[:4] for name, answers in statuses.items() if name in {"signing_in", "resetting"}} == {
        name: [302, 200, 200, 200] for name in ("signing_in", "resetting")
    }
    assert statuses["changing"][:4] == [302, 200, 200, 200]
    assert statuses["wrong_password"][:5] == [200] * 5
    assert mails_to(address("coded")) != []


def test_what_is_taken_out_is_little() -> None:
    page = Client().get("/account/login/").content.decode()
    assert abs(len(bare(page, address(UNKNOWN))) - len(page)) < 200
    assert site_settings().advice_phone in bare(page, address(UNKNOWN))

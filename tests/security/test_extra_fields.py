"""What is posted beside what a form asks changes nothing: each form is sent with and without, and leaves the same rows.

Sent along is a value for every column of every table of ours (is_superuser, groups, person, state, reference, created_at,
verified, organisation_id, …), alone and in each row of a list, and what peers got wrong beside (price, role, owner): once the
last value that there is, once the first.
"""

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.collecting import one_in
from tests.matrix.people import fresh_browsers, laid_out, world
from tests.professionals.mailing import last_code
from tests.security.filled_in import FILLED_IN, NOTHING_TO_STORE, Case
from tests.security.posting import ANSWERS, Act, Outcome, columns, drawn_by_lot, outcome, press
from tests.security.whose import FORMS

__all__ = ["laid_out", "world"]


@pytest.fixture(autouse=True)
def as_many_as_you_like(settings: LazySettings) -> None:
    """Fields of one form, of which the site takes a thousand."""
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = None


@pytest.fixture(scope="module")
def extras(laid_out: dict[str, Any], django_db_blocker: Any) -> list[dict[str, str]]:
    with django_db_blocker.unblock():
        return [columns(last=True), columns(last=False)]


def same_rows(act: Act, extras: list[dict[str, str]]) -> Outcome:
    """Do it twice without extra fields, which shows what is drawn by lot, and with each: all else must be the same."""
    began = datetime.now(UTC)

    def once(extra: dict[str, str]) -> Outcome:
        with time_machine.travel(began, tick=False):
            return outcome(lambda: act(extra))

    plain, again = once({}), once({})
    drawn = drawn_by_lot(plain, again)
    for extra in extras:
        more = once(extra)
        if more.hiding(drawn) != plain.hiding(drawn):  # both may have drawn the same, by chance: without extra fields once more
            drawn |= drawn_by_lot(plain, once({}))
        assert more.hiding(drawn) == plain.hiding(drawn)
        assert more.takes(drawn, extra) == []
    return plain


def test_there_are_many_forms() -> None:
    assert len(FORMS) > 140
    assert set(FILLED_IN) | NOTHING_TO_STORE <= set(FORMS)


@pytest.mark.parametrize("asked", one_in(4, FORMS))
def test_a_form_reads_only_what_it_asks(
    asked: str, world: dict[str, Any], laid_out: dict[str, Any], extras: list[dict[str, str]]
) -> None:
    """What it asks is filled in so that it is taken: were it refused, the comparison would say nothing."""
    case = FILLED_IN.get(asked, Case())
    here = {**world, "laid_out": laid_out}
    here["objects"] = {**world["objects"], **case.before(here)}

    def act(extra: dict[str, str]) -> Any:
        browser = fresh_browsers(laid_out)[case.who or FORMS[asked]]
        return press(browser, case.address(asked, here), extra, case.filled(here), case.pages, case.also)

    assert bool(same_rows(act, extras).rows) is (asked not in NOTHING_TO_STORE)


def test_signing_up(world: dict[str, Any], extras: list[dict[str, str]]) -> None:
    """Who is new types a code and says who they are; nothing that was sent with these pages makes them more than that."""

    def act(extra: dict[str, str]) -> Any:
        browser = Client()
        press(browser, reverse("account_login"), extra, {"login": ANSWERS["email"]})
        press(browser, reverse("account_confirm_login_code"), extra, {"code": last_code(ANSWERS["email"])})
        return press(browser, reverse("account_details"), extra, {})

    rows = same_rows(act, extras).rows
    assert {"accounts_user", "professionals_person", "account_emailaddress"} <= set(rows)
    assert not User.objects.filter(email=ANSWERS["email"]).exists()  # all of it was taken back


def test_signing_in_by_code(world: dict[str, Any], laid_out: dict[str, Any], extras: list[dict[str, str]]) -> None:
    email = laid_out["owner"].email

    def act(extra: dict[str, str]) -> Any:
        browser = Client()
        press(browser, reverse("account_login"), extra, {"login": email})
        return press(browser, reverse("account_confirm_login_code"), extra, {"code": last_code(email)})

    assert "accounts_user" in same_rows(act, extras).rows


@pytest.mark.parametrize("column", ["name", "phone"])
def test_the_comparison_sees_what_a_form_does_read(
    world: dict[str, Any], laid_out: dict[str, Any], extras: list[dict[str, str]], column: str
) -> None:
    """The control: a form that took one of the fields sent along would be found."""

    def act(extra: dict[str, str]) -> Any:
        more = {column: extra[column]} if extra else {}
        return press(fresh_browsers(laid_out)["owner"], reverse("account_details"), extra, {"postcode": "YO1 8HE", **more})

    with pytest.raises(AssertionError):
        same_rows(act, [{**extras[0], "name": "Forged Name", "phone": "0113 496 0999"}])

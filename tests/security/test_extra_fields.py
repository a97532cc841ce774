"""What is posted beside what a form asks changes nothing: each form is sent with and without, and leaves the same rows.

Sent along is a value for every column of every table of ours (is_superuser, groups, person, state, reference, created_at,
verified, organisation_id, …), and what peers got wrong beside (price, role, owner).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from tests.matrix.asking import ASKED, address
from tests.matrix.people import PEOPLE, fresh_browsers, laid_out, world
from tests.matrix.table import read_table
from tests.professionals.mailing import last_code
from tests.security.posting import ANSWERS, Outcome, columns, drawn_by_lot, follow, outcome

__all__ = ["laid_out", "world"]
TABLE = read_table()
# Whose form it is: the first of these who may.
RIGHTFUL = ("owner", "manager", "own presenter", "signed out")


def rightful(asked: str) -> str | None:
    get, post = (dict(zip(PEOPLE, TABLE[f"{method} {asked}"], strict=True)) for method in ("GET", "POST"))
    return next((who for who in RIGHTFUL if get[who] == "200" and post[who] in {"200", "302"}), None)


FORMS = {asked: who for asked in ASKED if f"GET {asked}" in TABLE and (who := rightful(asked))}


@pytest.fixture(scope="module")
def extra(laid_out: dict[str, Any], django_db_blocker: Any) -> dict[str, str]:
    with django_db_blocker.unblock():
        return columns()


Act = Callable[[dict[str, str]], Any]


def same_rows(act: Act, extra: dict[str, str]) -> Outcome:
    """Do it twice without extra fields, which shows what is drawn by lot, and once with: all else must be the same."""
    with time_machine.travel(datetime.now(UTC), tick=False):
        plain, again, more = outcome(lambda: act({})), outcome(lambda: act({})), outcome(lambda: act(extra))
    drawn = drawn_by_lot(plain, again)
    assert more.hiding(drawn) == plain.hiding(drawn)
    assert "forged" not in more.words_of(drawn)
    return plain


# Of these we know that what was sent was right: were every form refused, a comparison would say nothing.
TAKES_EFFECT = {
    "account_details",
    "my_address_add",
    "my_address_change",
    "order_cancel",
    "booking_cancel",
    "leaflet_alert",
    "staff:professionals_user_add",
    "staff:professionals_user_change",
    "staff:professionals_person_add",
    "staff:professionals_person_change",
    "staff:professionals_organisation_change",
}


@pytest.mark.parametrize("asked", FORMS)
def test_a_form_reads_only_what_it_asks(
    asked: str, world: dict[str, Any], laid_out: dict[str, Any], extra: dict[str, str]
) -> None:
    url, who = address(asked, world), FORMS[asked]
    plain = same_rows(lambda more: follow(fresh_browsers(laid_out)[who], [url], more), extra)
    assert plain.rows or asked not in TAKES_EFFECT


def test_a_booking_in_four_pages(world: dict[str, Any], laid_out: dict[str, Any], extra: dict[str, str]) -> None:
    slug = world["objects"]["bookings_presentation"].slug
    pages = [reverse(f"book_{step}", args=[slug]) for step in ("where", "when", "details", "check")]
    plain = same_rows(lambda more: follow(fresh_browsers(laid_out)["owner"], pages, more), extra)
    assert "bookings_booking" in plain.rows


def test_an_order_in_three_pages(world: dict[str, Any], laid_out: dict[str, Any], extra: dict[str, str]) -> None:
    leaflet = reverse("leaflet", args=[world["objects"]["leaflets_leaflet"].slug])
    pages = [leaflet, reverse("order_delivery"), reverse("order_check")]
    plain = same_rows(lambda more: follow(fresh_browsers(laid_out)["owner"], pages, more), extra)
    assert "leaflets_order" in plain.rows


def test_signing_up(world: dict[str, Any], extra: dict[str, str]) -> None:
    def act(more: dict[str, str]) -> Any:
        client = Client()
        follow(client, [reverse("account_signup")], more)
        return follow(client, [reverse("account_email_verification_sent")], more, code=last_code(ANSWERS["email"]))

    assert {"professionals_user", "professionals_person", "account_emailaddress"} <= set(same_rows(act, extra).rows)


def test_the_comparison_sees_what_a_form_does_read(world: dict[str, Any], laid_out: dict[str, Any]) -> None:
    """The control: another answer to what the form asks is a difference."""

    def act(more: dict[str, str]) -> Any:
        return follow(fresh_browsers(laid_out)["owner"], [reverse("account_details")], {}, name=more.get("name", "Robin Hale"))

    with pytest.raises(AssertionError):
        same_rows(act, {"name": "Forged"})

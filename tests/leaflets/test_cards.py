"""A card of the catalogue is drawn once, and is never out of date, never somebody else's."""

import re
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from leaflets import cards
from leaflets.models import Edition, EditionState, Leaflet
from tests.leaflets.factories import make_edition

pytestmark = pytest.mark.django_db
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


@pytest.fixture(autouse=True)
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The titles of the cards that are drawn and not taken as they were kept."""
    titles: list[str] = []
    fresh = cards.fresh

    def counting(leaflet: Leaflet, *args: Any) -> str:
        titles.append(leaflet.title)
        return fresh(leaflet, *args)

    monkeypatch.setattr(cards, "fresh", counting)
    monkeypatch.setattr(cards, "_kept", {})
    return titles


@pytest.fixture
def edition(now: datetime) -> Edition:
    return make_edition(now, slug="midwives", title="For midwives", stock=120, most_per_order=50)


def catalogue(client: Client, query: str = "") -> str:
    return client.get(f"/leaflets/{query}").content.decode()


def test_a_card_is_drawn_once_for_everyone(edition: Edition, drawn: list[str]) -> None:
    pages = {TOKEN.sub("", catalogue(Client())) for _visitor in range(3)}
    assert (len(pages), drawn) == (1, ["For midwives"])


def test_each_page_has_the_token_of_its_own_visitor(edition: Edition) -> None:
    for _visitor in range(2):
        client = Client(enforce_csrf_checks=True)
        tokens = set(TOKEN.findall(catalogue(client)))
        assert len(tokens) == 1
        answer = client.post("/basket/add/midwives/", {"midwives-copies": "1", "csrfmiddlewaretoken": tokens.pop()})
        assert answer.status_code == 302


def test_no_page_shows_where_the_token_goes(edition: Edition) -> None:
    assert cards.TOKEN not in catalogue(Client())


@pytest.mark.parametrize(
    ("of_title", "change", "says"),
    [
        (True, {"title": "For every midwife"}, "For every midwife"),
        (True, {"summary": "Another summary."}, "Another summary."),
        (True, {"most_per_order": 20}, "Up to 20 an order"),
        (False, {"allocated": 115}, "Only 5 left in stock"),
        (False, {"allocated": 120}, "Printed copies are out of stock just now"),
        (False, {"pages": 7}, "7 pages"),
        (False, {"state": EditionState.WITHDRAWN}, "A new edition is being made"),
    ],
)
def test_a_change_is_on_the_next_page_whoever_made_it(
    edition: Edition, client: Client, of_title: bool, change: dict[str, Any], says: str
) -> None:
    assert says not in catalogue(client)
    # Past every signal and service, as another process or a psql would.
    (Leaflet if of_title else Edition).objects.update(**change)
    assert says in catalogue(client)


def test_a_title_that_is_taken_out_is_gone_at_once(edition: Edition, client: Client) -> None:
    assert "For midwives" in catalogue(client)
    Leaflet.objects.update(active=False)
    assert "For midwives" not in catalogue(client)


def test_what_one_person_typed_wrong_is_shown_to_nobody_else(edition: Edition, client: Client) -> None:
    refused = client.post("/basket/add/midwives/", {"midwives-copies": "<many>"}).content.decode()
    assert "&lt;many&gt;" in refused
    assert "Enter how many copies of “For midwives”" in refused
    assert "many&gt;" not in catalogue(Client())


def test_the_audience_that_the_page_shows_is_said_back_by_its_forms(edition: Edition, client: Client) -> None:
    assert 'name="for"' not in catalogue(client)
    assert '<input type="hidden" name="for" value="midwife">' in catalogue(client, "?for=midwife")


def test_no_more_are_kept_than_fit(edition: Edition, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "MOST_KEPT", 2)
    for title in "abcde":
        Leaflet.objects.update(title=title)
        assert f">{title}</a>" in catalogue(client)
    assert len(cards._kept) == 1

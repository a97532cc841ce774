"""A card of the catalogue is kept for everyone, and is never out of date, never somebody else's."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from unittest.mock import patch

import pytest
from django.core.cache import caches
from django.test import Client

from leaflets.catalogue.views import Card, CataloguePage
from leaflets.models import Edition, EditionState, Leaflet
from tests.leaflets.factories import make_edition

pytestmark = pytest.mark.django_db
TOKEN = re.compile(r'name="(csrfmiddlewaretoken|form-id)" value="(\w+)"')


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    caches["local"].clear()
    yield
    caches["local"].clear()


@pytest.fixture
def fragments() -> list[str]:
    """All that is put into the cache from now on."""
    kept: list[str] = []
    keep: Callable[..., None] = type(caches["local"]).set

    def noting(self: Any, key: str, value: str, *args: Any, **kwargs: Any) -> None:
        kept.append(value)
        keep(self, key, value, *args, **kwargs)

    with patch.object(type(caches["local"]), "set", noting):
        yield kept


@pytest.fixture
def edition(now: datetime) -> Edition:
    return make_edition(now, slug="midwives", title="For midwives", stock=120, most_per_order=50)


def catalogue(client: Client, query: str = "") -> str:
    return client.get(f"/leaflets/{query}").content.decode()


def typed(client: Client, copies: str) -> str:
    return client.post("/leaflets/", {"midwives-copies": copies}).content.decode()


def test_a_card_and_what_to_narrow_by_are_drawn_once_for_everyone(
    edition: Edition, fragments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = {TOKEN.sub("", catalogue(Client())) for _visitor in range(3)}
    assert (len(pages), len(fragments)) == (1, 6)  # head and foot of the page are two of them
    monkeypatch.delattr(Card, "copies_field")
    monkeypatch.delattr(CataloguePage, "facets")
    assert TOKEN.sub("", catalogue(Client())) in pages


def test_what_is_kept_has_no_form_no_token_and_nothing_that_somebody_typed(edition: Edition, fragments: list[str]) -> None:
    for query in ("", "?for=midwife", "?q=midwives+of+leeds"):
        catalogue(Client(), query)
    typed(Client(), "manifold")
    kept = "".join(fragments)
    assert "For midwives" in kept
    assert [word for word in ("<form", "csrf", "form-id", "manifold", "midwives of leeds") if word in kept] == []


def test_each_page_has_the_token_of_its_own_visitor(edition: Edition) -> None:
    for _visitor in range(2):
        client = Client(enforce_csrf_checks=True)
        sent = dict(TOKEN.findall(catalogue(client)))
        assert client.post("/leaflets/", {"midwives-copies": "1", **sent}).status_code == 302
        assert client.post("/leaflets/", {"midwives-copies": "1"}).status_code == 403


@pytest.mark.parametrize(
    ("of_title", "change", "says"),
    [
        (True, {"title": "For every midwife"}, "For every midwife"),
        (True, {"summary": "Another summary."}, "Another summary."),
        (True, {"for_whom": "midwives"}, "For midwives</p>"),
        (True, {"usual_words": "A ward takes 9."}, "A ward takes 9."),
        (True, {"own_title": "Bydwragedd", "language": "welsh"}, '<p class="card__own" lang="cy" dir="ltr">Bydwragedd'),
        (True, {"format": "large-print"}, "Large print</span>"),
        (True, {"most_per_order": 20}, "Up to 20 an order"),
        (False, {"allocated": 115}, "Only 5 left in stock"),
        (False, {"allocated": 120}, "Printed copies are out of stock just now"),
        (False, {"pages": 7}, "7 pages"),
        (False, {"size": 3_000_000}, "2.9\xa0MB"),
        (False, {"paper": "a4"}, "A4, "),
        (False, {"reviewed_on": "2027-01-11"}, "Reviewed January 2027, still current"),
        (False, {"published_on": "2026-02-02"}, "Published February 2026, still current"),
        (False, {"review_on": "2026-03-03"}, "being checked again"),
        (False, {"state": EditionState.WITHDRAWN}, "We are making a new edition"),
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
    refused = typed(client, "<many>")
    assert "&lt;many&gt;" in refused
    assert "Enter how many copies of “For midwives”" in refused
    assert "many&gt;" not in catalogue(Client())

"""Placing orders is throttled by account, network, organisation, postcode and title; what is stopped is seen by staff."""

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from accounts.rate_limits import count_throttles
from leaflets.models import Order
from leaflets.orders import allowances
from notifications.models import Notification
from professionals import services as professionals_services
from professionals.models import BlockedAttempt, Draft
from tests.factories import make_organisation, make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.factories import make_edition
from tests.leaflets.orders.test_order_for_caller import ADD, CALL
from tests.leaflets.orders.test_ordering import CHECK, fill, hidden
from tests.leaflets.staff_site import ORDERS
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
# Which figure, and what the next order has in common with the first.
SHARED = {
    "network": ("NETWORK_RATE_LIMIT", set()),
    "organisation": ("ORGANISATION_RATE_LIMIT", {"organisation"}),
    "postcode": ("POSTCODE_RATE_LIMIT", {"postcode"}),
    "title": ("TITLE_RATE_LIMIT", {"title"}),
}


@pytest.fixture
def leaflet(now):
    return make_edition(now, stock=500, slug="one", title="One").leaflet


def order(leaflet, *, organisation=None, postcode="LS1 4AP", address="203.0.113.1", browser=None):
    """One by somebody whom nobody has seen before, unless a browser is given; what the button answers."""
    client = browser or sign_in(Client(REMOTE_ADDR=address), make_person(organisation=organisation))
    assert fill(client, leaflet, 1, postcode=postcode).url == CHECK
    return client.post(CHECK, hidden(client.get(CHECK)))


@pytest.mark.parametrize("by", SHARED)
def test_what_people_share_is_limited_and_nothing_else_is(monkeypatch, now, leaflet, by):
    figure, same = SHARED[by]
    monkeypatch.setattr(allowances, figure, (1, HOUR))
    other = make_edition(now, stock=500, slug="two").leaflet
    first = make_organisation()
    assert order(leaflet, organisation=first).status_code == 302

    place = {
        "organisation": first if "organisation" in same else None,
        "postcode": "LS1 4AP" if "postcode" in same else "YO1 8HE",
        "address": "203.0.113.1" if by == "network" else "203.0.113.2",
    }
    answer = order(leaflet if "title" in same else other, **place)
    kept = BlockedAttempt.objects.get()
    assert (answer.status_code, kept.by, kept.where, kept.times, Order.objects.count()) == (429, by, "order", 1, 1)
    assert kept.about == {"postcode": "LS1", "title": "one"}.get(by, "")
    assert order(other, postcode="YO31 7EX", address="203.0.113.3").status_code == 302


def test_who_is_stopped_reads_why_when_to_try_again_and_whom_to_call(monkeypatch, leaflet):
    monkeypatch.setattr(allowances, "ACCOUNT_RATE_LIMIT", (1, HOUR))
    browser = sign_in(Client(), make_person())
    order(leaflet, browser=browser)
    answer = order(leaflet, browser=browser)
    page = unescape(answer.content.decode())
    assert answer.status_code == 429
    assert 3500 < int(answer.headers["Retry-After"]) <= 3600
    assert "You have done this too often in a short time. Your answers are kept. Try again at " in page
    assert 'href="tel:08088005000">0808 800 5000</a>' in page
    assert Draft.objects.count() == 1
    assert (
        BlockedAttempt.objects.values_list("by", "person__orders", "organisation").get()[1:]
        == Order.objects.values_list("pk", "organisation").get()
    )


def test_what_is_stopped_uses_up_nothing_that_is_shared(monkeypatch, leaflet):
    """Else one person alone could stop a whole organisation, a hospital or a title."""
    for figure in ("ORGANISATION_RATE_LIMIT", "POSTCODE_RATE_LIMIT", "TITLE_RATE_LIMIT"):
        monkeypatch.setattr(allowances, figure, (3, HOUR))
    monkeypatch.setattr(allowances, "ACCOUNT_RATE_LIMIT", (1, HOUR))
    team = make_organisation()
    busy = sign_in(Client(), make_person(organisation=team))
    assert [order(leaflet, browser=busy).status_code for _ in range(4)] == [302, 429, 429, 429]
    assert [order(leaflet, organisation=team).status_code for _ in range(3)] == [302, 302, 429]
    assert sorted(BlockedAttempt.objects.values_list("by", "times")) == [("account", 3), ("organisation", 1)]


def test_a_ward_round_of_orders_meets_none(leaflet):
    """What the figures are reckoned for: 40 wards in an hour by one person, 160 teams of a trust, 60 wards at one postcode."""
    assert allowances.ACCOUNT_RATE_LIMIT[0] >= 40
    assert allowances.ORGANISATION_RATE_LIMIT[0] >= 160
    assert allowances.POSTCODE_RATE_LIMIT[0] >= 60
    assert allowances.NETWORK_RATE_LIMIT[0] >= allowances.ORGANISATION_RATE_LIMIT[0]


def test_no_key_holds_what_it_stands_for(client, leaflet):
    order(leaflet)
    from accounts.models import RateLimit

    stored = " ".join(RateLimit.objects.values_list("key", flat=True))
    assert [word for word in ("LS1", "203.0.113", "one", "postcode") if word in stored] == []


def test_throttling_takes_one_statement_however_many_titles(now, person_with_titles):
    placed = statements(person_with_titles)
    assert len([each for each in placed if "admit_" in each or "ratelimit" in each]) == 1


@pytest.fixture
def person_with_titles(now):
    client = sign_in(Client(), make_person())
    for _ in range(3):
        fill(client, make_edition(now).leaflet)
    sent = hidden(client.get(CHECK))
    return lambda: client.post(CHECK, sent)


def test_staff_order_for_a_caller_whatever_was_ordered_and_it_counts(monkeypatch, leaflet):
    for figure in ("ORGANISATION_RATE_LIMIT", "POSTCODE_RATE_LIMIT", "TITLE_RATE_LIMIT"):
        monkeypatch.setattr(allowances, figure, (2, HOUR))
    staff = sign_in_staff(Client(), make_staff())
    for letter in "abc":
        staff.post(ADD, {**CALL, "token": letter * 43, "copies_one": "1"})
    assert Order.objects.count() == 3
    assert order(leaflet, postcode="LS2 8AA").status_code == 429
    assert staff.get(ORDERS).status_code == 200


def test_staff_let_an_account_through_until_midnight(monkeypatch, leaflet):
    monkeypatch.setattr(allowances, "ACCOUNT_RATE_LIMIT", (1, HOUR))
    person = make_person()
    browser = sign_in(Client(), person)
    order(leaflet, browser=browser)
    assert order(leaflet, browser=browser).status_code == 429
    professionals_services.lift_block(attempt=BlockedAttempt.objects.get(), by=make_staff(), now=timezone.now())
    assert [order(leaflet, browser=browser).status_code for _ in range(3)] == [302, 302, 302]
    tomorrow = timezone.now() + timedelta(days=1)
    own = allowances.web_order_limits(as_request(browser, person), organisation=None, postcode="LS1 4AP", slugs=[])[:1]
    count_throttles(own, tomorrow)
    count_throttles(own, tomorrow)
    from accounts import rate_limits

    assert rate_limits.current_hits([own[0].key], tomorrow) == {own[0].key: 2}


def as_request(browser, person):
    request = browser.get("/").wsgi_request
    request.user = person.user
    return request


def test_nobody_is_written_to_for_an_order_that_was_stopped(monkeypatch, leaflet):
    monkeypatch.setattr(allowances, "TITLE_RATE_LIMIT", (1, HOUR))
    order(leaflet)
    before = Notification.objects.count()
    assert order(leaflet).status_code == 429
    assert Notification.objects.count() == before

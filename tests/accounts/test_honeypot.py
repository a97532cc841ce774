"""Forms open to everyone are guarded by a hidden box and a signed time; whoever trips over them presses the button again."""

import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.rate_limits import HONEYPOT_FIELD, OPENED_FIELD
from notifications.models import Notification
from professionals.models import BlockedAttempt
from tests.factories import make_person, sign_in
from tests.leaflets.factories import make_edition
from tests.leaflets.orders.test_ordering import ADDRESS

pytestmark = pytest.mark.django_db

SIGN_IN, RESET, DELIVERY = "/account/login/", "/account/password/reset/", "/order/delivery/"
FORMS = {
    SIGN_IN: ("sign-in", {"login": "nadia.khan@leeds.nhs.uk"}),
    RESET: ("password", {"email": "nadia.khan@leeds.nhs.uk"}),
    DELIVERY: ("delivery", ADDRESS),
}
AGAIN = "press the button again"


@pytest.fixture
def clock(now, settings):
    settings.CHECK_FORM_TIMESTAMP = True
    with time_machine.travel(now, tick=False) as traveller:
        yield traveller


@pytest.fixture
def browser(clock, now):
    client = Client()
    leaflet = make_edition(now, stock=50).leaflet
    client.post(reverse("basket_add", args=[leaflet.slug]), {f"{leaflet.slug}-copies": 5})
    return client


def mark_of(response):
    return re.findall(rf'name="{OPENED_FIELD}" value="([^"]+)"', response.content.decode())[0]


def press(browser, path, page, **more):
    """Send what a person typed with what the page hides."""
    return browser.post(path, {**FORMS[path][1], OPENED_FIELD: mark_of(page), **more})


def stopped():
    return list(BlockedAttempt.objects.order_by("pk").values_list("where", "why", "times"))


@pytest.mark.parametrize("path", FORMS)
def test_whoever_takes_their_time_notices_nothing(browser, clock, path):
    page = browser.get(path)
    clock.shift(3)
    assert press(browser, path, page, **{HONEYPOT_FIELD: ""}).status_code == 302
    assert stopped() == []


@pytest.mark.parametrize("path", FORMS)
def test_a_filled_box_stops_it_once_and_loses_nothing(browser, clock, path):
    where, typed = FORMS[path]
    page = browser.get(path)
    clock.shift(60)
    mail = Notification.objects.count()
    refused = press(browser, path, page, **{HONEYPOT_FIELD: "http://spam.example"})
    shown = unescape(refused.content.decode())
    assert (refused.status_code, AGAIN in shown, stopped()) == (200, True, [(where, "hidden-box", 1)])
    assert [value for value in typed.values() if value not in shown] == []
    assert "spam.example" not in shown
    assert Notification.objects.count() == mail
    # Something on their computer fills it in again, whatever they do.
    assert press(browser, path, refused, **{HONEYPOT_FIELD: "http://spam.example"}).status_code == 302


@pytest.mark.parametrize("path", FORMS)
def test_a_form_that_the_browser_fills_in_at_once_is_a_persons(browser, path):
    assert press(browser, path, browser.get(path)).status_code == 302
    assert stopped() == []


def test_a_page_left_open_over_lunch_works_and_one_of_two_days_ago_is_asked_for_again(browser, clock):
    page = browser.get(SIGN_IN)
    clock.shift(timedelta(hours=3))
    assert press(browser, SIGN_IN, page).status_code == 302
    clock.shift(timedelta(days=2))
    other = Client()
    refused = press(other, SIGN_IN, page)
    assert ("open for more than a day" in unescape(refused.content.decode()), stopped()) == (True, [("sign-in", "too-old", 1)])
    assert press(other, SIGN_IN, refused).status_code == 302


@pytest.mark.parametrize("mark", ["", "x", "9999999999.:forged", "2000000000.abc"])
def test_a_time_that_we_did_not_sign_counts_as_none(browser, mark):
    answer = browser.post(SIGN_IN, {"login": "nadia.khan@leeds.nhs.uk", OPENED_FIELD: mark})
    assert (answer.status_code, stopped()) == (200, [("sign-in", "no-time", 1)])


def test_the_mark_of_one_form_is_none_for_another(browser, clock):
    page = browser.get(SIGN_IN)
    clock.shift(10)
    assert press(browser, RESET, page).status_code == 200


def test_a_second_press_stands_for_its_own_answer_alone(browser, clock):
    """One page that asks again opens no door for every other address."""
    refused = press(browser, SIGN_IN, browser.get(SIGN_IN), **{HONEYPOT_FIELD: "x"})
    other = press(browser, SIGN_IN, refused, login="victim@york.nhs.uk", **{HONEYPOT_FIELD: "x"})
    assert (other.status_code, stopped()) == (200, [("sign-in", "hidden-box", 2)])


def test_an_answer_that_is_wrong_is_said_first_and_its_correction_is_taken_at_once(browser):
    wrong = press(browser, DELIVERY, browser.get(DELIVERY), postcode="nowhere")
    assert AGAIN not in unescape(wrong.content.decode())
    assert press(browser, DELIVERY, wrong).status_code == 302
    assert stopped() == []


def test_whoever_is_signed_in_has_neither_box_nor_time(browser):
    sign_in(browser, make_person())
    page = browser.get(DELIVERY).content.decode()
    assert (f'name="{HONEYPOT_FIELD}"' in page, f'name="{OPENED_FIELD}"' in page) == (False, False)
    assert browser.post(DELIVERY, ADDRESS).status_code == 302


def test_the_box_is_for_nobody_who_can_see_hear_or_tab(browser):
    page = browser.get(SIGN_IN).content.decode()
    found = re.search(rf'<div class="govuk-visually-hidden" aria-hidden="true"><label for="id_{HONEYPOT_FIELD}">.*?</div>', page)
    assert found is not None
    assert 'tabindex="-1" autocomplete="off"' in found[0]
    assert "style=" not in found[0]


def test_pages_that_everybody_may_keep_carry_no_mark(browser, now):
    leaflet = make_edition(now).leaflet
    for path in ("/leaflets/", leaflet.get_absolute_url(), "/"):
        assert OPENED_FIELD not in re.findall(r'name="([^"]+)"', browser.get(path).content.decode())

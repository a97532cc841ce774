"""Each page, form and file that a limit is about stops once the limit is used up: all its callers, and nothing else.

Those of allauth’s pages are in tests/professionals, those of spreadsheets in test_taking_out.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import resolve

from accounts import rate_limits
from professionals.models import BlockedAttempt
from tests.matrix.asking import ROUTES, address
from tests.matrix.people import laid_out, world
from tests.security.beforehand import Case
from tests.security.filled_in import FILLED_IN
from tests.security.otherwise import OTHERWISE
from tests.security.posting import press
from tests.security.whose import FORMS

__all__ = ["laid_out", "world"]
ELSEWHERE = ("staff:", "account_", "mfa_", "presenter_", "styleguide")
# By what staff read of it, where it was: the routes that stop. Of downloads they read nothing.
AT_A_LOOK = {
    "": {"leaflet_download"},
    "account": {"account_my_data"},
    "calendar": {"calendar_feed"},
    "feedback": {
        *("feedback", "feedback_thanks", "host_feedback", "host_again", "host_leaflets", "certificate", "three_months_on"),
    },
    "link": {
        "link_booking",
        "link_time",
        "link_time_check",
        "link_cancel",
        "place_link",
        "place_link_leave",
        "team_link",
        "team_calendar",
    },
}
WHEN_SENT = {
    "basket": {"basket_add", "host_leaflets", "leaflets"},
    "change": {"booking_time_check", "booking_details_check", "link_time_check"},
    "complaint": {"complaint"},
    "feedback": {"feedback", "feedback_thanks", "host_feedback", "certificate", "three_months_on"},
    "order": {"order_check"},
    "order-edit": {"order_change"},
    "place": {"session_place"},
    "times": {"book_when", "book_check"},
}


def use_up(monkeypatch: pytest.MonkeyPatch, *, at_a_look: bool) -> None:
    """Each limit of this sort, whatever it counts by."""

    def admit(asked: rate_limits.Limits, now: datetime) -> dict[str, datetime]:
        return {key: now + timedelta(hours=1) for key in asked if at_a_look or not key.startswith("link:")}

    monkeypatch.setattr(rate_limits, "count_hits", admit)
    if at_a_look:
        monkeypatch.setattr(rate_limits, "current_hits", lambda keys, now: dict.fromkeys(keys, rate_limits.MAX_HITS))


class Browser(Client):
    """Notes which routes stopped somebody, and what staff are shown of it."""

    def __init__(self, like: Client) -> None:
        super().__init__()
        self.cookies.load(like.cookies)
        self.stops: set[tuple[str, str]] = set()

    def request(self, **request: Any) -> Any:
        response = super().request(**request)
        if response.streaming:
            list(response.streaming_content)
        kept = set(BlockedAttempt.objects.values_list("where", flat=True)) or ({""} if response.status_code == 429 else set())
        self.stops |= {(where, str(resolve(request["PATH_INFO"]).url_name)) for where in kept}
        BlockedAttempt.objects.all().delete()
        return response


def by_where(found: set[tuple[str, str]]) -> dict[str, set[str]]:
    each: dict[str, set[str]] = defaultdict(set)
    for where, route in found:
        each[where].add(route)
    return dict(each)


def test_what_counts_each_look_stops_at_a_look(world: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    BlockedAttempt.objects.all().delete()
    use_up(monkeypatch, at_a_look=True)
    nobodys = {**world, "objects": {**world["objects"], "tokens": {}}}
    found = set()
    for route in ROUTES:
        if route == "account_my_data" or not route.startswith(ELSEWHERE):
            browser = Browser(world["clients"]["owner"])
            browser.get(address(route, nobodys))
            found |= browser.stops
    assert by_where(found) == AT_A_LOOK


def test_what_counts_each_form_stops_when_it_is_sent(world: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    BlockedAttempt.objects.all().delete()
    found = set()
    for asked, who in FORMS.items():
        if not asked.startswith(ELSEWHERE):
            found |= stops(asked, OTHERWISE.get(asked) or FILLED_IN.get(asked, Case()), who, world, monkeypatch)
    assert by_where(found) == WHEN_SENT


def stops(asked: str, case: Case, who: str, world: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    cache.clear()
    here = {**world, "laid_out": world}
    with transaction.atomic():
        here["objects"] = {**world["objects"], **case.before(here)}
        browser = Browser(world["clients"][case.who or who])
        with monkeypatch.context() as patched:
            use_up(patched, at_a_look=False)
            press(browser, case.address(asked, here), {}, case.filled(here), case.pages, case.also)
        transaction.set_rollback(True)
    return browser.stops

"""Files with people's data: an account takes out so many an hour, by whichever button, and from wherever it comes."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from accounts import rate_limits
from audit.models import Export
from leaflets.dispatch.queries import PackingChoice
from leaflets.dispatch.services import start_session
from leaflets.models import PrintRecord
from privacy.models import DataAction
from professionals.models import BlockedAttempt
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.factories import make_order

pytestmark = pytest.mark.django_db

DATA, ORDERS = "/account/my-data/", "/staff/leaflets/order/"
SHEET = "/staff/leaflets/sheetimport/list/?kind=stock&form=csv"
EXPORTS: dict[str, Callable[[Client, int], HttpResponse]] = {
    "all that the list shows": lambda client, _order: client.post(f"{ORDERS}export/", {"form": "csv", "list": ""}),
    "those ticked": lambda client, order: client.post(ORDERS, {"action": "export_ticked_xlsx", "_selected_action": [order]}),
    "the stock list": lambda client, _order: client.get(SHEET),
}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "OWN_DATA_RATE_LIMIT", (2, rate_limits.EXPORT_LIMIT_WINDOW))
    monkeypatch.setattr(rate_limits, "EXPORT_RATE_LIMIT", (3, rate_limits.EXPORT_LIMIT_WINDOW))


def status(response: HttpResponse) -> int:
    if response.streaming:
        b"".join(response)  # a file is closed by being read to its end
    return response.status_code


def test_ones_own_data_are_taken_out_so_often_and_staff_see_who_was_stopped() -> None:
    person, other = make_person(), make_person()
    browsers = [sign_in(Client(REMOTE_ADDR=f"203.0.113.{n}"), person) for n in range(3)]
    assert [status(browser.get(DATA)) for browser in browsers] == [200, 200, 429]
    answer = browsers[0].get(DATA)
    assert "Please wait a little" in answer.content.decode()
    assert 3500 < int(answer["Retry-After"]) <= 3600
    assert [(row.where, row.by, row.person) for row in BlockedAttempt.objects.all()] == [("account", "account", person)]
    assert status(sign_in(Client(REMOTE_ADDR="203.0.113.0"), other).get(DATA)) == 200
    with time_machine.travel(datetime.now().astimezone() + timedelta(minutes=61)):
        assert status(sign_in(Client(), person).get(DATA)) == 200


def test_looking_at_the_headers_alone_counts_too() -> None:
    browser = sign_in(Client(), make_person())
    assert [status(browser.head(DATA)) for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("last", EXPORTS)
def test_all_the_spreadsheets_of_a_member_of_staff_count_together(
    last: str, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    staff, order = make_staff(), make_order(make_person(), now)
    browser = sign_in_staff(Client(), staff)
    assert [status(take(browser, order.pk)) for take in EXPORTS.values()] == [200, 200, 200]
    with caplog.at_level(logging.WARNING, logger="ctac.security"):
        answer = EXPORTS[last](browser, order.pk)
    assert (status(answer), "Please wait a little" in answer.content.decode()) == (429, True)
    assert int(answer["Retry-After"]) > 3500
    assert f"too many spreadsheets: user {staff.pk}" in caplog.messages
    assert Export.objects.count() == 2  # what went out, and nothing else
    assert status(EXPORTS[last](sign_in_staff(Client(), make_staff()), order.pk)) == 200


def test_a_list_for_the_courier_and_a_copy_of_somebodys_data_count_with_them(now: datetime) -> None:
    """Both have people's addresses, and the first can be made again long after the parcels have left."""
    staff, person = make_staff(), make_person()
    make_order(person, now)
    session = start_session(choice=PackingChoice(), by=staff, now=now)
    paths = {
        f"/staff/leaflets/packingsession/{session.pk}/print/": {"what": "courier"},
        f"/staff/professionals/person/{person.pk}/do/give-data/": {"file_form": "json", "sure": "on"},
    }
    browser = sign_in_staff(Client(), staff)
    assert [status(browser.post(path, typed)) for path, typed in paths.items()] == [200, 200]
    assert status(browser.get(SHEET)) == 200
    assert [status(browser.post(path, typed)) for path, typed in paths.items()] == [429, 429]
    assert (PrintRecord.objects.count(), DataAction.objects.count()) == (1, 1)

"""What retention would do is counted by the hour, so that the page costs the same however much there is (ADR 23)."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from ctac.celery import build_beat_schedule
from privacy import retention as privacy_retention
from privacy.retention import WARNING_PERIOD
from privacy.tasks import count_due, take_out
from professionals.models import Person
from staff.lists import format_long_datetime
from tests.factories import make_person, make_staff, sign_in_staff
from tests.privacy.retention_records import warned

pytestmark = pytest.mark.django_db

PAGE = "/staff/privacy/retentionrun/"
LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)
STATEMENTS = 7  # of the page whose figures are counted, whatever is due


@pytest.fixture
def manager() -> Client:
    return sign_in_staff(Client(), make_staff(role="manager"))


def somebody_due() -> None:
    person = make_person()
    Person.objects.filter(pk=person.pk).update(created_at=LONG_AGO)
    User.objects.filter(pk=person.user_id).update(date_joined=LONG_AGO, last_login=LONG_AGO)
    warned(person, datetime.now(UTC) - WARNING_PERIOD)


def people_said(manager: Client) -> str:
    page = manager.get(PAGE)
    return next(row["due"] for row in page.context["rules"] if row["rule"].name == "people")


def test_the_page_counts_nothing_that_was_counted_within_the_hour(manager: Client) -> None:
    somebody_due()
    count_due()
    manager.get(PAGE)
    with CaptureQueriesContext(connection) as taken:
        assert people_said(manager) == "1"
    assert len(taken) == STATEMENTS
    assert [query for query in taken.captured_queries if '"professionals_person"."erased_at" IS NULL' in query["sql"]] == []
    somebody_due()
    assert people_said(manager) == "1"
    count_due()
    assert people_said(manager) == "2"


def test_the_hourly_count_may_take_longer_than_a_page() -> None:
    with CaptureQueriesContext(connection) as asked:
        count_due()
    assert any("statement_timeout', '10min', true" in query["sql"] for query in asked.captured_queries)


def test_it_says_when_and_counts_itself_where_nobody_did(manager: Client) -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    with time_machine.travel(an_hour_ago, tick=False):
        count_due()
    assert f"The last count was on {format_long_datetime(an_hour_ago)}." in " ".join(manager.get(PAGE).content.decode().split())
    cache.clear()
    somebody_due()
    with CaptureQueriesContext(connection) as taken:
        assert people_said(manager) == "1"
    assert len(taken) == STATEMENTS + 3  # the settings, what was counted, and of complaints whose answer has not gone


def test_a_count_of_other_rules_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    count_due()
    fewer = dict(list(privacy_retention._rules.items())[1:])
    monkeypatch.setattr(privacy_retention, "_rules", fewer)
    assert privacy_retention.last_due_counts(datetime.now(UTC)).counts.keys() == fewer.keys()


def test_the_run_asks_anew_and_has_it_counted_after(manager: Client) -> None:
    count_due()
    somebody_due()
    take_out()
    assert people_said(manager) == "0"
    assert User.objects.filter(date_joined=LONG_AGO).count() == 0


def test_beat_asks_for_it_more_often_than_a_count_lasts() -> None:
    moments = [each["schedule"] for each in build_beat_schedule().values() if each["task"] == "privacy.tasks.count_due"]
    assert [(moment.minute, len(moment.hour)) for moment in moments] == [({27}, 24)]
    assert timedelta(hours=1) < privacy_retention.DUE_COUNTS_TIMEOUT

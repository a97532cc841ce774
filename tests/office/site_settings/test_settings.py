"""The settings of the site: their first values, who reads which, when a change is seen, and what stays written of it."""

from collections.abc import Iterator
from datetime import time
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings as installation
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.test import Client

from core.models import reset_request_values
from office.site_settings.models import SETTING_BOUNDS, SettingChange, SiteSettings
from office.site_settings.queries import CACHED_SETTINGS, site_settings
from office.site_settings.services import (
    _promise_checks,
    change_settings as change_unpublished,
    find_broken_promises,
    register_promise_check,
)
from tests.factories import make_staff
from tests.leaflets.statements import statements


def test_until_somebody_changes_them_they_are_the_installations() -> None:
    first = site_settings()
    assert (first.team_email, first.hold_minutes, first.charity_name) == (
        installation.STAFF_EMAIL,
        15,
        installation.CHARITY["name"],
    )


@pytest.mark.django_db
def test_a_change_is_there_from_the_next_request_on(change_settings: Any, client: Client) -> None:
    change_settings(hold_minutes=20)
    client.get("/healthz")
    assert (site_settings().hold_minutes, site_settings().notice_working_days) == (20, 5)
    cache.clear()
    reset_request_values()
    assert site_settings().hold_minutes == 20


@pytest.mark.django_db
def test_with_a_copy_in_the_cache_they_take_no_statement_and_without_one_a_single_one() -> None:
    assert statements(lambda: [site_settings()]) == []
    cache.delete(CACHED_SETTINGS.key)
    reset_request_values()
    assert len(statements(lambda: [site_settings(), site_settings()])) == 1


@pytest.mark.django_db
def test_before_the_commit_nobody_is_given_what_may_be_undone(client: Client) -> None:
    """Not even if the copy in the cache has just gone."""
    reset_request_values()
    with transaction.atomic():
        change_unpublished(hold_minutes=20)
        cache.delete(CACHED_SETTINGS.key)
        assert site_settings().hold_minutes == 15
        transaction.set_rollback(True)
    reset_request_values()
    assert site_settings().hold_minutes == 15


def test_with_cache_and_database_down_they_are_what_this_process_read_last(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_args: Any, **_kwargs: Any) -> None:
        raise OperationalError

    cache.set(CACHED_SETTINGS.key, SiteSettings(advice_phone="0113 496 0000"))
    reset_request_values()
    assert site_settings().advice_phone == "0113 496 0000"
    cache.delete(CACHED_SETTINGS.key)
    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", down)
    reset_request_values()
    assert site_settings().advice_phone == "0113 496 0000"


@pytest.mark.django_db
def test_there_is_one_row() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        SiteSettings.objects.create(id=2)


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(SETTING_BOUNDS))
def test_neither_the_service_nor_the_database_takes_what_is_out_of_bounds(name: str) -> None:
    for outside in (SETTING_BOUNDS[name][0] - 1, SETTING_BOUNDS[name][1] + 1):
        with pytest.raises(ValidationError):
            change_unpublished(**{name: outside})
        change_unpublished(hold_minutes=20)
        with pytest.raises(IntegrityError), transaction.atomic():
            SiteSettings.objects.update(**{name: outside})
    for inside in SETTING_BOUNDS[name]:
        SiteSettings.objects.update(**{name: inside})


@pytest.mark.django_db
def test_the_advice_line_closes_after_it_opens() -> None:
    with pytest.raises(ValidationError):
        change_unpublished(advice_closes=time(9, 30))
    change_unpublished(advice_closes=time(9, 31))
    with pytest.raises(IntegrityError), transaction.atomic():
        SiteSettings.objects.update(advice_closes=time(9, 30))


@pytest.mark.django_db
@pytest.mark.parametrize(("begin", "end"), [(time(8), time(7, 59)), (time(20), time(10, 1)), (time(0), time(14, 1))])
def test_quiet_hours_leave_time_for_emails(begin: time, end: time) -> None:
    with pytest.raises(ValidationError, match="at most 14 hours"):
        change_unpublished(quiet_from=begin, quiet_until=end)
    change_unpublished(hold_minutes=20)
    with pytest.raises(IntegrityError), transaction.atomic():
        SiteSettings.objects.update(quiet_from=begin, quiet_until=end)


@pytest.mark.django_db
@pytest.mark.parametrize(("begin", "end"), [(time(20), time(10)), (time(0), time(14)), (time(7), time(7))])
def test_quiet_hours_may_be_long_or_none(begin: time, end: time) -> None:
    change_unpublished(quiet_from=begin, quiet_until=end)


@pytest.mark.django_db
def test_with_much_notice_there_is_still_a_day_to_book() -> None:
    with pytest.raises(ValidationError, match="no day to book"):
        change_unpublished(notice_working_days=30, horizon_days=60)
    change_unpublished(notice_working_days=30, horizon_days=61)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"visit_escalation_email": "TEAM@ctac.example"}, "the team’s mailbox"),
        ({"safeguarding_lead_email": "manager@ctac.example"}, "an alarm"),
        ({"team_email": "lead@ctac.example"}, "the team’s mailbox"),
        ({"out_of_hours_route": " . "}, "Say who to call"),
    ],
)
def test_production_demands_of_a_change_what_it_demands_at_the_start(settings: Any, changed: dict[str, str], told: str) -> None:
    right = {
        "team_email": "team@ctac.example",
        "visit_escalation_email": "manager@ctac.example",
        "safeguarding_lead_email": "lead@ctac.example",
        "out_of_hours_route": "call the police on 101",
    }
    settings.PRODUCTION = True
    change_unpublished(**right)
    with pytest.raises(ValidationError, match=told):
        change_unpublished(**changed)
    settings.PRODUCTION = False
    change_unpublished(**changed)  # a copy for development has one mailbox


@pytest.mark.django_db
def test_each_change_stays_written_and_names_its_author_until_their_account_goes() -> None:
    colleague = make_staff()
    change_unpublished(hold_minutes=20, quiet_from=time(21), horizon_days=90, by=colleague)
    rows = list(SettingChange.objects.order_by("field").values_list("field", "old", "new", "by"))
    assert rows == [("hold_minutes", "15", "20", colleague.pk), ("quiet_from", "20:00:00", "21:00:00", colleague.pk)]
    for refused in (lambda: SettingChange.objects.update(old="1"), lambda: SettingChange.objects.all().delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            refused()
    SettingChange.objects.update(by=None)


@pytest.fixture
def no_promises(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("office.site_settings.services._promise_checks", type(_promise_checks)(list))
    return None


@pytest.mark.usefixtures("no_promises")
def test_a_change_says_which_promises_it_would_break_each_once() -> None:
    def check(_old: SiteSettings, new: SiteSettings) -> Iterator[tuple[str, str]]:
        if new.hold_minutes < 10:
            yield "Two people were told 15 minutes.", "/staff/"

    register_promise_check("hold_minutes", check)
    register_promise_check("hold_minutes", check)
    old = SiteSettings()
    assert find_broken_promises(old, SiteSettings(horizon_days=30)) == []
    assert find_broken_promises(old, SiteSettings(hold_minutes=20)) == []
    assert find_broken_promises(old, SiteSettings(hold_minutes=5)) == [("Two people were told 15 minutes.", "/staff/")]


@pytest.mark.django_db
def test_who_read_before_a_change_does_not_bring_the_old_values_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process changes and publishes them between our reading of the row and our keeping of the copy."""

    def overtaken() -> SiteSettings:
        CACHED_SETTINGS.publish(SiteSettings(hold_minutes=20))
        return SiteSettings()

    cache.delete(CACHED_SETTINGS.key)
    reset_request_values()
    monkeypatch.setattr(CACHED_SETTINGS, "read", overtaken)
    assert site_settings().hold_minutes == 15
    reset_request_values()
    assert site_settings().hold_minutes == 20


@pytest.mark.django_db
@pytest.mark.parametrize("route", ["call the duty team", ""])
def test_the_route_that_staff_had_set_elsewhere_is_taken_over(route: str) -> None:
    before = MigrationLoader(connection).project_state([("professionals", "0009_notes"), ("office", "0001_initial")]).apps
    route_of_before: Any = before.get_model("professionals", "OutOfHours")
    with connection.schema_editor() as editor:
        editor.create_model(route_of_before)
    route_of_before.objects.create(route=route)
    import_module("professionals.migrations.0011_out_of_hours").move_route(before, None)
    found = list(SiteSettings.objects.values_list("out_of_hours_route", "team_email"))
    assert found == ([(route, installation.STAFF_EMAIL)] if route else [])

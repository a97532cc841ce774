"""The settings of the site: their first values, who reads which, and when a change is seen."""

from typing import Any

import pytest
from django.conf import settings as installation
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client

from office.models import SiteSettings
from office.queries import KEY, forget, site_settings
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
    forget()
    assert site_settings().hold_minutes == 20


@pytest.mark.django_db
def test_with_a_copy_in_the_cache_they_take_no_statement_and_without_one_a_single_one() -> None:
    assert statements(lambda: [site_settings()]) == []
    cache.delete(KEY)
    forget()
    assert len(statements(lambda: [site_settings(), site_settings()])) == 1


@pytest.mark.django_db
def test_there_is_one_row() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        SiteSettings.objects.create(id=2)

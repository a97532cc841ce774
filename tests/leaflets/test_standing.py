"""What is said of an edition: current, reviewed, due, superseded, withdrawn; and who may record it."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import User
from core.dates import uk_datetime
from core.errors import DomainError
from leaflets.catalogue.services import record_review, withdraw_edition
from leaflets.catalogue.views import review_short_text, review_text
from leaflets.models import Edition, EditionState
from tests.leaflets.factories import make_edition, make_leaflet

pytestmark = pytest.mark.django_db
PUBLISHED, REVIEW = date(2026, 3, 2), date(2028, 3, 1)


@pytest.fixture(autouse=True)
def frozen(now: datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


@pytest.mark.parametrize(
    ("reviewed", "today", "short", "full"),
    [
        (
            None,
            REVIEW,
            "Published March 2026, still current",
            "Published March 2026, still current. To be reviewed by March 2028.",
        ),
        (
            date(2027, 3, 9),
            date(2027, 4, 1),
            "Reviewed March 2027, still current",
            "Published March 2026. Reviewed March 2027, still current. To be reviewed again by March 2028.",
        ),
        (
            None,
            date(2028, 3, 2),
            "From March 2026, being checked again",
            "Published March 2026. Its review was due by March 2028, and we are checking it. You can still use it.",
        ),
    ],
)
def test_how_current_it_is_is_said_in_words(reviewed: date | None, today: date, short: str, full: str) -> None:
    edition = Edition(published_on=PUBLISHED, review_on=REVIEW, reviewed_on=reviewed)
    assert (review_short_text(edition, today), review_text(edition, today)) == (short, full)


def test_a_review_is_recorded_with_who_and_until_when(client: Client, staff: User, now: datetime) -> None:
    edition = make_edition(now)
    action = f"/staff/leaflets/edition/{edition.pk}/do/review/"
    slip = client.post(action, {"reviewed_on": "1 1 2027", "review_on": "31 12 2026"}).content.decode()
    assert "Enter a review date after the day it was reviewed." in slip
    assert "Enter a day that is not in the future." in (
        client.post(action, {"reviewed_on": "1 1 2030", "review_on": "1 1 2031"}).content.decode()
    )
    client.post(action, {"reviewed_on": "11 1 2027", "review_on": "11 1 2029"})
    edition.refresh_from_db()
    assert (edition.reviewed_on, edition.review_on, edition.reviewed_by) == (date(2027, 1, 11), date(2029, 1, 11), staff)
    assert "Reviewed January 2027, still current" in client.get("/leaflets/").content.decode()
    assert f"11 Jan 2027 by {staff}" in client.get(f"/staff/leaflets/edition/{edition.pk}/change/").content.decode()


def test_only_the_current_edition_is_reviewed_and_the_database_keeps_its_dates_in_order(now: datetime) -> None:
    edition = make_edition(now)
    with pytest.raises(IntegrityError, match="edition_reviewed_between_its_dates"), transaction.atomic():
        record_review(edition=edition, by=None, reviewed_on=date(2026, 3, 1), review_on=REVIEW)
    withdraw_edition(edition=edition)
    with pytest.raises(DomainError, match="This edition is no longer the current one"):
        record_review(edition=edition, by=None, reviewed_on=PUBLISHED, review_on=REVIEW)


def test_staff_withdraw_an_edition_with_a_word_and_what_to_use_instead(client: Client, staff: User, now: datetime) -> None:
    edition, other = make_edition(now, title="Old advice"), make_leaflet(title="New advice")
    action = f"/staff/leaflets/edition/{edition.pk}/do/withdraw/"
    client.post(action, {"why": "The number on page 2 is wrong.", "use_instead": other.pk})
    for address, status in ((edition.leaflet.get_absolute_url(), 200), (f"/leaflets/{edition.leaflet.slug}/download/", 410)):
        response = client.get(address)
        page = response.content.decode()
        assert response.status_code == status
        assert "The edition “March 2026” was withdrawn on 12 January 2027." in page
        assert "The number on page 2 is wrong." in page
        assert f'<a class="govuk-link" href="{other.get_absolute_url()}">New advice</a>' in page
        assert "default-src 'self'" in response.headers["Content-Security-Policy"].split("; ")
    assert "12 Jan 2027. The number on page 2 is wrong." in (
        client.get(f"/staff/leaflets/edition/{edition.pk}/change/").content.decode()
    )


def test_a_childs_details_in_the_word_are_published_by_nobody(client: Client, staff: User, now: datetime) -> None:
    edition = make_edition(now)
    action, why = f"/staff/leaflets/edition/{edition.pk}/do/withdraw/", "Amy Smith, born 1 2 2015, is in it"
    assert "This looks like details of a child." in client.post(action, {"why": why}).content.decode()
    assert Edition.objects.get(pk=edition.pk).state == EditionState.CURRENT
    client.post(action, {"why": why, "keep_what_i_wrote": "on"})
    assert Edition.objects.get(pk=edition.pk).state == EditionState.CURRENT


def test_a_new_edition_says_what_it_replaces(client: Client, now: datetime) -> None:
    old = make_edition(now)
    make_edition(now, leaflet=old.leaflet, label="May 2027")
    assert "It replaces “March 2026”. Please recycle your copies of the old edition." in (
        client.get(old.leaflet.get_absolute_url()).content.decode()
    )


def test_a_title_that_never_had_an_edition_has_no_download(client: Client) -> None:
    assert client.get(f"/leaflets/{make_leaflet().slug}/download/").status_code == 404


def test_the_card_says_from_the_day_on_that_a_review_is_due(client: Client, now: datetime) -> None:
    edition = make_edition(now)
    assert "still current" in client.get("/leaflets/").content.decode()
    after = uk_datetime(edition.review_on + timedelta(days=1), time(9))
    with time_machine.travel(after, tick=False):  # the rows are the same; only the day is another
        assert "From March 2026, being checked again" in client.get("/leaflets/").content.decode()

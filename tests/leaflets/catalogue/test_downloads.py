"""Downloads are counted by the day, and nothing else is kept of them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from core.dates import uk_day
from leaflets.catalogue.services import count_download
from leaflets.models import DownloadCount, Edition
from tests.leaflets.factories import make_edition

pytestmark = pytest.mark.django_db
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36"


@pytest.fixture(autouse=True)
def frozen(now: datetime) -> Iterator[None]:
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def edition(now: datetime) -> Edition:
    return make_edition(now)


def download(client: Client, edition: Edition, *, method: str = "GET", **headers: str) -> int:
    address = reverse("leaflet_download", args=[edition.leaflet.slug])
    response = client.generic(method, address, headers={"user-agent": BROWSER} | headers)
    content = b"".join(response.streaming_content)
    assert method == "HEAD" or content.startswith(b"%PDF-")
    return response.status_code


def counted() -> list[int]:
    return list(DownloadCount.objects.values_list("downloads", flat=True))


def test_two_downloads_of_a_day_are_one_row_of_two(client: Client, edition: Edition) -> None:
    assert [download(client, edition), download(client, edition)] == [200, 200]
    assert counted() == [2]
    columns = {field.name for field in DownloadCount._meta.concrete_fields}
    assert columns == {"id", "edition", "day", "downloads"}  # no address, no cookie, no one


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("HEAD", {}),
        ("GET", {"range": "bytes=1000-2000"}),
        ("GET", {"sec-purpose": "prefetch;prerender"}),
        ("GET", {"user-agent": ""}),
        ("GET", {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}),
        ("GET", {"user-agent": "curl/8.5.0"}),
        ("GET", {"user-agent": "python-requests/2.31"}),
    ],
)
def test_what_nobody_reads_is_not_counted(client: Client, edition: Edition, method: str, headers: dict[str, str]) -> None:
    assert download(client, edition, method=method, **headers) == 200
    assert counted() == []


def test_a_download_from_its_beginning_is_one(client: Client, edition: Edition) -> None:
    download(client, edition, range="bytes=0-")
    assert counted() == [1]


def test_a_count_that_can_not_be_written_stops_no_download(client: Client, edition: Edition) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE leaflets_downloadcount RENAME TO elsewhere")
    assert download(client, edition) == 200


def test_staff_read_the_figures(client: Client, staff: object, edition: Edition, now: datetime) -> None:
    today = uk_day(now)
    for days, times in ((0, 2), (29, 1), (30, 1)):
        for _ in range(times):
            count_download(edition_id=edition.pk, day=today - timedelta(days=days))
    for row in (edition, edition.leaflet):
        page = client.get(f"/staff/leaflets/{row._meta.model_name}/{row.pk}/change/").content.decode()
        assert "4 in all, 3 in the last 30 days" in page

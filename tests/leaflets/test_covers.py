"""The picture of an edition's first page: small, of the right shape, and no reason for an upload to fail."""

from datetime import datetime

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.test import Client

from leaflets.first_page import LARGEST, WIDTH
from leaflets.models import Edition
from leaflets.sample_pdf import sample_pdf
from leaflets.services import make_cover
from leaflets.services.covers import first_page, size_of
from tests.leaflets.factories import make_edition, make_leaflet

pytestmark = pytest.mark.django_db


@pytest.fixture
def edition(now: datetime) -> Edition:
    edition = make_edition(now)
    assert make_cover(edition=edition)
    return Edition.objects.get(pk=edition.pk)


def test_the_first_page_is_drawn_small_and_in_its_shape(edition: Edition) -> None:
    with edition.cover.open("rb") as picture:
        drawn = picture.read()
    assert (size_of(drawn), len(drawn) <= LARGEST) == ((WIDTH, 340), True)  # A4: 240 × 1.414, rounded up
    assert (edition.cover_width, edition.cover_height) == (WIDTH, 340)


def test_a_leaflets_page_shows_it_with_its_size_and_only_once_it_is_there(
    edition: Edition, client: Client, now: datetime
) -> None:
    address = f"/leaflets/{edition.leaflet.slug}/cover/{edition.pk}/"
    page = client.get(edition.leaflet.get_absolute_url()).content.decode()
    assert f'src="{address}" width="240" height="340" alt="" loading="lazy"' in page
    answer = client.get(address)
    assert b"".join(answer.streaming_content)[8:12] == b"WEBP"
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == (
        "image/webp",
        "public, max-age=31536000, immutable",
    )
    assert "cover" not in client.get(make_edition(now).leaflet.get_absolute_url()).content.decode()


@pytest.mark.parametrize("change", [{"state": "withdrawn"}, {"cover": ""}])
def test_of_what_is_not_handed_out_there_is_no_picture(edition: Edition, client: Client, change: dict[str, str]) -> None:
    Edition.objects.update(**change)
    assert client.get(f"/leaflets/{edition.leaflet.slug}/cover/{edition.pk}/").status_code == 404


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4 nothing\n%%EOF", b"RIFF\0\0\0\0WEBPVP8 "])
def test_what_can_not_be_drawn_gives_no_picture(content: bytes) -> None:
    assert size_of(first_page(content)) is None


def test_an_upload_is_drawn_and_one_that_can_not_be_drawn_is_an_edition_all_the_same(
    client: Client, staff: object, now: datetime
) -> None:
    leaflet = make_leaflet()
    whole, broken = sample_pdf(leaflet, label="x", made_at=now), b"%PDF-1.4\n1 0 obj << /Type /Page >>\n%%EOF"
    for label, content, has_cover in (("Whole", whole, True), ("Broken", broken, False)):
        upload = {"leaflet": leaflet.pk, "label": label, "published_on": "2 3 2026", "review_on": "1 3 2028"}
        client.post("/staff/leaflets/edition/add/", {**upload, "pdf": ContentFile(content, "leaflet.pdf")})
        edition = leaflet.editions.get(label=label)
        assert (edition.state, bool(edition.cover)) == ("current", has_cover)


def test_a_command_draws_what_is_not_drawn_yet(edition: Edition, now: datetime, capsys: pytest.CaptureFixture[str]) -> None:
    other = make_edition(now)
    call_command("make_covers")
    assert capsys.readouterr().out == "1 pictures were made, 0 could not be.\n"
    assert Edition.objects.get(pk=other.pk).cover_height == 340

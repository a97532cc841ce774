"""The picture of an edition's first page and its paper: small, of the right shape, and no reason for an upload to fail."""

from datetime import datetime
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.test import Client

from leaflets.catalogue.cover import COVER_WIDTH, MAX_COVER_BYTES
from leaflets.catalogue.services import make_cover, render_first_page, webp_size
from leaflets.catalogue.titles import sample_pdf
from leaflets.models import Edition, detect_paper
from tests.leaflets.factories import make_edition, make_leaflet
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def edition(now: datetime) -> Edition:
    edition = make_edition(now)
    assert make_cover(edition=edition)
    return Edition.objects.get(pk=edition.pk)


def test_the_first_page_is_drawn_small_and_in_its_shape(edition: Edition) -> None:
    with edition.cover.open("rb") as picture:
        drawn = picture.read()
    assert (webp_size(drawn), len(drawn) <= MAX_COVER_BYTES) == ((COVER_WIDTH, 340), True)  # A4: 240 × 1.414, rounded up
    assert (edition.cover_width, edition.cover_height) == (COVER_WIDTH, 340)


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
    assert render_first_page(content) is None
    assert webp_size(content) is None


def test_an_upload_is_drawn_and_one_that_can_not_be_drawn_is_an_edition_all_the_same(
    client: Client, staff: object, now: datetime, django_capture_on_commit_callbacks: Any
) -> None:
    leaflet = make_leaflet()
    whole, broken = sample_pdf(leaflet, label="x", made_at=now), b"%PDF-1.4\n1 0 obj << /Type /Page >>\n%%EOF"
    for label, content, has_cover in (("Whole", whole, True), ("Broken", broken, False)):
        upload = {"leaflet": leaflet.pk, "label": label, "published_on": "2 3 2026", "review_on": "1 3 2028"}
        with django_capture_on_commit_callbacks(execute=True):
            client.post("/staff/leaflets/edition/add/", {**upload, "pdf": ContentFile(content, "leaflet.pdf")})
        edition = leaflet.editions.get(label=label)
        assert (edition.state, bool(edition.cover), edition.paper) == ("current", has_cover, "a5" if has_cover else "")


def test_a_command_looks_at_what_nobody_has_looked_at_yet(
    edition: Edition, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    """As after the upgrade that brought sizes; a picture that is there is not drawn into a file of its own once more."""
    other, gone = make_edition(now), make_edition(now)
    Edition.objects.filter(pk=edition.pk).update(paper="")
    gone.pdf.delete(save=False)
    call_command("make_covers")
    assert capsys.readouterr().out == "2 PDFs were looked at, 1 could not be.\n"
    looked_at = {each.pk: (each.paper, each.cover_height) for each in Edition.objects.all()}
    assert looked_at == {edition.pk: ("a4", 340), other.pk: ("a4", 340), gone.pk: ("", 0)}
    assert Edition.objects.get(pk=edition.pk).cover == edition.cover
    call_command("make_covers")
    assert capsys.readouterr().out == "0 PDFs were looked at, 1 could not be.\n"


def pdf(page: str, pages: str = "") -> bytes:
    """One page; its own entries, and those of the node above it."""
    parts = (
        "1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj",
        f"2 0 obj << /Type /Pages /Kids [3 0 R] /Count 1 {pages} >> endobj",
        f"3 0 obj << /Type /Page /Parent 2 0 R {page} >> endobj",
        "trailer << /Root 1 0 R >>",
    )
    return "\n".join(["%PDF-1.7", *parts, "%%EOF"]).encode()


@pytest.mark.parametrize(
    ("content", "paper"),
    [
        (pdf("/MediaBox [0 0 595.28 841.89]"), "a4"),
        (pdf("", "/MediaBox [0 0 419.53 595.28]"), "a5"),  # from the node above
        (pdf("/MediaBox [0 0 297.64 419.53]"), "a6"),
        (pdf("/MediaBox [0 0 841.89 1190.55]"), "a3"),
        (pdf("/MediaBox [0 0 280.63 595.28]"), "dl"),
        (pdf("/MediaBox [0 0 283.46 595.28]"), "dl"),  # 100 mm
        (pdf("/MediaBox [0 0 841.89 595.28]"), "a4-landscape"),
        (pdf("/MediaBox [0 0 595.28 841.89] /Rotate 90"), "a4-landscape"),
        (pdf("/MediaBox [0 0 600 846]"), "a4"),
        (pdf("/MediaBox [0 0 602 842]"), "other"),
        (pdf("/MediaBox [0 0 612 792]"), "other"),  # US Letter
        (pdf("/MediaBox [0 0 595.28 841.89] /CropBox [50 50 469.53 645.28]"), "a5"),
        (pdf("/MediaBox [0 0 476 652] /TrimBox [28.35 28.35 447.88 623.63]"), "a5"),  # with marks for the printer around it
        (pdf("/MediaBox [0 0 476 652] /TrimBox [28.35 28.35 447.88 623.63] /Rotate 270"), "a5-landscape"),
    ],
)
def test_the_paper_is_told_by_the_first_page(content: bytes, paper: str) -> None:
    seen = render_first_page(content)
    assert seen is not None
    assert detect_paper(seen.width, seen.height) == paper


@pytest.mark.parametrize(
    ("paper", "says"),
    [("a5", "A5, 1 page, 12"), ("dl-landscape", "DL landscape, 1 page, 12"), ("other", ">1 page, 12"), ("", ">1 page, 12")],
)
def test_catalogue_leaflet_basket_and_staff_say_the_paper_where_it_is_known(
    client: Client, staff: object, now: datetime, paper: str, says: str
) -> None:
    edition = make_edition(now)
    Edition.objects.update(paper=paper, pages=1, size=12_288, on_hand=0)  # out of stock, so the basket offers the PDF
    client.post(f"/basket/add/{edition.leaflet.slug}/", {f"{edition.leaflet.slug}-copies": "1"})
    for page in ("/leaflets/", edition.leaflet.get_absolute_url(), "/basket/"):
        assert says in client.get(page).content.decode(), page
    said = says.replace(">", "(")
    assert said in client.get(f"/staff/leaflets/edition/{edition.pk}/change/").content.decode()


def test_the_page_of_a_leaflet_of_which_the_size_was_read_asks_as_much_as_before(client: Client, now: datetime) -> None:
    edition = make_edition(now)
    pages = ("/leaflets/", edition.leaflet.get_absolute_url())
    before = [len(statements(lambda page=page: client.get(page))) for page in pages]
    Edition.objects.update(paper="a5")
    assert [len(statements(lambda page=page: client.get(page))) for page in pages] == before == [2, 3]

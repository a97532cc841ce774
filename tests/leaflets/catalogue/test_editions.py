"""New editions: judged by content, one current, the one before superseded."""

import zlib

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse

from core.errors import DomainError
from leaflets.catalogue import titles
from leaflets.catalogue.services import NotAPdf, add_edition, count_pages, withdraw_edition
from leaflets.models import Edition, EditionState
from leaflets.orders.allowances import Shortfalls
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_edition, make_order


@pytest.mark.django_db
def test_loading_samples_twice_adds_nothing_the_second_time(now):
    titles.load_samples(now)
    once = list(Edition.objects.values_list("leaflet__slug", "state", "on_hand", "allocated", "pages"))
    titles.load_samples(now)
    assert list(Edition.objects.values_list("leaflet__slug", "state", "on_hand", "allocated", "pages")) == once
    assert [(slug, state, on_hand) for slug, state, on_hand, *_ in once] == [
        ("health-visitors", "current", 400),
        ("social-workers", "current", 350),
        ("emergency-care", "current", 250),
        ("all-professionals", "current", 1200),
    ]


@pytest.mark.django_db
def test_a_new_edition_becomes_current_and_the_one_before_is_superseded(now):
    old = make_edition(now, stock=50)
    order = make_order(make_person(), now, {old.leaflet: 5})
    new = make_edition(now, stock=10, leaflet=old.leaflet, label="May 2027")
    old.refresh_from_db()
    assert (old.state, new.state) == (EditionState.SUPERSEDED, EditionState.CURRENT)
    assert (old.on_hand, old.allocated, new.on_hand) == (50, 5, 10)
    assert order.lines.get().edition == old
    assert make_order(make_person(), now, {old.leaflet: 5}).lines.get().edition == new
    with default_storage.open(new.pdf.name) as stored:
        assert stored.read(5) == b"%PDF-"


@pytest.mark.django_db
def test_a_withdrawn_edition_can_not_be_ordered_nor_withdrawn_again(now):
    edition = make_edition(now)
    withdraw_edition(edition=edition)
    with pytest.raises(Shortfalls):
        make_order(make_person(), now, {edition.leaflet: 1})
    with pytest.raises(DomainError, match="This edition is already withdrawn"):
        withdraw_edition(edition=edition)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"%PDF-1.4 nothing", b"%PDF-1.4\n/Type /Page\n/Encrypt 5 0 R\n%%EOF", b"%PDF-1.4\n/Type /Pages\n%%EOF"],
    ids=["empty", "a web page", "cut off", "with a password", "without pages"],
)
@pytest.mark.django_db
def test_what_is_no_readable_pdf_is_refused_and_the_current_edition_stays(now, content):
    edition = make_edition(now)
    with pytest.raises(NotAPdf):
        add_edition(leaflet=edition.leaflet, label="New", published_on=now.date(), review_on=now.date(), content=content, now=now)
    edition.refresh_from_db()
    assert (edition.state, Edition.objects.count()) == (EditionState.CURRENT, 1)


def test_pages_in_compressed_object_streams_are_counted():
    objects = zlib.compress(b"1 0 2 40 << /Type /Page /Parent 9 0 R >> << /Type/Page >> << /Type /Pages /Count 2 >>")
    content = (
        b"%PDF-1.5\n7 0 obj\n<< /Type /ObjStm /N 2 /First 8 /Filter /FlateDecode >>\nstream\n" + objects + b"\nendstream\n%%EOF"
    )
    assert count_pages(content) == 2


def test_an_object_stream_that_is_broken_or_huge_does_no_harm():
    bomb = zlib.compress(b"\x00" * 50_000_000)
    head = b"%PDF-1.5\n/Type /Page\n7 0 obj\n<< /Type /ObjStm >>\nstream\n"
    assert count_pages(head + bomb + b"\nendstream\n%%EOF") == 1
    assert count_pages(head + b"not zlib" + b"\nendstream\n%%EOF") == 1


@pytest.mark.django_db
def test_the_database_refuses_a_review_before_the_edition(now):
    edition = make_edition(now)
    with pytest.raises(IntegrityError, match="edition_reviewed_after_it_is_published"), transaction.atomic():
        Edition.objects.filter(pk=edition.pk).update(review_on=edition.published_on)


@pytest.mark.django_db
def test_a_slip_in_the_review_date_of_an_edition_is_explained_and_kept_out(client, now):
    edition = make_edition(now)
    sign_in_staff(client, make_staff())
    typed = {"label": edition.label, "published_on": "2 3 2026", "review_on": "1 3 2026"}
    page = client.post(reverse("staff:leaflets_edition_change", args=[edition.pk]), typed)
    assert "Enter a review date after the day it was published." in page.content.decode()
    assert Edition.objects.get(pk=edition.pk).review_on == edition.review_on


@pytest.mark.django_db
def test_a_pdf_that_can_not_be_stored_changes_nothing_and_the_form_keeps_what_was_typed(client, now, settings, tmp_path):
    edition = make_edition(now)
    with edition.pdf.open("rb") as stored:
        upload = SimpleUploadedFile("a.pdf", stored.read())
    (tmp_path / "no-folder").touch()
    settings.MEDIA_ROOT = tmp_path / "no-folder"
    sign_in_staff(client, make_staff())
    typed = {"leaflet": edition.leaflet.pk, "label": "May 2027", "published_on": "2 5 2027", "review_on": "1 5 2029"}
    page = client.post(reverse("staff:leaflets_edition_add"), {**typed, "pdf": upload}).content.decode()
    assert "We can’t store files at the moment, so nothing has been saved." in page
    assert [f'value="{value}"' in page for value in ("May 2027", "2 5 2027", "1 5 2029")] == [True] * 3
    edition.refresh_from_db()
    assert (edition.state, Edition.objects.count()) == (EditionState.CURRENT, 1)

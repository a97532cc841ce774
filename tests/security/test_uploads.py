"""What is uploaded is judged by what it holds, lies under a name of ours outside what is served, and is sent as what it is."""

import io
import re
import zipfile
import zlib
from datetime import date, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from leaflets.catalogue import services as catalogue_services
from leaflets.catalogue.admin import EditionForm
from leaflets.catalogue.services import MAX_PDF_BYTES, NotAPdf, add_edition, count_pages
from leaflets.catalogue.titles import sample_pdf
from leaflets.models import Edition, Leaflet, SheetKind
from leaflets.stock.admin import ListUploadForm
from staff.spreadsheets import MAX_UPLOAD_BYTES, MAX_ZIP_PARTS, InvalidSheetError, read_sheet
from tests.factories import make_staff, sign_in_staff
from tests.leaflets.factories import make_edition, make_leaflet

HEAD, PAGE, END = b"%PDF-1.7\n", b"1 0 obj << /Type /Page >> endobj\n", b"\n%%EOF\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
GIF = b"GIF89a/*" + b"\0" * 20
SCRIPT = b"2 0 obj << /S /JavaScript /JS (app.alert\\(1\\)) >> endobj\n"


def pdf(*parts: bytes) -> bytes:
    return b"".join([HEAD, PAGE, *parts, END])


def packed(content: bytes) -> bytes:
    return b"7 0 obj\n<< /Type /ObjStm /N 1 >>\nstream\n" + zlib.compress(content) + b"\nendstream\nendobj\n"


def zip_of(*names: str, size: int = 1) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, b" " * size)
    return kept.getvalue()


NO_PDF = {
    "a web page": b"<html><script>alert(1)</script></html>",
    "a picture": SVG,
    "a program": b"MZ" + b"\0" * 200,
    "a page before it": b"<html><script>alert(1)</script>" + pdf(),
    "a picture before it": GIF + pdf(),
    "an archive before it": zip_of("a") + pdf(),
    "cut off": HEAD + PAGE,
    "with a password": pdf(b"/Encrypt 5 0 R"),
    "no pages": HEAD + END,
    "many bombs": HEAD + PAGE + packed(b"\0" * 5_000_000) * 25 + END,
}
ACTING = {
    "a script": SCRIPT,
    "a script with its name in numbers": SCRIPT.replace(b"JavaScript", b"J#61va#53cript"),
    "a script in a packed part": packed(SCRIPT),
    "a program to start": b"<< /S /Launch /F (cmd.exe) >>",
    "a file in it": b"<< /Type /EmbeddedFile /Length 3 >>",
    "files by name": b"<< /Names << /EmbeddedFiles 4 0 R >> >>",
    "a film": b"<< /Subtype /RichMedia >>",
    "a form of XFA": b"<< /AcroForm << /XFA 3 0 R >> >>",
    "a form that sends": b"<< /S /SubmitForm /F (https://evil.example) >>",
}


@pytest.mark.parametrize("what", NO_PDF)
def test_what_is_no_pdf_or_something_else_as_well_is_refused(what: str) -> None:
    with pytest.raises(NotAPdf):
        count_pages(NO_PDF[what])


@pytest.mark.parametrize("what", ACTING)
def test_a_pdf_that_does_more_than_be_read_is_refused(what: str) -> None:
    with pytest.raises(NotAPdf, match="This PDF contains a program"):
        count_pages(pdf(ACTING[what]))


WORDS = dict.fromkeys(("for_whom", "introduction", "situations", "signs", "what_to_do"), "A.")


def ours(now: datetime) -> bytes:
    return sample_pdf(Leaflet(title="One", slug="one", **WORDS), label="January 2027", made_at=now)


def test_a_leaflet_as_designers_make_it_is_taken(now: datetime) -> None:
    """Ours, tagged and with fonts; and one with links, a first view, and words that only look like an action."""
    assert count_pages(ours(now)) > 4
    harmless = b"<< /OpenAction [1 0 R /Fit] >> << /S /URI /URI (https://ctac.example) >> << /Title (LaunchDay JavaScript) >>"
    assert count_pages(pdf(harmless)) == 1


def test_a_picture_of_a_huge_page_is_drawn_small_or_not_at_all(now: datetime) -> None:
    """An image bomb: it has a process of its own, with an end to its memory and its time."""
    huge = re.sub(rb"/MediaBox ?\[[^]]*\]", b"/MediaBox [0 0 1 99999999]", ours(now))
    assert huge != ours(now)
    seen = catalogue_services.render_first_page(huge)
    assert seen is None or len(seen.picture) <= 15_000
    size = catalogue_services.webp_size(seen.picture) if seen else None
    assert size is None or size[1] <= 480


NAMES = ["../../etc/passwd.pdf", "..\\..\\x.pdf", "/etc/cron.d/x", "x.pdf\0.html", "a" * 300 + ".pdf", "x.html", "con", "‮fdp.exe"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_file_decides_nothing(now: datetime, name: str) -> None:
    leaflet = make_leaflet("one")
    upload = SimpleUploadedFile("x.pdf", pdf(), content_type="text/html")
    upload.__dict__["_name"] = name  # what Django's own cleaning would have taken away already
    form = EditionForm(
        {"leaflet": leaflet.pk, "label": "New", "published_on": "2027-01-01", "review_on": "2028-01-01"}, {"pdf": upload}
    )
    if form.is_valid():
        content = form.cleaned_data["pdf"].read()
        add_edition(leaflet=leaflet, label="New", published_on=now.date(), review_on=date(2028, 1, 1), content=content, now=now)
        edition = Edition.objects.get()
        assert Path(edition.pdf.path).parent == Path(settings.MEDIA_ROOT) / "leaflets"
        assert Path(edition.pdf.name).name.startswith("one-20270112")
    else:
        assert list(form.errors) == ["pdf"]


@pytest.mark.django_db
def test_too_large_a_pdf_is_not_even_read(now: datetime) -> None:
    class Large(SimpleUploadedFile):
        def read(self, *args: object) -> bytes:
            raise AssertionError("it was read")

    upload = Large("x.pdf", pdf())
    upload.size = MAX_PDF_BYTES + 1
    assert "larger than 20 MB" in str(EditionForm({}, {"pdf": upload}).errors["pdf"])


SHEETS = {
    "a picture": SVG,
    "a web page": b"<html><table><tr><td>1</td></tr></table></html>",
    "a pdf": pdf(),
    "an archive": zip_of("a.txt"),
    "a bomb": zip_of("[Content_Types].xml", "xl/workbook.xml", size=20_000_000),
    "many parts": zip_of("[Content_Types].xml", "xl/workbook.xml", *(f"x{n}" for n in range(MAX_ZIP_PARTS))),
    "paths that climb": zip_of("../../etc/passwd", "/etc/passwd", "xl/workbook.xml"),
    "too large": b"a,b\n" * (MAX_UPLOAD_BYTES // 4 + 1),
    "a nul": b"Short name,Copies\none\0,3\n",
}


@pytest.mark.parametrize("what", SHEETS)
def test_what_is_no_spreadsheet_is_refused(what: str) -> None:
    with pytest.raises(InvalidSheetError):
        read_sheet(SHEETS[what])


def test_a_spreadsheet_may_be_called_anything() -> None:
    file = SimpleUploadedFile("x.exe", b"a,b\n1,2", "image/png")
    form = ListUploadForm({"kind": "stock"}, {"file": file}, kinds=SheetKind.choices, most=1)
    assert form.is_valid()
    assert read_sheet(form.cleaned_data["file"]).rows == [(2, ["1", "2"])]


@pytest.mark.django_db
def test_uploads_lie_outside_what_is_served_and_leave_as_what_they_are(now: datetime, client: Client) -> None:
    edition = make_edition(now, slug="one")
    stored = Path(edition.pdf.path).resolve()
    roots = [
        Path(settings.STATIC_ROOT),
        *(Path(each[1] if isinstance(each, tuple) else each) for each in settings.STATICFILES_DIRS),
    ]
    assert not any(stored.is_relative_to(root.resolve()) for root in roots)
    for path in (urlsplit(edition.pdf.url).path, f"/static/{edition.pdf.name}", f"/static/../var/media/{edition.pdf.name}"):
        assert client.get(path).status_code == 404
    sent = client.get("/leaflets/one/download/")
    assert b"".join(sent.streaming_content).startswith(b"%PDF-")  # type: ignore[attr-defined]
    assert (sent["Content-Type"], sent["X-Content-Type-Options"]) == ("application/pdf", "nosniff")
    assert sent["Content-Disposition"] == 'inline; filename="one.pdf"'
    assert "default-src 'none'" in sent["Content-Security-Policy"]


@pytest.mark.django_db
def test_staff_read_why_a_pdf_was_refused() -> None:
    desk = sign_in_staff(Client(), make_staff())
    answer = desk.post(
        "/staff/leaflets/edition/add/",
        {"leaflet": make_leaflet().pk, "label": "New", "published_on": "2027-01-01", "review_on": "2028-01-01"}
        | {"pdf": SimpleUploadedFile("x.pdf", pdf(SCRIPT))},
    )
    assert "This PDF contains a program, another file or a form." in answer.content.decode()
    assert Edition.objects.count() == 0

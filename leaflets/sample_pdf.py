"""The sample PDF of a leaflet, made from the same text as its web page, until staff upload the approved edition.

Two A4 pages, tagged: a screen reader finds headings and paragraphs in their order (lists would need nested tags, which fpdf2's
builder has not).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from fpdf import FPDF, ViewerPreferences

from leaflets.models import Leaflet

INK, QUIET, BRAND, WASH, ACCENT, PAPER = (
    (22, 35, 43),
    (74, 88, 97),
    (11, 74, 84),
    (243, 246, 245),
    (244, 180, 69),
    (255, 255, 255),
)
MARGIN, TOP = 20, 18  # mm
BODY, LINE = 12, 5.9  # points and mm


class LeafletPdf(FPDF):
    """fpdf2 tags pictures only; `tagged` does the same for text, by the builder that it uses itself."""

    def __init__(self, title: str, label: str, made_at: datetime) -> None:
        super().__init__(format="A4")
        self.core_fonts_encoding = "windows-1252"  # typographic quotes; the fonts' own encoding is the same
        self.set_margins(MARGIN, TOP)
        self.set_auto_page_break(auto=False)
        self.set_title(title)
        self.set_lang("en-GB")
        self.set_author("CTAC")
        self.set_creation_date(made_at)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.label = label

    @contextmanager
    def tagged(self, kind: str, text: str) -> Iterator[None]:
        """What is drawn inside is one element of this kind ('H1', 'P') and reads so; it must stay on one page.

        The text is given whole, because lines that are drawn one by one would be read as if no space stood between.
        """
        number = self.struct_builder.next_mcid_for_page(self.page)
        self._add_marked_content(struct_type=f"/{kind}", mcid=number)
        spoken = (b"\xfe\xff" + text.encode("utf-16-be")).hex()
        self._out(f"/{kind} <</MCID {number} /ActualText <{spoken}>>> BDC")
        yield
        self._out("EMC")

    @contextmanager
    def decoration(self) -> Iterator[None]:
        """Drawn for the eye only."""
        self._out("/Artifact BMC")
        yield
        self._out("EMC")

    def band(self, y: float, height: float, colour: tuple[int, int, int]) -> None:
        with self.decoration():
            self.set_fill_color(*colour)
            self.rect(0, y, self.w, height, style="F")

    def write_block(self, kind: str, text: str, *, size: float, bold: bool = False, colour: tuple[int, int, int] = INK) -> None:
        self.set_font("Helvetica", "B" if bold else "", size)
        self.set_text_color(*colour)
        with self.tagged(kind, text):
            self.multi_cell(0, size * 0.5, text, align="L", new_x="LMARGIN", new_y="NEXT")

    def write_points(self, points: list[str]) -> None:
        for point in points:
            self.set_font("Helvetica", "", BODY)
            self.set_text_color(*INK)
            with self.tagged("P", point):
                self.cell(5, LINE, "•")
                self.multi_cell(0, LINE, point, align="L", new_x="LMARGIN", new_y="NEXT")
            self.ln(1.6)

    def write_section(self, heading: str, points: list[str]) -> None:
        self.ln(3)
        self.write_block("H2", heading, size=17, bold=True, colour=BRAND)
        self.ln(1.5)
        self.write_points(points)


def sample_pdf(leaflet: Leaflet, *, label: str, made_at: datetime) -> bytes:
    """The bytes of the PDF; the same text gives the same bytes."""
    pdf = LeafletPdf(leaflet.title, label, made_at)
    _first_page(pdf, leaflet)
    _second_page(pdf, leaflet)
    return bytes(pdf.output())


def _first_page(pdf: LeafletPdf, leaflet: Leaflet) -> None:
    pdf.add_page()
    pdf.band(0, 52, BRAND)
    pdf.band(52, 1.6, ACCENT)
    pdf.write_block("P", _("Child trafficking advice centre"), size=11, colour=PAPER)
    pdf.ln(3)
    pdf.write_block("H1", leaflet.title, size=22, bold=True, colour=PAPER)
    pdf.set_y(58)
    _say_sample(pdf)
    for paragraph in leaflet.introduction.splitlines():
        pdf.write_block("P", paragraph, size=13)
        pdf.ln(2)
    pdf.write_section(_("Where you may meet a trafficked child"), leaflet.situation_points)
    _foot(pdf)


def _second_page(pdf: LeafletPdf, leaflet: Leaflet) -> None:
    pdf.add_page()
    pdf.band(0, 8, BRAND)
    pdf.band(8, 1.6, ACCENT)
    _say_sample(pdf)
    pdf.write_section(_("Signs that a child may be at risk"), leaflet.sign_points)
    pdf.write_section(_("What to do with a concern"), leaflet.what_to_do_points)
    _advice_line(pdf)
    _foot(pdf)


def _say_sample(pdf: LeafletPdf) -> None:
    pdf.write_block("P", _("Sample. Staff replace it with the approved edition."), size=10, bold=True, colour=QUIET)
    pdf.ln(2.5)


def _advice_line(pdf: LeafletPdf) -> None:
    facts = {"phone": settings.ADVICE_PHONE, "hours": settings.ADVICE_HOURS, "email": settings.ADVICE_EMAIL}
    pdf.set_y(max(pdf.get_y() + 1, 240))
    pdf.band(pdf.get_y(), 28, WASH)
    pdf.ln(4)
    pdf.write_block("H2", _("Advice for professionals: %(phone)s") % facts, size=15, bold=True, colour=BRAND)
    pdf.ln(1)
    pdf.write_block("P", _("%(hours)s. Or email %(email)s.") % facts, size=11)
    pdf.write_block("P", _("If a child is in immediate danger, call 999."), size=11, bold=True)


def _foot(pdf: LeafletPdf) -> None:
    pdf.set_y(pdf.h - 18)
    facts = {"edition": pdf.label, "page": pdf.page_no(), "pages": 2}
    pdf.write_block("P", _("%(edition)s. Page %(page)d of %(pages)d.") % facts, size=9, colour=QUIET)

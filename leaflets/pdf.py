"""PDFs for print: lists, slips and labels on A4, with a tagged structure, our mark and QR codes.

Typst lays out the PDFs that people read on a screen (core/pdf/). fpdf2 draws these, because it can tell a printer not to scale a
page and not to print on its back, and tell a screen reader a name as it was written.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import IO, Self, cast

import segno
from fpdf import FPDF, ViewerPreferences
from fpdf.enums import Duplex
from fpdf.fonts import TTFFont
from fpdf.output import PDFPage
from fpdf.structure_tree import StructElem, StructureTreeBuilder
from fpdf.syntax import PDFObject

from core.pdf.typesetting import FONTS_DIR, QR_QUIET_ZONE_MODULES, printable_text

# A screen reader finds headings, paragraphs and lists by a PDF's structure tree (ISO 32000-1, 14.7 and 14.8). fpdf2 tags
# pictures only, in a flat tree; this adds text and nested elements by fpdf2's own builder.

Colour = tuple[int, int, int]
MM_PER_POINT = 25.4 / 72


class TagElement(StructElem):
    """`a` is written as it stands: `<</O /Table /Scope /Column>>` of a table's head."""

    __slots__ = ("a",)

    def __init__(self, kind: str, parent: PDFObject, page: int, *, alt: str | None, attributes: str | None) -> None:
        super().__init__(f"/{kind}", parent, [], page, alt=alt)
        self.a = attributes

    def serialize(self, obj_dict: object = None, _security_handler: object = None) -> str:
        """Same output as fpdf2's, which inspects every attribute: too slow for the 8,000 elements of 200 slips. No encryption."""
        facts = {"/Type": self.type, "/S": self.s, "/P": self.p.ref, "/Pg": self.pg.ref, "/A": self.a}  # type: ignore[attr-defined]
        facts["/Alt"] = self.alt.serialize() if self.alt else None
        facts["/K"] = f"[{' '.join(kid.ref if isinstance(kid, StructElem) else str(kid) for kid in self.k)}]"
        return f"{self.id} 0 obj\n<<" + "\n".join(f"{key} {fact}" for key, fact in facts.items() if fact) + ">>\nendobj"


class TagTree(StructureTreeBuilder):
    """`open_elements`: the elements that contain what is drawn next, the outermost first. Only a table may span pages."""

    def __init__(self, pages: dict[int, PDFPage]) -> None:
        super().__init__()
        self.pages = pages
        self.open_elements: list[StructElem] = []
        self.inner: list[StructElem] = []
        self.marks: Counter[int] = Counter()

    def begin(self, kind: str, page: int, *, alt: str | None = None, attributes: str | None = None) -> StructElem:
        """A new element inside the innermost open one."""
        parent = self.open_elements[-1] if self.open_elements else self.doc_struct_elem
        element = TagElement(kind, parent, page, alt=alt, attributes=attributes)
        element.pg = self.pages[page]  # type: ignore[assignment]
        parent.k.append(element)
        if self.open_elements:
            self.inner.append(element)
        return element

    def mark(self, element: StructElem, page: int) -> tuple[int, int]:
        """Makes what is drawn next the element's content. Returns the mark's number on its page, and the page's number."""
        page_marks = self.spid_per_page_number.setdefault(page, len(self.spid_per_page_number))
        number = self.marks[page]
        self.marks[page] += 1
        element.k.append(number)
        self.struct_tree_root.parent_tree.nums[page_marks].append(element)
        return number, page_marks

    def __iter__(self) -> Iterator[PDFObject]:
        yield from super().__iter__()
        yield from self.inner


FONT_FAMILY = "Liberation"
ASCENT, DESCENT = 0.905, 0.212  # of Liberation Sans, in parts of its size
LINE_HEIGHT = 1.2

INK_COLOUR: Colour = (22, 35, 43)
QUIET_COLOUR: Colour = (74, 88, 97)
BRAND_COLOUR: Colour = (11, 74, 84)
WASH_COLOUR: Colour = (233, 238, 237)
HAIRLINE_COLOUR: Colour = (150, 163, 168)
WHITE: Colour = (255, 255, 255)
MAX_WRAPPED_TEXTS = 1_000  # cached: the same titles and sentences stand on most slips


class PrintPdf(FPDF):
    """A4 pages that print unscaled, in a font with all Latin letters. Text is placed by the top left corner of its first line.

    Measures are in millimetres, type sizes in points. It wraps and measures lines itself, because fpdf2's own cells took most of
    the time of 200 slips. Use it with `with`, since fpdf2 leaves its font files open.
    """

    struct_builder: TagTree

    def __init__(self, *, title: str, made_at: datetime, duplex: Duplex | None = None) -> None:
        super().__init__(format="A4")
        self.struct_builder = TagTree(self.pages)
        self.set_auto_page_break(auto=False)
        self.set_title(title)
        self.set_lang("en-GB")
        self.set_author("CTAC")
        self.set_creation_date(made_at)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True, print_scaling="None", duplex=duplex)
        self.add_font(FONT_FAMILY, "", FONTS_DIR / "LiberationSans-Regular.ttf")
        self.add_font(FONT_FAMILY, "B", FONTS_DIR / "LiberationSans-Bold.ttf")
        self.faces = {bold: cast(TTFFont, self.fonts[FONT_FAMILY.lower() + "B" * bold]) for bold in (False, True)}
        self._wrapped = lru_cache(maxsize=MAX_WRAPPED_TEXTS)(self._wrap)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for face in self.faces.values():
            face.ttfont.close()

    def write_operators(self, operators: str) -> None:
        """Write raw operators into the page: fpdf2 has no public way to do marked content, round ends or one filled shape."""
        self._out(operators)

    @contextmanager
    def element(self, kind: str) -> Iterator[None]:
        """Puts everything tagged inside into one element of this kind: 'Table', 'TR'."""
        tree = self.struct_builder
        tree.open_elements.append(tree.begin(kind, self.page))
        yield
        tree.open_elements.pop()

    @contextmanager
    def tagged(self, kind: str, text: str | None, *, attributes: str | None = None, alt: str | None = None) -> Iterator[None]:
        """Everything drawn inside is one element of this kind ('H1', 'P'). Screen readers read `text`, or if None the letters.

        The text is given whole, because lines that are drawn one by one would be read without the space between them. A 'Figure'
        has an `alt`.
        """
        element = self.struct_builder.begin(kind, self.page, alt=alt, attributes=attributes)
        number, self.pages[self.page].struct_parents = self.struct_builder.mark(element, self.page)
        spoken = "" if text is None else f" /ActualText <feff{text.encode('utf-16-be').hex()}>"
        self.write_operators(f"/{kind} <</MCID {number}{spoken}>> BDC")
        yield
        self.write_operators("EMC")

    @contextmanager
    def decoration(self) -> Iterator[None]:
        """Marks what is drawn inside as decoration, which a screen reader skips."""
        self.write_operators("/Artifact BMC")
        yield
        self.write_operators("EMC")

    def draw_panel(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        with self.decoration():
            self.set_fill_color(*colour)
            self.rect(x, y, width, height, style="F")

    def text_width(self, text: str, *, size: float, bold: bool = False) -> float:
        """Millimetres that a printable text takes."""
        widths = self.faces[bold].cw
        return sum([widths[ord(letter)] for letter in text]) * size * MM_PER_POINT / 1000

    def wrap_text(self, text: str, *, size: float, width: float, bold: bool = False) -> Sequence[str]:
        """The lines of a printable text; a word that is wider than the line is broken where it must be."""
        return self._wrapped(text, size, width, bold)

    def _wrap(self, text: str, size: float, width: float, bold: bool) -> Sequence[str]:
        def wide(part: str) -> float:
            return self.text_width(part, size=size, bold=bold)

        lines, end, space = [""], 0.0, wide(" ")
        for word in text.split(" "):
            takes = wide(word)
            if lines[-1] and end + space + takes <= width:
                lines[-1], end = f"{lines[-1]} {word}", end + space + takes
                continue
            if takes <= width:
                lines.append(word)
            else:
                lines.append("")
                for letter in word:
                    if lines[-1] and wide(lines[-1] + letter) > width:
                        lines.append("")
                    lines[-1] += letter
            end = wide(lines[-1])
        return [line for line in lines if line] or [""]

    def draw_line(
        self,
        text: str,
        x: float,
        y: float,
        *,
        size: float,
        bold: bool = False,
        colour: Colour = INK_COLOUR,
        leading: float = LINE_HEIGHT,
    ) -> None:
        """One line of printable text, in the middle of a line whose height is `leading` times the size."""
        self.set_font(FONT_FAMILY, "B" if bold else "", size)
        self.set_text_color(*colour)
        above = (leading - ASCENT - DESCENT) / 2 + ASCENT
        self.text(x, y + above * size * MM_PER_POINT, text)

    def draw_paragraph(
        self,
        kind: str,
        text: str,
        x: float,
        y: float,
        *,
        width: float,
        size: float,
        bold: bool = False,
        colour: Colour = INK_COLOUR,
        leading: float = LINE_HEIGHT,
        right: bool = False,
        attributes: str | None = None,
    ) -> float:
        """A tagged paragraph, wrapped; with `right` it ends at the right of its width. Returns where the next may begin."""
        with self.tagged(kind, text, attributes=attributes):
            for line in self.wrap_text(printable_text(text), size=size, width=width, bold=bold):
                left = x + width - self.text_width(line, size=size, bold=bold) if right else x
                self.draw_line(line, left, y, size=size, bold=bold, colour=colour, leading=leading)
                y += size * leading * MM_PER_POINT
        return y

    def line_count(self, text: str, *, size: float, width: float, bold: bool = False) -> int:
        """The number of lines that `draw_paragraph` would take."""
        return len(self.wrap_text(printable_text(text), size=size, width=width, bold=bold))

    def to_file(self) -> IO[bytes]:
        """A temporary file that is gone once it is closed, to be read from its beginning."""
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        self.output(file)
        file.seek(0)
        return file


ACCENT_COLOUR: Colour = (244, 180, 69)


def draw_mark(pdf: PrintPdf, x: float, y: float, *, size: float) -> None:
    """As in static/img/mark.svg, 32 units wide, on a square `size` millimetres wide."""
    unit = size / 32

    def at(*points: tuple[float, float]) -> list[tuple[float, float]]:
        return [(x + across * unit, y + down * unit) for across, down in points]

    with pdf.decoration(), pdf.local_context():
        pdf.set_fill_color(*BRAND_COLOUR)
        pdf.rect(x, y, size, size, style="F", round_corners=True, corner_radius=size * 3 / 14)
        pdf.set_draw_color(*WHITE)
        pdf.set_line_width(4.5 * unit)
        pdf.write_operators("1 J 1 j")  # round ends
        pdf.bezier(at((7, 28), (7, 20), (10, 18), (15, 17)), style="D")
        pdf.bezier(at((15, 17), (20, 16), (22, 14.5), (22, 10)), style="D")
        pdf.set_fill_color(*ACCENT_COLOUR)
        ((left, top),) = at((22, 8))
        pdf.circle(left, top, 4.5 * unit, style="F")


VARYING_URL_CHARACTERS = 12  # at the end of the address of an order's page: its reference


def draw_qr_code(pdf: PrintPdf, url: str, x: float, y: float, size: float, *, alt: str) -> None:
    """Draws one shape, sharp at every size. `size` includes the quiet edge. Readable with 15% of it torn or smudged."""
    code = segno.make(url, error="m", micro=False, mask=_qr_mask(url[:-VARYING_URL_CHARACTERS] + "0" * VARYING_URL_CHARACTERS))
    rows = [list(row) for row in code.matrix]
    points = size * pdf.k / (len(rows) + 2 * QR_QUIET_ZONE_MODULES)
    left, top = x * pdf.k + QR_QUIET_ZONE_MODULES * points, (pdf.h - y) * pdf.k - QR_QUIET_ZONE_MODULES * points
    with pdf.tagged("Figure", None, alt=alt):
        pdf.write_operators(f"q 0 g {points:.4f} 0 0 {-points:.4f} {left:.3f} {top:.3f} cm")
        rectangles = []  # one for each run of dark modules in a row
        for down, row in enumerate(rows):
            across = 0
            for dark, run in groupby(row):
                length = len(list(run))
                if dark:
                    rectangles.append(f"{across} {down} {length} 1 re")
                across += length
        pdf.write_operators(" ".join(rectangles) + " f Q")


@lru_cache(maxsize=8)
def _qr_mask(page: str) -> int:
    """One mask for all codes of a page: readers take any, and choosing one for each code took two fifths of a print (ADR 19)."""
    return int(segno.make(page, error="m", micro=False).mask)

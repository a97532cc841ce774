"""A PDF whose text has a structure, so that a screen reader finds headings, paragraphs and lists in their order.

fpdf2 tags pictures only, in a flat tree; this adds text and elements inside elements by the builder that it uses itself
(ISO 32000-1, 14.7 and 14.8).
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from fpdf import FPDF, ViewerPreferences
from fpdf.enums import MethodReturnValue
from fpdf.output import PDFPage
from fpdf.structure_tree import StructElem, StructureTreeBuilder
from fpdf.syntax import PDFObject

Colour = tuple[int, int, int]
MM_A_POINT = 25.4 / 72


class Element(StructElem):
    """`a` is written as it stands: `<</O /Table /Scope /Column>>` of a table's head."""

    __slots__ = ("a",)

    def __init__(self, kind: str, parent: PDFObject, page: int, *, alt: str | None, attributes: str | None) -> None:
        super().__init__(f"/{kind}", parent, [], page, alt=alt)
        self.a = attributes

    def serialize(self, obj_dict: object = None, _security_handler: object = None) -> str:
        """As fpdf2 would, which looks through all that an object has; 200 slips have 8,000 elements. No password."""
        facts = {"/Type": self.type, "/S": self.s, "/P": self.p.ref, "/Pg": self.pg.ref, "/A": self.a}  # type: ignore[attr-defined]
        facts["/Alt"] = self.alt.serialize() if self.alt else None
        facts["/K"] = f"[{' '.join(kid.ref if isinstance(kid, StructElem) else str(kid) for kid in self.k)}]"
        return f"{self.id} 0 obj\n<<" + "\n".join(f"{key} {fact}" for key, fact in facts.items() if fact) + ">>\nendobj"


class Tree(StructureTreeBuilder):
    """`open_elements` are those that what is drawn next belongs to, outermost first. A table may go on over pages; a paragraph,
    or whatever else is drawn as one mark, stands on one."""

    def __init__(self, pages: dict[int, PDFPage]) -> None:
        super().__init__()
        self.pages = pages
        self.open_elements: list[StructElem] = []
        self.inner: list[StructElem] = []
        self.marks: Counter[int] = Counter()

    def begin(self, kind: str, page: int, *, alt: str | None = None, attributes: str | None = None) -> StructElem:
        """A new element where we are now."""
        parent = self.open_elements[-1] if self.open_elements else self.doc_struct_elem
        element = Element(kind, parent, page, alt=alt, attributes=attributes)
        element.pg = self.pages[page]  # type: ignore[assignment]
        parent.k.append(element)
        if self.open_elements:
            self.inner.append(element)
        return element

    def mark(self, element: StructElem, page: int) -> tuple[int, int]:
        """What is drawn next is the element's content. The numbers of the mark on its page and of the page's marks."""
        page_marks = self.spid_per_page_number.setdefault(page, len(self.spid_per_page_number))
        number = self.marks[page]
        self.marks[page] += 1
        element.k.append(number)
        self.struct_tree_root.parent_tree.nums[page_marks].append(element)
        return number, page_marks

    def __iter__(self) -> Iterator[PDFObject]:
        yield from super().__iter__()
        yield from self.inner


class TaggedPdf(FPDF):
    """Measures are millimetres, sizes of type are points."""

    struct_builder: Tree

    def __init__(self, *, title: str, made_at: datetime) -> None:
        super().__init__(format="A4")
        self.struct_builder = Tree(self.pages)
        self.core_fonts_encoding = "windows-1252"  # typographic quotes; the fonts' own encoding is the same
        self.set_auto_page_break(auto=False)
        self.set_title(title)
        self.set_lang("en-GB")
        self.set_author("CTAC")
        self.set_creation_date(made_at)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True)
        self.c_margin = 0  # text begins where it is placed, in line with what is drawn

    def operate(self, operators: str) -> None:
        """Write operators into the page: for marked content, round ends and one filled shape fpdf2 has no public way."""
        self._out(operators)

    @contextmanager
    def element(self, kind: str) -> Iterator[None]:
        """What is tagged inside belongs to one element of this kind: 'L', 'LI'."""
        tree = self.struct_builder
        tree.open_elements.append(tree.begin(kind, self.page))
        yield
        tree.open_elements.pop()

    @contextmanager
    def tagged(self, kind: str, text: str | None, *, attributes: str | None = None) -> Iterator[None]:
        """What is drawn inside is one element of this kind ('H1', 'P') and reads so; without a text, as its letters stand.

        The text is given whole, because lines that are drawn one by one would be read as if no space stood between.
        """
        number = self._marked(self.struct_builder.begin(kind, self.page, attributes=attributes))
        spoken = "" if text is None else f" /ActualText <feff{text.encode('utf-16-be').hex()}>"
        self.operate(f"/{kind} <</MCID {number}{spoken}>> BDC")
        yield
        self.operate("EMC")

    @contextmanager
    def figure(self, alt: str) -> Iterator[None]:
        """What is drawn inside is a picture that shows this."""
        number = self._marked(self.struct_builder.begin("Figure", self.page, alt=alt))
        self.operate(f"/Figure <</MCID {number}>> BDC")
        yield
        self.operate("EMC")

    def _marked(self, element: StructElem) -> int:
        number, self.pages[self.page].struct_parents = self.struct_builder.mark(element, self.page)
        return number

    @contextmanager
    def decoration(self) -> Iterator[None]:
        """Drawn for the eye only."""
        self.operate("/Artifact BMC")
        yield
        self.operate("EMC")

    def panel(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        with self.decoration():
            self.set_fill_color(*colour)
            self.rect(x, y, width, height, style="F")

    def write_block(
        self, kind: str, text: str, *, size: float, colour: Colour, bold: bool = False, width: float = 0, leading: float = 1.35
    ) -> None:
        """A paragraph from here, `width` wide (0: to the right margin); what comes next starts below, at the same left edge."""
        with self.tagged(kind, text):
            self.draw_text(text, size=size, colour=colour, bold=bold, width=width, leading=leading)

    def draw_text(
        self, text: str, *, size: float, colour: Colour, bold: bool = False, width: float = 0, leading: float = 1.35
    ) -> None:
        """The ink alone, for inside `tagged` or `decoration`."""
        left = self.x
        self.set_font("Helvetica", "B" if bold else "", size)
        self.set_text_color(*colour)
        self.multi_cell(width, size * leading * MM_A_POINT, text, align="L", new_x="LMARGIN", new_y="NEXT")
        self.set_x(left)

    def height_of(self, text: str, *, size: float, width: float, bold: bool = False, leading: float = 1.35) -> float:
        """What draw_text would take."""
        self.set_font("Helvetica", "B" if bold else "", size)
        height = self.multi_cell(
            width, size * leading * MM_A_POINT, text, align="L", dry_run=True, output=MethodReturnValue.HEIGHT
        )
        return float(height)  # type: ignore[arg-type]

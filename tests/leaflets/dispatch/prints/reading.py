"""A printed PDF as others read it: PDFium, which browsers use, for its text, its structure and its picture."""

import ctypes
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import IO, Any

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageOps

Box = tuple[float, float, float, float]  # left, top, right, bottom, in mm from the left upper corner
MM = 72 / 25.4


class Read:
    """Closes what it opens; pages are numbered from 0."""

    def __init__(self, file: IO[bytes]) -> None:
        with file:
            self.content = file.read()

    def __enter__(self) -> "Read":
        self.document = pypdfium2.PdfDocument(self.content)
        self.opened: list[Any] = []
        return self

    def __exit__(self, *_what: object) -> None:
        for each in reversed(self.opened):
            each.close()
        self.document.close()

    def _kept(self, thing: Any) -> Any:
        self.opened.append(thing)
        return thing

    def page(self, number: int) -> Any:
        return self._kept(self.document[number])

    def texts(self) -> list[str]:
        """Of each page, on one line."""
        pages = (self._kept(self.page(number).get_textpage()) for number in range(len(self.document)))
        return [" ".join(page.get_text_range().split()) for page in pages]

    def text_in(self, number: int, box: Box) -> str:
        page = self.page(number)
        left, top, right, bottom = (side * MM for side in box)
        height = page.get_height()
        text = self._kept(page.get_textpage()).get_text_bounded(left, height - bottom, right, height - top)
        return " ".join(text.split())

    def picture(self, number: int, dots_per_inch: int = 100) -> Image.Image:
        return self.page(number).render(scale=dots_per_inch / 72).to_pil().convert("RGB")

    def tree(self, number: int) -> list[Any]:
        """What stands in the document on this page: (kind, alternative text, children) within each other."""
        tree = pdfium.FPDF_StructTree_GetForPage(self.page(number).raw)
        try:
            count = pdfium.FPDF_StructTree_CountChildren(tree)
            ((kind, _alt, inner),) = [_element(pdfium.FPDF_StructTree_GetChildAtIndex(tree, place)) for place in range(count)]
        finally:
            pdfium.FPDF_StructTree_Close(tree)
        assert kind == "Document"
        return inner

    def spoken(self) -> list[tuple[str, str]]:
        """What a screen reader is given, in order: the kind of each paragraph, heading, cell or label, and its words."""
        return [said for number in range(len(self.document)) for said in self._spoken_on(number)]

    def _spoken_on(self, number: int) -> list[tuple[str, str]]:
        page, words = self.page(number), self._words(number)
        tree = pdfium.FPDF_StructTree_GetForPage(page.raw)
        try:
            count = pdfium.FPDF_StructTree_CountChildren(tree)
            tops = [pdfium.FPDF_StructTree_GetChildAtIndex(tree, place) for place in range(count)]
            return [(kind, text) for top in tops for kind, text in _paragraphs(top, words) if text]
        finally:
            pdfium.FPDF_StructTree_Close(tree)

    def _words(self, number: int) -> dict[int, str]:
        """Of a page, by the number of the mark that they stand in; -1 is what stands in none."""
        page, words = self.page(number), defaultdict[int, str](str)
        textpage = self._kept(page.get_textpage())
        for each in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT]):
            words[pdfium.FPDFPageObj_GetMarkedContentID(each.raw)] += _said(
                lambda it, buffer, size: pdfium.FPDFTextObj_GetText(
                    it, textpage.raw, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size
                ),
                each.raw,
            )
        return words

    def drawn_outside(self) -> int:
        """How many things on all pages are neither an element's content nor decoration."""
        objects = [each.raw for number in range(len(self.document)) for each in self.page(number).get_objects(max_depth=1)]
        return sum(pdfium.FPDFPageObj_GetMarkedContentID(each) < 0 and "Artifact" not in _marks(each) for each in objects)


PARAGRAPHS = frozenset({"P", "TH", "TD", "Lbl", "LBody", "Figure", *(f"H{level}" for level in range(1, 7))})


def _paragraphs(element: Any, words: dict[int, str]) -> Iterator[tuple[str, str]]:
    """The innermost ones with all their words; a heading is one, whatever is in it."""
    kind, _alt, inner = described = _element(element)
    heading = kind[0] == "H" and kind in PARAGRAPHS
    if heading or not any(within in PARAGRAPHS for within in _kinds(inner)):
        text = " ".join(_words_of(element, words).replace("\u200b", "").split())
        yield kind, text or described[1]
        return
    for place in range(pdfium.FPDF_StructElement_CountChildren(element)):
        child = pdfium.FPDF_StructElement_GetChildAtIndex(element, place)
        if child:
            yield from _paragraphs(child, words)


def _kinds(elements: list[Any]) -> Iterator[str]:
    for kind, _alt, inner in elements:
        yield kind
        yield from _kinds(inner)


def _words_of(element: Any, words: dict[int, str]) -> str:
    text = ""
    for place in range(pdfium.FPDF_StructElement_CountChildren(element)):
        child = pdfium.FPDF_StructElement_GetChildAtIndex(element, place)
        mark = pdfium.FPDF_StructElement_GetChildMarkedContentID(element, place)
        # A mark of another page is -1 here.
        text += _words_of(child, words) + " " * (_element(child)[0] == "P") if child else words.get(mark, "") if mark >= 0 else ""
    return text


def _marks(each: Any) -> set[str]:
    marks = (pdfium.FPDFPageObj_GetMark(each, place) for place in range(pdfium.FPDFPageObj_CountMarks(each)))
    return {_named(mark) for mark in marks}


def _named(mark: Any) -> str:
    size = ctypes.c_ulong()
    buffer = (ctypes.c_ushort * 50)()
    pdfium.FPDFPageObjMark_GetName(mark, buffer, 100, ctypes.byref(size))
    return bytes(buffer)[: max(0, size.value - 2)].decode("utf-16-le")


def _element(element: Any) -> tuple[str, str, list[Any]]:
    count = pdfium.FPDF_StructElement_CountChildren(element)
    inner = (pdfium.FPDF_StructElement_GetChildAtIndex(element, place) for place in range(count))
    kind, alt = (_said(ask, element) for ask in (pdfium.FPDF_StructElement_GetType, pdfium.FPDF_StructElement_GetAltText))
    return kind, alt, [_element(each) for each in inner if each]


def _said(ask: Callable[[Any, Any, int], int], element: Any) -> str:
    size = ask(element, None, 0)
    buffer = ctypes.create_string_buffer(size)
    ask(element, buffer, size)
    return buffer.raw[: max(0, size - 2)].decode("utf-16-le")


def every(tree: list[Any], kind: str) -> Iterator[tuple[str, str, list[Any]]]:
    for element in tree:
        if element[0] == kind:
            yield element
        yield from every(element[2], kind)


def ink(picture: Image.Image, box: Box | None = None) -> Box | None:
    """Where in the box something is printed, in mm of the page; None if nothing is."""
    mm = 210 / picture.width
    left, top, right, bottom = (round(side / mm) for side in box) if box else (0, 0, *picture.size)
    part = ImageOps.invert(picture.convert("L")).crop((left, top, right, bottom)).point(lambda dark: 255 if dark > 40 else 0)
    found = part.getbbox()
    return found and ((left + found[0]) * mm, (top + found[1]) * mm, (left + found[2]) * mm, (top + found[3]) * mm)


def whitened(picture: Image.Image, box: Box) -> None:
    mm = 210 / picture.width
    left, top, right, bottom = (round(side / mm) for side in box)
    picture.paste((255, 255, 255), (left, top, right, bottom))

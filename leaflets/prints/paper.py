"""A4 paper to print on: fonts that have every Latin letter, and lines that are measured by the same figures as they are drawn by.

fpdf2's own cells wrap and measure as well, but slowly: of 200 slips they took most of the time.
"""

import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import IO, Self, cast

from fpdf import ViewerPreferences
from fpdf.enums import Duplex
from fpdf.fonts import TTFFont

from leaflets.prints.letters import printable
from leaflets.tagged_pdf import MM_A_POINT, Colour, TaggedPdf

FONTS = Path(str(files("leaflets"))) / "fonts"
FAMILY = "Liberation"
ASCENT, DESCENT = 0.905, 0.212  # of Liberation Sans, in parts of its size
LEADING = 1.2

INK: Colour = (22, 35, 43)
QUIET: Colour = (74, 88, 97)
BRAND: Colour = (11, 74, 84)
WASH: Colour = (233, 238, 237)
HAIRLINE: Colour = (150, 163, 168)
PAPER: Colour = (255, 255, 255)
SAID_AGAIN = 1_000  # texts that are wrapped once: the same titles and words stand on most slips


class PrintPdf(TaggedPdf):
    """Text is placed by the left upper corner of its first line. Printers are asked not to scale: places matter.

    To be used by `with`: fpdf2 reads its fonts as it needs them, and leaves their files open.
    """

    def __init__(self, *, title: str, made_at: datetime, duplex: Duplex | None = None) -> None:
        super().__init__(title=title, made_at=made_at)
        self.viewer_preferences = ViewerPreferences(display_doc_title=True, print_scaling="None", duplex=duplex)
        self.add_font(FAMILY, "", FONTS / "LiberationSans-Regular.ttf")
        self.add_font(FAMILY, "B", FONTS / "LiberationSans-Bold.ttf")
        self.faces = {bold: cast(TTFFont, self.fonts[FAMILY.lower() + "B" * bold]) for bold in (False, True)}
        self._wrapped = lru_cache(maxsize=SAID_AGAIN)(self._wrap)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for face in self.faces.values():
            face.ttfont.close()

    def printable(self, text: str) -> str:
        return printable(text, self.faces[False].cmap)

    def width_of(self, text: str, *, size: float, bold: bool = False) -> float:
        """Millimetres that a printable text takes."""
        widths = self.faces[bold].cw
        return sum([widths[ord(letter)] for letter in text]) * size * MM_A_POINT / 1000

    def wrapped(self, text: str, *, size: float, width: float, bold: bool = False) -> Sequence[str]:
        """The lines of a printable text; a word that is wider than the line is broken where it must be."""
        return self._wrapped(text, size, width, bold)

    def _wrap(self, text: str, size: float, width: float, bold: bool) -> Sequence[str]:
        def wide(part: str) -> float:
            return self.width_of(part, size=size, bold=bold)

        lines, end, space = [""], 0.0, wide(" ")
        for word in text.split(" "):
            takes = wide(word)
            if lines[-1] and end + space + takes <= width:
                lines[-1], end = f"{lines[-1]} {word}", end + space + takes
                continue
            lines += _broken(word, lambda part: wide(part) <= width) if takes > width else [word]
            end = wide(lines[-1])
        return [line for line in lines if line] or [""]

    def draw_line(
        self, text: str, x: float, y: float, *, size: float, bold: bool = False, colour: Colour = INK, leading: float = LEADING
    ) -> None:
        """One line of printable text; the letters stand in the middle of a line that is `leading` times their size high."""
        self.set_font(FAMILY, "B" if bold else "", size)
        self.set_text_color(*colour)
        above = (leading - ASCENT - DESCENT) / 2 + ASCENT
        self.text(x, y + above * size * MM_A_POINT, text)

    def say(
        self,
        kind: str,
        text: str,
        x: float,
        y: float,
        *,
        width: float,
        size: float,
        bold: bool = False,
        colour: Colour = INK,
        leading: float = LEADING,
        right: bool = False,
        attributes: str | None = None,
    ) -> float:
        """A tagged paragraph, wrapped; with `right` it ends at the right of its width. Says where the next may begin."""
        with self.tagged(kind, text, attributes=attributes):
            for line in self.wrapped(self.printable(text), size=size, width=width, bold=bold):
                left = x + width - self.width_of(line, size=size, bold=bold) if right else x
                self.draw_line(line, left, y, size=size, bold=bold, colour=colour, leading=leading)
                y += size * leading * MM_A_POINT
        return y

    def lines_of(self, text: str, *, size: float, width: float, bold: bool = False) -> int:
        """How many lines `say` would take."""
        return len(self.wrapped(self.printable(text), size=size, width=width, bold=bold))

    def written(self) -> IO[bytes]:
        """A temporary file that is gone once it is closed, to be read from its beginning."""
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        self.output(file)
        file.seek(0)
        return file


def _broken(word: str, fits: Callable[[str], bool]) -> list[str]:
    parts = [""]
    for letter in word:
        if parts[-1] and not fits(parts[-1] + letter):
            parts.append("")
        parts[-1] += letter
    return parts

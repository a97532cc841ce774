"""PDFs typeset by Typst: tagged (PDF/UA-1), in a font with every Latin letter, from the templates in templates/pdf/.

A template gets what it prints as data, never as markup: nothing that somebody typed is interpreted.
"""

import json
import unicodedata
from datetime import datetime
from functools import cache
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

import segno
from anyascii import anyascii
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from ctac.pages import FACTS

FONTS = Path(__file__).parent / "fonts"
QUIET_MODULES = 4  # of empty paper around a QR code (ISO/IEC 18004)
TEMPLATES = Path(settings.BASE_DIR) / "templates" / "pdf"


def typeset(template: str, data: dict[str, Any], *, made_at: datetime) -> bytes:
    """The bytes of the PDF; the same data give the same bytes. The data's `title` is the document's."""
    import typst  # 20 MB, so not before a process makes its first PDF

    return typst.compile(
        TEMPLATES / f"{template}.typ",
        root=TEMPLATES,
        font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS]),
        sys_inputs={"data": json.dumps({"charity": charity_line(), **data}), "language": (get_language() or "en")[:2]},
        format="pdf",
        pdf_standards="ua-1",
        timestamp=int(made_at.timestamp()),
    )


def charity_line() -> str:
    """Who is responsible for what is printed."""
    return _("%(name)s. Registered charity %(number)s. %(address)s") % FACTS["charity"]()


@cache
def template_digest() -> str:
    """Of all templates, so that what was made by others is made anew."""
    return sha256(b"".join(path.read_bytes() for path in sorted(TEMPLATES.glob("*.typ")))).hexdigest()


UNPRINTABLE = "\N{WHITE SQUARE}"  # shows that a letter stood here which neither font nor transliteration knows
RIGHT_TO_LEFT_CLASSES = frozenset({"R", "AL"})
INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf"})  # control characters, joiners, marks of direction: nothing on paper


@cache
def font_letters() -> frozenset[int]:
    """The code points that both of our faces have."""
    from fontTools.ttLib import TTFont  # plain English never asks for it

    faces = (TTFont(path) for path in FONTS.glob("*.ttf"))
    return frozenset.intersection(*(frozenset(face.getBestCmap()) for face in faces))


def printable(text: str) -> str:
    """On one line, in letters of our font; others are transliterated, and nothing becomes '?' (ADR 19).

    What is read from the right is transliterated even where the font has it: unjoined and backwards nobody could read it.
    """
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if text.isascii() and text.isprintable():
        return text
    visible = (letter for letter in text if unicodedata.category(letter) not in INVISIBLE_CATEGORIES)
    runs = groupby(
        visible,
        key=lambda letter: ord(letter) in font_letters() and unicodedata.bidirectional(letter) not in RIGHT_TO_LEFT_CLASSES,
    )
    words = "".join("".join(run) if kept else _in_latin("".join(run)) for kept, run in runs)
    return " ".join(words.split())


def is_read_from_right(letter: str) -> bool:
    return unicodedata.bidirectional(letter) in RIGHT_TO_LEFT_CLASSES


def _in_latin(letters: str) -> str:
    """Transliterated. Some letters are silent, but not all of a run is. Arabic comes without capitals, so each word gets one."""
    text = ""
    for letter in letters:
        latin = anyascii(letter)
        if not unicodedata.category(letter).startswith("P"):
            # A sound that Latin letters don't have is an apostrophe. Beyond U+FFFF, where rare ideographs are, none is silent.
            latin = latin.replace("?", "'").replace("`", "'") or (UNPRINTABLE if letter > "\uffff" else "")
        text += latin
    return " ".join(word[:1].upper() + word[1:] for word in (text or UNPRINTABLE).split(" "))


def qr_code(url: str) -> dict[str, str]:
    """A code for phones, as `code` in house.typ draws it. With 15% of it torn or smudged it can still be read."""
    svg = segno.make(url, error="m", micro=False).svg_inline(border=QUIET_MODULES, light="#fff", omitsize=True)
    return {"svg": svg, "alt": _("QR code that opens %(link)s") % {"link": url}}

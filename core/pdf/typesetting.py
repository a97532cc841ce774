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
from django.utils.translation import get_language, gettext as _

from core.pages import SITE_FACTS

FONTS_DIR = Path(__file__).parent / "fonts"
QR_QUIET_ZONE_MODULES = 4  # of empty paper around a QR code (ISO/IEC 18004)
TEMPLATES_DIR = Path(settings.BASE_DIR) / "templates" / "pdf"


def render_pdf(template: str, data: dict[str, Any], *, made_at: datetime) -> bytes:
    """The PDF. The same data give the same bytes, and their `title` is the document's title."""
    import typst  # 20 MB, so not before a process makes its first PDF

    return typst.compile(
        TEMPLATES_DIR / f"{template}.typ",
        root=TEMPLATES_DIR,
        font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS_DIR]),
        sys_inputs={"data": json.dumps({"charity": charity_line(), **data}), "language": (get_language() or "en")[:2]},
        format="pdf",
        pdf_standards="ua-1",
        timestamp=int(made_at.timestamp()),
    )


def charity_line() -> str:
    """Who is responsible for what is printed."""
    return _("%(name)s. Registered charity %(number)s. %(address)s") % SITE_FACTS["charity"]()


@cache
def template_digest() -> str:
    """The digest of all templates, so that PDFs are made again when one changes."""
    return sha256(b"".join(path.read_bytes() for path in sorted(TEMPLATES_DIR.glob("*.typ")))).hexdigest()


UNPRINTABLE_SIGN = "\N{WHITE SQUARE}"  # stands for a letter that neither the font nor the transliteration has
RIGHT_TO_LEFT_CLASSES = frozenset({"R", "AL"})
INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf"})  # control characters, joiners, marks of direction


@cache
def font_letters() -> frozenset[int]:
    """The code points that both faces of our font have."""
    from fontTools.ttLib import TTFont  # plain English never asks for it

    faces = (TTFont(path) for path in FONTS_DIR.glob("*.ttf"))
    return frozenset.intersection(*(frozenset(face.getBestCmap()) for face in faces))


def printable_text(text: str) -> str:
    """The text on one line, with letters that our font doesn't have transliterated (ADR 19).

    Scripts that are read from the right always are: the font would print them backwards and unjoined.
    """
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if text.isascii() and text.isprintable():
        return text
    visible = (letter for letter in text if unicodedata.category(letter) not in INVISIBLE_CATEGORIES)
    runs = groupby(
        visible,
        key=lambda letter: ord(letter) in font_letters() and unicodedata.bidirectional(letter) not in RIGHT_TO_LEFT_CLASSES,
    )
    words = "".join("".join(run) if kept else _transliterate("".join(run)) for kept, run in runs)
    return " ".join(words.split())


def is_right_to_left(letter: str) -> bool:
    return unicodedata.bidirectional(letter) in RIGHT_TO_LEFT_CLASSES


def _transliterate(letters: str) -> str:
    """The letters transliterated, each word with a capital, as Arabic has none."""
    text = ""
    for letter in letters:
        latin = anyascii(letter)
        if not unicodedata.category(letter).startswith("P"):
            # A sound that Latin doesn't have becomes an apostrophe. Silent letters vanish, but no rare ideograph (beyond U+FFFF).
            latin = latin.replace("?", "'").replace("`", "'") or (UNPRINTABLE_SIGN if letter > "\uffff" else "")
        text += latin
    return " ".join(word[:1].upper() + word[1:] for word in (text or UNPRINTABLE_SIGN).split(" "))


def qr_code(url: str) -> dict[str, str]:
    """A QR code for `code` in house.typ. Phones can read it with 15% of it damaged."""
    svg = segno.make(url, error="m", micro=False).svg_inline(border=QR_QUIET_ZONE_MODULES, light="#fff", omitsize=True)
    return {"svg": svg, "alt": _("QR code that opens %(link)s") % {"link": url}}

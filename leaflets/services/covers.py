"""The picture of an edition's first page, beside its PDF, and on which paper it is."""

import logging
import struct
import subprocess
import sys
from dataclasses import dataclass

from django.conf import settings
from django.core.files.base import ContentFile

from leaflets.models import Edition, paper_of

logger = logging.getLogger(__name__)
PATIENCE = 30  # seconds


@dataclass(frozen=True)
class FirstPage:
    """Its width and height in points, and a WebP of it."""

    width: float
    height: float
    picture: bytes


def make_cover(*, edition: Edition) -> bool:
    """Draw it and keep it, with the size of the paper. A picture that is there stays.

    False, and logged, if the file isn't there or PDFium can't read it: the edition is then shown without picture and size.
    """
    seen = seen_of(edition)
    size = size_of(seen.picture) if seen else None
    if seen is None or size is None:
        logger.warning("no picture could be made of the first page of edition %s", edition.pk)
        return False
    edition.paper = paper_of(seen.width, seen.height)
    if not edition.cover:
        edition.cover.save(f"{edition.leaflet.slug}.webp", ContentFile(seen.picture), save=False)
        edition.cover_width, edition.cover_height = size
    edition.save(update_fields=["paper", "cover", "cover_width", "cover_height"])
    return True


def seen_of(edition: Edition) -> FirstPage | None:
    try:
        with edition.pdf.open("rb") as pdf:
            return first_page(pdf.read())
    except OSError:
        return None


def first_page(content: bytes) -> FirstPage | None:
    """None if it can't be drawn, or not in time."""
    words = [sys.executable, "-m", "leaflets.first_page"]
    try:
        done = subprocess.run(words, input=content, capture_output=True, cwd=settings.BASE_DIR, timeout=PATIENCE, check=True)
        said, _newline, picture = done.stdout.partition(b"\n")
        width, height = map(float, said.split())
    except (subprocess.SubprocessError, OSError, ValueError):
        return None
    return FirstPage(width, height, picture)


def size_of(webp: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a lossy WebP, by its frame header (RFC 6386, 9.1); None if it is none."""
    if webp[:4] != b"RIFF" or webp[8:16] != b"WEBPVP8 " or len(webp) < 30:
        return None
    width, height = struct.unpack("<HH", webp[26:30])
    return width & 0x3FFF, height & 0x3FFF

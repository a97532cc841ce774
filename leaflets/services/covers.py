"""The picture of an edition's first page, beside its PDF."""

import logging
import struct
import subprocess
import sys

from django.conf import settings
from django.core.files.base import ContentFile

from leaflets.models import Edition

logger = logging.getLogger(__name__)
PATIENCE = 30  # seconds


def make_cover(*, edition: Edition) -> bool:
    """Draw it and keep it. False, and logged, if PDFium can't read the file: the edition is then shown without a picture."""
    with edition.pdf.open("rb") as pdf:
        drawn = first_page(pdf.read())
    size = size_of(drawn)
    if size is None:
        logger.warning("no picture could be made of the first page of edition %s", edition.pk)
        return False
    edition.cover.save(f"{edition.leaflet.slug}.webp", ContentFile(drawn), save=False)
    edition.cover_width, edition.cover_height = size
    edition.save(update_fields=["cover", "cover_width", "cover_height"])
    return True


def first_page(content: bytes) -> bytes:
    """Nothing if it can't be drawn, or not in time."""
    words = [sys.executable, "-m", "leaflets.first_page"]
    try:
        done = subprocess.run(words, input=content, capture_output=True, cwd=settings.BASE_DIR, timeout=PATIENCE, check=True)
    except (subprocess.SubprocessError, OSError):
        return b""
    return done.stdout


def size_of(webp: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a lossy WebP, by its frame header (RFC 6386, 9.1); None if it is none."""
    if webp[:4] != b"RIFF" or webp[8:16] != b"WEBPVP8 " or len(webp) < 30:
        return None
    width, height = struct.unpack("<HH", webp[26:30])
    return width & 0x3FFF, height & 0x3FFF

"""`python -m leaflets.catalogue.cover`: reads a PDF from stdin; writes its first page's size and picture to stdout.

It runs in its own process: PDFium is a large C++ library that reads files from outside, so neither its memory nor a crash on a
broken file may touch the web server. It does not load Django and starts in a fifth of a second.
"""

import contextlib
import io
import resource
import sys

import pypdfium2

COVER_WIDTH = 240  # pixels, twice the width on the page
MAX_COVER_BYTES = 15_000  # bytes
MAX_COVER_HEIGHT = 480  # pixels; of a page that is longer the top is shown
MAX_MEMORY = 1 << 30  # bytes of this process
MAX_SECONDS = 20  # of its processor


def page_size(page: pypdfium2.PdfPage) -> tuple[float, float]:
    """The width and height in points as seen: of the trimmed page if it has a TrimBox (ISO 32000-2, 14.11.2), or of all.

    PDFium finds only a page's own TrimBox; other boxes may be inherited, which only its width and height see.
    """
    trimmed = page.get_trimbox(fallback_ok=False)
    if trimmed is None:
        return page.get_width(), page.get_height()
    left, bottom, right, top = trimmed
    width, height = abs(right - left), abs(top - bottom)
    return (height, width) if page.get_rotation() in (90, 270) else (width, height)


def page_picture(page: pypdfium2.PdfPage) -> bytes:
    """A WebP of at most 15 kB, as good as that allows."""
    image = page.render(scale=COVER_WIDTH / page.get_width(), may_draw_forms=False).to_pil().convert("RGB")
    image = image.crop((0, 0, min(image.width, COVER_WIDTH), min(image.height, MAX_COVER_HEIGHT)))
    for quality in (80, 65, 50, 35, 20, 5):
        written = io.BytesIO()
        image.save(written, "WEBP", quality=quality, method=6)
        if written.tell() <= MAX_COVER_BYTES:
            break
    return written.getvalue()


if __name__ == "__main__":
    for what, most in ((resource.RLIMIT_AS, MAX_MEMORY), (resource.RLIMIT_CPU, MAX_SECONDS)):
        with contextlib.suppress(OSError, ValueError):  # a system that doesn't have this limit
            resource.setrlimit(what, (most, most))
    page = pypdfium2.PdfDocument(sys.stdin.buffer.read())[0]
    sys.stdout.buffer.write(b"%.2f %.2f\n" % page_size(page) + page_picture(page))

"""`python -m leaflets.first_page`: a PDF on standard input, the picture of its first page on standard output.

A process of its own: PDFium is a large library in C++ that reads a file from outside, so neither its memory nor what a broken
file does to it shall be the web server's. It knows nothing of Django and starts in a fifth of a second.
"""

import contextlib
import io
import resource
import sys

import pypdfium2

WIDTH = 240  # pixels, twice what a page shows of it on a plain screen
LARGEST = 15_000  # bytes
TALLEST = 480  # pixels; of a page that is longer the top is shown
MOST_MEMORY = 1 << 30  # bytes of this process
MOST_SECONDS = 20  # of its processor


def picture(content: bytes) -> bytes:
    """A WebP of at most 15 kB, as good as that allows."""
    page = pypdfium2.PdfDocument(content)[0]
    image = page.render(scale=WIDTH / page.get_width(), may_draw_forms=False).to_pil().convert("RGB")
    image = image.crop((0, 0, min(image.width, WIDTH), min(image.height, TALLEST)))
    for quality in (80, 65, 50, 35, 20, 5):
        written = io.BytesIO()
        image.save(written, "WEBP", quality=quality, method=6)
        if written.tell() <= LARGEST:
            break
    return written.getvalue()


if __name__ == "__main__":
    for what, most in ((resource.RLIMIT_AS, MOST_MEMORY), (resource.RLIMIT_CPU, MOST_SECONDS)):
        with contextlib.suppress(OSError, ValueError):  # a system that doesn't have this limit
            resource.setrlimit(what, (most, most))
    sys.stdout.buffer.write(picture(sys.stdin.buffer.read()))

"""A PDF that fpdf2 drew, as a screen reader meets it: what its marks say."""

import re
import zlib

STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)


def page_streams(content: bytes) -> list[bytes]:
    return [zlib.decompress(stream) for stream in STREAM.findall(content) if stream[:1] == b"\x78"]


def spoken(content: bytes) -> list[tuple[str, str]]:
    """What a screen reader is given, in order: each element's kind and words."""
    marks = re.findall(rb"/(\w+) <</MCID \d+ /ActualText <feff([0-9a-f]+)>>> BDC", b"\n".join(page_streams(content)))
    return [(kind.decode(), bytes.fromhex(words.decode()).decode("utf-16-be")) for kind, words in marks]


def drawn_outside(page: bytes) -> list[str]:
    """What is drawn on a page neither as an element's content nor as decoration, and what is left open."""
    depth, outside = 0, []
    for line in page.decode("windows-1252").splitlines():
        depth += line.endswith(("BDC", "BMC")) - line.endswith("EMC")
        outside += [line] if depth == 0 and re.search(r"\b(Tj|TJ|re f|f|S|B)$", line) else []
    return outside if depth == 0 else [*outside, "open"]

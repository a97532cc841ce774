"""A tagged PDF as a screen reader meets it: what its marks say, and the tree that they hang in."""

import re
import zlib
from collections.abc import Iterator
from typing import Any

STREAM = re.compile(rb"stream\r?\n(.*?)\r?\nendstream", re.DOTALL)


def page_streams(content: bytes) -> list[bytes]:
    return [zlib.decompress(stream) for stream in STREAM.findall(content) if stream[:1] == b"\x78"]


def spoken(content: bytes) -> list[tuple[str, str]]:
    """What a screen reader is given, in order: each element's kind and words."""
    marks = re.findall(rb"/(\w+) <</MCID \d+ /ActualText <feff([0-9a-f]+)>>> BDC", b"\n".join(page_streams(content)))
    return [(kind.decode(), bytes.fromhex(words.decode()).decode("utf-16-be")) for kind, words in marks]


def elements(content: bytes) -> dict[int, dict[str, Any]]:
    """The structure tree as it stands in the file: each element's kind, parent and children."""
    found = {}
    for number, body in re.findall(rb"(\d+) 0 obj\n<<(.*?)>>\nendobj", content, re.DOTALL):
        if b"/Type /StructElem" in body:
            kind, parent = re.search(rb"/S /(\w+)", body), re.search(rb"/P (\d+) 0 R", body)
            kids = re.search(rb"/K \[(.*?)\]", body, re.DOTALL)
            assert None not in (kind, parent, kids)
            has_page = b"/Pg " in body
            found[int(number)] = {"kind": kind[1].decode(), "parent": int(parent[1]), "kids": kids[1], "has_page": has_page}
    return found


def children(tree: dict[int, dict[str, Any]], element: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (tree[int(key)] for key in re.findall(rb"(\d+) 0 R", element["kids"]))


def drawn_outside(page: bytes) -> list[str]:
    """What is drawn on a page neither as an element's content nor as decoration, and what is left open."""
    depth, outside = 0, []
    for line in page.decode("windows-1252").splitlines():
        depth += line.endswith(("BDC", "BMC")) - line.endswith("EMC")
        outside += [line] if depth == 0 and re.search(r"\b(Tj|TJ|re f|f|S|B)$", line) else []
    return outside if depth == 0 else [*outside, "open"]

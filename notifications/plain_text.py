"""The plain text of an email, read off its HTML: so both say the same, and no sentence is written twice.

It knows what our layout uses (emails/base.html): paragraphs, headings, lists, tables of facts, one button, links, breaks.
"""

import re
import textwrap
from html.parser import HTMLParser

WIDTH = 78  # RFC 5322, 2.1.1: no line should be longer
SKIPPED = {"head", "style", "script"}
# The list of messages shows the one, and the sender's name says the other.
SKIPPED_CLASSES = {"preheader", "brand"}
BLOCKS = {"p", "h1", "h2", "ul", "ol", "table", "div"}
VOID = {"meta", "br", "link", "img", "hr"}
# Spaces themselves are HTML's, and go. These stand for two before a line, and before all but the first of what it becomes.
INDENT, HANGING = "\t", "\v"
SPACES = re.compile(r"\s+")


def plain_text(html: str) -> str:
    """One block a paragraph; a fact is 'Label: value'; each link stands alone on its line, however long it is."""
    reader = _Reader()
    reader.feed(html[max(html.find("<body"), 0) :])
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    """`blocks` are paragraphs, each of lines; `skipping` are the open tags of what is left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[list[str]] = [[""]]
        self.skipping: list[str] = []
        self.link = self.label = ""
        self.after_label = self.in_value = self.in_item = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if self.skipping or tag in SKIPPED or given.get("class") in SKIPPED_CLASSES:
            self.skipping += [] if tag in VOID else [tag]
        elif tag in BLOCKS:
            self._end_block()
        elif tag == "br":
            self.blocks[-1].append(self.further)
        elif tag == "tr":
            self.blocks[-1].append("")
        elif tag == "td":
            self.in_value = self.after_label
        elif tag == "th":
            self.blocks[-1][-1] += HANGING
        elif tag == "li":
            self.blocks[-1].append(f"{HANGING}- ")
            self.in_item = True
        elif tag == "a" and (given.get("href") or "").startswith("http"):
            self.link, self.label = str(given["href"]), ""

    def handle_endtag(self, tag: str) -> None:
        if self.skipping:
            self.skipping.pop()
        elif tag in BLOCKS:
            self._end_block()
        elif tag == "th":
            self.blocks[-1][-1] += ": "
            self.after_label = True
        elif tag == "td":
            self.in_value = self.after_label = False
        elif tag == "li":
            self.in_item = False
        elif tag == "a" and self.link:
            self._write_link()

    def handle_data(self, data: str) -> None:
        if self.skipping:
            return
        words = SPACES.sub(" ", data)
        if self.link:
            self.label += words
        else:
            self.blocks[-1][-1] += words

    @property
    def further(self) -> str:
        """How a new line within a fact or an item of a list begins, so that one sees where the next one is."""
        return INDENT if self.in_value or self.in_item else ""

    def _write_link(self) -> None:
        """A link that is its own label is written once."""
        label, link, self.link = self.label.strip(), self.link, ""
        if label != link:
            self.blocks[-1][-1] += f"{label}:"
        self.blocks[-1] += [self.further + link, self.further]

    def _end_block(self) -> None:
        if any(line.strip() for line in self.blocks[-1]):
            self.blocks.append([""])
        else:
            self.blocks[-1] = [""]

    def text(self) -> str:
        return "\n\n".join(_block(lines) for lines in self.blocks if any(line.strip() for line in lines)) + "\n"


def _block(lines: list[str]) -> str:
    return "\n".join(_wrapped(line) for line in lines if line.strip())


def _wrapped(line: str) -> str:
    words = " ".join(line.split())
    first = "  " if line.startswith(INDENT) else ""
    if len(first + words) <= WIDTH:
        return first + words
    more = "  " if line.startswith((INDENT, HANGING)) else ""
    return textwrap.fill(
        words, WIDTH, initial_indent=first, subsequent_indent=more, break_long_words=False, break_on_hyphens=False
    )

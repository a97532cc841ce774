"""What people read, file by file: its sentences, its reading age, and the words that we don't use (docs/words.md).

`make words` prints it as a table. Read are the strings that go through gettext, in templates and in Python. So names, titles,
dates, addresses and other people's words are not in it: where a sentence has one, it counts as one short word.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pyphen import Pyphen

from bench.figures import PACKAGES
from office.texts.markup import discouraged_words, readable_text, uses_word

__all__ = ["FEWEST_WORDS", "OLDEST", "File", "discouraged_words", "files", "reading_age", "uses_word"]
ROOT = Path(__file__).resolve().parents[2]
GETTEXT = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "ngettext_noop"}
OURS_ALONE = ("local", "styleguide", "management", "migrations")  # read by those who build the site
INLINE = re.compile(r"""{%\s*(?:translate|trans)\s+(?:"([^"]*)"|'([^']*)')""")
BLOCK = re.compile(r"{%\s*blocktrans(?:late)?\b[^%]*%}(.*?){%\s*endblocktrans(?:late)?\s*%}", re.DOTALL)
PLURAL = re.compile(r"{%\s*plural\s*%}")
SCHOOL = 5  # years of age at which an American child begins with grade 0
OLDEST = 12
FEWEST_WORDS = 40  # of less text the formula says nothing
HYPHENATION = Pyphen(lang="en_GB")  # a word has one place less to hyphenate it than it has syllables


@dataclass(frozen=True)
class File:
    """`kind`: "page", "email", "staff" for the staff site, or "code" for what Python says, to whomever."""

    path: str
    kind: str
    strings: tuple[str, ...]

    @cached_property
    def sentences(self) -> list[str]:
        """Whole ones. Names of fields, headings and buttons are none, and would only make a page look easier."""
        return [string for string in self.strings if string.endswith((".", "?", "!", ":")) and len(string.split()) > 2]

    @cached_property
    def words(self) -> int:
        return sum(len(sentence.split()) for sentence in self.sentences)

    @cached_property
    def age(self) -> float:
        return reading_age(" ".join(self.sentences)) if self.sentences else 0

    @cached_property
    def hardest(self) -> str:
        parts = [part for sentence in self.sentences for part in re.split(r"(?<=[.?!:])\s+", sentence) if len(part.split()) > 4]
        return max(parts, key=reading_age, default="")


def reading_age(text: str) -> float:
    """Flesch–Kincaid grade, which counts words a sentence and syllables a word, as an age."""
    text = re.sub(r"[^\w\s.!?]", "", text.lower())
    sentences = [sentence for sentence in re.split(r"[.!?]+", text) if len(sentence.split()) > 2]
    words = re.sub(r"[.!?]", "", text).split()
    syllables = sum(len(HYPHENATION.positions(word)) + 1 for word in words)
    return round(0.39 * len(words) / max(1, len(sentences)) + 11.8 * syllables / max(1, len(words)) - 15.59 + SCHOOL, 1)


def template_strings(text: str) -> Iterator[str]:
    for match in INLINE.finditer(text):
        yield match[1] or match[2] or ""
    for match in BLOCK.finditer(text):
        yield from PLURAL.split(match[1])


def python_strings(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in GETTEXT:
            yield from (each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str))


def kind_of(path: Path) -> str:
    if {"admin", "staff"} & set(path.parts) or path.stem.startswith("admin"):
        return "staff"
    if {"emails", "email"} & set(path.parts) or path.stem == "emails":
        return "email"
    return "code" if path.suffix == ".py" else "page"


def files() -> Iterator[File]:
    templates = [path for path in (ROOT / "templates").rglob("*.*") if path.suffix in {".html", ".txt"}]
    modules = [path for app in PACKAGES for path in (ROOT / app).rglob("*.py")]
    for path in sorted(each.relative_to(ROOT) for each in [*templates, *modules]):
        if not set(OURS_ALONE) & {*path.parts, path.stem}:
            read = python_strings if path.suffix == ".py" else template_strings
            strings = tuple(dict.fromkeys(filter(None, map(readable_text, read((ROOT / path).read_text())))))
            if strings:
                yield File(str(path), kind_of(path), strings)


def main() -> None:
    """The hardest first."""
    found = sorted(files(), key=lambda file: -file.age)
    print(f"{'age':>5} {'words':>5}  kind   file, and its hardest sentence")  # noqa: T201
    for file in found:
        print(f"{file.age:5} {file.words:5}  {file.kind:<6} {file.path}\n{'':20}{file.hardest}")  # noqa: T201
    for kind in ("page", "email", "code", "staff"):
        text = " ".join(sentence for file in found if file.kind == kind for sentence in file.sentences)
        print(f"{reading_age(text):5} {len(text.split()):6}  {kind}: all together")  # noqa: T201


if __name__ == "__main__":
    main()

"""Sentences that are too long, and the words that we don't use (docs/words.md): for our own strings and for staff's."""

import re
from functools import cache
from pathlib import Path

RULES = Path(__file__).resolve().parents[2] / "docs" / "words.md"
MOST_WORDS = 25  # of a sentence
FILLED_IN = re.compile(r"{{.*?}}|%\(\w+\)[sd]|{\w+}")


def plain(string: str) -> str:
    """Without markup, with a short word for what is filled in."""
    return " ".join(re.sub(r"<[^>]+>", "", FILLED_IN.sub("this", string)).split())


def long_sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.?!:]) ", text) if len(part.split()) > MOST_WORDS]


@cache
def words_not_used() -> dict[str, str]:
    """The items of the list in docs/words.md: each with what we say instead."""
    listed = RULES.read_text().partition("## Words we don’t use")[2].partition("\n## ")[0]
    return dict(re.findall(r"^- `([^`]+)`:? ?(.*)", listed, re.MULTILINE))


def uses(string: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", string, re.IGNORECASE) is not None

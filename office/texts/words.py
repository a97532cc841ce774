"""How hard a text is to read, and the words that we don't use (docs/words.md): for our own strings and for staff's."""

import re
import warnings
from functools import cache
from pathlib import Path

RULES = Path(__file__).resolve().parents[2] / "docs" / "words.md"
SCHOOL = 5  # years of age at which an American child begins with grade 0
OLDEST = 12
FEWEST_WORDS = 40  # of less text the formula says nothing
MOST_WORDS = 25  # of a sentence
FILLED_IN = re.compile(r"{{.*?}}|%\(\w+\)[sd]|{\w+}")


def reading_age(text: str) -> float:
    """Flesch–Kincaid grade, which counts words a sentence and syllables a word, as an age.

    The library is loaded by who asks: it is large, and most processes never do.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about pkg_resources, which it still imports
        import textstat  # type: ignore[import-untyped]

    textstat.set_lang("en_GB")
    return round(textstat.flesch_kincaid_grade(text.replace("’", "'")) + SCHOOL, 1)


def plain(string: str) -> str:
    """Without markup, with a short word for what is filled in."""
    return " ".join(re.sub(r"<[^>]+>", "", FILLED_IN.sub("this", string)).split())


def whole_sentences(strings: list[str] | tuple[str, ...]) -> list[str]:
    """Names of fields, headings and buttons are none, and would only make a page look easier."""
    return [string for string in strings if string.endswith((".", "?", "!", ":")) and len(string.split()) > 2]


def long_sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.?!:]) ", text) if len(part.split()) > MOST_WORDS]


@cache
def words_not_used() -> dict[str, str]:
    """The items of the list in docs/words.md: each with what we say instead."""
    listed = RULES.read_text().partition("## Words we don’t use")[2].partition("\n## ")[0]
    return dict(re.findall(r"^- `([^`]+)`:? ?(.*)", listed, re.MULTILINE))


def uses(string: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", string, re.IGNORECASE) is not None

"""Text in letters that our fonts have. Names come in every script; a British postman reads Latin letters (ADR 45)."""

import unicodedata
from collections.abc import Container
from itertools import groupby

from anyascii import anyascii

UNPRINTABLE = "\N{WHITE SQUARE}"  # neither font nor transliteration knows it: let it be seen that something stood here
READ_FROM_THE_RIGHT = frozenset({"R", "AL"})
INVISIBLE = frozenset({"Cc", "Cf"})  # control characters, joiners, marks of direction: nothing on paper


def printable(text: str, has: Container[int]) -> str:
    """On one line, in letters of a font that has these code points; others are transliterated, and nothing becomes '?'.

    What is read from the right is transliterated even where the font has it: unjoined and backwards nobody could read it.
    """
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if text.isascii() and text.isprintable():
        return text
    seen = (letter for letter in text if unicodedata.category(letter) not in INVISIBLE)
    runs = groupby(seen, key=lambda letter: ord(letter) in has and unicodedata.bidirectional(letter) not in READ_FROM_THE_RIGHT)
    words = "".join("".join(run) if ours else _in_latin("".join(run)) for ours, run in runs)
    return " ".join(words.split())


def _in_latin(letters: str) -> str:
    """Some letters are silent, but not all of a run is. Arabic comes without capitals, so each word gets one."""
    words = ("".join(map(_letter_in_latin, letters)) or UNPRINTABLE).split(" ")
    return " ".join(word[:1].upper() + word[1:] for word in words)


def _letter_in_latin(letter: str) -> str:
    """A sound that Latin letters don't have is an apostrophe. Beyond U+FFFF, where rare ideographs are, no letter is silent."""
    latin = anyascii(letter)
    if unicodedata.category(letter).startswith("P"):
        return latin
    return latin.replace("?", "'").replace("`", "'") or (UNPRINTABLE if letter > "\uffff" else "")

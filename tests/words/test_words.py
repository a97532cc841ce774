"""Sentences are short and plain (docs/words.md).

`WORDS=write .venv/bin/python -m pytest tests/words` writes the exceptions anew; each line that it gains needs a reason.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from .measure import FEWEST_WORDS, OLDEST, File, discouraged_words, files, reading_age, uses_word

# What makemessages takes apart stands beside its template as .py for a moment (tests/welsh/test_catalogue.py).
pytestmark = pytest.mark.xdist_group("sources")

EXCEPTIONS = Path(__file__).parent / "exceptions.txt"
MOST_WORDS = 25  # of a sentence


@pytest.fixture(scope="module")
def found() -> list[File]:
    return list(files())


def for_the_public(files: Iterable[File]) -> list[File]:
    """And all emails, those to the team too."""
    return [file for file in files if file.kind in {"page", "email"}]


def too_hard(files: Iterable[File]) -> list[str]:
    return [f"age | {file.path}" for file in for_the_public(files) if file.words >= FEWEST_WORDS and file.age > OLDEST]


def too_long(files: Iterable[File]) -> list[str]:
    parts = [
        (file, part) for file in for_the_public(files) for text in file.sentences for part in re.split(r"(?<=[.?!:]) ", text)
    ]
    return [f"long | {file.path} | {part}" for file, part in parts if len(part.split()) > MOST_WORDS]


def not_used(files: Iterable[File]) -> list[str]:
    words, strings = discouraged_words(), [(file.path, string) for file in files for string in file.strings]
    return [f"{word} | {path} | {string}" for word in words for path, string in strings if uses_word(string, word)]


def test_pages_and_emails_can_be_read_and_no_string_has_a_word_that_we_do_not_use(found: list[File]) -> None:
    faults = [*too_hard(found), *too_long(found), *not_used(found)]
    if os.environ.get("WORDS") == "write":
        EXCEPTIONS.write_text("".join(f"{fault}\n" for fault in sorted(faults)))
    assert sorted(set(faults) - set(EXCEPTIONS.read_text().splitlines())) == []


def test_every_kind_of_file_is_read(found: list[File]) -> None:
    assert {file.kind for file in found} == {"page", "email", "code", "staff"}
    assert len(for_the_public(found)) > 200
    by_path = {file.path: file for file in found}
    assert "Hello," in by_path["templates/emails/base.html"].strings
    assert "Dear this," in by_path["templates/emails/base.html"].strings
    assert "Your presentation is booked: this (this)" in by_path["bookings/booking/emails.py"].strings
    assert len(discouraged_words()) > 40


def test_the_measure_sees_what_is_hard() -> None:
    easy = "We have received your complaint. One of us will call you by Friday."
    hard = (
        "Notwithstanding the aforementioned considerations, organisations participating in multi-agency safeguarding "
        "arrangements are required to demonstrate appropriate accountability."
    )
    assert reading_age(easy) < 9 < OLDEST < 18 < reading_age(hard)
    assert too_hard([File("templates/a.html", "page", (hard,) * 3)]) == ["age | templates/a.html"]
    assert too_long([File("a.html", "email", ("We said it. " + "so " * 26 + "it is.",))]) == [
        f"long | a.html | {'so ' * 26}it is."
    ]
    assert not_used([File("a.py", "staff", ("Whoever comes.",))]) == ["whoever | a.py | Whoever comes."]
    assert not uses_word("A trustee is a withstander.", "stands")

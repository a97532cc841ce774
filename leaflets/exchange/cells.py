"""What stands in one cell: text that no spreadsheet takes for a formula, and back."""

import re
from datetime import date

Cell = str | int | date | None
# What a spreadsheet begins a formula with, its full-width twins, and what some skip before they look.
FORMULA = re.compile(r"[\s\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]")
MARKED = re.compile(r"'(?=[\s\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]|')")


def harmless(text: str) -> str:
    """With an apostrophe before what looks like a formula; before an apostrophe too where it would be taken for such a mark."""
    return f"'{text}" if FORMULA.match(text) or MARKED.match(text) else text


def as_written(text: str) -> str:
    """What `harmless` was given."""
    return text[1:] if MARKED.match(text) else text

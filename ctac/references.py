"""References that a person quotes on the phone, like BK-7Q4M-2F: random, unambiguous, never sequential."""

import re
import secrets
from typing import TypeVar

from django.db import models

# No 0/O, 1/I/L, 5/S, 8/B, U/V: nothing that sounds or looks like another on a bad line.
ALPHABET = "234679ACDEFGHJKMNPQRTWXYZ"
MAX_LENGTH = 10
M = TypeVar("M", bound=models.Model)


def random_reference(prefix: str) -> str:
    """One of 25**6 (about 244 million) references with this two-letter prefix."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(6))
    return f"{prefix}-{letters[:4]}-{letters[4:]}"


def unused_reference(model: type[M], prefix: str) -> str:
    """A reference that no row of the model has; its unique constraint keeps the last word."""
    while True:
        reference = random_reference(prefix)
        if not model._default_manager.filter(reference=reference).exists():
            return reference


def tidy_reference(typed: str) -> str:
    """What someone typed or read out, as it is stored: ' bk 7q4m2f' → 'BK-7Q4M-2F'."""
    letters = re.sub(r"[^0-9A-Z]", "", typed.upper())
    return f"{letters[:2]}-{letters[2:6]}-{letters[6:]}" if len(letters) == 8 else typed.strip().upper()


def reference_pieces(typed: str) -> list[str]:
    """What 3 to 7 signs of a reference may look like inside it, as someone reads them out: '7q4m2f' → ['7Q-4M2F', …].

    Without the dashes nobody knows where in the reference they stand, so every place is tried. Anything shorter or longer
    is no piece of a reference and gives nothing.
    """
    letters = re.sub(r"[^0-9A-Z]", "", typed.upper())
    if not 3 <= len(letters) <= 7:
        return []
    return [piece_at(letters, start) for start in range(8 - len(letters) + 1)]


def piece_at(letters: str, start: int) -> str:
    """These letters with the dashes that a reference has before its third and its seventh."""
    return "".join(f"-{letter}" if place and start + place in (2, 6) else letter for place, letter in enumerate(letters))

"""Whether a note seems to tell of one child. Patterns, not certainty: a person is asked, never refused (ADR 72).

How often it is wrong is measured on the notes in tests/professionals/child_notes. The time that it takes grows as the text does.
"""

from django.utils import timezone

from ctac.references import OURS
from professionals.child_details.ages import tells_an_age
from professionals.child_details.births import tells_a_birth
from professionals.child_details.nhs_numbers import has_nhs_number, is_nhs_number
from professionals.child_details.people import tells_of_one_child
from professionals.child_details.references import has_reference
from professionals.child_details.signals import signs_come_together
from professionals.child_details.words import normalised

__all__ = ["MOST_READ", "is_nhs_number", "looks_like_child_details"]

# Characters; no box of ours takes a tenth of it, and what is longer is refused for its length before anything is kept.
MOST_READ = 50_000


def looks_like_child_details(text: str) -> bool:
    """Whether a note seems to tell of one child: a number or reference of theirs, a birth, an age, a name, what happened."""
    words = OURS.sub("; ", normalised(text[:MOST_READ]))  # our own references are of nobody
    return _tells_by_figures(words) or tells_an_age(words) or tells_of_one_child(words) or signs_come_together(words)


def _tells_by_figures(words: str) -> bool:
    """What can't be said without a digit, and most notes have none."""
    if not any(letter.isdigit() for letter in words):
        return False
    return has_nhs_number(words) or has_reference(words) or tells_a_birth(words, timezone.localdate())

"""No password that is made of one or two common ones, or of words that everybody here has in mind.

Django's own validator knows 20,000 common passwords, of which 194 are as long as ours must be: what leaks most at that length is
two of them together, or one with figures behind it (OWASP ASVS 5.0, V6.2.4, V6.2.11 and V6.2.12).
"""

import re
from functools import cached_property
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext

# What a stranger would try here first. docs/security.md names where this list stands.
OURS: tuple[str, ...] = (
    "ctac",
    "nspcc",
    "child",
    "children",
    "trafficking",
    "leaflet",
    "leaflets",
    "presentation",
    "presenter",
    "booking",
    "order",
)
OURS += ("safeguarding", "advice", "charity", "nhs", "health", "visitor", "social", "worker", "staff", "coordinator")
FEW = 2
SHORTEST = 3  # letters of a word that counts as one
LEET = str.maketrans("01345$@", "oieassa")


class FewCommonWordsValidator:
    def validate(self, password: str, user: Any = None) -> None:
        if any(self.fewest_words(form) <= FEW for form in (password.lower(), password.lower().translate(LEET))):
            raise ValidationError(self.get_help_text(), code="password_few_common_words")

    def get_help_text(self) -> str:
        return gettext(
            "That password is made of one or two words that many people use. Add two more words that don’t belong together."
        )

    def fewest_words(self, text: str) -> int:
        """How many known words its letters are made of at the least; more than any limit if they are not."""
        return sum(self._fewest_in(part) for part in re.findall(r"[^\W\d_]+", text))

    def _fewest_in(self, letters: str) -> int:
        fewest = [0, *[len(letters) + FEW + 1] * len(letters)]
        for end in range(1, len(letters) + 1):
            starts = [start for start in range(end) if letters[start:end] in self.known or len(set(letters[start:end])) == 1]
            fewest[end] = min([fewest[end], *[fewest[start] + 1 for start in starts]])
        return fewest[-1]

    @cached_property
    def known(self) -> frozenset[str]:
        common = CommonPasswordValidator().passwords
        return frozenset([*OURS, *(word for word in common if len(word) >= SHORTEST)])

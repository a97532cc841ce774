"""What somebody may have meant by a misspelt word, among the words that a table has."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.search import TrigramSimilarity
from django.db import connection, transaction
from django.db.models import Q, QuerySet, Value

MIN_PART_LENGTH = 4  # letters that say enough of a word, misspelt or not typed to its end
MAX_CANDIDATES = 30  # words of the table, the likest first, in which slips are counted
MAX_SIMILAR = 3  # words that one misspelt word may stand for


def similar_words(rows: QuerySet[Any], words: Sequence[str], *, likeness: float = 0.2) -> dict[str, list[tuple[str, float]]]:
    """For each, those of the rows' column `word` that are like it, and how much. Two statements, or none.

    `likeness`: the least of it. A slip or two leave little, and of two swapped letters less, so those are looked up as well.
    """
    queries = [
        rows.filter(Q(word__trigram_similar=word) | Q(word__in=swapped(word)))
        .annotate(typed=Value(word), likeness=TrigramSimilarity("word", word))
        .order_by("-likeness", "word")
        .values_list("typed", "word", "likeness")[:MAX_CANDIDATES]
        for word in words
    ]
    candidates: dict[str, list[tuple[str, float]]] = defaultdict(list)
    if not queries:
        return candidates
    with transaction.atomic():
        with connection.cursor() as cursor:
            # SQL because what an index takes for alike is a setting of the session, and no lookup has it as a value.
            cursor.execute("SET LOCAL pg_trgm.similarity_threshold = %s", [likeness])
        for typed, word, alike in queries[0].union(*queries[1:], all=True):
            candidates[typed].append((word, alike))
    return candidates


def swapped(word: str) -> list[str]:
    """With each two letters that stand side by side the other way round."""
    return [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)]


def closest_words(typed: str, candidates: Sequence[tuple[str, float]]) -> list[str]:
    """Those of fewest slips, if they are few enough for a word of this length."""
    most = 1 if len(typed) <= 4 else 2 if len(typed) <= 8 else 3
    ranked = sorted({(edit_distance(typed, word), -likeness, word) for word, likeness in candidates})
    return [word for slips, _likeness, word in ranked if slips == ranked[0][0] <= most][:MAX_SIMILAR]


def edit_distance(typed: str, word: str) -> int:
    """How many letters are wrong, missing, too many or swapped with the next (optimal string alignment distance).

    A word that is not typed to its end counts as one slip.
    """
    if len(typed) >= MIN_PART_LENGTH and word.startswith(typed):
        return min(1, len(word) - len(typed))
    before, row = [0] * (len(word) + 1), list(range(len(word) + 1))
    for i, letter in enumerate(typed, 1):
        earlier, before, row = before, row, [i]
        for j, other in enumerate(word, 1):
            cost = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == word[j - 2] and typed[i - 2] == other:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]

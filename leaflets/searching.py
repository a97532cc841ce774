"""The search of the catalogue, which forgives how a word is typed.

Two questions to the database. What was meant: each word that some title has stands for itself; one that none has, for the words
of the catalogue that are spelt most like it. Then which titles have them, those first that have them on their card. If none
has all, those that have some. ADR 39 says why so, and bench/RESULTS.md what it takes.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from leaflets.narrowing import Row

MOST_WORDS = 8
MOST_LIKE = 3  # words that one misspelt word may stand for
SHORTEST_PART = 4  # letters that say enough of a word that is not typed to its end

MEANT = """
    SELECT typed.place, typed.word, known.word, known.asked::text, known.likeness
    FROM unnest(%s::text[]) WITH ORDINALITY AS typed (word, place)
    CROSS JOIN LATERAL (
        SELECT EXISTS (SELECT FROM leaflets_leafletwords WHERE words @@ leaflets_asked(typed.word)) AS known
    ) AS itself
    LEFT JOIN LATERAL (
        SELECT typed.word, leaflets_asked(typed.word) AS asked, 1 AS likeness WHERE itself.known
        UNION ALL
        SELECT word, leaflets_asked(word), likeness FROM leaflets_words_like(typed.word)
        WHERE NOT itself.known AND length(typed.word) >= 4
    ) AS known ON TRUE
    WHERE numnode(plainto_tsquery('english', typed.word)) > 0
"""
FOUND = "SELECT leaflet, rank FROM leaflets_having(%s::tsquery)"


@dataclass(frozen=True)
class Found:
    """`rows`: the best first. `meant`: the words that were looked for instead, '' if they were those that were typed.
    `in_part`: no title has all of the words."""

    rows: list[Row]
    meant: str = ""
    in_part: bool = False


@dataclass(frozen=True)
class Meaning:
    """What one typed word stands for, the likeliest first; each with the question that looks for it. None: nothing is like it."""

    typed: str
    words: list[tuple[str, str]]

    @property
    def question(self) -> str:
        return f"({' | '.join(asked for _word, asked in self.words)})"


def search(text: str, catalogue: Sequence[Row]) -> Found:
    """Which rows of the catalogue. Those that answer equally well stand in its order."""
    meanings = meant(words_in(text))
    known = [meaning for meaning in meanings if meaning.words]
    if not known:
        return Found([])
    instead = " ".join(meaning.words[0][0] if meaning.words else meaning.typed for meaning in meanings)
    said = instead if any(meaning.words[0][0] != meaning.typed for meaning in known) else ""
    questions = [meaning.question for meaning in known]
    if len(known) == len(meanings) and (rows := having(" & ".join(questions), catalogue)):
        return Found(rows, said)
    return Found(having(" | ".join(questions), catalogue), said, in_part=True)


def words_in(text: str) -> list[str]:
    """Letters and figures in a row, with a sign between as in A&E; each once."""
    found = re.findall(r"\w+(?:[&’'-]\w+)*", text.lower())
    return list(dict.fromkeys(word.replace("’", "'")[:40] for word in found))[:MOST_WORDS]


def meant(words: Sequence[str]) -> list[Meaning]:
    """Of those that say anything ('the' does not), in the order in which they were typed. One statement."""
    if not words:
        return []
    with connection.cursor() as cursor:
        cursor.execute(MEANT, [list(words)])
        rows = cursor.fetchall()
    typed: dict[int, str] = {place: word for place, word, *_ in rows}
    candidates: dict[int, list[tuple[str, str, float]]] = defaultdict(list)
    for place, _word, word, asked, likeness in rows:
        if word is not None:
            candidates[place].append((word, asked, likeness))
    return [Meaning(typed[place], likeliest(typed[place], candidates[place])) for place in sorted(typed)]


def having(question: str, catalogue: Sequence[Row]) -> list[Row]:
    """The rows that answer it, the best first. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(FOUND, [question])
        ranks: dict[int, float] = dict(cursor.fetchall())
    return sorted((row for row in catalogue if row.id in ranks), key=lambda row: -ranks[row.id])


def likeliest(typed: str, candidates: Sequence[tuple[str, str, float]]) -> list[tuple[str, str]]:
    """Those of fewest slips, if they are few enough for a word of this length."""
    most = 1 if len(typed) <= 4 else 2 if len(typed) <= 8 else 3
    judged = [(slips(typed, word), -likeness, word, asked) for word, asked, likeness in candidates]
    few = sorted(each for each in judged if each[0] <= most)
    return [(word, asked) for count, _likeness, word, asked in few if count == few[0][0]][:MOST_LIKE]


def slips(typed: str, word: str) -> int:
    """How many letters are wrong, missing, too many or swapped with the next (optimal string alignment distance).

    A word that is not typed to its end counts as one slip.
    """
    if len(typed) >= SHORTEST_PART and word.startswith(typed):
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

"""The search of the catalogue, which forgives how a word is typed.

What was meant: each word that some title has stands for itself; one that none has, for the words of the catalogue that are
spelt most like it. Then which titles have them, those first that have them on their card. If none has all, those that have
some. ADR 39 says why so, and bench/RESULTS.md what it takes.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_

from django.contrib.postgres.search import CombinedSearchQuery, SearchQuery, SearchRank, TrigramSimilarity
from django.db import connection, transaction
from django.db.models import Exists, F, Func, IntegerField, Value

from leaflets.models import LeafletWords, Word
from leaflets.narrowing import Row

Question = SearchQuery | CombinedSearchQuery
MOST_WORDS = 8
MOST_LIKE = 3  # words that one misspelt word may stand for
SHORTEST_PART = 4  # letters that say enough of a word, misspelt or not typed to its end
MOST_LOOKED_AT = 30  # words of the catalogue, the likest first, in which slips are counted


@dataclass(frozen=True)
class Found:
    """`rows`: the best first. `meant`: the words that were looked for instead, '' if they were those that were typed.
    `in_part`: no title has all of the words."""

    rows: list[Row]
    meant: str = ""
    in_part: bool = False


@dataclass(frozen=True)
class Meaning:
    """What one typed word stands for, the likeliest first. None: nothing is like it."""

    typed: str
    words: list[str]

    @property
    def question(self) -> Question:
        return reduce(or_, map(asked, self.words))


def search(text: str, catalogue: Sequence[Row]) -> Found:
    """Which rows of the catalogue. Those that answer equally well stand in its order."""
    meanings = meant(words_in(text))
    known = [meaning for meaning in meanings if meaning.words]
    if not known:
        return Found([])
    instead = " ".join(meaning.words[0] if meaning.words else meaning.typed for meaning in meanings)
    said = instead if any(meaning.words[0] != meaning.typed for meaning in known) else ""
    questions = [meaning.question for meaning in known]
    if len(known) == len(meanings) and (rows := having(reduce(and_, questions), catalogue)):
        return Found(rows, said)
    return Found(having(reduce(or_, questions), catalogue), said, in_part=True)


def words_in(text: str) -> list[str]:
    """Letters and figures in a row, with a sign between as in A&E; each once."""
    found = re.findall(r"\w+(?:[&’'-]\w+)*", text.lower())
    return list(dict.fromkeys(word.replace("’", "'")[:40] for word in found))[:MOST_WORDS]


def asked(word: str) -> Question:
    """A word as the titles have it: by its stem in English, or as it is spelt."""
    return SearchQuery(word, config="english") | SearchQuery(word, config="simple")


def meant(words: Sequence[str]) -> list[Meaning]:
    """Of those that say anything ('the' does not), in the order in which they were typed. One statement if all are known."""
    if not words:
        return []
    says = [Func(SearchQuery(word, config="english"), function="numnode", output_field=IntegerField()) for word in words]
    known = [Exists(LeafletWords.objects.filter(words=asked(word))) for word in words]
    facts = LeafletWords.objects.values_list(*says, *known).first()
    if not facts:
        return []
    told = [(word, is_known) for word, nodes, is_known in zip(words, facts, facts[len(words) :], strict=False) if nodes]
    like = words_like([word for word, is_known in told if not is_known and len(word) >= SHORTEST_PART])
    return [Meaning(word, [word] if is_known else likeliest(word, like[word])) for word, is_known in told]


def words_like(words: Sequence[str]) -> dict[str, list[tuple[str, float]]]:
    """For each, words of the catalogue and how like they are, though a slip or two leave little. Two statements, or none."""
    like = [
        Word.objects.filter(word__trigram_similar=word)
        .annotate(typed=Value(word), likeness=TrigramSimilarity("word", word))
        .order_by("-likeness", "word")
        .values_list("typed", "word", "likeness")[:MOST_LOOKED_AT]
        for word in words
    ]
    found: dict[str, list[tuple[str, float]]] = defaultdict(list)
    if not like:
        return found
    with transaction.atomic():
        with connection.cursor() as cursor:
            # SQL because what an index takes for alike is a setting of the session, and no lookup has it as a value.
            cursor.execute("SET LOCAL pg_trgm.similarity_threshold = 0.2")
        for typed, word, likeness in like[0].union(*like[1:], all=True):
            found[typed].append((word, likeness))
    return found


def having(question: Question, catalogue: Sequence[Row]) -> list[Row]:
    """The rows that answer it, the best first. One statement."""
    found = LeafletWords.objects.filter(words=question).annotate(rank=SearchRank(F("heading"), question))
    ranks = dict(found.values_list("leaflet", "rank"))
    return sorted((row for row in catalogue if row.id in ranks), key=lambda row: -ranks[row.id])


def likeliest(typed: str, candidates: Sequence[tuple[str, float]]) -> list[str]:
    """Those of fewest slips, if they are few enough for a word of this length."""
    most = 1 if len(typed) <= 4 else 2 if len(typed) <= 8 else 3
    judged = [(slips(typed, word), -likeness, word) for word, likeness in candidates]
    few = sorted(each for each in judged if each[0] <= most)
    return [word for count, _likeness, word in few if count == few[0][0]][:MOST_LIKE]


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

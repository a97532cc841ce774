"""What the models of several apps share: abstract bases, references, the classification of fields, the search of words and
their spelling, SQL and data in files, copies in the cache."""

import csv
import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar, get_args

from asgiref.local import Local
from django.conf import settings
from django.contrib.postgres.fields import RangeField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.cache import cache
from django.db import Error, IntegrityError, connection, models, transaction
from django.db.models import Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Concat, Lower
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent


def sql_file(app: str, name: str) -> str:
    """The text of `<app>/sql/<name>.sql`, for a migration to run."""
    return (BASE_DIR / app / "sql" / f"{name}.sql").read_text()


def csv_rows(app: str, name: str) -> list[dict[str, str]]:
    """The rows of `<app>/data/<name>.csv`, by the names of the columns."""
    with (BASE_DIR / app / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@contextmanager
def statement_timeout(limit: str) -> Iterator[None]:
    """A transaction in which no statement may take longer ("2s", "10min"), instead of the 30 seconds for pages."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            # SQL because Django sets no time limit of one transaction.
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [limit])
        yield


def searchable_text(*columns: Any) -> Lower:
    """An expression for the text to search of a row: the columns in lower case, each after a space."""
    parts = (part for column in columns for part in (Value(" "), column))
    return Lower(Concat(*parts, output_field=TextField()))


def trigram_index(name: str, words: Any = "searched", **options: Any) -> GinIndex:
    """An index that finds any three characters in a row. New entries are merged soon, so that a search need not read many."""
    return GinIndex(OpClass(words, name="gin_trgm_ops"), name=name, gin_pending_list_limit=256, **options)


# What somebody may have meant by a misspelt word, from the words in a table.

MIN_FUZZY_WORD_LENGTH = 4  # letters of a word that is misspelt or not typed to its end
MAX_CANDIDATES = 30  # words of the table, the most similar first, in which slips are counted
MAX_SIMILAR = 3  # words that one misspelt word may stand for


def similar_words(rows: QuerySet[Any], words: Sequence[str], *, likeness: float = 0.2) -> dict[str, list[tuple[str, float]]]:
    """For each word, similar words in the rows' column `word`, and how similar they are. Two statements, or none.

    `likeness`: the least similarity. Two swapped letters leave less than that, so the swapped words are looked up as well.
    """
    queries = [
        rows.filter(Q(word__trigram_similar=word) | Q(word__in=swap_letters(word)))
        .annotate(typed=Value(word), likeness=Func("word", Value(word), function="similarity", output_field=models.FloatField()))
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


def swap_letters(word: str) -> list[str]:
    """The word with each pair of neighbouring letters swapped."""
    return [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1)]


def closest_words(typed: str, candidates: Sequence[tuple[str, float]]) -> list[str]:
    """The candidates with the fewest slips, if these are few enough for a word of this length."""
    most = 1 if len(typed) <= 4 else 2 if len(typed) <= 8 else 3
    ranked = sorted({(edit_distance(typed, word), -likeness, word) for word, likeness in candidates})
    return [word for slips, _likeness, word in ranked if slips == ranked[0][0] <= most][:MAX_SIMILAR]


def edit_distance(typed: str, word: str) -> int:
    """How many letters are wrong, missing, too many or swapped with the next (optimal string alignment distance).

    A word that is not typed to its end counts as one slip.
    """
    if len(typed) >= MIN_FUZZY_WORD_LENGTH and word.startswith(typed):
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


# References that a person quotes on the phone, like BK-7Q4M-2F: random, unambiguous, never sequential.

# No 0/O, 1/I/L, 5/S, 8/B, U/V: nothing that sounds or looks like another on a bad line.
REFERENCE_ALPHABET = "234679ACDEFGHJKMNPQRTWXYZ"
MAX_REFERENCE_LENGTH = 10
# Booking, order of leaflets, open session, data protection complaint, data breach.
ReferencePrefix = Literal["BK", "LO", "OS", "DP", "DB"]
REFERENCE_PREFIXES: tuple[str, ...] = get_args(ReferencePrefix)
# One of ours where it stands in a text, as it is printed or typed. Without its hyphen it has a digit: "DB Rahman" is somebody.
REFERENCE_PATTERN = re.compile(
    rf"(?<![\w/-])(?:{'|'.join(REFERENCE_PREFIXES)})(?:-| ?(?=[A-Z -]{{0,6}}\d))"
    rf"[{REFERENCE_ALPHABET}]{{4}}[ -]?[{REFERENCE_ALPHABET}]{{2}}(?![\w/-])",
    re.IGNORECASE,
)
F = TypeVar("F", bound="models.Field[Any, Any]")


def random_reference(prefix: ReferencePrefix) -> str:
    """One of 25**6 (about 244 million) references with this two-letter prefix."""
    letters = "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(6))
    return f"{prefix}-{letters[:4]}-{letters[4:]}"


def normalise_reference(typed: str) -> str:
    """A typed reference as it is stored: ' bk 7q4m2f' → 'BK-7Q4M-2F'."""
    letters = re.sub(r"[^0-9A-Z]", "", typed.upper())
    return f"{letters[:2]}-{letters[2:6]}-{letters[6:]}" if len(letters) == 8 else typed.strip().upper()


def is_reference(typed: str) -> bool:
    """Whether it has as many letters and figures as a whole reference."""
    return len(re.sub(r"[^0-9A-Z]", "", typed.upper())) == 8


# Every model field is classified where it is declared: `name = personal(models.CharField(...))`. For a foreign key it is a line
# of its own, `personal(person)`, because mypy's plugin understands only a bare `models.ForeignKey(...)`.


class Classification(StrEnum):
    NONE = "none"
    PERSONAL = "personal"
    FREE_TEXT = "free text"


# Fields that can't name anybody need no declaration. Nor does a choice from a list, or a key to a row that is not personal.
IMPERSONAL_FIELD_TYPES = (
    models.BooleanField,
    models.DateField,
    models.FloatField,
    models.IntegerField,
    models.TimeField,
    models.UUIDField,
    RangeField,
)


def impersonal(field: F) -> F:
    field.classification = Classification.NONE  # type: ignore[attr-defined]
    return field


def personal(field: F) -> F:
    """The app's privacy module exports and erases it with its person."""
    field.classification = Classification.PERSONAL  # type: ignore[attr-defined]
    return field


def free_text(field: F) -> F:
    """Somebody's own words: personal, and checked for a child's details where it is typed."""
    field.classification = Classification.FREE_TEXT  # type: ignore[attr-defined]
    return field


def classification(field: "models.Field[Any, Any]") -> Classification | None:
    """None if a declaration is missing. PERSONAL_FIELDS of a model names personal fields that it inherits from Django."""
    if field.name in getattr(field.model, "PERSONAL_FIELDS", ()):
        return Classification.PERSONAL
    if declared := getattr(field, "classification", None):
        return Classification(declared)
    if isinstance(field, models.ForeignKey):
        nameless = classification(field.target_field) == Classification.NONE
    else:
        nameless = bool(field.choices) or isinstance(field, IMPERSONAL_FIELD_TYPES)
    return Classification.NONE if nameless else None


# Bases of models in several apps.


class ReferencedModel(models.Model):
    """A model whose rows people quote on the phone by `reference`."""

    REFERENCE_PREFIX: ClassVar[ReferencePrefix]

    reference = impersonal(models.CharField(_("reference"), max_length=MAX_REFERENCE_LENGTH, unique=True, editable=False))

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.reference

    @classmethod
    def new_references(cls, many: int) -> list[str]:
        """The given number of unused references. One statement, and another if some were taken."""
        found: set[str] = set()
        while missing := many - len(found):
            drawn = {random_reference(cls.REFERENCE_PREFIX) for _ in range(missing)}
            found |= drawn - set(cls._default_manager.filter(reference__in=drawn).values_list("reference", flat=True))
        return list(found)

    def save_with_reference(self) -> Self:
        """Insert the new row under a reference that no other has. Raises IntegrityError for any other reason."""
        while True:
            self.reference = random_reference(self.REFERENCE_PREFIX)
            try:
                with transaction.atomic():
                    self.save(force_insert=True)
            except IntegrityError:
                if not type(self)._default_manager.filter(reference=self.reference).exists():
                    raise
            else:
                return self


class StateModel(models.Model):
    """A model with a `state`: the states that may follow each, and the colour of its tag (includes/state_tag.html)."""

    transitions: ClassVar[Mapping[Any, Collection[str]]] = {}
    status_colours: ClassVar[Mapping[Any, str]] = {}
    state: Any

    class Meta:
        abstract = True

    @property
    def status_colour(self) -> str:
        return self.status_colours[self.state]

    def can_become(self, state: str) -> bool:
        return state in self.transitions[self.state]


def user_foreign_key(verbose_name: Any, *, related_name: str = "+", **more: Any) -> "models.ForeignKey[Any, Any]":
    """A key to the user who did it or does it; null once their account is gone."""
    key = {"verbose_name": verbose_name, "null": True, "on_delete": models.SET_NULL, "related_name": related_name}
    return personal(models.ForeignKey(settings.AUTH_USER_MODEL, **key, **more))


class RecordedBy(models.Model):
    """`by` is the user who did it; null if no user did, or once their account is gone."""

    by = user_foreign_key(_("by"), blank=True)

    class Meta:
        abstract = True


class UnnamedModel(models.Model):
    """A row that has no name which pages might show: it is called by its key."""

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.pk)


class Event(RecordedBy):
    """One entry of a history, of a `kind` that the model defines. A trigger in the app's sql/ keeps the table append-only."""

    at = models.DateTimeField(_("when"))
    get_kind_display: Callable[[], str]

    class Meta:
        abstract = True
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M} UTC"


# Copies in the cache of what every process reads. A request or task reads all of them at once.

# How long a copy is used if the cache is down, or by a thread outside requests and tasks.
CACHE_SECONDS = 60
T = TypeVar("T")
_request_local = Local()
_all_cached_values: "list[CachedValue[Any]]" = []


class CachedValue(Generic[T]):
    """`read` asks the database. `first` gives the value if this process has never reached the database."""

    def __init__(self, key: str, read: Callable[[], T], first: Callable[[], T]) -> None:
        self.key, self.read, self.first = key, read, first
        self.known: T | None = None  # the last value that this process has read
        _all_cached_values.append(self)

    def get(self) -> T:
        """The value for this request or task. It asks the database only if the cache has none or is down."""
        copies = _get_request_cache()
        if self.key not in copies:
            copies[self.key] = self._stored()
        found: T = copies[self.key]
        self.known = found
        return found

    def _stored(self) -> T:
        try:
            found = self.read()
        except Error:  # the page that says that the database is down has the right phone number all the same
            return self.last_known()
        with suppress(Exception):  # the cache may be down
            cache.add(self.key, found, CACHE_SECONDS)  # unless whoever has changed it was quicker
        return found

    def last_known(self) -> T:
        return self.first() if self.known is None else self.known

    def publish(self, found: T) -> None:
        """Store a changed value for the requests from now on."""
        reset_request_values()
        with suppress(Exception):  # the cache may be down: then the copy before is believed for a minute at most
            cache.set(self.key, found, CACHE_SECONDS)

    @contextmanager
    def override(self, found: T) -> Iterator[None]:
        """Use this value for a preview, without storing it."""
        before = self.get()
        _get_request_cache()[self.key] = found
        try:
            yield
        finally:
            _get_request_cache()[self.key] = before


def _get_request_cache() -> dict[str, Any]:
    if getattr(_request_local, "copies", None) is None or monotonic() > _request_local.until:
        _request_local.copies, _request_local.until = {}, monotonic() + CACHE_SECONDS
        with suppress(Exception):  # the cache may be down
            _request_local.copies = cache.get_many([copy.key for copy in _all_cached_values])
    copies: dict[str, Any] = _request_local.copies
    return copies


def use_cached_values_only() -> None:
    """For the rest of this request, use what this process has last read where the cache has no copy."""
    copies = _get_request_cache()
    for copy in _all_cached_values:
        if copy.key not in copies:
            copies[copy.key] = copy.last_known()


def reset_request_values(**_signal: Any) -> None:
    """Read the copies again, for a new request or task."""
    _request_local.copies = None

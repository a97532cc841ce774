"""What the tables of several apps share: their SQL and data in files, and the indexes of words that staff search."""

import csv
from pathlib import Path
from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db.models import TextField, Value
from django.db.models.functions import Concat, Lower

BASE_DIR = Path(__file__).resolve().parent.parent


def sql_file(app: str, name: str) -> str:
    """The text of `<app>/sql/<name>.sql`: what a migration runs that Django's operations can't say."""
    return (BASE_DIR / app / "sql" / f"{name}.sql").read_text()


def csv_rows(app: str, name: str) -> list[dict[str, str]]:
    """The rows of `<app>/data/<name>.csv`, each by the names of its columns."""
    with (BASE_DIR / app / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def words_in(*columns: Any) -> Lower:
    """Lower case, each word after a space: as an expression, for a table that has all its words itself."""
    parts = (part for column in columns for part in (Value(" "), column))
    return Lower(Concat(*parts, output_field=TextField()))


def words_index(name: str, words: Any = "searched", **options: Any) -> GinIndex:
    """Any three letters in a row are found through it; entries wait little, so that a search need not read many."""
    return GinIndex(OpClass(words, name="gin_trgm_ops"), name=name, gin_pending_list_limit=256, **options)

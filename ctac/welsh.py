"""The Welsh of our strings: locale/cy/LC_MESSAGES/django.po, which of it a reader has approved, and the catalogue made of it.

`manage.py makemessages` finds the strings, `approve_welsh` writes down what a reader has approved, `compile_welsh` makes the
catalogue. Development and tests make their own, of all that is translated, whenever the file is newer (ADR 1).
"""

import csv
import hashlib
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import polib
from django.conf import settings

PO_FILE = Path(__file__).resolve().parent.parent / "locale/cy/LC_MESSAGES/django.po"
APPROVED_FILE = PO_FILE.parent.parent / "approved.csv"
COLUMNS = ("digest", "reader", "date")


def compiled_file() -> Path:
    """Where Django looks for the catalogue first."""
    return Path(settings.LOCALE_PATHS[0]) / "cy/LC_MESSAGES/django.mo"


def read_po_file() -> polib.POFile:
    return polib.pofile(str(PO_FILE))


def digest(entry: polib.POEntry) -> str:
    """The digest of a string's English and Welsh."""
    parts = (entry.msgctxt or "", entry.msgid, entry.msgid_plural, entry.msgstr, *map(str, sorted(entry.msgstr_plural.items())))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def approved_digests() -> set[str]:
    with APPROVED_FILE.open(newline="", encoding="utf-8") as lines:
        return {row["digest"] for row in csv.DictReader(lines)}


def entries_to_approve(po: polib.POFile, *, files: Iterable[str] = ()) -> Iterator[polib.POEntry]:
    """The translated entries that are not approved as they are now; `files`: only from these files or folders."""
    done, prefixes = approved_digests(), tuple(files)
    for entry in po.translated_entries():
        if digest(entry) not in done and (not prefixes or any(name.startswith(prefixes) for name, _line in entry.occurrences)):
            yield entry


def record_approval(entries: Iterable[polib.POEntry], *, reader: str, on: date) -> int:
    rows = [(digest(entry), reader, on.isoformat()) for entry in entries]
    with APPROVED_FILE.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return len(rows)


def build_catalogue(po: polib.POFile, *, only: set[str] | None = None) -> polib.POFile:
    """The entries with Welsh. `only`: just those with one of these digests that are not marked as fuzzy."""
    chosen = polib.POFile()
    chosen.metadata = po.metadata
    for entry in po:
        if entry.obsolete or not (entry.msgstr or any(entry.msgstr_plural.values())):
            continue
        if only is None:
            entry.flags = []
        elif entry.fuzzy or digest(entry) not in only:
            continue
        chosen.append(entry)
    return chosen


def compile_catalogue() -> int:
    """Write the catalogue, in production of approved strings alone, and return how many it has. Empty, it is deleted."""
    chosen, file = build_catalogue(read_po_file(), only=approved_digests() if settings.PRODUCTION else None), compiled_file()
    if not chosen:
        file.unlink(missing_ok=True)
        return 0
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(f".{hashlib.sha256(chosen.to_binary()).hexdigest()[:8]}")  # two processes may start at once
    chosen.save_as_mofile(str(fresh))
    fresh.replace(file)
    return len(chosen)


def compile_if_older() -> None:
    if not compiled_file().exists() or compiled_file().stat().st_mtime < PO_FILE.stat().st_mtime:
        compile_catalogue()

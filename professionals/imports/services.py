"""The steps of an import: uploaded, its columns chosen, checked, run, undone. A worker does what takes long, in batches.

Each batch is one transaction that locks the row of the import. So if a worker is killed, another goes on after the last whole
batch, and two workers take turns. A batch of many rows needs as many statements as a batch of one.
"""

import hashlib
import json
import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import date, datetime
from functools import cache
from itertools import islice
from typing import Any

from celery import current_app
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext, gettext_lazy as _

from accounts.models import User
from audit.models import Act
from audit.services import AuditSubject, write_audit_entry
from core.errors import ChangedMeanwhile, DomainError
from professionals.imports.registry import ImportKind, Match, PastRetention, Removal, Row, kind_of
from professionals.models import (
    IMPORT_UNDO_PERIOD,
    WAITING_ROW_STATES,
    WORKING_STATES,
    DuplicateChoice,
    Import,
    ImportedCount,
    ImportedObject,
    ImportMapping,
    ImportRow,
    ImportState,
    Person,
    RowState,
)
from professionals.safeguarding.child_details import looks_like_child_details
from staff.spreadsheets import normalise_heading, read_rows

logger = logging.getLogger(__name__)
MAX_ROWS = 25_000
BATCH_SIZE = 500
PROGRESSED_MEANWHILE_MESSAGE = _("Somebody has gone on with this import since you opened the page. Look at it again.")
MAX_BATCH_ATTEMPTS = 3  # of a batch, when somebody else writes the same rows at this moment


class FileGone(DomainError):
    message = _("We have deleted this file, as we do within 24 hours. Upload it again.")


# The file and its columns.

# Columns of free text: what is said there about a person or a child belongs in the case system, if anywhere.
NOTES_HEADING_PATTERN = re.compile(
    r"\b(notes?|comments?|remarks?|cases?|free ?text|concerns?|child|children|narrative|memo|description|reasons?|incidents?"
    r"|(more|other|further|additional) (details|information)|safeguarding)\b"
)


def is_refused_heading(heading: str) -> bool:
    """Whether a column may never be imported: one of notes, one without a heading, or one whose heading may be about a child."""
    words = normalise_heading(heading)
    return not words or bool(NOTES_HEADING_PATTERN.search(words)) or looks_like_child_details(heading)


def create_import(*, kind: str, content: bytes, by: User | None, now: datetime) -> Import:
    """Store the file until it is imported.

    Raises InvalidSheetError, and DomainError for a file that has been imported already.
    """
    digest = hashlib.sha256(content).hexdigest()
    rows = read_rows(content, most=MAX_ROWS)
    _number, headings = next(rows)
    total = sum(1 for _row in rows)
    same = Import.objects.filter(kind=kind, digest=digest, state__in=[ImportState.RUNNING, ImportState.DONE]).first()
    if same is not None:
        raise DomainError(
            gettext("This very file is in already, as import %(number)d. Undo that one before you upload the file again.")
            % {"number": same.pk}
        )
    with transaction.atomic():
        return Import.objects.create(
            kind=kind,
            file=content,
            digest=digest,
            headings=["" if looks_like_child_details(heading) else heading[:100] for heading in headings],
            total=total,
            uploaded_at=now,
            uploaded_by=by,
            progressed_at=now,
        )


def record_act(import_job: Import, by: User | None, what: str) -> None:
    """Record in the audit what a worker did for somebody. What they do themselves is recorded by the page that they use."""
    write_audit_entry(Act.CHANGED, by=by.pk if by else None, about=AuditSubject.of(import_job), whats=[what])


def suggest_mapping(import_job: Import) -> dict[str, int]:
    """The columns that were chosen last time for these headings; otherwise those whose headings match a field."""
    known = ImportMapping.objects.filter(kind=import_job.kind, headings=headings_digest(import_job)).first()
    if known is not None:
        return dict(known.mapping)
    places = {normalise_heading(heading): place for place, heading in reversed(list(enumerate(import_job.headings)))}
    found: dict[str, int] = {}
    for field in kind_of(import_job).fields:
        for name in (str(field.label), field.name, *field.aliases):
            place = places.get(normalise_heading(name))
            if place is not None and place not in found.values() and not is_refused_heading(import_job.headings[place]):
                found[field.name] = place
                break
    return found


def headings_digest(import_job: Import) -> str:
    return hashlib.sha256(json.dumps([normalise_heading(heading) for heading in import_job.headings]).encode()).hexdigest()


def lock_import(import_job: Import, *states: str) -> Import:
    """Lock the import for this transaction. Raises ChangedMeanwhile if it is in none of these states."""
    found = Import.objects.select_for_update(no_key=True).defer("file").filter(pk=import_job.pk, state__in=states).first()
    if found is None:
        raise ChangedMeanwhile(PROGRESSED_MEANWHILE_MESSAGE)
    return found


@transaction.atomic
def choose_columns(import_job: Import, *, mapping: Mapping[str, int], by: User, now: datetime) -> None:
    """Save the column of each field (from 0), remember it for the same headings, and have a worker check the rows."""
    current = lock_import(import_job, ImportState.UPLOADED, ImportState.CHECKED)
    if current.file_deleted_at or Import.objects.filter(pk=current.pk, file=None).exists():
        raise FileGone
    kind = kind_of(current)
    names = {field.name for field in kind.fields}
    chosen = {name: place for name, place in mapping.items() if name in names and 0 <= place < len(current.headings)}
    if any(is_refused_heading(current.headings[place]) for place in chosen.values()):
        raise DomainError(_("We never import a column of notes. Choose other columns."))
    missing = [str(field.label) for field in kind.fields if field.required and field.name not in chosen]
    if missing:
        raise DomainError(gettext("Choose the column of: %(fields)s.") % {"fields": ", ".join(missing)})
    ImportMapping.objects.update_or_create(
        kind=current.kind, headings=headings_digest(current), defaults={"mapping": chosen, "used_at": now}
    )
    current.rows.all().delete()
    current.mapping = chosen
    queue_work(current, ImportState.CHECKING, now)


def queue_work(import_job: Import, state: str, now: datetime, *, done: int = 0, **changes: Any) -> None:
    """Put the import into this state, and call a worker to go on from there.

    If the broker can't be reached, the task that looks for imports without a worker finds it.
    """
    for name, value in {**changes, "state": state, "done": done, "progressed_at": now}.items():
        setattr(import_job, name, value)
    import_job.save(update_fields=["mapping", "state", "done", "total", "progressed_at", *changes])
    transaction.on_commit(lambda: queue_import_task(import_job.pk), robust=True)


def queue_import_task(key: int) -> None:
    try:
        current_app.send_task("professionals.imports.tasks.work_on", args=[key])
    except Exception as error:  # noqa: BLE001 - each transport has its own errors, and none may reach a page
        logger.warning("Broker unreachable (%s); import %s goes on within minutes.", type(error).__name__, key)


# What a worker does.


def process_import(key: int) -> None:
    """Work on this import as long as there is something to do. A fault stops it, and its page tells staff."""
    tries = MAX_BATCH_ATTEMPTS
    while (import_job := Import.objects.defer("file").filter(pk=key, state__in=WORKING_STATES).first()) is not None:
        try:
            if not STEP_BY_STATE[import_job.state](import_job):
                return  # another worker is at it
        except DatabaseError as error:
            tries -= 1
            logger.warning("import %s: a batch is tried again (%s)", key, type(error).__name__)
            if not tries:
                mark_as_failed(import_job, error)
        except Exception as error:  # noqa: BLE001 - whatever is in a file, staff are told that it stopped
            mark_as_failed(import_job, error)


def mark_as_failed(import_job: Import, error: Exception) -> None:
    """Mark the import as failed. The log leaves out the words of the error, which may have a name in them."""
    logger.error("import %s stopped in state %s: %s", import_job.pk, import_job.state, type(error).__name__)
    Import.objects.filter(pk=import_job.pk, state=import_job.state).update(state=ImportState.FAILED)


def lock_if_free(import_job: Import) -> Import | None:
    """Lock the import for this transaction. None if another worker has it, or if its state has changed."""
    free = Import.objects.select_for_update(no_key=True, skip_locked=True).defer("file")
    return free.filter(pk=import_job.pk, state=import_job.state).first()


def save_progress(import_job: Import, rows: int) -> None:
    import_job.done += rows
    import_job.progressed_at = timezone.now()
    import_job.save(update_fields=["done", "progressed_at"])


def check_rows(import_job: Import) -> bool:
    """Check all rows of the file, from the first that is not stored yet. Returns False if another worker is at it."""
    kind, content = kind_of(import_job), bytes(Import.objects.values_list("file", flat=True).get(pk=import_job.pk) or b"")
    last = import_job.rows.order_by("-number").values_list("number", flat=True).first() or 0
    rows = islice(read_rows(content, most=MAX_ROWS), 1, None)
    ahead = ((number, cells) for number, cells in rows if number > last)
    is_suspicious = cache(looks_like_child_details)  # a file names few organisations many times
    while batch := list(islice(ahead, BATCH_SIZE)):
        with transaction.atomic():
            if (mine := lock_if_free(import_job)) is None or mine.rows.filter(number__gt=last).exists():
                return False
            check_batch(mine, kind, batch, is_suspicious)
            save_progress(mine, len(batch))
        last = batch[-1][0]
    with transaction.atomic():
        if (mine := lock_if_free(import_job)) is None:
            return False
        mine.state, mine.total = ImportState.CHECKED, mine.done
        mine.save(update_fields=["state", "total"])
    return True


def check_batch(
    import_job: Import, kind: ImportKind, batch: Sequence[tuple[int, list[str]]], is_suspicious: Callable[[str], bool]
) -> None:
    typed = {
        number: {name: cells[place] for name, place in import_job.mapping.items() if place < len(cells) and cells[place]}
        for number, cells in batch
    }
    rows = [read_row(kind, number, cells, is_suspicious) for number, cells in typed.items()]
    kind.check([row for row in rows if not row.problems], now=timezone.now())
    identities = {row.number: row_identity_hash(import_job, kind, row) for row in rows if not row.problems}
    known = {identity for identity in identities.values() if identity}
    earlier = dict(import_job.rows.filter(identity__in=known, repeats=None).order_by("-number").values_list("identity", "number"))
    kept = []
    for row in rows:
        identity = identities.get(row.number, "")
        first = earlier.setdefault(identity, row.number) if identity else row.number
        repeats = first if first < row.number else None
        if repeats and row.past:
            row.add_problem("", gettext("Row %(number)d says the same, so we count it once.") % {"number": repeats})
        state = state_of(row, repeats)
        cells = asdict(row.past) | {"month": row.past.month.isoformat()} if row.past else typed[row.number]
        is_right = state != RowState.WRONG
        kept.append(
            ImportRow(
                parent=import_job,
                number=row.number,
                state=state,
                cells=cells if is_right else {},
                problems=row.problems,
                matches=[asdict(match) for match in row.matches] if state == RowState.DUPLICATE else [],
                identity=identity if is_right else "",
                repeats=repeats if is_right else None,
            )
        )
    ImportRow.objects.bulk_create(kept)


def state_of(row: Row, repeats: int | None) -> RowState:
    if row.problems:
        return RowState.WRONG
    if row.past:
        return RowState.PAST
    return RowState.DUPLICATE if row.matches or repeats else RowState.NEW


def row_identity_hash(import_job: Import, kind: ImportKind, row: Row) -> str:
    """A salted hash of what makes a row the same as another, so that nobody can read from it what the row says."""
    text = kind.identity(row.values)
    return salted_hmac(f"professionals.imports.{import_job.pk}", text, algorithm="sha256").hexdigest()[:32] if text else ""


FILL_IN_MESSAGE = _("Fill this in.")
CHILD_DETAILS_MESSAGE = _("This looks like details of a child. We keep none of it. Take it out of the file.")
UNREADABLE_VALUE_MESSAGE = _("We can’t read this. Correct it in the file.")


def read_row(kind: ImportKind, number: int, cells: Mapping[str, str], is_suspicious: Callable[[str], bool]) -> Row:
    row = Row(number, {field.name: field.empty for field in kind.fields})
    for field in kind.fields:
        typed = cells.get(field.name, "")
        try:
            value = field.parse(typed) if typed else field.empty
        except ValidationError as error:
            row.add_problem(field.name, error.messages[0])
            continue
        except ValueError as error:
            row.add_problem(field.name, str(error) or UNREADABLE_VALUE_MESSAGE)
            continue
        if field.required and value == field.empty:
            row.add_problem(field.name, FILL_IN_MESSAGE)
        elif field.free and isinstance(value, str) and is_suspicious(value):
            row.add_problem(field.name, CHILD_DETAILS_MESSAGE)
        else:
            row.values[field.name] = value
    return row


# Choices, and the run.


@transaction.atomic
def save_duplicate_choices(
    import_job: Import, *, choice: str, rows: Mapping[int, tuple[str, int]], by: User, now: datetime
) -> None:
    """Save what becomes of duplicates: `choice` for all that have none of their own ("" asks for each one), `rows` by row number.

    Each entry of `rows` is the choice, and the place of the match that is meant.
    """
    current = lock_import(import_job, ImportState.CHECKED)
    current.choice = choice
    current.save(update_fields=["choice"])
    chosen = list(current.rows.filter(number__in=list(rows), state=RowState.DUPLICATE))
    for row in chosen:
        row.choice, row.link = rows[row.number]
    ImportRow.objects.bulk_update(chosen, ["choice", "link"])


@transaction.atomic
def run_import(import_job: Import, *, by: User, now: datetime) -> None:
    current = lock_import(import_job, ImportState.CHECKED)
    if current.file_deleted_at:
        raise FileGone
    if current.is_undecided:
        raise DomainError(_("First choose what becomes of the rows that may be here already."))
    waiting = current.rows.filter(state__in=WAITING_ROW_STATES).count()
    if not waiting:
        raise DomainError(_("No row can be imported. Correct the file and upload it again."))
    current.total = waiting
    queue_work(current, ImportState.RUNNING, now, run_at=now, run_by=by)


def run_next_batch(import_job: Import) -> bool:
    """Import one batch. Rows that repeat an earlier row come after all others, when it is known what became of that row."""
    with transaction.atomic():
        if (mine := lock_if_free(import_job)) is None:
            return False
        waiting = mine.rows.filter(state__in=WAITING_ROW_STATES)
        batch = list(waiting.order_by(F("repeats").asc(nulls_first=True), "number")[:BATCH_SIZE])
        if batch:
            run_batch(mine, batch)
            save_progress(mine, len(batch))
        else:
            mine.state = ImportState.DONE
            mine.save(update_fields=["state"])
            delete_file(mine, timezone.now())
            record_act(mine, mine.run_by, "imported")
    return True


def run_batch(import_job: Import, batch: Sequence[ImportRow]) -> None:
    kind, now = kind_of(import_job), timezone.now()
    counted = [row for row in batch if row.state == RowState.PAST]
    past = [PastRetention(**{**row.cells, "month": date.fromisoformat(row.cells["month"])}) for row in counted]
    outcomes = {row.number: RowState.COUNTED for row in counted}
    stored = {row.number: row for row in batch if row.state != RowState.PAST}
    # These cells were checked for a child's details before.
    rows = [read_row(kind, row.number, row.cells, lambda _text: False) for row in stored.values()]
    kind.check([row for row in rows if not row.problems], now=now)
    own = own_objects(import_job, {(match.model, match.key) for row in rows for match in row.matches})
    of_earlier = objects_of_rows(import_job, kind, [row.repeats for row in stored.values() if row.repeats])
    to_make = []
    for row in rows:
        if row.past and not row.problems:
            past.append(row.past)
            outcomes[row.number] = RowState.COUNTED
        elif resolve_choice(import_job, stored[row.number], row, own, of_earlier):
            to_make.append(row)
    kind.make([row for row in to_make if not (row.made or row.linked)], by=import_job.run_by, now=now)
    record_imported_objects(import_job, kind, [row for row in to_make if not row.problems])
    count_rows_past_retention(import_job, past)
    for row in rows:
        outcomes.setdefault(row.number, outcome_of(row))
    finish_rows(batch, outcomes, {row.number: row.problems for row in rows if row.problems})


def outcome_of(row: Row) -> RowState:
    if row.problems:
        return RowState.WRONG
    return RowState.MADE if row.made else RowState.LINKED if row.linked else RowState.SKIPPED


def own_objects(import_job: Import, found: Iterable[tuple[str, int]]) -> set[tuple[str, int]]:
    """The objects among these that this import made itself: a colleague in the row above is no duplicate."""
    by_model = defaultdict(list)
    for model, key in found:
        by_model[model].append(key)
    known = Q()
    for model, keys in by_model.items():
        known |= Q(model=model, key__in=keys)
    return set(import_job.objects_of_it.filter(known, made=True).values_list("model", "key")) if known else set()


def objects_of_rows(import_job: Import, kind: ImportKind, numbers: Sequence[int]) -> dict[int, Any]:
    """The objects that these rows made or were linked to, if they are of the kind's main model."""
    if not numbers:
        return {}
    model = kind.removals[0].model
    keys = dict(import_job.objects_of_it.filter(number__in=numbers, model=model).values_list("number", "key"))
    found = apps.get_model(model)._base_manager.in_bulk(set(keys.values()))
    return {number: found[key] for number, key in keys.items() if key in found}


ADDED_SINCE_MESSAGE = _(
    "Since you checked the file, somebody has added one like this. Look at it, and upload this row again if it is new."
)
MATCH_GONE_MESSAGE = _("The one that we had is gone. Upload this row again.")
EARLIER_ROW_SKIPPED_MESSAGE = _("An earlier row that says the same was not imported, so nor was this one.")


def resolve_choice(
    import_job: Import, stored: ImportRow, row: Row, own: set[tuple[str, int]], of_earlier: Mapping[int, Any]
) -> bool:
    """Whether the kind is to make something of the row: compares what staff chose with what is in the database now."""
    if row.problems:
        return False
    row.matches = [match for match in row.matches if match.certain or (match.model, match.key) not in own]
    row.choice = stored.choice or (import_job.choice if stored.state == RowState.DUPLICATE else "") or DuplicateChoice.MAKE
    if row.choice == DuplicateChoice.SKIP:
        return False
    known = [Match(**match) for match in stored.matches]
    certain = next((match for match in row.matches if match.certain), None)
    if row.choice == DuplicateChoice.LINK:
        if stored.repeats and stored.link >= len(known):
            return link_to_earlier(row, of_earlier.get(stored.repeats))
        meant = known[stored.link] if stored.link < len(known) else None
        row.link = next(
            (match for match in row.matches if meant and (match.model, match.key) == (meant.model, meant.key)), certain
        )
        if row.link is None:
            row.add_problem("", MATCH_GONE_MESSAGE)
    elif certain is not None:
        row.choice, row.link = DuplicateChoice.LINK, certain
    elif {(match.model, match.key) for match in row.matches} - {(match.model, match.key) for match in known}:
        row.add_problem("", ADDED_SINCE_MESSAGE)
    return not row.problems


def link_to_earlier(row: Row, earlier: Any) -> bool:
    if earlier is None:
        row.add_problem("", EARLIER_ROW_SKIPPED_MESSAGE)
        return False
    row.linked.append(earlier)
    return True


def record_imported_objects(import_job: Import, kind: ImportKind, rows: Iterable[Row]) -> None:
    objects = [
        ImportedObject(parent=import_job, number=row.number, model=obj._meta.label_lower, key=obj.pk, made=is_made)
        for row in rows
        for is_made, found in ((True, row.made), (False, row.linked))
        for obj in found
    ]
    made: dict[str, list[ImportedObject]] = defaultdict(list)
    for each in objects:
        if each.made:
            made[each.model].append(each)
    removals = {removal.model: removal for removal in kind.removals}
    for model, those in made.items():
        # A part is deleted with its object, so it has no removal of its own.
        digests = digests_of(removals.get(model, Removal(model)), [each.key for each in those])
        for each in those:
            each.digest = digests.get(each.key, "")
    ImportedObject.objects.bulk_create(objects)


def digests_of(removal: Removal, keys: Sequence[int]) -> dict[int, str]:
    """A digest of the columns of each of these rows, as they are now."""
    model = apps.get_model(removal.model)
    left_out = {"searched", "reached_nation", "reached_authority", *removal.ignored}  # the database sets these
    columns = [field.attname for field in model._meta.concrete_fields if field.name not in left_out]
    rows = model._base_manager.filter(pk__in=keys).order_by().values("pk", *columns)
    return {row["pk"]: hashlib.sha256(json.dumps(row, default=str, sort_keys=True).encode()).hexdigest()[:32] for row in rows}


def count_rows_past_retention(import_job: Import, past: Iterable[PastRetention]) -> None:
    """Add these rows to the counts of their month, area and profession."""
    sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0])
    for each in past:
        figures = sums[each.month.replace(day=1), each.nation, each.authority, each.profession]
        for place, figure in enumerate((1, each.people, each.copies)):
            figures[place] += figure
    if not sums:
        return
    sorts = ("month", "nation", "authority", "profession")
    known = {tuple(getattr(count, name) for name in sorts): count for count in import_job.counts.all()}
    for sort, (rows, people, copies) in sums.items():
        count = known.get(sort) or ImportedCount(parent=import_job, kind=import_job.kind, rows=0, people=0, copies=0)
        count.month, count.nation, count.authority, count.profession = sort
        count.rows, count.people, count.copies = count.rows + rows, count.people + people, count.copies + copies
        known[sort] = count
    changed = [known[sort] for sort in sums]
    ImportedCount.objects.bulk_create([count for count in changed if count.pk is None])
    ImportedCount.objects.bulk_update(
        [count for count in changed if count.pk], ["rows", "people", "copies"], batch_size=BATCH_SIZE
    )


def finish_rows(
    batch: Sequence[ImportRow], outcomes: Mapping[int, RowState], problems: Mapping[int, list[tuple[str, str]]]
) -> None:
    """Delete what the rows say, in the same transaction that imports it."""
    keys = defaultdict(list)
    for row in batch:
        keys[outcomes[row.number]].append(row.pk)
    for state, done in keys.items():
        ImportRow.objects.filter(pk__in=done).update(state=state, cells={}, matches=[], identity="")
    wrong = [row for row in batch if row.number in problems]
    for row in wrong:
        row.problems = problems[row.number]
    ImportRow.objects.bulk_update(wrong, ["problems"])


# What goes, and when.


def delete_file(import_job: Import, now: datetime) -> None:
    """Delete the file, and everything that its rows say. Inside a transaction."""
    import_job.rows.exclude(cells={}, matches=[], identity="").update(cells={}, matches=[], identity="")
    Import.objects.filter(pk=import_job.pk).update(file=None, headings=[], file_deleted_at=now)


@transaction.atomic
def abandon_import(import_job: Import, *, by: User | None, now: datetime) -> None:
    """Delete the file and all its rows, before it was imported. Raises ChangedMeanwhile once it was run."""
    current = lock_import(import_job, ImportState.UPLOADED, ImportState.CHECKING, ImportState.CHECKED, ImportState.FAILED)
    if current.run_at:
        raise ChangedMeanwhile(PROGRESSED_MEANWHILE_MESSAGE)
    current.rows.all().delete()
    delete_file(current, now)
    Import.objects.filter(pk=current.pk).update(state=ImportState.ABANDONED)
    if by is None:
        record_act(current, None, "file deleted")


NOT_IN_TIME_MESSAGE = _("This row was not imported within 24 hours, so we deleted what it says. Upload it again.")


def delete_old_files(now: datetime) -> int:
    """Delete files that were kept too long, whatever became of their import. One that stopped half-way can still be undone."""
    old = list(Import.objects.with_old_file(now).defer("file"))
    for import_job in old:
        with suppress(ChangedMeanwhile):  # somebody works on it at this moment, so it goes the next time
            if import_job.run_at is None:
                abandon_import(import_job, by=None, now=now)
            else:
                with transaction.atomic():
                    current = lock_import(import_job, ImportState.RUNNING, ImportState.FAILED)
                    current.rows.filter(state__in=WAITING_ROW_STATES).update(
                        state=RowState.WRONG, problems=[("", str(NOT_IN_TIME_MESSAGE))]
                    )
                    delete_file(current, now)
                    Import.objects.filter(pk=current.pk).update(state=ImportState.DONE)
    return len(old)


def delete_old_rows(now: datetime) -> int:
    """Delete the rows of imports that can't be undone any more: which row made what is of no use then."""
    over = Import.objects.filter(run_at__lte=now - IMPORT_UNDO_PERIOD).exclude(state=ImportState.UNDOING).values("pk")
    return ImportedObject.objects.filter(parent__in=over).delete()[0] + ImportRow.objects.filter(parent__in=over).delete()[0]


def forget_person(person: Person) -> None:
    """Remove an erased person from all imports: no undo touches them, and a waiting row of theirs loses its words and file."""
    model = Person._meta.label_lower
    ImportedObject.objects.filter(model=model, key=person.pk).delete()
    waiting = ImportRow.objects.filter(parent__file_deleted_at=None)
    theirs = Q(matches__contains=[{"model": model, "key": person.pk}])
    if person.email:
        theirs |= Q(cells__email__iexact=person.email)
    Import.objects.filter(rows__in=waiting.filter(theirs)).update(file=None, headings=[])
    waiting.filter(theirs).update(
        state=RowState.WRONG, cells={}, matches=[], identity="", problems=[("", str(PERSON_ERASED_MESSAGE))], choice=""
    )


PERSON_ERASED_MESSAGE = _("We have just erased this person. Leave the row out.")


@transaction.atomic
def resume_import(import_job: Import, *, by: User, now: datetime) -> None:
    """Go on with an import where a fault stopped it."""
    current = lock_import(import_job, ImportState.FAILED)
    if current.file_deleted_at is None and current.run_at is None:
        state = ImportState.CHECKING
    else:
        state = ImportState.UNDOING if current.undone_at else ImportState.RUNNING
    queue_work(current, state, now, done=current.done)


# Undoing an import.


def can_be_undone(import_job: Import, now: datetime) -> bool:
    return import_job.state == ImportState.DONE and import_job.undo_until is not None and now < import_job.undo_until


@transaction.atomic
def undo_import(import_job: Import, *, by: User, now: datetime) -> None:
    """Remove all that the import made. What was used or changed since stays, and the page lists it."""
    current = lock_import(import_job, ImportState.DONE)
    if not can_be_undone(current, now):
        raise DomainError(_("This import is older than 30 days, so it can’t be undone any more."))
    current.total = current.objects_of_it.filter(made=True).count()
    queue_work(current, ImportState.UNDOING, now, undone_at=now, undone_by=by)


def undo_next_batch(import_job: Import) -> bool:
    """Undo one batch of objects of one model, in the order of the kind's removals.

    When none are left, delete the import's own records.
    """
    kind = kind_of(import_job)
    with transaction.atomic():
        if (mine := lock_if_free(import_job)) is None:
            return False
        made = mine.objects_of_it.filter(made=True, kept=[])
        for removal in kind.removals:
            batch = list(made.filter(model=removal.model).order_by("pk")[:BATCH_SIZE])
            if batch:
                undo_batch(mine, removal, batch)
                save_progress(mine, len(batch))
                return True
        mine.objects_of_it.filter(Q(made=False) | Q(kept=[])).delete()  # parts were deleted with their objects
        mine.counts.all().delete()
        mine.rows.all().delete()
        mine.state = ImportState.UNDONE
        mine.save(update_fields=["state"])
        record_act(mine, mine.undone_by, "undone")
    return True


CHANGED_REASON = "changed"


def undo_batch(import_job: Import, removal: Removal, batch: Sequence[ImportedObject]) -> None:
    model: Any = apps.get_model(removal.model)
    keys = [each.key for each in batch]
    there = set(model._base_manager.filter(pk__in=keys).order_by("pk").select_for_update().values_list("pk", flat=True))
    reasons: dict[int, set[str]] = defaultdict(set)
    digests = digests_of(removal, keys)
    for each in batch:
        if each.key in there and digests.get(each.key) != each.digest:
            reasons[each.key].add(CHANGED_REASON)
    for key, label in references_to(import_job, removal, keys):
        reasons[key].add(label)
    for key, words in removal.used(keys).items():
        reasons[key].add(words)
    free = sorted(there - reasons.keys())
    if removal.remove is not None:
        removal.remove(free)
    else:
        model._base_manager.filter(pk__in=free).delete()
    for each in batch:
        each.kept = sorted(reasons[each.key]) if each.key in there else []
    ImportedObject.objects.bulk_update([each for each in batch if each.kept], ["kept"])
    ImportedObject.objects.filter(pk__in=[each.pk for each in batch if not each.kept]).delete()


def references_to(import_job: Import, removal: Removal, keys: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Which of these objects a row points to that is none of their own parts: the object's key, and the model of the row."""
    for relation in apps.get_model(removal.model)._meta.get_fields(include_hidden=True):
        if not (relation.one_to_many or relation.one_to_one) or relation.concrete:
            continue
        model, name = relation.related_model, relation.field.attname
        rows = model._base_manager.filter(**{f"{relation.field.name}__in": keys}).order_by()
        if model._meta.label_lower in removal.parts:
            parts = import_job.objects_of_it.filter(model=model._meta.label_lower, made=True).values("key")
            rows = rows.exclude(pk__in=parts)
        for key in rows.values_list(name, flat=True).distinct():
            yield key, model._meta.label_lower


STEP_BY_STATE: dict[str, Callable[[Import], bool]] = {
    ImportState.CHECKING: check_rows,
    ImportState.RUNNING: run_next_batch,
    ImportState.UNDOING: undo_next_batch,
}

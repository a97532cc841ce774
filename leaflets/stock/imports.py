"""The stock list and the catalogue as spreadsheets: rows out, an upload checked row by row, then written in one press."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_lazy, gettext_lazy as _, ngettext

from accounts.models import User
from core.errors import DomainError
from leaflets.models import Edition, EditionState, ImportState, Leaflet, MovementKind, SheetImport, SheetKind, StockMovement
from leaflets.models.catalogue import DUPLICATE_TITLE_ERROR, normalise_topics, topics_in_use
from leaflets.stock.services import fill_backorders, lock_editions, notify_alerts, record_movements
from professionals.safeguarding.child_details import looks_like_child_details
from staff.spreadsheets import (
    Cell,
    ImportColumn,
    ImportPlan,
    PlannedRow,
    RowAction,
    RowCells,
    match_columns,
    parse_whole_number,
    read_sheet,
    shorten,
)

STOCK_COLUMNS = {
    column.key: column
    for column in (
        ImportColumn(
            "slug",
            gettext_lazy("Short name"),
            gettext_lazy("The leaflet’s short name, as in its address on the website."),
            True,
            24,
        ),
        ImportColumn(
            "title", gettext_lazy("Title"), gettext_lazy("For you to read. What you type here changes nothing."), width=60
        ),
        ImportColumn(
            "edition",
            gettext_lazy("Edition"),
            gettext_lazy("As printed on the leaflet. Leave this empty for the current edition."),
        ),
        ImportColumn("state", gettext_lazy("State"), gettext_lazy("For you to read.")),
        ImportColumn(
            "on_hand",
            gettext_lazy("On the shelf"),
            gettext_lazy("The number when the list was made. You need this only for copies counted."),
        ),
        ImportColumn("promised", gettext_lazy("Promised"), gettext_lazy("For you to read.")),
        ImportColumn("free", gettext_lazy("Free to give"), gettext_lazy("For you to read.")),
        ImportColumn(
            "came_in",
            gettext_lazy("Copies that came in"),
            gettext_lazy(
                "Copies from the printer since the list was made. We add them to the shelf. Leave empty if there are none."
            ),
            width=20,
        ),
        ImportColumn(
            "counted",
            gettext_lazy("Copies counted"),
            gettext_lazy(
                "All copies on the shelf, promised ones too. We set the shelf to this number. Leave empty if not counted."
            ),
            width=20,
        ),
        ImportColumn(
            "note",
            gettext_lazy("Note"),
            gettext_lazy("For the stock movements. For example, the delivery note, or why copies are missing."),
            width=40,
        ),
    )
}
CHILD_DETAILS_REMOVED = "[details of a child, taken out]"
MAX_NOTE_LENGTH = 300


@dataclass(frozen=True)
class StockStep:
    """`copies` came in, or the shelf has `change` more or fewer than the list."""

    edition: int
    copies: int = 0
    change: int = 0
    note: str = ""


def stock_list_rows() -> Iterator[list[Cell]]:
    """A row for each edition that we can still hand out or that lies on the shelf."""
    editions = Edition.objects.select_related("leaflet").order_by("leaflet__position", "leaflet__title", "-published_on", "pk")
    for edition in editions.exclude(state__in=[EditionState.SUPERSEDED, EditionState.WITHDRAWN], on_hand=0).iterator():
        leaflet, state = edition.leaflet, edition.get_state_display()
        figures = (edition.on_hand, edition.allocated, edition.free)
        yield [leaflet.slug, leaflet.title, edition.label, str(state), *figures, None, None, ""]


def plan_stock(rows: list[tuple[int, RowCells]]) -> ImportPlan:
    """What these rows would do to the stock. One statement, however many rows."""
    slugs = {cells["slug"].lower() for _number, cells in rows if cells["slug"]}
    known: dict[str, list[Edition]] = {}
    if slugs:
        editions = Edition.objects.select_related("leaflet").alias(slug=Lower("leaflet__slug"))
        for edition in editions.filter(slug__in=slugs).order_by("pk"):
            known.setdefault(edition.leaflet.slug.lower(), []).append(edition)
    first_rows: dict[int, int] = {}
    steps: list[Any] = []
    list_rows = []
    for number, cells in rows:
        row = PlannedRow(number)
        list_rows.append(row)
        edition_of_row = find_edition(row, cells, known)
        if edition_of_row is None:
            continue
        if first := first_rows.get(edition_of_row.pk):
            row.add_error(STOCK_COLUMNS["slug"], gettext("Row %(n)d has the same edition. Put both into one row.") % {"n": first})
            continue
        first_rows[edition_of_row.pk] = number
        if step := stock_step(row, cells, edition_of_row):
            steps.append(step)
    return ImportPlan(list_rows, steps)


def find_edition(row: PlannedRow, cells: RowCells, known: dict[str, list[Edition]]) -> Edition | None:
    """The edition of a row; without one, the row gets an error."""
    slug, label = cells["slug"].lower(), cells.get("edition", "")
    row.about = shorten(f"{cells['slug']} {label}")
    editions = known.get(slug, [])
    if label:
        chosen = [edition for edition in editions if edition.label.casefold() == label.casefold()]
    else:
        chosen = [edition for edition in editions if edition.state == EditionState.CURRENT]
    if chosen:
        row.about = str(chosen[0])
        return chosen[0]
    if not slug:
        row.add_error(STOCK_COLUMNS["slug"], gettext("Fill in the short name of the leaflet."))
    elif not editions:
        error = gettext(
            "We have no leaflet with an edition and the short name “%(slug)s”. Copy the short name from the stock list."
        )
        row.add_error(STOCK_COLUMNS["slug"], error % {"slug": shorten(slug)})
    else:
        labels = ", ".join(edition.label for edition in editions[-5:])
        error = gettext("This leaflet does not have that edition. It has: %(labels)s.")
        row.add_error(STOCK_COLUMNS["edition"], error % {"labels": labels})
    return None


def stock_step(row: PlannedRow, cells: RowCells, edition: Edition) -> StockStep | None:
    came_in, counted = read_number(row, cells, STOCK_COLUMNS["came_in"]), read_number(row, cells, STOCK_COLUMNS["counted"])
    note = cells.get("note", "")
    if len(note) > MAX_NOTE_LENGTH:
        row.add_error(STOCK_COLUMNS["note"], gettext("This note has %(n)d characters. Shorten it to 300.") % {"n": len(note)})
    elif note == CHILD_DETAILS_REMOVED:
        row.add_error(
            STOCK_COLUMNS["note"],
            gettext("This looks like details of a child. Please take them out: they don’t belong in the stock list."),
        )
    if came_in and counted is not None:
        row.add_error(
            STOCK_COLUMNS["counted"],
            gettext("Fill in copies that came in or copies counted, but not both. We can’t know which came first."),
        )
    if counted is not None and not row.errors:
        return count_step(row, cells, edition, counted)
    if not came_in or row.errors:
        return None
    if edition.state == EditionState.WITHDRAWN:
        row.add_error(STOCK_COLUMNS["came_in"], gettext("This edition is withdrawn, so you can’t add copies of it."))
        return None
    row.action = RowAction.CHANGE
    change = ngettext(
        "%(n)s copy comes in: from %(before)s on the shelf to %(after)s.",
        "%(n)s copies come in: from %(before)s on the shelf to %(after)s.",
        came_in,
    )
    row.changes.append(
        change % {"n": f"{came_in:,}", "before": f"{edition.on_hand:,}", "after": f"{edition.on_hand + came_in:,}"}
    )
    return StockStep(edition.pk, copies=came_in, note=note)


def count_step(row: PlannedRow, cells: RowCells, edition: Edition, counted: int) -> StockStep | None:
    """The step to set the shelf to a count.

    Refused if the stock has moved since the list was made, so that nothing is counted twice.
    """
    listed = read_number(row, cells, STOCK_COLUMNS["on_hand"])
    if row.errors:
        return None
    if listed is None:
        row.add_error(
            STOCK_COLUMNS["on_hand"],
            gettext("Fill in the number of copies on the shelf from the list, or start with a new list."),
        )
    elif listed != edition.on_hand:
        error = gettext(
            "The list said %(listed)s, but now there are %(now)s, as copies came or left. Make a new list and count again."
        )
        row.add_error(STOCK_COLUMNS["on_hand"], error % {"listed": f"{listed:,}", "now": f"{edition.on_hand:,}"})
    elif counted < edition.allocated:
        error = ngettext(
            "We have promised %(promised)s copy to an order, so the shelf can’t have fewer. Cancel that order first.",
            "We have promised %(promised)s copies to orders, so the shelf can’t have fewer. Cancel some orders first.",
            edition.allocated,
        )
        row.add_error(STOCK_COLUMNS["counted"], error % {"promised": f"{edition.allocated:,}"})
    elif counted != edition.on_hand:
        row.action = RowAction.CHANGE
        change = counted - edition.on_hand
        counted_text = gettext("Counted: from %(before)s on the shelf to %(after)s (%(change)s).")
        row.changes.append(
            counted_text % {"before": f"{edition.on_hand:,}", "after": f"{counted:,}", "change": f"{change:+,}".replace("-", "−")}
        )
        return StockStep(edition.pk, change=change, note=cells.get("note", ""))
    return None


def read_number(row: PlannedRow, cells: RowCells, column: ImportColumn) -> int | None:
    """The number in a cell. None if the cell is empty, or not a number (then the row gets an error)."""
    text = cells.get(column.key, "")
    if not text:
        return None
    try:
        return parse_whole_number(text, least=0)
    except ValueError as error:
        row.add_error(column, str(error))
        return None


FIELD_HELP: dict[str, str | Promise] = {
    "slug": gettext_lazy(
        "Letters, figures and dashes. It is part of the page’s address and never changes. A new name makes a new title."
    ),
    "introduction": gettext_lazy("This comes first on its page. Write one paragraph a line."),
    "language": gettext_lazy("In English, as the website lists it, like: Arabic. Empty: English."),
    "format": gettext_lazy("Standard print, Large print, Easy read or Braille. Empty: Standard print."),
    "audience": gettext_lazy("One of the professions of the website, or: Every professional."),
    "version_of": gettext_lazy("The short name of the title that this is a translation of, or another form of print."),
    "active": gettext_lazy("Yes or No. A new title is out of the catalogue unless you say Yes."),
}
COLUMN_WIDTHS = {"slug": 24, "title": 50, "own_title": 30, "summary": 50, "topics": 30}
TEXT_FIELDS = ("introduction", "situations", "signs", "what_to_do")
NUMBER_FIELDS = ("usual_copies", "most_per_order", "most_per_person", "most_per_workplace", "position")
CATALOGUE_FIELDS = (
    *("slug", "title", "for_whom", "audience", "summary", "topics", "language", "format", "version_of", "own_title"),
    *TEXT_FIELDS,
    *("usual_copies", "usual_words", "most_per_order", "most_per_person", "most_per_workplace", "active", "position"),
)
BOOLEANS = {**dict.fromkeys(("yes", "y", "true", "1"), True), **dict.fromkeys(("no", "n", "false", "0"), False)}


def catalogue_column(name: str) -> ImportColumn:
    model_field: Any = Leaflet._meta.get_field(name)
    label = gettext_lazy("Short name") if name == "slug" else capfirst(model_field.verbose_name)
    width = 60 if name in TEXT_FIELDS else COLUMN_WIDTHS.get(name, 16)
    return ImportColumn(name, label, FIELD_HELP.get(name) or model_field.help_text, name == "slug", width)


CATALOGUE_COLUMNS = {name: catalogue_column(name) for name in CATALOGUE_FIELDS}


@dataclass
class CatalogueStep:
    """A title to make, or the fields of one to change. `version_of` is a short name, since that title may be new itself."""

    leaflet: Leaflet
    version_of: str = ""
    changed: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)


def catalogue_list_rows() -> Iterator[list[Cell]]:
    for leaflet in Leaflet.objects.select_related("version_of").order_by("position", "title", "pk").iterator():
        yield [field_cell(leaflet, name) for name in CATALOGUE_FIELDS]


def field_cell(leaflet: Leaflet, name: str) -> Cell:
    value = getattr(leaflet, name)
    if name == "version_of":
        return leaflet.version_of.slug if leaflet.version_of else ""
    if name == "active":
        return str(gettext("Yes") if value else gettext("No"))
    if name in NUMBER_FIELDS:
        return int(value)
    choices = field_choices(name)
    return choices.get(value, value) if choices else str(value)


def field_choices(name: str) -> dict[str, str]:
    """The label of each value; empty for a field without choices."""
    model_field: Any = Leaflet._meta.get_field(name)
    if not model_field.choices:
        return {}
    choices = {str(value): str(label) for value, label in model_field.choices}
    return {"": gettext("Every professional"), **choices} if name == "audience" else choices


def plan_catalogue(rows: list[tuple[int, RowCells]]) -> ImportPlan:
    """What these rows would do to the catalogue. Three statements, however many rows."""
    slugs = {cells["slug"].lower() for _number, cells in rows} | {cells.get("version_of", "").lower() for _n, cells in rows}
    # The titles with these short names, their main titles, and all versions of either.
    named = Leaflet.objects.alias(lower_slug=Lower("slug")).filter(lower_slug__in=slugs)
    groups = named.values("version_of")
    wanted = Q(pk__in=named.values("pk")) | Q(pk__in=groups) | Q(version_of__in=named.values("pk")) | Q(version_of__in=groups)
    known = {leaflet.slug.lower(): leaflet for leaflet in Leaflet.objects.filter(wanted).select_related("version_of")}
    used = topics_in_use()
    list_rows, steps = [], []
    first_rows: dict[str, int] = {}
    for number, cells in rows:
        row = PlannedRow(number, about=shorten(cells["slug"]))
        list_rows.append(row)
        slug, column = cells["slug"].lower(), CATALOGUE_COLUMNS["slug"]
        if not slug:
            row.add_error(column, gettext("Fill in the short name of the title."))
            continue  # without a short name, the other cells can't be checked
        if first := first_rows.get(slug):
            row.add_error(column, gettext("Row %(n)d has the same short name. Leave one of them out.") % {"n": first})
            continue
        try:
            validate_slug(slug)
        except ValidationError:
            row.add_error(column, gettext("Use only letters, numbers and dashes. For example, health-visitors."))
        if len(slug) > 50:
            row.add_error(column, gettext("This has %(n)d characters. Shorten it to 50.") % {"n": len(slug)})
        first_rows[slug] = number
        step = catalogue_step(row, cells, known.get(slug) or Leaflet(slug=slug, active=False), used)
        if not row.errors:
            steps.append((row, step))
    check_versions(steps, known)
    check_titles(steps, known)
    return ImportPlan(list_rows, [step for row, step in steps if row.action in {RowAction.MAKE, RowAction.CHANGE}])


def catalogue_step(row: PlannedRow, cells: RowCells, leaflet: Leaflet, used: Mapping[str, str]) -> CatalogueStep:
    """Applies the row to `leaflet`, in memory alone.

    With an invalid short name, which may be a slip, what is filled in is checked and nothing else is required.
    """
    new = not row.errors and leaflet.pk is None
    step = CatalogueStep(leaflet, version_of=leaflet.version_of.slug if leaflet.version_of_id and leaflet.version_of else "")
    for name in CATALOGUE_FIELDS[1:]:
        text = cells.get(name, "")
        if not text:
            model_field: Any = Leaflet._meta.get_field(name)
            if new and not (model_field.blank or model_field.has_default()):
                row.add_error(CATALOGUE_COLUMNS[name], gettext("Fill this in: a new title needs it."))
            continue
        try:
            value = parse_field(name, text, used)
        except ValueError as error:
            row.add_error(CATALOGUE_COLUMNS[name], str(error))
            continue
        before = step.version_of if name == "version_of" else getattr(leaflet, name)
        if normalise_newlines(before) != normalise_newlines(value):
            step.changed.append(name)
            step.before.append(f"{name}: {before}")
            setattr(step if name == "version_of" else leaflet, name, value)
    check_limits(row, leaflet)
    row.about = leaflet.title or row.about
    if not row.errors:
        row.action = RowAction.MAKE if new else RowAction.CHANGE if step.changed else RowAction.NOTHING
        row.changes = [] if new else [str(CATALOGUE_COLUMNS[name].label) for name in step.changed]
        row.before = [] if new else step.before
    return step


def normalise_newlines(value: Any) -> Any:
    """Browsers and spreadsheets end lines differently."""
    return value.replace("\r\n", "\n").replace("\r", "\n").strip() if isinstance(value, str) else value


def parse_field(name: str, text: str, used: Mapping[str, str]) -> Any:
    """The value of a cell. Raises ValueError with a message for people."""
    if name in NUMBER_FIELDS:
        return parse_whole_number(text, least=0 if name == "position" else 1, most=32_767 if name == "position" else 1_000_000)
    if name == "active":
        if (active := BOOLEANS.get(text.casefold())) is None:
            raise ValueError(gettext("Write Yes or No; this says “%(typed)s”.") % {"typed": shorten(text)})
        return active
    if name == "version_of":
        return text.lower()
    if choices := field_choices(name):
        for value, label in choices.items():
            if text.casefold() in {value.casefold(), label.casefold()}:
                return value
        error = gettext("We don’t know “%(typed)s”. Write one of these: %(choices)s.")
        raise ValueError(error % {"typed": shorten(text), "choices": ", ".join(choices.values())})
    if name == "topics":
        text = normalise_topics(text.replace(";", "\n"), used)
    most = Leaflet._meta.get_field(name).max_length or 10_000  # type: ignore[union-attr]
    if len(text) > most:
        raise ValueError(
            gettext("This has %(n)s characters. Shorten it to %(most)s.") % {"n": f"{len(text):,}", "most": f"{most:,}"}
        )
    return text


def check_limits(row: PlannedRow, leaflet: Leaflet) -> None:
    if row.errors:
        return
    if leaflet.most_per_order > leaflet.most_per_person:
        row.add_error(
            CATALOGUE_COLUMNS["most_per_person"],
            gettext("A person’s limit can’t be lower than the limit for an order. Raise this one or lower the other."),
        )
    if leaflet.most_per_person > leaflet.most_per_workplace:
        row.add_error(
            CATALOGUE_COLUMNS["most_per_workplace"],
            gettext("A workplace’s limit can’t be lower than a person’s. Raise this one or lower the other."),
        )


def check_versions(steps: list[tuple[PlannedRow, CatalogueStep]], known: Mapping[str, Leaflet]) -> None:
    """A version needs a title that is no version itself, and is the only one in its language and format."""
    version_of = {slug: title.version_of.slug.lower() if title.version_of else "" for slug, title in known.items()}
    version_of |= {step.leaflet.slug.lower(): step.version_of.lower() for _row, step in steps}
    titles = {**known} | {step.leaflet.slug.lower(): step.leaflet for _row, step in steps}
    versions = Counter((version_of[slug], title.language, title.format) for slug, title in titles.items())
    originals = set(version_of.values())
    for row, step in steps:
        slug, original, title = step.leaflet.slug.lower(), step.version_of.lower(), step.leaflet
        error = ""
        if not original:
            continue
        if original == slug or original not in version_of:
            error = gettext("No other title has the short name “%(slug)s”.") % {"slug": shorten(original)}
        elif version_of[original] or slug in originals:
            error = gettext("That title is itself a version. Give the short name of its main title.")
        elif versions[original, title.language, title.format] > 1:
            error = gettext("That title already has a version in this language and format.")
        if error:
            row.add_error(CATALOGUE_COLUMNS["version_of"], error)


def check_titles(steps: list[tuple[PlannedRow, CatalogueStep]], known: Mapping[str, Leaflet]) -> None:
    """A version may not have the title of its main title or of another version: packers tell them apart by that alone."""
    titles = {slug: (title.version_of.slug.lower() if title.version_of else slug, title.title) for slug, title in known.items()}
    for _row, step in steps:
        slug = step.leaflet.slug.lower()
        titles[slug] = step.version_of.lower() or slug, step.leaflet.title
    versions = Counter((original, title.casefold()) for original, title in titles.values())
    for row, step in steps:
        original, title = titles[step.leaflet.slug.lower()]
        if versions[original, title.casefold()] > 1 and {"title", "version_of"} & set(step.changed):
            row.add_error(CATALOGUE_COLUMNS["title"], str(DUPLICATE_TITLE_ERROR))


def write_stock(steps: list[StockStep], *, by: User, now: datetime) -> None:
    """Writes the movements, then promises free copies to orders that wait. The caller holds the editions' locks.

    As many statements for one edition as for many.
    """
    movements = []
    for step in steps:
        kind, change, reason = MovementKind.CORRECTED, step.change, _("Counted, by a stock list")
        if step.copies:
            kind, change, reason = MovementKind.RECEIVED, step.copies, _("By a stock list")
        figures = {"copies": abs(change), "on_hand_change": change, "allocated_change": 0}
        movements.append(StockMovement(edition_id=step.edition, kind=kind, reason=step.note or str(reason), **figures))
    record_movements(movements, by=by, now=now)
    fill_backorders([movement.edition_id for movement in movements], now=now)


def write_titles(steps: list[CatalogueStep], *, by: User, now: datetime) -> None:
    """Writes new titles before their versions. People with a stock alert for a title that leaves the catalogue get an email."""
    new = [step for step in steps if step.leaflet.pk is None]
    changed = [step for step in steps if step.leaflet.pk is not None]
    Leaflet.objects.bulk_create([step.leaflet for step in new if not step.version_of], batch_size=ROWS_PER_STATEMENT)
    slugs = {step.version_of.lower() for step in steps if step.version_of}
    originals = {slug.lower(): key for slug, key in Leaflet.objects.values_list("slug", "pk") if slug.lower() in slugs}
    for step in steps:
        step.leaflet.version_of_id = originals.get(step.version_of.lower())
    Leaflet.objects.bulk_create([step.leaflet for step in new if step.version_of], batch_size=ROWS_PER_STATEMENT)
    names = sorted({name for step in changed for name in step.changed})
    if names:
        Leaflet.objects.bulk_update([step.leaflet for step in changed], names, batch_size=ROWS_PER_STATEMENT)
    notify_alerts([step.leaflet.pk for step in changed if "active" in step.changed and not step.leaflet.active], now=now)


@dataclass(frozen=True)
class ListKind:
    """One kind of list: its columns, its current rows, the plan that a file makes, and the service that writes the plan."""

    columns: tuple[ImportColumn, ...]
    current_rows: Callable[[], Iterator[list[Cell]]]
    plan: Callable[[list[tuple[int, RowCells]]], ImportPlan]
    write: Callable[..., None]


LIST_KINDS: dict[str, ListKind] = {
    SheetKind.STOCK: ListKind(tuple(STOCK_COLUMNS.values()), stock_list_rows, plan_stock, write_stock),
    SheetKind.CATALOGUE: ListKind(tuple(CATALOGUE_COLUMNS.values()), catalogue_list_rows, plan_catalogue, write_titles),
}
UNWRITTEN_RETENTION = timedelta(days=7)
ROWS_PER_STATEMENT = 500


class DataHasChanged(DomainError):
    message: str | Promise = _(
        "Something has changed since you opened this page, so nothing was saved. Check the rows as they are now."
    )


class ListAlreadyApplied(DomainError):
    message: str | Promise = _("We have already written this list, so nothing has changed.")


def without_child_details(text: str) -> str:
    return CHILD_DETAILS_REMOVED if looks_like_child_details(text) else text


@transaction.atomic
def create_import(*, kind: str, content: bytes, by: User | None, now: datetime) -> SheetImport:
    """Read the file and keep its cells, but no child's details. Writes nothing else.

    Deletes uploads that nobody wrote within 7 days. Raises InvalidSheetError.
    """
    rows, unknown = match_columns(read_sheet(content), LIST_KINDS[kind].columns)
    if kind == SheetKind.STOCK:
        # In any column, what looks like a child's details is not stored; the mark in its place is refused as a note. The
        # catalogue's own texts are about children in general.
        rows = [(number, {key: without_child_details(text) for key, text in cells.items()}) for number, cells in rows]
    unknown = [without_child_details(heading) for heading in unknown]
    digest = hashlib.sha256(json.dumps([kind, [cells for _number, cells in rows]]).encode()).hexdigest()
    SheetImport.objects.filter(state=ImportState.CHECKED, uploaded_at__lt=now - UNWRITTEN_RETENTION).delete()
    return SheetImport.objects.create(kind=kind, rows=rows, unknown=unknown, digest=digest, uploaded_at=now, uploaded_by=by)


def plan_import(sheet: SheetImport) -> ImportPlan:
    """What the import would do now."""
    return LIST_KINDS[sheet.kind].plan([(number, cells) for number, cells in sheet.rows])


def find_applied_import(sheet: SheetImport) -> SheetImport | None:
    """The last list with the same rows that was written."""
    same = SheetImport.objects.filter(state=ImportState.APPLIED, digest=sheet.digest).exclude(pk=sheet.pk)
    return same.select_related("applied_by").defer("rows", "done").order_by("-applied_at").first()


@transaction.atomic
def apply_import(*, sheet: SheetImport, shown: str, again: bool, by: User, now: datetime) -> ImportPlan:
    """Write all rows or none. `shown`: the digest of the plan that the page showed; `again`: allow the same rows a second time.

    Locks the import, then the rows that it writes to, and plans again under the locks: so a second press finds it written.
    Raises ListAlreadyApplied, DataHasChanged, and DomainError for rows that can't be written.
    """
    locked = SheetImport.objects.select_for_update().get(pk=sheet.pk)
    if locked.state == ImportState.APPLIED:
        raise ListAlreadyApplied
    if locked.kind == SheetKind.STOCK:
        lock_editions(step.edition for step in plan_import(locked).steps)
    else:  # all of them: rows may be versions of any, and staff change titles rarely
        list(Leaflet.objects.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    plan = plan_import(locked)
    if plan.digest != shown:
        raise DataHasChanged
    if plan.errors:
        raise DomainError(_("Correct the rows that are wrong first. We have written nothing."))
    if not plan.steps:
        raise DomainError(_("No row changes anything, so we have written nothing."))
    if locked.kind == SheetKind.STOCK and not again and find_applied_import(locked):
        raise DomainError(
            _(
                "We have written a list with the same rows before. If the same number of copies came in again, tick the "
                "box and press the button again."
            )
        )
    try:
        with transaction.atomic():
            LIST_KINDS[locked.kind].write(plan.steps, by=by, now=now)
    except IntegrityError as error:
        raise DomainError(
            _("We can’t save these rows together, because versions would change places. Upload them in two lists.")
        ) from error
    locked.state, locked.applied_at, locked.applied_by = ImportState.APPLIED, now, by
    locked.done = [[row.number, row.about, row.action, row.changes] for row in plan.rows]
    locked.save(update_fields=["state", "applied_at", "applied_by", "done"])
    return plan

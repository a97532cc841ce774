"""The stock list and the catalogue as spreadsheets: rows out, an upload checked row by row, then written in one press."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
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
from django.utils.translation import gettext, gettext_lazy, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from ctac.errors import DomainError
from leaflets.models import Edition, EditionState, ImportState, Leaflet, MovementKind, SheetImport, SheetKind, StockMovement
from leaflets.models.catalogue import TITLES_ALIKE, normalise_topics, topics_in_use
from leaflets.stock.services import fill_backorders, lock_editions, notify_alerts, record_movements
from leaflets.stock.spreadsheets.files import (
    Cell,
    ImportPlan,
    ListColumn,
    ListKind,
    ListRow,
    RowAction,
    RowCells,
    match_columns,
    parse_whole_number,
    read_sheet,
    rows_to_json,
    shorten,
)
from professionals.safeguarding.child_details import looks_like_child_details

# The stock list: what is on the shelf, and back with the copies that came in or were counted.

SLUG_COLUMN = ListColumn(
    "slug", gettext_lazy("Short name"), gettext_lazy("Of the leaflet, as in its address on the website."), True, 24
)
TITLE_COLUMN = ListColumn("title", gettext_lazy("Title"), gettext_lazy("To read. What stands here changes nothing."), width=60)
EDITION_COLUMN = ListColumn(
    "edition", gettext_lazy("Edition"), gettext_lazy("As printed on it. Empty: the edition that is handed out now.")
)
STATE_COLUMN = ListColumn("state", gettext_lazy("State"), gettext_lazy("To read."))
ON_HAND_COLUMN = ListColumn(
    "on_hand", gettext_lazy("On the shelf"), gettext_lazy("When the list was made. Needed for copies counted only.")
)
PROMISED_COLUMN = ListColumn("promised", gettext_lazy("Promised"), gettext_lazy("To read."))
FREE_COLUMN = ListColumn("free", gettext_lazy("Free to give"), gettext_lazy("To read."))
CAME_IN_COLUMN = ListColumn(
    "came_in",
    gettext_lazy("Copies that came in"),
    gettext_lazy("From the printer, since the list was made. They are added to the shelf. Empty: none."),
    width=20,
)
COUNTED_COLUMN = ListColumn(
    "counted",
    gettext_lazy("Copies counted"),
    gettext_lazy("All that lie on the shelf, promised copies too. The shelf is set to this. Empty: not counted."),
    width=20,
)
NOTE_COLUMN = ListColumn(
    "note", gettext_lazy("Note"), gettext_lazy("For the stock movements: the delivery note, or why copies are missing."), width=40
)
STOCK_COLUMNS = (
    SLUG_COLUMN,
    TITLE_COLUMN,
    EDITION_COLUMN,
    STATE_COLUMN,
    ON_HAND_COLUMN,
    PROMISED_COLUMN,
    FREE_COLUMN,
    CAME_IN_COLUMN,
    COUNTED_COLUMN,
    NOTE_COLUMN,
)
CHILD_DETAILS_REMOVED = "[details of a child, taken out]"
MAX_NOTE_LENGTH = 300


@dataclass(frozen=True)
class StockStep:
    """`copies` came in, or the shelf has `change` more or fewer than it said."""

    edition: int
    copies: int = 0
    change: int = 0
    note: str = ""


def stock_list_rows() -> Iterator[list[Cell]]:
    """Every edition that can still be handed out or lies on the shelf."""
    editions = Edition.objects.select_related("leaflet").order_by("leaflet__position", "leaflet__title", "-published_on", "pk")
    for edition in editions.exclude(state__in=[EditionState.SUPERSEDED, EditionState.WITHDRAWN], on_hand=0).iterator():
        leaflet, state = edition.leaflet, edition.get_state_display()
        figures = (edition.on_hand, edition.allocated, edition.free)
        yield [leaflet.slug, leaflet.title, edition.label, str(state), *figures, None, None, ""]


def plan_stock(rows: list[tuple[int, RowCells]]) -> ImportPlan:
    """One statement, however many rows."""
    known = editions_by_slug({cells["slug"].lower() for _number, cells in rows if cells["slug"]})
    seen: dict[int, int] = {}
    steps: list[Any] = []
    found = []
    for number, cells in rows:
        row = ListRow(number)
        found.append(row)
        edition = find_edition(row, cells, known)
        if edition is None:
            continue
        if first := seen.get(edition.pk):
            row.refuse(SLUG_COLUMN, gettext("Row %(n)d is about the same edition. Put both into one row.") % {"n": first})
            continue
        seen[edition.pk] = number
        if step := stock_step(row, cells, edition):
            steps.append(step)
    return ImportPlan(found, steps)


def editions_by_slug(slugs: set[str]) -> dict[str, list[Edition]]:
    found: dict[str, list[Edition]] = {}
    if slugs:
        editions = Edition.objects.select_related("leaflet").alias(slug=Lower("leaflet__slug"))
        for edition in editions.filter(slug__in=slugs).order_by("pk"):
            found.setdefault(edition.leaflet.slug.lower(), []).append(edition)
    return found


def find_edition(row: ListRow, cells: RowCells, known: dict[str, list[Edition]]) -> Edition | None:
    """Which edition the row is about; otherwise the row says why none."""
    slug, label = cells["slug"].lower(), cells.get("edition", "")
    row.about = shorten(f"{cells['slug']} {label}")
    if not slug:
        row.refuse(SLUG_COLUMN, gettext("Fill in the short name of the leaflet."))
        return None
    editions = known.get(slug, [])
    if not editions:
        row.refuse(
            SLUG_COLUMN,
            gettext("No leaflet with an edition is called “%(slug)s”. Copy its short name from the stock list.")
            % {"slug": shorten(slug)},
        )
        return None
    if label:
        chosen = [edition for edition in editions if edition.label.casefold() == label.casefold()]
    else:
        chosen = [edition for edition in editions if edition.state == EditionState.CURRENT]
    if not chosen:
        labels = ", ".join(edition.label for edition in editions[-5:])
        row.refuse(EDITION_COLUMN, gettext("This leaflet has no such edition. It has: %(labels)s.") % {"labels": labels})
        return None
    row.about = str(chosen[0])
    return chosen[0]


def stock_step(row: ListRow, cells: RowCells, edition: Edition) -> StockStep | None:
    came_in, counted = read_number(row, cells, CAME_IN_COLUMN), read_number(row, cells, COUNTED_COLUMN)
    note = cells.get("note", "")
    if len(note) > MAX_NOTE_LENGTH:
        row.refuse(NOTE_COLUMN, gettext("This note has %(n)d characters. Shorten it to 300.") % {"n": len(note)})
    elif note == CHILD_DETAILS_REMOVED:
        row.refuse(
            NOTE_COLUMN, gettext("This looks like details of a child. Please take them out: they don’t belong in the stock list.")
        )
    if came_in and counted is not None:
        row.refuse(
            COUNTED_COLUMN, gettext("Fill in copies that came in or copies counted, not both: nobody knows which was first.")
        )
    if counted is not None and not row.wrong:
        return count_step(row, cells, edition, counted)
    if not came_in or row.wrong:
        return None
    if edition.state == EditionState.WITHDRAWN:
        row.refuse(CAME_IN_COLUMN, gettext("This edition is withdrawn, so no copies of it are taken in."))
        return None
    row.fate = RowAction.CHANGE
    words = ngettext(
        "%(n)s copy comes in: %(before)s on the shelf, then %(after)s.",
        "%(n)s copies come in: %(before)s on the shelf, then %(after)s.",
        came_in,
    )
    row.says.append(words % {"n": f"{came_in:,}", "before": f"{edition.on_hand:,}", "after": f"{edition.on_hand + came_in:,}"})
    return StockStep(edition.pk, copies=came_in, note=note)


def count_step(row: ListRow, cells: RowCells, edition: Edition, counted: int) -> StockStep | None:
    """Only against the figure that the list had when it was made: what left since then is not counted twice."""
    listed = read_number(row, cells, ON_HAND_COLUMN)
    if row.wrong:
        return None
    if listed is None:
        row.refuse(ON_HAND_COLUMN, gettext("Fill in how many copies the list said are on the shelf, or begin with a new list."))
    elif listed != edition.on_hand:
        said = gettext(
            "The list said %(listed)s, now it is %(now)s: copies came or left since then. Make a new list and count again."
        )
        row.refuse(ON_HAND_COLUMN, said % {"listed": f"{listed:,}", "now": f"{edition.on_hand:,}"})
    elif counted < edition.allocated:
        said = gettext("%(promised)s copies are promised to orders, so no fewer can be on the shelf. Cancel orders first.")
        row.refuse(COUNTED_COLUMN, said % {"promised": f"{edition.allocated:,}"})
    elif counted != edition.on_hand:
        row.fate = RowAction.CHANGE
        change = counted - edition.on_hand
        said = gettext("Counted: %(before)s on the shelf becomes %(after)s, %(change)s.")
        row.says.append(
            said % {"before": f"{edition.on_hand:,}", "after": f"{counted:,}", "change": f"{change:+,}".replace("-", "−")}
        )
        return StockStep(edition.pk, change=change, note=cells.get("note", ""))
    return None


def read_number(row: ListRow, cells: RowCells, column: ListColumn) -> int | None:
    """None for an empty cell, and for one that the row then refuses."""
    text = cells.get(column.key, "")
    if not text:
        return None
    try:
        return parse_whole_number(text, least=0)
    except ValueError as error:
        row.refuse(column, str(error))
        return None


STOCK_LIST = ListKind(STOCK_COLUMNS, plan_stock)


# The catalogue as a spreadsheet: a row a title, with all that it has but its editions; and back, found by the short name.

SHORT_NAME = gettext_lazy("Short name")
EVERYONE = gettext_lazy("Every professional")
FIELD_HELP: dict[str, str | Promise] = {
    "slug": gettext_lazy("Letters, figures and dashes; it stands in the address and never changes. A new one makes a new title."),
    "introduction": gettext_lazy("Stands first on its page. One paragraph a line."),
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
YES_WORDS, NO_WORDS = ("yes", "y", "true", "1"), ("no", "n", "false", "0")


def catalogue_column(name: str) -> ListColumn:
    model_field: Any = Leaflet._meta.get_field(name)
    said = FIELD_HELP.get(name) or model_field.help_text
    label = SHORT_NAME if name == "slug" else capfirst(model_field.verbose_name)
    return ListColumn(name, label, said, name == "slug", 60 if name in TEXT_FIELDS else COLUMN_WIDTHS.get(name, 16))


CATALOGUE_COLUMNS = tuple(catalogue_column(name) for name in CATALOGUE_FIELDS)
COLUMNS_BY_KEY = {column.key: column for column in CATALOGUE_COLUMNS}


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
    """The words of each value; nothing of a field that is free."""
    model_field: Any = Leaflet._meta.get_field(name)
    if not model_field.choices:
        return {}
    found = {str(value): str(label) for value, label in model_field.choices}
    return {"": str(EVERYONE), **found} if name == "audience" else found


# -- What an upload would do ------------------------------------------------------------------------------------------


def plan_catalogue(rows: list[tuple[int, RowCells]]) -> ImportPlan:
    """Three statements, however many rows."""
    slugs = {cells["slug"].lower() for _number, cells in rows} | {cells.get("version_of", "").lower() for _n, cells in rows}
    known = {leaflet.slug.lower(): leaflet for leaflet in leaflets_and_versions(slugs)}
    used = topics_in_use()
    found, steps = [], []
    seen: dict[str, int] = {}
    for number, cells in rows:
        row = ListRow(number, about=shorten(cells["slug"]))
        found.append(row)
        slug = cells["slug"].lower()
        # Refuse what no title may have as its short name in this row.
        column = COLUMNS_BY_KEY["slug"]
        if not slug:
            row.refuse(column, gettext("Fill in the short name of the title."))
        elif first := seen.get(slug):
            row.refuse(column, gettext("Row %(n)d has the same short name. Leave one of them out.") % {"n": first})
        else:
            try:
                validate_slug(slug)
            except ValidationError:
                row.refuse(column, gettext("Use letters, figures and dashes only, like: health-visitors."))
            if len(slug) > 50:
                row.refuse(column, gettext("This has %(n)d characters. Shorten it to 50.") % {"n": len(slug)})
        if not slug or slug in seen:
            continue  # nobody knows against what to hold the rest
        seen[slug] = number
        step = catalogue_step(row, cells, known.get(slug) or Leaflet(slug=slug, active=False), used)
        if step and not row.wrong:
            steps.append((row, step))
    check_versions(steps, known)
    check_titles(steps, known)
    return ImportPlan(found, [step for row, step in steps if row.fate in {RowAction.MAKE, RowAction.CHANGE}])


def leaflets_and_versions(slugs: Iterable[str]) -> Any:
    """Those titles, those that they are versions of, and all versions of either."""
    named = Leaflet.objects.alias(lower_slug=Lower("slug")).filter(lower_slug__in=slugs)
    groups = named.values("version_of")
    wanted = Q(pk__in=named.values("pk")) | Q(pk__in=groups) | Q(version_of__in=named.values("pk")) | Q(version_of__in=groups)
    return Leaflet.objects.filter(wanted).select_related("version_of")


def catalogue_step(row: ListRow, cells: RowCells, leaflet: Leaflet, used: Mapping[str, str]) -> CatalogueStep | None:
    """What this row makes of the title; `leaflet` is changed here, in memory alone.

    Of a short name that can't be, all that is filled in is checked; it may be a slip, so that nothing else is asked for.
    """
    new = not row.wrong and leaflet.pk is None
    step = CatalogueStep(leaflet, version_of=leaflet.version_of.slug if leaflet.version_of_id and leaflet.version_of else "")
    for name in CATALOGUE_FIELDS[1:]:
        text = cells.get(name, "")
        if not text:
            if new and is_required(name):
                row.refuse(COLUMNS_BY_KEY[name], gettext("Fill this in: a new title needs it."))
            continue
        try:
            value = parse_field(name, text, used)
        except ValueError as error:
            row.refuse(COLUMNS_BY_KEY[name], str(error))
            continue
        apply_field(step, name, value)
    check_limits(row, leaflet)
    row.about = leaflet.title or row.about
    if not row.wrong:
        row.fate = RowAction.MAKE if new else RowAction.CHANGE if step.changed else RowAction.NOTHING
        row.says = [] if new else [str(COLUMNS_BY_KEY[name].label) for name in step.changed]
        row.rests_on = [] if new else step.before
    return step


def apply_field(step: CatalogueStep, name: str, value: Any) -> None:
    before = step.version_of if name == "version_of" else getattr(step.leaflet, name)
    if is_same_value(before, value):
        return
    step.changed.append(name)
    step.before.append(f"{name}: {before}")
    if name == "version_of":
        step.version_of = value
    else:
        setattr(step.leaflet, name, value)


def is_same_value(before: Any, value: Any) -> bool:
    """Text that differs in the ends of its lines alone is the same: browsers and spreadsheets end them differently."""
    if isinstance(before, str) and isinstance(value, str):
        return normalise_newlines(before) == normalise_newlines(value)
    return bool(before == value)


def normalise_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def is_required(name: str) -> bool:
    model_field: Any = Leaflet._meta.get_field(name)
    return not (model_field.blank or model_field.has_default())


def parse_field(name: str, text: str, used: Mapping[str, str]) -> Any:
    """Raises ValueError with words for people."""
    if name in NUMBER_FIELDS:
        return parse_whole_number(text, least=0 if name == "position" else 1, most=32_767 if name == "position" else 1_000_000)
    if name == "active":
        return parse_boolean(text)
    if name == "version_of":
        return text.lower()
    if choices := field_choices(name):
        # By its words or its value.
        for value, label in choices.items():
            if text.casefold() in {value.casefold(), label.casefold()}:
                return value
        said = gettext("“%(typed)s” is not known here. It is one of: %(choices)s.")
        raise ValueError(said % {"typed": shorten(text), "choices": ", ".join(choices.values())})
    if name == "topics":
        text = normalise_topics(text.replace(";", "\n"), used)
    most = Leaflet._meta.get_field(name).max_length or 10_000  # type: ignore[union-attr]
    if len(text) > most:
        raise ValueError(
            gettext("This has %(n)s characters. Shorten it to %(most)s.") % {"n": f"{len(text):,}", "most": f"{most:,}"}
        )
    return text


def parse_boolean(text: str) -> bool:
    if text.casefold() in YES_WORDS:
        return True
    if text.casefold() in NO_WORDS:
        return False
    raise ValueError(gettext("Write Yes or No; this says “%(typed)s”.") % {"typed": shorten(text)})


def check_limits(row: ListRow, leaflet: Leaflet) -> None:
    if row.wrong:
        return
    if leaflet.most_per_order > leaflet.most_per_person:
        row.refuse(
            COLUMNS_BY_KEY["most_per_person"],
            gettext("A person may order at least what one order may have. Raise this, or lower the other."),
        )
    if leaflet.most_per_person > leaflet.most_per_workplace:
        row.refuse(
            COLUMNS_BY_KEY["most_per_workplace"],
            gettext("A workplace may order at least what a person may. Raise this, or lower the other."),
        )


def check_versions(steps: list[tuple[ListRow, CatalogueStep]], known: Mapping[str, Leaflet]) -> None:
    """That a version is one of a title that is none itself, and the only one in its language and format."""
    of = {slug: title.version_of.slug.lower() if title.version_of else "" for slug, title in known.items()}
    of |= {step.leaflet.slug.lower(): step.version_of.lower() for _row, step in steps}
    titles = {**known} | {step.leaflet.slug.lower(): step.leaflet for _row, step in steps}
    alike = Counter((of[slug], title.language, title.format) for slug, title in titles.items())
    wholes = set(of.values())
    for row, step in steps:
        slug, whole, title = step.leaflet.slug.lower(), step.version_of.lower(), step.leaflet
        why = ""
        if not whole:
            continue
        if whole == slug or whole not in of:
            why = gettext("No other title has the short name “%(slug)s”.") % {"slug": shorten(whole)}
        elif of[whole] or slug in wholes:
            why = gettext("A version is of a title that is no version itself. Name that one.")
        elif alike[whole, title.language, title.format] > 1:
            why = gettext("That title would have two versions in this language and format.")
        if why:
            row.refuse(COLUMNS_BY_KEY["version_of"], why)


def check_titles(steps: list[tuple[ListRow, CatalogueStep]], known: Mapping[str, Leaflet]) -> None:
    """That a version is not called as its title or another version is: whoever packs tells them apart by that alone."""
    titles = {slug: (title.version_of.slug.lower() if title.version_of else slug, title.title) for slug, title in known.items()}
    for _row, step in steps:
        slug = step.leaflet.slug.lower()
        titles[slug] = step.version_of.lower() or slug, step.leaflet.title
    alike = Counter((whole, title.casefold()) for whole, title in titles.values())
    for row, step in steps:
        whole, title = titles[step.leaflet.slug.lower()]
        if alike[whole, title.casefold()] > 1 and {"title", "version_of"} & set(step.changed):
            row.refuse(COLUMNS_BY_KEY["title"], str(TITLES_ALIKE))


CATALOGUE_LIST = ListKind(CATALOGUE_COLUMNS, plan_catalogue)


# A spreadsheet that was uploaded: kept, checked without writing anything, then written as a whole or not at all.

LIST_KINDS: dict[str, ListKind] = {SheetKind.STOCK: STOCK_LIST, SheetKind.CATALOGUE: CATALOGUE_LIST}
KEEP_UNWRITTEN = timedelta(days=7)
ROWS_PER_STATEMENT = 500  # rows of a statement
COUNTED_REASON = _("Counted, by a stock list")
CAME_IN_REASON = _("By a stock list")


class DataHasChanged(DomainError):
    message: str | Promise = _(
        "Something changed since this page was shown, so nothing was written. Look at the rows again, as they are now."
    )


class AlreadyWritten(DomainError):
    message: str | Promise = _("This list has already been written, so nothing was written now.")


@transaction.atomic
def keep_sheet(*, kind: str, content: bytes, by: User | None, now: datetime) -> SheetImport:
    """Read the file and keep its cells, but no child's details. Nothing else is written. What nobody wrote within a week goes.

    Raises NotASheet.
    """
    rows, unknown = match_columns(read_sheet(content), LIST_KINDS[kind].columns)
    if kind == SheetKind.STOCK:
        # The rows as they are kept: where a note looks like a child's details, a mark stands in its place, which is refused.
        rows = [
            (number, {**cells, "note": CHILD_DETAILS_REMOVED} if looks_like_child_details(cells.get("note", "")) else cells)
            for number, cells in rows
        ]
    digest = hashlib.sha256(json.dumps([kind, [cells for _number, cells in rows]]).encode()).hexdigest()
    SheetImport.objects.filter(state=ImportState.CHECKED, uploaded_at__lt=now - KEEP_UNWRITTEN).delete()
    return SheetImport.objects.create(kind=kind, rows=rows, unknown=unknown, digest=digest, uploaded_at=now, uploaded_by=by)


def import_plan(sheet: SheetImport) -> ImportPlan:
    """What it would do now."""
    return LIST_KINDS[sheet.kind].plan([(number, cells) for number, cells in sheet.rows])


def written_before(sheet: SheetImport) -> SheetImport | None:
    """The last list with the same rows that was written."""
    same = SheetImport.objects.filter(state=ImportState.APPLIED, digest=sheet.digest).exclude(pk=sheet.pk)
    return same.select_related("applied_by").defer("rows", "done").order_by("-applied_at").first()


@transaction.atomic
def write_sheet(*, sheet: SheetImport, shown: str, again: bool, by: User, now: datetime) -> ImportPlan:
    """All rows or none. `shown` is the digest of the plan that the page showed; `again`: the same rows may be written twice.

    Locks the import, then what it writes to, and looks once more under the locks: so of two presses the second finds it written.
    Raises AlreadyWritten, DataHasChanged.
    """
    locked = SheetImport.objects.select_for_update().get(pk=sheet.pk)
    if locked.state == ImportState.APPLIED:
        raise AlreadyWritten
    lock = lock_stock if locked.kind == SheetKind.STOCK else lock_leaflets
    lock(locked)
    plan = import_plan(locked)
    if plan.digest != shown:
        raise DataHasChanged
    if plan.wrong:
        raise DomainError(_("Some rows have to be put right first. Nothing was written."))
    if not plan.steps:
        raise DomainError(_("No row changes anything, so nothing was written."))
    if locked.kind == SheetKind.STOCK and not again and written_before(locked):
        raise DomainError(
            _(
                "A list with the same rows has been written before. "
                "If these copies came in a second time, tick the box and press again."
            )
        )
    write = write_stock if locked.kind == SheetKind.STOCK else write_titles
    try:
        with transaction.atomic():
            write(plan.steps, by=by, now=now)
    except IntegrityError as error:
        raise DomainError(
            _("These rows can’t be written in one go: versions would change places. Upload them in two lists.")
        ) from error
    locked.state, locked.applied_at, locked.applied_by, locked.done = ImportState.APPLIED, now, by, rows_to_json(plan.rows)
    locked.save(update_fields=["state", "applied_at", "applied_by", "done"])
    return plan


def lock_stock(sheet: SheetImport) -> None:
    lock_editions(step.edition for step in import_plan(sheet).steps)


def lock_leaflets(sheet: SheetImport) -> None:
    """All of them: rows may be versions of any, and staff change titles rarely."""
    list(Leaflet.objects.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))


def write_stock(steps: Iterable[StockStep], *, by: User, now: datetime) -> None:
    """As many statements for one edition as for many; who waits for copies gets them. The caller holds the editions' locks."""
    movements = [stock_step_movement(step) for step in steps]
    record_movements(movements, by=by, now=now)
    fill_backorders([movement.edition_id for movement in movements], by=None, now=now)


def stock_step_movement(step: StockStep) -> StockMovement:
    if step.copies:
        kind, copies, change, usual = MovementKind.RECEIVED, step.copies, step.copies, CAME_IN_REASON
    else:
        kind, copies, change, usual = MovementKind.CORRECTED, abs(step.change), step.change, COUNTED_REASON
    figures = {"copies": copies, "on_hand_change": change, "allocated_change": 0}
    return StockMovement(edition_id=step.edition, kind=kind, reason=step.note or str(usual), **figures)


def write_titles(steps: list[Any], *, by: User, now: datetime) -> None:
    """New titles before those that are versions of them; whoever waits for a title that leaves the catalogue is told."""
    new = [step for step in steps if step.leaflet.pk is None]
    changed = [step for step in steps if step.leaflet.pk is not None]
    Leaflet.objects.bulk_create([step.leaflet for step in new if not step.version_of], batch_size=ROWS_PER_STATEMENT)
    slugs = {step.version_of.lower() for step in steps if step.version_of}
    wholes = {slug.lower(): key for slug, key in Leaflet.objects.values_list("slug", "pk") if slug.lower() in slugs}
    for step in steps:
        step.leaflet.version_of_id = wholes.get(step.version_of.lower())
    Leaflet.objects.bulk_create([step.leaflet for step in new if step.version_of], batch_size=ROWS_PER_STATEMENT)
    names = sorted({name for step in changed for name in step.changed})
    if names:
        Leaflet.objects.bulk_update([step.leaflet for step in changed], names, batch_size=ROWS_PER_STATEMENT)
    notify_alerts([step.leaflet.pk for step in changed if "active" in step.changed and not step.leaflet.active], now=now)

"""The stock list: what is on the shelf, and back with the copies that came in or were counted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leaflets.exchange.cells import Cell
from leaflets.exchange.checking import Cells, Column, Fate, Kind, Plan, Row, short, whole_number
from leaflets.models import Edition, EditionState
from professionals.safeguarding import looks_like_child_details

SLUG = Column("slug", gettext_lazy("Short name"), gettext_lazy("Of the leaflet, as in its address on the website."), True, 24)
TITLE = Column("title", gettext_lazy("Title"), gettext_lazy("To read. What stands here changes nothing."), width=60)
EDITION = Column("edition", gettext_lazy("Edition"), gettext_lazy("As printed on it. Empty: the edition that is handed out now."))
STATE = Column("state", gettext_lazy("State"), gettext_lazy("To read."))
ON_HAND = Column("on_hand", gettext_lazy("On the shelf"), gettext_lazy("When the list was made. Needed for copies counted only."))
PROMISED = Column("promised", gettext_lazy("Promised"), gettext_lazy("To read."))
FREE = Column("free", gettext_lazy("Free to give"), gettext_lazy("To read."))
CAME_IN = Column(
    "came_in",
    gettext_lazy("Copies that came in"),
    gettext_lazy("From the printer, since the list was made. They are added to the shelf. Empty: none."),
    width=20,
)
COUNTED = Column(
    "counted",
    gettext_lazy("Copies counted"),
    gettext_lazy("All that lie on the shelf, promised copies too. The shelf is set to this. Empty: not counted."),
    width=20,
)
NOTE = Column(
    "note", gettext_lazy("Note"), gettext_lazy("For the stock movements: the delivery note, or why copies are missing."), width=40
)
COLUMNS = (SLUG, TITLE, EDITION, STATE, ON_HAND, PROMISED, FREE, CAME_IN, COUNTED, NOTE)
TAKEN_OUT = "[details of a child, taken out]"
MOST_OF_A_NOTE = 300


@dataclass(frozen=True)
class Step:
    """`copies` came in, or the shelf has `change` more or fewer than it said."""

    edition: int
    copies: int = 0
    change: int = 0
    note: str = ""


def stock_rows() -> Iterator[list[Cell]]:
    """Every edition that can still be handed out or lies on the shelf."""
    editions = Edition.objects.select_related("leaflet").order_by("leaflet__position", "leaflet__title", "-published_on", "pk")
    for edition in editions.exclude(state__in=[EditionState.SUPERSEDED, EditionState.WITHDRAWN], on_hand=0).iterator():
        leaflet, state = edition.leaflet, edition.get_state_display()
        figures = (edition.on_hand, edition.allocated, edition.free)
        yield [leaflet.slug, leaflet.title, edition.label, str(state), *figures, None, None, ""]


def plan(rows: list[tuple[int, Cells]]) -> Plan:
    """One statement, however many rows."""
    known = editions_of({cells["slug"].lower() for _number, cells in rows if cells["slug"]})
    seen: dict[int, int] = {}
    steps: list[Any] = []
    found = []
    for number, cells in rows:
        row = Row(number)
        found.append(row)
        edition = edition_of(row, cells, known)
        if edition is None:
            continue
        if first := seen.get(edition.pk):
            row.refuse(SLUG, _("Row %(n)d is about the same edition. Put both into one row.") % {"n": first})
            continue
        seen[edition.pk] = number
        if step := step_of(row, cells, edition):
            steps.append(step)
    return Plan(found, steps)


def editions_of(slugs: set[str]) -> dict[str, list[Edition]]:
    found: dict[str, list[Edition]] = {}
    if slugs:
        editions = Edition.objects.select_related("leaflet").alias(slug=Lower("leaflet__slug"))
        for edition in editions.filter(slug__in=slugs).order_by("pk"):
            found.setdefault(edition.leaflet.slug.lower(), []).append(edition)
    return found


def edition_of(row: Row, cells: Cells, known: dict[str, list[Edition]]) -> Edition | None:
    """Which edition the row is about; otherwise the row says why none."""
    slug, label = cells["slug"].lower(), cells.get("edition", "")
    row.about = short(f"{cells['slug']} {label}")
    if not slug:
        row.refuse(SLUG, _("Fill in the short name of the leaflet."))
        return None
    editions = known.get(slug, [])
    if not editions:
        row.refuse(
            SLUG,
            _("No leaflet with an edition is called “%(slug)s”. Copy its short name from the stock list.")
            % {"slug": short(slug)},
        )
        return None
    if label:
        chosen = [edition for edition in editions if edition.label.casefold() == label.casefold()]
    else:
        chosen = [edition for edition in editions if edition.state == EditionState.CURRENT]
    if not chosen:
        labels = ", ".join(edition.label for edition in editions[-5:])
        row.refuse(EDITION, _("This leaflet has no such edition. It has: %(labels)s.") % {"labels": labels})
        return None
    row.about = str(chosen[0])
    return chosen[0]


def without_child_details(rows: list[tuple[int, Cells]]) -> list[tuple[int, Cells]]:
    """The rows as they are kept: where a note looks like a child's details, a mark stands in its place, which is refused."""
    return [
        (number, {**cells, "note": TAKEN_OUT} if looks_like_child_details(cells.get("note", "")) else cells)
        for number, cells in rows
    ]


def step_of(row: Row, cells: Cells, edition: Edition) -> Step | None:
    came_in, counted = number_in(row, cells, CAME_IN), number_in(row, cells, COUNTED)
    note = cells.get("note", "")
    if len(note) > MOST_OF_A_NOTE:
        row.refuse(NOTE, _("This note has %(n)d characters. Shorten it to 300.") % {"n": len(note)})
    elif note == TAKEN_OUT:
        row.refuse(NOTE, _("This looks like details of a child. Please take them out: they don’t belong in the stock list."))
    if came_in and counted is not None:
        row.refuse(COUNTED, _("Fill in copies that came in or copies counted, not both: nobody knows which was first."))
    if counted is not None and not row.wrong:
        return count_step(row, cells, edition, counted)
    if not came_in or row.wrong:
        return None
    if edition.state == EditionState.WITHDRAWN:
        row.refuse(CAME_IN, _("This edition is withdrawn, so no copies of it are taken in."))
        return None
    row.fate = Fate.CHANGE
    words = ngettext(
        "%(n)s copy comes in: %(before)s on the shelf, then %(after)s.",
        "%(n)s copies come in: %(before)s on the shelf, then %(after)s.",
        came_in,
    )
    row.says.append(words % {"n": f"{came_in:,}", "before": f"{edition.on_hand:,}", "after": f"{edition.on_hand + came_in:,}"})
    return Step(edition.pk, copies=came_in, note=note)


def count_step(row: Row, cells: Cells, edition: Edition, counted: int) -> Step | None:
    """Only against the figure that the list had when it was made: what left since then is not counted twice."""
    listed = number_in(row, cells, ON_HAND)
    if row.wrong:
        return None
    if listed is None:
        row.refuse(ON_HAND, _("Fill in how many copies the list said are on the shelf, or begin with a new list."))
    elif listed != edition.on_hand:
        said = _("The list said %(listed)s, now it is %(now)s: copies came or left since then. Make a new list and count again.")
        row.refuse(ON_HAND, said % {"listed": f"{listed:,}", "now": f"{edition.on_hand:,}"})
    elif counted < edition.allocated:
        said = _("%(promised)s copies are promised to orders, so no fewer can be on the shelf. Cancel orders first.")
        row.refuse(COUNTED, said % {"promised": f"{edition.allocated:,}"})
    elif counted != edition.on_hand:
        row.fate = Fate.CHANGE
        change = counted - edition.on_hand
        said = _("Counted: %(before)s on the shelf becomes %(after)s, %(change)s.")
        row.says.append(
            said % {"before": f"{edition.on_hand:,}", "after": f"{counted:,}", "change": f"{change:+,}".replace("-", "−")}
        )
        return Step(edition.pk, change=change, note=cells.get("note", ""))
    return None


def number_in(row: Row, cells: Cells, column: Column) -> int | None:
    """None for an empty cell, and for one that the row then refuses."""
    text = cells.get(column.key, "")
    if not text:
        return None
    try:
        return whole_number(text, least=0)
    except ValueError as error:
        row.refuse(column, str(error))
        return None


KIND = Kind(COLUMNS, plan)

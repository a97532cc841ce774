"""A spreadsheet that was uploaded: kept, checked without writing anything, then written as a whole or not at all."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from leaflets.exchange import catalogue, stock
from leaflets.exchange.checking import Kind, Plan, as_kept, match_columns
from leaflets.exchange.reading import read_sheet
from leaflets.models import ImportState, Leaflet, MovementKind, SheetImport, SheetKind, StockMovement
from leaflets.services.alerts import tell_who_asked
from leaflets.services.backorders import fill_backorders
from leaflets.services.ledger import lock_editions, record
from professionals.models import User

KINDS: dict[str, Kind] = {SheetKind.STOCK: stock.KIND, SheetKind.CATALOGUE: catalogue.KIND}
UNUSED_FOR = timedelta(days=7)
AT_ONCE = 500  # rows of a statement
COUNTED = _("Counted, by a stock list")
CAME_IN = _("By a stock list")


class DataHasChanged(DomainError):
    message: str | Promise = _(
        "Something changed since this page was shown, so nothing was written. Look at the rows again, as they are now."
    )


class AlreadyWritten(DomainError):
    message: str | Promise = _("This list has already been written, so nothing was written now.")


class WrittenBefore(DomainError):
    message: str | Promise = _(
        "A list with the same rows has been written before. If these copies came in a second time, tick the box and press again."
    )


class RowsAreWrong(DomainError):
    message: str | Promise = _("Some rows have to be put right first. Nothing was written.")


class NotAtOnce(DomainError):
    message: str | Promise = _("These rows can’t be written in one go: versions would change places. Upload them in two lists.")


class NothingToWrite(DomainError):
    message: str | Promise = _("No row changes anything, so nothing was written.")


@transaction.atomic
def keep_sheet(*, kind: str, content: bytes, by: User | None, now: datetime) -> SheetImport:
    """Read the file and keep its cells, but no child's details. Nothing else is written. What nobody wrote within a week goes.

    Raises NotASheet.
    """
    rows, unknown = match_columns(read_sheet(content), KINDS[kind].columns)
    if kind == SheetKind.STOCK:
        rows = stock.without_child_details(rows)
    digest = hashlib.sha256(json.dumps([kind, [cells for _number, cells in rows]]).encode()).hexdigest()
    SheetImport.objects.filter(state=ImportState.CHECKED, uploaded_at__lt=now - UNUSED_FOR).delete()
    return SheetImport.objects.create(kind=kind, rows=rows, unknown=unknown, digest=digest, uploaded_at=now, uploaded_by=by)


def plan_of(sheet: SheetImport) -> Plan:
    """What it would do now."""
    return KINDS[sheet.kind].plan([(number, cells) for number, cells in sheet.rows])


def written_before(sheet: SheetImport) -> SheetImport | None:
    """The last list with the same rows that was written."""
    same = SheetImport.objects.filter(state=ImportState.APPLIED, digest=sheet.digest).exclude(pk=sheet.pk)
    return same.select_related("applied_by").defer("rows", "done").order_by("-applied_at").first()


@transaction.atomic
def write_sheet(*, sheet: SheetImport, shown: str, again: bool, by: User, now: datetime) -> Plan:
    """All rows or none. `shown` is the digest of the plan that the page showed; `again`: the same rows may be written twice.

    Locks the import, then what it writes to, and looks once more under the locks: so of two presses the second finds it written.
    Raises AlreadyWritten, RowsAreWrong, NothingToWrite, DataHasChanged, WrittenBefore, NotAtOnce.
    """
    locked = SheetImport.objects.select_for_update().get(pk=sheet.pk)
    if locked.state == ImportState.APPLIED:
        raise AlreadyWritten
    lock = lock_stock if locked.kind == SheetKind.STOCK else lock_titles
    lock(locked)
    plan = plan_of(locked)
    if plan.digest != shown:
        raise DataHasChanged
    if plan.wrong:
        raise RowsAreWrong
    if not plan.steps:
        raise NothingToWrite
    if locked.kind == SheetKind.STOCK and not again and written_before(locked):
        raise WrittenBefore
    write = write_stock if locked.kind == SheetKind.STOCK else write_titles
    try:
        with transaction.atomic():
            write(plan.steps, by=by, now=now)
    except IntegrityError as error:
        raise NotAtOnce from error
    locked.state, locked.applied_at, locked.applied_by, locked.done = ImportState.APPLIED, now, by, as_kept(plan.rows)
    locked.save(update_fields=["state", "applied_at", "applied_by", "done"])
    return plan


def lock_stock(sheet: SheetImport) -> None:
    lock_editions(step.edition for step in plan_of(sheet).steps)


def lock_titles(sheet: SheetImport) -> None:
    """All of them: rows may be versions of any, and staff change titles rarely."""
    list(Leaflet.objects.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))


def write_stock(steps: Iterable[stock.Step], *, by: User, now: datetime) -> None:
    """As many statements for one edition as for many; who waits for copies gets them. The caller holds the editions' locks."""
    movements = [movement_of(step) for step in steps]
    record(movements, by=by, now=now)
    fill_backorders([movement.edition_id for movement in movements], by=None, now=now)


def movement_of(step: stock.Step) -> StockMovement:
    if step.copies:
        kind, copies, change, usual = MovementKind.RECEIVED, step.copies, step.copies, CAME_IN
    else:
        kind, copies, change, usual = MovementKind.CORRECTED, abs(step.change), step.change, COUNTED
    figures = {"copies": copies, "on_hand_change": change, "allocated_change": 0}
    return StockMovement(edition_id=step.edition, kind=kind, reason=step.note or str(usual), **figures)


def write_titles(steps: list[Any], *, by: User, now: datetime) -> None:
    """New titles before those that are versions of them; whoever waits for a title that leaves the catalogue is told."""
    new = [step for step in steps if step.leaflet.pk is None]
    changed = [step for step in steps if step.leaflet.pk is not None]
    Leaflet.objects.bulk_create([step.leaflet for step in new if not step.version_of], batch_size=AT_ONCE)
    wholes = keys_of({step.version_of.lower() for step in steps if step.version_of})
    for step in steps:
        step.leaflet.version_of_id = wholes.get(step.version_of.lower())
    Leaflet.objects.bulk_create([step.leaflet for step in new if step.version_of], batch_size=AT_ONCE)
    names = sorted({name for step in changed for name in step.changed})
    if names:
        Leaflet.objects.bulk_update([step.leaflet for step in changed], names, batch_size=AT_ONCE)
    tell_who_asked([step.leaflet.pk for step in changed if "active" in step.changed and not step.leaflet.active], now=now)


def keys_of(slugs: set[str]) -> dict[str, int]:
    return {slug.lower(): key for slug, key in Leaflet.objects.values_list("slug", "pk") if slug.lower() in slugs}

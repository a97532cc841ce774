"""Copies that the figures had and the shelf had not: nobody is promised them any more, and the stock says so."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from leaflets.models import Edition, EditionState, MovementKind, OrderLine, PackingSession, StockMovement
from leaflets.services.ledger import record, settle
from professionals.models import User


def give_up(lines: Sequence[OrderLine], *, session: PackingSession, by: User | None, now: datetime) -> None:
    """What these lines are still promised was not on the shelf, nor was anything that nobody has been promised.

    The orders wait for new copies, of the print that is handed out now. The caller holds the locks of every print of these
    titles. What the orders know of their lines is out of date then.
    """
    missing: dict[Edition, int] = defaultdict(int)
    for line in lines:
        missing[line.edition] += line.allocated
    reason = _("Not on the shelf: %(session)s") % {"session": session}
    settle({line: line.allocated for line in lines}, "backordered", by=by, now=now, reason=reason)
    # Locked before anything left: what nobody was promised, and what has just been taken out of the promise.
    gone = {edition: max(edition.available, 0) + copies for edition, copies in missing.items()}
    movements = [
        StockMovement(edition=edition, kind=MovementKind.CORRECTED, copies=n, on_hand_change=-n, allocated_change=0)
        for edition, n in gone.items()
    ]
    record(movements, by=by, now=now, reason=reason)
    wait_for_newest([line for line in lines if line.edition.state != EditionState.CURRENT])


def wait_for_newest(lines: Sequence[OrderLine]) -> None:
    """What is waited for of an earlier print comes from the one that is handed out now, if there is one."""
    titles = {line.edition.leaflet_id for line in lines}
    current = {edition.leaflet_id: edition for edition in Edition.objects.current().filter(leaflet__in=titles)} if titles else {}
    moving = [line for line in lines if line.edition.leaflet_id in current]
    if not moving:
        return
    there = {(line.order_id, line.edition_id): line for each in moving for line in each.order.lines.all()}
    new: list[OrderLine] = []
    for line in moving:
        edition = current[line.edition.leaflet_id]
        target = there.get((line.order_id, edition.pk))
        if target is None:
            target = there[line.order_id, edition.pk] = OrderLine(order=line.order, edition=edition, copies=0)
            new.append(target)
        target.copies, target.backordered = target.copies + line.backordered, target.backordered + line.backordered
        line.copies, line.backordered = line.copies - line.backordered, 0
    OrderLine.objects.bulk_update([line for line in there.values() if line.pk], ["copies", "backordered"])
    OrderLine.objects.bulk_create(new)

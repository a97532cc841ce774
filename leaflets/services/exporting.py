"""Orders that leave as a spreadsheet: who took them out is written down."""

from datetime import datetime

from leaflets.models import OrderExport
from professionals.models import User


def record_export(
    *,
    form: str,
    orders: int,
    lines: int,
    by: User,
    now: datetime,
    narrowed: str = "",
    searched: bool = False,
    chosen: bool = False,
) -> OrderExport:
    """Before the file is sent. `narrowed`: the filters of the list in words, never what was searched: that may be a name."""
    return OrderExport.objects.create(
        at=now, by=by, form=form, orders=orders, lines=lines, narrowed=narrowed, searched=searched, chosen=chosen
    )

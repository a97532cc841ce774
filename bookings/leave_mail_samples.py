"""What the emails about leave look like (bookings.leave_mail)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from bookings import leave_mail
from bookings.mail_sample_rows import NOW, STARTS, presenter
from bookings.models import Leave, LeaveKind, LeaveState
from bookings.models.leave import END_OF_DAY, START_OF_DAY
from ctac.uk import uk_datetime
from notifications.samples import Example

LABELS = {kind.name: kind.label for kind in leave_mail.KINDS}


def examples() -> Iterator[Example]:
    asked, refused = {"state": LeaveState.ASKED}, {"state": LeaveState.REFUSED, "answer": "Two of us are away that week."}
    yield _leave_example("leave-asked", leave_mail.asked, **asked)
    yield _leave_example("leave-entered", leave_mail.entered, kind=LeaveKind.ILLNESS)
    yield _leave_example("leave-granted", leave_mail.granted)
    yield _leave_example("leave-refused", leave_mail.refused, **refused)


def _leave_example(name: str, words: Any, **fields: Any) -> Example:
    return Example(name, LABELS[name], lambda: words(leave(**fields)))


def leave(**fields: Any) -> Leave:
    defaults = {
        "presenter": presenter(),
        "kind": LeaveKind.HOLIDAY,
        "starts_at": uk_datetime(STARTS.date(), START_OF_DAY),
        "ends_at": uk_datetime(STARTS.date() + timedelta(days=4), END_OF_DAY),
        "state": LeaveState.GRANTED,
        "created_at": NOW,
    }
    return Leave(pk=1, **{**defaults, **fields})

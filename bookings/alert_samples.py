"""What the alerts of bookings.alerts look like, with made-up visits."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from django.utils.translation import gettext as _

from bookings import alerts
from bookings.mail_sample_rows import ONLINE, STARTS, example_of, longest, presenter, visit
from notifications.samples import Example

LABELS = {kind.name: kind.label for kind in alerts.KINDS}
_example = partial(example_of, LABELS)


def examples() -> Iterator[Example]:
    there, nowhere = visit(checked_in_at=STARTS - timedelta(minutes=20)), visit()
    yield _example("staff-no-check-in", "", alerts.no_check_in, visit=nowhere)
    yield _example("staff-no-check-out", "", alerts.no_check_out, visit=there)
    yield _example("staff-no-check-out", _("longest words"), alerts.no_check_out, visit=nowhere, **longest())
    yield _example(
        "manager-no-check-in", "", partial(alerts.no_check_in, escalated=True), visit=visit(), presenter=presenter(phone="")
    )
    yield _example("manager-no-check-out", "", partial(alerts.no_check_out, escalated=True), visit=there)
    nobody = {**ONLINE, "presenter": presenter(joining_link="")}
    yield _example("staff-still-no-presenter", "", alerts.still_no_presenter, presenter=None)
    yield _example("staff-no-joining-link", "", alerts.no_joining_link, **nobody)

"""What the emails after a presentation look like (bookings.after_mail)."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.utils.translation import gettext as _

from bookings import after_mail
from bookings.mail_sample_rows import example_of, longest
from bookings.models import Afterwards, Booking, State
from notifications.registry import Message
from notifications.samples import Example

LABELS = {kind.name: kind.label for kind in after_mail.KINDS}
_example = partial(example_of, LABELS)


def examples() -> Iterator[Example]:
    given: dict[str, Any] = {"state": State.DELIVERED}
    for case, answered in (("", False), (_("answered already"), True)):
        asked = partial(_asked, has_answered=answered)
        yield _example("booking-afterwards", case, asked, **given)
    yield _example("booking-afterwards", _("longest words"), _asked, **given, **longest())
    yield _example("year-later", "", after_mail.year_later, **given)
    yield _example("year-later", _("longest words"), after_mail.year_later, **given, **longest())


def _asked(booking: Booking, **more: Any) -> Message:
    return after_mail.asked(booking, Afterwards(booking=booking, code="7Q4M2F"), **more)

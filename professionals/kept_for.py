"""How long everything is kept, in words: by the months of the settings, and what goes by a clock of its own, cleared hourly.

The privacy notice, the staff page and docs/privacy.md say it from here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notifications.models.addresses import KEPT_FOR as RETURNED_MAIL
from professionals.drafts import KEPT_FOR as DRAFTS
from professionals.models.stopped import KEPT_FOR as STOPPED
from professionals.retention import months_in_words
from professionals.services.clearing import UNVERIFIED_FOR
from professionals.services.sessions import KNOWN_FOR


@dataclass(frozen=True)
class Kept:
    what: str
    how_long: str


def span_in_words(span: timedelta) -> str:
    """Of whole days from three days on, else of whole hours or minutes."""
    minutes = int(span.total_seconds()) // 60
    if minutes % 60:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    if span <= timedelta(days=2):
        return ngettext("%(n)d hour", "%(n)d hours", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)d day", "%(n)d days", span.days) % {"n": span.days}


def by_the_hour() -> Iterator[Kept]:
    """What the hourly clearing takes away, and the months of the audit, which go whole."""
    for what, span in (
        (_("A form that you began and did not finish"), DRAFTS),
        (_("A sign-in, with what this browser has typed"), settings.SESSION_LONGEST + KNOWN_FOR),
        (_("A sign-up whose address was not confirmed"), UNVERIFIED_FOR),
        (_("A note that something was tried too often, and by whom"), STOPPED),
        (_("What came back of an email"), RETURNED_MAIL),
    ):
        yield Kept(what, span_in_words(span))
    yield Kept(
        _("Who signed in, and what a colleague opened, changed or took out, by numbers alone, from the end of that month"),
        months_in_words(settings.AUDIT_KEPT_MONTHS),
    )
    yield Kept(
        _("The old address, after you changed it, for as long as we keep emails that went there"),
        months_in_words(settings.KEEP_MONTHS["messages"]),
    )

"""New prints of a leaflet, and prints that must not be handed out any more."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from leaflets.models import Edition, EditionState, Leaflet
from leaflets.services.backorders import follow_to
from leaflets.services.ledger import lock_editions
from leaflets.services.news import tell_of_edition
from professionals.models import User
from professionals.services.safeguarding import tell_lead

LARGEST_PDF = 20 * 1024 * 1024
MOST_INFLATED = 5 * 1024 * 1024  # of one object stream; a few kilobytes are usual
MOST_INFLATED_IN_ALL = 100 * 1024 * 1024
PAGE = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
OBJECT_STREAM = re.compile(rb"/ObjStm\b.{0,500}?stream\r?\n", re.DOTALL)

# What a reader runs, opens or sends (ISO 32000-2, 12.6.4 and 7.11.4), and what holds programs of another kind (XFA).
ACTS = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm|ImportData)(?![A-Za-z0-9])")
WRITTEN_AS_NUMBER = re.compile(rb"#([0-9A-Fa-f]{2})")  # /J#61vaScript is /JavaScript (7.3.5)


class NotAPdf(DomainError):
    message: str | Promise = _(
        "This file is not a PDF that we can read. Save it as a PDF again, without a password, and upload that."
    )


class PdfActs(NotAPdf):
    message: str | Promise = _(
        "This PDF has a program, another file or a form in it. Save it again as a PDF for print, and upload that."
    )


class EditionIsNotCurrent(DomainError):
    message: str | Promise = _("This edition has already been withdrawn, so nothing was changed.")


class EditionIsNotHandedOut(DomainError):
    message: str | Promise = _("This edition is no longer the current one, so it needs no review. Nothing was changed.")


def count_pages(content: bytes) -> int:
    """How many pages a PDF has, by its content and not by its name. Raises NotAPdf; PdfActs for one that is more than pages.

    It begins as a PDF does, so that it is nothing else at the same time. What is packed otherwise than readers of PDF/A would
    unpack it isn't looked into: browsers show it in a sandbox, under a policy that runs nothing.
    """
    is_pdf = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%PDF-")
    if not is_pdf or b"%%EOF" not in content[-2048:] or b"/Encrypt" in content:
        raise NotAPdf
    pages = 0
    for part in chain([content], _object_streams(content)):
        if ACTS.search(WRITTEN_AS_NUMBER.sub(lambda found: bytes.fromhex(found[1].decode()), part)):
            raise PdfActs
        pages += len(PAGE.findall(part))
    if not pages:
        raise NotAPdf
    return pages


def _object_streams(content: bytes) -> Iterator[bytes]:
    """Since PDF 1.5 page objects may stand in compressed streams. Raises NotAPdf if all of them together are huge."""
    left, whole = MOST_INFLATED_IN_ALL, memoryview(content)
    for found in OBJECT_STREAM.finditer(content):
        try:
            part = zlib.decompressobj().decompress(whole[found.end() :], MOST_INFLATED)
        except zlib.error:
            continue
        left -= len(part)
        if left < 0:
            raise NotAPdf
        yield part


@transaction.atomic
def add_edition(*, leaflet: Leaflet, label: str, published_on: date, review_on: date, content: bytes, now: datetime) -> Edition:
    """A new print becomes the current one; the one before it is superseded. Its stock starts at nothing. Raises NotAPdf.

    Orders that were promised copies of the earlier print still get those; who waits for copies waits for this print now. Who
    ordered the leaflet and asked for such news is told tomorrow.
    """
    pages = count_pages(content)
    Leaflet.objects.select_for_update(no_key=True).get(pk=leaflet.pk)
    lock_editions(leaflet.editions.values_list("pk", flat=True))
    leaflet.editions.current().update(state=EditionState.SUPERSEDED)
    edition = Edition(
        leaflet=leaflet,
        label=label,
        published_on=published_on,
        review_on=review_on,
        pages=pages,
        size=len(content),
        added_at=now,
    )
    edition.pdf.save(f"{leaflet.slug}-{now:%Y%m%d}.pdf", ContentFile(content), save=False)
    edition.save()
    follow_to(edition)
    tell_of_edition(edition, now)
    return edition


@dataclass(frozen=True)
class Notice:
    """What people are told of an edition that was withdrawn: since which day, why, and which title to use instead."""

    on: date
    why: str = ""
    use_instead: Leaflet | None = None


@transaction.atomic
def withdraw_edition(
    *, edition: Edition, notice: Notice | None = None, now: datetime | None = None, flagged: bool = False
) -> None:
    """Nobody is to get this print any more, on paper or as PDF. Raises EditionIsNotCurrent.

    `flagged`: the notice looks like a child's details and its writer kept it, so the safeguarding lead is told, at `now`.
    """
    live = Edition.objects.filter(pk=edition.pk).exclude(state=EditionState.WITHDRAWN)
    said = {"withdrawn_on": notice.on, "withdrawn_why": notice.why, "use_instead": notice.use_instead} if notice else {}
    if not live.update(state=EditionState.WITHDRAWN, **said):
        raise EditionIsNotCurrent
    if flagged and now:
        tell_lead(about=f"edition:{edition.pk}", reference=edition.label, now=now)


@transaction.atomic
def record_review(*, edition: Edition, by: User | None, reviewed_on: date, review_on: date) -> None:
    """Somebody read it again and it is still right; `review_on` is by when it is read next. Raises EditionIsNotHandedOut."""
    current = Edition.objects.current().filter(pk=edition.pk)
    if not current.update(reviewed_on=reviewed_on, reviewed_by=by, review_on=review_on):
        raise EditionIsNotHandedOut

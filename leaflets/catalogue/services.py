"""Versions of a title, new editions and their covers, withdrawals, reviews, downloads, and news of editions."""

import logging
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import DatabaseError, transaction
from django.db.models import Exists, F, OuterRef
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.dates import days_before, uk_day
from core.errors import DomainError
from leaflets.models import DownloadCount, Edition, EditionState, Format, Language, Leaflet, OrderLine, OrderState, detect_paper
from leaflets.models.catalogue import version_text
from leaflets.stock.services import lock_editions, move_backorders_to
from notifications.outbox import NewMessage, notify_many
from notifications.registry import Topic
from professionals.safeguarding.services import notify_lead_if_flagged
from professionals.services import subscribers

logger = logging.getLogger(__name__)


@transaction.atomic
def add_version(leaflet: Leaflet, *, language: Language, form: Format) -> Leaflet:
    """A translation or another form of print: a copy of the title outside the catalogue, whose text staff then replace."""
    title = Leaflet.objects.select_for_update(no_key=True).get(pk=leaflet.pk)
    same = (title.language, title.format) == (language, form)
    if same or title.versions.filter(language=language, format=form).exists():
        raise DomainError(_("This title already has that version."))
    version = version_text(language, form) or str(Language.ENGLISH.label)
    wanted = f"{title.slug}-{slugify(version)}"[:45]
    slug, number = wanted, 1
    while Leaflet.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{wanted}-{number}"
    copied = ("for_whom", "audience", "summary", "topics", "introduction", "situations", "signs", "what_to_do")
    figures = ("usual_copies", "usual_words", "most_per_order", "most_per_person", "most_per_workplace", "position")
    return Leaflet.objects.create(
        slug=slug,
        title=f"{title.title[:150]} ({version})",
        language=language,
        format=form,
        version_of=title,
        active=False,
        **{name: getattr(title, name) for name in (*copied, *figures)},
    )


# People who asked for news and ordered the leaflet get one email about all new editions of a day (ADR 4).
NEW_EDITION_KIND = "new-edition"
# UK time, on the next day: what was put in by mistake can be withdrawn before any email goes out.
NEWS_DUE_TIME = time(9)
NEWS_LIFETIME = timedelta(days=14)
ORDERED_PERIOD = timedelta(days=2 * 365)
UNSENT_STATES = (OrderState.CANCELLED, OrderState.DECLINED)


def notify_new_edition(edition: Edition, now: datetime) -> int:
    """Write the emails, due tomorrow morning, one a reader for all editions of a day. Returns how many."""
    due, about = days_before(now, -1, NEWS_DUE_TIME).astimezone(UTC), f"editions:{uk_day(now).isoformat()}"
    lines = OrderLine.objects.filter(order__person=OuterRef("pk"), edition__leaflet=edition.leaflet_id, copies__gt=0)
    ordered = lines.filter(order__created_at__gte=now - ORDERED_PERIOD).exclude(order__state__in=UNSENT_STATES)
    emails = [
        NewMessage(f"{about}:{person.pk}", person.email, due_at=due, expires_at=due + NEWS_LIFETIME)
        for person in subscribers(Topic.EDITIONS).filter(Exists(ordered))
    ]
    notify_many(emails, kind=NEW_EDITION_KIND, now=now)
    return len(emails)


MAX_PDF_BYTES = 20 * 1024 * 1024
MAX_INFLATED_BYTES = 5 * 1024 * 1024  # of one object stream; a few kilobytes are usual
MAX_INFLATED_TOTAL = 100 * 1024 * 1024
PDF_PAGE_PATTERN = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
PDF_OBJECT_STREAM_PATTERN = re.compile(rb"/ObjStm\b.{0,500}?stream\r?\n", re.DOTALL)

# Things that a PDF reader runs, opens or sends (ISO 32000-2, 12.6.4 and 7.11.4), and XFA, which holds other programs.
PDF_ACTIONS_PATTERN = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia|XFA|SubmitForm|ImportData)(?![A-Za-z0-9])")
PDF_HEX_ESCAPE_PATTERN = re.compile(rb"#([0-9A-Fa-f]{2})")  # /J#61vaScript is /JavaScript (7.3.5)


class NotAPdf(DomainError):
    message: str | Promise = _(
        "This file is not a PDF that we can read. Save it as a PDF again, without a password, and upload that."
    )


class FileNotStored(DomainError):
    message: str | Promise = _(
        "We can’t store files at the moment, so nothing has been saved. Wait a few minutes, choose the PDF again and save."
    )


def count_pages(content: bytes) -> int:
    """The number of pages of a PDF, by its content, not its name. Raises NotAPdf, also if it holds more than pages.

    It must start like a PDF, so that it can't be another kind of file too. Streams that are packed in unusual ways are not
    searched: browsers show the file in a sandbox, under a policy that runs nothing.
    """
    is_pdf = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"%PDF-")
    if not is_pdf or b"%%EOF" not in content[-2048:] or b"/Encrypt" in content:
        raise NotAPdf
    pages = 0
    for part in chain([content], _object_streams(content)):
        if PDF_ACTIONS_PATTERN.search(PDF_HEX_ESCAPE_PATTERN.sub(lambda match: bytes.fromhex(match[1].decode()), part)):
            raise NotAPdf(
                _("This PDF contains a program, another file or a form. Save it again as a PDF for print, and upload that.")
            )
        pages += len(PDF_PAGE_PATTERN.findall(part))
    if not pages:
        raise NotAPdf
    return pages


def _object_streams(content: bytes) -> Iterator[bytes]:
    """The unpacked object streams, where PDF 1.5 and later may keep pages. Raises NotAPdf if they are huge in all."""
    left, whole = MAX_INFLATED_TOTAL, memoryview(content)
    for match in PDF_OBJECT_STREAM_PATTERN.finditer(content):
        try:
            part = zlib.decompressobj().decompress(whole[match.end() :], MAX_INFLATED_BYTES)
        except zlib.error:
            continue
        left -= len(part)
        if left < 0:
            raise NotAPdf
        yield part


@transaction.atomic
def add_edition(*, leaflet: Leaflet, label: str, published_on: date, review_on: date, content: bytes, now: datetime) -> Edition:
    """A new edition becomes current and supersedes the one before it. It starts without stock.

    Orders that were promised copies of the earlier edition keep them; backorders now wait for this one. People who ordered the
    leaflet and asked for such news get an email tomorrow. Raises NotAPdf, FileNotStored.
    """
    edition = Edition(
        leaflet=leaflet,
        label=label,
        published_on=published_on,
        review_on=review_on,
        pages=count_pages(content),
        size=len(content),
        added_at=now,
    )
    try:  # before any row is locked: a slow storage must not hold up orders
        edition.pdf.save(f"{leaflet.slug}-{now:%Y%m%d}.pdf", ContentFile(content), save=False)
    except OSError as error:
        logger.error("The PDF of a new edition could not be stored: %s", type(error).__name__)
        raise FileNotStored from error
    Leaflet.objects.select_for_update(no_key=True).get(pk=leaflet.pk)
    lock_editions(leaflet.editions.values_list("pk", flat=True))
    leaflet.editions.current().update(state=EditionState.SUPERSEDED)
    edition.save()
    move_backorders_to(edition)
    notify_new_edition(edition, now)
    return edition


@transaction.atomic
def withdraw_edition(
    edition: Edition, *, now: datetime | None = None, why: str = "", use_instead: Leaflet | None = None, flagged: bool = False
) -> None:
    """Nobody gets this edition any more, on paper or as a PDF. Raises DomainError if it is withdrawn already.

    With `now`, the page says since which day, why, and which title to use instead. `flagged`: the reason looks like a child's
    details and its writer kept it, so tell the safeguarding lead.
    """
    live = Edition.objects.filter(pk=edition.pk).exclude(state=EditionState.WITHDRAWN)
    notice = {"withdrawn_on": uk_day(now), "withdrawn_why": why, "use_instead": use_instead} if now else {}
    if not live.update(state=EditionState.WITHDRAWN, **notice):
        raise DomainError(_("This edition is already withdrawn, so nothing has changed."))
    if now:
        notify_lead_if_flagged(edition, "", now, flagged=flagged, reference=edition.label)


@transaction.atomic
def record_review(edition: Edition, *, by: User | None, reviewed_on: date, review_on: date) -> None:
    """Somebody has read the edition again and it is still right; `review_on` is the next review date.

    Raises DomainError if it is no longer the current edition.
    """
    current = Edition.objects.current().filter(pk=edition.pk)
    if not current.update(reviewed_on=reviewed_on, reviewed_by=by, review_on=review_on):
        raise DomainError(_("This edition is no longer the current one, so it needs no review. Nothing has changed."))


COVER_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class FirstPage:
    """The first page of a PDF: width and height in points, and a WebP picture of it."""

    width: float
    height: float
    picture: bytes


def make_cover(*, edition: Edition) -> bool:
    """Store a picture of its first page, and the size of the paper. A picture that is there stays.

    False, and logged, if the file can't be read or PDFium can't draw it, or the picture can't be stored: the edition is then
    shown without picture and size.
    """
    try:
        with edition.pdf.open("rb") as pdf:
            page = render_first_page(pdf.read())
        size = webp_size(page.picture) if page else None
        if page and size and not edition.cover:
            edition.cover.save(f"{edition.leaflet.slug}.webp", ContentFile(page.picture), save=False)
            edition.cover_width, edition.cover_height = size
    except OSError:
        page = size = None
    if page is None or size is None:
        logger.warning("no picture could be made of the first page of edition %s", edition.pk)
        return False
    edition.paper = detect_paper(page.width, page.height)
    edition.save(update_fields=["paper", "cover", "cover_width", "cover_height"])
    return True


def render_first_page(content: bytes) -> FirstPage | None:
    """Draw the first page in a process of its own; None if it can't be drawn, or not in time."""
    command = [sys.executable, "-m", "leaflets.catalogue.cover"]
    try:
        done = subprocess.run(
            command, input=content, capture_output=True, cwd=settings.BASE_DIR, timeout=COVER_TIMEOUT_SECONDS, check=True
        )
        size, _newline, picture = done.stdout.partition(b"\n")
        width, height = map(float, size.split())
    except (subprocess.SubprocessError, OSError, ValueError):
        return None
    return FirstPage(width, height, picture)


def webp_size(webp: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a lossy WebP, by its frame header (RFC 6386, 9.1); None if it is none."""
    if webp[:4] != b"RIFF" or webp[8:16] != b"WEBPVP8 " or len(webp) < 30:
        return None
    width, height = struct.unpack("<HH", webp[26:30])
    return width & 0x3FFF, height & 0x3FFF


# Programs that fetch what nobody has asked to read: they say so in their User-Agent, which is looked at and forgotten.
BOT_NAMES_PATTERN = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|scan|preview|monitor|fetch|headless|externalhit|curl|wget|python|java/|go-http|okhttp|libwww",
    re.IGNORECASE,
)


def count_download(*, edition_id: int, day: date) -> None:
    """Count one more download. A figure that can't be written is lost and logged; nobody's download fails for it."""
    try:
        DownloadCount.objects.update_or_create(
            edition_id=edition_id, day=day, defaults={"downloads": F("downloads") + 1}, create_defaults={"downloads": 1}
        )
    except DatabaseError:
        logger.warning("a download of edition %s was not counted", edition_id, exc_info=True)

"""When mail goes: quiet hours in UK time, in which mail that can wait is not sent; digests; the team's digest (ADR 4)."""

import logging
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from core.dates import UK_TZ, format_datetime, uk_datetime, uk_day
from notifications.models import MAX_REFERENCES_LENGTH, Notification, NotificationState, TeamMail
from notifications.outbox import build_rows, queue_after_commit
from notifications.registry import Email, email_for, ngettext_noop
from notifications.samples import Example, example
from office.site_settings.queries import site_settings

logger = logging.getLogger(__name__)

# Mail that waited for the morning goes out over this time, not as one wave.
MORNING_SPREAD_PERIOD = timedelta(minutes=30)


def quiet_hours_end(now: datetime) -> datetime | None:
    """When the quiet hours end, if it is within them; None by day, and if staff have set none."""
    begins, ends = site_settings().quiet_from, site_settings().quiet_until
    local = now.astimezone(UK_TZ)
    clock = local.time()
    if begins <= ends:  # within one day
        return uk_datetime(local.date(), ends) if begins <= clock < ends else None
    if clock < ends:
        return uk_datetime(local.date(), ends)
    return uk_datetime(local.date() + timedelta(days=1), ends) if clock >= begins else None


def morning_due_at(notification: Notification, now: datetime) -> datetime | None:
    """The moment in the morning when a message that can wait goes; None if it goes now.

    Resends by a colleague go at any time, and so does what would then be too late.
    """
    if notification.resend_of_id:
        return None
    morning = quiet_hours_end(now)
    if morning is None:
        return None
    moment = morning + random.random() * MORNING_SPREAD_PERIOD  # noqa: S311 - spread, not secrecy
    return None if notification.expires_at and notification.expires_at <= moment else moment


def undone_attempt_columns(notification: Notification) -> dict[str, object]:
    """Columns of a row that was claimed and only put off: it was not an attempt."""
    attempts = notification.attempts - 1
    return {"attempts": attempts} if attempts else {"attempts": 0, "first_tried_at": None}


# A digest that nobody has begun to send.
OPEN_DIGEST_Q = Q(state=NotificationState.PENDING, first_tried_at=None)


@dataclass(frozen=True)
class DigestItem:
    """One item for one recipient. `about` says what the digest is about, the same for all items in one digest."""

    about: str
    to: str
    reference: str = ""


@transaction.atomic(savepoint=False)
def add_to_digests(items: Sequence[DigestItem], *, kind: str, day: date, now: datetime, due_at: datetime) -> list[int | None]:
    """The key of each item's digest, for the caller to store with the item in the same transaction.

    Items of one `day` and one subject share a digest, due when its first item said; a new one is made once a worker has started
    to send it. None without an address. Raises KeyError for a kind that is not registered. As many statements for many items as
    for one.
    """
    references: dict[str, list[str]] = defaultdict(list)
    for item in items:
        if len(" ".join([*references[item.about], item.reference])) <= MAX_REFERENCES_LENGTH:
            references[item.about].append(item.reference)
    rows: dict[str, Notification] = {}
    for item in items:
        about, reference = f"{item.about}:{day}", " ".join(references[item.about])
        built = build_rows(kind, [item.to], about=about, reference=reference, version=1, now=now, due_at=due_at)
        if built:
            rows[item.about] = built[0]
    digests: dict[str, Notification] = {}
    while missing := sorted((row for row in rows.values() if row.about not in digests), key=lambda row: row.about):
        digests |= join_or_create_digests(missing)
    queue_after_commit([digest.pk for digest in digests.values() if digest.due_at <= now])
    return [digests[rows[item.about].about].pk if item.about in rows else None for item in items]


def join_or_create_digests(rows: Sequence[Notification]) -> dict[str, Notification]:
    """The digests that could be joined or made, by what they are about.

    Joining a digest locks its row until commit, so a worker that comes for it waits and then sends all of it. After the worker,
    nobody joins it, and the next item needs a new number. Everybody makes and locks in one order, so that nothing deadlocks.
    """
    abouts, addresses = {row.about for row in rows}, {row.recipient.lower() for row in rows}
    alike = Notification.objects.filter(kind=rows[0].kind, about__in=abouts, resend_of=None)
    alike = alike.alias(address=Lower("recipient")).filter(address__in=addresses)
    # By subject and recipient: the number of the digest that nobody has started to send, or the next number.
    counted = alike.order_by().values("about", to=Lower("recipient"))
    versions = counted.annotate(open=Max("version", filter=OPEN_DIGEST_Q), last=Max("version"))
    numbers = {(row["about"], row["to"]): row["open"] or row["last"] + 1 for row in versions}
    for row in rows:
        row.version = numbers.get((row.about, row.recipient.lower()), 1)
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    locked = alike.filter(OPEN_DIGEST_Q).select_for_update(no_key=True).order_by("about")
    open_digests = {(digest.about, digest.recipient.lower(), digest.version): digest for digest in locked}
    joined: dict[str, Notification] = {}
    changed: list[Notification] = []
    for row in rows:
        digest = open_digests.get((row.about, row.recipient.lower(), row.version))
        if digest is None:
            continue
        joined[row.about] = digest
        is_new = digest.message_id != row.message_id and row.reference not in digest.reference
        if is_new and len(digest.reference) + len(row.reference) < MAX_REFERENCES_LENGTH:
            digest.reference = f"{digest.reference} {row.reference}"
            changed.append(digest)
    Notification.objects.bulk_update(changed, ["reference"])
    return joined


STAFF_DIGEST_KIND = "staff-digest"


def add_to_staff_digest(notification: Notification, *, now: datetime) -> bool:
    """Add the row to the team's next digest (ADR 4); returns whether it was added. It stays, but is never sent by itself.

    Resends by a colleague go at once, and so does urgent mail, or mail that is no longer true (which then goes nowhere). After
    an error here, the message goes by itself.
    """
    if notification.is_account_mail or notification.resend_of_id:
        return False
    try:
        setting = TeamMail.objects.first()
        due_at = setting.next_digest(now) if setting else None
        email = email_for(notification)
        if due_at and email.is_still_due() and email.can_join_digest(due_at):
            return join_staff_digest(notification, due_at, now)
    except Exception as error:  # noqa: BLE001 - whatever it is, the message must not be lost for it
        logger.error("Message %s could not be gathered: %s", notification.pk, type(error).__name__)
    return False


@transaction.atomic
def join_staff_digest(notification: Notification, due_at: datetime, now: datetime) -> bool:
    """One transaction for the digest and its items: a worker that comes for the digest waits, and then has all of it.

    Returns False if the lease is no longer ours.
    """
    item = DigestItem("team", notification.recipient, notification.reference)
    [digest] = add_to_digests([item], kind=STAFF_DIGEST_KIND, day=uk_day(due_at), now=now, due_at=due_at)
    mine = Notification.objects.filter(pk=notification.pk, lease_token=notification.lease_token)
    columns = {"state": NotificationState.GATHERED, "digest": digest, "last_error": "", **undone_attempt_columns(notification)}
    if mine.update(**columns, lease_token=None, lease_until=None, queued_at=None):
        return True
    transaction.set_rollback(True)
    return False


MAX_LINES_SHOWN = 100  # as many as can be read; the others are counted


@dataclass(frozen=True)
class DigestLine:
    at: datetime
    text: str
    url: str

    @property
    def when(self) -> str:
        return format_datetime(self.at)


class StaffDigest(Email):
    """Its lines name people whom `about` does not mention, so it stores no text: an erasure would not find them."""

    name = STAFF_DIGEST_KIND
    label = gettext_lazy("To staff: digest")
    template = "staff_digest"
    subject_of_updates = ngettext_noop("Team digest: %(count)d update", "Team digest: %(count)d updates")
    keeps_words = False

    @cached_property
    def emails(self) -> list[Email]:
        """The emails that would have gone by themselves and are still due."""
        rows = Notification.objects.filter(digest=self.notification.resend_of_id or self.notification.pk)
        return [email for row in rows.order_by("created_at", "pk") if (email := email_for(row)).is_still_due()]

    @cached_property
    def lines(self) -> list[DigestLine]:
        """The subject of each, and its page."""
        made = [(email.notification.created_at, email.message()) for email in self.emails[:MAX_LINES_SHOWN]]
        return [
            DigestLine(at, str(message.subject), str(message.context.get("staff_url") or message.context.get("url") or ""))
            for at, message in made
        ]

    @cached_property
    def more(self) -> int:
        return max(0, len(self.emails) - MAX_LINES_SHOWN)

    def is_still_due(self) -> bool:
        return bool(self.emails)

    def get_subject(self) -> str:
        return ngettext(*self.subject_of_updates, self.count)

    @property
    def count(self) -> int:
        return len(self.lines) + self.more

    def context(self) -> dict[str, object]:
        return {
            "lines": self.lines,
            "more": self.more,
            "count": self.count,
            "url": f"{settings.SITE_URL}{reverse('staff:index')}",
        }


def examples() -> list[Example]:
    staff = "https://ctac.example/staff/"
    monday = datetime(2027, 2, 22, 10, 5, tzinfo=UTC)
    lines = [
        DigestLine(monday, "New booking BK-7Q4M-2F on Tuesday 9 March 2027", f"{staff}bookings/booking/1/"),
        DigestLine(monday.replace(hour=14), "New order LO-3XK9-PT", f"{staff}leaflets/order/1/"),
    ]
    return [
        example(StaffDigest, lines=lines, more=0),
        example(StaffDigest, _("very many"), lines=lines * 20, more=12),
    ]

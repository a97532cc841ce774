"""Returned mail: each report counts once and marks the address, until a person or a used code puts it right (ADR 3)."""

import hashlib
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce, Lower
from django.utils.encoding import force_str
from django.utils.translation import gettext as _

from core.dates import uk_day
from notifications.models import (
    RESENDABLE_PERIOD,
    BounceType,
    ChoiceSource,
    MarkClearReason,
    MarkedAddress,
    Notification,
    NotificationState,
    ReportSource,
    ReturnedMail,
)
from notifications.outbox import build_resend, insert_notifications, may_resend, queue_after_commit
from notifications.preferences import record_choices
from notifications.registry import Topic

# RFC 3463, of those that begin with 5: the mailbox, its system or its address is not there. Others pass, or are about our mail.
UNKNOWN_ADDRESS_CODES = {"1.0", "1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "2.1", "4.1", "4.4"}
# Without such a code, or with an empty one (5.0.0, a bare 550), the words decide.
UNKNOWN_ADDRESS_PATTERN = re.compile(
    r"(user|recipient|mailbox|account|address|domain|host|email account)\b[^.;]{0,60}?"
    r"(unknown|not (be )?found|does ?n['’o]t exist|not exist|disabled|invalid|inactive|no longer|unavailable|rejected)"
    r"|(unknown|invalid|no such|non.?existent) (local |virtual )?(user|recipient|mailbox|account|address|person|domain)"
    r"|no mailbox here|unrouteable address|name or service not known|host or domain name not found|nxdomain",
    re.IGNORECASE,
)
# Whatever else they say: a full mailbox, a policy, a list of senders, a size.
TEMPORARY_FAILURE_PATTERN = re.compile(
    r"quota|mailbox (is )?(full|over)|over ?quota|too (large|big)|exceed|spam|black ?list|block(ed|list)|policy|reputation"
    r"|greylist|try again|temporar|timed? ?out|dmarc|spf|dkim",
    re.IGNORECASE,
)
STATUS_CODE_PATTERN = re.compile(r"(?<![\d.])([245])\.(\d{1,3}\.\d{1,3})(?![\d.])")
SMTP_5XX_PATTERN = re.compile(r"(?<![\d.])5[0-9]{2}(?![\d.])")
UNSPECIFIC_CODES = {"0.0", "3.0", "7.1"}  # 5.7.1 is also how some say “no such user”


def classify_bounce(status: str, said: str) -> BounceType:
    """HARD if there is no such mailbox, SOFT if delivery only failed this time.

    `status` is what a report states (5.1.1), "" where there is none; `said` what the server answered that refused.
    """
    code = STATUS_CODE_PATTERN.search(status) or STATUS_CODE_PATTERN.search(said)
    if code and code[1] != "5":
        return BounceType.SOFT
    if code and code[2] in UNKNOWN_ADDRESS_CODES:
        return BounceType.SOFT if TEMPORARY_FAILURE_PATTERN.search(said) and code[2] not in {"1.1", "1.10"} else BounceType.HARD
    # A report may state 5.0.0 and quote a server that says 5.1.1.
    quoted = STATUS_CODE_PATTERN.findall(said)
    if any(group == "5" and detail in UNKNOWN_ADDRESS_CODES for group, detail in quoted):
        return BounceType.HARD
    if code and code[2] not in UNSPECIFIC_CODES:
        return BounceType.SOFT
    is_final = bool(code) or bool(SMTP_5XX_PATTERN.search(said))
    return (
        BounceType.HARD
        if is_final and UNKNOWN_ADDRESS_PATTERN.search(said) and not TEMPORARY_FAILURE_PATTERN.search(said)
        else BounceType.SOFT
    )


logger = logging.getLogger(__name__)

# This many days with a soft return, within this time, mark an address: a full mailbox is nobody's mistake.
SOFT_BOUNCE_DAYS, SOFT_BOUNCE_PERIOD = 3, timedelta(days=30)


@dataclass(frozen=True)
class BounceReport:
    """What somebody says happened to a message. `message_id` and `address` as far as known.

    `key` tells answers apart if we don't know the message. A report by email, which anybody may send, must name the message:
    only we and its reader know its Message-ID.
    """

    sort: BounceType
    source: ReportSource
    message_id: str = ""
    address: str = ""
    said: str = ""
    key: str = ""
    at: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("message_id", "address", "said", "key"):
            object.__setattr__(self, name, storable_text(getattr(self, name)))


def storable_text(said: str) -> str:
    """Without NULs and halves of characters, which no column can hold and unknown servers may send."""
    return said.encode("utf-8", "replace").decode().replace("\0", "")


@transaction.atomic
def record_bounces(answers: Iterable[BounceReport], *, now: datetime) -> int:
    """Keep each answer once, and mark addresses; returns the number of new ones about our mail.

    As many statements for a thousand as for one.
    """
    rows = build_returned_mail(list(answers), now)
    known = set(ReturnedMail.objects.filter(key__in=[row.key for row in rows]).values_list("key", flat=True)) if rows else set()
    rows = [row for row in rows if row.key not in known]
    if not rows:
        return 0
    ReturnedMail.objects.bulk_create(rows, ignore_conflicts=True)
    # Judge each address from everything that we keep about it, so that a repeated report changes nothing. This only sets marks.
    # The rows exist and are locked before they are judged: two reports about one address at once take turns.
    addresses = {row.address for row in rows}
    fresh = [MarkedAddress(address=address, sort=BounceType.SOFT, last_at=now) for address in sorted(addresses)]
    MarkedAddress.objects.bulk_create(fresh, ignore_conflicts=True)
    marks = list(MarkedAddress.objects.select_for_update(no_key=True).filter(address__in=addresses).order_by("address"))
    returns: dict[str, list[ReturnedMail]] = {address: [] for address in addresses}
    for mail in ReturnedMail.objects.filter(address__in=addresses).order_by("-received_at", "-pk"):
        returns[mail.address].append(mail)
    for mark in marks:
        update_mark(mark, returns[mark.address], now)
    MarkedAddress.objects.bulk_update(marks, ["sort", "said", "marked_at", "last_at", "complained_at"])
    # A message that came back has not arrived, whatever our mail server said: it stands with those that failed.
    came_back = {row.notification_id: row.said for row in rows if row.notification_id and row.sort != BounceType.COMPLAINT}
    sent = Notification.objects.select_for_update(no_key=True).filter(pk__in=came_back, state=NotificationState.SENT).only("pk")
    messages = list(sent.order_by("pk"))
    for message in messages:
        message.state = NotificationState.FAILED
        message.last_error = f"{_('It came back:')} {came_back[message.pk]}"[:300]
    Notification.objects.bulk_update(messages, ["state", "last_error"])
    for address in sorted({row.address for row in rows if row.sort == BounceType.COMPLAINT}):
        record_choices(address=address, chosen=dict.fromkeys(Topic, False), where=ChoiceSource.COMPLAINT, now=now)
    logger.info("%s answers about mail of ours were taken.", len(rows))
    return len(rows)


def update_mark(mark: MarkedAddress, returns: Sequence[ReturnedMail], now: datetime) -> None:
    """`returns`: all that we keep about this address, the newest first. Ignores mail from before it was put right."""
    complaints = [mail for mail in returns if mail.sort == BounceType.COMPLAINT]
    since = [mail for mail in returns if mark.cleared_at is None or mail.went_at > mark.cleared_at]
    counts = [mail for mail in since if mail.sort != BounceType.COMPLAINT]
    is_hard = any(mail.sort == BounceType.HARD for mail in counts)
    soft = [mail.received_at for mail in counts if mail.sort == BounceType.SOFT and mail.received_at > now - SOFT_BOUNCE_PERIOD]
    if is_hard or len({uk_day(moment) for moment in soft}) >= SOFT_BOUNCE_DAYS:
        mark.marked_at = mark.marked_at or now
    if counts:
        mark.sort, mark.said = BounceType.HARD if is_hard else BounceType.SOFT, counts[0].said
    elif complaints:
        mark.sort = BounceType.COMPLAINT
    if complaints:
        mark.complained_at = complaints[0].received_at
    mark.last_at = max([mark.last_at, *(mail.received_at for mail in returns[:1])])


def build_returned_mail(answers: Sequence[BounceReport], now: datetime) -> list[ReturnedMail]:
    """A row for each answer about our mail, not yet written. Two statements."""
    ids = [answer.message_id for answer in answers if answer.message_id]
    ours = Notification.objects.exclude(recipient="").filter(message_id__in=ids)
    known = {row.message_id: row for row in ours.only("message_id", "recipient", "created_at", "first_tried_at", "sent_at")}
    # Keep only addresses that we have written to.
    addresses = [a.address for a in answers if a.message_id not in known and a.source == ReportSource.PROVIDER]
    asked = {address.strip().lower() for address in addresses} - {""}
    wrote_to: set[str] = set()
    if asked:
        rows = Notification.objects.alias(address=Lower("recipient")).filter(address__in=asked).exclude(recipient="")
        wrote_to = set(rows.order_by().values_list(Lower("recipient"), flat=True).distinct())
    returned: dict[str, ReturnedMail] = {}
    for answer in answers:
        message = known.get(answer.message_id)
        address = message.recipient.lower() if message else answer.address.strip().lower()
        if address and (message or address in wrote_to):
            event = message.message_id if message else f"{answer.source} {answer.key or address}"
            went = (message.sent_at or message.first_tried_at or message.created_at) if message else None
            row = ReturnedMail(
                key=hashlib.sha256(f"{event} {answer.sort}".encode()).hexdigest(),
                address=address,
                sort=answer.sort,
                source=answer.source,
                notification=message,
                said=" ".join(answer.said.replace("\0", "").split())[:300],
                went_at=went or answer.at or now,
                received_at=now,
            )
            returned.setdefault(row.key, row)
    return list(returned.values())


def record_refusal(notification: Notification, error: Exception, *, now: datetime) -> None:
    """Our own mail server refused this address for good: that counts as if the message had come back."""
    if isinstance(error, SMTPRecipientsRefused):
        for code, reply in error.recipients.values():
            said = f"{code} {force_str(reply, errors='replace')}"
            answer = BounceReport(classify_bounce("", said), ReportSource.SERVER, message_id=notification.message_id, said=said)
            record_bounces([answer], now=now)


@transaction.atomic
def clear_mark_and_resend(*, address: str, how: MarkClearReason, by: AbstractBaseUser | None, now: datetime, to: str = "") -> int:
    """The mark goes; what waited goes out, and what came back lately is sent again, both `to` the new address if there is one.
    How many messages. Nothing if there was no mark."""
    address = address.strip().lower()
    if not clear_mark(address, how, by, now):
        return 0
    return send_waiting(address, to=to, now=now) + resend_returned(address, to=to, by=by, now=now)


@transaction.atomic
def confirm_addresses(*, addresses: Sequence[str], how: MarkClearReason, now: datetime) -> None:
    """Mail arrives there: a code that we sent was used, or the provider says so. One statement while none of them is marked."""
    marked = MarkedAddress.objects.marked().filter(address__in=sorted({address.strip().lower() for address in addresses}))
    for address in marked.values_list("address", flat=True):
        if clear_mark(address, how, None, now):
            send_waiting(address, now=now)


@transaction.atomic
def record_deliveries(arrivals: Mapping[str, datetime], *, now: datetime) -> None:
    """A provider saw mail arrive at these addresses. One that came back since stays marked. One statement if none is."""
    marked = MarkedAddress.objects.marked().filter(address__in=sorted(arrivals)) if arrivals else MarkedAddress.objects.none()
    later = [mark.address for mark in marked if mark.last_at < arrivals[mark.address]]
    if later:
        confirm_addresses(addresses=later, how=MarkClearReason.DELIVERED, now=now)


def clear_mark(address: str, how: MarkClearReason, by: AbstractBaseUser | None, now: datetime) -> bool:
    """Takes the mark away; whether there was one."""
    marked = MarkedAddress.objects.marked().filter(address=address)
    cleared = marked.update(marked_at=None, cleared_at=now, cleared=how, cleared_by_id=by.pk if by else None, tried_at=None)
    return bool(cleared)


@transaction.atomic
def forget_address(email: str) -> None:
    """Delete everything that we keep about an address, with its person."""
    address = email.strip().lower()
    ReturnedMail.objects.filter(address=address).delete()
    MarkedAddress.objects.filter(address=address).delete()


MAX_RESENT = 20  # whoever missed more than that is better helped on the phone


def send_waiting(address: str, *, to: str = "", now: datetime) -> int:
    """Send messages that were tried and still wait, as if they were new, to `to` if given. Returns how many."""
    waiting = Notification.objects.to_address(address).filter(
        state=NotificationState.PENDING, first_tried_at__isnull=False, is_account_mail=False
    )
    keys = list(waiting.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    fresh = {"due_at": now, "queued_at": now, "first_tried_at": None, "attempts": 0, "last_error": ""}
    Notification.objects.filter(pk__in=keys).update(**fresh, **({"recipient": to} if to else {}))
    queue_after_commit(keys)
    return len(keys)


def resend_returned(address: str, *, to: str = "", by: AbstractBaseUser | None, now: datetime) -> int:
    """Sends again what came back in the last two weeks, unless it is too late, was sent again already, or is a code. How many.

    Each is written afresh when it goes, and does not go if it is no longer true.
    """
    later = Notification.objects.filter(resend_of=Coalesce(OuterRef("resend_of"), OuterRef("pk")), pk__gt=OuterRef("pk"))
    returned = ReturnedMail.objects.filter(notification=OuterRef("pk")).exclude(sort=BounceType.COMPLAINT)
    rows = Notification.objects.to_address(address).filter(Q(expires_at=None) | Q(expires_at__gt=now), Exists(returned))
    rows = rows.filter(state=NotificationState.FAILED, created_at__gte=now - RESENDABLE_PERIOD, is_account_mail=False).exclude(
        Exists(later)
    )
    again = []
    for row in rows.order_by("-pk")[:MAX_RESENT]:
        if may_resend(row):
            resent = build_resend(row, by, now)
            resent.resend_of_id, resent.recipient = row.resend_of_id or row.pk, to or row.recipient
            again.append(resent)
    insert_notifications(sorted(again, key=lambda row: row.created_at))
    return len(again)

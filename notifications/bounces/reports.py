"""The mailbox that returned mail goes to, and what a message in it says."""

import hashlib
import imaplib
import logging
import mailbox as stdlib_mailbox
import re
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from itertools import chain, islice
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.utils.module_loading import import_string

from notifications.bounces.services import (
    SMTP_5XX_PATTERN,
    STATUS_CODE_PATTERN,
    BounceReport,
    classify_bounce,
    record_bounces,
    storable_text,
)
from notifications.models import BounceType, MailboxRead, ReportSource
from notifications.outbox import mail_domain

# A message in the mailbox of returned mail is a report of failed delivery, a complaint, or neither.
#
# Reads reports as RFC 3464 (delivery) or RFC 5965 (complaints), or as plain text. Our Message-ID, wherever it stands, says which
# message it is about. Nothing here trusts the report: anybody may send email there.

# As the outbox makes it, so nobody can guess one. With VERP, the address that the report went to has the same token.
MESSAGE_ID_PATTERN = re.compile(r"<([0-9a-f]{32})@([A-Za-z0-9.-]+)>")
VERP_PATTERN = re.compile(r"\+([0-9a-f]{32})@", re.IGNORECASE)
NON_FINAL_ACTIONS = {"delayed", "delivered", "relayed", "expanded"}
COMPLAINT_TYPES = {"abuse", "fraud", "virus", "opt-out", "opt-out-list", "other", "complaint"}
MAILER_DAEMON_PATTERN = re.compile(r"mailer-?daemon|mail delivery (sub)?system|postmaster", re.IGNORECASE)
AUTO_REPLY_HEADERS = ("X-Autoreply", "X-Autorespond")
FAILED_PATTERN = re.compile(r"permanent|could not be delivered|failed|undeliverable", re.IGNORECASE)
RETRIED_PATTERN = re.compile(r"will (be retried|keep trying|try again)|delayed", re.IGNORECASE)
COPY_START_PATTERN = re.compile(
    r"^-{2,}\s*(below this line is a copy|this is a copy of|original message|message header|returned message)",
    re.IGNORECASE | re.MULTILINE,
)
MAX_PARTS = 60  # as many as any honest report has


def read_report(raw: bytes, *, domain: str) -> list[BounceReport]:
    """Reads what a report says about our mail; empty if it is no report, or about somebody else's mail.

    `domain` is that of our Message-IDs, for reports that have only the token of a VERP address.
    """
    mail = message_from_bytes(raw)
    parts = list(islice(mail.walk(), MAX_PARTS))  # those of a message within it too
    message_id = find_message_id(mail, parts, domain)
    if not message_id:
        return []
    kinds = {part.get_content_type() for part in parts}
    if "message/feedback-report" in kinds:
        return read_complaint(parts, message_id)
    if "message/delivery-status" in kinds:
        return read_delivery_status(parts, message_id)
    if "message/disposition-notification" in kinds or is_automatic_reply(mail):
        return []
    return read_plain_report(mail, parts, message_id)


def read_delivery_status(parts: list[Message], message_id: str) -> list[BounceReport]:
    """RFC 3464: a group of fields about the message, then one for each recipient; ours has one. Late is not returned."""
    statuses = (part for part in parts if part.get_content_type() == "message/delivery-status" and part.is_multipart())
    groups: Iterator[Any] = chain.from_iterable(part.get_payload() for part in statuses)
    for fields in groups:
        action = header(fields, "Action").lower()
        if action and action not in NON_FINAL_ACTIONS:
            status = header(fields, "Status")
            words = strip_type_prefix(header(fields, "Diagnostic-Code")) or status
            address = strip_type_prefix(header(fields, "Original-Recipient") or header(fields, "Final-Recipient")).strip("<>")
            sort = classify_bounce(status, words)
            return [BounceReport(sort, ReportSource.MAILBOX, message_id=message_id, address=address, said=words)]
    return []


def find_message_id(mail: Message, parts: list[Message], domain: str) -> str:
    """Our Message-ID that the report is about, or "".

    Looks at the copy of our headers, the text, and the report's own In-Reply-To and References. A thread's root is not a
    message.
    """
    copies = [str(part.get("Message-ID", "")) for part in parts[1:]]  # whole, or its headers only
    for text in (*copies, *map(part_text, parts), str(mail.get("In-Reply-To", "")), str(mail.get("References", ""))):
        for match in MESSAGE_ID_PATTERN.finditer(text):
            if match[2].lower() == domain.lower():
                return match[0]
    for name in ("To", "Delivered-To", "X-Original-To", "Envelope-To"):
        if token := VERP_PATTERN.search(str(mail.get(name, ""))):
            return f"<{token[1].lower()}@{domain}>"
    return ""


def part_text(part: Message) -> str:
    """The text of a text part, also of headers that travel as text; "" for other parts."""
    if part.is_multipart() or part.get_content_maintype() != "text":
        return ""
    body = part.get_payload(decode=True)
    charset = part.get_content_charset() or "utf-8"
    try:
        return body.decode(charset, "replace") if isinstance(body, bytes) else ""
    except LookupError:  # a charset that nobody knows
        return body.decode("latin-1") if isinstance(body, bytes) else ""


def header(fields: Message, name: str) -> str:
    """The words of one field, in one line."""
    value = str(fields.get(name, ""))
    with suppress(ValueError, LookupError):
        value = str(make_header(decode_header(value)))
    return " ".join(value.split())


def strip_type_prefix(value: str) -> str:
    """What follows the type in “rfc822; somebody@example.org” or “smtp; 550 …”."""
    return value.partition(";")[2].strip() if ";" in value[:20] else value.strip()


def read_complaint(parts: list[Message], message_id: str) -> list[BounceReport]:
    """A complaint (RFC 5965). Ignores reports of failed authentication (RFC 6591), and that something is not spam."""
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            text = str(part.get_payload(0)) if part.is_multipart() else str(part.get_payload())
            match = re.search(r"^Feedback-Type:\s*(\S+)", text, re.IGNORECASE | re.MULTILINE)
            if match and match[1].lower() in COMPLAINT_TYPES:
                said = f"Feedback-Type: {match[1].lower()}"
                return [BounceReport(BounceType.COMPLAINT, ReportSource.MAILBOX, message_id=message_id, said=said)]
    return []


def is_automatic_reply(mail: Message) -> bool:
    """Whether it is from an absence note, a ticket system or a mailing list, not from a server that refused.

    Some servers call their reports auto-replied too; those name whom they failed to reach.
    """
    if mail.get("X-Failed-Recipients"):
        return False
    submitted = header(mail, "Auto-Submitted").lower()
    replied = submitted.startswith("auto-replied") or header(mail, "Precedence").lower() in {"auto_reply", "list"}
    return (replied and not MAILER_DAEMON_PATTERN.search(header(mail, "From"))) or any(
        mail.get(name) for name in AUTO_REPLY_HEADERS
    )


def read_plain_report(mail: Message, parts: list[Message], message_id: str) -> list[BounceReport]:
    """Reads a report that is text only: what it says above the copy of our message.

    That is the paragraph with the code of the refusal, else the one that says that it failed; it may have neither.
    """
    if not (mail.get("X-Failed-Recipients") or MAILER_DAEMON_PATTERN.search(header(mail, "From"))):
        return []
    text = next((text for part in parts if (text := part_text(part))), "")
    if begins := COPY_START_PATTERN.search(text):
        text = text[: begins.start()]
    paragraphs = [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text.replace("\r\n", "\n"))]
    final = [paragraph for paragraph in paragraphs if not RETRIED_PATTERN.search(paragraph)]
    for pattern in (STATUS_CODE_PATTERN, SMTP_5XX_PATTERN, FAILED_PATTERN):
        for paragraph in final:
            if pattern.search(paragraph):
                return [BounceReport(classify_bounce("", paragraph), ReportSource.MAILBOX, message_id=message_id, said=paragraph)]
    return []


@dataclass(frozen=True)
class Provider:
    """A mail provider that reports the fate of messages, read by django-anymail.

    `view` is anymail's; `key_name` is its name for the provider's signing key, "" if the provider only has a password (see
    settings.MAIL_PROVIDERS).
    """

    view: str
    key_name: str = ""


# Amazon SES and Resend need packages that we don't carry; anymail keeps SendGrid no longer.
PROVIDERS = {
    "brevo": Provider("brevo.BrevoTrackingWebhookView"),
    "mailersend": Provider("mailersend.MailerSendTrackingWebhookView", "signing_secret"),
    "mailgun": Provider("mailgun.MailgunTrackingWebhookView", "webhook_signing_key"),
    "mailjet": Provider("mailjet.MailjetTrackingWebhookView"),
    "mailtrap": Provider("mailtrap.MailtrapTrackingWebhookView", "tracking_secret"),
    "mandrill": Provider("mandrill.MandrillCombinedWebhookView", "webhook_key"),
    "postal": Provider("postal.PostalTrackingWebhookView", "webhook_key"),
    "postmark": Provider("postmark.PostmarkTrackingWebhookView"),
    "sparkpost": Provider("sparkpost.SparkPostTrackingWebhookView"),
    "unisender_go": Provider("unisender_go.UnisenderGoTrackingWebhookView", "api_key"),
}
HARD_BOUNCE_PATTERN = re.compile(r"hard.?bounce|invalid_email|bademailaddress", re.IGNORECASE)
SOFT_BOUNCE_PATTERN = re.compile(r"soft.?bounce|transient|temporary", re.IGNORECASE)
PARSE_ERRORS = (KeyError, TypeError, ValueError, AttributeError)  # what anymail raises for a body of another shape
HARD_BOUNCE_CLASSES = {"10", "30", "90"}  # SparkPost's numbers for an address that is not there


@dataclass(frozen=True)
class WebhookReport:
    """The answers about returned mail; and by address, when a message was delivered there."""

    answers: list[BounceReport]
    delivered: dict[str, datetime]


def read_webhook(request: HttpRequest, now: datetime) -> WebhookReport:
    """Reads what our mail provider reports in this request.

    Raises PermissionDenied if it is not from there, BadRequest if it can't be read.
    """
    if not getattr(settings, settings.MAIL_PROVIDERS.get(settings.MAIL_PROVIDER, ""), ""):
        raise PermissionDenied
    # anymail brings an HTTP library (6 MB) that no page needs, so not before the first report.
    from anymail.exceptions import AnymailConfigurationError, AnymailWebhookValidationFailure

    provider = PROVIDERS[settings.MAIL_PROVIDER]
    secrets: dict[str, Any] = {"webhook_secret": settings.MAIL_WEBHOOK_PASSWORD} if settings.MAIL_WEBHOOK_PASSWORD else {}
    if provider.key_name:
        secrets[provider.key_name] = settings.MAIL_WEBHOOK_KEY
    view = import_string(f"anymail.webhooks.{provider.view}")(**secrets)
    view.setup(request)
    try:
        view.run_validators(request)
    except (AnymailWebhookValidationFailure, *PARSE_ERRORS) as error:
        raise PermissionDenied from error
    try:
        events = view.parse_events(request)
        report = WebhookReport([], {})
        for event in events:
            # A time without a zone says nothing that could be compared.
            at = event.timestamp if event.timestamp is not None and event.timestamp.tzinfo is not None else now
            if event.event_type == "delivered" and event.recipient:
                report.delivered[storable_text(event.recipient).strip().lower()] = at
            elif sort := classify_event(event):
                # A provider may number messages in its own way: then the address says whose, and its number of the event which.
                known = str(event.event_id or f"{event.message_id} {event.timestamp}")
                report.answers.append(
                    BounceReport(
                        sort,
                        ReportSource.PROVIDER,
                        message_id=str(event.message_id or ""),
                        address=str(event.recipient or ""),
                        said=event_text(event),
                        key=hashlib.sha256(storable_text(known).encode()).hexdigest(),
                        at=at,
                    )
                )
        return report
    except (AnymailConfigurationError, *PARSE_ERRORS) as error:
        raise BadRequest from error


def event_text(event: Any) -> str:
    return str(event.mta_response or event.description or event.reject_reason or event.event_type)


def classify_event(event: Any) -> BounceType | None:
    """None for events that say nothing about the address: delayed, opened, an absence note."""
    if event.event_type in {"complained", "unsubscribed"} or event.reject_reason in {"spam", "unsubscribed"}:
        return BounceType.COMPLAINT
    if event.event_type not in {"bounced", "rejected", "failed"}:
        return None
    if event.reject_reason == "invalid" or (event.event_type == "rejected" and event.reject_reason == "bounced"):
        return BounceType.HARD  # refused because it came back before
    declared = " ".join(event_labels(event.esp_event))
    if SOFT_BOUNCE_PATTERN.search(declared):
        return BounceType.SOFT
    return BounceType.HARD if HARD_BOUNCE_PATTERN.search(declared) else classify_bounce("", event_text(event))


def event_labels(raw: Any) -> Iterable[str]:
    """The short words with which a provider calls the event, wherever it puts them."""
    if not isinstance(raw, dict):
        return
    for name, value in raw.items():
        if isinstance(value, dict):
            yield from event_labels(value)
        elif value is True:
            yield str(name)
        elif str(name) == "bounce_class":
            yield "hard_bounce" if str(value) in HARD_BOUNCE_CLASSES else "soft_bounce"
        elif str(name).lower() in {"type", "event", "status", "severity"} and isinstance(value, str):
            yield value


# The mailbox that returned mail goes to: IMAP, or a Maildir on this machine. Only reports that we understood are taken away.
#
# Whatever else lies there stays as it is, unread, for a person: it may be a shared mailbox.

logger = logging.getLogger(__name__)
MAX_MESSAGES_PER_READ = 500  # the rest comes with the next reading
MAX_MESSAGE_BYTES = 256 * 1024  # of one message: a report stands at its beginning
TIMEOUT_SECONDS = 20


class MailboxError(Exception):
    """The mailbox can't be read now. Its words name no address and no password."""


def read_mailbox_safely(url: str, *, now: datetime) -> None:
    """Read the mailbox. If that fails, the log says so, and /readyz until it works again."""
    trouble = ""
    try:
        read_mailbox(url, now=now)
    except MailboxError as error:
        trouble = str(error)
        logger.warning("The mailbox of returned mail can't be read: %s", trouble)
    noted = {"trouble": trouble} if trouble else {"trouble": "", "read_at": now}
    MailboxRead.objects.update_or_create(name=mailbox_hash(url), defaults=noted)


def read_mailbox(url: str, *, now: datetime) -> int:
    """Take in what came back since the last time; returns the number of answers about our mail. Raises MailboxError."""
    parts = urlsplit(url)
    if parts.scheme == "maildir":
        # New messages: understood reports go, others are moved to those that are there already, unread.
        folder = Path(unquote(parts.path))
        if not (folder / "new").is_dir():
            raise MailboxError("BOUNCE_MAILBOX names no Maildir: it has no folder called new")
        maildir = stdlib_mailbox.Maildir(folder, create=False)
        keys = [key for key in sorted(maildir.keys()) if maildir.get_message(key).get_subdir() == "new"][:MAX_MESSAGES_PER_READ]
        mails = {number: maildir.get_bytes(key)[:MAX_MESSAGE_BYTES] for number, key in enumerate(keys)}
        reports = read_reports(mails)
        taken = record_bounces([answer for answers in reports.values() for answer in answers], now=now)
        for number, key in enumerate(keys):
            if number in reports:
                maildir.discard(key)
            else:
                message = maildir.get_message(key)
                message.set_subdir("cur")
                maildir[key] = message
        return taken
    if parts.scheme in {"imap", "imaps", "imap+tls"}:
        return read_imap(url, now)
    raise MailboxError("BOUNCE_MAILBOX begins with neither imaps://, imap+tls://, imap:// nor maildir://")


def read_reports(mails: dict[int, bytes]) -> dict[int, list[BounceReport]]:
    """The answers in each message, by its number. Messages that tell nothing of our mail, or can't be read, are left out."""
    reports: dict[int, list[BounceReport]] = {}
    for number, raw in mails.items():
        try:
            answers = read_report(raw, domain=mail_domain())
        except Exception as error:  # noqa: BLE001 - anybody may send anything there, and it must not stop the others
            logger.warning("A message in the mailbox of returned mail can't be read: %s", type(error).__name__)
            continue
        if answers:
            reports[number] = answers
    return reports


@contextmanager
def imap(url: str) -> Iterator[tuple[imaplib.IMAP4, int]]:
    """A client, signed in with the folder open, and the validity of the folder's numbers. Raises MailboxError."""
    parts = urlsplit(url)
    secure = ssl.create_default_context()
    host, port = parts.hostname or "", parts.port
    client: imaplib.IMAP4 | None = None
    try:
        if parts.scheme == "imaps":
            client = imaplib.IMAP4_SSL(host, port or 993, ssl_context=secure, timeout=TIMEOUT_SECONDS)
        else:
            client = imaplib.IMAP4(host, port or 143, timeout=TIMEOUT_SECONDS)
        if parts.scheme == "imap+tls":
            client.starttls(secure)
        client.login(unquote(parts.username or ""), unquote(parts.password or ""))
        answer, _data = client.select(f'"{unquote(parts.path.strip("/")) or "INBOX"}"')
        if answer != "OK":
            raise MailboxError("the folder that BOUNCE_MAILBOX names can't be opened")
        _name, validity = client.response("UIDVALIDITY")
        yield client, int((validity or [b"0"])[0] or 0)
    except (OSError, imaplib.IMAP4.error) as error:
        raise MailboxError(type(error).__name__) from error
    finally:
        if client is not None:
            with suppress(OSError, imaplib.IMAP4.error):
                client.logout()


def read_imap(url: str, now: datetime) -> int:
    """Reads messages newer than the last one read. How far we are is committed together with what they say."""
    with imap(url) as (client, validity):
        with transaction.atomic():
            # Lock how far this mailbox is read. Start again if its numbers are new.
            MailboxRead.objects.get_or_create(name=mailbox_hash(url))
            place = MailboxRead.objects.select_for_update().get(name=mailbox_hash(url))
            if place.validity != validity:
                place.validity, place.last_number = validity, 0
            # Fetch the start of each message without marking it read.
            after = place.last_number
            _answer, data = client.uid("SEARCH", f"UID {after + 1}:*")
            numbers = sorted(number for number in map(int, (data[0] or b"").split()) if number > after)[:MAX_MESSAGES_PER_READ]
            mails = {}
            for number in numbers:
                _answer, parts = client.uid("FETCH", str(number), f"(BODY.PEEK[]<0.{MAX_MESSAGE_BYTES}>)")
                mails[number] = next((part[1] for part in parts if isinstance(part, tuple)), b"")
            reports = read_reports(mails)
            taken = record_bounces([answer for answers in reports.values() for answer in answers], now=now)
            place.last_number = max([place.last_number, *mails])
            place.save()
        if reports:
            # Reports hold what we wrote to people, so they don't stay. A server that can't delete these alone keeps them, marked.
            names = ",".join(map(str, sorted(reports)))
            client.uid("STORE", names, "+FLAGS.SILENT", r"(\Deleted)")
            if "UIDPLUS" in client.capabilities:
                client.uid("EXPUNGE", names)
    return taken


def mailbox_hash(url: str) -> str:
    """A hash by which we know the mailbox, also after its password has changed."""
    parts = urlsplit(url)
    return hashlib.sha256(f"{parts.hostname}{parts.path}{parts.username}".encode()).hexdigest()

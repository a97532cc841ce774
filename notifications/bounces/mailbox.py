"""The mailbox that returned mail goes to: IMAP, or a Maildir on this machine. Only reports that we understood are taken away.

Whatever else lies there stays as it is, unread, for a person: it may be a shared mailbox.
"""

import hashlib
import imaplib
import logging
import mailbox as stdlib_mailbox
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.db import transaction

from notifications.bounces.reports import read_report
from notifications.bounces.services import Answer, record_answers
from notifications.models import MailboxRead
from notifications.outbox import mail_domain

logger = logging.getLogger(__name__)
MOST_AT_ONCE = 500  # the rest comes with the next reading
MOST_BYTES = 256 * 1024  # of one message: a report stands at its beginning
TIMEOUT = 20


class MailboxTrouble(Exception):
    """It can't be read now; its words name no address and no password."""


def read_and_note(url: str, *, now: datetime) -> None:
    """Read it; if that can't be done, it stands in the log and in /readyz until it can."""
    trouble = ""
    try:
        read_mailbox(url, now=now)
    except MailboxTrouble as error:
        trouble = str(error)
        logger.warning("The mailbox of returned mail can't be read: %s", trouble)
    noted = {"trouble": trouble} if trouble else {"trouble": "", "read_at": now}
    MailboxRead.objects.update_or_create(name=name_of(url), defaults=noted)


def read_mailbox(url: str, *, now: datetime) -> int:
    """Take in what came back since the last reading. How many answers were about mail of ours. Raises MailboxTrouble."""
    parts = urlsplit(url)
    if parts.scheme == "maildir":
        # New messages: understood reports go, others are moved to those that are there already, unread.
        folder = Path(unquote(parts.path))
        if not (folder / "new").is_dir():
            raise MailboxTrouble("BOUNCE_MAILBOX names no Maildir: it has no folder called new")
        maildir = stdlib_mailbox.Maildir(folder, create=False)
        keys = [key for key in sorted(maildir.keys()) if maildir.get_message(key).get_subdir() == "new"][:MOST_AT_ONCE]
        mails = {number: maildir.get_bytes(key)[:MOST_BYTES] for number, key in enumerate(keys)}
        reports = read_reports(mails)
        taken = record_answers([answer for answers in reports.values() for answer in answers], now=now)
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
    raise MailboxTrouble("BOUNCE_MAILBOX begins with neither imaps://, imap+tls://, imap:// nor maildir://")


def read_reports(mails: dict[int, bytes]) -> dict[int, list[Answer]]:
    """By number, what each report about mail of ours says. What can't be read at all says nothing."""
    reports: dict[int, list[Answer]] = {}
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
    """Signed in, the folder open; with the validity of its numbers."""
    parts = urlsplit(url)
    secure = ssl.create_default_context()
    host, port = parts.hostname or "", parts.port
    client: imaplib.IMAP4 | None = None
    try:
        if parts.scheme == "imaps":
            client = imaplib.IMAP4_SSL(host, port or 993, ssl_context=secure, timeout=TIMEOUT)
        else:
            client = imaplib.IMAP4(host, port or 143, timeout=TIMEOUT)
        if parts.scheme == "imap+tls":
            client.starttls(secure)
        client.login(unquote(parts.username or ""), unquote(parts.password or ""))
        answer, _data = client.select(f'"{unquote(parts.path.strip("/")) or "INBOX"}"')
        if answer != "OK":
            raise MailboxTrouble("the folder that BOUNCE_MAILBOX names can't be opened")
        _name, validity = client.response("UIDVALIDITY")
        yield client, int((validity or [b"0"])[0] or 0)
    except (OSError, imaplib.IMAP4.error) as error:
        raise MailboxTrouble(type(error).__name__) from error
    finally:
        if client is not None:
            with suppress(OSError, imaplib.IMAP4.error):
                client.logout()


def read_imap(url: str, now: datetime) -> int:
    """Those that are newer than the last one read; where that is kept is committed with what they say."""
    with imap(url) as (client, validity):
        with transaction.atomic():
            # How far this mailbox is read, ours alone until we are through; from the beginning if its numbers are new ones.
            MailboxRead.objects.get_or_create(name=name_of(url))
            place = MailboxRead.objects.select_for_update().get(name=name_of(url))
            if place.validity != validity:
                place.validity, place.last_number = validity, 0
            # Their beginnings, without marking them as read.
            after = place.last_number
            _answer, data = client.uid("SEARCH", f"UID {after + 1}:*")
            numbers = sorted(number for number in map(int, (data[0] or b"").split()) if number > after)[:MOST_AT_ONCE]
            mails = {}
            for number in numbers:
                _answer, parts = client.uid("FETCH", str(number), f"(BODY.PEEK[]<0.{MOST_BYTES}>)")
                raw = next((part[1] for part in parts if isinstance(part, tuple)), b"")
                mails[number] = raw
            reports = read_reports(mails)
            taken = record_answers([answer for answers in reports.values() for answer in answers], now=now)
            place.last_number = max([place.last_number, *mails])
            place.save()
        if reports:
            # Reports hold what we wrote to people, so they don't stay. A server that can't delete these alone keeps them, marked.
            names = ",".join(map(str, sorted(reports)))
            client.uid("STORE", names, "+FLAGS.SILENT", r"(\Deleted)")
            if "UIDPLUS" in client.capabilities:
                client.uid("EXPUNGE", names)
    return taken


def name_of(url: str) -> str:
    """The same mailbox keeps its name when its password changes."""
    parts = urlsplit(url)
    return hashlib.sha256(f"{parts.hostname}{parts.path}{parts.username}".encode()).hexdigest()

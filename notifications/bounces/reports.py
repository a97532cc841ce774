"""What a message in the mailbox of returned mail says: a report that mail was not delivered, a complaint, or nothing of the kind.

Reports are read as RFC 3464 (delivery), RFC 5965 (complaints) and, of programs that write none, as text. Which message of ours is
meant is told by its Message-ID, wherever in the report that stands. Nothing here trusts a word of it: it is anybody's email.
"""

import contextlib
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

from notifications.bounces.meaning import CODE, SMTP, sort_of
from notifications.models.addresses import Sort, Source
from notifications.services.bouncing import Answer

# As services.writing makes it: nobody guesses one. In VERP the same token stands in the address that the report went to.
MESSAGE_ID = re.compile(r"<([0-9a-f]{32})@([A-Za-z0-9.-]+)>")
VERP = re.compile(r"\+([0-9a-f]{32})@", re.IGNORECASE)
NOT_FINAL = {"delayed", "delivered", "relayed", "expanded"}
COMPLAINTS = {"abuse", "fraud", "virus", "opt-out", "opt-out-list", "other", "complaint"}
PROGRAMS = re.compile(r"mailer-?daemon|mail delivery (sub)?system|postmaster", re.IGNORECASE)
ANSWERS_ITSELF = ("X-Autoreply", "X-Autorespond")
COPY_BEGINS = re.compile(
    r"^-{2,}\s*(below this line is a copy|this is a copy of|original message|message header|returned message)",
    re.IGNORECASE | re.MULTILINE,
)
MOST_PARTS = 60


def read_report(raw: bytes, *, domain: str) -> list[Answer]:
    """What this email says of mail of ours; nothing if it is something else, or about somebody else's mail.

    `domain` is that of our Message-IDs, for reports that have only the token of a VERP address.
    """
    mail = message_from_bytes(raw)
    parts = list(parts_of(mail))
    message_id = named_message(mail, parts, domain)
    if not message_id:
        return []
    kinds = {part.get_content_type() for part in parts}
    if "message/feedback-report" in kinds:
        return complaint(parts, message_id)
    if "message/delivery-status" in kinds:
        return delivery_report(parts, message_id)
    if "message/disposition-notification" in kinds or answers_itself(mail):
        return []
    return plain_report(mail, parts, message_id)


def parts_of(mail: Message) -> Iterator[Message]:
    """All parts, those of a message within it too; as many as any honest report has."""
    for number, part in enumerate(mail.walk()):
        if number >= MOST_PARTS:
            return
        yield part


def named_message(mail: Message, parts: list[Message], domain: str) -> str:
    """The Message-ID of ours that it is about, or "".

    What we sent stands as a copy of its headers, in the report's own In-Reply-To, or in the text; a thread's root is no message.
    """
    copies = [str(part.get("Message-ID", "")) for part in parts[1:]]  # whole, or its headers only
    for text in (*copies, *map(text_of, parts), str(mail.get("In-Reply-To", "")), str(mail.get("References", ""))):
        for found in MESSAGE_ID.finditer(text):
            if found[2].lower() == domain.lower():
                return found[0]
    for name in ("To", "Delivered-To", "X-Original-To", "Envelope-To"):
        if token := VERP.search(str(mail.get(name, ""))):
            return f"<{token[1].lower()}@{domain}>"
    return ""


def text_of(part: Message) -> str:
    """Readable text of a part that has some; of headers that travel as text, those."""
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
    with contextlib.suppress(ValueError, LookupError):
        value = str(make_header(decode_header(value)))
    return " ".join(value.split())


def typed(value: str) -> str:
    """Of “rfc822; somebody@example.org” or “smtp; 550 …” what follows the type."""
    return value.partition(";")[2].strip() if ";" in value[:20] else value.strip()


def delivery_report(parts: list[Message], message_id: str) -> list[Answer]:
    """RFC 3464: a group of fields about the message, then one for each recipient; ours has one. Late is not returned."""
    for part in parts:
        if part.get_content_type() != "message/delivery-status" or not part.is_multipart():
            continue
        groups: Any = part.get_payload()
        for fields in groups:
            action = header(fields, "Action").lower()
            if not action or action in NOT_FINAL:
                continue
            status = header(fields, "Status")
            words = typed(header(fields, "Diagnostic-Code")) or status
            address = typed(header(fields, "Original-Recipient") or header(fields, "Final-Recipient"))
            return [
                Answer(sort_of(status, words), Source.MAILBOX, message_id=message_id, address=address.strip("<>"), said=words)
            ]
    return []


def complaint(parts: list[Message], message_id: str) -> list[Answer]:
    """RFC 5965. Reports of failed authentication (RFC 6591), and that something is not spam, are none."""
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            text = str(part.get_payload(0)) if part.is_multipart() else str(part.get_payload())
            found = re.search(r"^Feedback-Type:\s*(\S+)", text, re.IGNORECASE | re.MULTILINE)
            if found and found[1].lower() in COMPLAINTS:
                return [Answer(Sort.COMPLAINT, Source.MAILBOX, message_id=message_id, said=f"Feedback-Type: {found[1].lower()}")]
    return []


def answers_itself(mail: Message) -> bool:
    """An absence note, a ticket system, a mailing list: something that answers, not a server that refused.

    Some servers call their reports auto-replied as well; those name whom they failed to reach.
    """
    if mail.get("X-Failed-Recipients"):
        return False
    submitted = header(mail, "Auto-Submitted").lower()
    replied = submitted.startswith("auto-replied") or header(mail, "Precedence").lower() in {"auto_reply", "list"}
    return (replied and not is_from_a_program(mail)) or any(mail.get(name) for name in ANSWERS_ITSELF)


def is_from_a_program(mail: Message) -> bool:
    return bool(PROGRAMS.search(header(mail, "From")))


def plain_report(mail: Message, parts: list[Message], message_id: str) -> list[Answer]:
    """Of a program that writes its report as text only: what it says above the copy of our message."""
    if not (mail.get("X-Failed-Recipients") or is_from_a_program(mail)):
        return []
    text = next((found for part in parts if (found := text_of(part))), "")
    if begins := COPY_BEGINS.search(text):
        text = text[: begins.start()]
    line = telling_line(text)
    return [Answer(sort_of("", line), Source.MAILBOX, message_id=message_id, said=line)] if line else []


def telling_line(text: str) -> str:
    """The paragraph with the code of the refusal, else the one that says that it failed; "" where neither stands."""
    paragraphs = [" ".join(each.split()) for each in re.split(r"\n\s*\n", text.replace("\r\n", "\n"))]
    for pattern in (CODE, SMTP, re.compile(r"permanent|could not be delivered|failed|undeliverable", re.IGNORECASE)):
        for paragraph in paragraphs:
            if pattern.search(paragraph) and not re.search(
                r"will (be retried|keep trying|try again)|delayed", paragraph, re.IGNORECASE
            ):
                return paragraph
    return ""

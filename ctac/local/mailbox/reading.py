"""Reading what the local mail sink wrote: one .eml file a message, whose names sort by time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from itertools import islice
from pathlib import Path

from django.conf import settings

NEWEST = 100
SHOWN_INLINE = {"text/plain", "text/html"}


@dataclass(frozen=True)
class Part:
    """Something in a message that is downloaded rather than read: an attachment, or the calendar that sits in its body."""

    number: int
    name: str
    mimetype: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    name: str
    message: EmailMessage

    @property
    def sent_at(self) -> datetime | None:
        header = self.message["Date"]
        return header.datetime if header else None

    @property
    def text(self) -> str:
        return self._body("plain")

    @property
    def html(self) -> str:
        return self._body("html")

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name, str(value)) for name, value in self.message.items()]

    @property
    def parts(self) -> list[Part]:
        leaves = [part for part in self.message.walk() if not part.is_multipart()]
        return [
            Part(
                number,
                part.get_filename() or default_name(part),
                str(part["Content-Type"] or part.get_content_type()),
                payload(part),
            )
            for number, part in enumerate(leaves)
            if part.get_filename() or part.get_content_type() not in SHOWN_INLINE
        ]

    def _body(self, subtype: str) -> str:
        body = self.message.get_body(preferencelist=(subtype,))
        return str(body.get_content()) if body else ""


def payload(part: EmailMessage) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def default_name(part: EmailMessage) -> str:
    return "calendar.ics" if part.get_content_type() == "text/calendar" else "part"


def folder() -> Path:
    return Path(settings.VAR_DIR) / "mail"


def names() -> list[str]:
    """Newest first. Files that are still being written have a dot in front, so they are left out."""
    return sorted((path.name for path in folder().glob("*.eml") if not path.name.startswith(".")), reverse=True)


def newest() -> Iterator[Mail]:
    return (mail for mail in map(read, islice(names(), NEWEST)) if mail)


def read(name: str) -> Mail | None:
    """One message; None for a name that is not in the folder's list, so no name leads out of it."""
    if name not in names():
        return None
    content = (folder() / name).read_bytes()
    return Mail(name, BytesParser(policy=policy.default).parsebytes(content))

"""Mail that the sink has taken, as its reader would get it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Mail:
    received_at: datetime
    message: EmailMessage

    @property
    def to(self) -> list[str]:
        return [str(address) for address in self.message.get_all("Delivered-To", [])]

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def text(self) -> str:
        return self._body("plain")

    @property
    def html(self) -> str:
        return self._body("html")

    @property
    def calendar(self) -> str:
        """The iCalendar text, in whichever part it comes; empty without one."""
        parts = (part for part in self.message.walk() if part.get_content_type() == "text/calendar")
        return next((str(part.get_payload(decode=True), "utf-8") for part in parts), "")

    def _body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return str(part.get_content()).replace("\r\n", "\n") if part else ""


def read(folder: Path) -> list[Mail]:
    """In the order in which they came."""
    return [parse(path) for path in sorted(folder.glob("[!.]*.eml"))]


@cache
def parse(path: Path) -> Mail:
    """Once each: whoever waits for a message looks through all of them twenty times a second, and a file stays as it came."""
    received_at = datetime.strptime(path.name.split("-")[0], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    return Mail(received_at, message)

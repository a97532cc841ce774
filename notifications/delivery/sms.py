"""Hands text messages to Twilio, and tells a hopeless number from a passing failure. It has the functions of smtp.py.

Twilio, because a charity can use it: GOV.UK Notify is for the public sector only. Its Messages API takes one POST, documented at
https://www.twilio.com/docs/messaging/api/message-resource: To, From and Body as a form, with an API key by Basic authentication.
The answer is 201, or an error with `code` and `message` as JSON. Nothing guards against doubles, as a Message-ID does: if the
connection breaks before the answer, the message goes again. For an alarm, twice is better than never.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import unquote, urlencode, urlsplit

from django.conf import settings

from notifications.delivery.smtp import ThreadConnection

TIMEOUT_SECONDS = 10  # of each step
MAX_ANSWER_BYTES = 10_000  # bytes
# No such number, its owner said STOP, no mobile: the others are our settings, or Twilio's trouble, and pass.
PERMANENT_ERROR_CODES = {21211, 21610, 21614}


class SmsRefusedError(Exception):
    """Twilio answered, and not with a yes."""

    def __init__(self, status: int, code: int, said: str) -> None:
        self.status, self.code, self.said = status, code, said


@dataclass(frozen=True)
class Text:
    to: str
    body: str


thread = ThreadConnection()


def send(text: Text, *, before_data: Callable[[], None] = lambda: None) -> None:
    """Returns once Twilio has said yes. Raises what `before_data` raises, and then nothing was sent; SmsRefusedError; OSError."""
    parts = urlsplit(settings.SMS_URL)
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    key = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    headers = {
        "Authorization": f"Basic {b64encode(key.encode()).decode()}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }
    form = urlencode({"To": text.to, "From": settings.SMS_FROM, "Body": text.body})
    connection = thread.line.connection = connect(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.connect()
        before_data()
        connection.request("POST", parts.path, form, headers)
        answer = connection.getresponse()
        if not 200 <= answer.status < 300:
            raise SmsRefusedError(answer.status, *read_error(answer.read(MAX_ANSWER_BYTES)))
    finally:
        connection.close()


def read_error(body: bytes) -> tuple[int, str]:
    """The code and message of Twilio's answer; (0, '') if it is not in Twilio's format."""
    try:
        told = json.loads(body)
        return int(told["code"]), str(told["message"])
    except (ValueError, KeyError, TypeError):
        return 0, ""


def is_permanent(error: Exception) -> bool:
    return isinstance(error, SmsRefusedError) and error.status == 400 and error.code in PERMANENT_ERROR_CODES


def describe(error: Exception) -> str:
    """Twilio's words, for staff. They may hold the number, so never log them."""
    if isinstance(error, SmsRefusedError):
        return " ".join(filter(None, [str(error.status), str(error.code or ""), error.said]))
    return f"{type(error).__name__}: {error}"

"""Reading what the local mail sink wrote: one .eml file a message, whose names sort by time."""

import re
import time
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from itertools import islice
from pathlib import Path

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from accounts.allauth_internals import format_hotp_value, hotp_value
from notifications.views import framed
from professionals.samples import STAFF_EMAIL

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
                part.get_filename() or ("calendar.ics" if part.get_content_type() == "text/calendar" else "part"),
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


def folder() -> Path:
    return Path(settings.VAR_DIR) / "mail"


def names() -> list[str]:
    """Newest first. Files that are still being written have a dot in front, so they are left out."""
    return sorted((path.name for path in folder().glob("*.eml") if not path.name.startswith(".")), reverse=True)


def read(name: str) -> Mail | None:
    """One message; None for a name that is not in the folder's list, so no name leads out of it."""
    if name not in names():
        return None
    content = (folder() / name).read_bytes()
    return Mail(name, BytesParser(policy=policy.default).parsebytes(content))


# The code that the sample staff login needs now: a stranger who tries the product has no authenticator set up for it.


@dataclass(frozen=True)
class Code:
    email: str
    digits: str
    seconds_left: int


def sample_code() -> Code | None:
    """None where the sample login is not loaded, or has no second factor."""
    authenticator = Authenticator.objects.filter(type=Authenticator.Type.TOTP, user__email=STAFF_EMAIL).first()
    if authenticator is None:
        return None
    period = app_settings.TOTP_PERIOD
    counter, passed = divmod(int(time.time()), period)
    digits = format_hotp_value(hotp_value(decrypt(authenticator.data["secret"]), counter))
    return Code(STAFF_EMAIL, digits, period - passed)


# The mail of this copy as its readers get it. Exists in development only: it needs no sign-in.

HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)


def mail_or_404(name: str) -> Mail:
    mail = read(name)
    if mail is None:
        raise Http404
    return mail


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    return render(
        request,
        "mailbox/list.html",
        {"mails": [mail for mail in map(read, islice(names(), NEWEST)) if mail], "code": sample_code()},
    )


@require_safe
def mailbox_message(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, "mailbox/message.html", {"mail": mail_or_404(name)})


@require_safe
def mailbox_html(request: HttpRequest, name: str) -> HttpResponse:
    """Links open in a tab of their own, as they do from a mail program."""
    html = mail_or_404(name).html
    if not html:
        raise Http404
    return framed(HEAD.sub(r'\g<0><base target="_blank">', html, count=1), allow="allow-popups allow-popups-to-escape-sandbox")


@require_safe
def mailbox_part(request: HttpRequest, name: str, number: int) -> HttpResponse:
    part = next((part for part in mail_or_404(name).parts if part.number == number), None)
    if part is None:
        raise Http404
    response = HttpResponse(part.content, content_type=" ".join(part.mimetype.split()))
    response.headers["Content-Disposition"] = attachment(part.name)
    return response


def attachment(name: str) -> str:
    return f'attachment; filename="{re.sub(r"[^A-Za-z0-9._-]", "_", name)}"'


urlpatterns = [
    path("", mailbox, name="mailbox"),
    path("<str:name>/", mailbox_message, name="mailbox_message"),
    path("<str:name>/html/", mailbox_html, name="mailbox_html"),
    path("<str:name>/parts/<int:number>/", mailbox_part, name="mailbox_part"),
]

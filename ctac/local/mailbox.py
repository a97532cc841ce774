"""The mail that the local sink wrote, as its readers get it: one .eml file a message. Development only: it needs no sign-in."""

import re
import time
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
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
from core.pages import framed_response
from professionals.samples import STAFF_EMAIL

MAX_MAILS_SHOWN = 100
INLINE_MIME_TYPES = {"text/plain", "text/html"}


HEAD_TAG_PATTERN = re.compile(r"<head[^>]*>", re.IGNORECASE)


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
    def text(self) -> str:
        body = self.message.get_body(preferencelist=("plain",))
        return str(body.get_content()) if body else ""

    @property
    def html(self) -> str:
        body = self.message.get_body(preferencelist=("html",))
        return str(body.get_content()) if body else ""

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name, str(value)) for name, value in self.message.items()]

    @property
    def parts(self) -> list[Part]:
        found = []
        for number, part in enumerate(part for part in self.message.walk() if not part.is_multipart()):
            kind, content = part.get_content_type(), part.get_payload(decode=True)
            if part.get_filename() or kind not in INLINE_MIME_TYPES:
                name = part.get_filename() or ("calendar.ics" if kind == "text/calendar" else "part")
                mimetype = str(part["Content-Type"] or kind)
                found.append(Part(number, name, mimetype, content if isinstance(content, bytes) else b""))
        return found


def mail_names() -> list[str]:
    """The files, newest first, as their names sort by time.

    A file that is still being written has a dot in front and is left out.
    """
    folder = Path(settings.VAR_DIR) / "mail"
    return sorted((path.name for path in folder.glob("*.eml") if not path.name.startswith(".")), reverse=True)


def mail_or_404(name: str) -> Mail:
    """The mail in this file. 404 for a name that is not in the folder, so no name leads out of it."""
    if name not in mail_names():
        raise Http404
    content = (Path(settings.VAR_DIR) / "mail" / name).read_bytes()
    return Mail(name, BytesParser(policy=policy.default).parsebytes(content))


@dataclass(frozen=True)
class SecondFactorCode:
    email: str
    digits: str
    seconds_left: int


def sample_second_factor_code() -> SecondFactorCode | None:
    """The present code of the sample staff account's second factor, for a stranger who tries the product.

    None if that account is not loaded, or has no second factor.
    """
    authenticator = Authenticator.objects.filter(type=Authenticator.Type.TOTP, user__email=STAFF_EMAIL).first()
    if authenticator is None:
        return None
    period = app_settings.TOTP_PERIOD
    counter, passed = divmod(int(time.time()), period)
    digits = format_hotp_value(hotp_value(decrypt(authenticator.data["secret"]), counter))
    return SecondFactorCode(STAFF_EMAIL, digits, period - passed)


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    mails = [mail_or_404(name) for name in mail_names()[:MAX_MAILS_SHOWN]]
    return render(request, "mailbox/list.html", {"mails": mails, "code": sample_second_factor_code()})


@require_safe
def mailbox_message(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, "mailbox/message.html", {"mail": mail_or_404(name)})


@require_safe
def mailbox_html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML of a message. Its links open in a new tab, as they do in a mail program."""
    html = mail_or_404(name).html
    if not html:
        raise Http404
    return framed_response(
        HEAD_TAG_PATTERN.sub(r'\g<0><base target="_blank">', html, count=1), allow="allow-popups allow-popups-to-escape-sandbox"
    )


@require_safe
def mailbox_part(request: HttpRequest, name: str, number: int) -> HttpResponse:
    part = next((part for part in mail_or_404(name).parts if part.number == number), None)
    if part is None:
        raise Http404
    response = HttpResponse(part.content, content_type=" ".join(part.mimetype.split()))
    filename = re.sub(r"[^A-Za-z0-9._-]", "_", part.name)
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


urlpatterns = [
    path("", mailbox, name="mailbox"),
    path("<str:name>/", mailbox_message, name="mailbox_message"),
    path("<str:name>/html/", mailbox_html, name="mailbox_html"),
    path("<str:name>/parts/<int:number>/", mailbox_part, name="mailbox_part"),
]

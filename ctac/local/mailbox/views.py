"""The mail of this copy as its readers get it. Exists in development only: it needs no sign-in."""

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ctac.local.mailbox import reading, second_factor
from notifications.framing import framed

HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)


def mail_or_404(name: str) -> reading.Mail:
    mail = reading.read(name)
    if mail is None:
        raise Http404
    return mail


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    return render(request, "mailbox/list.html", {"mails": list(reading.newest()), "code": second_factor.sample_code()})


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

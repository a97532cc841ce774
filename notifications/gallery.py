"""Every kind of email as its readers get it, with made-up data, for staff to look at. Nothing is stored, nothing is sent."""

from collections import defaultdict
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from ctac.staff import staff_site
from notifications.framing import framed, in_scheme
from notifications.models import Notification
from notifications.registry import all_kinds
from notifications.samples import Example, Sample, all_examples, sample_at
from notifications.senders import Desk

ABOUT = {
    Desk.BOOKINGS: gettext_lazy("To professionals, about presentations"),
    Desk.LEAFLETS: gettext_lazy("To professionals, about leaflets"),
    Desk.ADVICE: gettext_lazy("To professionals, about anything else"),
    Desk.ACCOUNTS: gettext_lazy("To professionals, about their account"),
    Desk.TEAM: gettext_lazy("To the team and its presenters"),
}


@dataclass(frozen=True)
class View:
    """One way to look at it: how wide the frame is, and whether the paper is light or dark."""

    title: str
    width: int
    scheme: str


@require_safe
def emails(request: HttpRequest) -> HttpResponse:
    """The list, by what they are about."""
    may_look(request)
    found: dict[Desk, list[dict[str, object]]] = defaultdict(list)
    number: dict[str, int] = defaultdict(int)
    for example in all_examples():
        number[example.kind] += 1
        desk, subject = example.head()
        found[desk].append(row_of(example, number[example.kind], subject))
    groups = [(title, found[desk]) for desk, title in ABOUT.items() if found[desk]]
    return render(request, "notifications/staff/emails.html", page(request, title=_("What our emails look like"), groups=groups))


def row_of(example: Example, number: int, subject: str) -> dict[str, object]:
    return {
        "kind": example.kind,
        "number": number,
        "title": example.title,
        "subject": subject,
        "of": kind_facts(example.kind),
    }


@require_safe
def email(request: HttpRequest, kind: str, number: int) -> HttpResponse:
    """One of them, wide and as a phone shows it, light and dark, its plain text, and what mail programs are told."""
    may_look(request)
    sample = sample_or_404(kind, number)
    views = [
        View(_("On a wide screen"), 640, "light"),
        View(_("On a phone"), 390, "light"),
        View(_("On a phone that is set to dark"), 390, "dark"),
    ]
    more = {"sample": sample, "number": number, "views": views, "headers": headers_of(sample), "of": kind_facts(kind)}
    return render(request, "notifications/staff/email.html", page(request, title=sample.subject, **more))


@require_safe
def email_html(request: HttpRequest, kind: str, number: int) -> HttpResponse:
    """For a frame; ?scheme=dark as on dark paper, whatever this screen is set to."""
    may_look(request)
    html = sample_or_404(kind, number).html
    return framed(in_scheme(html, "dark" if request.GET.get("scheme") == "dark" else "light"))


def may_look(request: HttpRequest) -> None:
    """Whoever may see messages. Wrapped by the staff site's admin_view, which asks for the second factor."""
    if not request.user.has_perm("notifications.view_notification"):
        raise PermissionDenied


def sample_or_404(kind: str, number: int) -> Sample:
    """Counted from 1 within its kind."""
    found = sample_at(number, kind)
    if found is None:
        raise Http404
    return found


def headers_of(sample: Sample) -> list[tuple[str, str]]:
    mail = sample.as_mail().message()
    names = ("From", "Reply-To", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted")
    return [(name, " ".join(str(mail[name]).split())) for name in names if mail[name]] + [
        (_("Attached"), part.get_filename() or "") for part in mail.walk() if part.get_filename()
    ]


def kind_facts(name: str) -> dict[str, object]:
    """What is worth knowing of the kind: whether its reader may say no to it, and whether it waits for the morning."""
    kind = next((kind for kind in all_kinds() if kind.name == name), None)
    return {"topic": kind.topic.label if kind and kind.topic else "", "can_wait": bool(kind and kind.can_wait)}


def page(request: HttpRequest, **more: object) -> dict[str, object]:
    return {**staff_site.each_context(request), "opts": Notification._meta, **more}

"""A message's HTML at its own address, for the frame on its page of the staff site."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from ctac.forms import FORM_METHODS
from ctac.pages import keep_private
from ctac.staff.audit import audit_note
from ctac.staff.site import staff_site
from notifications.bounces.reports import read_webhook
from notifications.bounces.services import delivered, record_answers
from notifications.models import MailReader, Notification, Where, shown_to
from notifications.preferences import ChoicesForm, choose, wants_each
from notifications.registry import Desk, Topic, find_email
from notifications.samples import Example, Sample, all_examples, sample_at

# An email's HTML as a page for a sandboxed iframe: the one exception from the site's policy (product.md, pages).

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'none'; frame-ancestors 'self'; sandbox"


DARK = "@media (prefers-color-scheme: dark)"


def in_scheme(html: str, scheme: str) -> str:
    """As a screen set to "light" or "dark" draws it, on any screen."""
    return html.replace(DARK, "@media all" if scheme == "dark" else "@media not all")


def framed(html: str, *, allow: str = "") -> HttpResponse:
    """The HTML with its styles, and nothing that runs or leaves; `allow` names what the sandbox lets through."""
    response = HttpResponse(html)
    response["Content-Security-Policy"] = f"{POLICY} {allow}".strip()
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


# Every kind of email as its readers get it, with made-up data, for staff to look at. Nothing is stored, nothing is sent.

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
    email = find_email(name)
    return {"topic": email.topic.label if email and email.topic else "", "can_wait": bool(email and email.can_wait)}


def page(request: HttpRequest, **more: object) -> dict[str, object]:
    return {**staff_site.each_context(request), "opts": Notification._meta, **more}


@require_safe
def message_html(request: HttpRequest, pk: int) -> HttpResponse:
    """Wrapped by the staff site's admin_view, so it asks for the second factor too. Account mail has no stored words: 404."""
    audit_note(request).kind = Notification._meta.label_lower
    if not request.user.has_perm("notifications.view_notification"):
        raise PermissionDenied
    notification = get_object_or_404(Notification.objects.filter(shown_to(request.user), is_account_mail=False), pk=pk)
    if not notification.html_body:
        raise Http404
    return framed(notification.html_body)


# The page on which people choose what they get, by the link in their mail or signed in; and the one press of RFC 8058.
#
# A link opens the page and changes nothing; only a press does.

UNBROKEN = "\u2060"  # no new line here
ONE_CLICK = "One-Click"  # RFC 8058: what the body of the press says of List-Unsubscribe


def of_reader(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view gets whom the token is for; a token that is nobody's gets one and the same page."""

    @wraps(view)
    def wrapper(request: HttpRequest, token: str, **more: str) -> HttpResponse:
        request.address_is_private = True  # type: ignore[attr-defined]
        reader = MailReader.objects.filter(token=token).first()
        response = view(request, reader, **more) if reader else render(request, "notifications/choices_over.html", status=404)
        return keep_private(request, response, has_a_form=True)

    return wrapper


@require_http_methods(FORM_METHODS)
@of_reader
def mail_choices(request: HttpRequest, reader: MailReader) -> HttpResponse:
    """By the link in an email. It says the least it can of the address: emails are passed on."""
    # Enough for its owner to know it: 's…@leeds.example.nhs.uk'.
    name, _at, domain = reader.address.rpartition("@")
    return choosing(request, reader.address, shown=(f"{name[:1]}…{UNBROKEN}@{domain}"), by_link=True)


@csrf_exempt
@require_http_methods(FORM_METHODS)
@of_reader
def mail_stop(request: HttpRequest, reader: MailReader, topic: str) -> HttpResponse:
    """A mail program presses for its reader, without cookies: this topic stops for this address, and nothing else happens."""
    if topic not in Topic:
        return render(request, "notifications/choices_over.html", status=404)
    if request.method != "POST":
        return redirect("mail_choices", reader.token)
    if request.POST.get("List-Unsubscribe") != ONE_CLICK:
        return HttpResponseBadRequest(_("Nothing was changed."), content_type="text/plain; charset=utf-8")
    choose(address=reader.address, chosen={Topic(topic): False}, where=Where.ONE_CLICK, now=timezone.now())
    return HttpResponse(_("You will not get this again."), content_type="text/plain; charset=utf-8")


def choosing(request: HttpRequest, address: str, *, shown: str, by_link: bool) -> HttpResponse:
    """The page itself: what this address gets now, and the press that saves."""
    wanted = [topic.value for topic, is_wanted in wants_each(address).items() if is_wanted]
    form = ChoicesForm(request.POST if request.method == "POST" else None, initial={"wanted": wanted})
    if request.method == "POST" and form.is_valid():
        chosen = dict.fromkeys(Topic, False) if "stop" in request.POST else form.chosen()
        choose(address=address, chosen=chosen, where=Where.PAGE, now=timezone.now())
        messages.success(request, said(chosen))
        return redirect(request.path)
    return render(request, "notifications/choices.html", {"form": form, "address": shown, "by_link": by_link})


def said(chosen: dict[Topic, bool]) -> str:
    if any(chosen.values()):
        return _("Saved. You get what is ticked here.")
    return _("Saved. You get none of these any more, only answers to what you do here.")


# Where a mail provider reports what became of our mail (ADR 3). Switched off, and a 404, until MAIL_PROVIDER names one.


@csrf_exempt  # a machine that signs what it says, or sends a password
@require_http_methods(["HEAD", "POST"])
def mail_events(request: HttpRequest, provider: str) -> HttpResponse:
    """HEAD is how some see that the address is there. Told twice, it counts once, so whoever tries again does no harm."""
    if not settings.MAIL_PROVIDER or provider != settings.MAIL_PROVIDER:
        raise Http404
    if request.method == "HEAD":
        return HttpResponse()
    now = timezone.now()
    report = read_webhook(request, now)
    record_answers(report.answers, now=now)
    delivered(report.delivered, now=now)
    return HttpResponse()

"""Emails as pages for staff, the page on which people choose what they get, and the webhook of a mail provider."""

from collections import defaultdict
from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from core.forms import FORM_METHODS
from core.pages import framed_response, set_private_headers
from notifications.bounces.reports import read_webhook
from notifications.bounces.services import record_bounces, record_deliveries
from notifications.models import ChoiceSource, MailReader, Notification, visible_to
from notifications.preferences import ChoicesForm, is_wanted_by_topic, record_choices
from notifications.registry import Desk, Topic, find_email_class
from notifications.samples import Sample, all_examples, sample_at
from staff.audit import audit_note
from staff.site import staff_site

VIEW_PERMISSION = "notifications.view_notification"
DARK_MEDIA_QUERY = "@media (prefers-color-scheme: dark)"
DESK_TITLES = {
    Desk.BOOKINGS: gettext_lazy("To professionals, about presentations"),
    Desk.LEAFLETS: gettext_lazy("To professionals, about leaflets"),
    Desk.ADVICE: gettext_lazy("To professionals, about anything else"),
    Desk.ACCOUNTS: gettext_lazy("To professionals, about their account"),
    Desk.TEAM: gettext_lazy("To the team and its presenters"),
}


@require_safe
@permission_required(VIEW_PERMISSION, raise_exception=True)
def mail_gallery(request: HttpRequest) -> HttpResponse:
    """Every kind of email with made-up data, grouped by subject. Stores and sends nothing."""
    rows: dict[Desk, list[dict[str, object]]] = defaultdict(list)
    numbers: dict[str, int] = defaultdict(int)
    for example in all_examples():
        kind = example.kind
        numbers[kind] += 1
        desk, subject = example.desk_and_subject()
        row = {"kind": kind, "number": numbers[kind], "title": example.title, "subject": subject, "of": email_kind_context(kind)}
        rows[desk].append(row)
    groups = [(title, rows[desk]) for desk, title in DESK_TITLES.items() if rows[desk]]
    return render(
        request, "notifications/staff/emails.html", page_context(request, title=_("What our emails look like"), groups=groups)
    )


@require_safe
@permission_required(VIEW_PERMISSION, raise_exception=True)
def mail_gallery_one(request: HttpRequest, kind: str, number: int) -> HttpResponse:
    """One email: wide and as on a phone, light and dark, as plain text, and its headers."""
    sample = sample_or_404(kind, number)
    views = [
        {"title": _("On a wide screen"), "width": 640, "scheme": "light"},
        {"title": _("On a phone"), "width": 390, "scheme": "light"},
        {"title": _("On a phone in dark mode"), "width": 390, "scheme": "dark"},
    ]
    mail = sample.as_mail().message()
    names = ("From", "Reply-To", "Subject", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted")
    headers = [(name, " ".join(str(mail[name]).split())) for name in names if mail[name]]
    headers += [(_("Attached"), name) for part in mail.walk() if (name := part.get_filename())]
    more = {"sample": sample, "number": number, "views": views, "headers": headers, "of": email_kind_context(kind)}
    return render(request, "notifications/staff/email.html", page_context(request, title=sample.subject, **more))


@require_safe
@permission_required(VIEW_PERMISSION, raise_exception=True)
def mail_gallery_html(request: HttpRequest, kind: str, number: int) -> HttpResponse:
    """The email for a frame; with ?scheme=dark in its dark colours, whatever this screen is set to."""
    html = sample_or_404(kind, number).html
    return framed_response(
        html.replace(DARK_MEDIA_QUERY, "@media all" if request.GET.get("scheme") == "dark" else "@media not all")
    )


def sample_or_404(kind: str, number: int) -> Sample:
    """Counted from 1 within its kind."""
    sample = sample_at(number, kind)
    if sample is None:
        raise Http404
    return sample


def email_kind_context(name: str) -> dict[str, object]:
    """Whether readers may say no to this kind, and whether it waits for the morning."""
    email = find_email_class(name)
    return {"topic": email.topic.label if email and email.topic else "", "can_wait": bool(email and email.can_wait)}


def page_context(request: HttpRequest, **more: object) -> dict[str, object]:
    return {**staff_site.each_context(request), "opts": Notification._meta, **more}


@require_safe
def message_html(request: HttpRequest, pk: int) -> HttpResponse:
    """Wrapped by the staff site's admin_view, so it asks for the second factor too. Account mail has no stored words: 404."""
    audit_note(request).kind = Notification._meta.label_lower
    if not request.user.has_perm(VIEW_PERMISSION):
        raise PermissionDenied
    notification = get_object_or_404(Notification.objects.filter(visible_to(request.user), is_account_mail=False), pk=pk)
    if not notification.html_body:
        raise Http404
    return framed_response(notification.html_body)


WORD_JOINER = "\u2060"  # forbids a line break here
ONE_CLICK = "One-Click"  # RFC 8058: what the body of the press says of List-Unsubscribe


def with_reader(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Gives the view the reader of the token. Every unknown token gets the same page."""

    @wraps(view)
    def wrapper(request: HttpRequest, token: str, **more: str) -> HttpResponse:
        request.address_is_private = True  # type: ignore[attr-defined]
        reader = MailReader.objects.filter(token=token).first()
        response = view(request, reader, **more) if reader else render(request, "notifications/choices_over.html", status=404)
        return set_private_headers(request, response, has_a_form=True)

    return wrapper


@require_http_methods(FORM_METHODS)
@with_reader
def mail_choices(request: HttpRequest, reader: MailReader) -> HttpResponse:
    """The choices, by the link in an email. The page says as little as it can of the address, since emails are passed on."""
    return choices_page(request, reader.address, shown=mask_address(reader.address), by_link=True)


def mask_address(address: str) -> str:
    """Enough for its owner to know it: 's…@leeds.example.nhs.uk'."""
    name, _at, domain = address.rpartition("@")
    return f"{name[:1]}…{WORD_JOINER}@{domain}"


@csrf_exempt
@require_http_methods(FORM_METHODS)
@with_reader
def mail_stop(request: HttpRequest, reader: MailReader, topic: str) -> HttpResponse:
    """A mail program sends this POST for its reader, without cookies: it stops this topic for this address, nothing else."""
    if topic not in Topic:
        return render(request, "notifications/choices_over.html", status=404)
    if request.method != "POST":
        return redirect("mail_choices", reader.token)
    if request.POST.get("List-Unsubscribe") != ONE_CLICK:
        return HttpResponseBadRequest(_("Nothing was changed."), content_type="text/plain; charset=utf-8")
    record_choices(address=reader.address, chosen={Topic(topic): False}, where=ChoiceSource.ONE_CLICK, now=timezone.now())
    return HttpResponse(_("We will not send you these emails again."), content_type="text/plain; charset=utf-8")


def choices_page(request: HttpRequest, address: str, *, shown: str, by_link: bool) -> HttpResponse:
    """What this address gets now, and the button that saves; reached by the link in an email, or signed in."""
    wanted = [topic.value for topic, is_wanted in is_wanted_by_topic(address).items() if is_wanted]
    form = ChoicesForm(request.POST if request.method == "POST" else None, initial={"wanted": wanted})
    if request.method == "POST" and form.is_valid():
        chosen = dict.fromkeys(Topic, False) if "stop" in request.POST else form.chosen()
        record_choices(address=address, chosen=chosen, where=ChoiceSource.PAGE, now=timezone.now())
        if any(chosen.values()):
            said = _("Saved. We will send you the emails that are ticked here.")
        else:
            said = _("Saved. We will send you none of these emails any more. We will still answer what you do here.")
        messages.success(request, said)
        return redirect(request.path)
    return render(request, "notifications/choices.html", {"form": form, "address": shown, "by_link": by_link})


@csrf_exempt  # a machine that signs what it says, or sends a password
@require_http_methods(["HEAD", "POST"])
def mail_events(request: HttpRequest, provider: str) -> HttpResponse:
    """The webhook where a mail provider reports on our mail (ADR 3): a 404 until MAIL_PROVIDER names one.

    Some providers check the address with HEAD. A report counts once, so a repeat does no harm.
    """
    if not settings.MAIL_PROVIDER or provider != settings.MAIL_PROVIDER:
        raise Http404
    if request.method == "HEAD":
        return HttpResponse()
    now = timezone.now()
    report = read_webhook(request, now)
    record_bounces(report.answers, now=now)
    record_deliveries(report.delivered, now=now)
    return HttpResponse()

"""The page on which people choose what they get, by the link in their mail or signed in; and the one press of RFC 8058.

A link opens the page and changes nothing; only a press does.
"""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from ctac.private_pages import keep_private
from notifications.choice_forms import form_for
from notifications.choices import wants_each
from notifications.models import MailReader, Where
from notifications.services.choosing import choose
from notifications.topics import Topic

UNBROKEN = "\u2060"  # no new line here
FORM_METHODS = ["GET", "HEAD", "POST"]
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
    return choosing(request, reader.address, shown=masked(reader.address), by_link=True)


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
    form = form_for(wants_each(address), request.POST if request.method == "POST" else None)
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


def masked(address: str) -> str:
    """Enough for its owner to know it: 's…@leeds.example.nhs.uk'."""
    name, _at, domain = address.rpartition("@")
    return f"{name[:1]}…{UNBROKEN}@{domain}"

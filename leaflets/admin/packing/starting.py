"""The page on which a packing session is started: what to pack, and at once what that makes."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leaflets.models import PackingSession
from leaflets.packing_forms import BRING, POST, StartForm
from leaflets.services.packing.choosing import Choice, oldest, preview, titles_to_pack
from leaflets.services.packing.sessions import NothingToPack, start_session


def start_page(admin: Any, request: HttpRequest) -> HttpResponse:
    """GET shows what a choice makes; POST starts it."""
    if not admin.has_add_permission(request):
        raise PermissionDenied
    asked = (request.POST if request.method == "POST" else request.GET).copy()
    usual = oldest(Choice(brought=asked.get("what") == BRING))
    titles = titles_to_pack(usual)
    if asked:
        asked.setdefault("what", POST)
    form = StartForm(asked or None, titles=titles)
    usable = form.is_valid() or not form.is_bound
    if request.method == "POST" and usable and (session := started(request, form)):
        return redirect("staff:leaflets_packingsession_change", session.pk)
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": _("Start a packing session"),
        "form": form,
        "preview": preview(form.choice, usual=usual) if usable else None,
        "chosen": hidden(asked),
        "open_sessions": list(PackingSession.objects.open().select_related("started_by").order_by("started_at")),
    }
    return TemplateResponse(request, "leaflets/staff/packing/start.html", context)


def hidden(asked: QueryDict) -> list[tuple[str, str]]:
    """The choice that is shown, for the button that starts it."""
    return [(name, value) for name in StartForm.base_fields for value in asked.getlist(name) if value]


def started(request: HttpRequest, form: StartForm) -> PackingSession | None:
    try:
        session = start_session(choice=form.choice, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    except NothingToPack as refusal:
        messages.warning(request, str(refusal.message))
        return None
    count = session.parcels.count()
    said = ngettext("%(n)d order is being packed in this session.", "%(n)d orders are being packed in this session.", count)
    messages.success(request, said % {"n": count})
    return session

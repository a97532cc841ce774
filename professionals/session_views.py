"""Where you are signed in; and the form that came after the session had ended."""

from uuid import UUID

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from professionals import sent_late
from professionals.access import signed_in
from professionals.models import Session
from professionals.services import sessions as sessions_services
from professionals.sessions import kept_as


def is_this_one(request: HttpRequest, session: Session) -> bool:
    return session.pk == kept_as(str(request.session.session_key))


@login_required
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    """Each browser in which this account is signed in now, this one first."""
    found = list(signed_in(request).sessions.live(timezone.now()).order_by("-seen_at", "-started_at"))
    this = next((session for session in found if is_this_one(request, session)), None)
    return render(request, "account/sessions.html", {"this": this, "others": [one for one in found if one != this]})


@login_required
@require_POST
def end_session(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Sign one browser out. Somebody else's is not there."""
    session = get_object_or_404(signed_in(request).sessions, public_id=public_id)
    if is_this_one(request, session):
        get_adapter().logout(request)
        return redirect("home")
    session.delete()
    messages.success(request, _("Signed out: %(device)s.") % {"device": session.device})
    return redirect("account_sessions")


@login_required
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    ended = sessions_services.end_sessions(user=signed_in(request), but=request.session.session_key)
    words = ngettext("Signed out: %(count)s other browser.", "Signed out: %(count)s other browsers.", ended)
    messages.success(request, words % {"count": ended})
    return redirect("account_sessions")


@login_required
def form_sent_late(request: HttpRequest) -> HttpResponse:
    """GET shows what was typed, with a button that sends it again; POST leaves it."""
    kept = sent_late.kept(request)
    if kept is None:
        return redirect("staff:index" if signed_in(request).is_staff else "my")
    if request.method == "POST":
        sent_late.forget(request)
        return redirect(kept.path)
    return render(request, "account/sent_late.html", {"kept": kept})

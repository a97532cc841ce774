"""A presenter's own leave: the list, asking for more, reporting illness, and being back."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import signed_in_user
from bookings.leave.forms import OwnLeaveForm, join_references
from bookings.leave.services import ask_for_leave, return_from_leave
from bookings.models import BookingOrSession, Leave, Presenter
from bookings.schedule.access import own_leave, page_context, presenter_required, refusal_as_warning
from core.forms import FORM_METHODS, domain_error_to_form
from staff.audit import audit_note


@presenter_required
@require_safe
def presenter_leave(request: HttpRequest, presenter: Presenter) -> HttpResponse:
    """Leave that is not over, the soonest first."""
    now = timezone.now()
    leave = list(own_leave(presenter).filter(ends_at__gt=now).order_by("starts_at", "pk"))
    running = {away.pk for away in leave if is_running(away, now)}
    context = page_context(request, presenter, title=_("My leave"), leave=leave, running=running)
    return TemplateResponse(request, "bookings/leave/leave.html", context)


def is_running(leave: Leave, now: datetime) -> bool:
    return leave.is_granted and leave.starts_at < now


@presenter_required
@require_http_methods(FORM_METHODS)
def presenter_ask_for_leave(request: HttpRequest, presenter: Presenter) -> HttpResponse:
    """First show which bookings and sessions it hits; go on once the presenter has seen them."""
    form = OwnLeaveForm(request.POST if request.method == "POST" else None)
    hit: list[BookingOrSession] = []
    if request.method == "POST" and form.is_valid():
        hit = form.get_affected(presenter)
        if not form.errors and join_references(hit) == request.POST.get("seen", ""):
            details = {name: form.cleaned_data[name] for name in ("starts_at", "ends_at", "kind", "reason")}
            with domain_error_to_form(form):
                by, now = signed_in_user(request), timezone.now()
                recorded = ask_for_leave(presenter=presenter, **details, flagged=form.flagged, by=by, now=now)
                if not recorded.leave.is_granted:
                    done = _("We have asked the team. They will email you their answer. Until then, you can still be booked.")
                elif recorded.freed or recorded.sessions:
                    done = _("Get well soon. The team knows that somebody else must give your presentations in that time.")
                else:
                    done = _("Get well soon. Nobody can book you in that time, and the team knows.")
                messages.success(request, done)
                return redirect("presenter_leave")
    context = page_context(request, presenter, title=_("Ask for leave"), form=form, hit=hit, seen=join_references(hit))
    return TemplateResponse(request, "bookings/leave/ask_for_leave.html", context)


@presenter_required
@require_http_methods(FORM_METHODS)
def presenter_end_leave(request: HttpRequest, presenter: Presenter, leave_id: int) -> HttpResponse:
    """Take back leave that is not needed, or come back from leave that has begun."""
    now = timezone.now()
    audit_note(request).kind = Leave._meta.label_lower
    leave: Leave = get_object_or_404(own_leave(presenter).filter(ends_at__gt=now), pk=leave_id)
    is_back = is_running(leave, now)
    if request.method == "POST":
        done = _("Welcome back. You can be booked again.") if is_back else _("Your leave is cancelled.")
        with refusal_as_warning(request, done):
            return_from_leave(leave=leave, by=signed_in_user(request), now=now)
        return redirect("presenter_leave")
    title = _("I am back") if is_back else _("Cancel this leave")
    context = page_context(request, presenter, title=title, leave=leave)
    return TemplateResponse(request, "bookings/leave/end_leave.html", context)

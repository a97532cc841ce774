"""Who could step in: every booking that needs a presenter, with one button for each who could give it."""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.models import Booking, Presenter
from bookings.services.assigning import reassign
from bookings.standing_in import MOST_ON_A_PAGE, needs_of
from ctac.errors import DomainError
from professionals.access import signed_in

if TYPE_CHECKING:
    from bookings.admin.bookings import BookingAdmin


def stand_ins_page(page: "BookingAdmin", request: HttpRequest) -> HttpResponse:
    """GET shows; POST names one booking and one presenter, and gives it to them."""
    if not page.has_change_permission(request):
        raise PermissionDenied
    if request.method == "POST":
        give(request)
        return redirect("staff:bookings_booking_stand_ins")
    waiting = Booking.objects.needing_a_presenter().filter(starts_at__gt=timezone.now()).with_names().order_by("starts_at", "pk")
    first = list(waiting[: MOST_ON_A_PAGE + 1])
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": _("Who could step in"),
        "needs": needs_of(first[:MOST_ON_A_PAGE], timezone.now()),
        "more": len(first) > MOST_ON_A_PAGE,
    }
    return TemplateResponse(request, "bookings/staff/stand_ins.html", context)


def give(request: HttpRequest) -> None:
    """A booking that somebody else has given meanwhile, or a presenter who is busy meanwhile, is said and changes nothing."""
    booking = chosen(Booking.objects.needing_a_presenter(), request.POST.get("booking", ""))
    presenter = chosen(Presenter.objects.active(), request.POST.get("presenter", ""))
    if booking is None or presenter is None:
        messages.warning(request, _("This has changed meanwhile. Nothing was done; look at it again."))
        return
    try:
        reassign(booking=booking, presenter=presenter, by=signed_in(request), now=timezone.now())
    except DomainError as refusal:
        messages.warning(request, f"{booking}: {refusal.message}")
    else:
        facts = {"reference": booking.reference, "name": presenter.name}
        messages.success(request, _("%(name)s gives %(reference)s. Everyone concerned gets an email.") % facts)


def chosen(rows: Any, typed: str) -> Any:
    return rows.filter(pk=int(typed)).first() if typed.isascii() and typed.isdigit() and len(typed) < 10 else None

"""For people in an area: the offer after an order or a place, and the page where a role mailbox objects."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from bookings.models import Booking
from core.forms import FORM_METHODS
from core.pages import set_private_headers
from notifications.views import ONE_CLICK, mask_address
from professionals.access import signed_in_person_or_none
from reach.areas import Unit, area_by_key
from reach.invitations.queries import recently_reached_keys
from reach.invitations.services import record_objection
from reach.models import MIN_INVITATION_INTERVAL, ObjectedBy, RoleMailbox
from reach.queries import area_key


def visit_offer_html(request: HttpRequest) -> str:
    """For `core.pages.CONFIRMATION_OFFERS`. Empty unless the person works where nobody has attended lately, and has no booking
    ahead.

    Before anything was counted nobody knows that.
    """
    person, now = signed_in_person_or_none(request), timezone.now()
    if person is None:
        return ""
    reached, key = recently_reached_keys(now), area_key(person.reached_nation, person.reached_authority)
    if not reached or key in reached or key not in area_by_key(Unit.DISTRICT):
        return ""
    if Booking.objects.not_over(now).filter(person=person).exists():
        return ""
    return render_to_string("reach/includes/offer.html", request=request)


@csrf_exempt  # mail programs press for their reader, without cookies; all that a POST can do is to stop our mail
@require_http_methods(FORM_METHODS)
def mailbox_objection(request: HttpRequest, token: str) -> HttpResponse:
    """Opening it changes nothing. Its button, or a mail program's, stops our mail to that address for ever."""
    request.address_is_private = True  # type: ignore[attr-defined]
    mailbox = RoleMailbox.objects.filter(token=token).first()
    if mailbox is None:
        return set_private_headers(request, render(request, "notifications/choices_over.html", status=404), has_a_form=True)
    if request.method == "POST":
        one_click = request.POST.get("List-Unsubscribe") == ONE_CLICK
        how = ObjectedBy.MAIL_PROGRAM if one_click else ObjectedBy.LINK
        record_objection(mailbox, how=how, now=timezone.now())
        if one_click:
            return HttpResponse(_("We will not write to this address again."), content_type="text/plain; charset=utf-8")
        return redirect(request.path)
    context = {"mailbox": mailbox, "shown": mask_address(mailbox.address), "days": MIN_INVITATION_INTERVAL.days}
    return set_private_headers(request, render(request, "reach/invitations/objection.html", context), has_a_form=True)

"""When mail to whoever is signed in came back: they are asked whether their address is right."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from notifications.models import Cleared, MarkedAddress
from notifications.services.bouncing import put_right
from professionals.access import safe_next, signed_in


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def returned_mail(request: HttpRequest) -> HttpResponse:
    """What came back and why, in plain words; a button that says that the address is right, and the way to change it."""
    user = signed_in(request)
    if request.method == "POST":
        sent = put_right(address=user.email, how=Cleared.OWNER, by=user, now=timezone.now())
        thanks = _("Thank you. We go on writing to %(email)s, and send again what you missed.") % {"email": user.email}
        messages.success(request, thanks if sent else _("Thank you. We go on writing to %(email)s.") % {"email": user.email})
        return redirect(safe_next(request) or "account_email")
    mark = MarkedAddress.objects.marked().filter(address=user.email.lower()).first()
    if mark is None:
        return redirect("account_email")
    return render(request, "account/returned_mail.html", {"mark": mark, "next": safe_next(request)})

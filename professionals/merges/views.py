"""The page on which somebody who has two accounts says so, once with each address: a link in an email leads here, and changes
nothing by being opened."""

from django.contrib import messages
from django.contrib.auth import logout
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import reauthentication_required
from core.dates import format_day
from core.forms import FORM_METHODS, PageForm, domain_error_to_form
from notifications.views import mask_address
from professionals.access import person_required, signed_in_person
from professionals.merges.services import confirm_merge
from professionals.models import Merge, Person


@require_http_methods(FORM_METHODS)
@reauthentication_required
@person_required
def merge(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Only for the two, and as long as it waits. The other address is shown as its owner knows it: it may be a stranger's."""
    person, now = signed_in_person(request), timezone.now()
    both = Merge.objects.filter(Q(person=person) | Q(other=person)).waiting(now)
    waiting = get_object_or_404(both.select_related("person__user", "other__user"), pk=merge_id)
    form = PageForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        with domain_error_to_form(form):
            merged = confirm_merge(waiting, person=person, now=now)
            if not merged.merged_at:
                return redirect("account_merge", merge_id)
            if merged.person_id == person.pk:
                messages.success(request, _("Your two accounts are now one. Everything that you booked and ordered is here."))
                return redirect("my")
            # Whoever came with the sign-in that is closed now goes on with the other.
            logout(request)
            messages.success(request, _("Your two accounts are now one. Sign in with your other email address from now on."))
            return redirect("account_login")
    is_first = waiting.person_id == person.pk
    said = {True: waiting.person_confirmed_at, False: waiting.other_said_at}
    other: Person | None = waiting.other if is_first else waiting.person
    context = {
        "form": form,
        "address": person.email,
        "other": mask_address(other.user.email) if other and other.user else "",
        "is_confirmed": said[is_first] is not None,
        "other_is_confirmed": said[not is_first] is not None,
        "until": format_day(waiting.waits_until),
    }
    return render(request, "professionals/merge.html", context)

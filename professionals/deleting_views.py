"""Delete my account: what happens is said first, then one tick and one press; an email says that it is done."""

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from ctac.errors import DomainError
from professionals import drafts, privacy
from professionals.access import signed_in
from professionals.asking_again import ask_again
from professionals.delete_form import DeleteForm
from professionals.erased_mail import erase_and_tell
from professionals.models import Reason
from professionals.person_access import person_required, the_person

# What a service says to refuse is for staff; of all that an erasure refuses, this is what its owner can do something about.
VISIT_NOT_OVER = _(
    "A presenter may be with you or on the way to you, and needs to reach you. Nothing was erased. Delete your account when the "
    "visit is over, or call us."
)
CHANGED_MEANWHILE = _(
    "Something of yours was changed at the same moment, perhaps by us. Nothing was erased. Read again what happens, then press "
    "the button once more."
)


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete_account(request: HttpRequest) -> HttpResponse:
    """Of staff a manager closes the account first: what they did in their work would lose its author."""
    if signed_in(request).is_staff:
        return render(request, "account/delete.html", {"form": None})
    asked = ask_again(request)
    if asked is not None:
        return asked
    person, now = the_person(request), timezone.now()
    form = DeleteForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            erase_and_tell(person, by=signed_in(request), now=now, reason=Reason.OWN)
        except privacy.VisitInTheWay:
            form.add_error(None, VISIT_NOT_OVER)
        except DomainError as refusal:
            form.add_error(None, CHANGED_MEANWHILE if refusal.passing else str(refusal.message))
        else:
            logout(request)
            drafts.forget_cookie(request)
            return redirect("account_deleted")
    return render(request, "account/delete.html", {"form": form, "ahead": privacy.would_be_cancelled(person, now)})


@require_safe
def account_deleted(request: HttpRequest) -> HttpResponse:
    return render(request, "account/deleted.html")

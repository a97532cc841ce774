"""A copy of one's own data, deleting one's account, and the complaint form."""

from datetime import timedelta

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import rate_limits
from accounts.access import ask_to_reauthenticate, signed_in_user
from accounts.models import LimitedActivity, ThrottleScope
from accounts.rate_limits import Throttle, check_own_data_limit, check_throttles, client_throttle, record_if_blocked
from audit.models import Act
from audit.services import AuditSubject, write_audit_entry
from core.dates import format_day, uk_day
from core.errors import DomainError
from core.pages import set_private_headers
from privacy import services
from privacy.forms import ComplaintForm, DeleteAccountForm
from privacy.models import Complaint, ComplaintChannel, DataActionReason
from privacy.personal_data import ExportFormat, export_page_context, export_response
from privacy.services import FormAlreadySent, enter_complaint, erase_and_notify
from professionals import drafts
from professionals.access import person_required, signed_in_person, signed_in_person_or_none


@person_required
@require_safe
def my_data(request: HttpRequest) -> HttpResponse:
    """Everything that we hold about the person, on one page; with ?form=json as a file for a program."""
    if response := ask_to_reauthenticate(request, afterwards=request.path):
        return response
    if wait := check_own_data_limit(request, timezone.now()):
        return wait
    form, person = (
        ExportFormat.JSON if request.GET.get("form") == ExportFormat.JSON else ExportFormat.HTML,
        signed_in_person(request),
    )
    data = services.export_person(person)
    write_audit_entry(Act.EXPORTED, by=request.user.pk, about=AuditSubject.of(person), page="account_my_data", whats=[form])
    if form == ExportFormat.JSON:
        return export_response(data)
    return render(request, "account/my_data.html", export_page_context(data))


# The refusals of the service are for staff; these are for the owner of the account.
VISIT_NOT_OVER_MESSAGE = _(
    "A presenter may be with you or on the way to you, and needs to reach you. Nothing was erased. Delete your account when the "
    "visit is over, or call us."
)
CHANGED_MEANWHILE_MESSAGE = _(
    "Something in your account changed at the same moment, perhaps because of us. We have erased nothing. Read again what will "
    "happen, then press the button once more."
)


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete_account(request: HttpRequest) -> HttpResponse:
    """Delete one's own account. Not for staff: their work would lose its author. A manager has to close the account first."""
    if signed_in_user(request).is_staff:
        return render(request, "account/delete.html", {"form": None})
    if response := ask_to_reauthenticate(request):
        return response
    person, now = signed_in_person(request), timezone.now()
    form = DeleteAccountForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            erase_and_notify(person, by=signed_in_user(request), now=now, reason=DataActionReason.OWN)
        except services.VisitBlocksErasure:
            form.add_error(None, VISIT_NOT_OVER_MESSAGE)
        except DomainError as refusal:
            form.add_error(None, CHANGED_MEANWHILE_MESSAGE if refusal.passing else str(refusal.message))
        else:
            logout(request)
            drafts.forget_cookie(request)
            return redirect("account_deleted")
    return render(request, "account/delete.html", {"form": form, "ahead": services.erasure_consequences(person, now)})


@require_safe
def account_deleted(request: HttpRequest) -> HttpResponse:
    return render(request, "account/deleted.html")


DAY = timedelta(days=1)
COMPLAINT_CLIENT_RATE_LIMIT, COMPLAINT_MAILBOX_RATE_LIMIT = (20, DAY), (5, DAY)  # a whole workplace may have one network address


@require_http_methods(["GET", "HEAD", "POST"])
def complaint(request: HttpRequest) -> HttpResponse:
    person, now, stop = signed_in_person_or_none(request), timezone.now(), None
    form = ComplaintForm(request.POST if request.method == "POST" else None, person=person)
    if form.is_valid():
        # So that nobody sends many receipts to somebody else.
        throttles = [client_throttle(request, "complaint", *COMPLAINT_CLIENT_RATE_LIMIT)]
        if address := form.cleaned_data["email"]:
            throttles.append(
                Throttle(ThrottleScope.MAILBOX, f"complaint:{rate_limits.mailbox_of(address)}", *COMPLAINT_MAILBOX_RATE_LIMIT)
            )
        if stop := check_throttles(request, LimitedActivity.COMPLAINT, throttles, now):
            form.add_error(None, stop.sentence(now))
        else:
            try:
                made = enter_complaint(
                    details=form.details,
                    channel=ComplaintChannel.WEB,
                    received_on=uk_day(now),
                    person=person,
                    by=None,
                    now=now,
                    token=form.cleaned_data["token"],
                    flagged=form.flagged,
                )
                return redirect("complaint_sent", made.submission_token)
            except FormAlreadySent as refusal:
                form.add_error(None, str(refusal.message))
    record_if_blocked(form)
    context = {"form": form, "due": format_day(Complaint(received_on=uk_day(now)).deadline)}
    response = render(request, "privacy/complaint.html", context, status=429 if stop else 200)
    if stop:
        response.headers["Retry-After"] = str(stop.seconds(now))
    return response


@require_safe
def complaint_sent(request: HttpRequest, token: str) -> HttpResponse:
    """The reference and the days, nothing that they wrote."""
    made = get_object_or_404(Complaint, submission_token=token)
    request.address_is_private = True  # type: ignore[attr-defined]
    context = {"complaint": made, "due": format_day(made.deadline), "has_email": bool(made.email)}
    return set_private_headers(request, render(request, "privacy/complaint_sent.html", context), has_a_form=False)

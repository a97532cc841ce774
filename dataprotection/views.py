"""The form by which anybody complains about how we handle their data, and the page that says that it came."""

from datetime import datetime, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from ctac.private_pages import keep_private
from ctac.uk import format_day, uk_day
from dataprotection.forms import ComplaintForm
from dataprotection.models import Came, Complaint
from dataprotection.services.complaining import AlreadySent, complain
from professionals import limits
from professionals.guarded import note_if_stopped
from professionals.models import By, Where
from professionals.person_access import person_in
from professionals.throttles import Stop, Throttle, by_client, stopped

A_DAY = timedelta(days=1)
FROM_ONE_CLIENT, TO_ONE_MAILBOX = (20, A_DAY), (5, A_DAY)  # a workplace may share one address


@require_http_methods(["GET", "HEAD", "POST"])
def complaint(request: HttpRequest) -> HttpResponse:
    person, now = person_in(request), timezone.now()
    form = ComplaintForm(request.POST if request.method == "POST" else None, person=person)
    if request.method == "POST" and form.is_valid():
        if stop := too_many(request, form, now):
            form.add_error(None, stop.sentence(now))
            response = complaint_page(request, form, now, status=429)
            response.headers["Retry-After"] = str(stop.seconds(now))
            return response
        try:
            made = complain(
                said=form.said,
                came=Came.WEB,
                received_on=uk_day(now),
                person=person,
                by=None,
                now=now,
                token=form.cleaned_data["token"],
                flagged=form.flagged,
            )
            return redirect("complaint_sent", made.submission_token)
        except AlreadySent as refusal:
            form.add_error(None, str(refusal.message))
    note_if_stopped(form)
    return complaint_page(request, form, now)


def too_many(request: HttpRequest, form: ComplaintForm, now: datetime) -> Stop | None:
    """So that nobody sends many receipts to somebody else."""
    throttles = [by_client(request, "complaint", *FROM_ONE_CLIENT)]
    if address := form.cleaned_data["email"]:
        throttles.append(Throttle(By.MAILBOX, f"complaint:{limits.mailbox(address)}", *TO_ONE_MAILBOX))
    return stopped(request, Where.COMPLAINT, throttles, now)


def complaint_page(request: HttpRequest, form: ComplaintForm, now: datetime, status: int = 200) -> HttpResponse:
    due = format_day(Complaint(received_on=uk_day(now)).due_on)
    return render(request, "dataprotection/complaint.html", {"form": form, "due": due}, status=status)


@require_safe
def complaint_sent(request: HttpRequest, token: str) -> HttpResponse:
    """For whoever has just sent it: the reference and the days, nothing that they wrote."""
    made = Complaint.objects.filter(submission_token=token).first()
    if made is None:
        raise Http404
    request.address_is_private = True  # type: ignore[attr-defined]
    context = {"complaint": made, "due": format_day(made.due_on), "has_email": bool(made.email)}
    return keep_private(request, render(request, "dataprotection/complaint_sent.html", context), has_a_form=False)

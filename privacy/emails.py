"""The emails about complaints, and the warning before an account is erased."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext, gettext_lazy as _

from core.dates import format_day, months_before
from notifications.registry import Desk, Email
from notifications.samples import Example, example
from privacy.models import Complaint, ComplaintEvent, ComplaintState
from privacy.retention import WARNING_EMAIL_KIND, WARNING_PERIOD, inactive_people, months_text, retention_months
from professionals.models import Person


class ComplaintEmail(Email):
    """About "complaint:12" or one of its steps, "complaint:12:34". Sent only while we know who complained."""

    @cached_property
    def complaint(self) -> Complaint:
        return Complaint.objects.get(pk=self.about_key)

    def is_still_due(self) -> bool:
        return Complaint.objects.filter(pk=self.about_key, anonymised_at=None).exclude(email="").exists()

    def reader_name(self) -> str:
        """The name of the complainant, whom we may not know otherwise."""
        theirs = self.complaint.email.lower() == self.notification.recipient.lower()
        return self.complaint.name if theirs else super().reader_name()

    def facts(self) -> list[dict[str, str]]:
        return [
            {"label": gettext("Reference"), "value": self.complaint.reference},
            {"label": gettext("Received on"), "value": format_day(self.complaint.received_on)},
        ]

    def context(self) -> dict[str, object]:
        reference, due = self.complaint.reference, format_day(self.complaint.deadline)
        return {"reference": reference, "facts": self.facts(), "due": due}


class ComplaintReceived(ComplaintEmail):
    name = "complaint-received"
    label = _("Complaint received")
    subject = _("We have received your complaint: %(reference)s")


class ComplaintStepEmail(ComplaintEmail):
    """An email with the words that staff wrote."""

    @cached_property
    def text(self) -> str:
        return ComplaintEvent.objects.get(pk=int(self.notification.about.split(":")[2])).text

    def context(self) -> dict[str, object]:
        return {**super().context(), "words": self.text}


class ComplaintAcknowledged(ComplaintStepEmail):
    name = "complaint-acknowledged"
    label = _("Complaint acknowledged")
    subject = _("We are looking into your complaint: %(reference)s")


class ComplaintProgress(ComplaintStepEmail):
    name = "complaint-progress"
    label = _("Update on a complaint")
    subject = _("An update on your complaint: %(reference)s")


class ComplaintAnswered(ComplaintStepEmail):
    name = "complaint-answered"
    label = _("Outcome of a complaint")
    subject = _("The outcome of your complaint: %(reference)s")


class StaffComplaint(ComplaintEmail):
    """Has no name, and nothing that the person wrote: these are on the complaint's page."""

    name = "staff-complaint"
    label = _("To staff: new complaint")
    subject = _("New complaint about data: %(reference)s")

    def is_still_due(self) -> bool:
        return Complaint.objects.filter(pk=self.about_key, state=ComplaintState.RECEIVED).exists()

    def facts(self) -> list[dict[str, str]]:
        return [*super().facts(), {"label": gettext("Acknowledge by"), "value": format_day(self.complaint.deadline)}]

    def context(self) -> dict[str, object]:
        url = f"{settings.SITE_URL}{reverse('staff:privacy_complaint_change', args=[self.complaint.pk])}"
        return {**super().context(), "url": url}


class StaffComplaintDue(StaffComplaint):
    name = "staff-complaint-due"
    label = _("To staff: a complaint to acknowledge")
    subject = _("Please acknowledge %(reference)s by %(due)s")
    can_wait = True


class AccountGoes(Email):
    """The warning. Not sent to somebody who has come back meanwhile, nor to another address."""

    name = WARNING_EMAIL_KIND
    label = _("Account will be erased unless they sign in")
    subject = _("Sign in to keep your details with us")
    subject_without_account = _("We will soon erase your details")
    desk = Desk.ACCOUNTS
    can_wait = True

    def is_still_due(self) -> bool:
        inactive = inactive_people(months_before(self.notification.created_at + WARNING_PERIOD, retention_months("people")))
        return inactive.filter(pk=self.about_key, email__iexact=self.notification.recipient).exists()

    @cached_property
    def has_account(self) -> bool:
        return Person.objects.get(pk=self.about_key).user_id is not None

    def get_subject(self) -> str | Promise:
        return self.subject if self.has_account else self.subject_without_account

    def context(self) -> dict[str, object]:
        return {
            "has_account": self.has_account,
            "for_so_long": months_text(retention_months("people")),
            "day": format_day(self.notification.created_at + WARNING_PERIOD + timedelta(days=1)),
            "url": f"{settings.SITE_URL}{reverse('account_login')}",
        }


def examples() -> list[Example]:
    written = datetime.fromisoformat("2027-01-12T10:00:00Z")
    title = gettext("Details that staff entered will be erased")
    complaint = Complaint(pk=1, reference="DP-7Q4M-2F", received_on=date(2027, 3, 9), name="Nadia Rahman")
    steps: tuple[tuple[type[Email], str], ...] = (
        (ComplaintAcknowledged, gettext("Mo Farrow is looking into it and will call you this week.")),
        (ComplaintProgress, gettext("We have asked the carrier who saw the label. They will answer by Friday.")),
        (
            ComplaintAnswered,
            gettext("You are right. The label had your phone number on it.\n\nWe are sorry. We print none on labels any more."),
        ),
    )
    return [
        example(AccountGoes, has_account=True, created_at=written),
        example(AccountGoes, title=title, has_account=False, created_at=written),
        example(ComplaintReceived, complaint=complaint),
        *(example(email, complaint=complaint, text=text) for email, text in steps),
        example(StaffComplaint, complaint=complaint),
        example(StaffComplaintDue, complaint=complaint),
    ]

"""A complaint comes in: by the form, or entered by a colleague for somebody who rang or wrote."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from ctac.references import save_with_reference
from ctac.uk import uk_datetime
from dataprotection.models import Came, Complaint, ComplaintEvent, ComplaintEventKind
from notifications.services.writing import Later, notify_each
from professionals.models import Person, User
from professionals.services.safeguarding import tell_lead

PREFIX: Final = "DP"
REMIND_BEFORE = timedelta(days=7)  # before the last day to acknowledge it
IN_THE_MORNING = time(9)
A_YEAR = timedelta(days=365)  # it stays true for as long as nobody acknowledges it


class AlreadySent(DomainError):
    """The form was sent before with other words; `complaint` is what came of that."""

    def __init__(self, complaint: Complaint) -> None:
        self.complaint = complaint
        said = _("We already have a complaint from this form: %(reference)s. Nothing of it was changed.")
        super().__init__(said % {"reference": complaint.reference})


@dataclass(frozen=True)
class Complained:
    """Whose complaint, and what it says; `email` or `phone` may be empty."""

    name: str
    email: str
    phone: str
    wrong: str
    wanted: str

    @classmethod
    def of(cls, complaint: Complaint) -> "Complained":
        return cls(complaint.name, complaint.email, complaint.phone, complaint.wrong, complaint.wanted)


@transaction.atomic
def complain(
    *,
    said: Complained,
    came: Came,
    received_on: date,
    person: Person | None,
    by: User | None,
    now: datetime,
    token: str | None = None,
    flagged: bool = False,
) -> Complaint:
    """Write it down, tell its writer that it came, and tell the data protection lead.

    By our form it is the complaint of who is signed in, or of no account: anybody can type anybody's address. What a colleague
    enters belongs to the account with the address that they were given.
    `token` is that of the form: the same words again give the first complaint. Raises AlreadySent for other words.
    """
    if came != Came.WEB and person is None:
        person = Person.objects.with_email(said.email).filter(erased_at=None).first()
    complaint = Complaint(
        **asdict(said), person=person, came=came, received_on=received_on, submission_token=token, created_at=now
    )
    if not is_new(complaint):
        return sent_before(said, token)
    ComplaintEvent.objects.create(complaint=complaint, kind=ComplaintEventKind.RECEIVED, on=received_on, by=by, at=now)
    if flagged:
        tell_lead(about=f"complaint:{complaint.pk}", reference=complaint.reference, now=now)
    tell_of(complaint, now)
    return complaint


def is_new(complaint: Complaint) -> bool:
    """Write it; False if this form was sent before."""
    try:
        save_with_reference(complaint, PREFIX)
    except IntegrityError as error:
        if "submission_token" not in str(error):
            raise
        return False
    return True


def sent_before(said: Complained, token: str | None) -> Complaint:
    first = Complaint.objects.get(submission_token=token)
    if Complained.of(first) != said:
        raise AlreadySent(first)
    return first


def tell_of(complaint: Complaint, now: datetime) -> None:
    """The receipt goes at once, and is not the acknowledgement (ADR 78). The lead is reminded, if there is time for that."""
    lead = settings.DATA_PROTECTION_LEAD_EMAIL
    remind_at = uk_datetime(complaint.due_on - REMIND_BEFORE, IN_THE_MORNING)
    notify_each(
        {"complaint-received": [complaint.email], "staff-complaint": [lead]},
        about=f"complaint:{complaint.pk}",
        reference=complaint.reference,
        now=now,
        later=[Later("staff-complaint-due", [lead], remind_at, remind_at + A_YEAR)] if remind_at > now else [],
    )

"""Approving a page of the guidance, and taking that back; approvals and phone numbers to try a new copy with."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.dates import uk_day
from core.errors import DomainError
from guidance.contacts.models import CHECK_INTERVAL, AreaContact, ContactKind
from guidance.models import GuidancePage
from professionals.samples import NotInProductionError

MAX_REVIEW_PERIOD = timedelta(days=366)  # from the day of the approval
REVIEW_DUE_PERIOD = timedelta(days=30)  # before which staff see that a review comes up


@transaction.atomic
def approve_page(
    page: GuidancePage, *, author: User, review_on: date, digest: str, by: User, now: datetime, is_sample: bool = False
) -> GuidancePage:
    """Approves the text with that digest, which the approver has read. A page may be approved anew at any time."""
    if author == by:
        raise DomainError(_("The author can’t approve their own text. Choose who wrote it, or ask a colleague to approve it."))
    if not uk_day(now) < review_on <= uk_day(now) + MAX_REVIEW_PERIOD:
        raise DomainError(_("Enter a review date after today and within a year."))
    if digest != page.text_digest():
        raise DomainError(_("The text has changed since you opened this page. Open the page again, and read the new text."))
    locked = GuidancePage.objects.select_for_update().get(pk=page.pk)
    locked.digest, locked.author, locked.approver, locked.is_sample = digest, author, by, is_sample
    locked.approved_at, locked.review_on = now, review_on
    locked.save()
    return locked


@transaction.atomic
def withdraw_approval(page: GuidancePage, *, by: User, now: datetime) -> GuidancePage:
    """From now on, production doesn't show this text. The audit records who did it, as for every staff page."""
    locked = GuidancePage.objects.select_for_update().get(pk=page.pk)
    locked.digest, locked.author, locked.approver, locked.is_sample = "", None, None, False
    locked.approved_at = locked.review_on = None
    locked.save()
    return locked


def approve_samples(*, author: User, by: User, now: datetime) -> None:
    """Approve every text as it is, only for trying out. Leaves real approvals alone, and sample approvals that still hold."""
    review_on = uk_day(now) + MAX_REVIEW_PERIOD
    for page in GuidancePage.objects.filter(approved_at=None) | GuidancePage.objects.filter(is_sample=True):
        digest = page.text_digest()
        if digest != page.digest or page.review_on is None or page.review_on < review_on - REVIEW_DUE_PERIOD:
            approve_page(page, author=author, review_on=review_on, digest=digest, by=by, now=now, is_sample=True)


# By the start of an area's code, so that numbers look right for the area; nobody has them (AreaContact.is_sample).
SAMPLE_NUMBERS = {"E08000035": "0113 496 0", "E0800000": "0161 496 0", "E09": "020 7946 0", "W": "029 2018 0", "S": "0131 496 0"}
OTHER_SAMPLE_NUMBERS = "01632 960"
MISSING_SAMPLE_INTERVAL, OUTDATED_SAMPLE_INTERVAL = 5, 9


def fill_sample_contacts(*, by: User, now: datetime) -> None:
    """Fills in numbers that nobody has checked; leaves some empty, and makes some old. Run again, it changes nothing."""
    if settings.PRODUCTION:
        raise NotInProductionError("Sample numbers are for trying out, never for production.")
    filled = []
    contacts = AreaContact.objects.exclude(kind=ContactKind.POLICE).order_by("kind", "code")
    for place, contact in enumerate(contacts):
        if contact.phone or contact.checked_on or place % MISSING_SAMPLE_INTERVAL == MISSING_SAMPLE_INTERVAL - 1:
            continue
        begins = (number for code, number in SAMPLE_NUMBERS.items() if contact.code.startswith(code))
        number = next(begins, OTHER_SAMPLE_NUMBERS)
        contact.phone = f"{number}{place:03}"
        if contact.kind == ContactKind.CHILDREN:
            contact.out_of_hours_phone = f"{number}{place + 500:03}"
        ago = CHECK_INTERVAL + timedelta(days=35) if place % OUTDATED_SAMPLE_INTERVAL == 0 else timedelta(days=place % 90)
        contact.checked_on, contact.checked_by = uk_day(now) - ago, by
        filled.append(contact)
    AreaContact.objects.bulk_update(filled, ["phone", "out_of_hours_phone", "checked_on", "checked_by"])

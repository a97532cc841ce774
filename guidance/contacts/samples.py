"""Numbers to try a new copy with: of those that nobody has. Never in production."""

from datetime import datetime, timedelta

from django.conf import settings

from accounts.models import User
from ctac.dates import uk_day
from guidance.contacts.models import CHECK_AFTER, AreaContact, ContactKind
from professionals.samples import STAFF_EMAIL, NotInProductionError

# By how a code begins, so that some look as they would; each is followed by three figures (AreaContact.is_sample knows them).
BEGINS = {"E08000035": "0113 496 0", "E0800000": "0161 496 0", "E09": "020 7946 0", "W": "029 2018 0", "S": "0131 496 0"}
ANY = "01632 960"
MISSING_EVERY, OLD_EVERY = 5, 9


def load(now: datetime) -> None:
    """For those that nobody has checked; some stay without, and some were checked long ago. Run again, it changes nothing."""
    if settings.PRODUCTION:
        raise NotInProductionError("Sample numbers are for trying out, never for production.")
    colleague = User.objects.filter(email=STAFF_EMAIL).first()
    filled = []
    contacts = AreaContact.objects.exclude(kind=ContactKind.POLICE).order_by("kind", "code")
    for place, contact in enumerate(contacts):
        if contact.phone or contact.checked_on or place % MISSING_EVERY == MISSING_EVERY - 1:
            continue
        begins = next((number for code, number in BEGINS.items() if contact.code.startswith(code)), ANY)
        contact.phone = f"{begins}{place:03}"
        if contact.kind == ContactKind.CHILDREN:
            contact.out_of_hours_phone = f"{begins}{place + 500:03}"
        ago = CHECK_AFTER + timedelta(days=35) if place % OLD_EVERY == 0 else timedelta(days=place % 90)
        contact.checked_on, contact.checked_by = uk_day(now) - ago, colleague
        filled.append(contact)
    AreaContact.objects.bulk_update(filled, ["phone", "out_of_hours_phone", "checked_on", "checked_by"])

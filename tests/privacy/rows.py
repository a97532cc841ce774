"""Complaints and breaches that tests need, made by the services that make them."""

import secrets
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.utils import timezone

from core.dates import uk_day
from privacy.models import Breach, Complaint, ComplaintChannel
from privacy.services import enter_breach, enter_complaint
from professionals.models import Person
from tests.factories import make_staff

NOW = datetime(2026, 11, 4, 10, tzinfo=UTC)  # a Wednesday; 30 days on it is Friday 4 December
WRONG, WANTED = "A letter for me went to the wrong team.", "Tell me who has read it."


def make_complaint(
    *, person: Person | None = None, received_on: date | None = None, now: datetime | None = None, **changes: Any
) -> Complaint:
    """By the form; `person` was signed in."""
    now = now or timezone.now()
    known = {"name": person.name, "email": person.email, "phone": person.phone} if person else {}
    details = {"name": "Sam Taylor", "email": "sam@leeds.nhs.uk", "phone": "", "description": WRONG, "wanted": WANTED}
    return enter_complaint(
        details=details | known | changes,
        channel=ComplaintChannel.WEB,
        received_on=received_on or uk_day(now),
        person=person,
        by=None,
        now=now,
        token=secrets.token_urlsafe(32),
    )


def make_breach(*, aware_at: datetime | None = None, now: datetime | None = None, **changes: Any) -> Breach:
    now = now or timezone.now()
    facts = {
        "what": "A list of orders was sent to one wrong workplace.",
        "happened": "In the morning of the day before",
        "concerns": "40 professionals: names and work addresses",
        "effects": "Unwanted mail at work",
        "measures": "The workplace has deleted the list.",
        **changes,
    }
    aware_at = aware_at or now - timedelta(hours=1)
    return enter_breach(facts={"aware_at": aware_at, **facts}, by=make_staff(), now=now, token=secrets.token_urlsafe(32))

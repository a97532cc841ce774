"""Booking for somebody who called or wrote: who they are and what they book, together or not at all."""

from datetime import datetime
from typing import Any

from django.db import transaction

from bookings.models import Booking
from bookings.services.placing import book
from bookings.services.requesting import request_dates
from professionals.models import User
from professionals.services.people import Details as CallerDetails
from professionals.services.people import find_or_enter_person


@transaction.atomic
def book_for_caller(*, caller: CallerDetails, email: str, by: User, now: datetime, **asked: Any) -> Booking:
    """As book(), which takes `asked`; a refusal leaves no new person behind."""
    person = find_or_enter_person(**caller, email=email, by=by, now=now)
    return book(person=person, by=by, now=now, **asked)


@transaction.atomic
def request_for_caller(*, caller: CallerDetails, email: str, by: User, now: datetime, **asked: Any) -> Booking:
    """As request_dates(), which takes `asked`, in the same way."""
    person = find_or_enter_person(**caller, email=email, by=by, now=now)
    return request_dates(person=person, by=by, now=now, **asked)

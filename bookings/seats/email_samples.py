"""What each email about a spare seat looks like, with made-up bookings and guests."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from bookings.email_samples import ONLINE, STARTS, longest_fields, sample_booking, sample_person, sample_presenter
from bookings.models import Seat, SeatState, State
from bookings.seats import emails
from notifications.registry import Email
from notifications.samples import NOW, Example, example
from professionals.models import Organisation, Profession

HOST = "jo.green@leeds.nhs.uk"


def _example(email: type[Email], case: str = "", state: str = SeatState.APPROVED, facts: Any = None, **fields: Any) -> Example:
    """A case of that email about a seat in that state at a booking with these fields."""
    given = {"approved_at": NOW} if state == SeatState.APPROVED else fields.pop("given", {})
    return example(email, case, seat=sample_seat(state=state, booking=fields, **given), **(facts or {}))


def examples() -> Iterator[Example]:
    """Each kind in its usual case; after it the cases that read differently, and the longest words."""
    to_host, asked = {"recipient": HOST}, SeatState.ASKED
    yield _example(emails.SeatAsked, "", asked, to_host)
    yield _example(emails.SeatFree, "", SeatState.GIVEN_UP, to_host)
    yield _example(emails.SeatApproved)
    nobody = {**ONLINE, "presenter": sample_presenter(joining_link="")}
    yield _example(emails.SeatApproved, _("online"), **ONLINE)
    yield _example(emails.SeatApproved, _("online, no link yet"), **nobody)
    yield _example(emails.SeatApproved, _("longest words"), **longest_fields())
    yield _example(emails.SeatDeclined, "", SeatState.DECLINED)
    yield _example(emails.SeatDeclined, _("taken back"), SeatState.DECLINED, given={"approved_at": NOW})
    yield _example(emails.SeatGivenUp, "", SeatState.GIVEN_UP, given={"approved_at": NOW})
    moved = {"before": STARTS - timedelta(days=7)}
    yield _example(emails.SeatMoved, "", facts=moved, sequence=1)
    yield _example(emails.SeatMoved, _("not answered yet"), asked, moved, sequence=1)
    yield _example(emails.SeatDetails, sequence=1)
    yield _example(emails.SeatRestored, sequence=2)
    yield _example(emails.SeatCancelled, state=SeatState.APPROVED, state_of_booking=State.CANCELLED)
    yield _example(emails.SeatReminder)
    yield _example(emails.SeatReminder, _("online, no link yet"), **nobody)


def sample_seat(booking: dict[str, Any], **fields: Any) -> Seat:
    state = {"state": booking.pop("state_of_booking")} if "state_of_booking" in booking else {}
    host = sample_person(name="Jo Green", email=HOST)
    guest = sample_person(profession=Profession.MIDWIFE, organisation=Organisation(pk=2, name="Leeds Maternity Care"))
    made = sample_booking(**{"person": host, "seats_offered": 4, "seats_taken": 1, **booking, **state})
    return Seat(pk=1, booking=made, version=1, created_at=NOW, **{"person": guest, **fields})

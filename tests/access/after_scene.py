"""Presentations that have just been given, for the tour and for a journey. Runs inside a live copy."""

from datetime import timedelta

from django.utils import timezone

from bookings.booking.services.transitions import mark_delivered
from bookings.feedback.queries import host_key, three_months_on_key
from bookings.feedback.services import get_or_create_follow_up
from bookings.models import Booking, ConfidenceFollowUp, Presentation, Presenter
from professionals.models import Person
from professionals.samples import STAFF_EMAIL
from tests.bookings.rows import make_booking
from tests.factories import make_person


def given(reference: str, minutes: int, email: str = "") -> dict[str, str]:
    """As over(), and delivered if its end has passed; its short link, and what makes that the host's, or that of
    somebody who is asked again."""
    now, booking = timezone.now(), Booking.objects.get(pk=over(reference, minutes, email))
    if booking.agreed_times[1] <= now:
        mark_delivered(booking=booking, by=None, now=now)
    follow_up = get_or_create_follow_up(given=booking, now=now)
    later = ConfidenceFollowUp.objects.create(follow_up=follow_up, due_at=now, told_at=now)
    return {"code": follow_up.code, "key": host_key(follow_up), "later": three_months_on_key(later)}


def over(reference: str, minutes: int, email: str = "") -> int:
    """An hour online by the sample presenter that began so many minutes ago, and nobody has said that it took place. Its key."""
    now = timezone.now()
    person = Person.objects.filter(email=email).first() or make_person()
    of = {"person": person, "presentation": Presentation.objects.earliest("pk"), "audience_profession": "midwife"}
    presenter = Presenter.objects.get(user__email=STAFF_EMAIL)
    booking = make_booking(presenter, now - timedelta(minutes=minutes), postcode="", claim=False, **of)
    Booking.objects.filter(pk=booking.pk).update(reference=reference)
    return booking.pk

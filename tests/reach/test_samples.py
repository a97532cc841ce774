"""The made-up past of a new copy: over the whole country, marked, nobody is told of it, and loaded once."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command

from bookings import samples as bookings_samples
from bookings.models import Attendance, Booking, BookingChannel, Feedback, OpenSession, SessionState
from leaflets.catalogue import titles
from leaflets.models import Order, StockMovement
from notifications.models import Notification
from professionals.models import Organisation, Person
from reach import samples
from reach.areas import Unit, area_by_key
from reach.models import CountKind, ReachCount

pytestmark = pytest.mark.django_db
NOW = datetime(2027, 1, 12, 10, tzinfo=UTC)


def test_two_years_lie_over_the_country_and_nobody_is_told() -> None:
    titles.load_samples(NOW)
    bookings_samples.load_bookings(NOW)
    mail, movements = Notification.objects.count(), StockMovement.objects.count()
    samples.load_reach(NOW)
    visits = Booking.objects.filter(channel=BookingChannel.LIST)
    regions = area_by_key(Unit.REGION)
    reached = {regions[code].name for code in visits.values_list("local_authority", flat=True)}
    assert reached == {area.name for area in regions.values() if area.districts}
    assert visits.count() == Attendance.objects.filter(booking__in=visits).count() == samples.MONTHS * samples.MONTHLY_VISITS
    assert OpenSession.objects.filter(state=SessionState.DELIVERED).count() == samples.MONTHS
    assert Order.objects.filter(imported_at=NOW).count() == samples.MONTHS * samples.MONTHLY_ORDERS
    made_up = Person.objects.filter(email__endswith="@made-up.example")
    assert made_up.count() > 200
    assert set(Organisation.objects.filter(people__in=made_up)) == set(
        Organisation.objects.filter(name__contains=samples.SAMPLE_MARK)
    )
    assert not made_up.filter(organisation=None).exists()
    answers = Feedback.objects.filter(follow_up__booking__in=visits)
    assert answers.exclude(chosen_at=None).count() > 3
    assert not answers.filter(confidence_before=None).exists()
    assert (Notification.objects.count(), StockMovement.objects.count()) == (mail, movements)
    call_command("reconcile_stock")


def test_loaded_again_it_adds_nothing() -> None:
    titles.load_samples(NOW)
    bookings_samples.load_bookings(NOW)
    samples.load_reach(NOW)
    before = Booking.objects.count(), Person.objects.count(), Order.objects.count()
    samples.load_reach(NOW)
    assert (Booking.objects.count(), Person.objects.count(), Order.objects.count()) == before


def test_a_new_copy_has_it_counted() -> None:
    call_command("load_sample_data", stdout=StringIO())
    assert set(ReachCount.objects.values_list("kind", flat=True)) == set(CountKind)

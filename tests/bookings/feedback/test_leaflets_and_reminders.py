"""Leaflets for those who came, from the host's link into the basket; a reminder a year later; what is exported and erased."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from bookings import privacy as bookings_privacy
from bookings.feedback import emails as feedback_emails
from bookings.feedback.queries import host_key
from bookings.feedback.services import (
    get_or_create_follow_up,
    record_attendance,
    request_year_later,
    send_year_later_reminders,
    withdraw_year_later,
)
from bookings.models import AnniversaryPrompt, Booking, Feedback, FollowUp
from leaflets.models import Leaflet, Order
from notifications.models import Notification
from tests.bookings.feedback.conftest import END
from tests.bookings.rows import make_booking
from tests.factories import sign_in
from tests.leaflets.factories import make_edition

pytestmark = pytest.mark.django_db
A_YEAR = timedelta(days=365)


@pytest.fixture
def link(booking: Booking, presenters_user: User) -> str:
    counts = {"health-visitor": 9, "gp": 120}
    record_attendance(given=booking, counts=counts, by=presenters_user, now=timezone.now())
    follow_up = FollowUp.objects.get()
    return f"/f/{follow_up.code}/host/{host_key(follow_up)}/"


def test_each_profession_gets_its_own_leaflet_into_the_basket_within_limits(client: Client, link: str) -> None:
    now = timezone.now()
    make_edition(now, slug="for-visitors", title="For health visitors", audience="health-visitor", stock=50)
    make_edition(now, slug="for-all", title="For everybody", stock=500)
    most = Leaflet.objects.get(slug="for-all").most_per_order
    assert most < 120
    page = client.get(f"{link}leaflets/").content.decode()
    boxes = dict(re.findall(r'name="(for-[a-z]+)" value="(\d+)"', page))
    assert boxes == {"for-visitors": "9", "for-all": str(most)}
    assert "Health visitor: 9" in page
    empty = client.post(f"{link}leaflets/", {"for-visitors": "", "for-all": ""}).content.decode()
    assert "Enter how many copies you need of at least one leaflet." in empty
    basket = client.post(f"{link}leaflets/", {"for-visitors": "7", "for-all": ""}, follow=True)
    assert basket.redirect_chain[-1][0] == "/basket/"
    assert 'value="7"' in basket.content.decode()
    assert "Nothing is ordered yet." in basket.content.decode()
    assert not Order.objects.exists()


def test_a_wish_is_taken_back_as_easily_as_it_was_made_by_buttons_alone(client: Client, booking: Booking, link: str) -> None:
    sign_in(client, booking.person)
    page = f"/bookings/{booking.reference}/"
    assert [name in client.get(page).content.decode() for name in ('name="wish"', 'name="withdraw"')] == [True, False]
    client.get(f"{link}again/")
    assert not AnniversaryPrompt.objects.exists()
    client.post(f"{link}again/", {"wish": "1"})
    assert "We will email you once, on Tuesday 25 January 2028" in client.get(page).content.decode()
    client.post(f"{link}again/", {"withdraw": "1"})
    assert not AnniversaryPrompt.objects.exists()


def test_one_email_goes_a_year_later_unless_it_is_withdrawn_or_they_have_booked(booking: Booking) -> None:
    request_year_later(of=booking, now=END)
    assert send_year_later_reminders(now=END + A_YEAR - timedelta(minutes=1)) == 0
    assert [send_year_later_reminders(now=END + A_YEAR) for _twice in range(2)] == [1, 0]
    row = Notification.objects.get(kind="year-later")
    message = feedback_emails.YearLaterEmail(row).message()
    assert message.context["url"].endswith(f"/presentations/{booking.presentation.slug}/")  # type: ignore[attr-defined]
    withdraw_year_later(of=booking)
    assert feedback_emails.YearLaterEmail(row).is_still_due()  # it is on its way; no other comes
    assert send_year_later_reminders(now=END + 2 * A_YEAR) == 0
    make_booking(None, timezone.now() + timedelta(days=9), person=booking.person)
    assert not feedback_emails.YearLaterEmail(row).is_still_due()


def test_what_a_host_said_and_wished_is_exported_and_erased_what_others_said_stays(booking: Booking, link: str) -> None:
    follow_up = get_or_create_follow_up(given=booking, now=END)
    same = {"follow_up": follow_up, "useful": 4, "clear": 4, "ready": 4, "received_on": END}
    Feedback.objects.create(by_host=True, arranging=4, comment="Ask for me, Meera", token="h", **same)
    Feedback.objects.create(comment="More time", token="a", **same)
    request_year_later(of=booking, now=END)
    (exported,) = bookings_privacy.export_bookings(booking.person)
    assert exported["afterwards"]["feedback"]["comment"] == "Ask for me, Meera"
    assert exported["afterwards"]["people_who_came"] == 129
    assert exported["afterwards"]["reminder_a_year_later"] == END + A_YEAR
    bookings_privacy.erase_bookings(booking.person, END + timedelta(days=1))
    assert sorted(Feedback.objects.values_list("comment", flat=True)) == ["", "More time"]
    assert (AnniversaryPrompt.objects.exists(), send_year_later_reminders(now=END + A_YEAR)) == (False, 0)

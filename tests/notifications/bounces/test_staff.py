"""Addresses that mail came back from, as staff see them and put them right."""

import pytest
from django.urls import reverse

from notifications.bounces.services import BounceReport, record_bounces
from notifications.models import BounceType, MarkedAddress, Notification, ReportSource
from staff.site import staff_site
from tests.bookings import rows
from tests.factories import make_person, make_staff, sign_in_staff

pytestmark = pytest.mark.django_db
ADDRESS = "n.rahman@leeds.example.nhs.uk"


@pytest.fixture
def staff(client):
    user = make_staff("coordinator@ctac.example")
    sign_in_staff(client, user)
    return user


@pytest.fixture
def mark(kind, make_row, now):
    row = make_row(recipient=ADDRESS, state="sent", sent_at=now)
    record_bounces(
        [BounceReport(BounceType.HARD, ReportSource.MAILBOX, message_id=row.message_id, said="550 5.1.1 <user> unknown")], now=now
    )
    return MarkedAddress.objects.get()


def page_of(mark):
    return reverse("staff:notifications_markedaddress_change", args=[mark.pk])


def test_the_first_page_counts_them_and_leads_to_their_list(client, staff, mark):
    [section] = [each for each in staff_site.get_waiting_lines(staff) if each["heading"] == "Messages"]
    [line] = [each for each in section["lines"] if "comes back" in str(each["label"])]
    assert line["figure"] == 1
    assert [row.pk for row in client.get(line["href"]).context["cl"].result_list] == [mark.pk]
    assert client.get(reverse("staff:notifications_markedaddress_changelist"), {"q": "rahman"}).context["cl"].result_count == 1


def test_the_page_says_whose_it_is_what_it_means_and_what_came_back(client, staff, mark, now):
    person = make_person(name="Nadia Rahman", email=ADDRESS, with_user=False, phone="0113 496 0123")
    page = client.get(page_of(mark)).text
    assert reverse("staff:professionals_person_change", args=[person.pk]) in page
    assert "Nadia Rahman" in page
    assert "entered by staff" in page
    assert 'href="tel:01134960123"' in page
    assert "This mailbox does not exist." in page
    assert "550 5.1.1 &lt;user&gt; unknown" in page
    assert reverse("staff:notifications_notification_change", args=[Notification.objects.get().pk]) in page


def test_that_its_owner_complained_about_our_use_of_data_is_not_said(client, staff, mark, kind):
    Notification.objects.update(kind="complaint-answered", reference="DP-7Q4M-2F")
    page = client.get(page_of(mark)).text
    assert "a message" in page
    assert "DP-7Q4M-2F" not in page
    assert reverse("staff:notifications_notification_change", args=[Notification.objects.get().pk]) not in page


def test_a_presenters_address_leads_to_the_presenter(client, staff, mark):
    presenter = rows.make_presenter(email=ADDRESS)
    assert reverse("staff:bookings_presenter_change", args=[presenter.pk]) in client.get(page_of(mark)).text


def test_staff_who_asked_say_that_it_is_right(client, staff, mark):
    url = reverse("staff:notifications_markedaddress_action", args=[mark.pk, "it-is-right"])
    assert "First call the owner and ask" in client.get(url).text
    page = client.post(url, follow=True).text
    mark.refresh_from_db()
    assert (mark.marked_at, mark.cleared, mark.cleared_by) == (None, "staff", staff)
    assert "The emails that were waiting are on their way" in page
    assert "coordinator@ctac.example" in page
    assert Notification.objects.filter(resend_of__isnull=False).count() == 1
    assert "it-is-right" not in page


def test_a_corrected_address_of_somebody_staff_entered_gets_what_came_back(client, staff, mark):
    person = make_person(email=ADDRESS, with_user=False)
    url = reverse("staff:professionals_person_change", args=[person.pk])
    fields = client.get(url).context["adminform"].form.initial | {"email": "nadia@leeds.example.nhs.uk"}
    client.post(url, {name: value or "" for name, value in fields.items()} | {"organisation": person.organisation.name})
    assert Notification.objects.get(resend_of__isnull=False).recipient == "nadia@leeds.example.nhs.uk"
    assert MarkedAddress.objects.get().cleared == "changed"

"""Anybody complains about how we use their data: by the form, once, and is told at once that it came."""

import re
from datetime import date, timedelta

import pytest
import time_machine
from django.test import Client

from notifications.models import Notification
from privacy.models import Complaint
from professionals.models import BlockedAttempt, FlaggedText
from tests.factories import make_person, sign_in
from tests.privacy.rows import NOW, WANTED, WRONG

pytestmark = pytest.mark.django_db
PATH = "/privacy/complaint/"
TYPED = {"name": "Sam  Taylor", "email": "sam@leeds.nhs.uk", "phone": "", "description": WRONG, "wanted": WANTED}
LONG = f"{'a' * 290}@leeds.nhs.uk"
CHILD = "Zebedia Quark, born 12/03/2014, NHS number 943 476 5919"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as moment:
        yield moment


def hidden(page: str) -> dict[str, str]:
    """What the form carries that nobody types."""
    tags = re.findall(r'<input type="hidden"[^>]*>', page)
    pairs = [(re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)) for tag in tags]
    return {name[1]: value[1] for name, value in pairs if name and value}


def filled_in(client: Client, **more: str) -> dict[str, str]:
    return {**hidden(client.get(PATH).content.decode()), **TYPED, **more}


def mails() -> dict[str, str]:
    return dict(Notification.objects.values_list("kind", "recipient"))


def test_it_is_kept_with_its_last_day_and_its_writer_and_the_lead_are_told(client, change_settings):
    change_settings(data_protection_lead_email="lead@ctac.example")
    response = client.post(PATH, filled_in(client), follow=True)
    made = Complaint.objects.get()
    assert (made.name, made.description, made.wanted, made.channel, made.state) == (
        "Sam Taylor",
        WRONG,
        WANTED,
        "web",
        "received",
    )
    assert (made.received_on, made.deadline) == (date(2026, 11, 4), date(2026, 12, 4))
    assert list(made.events.values_list("kind", "on", "by")) == [("received", date(2026, 11, 4), None)]
    page = response.content.decode()
    assert made.reference in page
    assert "Friday 4 December 2026" in page
    assert WRONG not in page
    assert mails() == {
        "complaint-received": "sam@leeds.nhs.uk",
        "staff-complaint": "lead@ctac.example",
        "staff-complaint-due": "lead@ctac.example",
    }
    remind = Notification.objects.get(kind="staff-complaint-due")
    assert f"{remind.due_at:%Y-%m-%d %H:%M}" == "2026-11-27 09:00"  # a week before, in the morning


def test_a_second_press_shows_the_first_and_other_words_are_refused(client):
    typed = filled_in(client)
    first = client.post(PATH, typed)
    assert client.post(PATH, typed).headers["Location"] == first.headers["Location"]
    again = client.post(PATH, typed | {"description": "Something else."})
    assert again.status_code == 200
    assert f"We already have a complaint from this form: {Complaint.objects.get().reference}" in again.content.decode()
    assert Complaint.objects.get().description == WRONG


def test_who_gives_neither_address_nor_number_is_asked_for_one(client):
    page = client.post(PATH, filled_in(client, email="")).content.decode()
    assert "Enter an email address or a phone number, so that we can answer you." in page
    assert WRONG in page
    assert not Complaint.objects.exists()


def test_who_has_no_email_gets_none_and_reads_that_we_ring(client):
    page = client.post(PATH, filled_in(client, email="", phone="0113 496 0000"), follow=True).content.decode()
    assert "You gave no email address, so we will call you." in page
    assert set(mails()) == {"staff-complaint", "staff-complaint-due"}


def test_who_is_signed_in_finds_themselves_filled_in_and_it_is_theirs(client):
    person = make_person(name="Nadia Rahman", email="nadia@leeds.nhs.uk")
    sign_in(client, person)
    page = client.get(PATH).content.decode()
    assert 'value="Nadia Rahman"' in page
    assert 'value="nadia@leeds.nhs.uk"' in page
    client.post(PATH, {**hidden(page), **TYPED, "email": "other@leeds.nhs.uk"})
    assert Complaint.objects.get().person == person


def test_an_address_that_anybody_can_type_makes_it_nobodys(client):
    make_person(email="sam@leeds.nhs.uk")
    client.post(PATH, filled_in(client))
    assert Complaint.objects.get().person is None


def test_an_address_that_is_longer_than_we_keep_is_refused(client):
    response = client.post(PATH, filled_in(client, email=LONG))
    assert response.status_code == 200
    assert "email" in response.context["form"].errors
    assert not Complaint.objects.exists()


def test_what_looks_like_a_childs_details_is_stopped_once_and_the_lead_hears_of_what_is_kept(client):
    typed = filled_in(client, description=CHILD)
    page = client.post(PATH, typed).content.decode()
    assert "This looks like details of a child." in page
    assert not Complaint.objects.exists()
    client.post(PATH, typed | {"keep_what_i_wrote": "on"})
    made = Complaint.objects.get()
    assert made.description == CHILD
    assert FlaggedText.objects.get().about == f"complaint:{made.pk}"


def test_a_sixth_receipt_to_one_mailbox_in_a_day_is_not_sent(client, clock):
    for number in range(5):
        assert client.post(PATH, filled_in(client, email=f"sam+{number}@leeds.nhs.uk")).status_code == 302
    response = client.post(PATH, filled_in(client))
    assert response.status_code == 429
    assert WRONG in response.content.decode()
    assert BlockedAttempt.objects.get().where == "complaint"
    assert Complaint.objects.count() == 5
    clock.shift(timedelta(days=1))
    assert client.post(PATH, filled_in(client)).status_code == 302


def test_a_program_that_fills_in_the_hidden_box_is_asked_to_press_again(client):
    page = client.post(PATH, filled_in(client, homepage="https://spam.example"))
    assert "Nothing is lost: press the button again." in page.content.decode()
    assert not Complaint.objects.exists()


def test_the_page_that_says_that_it_came_is_for_who_sent_it(client):
    sent = client.post(PATH, filled_in(client)).headers["Location"]
    response = client.get(sent)
    assert (response.status_code, response.headers["Referrer-Policy"]) == (200, "no-referrer")
    assert "sam@leeds.nhs.uk" not in response.content.decode()
    assert client.get(f"{PATH}sent/{'A' * 43}/").status_code == 404


def test_the_privacy_notice_leads_there(client):
    assert f'href="{PATH}"' in client.get("/privacy/").content.decode()


def test_the_page_and_its_press_take_few_statements(client, django_assert_num_queries):
    person = make_person()
    sign_in(client, person)
    typed = filled_in(client)
    with django_assert_num_queries(0):
        Client().get(PATH)
    with django_assert_num_queries(11):
        client.post(PATH, typed)

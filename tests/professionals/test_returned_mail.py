"""Whoever's mail came back is asked whether their address is right; a code that they used says so too."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bookings.schedule.services import save_presenter
from notifications.models import MarkedAddress
from tests.bookings.rows import make_presenter
from tests.factories import make_person, sign_in
from tests.professionals.mailing import last_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return make_person(email="nadia@leeds.nhs.uk")


@pytest.fixture
def mark(person):
    now = timezone.now()
    return MarkedAddress.objects.create(address=person.email, sort="hard", said="550 no such user", marked_at=now, last_at=now)


def test_a_sign_in_by_code_clears_the_mark(client, person, mark):
    client.post("/account/login/", {"login": "Nadia@Leeds.nhs.uk"})
    client.post("/account/login/code/confirm/", {"code": last_code(person.email)})
    mark.refresh_from_db()
    assert (mark.marked_at, mark.cleared) == (None, "code")


def test_a_sign_in_by_password_does_not(client, person, mark):
    person.user.set_password("two-kettles-one-plug")
    person.user.save()
    client.post("/account/login/password/", {"login": person.email, "password": "two-kettles-one-plug"})
    assert client.session["_auth_user_id"] == str(person.user.pk)
    mark.refresh_from_db()
    assert mark.marked_at


def test_who_is_signed_in_is_asked_on_every_page_and_not_one_statement_more_is_needed(client, person, django_assert_num_queries):
    sign_in(client, person)
    with CaptureQueriesContext(connection) as before:
        assert "came back" not in client.get("/about/").text
    MarkedAddress.objects.create(address=person.email, sort="hard", marked_at=timezone.now(), last_at=timezone.now())
    with django_assert_num_queries(len(before)):
        page = client.get("/about/").text
    assert "Our email to nadia@leeds.nhs.uk came back." in page
    assert 'href="/account/email/returned/"' in page


def test_they_say_that_it_is_right(client, person, mark):
    sign_in(client, person)
    page = client.get("/account/email/returned/").text
    assert "this mailbox does not exist" in page
    assert "Check that the address is right" not in page
    assert MarkedAddress.objects.marked().exists()
    page = client.post("/account/email/returned/", follow=True).text
    assert "We will keep emailing nadia@leeds.nhs.uk" in page
    assert "came back" not in page
    mark.refresh_from_db()
    assert (mark.marked_at, mark.cleared, mark.cleared_by) == (None, "owner", person.user)


def test_or_change_it_and_the_question_is_gone(client, person, mark):
    sign_in(client, person)
    client.post("/account/email/", {"email": "nadia@bradford.nhs.uk", "action_add": ""})
    client.post("/account/confirm-email/", {"code": last_code("nadia@bradford.nhs.uk")})
    person.refresh_from_db()
    mark.refresh_from_db()
    assert (person.email, mark.marked_at, mark.cleared) == ("nadia@bradford.nhs.uk", None, "changed")
    assert "came back" not in client.get("/about/").text


def test_nobody_is_asked_about_an_address_that_is_right(client, person):
    sign_in(client, person)
    assert client.get("/account/email/returned/")["Location"] == "/account/email/"


def test_a_presenters_changed_address_clears_the_old_one():
    presenter = make_presenter(email="gone@ctac.example")
    now = timezone.now()
    MarkedAddress.objects.create(address="gone@ctac.example", sort="hard", marked_at=now, last_at=now)
    presenter.email = "here@ctac.example"
    save_presenter(presenter=presenter)
    assert MarkedAddress.objects.get().cleared == "changed"

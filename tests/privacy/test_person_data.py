"""My data as one file; and a person who is erased is nowhere any more."""

import itertools
import json
import re

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.apps import apps
from django.test import Client
from django.utils.html import conditional_escape

from accounts.models import Session, User
from accounts.sessions import SessionStore
from core.models import classification
from notifications.outbox import queue_account_mail
from notifications.rendering import Rendered
from privacy import services as privacy_services
from privacy.services import PrivacySource
from professionals import drafts
from professionals.models import Draft, Person
from tests.face.page import Page
from tests.factories import make_person, make_staff, sign_in, sign_in_staff

pytestmark = pytest.mark.django_db

CANARY = "Canarybird"


@pytest.fixture
def person(now):
    person = make_person(name=f"{CANARY} Jones", email="canarybird@leeds.nhs.uk", phone="0113 496 0077")
    Draft.objects.create(
        kind="booking",
        person=person,
        key_hash="h",
        token="t",
        expires_at=now.replace(year=2099),
        answers={"note": CANARY},
    )
    mail = Rendered(CANARY, CANARY, f"<p>{CANARY}</p>")
    queue_account_mail(kind="account-login-code", to=person.email, now=now, expires_at=now.replace(year=2099), mail=mail)
    return person


def test_my_data_is_one_file_of_all_that_is_mine(client, person):
    make_person(name="Somebody Else")
    sign_in(client, person)

    response = client.get("/account/my-data/?form=json")

    data = json.loads(response.content)
    assert response["Content-Disposition"] == 'attachment; filename="my-data.json"'
    assert set(data) >= {"person", "messages"}
    assert data["person"]["name"] == f"{CANARY} Jones"
    assert data["person"]["sign_in"]["email"] == "canarybird@leeds.nhs.uk"
    assert data["person"]["unfinished_forms"][0]["answers"] == {"note": CANARY}
    assert len(data["messages"]) == 1
    assert "Somebody Else" not in response.content.decode()
    assert "password" not in data["person"]["sign_in"]


def test_it_says_when_they_signed_in_and_that_they_took_a_file_and_nothing_of_others(client, person):
    other = Client()
    sign_in(other, make_person())
    other.get("/account/my-data/")
    sign_in(client, person)
    client.get("/account/my-data/?form=json")
    noted = client.get("/account/my-data/?form=json").json()["person"]["sign_in"]["what_was_noted"]
    assert [row["act"] for row in noted].count("Downloaded a file") == 1
    assert {row["act"] for row in noted} <= {"Signed in", "Downloaded a file"}


def test_the_page_to_read_says_every_moment_in_uk_time(client, person):
    with time_machine.travel("2027-07-01 10:05+00:00", tick=False):
        sign_in(client, person)
        page = client.get("/account/my-data/").content.decode()
    assert "1 July 2027, 11:05am" in page
    assert not re.search(r"\d{4}-\d\d-\d\dT", page)


def test_the_page_to_read_comes_first_with_all_that_the_file_has_in_headings_and_tables(client, person):
    sign_in(client, person)
    file = client.get("/account/my-data/?form=json").json()
    response = client.get("/account/my-data/")
    page = Page(response.content.decode())
    assert (page.mistakes, response.has_header("Content-Disposition")) == ([], False)
    headings = [heading.text for heading in page.all("h2") if not heading.id]
    assert len(headings) == len(file)
    assert {"Your details", "Emails to you"} <= set(headings)
    levels = [int(each.tag[1]) for each in page.elements if each.tag in {"h1", "h2", "h3", "h4", "h5", "h6"}]
    assert all(deeper - level <= 1 for level, deeper in itertools.pairwise(levels))
    noted = next(table for table in page.all("table") if "What was noted of your sign-ins" in table.text)
    assert [cell.text for cell in page.all("th") if noted in cell.inside] == ["At", "By", "Act"]
    said = " ".join(response.content.decode().split())
    assert [leaf for leaf in words_in(file) if leaf not in said] == []
    assert 'href="?form=json" download' in said


def words_in(data):
    """Each text of the file, but for moments, which the page has in words."""
    for value in data.values() if isinstance(data, dict) else data:
        if isinstance(value, dict | list):
            yield from words_in(value)
        elif isinstance(value, str) and value and not re.match(r"\d{4}-\d\d-\d\dT", value):
            yield conditional_escape(" ".join(value.split()))


def test_my_data_takes_few_statements_and_needs_a_person(client, person, django_assert_max_num_queries):
    assert client.get("/account/my-data/").status_code == 302
    sign_in(client, person)

    with django_assert_max_num_queries(20):  # one is the audit's row
        client.get("/account/my-data/?form=json")
    with django_assert_max_num_queries(20):
        client.get("/account/my-data/")


def everything():
    """Every value of every table, sessions opened."""
    for model in apps.get_models():
        for row in model._default_manager.all():
            values = {field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields}
            yield f"{model._meta.label} {values}"
            if isinstance(row, Session):
                yield f"session {SessionStore().decode(row.session_data)}"


def test_erasing_leaves_no_trace_anywhere(person, now):
    browser = sign_in(Client(), person)
    session = browser.session
    session["typed"] = CANARY
    session.save()
    pk = person.pk

    privacy_services.erase_person(person, by=None, now=now)

    left = [row for row in everything() if "canarybird" in row.lower() or "0113 496 0077" in row]
    assert left == []
    assert (User.objects.count(), EmailAddress.objects.count(), Draft.objects.count()) == (0, 0, 0)
    erased = Person.objects.get(pk=pk)
    assert (erased.name, erased.email, erased.profession, erased.organisation) == ("Erased", "", "health-visitor", None)
    assert browser.get("/account/details/").status_code == 302


def test_the_upper_apps_erase_first_while_the_address_is_there(person, now, monkeypatch):
    seen = []
    monkeypatch.setattr(privacy_services, "_sources", dict(privacy_services._sources))
    privacy_services.register_source(
        PrivacySource("upper", export=lambda person: {"n": 1}, erase=lambda person, now: seen.append(person.email))
    )

    assert privacy_services.export_person(person)["upper"] == {"n": 1}
    privacy_services.erase_person(person, by=None, now=now)

    assert seen == ["canarybird@leeds.nhs.uk"]


def test_two_sources_of_one_name_are_a_mistake(monkeypatch):
    monkeypatch.setattr(privacy_services, "_sources", dict(privacy_services._sources))

    with pytest.raises(ValueError, match="two privacy sources"):
        privacy_services.register_source(PrivacySource("person", export=lambda person: {}, erase=lambda person, now: None))


def test_staff_erase_with_a_button_and_a_tick(person):
    browser = sign_in_staff(Client(), make_staff())
    url = f"/staff/professionals/person/{person.pk}/do/erase/"

    assert browser.get(url).status_code == 200
    assert browser.post(url).status_code == 200
    assert Person.objects.get(pk=person.pk).name == f"{CANARY} Jones"
    assert browser.post(url, {"sure": "on"}).status_code == 302

    assert Person.objects.get(pk=person.pk).name == "Erased"


def test_every_field_is_classified():
    for model in apps.get_app_config("professionals").get_models():
        assert all(classification(field) for field in model._meta.concrete_fields)


def test_a_draft_of_nobody_stays_when_a_person_goes(person, now):
    other = Draft.objects.create(kind="order", key_hash="o", token="o", expires_at=now.replace(year=2099))

    privacy_services.erase_person(person, by=None, now=now)

    assert list(Draft.objects.all()) == [other]
    assert drafts.digest(other.answers) == drafts.digest({})

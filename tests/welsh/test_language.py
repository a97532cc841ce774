"""Pages and emails in Welsh: the switch, who remembers it, and what stays English."""

from datetime import date, datetime, time
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from core.dates import UK_TZ, format_datetime_range, format_day, format_time
from notifications.delivery.services import build_mail
from notifications.models import Notification
from notifications.registry import Email, Message, find_reader_language
from professionals.models import Person
from tests.factories import make_person, make_staff, sign_in, sign_in_staff

pytestmark = pytest.mark.django_db

SWITCH = '<button type="submit" class="language__button" name="language" value="cy" lang="cy">Cymraeg</button>'
COOKIE = settings.LANGUAGE_COOKIE_NAME


def choose(client: Client, language: str, page: str = "/about/", **headers: str) -> Any:
    return client.post("/language/", {"language": language, "next": page}, headers=headers)


@pytest.fixture
def welsh(client: Client) -> Client:
    choose(client, "cy")
    return client


def test_the_switch_is_a_form_that_leads_back_to_the_page(client: Client) -> None:
    page = client.get("/about/?from=here").content.decode()
    assert '<html lang="en-gb">' in page
    assert SWITCH in page
    assert '<input type="hidden" name="next" value="/about/?from=here">' in page
    answer = choose(client, "cy", "/about/?from=here")
    assert (answer.status_code, answer["Location"]) == (302, "/about/?from=here")
    page = client.get("/about/?from=here").content.decode()
    assert '<html lang="cy">' in page
    assert "Amdanom ni" in page
    assert 'value="en-gb" lang="en-gb">English</button>' in page


def test_the_cookie_is_the_browsers_and_lasts_a_year(client: Client) -> None:
    cookie = choose(client, "cy").cookies[COOKIE]
    assert (cookie.value, cookie["max-age"], cookie["httponly"], cookie["samesite"]) == ("cy", 365 * 24 * 3600, True, "Lax")


def test_nothing_but_the_switch_changes_the_language(client: Client) -> None:
    assert client.get("/language/").status_code == 405
    for answer in (choose(client, "fr"), choose(client, "cy", **{"sec-fetch-site": "cross-site"})):
        assert COOKIE not in answer.cookies
    assert '<html lang="en-gb">' in client.get("/", headers={"accept-language": "cy"}).content.decode()
    client.cookies[COOKIE] = "fr"
    assert '<html lang="en-gb">' in client.get("/").content.decode()


@pytest.mark.parametrize("page", ["https://elsewhere.example/", "//elsewhere.example/", "http://[::1", ""])
def test_it_leads_to_no_other_site(client: Client, page: str) -> None:
    assert choose(client, "cy", page)["Location"] == "/"


def test_parts_that_are_kept_are_kept_by_language(client: Client) -> None:
    in_english = client.get("/leaflets/").content.decode()
    assert "Skip to main content" in in_english
    choose(client, "cy")
    in_welsh = client.get("/leaflets/").content.decode()
    assert ">Presentations</a>" in in_english
    assert ">Presentations</a>" not in in_welsh
    assert ">Cyflwyniadau</a>" in in_welsh


def test_a_person_keeps_the_choice_in_every_browser(client: Client) -> None:
    person = make_person()
    sign_in(client, person)
    choose(client, "cy")
    person.refresh_from_db()
    assert person.language == "cy"
    assert find_reader_language(person.email.upper()) == "cy"
    assert find_reader_language("nobody@leeds.example.nhs.uk") == "en-gb"


def sign_in_by_password(client: Client, person: Person) -> None:
    assert person.user is not None
    person.user.set_password("three words together")
    person.user.save()
    client.post("/account/login/password/", {"login": person.email, "password": "three words together"})
    assert "_auth_user_id" in client.session


@pytest.mark.parametrize(("had", "here", "then"), [("cy", "", "cy"), ("cy", "en-gb", "cy"), ("", "cy", "cy"), ("", "", "")])
def test_at_sign_in_the_persons_choice_comes_before_the_browsers(client: Client, had: str, here: str, then: str) -> None:
    person = make_person(language=had)
    if here:
        choose(client, here)
    sign_in_by_password(client, person)
    person.refresh_from_db()
    assert person.language == then
    assert (client.cookies[COOKIE].value if COOKIE in client.cookies else "") == then


def test_no_page_asks_the_database_for_the_language(client: Client, django_assert_num_queries: Any) -> None:
    choose(client, "cy")
    client.get("/about/")
    with django_assert_num_queries(0):
        client.get("/about/")


def test_the_staff_site_stays_english(client: Client) -> None:
    sign_in_staff(client, make_staff())
    choose(client, "cy")
    page = client.get("/staff/").content.decode()
    assert '<html lang="en-gb"' in page
    assert "language__button" not in page
    assert find_reader_language(make_staff("colleague@ctac.example").email) == "en-gb"


class InTwoLanguages(Email):
    """Without a name it is no kind of ours: other tests don't meet it."""

    def message(self) -> Message:
        return Message(translation.gettext("Sign in"), "base")


@pytest.mark.parametrize(("language", "subject", "foot"), [("cy", "Mewngofnodi", "Amser y DU"), ("", "Sign in", "Times are UK")])
def test_an_email_is_in_its_readers_language(language: str, subject: str, foot: str) -> None:
    person = make_person(language=language)
    row = Notification(kind="test", about="test:1", recipient=person.email, message_id="<1@ctac.example>")
    rendered, _mail = build_mail(row, InTwoLanguages(row))
    assert rendered.subject == subject
    assert foot in rendered.text
    assert f'lang="{language or "en-gb"}"' in rendered.html
    assert translation.get_language() == "en-gb"


@pytest.mark.parametrize(
    ("clock", "english", "welsh"),
    [
        (time(9, 30), "9:30am", "9:30yb"),
        (time(13), "1pm", "1yp"),
        (time(18, 15), "6:15pm", "6:15yh"),
        (time(12), "midday", "hanner dydd"),
        (time(0), "midnight", "hanner nos"),
    ],
)
def test_times_are_said_in_both_languages(clock: time, english: str, welsh: str) -> None:
    assert format_time(clock) == english
    with translation.override("cy"):
        assert format_time(clock) == welsh
    assert format_time(clock) == english


def test_days_and_months_have_their_welsh_names() -> None:
    day, start = date(2027, 7, 6), datetime(2027, 3, 9, 9, tzinfo=UK_TZ)
    assert format_day(day) == "Tuesday 6 July 2027"
    with translation.override("cy"):
        assert format_day(day) == "Dydd Mawrth 6 Gorffennaf 2027"
        assert format_datetime_range(start, start.replace(hour=13)) == "Dydd Mawrth 9 Mawrth 2027, 9yb tan 1yp"
    assert format_datetime_range(start, start.replace(hour=13)) == "Tuesday 9 March 2027, 9am to 1pm"

"""Nobody is led to another site: not by `next`, not by a Host; and no log line is anybody's but ours."""

import json
import logging
import re
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import LazySettings
from django.test import Client

from bench.figures import PACKAGES
from core.logs import JSONFormatter
from professionals.models import Person
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets.factories import make_edition
from tests.professionals.mailing import mails_to
from tests.security.payloads import ELSEWHERE, LINES

pytestmark = pytest.mark.django_db
DETAILS = {
    "name": "Sam",
    "profession": "health-visitor",
    "organisation_name": "Leeds",
    "phone": "0113 496 0000",
    "postcode": "LS1 4AP",
}
PASSWORD = "two-kettles-one-plug"


@pytest.fixture
def person() -> Person:
    found = make_person(email="nadia@leeds.nhs.uk")
    assert found.user is not None
    found.user.set_password(PASSWORD)
    found.user.save()
    return found


def leads_to(location: str) -> str:
    """The host that a browser goes to from ours (WHATWG URL: no tabs and lines, a backslash is a slash)."""
    seen = re.sub(r"[\t\r\n]", "", location).strip("".join(map(chr, range(33)))).replace("\\", "/")
    return urlsplit(urljoin("http://testserver/account/", seen)).netloc


def test_the_judge_knows_an_open_redirect() -> None:
    assert {leads_to(each) for each in ("//evil.example", "/\\evil.example", "/\t/evil.example", "/a")} == {
        "evil.example",
        "testserver",
    }


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_no_next_leaves_our_site(elsewhere: str, person: Person, now: object) -> None:
    signed_in, desk = sign_in(Client(), person), sign_in_staff(Client(), make_staff())
    asked = {"next": elsewhere}
    answers = [
        signed_in.get("/account/login/", asked),
        signed_in.get("/account/signup/", asked),
        Client().post("/account/login/password/", {"login": person.email, "password": PASSWORD, **asked}),
        Client().post(f"/account/login/password/?{'next=' + elsewhere}", {"login": person.email, "password": PASSWORD}),
        signed_in.post("/account/details/", {**DETAILS, **asked}),
        desk.get("/staff/login/", asked),
        signed_in.get("/account/reauthenticate/", asked),
        signed_in.post("/account/logout/", asked),
    ]
    assert {leads_to(answer.headers.get("Location", "/")) for answer in answers} == {"testserver"}
    assert answers[2].status_code == answers[4].status_code == 302


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_no_page_offers_a_link_that_leaves_it(elsewhere: str, person: Person, now: object) -> None:
    make_edition(now, slug="one")  # type: ignore[arg-type]
    signed_in = sign_in(Client(), person)
    pages = [
        Client().get("/account/login/", {"next": elsewhere}),
        Client().get("/account/signup/", {"next": elsewhere}),
        signed_in.get("/account/details/", {"next": elsewhere}),
        signed_in.get("/leaflets/one/alert/", {"next": elsewhere}),
    ]
    links = [link for page in pages for link in re.findall(r'(?:href|action)="([^"]+)"', page.content.decode())]
    assert links
    assert {leads_to(link) for link in links if not link.startswith(("tel:", "mailto:", "https://"))} == {"testserver"}
    assert not [link for link in links if "script:" in link or "evil" in urlsplit(link).netloc]


HOSTS = [
    "evil.example",
    "testserver.evil.example",
    "testserver@evil.example",
    "evil.example#testserver",
    "testserver:x",
    " ",
    "[::1",
]


@pytest.mark.parametrize("host", HOSTS)
def test_another_host_is_a_bad_request(host: str) -> None:
    answer = Client().get("/", headers={"host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.content.decode()


@pytest.mark.parametrize(
    "claimed", [{"host": "other.example"}, {"x-forwarded-host": "evil.example"}, {"forwarded": "host=evil.example"}]
)
@pytest.mark.parametrize(("path", "field"), [("/account/login/", "login"), ("/account/password/reset/", "email")])
def test_links_in_mail_are_of_our_site_whatever_host_was_asked_for(
    person: Person, settings: LazySettings, claimed: dict[str, str], path: str, field: str
) -> None:
    settings.ALLOWED_HOSTS = ["testserver", "other.example"]
    Client().post(path, {field: person.email}, headers=claimed)
    Client().post(path, {field: "nobody@leeds.nhs.uk"}, headers=claimed)
    mails = [*mails_to(person.email), *mails_to("nobody@leeds.nhs.uk")]
    assert len(mails) == 2
    hosts = {urlsplit(link).netloc for mail in mails for link in re.findall(r'https?://[^\s"<>]+', mail.text + mail.html)}
    assert hosts <= {urlsplit(settings.SITE_URL).netloc}
    assert not [mail for mail in mails if "evil" in mail.text + mail.html or "other.example" in mail.text + mail.html]


@pytest.mark.parametrize("what", LINES)
def test_no_line_of_the_log_is_theirs(what: str, person: Person, caplog: pytest.LogCaptureFixture) -> None:
    words = LINES[what]
    browser = Client(HTTP_USER_AGENT=words, HTTP_REFERER=words, HTTP_X_FORWARDED_FOR=words, raise_request_exception=False)
    with caplog.at_level(logging.DEBUG):
        browser.get(f"/{words}/")
        browser.get("/leaflets/", {"q": words, words: "x"})
        browser.post("/account/login/", {"login": words, "next": words})
        browser.post("/account/login/password/", {"login": person.email, "password": words})
        Client(enforce_csrf_checks=True, HTTP_REFERER=words).post("/account/login/", {"login": words})
    ours = [record for record in caplog.records if record.name.split(".")[0] in {"django", *PACKAGES}]
    lines = [JSONFormatter().format(record) for record in ours if record.name != "django.db.backends"]
    assert len(lines) >= 5
    for line in lines:
        assert line.splitlines() == [line]
        assert line.isprintable()
        assert "theirs" not in json.loads(line)["message"].lower()
        assert "victim" not in line


def test_whatever_reaches_a_line_of_the_log_it_stays_one() -> None:
    for words in (*LINES.values(), "\ud800"):
        line = JSONFormatter().format(logging.LogRecord("ctac.x", logging.ERROR, "x.py", 1, "Told: %s", (words,), None))
        assert (line.isascii(), line.isprintable()) == (True, True)
        assert json.loads(line)["message"].startswith("Told: ")

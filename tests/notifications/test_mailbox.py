"""The mailbox of a development copy."""

from datetime import UTC, datetime

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.urls import NoReverseMatch, reverse

from notifications import rendering
from notifications.registry import Message
from notifications.rendering import render
from professionals import samples as professionals_samples
from tests.notifications.conftest import WORDS

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.notifications.mailbox_urls")]
ICS = "\r\n".join(["BEGIN:VCALENDAR", "METHOD:REQUEST", "END:VCALENDAR", ""]).encode()


@pytest.fixture
def folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    (tmp_path / "mail").mkdir()
    (tmp_path / "secret.eml").write_text("Subject: not in the folder\n\n")
    return tmp_path / "mail"


@pytest.fixture
def put(folder, make_row):
    """A message as the outbox makes it, in a file as the sink names it."""

    def write(number, subject="A subject", **more):
        message = Message(subject, "test_words", dict(WORDS), **more)
        mail = rendering.compose(make_row(), render(message), message)
        name = f"20270112T1000{number:02}.000000-abcd1234.eml"
        (folder / name).write_bytes(mail.message().as_bytes(linesep="\r\n"))
        return name

    return write


def test_it_exists_in_development_only(settings):
    settings.ROOT_URLCONF = "ctac.urls"
    with pytest.raises(NoReverseMatch):
        reverse("mailbox", urlconf="ctac.urls")


def test_an_empty_mailbox_says_what_to_do(client, folder):
    assert "Nothing yet." in client.get("/mailbox/").text


def test_no_folder_is_an_empty_mailbox(client, settings, tmp_path):
    settings.VAR_DIR = tmp_path / "nothing"
    assert "Nothing yet." in client.get("/mailbox/").text


def test_the_newest_stands_first_and_unfinished_files_are_left_out(client, folder, put):
    put(1, "The first")
    put(2, "The second")
    (folder / ".unfinished.eml").write_text("Subject: half\n\n")
    text = client.get("/mailbox/").text
    assert text.index("The second") < text.index("The first")
    assert "half" not in text


def test_the_list_costs_the_same_for_one_and_for_three(client, put, django_assert_num_queries):
    for number in range(3):
        put(number)
        if number != 1:
            with django_assert_num_queries(1):
                client.get("/mailbox/")


def test_a_message_is_shown_as_its_reader_gets_it(client, put):
    name = put(1, "Café", calendar=ICS, calendar_method="REQUEST")
    text = client.get(reverse("mailbox_message", args=[name])).text
    for shown in (
        "Café",
        "reader@leeds.example.nhs.uk",
        "Seán O’Brien &amp; “Sons”",
        "Auto-Submitted",
        "calendar.ics",
        "invite.ics",
    ):
        assert shown in text
    assert f'<iframe src="{reverse("mailbox_html", args=[name])}"' in text


def test_html_is_framed_under_its_own_policy(client, put):
    response = client.get(reverse("mailbox_html", args=[put(1)]))
    assert response.headers["Content-Security-Policy"].endswith("sandbox allow-popups allow-popups-to-escape-sandbox")
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src 'self'")
    assert '<head><base target="_blank">' in response.text


def test_calendar_and_attachments_can_be_downloaded(client, put):
    name = put(1, calendar=ICS, calendar_method="REQUEST")
    parts = client.get(reverse("mailbox_message", args=[name])).context["mail"].parts
    assert [part.name for part in parts] == ["calendar.ics", "invite.ics"]
    response = client.get(reverse("mailbox_part", args=[name, parts[1].number]))
    assert response.content == ICS
    assert response.headers["Content-Disposition"] == 'attachment; filename="invite.ics"'


@pytest.mark.parametrize("name", ["no.eml", "..", "..%2Fsecret.eml", "%2e%2e%2fsecret.eml", "....eml", "%00.eml", "secret.eml"])
def test_no_name_leads_out_of_the_folder(client, put, name):
    put(1)
    for rest in ("", "html/", "parts/1/"):
        assert client.get(f"/mailbox/{name}/{rest}").status_code == 404


def test_parts_that_are_not_there_are_not_found(client, put):
    assert client.get(reverse("mailbox_part", args=[put(1), 0])).status_code == 404
    assert client.get(reverse("mailbox_part", args=[put(1), 99])).status_code == 404


def test_a_file_that_is_no_mail_breaks_nothing(client, folder):
    (folder / "20270112T100000.000000-bad.eml").write_bytes(b"\x00\xff not a message")
    assert client.get("/mailbox/").status_code == 200
    assert client.get("/mailbox/20270112T100000.000000-bad.eml/").status_code == 200
    assert client.get("/mailbox/20270112T100000.000000-bad.eml/html/").status_code == 404


def test_the_sample_login_has_its_code_there_and_it_is_right(client, folder, now):
    professionals_samples.load_people(now)
    with time_machine.travel(datetime(2027, 1, 12, 10, 0, 12, tzinfo=UTC), tick=False):
        code = client.get("/mailbox/").context["code"]
        authenticator = Authenticator.objects.get(user__email=professionals_samples.STAFF_EMAIL)
        assert TOTP(authenticator).validate_code(code.digits) is True
    assert (code.email, code.seconds_left) == ("staff@ctac.test", 18)


def test_nobody_else_has_a_code_there(client, folder):
    assert client.get("/mailbox/").context["code"] is None


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_is_only_read(client, folder, method):
    assert getattr(client, method)("/mailbox/").status_code == 405

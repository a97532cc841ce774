"""What every answer says of itself, and what no method or parameter gets out of it."""

import pytest

from tests.professionals.mailing import mails_to

from .test_settings import start

PAGES = ["/", "/leaflets/", "/account/login/", "/no-such-page/", "/.well-known/security.txt"]


@pytest.mark.parametrize("page", ["/", "/leaflets/", "/account/login/", "/account/signup/", "/basket/", "/about/"])
@pytest.mark.django_db
def test_trace_repeats_nothing(client, page):
    answer = client.trace(page, headers={"X-Secret": "kettle"})
    assert answer.status_code == 405
    assert b"kettle" not in answer.content


@pytest.mark.parametrize("page", ["/.git/config", "/.env", "/manage.py", "/static/", "/media/", "/static/../ctac/settings.py"])
@pytest.mark.django_db
def test_neither_code_nor_folders_are_served(client, page):
    assert client.get(page).status_code == 404


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.django_db
def test_text_names_its_charset_and_no_other_site_may_read_it(client, page):
    answer = client.get(page, headers={"Origin": "https://evil.example"})
    assert answer["Content-Type"].partition("; ")[2] == "charset=utf-8"
    assert [name for name in answer.headers if name.lower().startswith("access-control-")] == []


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.django_db
def test_every_answer_carries_its_headers(client, page):
    answer = client.get(page)
    policy = answer["Content-Security-Policy"]
    assert [part for part in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'") if part not in policy] == []
    assert "unsafe" not in policy
    assert (answer["X-Content-Type-Options"], answer["Referrer-Policy"]) == ("nosniff", "same-origin")
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.django_db
def test_a_field_in_the_address_is_no_field_of_the_form(client):
    answer = client.post("/account/login/?login=somebody@leeds.nhs.uk", {})
    assert answer.status_code == 200
    assert "Enter your work email address." in answer.content.decode()
    assert mails_to("somebody@leeds.nhs.uk") == []


def test_cookies_in_production_are_for_this_host_alone_and_closed_to_scripts():
    names = ("SESSION_COOKIE_SAMESITE", "CSRF_COOKIE_SAMESITE", "CSRF_COOKIE_HTTPONLY", "SECURE_HSTS_INCLUDE_SUBDOMAINS")
    result = start(f"print(*(getattr(settings, name) for name in {names}), hasattr(settings, 'SESSION_COOKIE_HTTPONLY'))")
    assert result.stdout == "Lax Lax True True False\n"  # Django's own default of the last is True

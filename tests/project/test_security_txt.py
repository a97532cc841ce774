"""Whoever finds a hole learns from one file where to say so (RFC 9116), and from one page what we ask and promise."""

from datetime import UTC, datetime, timedelta

import pytest

from .test_settings import start


def fields(client) -> dict[str, str]:
    answer = client.get("/.well-known/security.txt")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; charset=utf-8")
    return dict(line.split(": ", 1) for line in answer.content.decode().splitlines())


def test_it_has_the_fields_of_the_rfc_each_once(client, settings):
    settings.SITE_URL, settings.SECURITY_CONTACT = "https://ctac.example", "security@ctac.example"
    assert fields(client) | {"Expires": ""} == {
        "Contact": "mailto:security@ctac.example",
        "Expires": "",
        "Preferred-Languages": "en",
        "Canonical": "https://ctac.example/.well-known/security.txt",
        "Policy": "https://ctac.example/security/",
    }


def test_it_always_holds_for_some_months_and_never_for_a_year(client):
    left = datetime.strptime(fields(client)["Expires"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) - datetime.now(UTC)
    assert timedelta(days=150) < left < timedelta(days=365)


def test_a_form_of_another_site_may_be_named(client, settings):
    settings.SECURITY_CONTACT = "https://charity.example/report"
    assert fields(client)["Contact"] == "https://charity.example/report"


def test_it_sets_no_cookie_and_may_be_kept_for_a_day(client):
    answer = client.get("/.well-known/security.txt")
    assert (answer.cookies, answer["Cache-Control"]) == ({}, "public, max-age=86400")


def test_the_page_that_it_names_is_there_and_is_linked_from_privacy(client, settings):
    settings.SECURITY_CONTACT = "security@ctac.example"
    assert 'href="mailto:security@ctac.example"' in client.get("/security/").content.decode()
    assert 'href="/security/"' in client.get("/privacy/").content.decode()


@pytest.mark.parametrize("value", ["nobody", "http://ctac.example/report"])
def test_what_is_neither_address_nor_page_stops_the_start(value):
    result = start(SECURITY_CONTACT=value)
    assert result.returncode == 1
    assert result.stderr.startswith("CTAC can't start: SECURITY_CONTACT is ")

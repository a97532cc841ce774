"""What people choose to get: the page by link, the one press of RFC 8058, and that mail obeys."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from notifications import preferences, privacy as notifications_privacy
from notifications.delivery import services as delivery_services
from notifications.models import ChoiceSource, MailChoice, MailReader, Notification, NotificationState
from notifications.preferences import choices_page_link, is_wanted_by_topic, one_click_unsubscribe_link, wants_topic
from notifications.registry import Email, Topic

ADDRESS = "Reader@leeds.example.nhs.uk"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def page(settings: Any) -> str:
    return choices_page_link(ADDRESS).removeprefix(settings.SITE_URL)


def press(browser: Client, page: str, **answers: object) -> Any:
    """As the page's own form does it."""
    token = str(browser.get(page).context["csrf_token"])
    return browser.post(page, {"csrfmiddlewaretoken": token, **answers}, follow=True)


def test_reminders_come_until_somebody_says_no_and_the_rest_only_to_who_asked(now: datetime) -> None:
    assert is_wanted_by_topic(ADDRESS) == {
        Topic.REMINDERS: True,
        Topic.EDITIONS: False,
        Topic.INVITATIONS: False,
        Topic.VISITS: False,
    }
    preferences.record_choices(address=ADDRESS, chosen={Topic.REMINDERS: False}, where=ChoiceSource.PAGE, now=now)
    preferences.record_choices(
        address="other@leeds.example.nhs.uk", chosen={Topic.EDITIONS: True}, where=ChoiceSource.PAGE, now=now
    )
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert not wants_topic(Topic.REMINDERS, ADDRESS.upper())
    assert len(asked) == 1
    assert not wants_topic(Topic.EDITIONS, ADDRESS)


def test_the_page_says_what_comes_and_saves_what_is_ticked(browser: Client, page: str) -> None:
    with CaptureQueriesContext(connection) as asked:
        opened = browser.get(page)
    assert len(asked) == 2  # whose it is, and what they said
    shown = opened.content.decode()
    assert "r…\u2060@leeds.example.nhs.uk" in shown
    assert "reader@" not in shown
    assert opened.headers["Referrer-Policy"] == "strict-origin"
    assert "no-store" in opened.headers["Cache-Control"]
    assert MailChoice.objects.count() == 0
    saved = press(browser, page, wanted=[Topic.EDITIONS.value])
    assert "Saved. We will send you the emails that are ticked here." in saved.content.decode()
    assert saved.context["form"].initial["wanted"] == ["editions"]
    stopped = press(browser, page, wanted=[Topic.EDITIONS.value], stop="all")
    assert "We will send you none of these emails any more" in stopped.content.decode()
    assert is_wanted_by_topic(ADDRESS) == dict.fromkeys(Topic, False)


def test_one_press_in_a_mail_program_stops_that_topic_alone(browser: Client, now: datetime, settings: Any) -> None:
    """Without cookie, token or redirect; and what opens the address, such as a mail scanner, changes nothing."""
    preferences.record_choices(
        address=ADDRESS, chosen={Topic.EDITIONS: True}, where=ChoiceSource.PAGE, now=now - timedelta(days=1)
    )
    url = one_click_unsubscribe_link(ADDRESS, Topic.EDITIONS).removeprefix(settings.SITE_URL)
    assert browser.get(url).headers["Location"] == choices_page_link(ADDRESS).removeprefix(settings.SITE_URL)
    assert browser.post(url).status_code == 400
    assert wants_topic(Topic.EDITIONS, ADDRESS)
    for _again in range(2):
        assert browser.post(url, ONE_CLICK).status_code == 200
    assert is_wanted_by_topic(ADDRESS) == {
        Topic.REMINDERS: True,
        Topic.EDITIONS: False,
        Topic.INVITATIONS: False,
        Topic.VISITS: False,
    }
    assert MailChoice.objects.get().chosen_where == ChoiceSource.ONE_CLICK
    assert browser.post(url.replace("editions", "codes"), ONE_CLICK).status_code == 404
    assert browser.post(reverse("mail_stop", args=["no-such-token", "editions"]), ONE_CLICK).status_code == 404
    assert browser.post(choices_page_link(ADDRESS).removeprefix(settings.SITE_URL), {"stop": "all"}).status_code == 403


def test_mail_of_a_topic_goes_only_to_who_wants_it_and_service_mail_always(
    make_kind: Callable[..., type[Email]], make_row: Callable[..., Notification], mail_server: Callable[..., Any], now: datetime
) -> None:
    inbox = mail_server()
    make_kind()
    make_kind("reminder", topic=Topic.REMINDERS)
    preferences.record_choices(address=ADDRESS, chosen=dict.fromkeys(Topic, False), where=ChoiceSource.PAGE, now=now)
    unwanted, wanted = make_row(kind="reminder", recipient=ADDRESS), make_row(kind="reminder", recipient="other@example.org")
    service = make_row(recipient=ADDRESS)
    for row in (unwanted, wanted, service):
        delivery_services.deliver(row.pk, clock=lambda: now)
        row.refresh_from_db()
    assert [row.state for row in (unwanted, wanted, service)] == [
        NotificationState.EXPIRED,
        NotificationState.SENT,
        NotificationState.SENT,
    ]
    assert unwanted.last_error == "The person it was for chose not to get it."
    assert sorted(inbox.recipients) == [ADDRESS, "other@example.org"]


def test_choices_follow_to_a_new_address_and_what_was_said_last_counts(now: datetime) -> None:
    new = "new@leeds.example.nhs.uk"
    link = choices_page_link(ADDRESS)
    preferences.record_choices(
        address=ADDRESS, chosen={Topic.REMINDERS: False, Topic.EDITIONS: True}, where=ChoiceSource.PAGE, now=now
    )
    preferences.record_choices(address=new, chosen={Topic.EDITIONS: False}, where=ChoiceSource.PAGE, now=now + timedelta(hours=1))
    notifications_privacy.readdress(before=ADDRESS, to=new, now=now + timedelta(hours=2))
    assert is_wanted_by_topic(new) == dict.fromkeys(Topic, False)
    assert MailReader.objects.get().address == new
    assert Client().get(link).status_code == 404


def test_who_is_erased_leaves_no_choice_behind(now: datetime) -> None:
    preferences.record_choices(address=ADDRESS, chosen={Topic.EDITIONS: True}, where=ChoiceSource.SIGN_UP, now=now)
    [told] = preferences.export_choices(ADDRESS)
    assert (told["wanted"], told["where"], told["chosen_at"]) == (True, "At sign-up", now)
    notifications_privacy.erase_address(ADDRESS, now)
    assert not MailReader.objects.exists()  # and so no choice

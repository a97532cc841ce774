"""Staff look at every kind of email without one being sent."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from notifications.models import Notification
from notifications.registry import all_emails
from notifications.samples import all_samples
from tests.face.page import Page
from tests.factories import make_staff, sign_in_staff

pytestmark = pytest.mark.django_db
LIST = "/staff/emails/"
REMINDER = "/staff/emails/booking-reminder/1/"


@pytest.fixture
def staff(client: Client) -> Client:
    sign_in_staff(client, make_staff())
    return client


def test_the_list_has_every_example_and_each_leads_to_its_page(staff: Client, django_assert_max_num_queries: Callable) -> None:
    with django_assert_max_num_queries(13):
        page = Page(staff.get(LIST).text)
    samples = all_samples()
    rows = {link.attrs["href"]: link.text for link in page.all("a") if link.attrs.get("href", "").startswith(LIST)}
    assert sorted(rows.values()) == sorted(sample.title for sample in samples)
    assert {href.split("/")[3] for href in rows} >= {kind.name for kind in all_emails()}
    assert [href for href in list(rows)[::12] if staff.get(href).status_code != 200] == []
    assert Notification.objects.count() == 0


def test_one_email_is_shown_wide_narrow_dark_as_text_and_with_what_mail_programs_are_told(
    staff: Client, django_assert_max_num_queries: Callable
) -> None:
    with django_assert_max_num_queries(13):
        text = staff.get(REMINDER).text
    page = Page(text)
    [sample] = [each for each in all_samples() if each.kind == "booking-reminder"][:1]
    frames = page.all("iframe")
    assert [(frame.attrs["width"], frame.attrs["src"].partition("?")[2]) for frame in frames] == [
        ("640", "scheme=light"),
        ("390", "scheme=light"),
        ("390", "scheme=dark"),
    ]
    assert {frame.attrs["sandbox"] for frame in frames} == {""}
    assert page.one("h1").text == sample.subject
    assert page.one(id="plain-text").text.split() == sample.text.split()
    for shown in ("Reply-To", "List-Unsubscribe=One-Click", "People can turn this off", "It can wait until the morning"):
        assert shown in text
    service = staff.get("/staff/emails/booking-confirmed/1/").text
    assert "Everybody gets this one, whatever they chose." in service
    assert "List-Unsubscribe" not in service
    assert "invite.ics" in service


def test_a_frame_is_light_or_dark_whatever_the_screen_is_and_nothing_leaves_it(staff: Client) -> None:
    light, dark = (staff.get(f"{REMINDER}html/?scheme={scheme}") for scheme in ("light", "dark"))
    assert "prefers-color-scheme" not in light.text + dark.text
    assert ("@media not all" in light.text, "@media all" in dark.text) == (True, True)
    assert dark.headers["Content-Security-Policy"].endswith("frame-ancestors 'self'; sandbox")


@pytest.mark.parametrize("path", ["no-such-kind/1/", "booking-reminder/0/", "booking-reminder/99/html/"])
def test_what_there_is_none_of_is_not_found(staff: Client, path: str) -> None:
    assert staff.get(f"{LIST}{path}").status_code == 404


def test_staff_who_may_not_see_messages_get_no_gallery(client: Client) -> None:
    sign_in_staff(client, make_staff(superuser=False))
    assert [client.get(path).status_code for path in (LIST, REMINDER, f"{REMINDER}html/")] == [403, 403, 403]


def test_the_list_of_messages_leads_there(staff: Client) -> None:
    assert f'href="{LIST}"' in staff.get(reverse("staff:notifications_notification_changelist")).text

"""The team's digest: what can wait becomes one email, what is urgent never waits, and nothing is lost between the two."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from core.dates import UK_TZ
from notifications import rendering, schedule
from notifications.delivery import smtp
from notifications.delivery.services import deliver
from notifications.models import Notification, NotificationState, TeamMail
from notifications.outbox import resend
from notifications.registry import Message, email_for
from notifications.schedule import undone_attempt_columns
from tests.face.page import Page
from tests.factories import make_staff, sign_in_staff
from tests.notifications.conftest import later

pytestmark = [pytest.mark.tuesday, pytest.mark.django_db]
PAGE = "/staff/notifications/teammail/1/change/"
EIGHT = datetime(2027, 1, 13, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def team() -> TeamMail:
    return TeamMail.objects.update_or_create(pk=1, defaults={"rhythm": "daily"})[0]


@pytest.fixture
def inbox(mail_server):
    return mail_server()


@pytest.fixture
def event(make_kind, make_row):
    """Something happened, and the row of it is due."""
    words = Message("New booking BK-7Q4M-2F", "test_words", {"staff_url": "https://ctac.example/staff/1/"})
    make_kind(message=words, in_digest=lambda notification, digest_at: notification.reference != "BK-URGENT")
    return lambda **fields: make_row(recipient="team@ctac.example", **fields)


def delivered(row, moment):
    deliver(row.pk, clock=lambda: moment)
    row.refresh_from_db()
    return row


def digests():
    return Notification.objects.filter(kind=schedule.STAFF_DIGEST_KIND).order_by("pk")


def text_of(digest):
    return rendering.render(email_for(digest).message()).text


def test_what_happens_in_a_day_is_one_email_of_the_next_morning(event, inbox, now):
    rows = [delivered(event(reference=f"BK-000{number}"), now + timedelta(hours=number)) for number in range(3)]
    digest = digests().get()
    assert {(row.state, row.digest, row.attempts, row.first_tried_at) for row in rows} == {
        (NotificationState.GATHERED, digest, 0, None)
    }
    assert (digest.recipient, digest.due_at, digest.reference) == ("team@ctac.example", EIGHT, "BK-0000 BK-0001 BK-0002")
    assert inbox.messages == []
    assert (delivered(digest, EIGHT).state, len(inbox.messages)) == (NotificationState.SENT, 1)
    assert text_of(digest).count("New booking BK-7Q4M-2F:\n  https://ctac.example/staff/1/") == 3
    assert digest.text_body == ""


def test_what_is_urgent_or_sent_again_or_of_another_kind_goes_at_once(event, make_kind, make_row, inbox, now):
    make_kind("other")
    assert delivered(event(reference="BK-URGENT"), now).state == NotificationState.SENT
    assert delivered(make_row(kind="other"), now).state == NotificationState.SENT
    first = event(reference="BK-URGENT", state=NotificationState.FAILED)
    Notification.objects.filter(pk=first.pk).update(reference="BK-0001")
    assert delivered(resend(first, by=None, now=now), now).state == NotificationState.SENT
    assert digests().count() == 0


def test_without_the_wish_each_goes_by_itself(event, inbox, now, team):
    TeamMail.objects.update(rhythm="at-once")
    assert delivered(event(), now).state == NotificationState.SENT
    TeamMail.objects.all().delete()
    assert delivered(event(), now).state == NotificationState.SENT


@pytest.mark.parametrize(
    ("rhythm", "hour", "due"),
    [("daily", 7, "12T08"), ("daily", 8, "13T08"), ("twice", 7, "12T08"), ("twice", 12, "12T13"), ("twice", 13, "13T08")],
)
def test_when_the_next_digest_is(team, now, rhythm, hour, due):
    team.rhythm = rhythm
    assert f"{team.next_digest(now.replace(hour=hour)):%dT%H}" == due


@pytest.mark.parametrize(
    ("rhythm", "now", "due"),
    [
        ("daily", "2027-01-15T07:59", "2027-01-15T08"),  # a Friday
        ("daily", "2027-01-15T08:00", "2027-01-18T08"),
        ("twice", "2027-01-15T12:59", "2027-01-15T13"),
        ("twice", "2027-01-16T10:00", "2027-01-18T08"),
        ("daily", "2027-03-25T17:00", "2027-03-30T08"),  # before Easter, and over the change of the clocks
        ("daily", "2027-12-24T17:00", "2027-12-29T08"),
    ],
)
def test_what_comes_on_days_off_is_told_on_the_next_working_day(team, rhythm, now, due):
    team.rhythm = rhythm
    assert f"{team.next_digest(datetime.fromisoformat(now).replace(tzinfo=UK_TZ)).astimezone(UK_TZ):%Y-%m-%dT%H}" == due


def test_a_weekend_is_one_email_of_monday(event, inbox):
    rows = [delivered(event(), datetime(2027, 1, day, 11, tzinfo=UTC)) for day in (15, 16, 17)]
    assert digests().get().due_at == datetime(2027, 1, 18, 8, tzinfo=UTC)
    assert {row.digest for row in rows} == {digests().get()}


def test_a_kind_is_asked_whether_it_may_wait_for_that_very_digest(make_kind, make_row, inbox, now):
    asked = []
    make_kind(in_digest=lambda notification, digest_at: not asked.append(digest_at))
    delivered(make_row(), now)
    assert asked == [EIGHT]


def test_after_a_digest_has_gone_the_next_one_begins(event, inbox, now):
    TeamMail.objects.update(rhythm="twice")
    delivered(event(), now)
    first = delivered(digests().get(), now.replace(hour=13))
    delivered(event(), now.replace(hour=14))
    delivered(event(), now.replace(hour=15))
    assert [digest.due_at for digest in digests()] == [now.replace(hour=13), EIGHT]
    assert first.tells_of.count() == 1


def test_what_is_no_longer_so_is_left_out_and_a_digest_of_nothing_is_not_sent(make_kind, make_row, inbox, now):
    gone: set[int] = set()
    make_kind(in_digest=lambda notification, digest_at: True, is_still_due=lambda notification: notification.pk not in gone)
    rows = [delivered(make_row(), now) for _ in range(2)]
    gone.add(rows[0].pk)
    assert text_of(digests().get()).count("A subject") == 1
    gone.add(rows[1].pk)
    assert delivered(digests().get(), EIGHT).state == NotificationState.EXPIRED


def test_a_failed_gathering_loses_nothing(event, inbox, now, monkeypatch):
    monkeypatch.setattr(schedule, "add_to_digests", lambda *args, **more: 1 / 0)
    assert delivered(event(), now).state == NotificationState.SENT


def test_a_worker_whose_lease_is_over_gathers_nothing(event, now):
    row = event(state=NotificationState.SENDING, lease_until=now, lease_token="5b0bd2f5-6ecf-4c2a-9f6b-4a3a4a4f2d11")
    stale = Notification.objects.get(pk=row.pk)
    Notification.objects.update(lease_token="0d2a4f4e-0a36-4f0e-8f0c-6b8a1c9d7e22")
    assert not schedule.add_to_staff_digest(stale, now=now)
    assert digests().count() == 0


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_worker_that_comes_for_the_digest_meanwhile_waits_and_tells_of_all(event, inbox, now, monkeypatch):
    """The second event has joined and is not committed yet when the digest's turn comes."""
    delivered(event(), now)
    digest, second = digests().get(), event()
    joins, goes_on = threading.Event(), threading.Event()

    def in_between(notification):
        joins.set()
        assert goes_on.wait(20)
        return undone_attempt_columns(notification)

    monkeypatch.setattr(schedule, "undone_attempt_columns", in_between)
    gatherer = in_thread(lambda: deliver(second.pk, clock=lambda: now))
    assert joins.wait(20)
    sender = in_thread(lambda: deliver(digest.pk, clock=lambda: EIGHT))
    sender.join(0.5)
    assert sender.is_alive()
    goes_on.set()
    gatherer.join(20)
    sender.join(20)
    [sent] = inbox.messages
    assert b"Team digest: 2 updates" in sent
    assert digest.tells_of.count() == 2


def in_thread(act):
    def run():
        try:
            act()
        finally:
            smtp.close_connection()
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_the_database_refuses_a_row_that_is_gathered_in_nothing(event):
    with pytest.raises(IntegrityError), transaction.atomic():
        Notification.objects.filter(pk=event().pk).update(state=NotificationState.GATHERED)


def test_a_digest_sent_again_tells_the_same(event, inbox, now):
    delivered(event(), now)
    digest = delivered(digests().get(), EIGHT)
    again = resend(digest, by=None, now=EIGHT)
    assert text_of(again) == text_of(digest)
    assert delivered(again, EIGHT).state == NotificationState.SENT


def test_staff_choose_it_on_a_page_and_see_where_a_message_is_told(event, now, client: Client):
    staff = sign_in_staff(client, make_staff("desk@ctac.example", superuser=True))
    page = staff.get(PAGE).content.decode()
    assert "Two emails each working day, at 8am and 1pm" in page
    assert "Urgent emails never wait" in page
    saved = staff.post(PAGE, {"rhythm": "twice"})
    assert (saved["Location"], TeamMail.objects.get().rhythm) == (PAGE, "twice")
    assert staff.get("/staff/notifications/teammail/add/").status_code == 403
    row = delivered(event(), later(now, hours=1)())
    message = staff.get(f"/staff/notifications/notification/{row.pk}/change/").content.decode()
    assert "In a digest" in message
    assert f"/staff/notifications/notification/{row.digest_id}/" in message


def test_the_way_to_it_opens_its_form_at_once(client: Client):
    staff = sign_in_staff(client, make_staff("desk@ctac.example", superuser=True))
    assert staff.get("/staff/notifications/teammail/")["Location"] == PAGE
    assert staff.post("/staff/notifications/teammail/")["Location"] == PAGE
    form, history = (Page(staff.get(path).content.decode()) for path in (PAGE, PAGE.replace("change", "history")))
    assert (form.one("h1").text, ways_back(form)) == ("How the team gets its mail", ["Staff site"])
    assert (history.one("h1").text, ways_back(history)) == (
        "When this was changed",
        ["Staff site", "How the team gets its mail"],
    )


def test_who_may_not_see_it_is_not_led_to_it(client: Client):
    assert sign_in_staff(client, make_staff(superuser=False)).get("/staff/notifications/teammail/").status_code == 403


def ways_back(page: Page) -> list[str]:
    crumbs = page.one("nav", "crumbs")
    return [link.text for link in page.all("a") if crumbs in link.inside]

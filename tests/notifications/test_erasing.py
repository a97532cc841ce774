"""What is held about an address, and that it goes."""

from datetime import timedelta

import pytest

from notifications.delivery.services import Outcome, claim_notification, store_outcome
from notifications.models import Notification, NotificationState
from notifications.privacy import erase_address, erase_bodies_about, erase_messages_before, export_messages
from notifications.rendering import Rendered

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("kind")]
WORDS = {"subject": "Hello Sam", "text_body": "Sam", "html_body": "<p>Sam</p>", "last_error": "451 sam"}


def test_everything_to_an_address_is_shown(kind, make_row, now):
    make_row(state="sent", sent_at=now, recipient="Sam@nhs.net", **WORDS)
    make_row(recipient="other@nhs.net")
    assert export_messages("sam@NHS.net") == [
        {
            "kind": "Test mail",
            "reference": "BK-7Q4M-2F",
            "state": "Sent",
            "created_at": now,
            "sent_at": now,
            "subject": "Hello Sam",
            "text": "Sam",
        }
    ]


def test_nobody_has_the_empty_address(make_row):
    make_row(recipient="")
    assert export_messages("") == []


def test_address_and_words_go_and_what_was_not_sent_stays_unsent(make_row, now):
    make_row(state="sent", sent_at=now, recipient="Sam@nhs.net", **WORDS)
    make_row(recipient="sam@nhs.net", is_account_mail=True, sealed_body=b"x")
    other = make_row(recipient="other@nhs.net", **WORDS)
    assert erase_address("sam@nhs.net", now) == 2
    erased = Notification.objects.exclude(pk=other.pk)
    assert set(erased.values_list("recipient", "subject", "text_body", "html_body", "last_error", "sealed_body")) == {
        ("", "", "", "", "", None)
    }
    assert sorted(erased.values_list("state", flat=True)) == [NotificationState.EXPIRED, NotificationState.SENT]
    other.refresh_from_db()
    assert (other.recipient, other.text_body) == ("other@nhs.net", "Sam")


def test_an_answer_to_a_complaint_still_goes(make_row, now):
    waits = make_row(kind="complaint-answered", recipient="sam@nhs.net")
    make_row(kind="complaint-received", recipient="sam@nhs.net", state="sent", sent_at=now, **WORDS)
    assert (erase_messages_before("sam@nhs.net", now + timedelta(days=1), now), erase_address("sam@nhs.net", now)) == (1, 0)
    waits.refresh_from_db()
    assert (waits.state, waits.recipient) == (NotificationState.PENDING, "sam@nhs.net")


def test_a_worker_that_is_sending_can_not_write_the_words_back(make_row, now):
    row = claim_notification(make_row(recipient="sam@nhs.net").pk, now=now)
    erase_address("sam@nhs.net", now)
    assert (
        store_outcome(row, Outcome(NotificationState.SENT, kept=Rendered("Hello Sam", "Sam", "Sam"), extra={"sent_at": now})).ours
        is False
    )
    row.refresh_from_db()
    assert (row.recipient, row.text_body, row.state) == ("", "", NotificationState.EXPIRED)


def test_words_to_others_about_the_same_things_go_too(make_row, now):
    row = make_row(about="booking:12", recipient="staff@ctac.example", state="sent", sent_at=now, **WORDS)
    other = make_row(about="booking:13", **WORDS)
    assert erase_bodies_about(["booking:12"], now) == 1
    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.recipient, row.subject, row.text_body, row.html_body) == ("staff@ctac.example", "", "", "")
    assert other.subject == "Hello Sam"


@pytest.mark.parametrize("state", [NotificationState.SENT, NotificationState.PENDING, NotificationState.FAILED])
def test_a_worker_that_is_sending_to_others_tells_what_became_of_it_but_keeps_no_words(make_row, now, state):
    row = claim_notification(make_row(about="booking:12", recipient="staff@ctac.example").pk, now=now)
    erase_bodies_about(["booking:12"], now)
    extra = {"sent_at": now} if state == NotificationState.SENT else {}
    assert store_outcome(row, Outcome(state, "451 Sam", kept=Rendered("Hello Sam", "Sam", "Sam"), extra=extra)).ours is True
    row.refresh_from_db()
    assert (row.state, row.recipient) == (state, "staff@ctac.example")
    assert (row.subject, row.text_body, row.html_body, row.last_error) == ("", "", "", "")


def test_a_try_after_the_erasure_keeps_no_words_either(make_row, now):
    row = make_row(about="booking:12", recipient="staff@ctac.example")
    erase_bodies_about(["booking:12"], now)
    row = claim_notification(row.pk, now=now)
    store_outcome(row, Outcome(NotificationState.SENT, kept=Rendered("Hello Sam", "Sam", "Sam"), extra={"sent_at": now}))
    row.refresh_from_db()
    assert (row.state, row.subject, row.text_body) == (NotificationState.SENT, "", "")

"""What came back counts once, marks the address, holds mail back, and is put right."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection

from notifications import preferences
from notifications.bounces.services import BounceReport, clear_mark_and_resend, confirm_addresses, record_bounces
from notifications.delivery.services import deliver, marked_address_outcome
from notifications.models import (
    BounceType,
    ChoiceSource,
    MailChoice,
    MarkClearReason,
    MarkedAddress,
    Notification,
    NotificationState,
    ReportSource,
    ReturnedMail,
)
from notifications.preferences import record_choices
from notifications.privacy import erase_address, export_messages, readdress
from notifications.registry import Topic
from tests.notifications.conftest import Inbox, later

READER = "reader@leeds.example.nhs.uk"
pytestmark = pytest.mark.django_db


def came_back(row, sort=BounceType.HARD, source=ReportSource.MAILBOX, **more):
    return BounceReport(sort, source, message_id=row.message_id, said="550 5.1.1 user unknown", **more)


def went(make_row, now, **fields):
    return make_row(
        **{"state": "sent", "sent_at": now - timedelta(minutes=1), "first_tried_at": now - timedelta(minutes=1), **fields}
    )


@pytest.fixture
def returned(kind, make_row, now):
    """A message that came back at once: its address is marked."""
    row = went(make_row, now, recipient="Reader@Leeds.example.nhs.uk")
    assert record_bounces([came_back(row)], now=now) == 1
    return row


def test_one_hard_return_marks_the_address_and_the_message_counts_as_failed(returned, now):
    mark = MarkedAddress.objects.get()
    assert (mark.address, mark.sort, mark.marked_at, mark.said) == (READER, "hard", now, "550 5.1.1 user unknown")
    returned.refresh_from_db()
    assert (returned.state, returned.last_error) == ("failed", "It came back: 550 5.1.1 user unknown")
    assert list(Notification.objects.recently_failed(now)) == [returned]


def test_the_same_report_told_again_and_by_others_changes_nothing(returned, now):
    clear_mark_and_resend(address=READER, how=MarkClearReason.OWNER, by=None, now=now)
    before = list(MarkedAddress.objects.values()), list(Notification.objects.order_by("pk").values())
    for source in (ReportSource.MAILBOX, ReportSource.PROVIDER, ReportSource.SERVER):
        assert (
            record_bounces([came_back(returned, source=source), came_back(returned, source=source)], now=now + timedelta(hours=1))
            == 0
        )
    assert (list(MarkedAddress.objects.values()), list(Notification.objects.order_by("pk").values())) == before


def test_soft_returns_mark_on_the_third_day_only(kind, make_row, now):
    for day, marks in ((0, False), (0, False), (1, False), (9, True)):
        at = now + timedelta(days=day)
        record_bounces([came_back(went(make_row, at), BounceType.SOFT)], now=at)
        assert MarkedAddress.objects.marked().exists() is marks
    assert MarkedAddress.objects.get().sort == "soft"


def test_soft_returns_that_lie_far_apart_mark_nothing(kind, make_row, now):
    for day in (0, 20, 40, 60):
        at = now + timedelta(days=day)
        record_bounces([came_back(went(make_row, at), BounceType.SOFT)], now=at)
    assert not MarkedAddress.objects.marked().exists()


def test_what_went_before_the_address_was_put_right_marks_it_no_more(returned, make_row, now):
    older = went(make_row, now)
    clear_mark_and_resend(address=READER, how=MarkClearReason.OWNER, by=None, now=now)
    record_bounces([came_back(older)], now=now + timedelta(hours=1))
    assert not MarkedAddress.objects.marked().exists()
    record_bounces([came_back(went(make_row, now + timedelta(hours=2)))], now=now + timedelta(hours=3))
    assert MarkedAddress.objects.marked().exists()


def test_a_report_by_email_needs_a_message_of_ours_and_a_provider_an_address_that_we_wrote_to(kind, make_row, now):
    went(make_row, now)
    by_mail = BounceReport(
        BounceType.HARD, ReportSource.MAILBOX, message_id="<00000000000000000000000000000000@ctac.example>", address=READER
    )
    stranger = BounceReport(BounceType.HARD, ReportSource.PROVIDER, address="stranger@elsewhere.example", key="1")
    assert record_bounces([by_mail, stranger], now=now) == 0
    assert record_bounces([BounceReport(BounceType.HARD, ReportSource.PROVIDER, address=READER.upper(), key="2")], now=now) == 1
    assert [mark.address for mark in MarkedAddress.objects.marked()] == [READER]


def test_a_complaint_stops_every_topic_once_and_marks_nothing(kind, make_row, now):
    row = went(make_row, now)
    record_bounces([came_back(row, BounceType.COMPLAINT)], now=now)
    assert preferences.is_wanted_by_topic(READER) == dict.fromkeys(Topic, False)
    assert not MarkedAddress.objects.marked().exists()
    assert {choice.chosen_where for choice in MailChoice.objects.all()} == {ChoiceSource.COMPLAINT}
    record_choices(address=READER, chosen={Topic.REMINDERS: True}, where=ChoiceSource.PAGE, now=now)
    record_bounces([came_back(row, BounceType.COMPLAINT)], now=now)
    assert preferences.wants_topic(Topic.REMINDERS, READER)


@pytest.mark.parametrize("count", [1, 40])
def test_a_thousand_answers_take_as_many_statements_as_one(kind, make_row, now, count, django_assert_num_queries):
    answers = [came_back(went(make_row, now, recipient=f"r{n}@leeds.example.nhs.uk")) for n in range(count)]
    with django_assert_num_queries(11):  # two are the savepoint
        record_bounces(answers, now=now)
    assert MarkedAddress.objects.marked().count() == count


# -- What a mark holds back --------------------------------------------------------------------------------------------


def test_one_message_a_day_goes_to_a_marked_address_and_others_wait(returned, delivered, make_row, mail_server, now):
    inbox = mail_server()
    first, second = make_row(), make_row()
    for row in (first, second):
        delivered(row, clock=later(now))
    assert (first.state, second.state, len(inbox.messages)) == ("sent", "pending", 1)
    assert (second.due_at, second.attempts) == (now + timedelta(days=1), 0)
    assert "comes back" in second.last_error
    delivered(second, clock=later(now, days=1, minutes=1))
    assert second.state == "sent"


def test_the_days_message_stays_the_one_while_our_server_makes_difficulties(returned, delivered, make_row, mail_server, now):
    class Busy(Inbox):
        async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
            return "451 later"

    mail_server(Busy())
    row = make_row()
    deliver(row.pk, clock=later(now))
    mail_server()
    delivered(row, clock=later(now, minutes=5))
    assert row.state == "sent"


def test_what_waited_three_days_fails_for_staff_to_see(returned, delivered, make_row, mail_server, now):
    mail_server()
    row = make_row()
    at = now
    for _day in range(5):
        deliver(make_row(due_at=at).pk, clock=later(at))  # takes the day's turn
        delivered(row, clock=later(at, minutes=1))
        at = max(row.due_at, at)
    assert (row.state, row.last_error) == ("failed", "Mail to this address comes back, and nobody has put the address right.")


@pytest.mark.parametrize(
    "name",
    [
        *("team_email", "safeguarding_lead_email", "data_protection_lead_email"),
        *("visit_escalation_email", "request_escalation_email"),
    ],
)
def test_codes_and_mail_to_the_team_go_whatever_came_back(returned, make_row, mail_server, change_settings, now, name):
    inbox = mail_server()
    MarkedAddress.objects.update(tried_at=now)
    change_settings(**{name: READER})
    for row in [make_row(), make_row()]:
        deliver(row.pk, clock=later(now))
    assert len(inbox.messages) == 2


def test_news_does_not_go_to_a_marked_address_and_reminders_wait(returned, make_kind, make_row, mail_server, now):
    mail_server()
    MarkedAddress.objects.update(tried_at=now)
    record_choices(address=READER, chosen={Topic.EDITIONS: True}, where=ChoiceSource.PAGE, now=now)
    rows = []
    for topic in (Topic.EDITIONS, Topic.REMINDERS):
        make_kind(f"about-{topic}", topic=topic)
        rows.append(make_row(kind=f"about-{topic}"))
        deliver(rows[-1].pk, clock=later(now))
    assert [Notification.objects.get(pk=row.pk).state for row in rows] == ["expired", "pending"]


def test_a_message_to_an_address_that_is_not_marked_costs_one_statement(kind, make_row, now, django_assert_num_queries):
    row = make_row()
    with django_assert_num_queries(1):
        assert marked_address_outcome(row, now=now) is None


def test_our_own_servers_final_no_marks_too(kind, delivered, make_row, mail_server, now):
    class NoSuchUser(Inbox):
        async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
            return "550 5.1.1 no such user"

    mail_server(NoSuchUser())
    row = make_row()
    delivered(row, clock=later(now))
    mark = MarkedAddress.objects.get()
    assert (row.state, mark.sort, mark.address) == ("failed", "hard", READER)
    assert ReturnedMail.objects.get().source == "server"


# -- Put right ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def waiting(returned, make_row, now):
    """A second message, put off because the day's turn is taken."""
    MarkedAddress.objects.update(tried_at=now)
    row = make_row()
    deliver(row.pk, clock=later(now))
    return row


def test_put_right_sends_what_waited_and_what_had_come_back(returned, waiting, queued, now, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        assert clear_mark_and_resend(address=READER.upper(), how=MarkClearReason.OWNER, by=None, now=now) == 2
    again = Notification.objects.get(resend_of=returned)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.due_at, waiting.last_error) == ("pending", now, "")
    assert (again.recipient, again.state) == (returned.recipient, "pending")
    assert sorted(pk for ids in queued() for pk in ids) == [waiting.pk, again.pk]
    assert clear_mark_and_resend(address=READER, how=MarkClearReason.OWNER, by=None, now=now) == 0
    mark = MarkedAddress.objects.get()
    assert (mark.marked_at, mark.cleared_at, mark.cleared) == (None, now, "owner")


def test_a_new_address_gets_what_waited_and_what_had_come_back(returned, waiting, now):
    readdress(before="Reader@leeds.example.nhs.uk", to="right@leeds.example.nhs.uk", now=now)
    assert {row.recipient for row in Notification.objects.filter(state=NotificationState.PENDING)} == {
        "right@leeds.example.nhs.uk"
    }
    assert Notification.objects.get(resend_of=returned).state == "pending"
    assert MarkedAddress.objects.get().cleared == "changed"


def test_what_is_too_late_or_was_sent_again_already_is_not_sent_again(kind, make_row, now):
    late = went(make_row, now, expires_at=now - timedelta(minutes=1))
    old = went(make_row, now, created_at=now - timedelta(days=15))
    again = went(make_row, now)
    make_row(resend_of=again)
    record_bounces([came_back(row) for row in (late, old, again)], now=now)
    assert clear_mark_and_resend(address=READER, how=MarkClearReason.OWNER, by=None, now=now) == 0


def test_a_code_that_was_used_clears_the_mark(returned, waiting, now):
    confirm_addresses(addresses=["READER@leeds.example.nhs.uk"], how=MarkClearReason.CODE, now=now)
    waiting.refresh_from_db()
    assert waiting.due_at == now
    assert not MarkedAddress.objects.marked().exists()


def test_a_person_can_see_it_and_erasing_takes_it_away(returned, now):
    record_bounces([BounceReport(BounceType.SOFT, ReportSource.PROVIDER, address=READER, said="mailbox full", key="1")], now=now)
    [row] = export_messages("READER@leeds.example.nhs.uk")
    assert {each["said"] for each in row["came_back"]} == {"550 5.1.1 user unknown", "mailbox full"}
    erase_address(READER, now)
    assert (ReturnedMail.objects.count(), MarkedAddress.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_who_tell_of_one_address_at_once_mark_it_once(kind, make_row, now):
    rows = [went(make_row, now) for _ in range(2)]

    def tell(row):
        record_bounces([came_back(row)], now=now)
        connection.close()

    threads = [Thread(target=tell, args=[row]) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (ReturnedMail.objects.count(), MarkedAddress.objects.marked().count()) == (2, 1)

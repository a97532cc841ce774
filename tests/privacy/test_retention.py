"""What has been kept long enough goes, to the second, and nothing before; what is left says nothing about a person."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client

from accounts.models import User
from bookings.models import Booking, BookingState, OpenSession
from core.dates import months_before
from ctac.celery import build_beat_schedule
from leaflets.models import Order, OrderState
from notifications.models import Notification, NotificationState
from privacy import retention as privacy_retention
from privacy.models import DataAction, DataActionKind, DataActionReason, RetentionRun
from privacy.retention import WARNING_PERIOD
from privacy.tasks import take_out
from professionals.models import FlaggedText, Person
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import NOW, make_booking, make_presenter, make_request
from tests.face.page import Page
from tests.factories import make_person, make_staff, make_user, sign_in, sign_in_staff
from tests.leaflets.factories import make_order
from tests.privacy.retention_records import (
    RECORDS,
    WORDS,
    booking_at,
    decided_at,
    given_at,
    message_at,
    over,
    person_at,
    visit_at,
    warned,
    warned_person_at,
)

pytestmark = pytest.mark.django_db

A_SECOND = timedelta(seconds=1)


def test_every_rule_has_a_record_here():
    assert {rule.name for rule in privacy_retention.registered_rules()} == set(RECORDS)


@pytest.mark.parametrize("name", RECORDS)
def test_at_the_second_it_stays_and_a_second_later_it_goes(name):
    make, still_there = RECORDS[name]
    make(over(name))
    assert still_there().count() == 1
    assert privacy_retention.count_by_rule(NOW)[name] == 0
    assert privacy_retention.run_rules(now=NOW).done[name] == 0
    assert still_there().count() == 1

    assert privacy_retention.count_by_rule(NOW + A_SECOND)[name] == 1
    assert still_there().count() == 1  # a dry run changes nothing
    assert privacy_retention.run_rules(now=NOW + A_SECOND).done[name] == 1
    assert still_there().count() == 0

    assert privacy_retention.run_rules(now=NOW + A_SECOND).done[name] == 0  # and a second run finds nothing more


@pytest.mark.parametrize(
    ("moment", "months", "before"),
    [
        (datetime(2027, 3, 31, 12, tzinfo=UTC), 1, datetime(2027, 2, 28, 13, tzinfo=UTC)),  # no 31st; and summer time began
        (datetime(2028, 2, 29, 12, tzinfo=UTC), 12, datetime(2027, 2, 28, 12, tzinfo=UTC)),
        (datetime(2027, 1, 12, 10, tzinfo=UTC), 24, datetime(2025, 1, 12, 10, tzinfo=UTC)),
        (datetime(2027, 12, 31, 0, 30, tzinfo=UTC), 13, datetime(2026, 11, 30, 0, 30, tzinfo=UTC)),
    ],
)
def test_months_are_counted_by_the_uk_calendar(moment, months, before):
    assert months_before(moment, months) == before


def test_the_clock_of_the_nightly_run_is_the_real_one():
    warned_person_at(over("people"))
    with time_machine.travel(NOW, tick=False):
        take_out()
    assert Person.objects.filter(name=WORDS).count() == 1
    with time_machine.travel(NOW + A_SECOND, tick=False):
        take_out()
    assert Person.objects.filter(name=WORDS).count() == 0
    assert build_beat_schedule()["take out what was kept long enough"]["task"] == "privacy.tasks.take_out"


# -- Figures stay; what is alive stays ---------------------------------------------------------------------------------


def test_of_an_old_booking_and_order_the_figures_stay_and_so_does_whose_they_are():
    person = make_person()
    past = over("bookings") - timedelta(days=30)
    booking = make_booking(
        make_presenter(), past, person=person, state=BookingState.DELIVERED, visit_closed=True, notes=WORDS, closed_reason=WORDS
    )
    order = make_order(person, past)
    Order.objects.filter(pk=order.pk).update(state=OrderState.DISPATCHED)

    privacy_retention.run_rules(now=NOW)

    booking.refresh_from_db()
    order.refresh_from_db()
    assert (booking.notes, booking.contact_name, booking.address_line_1, booking.closed_reason) == ("", "", "", "")
    assert (booking.postcode, booking.audience_size, booking.person, booking.state) == ("LS1", 8, person, BookingState.DELIVERED)
    assert (order.address_line_1, order.town, " " in order.postcode) == ("", "", False)
    assert order.lines.get().copies == 5
    assert booking.anonymised_at == order.anonymised_at == NOW


def test_what_is_open_stays_however_old_it_is():
    long_ago = over("orders") - timedelta(days=400)
    order = make_order(make_person(), long_ago)
    request = make_request(notes=WORDS)
    Booking.objects.filter(pk=request.pk).update(created_at=long_ago)
    message_at(long_ago)
    Notification.objects.update(state=NotificationState.PENDING, sent_at=None)

    run = privacy_retention.run_rules(now=NOW)

    order.refresh_from_db()
    assert order.address_line_1 != ""
    assert Booking.objects.get(pk=request.pk).notes == WORDS
    assert Notification.objects.get(text_body=WORDS).recipient == "canary@leeds.nhs.uk"
    assert (run.done["orders"], run.done["bookings"], run.done["messages"]) == (0, 0, 0)


def test_what_still_needs_somebody_stays_however_old_it_is():
    """A text that nobody decided, an erasure that the file does not have, a visit of which nobody has heard."""
    long_ago = NOW - timedelta(days=9999)
    for each in (decided_at, given_at, visit_at):
        each(long_ago)
    FlaggedText.objects.update(decision="")
    DataAction.objects.update(done=DataActionKind.ERASED)
    Booking.objects.update(visit_closed=False)
    run = privacy_retention.run_rules(now=NOW)
    assert [run.done[name] for name in ("readers", "copies", "visits")] == [0, 0, 0]


def booked(person: Person, moment: datetime) -> None:
    start = moment - timedelta(hours=1)
    make_booking(make_presenter(), start, person=person, created_at=moment - timedelta(days=99), visit_closed=True)


def took_part(person: Person, moment: datetime) -> None:
    make_place(make_session(make_presenter(), moment - timedelta(hours=1)), person=person, created_at=moment - timedelta(days=99))


def ordered(person: Person, moment: datetime) -> None:
    make_order(person, moment)


def signed_in(person: Person, moment: datetime) -> None:
    User.objects.filter(pk=person.user_id).update(last_login=moment)


@pytest.mark.parametrize("did", [booked, took_part, ordered, signed_in])
def test_whoever_did_something_here_stays_and_goes_a_second_after(did):
    warned_person_at(over("people") - timedelta(days=400))
    person = Person.objects.get(name=WORDS)
    did(person, over("people"))
    assert privacy_retention.run_rules(now=NOW).done["people"] == 0
    assert privacy_retention.run_rules(now=NOW + A_SECOND).done["people"] == 1
    person.refresh_from_db()
    assert (person.name, person.email, person.profession) == ("Erased", "", "health-visitor")
    assert list(DataAction.objects.values_list("person", "reason", "by")) == [(person.pk, DataActionReason.OVER, None)]


def test_staff_stay():
    user = make_staff(date_joined=over("people") - timedelta(days=1))
    person = make_person(user=user, email=user.email)
    Person.objects.update(created_at=over("people") - timedelta(days=1))
    privacy_retention.run_rules(now=NOW)
    person.refresh_from_db()
    assert (person.erased_at, User.objects.filter(pk=user.pk).exists()) == (None, True)


# -- Batches, a run that is cut off, and one that can't do all ----------------------------------------------------------


def test_a_run_that_is_cut_off_says_how_far_it_came_and_the_next_goes_on(monkeypatch):
    for _each in range(5):
        booking_at(over("bookings") - timedelta(days=1))
    real, batches = privacy_retention.run_batch, []

    def cut_off(rule, *args):
        batches.append(rule.name)
        if batches.count("bookings") == 3:
            raise ConnectionError
        return real(rule, *args)

    monkeypatch.setattr(privacy_retention, "run_batch", cut_off)
    with pytest.raises(ConnectionError):
        privacy_retention.run_rules(now=NOW, batch=2)
    monkeypatch.undo()

    [broken] = RetentionRun.objects.all()
    assert (broken.done["bookings"], broken.ended_at) == (4, None)
    assert Booking.objects.filter(notes=WORDS).count() == 1
    assert privacy_retention.run_rules(now=NOW, batch=2).done["bookings"] == 1
    assert Booking.objects.filter(notes=WORDS).count() == 0


def test_who_can_not_be_erased_tonight_is_left_and_stops_nobody_else():
    past = over("people") - timedelta(days=9)
    for name in ("first", "second"):
        person = make_person(name=name)
        Person.objects.filter(pk=person.pk).update(created_at=past)
        User.objects.filter(pk=person.user_id).update(date_joined=past)
        warned(person)
    first = Person.objects.get(name="first")
    make_booking(make_presenter(), past, person=first, created_at=past)  # of which nobody has said that all is well
    run = privacy_retention.run_rules(now=NOW)
    assert (run.done["people"], run.left) == (1, 1)
    assert list(Person.objects.exclude(name="Erased").values_list("name", flat=True)) == ["first"]


# Which of two indexes is the better, a table with few rows gives no ground to choose.
OTHER_INDEXES = """
    SELECT relid.relname FROM pg_index JOIN pg_class relid ON relid.oid = indexrelid
    WHERE indrelid = %s::regclass AND NOT indisunique AND NOT indisexclusion AND relid.relname <> %s
"""


@pytest.mark.parametrize(
    ("name", "index"),
    [
        *(("bookings", "booking_kept"), ("sessions", "session_kept"), ("leave", "leave_with_words"), ("orders", "order_kept")),
        *(("messages", "notification_kept"), ("people", "person_kept")),
    ],
)
def test_what_is_due_can_be_found_by_an_index_of_what_is_still_kept(name, index):
    rule = next(each for each in privacy_retention.registered_rules() if each.name == name)
    with connection.cursor() as cursor:
        cursor.execute(OTHER_INDEXES, [rule.due(NOW).model._meta.db_table, index])
        for (other,) in cursor.fetchall():
            cursor.execute(f'DROP INDEX "{other}"')
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    assert index in rule.due(NOW)[: privacy_retention.RETENTION_BATCH_SIZE].explain()


# -- The report -----------------------------------------------------------------------------------------------------------


def test_the_command_says_what_is_due_and_does_it_only_when_told_to():
    long_ago = datetime.now(UTC) - timedelta(days=365 * 9)
    person_at(long_ago)
    warned(Person.objects.get(name=WORDS), datetime.now(UTC) - WARNING_PERIOD)
    said = io.StringIO()
    call_command("retention", stdout=said)
    assert "        1  People: name, contact details, account (kept for 3 years after the last sign-in" in said.getvalue()
    assert said.getvalue().endswith("Nothing was changed. With --run it is taken out.\n")
    assert Person.objects.filter(name=WORDS).count() == 1

    call_command("retention", "--run", stdout=said)
    assert Person.objects.filter(name=WORDS).count() == 0


def test_a_manager_sees_what_is_due_and_what_was_done(django_assert_max_num_queries):
    with time_machine.travel(NOW):
        person_at(over("people") - timedelta(days=1))
        RetentionRun.objects.create(started_at=NOW, ended_at=NOW, done={"orders": 1234})
        browser = sign_in_staff(Client(), make_staff(role="manager"))
        with django_assert_max_num_queries(24):  # a count for each rule
            page = browser.get("/staff/privacy/retentionrun/").content.decode()
    assert "3 years after the last sign-in, booking, order or session" in page
    assert "Leaflet orders: 1,234" in page
    assert all(kept.what in page and kept.how_long in page for kept in privacy_retention.hourly_periods())
    assert WORDS not in page


def test_nobody_else_does():
    assert sign_in_staff(Client(), make_staff(role="coordinator")).get("/staff/privacy/retentionrun/").status_code == 403
    assert sign_in(Client(), make_person()).get("/staff/privacy/retentionrun/").status_code == 302


def test_spans_are_said_in_words():
    spans = [timedelta(minutes=10), timedelta(hours=48), timedelta(days=7), timedelta(days=90)]
    assert [privacy_retention.span_text(span) for span in spans] == ["10 minutes", "48 hours", "7 days", "90 days"]
    assert [privacy_retention.months_text(months) for months in (1, 12, 18, 36)] == [
        "1 month",
        "1 year",
        "18 months",
        "3 years",
    ]


def test_sessions_and_places_lose_reasons_too():
    session = make_session(make_presenter(), over("sessions") - timedelta(days=2), state="cancelled", closed_reason=WORDS)
    privacy_retention.run_rules(now=NOW)
    assert OpenSession.objects.get(pk=session.pk).closed_reason == ""


def test_the_privacy_notice_says_what_the_rules_do_and_follows_the_settings(client, settings, change_settings):
    change_settings(keep_orders_months=18)
    settings.BACKUP_KEEP_DAYS = 45
    page = Page(client.get("/privacy/").content.decode())
    rows = [[cell.text for cell in page.elements if cell.tag in {"th", "td"} and row in cell.inside] for row in page.all("tr")]
    for rule in privacy_retention.registered_rules():
        if not rule.ahead:
            assert [rule.what, rule.why, f"{rule.how_long} after {rule.since}"] in rows
    for kept in privacy_retention.hourly_periods():
        assert [kept.what, kept.why, kept.how_long] in rows
    assert ["Leaflet orders", "To send your parcel", "18 months after the order was placed"] in rows
    assert ["Backups", "In case our computers fail", "Up to 45 days"] in rows
    assert f"We will email you {privacy_retention.WARNING_PERIOD.days} days before that." in page.one("main").text


def test_the_privacy_notice_says_who_answers_who_processes_and_how_long_the_audit_is_kept(client, settings, change_settings):
    page = client.get("/privacy/").content.decode()
    assert "Example Children’s Charity, 1 Example Street, London N1 1AA, decides how we use your details." in page
    assert "The firms are:" not in page
    change_settings(data_controller="The Charity <1 High Street>", data_processors="Host Ltd; Mail GmbH (Germany)")
    settings.AUDIT_KEPT_MONTHS = 18
    page = client.get("/privacy/").content.decode()
    assert "The Charity &lt;1 High Street&gt;" in page
    assert "The firms are: Host Ltd; Mail GmbH (Germany)" in page
    assert "18 months after the end of that month" in page
    assert "Information Commissioner’s Office" in page


def test_mail_of_somebody_whom_staff_entered_stays_when_a_sign_in_with_their_address_goes():
    long_ago = NOW - timedelta(days=9999)
    user = make_user("shared@nhs.net")
    User.objects.filter(pk=user.pk).update(date_joined=long_ago, last_login=long_ago)
    Person.objects.filter(pk=make_person(email="other@nhs.net").pk).update(email="shared@nhs.net", user=None)
    blank = {
        "kind": "booking-confirmed",
        "about": "booking:1",
        "state": NotificationState.PENDING,
        "created_at": NOW,
        "due_at": NOW,
    }
    Notification.objects.create(message_id="<shared@test>", recipient="shared@nhs.net", **blank)
    privacy_retention.run_rules(now=NOW)
    assert not User.objects.filter(pk=user.pk).exists()
    assert Notification.objects.get(message_id="<shared@test>").recipient == "shared@nhs.net"


def test_a_record_that_fails_keeps_no_other_from_its_end(monkeypatch):
    long_ago = NOW - timedelta(days=9999)
    for _twice in range(2):
        person = make_person()
        Person.objects.filter(pk=person.pk).update(created_at=long_ago)
        User.objects.filter(pk=person.user_id).update(date_joined=long_ago, last_login=long_ago)
    rule = next(each for each in privacy_retention.registered_rules() if each.name == "people")
    failed = []

    def take_out(keys, now):
        if not failed:
            failed.extend(keys)
            raise RuntimeError
        rule.take_out(keys, now)

    left: set[int] = set()
    broken = replace(rule, take_out=take_out)
    due = broken.due(broken.cutoff(NOW))
    assert [privacy_retention.run_record(broken, due, key, NOW, left) for key in due.values_list("pk", flat=True)] == [0, 1]
    assert left == set(failed)

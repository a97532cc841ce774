"""What staff do with a complaint: each step on its day, each email once, nothing that was written changed."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction

from core.errors import ChangedMeanwhile, DomainError
from notifications.models import Notification
from notifications.registry import get_email_class
from notifications.rendering import render
from privacy.models import Complaint, ComplaintEvent, ContactMethod
from privacy.services import (
    acknowledge_complaint,
    add_complaint_note,
    answer_complaint,
    close_complaint,
    report_complaint_progress,
)
from tests.factories import make_staff
from tests.privacy.rows import NOW, make_complaint

pytestmark = pytest.mark.django_db
A_DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as moment:
        yield moment


def step(service, complaint, *, told=ContactMethod.EMAIL, on=None, words="We look into it.", now=NOW, by=None):
    service(complaint=complaint, told=told, on=on, words=words, by=by or make_staff(), now=now)
    complaint.refresh_from_db()


def said_to(kind: str) -> str:
    row = Notification.objects.get(kind=kind)
    assert get_email_class(kind)(row).is_still_due()
    return render(get_email_class(kind)(row).message()).text


def test_acknowledged_by_email_from_here_it_is_of_today(clock):
    complaint, by = make_complaint(), make_staff()
    step(acknowledge_complaint, complaint, words="Mo looks into it.", now=NOW + A_DAY, by=by)
    assert (complaint.state, complaint.acknowledged_on) == ("acknowledged", date(2026, 11, 5))
    assert "Mo looks into it." in said_to("complaint-acknowledged")
    event = complaint.events.get(kind="acknowledged")
    assert (event.told, event.on, event.text, event.by) == ("email", date(2026, 11, 5), "Mo looks into it.", by)


def test_acknowledged_by_letter_it_is_of_the_day_on_which_it_went_and_no_email_goes():
    complaint = make_complaint(email="", phone="0113 496 0000", received_on=date(2026, 11, 1))
    step(acknowledge_complaint, complaint, told=ContactMethod.LETTER, on=date(2026, 11, 3))
    assert complaint.acknowledged_on == date(2026, 11, 3)
    assert not Notification.objects.filter(kind="complaint-acknowledged").exists()


@pytest.mark.parametrize("on", [None, date(2026, 10, 31), date(2026, 11, 5)])
def test_a_day_before_it_came_or_ahead_is_refused(on):
    complaint = make_complaint(received_on=date(2026, 11, 1))
    with pytest.raises(DomainError, match="Enter the day on which you told them"):
        step(acknowledge_complaint, complaint, told=ContactMethod.PHONE, on=on)
    assert complaint.events.count() == 1


def test_without_an_address_no_email_can_go():
    with pytest.raises(DomainError, match="We have no email address for this complaint"):
        step(acknowledge_complaint, make_complaint(email="", phone="0113 496 0000"))


def test_it_is_acknowledged_once():
    complaint = make_complaint()
    step(acknowledge_complaint, complaint)
    with pytest.raises(ChangedMeanwhile):
        step(acknowledge_complaint, complaint)


def test_an_outcome_within_the_30_days_acknowledges_it_as_well():
    complaint = make_complaint()
    step(answer_complaint, complaint, words="You are right.")
    assert (complaint.state, complaint.acknowledged_on, complaint.answered_on) == ("answered", NOW.date(), NOW.date())
    said = said_to("complaint-answered")
    assert "You are right." in said
    assert "ico.org.uk" in said
    assert not get_email_class("staff-complaint-due")(Notification.objects.get(kind="staff-complaint-due")).is_still_due()


def test_how_it_goes_is_told_as_often_as_it_takes():
    complaint = make_complaint()
    step(acknowledge_complaint, complaint)
    for words in ("We wait for the carrier.", "The carrier has answered."):
        step(report_complaint_progress, complaint, words=words)
    assert complaint.state == "acknowledged"
    assert Notification.objects.filter(kind="complaint-progress").count() == 2


@pytest.mark.parametrize("service", [report_complaint_progress, answer_complaint])
def test_nothing_is_told_without_words(service):
    complaint = make_complaint()
    step(acknowledge_complaint, complaint)
    with pytest.raises(DomainError, match="Write what you want to tell them"):
        step(service, complaint, words="  ")


def test_it_is_closed_after_an_outcome_or_with_a_reason():
    complaint, by = make_complaint(), make_staff()
    with pytest.raises(DomainError, match="Nobody has told them an outcome"):
        close_complaint(complaint=complaint, words="", flagged=False, by=by, now=NOW)
    close_complaint(complaint=complaint, words="They took it back.", flagged=False, by=by, now=NOW)
    complaint.refresh_from_db()
    assert (complaint.state, complaint.closed_at, complaint.acknowledged_on) == ("closed", NOW, None)
    answered = make_complaint()
    step(answer_complaint, answered)
    close_complaint(complaint=answered, words="", flagged=False, by=by, now=NOW)
    add_complaint_note(complaint=answered, words="The Commissioner asked on Monday.", flagged=False, by=by, now=NOW)
    assert [event.kind for event in answered.events.all()] == ["received", "answered", "closed", "noted"]


def test_the_database_keeps_every_step():
    event = make_complaint().events.get()
    for change in (lambda: event.delete(), lambda: ComplaintEvent.objects.update(on=date(2026, 1, 1))):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()
    ComplaintEvent.objects.update(text="")


@pytest.mark.parametrize(
    "values", [{"state": "acknowledged"}, {"acknowledged_on": date(2026, 11, 4)}, {"state": "closed"}, {"closed_at": NOW}]
)
def test_the_database_refuses_a_state_without_its_day(values):
    make_complaint()
    with pytest.raises(IntegrityError, match="complaint_"), transaction.atomic():
        Complaint.objects.update(**values)


def test_overdue_is_from_the_day_after_the_thirtieth():
    make_complaint()
    assert Complaint.objects.overdue(datetime(2026, 12, 4, 23, 59, tzinfo=UTC)).count() == 0
    assert Complaint.objects.overdue(datetime(2026, 12, 5, tzinfo=UTC)).count() == 1


def test_what_is_due_is_found_by_an_index():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT id FROM privacy_complaint WHERE state = 'received' ORDER BY received_on, id LIMIT 9")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "complaint_due" in plan
    assert "Sort" not in plan

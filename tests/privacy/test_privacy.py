"""Whose complaint it is gets a copy of it; an erasure takes the words of what is closed, and answers what is open first."""

import json

import pytest
import time_machine

from notifications.models import Notification, NotificationState
from privacy import retention as privacy_retention
from privacy.models import Complaint, ComplaintEvent, ContactMethod
from privacy.services import answer_complaint, close_complaint, erase_person, erasure_consequences, export_person
from professionals.models import FlaggedText
from professionals.safeguarding.services import flagged_fields, notify_safeguarding_lead
from tests.factories import make_person, make_staff
from tests.privacy.rows import NOW, WRONG, make_complaint

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as moment:
        yield moment


def answered_and_closed(complaint: Complaint) -> None:
    by = make_staff()
    answer_complaint(complaint=complaint, told=ContactMethod.EMAIL, on=None, words="You are right, Sam.", by=by, now=NOW)
    close_complaint(complaint=complaint, words="", flagged=False, by=by, now=NOW)


def test_a_copy_has_theirs_and_those_with_their_address_and_nobody_elses():
    person = make_person(email="sam@leeds.nhs.uk")
    own = make_complaint(person=person, email="sam.at.home@mail.example")
    same_address = make_complaint(email="SAM@leeds.nhs.uk")
    make_complaint(email="other@leeds.nhs.uk")
    anothers = make_complaint(person=make_person(), email="sam@leeds.nhs.uk")
    found = export_person(person)["complaints"]
    assert {each["reference"] for each in found} == {own.reference, same_address.reference}
    assert WRONG in json.dumps(found, default=str)
    erase_person(person, by=None, now=NOW)
    anothers.refresh_from_db()
    assert (anothers.email, anothers.goes_when_closed) == ("sam@leeds.nhs.uk", False)


def test_what_an_erased_person_left_open_is_not_shown_to_who_has_their_address_next():
    person = make_person(email="sam@leeds.nhs.uk")
    make_complaint(person=person)
    erase_person(person, by=None, now=NOW)
    assert export_person(make_person(email="sam@leeds.nhs.uk"))["complaints"] == []


def test_who_has_no_address_gets_no_complaint_of_others_without_one():
    make_complaint(email="", phone="0113 496 0000")
    assert export_person(make_person(email="", with_user=False))["complaints"] == []


def test_what_is_closed_loses_its_words_and_keeps_its_steps():
    person = make_person()
    complaint = make_complaint(person=person)
    answered_and_closed(complaint)
    Notification.objects.update(state=NotificationState.SENT, sent_at=NOW)
    erase_person(person, by=None, now=NOW)
    complaint.refresh_from_db()
    assert (complaint.name, complaint.email, complaint.description, complaint.person) == ("Erased", "", "", None)
    assert [(event.kind, event.text) for event in complaint.events.all()] == [("received", ""), ("answered", ""), ("closed", "")]
    assert (complaint.acknowledged_on, complaint.answered_on) == (NOW.date(), NOW.date())
    assert set(Notification.objects.filter(about__startswith="complaint:").values_list("recipient", flat=True)) == {""}


def test_what_is_closed_waits_until_our_answer_has_gone():
    person = make_person()
    complaint = make_complaint(person=person)
    answered_and_closed(complaint)
    erase_person(person, by=None, now=NOW)
    complaint.refresh_from_db()
    assert (complaint.person, complaint.goes_when_closed, complaint.description) == (None, True, WRONG)
    mail = Notification.objects.get(kind="complaint-answered")
    assert (mail.state, mail.recipient) == (NotificationState.PENDING, person.email)
    assert privacy_retention.run_rules(now=NOW).done["complaints"] == 0

    Notification.objects.unfinished().update(state=NotificationState.SENT, sent_at=NOW)
    assert privacy_retention.run_rules(now=NOW).done["complaints"] == 1
    complaint.refresh_from_db()
    mail.refresh_from_db()
    assert (complaint.description, mail.recipient) == ("", "")


def test_what_is_open_is_answered_first_and_then_goes(clock):
    person = make_person()
    complaint = make_complaint(person=person)
    assert erasure_consequences(person, NOW) == [
        f"Your complaint {complaint.reference} is still open. We will answer it first, then erase what it says."
    ]
    erase_person(person, by=None, now=NOW)
    complaint.refresh_from_db()
    assert (complaint.person, complaint.description, complaint.email) == (None, WRONG, person.email)
    assert privacy_retention.run_rules(now=NOW).done["complaints"] == 0

    answered_and_closed(complaint)
    assert privacy_retention.run_rules(now=NOW).done["complaints"] == 0  # our answer has not gone yet
    Notification.objects.unfinished().update(state=NotificationState.SENT, sent_at=NOW)
    assert privacy_retention.run_rules(now=NOW).done["complaints"] == 1
    complaint.refresh_from_db()
    assert (complaint.name, complaint.description, complaint.email) == ("Erased", "", "")
    assert not Notification.objects.filter(recipient=person.email).exists()


def test_who_complained_lately_is_still_with_us():
    person = make_person()
    make_complaint(person=person, now=NOW)
    assert privacy_retention.has_complained in privacy_retention._activities
    with_us = type(person).objects.filter(privacy_retention.has_complained(NOW))
    assert list(with_us) == [person]


def test_the_lead_clears_a_childs_details_from_complaint_and_notes():
    complaint = make_complaint(description="Zebedia Quark, born 12/03/2014, NHS number 943 476 5919")
    notify_safeguarding_lead(about=f"complaint:{complaint.pk}", reference=complaint.reference, now=NOW)
    ComplaintEvent.objects.update(text="Zebedia Quark, born 12/03/2014")
    found = flagged_fields(FlaggedText.objects.get())
    assert [each.column for each in found] == ["description", "text"]
    for each in found:
        each.clear()
    complaint.refresh_from_db()
    assert (complaint.description, complaint.events.get().text) == ("", "")

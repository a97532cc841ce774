"""Invitations to new sessions: to whoever asked, one email for all that is planned on one day, while they can be joined."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.models import OpenSession, Presentation
from bookings.open_sessions.emails import SessionInvitation
from bookings.open_sessions.queries import PlannedSession
from bookings.open_sessions.services.sessions import invite_subscribers, plan_sessions
from notifications.models import ChoiceSource, Notification
from notifications.preferences import record_choices
from notifications.registry import Topic
from professionals.models import Person
from tests.bookings.open_sessions.rows import make_place
from tests.bookings.rows import NOW, at
from tests.factories import make_person

pytestmark = pytest.mark.django_db


def make_reader(*, wanted: bool = True) -> Person:
    person = make_person()
    record_choices(address=person.email, chosen={Topic.INVITATIONS: wanted}, where=ChoiceSource.PAGE, now=NOW)
    return person


def plan(presentation: Presentation, *starts: datetime, now: datetime = NOW) -> list[OpenSession]:
    planned = [PlannedSession(presentation=presentation, presenter=None, starts_at=start, capacity=2) for start in starts]
    return plan_sessions(sessions=planned, by=None, now=now)


def test_who_asked_gets_one_email_for_all_that_is_planned_on_a_day(presentation: Presentation) -> None:
    reader, _no, _never = make_reader(), make_reader(wanted=False), make_person()
    week = timedelta(days=7)
    [first, second] = plan(presentation, at("10:00"), at("10:00") + week)
    [third] = plan(presentation, at("10:00") + 2 * week, now=NOW + timedelta(hours=1))
    [row] = Notification.objects.filter(kind=SessionInvitation.name)
    assert (row.recipient, row.due_at.isoformat()) == (reader.email, "2027-01-13T09:00:00+00:00")
    later = NOW + timedelta(days=1)
    assert SessionInvitation(row, now=later).sessions == [first, second, third]
    make_place(first, person=reader)
    OpenSession.objects.filter(pk=second.pk).update(state="cancelled")
    assert SessionInvitation(row, now=later).sessions == [third]
    OpenSession.objects.filter(pk=third.pk).update(waiting=1)
    assert SessionInvitation(row, now=later).sessions == []
    assert not SessionInvitation(row).is_still_due()
    readers = [make_reader() for _number in range(3)]
    with CaptureQueriesContext(connection) as asked:
        assert invite_subscribers([third], later) == len(readers) + 1
    assert len(asked) == 3


def test_the_email_says_when_and_where_to_take_a_place(presentation: Presentation) -> None:
    [session] = plan(presentation, at("10:00"))
    message = SessionInvitation(Notification(), sessions=[session]).message()
    assert presentation.title in str(message.subject)
    assert str(message.context["url"]).endswith(session.get_absolute_url())

"""A complaint that a colleague closes while its person is erased."""

import pytest
from django.db import connection

from notifications.models import Notification, NotificationState
from privacy.models import Complaint
from privacy.services import erase_person
from tests.accounts.sessions.test_at_once import held
from tests.factories import make_person
from tests.privacy.rows import NOW, make_complaint
from tests.professionals.waiting import begun

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
CLOSES = "UPDATE privacy_complaint SET state = 'closed', closed_at = %s WHERE id = %s"


def test_what_is_being_closed_just_now_is_waited_for_and_loses_its_words():
    person = make_person()
    complaint = make_complaint(person=person, now=NOW)
    Notification.objects.update(state=NotificationState.SENT, sent_at=NOW)
    connection.commit()
    with held(CLOSES, NOW, complaint.pk) as other:
        thread = begun(lambda: erase_person(person, by=None, now=NOW), [])
        other.commit()
        thread.join()
    found = Complaint.objects.get()
    assert (found.person, found.name, found.description) == (None, "Erased", "")

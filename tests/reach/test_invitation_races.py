"""Two coordinators who invite at the same moment: on real connections, and without the guard they would send two."""

import uuid

import pytest
from django.db import connection

from notifications.models import ChoiceSource, Notification
from notifications.preferences import record_choices
from notifications.registry import Topic
from reach.areas import Unit, areas_of
from reach.invitations.services import invite_area
from reach.models import Campaign, CampaignInvite
from tests.bookings.rows import NOW, make_presentation, make_presenter
from tests.bookings.test_races import all_at_once
from tests.factories import make_person
from tests.reach.test_invitations import LEEDS_CODE, TIMES

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
READERS, COORDINATORS = 8, 4


def jobs(*, tokens: list[uuid.UUID]) -> list:
    make_presenter()
    presentation = make_presentation()
    for _number in range(READERS):
        record_choices(address=make_person().email, chosen={Topic.VISITS: True}, where=ChoiceSource.PAGE, now=NOW)
    areas = [areas_of(Unit.DISTRICT)[LEEDS_CODE]]
    asked = {"areas": areas, "presentation": presentation, "times": TIMES, "by": None, "now": NOW}
    return [lambda token=token: invite_area(token=token, **asked) for token in tokens]


def test_each_address_gets_one_of_those_who_invite_at_once():
    ends = all_at_once(jobs(tokens=[uuid.uuid4() for _number in range(COORDINATORS)]))
    assert ends["done"] >= 1
    assert ends["done"] + ends["DomainError"] == COORDINATORS
    assert CampaignInvite.objects.count() == Notification.objects.count() == READERS
    assert Campaign.objects.count() == ends["done"]


def test_a_form_that_is_sent_several_times_at_once_makes_one_campaign():
    ends = all_at_once(jobs(tokens=[uuid.uuid4()] * COORDINATORS))
    assert ends == {"done": COORDINATORS}
    assert (Campaign.objects.count(), Notification.objects.count()) == (1, READERS)


def test_without_the_guard_of_the_database_they_would_get_more():
    asked = jobs(tokens=[uuid.uuid4() for _number in range(COORDINATORS)])
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE reach_campaigninvite DROP CONSTRAINT campaigninvite_one_in_90_days")
    try:
        for _attempt in range(5):  # one of them may be through before the next begins
            for model in (CampaignInvite, Campaign, Notification):
                model.objects.all().delete()
            all_at_once(asked)
            if Notification.objects.count() > READERS:
                break
        assert Notification.objects.count() > READERS
    finally:
        CampaignInvite.objects.all().delete()
        constraint = next(each for each in CampaignInvite._meta.constraints if each.name == "campaigninvite_one_in_90_days")
        with connection.schema_editor() as editor:
            editor.add_constraint(CampaignInvite, constraint)

"""The log of breaches: 72 hours from when we became aware, and nothing that was written is changed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from core.errors import ChangedMeanwhile, DomainError
from privacy.models import Breach, BreachEvent
from privacy.services import (
    MomentInFuture,
    add_to_breach,
    record_commissioner_report,
    record_no_commissioner_report,
    record_people_not_notified,
    record_people_notified,
)
from tests.factories import make_staff
from tests.privacy.rows import NOW, make_breach

pytestmark = pytest.mark.django_db
A_SECOND, HOURS = timedelta(seconds=1), timedelta(hours=72)


def tell(breach, at, *, words="By their form.", reference="IC-1234", now=None):
    record_commissioner_report(breach=breach, at=at, reference=reference, words=words, by=make_staff(), now=now or at)
    breach.refresh_from_db()


def test_the_hours_are_hours_also_when_the_clocks_change():
    aware = datetime(2027, 3, 26, 10, tzinfo=UTC)  # 10am in winter time; on Sunday the clocks go forward
    breach = make_breach(aware_at=aware, now=aware)
    assert breach.deadline == datetime(2027, 3, 29, 10, tzinfo=UTC)  # 11am in summer time


def test_to_the_second_it_is_in_time_and_then_overdue():
    breach = make_breach(aware_at=NOW, now=NOW)
    assert list(Breach.objects.overdue(NOW + HOURS)) == []
    assert list(Breach.objects.overdue(NOW + HOURS + A_SECOND)) == [breach]


def test_told_with_their_reference_it_waits_no_more():
    breach = make_breach(aware_at=NOW, now=NOW)
    tell(breach, NOW + HOURS, words="")
    assert (breach.commissioner, breach.commissioner_told_at, breach.commissioner_reference) == ("told", NOW + HOURS, "IC-1234")
    assert not Breach.objects.running().exists()
    with pytest.raises(ChangedMeanwhile):
        tell(breach, NOW + HOURS)


def test_after_the_72_hours_the_reason_is_asked_for():
    breach = make_breach(aware_at=NOW, now=NOW)
    late = NOW + HOURS + A_SECOND
    with pytest.raises(DomainError, match="The 72 hours were over by then"):
        tell(breach, late, words=" ")
    tell(breach, late, words="The firm told us on Saturday; nobody reads that mailbox then.")
    assert breach.commissioner == "told"


def test_that_they_need_not_be_told_can_turn_out_wrong():
    breach, by = make_breach(aware_at=NOW, now=NOW), make_staff()
    record_no_commissioner_report(breach=breach, words="The list was encrypted.", by=by, now=NOW)
    with pytest.raises(ChangedMeanwhile):
        record_no_commissioner_report(breach=breach, words="Again.", by=by, now=NOW)
    tell(breach, NOW + A_SECOND)
    kinds = [event.kind for event in breach.events.all()]
    assert kinds == ["entered", "no-commissioner", "commissioner"]


def test_whether_the_people_are_told_is_decided_by_itself():
    breach, by = make_breach(aware_at=NOW, now=NOW), make_staff()
    assert Breach.objects.people_to_decide().count() == 1
    record_people_not_notified(breach=breach, words="It came back unread.", by=by, now=NOW)
    assert Breach.objects.people_to_decide().count() == 0
    record_people_notified(breach=breach, at=NOW, words="An email to all 40.", by=by, now=NOW)
    breach.refresh_from_db()
    assert (breach.people, breach.commissioner) == ("told", "")


def test_no_time_lies_ahead_or_before_we_knew():
    with pytest.raises(MomentInFuture):
        make_breach(aware_at=NOW + A_SECOND, now=NOW)
    breach = make_breach(aware_at=NOW, now=NOW)
    with pytest.raises(DomainError, match="That is before we found out about the breach"):
        tell(breach, NOW - A_SECOND, now=NOW)
    with pytest.raises(MomentInFuture):
        tell(breach, NOW + A_SECOND, now=NOW)


def test_what_is_learnt_later_is_added_and_the_database_keeps_what_stood():
    breach = make_breach(aware_at=NOW, now=NOW)
    add_to_breach(breach=breach, words="It were 41 people, not 40.", by=make_staff(), now=NOW)
    changes = (
        lambda: Breach.objects.update(concerns="Nobody"),
        lambda: Breach.objects.update(aware_at=NOW + HOURS),
        lambda: BreachEvent.objects.update(text="Nothing"),
        lambda: BreachEvent.objects.all()._raw_delete("default"),
        lambda: Breach.objects.all()._raw_delete("default"),
    )
    for change in changes:
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    assert [event.text for event in breach.events.all()] == ["", "It were 41 people, not 40."]


def test_the_database_refuses_told_without_a_time():
    make_breach()
    with pytest.raises(IntegrityError, match="breach_told_has_its_time"), transaction.atomic():
        Breach.objects.update(commissioner="told")

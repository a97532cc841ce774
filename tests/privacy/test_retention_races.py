"""Who signs in while the nightly run takes people out keeps the account, or is told that there is none: never signed in to
what goes a moment later."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg2
import pytest

from accounts.models import User
from privacy import retention as privacy_retention
from privacy.retention import RetentionRule, inactive_people, run_record
from professionals.models import Person
from tests.accounts.sessions.test_at_once import held
from tests.bookings.rows import NOW
from tests.factories import make_person
from tests.professionals.waiting import begun

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

LONG_AGO = datetime.fromisoformat("2019-03-01T10:00:00Z")
SIGNS_IN = "UPDATE accounts_user SET last_login = %s WHERE id = %s"


@pytest.fixture
def person() -> Any:
    person = make_person(name="Nadia Rahman")
    Person.objects.filter(pk=person.pk).update(created_at=LONG_AGO)
    User.objects.filter(pk=person.user_id).update(date_joined=LONG_AGO, last_login=LONG_AGO)
    return person


@pytest.fixture
def rule() -> RetentionRule:
    return next(each for each in privacy_retention.registered_rules() if each.name == "people")


def take_out(rule: RetentionRule, person: Person) -> int:
    return run_record(rule, rule.due(rule.cutoff(NOW)), person.pk, NOW, set())


def test_who_is_signing_in_just_now_is_waited_for_and_stays(person, rule):
    assert inactive_people(rule.cutoff(NOW)).filter(pk=person.pk).exists()
    answers: list[int] = []
    with held(SIGNS_IN, NOW, person.user_id) as other:
        thread = begun(lambda: take_out(rule, person), answers)
        other.commit()
        thread.join()

    person.refresh_from_db()
    assert (answers, person.name, person.user.last_login) == ([0], "Nadia Rahman", NOW)


def test_who_comes_after_the_last_look_waits_and_finds_no_account(person, rule):
    """The sign-in is of another connection, between the look at who is due and the erasure."""
    refused: list[str] = []

    def signs_in(keys: Any, now: datetime) -> None:
        try:
            with held("SET lock_timeout = '300ms'; " + SIGNS_IN, NOW, person.user_id) as other:
                other.commit()
        except psycopg2.errors.LockNotAvailable as error:
            refused.append(type(error).__name__)
        rule.take_out(keys, now)

    assert take_out(replace(rule, take_out=signs_in), person) == 1
    assert refused == ["LockNotAvailable"]
    assert not User.objects.filter(pk=person.user_id).exists()

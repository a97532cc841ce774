"""What exactly an erasure and each rule of retention take out, by column: all of it, and nothing else.

It stands in tests/snapshots/golden/goes, and is written anew as the snapshots are.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.db.models import CharField
from django.db.models.functions import Cast

from bookings.calendars.views import get_or_create_feed
from bookings.feedback.services import get_or_create_follow_up
from bookings.models import Booking, Feedback, Leave, OpenSession, SessionPlace
from leaflets.models import Order
from privacy import retention as privacy_retention
from privacy.services import erase_person
from professionals.models import Person
from tests.bookings.rows import NOW
from tests.matrix.asking import written, written_since
from tests.privacy.canary.planting import NAME, plant
from tests.privacy.retention_records import RECORDS
from tests.security.posting import kept_tables, rows_of
from tests.snapshots.golden import hold_against

MUCH_LATER = NOW + timedelta(days=365 * 30)
# Takes out nothing: an email goes to those who are about to go. The rule "people" erases them, as asked for here.
NOTHING = {"warnings", "people"}


@pytest.fixture(scope="module")
def person(django_db_setup: None, django_db_blocker: Any) -> Iterator[Person]:
    """Of whom everything is here that a rule is about, with something in each column."""
    with django_db_blocker.unblock(), transaction.atomic(), time_machine.travel(NOW, tick=False):
        person = plant(NOW)
        for name in ("leave", "visits", "readers", "copies", "sign-ins"):
            RECORDS[name][0](NOW)
        Leave.objects.update(reason=NAME, answer=NAME)
        session = OpenSession.objects.earliest("starts_at")
        OpenSession.objects.update(closed_reason=NAME)
        marks = dict.fromkeys(("useful", "clear", "ready"), 4)
        follow_up = get_or_create_follow_up(given=session, now=NOW)
        Feedback.objects.create(follow_up=follow_up, by_host=False, token="s", received_on=NOW, comment=NAME, **marks)
        for model in (Booking, Order, SessionPlace):
            model.objects.update(submission_token=Cast("pk", CharField()))
        for model in (Booking, Order):
            model.objects.update(submission_digest="d" * 64)
        get_or_create_feed(owner=person, by=person.user, now=NOW)
        yield person
        transaction.set_rollback(True)


def changes(act: Callable[[], object]) -> str:
    """By table, which columns are another, and whether rows go or come; then all is as it was."""
    with transaction.atomic():
        before = written()
        act()
        after = {table: by_key(table) for table in written_since(before) & (kept_tables() | {"accounts_session"})}
        transaction.set_rollback(True)
    found = {table: difference(by_key(table), rows) for table, rows in sorted(after.items())}
    return "".join(f"{table}: {', '.join(names)}\n" for table, names in found.items() if names)


Rows = dict[str, dict[str, str]]


def by_key(table: str) -> Rows:
    return {next(iter(row.values())): row for row in rows_of(table)}


def difference(before: Rows, after: Rows) -> list[str]:
    both = before.keys() & after.keys()
    changed = {name for key in both for name in before[key] if before[key][name] != after[key][name]}
    rows = {"rows gone": before.keys() - after.keys(), "rows new": after.keys() - before.keys()}
    return [*(said for said, keys in rows.items() if keys), *sorted(changed)]


def taken_out(rule: privacy_retention.RetentionRule) -> None:
    rule.take_out(list(rule.due_rows(MUCH_LATER).values_list("pk", flat=True)), MUCH_LATER)


def test_each_rule_and_an_erasure_take_out_this_and_no_more(person: Person, db: None) -> None:
    rules = {rule.name: rule for rule in privacy_retention.registered_rules() if rule.name not in NOTHING}
    found = {name: changes(partial(taken_out, rule)) for name, rule in rules.items()}
    found["erasure"] = changes(lambda: erase_person(person, by=None, now=NOW))
    assert [name for name, text in found.items() if not text] == []
    hold_against("goes", found)

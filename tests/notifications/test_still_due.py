"""Just before it is sent, an email of each kind is asked whether it is still due: each change that ends that, by itself."""

from collections.abc import Iterator

import pytest
import time_machine

from notifications.models import Notification
from notifications.registry import all_emails, email_for
from tests.bookings.rows import NOW
from tests.notifications.due import DUE, ELSEWHERE, Change

pytestmark = pytest.mark.django_db


def cases(which: str) -> Iterator[object]:
    for kind, due in DUE.items():
        for name, change in getattr(due, which).items():
            yield pytest.param(kind, change, id=f"{kind}: {name}")


def due_before_and_after(kind: str, change: Change | None) -> tuple[bool, bool]:
    due = DUE[kind]
    with time_machine.travel(due.at, tick=False) as clock:
        row = due.make()
        row.refresh_from_db()
        about, version = f"{row._meta.model_name}:{row.pk}", due.version(row)
        mail = Notification(kind=kind, about=about, recipient=due.recipient, version=version, created_at=NOW)
        before = email_for(mail).is_still_due()
        if callable(change):
            change(row)
        elif change:
            clock.move_to(change)
        return before, email_for(mail).is_still_due()


@pytest.mark.parametrize("kind", DUE)
def test_email_is_due_while_nothing_changes(kind: str) -> None:
    assert due_before_and_after(kind, None) == (True, True)


@pytest.mark.parametrize(("kind", "change"), cases("ends"))
def test_change_ends_email(kind: str, change: Change) -> None:
    assert due_before_and_after(kind, change) == (True, False)


@pytest.mark.parametrize(("kind", "change"), cases("keeps"))
def test_change_leaves_email_due(kind: str, change: Change) -> None:
    assert due_before_and_after(kind, change) == (True, True)


def test_every_kind_has_one_entry() -> None:
    elsewhere = [kind for kinds in ELSEWHERE.values() for kind in kinds]
    assert sorted([*DUE, *elsewhere]) == [email.name for email in all_emails()]


def test_always_due_is_said_of_few_kinds() -> None:
    assert {kind for kind, due in DUE.items() if not due.ends} == {"address-objection", "duty-disclosure", "mail-test"}

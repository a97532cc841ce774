"""Author and approver are two people, what was written stays, and there is always a way back."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from core.errors import DomainError
from office.texts import services
from office.texts.models import StepKind, TextStep, TextVersion
from office.texts.queries import live_wordings
from tests.factories import make_staff
from tests.office.texts.wordings import BOOKED, ENGLISH, SUBJECT, WITHOUT_PRESENTER, approve, sentence, write

pytestmark = pytest.mark.django_db


def live() -> str:
    """What readers get of the heading."""
    return live_wordings().get(ENGLISH, {}).get(BOOKED, BOOKED)


def send_back(version: TextVersion, **more: Any) -> TextStep:
    return services.send_back_text(version, **{"reason": "Too long", "by": make_staff(), "now": timezone.now(), **more})


def take_back(version: TextVersion) -> TextStep:
    return services.take_back_text(version, by=make_staff(), now=timezone.now())


def test_nobody_approves_their_own_wording() -> None:
    author = make_staff()
    version = write(BOOKED, "We are coming", by=author)
    with pytest.raises(DomainError, match="your own wording"):
        approve(version, by=author)
    assert live() == BOOKED


@pytest.mark.parametrize("claims", [{}, {"author": None}, {"author": "another"}])
def test_the_database_refuses_one_person_for_both_whatever_the_row_says(claims: dict[str, Any]) -> None:
    author = make_staff()
    version = write(BOOKED, "We are coming", by=author)
    if claims.get("author") == "another":
        claims = {"author": make_staff()}
    step = TextStep(version=version, kind=StepKind.APPROVED, live=version, by=author, at=timezone.now(), **claims)
    with pytest.raises(IntegrityError, match="text_author_does_not_approve"), transaction.atomic():
        step.save()


def test_the_database_refuses_an_approval_by_nobody_and_of_nobodys_wording() -> None:
    version = write(BOOKED, "We are coming")
    with pytest.raises(IntegrityError, match="needs an author and an approver"), transaction.atomic():
        TextStep.objects.create(version=version, kind=StepKind.APPROVED, live=version, at=timezone.now())
    User.objects.filter(pk=version.author_id).delete()
    version.refresh_from_db()
    assert version.author is None
    with pytest.raises(DomainError, match="account is gone"):
        approve(version)
    with pytest.raises(IntegrityError, match="needs an author and an approver"), transaction.atomic():
        TextStep.objects.create(version=version, kind=StepKind.APPROVED, live=version, by=make_staff(), at=timezone.now())


@pytest.mark.parametrize("kind", [StepKind.TAKEN_BACK, StepKind.OURS, StepKind.SENT_BACK])
def test_the_database_refuses_that_anything_unapproved_goes_live(kind: StepKind) -> None:
    other, version = write(WITHOUT_PRESENTER, "We will soon tell you."), write(BOOKED, "We are coming")
    approve(other)
    for what in (version, other):  # not approved; of another sentence
        with pytest.raises(IntegrityError), transaction.atomic():
            TextStep.objects.create(
                version=version, kind=kind, live=what, by=make_staff(), at=timezone.now(), reason="Try this instead"
            )


def test_the_database_keeps_what_was_written_and_decided() -> None:
    version = approve(write(BOOKED, "We are coming"))
    step = version.steps.get()
    for rows, change in (
        (TextVersion.objects.filter(pk=version.pk), {"text": "x"}),
        (TextStep.objects.filter(pk=step.pk), {"kind": StepKind.OURS}),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            rows.update(**change)
    for table in ("office_textstep", "office_textversion"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of ours
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        TextStep.objects.filter(pk=step.pk).update(by=make_staff())
    TextStep.objects.filter(pk=step.pk).update(by=None)


def test_a_wording_is_decided_once_and_only_the_newest() -> None:
    first = write(BOOKED, "We are coming")
    second = write(BOOKED, "We will come")
    with pytest.raises(DomainError, match="newer one"):
        approve(first)
    send_back(second)
    with pytest.raises(DomainError, match="newer one"):
        approve(second)
    with pytest.raises(IntegrityError, match="text_decided_once"), transaction.atomic():
        TextStep.objects.create(version=second, kind=StepKind.APPROVED, live=second, by=make_staff(), at=timezone.now())
    assert live() == BOOKED


def test_sent_back_needs_a_reason_and_changes_nothing_for_readers() -> None:
    approve(write(BOOKED, "We are coming"))
    version = write(BOOKED, "We will come")
    with pytest.raises(IntegrityError, match="text_sent_back_with_reason"), transaction.atomic():
        send_back(version, reason="")
    send_back(version)
    assert live() == "We are coming"
    assert not TextVersion.objects.waiting().exists()


def test_two_who_write_at_the_same_time_both_see_it() -> None:
    write(BOOKED, "We are coming")
    with pytest.raises(services.NewerWordingError):
        write(BOOKED, "We will come", seen=0)
    with pytest.raises(IntegrityError, match="text_version_once"), transaction.atomic():
        TextVersion.objects.create(key=sentence(BOOKED).key, number=1, language=ENGLISH, ours=BOOKED, text="x", at=timezone.now())
    assert TextVersion.objects.count() == 1


def test_back_to_the_wording_before_and_the_one_before_that_and_then_ours() -> None:
    first, second, third = (approve(write(BOOKED, text)) for text in ("One", "Two", "Three"))
    take_back(third)
    assert live() == "Two"
    with pytest.raises(DomainError, match="any more"):
        take_back(third)
    take_back(approve(write(BOOKED, "Four")))
    assert live() == "Two"
    take_back(second)
    assert live() == "One"
    take_back(first)
    assert live() == BOOKED
    assert TextStep.objects.count() == 8


def test_back_to_ours_at_once_and_on_from_there() -> None:
    approve(write(BOOKED, "One"))
    services.restore_default_wording(approve(write(BOOKED, "Two")), by=make_staff(), now=timezone.now())
    assert live() == BOOKED
    take_back(approve(write(BOOKED, "Three")))
    assert live() == BOOKED


def test_going_back_needs_no_second_person() -> None:
    """What comes back was approved then, by somebody other than its author."""
    approver = make_staff()
    approve(write(BOOKED, "One", by=approver))
    services.take_back_text(approve(write(BOOKED, "Two", by=approver)), by=approver, now=timezone.now())
    assert live() == "One"


def test_a_reason_is_needed_and_kept_where_the_author_was_warned() -> None:
    text = "Call us on 0113 496 0000."
    with pytest.raises(DomainError, match="Say why"):
        write(WITHOUT_PRESENTER, text)
    version = write(WITHOUT_PRESENTER, text, reason="The new office, until the line moves")
    assert TextVersion.objects.get(pk=version.pk).reason == "The new office, until the line moves"


def test_a_locked_sentence_is_refused_by_the_service_too() -> None:
    with pytest.raises(DomainError, match="locked"):
        write("If a child is in immediate danger, call 999.", "Call us.")
    with pytest.raises(DomainError, match="curly brackets"):
        write(SUBJECT, "Booked")


def test_a_wording_of_a_sentence_that_has_changed_is_not_approved(monkeypatch: pytest.MonkeyPatch) -> None:
    version = write(BOOKED, "We are coming")
    monkeypatch.setattr(services, "get_sentences", dict)
    with pytest.raises(DomainError, match="has changed since"):
        approve(version)

"""Who may approve which text, and what an approval holds for."""

import io
from datetime import timedelta
from itertools import product

import pytest
from django.core.management import call_command
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import User
from core.dates import uk_day
from core.errors import DomainError
from guidance.content import AUDIENCES, NATIONS
from guidance.models import ApprovalState, GuidancePage
from guidance.services import approve_page, approve_samples, withdraw_approval
from professionals.models import Language
from tests.factories import make_staff
from tests.guidance.approvals import approve, guidance_page

pytestmark = pytest.mark.django_db


def approve_as(author: User, by: User, *, days: int = 90, digest: str = "") -> GuidancePage:
    page, now = guidance_page(), timezone.now()
    digest = digest or page.text_digest()
    return approve_page(page, author=author, review_on=uk_day(now) + timedelta(days=days), digest=digest, by=by, now=now)


def test_every_page_is_there_and_none_is_approved() -> None:
    pages, now = GuidancePage.objects.all(), timezone.now()
    assert {(page.language, page.audience, page.nation) for page in pages} == set(product(Language.values, AUDIENCES, NATIONS))
    assert len(pages) == 56
    assert {page.state(now) for page in pages} == {ApprovalState.NEVER}


def test_an_approval_names_both_people_and_both_days() -> None:
    author, approver = make_staff(), make_staff()
    page = approve_as(author, approver)
    assert (page.author, page.approver, page.is_sample) == (author, approver, False)
    assert page.state(timezone.now()) == ApprovalState.APPROVED
    assert list(GuidancePage.objects.approved(uk_day(timezone.now()))) == [page]
    assert GuidancePage.objects.to_approve(uk_day(timezone.now())).count() == 55


def test_nobody_approves_their_own_text() -> None:
    author = make_staff()
    with pytest.raises(DomainError, match="can’t approve their own text"):
        approve_as(author, author)


@pytest.mark.parametrize("days", [0, -1, 367])
def test_the_review_is_within_a_year(days: int) -> None:
    with pytest.raises(DomainError, match="within a year"):
        approve_as(make_staff(), make_staff(), days=days)


def test_only_the_text_that_was_read_is_approved() -> None:
    with pytest.raises(DomainError, match="has changed since"):
        approve_as(make_staff(), make_staff(), digest="of another text")


def test_the_database_refuses_one_person_for_both() -> None:
    page = approve_as(make_staff(), make_staff())
    with pytest.raises(IntegrityError, match="guidance_author_does_not_approve"):
        GuidancePage.objects.filter(pk=page.pk).update(author=page.approver)


@pytest.mark.parametrize("missing", ["approved_at", "review_on"])
def test_the_database_refuses_half_an_approval(missing: str) -> None:
    page = approve_as(make_staff(), make_staff())
    with pytest.raises(IntegrityError, match="guidance_approval_is_whole"):
        GuidancePage.objects.filter(pk=page.pk).update(**{missing: None})


def test_the_database_refuses_a_page_twice() -> None:
    with pytest.raises(IntegrityError, match="guidance_page_once"):
        GuidancePage.objects.create(audience="police", nation="wales", language="cy")


def test_an_approval_is_of_the_text_in_one_language() -> None:
    page, english = guidance_page(language="cy"), guidance_page()
    with pytest.raises(DomainError, match="has changed since"):
        approve_page(
            page,
            author=make_staff(),
            review_on=uk_day(timezone.now()) + timedelta(days=90),
            digest=english.text_digest(),
            by=make_staff(),
            now=timezone.now(),
        )
    approve(page)
    assert [str(each) for each in GuidancePage.objects.approved(uk_day(timezone.now()))] == ["Health visitors, England (Cymraeg)"]


def test_another_text_is_not_approved() -> None:
    page = approve_as(make_staff(), make_staff())
    GuidancePage.objects.filter(pk=page.pk).update(digest="of the text before")
    page.refresh_from_db()
    assert page.state(timezone.now()) == ApprovalState.CHANGED
    assert not GuidancePage.objects.approved(uk_day(timezone.now())).exists()


def test_it_holds_until_the_end_of_the_review_date() -> None:
    page, now = approve_as(make_staff(), make_staff(), days=3), timezone.now()
    last, after = now + timedelta(days=3), now + timedelta(days=4)
    assert page.state(last) == ApprovalState.APPROVED
    assert page.state(after) == ApprovalState.OVERDUE
    assert GuidancePage.objects.approved(uk_day(last)).exists()
    assert not GuidancePage.objects.approved(uk_day(after)).exists()


def test_what_falls_due_is_found_beforehand() -> None:
    page, today = approve_as(make_staff(), make_staff(), days=20), uk_day(timezone.now())
    assert list(GuidancePage.objects.due_by(today + timedelta(days=30), today)) == [page]
    assert not GuidancePage.objects.due_by(today + timedelta(days=19), today).exists()
    assert not GuidancePage.objects.due_by(today + timedelta(days=60), today + timedelta(days=30)).exists()


def test_an_approver_whose_account_is_gone_approves_nothing_any_more() -> None:
    page = approve_as(make_staff(), make_staff())
    assert page.approver is not None
    page.approver.delete()
    page.refresh_from_db()
    assert page.state(timezone.now()) == ApprovalState.NEVER
    assert not GuidancePage.objects.approved(uk_day(timezone.now())).exists()


def test_a_withdrawn_approval_leaves_nothing() -> None:
    page = approve_as(make_staff(), make_staff())
    withdraw_approval(page, by=make_staff(), now=timezone.now())
    page.refresh_from_db()
    assert (page.digest, page.author, page.approver, page.approved_at, page.review_on) == ("", None, None, None, None)


def test_samples_leave_what_somebody_approved_and_follow_the_text(settings) -> None:
    approve(guidance_page("police", "wales"))
    author, approver, now = make_staff(), make_staff(), timezone.now()
    approve_samples(author=author, by=approver, now=now)
    assert GuidancePage.objects.filter(is_sample=True).count() == 55
    assert GuidancePage.objects.approved(uk_day(now)).count() == 56
    GuidancePage.objects.filter(audience="teachers", is_sample=True).update(digest="of the text before")
    approve_samples(author=author, by=approver, now=now + timedelta(minutes=1))
    assert GuidancePage.objects.approved(uk_day(now)).count() == 56
    assert GuidancePage.objects.filter(approved_at__gt=now).count() == 8
    settings.PRODUCTION = True
    assert [str(page) for page in GuidancePage.objects.approved(uk_day(now))] == ["Police, Wales"]
    assert guidance_page().state(now) == ApprovalState.NEVER


def test_a_copy_to_try_has_every_page_approved_as_a_sample() -> None:
    call_command("load_sample_data", verbosity=0, stdout=io.StringIO())
    pages, now = GuidancePage.objects.all(), timezone.now()
    assert len(pages) == 56
    assert {(page.is_sample, page.state(now)) for page in pages} == {(True, ApprovalState.APPROVED)}
    assert {(str(page.author), str(page.approver)) for page in pages} == {("Robin Clarke", "Helen Byrne")}

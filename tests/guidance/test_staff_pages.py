"""The list of approvals on the staff site, and its buttons."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.dates import uk_day
from guidance.content import read_guidance, read_nation
from guidance.models import ApprovalState, GuidancePage
from professionals.models import Language
from tests.factories import make_staff, sign_in_staff
from tests.guidance.approvals import approve, guidance_page

pytestmark = pytest.mark.django_db
LIST = "/staff/guidance/guidancepage/"


@pytest.fixture
def manager(client: Client) -> Client:
    return sign_in_staff(client, make_staff(role="manager"))


def action(page: GuidancePage, slug: str) -> str:
    return f"{LIST}{page.pk}/do/{slug}/"


def answers(page: GuidancePage, **other: Any) -> dict[str, Any]:
    day = uk_day(timezone.now()) + timedelta(days=100)
    return {
        "author": make_staff().pk,
        "review_on": f"{day.day} {day.month} {day.year}",
        "digest": page.text_digest(),
        **other,
    }


def listed(client: Client, query: str = "") -> list[str]:
    return [str(page) for page in client.get(f"{LIST}{query}").context["cl"].queryset]


def test_the_list_has_every_page_with_its_state(manager: Client) -> None:
    approve(guidance_page())
    approve(guidance_page("teachers", "wales"))
    GuidancePage.objects.filter(audience="teachers").exclude(digest="").update(digest="of the text before")
    assert len(listed(manager)) == 56
    assert len(listed(manager, "?language__exact=cy")) == 28
    content = manager.get(LIST).content.decode()
    for state in (ApprovalState.APPROVED, ApprovalState.CHANGED, ApprovalState.NEVER):
        assert str(state.label) in content
    assert listed(manager, "?state=approved") == ["Health visitors, England"]
    assert len(listed(manager, "?state=to-approve")) == 55
    assert listed(manager, "?state=due") == []
    GuidancePage.objects.filter(pk=guidance_page().pk).update(review_on=uk_day(timezone.now()) + timedelta(days=9))
    assert listed(manager, "?state=due") == ["Health visitors, England"]


@pytest.mark.parametrize("language", Language.values)
def test_the_approver_reads_the_whole_text_first(manager: Client, language: str) -> None:
    page = guidance_page(language=language)
    content = manager.get(action(page, "approve")).content.decode()
    guidance = read_guidance(page.audience, language)
    for section in (*guidance.sections, *read_nation(page.nation, language).sections):
        assert section.html in content
    assert all(line.replace("&", "&amp;").replace("'", "&#x27;") in content for line in guidance.checklist)
    assert content.count('<section lang="cy">') == (2 if language == "cy" else 0)
    assert '<html lang="en-gb"' in content


def test_a_manager_approves_what_a_colleague_wrote_and_withdraws_it(manager: Client) -> None:
    page = guidance_page()
    answer = manager.post(action(page, "approve"), answers(page), follow=True)
    assert "The page is approved." in answer.content.decode()
    page.refresh_from_db()
    assert page.is_approved(timezone.now())
    assert page.approver == answer.wsgi_request.user
    manager.post(action(page, "withdraw"), follow=True)
    page.refresh_from_db()
    assert not page.is_approved(timezone.now())


def test_a_refusal_keeps_what_was_typed(manager: Client) -> None:
    page = guidance_page()
    me = manager.get(LIST).wsgi_request.user
    answer = manager.post(action(page, "approve"), answers(page, author=me.pk, review_on="3 2 2027"))
    assert "can’t approve their own text" in answer.content.decode()
    assert 'value="3 2 2027"' in answer.content.decode()
    page.refresh_from_db()
    assert page.approver is None


@pytest.mark.parametrize("missing", ["author", "review_on", "digest"])
def test_everything_is_asked_for(manager: Client, missing: str) -> None:
    page = guidance_page()
    manager.post(action(page, "approve"), answers(page, **{missing: ""}))
    page.refresh_from_db()
    assert page.approver is None


@pytest.mark.parametrize("role", ["coordinator", "presenter", "fulfilment", "read-only"])
def test_nobody_else_approves(client: Client, role: str) -> None:
    page = guidance_page()
    sign_in_staff(client, make_staff(role=role))
    assert client.get(LIST).status_code == 403
    assert client.post(action(page, "approve"), answers(page)).status_code in {403, 404}
    page.refresh_from_db()
    assert page.approver is None


def test_nobody_adds_or_deletes_a_page(manager: Client) -> None:
    assert manager.get(f"{LIST}add/").status_code == 403
    assert manager.get(f"{LIST}{guidance_page().pk}/delete/").status_code == 403


def test_the_first_page_counts_what_waits(manager: Client) -> None:
    approve(guidance_page())
    GuidancePage.objects.filter(pk=guidance_page().pk).update(review_on=uk_day(timezone.now()) + timedelta(days=9))
    lines = [line for section in manager.get("/staff/").context["waits"] for line in section["lines"]]
    found = {str(line["label"]): line["figure"] for line in lines if "guidance" in str(line["label"])}
    assert found == {"guidance pages to approve": 55, "guidance page to review within 30 days": 1}

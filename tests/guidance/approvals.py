"""Approvals that tests need."""

from datetime import timedelta

from django.utils import timezone

from core.dates import uk_day
from guidance.models import GuidancePage
from guidance.services import approve_page
from tests.factories import make_staff


def guidance_page(audience: str = "health-visitors", nation: str = "england", language: str = "en-gb") -> GuidancePage:
    return GuidancePage.objects.get(audience=audience, nation=nation, language=language)


def approve(*pages: GuidancePage) -> None:
    """By two people, for half a year."""
    author, approver, now = make_staff(), make_staff(), timezone.now()
    for page in pages:
        review_on = uk_day(now) + timedelta(days=180)
        approve_page(page, author=author, review_on=review_on, digest=page.text_digest(), by=approver, now=now)

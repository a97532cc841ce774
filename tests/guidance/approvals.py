"""Approvals that tests need."""

from datetime import timedelta

from django.utils import timezone

from ctac.dates import uk_day
from guidance.content import digest_of
from guidance.models import GuidancePage
from guidance.services import approve_page
from tests.factories import make_staff


def guidance_page(audience: str = "health-visitors", nation: str = "england") -> GuidancePage:
    return GuidancePage.objects.get(audience=audience, nation=nation)


def approve(*pages: GuidancePage) -> None:
    """By two people, for half a year."""
    author, approver, now = make_staff(), make_staff(), timezone.now()
    for page in pages:
        digest, review_on = digest_of(page.audience, page.nation), uk_day(now) + timedelta(days=180)
        approve_page(page, author=author, review_on=review_on, digest=digest, by=approver, now=now)

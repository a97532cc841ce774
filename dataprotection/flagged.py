"""Where the words of a complaint stand that may be about a child."""

from collections.abc import Iterator

from django.db.models import Model
from django.urls import reverse

from dataprotection.models import Complaint
from dataprotection.privacy import FIELDS
from professionals.flagged import FlaggedSource


def of_complaint(key: int) -> Iterator[Model]:
    complaint = Complaint.objects.get(pk=key)
    yield from (complaint, *complaint.events.order_by("pk"))


def page_of(key: int) -> str:
    return reverse("staff:dataprotection_complaint_change", args=[key])


SOURCES = (FlaggedSource("complaint", of_complaint, page_of, FIELDS),)

"""The address by which people say how it was, as it is written and as it is typed."""

from django.conf import settings

from bookings.models import Afterwards


def full_link(afterwards: Afterwards) -> str:
    return f"{settings.SITE_URL}{afterwards.get_absolute_url()}"


def short_link(afterwards: Afterwards) -> str:
    """As people type it: 'ctac.example/f/7Q4M2F'."""
    return full_link(afterwards).partition("://")[2].rstrip("/")

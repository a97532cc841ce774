"""What is kept for a while only."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from notifications.models import MarkedAddress, ReturnedMail
from professionals.models import AddressChange, Draft, FormerAddress, RateLimit, Stopped, User
from professionals.services.address_changes import KEPT_LONGER
from professionals.services.sessions import clear_sessions

UNVERIFIED_FOR = timedelta(days=7)


def clear_expired(*, now: datetime) -> dict[str, int]:
    """Remove drafts, limits and sessions that are over, what was stopped a month ago, and what came back three months ago.

    Also sign-ups whose address was not verified within a week, changes of address a week after nobody can object any more,
    and addresses that somebody had, once no email to them is kept.
    """
    return {**_clear_together(now), "sessions": clear_sessions(now=now)}


@transaction.atomic
def _clear_together(now: datetime) -> dict[str, int]:
    gone = {
        "drafts": Draft.objects.filter(expires_at__lte=now),
        "limits": RateLimit.objects.filter(resets_at__lte=now),
        "sign-ups": _never_verified(now),
        "stopped": Stopped.objects.over(now),
        "changes of address": AddressChange.objects.over(now - KEPT_LONGER),
        "former addresses": FormerAddress.objects.with_nothing_kept(),
        "returned mail": ReturnedMail.objects.over(now),
        "marked addresses": MarkedAddress.objects.over(now),
    }
    return {name: rows.delete()[0] for name, rows in gone.items()}


def _never_verified(now: datetime) -> QuerySet[User]:
    waiting = User.objects.filter(date_joined__lte=now - UNVERIFIED_FOR, last_login=None, is_staff=False, is_superuser=False)
    return waiting.filter(person=None).exclude(emailaddress__verified=True)

"""Ending sessions. What is written here is gone at once: a request that is under way can't bring it back."""

from datetime import datetime, timedelta

from django.db import transaction

from professionals.models import Session, User
from professionals.sessions import kept_as

# Kept so long after it is over, so that a form sent too late is known to be its owner's (professionals/sent_late.py).
KNOWN_FOR = timedelta(days=1)
BATCH = 1_000


def end_sessions(*, user: User, but: str | None = None) -> int:
    """Sign this user out everywhere, but not of the session with the key `but`. How many there were."""
    ended = Session.objects.filter(user=user)
    return (ended.exclude(pk=kept_as(but)) if but else ended).delete()[0]


def clear_sessions(*, now: datetime) -> int:
    """Remove sessions that have been over for a day, a batch a transaction, so that nobody's sign-in waits for all of them."""
    gone = 0
    while cleared := _clear_batch(now - KNOWN_FOR):
        gone += cleared
    return gone


@transaction.atomic
def _clear_batch(before: datetime) -> int:
    """Those that are in use just now are left to the next time."""
    keys = Session.objects.over(before).select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCH]
    return Session.objects.filter(pk__in=list(keys)).delete()[0]

"""Every write to the outbox."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import transaction

from notifications.models import Notification
from notifications.registry import kind_named


def notify(
    *,
    kind: str,
    about: str,
    to: Iterable[str],
    now: datetime,
    reference: str = "",
    version: int = 1,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> None:
    """Write one row for each address (empty ones are left out) in the caller's transaction; after commit they are queued if due.

    Writing the same (kind, about, version, recipient) again does nothing.
    """
    raise NotImplementedError

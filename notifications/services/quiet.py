"""Quiet hours: mail that can wait is not sent in the night. UK time, asked when it is to be sent (ADR 59)."""

import random
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from ctac.uk import UK, uk_datetime
from notifications.models import Notification
from notifications.registry import kind_named

# What waited for the morning goes out over so long, and not as one wave.
SPREAD_OVER = timedelta(minutes=30)


@dataclass(frozen=True)
class Night:
    """From `begins` until `ends`, times of a UK clock; over midnight or not."""

    begins: time
    ends: time

    def end_after(self, now: datetime) -> datetime | None:
        """When the night that it is now is over; None by day."""
        local = now.astimezone(UK)
        clock = local.time()
        if self.begins <= self.ends:
            return uk_datetime(local.date(), self.ends) if self.begins <= clock < self.ends else None
        if clock < self.ends:
            return uk_datetime(local.date(), self.ends)
        return uk_datetime(local.date() + timedelta(days=1), self.ends) if clock >= self.begins else None


def night() -> Night | None:
    """As the settings have it ("20:00-07:00"); None where mail goes at any time. Raises ImproperlyConfigured."""
    if not settings.QUIET_HOURS:
        return None
    begins, _dash, ends = settings.QUIET_HOURS.partition("-")
    try:
        return Night(time.fromisoformat(begins.strip()), time.fromisoformat(ends.strip()))
    except ValueError as error:
        raise ImproperlyConfigured("QUIET_HOURS is not like 20:00-07:00.") from error


def waits_until(notification: Notification, now: datetime) -> datetime | None:
    """The moment of the morning at which it goes; None for what goes now.

    What answers somebody goes at any time, and so does what a colleague sends again, and what would come too late by then.
    """
    if notification.is_account_mail or notification.resend_of_id or not kind_named(notification.kind).can_wait:
        return None
    quiet = night()
    morning = quiet.end_after(now) if quiet else None
    if morning is None:
        return None
    moment = morning + random.random() * SPREAD_OVER  # noqa: S311 - spread, not secrecy
    return None if notification.expires_at and notification.expires_at <= moment else moment


def untried(notification: Notification) -> dict[str, object]:
    """Columns of a row that was claimed and only put off: it was not an attempt."""
    attempts = notification.attempts - 1
    return {"attempts": attempts} if attempts else {"attempts": 0, "first_tried_at": None}

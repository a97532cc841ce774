"""The email that invites to new open sessions: those planned on one day that can still be joined when it is sent."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from django.conf import settings
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.models import OpenSession, SessionPlace
from bookings.services.sessions.inviting import KIND as NAME
from bookings.session_words import room
from ctac.uk import format_day, uk_datetime
from notifications.models import Notification
from notifications.registry import Kind, Message
from notifications.samples import Example
from notifications.topics import Topic
from professionals.models import Person

MOST_LISTED = 10


def invitation(sessions: Sequence[OpenSession]) -> Message:
    first, count = sessions[0], len(sessions)
    subject = ngettext("New open session on %(day)s: “%(title)s”", "%(count)d new open sessions", count)
    path = first.get_absolute_url() if count == 1 else reverse("sessions")
    context: dict[str, object] = {
        "sessions": [
            {"session": each, "room": room(each), "url": f"{settings.SITE_URL}{each.get_absolute_url()}"}
            for each in sessions[:MOST_LISTED]
        ],
        "more": max(count - MOST_LISTED, 0),
        "count": count,
        "url": f"{settings.SITE_URL}{path}",
    }
    said = {"day": format_day(first.starts_at), "title": first.presentation.title, "count": count}
    return Message(subject % said, "session_invitation", context)


def open_to(notification: Notification, now: datetime) -> list[OpenSession]:
    """Planned on that day, with room, and without those that this reader has a place at or gave one up: one statement."""
    day = date.fromisoformat(notification.about.partition(":")[2])
    from_, until = (uk_datetime(each, time.min).astimezone(UTC) for each in (day, day + timedelta(days=1)))
    planned = OpenSession.objects.with_names().to_come(now).filter(created_at__gte=from_, created_at__lt=until)
    person = Person.objects.with_email(notification.recipient)
    known = SessionPlace.objects.filter(person__in=person).values("session")
    return list(planned.filter(occupied__lt=F("capacity"), waiting=0).exclude(pk__in=known))


def still_true(notification: Notification) -> bool:
    """Somebody reads there still, and may still come."""
    known = Person.objects.with_email(notification.recipient).exists()
    return known and bool(open_to(notification, timezone.now()))


KINDS = (
    Kind(
        NAME,
        gettext_lazy("Invitation to open sessions"),
        lambda notification: invitation(open_to(notification, timezone.now())),
        still_true,
        topic=Topic.INVITATIONS,
        can_wait=True,
    ),
)


def examples() -> Iterator[Example]:
    from bookings import session_mail_samples
    from bookings.mail_sample_rows import STARTS

    [kind] = KINDS
    one = session_mail_samples.session()
    later = session_mail_samples.session(starts_at=STARTS + timedelta(days=7), ends_at=STARTS + timedelta(days=7, minutes=90))
    yield Example(kind.name, kind.label, partial(invitation, [one]))
    yield Example(kind.name, _("Invitation to several open sessions"), partial(invitation, [one, later]))

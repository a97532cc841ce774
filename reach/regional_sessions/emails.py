"""Invites a region to one open session: people there who asked for invitations to visits or to sessions."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from bookings.models import OpenSession, SessionPlace
from bookings.open_sessions.emails import sample_presenter_session
from bookings.text import has_room, room_text
from core.dates import format_day
from notifications.registry import Desk, Email, Topic
from notifications.samples import SAMPLE_NOW, Example, example
from professionals.models import Person
from reach.models import MIN_INVITATION_INTERVAL, Campaign
from reach.regional_sessions.services import SESSION_INVITATION_BY_TOPIC, announcement_emails


class NearbySessionInvitation(Email):
    """About "campaign:12"."""

    name = SESSION_INVITATION_BY_TOPIC[Topic.VISITS]
    label = _("Invitation of a region to an open session")
    template = "reach/session_invitation"
    subject = _("Free online session on %(day)s: “%(title)s”")
    desk = Desk.BOOKINGS
    topic = Topic.VISITS
    can_wait = True
    may_resend = False  # at most one in 90 days

    @cached_property
    def session(self) -> OpenSession:
        key = Campaign.objects.values_list("session", flat=True).get(pk=self.about_key)
        return OpenSession.objects.with_related().get(pk=key)

    def is_still_due(self) -> bool:
        """Due if somebody still reads there, has no place and no other email about it, and the session has room."""
        reader, session = self.notification.recipient, self.session
        people = Person.objects.with_email(reader)
        return (
            session.is_scheduled
            and session.starts_at > timezone.now()
            and has_room(session)
            and people.exists()
            and not SessionPlace.objects.filter(session=session, person__in=people).exists()
            and not announcement_emails(session).filter(recipient=reader).exists()
        )

    def context(self) -> dict[str, object]:
        session = self.session
        return {
            "title": session.presentation.title,
            "day": format_day(session.starts_at),
            "when": session.when,
            "room": room_text(session),
            "days": MIN_INVITATION_INTERVAL.days,
            "asked_for_visits": self.topic == Topic.VISITS,
            "url": f"{settings.SITE_URL}{session.get_absolute_url()}",
        }


class RegionalSessionInvitation(NearbySessionInvitation):
    name = SESSION_INVITATION_BY_TOPIC[Topic.INVITATIONS]
    label = _("Invitation of a region to an open session, to who asked for sessions")
    template = "reach/session_invitation"
    topic = Topic.INVITATIONS


def examples() -> list[Example]:
    start = SAMPLE_NOW + timedelta(days=14)
    session = sample_presenter_session(starts_at=start, ends_at=start + timedelta(hours=1), capacity=30, occupied=0)
    return [
        example(NearbySessionInvitation, session=session),
        example(RegionalSessionInvitation, session=session),
    ]

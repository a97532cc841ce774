"""Invites the people of a region or another area to one open session, besides the email to all who asked for sessions."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.models import OpenSession, SessionPlace
from bookings.models.booking import REMINDER_TIME
from bookings.open_sessions.services.sessions import INVITATION_KIND, INVITATION_LIFETIME
from bookings.text import has_room
from core.dates import days_before, uk_day
from core.errors import DomainError
from notifications.models import Notification
from notifications.outbox import NewMessage, notify_many
from notifications.registry import Topic
from professionals.models import Person
from reach.areas import Area
from reach.invitations.queries import campaign_about, invitable_people, subscribers_in_areas
from reach.invitations.services import create_invites, get_or_create_campaign
from reach.models import Campaign, CampaignKind

# By the topic that the reader asked for, so that their no to an email stops just that topic.
SESSION_INVITATION_BY_TOPIC = {Topic.VISITS: "session-invitation-nearby", Topic.INVITATIONS: "session-invitation-regional"}


def announcement_emails(session: OpenSession) -> QuerySet[Notification]:
    """The emails that tell all subscribers of it, on the day after it was planned."""
    return Notification.objects.filter(kind=INVITATION_KIND, about=f"invited:{uk_day(session.created_at).isoformat()}")


def invitable_people_by_topic(session: OpenSession, areas: Sequence[Area], now: datetime) -> dict[Topic, QuerySet[Person]]:
    """People in these areas who could be invited to it, by the topic they asked for, each only once.

    Leaves out people who get the other email about it, were invited to anything near them in the last 90 days, or have a place.
    """
    known = SessionPlace.objects.filter(session=session).values("person")
    told = Exists(announcement_emails(session).filter(recipient=OuterRef("email")))
    found = {
        topic: invitable_people(subscribers_in_areas(areas, topic), now).exclude(told | Q(pk__in=known))
        for topic in SESSION_INVITATION_BY_TOPIC
    }
    found[Topic.INVITATIONS] = found[Topic.INVITATIONS].exclude(pk__in=list(found[Topic.VISITS].values_list("pk", flat=True)))
    return found


@transaction.atomic
def invite_to_session(*, session: OpenSession, areas: Sequence[Area], by: User | None, now: datetime, token: UUID) -> Campaign:
    """One email to each of its readers, due tomorrow morning like the one to all subscribers. `token`: as in invite_area.

    Raises DomainError if the session is cancelled, full or too soon, or if nobody is left.
    """
    due = days_before(now, -1, REMINDER_TIME).astimezone(UTC)
    if not session.is_scheduled or session.starts_at <= due or not has_room(session):
        raise DomainError(_("Choose a session that has free places and starts after 9am tomorrow, when the invitations go out."))
    campaign, is_new = get_or_create_campaign(
        CampaignKind.SESSION, areas, session.presentation, [session.starts_at], token=token, by=by, now=now, session=session
    )
    if not is_new:
        return campaign
    kinds = {person: topic for topic, people in invitable_people_by_topic(session, areas, now).items() for person in people}
    invited = {invite.person_id for invite in create_invites(campaign, kinds, (), now)}
    expires_at = min(due + INVITATION_LIFETIME, session.starts_at)
    for topic, kind in SESSION_INVITATION_BY_TOPIC.items():
        messages = [
            NewMessage(campaign_about(campaign), person.email, session.reference, due_at=due, expires_at=expires_at)
            for person, theirs in kinds.items()
            if theirs == topic and person.pk in invited
        ]
        notify_many(messages, kind=kind, now=now, left_to_sweep=True)
    return campaign

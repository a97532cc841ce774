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
from bookings.open_sessions.services.sessions import INVITATION, INVITATION_LASTS
from bookings.text import has_room
from ctac.dates import days_before, uk_day
from ctac.errors import DomainError
from notifications.models import Notification
from notifications.outbox import About, notify_about
from notifications.registry import Topic
from professionals.models import Person
from reach.areas import Area
from reach.invitations.queries import about, invitable, people_who_chose
from reach.invitations.services import plan_campaign, write_invites
from reach.models import Campaign, CampaignKind

# By the topic that the reader asked for, so that their no to an email stops just that topic.
SESSION_INVITATIONS = {Topic.VISITS: "session-invitation-nearby", Topic.INVITATIONS: "session-invitation-regional"}


def told_of(session: OpenSession) -> QuerySet[Notification]:
    """The emails that tell all subscribers of it, on the day after it was planned."""
    return Notification.objects.filter(kind=INVITATION, about=f"invited:{uk_day(session.created_at).isoformat()}")


def readers_of(session: OpenSession, areas: Sequence[Area], now: datetime) -> dict[Topic, QuerySet[Person]]:
    """People in these areas who could be invited to it, by the topic they asked for, each only once.

    Leaves out people who get the other email about it, were invited to anything near them in the last 90 days, or have a place.
    """
    known = SessionPlace.objects.filter(session=session).values("person")
    told = Exists(told_of(session).filter(recipient=OuterRef("email")))
    found = {
        topic: invitable(people_who_chose(areas, topic), now).exclude(told | Q(pk__in=known)) for topic in SESSION_INVITATIONS
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
    campaign, is_new = plan_campaign(
        CampaignKind.SESSION, areas, session.presentation, [session.starts_at], token=token, by=by, now=now, session=session
    )
    if not is_new:
        return campaign
    kinds = {person: topic for topic, people in readers_of(session, areas, now).items() for person in people}
    invited = {invite.person_id for invite in write_invites(campaign, kinds, (), now)}
    expires_at = min(due + INVITATION_LASTS, session.starts_at)
    for topic, kind in SESSION_INVITATIONS.items():
        messages = [
            About(about(campaign), person.email, session.reference, due_at=due, expires_at=expires_at)
            for person, theirs in kinds.items()
            if theirs == topic and person.pk in invited
        ]
        notify_about(messages, kind=kind, now=now, left_to_sweep=True)
    return campaign

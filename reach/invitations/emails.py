"""Invitations to book a visit: to people who asked for them, and to role mailboxes. Each lists only times that are still free."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Min
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from bookings.emails import sample_presentation
from bookings.models import Booking, HeldTime
from bookings.text import moment_text
from bookings.travel import PlaceUnknown, find_place
from core.dates import format_datetime_range
from notifications.registry import Desk, Email, Topic
from notifications.samples import SAMPLE_LINK, SAMPLE_NOW, Example, example
from professionals.models import Person
from reach.areas import Unit
from reach.invitations.queries import still_free_times
from reach.invitations.services import MAILBOX_INVITATION_KIND, VISIT_INVITATION_KIND
from reach.models import MIN_INVITATION_INTERVAL, Basis, Campaign, CampaignKind, RoleMailbox


class InvitationEmail(Email):
    """About "campaign:12". Its subject may name %(title)s."""

    desk = Desk.BOOKINGS
    can_wait = True
    may_resend = False  # at most one in 90 days

    @cached_property
    def now(self) -> datetime:
        return timezone.now()

    @cached_property
    def campaign(self) -> Campaign:
        return Campaign.objects.select_related("presentation").get(pk=self.about_key)

    @cached_property
    def postcode(self) -> str:
        """Where the reader works; empty if they should no longer get it."""
        raise NotImplementedError

    @cached_property
    def times(self) -> list[datetime]:
        """The times on offer that they could still book."""
        try:
            return still_free_times(self.campaign, find_place(self.postcode), self.now) if self.postcode else []
        except PlaceUnknown:
            return []

    @cached_property
    def held_until(self) -> datetime | None:
        """The first moment at which a time held for their area runs out; None if none is held."""
        if self.campaign.kind != CampaignKind.AROUND:
            return None
        held = HeldTime.objects.open().filter(visit=self.campaign.booking_id, starts_at__in=self.times, expires_at__gt=self.now)
        return held.aggregate(first=Min("expires_at"))["first"]

    def is_still_due(self) -> bool:
        return self.campaign.presentation.active and bool(self.times)

    def context(self) -> dict[str, object]:
        presentation = self.campaign.presentation
        return {
            "title": presentation.title,
            "minutes": presentation.length_minutes,
            "days": MIN_INVITATION_INTERVAL.days,
            "held_until": moment_text(self.held_until) if self.held_until else "",
            "times": [format_datetime_range(start, start + presentation.length) for start in self.times],
            "url": f"{settings.SITE_URL}{reverse('book_where', args=[presentation.slug])}",
        }


class VisitInvitation(InvitationEmail):
    name = VISIT_INVITATION_KIND
    label = _("Invitation to book a visit")
    subject = _("We can come to your team: “%(title)s”")
    topic = Topic.VISITS

    @cached_property
    def postcode(self) -> str:
        """Empty if they have booked meanwhile."""
        booked = Booking.objects.not_over(self.now).values("person")
        people = Person.objects.with_email(self.notification.recipient).exclude(pk__in=booked)
        return people.values_list("postcode", flat=True).first() or ""


class MailboxInvitation(InvitationEmail):
    name = MAILBOX_INVITATION_KIND
    label = _("Invitation to a role mailbox")
    subject = _("Free presentation for your team: “%(title)s”")
    has_own_stop = True

    @cached_property
    def mailbox(self) -> RoleMailbox | None:
        """None if somebody there has objected."""
        return RoleMailbox.objects.open().filter(address=self.notification.recipient.lower()).first()

    @cached_property
    def postcode(self) -> str:
        return self.mailbox.postcode if self.mailbox else ""

    @cached_property
    def stop(self) -> str:
        """The link to object; empty if the mailbox has objected since, as the email is not due any more."""
        return f"{settings.SITE_URL}{reverse('mailbox_objection', args=[self.mailbox.token])}" if self.mailbox else ""

    def unsubscribe_link(self) -> str:
        return self.stop

    def context(self) -> dict[str, object]:
        mailbox = self.mailbox
        return {
            **super().context(),
            "source": mailbox.source if mailbox else "",
            "was_given": bool(mailbox and mailbox.basis == Basis.GIVEN),
            "objection_url": self.stop,
            "privacy_url": f"{settings.SITE_URL}{reverse('privacy')}",
        }


def examples() -> list[Example]:
    presentation = sample_presentation(length_minutes=60)
    times = [SAMPLE_NOW + timedelta(days=day, hours=hour) for day, hour in ((8, 0), (9, 4), (14, 0))]
    campaign = Campaign(pk=1, unit=Unit.UPPER, areas=["E08000035"], presentation=presentation, times=times, planned_at=SAMPLE_NOW)
    known: dict[str, Any] = {"address": "safeguarding.team@leeds.nhs.uk", "source": "https://ctac.example/safeguarding", "pk": 1}
    to: dict[str, Any] = {"campaign": campaign, "times": times, "recipient": known["address"], "stop": SAMPLE_LINK}
    given = RoleMailbox(**known, basis=Basis.GIVEN)
    return [
        example(VisitInvitation, campaign=campaign, times=times),
        example(
            VisitInvitation,
            _("with times held for the area"),
            campaign=campaign,
            times=times,
            held_until=SAMPLE_NOW + timedelta(days=6),
        ),
        example(MailboxInvitation, mailbox=RoleMailbox(**known), **to),
        example(MailboxInvitation, _("the organisation gave us the address"), mailbox=given, **to),
    ]

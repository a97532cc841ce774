"""Invitations are sent; role mailboxes are added, and object for ever."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.models import Booking, OpenSession, Presentation
from ctac.errors import DomainError
from notifications.outbox import About, notify_about
from reach.areas import Area
from reach.invitations.queries import about, invitable, invitable_mailboxes, mailboxes_in, people_who_chose
from reach.models import INVITED_AT_MOST_EVERY, Campaign, CampaignInvite, CampaignKind

VISIT_INVITATION, MAILBOX_INVITATION = "visit-invitation", "mailbox-invitation"
# Of what is offered the first goes soon, so an email that was kept back so long is not worth sending.
INVITATION_LASTS = INVITED_AT_MOST_EVERY / 9


@transaction.atomic
def invite_area(
    *,
    areas: Sequence[Area],
    presentation: Presentation,
    times: Sequence[datetime],
    by: User | None,
    now: datetime,
    token: UUID,
    kind: CampaignKind = CampaignKind.AREA,
    booking: Booking | None = None,
    session: OpenSession | None = None,
    to_mailboxes: bool = False,
) -> Campaign:
    """One email to each who asked for it and works in one of these areas of one unit, unless they were invited in the last 90
    days, have a booking ahead, or mail to them comes back; `to_mailboxes`: also to the role mailboxes there.

    `token` is of the form, so that a second press gives the campaign of the first. Two coordinators at once are kept apart by
    the database, which takes one invitation to an address and drops the other. Raises DomainError if nobody is left.
    """
    unit = areas[0].unit
    campaign, is_new = Campaign.objects.get_or_create(
        token=token,
        defaults={
            "kind": kind,
            "unit": unit,
            "areas": [area.code for area in areas],
            "presentation": presentation,
            "booking": booking,
            "session": session,
            "times": list(times),
            "planned_at": now,
            "planned_by": by,
        },
    )
    if not is_new:
        return campaign
    lasts = DateTimeTZRange(now, now + INVITED_AT_MOST_EVERY)
    rows = [
        CampaignInvite(campaign=campaign, person=person, address=person.email.lower(), lasts=lasts)
        for person in invitable(people_who_chose(areas), now)
    ]
    if to_mailboxes:
        rows += [
            CampaignInvite(campaign=campaign, mailbox=mailbox, address=mailbox.address, lasts=lasts)
            for mailbox in invitable_mailboxes(mailboxes_in(areas), now)
        ]
    # In one order, so that two who invite at once don't wait for each other.
    CampaignInvite.objects.bulk_create(sorted(rows, key=lambda row: row.address), ignore_conflicts=True)
    invited = list(campaign.invites.order_by("pk"))
    if not invited:
        raise DomainError(_("Nobody is left to invite there: they have had an invitation in the last 90 days, or have booked."))
    for kind_of_mail, is_mailbox in ((VISIT_INVITATION, False), (MAILBOX_INVITATION, True)):
        messages = [
            About(about(campaign), invite.address, expires_at=now + INVITATION_LASTS)
            for invite in invited
            if (invite.mailbox_id is not None) == is_mailbox
        ]
        notify_about(messages, kind=kind_of_mail, now=now, left_to_sweep=True)
    return campaign

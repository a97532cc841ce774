"""Sends invitations; adds role mailboxes and records their objections, which are for ever."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from accounts.models import User
from bookings.models import Booking, OpenSession, Presentation
from bookings.travel import find_place
from core.errors import DomainError
from notifications.models import normalise_address
from notifications.outbox import NewMessage, notify_many
from professionals.models import Organisation, Person
from reach.areas import Area
from reach.invitations.queries import (
    address_digest,
    campaign_about,
    invitable_mailboxes,
    invitable_people,
    mailboxes_in_areas,
    subscribers_in_areas,
)
from reach.models import MIN_INVITATION_INTERVAL, Basis, Campaign, CampaignInvite, CampaignKind, ObjectedBy, RoleMailbox

VISIT_INVITATION_KIND, MAILBOX_INVITATION_KIND = "visit-invitation", "mailbox-invitation"
# The first times on offer pass soon, so an email that is delayed for this long is not worth sending.
INVITATION_LIFETIME = MIN_INVITATION_INTERVAL / 9


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
    to_mailboxes: bool = False,
) -> Campaign:
    """Email everybody who asked for it and works in these areas of one unit.

    Leaves out people who were invited in the last 90 days, have a booking ahead, or whose mail comes back. `to_mailboxes`: also
    to the role mailboxes there. `token` is the form's, so that a second press returns the first campaign. If two coordinators
    invite at once, the database takes one invitation to an address and drops the other. Raises DomainError if nobody is left.
    """
    campaign, is_new = get_or_create_campaign(kind, areas, presentation, times, token=token, by=by, now=now, booking=booking)
    if not is_new:
        return campaign
    mailboxes = invitable_mailboxes(mailboxes_in_areas(areas), now) if to_mailboxes else RoleMailbox.objects.none()
    invited = create_invites(campaign, invitable_people(subscribers_in_areas(areas), now), mailboxes, now)
    for kind_of_mail, is_mailbox in ((VISIT_INVITATION_KIND, False), (MAILBOX_INVITATION_KIND, True)):
        messages = [
            NewMessage(campaign_about(campaign), invite.address, expires_at=now + INVITATION_LIFETIME)
            for invite in invited
            if (invite.mailbox_id is not None) == is_mailbox
        ]
        notify_many(messages, kind=kind_of_mail, now=now, left_to_sweep=True)
    return campaign


def get_or_create_campaign(
    kind: CampaignKind,
    areas: Sequence[Area],
    presentation: Presentation,
    times: Sequence[datetime],
    *,
    token: UUID,
    by: User | None,
    now: datetime,
    **about_it: Booking | OpenSession | None,
) -> tuple[Campaign, bool]:
    """The campaign, and whether it is new: a form that is sent twice has planned it already."""
    planned = {"kind": kind, "unit": areas[0].unit, "areas": [area.code for area in areas], "presentation": presentation}
    planned |= {"times": list(times), "planned_at": now, "planned_by": by, **about_it}
    return Campaign.objects.get_or_create(token=token, defaults=planned)


def create_invites(
    campaign: Campaign, people: Iterable[Person], mailboxes: Iterable[RoleMailbox], now: datetime
) -> list[CampaignInvite]:
    """The invitations that the database takes: if two coordinators invite at once, it keeps one to an address.

    Raises DomainError if there are none.
    """
    lasts = DateTimeTZRange(now, now + MIN_INVITATION_INTERVAL)
    rows = [CampaignInvite(campaign=campaign, person=each, address=each.email.lower(), lasts=lasts) for each in people]
    rows += [CampaignInvite(campaign=campaign, mailbox=each, address=each.address, lasts=lasts) for each in mailboxes]
    # In one order, so that two who invite at once can't deadlock.
    CampaignInvite.objects.bulk_create(sorted(rows, key=lambda row: row.address), ignore_conflicts=True)
    invited = list(campaign.invites.order_by("pk"))
    if not invited:
        raise DomainError(
            _(
                "There is nobody to invite there now. We invite people who asked for it, had no invitation in the last 90 days "
                "and have no booking ahead."
            )
        )
    return invited


# Role mailboxes.

# A role's address has one of these before the @. Anything else may be a person's name.
ROLE_WORDS = frozenset(
    [
        *("admin", "administration", "advice", "business", "care", "centre", "childrens", "clinic"),
        *("contact", "customer", "dsl", "duty", "education", "emergency", "enquiries", "enquiry", "family"),
        *("families", "front", "frontdoor", "health", "help", "helpdesk", "hello", "hub", "info"),
        *("information", "inbox", "lado", "learning", "mail", "mash", "midwifery", "nursing", "office"),
        *("paediatrics", "partnership", "police", "post", "practice", "reception", "referral", "referrals"),
        *("safeguarding", "school", "secretary", "service", "services", "social", "socialcare", "support"),
        *("surgery", "team", "training", "unit", "visiting", "ward", "workforce"),
    ]
)


def is_role_address(address: str) -> bool:
    """'safeguarding.team@…', 'westleedsmash@…'; not 'jo.smith@…'."""
    parts = re.split(r"[^a-z]+", normalise_address(address).partition("@")[0])
    return any(part in ROLE_WORDS or part.endswith(tuple(word for word in ROLE_WORDS if len(word) > 3)) for part in parts)


@transaction.atomic
def add_mailbox(
    organisation: Organisation, *, address: str, source: str, basis: str, postcode: str, by: User | None, now: datetime
) -> RoleMailbox:
    """Raises DomainError for an address that may be a person's, has objected, or is known already; PlaceUnknown."""
    address = normalise_address(address)
    if not is_role_address(address) or Person.objects.with_email(address).exists():
        raise DomainError(
            _(
                "This may be somebody’s own address, and we only write to people who asked us to. Enter the address of a role, "
                "such as safeguarding.team@ or duty@."
            )
        )
    known = RoleMailbox.objects.filter(digest=address_digest(address)).first()
    if known and known.objected_at:
        raise DomainError(_("This mailbox told us not to write to it again. That holds for ever."))
    if known:
        raise DomainError(_("This mailbox is in our list already."))
    place = find_place(postcode)
    return RoleMailbox.objects.create(
        organisation=organisation,
        address=address,
        digest=address_digest(address),
        source=source,
        basis=Basis(basis),
        postcode=postcode,
        nation=place.nation,
        authority=place.authority,
        added_by=by,
        added_at=now,
    )


@transaction.atomic
def record_objection(mailbox: RoleMailbox, *, how: ObjectedBy = ObjectedBy.STAFF, now: datetime, by: User | None = None) -> None:
    """For ever: delete what we know of the mailbox, except the digest that recognises it. A second time does nothing.

    Mail that is on its way is not sent.
    """
    locked = RoleMailbox.objects.select_for_update().get(pk=mailbox.pk)
    if locked.objected_at:
        return
    CampaignInvite.objects.filter(mailbox=locked).update(address="")
    RoleMailbox.objects.filter(pk=locked.pk).update(
        objected_at=now, objected_by=how, organisation=None, address="", source="", postcode="", nation="", authority=""
    )

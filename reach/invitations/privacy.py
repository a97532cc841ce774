"""Personal data in invitations: export, erasure and retention."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from notifications.models import normalise_address
from privacy.retention import RetentionRule
from professionals.models import Person
from reach.invitations.queries import count_booked_and_attended, recent_invites
from reach.models import Campaign, CampaignInvite, RoleMailbox


def export_invitations(person: Person) -> list[dict[str, Any]]:
    """The person's invitations, and the role mailbox with their address, if they signed up with one. One statement."""
    invited = CampaignInvite.objects.filter(person=person).annotate(is_mailbox=Value(value=False)).order_by()
    known = person_mailboxes(person).annotate(is_mailbox=Value(value=True)).order_by()
    rows = invited.values_list("is_mailbox", "campaign__presentation__title", "campaign__planned_at", "address").union(
        known.values_list("is_mailbox", "source", "added_at", "address")
    )
    return [
        {"role_mailbox": address, "source": what, "added_at": at}
        if is_mailbox
        else {"presentation": what, "invited_at": at, "address": address}
        for is_mailbox, what, at, address in sorted(rows, key=lambda row: row[2])
    ]


def person_mailboxes(person: Person) -> QuerySet[RoleMailbox]:
    return RoleMailbox.objects.open().filter(address=normalise_address(person.email)).exclude(address="")


def erase_invitations(person: Person, now: datetime) -> None:
    """Figures still count that somebody was invited; a role mailbox with their address goes whole."""
    CampaignInvite.objects.filter(person=person).update(address="")
    person_mailboxes(person).delete()


def delete_invites(keys: Sequence[int], now: datetime) -> None:
    """Stores the result of each campaign before it deletes who was invited."""
    for campaign in Campaign.objects.filter(invites__in=keys, booked=None).distinct().order_by("pk"):
        campaign.booked, campaign.attended = count_booked_and_attended(campaign)
        campaign.save(update_fields=["booked", "attended"])
    CampaignInvite.objects.filter(pk__in=keys).delete()


RETENTION_RULES = (
    RetentionRule(
        name="invitations",
        what=_("Invitations to book a visit"),
        why=_("To invite you every 90 days at most"),
        since=_("the invitation"),
        goes=_("We delete who was invited. We keep how many were, and how many booked."),
        keeps="messages",
        due=lambda before: CampaignInvite.objects.filter(campaign__planned_at__lt=before).order_by("pk"),
        take_out=delete_invites,
        # Keep an invitation while it blocks another, however short the time that staff have set.
        ready=lambda rows, now: rows.filter(lasts__endswith__lte=now),
    ),
    RetentionRule(
        name="role_mailboxes",
        what=_("Role mailboxes"),
        why=_("To offer a visit"),
        since=_("we found the address"),
        goes=_("We delete the address. If its readers told us not to write, we do so at once and keep a code made from it."),
        keeps="people",
        due=lambda before: RoleMailbox.objects.open().filter(added_at__lt=before).order_by("pk"),
        take_out=lambda keys, now: RoleMailbox.objects.open().filter(pk__in=keys).delete(),
        ready=lambda rows, now: rows.exclude(Exists(recent_invites(now).filter(mailbox=OuterRef("pk")))),
    ),
)

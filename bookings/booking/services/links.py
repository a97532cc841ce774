"""Links in emails: made when a message is rendered, and found again by the hash of the token in the address.

A token is 256 random bits and stands only in the email. It ends with its time, with the booking (once that is closed or has
started) and with the address that it was sent to. Nobody can tell such a token from one that never existed.

The link for the host's team is another kind: a keyed hash of the booking and a generation, so that pages and emails can
repeat it and no token is stored. The UID of the calendar entry, which guests and presenters have too, says nothing about it.
"""

import re
import secrets
from collections.abc import Iterable
from datetime import datetime

from django.core.signing import BadSignature
from django.db import transaction
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.errors import TransitionNotAllowed
from bookings.models import Booking, BookingEventKind, BookingLink, LinkPurpose
from bookings.models.booking import record_event, team_token_signer
from bookings.models.links import LINK_LIFETIME, hash_address, hash_token
from bookings.schedule.locks import lock_bookings
from core.errors import DomainError

EXPIRED_LINKS_BATCH_SIZE = 100
TOKEN_PATTERN = re.compile(r"[A-Za-z0-9_-]{43}")  # what secrets.token_urlsafe(32) makes


@transaction.atomic
def make_booking_links(*, booking: Booking, address: str, purposes: Iterable[LinkPurpose], now: datetime) -> dict[str, str]:
    """A new token for each purpose, for a reader of mail at that address. Also deletes some links that have expired."""
    # Every email about a booking makes links: two at once must not wait for each other to delete expired ones.
    expired = BookingLink.objects.filter(expires_at__lte=now).order_by("expires_at").select_for_update(skip_locked=True)
    BookingLink.objects.filter(pk__in=list(expired.values_list("pk", flat=True)[:EXPIRED_LINKS_BATCH_SIZE])).delete()
    until = now + LINK_LIFETIME
    tokens = {str(purpose): secrets.token_urlsafe(32) for purpose in purposes}
    BookingLink.objects.bulk_create(
        BookingLink(
            booking=booking,
            purpose=purpose,
            token_hash=hash_token(token),
            address_hash=hash_address(address),
            created_at=now,
            expires_at=min(booking.starts_at, until) if booking.starts_at else until,
        )
        for purpose, token in tokens.items()
    )
    return tokens


def find_booking_by_team_link(token: str, now: datetime) -> Booking | None:
    """The booking of that `team_url`, until it is over; None for a link that does not work, for whatever reason.

    Raises DomainError for an earlier link of it: its holder had it once, so that it was replaced tells them nothing else.
    """
    try:
        key, generation = team_token_signer().unsign(token).split(".")
    except BadSignature:
        return None
    booking = Booking.objects.select_related("presentation", "presenter").filter(pk=key).first()
    if booking is None or not booking.team_url or booking.agreed_times[1] <= now:
        return None
    if int(generation) != booking.team_link_generation:
        raise DomainError(_("This link was replaced. Ask the colleague who booked the presentation for the new one."))
    return booking


@transaction.atomic
def replace_team_link(booking: Booking, *, by: User | None, now: datetime) -> Booking:
    """Give the host's team a new link: the old one stops working. Raises TransitionNotAllowed if it has none."""
    locked = lock_bookings(Booking.objects.filter(pk=booking.pk)).get()
    if not locked.team_url:
        raise TransitionNotAllowed
    locked.team_link_generation += 1
    locked.save(update_fields=["team_link_generation"])
    record_event(locked, BookingEventKind.TEAM_LINK_REPLACED, by=by, now=now)
    return locked


def find_booking_by_link(*, token: str, purpose: LinkPurpose, now: datetime) -> Booking | None:
    """The booking of that link; None for a link that does not work, for whatever reason."""
    if not TOKEN_PATTERN.fullmatch(token):
        return None
    names = ("booking__presentation", "booking__presenter", "booking__person")
    links = BookingLink.objects.select_related(*names).filter(token_hash=hash_token(token), purpose=purpose, expires_at__gt=now)
    link = links.first()
    if link is None or not link.booking.is_open or (link.booking.starts_at and link.booking.starts_at <= now):
        return None
    return link.booking if constant_time_compare(link.address_hash, hash_address(link.booking.person.email)) else None

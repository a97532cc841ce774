"""Links in emails: made when a message is rendered, found again by the hash of what the reader's browser asks for.

A token is 256 random bits and stands in the email alone. It ends with its time, with the booking (once that is closed or has
started) and with the address that it was sent to; there is no difference to be seen between those and one that never was.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import datetime
from functools import cache

from django.utils.crypto import constant_time_compare, salted_hmac

from bookings import rules
from bookings.models import Booking, BookingLink, LinkPurpose
from ctac.compiled import Statement

# In SQL and prepared, because each email of a booking runs it. Of two at once neither waits for the other’s deleting.
MAKE_LINKS = """
    WITH gone AS (
        DELETE FROM bookings_bookinglink WHERE id = ANY (ARRAY(
            SELECT id FROM bookings_bookinglink WHERE expires_at <= %(now)s ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED
        ))
    )
    INSERT INTO bookings_bookinglink (booking_id, purpose, token_hash, address_hash, created_at, expires_at)
    SELECT %(booking)s::bigint, purpose, token_hash, %(address)s, %(now)s::timestamptz, %(until)s::timestamptz
    FROM unnest(%(purposes)s::text[], %(hashes)s::text[]) AS made (purpose, token_hash)
    RETURNING id
"""
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # what secrets.token_urlsafe(32) makes


def make_links(*, booking: Booking, address: str, purposes: Iterable[LinkPurpose], now: datetime) -> dict[str, str]:
    """A new token for each purpose, for whoever reads mail at that address. One statement; what has expired goes."""
    until = now + rules.LINKS_LAST
    tokens = {str(purpose): secrets.token_urlsafe(32) for purpose in purposes}
    making_links().rows(
        {
            "booking": booking.pk,
            "purposes": list(tokens),
            "hashes": [hash_of(token) for token in tokens.values()],
            "address": address_hash(address),
            "now": now,
            "until": min(booking.starts_at, until) if booking.starts_at else until,
        }
    )
    return tokens


@cache
def making_links() -> Statement:
    return Statement.written("links", MAKE_LINKS)


def find_by_link(*, token: str, purpose: LinkPurpose, now: datetime) -> Booking | None:
    """The booking that this link is for; None for every link that does not work, whyever."""
    if not TOKEN.fullmatch(token):
        return None
    names = ("booking__presentation", "booking__presenter", "booking__person")
    links = BookingLink.objects.select_related(*names).filter(token_hash=hash_of(token), purpose=purpose, expires_at__gt=now)
    link = links.first()
    if link is None or not link.booking.is_open or (link.booking.starts_at and link.booking.starts_at <= now):
        return None
    return link.booking if constant_time_compare(link.address_hash, address_hash(link.booking.person.email)) else None


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def address_hash(address: str) -> str:
    return salted_hmac("bookings.link.address", address.strip().lower(), algorithm="sha256").hexdigest()

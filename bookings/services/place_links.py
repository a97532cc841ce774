"""Links in emails about places at open sessions: made and found as those about bookings are (bookings.services.linking)."""

import secrets
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.crypto import constant_time_compare

from bookings import rules
from bookings.models import PlaceLink, PlaceLinkPurpose, SessionPlace
from bookings.models.link import address_hash, hash_of
from bookings.services.linking import TOKEN


@transaction.atomic
def make_place_links(*, place: SessionPlace, purposes: Iterable[PlaceLinkPurpose], now: datetime) -> dict[str, str]:
    """A new token for each purpose, for whoever reads mail at the person's address. What has expired goes meanwhile."""
    PlaceLink.objects.expired(now).delete()
    tokens = {str(purpose): secrets.token_urlsafe(32) for purpose in purposes}
    PlaceLink.objects.bulk_create(
        PlaceLink(
            place=place,
            purpose=purpose,
            token_hash=hash_of(token),
            address_hash=address_hash(place.person.email),
            created_at=now,
            expires_at=min(place.session.starts_at, now + rules.LINKS_LAST),
        )
        for purpose, token in tokens.items()
    )
    return tokens


def find_place_by_link(*, token: str, purpose: PlaceLinkPurpose, now: datetime) -> SessionPlace | None:
    """The place that this link is for; None for every link that does not work, whyever.

    It works as long as the session is to come, also when the place was given up: then its page says so.
    """
    if not TOKEN.fullmatch(token):
        return None
    names = ("place__session__presentation", "place__session__presenter", "place__person")
    links = PlaceLink.objects.select_related(*names).filter(token_hash=hash_of(token), purpose=purpose, expires_at__gt=now)
    link = links.first()
    if link is None or not link.place.session.is_scheduled or link.place.session.has_begun(now):
        return None
    return link.place if constant_time_compare(link.address_hash, address_hash(link.place.person.email)) else None

"""Somebody's things on the site that runs as production does, and their cookies. Made inside it, with its key and its role."""

import itertools
import json
import sys

from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.test import Client
from django.utils import timezone

from bookings.calendars.views import feed_token, get_or_create_feed
from leaflets.catalogue.services import make_cover
from leaflets.models import Leaflet
from tests import factories
from tests.bookings import rows
from tests.bookings.rows import make_world as bookings_world
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.leaflets import factories as leaflets_factories
from tests.leaflets.factories import make_world as leaflets_world


def number_from(first: int) -> None:
    """The factories' own numbers begin at one in each process, and the database of the site keeps what others have made."""
    for module in (factories, rows, leaflets_factories):
        module._number = itertools.count(first)


def session_key(client: Client) -> str:
    session: SessionBase = client.session
    return str(session.session_key)


@transaction.atomic
def scene() -> dict[str, str]:
    """Keys of two sessions, and what the paths of the walk need."""
    now, owner = timezone.now(), make_person(email="owner@leeds.example.nhs.uk")
    order, booking = leaflets_world(owner, now)["leaflets_order"], bookings_world(owner, now)["bookings_booking"]
    edition = Leaflet.objects.in_catalogue().first().current_edition  # type: ignore[union-attr]
    assert edition is not None
    assert make_cover(edition=edition)
    return {
        "owner": session_key(sign_in(Client(), owner)),
        "staff": session_key(sign_in_staff(Client(), make_staff())),
        "order": order.reference,  # type: ignore[attr-defined]
        "booking": booking.reference,
        "slug": edition.leaflet.slug,
        "edition": str(edition.pk),
        "feed": feed_token(get_or_create_feed(owner=owner, by=owner.user, now=now)),  # type: ignore[arg-type]
    }


def print_scene() -> None:
    sys.stdout.write(json.dumps(scene()) + "\n")

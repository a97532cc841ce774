"""People who are signed in at the site that runs as production does. Made inside it, with its key and its role."""

import json
import secrets
import sys

from django.db import transaction
from django.test import Client
from django.utils import timezone

from bookings.models import Presentation
from professionals.models import Person
from tests.deploy.scene import session_key
from tests.factories import make_organisation, make_person, sign_in
from tests.leaflets.factories import make_edition

NADIA = "nadia@leeds.nhs.uk"


@transaction.atomic
def crowd(people: int) -> dict[str, object]:
    """The keys of their sessions, each of a workplace of its own; leaflets of which there is enough; what can be booked."""
    made = secrets.token_hex(3)  # another file may have made a crowd of its own
    persons = [make_person(organisation=make_organisation(f"Workplace {made} {n}")) for n in range(people)]
    if not Person.objects.filter(email=NADIA).exists():
        make_person(email=NADIA)
    return {
        "sessions": [session_key(sign_in(Client(), person)) for person in persons],
        "leaflets": [make_edition(timezone.now(), stock=5000, slug=f"plenty-{made}-{n}").leaflet.slug for n in range(3)],
        "presentation": Presentation.objects.filter(active=True).order_by("pk").first().slug,  # type: ignore[union-attr]
    }


def print_crowd(people: int) -> None:
    sys.stdout.write(json.dumps(crowd(people)) + "\n")

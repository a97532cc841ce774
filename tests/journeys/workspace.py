"""What stands on the staff site when a journey there begins. Runs inside, on the database of the live copy.

References and addresses are of each scene's own: the tests' own numbers begin anew in each process.
"""

import time
from datetime import UTC, datetime, time as clock, timedelta
from typing import Any

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import User
from bookings.models import Booking, BookingState, Presentation, Presenter
from core.dates import uk_datetime, uk_day
from professionals.merges.services import merge_people
from professionals.models import Person, Profession
from professionals.samples import STAFF_EMAIL
from professionals.services import get_or_create_organisation
from tests.access.session_scene import plan_full, session as session_of
from tests.bookings.rows import make_booking, make_presenter
from tests.factories import make_person, make_staff, sign_in, sign_in_staff

LONG_AGO = 11 * 60 * 60  # seconds: longer than anybody goes without being asked again (ASK_AGAIN_AFTER_MINUTES of the live copy)


def cookie_of(client: Client) -> str:
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def session_for(user: User) -> dict[str, str]:
    """As `open_as` takes it."""
    return {"cookie": settings.SESSION_COOKIE_NAME, "desk": cookie_of(sign_in_staff(Client(), user))}


def book(person: Person, reference: str, *, days: int = 30, presenter: Presenter | None = None, **fields: Any) -> Booking:
    """At a time of day at which nobody else's visits are."""
    start = uk_datetime(uk_day(datetime.now(UTC)) + timedelta(days=days), clock(10)).astimezone(UTC)
    presenter = presenter or make_presenter(email=f"{reference.lower()}@workspace.example", weekdays=())
    given: dict[str, Any] = {"person": person, "presentation": Presentation.objects.earliest("pk"), **fields}
    booking = make_booking(presenter, start, **given)
    booking.reference = reference
    Booking.objects.filter(pk=booking.pk).update(reference=reference)
    return booking


def somebody(name: str, *, team: str, phone: str, with_user: bool = False, **fields: Any) -> Person:
    email = f"{name.replace(' ', '.').lower()}@workspace.example"
    given: dict[str, Any] = {
        "name": name,
        "email": email,
        "phone": phone,
        "organisation": get_or_create_organisation(team),
        **fields,
    }
    return make_person(with_user=with_user, **given)


def morning() -> dict[str, Any]:
    """A request that has waited longer than all others."""
    person = somebody("Rowan Tidewell", team="Tidewell Primary School", phone="0113 496 0081")
    asked = datetime.now(UTC) - timedelta(days=400)
    book(person, "BK-TDW2-E7", state=BookingState.REQUESTED, created_at=asked)
    return {"person": person.pk}


def booked_before() -> None:
    """Somebody whom we know by a visit to them that is still to come."""
    caller = somebody("Ngaio Known", team="Known Road Primary School", phone="0113 496 0061")
    book(caller, "BK-NGQ2-K7", days=60)


def known_caller() -> None:
    """Somebody whom staff entered."""
    somebody(
        "Wren Ashdown", team="Ashdown Primary School", phone="0113 496 0062", postcode="LS9 7TN", profession=Profession.TEACHER
    )


def two_records(first: str = "Imelda", code: str = "FRW2") -> dict[str, Any]:
    """One person twice in our list, each with a booking, and a coordinator who gave the second factor hours ago."""
    kept = somebody(f"{first} Farrow", team="Farrow Street Surgery", phone="0113 496 0082")
    mistyped = f"{first.lower()}.farow@workspace.example"
    other = somebody(f"{first} J Farrow", team="Farrow Street Surgery", phone="0113 496 0083", email=mistyped)
    book(kept, f"BK-{code}-A7", days=31)
    book(other, f"BK-{code}-C7", days=32)
    client = sign_in_staff(Client(), User.objects.get(email=STAFF_EMAIL))
    session = client.session
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] = time.time() - LONG_AGO
    session.save()
    return {"cookie": settings.SESSION_COOKIE_NAME, "desk": cookie_of(client), "kept": kept.pk, "other": other.pk}


def two_accounts() -> dict[str, str]:
    """Somebody with two sign-ins, whom staff have asked whether both are theirs."""
    kept, other = (
        somebody(name, team="Two Roads Clinic", phone="0113 496 0092", with_user=True)
        for name in ("Odette Vane", "Odette M Vane")
    )
    book(other, "BK-WAN2-A7", days=33)
    cookies = {"kept": cookie_of(sign_in(Client(), kept)), "other": cookie_of(sign_in(Client(), other))}
    return {"cookie": settings.SESSION_COOKIE_NAME, "page": ask_both(kept, other), **cookies}


def second_account(email: str) -> str:
    """The page for somebody who has one account, and whom staff have asked whether another is theirs."""
    other = somebody("Odette Second", team="Two Roads Clinic", phone="0113 496 0093", with_user=True)
    return ask_both(Person.objects.get(email=email), other)


def ask_both(kept: Person, other: Person) -> str:
    staff = User.objects.get(email=STAFF_EMAIL)
    merge = merge_people(kept, other=other, kept_values={"email": kept.pk, "name": kept.pk}, by=staff, now=datetime.now(UTC))
    return reverse("account_merge", args=[merge.pk])


def presenters_day() -> None:
    """A visit today or tomorrow of the sample presenter, and one of a colleague."""
    user = User.objects.get(email="presenter@ctac.test")
    own = Presenter.objects.filter(user=user).first() or make_presenter(
        name="Tom Adeyemi", email="tom@workspace.example", user=user, weekdays=()
    )
    person = somebody("Saskia Holm", team="Holm Lane Nursery", phone="0113 496 0084")
    book(person, "BK-HKM2-A7", days=1, presenter=own, room="Ring at the blue door")
    book(person, "BK-HKM2-C7", days=1)


SURNAMES = {"coordinator": "Marlowe", "read-only": "Penhale", "fulfilment": "Rushworth"}


def things(role: str) -> dict[str, Any]:
    """A booking, its person, one who has none, and a colleague with this role."""
    name, place = SURNAMES[role], list(SURNAMES).index(role)
    person = somebody(f"Ottilie {name}", team=f"{name} House", phone=f"0113 496 007{place}")
    alone = somebody(f"Quillon {name}", team=f"{name} Lodge", phone=f"0113 497 007{place}")
    booking = book(person, f"BK-{name[:2].upper().replace('U', 'W')}Q2-X7", state=BookingState.REQUESTED)
    session = session_of(plan_full(40))
    found = {"booking": booking.pk, "person": person.pk, "organisation": person.organisation_id, "other": alone.pk}
    return session_for(make_staff(f"{role}@workspace.example", role=role)) | found | {"session": session.pk, "name": alone.name}

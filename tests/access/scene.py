"""Some weeks of ordinary work, so that a picture shows the product as it looks when it is used. Everyone is made up.

Runs inside a live copy that has the sample data, through the same services as the pages.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from bookings.diary import Wish, open_diary
from bookings.models import Channel, Format, Presentation
from bookings.places import find_place
from bookings.services import Address, Details, book
from ctac.uk import uk_day
from leaflets.models import Channel as OrderChannel
from leaflets.models import Delivery, Leaflet
from leaflets.services import dispatch, place_order, start_packing
from professionals.models import Person, Profession
from professionals.services import organisation_named
from tests.factories import make_person


@dataclass(frozen=True)
class Asker:
    name: str
    email: str
    profession: Profession
    organisation: str
    address: tuple[str, str, str]  # line 1, town, postcode


RUTH = Asker(
    "Ruth Adeyemi",
    "ruth.adeyemi@bradford.nhs.uk",
    Profession.HEALTH_VISITOR,
    "Bradford Health Visiting",
    ("Horton Park", "Bradford", "BD7 3AB"),
)
CALLUM = Asker(
    "Callum Reid",
    "callum.reid@glasgow.gov.uk",
    Profession.SOCIAL_WORKER,
    "Glasgow Children’s Services",
    ("40 John Street", "Glasgow", "G1 1JL"),
)
FARAH = Asker(
    "Farah Aziz",
    "farah.aziz@kirklees.gov.uk",
    Profession.SOCIAL_WORKER,
    "Kirklees Family Support",
    ("Market Street", "Huddersfield", "HD1 2EY"),
)
GRACE = Asker(
    "Grace Bennett",
    "grace.bennett@lambeth.sch.uk",
    Profession.TEACHER,
    "Archbishop’s Lane School",
    ("3 Carlisle Lane", "London", "SE1 7LE"),
)
# At domains that we don't recognise, so their visits wait for staff.
MEGAN = Asker(
    "Megan Lloyd",
    "megan@harbour-fostering.example",
    Profession.FOSTER_CARER,
    "Harbour Fostering",
    ("8 Quay Street", "York", "YO1 9QQ"),
)
DANIEL = Asker(
    "Daniel Okoro",
    "daniel@southbank-youth.example",
    Profession.YOUTH_WORKER,
    "Southbank Youth",
    ("12 Lower Marsh", "London", "SE1 7RJ"),
)
ASKERS = (RUTH, CALLUM, FARAH, GRACE, MEGAN, DANIEL)
# Who orders how many of which titles, and how far staff are with it.
ORDERS = (
    (RUTH, {"health-visitors": 40, "all-professionals": 25}, (start_packing, dispatch)),
    (CALLUM, {"social-workers": 50}, (start_packing,)),
    (FARAH, {"social-workers": 35, "all-professionals": 20}, ()),
    (GRACE, {"all-professionals": 50}, ()),
    (MEGAN, {"all-professionals": 30}, ()),
)
FIRST_VISIT, BETWEEN_VISITS, WITHIN = timedelta(days=8), timedelta(days=4), timedelta(days=21)


def lay_out() -> dict[str, int]:
    """Bookings and orders of these people; how many there are. Once for each copy."""
    now = timezone.now()
    people = {asker: enter(asker) for asker in ASKERS}
    for number, (asker, person) in enumerate(people.items()):
        book_visit(asker, person, now, now + FIRST_VISIT + number * BETWEEN_VISITS)
    for asker, basket, steps in ORDERS:
        order = place_order(
            person=people[asker],
            by=people[asker].user,
            channel=OrderChannel.WEB,
            basket={Leaflet.objects.get(slug=slug): copies for slug, copies in basket.items()},
            delivery=Delivery(asker.name, *asker.address, organisation_name=asker.organisation),
            now=now,
        )
        for step in steps:
            step(order=order, by=None, now=now)
    return {"bookings": len(people), "orders": len(ORDERS)}


def enter(asker: Asker) -> Person:
    organisation = organisation_named(asker.organisation)
    details = {"name": asker.name, "profession": asker.profession, "postcode": asker.address[-1]}
    return make_person(email=asker.email, organisation=organisation, **details)


def book_visit(asker: Asker, person: Person, now: datetime, earliest: datetime) -> None:
    """The first time from that day on that is offered at their workplace."""
    place = Address(*asker.address)
    wish = Wish(Presentation.objects.order_by("pk").first(), Format.WORKPLACE, find_place(place.postcode))
    day = uk_day(earliest)
    book(
        person=person,
        by=person.user,
        channel=Channel.WEB,
        presentation=wish.presentation,
        format=wish.format,
        start=open_diary(wish, first_day=day, last_day=day + WITHIN, now=now).first_slot().start,
        details=Details(audience_size=14, contact_name=asker.name, contact_phone="07700 900456"),
        now=now,
        address=place,
    )

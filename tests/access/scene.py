"""Some weeks of ordinary work, so that a picture shows the product as it looks when it is used. Everyone is made up.

Runs inside a live copy that has the sample data, through the same services as the pages.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.utils import timezone

from bookings.booking.services.create import place_booking
from bookings.booking.services.decide import lapse_booking_dates, offer_times, slot_query_of
from bookings.booking.services.request import request_dates
from bookings.models import Booking, BusyTime, DateOption, Format, JourneyTime, Precision, Presentation, Presenter
from bookings.schedule.holds import PreferredDate
from bookings.schedule.queries import read_schedule
from bookings.schedule.services import set_journey_time
from bookings.schedule.slots import SlotQuery
from bookings.travel import find_place
from core.dates import uk_datetime, uk_day
from leaflets.models import Delivery, Dispatch, Leaflet, Order
from leaflets.orders.services.create import keep_address, place_order, report_missing
from leaflets.orders.services.transitions import approve_order, dispatch_order, start_packing
from leaflets.stock.services import correct_stock
from professionals.models import Person, Profession
from professionals.samples import STAFF_EMAIL
from professionals.services import get_or_create_organisation
from tests.bookings.rows import first_slot, make_booking, unsaved_booking, visit_address
from tests.factories import make_person
from tests.leaflets.factories import make_edition, make_many_orders, unsaved_order


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
# None of our times suits her.
NIA = Asker(
    "Nia Morgan",
    "nia.morgan@calderdale.gov.uk",
    Profession.SOCIAL_WORKER,
    "Calderdale Early Help",
    ("Horton Street", "Halifax", "HX1 1QE"),
)
ASKERS = (RUTH, CALLUM, FARAH, GRACE, MEGAN, DANIEL)
# Who orders how many of which titles, and how far staff are with it.
ORDERS = (
    (RUTH, {"health-visitors": 40, "all-professionals": 25}, (start_packing, dispatch_order)),
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
            order=unsaved_order(
                people[asker], delivery=Delivery(asker.name, *asker.address, organisation_name=asker.organisation)
            ),
            by=people[asker].user,
            basket={Leaflet.objects.get(slug=slug): copies for slug, copies in basket.items()},
            now=now,
        )
        for step in steps:
            step(order=order, by=None, now=now)
    ask_for_dates()
    return {"bookings": len(people) + 1, "orders": len(ORDERS)}


def ask_for_more_leaflets() -> int:
    """A request for more than the limit. The key of the order."""
    now, person = timezone.now(), Person.objects.filter(email=NIA.email).first() or enter(NIA)
    to = Delivery(NIA.name, *NIA.address, organisation_name=NIA.organisation)
    order = place_order(
        order=unsaved_order(person, delivery=to, over_limit_reason="We train every school in the county in one week."),
        by=person.user,
        basket={Leaflet.objects.get(slug="all-professionals"): 250, Leaflet.objects.get(slug="social-workers"): 20},
        now=now,
    )
    return order.pk


def lose(reference: str) -> int:
    """This order left three weeks ago. The key of its parcel."""
    order, left = Order.objects.get(reference=reference), timezone.now() - timedelta(days=21)
    start_packing(order=order, by=None, now=left)
    return dispatch_order(order=order, by=None, now=left, tracking_number="QK 4412 8821 5GB").pk


def lost_parcel() -> int:
    """Of which its owner has told us. The key of the report."""
    order = Order.objects.get(pk=ask_for_more_leaflets())
    approve_order(order=order, granted={line.pk: 5 for line in order.lines.all()}, by=None, now=timezone.now())
    parcel = Dispatch.objects.get(pk=lose(order.reference))
    report, _made = report_missing(parcel=parcel, by=None, now=timezone.now(), note="We moved to Elland Road in January.")
    return report.pk


def orders_to_pack(area: str) -> int:
    """Three in that postcode area, of two titles and of one, which the catalogue doesn't have."""
    now = timezone.now()
    of = {"stock": 50, "title": "Know the signs", "active": False}
    editions = [make_edition(now, slug=f"signs-{secrets.token_hex(4)}", **of) for _ in range(2)]
    return len(make_many_orders(3, editions, now, postcode=f"{area}1 2AA"))


def leave_in_stock(slug: str, copies: int) -> int:
    """Count so many free copies of the title on the shelf, whatever there were. How many there were."""
    edition = Leaflet.objects.get(slug=slug).current_edition
    correct_stock(edition=edition, change=copies - edition.available, by=None, now=timezone.now(), reason="Counted")
    return edition.available


def enter(asker: Asker) -> Person:
    organisation = get_or_create_organisation(asker.organisation)
    details = {"name": asker.name, "profession": asker.profession, "postcode": asker.address[-1]}
    return make_person(email=asker.email, organisation=organisation, **details)


def wish_at(asker: Asker) -> SlotQuery:
    return SlotQuery(Presentation.objects.order_by("pk").first(), Format.WORKPLACE, find_place(asker.address[-1]))


def book_visit(asker: Asker, person: Person, now: datetime, earliest: datetime) -> None:
    """The first time from that day on that is offered at their workplace."""
    slot_query = wish_at(asker)
    day = uk_day(earliest)
    start = first_slot(read_schedule(slot_query, first_day=day, last_day=day + WITHIN, now=now)).start
    place_booking(booking=asked_by(asker, person, slot_query, start), by=person.user, now=now)


def asked_by(asker: Asker, person: Person, slot_query: SlotQuery, start: datetime | None = None, **more: Any) -> Booking:
    details = {"audience_size": 14, "contact_name": asker.name, "contact_phone": "07700 900456"}
    asked = {"presentation": slot_query.presentation, "format": slot_query.format, "address": visit_address(*asker.address)}
    return unsaved_booking(person, start, details=details, **asked, **more)


def ask_for_dates() -> int:
    """Somebody's three dates: one that a presenter could give, one in the evening, one part of a day. The key of the request."""
    now, person = timezone.now(), Person.objects.filter(email=NIA.email).first() or enter(NIA)
    slot_query = wish_at(NIA)
    day = uk_day(now + FIRST_VISIT)
    first = first_slot(read_schedule(slot_query, first_day=day, last_day=day + WITHIN, now=now)).start
    evening, other_day = uk_datetime(uk_day(first), time(19)), uk_day(first) + timedelta(days=1)
    reason = "We meet as a team once a month, and it is always one of these days."
    booking = request_dates(
        booking=asked_by(NIA, person, slot_query, request_reason=reason),
        by=person.user,
        dates=[
            PreferredDate(Precision.TIME, first, first + slot_query.length),
            PreferredDate(Precision.TIME, evening, evening + slot_query.length),
            PreferredDate(Precision.MORNING, uk_datetime(other_day, time(9)), uk_datetime(other_day, time(12))),
        ],
        now=now,
    )
    return booking.pk


def offer_times_to(email: str) -> str:
    """Staff offer the first two free times for this person's newest request; its reference."""
    now, booking = timezone.now(), Booking.objects.filter(person__email=email, state="requested").latest("pk")
    day = uk_day(now + FIRST_VISIT)
    schedule = read_schedule(slot_query_of(booking), first_day=day, last_day=day + WITHIN, now=now)
    days = [uk_day(first_slot(schedule).start) + timedelta(days=number) for number in range(WITHIN.days - 1)]
    starts = [slots[0].start for each in days if (slots := schedule.slots_on(each))]
    offer_times(booking=booking, starts=starts[:2], by=None, now=now)
    return booking.reference


def keep_an_address(email: str) -> int:
    """As an order would keep it; its key."""
    place = Delivery("Sam Taylor", "2 Hill Lane", "Leeds", "LS1 4AP", organisation_name="Leeds Health Visiting")
    return keep_address(person=Person.objects.get(email=email), delivery=place).pk


def let_lapse(reference: str) -> int:
    """Nobody has answered in time; how many dates are no longer kept."""
    now, options = timezone.now(), DateOption.objects.filter(booking__reference=reference, state="open")
    over = now - timedelta(seconds=1)
    BusyTime.objects.filter(option__in=options).update(expires_at=over)
    options.update(expires_at=over)
    return len(lapse_booking_dates(booking=Booking.objects.get(reference=reference), now=now))


def much_behind(email: str) -> None:
    """More bookings that took place than one page shows."""
    person, presentation = Person.objects.get(email=email), Presentation.objects.earliest("pk")
    for weeks in range(1, 13):
        start = uk_datetime(uk_day(timezone.now()) - timedelta(weeks=weeks), time(10))
        booking = make_booking(None, start, person=person, presentation=presentation, state="delivered", visit_closed=True)
        Booking.objects.filter(pk=booking.pk).update(reference=f"BK-PAST-{weeks:02}")


def with_a_choice() -> str:
    """The page of a visit to come, for which everybody is ranked; and a journey of which staff know the minutes."""
    journey = JourneyTime(area_a="BD", area_b="LS", minutes=55, reason="The A647 at school time")
    set_journey_time(journey=journey, by=None, now=timezone.now())
    start = uk_datetime(uk_day(timezone.now()) + timedelta(days=120), time(10))  # further ahead than anybody else of these
    presenter = Presenter.objects.get(user__email=STAFF_EMAIL)
    of_whom = {"person": Person.objects.earliest("pk"), "presentation": Presentation.objects.earliest("pk")}
    booking = make_booking(presenter, start, **of_whom)
    Booking.objects.filter(pk=booking.pk).update(reference="BK-RANK-V3")
    return f"/staff/bookings/booking/{booking.pk}"


def on_the_day() -> list[str]:
    """The sample presenter is waited for at two visits: one is over and nobody has heard, one begins soon. Their days' pages."""
    presenter = Presenter.objects.get(user__email=STAFF_EMAIL)
    days = []
    for reference, minutes in (("BK-LATE-V1", -150), ("BK-SOON-V2", 20)):
        start = timezone.now() + timedelta(minutes=minutes)
        booking = make_booking(
            presenter, start, presentation=Presentation.objects.earliest("pk"), room="Ring at the side door, then ask for Jo"
        )
        Booking.objects.filter(pk=booking.pk).update(reference=reference)
        days.append(f"/staff/mine/day/?day={uk_day(start).isoformat()}")  # near midnight one is another day's
    return days

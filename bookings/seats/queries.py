"""Spare seats near a person; the professions that are missing where a host is; the guests of a visit in words."""

from datetime import datetime, timedelta
from math import cos, radians

from django.db.models import CharField, F, Func, Q, Value
from django.db.models.functions import Coalesce, NullIf, Power
from django.utils.translation import gettext as _, ngettext

from bookings.models import AttendanceCount, Booking, Format, Seat, SeatState
from bookings.models.booking import BookingQuerySet
from bookings.text import SummaryRow, summary_row, where_text
from professionals.areas import authority_with_code, look_up_area
from professionals.models import OutwardCode, Person, Profession

# In a straight line between the centres of two postcode districts; people in the same local authority are near too.
MAX_NEAR_MILES = 15
# We suggest a profession to the host if none have attended in the local authority for this long.
MISSING_PERIOD = timedelta(days=365)

# The outward code of a visit or, online, of the host.
OUTWARD_CODE = Func(
    Coalesce(NullIf(F("postcode"), Value("")), F("person__postcode")),
    Value(" "),
    Value(1),
    function="split_part",
    output_field=CharField(),
)
MILES_PER_DEGREE = 69.1  # of latitude
MAX_NEAR_SHOWN = 3  # beside other things; the page of seats has more
MAX_NEAR_SEATS = 50
MAX_GUESTS_SHOWN = 100


def seats_near(person: Person | None, now: datetime) -> BookingQuerySet:
    """Seats offered to this person's profession in the local authority of their work, or within MAX_NEAR_MILES of it."""
    area = look_up_area(person.postcode) if person and person.postcode else None
    if person is None or area is None:
        return Booking.objects.none()
    # Outward codes with their centre within MAX_NEAR_MILES and no crossing between; so short a way is measured as on a flat map.
    north = Power((F("latitude") - area.latitude) * MILES_PER_DEGREE, 2)
    east = Power((F("longitude") - area.longitude) * MILES_PER_DEGREE * cos(radians(area.latitude)), 2)
    codes = OutwardCode.objects.alias(squared=north + east).filter(zone=area.zone, squared__lte=MAX_NEAR_MILES**2)
    near = Q(outward__in=codes.values("code"))
    if area.local_authority:
        near |= Q(local_authority=area.local_authority)
    offered = Booking.objects.with_open_seats(now).filter(seats_professions__contains=[person.profession])
    # Its host, and people who have asked for a seat, read about it elsewhere.
    offered = offered.exclude(person=person).exclude(pk__in=person.seats.exclude(state=SeatState.GIVEN_UP).values("booking"))
    return offered.alias(outward=OUTWARD_CODE).filter(near).select_related("presentation", "person__organisation")


def nearby_seats_context(person: Person | None, now: datetime) -> dict[str, object]:
    """A few of them, for the pages of somebody who is signed in."""
    found = list(seats_near(person, now)[: MAX_NEAR_SHOWN + 1])
    return {"seats_near": [seat_offer(booking) for booking in found[:MAX_NEAR_SHOWN]], "more_seats": len(found) > MAX_NEAR_SHOWN}


def seat_offer(booking: Booking) -> dict[str, object]:
    """What anybody nearby may read: the town, but no address."""
    left = ngettext("%(n)d seat left", "%(n)d seats left", booking.seats_left) % {"n": booking.seats_left}
    return {"booking": booking, "where": town_text(booking), "host": host_organisation_name(booking), "left": left}


def offer_rows(booking: Booking) -> list[SummaryRow]:
    return [
        summary_row(_("Presentation"), booking.presentation.title),
        summary_row(_("When"), booking.when),
        summary_row(_("Where"), town_text(booking)),
        summary_row(_("Host"), host_organisation_name(booking)),
    ]


def town_text(booking: Booking) -> str:
    if booking.format == Format.ONLINE:
        return _("Online")
    authority = None if booking.town else authority_with_code(booking.local_authority)
    return booking.town or (authority.name if authority else booking.postcode.partition(" ")[0])


def profession_labels(booking: Booking) -> list[str]:
    """The professions that its seats are for, in words."""
    return [str(profession.label) for profession in Profession if profession in booking.seats_professions]


def host_organisation_name(booking: Booking) -> str:
    organisation = booking.person.organisation
    return organisation.name if organisation else _("Another team near you")


def missing_professions(booking: Booking, now: datetime) -> list[str]:
    """Professions of which nobody has come in the booking's local authority for MISSING_PERIOD, and nobody is in its team.

    One statement. Suggested to its host without a word of why: nobody outside reads where nobody has been (product.md, rule 13).
    """
    area = None if booking.local_authority else look_up_area(booking.contacts_postcode)
    authority = booking.local_authority or (area.local_authority if area else "")
    if not authority:
        return []
    given = {"attendance__booking__local_authority": authority, "attendance__booking__starts_at__gte": now - MISSING_PERIOD}
    came = set(AttendanceCount.objects.filter(**given).values_list("profession", flat=True).distinct())
    came |= {booking.audience_profession, booking.person.profession, Profession.OTHER}
    return [profession for profession in Profession.values if profession not in came]


def approved_seat_rows(booking: Booking) -> list[SummaryRow]:
    """For a guest with a seat: where to come, and whom to ask for. What looks like a child's details goes to nobody."""
    link = booking.joining_link
    rows = [
        summary_row(_("Presentation"), booking.presentation.title),
        summary_row(_("When"), booking.when),
        summary_row(_("Where"), where_text(booking)),
        summary_row(_("Room, parking or entrance"), "" if booking.flagged_child_details else booking.room),
        {**summary_row(_("Joining link"), link), "href": link, "is_private": True},
        summary_row(_("Host"), host_organisation_name(booking)),
        summary_row(_("Contact on the day"), booking.contact_name),
        {**summary_row(_("Their phone"), booking.contact_phone), "is_phone": True},
    ]
    return [each for each in rows if each["value"]]


def guest_text(seat: Seat) -> str:
    """'Nadia Khan, Midwife, St James Trust': what a host and a presenter need to know of a guest."""
    organisation = seat.person.organisation
    return ", ".join(filter(None, [seat.person.name, seat.person.get_profession_display(), str(organisation or "")]))


def guest_rows(booking: Booking) -> list[SummaryRow]:
    """For the presenter: the guests with a seat, and what they need. No statement if there are none."""
    if not booking.seats_taken:
        return []
    guests = list(booking.seats.approved().with_related()[:MAX_GUESTS_SHOWN])
    needs = [guest.access_needs for guest in guests if guest.access_needs]
    rows = [
        summary_row(_("Who the guests are"), "\n".join(map(guest_text, guests))),
        summary_row(_("What guests need"), "\n".join(needs)),
    ]
    return [each for each in rows if each["value"]]


def guest_professions(booking: Booking) -> list[str]:
    if not booking.seats_taken:
        return []
    return list(booking.seats.approved().order_by("pk").values_list("person__profession", flat=True))

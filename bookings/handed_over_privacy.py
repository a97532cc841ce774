"""What a booking that a colleague took over still says of who had it: their copy has it, and it goes with them (ADR 79)."""

import re
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from bookings import ical
from bookings.models import Booking, BookingEvent, BookingLink, EventKind
from bookings.models.booking import record
from bookings.privacy import ABOUT_THE_PRESENTER
from bookings.services.bringing import forget_who_gave_leaflets
from bookings.services.locking import lock_bookings
from bookings.services.looking_after import refuse_while_on_the_way_or_there
from bookings.services.telling import tell_details_changed
from notifications.services.erasing import erase_bodies_about
from professionals.models import Absorbed, Person

# Of a booking, in anybody's words. They are of the visit, so they stay with who has it now, and name nobody who had it.
WRITTEN = ("room", "access_needs", "notes", "request_reason", "closed_reason", "contact_name", "contact_phone")


def given_away_by(person: Person) -> QuerySet[BookingEvent]:
    """Also as a row that has become one with theirs since: its number is what the event says."""
    absorbed = Absorbed.objects.filter(person=person).values("key")
    given = BookingEvent.objects.filter(kind=EventKind.HANDED_OVER)
    given = given.alias(gave=Cast(KT("changes__person__0"), BigIntegerField()))
    return given.filter(Q(gave=person.pk) | Q(gave__in=absorbed))


def export(person: Person) -> list[dict[str, Any]]:
    """Of each booking that they gave away, and each time, what happened while it was theirs and why it went. One statement if
    there is none, else two."""
    before = BookingEvent.objects.filter(booking=OuterRef("booking"), kind=EventKind.HANDED_OVER, pk__lt=OuterRef("pk"))
    came = Subquery(before.order_by("-pk").values("pk")[:1])
    given = list(given_away_by(person).annotate(came=came).select_related("booking").order_by("pk"))
    happened = BookingEvent.objects.filter(booking__in={each.booking_id for each in given}).exclude(kind__in=ABOUT_THE_PRESENTER)
    events = list(happened.order_by("pk")) if given else []
    return [
        {
            "reference": each.booking.reference,
            "given_away": each.at,
            "history": [
                {"at": event.at, "what": event.get_kind_display(), "reason": event.reason}
                for event in events
                if event.booking_id == each.booking_id and (each.came or 0) < event.pk <= each.pk
            ],
        }
        for each in given
    ]


def erase(person: Person, now: datetime) -> None:
    """After the bookings that they still have. Raises VisitNotOver while a presenter who is on the way may have to ring them."""
    given = {event.booking_id: event for event in given_away_by(person).order_by("pk")}  # the last time of each
    if not given:
        return
    bookings = list(lock_bookings(Booking.objects.filter(pk__in=given)))
    to_ring = [booking.pk for booking in bookings if is_contact(person, booking)]
    refuse_while_on_the_way_or_there(Booking.objects.filter(pk__in=to_ring), now)
    for booking in bookings:
        last = given[booking.pk]
        # Mail of later names whom to ring on the day; what is told from here on does not.
        erase_bodies_about([f"booking:{booking.pk}"], now, until=None if booking.pk in to_ring else last.at)
        BookingEvent.objects.filter(booking=booking, pk__lte=last.pk).exclude(reason="").update(reason="")
        BookingLink.objects.filter(booking=booking, created_at__lte=last.at).delete()  # which have their address, as a hash
        if booking.person_id != person.pk:
            forget_in(booking, person, now)
    forget_who_gave_leaflets({key: last.at for key, last in given.items()}, now)


def is_contact(person: Person, booking: Booking) -> bool:
    """Whether a presenter who needs somebody on the day would ask for them."""
    same_name = booking.contact_name.casefold().split() == person.name.casefold().split()
    return same_name or (bool(person.phone) and digits(booking.contact_phone) == digits(person.phone))


def digits(number: str) -> str:
    return "".join(letter for letter in number if letter.isdecimal())


def forget_in(booking: Booking, person: Person, now: datetime) -> None:
    """Who has it now is the contact instead, and its presenter is told so; in what was written nobody is named any more."""
    said = {column: without(person, getattr(booking, column)) for column in WRITTEN}
    if is_contact(person, booking):
        owner = (booking.person.name, booking.person.phone) if booking.is_open else ("", "")
        said |= dict(zip(("contact_name", "contact_phone"), owner, strict=True))
    changed = [column for column, words in said.items() if words != getattr(booking, column)]
    entry = ical.location(booking)
    for column in changed:
        setattr(booking, column, said[column])
    if changed and booking.is_open:
        in_calendars = ical.location(booking) != entry
        booking.sequence, booking.revision = booking.sequence + in_calendars, booking.revision + 1
        what: dict[str, object] = {"fields": changed, "revision": booking.revision, "in_calendars": in_calendars}
        record(booking, EventKind.DETAILS_CHANGED, by=None, now=now, changes=what)
        tell_details_changed(booking, now, by_staff=True)
    booking.save(update_fields=[*changed, "sequence", "revision"])


def without(person: Person, said: str) -> str:
    """The words with a dash where they had this person's whole name, address or phone number."""
    for own in filter(None, (person.name, person.email, person.phone)):
        said = re.sub(rf"(?<!\w){re.escape(own)}(?!\w)", "–", said, flags=re.IGNORECASE)
    return said

"""What is counted, in plain Python over every row: slow, and written without a look at reach/sources.py."""

from collections import Counter
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from bookings.models import Attendance, Booking, OpenSession, SessionPlace
from leaflets.models import Order, StockMovement
from professionals.models import ImportedCount, Person
from reach.areas import Area
from reach.models import CountKind, ReachCount
from reach.queries import Period, area_key

Figures = Counter[tuple[str, date, str, str, str]]
LONDON = ZoneInfo("Europe/London")


def month_of(moment: datetime) -> date:
    local = moment.astimezone(LONDON)
    return date(local.year, local.month, 1)


def all_figures() -> Figures:
    found: Figures = Counter()
    bookings_and_who_came(found)
    sessions_and_places(found)
    leaflets(found)
    for person in Person.objects.all():
        if person.user:
            found[CountKind.SIGNED_UP, month_of(person.user.date_joined), *area(person), person.profession] += 1
    for old in ImportedCount.objects.all():
        key = (old.month, old.nation, old.authority, old.profession)
        if old.kind == "bookings":
            found[CountKind.ATTENDED, *key] += old.people
            found[CountKind.PRESENTATIONS, *key] += old.rows
        elif old.kind == "orders":
            found[CountKind.LEAFLETS, *key] += old.copies
    return +found


def counts_by(column: str, kind: CountKind, area: Area | None = None, period: Period | None = None) -> dict[Any, int]:
    """Of the counts of a kind, in an area or everywhere, in some months or ever: by month or profession."""
    found: Counter[Any] = Counter()
    for row in ReachCount.objects.filter(kind=kind):
        is_there = area is None or area_key(row.nation, row.authority) in area.keys
        if is_there and (period is None or row.month in period):
            found[getattr(row, column)] += row.count
    return dict(found)


def area(row: Booking | Order | Person | SessionPlace) -> tuple[str, str]:
    return row.reached_nation, row.reached_authority


def bookings_and_who_came(found: Figures) -> None:
    for booking in Booking.objects.all():
        if booking.state != "delivered" or booking.starts_at is None:
            continue
        month = month_of(booking.starts_at)
        found[CountKind.PRESENTATIONS, month, *area(booking), booking.audience_profession] += 1
        for attendance in Attendance.objects.filter(booking=booking):
            for count in attendance.counts.all():
                found[CountKind.ATTENDED, month, *area(booking), count.profession] += count.people


def sessions_and_places(found: Figures) -> None:
    for session in OpenSession.objects.all():
        month, delivered = month_of(session.starts_at), session.state == "delivered"
        came: Counter[str] = Counter()
        for place in session.places.all():
            profession = place.person.profession
            if place.state in ("taken", "attended") and session.state != "cancelled":
                found[CountKind.PLACES, month, *area(place), profession] += 1
            if place.state == "attended" and delivered:
                found[CountKind.ATTENDED, month, *area(place), profession] += 1
                came[profession] += 1
        if not delivered:
            continue
        found[CountKind.PRESENTATIONS, month, "", "", ""] += 1
        for attendance in Attendance.objects.filter(session=session):
            counted = Counter({count.profession: count.people for count in attendance.counts.all()})
            if came <= counted:
                for profession, people in (counted - came).items():
                    found[CountKind.ATTENDED, month, "", "", profession] += people
            else:
                found[CountKind.ATTENDED, month, "", "", ""] += max(attendance.people - came.total(), 0)


def leaflets(found: Figures) -> None:
    for movement in StockMovement.objects.all():
        if movement.kind == "dispatched":
            order = movement.order_line.order  # type: ignore[union-attr]
            found[CountKind.LEAFLETS, month_of(movement.at), *area(order), order.person.profession] += movement.copies
    for order in Order.objects.filter(channel="list"):
        sent = sum(line.dispatched for line in order.lines.all())
        found[CountKind.LEAFLETS, month_of(order.created_at), *area(order), order.person.profession] += sent


def stored_figures() -> Figures:
    found: Figures = Counter()
    for row in ReachCount.objects.all():
        found[row.kind, row.month, row.nation, row.authority, row.profession] += row.count
    return found

"""Rows of this app's tests."""

import itertools
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accounts.models import User
from bookings.feedback.services import get_or_create_follow_up
from bookings.models import (
    Availability,
    AvailabilityException,
    Booking,
    BookingState,
    BusyKind,
    BusyTime,
    ConfidenceFollowUp,
    DateOption,
    DateOptionKind,
    DutyShift,
    Format,
    HeldTime,
    Hold,
    JourneyTime,
    Leave,
    LeaveKind,
    Nation,
    Presentation,
    Presenter,
)
from bookings.models.busy import LINK_FIELDS
from bookings.schedule.availability import Schedule, Slot
from bookings.schedule.holds import place_columns
from bookings.schedule.queries import read_schedule
from bookings.schedule.services import save_presenter
from bookings.schedule.slots import SlotQuery
from bookings.travel import Place, find_place
from core.dates import uk_day
from professionals.models import Draft, DraftKind, Person
from tests.factories import make_person, make_staff

_number = itertools.count(1)

# The same day as the fixture `now`: a Tuesday in winter. MONDAY is the first day that the public can book from then.
NOW = datetime(2027, 1, 12, 10, tzinfo=UTC)
MONDAY = date(2027, 1, 25)
LEEDS, LEEDS_TOO, YORK, LONDON = "LS1 4AP", "LS9 7TF", "YO1 7HH", "SE1 7PB"


def first_slot(schedule: Schedule) -> Slot | None:
    return next((slots[0] for day in schedule.date_range if (slots := schedule.slots_on(day))), None)


def at(clock: str, day: date = MONDAY) -> datetime:
    """That time in UTC."""
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=UTC)


def make_presentation(**fields: Any) -> Presentation:
    defaults: dict[str, Any] = {
        "slug": f"signs-{next(_number)}",
        "title": "Spotting the signs",
        "summary": "What to look for.",
        "description": "More about it.",
        "audience": "Health visitors",
        "length_minutes": 60,
        "formats": [Format.WORKPLACE, Format.ONLINE],
    }
    return Presentation.objects.create(**{**defaults, **fields})


def make_presenter(
    *, weekdays: range | tuple[int, ...] = range(5), hours: tuple[str, str] = ("09:00", "17:00"), **fields: Any
) -> Presenter:
    """A presenter in Leeds who is available on weekdays."""
    number = next(_number)
    defaults: dict[str, Any] = {
        "name": f"Presenter {number}",
        "email": f"presenter{number}@ctac.example",
        "base_postcode": LEEDS,
        "nation": Nation.ENGLAND,
        "max_travel_minutes": 120,
        "joining_link": "https://meet.example/room",
        "checked_until": date(2099, 12, 31),
        "trained_until": date(2099, 12, 31),
    }
    make_cover()
    presenter = save_presenter(presenter=Presenter(**{**defaults, **fields}))
    for weekday in weekdays:
        make_availability(presenter, weekday, *hours)
    return presenter


def make_availability(presenter: Presenter, weekday: int, start: str, end: str, **fields: Any) -> Availability:
    clocks = {"start": time.fromisoformat(start), "end": time.fromisoformat(end)}
    return Availability.objects.create(presenter=presenter, weekday=weekday, valid_from=date(2026, 1, 1), **clocks, **fields)


def make_exception(
    presenter: Presenter, first_day: date, last_day: date | None = None, *, hours: tuple[str, str] | None
) -> AvailabilityException:
    """Other hours on those days, or none."""
    start, end = (time.fromisoformat(clock) for clock in hours) if hours else (None, None)
    return AvailabilityException.objects.create(
        presenter=presenter, first_day=first_day, last_day=last_day or first_day, start=start, end=end
    )


def make_booking(
    presenter: Presenter | None, start: datetime, *, minutes: int = 60, postcode: str = LEEDS, claim: bool = True, **fields: Any
) -> Booking:
    """A row as it is, past every service: what the database lets in. `postcode` empty means online."""
    number = next(_number)
    person = fields.pop("person", None) or make_person()
    booking = Booking.objects.create(
        reference=f"BK-{number:04d}-XX",
        person=person,
        presentation=fields.pop("presentation", None) or make_presentation(length_minutes=minutes),
        presenter=presenter,
        state=fields.pop("state", BookingState.CONFIRMED),
        format=Format.WORKPLACE if postcode else Format.ONLINE,
        starts_at=start,
        ends_at=start + timedelta(minutes=minutes),
        address_line_1="St James" if postcode else "",
        town="Leeds" if postcode else "",
        postcode=postcode,
        **{
            "audience_size": 8,
            "contact_name": "Jo Green",
            "contact_phone": "0113 496 0001",
            "channel": "web",
            "created_at": NOW,
            **fields,
        },
    )
    if presenter and claim:
        make_claim(
            presenter, start, start + timedelta(minutes=minutes), find_place(postcode) if postcode else None, booking=booking
        )
    return booking


def make_request(**fields: Any) -> Booking:
    """A request without a time, for a workplace in Leeds."""
    booking = make_booking(None, NOW, state=BookingState.REQUESTED, **fields)
    Booking.objects.filter(pk=booking.pk).update(starts_at=None, ends_at=None)
    booking.refresh_from_db()
    return booking


def make_option(
    booking: Booking, presenter: Presenter | None, start: datetime, *, expires_at: datetime | None = None, **fields: Any
) -> DateOption:
    """An hour on a request; with a presenter it is kept."""
    kept = {"presenter": presenter, "kept_from": start, "expires_at": expires_at or NOW + timedelta(days=2)} if presenter else {}
    end = start + timedelta(hours=1)
    columns: dict[str, Any] = {"kind": DateOptionKind.PREFERRED, "starts_at": start, "ends_at": end, **kept, **fields}
    option = DateOption.objects.create(booking=booking, **columns)
    if presenter and option.kept_from:
        make_claim(presenter, start, end, find_place(booking.postcode), option=option, expires_at=option.expires_at)
    return option


def make_claim(presenter: Presenter, start: datetime, end: datetime, place: Place | None, **fields: Any) -> BusyTime:
    """Straight into the table. Without a link it belongs to leave of its own."""
    if not fields.keys() & set(LINK_FIELDS):
        fields["leave"] = Leave.objects.create(
            presenter=presenter, starts_at=start, ends_at=end, kind=LeaveKind.OTHER, created_at=NOW
        )
    kind = next(name for name in LINK_FIELDS if fields.get(name))
    return BusyTime.objects.create(
        presenter=presenter, kind=BusyKind(kind), busy=DateTimeTZRange(start, end), **place_columns(place), **fields
    )


def make_leave(presenter: Presenter, start: datetime, end: datetime) -> BusyTime:
    return make_claim(presenter, start, end, None)


def make_hold(
    presenter: Presenter, start: datetime, *, expires_at: datetime, person: Person | None = None, **fields: Any
) -> Hold:
    """An hour online, kept for somebody."""
    hold = Hold.objects.create(
        draft=make_draft(),
        person=person,
        presenter=presenter,
        presentation=fields.pop("presentation", None) or make_presentation(),
        format=Format.ONLINE,
        start=start,
        held_at=expires_at - timedelta(minutes=15),
        expires_at=expires_at,
    )
    make_claim(presenter, start, start + timedelta(hours=1), None, hold=hold, expires_at=expires_at)
    return hold


def make_held(presenter: Presenter, start: datetime, postcode: str, *, expires_at: datetime, **fields: Any) -> HeldTime:
    """An hour at a workplace there, held for the people of its district."""
    place = find_place(postcode)
    around = fields.pop("around", None) or make_booking(presenter, start, claim=False)
    held = HeldTime.objects.create(
        presenter=presenter,
        visit=around,
        area=place.authority,
        area_name=place.authority,
        keys=[place.authority],
        starts_at=start,
        ends_at=start + timedelta(hours=1),
        number=fields.pop("number", HeldTime.objects.open().filter(presenter=presenter).count() + 1),
        held_at=fields.pop("held_at", min(NOW, expires_at - timedelta(days=7))),
        expires_at=expires_at,
        **fields,
    )
    make_claim(presenter, held.starts_at, held.ends_at, place, held=held, expires_at=expires_at)
    return held


def make_draft(person: Person | None = None, **answers: Any) -> Draft:
    number = next(_number)
    return Draft.objects.create(
        kind=DraftKind.BOOKING,
        key_hash=f"hash-{number}",
        person=person,
        answers=answers,
        token=f"token-{number}",
        expires_at=NOW + timedelta(hours=48),
    )


def diary_of(asked: SlotQuery, now: datetime = NOW, days: int = 90, **own: Any) -> Schedule:
    return read_schedule(asked, first_day=uk_day(now), last_day=uk_day(now) + timedelta(days=days), now=now, **own)


def slot_query(presentation: Presentation, postcode: str = LEEDS) -> SlotQuery:
    """At a workplace there, or online if it is empty."""
    if not postcode:
        return SlotQuery(presentation, Format.ONLINE, None)
    return SlotQuery(presentation, Format.WORKPLACE, find_place(postcode))


def visit_address(line_1: str, town: str, postcode: str, line_2: str = "") -> dict[str, str]:
    return {"address_line_1": line_1, "address_line_2": line_2, "town": town, "postcode": postcode}


ADDRESS = visit_address("St James", "Leeds", LEEDS)
DETAILS = {
    "audience_size": 8,
    "contact_name": "Jo Green",
    "contact_phone": "0113 496 0001",
    **dict.fromkeys(("audience_profession", "room", "access_needs", "notes"), ""),
}


def unsaved_booking(
    person: Person,
    start: datetime | None = None,
    *,
    address: Mapping[str, str] | None = ADDRESS,
    details: Mapping[str, Any] = DETAILS,
    submission: tuple[str | None, str] = (None, ""),
    **columns: Any,
) -> Booking:
    """As the website and staff hand it to the services; `submission` is its token and digest."""
    token, digest = submission
    asked: dict[str, Any] = {"format": "workplace", "channel": "web", **(address or {}), **details, **columns}
    return Booking(person=person, starts_at=start, submission_token=token, submission_digest=digest, **asked)


def make_world(owner: Person, now: datetime) -> dict[str, Any]:
    """One of each, by 'app_model', for the matrix of routes and people."""
    presenter = make_presenter()
    start = at("10:00", (now + timedelta(days=20)).date())
    booking = make_booking(presenter, start, person=owner)
    leave = make_leave(presenter, start + timedelta(days=1), start + timedelta(days=2))
    DutyShift.objects.all().delete()
    follow_up = get_or_create_follow_up(given=booking, now=now)
    return {
        "bookings_booking": booking,
        "bookings_followup": follow_up,
        "later": ConfidenceFollowUp.objects.create(follow_up=follow_up, due_at=now, told_at=now),
        "bookings_presentation": booking.presentation,
        "bookings_presenter": presenter,
        "bookings_leave": leave.leave,
        "exception": make_exception(presenter, (now + timedelta(days=30)).date(), hours=None),
        "bookings_busytime": leave,
        "bookings_dutyshift": make_shift(date(2000, 1, 1), date(2098, 12, 31)),
        "bookings_journeytime": JourneyTime.objects.create(
            area_a="LS", area_b="YO", minutes=60, reason="Works on the A64", set_at=now
        ),
    }


EVER = {"first_day": date(2000, 1, 1), "last_day": date(2099, 12, 31)}


def make_cover() -> None:
    """Two colleagues on duty on every day, unless a test has shifts of its own: visits can be confirmed."""
    if not DutyShift.objects.exists():
        DutyShift.objects.create(**EVER, duty_person=make_colleague(), deputy=make_colleague())


def make_colleague() -> User:
    """Numbered by themselves, so that other staff keep their numbers."""
    return make_staff(f"duty{User.objects.filter(email__startswith='duty').count() + 1}@ctac.example")


def make_shift(first_day: date = MONDAY, last_day: date | None = None, **fields: Any) -> DutyShift:
    """Two colleagues on duty, on one day if not said otherwise; from then on not on every day any more."""
    DutyShift.objects.filter(**EVER).delete()
    people = {name: fields.pop(name, None) or make_colleague() for name in ("duty_person", "deputy")}
    return DutyShift.objects.create(first_day=first_day, last_day=last_day or first_day, **people, **fields)

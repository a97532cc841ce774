"""Old bookings from a spreadsheet: history that takes up nobody's time, emails nobody, and counts wherever bookings count.

They have no events and no claim on a presenter's time: undoing the import could take back neither.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _, gettext_lazy

from accounts.models import User
from bookings.models import Attendance, AttendanceCount, Booking, BookingChannel, BookingState, Format, Presentation, Presenter
from core.dates import uk_datetime, uk_day
from core.forms import parse_estimate
from office.site_settings.models import SETTING_BOUNDS
from office.site_settings.queries import site_settings
from professionals.areas import Area, look_up_areas
from professionals.imports.contacts import (
    CONTACTS_KIND,
    PERSON_FIELDS,
    full_name,
    is_past_retention,
    mark_past_retention,
    match_people,
    parse_profession,
)
from professionals.imports.records import (
    check_person_identifiable,
    combine_day_and_clock,
    link_records,
    normalise_text,
    parse_choice,
    parse_clock,
    parse_day_and_clock,
    people_by_row,
    person_identity,
    texts_mentioning_records,
)
from professionals.imports.registry import ImportField, ImportKind, Match, Removal, Row, parse_text
from professionals.models import Profession

BOOKING_LABEL = "bookings.booking"
FORMAT_BY_WORD = {
    **dict.fromkeys(("visit", "workplace", "at your workplace", "face to face", "face-to-face", "in person"), Format.WORKPLACE),
    **dict.fromkeys(("online", "virtual", "webinar", "remote", "teams", "zoom"), Format.ONLINE),
}
MIXED_AUDIENCES = {"mixed", "mix", "a mix of professions", "various", "all", "multi-agency", "multi agency"}
STATE_BY_WORD = {
    **dict.fromkeys(("delivered", "given", "done", "completed", "complete", "took place", "yes"), BookingState.DELIVERED),
    **dict.fromkeys(("cancelled", "canceled", "called off", "did not take place", "no"), BookingState.CANCELLED),
}
# The most that staff may ever set: the limit of today may be lower.
MAX_PEOPLE = SETTING_BOUNDS["max_session_capacity"][1]


def parse_people(typed: str) -> int:
    """The number of people, also from a guess like “about 12”. “12 to 15” gives the smaller one, which is sure. 0 is nobody."""
    found = parse_estimate(typed.removesuffix(".0").replace(",", ""))
    if not found or max(found) > MAX_PEOPLE:
        raise ValidationError(_("Enter how many people, from 0 to %(most)s.") % {"most": f"{MAX_PEOPLE:,}"})
    return min(found)


BOOKING_IMPORT_FIELDS = (
    ImportField(
        "day",
        gettext_lazy("Date"),
        parse_day_and_clock,
        required=True,
        aliases=("day", "when", "date of presentation", "presentation date", "date delivered", "session date", "booking date"),
        help=gettext_lazy("The day comes first: 3/4/2021 is 3 April 2021."),
        example="3 April 2025",
        free=False,
    ),
    ImportField(
        "clock",
        gettext_lazy("Time"),
        parse_clock,
        aliases=("start", "start time", "starts", "time of presentation"),
        help=gettext_lazy("UK time. Leave it empty if you don’t know it."),
        example="1:30pm",
        empty=None,
        free=False,
    ),
    ImportField(
        "presentation",
        gettext_lazy("Presentation"),
        parse_text(150),
        required=True,
        aliases=("topic", "title", "subject", "session", "training"),
        help=gettext_lazy("Its title or short name here, also of one that we no longer offer."),
        example="Spotting the signs of child trafficking",
        free=False,
    ),
    ImportField(
        "format",
        gettext_lazy("Visit or online"),
        parse_choice(FORMAT_BY_WORD, gettext_lazy("Write “Visit” or “Online”.")),
        aliases=("format", "how", "type", "delivery"),
        help=gettext_lazy("“Visit” or “Online”. Empty means a visit."),
        example="Visit",
        empty=Format.WORKPLACE,
        free=False,
    ),
    *PERSON_FIELDS,
    ImportField(
        "audience",
        gettext_lazy("Audience"),
        lambda typed: "" if normalise_text(typed) in MIXED_AUDIENCES else parse_profession(typed),
        aliases=("who came", "who is coming", "audience profession"),
        help=gettext_lazy("Their profession. Empty means a mix of professions."),
        example="Health visitor",
        free=False,
    ),
    ImportField(
        "expected",
        gettext_lazy("People expected"),
        parse_people,
        aliases=("expected", "number expected", "audience size", "people coming"),
        example="15",
        empty=0,
        free=False,
    ),
    ImportField(
        "came",
        gettext_lazy("People who came"),
        parse_people,
        aliases=("came", "attended", "number attended", "attendance", "number of people", "people", "attendees"),
        example="14",
        empty=0,
        free=False,
    ),
    ImportField(
        "presenter",
        gettext_lazy("Presenter"),
        parse_text(150),
        aliases=("presented by", "trainer", "speaker", "facilitator", "delivered by"),
        help=gettext_lazy("The name as it is here, also of a former colleague. We leave out other names."),
        example="Tom Adeyemi",
        free=False,
    ),
    ImportField(
        "state",
        gettext_lazy("Delivered or cancelled"),
        parse_choice(STATE_BY_WORD, gettext_lazy("Write “Delivered” or “Cancelled”.")),
        aliases=("state", "status", "outcome"),
        help=gettext_lazy("Empty means delivered."),
        example="Delivered",
        empty=BookingState.DELIVERED,
        free=False,
    ),
)


class BatchLookup:
    """What the rows of a batch name: presentations and presenters by name, areas by postcode. All looked up once."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.presentations: dict[str, Presentation] = {}
        for presentation in Presentation.objects.order_by("active", "-pk"):  # of one title, the oldest that we offer
            self.presentations |= dict.fromkeys((presentation.slug, normalise_text(presentation.title)), presentation)
        self.presenters: dict[str, list[Presenter]] = defaultdict(list)
        for presenter in Presenter.objects.all():
            self.presenters[normalise_text(presenter.name)].append(presenter)
        self.areas = look_up_areas({row.values["postcode"] for row in rows if row.values["postcode"]})

    def presentation(self, row: Row) -> Presentation | None:
        return self.presentations.get(normalise_text(row.values["presentation"]))

    def presenter(self, row: Row) -> Presenter | None:
        """The one presenter of that name; None if there are several."""
        named = self.presenters.get(normalise_text(row.values["presenter"]), [])
        return named[0] if len(named) == 1 else None

    def area(self, row: Row) -> Area | None:
        """The area of a visit; None for an online presentation or an unknown postcode."""
        return self.areas.get(row.values["postcode"]) if row.values["format"] == Format.WORKPLACE else None


def start_from_values(values: Mapping[str, Any]) -> datetime:
    """The start: midnight if no time is known. Raises ValidationError for the hour that is skipped in March."""
    day, clock = values["day"]
    return combine_day_and_clock(day, values["clock"] or clock)


def booking_identity(values: Mapping[str, Any]) -> str:
    """Two rows with the same person, presentation and start are the same booking."""
    day, clock = values["day"]
    return f"{day} {values['clock'] or clock} {normalise_text(values['presentation'])} {person_identity(values)}"


UNKNOWN_PRESENTATION_MESSAGE = gettext_lazy(
    "We have no presentation of this name. Correct it, or add the presentation here first. It need not be offered."
)
# Checking the rows: what is wrong, what we have already, and what is too old to keep.


def check_bookings(rows: Sequence[Row], *, now: datetime) -> None:
    months, known = site_settings().keep_bookings_months, BatchLookup(rows)
    past = [row for row in rows if is_past_retention(row.values["day"][0], months=months, now=now)]
    mark_past_retention([(row, row.values["day"][0]) for row in past])
    for row in past:
        values = row.values
        if row.past is None or values["state"] != BookingState.DELIVERED:  # a cancelled one counts for nothing
            row.add_problem("state", _("This is too old to keep. Nothing was given, so there is nothing to count. Take it out."))
            continue
        people, profession = values["came"] or values["expected"], values["audience"] or row.past.profession
        row.past = replace(row.past, people=people, profession=profession)
    for row in rows:
        if row.past is None:
            check_booking(row, known, now)
    to_keep = [row for row in rows if not row.problems and row.past is None]
    match_people(to_keep)
    bookings = match_bookings(to_keep, known)
    for row in to_keep:
        row.matches = [*bookings.get(row.number, ()), *(match for match in row.matches if not match.certain)]


def check_booking(row: Row, known: BatchLookup, now: datetime) -> None:
    values = row.values
    if values["day"][0] >= uk_day(now):
        row.add_problem("day", _("This day is not over yet. Book it here instead, and take it out of the list."))
    else:
        try:
            start_from_values(values)
        except ValidationError as error:
            row.add_problem("clock", error.messages[0])
    if known.presentation(row) is None:
        row.add_problem("presentation", UNKNOWN_PRESENTATION_MESSAGE)
    if values["format"] == Format.WORKPLACE and not values["postcode"]:
        row.add_problem("postcode", _("Add the postcode of the workplace, or say that it was online."))
    elif values["format"] == Format.WORKPLACE and known.area(row) is None:
        row.add_problem("postcode", _("We don’t know this postcode. Correct it."))
    if not (values["came"] or values["expected"]):
        row.add_problem("came", _("Say how many people came, or how many were expected."))
    check_person_identifiable(row)


def match_bookings(rows: Sequence[Row], known: BatchLookup) -> dict[int, list[Match]]:
    """By row number: the bookings that a row may be, of the same person and presentation on the same day. One statement."""
    keys = {match.key for row in rows for match in row.matches}
    days = [row.values["day"][0] for row in rows]
    if not keys or not days:
        return {}
    found: dict[Any, list[Booking]] = defaultdict(list)
    between = (uk_datetime(min(days), time.min), uk_datetime(max(days), time.max))
    for booking in Booking.objects.filter(person__in=keys, starts_at__range=between).order_by("pk"):
        found[booking.person_id, booking.presentation_id, uk_day(booking.agreed_times[0])].append(booking)
    matches: dict[int, list[Match]] = defaultdict(list)
    for row in rows:
        presentation, (day, clock) = known.presentation(row), row.values["day"]
        start = start_from_values(row.values) if row.values["clock"] or clock else None
        for person in row.matches:
            for booking in found[person.key, presentation and presentation.pk, day]:
                # The same time, if both are known.
                if start is None or booking.has_only_a_day or booking.starts_at == start:
                    matches[row.number].append(Match(BOOKING_LABEL, booking.pk, _("Same person, presentation and day")))
    return matches


# Making bookings from the rows.


def make_bookings(rows: Sequence[Row], *, by: User | None, now: datetime) -> None:
    """Make the bookings of these rows. A batch of many rows takes as many statements as one row."""
    rest = link_records(rows, Booking)
    known = BatchLookup(rest)
    wanted = {row.number: presentation for row in rest if (presentation := known.presentation(row))}
    for row in rest:
        if row.number not in wanted:
            row.add_problem("presentation", UNKNOWN_PRESENTATION_MESSAGE)
    people = people_by_row([row for row in rest if not row.problems], lambda row: start_from_values(row.values))
    rest = [row for row in rest if row.number in people]
    references = Booking.new_references(len(rest))
    made = [
        Booking(
            reference=reference,
            person=people[row.number],
            presentation=wanted[row.number],
            imported_at=now,
            **booking_columns(row, known, wanted[row.number]),
        )
        for row, reference in zip(rest, references, strict=True)
    ]
    bookings = list(zip(rest, Booking.objects.bulk_create(made), strict=True))
    for row, booking in bookings:
        row.made.append(booking)
    delivered = [(row, booking) for row, booking in bookings if booking.state == BookingState.DELIVERED and row.values["came"]]
    create_attendances(delivered, now)


def booking_columns(row: Row, known: BatchLookup, presentation: Presentation) -> dict[str, Any]:
    """Its visit is closed, so nobody is waited for. When it was booked is not known: the presentation's start stands for it."""
    values, area = row.values, known.area(row)
    starts_at = start_from_values(values)
    return {
        "presenter": known.presenter(row),
        "state": values["state"],
        "format": values["format"],
        "starts_at": starts_at,
        "ends_at": starts_at + presentation.length,
        "postcode": values["postcode"] if values["format"] == Format.WORKPLACE else "",
        "nation": area.nation if area else "",
        "local_authority": area.local_authority if area else "",
        "audience_size": values["expected"] or values["came"],
        "audience_profession": values["audience"],
        "contact_name": full_name(values),
        "contact_phone": values["phone"],
        "channel": BookingChannel.LIST,
        "visit_closed": True,
        "created_at": starts_at,
    }


def create_attendances(rows: Sequence[tuple[Row, Booking]], now: datetime) -> None:
    """A list has only the total, so all count as the audience's profession, or as others."""
    came = Attendance.objects.bulk_create(
        Attendance(booking=booking, people=row.values["came"], recorded_at=now, changed_at=now) for row, booking in rows
    )
    AttendanceCount.objects.bulk_create(
        AttendanceCount(
            attendance=attendance, people=attendance.people, profession=booking.audience_profession or Profession.OTHER
        )
        for attendance, (_row, booking) in zip(came, rows, strict=True)
    )
    for attendance, (row, _booking) in zip(came, rows, strict=True):
        row.made.append(attendance)


def reasons_to_keep(keys: Sequence[int]) -> dict[int, str]:
    """The bookings that must stay because of a correction or a mention, and why."""
    corrected = Attendance.objects.filter(booking__in=keys, revision__gt=0).values_list("booking", flat=True)
    return {**dict.fromkeys(corrected, _("another number of people who came")), **texts_mentioning_records(Booking, keys)}


BOOKING_IMPORT_KIND = ImportKind(
    name="bookings",
    label=gettext_lazy("Old bookings"),
    fields=BOOKING_IMPORT_FIELDS,
    check=check_bookings,
    make=make_bookings,
    removals=(
        Removal(BOOKING_LABEL, parts=("bookings.attendance",), ignored=("searched",), used=reasons_to_keep),
        *CONTACTS_KIND.removals,
    ),
    identity=booking_identity,
    help=gettext_lazy(
        "Presentations of the past, one a row. They take up nobody’s time here, and nobody gets an email about them."
    ),
)

"""What bookings hold about a person: how each field is classified, how it is exported and erased."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import ngettext

from bookings import after_privacy
from bookings.models import Booking, BookingEvent, BookingLink, BusyTime, DateOption, EventKind
from bookings.models.booking import record
from bookings.services.feeds import revoke_feed
from bookings.services.looking_after import refuse_while_on_the_way_or_there
from bookings.services.moving import cancel_without_leaflets
from ctac.classification import FREE_TEXT, NONE, PERSONAL
from notifications.services.erasing import erase_bodies_about
from professionals.models import Person

FIELDS: dict[str, dict[str, str]] = {
    "JourneyTime": {
        "id": NONE,
        "one": NONE,
        "other": NONE,
        "minutes": NONE,
        "reason": FREE_TEXT,
        "set_by": NONE,
        "set_at": NONE,
    },
    "Presentation": {
        "id": NONE,
        "slug": NONE,
        "title": NONE,
        "summary": NONE,
        "description": NONE,
        "audience": NONE,
        "length_minutes": NONE,
        "formats": NONE,
        "active": NONE,
    },
    "Presenter": {
        "id": PERSONAL,
        "name": PERSONAL,
        "email": PERSONAL,
        "user": PERSONAL,
        "phone": PERSONAL,
        "base_postcode": PERSONAL,
        "base_latitude": PERSONAL,
        "base_longitude": PERSONAL,
        "base_zone": PERSONAL,
        "nation": NONE,
        "max_travel_minutes": NONE,
        "earliest_leaving": NONE,
        "latest_return": NONE,
        "nations_covered": NONE,
        "areas_covered": NONE,
        "formats": NONE,
        "audiences": NONE,
        "most_a_day": NONE,
        "most_a_week": NONE,
        "notice_working_days": NONE,
        "horizon_days": NONE,
        "joining_link": NONE,
        "active": NONE,
    },
    "Availability": {
        "id": NONE,
        "presenter": PERSONAL,
        "weekday": NONE,
        "start": NONE,
        "end": NONE,
        "valid_from": NONE,
        "valid_until": NONE,
    },
    "AvailabilityException": {
        "id": NONE,
        "presenter": PERSONAL,
        "first_day": NONE,
        "last_day": NONE,
        "start": NONE,
        "end": NONE,
    },
    "Leave": {
        "id": NONE,
        "presenter": PERSONAL,
        "starts_at": PERSONAL,
        "ends_at": PERSONAL,
        "kind": PERSONAL,
        "reason": FREE_TEXT,
        "state": NONE,
        "asked_by_presenter": NONE,
        "answer": FREE_TEXT,
        "flagged_child_details": NONE,
        "decided_at": NONE,
        "created_at": NONE,
    },
    "Hold": {
        "id": NONE,
        "draft": PERSONAL,
        "person": PERSONAL,
        "presenter": PERSONAL,
        "presentation": NONE,
        "format": NONE,
        "postcode": NONE,
        "start": NONE,
        "held_at": NONE,
        "extended_at": NONE,
        "expires_at": NONE,
        "client": NONE,
    },
    "BusyTime": {
        "id": NONE,
        "presenter": PERSONAL,
        "kind": NONE,
        "busy": NONE,
        "live": NONE,
        "postcode": NONE,
        "latitude": NONE,
        "longitude": NONE,
        "zone": NONE,
        "travel_minutes": NONE,
        "travel_reason": FREE_TEXT,
        "expires_at": NONE,
        "booking": NONE,
        "leave": NONE,
        "hold": NONE,
        "option": NONE,
        "session": NONE,
    },
    "DateOption": {
        "id": NONE,
        "booking": NONE,
        "kind": NONE,
        "precision": NONE,
        "starts_at": NONE,
        "ends_at": NONE,
        "state": NONE,
        "presenter": PERSONAL,
        "kept_from": NONE,
        "expires_at": NONE,
        "why_not": NONE,
    },
    "Booking": {
        "id": NONE,
        "reference": NONE,
        "person": PERSONAL,
        "presentation": NONE,
        "presenter": PERSONAL,
        "state": NONE,
        "format": NONE,
        "starts_at": NONE,
        "ends_at": NONE,
        "address_line_1": PERSONAL,
        "address_line_2": PERSONAL,
        "town": NONE,
        "postcode": NONE,
        "nation": NONE,
        "local_authority": NONE,
        "room": FREE_TEXT,
        "own_joining_link": NONE,
        "audience_size": NONE,
        "audience_profession": NONE,
        "contact_name": PERSONAL,
        "contact_phone": PERSONAL,
        "access_needs": FREE_TEXT,
        "notes": FREE_TEXT,
        "request_reason": FREE_TEXT,
        "flagged_child_details": NONE,
        "channel": NONE,
        "sequence": NONE,
        "revision": NONE,
        "ical_uid": NONE,
        "submission_token": NONE,
        "submission_digest": NONE,
        "closed_reason": FREE_TEXT,
        "visit_closed": NONE,
        "created_at": NONE,
        "anonymised_at": NONE,
        "searched": PERSONAL,  # a copy of what is searched; follows it, also when that is erased
    },
    "Brought": dict.fromkeys(("id", "booking", "order", "missing"), NONE),
    "Visit": {
        "id": NONE,
        "booking": NONE,
        "presenter": PERSONAL,
        "checked_in_at": PERSONAL,
        "checked_out_at": PERSONAL,
        "safe_at": PERSONAL,
        "sought_at": PERSONAL,
    },
    "BookingEvent": {
        "id": NONE,
        "booking": NONE,
        "at": NONE,
        "by": PERSONAL,
        "kind": NONE,
        "from_state": NONE,
        "to_state": NONE,
        "reason": FREE_TEXT,
        "changes": NONE,
    },
    "BookingLink": {
        "id": NONE,
        "booking": NONE,
        "purpose": NONE,
        "token_hash": NONE,
        "address_hash": PERSONAL,
        "created_at": NONE,
        "expires_at": NONE,
    },
    "CalendarFeed": {
        **dict.fromkeys(("id", "seed", "token_hash", "created_at", "digest", "changed_at", "read_at"), NONE),
        **dict.fromkeys(("user", "person", "presenter"), PERSONAL),
    },
    "Afterwards": dict.fromkeys(("id", "booking", "session", "code", "created_at"), NONE),
    "Attendance": {
        **dict.fromkeys(("id", "booking", "session", "people", "recorded_at", "changed_at", "revision"), NONE),
        "by": PERSONAL,
    },
    "AttendanceCount": dict.fromkeys(("id", "attendance", "profession", "people"), NONE),
    "Feedback": {
        **dict.fromkeys(("id", "afterwards", "by_host", "useful", "clear", "ready", "arranging"), NONE),
        **dict.fromkeys(("flagged_child_details", "token", "received_on"), NONE),
        "comment": FREE_TEXT,
    },
    "YearLater": {**dict.fromkeys(("id", "due_at", "told_at", "wished_at"), NONE), "booking": PERSONAL, "place": PERSONAL},
    "SessionSeries": {"id": NONE, "name": FREE_TEXT, "created_at": NONE},
    "OpenSession": {
        **dict.fromkeys(("id", "reference", "presentation", "presenter", "series", "state", "starts_at", "ends_at"), NONE),
        **dict.fromkeys(("capacity", "occupied", "waiting", "last_position", "own_joining_link"), NONE),
        **dict.fromkeys(("details_sent_at", "sequence", "ical_uid", "plan_token", "created_at", "anonymised_at"), NONE),
        "joining_help": FREE_TEXT,
        "closed_reason": FREE_TEXT,
    },
    "SessionPlace": {
        **dict.fromkeys(("id", "session", "person", "state", "position", "offer_expires_at", "channel", "version"), NONE),
        **dict.fromkeys(("flagged_child_details", "submission_token", "created_at"), NONE),
        "access_needs": FREE_TEXT,
    },
    "SessionEvent": {
        **dict.fromkeys(("id", "session", "place", "at", "kind", "changes"), NONE),
        "by": PERSONAL,
        "reason": FREE_TEXT,
    },
    "PlaceLink": {
        **dict.fromkeys(("id", "place", "purpose", "token_hash", "created_at", "expires_at"), NONE),
        "address_hash": PERSONAL,
    },
}

EXPORTED = (
    "reference",
    "presentation__title",
    "state",
    "format",
    "starts_at",
    "ends_at",
    "address_line_1",
    "address_line_2",
    "town",
    "postcode",
    "room",
    "audience_size",
    "audience_profession",
    "contact_name",
    "contact_phone",
    "access_needs",
    "notes",
    "request_reason",
    "channel",
    "closed_reason",
    "created_at",
)
# A word where a form needs one, nothing elsewhere. Town, postcode, audience and times stay: they are figures, not a person.
ERASED = {
    "address_line_1": "",
    "address_line_2": "",
    "room": "",
    "contact_name": "",
    "contact_phone": "",
    "access_needs": "",
    "notes": "",
    "request_reason": "",
    "closed_reason": "",
    "submission_token": None,
    "submission_digest": "",
}

# Where the presenter was, and what a colleague noted of them, is theirs; the professional's copy leaves it out.
ABOUT_THE_PRESENTER = (EventKind.CHECKED_IN, EventKind.CHECKED_OUT, EventKind.SAID_SAFE)


def export(person: Person) -> list[dict[str, Any]]:
    """Every booking of this person with its history, the dates of a request, and what came after it. One statement if there is
    none, else four."""
    bookings = Booking.objects.filter(person=person).order_by("pk")
    rows = list(bookings.values("pk", *EXPORTED, *after_privacy.OF_ONE))
    if not rows:
        return []
    history: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for event in BookingEvent.objects.filter(booking__in=bookings).exclude(kind__in=ABOUT_THE_PRESENTER):
        said = {"at": event.at, "what": event.get_kind_display(), "reason": event.reason}
        if event.kind == EventKind.HANDED_OVER:  # until then it was another's, and so is why they gave it away
            history[event.booking_id] = [{**each, "reason": ""} for each in history[event.booking_id]]
            said["reason"] = ""
        history[event.booking_id].append(said)
    dates: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for option in DateOption.objects.filter(booking__in=bookings):
        dates[option.booking_id].append({"when": option.when, "what": option.get_kind_display(), "state": option.state})
    of_hosts = after_privacy.said_by_hosts(bookings)
    return [
        {
            **{key: row[key] for key in EXPORTED},
            "dates": dates[row["pk"]],
            "history": history[row["pk"]],
            "afterwards": after_privacy.export_of(row, of_hosts.get(row["pk"])),
        }
        for row in rows
    ]


def ahead(person: Person, now: datetime) -> list[str]:
    count = Booking.objects.filter(person=person).upcoming(now).count()
    said = ngettext(
        "%(n)d presentation that you booked is cancelled. Its presenter is told.",
        "%(n)d presentations that you booked are cancelled. Their presenters are told.",
        count,
    )
    return [said % {"n": count}] if count else []


def erase(person: Person, now: datetime) -> None:
    """Cancel what lies ahead properly, with mail to staff and presenter; take the person out of all of it; keep figures.

    Raises VisitNotOver while a presenter may be at a visit to them or on the way (ADR 34).
    """
    theirs = Booking.objects.filter(person=person)
    refuse_while_on_the_way_or_there(theirs, now)
    for booking in theirs.upcoming(now):
        cancel_without_leaflets(booking, by=None, now=now)  # which are orders of theirs, and cancelled with those
    bookings = list(theirs.select_for_update(no_key=True).order_by("pk"))
    refuse_while_on_the_way_or_there(theirs, now)  # whoever checked in meanwhile stays waited for though it is cancelled
    keys = [booking.pk for booking in bookings]
    forget_details(keys)
    revoke_feed(owner=person, by=None, now=now)
    after_privacy.erase(keys)
    for booking in bookings:
        record(booking, EventKind.ERASED, by=None, now=now)
    erase_bodies_about(about_of(keys), now)


def forget_details(keys: Sequence[int]) -> None:
    """Of these bookings, what was typed of where, who and why; figures stay."""
    Booking.objects.filter(pk__in=keys).update(**ERASED)
    BookingEvent.objects.filter(booking__in=keys).exclude(reason="").update(reason="")
    BusyTime.objects.filter(booking__in=keys).exclude(travel_reason="").update(travel_reason="")
    BookingLink.objects.filter(booking__in=keys).delete()


def about_of(keys: Iterable[int]) -> list[str]:
    return [f"booking:{key}" for key in keys]

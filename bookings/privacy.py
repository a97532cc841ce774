"""A person's bookings, sessions and visits: how we export, erase and keep them."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _, ngettext

from bookings.booking.services.transitions import cancel_without_leaflets, notify_details_changed
from bookings.calendars import ical
from bookings.calendars.views import revoke_feed
from bookings.models import (
    BOOKING_OVER_AT,
    CONFIDENCE_QUESTIONS,
    STATEMENTS,
    AnniversaryPrompt,
    Booking,
    BookingEvent,
    BookingEventKind,
    BookingLink,
    BookingState,
    BusyTime,
    ConfidenceFollowUp,
    DateOption,
    Feedback,
    JourneyTime,
    Leave,
    OpenSession,
    PlaceLink,
    Seat,
    SessionEvent,
    SessionPlace,
    Visit,
    VisitLeaflets,
)
from bookings.models.booking import record_event
from bookings.open_sessions.services.places import give_up_all_places
from bookings.schedule.locks import lock_bookings
from bookings.seats.services import give_up_all_seats
from bookings.visits.services import refuse_while_visit_under_way
from leaflets.orders.services.create import erase_previous_owner
from notifications.privacy import erase_bodies_about
from privacy.personal_data import OUTWARD_CODE_EXPRESSION, all_addresses_of
from privacy.retention import RetentionRule
from professionals.models import MergedRecord, Person
from professionals.safeguarding.services import FlaggedSource, free_text_columns, kept_back_expression, shown_text

EXPORTED_FIELDS = (
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
    "own_joining_link",
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
# Nation, local authority, audience and times stay as figures, and the outward half of the postcode, as for an order: a small
# town, or the whole postcode of a surgery with one doctor, would identify somebody.
ERASED_VALUES: dict[str, object] = {
    **dict.fromkeys(
        ("address_line_1", "address_line_2", "town", "room", "own_joining_link", "contact_name", "contact_phone"), ""
    ),
    **dict.fromkeys(("access_needs", "notes", "request_reason", "closed_reason", "submission_digest"), ""),
    "postcode": OUTWARD_CODE_EXPRESSION,
    "submission_token": None,
}
# When a comment goes, it is no quote for reports either.
ERASED_COMMENT_VALUES: dict[str, object] = {"comment": "", "quotable": False, "chosen_at": None, "chosen_by": None}
# Where the presenter was, and what a colleague noted about that, is left out of the professional's copy.
PRESENTER_EVENT_KINDS = (
    BookingEventKind.CHECKED_IN,
    BookingEventKind.CHECKED_OUT,
    BookingEventKind.CHECK_IN_TAKEN_BACK,
    BookingEventKind.CHECK_OUT_TAKEN_BACK,
    BookingEventKind.HELP_ASKED,
    BookingEventKind.DISCLOSED,
    BookingEventKind.TAKEN_ON,
    BookingEventKind.SAID_SAFE,
)


KEPT_BACK_EVENT = kept_back_expression(booking="booking")


def texts_of(row: dict[str, Any]) -> dict[str, Any]:
    """What of these values tells how a booking's texts are shown."""
    return {name: row[name] for name in ("pk", "flagged_child_details", *free_text_columns(Booking))}


def export_bookings(person: Person) -> list[dict[str, Any]]:
    """Every booking of this person with its history, the dates of a request, and what came after it.

    One statement if there is none, else four.
    """
    bookings = Booking.objects.filter(person=person).order_by("pk")
    rows = list(
        bookings.values("pk", *EXPORTED_FIELDS, "flagged_child_details", "attendance__people", "anniversary_prompt__due_at")
    )
    if not rows:
        return []
    history: dict[int, list[dict[str, Any]]] = defaultdict(list)
    happened = BookingEvent.objects.filter(booking__in=bookings).exclude(kind__in=PRESENTER_EVENT_KINDS)
    for event in happened.annotate(kept_back=KEPT_BACK_EVENT):
        reason = shown_text(event, "reason")
        if event.kind == BookingEventKind.HANDED_OVER:  # before that it was somebody else's, and so is their reason
            history[event.booking_id] = [{**entry, "reason": ""} for entry in history[event.booking_id]]
            reason = ""
        history[event.booking_id].append({"at": event.at, "what": event.get_kind_display(), "reason": reason})
    dates: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for option in DateOption.objects.filter(booking__in=bookings):
        dates[option.booking_id].append({"when": option.when, "what": option.get_kind_display(), "state": option.state})
    by_hosts = Feedback.objects.filter(follow_up__booking__in=bookings, by_host=True)
    asked = ("received_on", "comment", "quotable", *STATEMENTS, *CONFIDENCE_QUESTIONS)
    feedback = {
        answer.follow_up.booking_id: {name: getattr(answer, name) for name in asked} | {"comment": shown_text(answer, "comment")}
        for answer in by_hosts.select_related("follow_up")
    }
    exported = []
    for row in rows:
        follow_up = {
            "people_who_came": row["attendance__people"],
            "feedback": feedback.get(row["pk"]),
            "reminder_a_year_later": row["anniversary_prompt__due_at"],
        }
        exported.append(
            {
                **{key: row[key] for key in EXPORTED_FIELDS},
                **{name: shown_text(Booking(**texts_of(row)), name) for name in free_text_columns(Booking)},
                "dates": dates[row["pk"]],
                "history": history[row["pk"]],
                "afterwards": {name: value for name, value in follow_up.items() if value is not None},
            }
        )
    return exported


def upcoming_bookings_notice(person: Person, now: datetime) -> list[str]:
    count = Booking.objects.filter(person=person).upcoming(now).count()
    cancelled = ngettext(
        "We will cancel %(n)d presentation that you booked, and tell its presenter.",
        "We will cancel %(n)d presentations that you booked, and tell their presenters.",
        count,
    )
    return [cancelled % {"n": count}] if count else []


def erase_bookings(person: Person, now: datetime) -> None:
    """Cancel what lies ahead, with mail to staff and presenter; take the person out of all of it; keep the figures.

    Raises VisitNotOver while a presenter may be at a visit to them or on the way (ADR 14).
    """
    theirs = Booking.objects.filter(person=person)
    refuse_while_visit_under_way(theirs, now)
    for booking in theirs.upcoming(now):
        cancel_without_leaflets(booking, by=None, now=now)  # the leaflets are orders of theirs, and cancelled with those
    bookings = list(theirs.select_for_update(no_key=True).order_by("pk"))
    refuse_while_visit_under_way(theirs, now)  # one who checked in meanwhile is waited for though it is cancelled
    keys = [booking.pk for booking in bookings]
    forget_booking_details(keys)
    revoke_feed(owner=person, by=None, now=now)
    for booking in bookings:
        record_event(booking, BookingEventKind.ERASED, by=None, now=now)
    erase_bodies_about([*(f"booking:{key}" for key in keys), *seat_about_keys(keys)], now)


def seat_about_keys(bookings: Collection[int]) -> list[str]:
    """The seats that mail to the host and to guests is about, since it names the other side. No statement without a booking."""
    return [f"seat:{key}" for key in Seat.objects.filter(booking__in=bookings).values_list("pk", flat=True)]


def forget_booking_details(keys: Sequence[int]) -> None:
    """Clear what was typed about where, who and why, what the host said afterwards, and their reminder a year later.

    Figures stay, and so do answers of people who came: neither the day nor the words lead to who they are.
    """
    Booking.objects.filter(pk__in=keys).update(**ERASED_VALUES)
    BookingEvent.objects.filter(booking__in=keys).exclude(reason="").update(reason="")
    # Nobody is on the way there any more. With half a postcode, a live claim would be refused beside one in the same building, as
    # if that were far.
    BusyTime.objects.filter(booking__in=keys).update(travel_reason="", postcode=OUTWARD_CODE_EXPRESSION, live=False)
    BookingLink.objects.filter(booking__in=keys).delete()
    Seat.objects.filter(booking__in=keys).exclude(access_needs="").update(access_needs="")
    AnniversaryPrompt.objects.filter(booking__in=keys).delete()
    Feedback.objects.filter(follow_up__booking__in=keys, by_host=True).update(**ERASED_COMMENT_VALUES)


# The texts of a booking that still name the person who gave it to a colleague: they are in that person's copy, and are erased
# with them (ADR 23).

# Free text of a booking, whoever wrote it. It belongs to the visit, so it stays with the present owner and names no former one.
FREE_TEXT_FIELDS = ("room", "access_needs", "notes", "request_reason", "closed_reason", "contact_name", "contact_phone")


def get_handover_events(person: Person) -> QuerySet[BookingEvent]:
    """The events by which they gave bookings away, also under the key of a record that was merged into theirs."""
    merged_records = MergedRecord.objects.filter(person=person).values("key")
    given = BookingEvent.objects.filter(kind=BookingEventKind.HANDED_OVER)
    given = given.alias(gave=Cast(KT("changes__person__0"), BigIntegerField()))
    return given.filter(Q(gave=person.pk) | Q(gave__in=merged_records))


def export_transferred(person: Person) -> list[dict[str, Any]]:
    """For each booking that they gave away, each time: what happened while it was theirs, and why it went.

    One statement if there is none, else two.
    """
    before = BookingEvent.objects.filter(booking=OuterRef("booking"), kind=BookingEventKind.HANDED_OVER, pk__lt=OuterRef("pk"))
    came = Subquery(before.order_by("-pk").values("pk")[:1])
    given = list(get_handover_events(person).annotate(came=came).select_related("booking").order_by("pk"))
    happened = BookingEvent.objects.filter(booking__in={event.booking_id for event in given}).exclude(
        kind__in=PRESENTER_EVENT_KINDS
    )
    events = list(happened.annotate(kept_back=KEPT_BACK_EVENT).order_by("pk")) if given else []
    return [
        {
            "reference": transfer.booking.reference,
            "given_away": transfer.at,
            "history": [
                {"at": event.at, "what": event.get_kind_display(), "reason": shown_text(event, "reason")}
                for event in events
                if event.booking_id == transfer.booking_id and (transfer.came or 0) < event.pk <= transfer.pk
            ],
        }
        for transfer in given
    ]


def erase_transferred(person: Person, now: datetime) -> None:
    """Erase them from bookings that they gave away. Call it after erasing the bookings that they still have.

    Raises VisitNotOver while a presenter who is on the way may have to ring them.
    """
    given = {event.booking_id: event for event in get_handover_events(person).order_by("pk")}  # the last time of each
    if not given:
        return
    bookings = list(lock_bookings(Booking.objects.filter(pk__in=given)))
    to_ring = [booking.pk for booking in bookings if is_contact(person, booking)]
    refuse_while_visit_under_way(Booking.objects.filter(pk__in=to_ring), now)
    for booking in bookings:
        last = given[booking.pk]
        # Later mail may say whom to ring on the day; mail from now on does not name them.
        erase_bodies_about(
            [f"booking:{booking.pk}", *seat_about_keys([booking.pk])], now, until=None if booking.pk in to_ring else last.at
        )
        BookingEvent.objects.filter(booking=booking, pk__lte=last.pk).exclude(reason="").update(reason="")
        BookingLink.objects.filter(booking=booking, created_at__lte=last.at).delete()  # these have their address, as a hash
        if booking.person_id != person.pk:
            # The present owner becomes the contact, and the presenter hears of it. No text names the old owner any more.
            texts = {column: redact_person(person, getattr(booking, column)) for column in FREE_TEXT_FIELDS}
            if is_contact(person, booking):
                owner = (booking.person.name, booking.person.phone) if booking.is_open else ("", "")
                texts |= dict(zip(("contact_name", "contact_phone"), owner, strict=True))
            changed = [column for column, text in texts.items() if text != getattr(booking, column)]
            entry = ical.booking_location(booking)
            for column in changed:
                setattr(booking, column, texts[column])
            if changed and booking.is_open:
                in_calendars = ical.booking_location(booking) != entry
                booking.sequence, booking.revision = booking.sequence + in_calendars, booking.revision + 1
                changes: dict[str, object] = {"fields": changed, "revision": booking.revision, "in_calendars": in_calendars}
                record_event(booking, BookingEventKind.DETAILS_CHANGED, by=None, now=now, changes=changes)
                notify_details_changed(booking, now, changed=changed, by_staff=True)
            booking.save(update_fields=[*changed, "sequence", "revision"])
    brought = VisitLeaflets.objects.filter(booking__in=given, order__isnull=False).values_list("order_id", "booking_id")
    erase_previous_owner({order: given[booking].at for order, booking in brought if order}, now)


def is_contact(person: Person, booking: Booking) -> bool:
    """Whether a presenter who needs somebody on the day would ask for this person."""
    same_name = booking.contact_name.casefold().split() == person.name.casefold().split()
    numbers = [re.sub(r"\D", "", number) for number in (booking.contact_phone, person.phone)]
    return same_name or (bool(person.phone) and numbers[0] == numbers[1])


def redact_person(person: Person, text: str) -> str:
    """The text with a dash where it had this person's whole name, address or phone number."""
    for own in filter(None, (person.name, person.email, person.phone)):
        text = re.sub(rf"(?<!\w){re.escape(own)}(?!\w)", "–", text, flags=re.IGNORECASE)
    return text


# People who asked to be asked again three months on are known by an address alone, until we write to it.


def export_three_months_on(person: Person) -> list[dict[str, Any]]:
    """The questions three months on that this person asked for, by their address. One statement."""
    asked = ConfidenceFollowUp.objects.filter(address=person.email.lower()).exclude(address="").order_by("due_at", "pk")
    titles = Coalesce("follow_up__booking__presentation__title", "follow_up__session__presentation__title")
    return [dict(row) for row in asked.values("due_at", "address", "language", presentation=titles)]


def erase_three_months_on(person: Person, now: datetime) -> None:
    ConfidenceFollowUp.objects.filter(address__in=all_addresses_of(person, now)).delete()


# The texts that may be about a child: in a booking, a session, a place, leave, feedback, a journey.


def admin_url(model: str, key: int) -> str:
    return reverse(f"staff:bookings_{model}_change", args=[key])


FLAGGED_SOURCES = (
    FlaggedSource(
        "booking",
        {Booking: "pk", BookingEvent: "booking", BusyTime: "booking"},
        lambda key: admin_url("booking", key),
        lambda booking: booking.person,
    ),
    FlaggedSource("session", {OpenSession: "pk", SessionEvent: "session"}, lambda key: admin_url("opensession", key)),
    FlaggedSource(
        "place",
        {SessionPlace: "pk", SessionEvent: "place"},
        lambda key: admin_url("opensession", SessionPlace.objects.get(pk=key).session_id),
        lambda place: place.person,
    ),
    # Deleting the leave deletes its words too.
    FlaggedSource("leave", {Leave: "pk"}, lambda key: admin_url("leave", key), lambda leave: leave.presenter),
    FlaggedSource(
        "feedback",
        {Feedback: "pk"},
        lambda key: admin_url("followup", Feedback.objects.get(pk=key).follow_up_id),
        lambda answer: answer.follow_up.booking.person if answer.by_host else None,
    ),
    FlaggedSource("journey", {JourneyTime: "pk"}, lambda key: admin_url("journeytime", key)),
)


# The retention rules for bookings, open sessions, visits and leave.


def bookings_ended_before(before: datetime) -> QuerySet[Booking]:
    """Bookings that were over before then, by the end of the presentation or, without a time, by when they were asked for.

    Requests that wait for us are not among them.
    """
    bookings = Booking.objects.filter(anonymised_at=None).exclude(state=BookingState.REQUESTED)
    return bookings.alias(over_at=BOOKING_OVER_AT).filter(over_at__lt=before).order_by("over_at", "pk")


def forget_bookings(keys: Sequence[int], now: datetime) -> None:
    forget_booking_details(keys)
    about = [*(f"booking:{key}" for key in keys), *seat_about_keys(keys)]
    Seat.objects.filter(booking__in=keys).delete()  # how many came is counted without names
    Booking.objects.filter(pk__in=keys).update(anonymised_at=now)
    Feedback.objects.filter(follow_up__booking__in=keys).exclude(comment="").update(**ERASED_COMMENT_VALUES)
    erase_bodies_about(about, now)


def forget_sessions(keys: Sequence[int], now: datetime) -> None:
    forget_place_details(list(SessionPlace.objects.filter(session__in=keys).values_list("pk", flat=True)), now)
    Feedback.objects.filter(follow_up__session__in=keys).exclude(comment="").update(**ERASED_COMMENT_VALUES)
    OpenSession.objects.filter(pk__in=keys).update(anonymised_at=now, closed_reason="")


# The events that show that somebody still deals with us.
ACTIVITIES: tuple[Callable[[datetime], Exists], ...] = (
    lambda since: Exists(Booking.objects.filter(person=OuterRef("pk")).filter(Q(created_at__gte=since) | Q(ends_at__gte=since))),
    lambda since: Exists(
        SessionPlace.objects.filter(person=OuterRef("pk")).filter(Q(created_at__gte=since) | Q(session__ends_at__gte=since))
    ),
    lambda since: Exists(Seat.objects.filter(person=OuterRef("pk"), created_at__gte=since)),
)
RETENTION_RULES = (
    RetentionRule(
        name="bookings",
        what=_("Bookings of presentations"),
        why=_("To come to your team"),
        since=_("the presentation"),
        goes=_(
            "We delete the address, room, link, contact on site, needs, notes, reasons and what people said about it. We keep "
            "the day, the local authority, the first half of the postcode, how many people came and their professions. "
            "We delete who asked for a spare seat."
        ),
        keeps="bookings",
        due=bookings_ended_before,
        take_out=forget_bookings,
    ),
    RetentionRule(
        name="sessions",
        what=_("Places at open sessions"),
        why=_("To keep your place"),
        since=_("the session"),
        goes=_(
            "We delete what people needed, reasons, and what people said about it. We keep the names of those who had a place "
            "for as long as we keep those people."
        ),
        keeps="bookings",
        due=lambda before: OpenSession.objects.filter(anonymised_at=None, ends_at__lt=before).order_by("ends_at", "pk"),
        take_out=forget_sessions,
    ),
    RetentionRule(
        name="visits",
        what=_("When presenters arrived and left"),
        why=_("To keep them safe"),
        since=_("the presentation"),
        goes=_("We delete this. The history of the booking still says that somebody checked in and out."),
        keeps="bookings",
        # Not visits without word that all is well, however old they are.
        due=lambda before: Visit.objects.filter(booking__visit_closed=True, booking__ends_at__lt=before).order_by(
            "booking__ends_at", "pk"
        ),
        take_out=lambda keys, now: Visit.objects.filter(pk__in=keys).delete(),
    ),
    RetentionRule(
        name="leave",
        what=_("Notes about presenters’ leave"),
        why=_("To plan visits"),
        since=_("the leave ended"),
        goes=_("We delete the notes and keep the days."),
        keeps="bookings",
        due=lambda before: Leave.objects.filter(~Q(reason="") | ~Q(answer=""), ends_at__lt=before).order_by("ends_at", "pk"),
        take_out=lambda keys, now: Leave.objects.filter(pk__in=keys).update(reason="", answer=""),
    ),
)


# What open sessions hold about a person.


def export_places(person: Person) -> list[dict[str, Any]]:
    """Every place that they have, had or waited for, with its history. One statement if there is none, else two."""
    places = list(SessionPlace.objects.for_my_page(person).select_related("anniversary_prompt").order_by("pk"))
    if not places:
        return []
    history: dict[int | None, list[dict[str, Any]]] = defaultdict(list)
    events = SessionEvent.objects.filter(place__in=places).annotate(kept_back=kept_back_expression(place="place"))
    for event in events.order_by("at", "pk"):
        history[event.place_id].append({"at": event.at, "what": event.title, "reason": shown_text(event, "reason")})
    return [
        {
            "reference": place.session.reference,
            "presentation": place.session.presentation.title,
            "starts_at": place.session.starts_at,
            "ends_at": place.session.ends_at,
            "state": place.state,
            "offered_until": place.offer_expires_at,
            "access_needs": shown_text(place, "access_needs"),
            "channel": place.channel,
            "created_at": place.created_at,
            "history": history[place.pk],
            "reminder_a_year_later": place.anniversary_prompt.due_at if hasattr(place, "anniversary_prompt") else None,
        }
        for place in places
    ]


def upcoming_places_notice(person: Person, now: datetime) -> list[str]:
    count = SessionPlace.objects.filter(person=person).not_over(now).count()
    given_up = ngettext(
        "Your place at %(n)d open session will go to the next person on the waiting list.",
        "Your places at %(n)d open sessions will go to the next people on the waiting lists.",
        count,
    )
    return [given_up % {"n": count}] if count else []


def erase_places(person: Person, now: datetime) -> None:
    """Places ahead go to the next in line. The rows stay, without the person's words, since sessions count who came."""
    give_up_all_places(person=person, by=None, now=now)
    forget_place_details(list(SessionPlace.objects.filter(person=person).values_list("pk", flat=True)), now)


def forget_place_details(keys: Sequence[int], now: datetime) -> None:
    SessionPlace.objects.filter(pk__in=keys).update(access_needs="", submission_token=None)
    SessionEvent.objects.filter(place__in=keys).exclude(reason="").update(reason="")
    PlaceLink.objects.filter(place__in=keys).delete()
    AnniversaryPrompt.objects.filter(place__in=keys).delete()
    erase_bodies_about([f"place:{key}" for key in keys], now)


# What spare seats hold about a guest.


def export_seats(person: Person) -> list[dict[str, Any]]:
    """Every seat that they have, had or asked for, at presentations of other teams."""
    return [
        {
            "reference": seat.booking.reference,
            "presentation": seat.booking.presentation.title,
            "starts_at": seat.booking.starts_at,
            "ends_at": seat.booking.ends_at,
            "state": seat.state,
            "access_needs": seat.access_needs,
            "created_at": seat.created_at,
            "given_at": seat.approved_at,
        }
        for seat in Seat.objects.filter(person=person).select_related("booking__presentation").order_by("pk")
    ]


def upcoming_seats_notice(person: Person, now: datetime) -> list[str]:
    count = Seat.objects.filter(person=person).not_over(now).count()
    given_up = ngettext(
        "We will give up your seat at %(n)d presentation of another team.",
        "We will give up your seats at %(n)d presentations of other teams.",
        count,
    )
    return [given_up % {"n": count}] if count else []


def erase_seats(person: Person, now: datetime) -> None:
    """Seats that lie ahead are free again, and the host reads so, without a name. What they needed is deleted."""
    give_up_all_seats(person=person, by=None, now=now)
    seats = Seat.objects.filter(person=person)
    erase_bodies_about([f"seat:{key}" for key in seats.values_list("pk", flat=True)], now)
    seats.exclude(access_needs="").update(access_needs="")

"""What the stories say about bookings: the booking's own, the story of the person who asked, and of the organisation."""

from collections.abc import Iterator
from datetime import time
from typing import Any

from django.db.models import (
    BigIntegerField,
    CharField,
    Count,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, NullIf
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy as _, ngettext

from bookings import text as bookings_text
from bookings.models import (
    Booking,
    BookingChannel,
    BookingEvent,
    BookingEventKind,
    BookingOrSession,
    BookingState,
    Feedback,
    PlaceState,
    Presenter,
    SessionPlace,
)
from bookings.schedule.admin import presenter_leave_link
from bookings.seats.admin import SEAT_ASKED_KIND, asked_seat_rows, seat_asked_text
from core.dates import uk_datetime, uk_day
from professionals.models import Organisation, Person
from professionals.notes.admin import add_notes_by_reference
from professionals.safeguarding.services import kept_back_expression, shown_text
from staff.story import (
    IMPORTED_TEXT,
    MAX_RELATED_ROWS,
    RelatedList,
    RelatedRow,
    StoryEntry,
    StoryPage,
    import_entry,
    register_related_list,
    register_story_entries,
)


def event_text(event: BookingEvent) -> str:
    """What happened: the times before and after, the changed answers, the presenters before and after, and whether by a link."""
    gave, gives, guest = event.gave or "", event.gives or "", event.guest or ""  # type: ignore[attr-defined]
    what, changed = event.get_kind_display(), bookings_text.event_changes(event)
    if changed["before"]:
        what = gettext("%(what)s: from %(before)s to %(after)s") % {"what": what, **changed}
    elif "travel" in event.changes:
        # The travel time that staff set for this visit; None is our own estimate, by the postcodes.
        before, after = (
            gettext("our own estimate")
            if minutes is None
            else ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
            for minutes in event.changes["travel"]
        )
        what = gettext("%(what)s: from %(before)s to %(after)s") % {"what": what, "before": before, "after": after}
    elif changed["people"]:
        what = gettext("%(what)s: %(people)s") % {"what": what, **changed}
    elif changed["fields"]:
        what = gettext("%(what)s: %(fields)s") % {"what": what, **changed}
    elif guest:
        what = gettext("%(what)s: %(name)s") % {"what": what, "name": guest}
    if gave != gives:
        what = gettext("%(what)s. Presenter: from %(gave)s to %(gives)s") % {
            "what": what,
            "gave": gave or gettext("nobody"),
            "gives": gives or gettext("nobody"),
        }
    return gettext("%(what)s (by a link in an email)") % {"what": what} if event.changes.get("by_link") else what


def event_entries(events: QuerySet[BookingEvent], page: StoryPage) -> Iterator[StoryEntry]:
    """Each event with the names of the presenter before and after a change and of the guest, if its changes have their keys."""
    keys = {name: Cast(KT(f"changes__presenter__{place}"), BigIntegerField()) for place, name in enumerate(("before", "after"))}
    gave, gives = (Subquery(Presenter.objects.filter(pk=OuterRef(key)).values("name")) for key in keys)
    keys["seat"] = Cast(KT("changes__seat"), BigIntegerField())
    guest = Subquery(Person.objects.filter(seats=OuterRef("seat")).values("name"))
    events = events.select_related("by").annotate(**keys, kept_back=kept_back_expression(booking="booking"))
    for event in page.newest(events.annotate(gave=gave, gives=gives, guest=guest)):
        why, link = shown_text(event, "reason"), presenter_leave_link(event, page.user)
        yield StoryEntry(event.at, event_text(event), event.by or "", why, *link)


# A colleague as the site shows them: by name, or else by email address.
EVENT_AUTHOR = Coalesce(NullIf("events__by__name", Value("")), "events__by__email", output_field=CharField())


def person_event_entries(person: Person, page: StoryPage) -> Iterator[StoryEntry]:
    """What happened to their bookings, and the seats that they asked for as a guest. One statement.

    An imported booking has no event: its day stands for it.
    """
    bookings = Booking.objects.filter(Q(events__isnull=False) | Q(channel=BookingChannel.LIST), person=person)
    columns = ("pk", "reference", "state", "events__pk", "events__kind", "events__reason", "kept_back")
    rows = bookings.annotate(
        at=Coalesce("events__at", "starts_at"),
        by=EVENT_AUTHOR,
        kept_back=kept_back_expression(booking="pk"),
    ).values_list("at", "by", *columns)
    both = page.newest(rows, "at", "-events__pk").union(page.newest(asked_seat_rows(person), "created_at"), all=True)
    for at, by, key, reference, state, event, kind, reason, kept_back in both:
        way = reference, reverse("staff:bookings_booking_change", args=[key])
        if event:
            happened = BookingEvent(pk=event, booking_id=key, reason=reason)
            happened.kept_back = kept_back  # type: ignore[attr-defined]
            why = shown_text(happened, "reason")
            yield StoryEntry(at, BookingEventKind(kind).label, by or "", why, *way)
        elif kind == SEAT_ASKED_KIND:
            yield StoryEntry(at, seat_asked_text(state), "", "", *way)
        else:
            yield StoryEntry(at, BookingState(state).label, "", str(IMPORTED_TEXT), *way, whole_day=True)


def reference_and_url(row: Any) -> tuple[str, str]:
    """The reference of a booking or session, and the address of its page."""
    return row.reference, reverse(f"staff:bookings_{row._meta.model_name}_change", args=[row.pk])


def feedback_entries(answers: QuerySet[Feedback], page: StoryPage) -> Iterator[StoryEntry]:
    """One entry for each day, since all that we know of an answer's time is its day."""
    days = answers.order_by().values("received_on", "follow_up").annotate(many=Count("pk"))
    days = days.filter(received_on__lte=uk_day(page.until)) if page.until else days
    for day in days.order_by("-received_on", "-follow_up")[: page.most]:
        said = ngettext("%(n)d person gave feedback", "%(n)d people gave feedback", day["many"]) % {"n": day["many"]}
        address = reverse("staff:bookings_followup_change", args=[day["follow_up"]])
        at = uk_datetime(day["received_on"], time.min)
        yield StoryEntry(at, said, link=gettext("Feedback"), href=address, whole_day=True)


def feedback_entries_for(given: BookingOrSession, page: StoryPage) -> Iterator[StoryEntry]:
    """The feedback about a booking or a session that was read with its short link."""
    follow_up = getattr(given, "follow_up", None)
    if follow_up is not None:
        yield from feedback_entries(Feedback.objects.filter(follow_up=follow_up), page)


def organisation_booking_entries(organisation: Organisation, page: StoryPage) -> Iterator[StoryEntry]:
    bookings = Booking.objects.filter(person__organisation=organisation).select_related("person", "presentation")
    for booking in page.newest(bookings, "created_at"):
        what = gettext("%(name)s booked “%(title)s”") % {"name": booking.person, "title": booking.presentation}
        yield StoryEntry(booking.created_at, what, "", "", *reference_and_url(booking))


def newest_bookings(organisation: Organisation) -> Iterator[RelatedRow]:
    bookings = Booking.objects.filter(person__organisation=organisation).select_related("person")
    for booking in bookings.order_by("-created_at", "-pk")[: MAX_RELATED_ROWS + 1]:
        more = ". ".join([str(booking.when), booking.get_state_display(), str(booking.person)])
        yield RelatedRow(booking.reference, more, reference_and_url(booking)[1])


def reach_rows(organisation: Organisation) -> Iterator[RelatedRow]:
    """How many presentations we gave there, how many people came to them, and how many came to open sessions."""
    there = {"person__organisation": OuterRef("pk")}
    given = Booking.objects.filter(**there, state=BookingState.DELIVERED).order_by().values("person__organisation")
    taken = SessionPlace.objects.filter(**there, state=PlaceState.ATTENDED).order_by().values("person__organisation")
    counts: list[Any] = [
        given.annotate(n=Count("pk")),
        given.annotate(n=Sum("attendance__people")),
        taken.annotate(n=Count("pk")),
    ]
    figures = Organisation.objects.filter(pk=organisation.pk).values_list(*(Subquery(count.values("n")) for count in counts))
    presentations, people, places = figures.get()
    for many, one, more in (
        (presentations, "%(n)s presentation given", "%(n)s presentations given"),
        (people, "%(n)s person came to them", "%(n)s people came to them"),
        (places, "%(n)s person came to an open session", "%(n)s people came to open sessions"),
    ):
        if many:
            yield RelatedRow(ngettext(one, more, many) % {"n": f"{many:,}"})


VIEW_FEEDBACK_PERMISSION, VIEW_BOOKINGS_PERMISSION = "bookings.view_followup", "bookings.view_booking"
register_story_entries(Booking, lambda booking, page: event_entries(BookingEvent.objects.filter(booking=booking), page))
register_story_entries(Booking, import_entry)
add_notes_by_reference(Booking)
register_story_entries(Booking, feedback_entries_for, permission=VIEW_FEEDBACK_PERMISSION)
register_story_entries(Person, person_event_entries, permission=VIEW_BOOKINGS_PERMISSION)
register_story_entries(
    Person,
    lambda person, page: feedback_entries(Feedback.objects.filter(follow_up__booking__person=person), page),
    permission=VIEW_FEEDBACK_PERMISSION,
)
register_story_entries(Organisation, organisation_booking_entries, permission=VIEW_BOOKINGS_PERMISSION)
register_story_entries(
    Organisation,
    lambda organisation, page: feedback_entries(
        Feedback.objects.filter(follow_up__booking__person__organisation=organisation), page
    ),
    permission=VIEW_FEEDBACK_PERMISSION,
)
register_related_list(Organisation, RelatedList(_("What we reached there"), reach_rows, VIEW_BOOKINGS_PERMISSION))
register_related_list(Organisation, RelatedList(_("Newest bookings"), newest_bookings, VIEW_BOOKINGS_PERMISSION))

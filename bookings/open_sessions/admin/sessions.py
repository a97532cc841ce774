"""The list of open sessions and the page of one: who comes, who waits, what has happened. Every change is an action."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Case, Count, Exists, F, OrderBy, OuterRef, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from bookings import text as bookings_text
from bookings.booking.admin.story import VIEW_FEEDBACK_PERMISSION, feedback_entries_for, reference_and_url
from bookings.feedback.admin import attendance_text, feedback_summary_text
from bookings.models import (
    OpenSession,
    PlaceState,
    Presentation,
    Presenter,
    SessionEvent,
    SessionPlace,
    SessionSeries,
    SessionState,
)
from bookings.models.booking import starts_on_closed_day
from bookings.models.open_session import SESSION_NATION_COLUMNS, OpenSessionQuerySet
from bookings.open_sessions.admin.actions import (
    ASSIGN_ACTION,
    JOINING_DETAILS_ACTION,
    MARK_DELIVERED_ACTION,
    OBJECT_ACTIONS,
    ONE_PLACE_ACTION,
    REASSIGN_ACTION,
    SEND_JOINING_DETAILS_ACTION,
)
from bookings.open_sessions.admin.plan import plan_page
from bookings.open_sessions.queries import PlaceFigures, place_figures
from bookings.schedule.access import PresenterScopedAdmin, own_sessions
from bookings.schedule.admin import AnyPresenterFilter, KeyFilter, presenter_leave_link
from bookings.schedule.queries import starting_on
from bookings.schedule.slots import DateRange
from bookings.schedule.substitutes import rank_presenters_for_session
from bookings.text import moment_text
from core.dates import UK_TZ, uk_day
from core.pages import parse_page_number
from notifications.models import Notification, visible_to
from notifications.registry import email_label
from professionals.admin import PERSON_PARAMETER, PERSON_RECORD_KINDS, VIEW_PERSON_PERMISSION, PersonFilter, PersonRecordKind
from professionals.exports import ExportMixin, key_batches
from professionals.models import Note, Organisation, Person
from professionals.notes.admin import VIEW_MESSAGE_PERMISSION, VIEW_NOTE_PERMISSION, note_entries
from professionals.safeguarding.services import kept_back_expression, shown_text
from staff.actions import ObjectAction
from staff.lists import (
    ListPart,
    OptionsFilter,
    capped_keys,
    column,
    datetime_column,
    filter_by_words,
    format_short_datetime,
    parse_search_words,
    period_filter,
    state_column,
    state_tag,
)
from staff.model_admin import exact_search_filter
from staff.search import SearchKind, search_registry
from staff.site import staff_site
from staff.spreadsheets import Cell, Heading
from staff.story import StoryEntry, StoryPage, register_story_entries
from staff.today import WaitingLine, WaitingRow

MAX_SERIES_SHOWN = 30


def without_joining_link(sessions: OpenSessionQuerySet, now: datetime) -> OpenSessionQuerySet:
    """The sessions to come that nobody can join yet: neither the session nor its presenter has a link.

    Sessions without a presenter are in another list.
    """
    coming = sessions.filter(state=SessionState.SCHEDULED, ends_at__gt=now)
    return coming.filter(own_joining_link="", presenter__isnull=False, presenter__joining_link="")


def within_days(sessions: OpenSessionQuerySet, now: datetime, days: int) -> OpenSessionQuerySet:
    """The sessions of so many days from today on, by the UK calendar, but for cancelled ones."""
    today = uk_day(now)
    last = today + timedelta(days=days - 1)
    return sessions.filter(starting_on(DateRange(today, last))).exclude(state=SessionState.CANCELLED)


def today_or_tomorrow(sessions: OpenSessionQuerySet, now: datetime) -> OpenSessionQuerySet:
    """The sessions of today and tomorrow."""
    return within_days(sessions, now, 2)


def details_unsent(sessions: OpenSessionQuerySet, now: datetime) -> OpenSessionQuerySet:
    """The sessions of today and tomorrow that have people with a place, who have not been sent how to join."""
    return today_or_tomorrow(sessions, now).upcoming(now).filter(details_sent_at=None, occupied__gt=0)


def upcoming_on_closed_days(sessions: OpenSessionQuerySet, now: datetime) -> OpenSessionQuerySet:
    """The sessions to come on days when we are closed."""
    return sessions.upcoming(now).filter(starts_on_closed_day(SESSION_NATION_COLUMNS))


class NeedsAttentionFilter(OptionsFilter):
    title = gettext_lazy("needs a look")
    parameter_name = "look"
    options = {
        "presenter": (gettext_lazy("Needs a presenter"), OpenSessionQuerySet.needing_a_presenter),
        "link": (gettext_lazy("Without a joining link"), without_joining_link),
        "unsent": (gettext_lazy("Soon, how to join not sent"), details_unsent),
        "closed": (gettext_lazy("On a day when we are closed"), upcoming_on_closed_days),
        "over": (gettext_lazy("Over, not marked as delivered"), OpenSessionQuerySet.to_mark_as_delivered),
    }


class WhenFilter(OptionsFilter):
    title = gettext_lazy("when")
    parameter_name = "when"
    options = {
        "soon": (gettext_lazy("Today and tomorrow"), today_or_tomorrow),
        "week": (gettext_lazy("Next 7 days"), lambda sessions, now: within_days(sessions, now, 7)),
    }


class PlacesFilter(OptionsFilter):
    title = gettext_lazy("places")
    parameter_name = "places"
    options = {
        "free": (
            gettext_lazy("Free places"),
            lambda sessions, now: sessions.upcoming(now).filter(occupied__lt=F("capacity"), waiting=0),
        ),
        "line": (gettext_lazy("People waiting"), lambda sessions, now: sessions.upcoming(now).filter(waiting__gt=0)),
    }


class PresentationFilter(KeyFilter):
    title = gettext_lazy("presentation")
    parameter_name = "presentation"
    rows = Presentation.objects.values_list("pk", "title")


class SeriesFilter(KeyFilter):
    """A filter by one of the newest series."""

    title = gettext_lazy("series")
    parameter_name = "series"
    rows = SessionSeries.objects.values_list("pk", "name")[:MAX_SERIES_SHOWN]


# Entries in the stories of sessions, people and organisations.


def event_entries(events: QuerySet[SessionEvent], page: StoryPage, *, of_person: bool = False) -> Iterator[StoryEntry]:
    """The events as entries. One statement reads the names of all presenters in them."""
    kept_back = kept_back_expression(session="session", place="place")
    found = list(page.newest(events.select_related("by", "session", "place__person").annotate(kept_back=kept_back)))
    keys = {key for event in found for key in event.changes.get("presenter", ()) if key and not of_person}
    names = dict(Presenter.objects.filter(pk__in=keys).values_list("pk", "name")) if keys else {}
    for event in found:
        what = event.title if of_person else event_text(event, names)
        link = reference_and_url(event.session) if of_person else presenter_leave_link(event, page.user)
        yield StoryEntry(event.at, what, event.by or "", shown_text(event, "reason"), *link)


def mailing_entries(session: OpenSession, page: StoryPage) -> Iterator[StoryEntry]:
    """One entry for the messages that went to many people at one moment, with a link to the session's messages."""
    rows = Notification.objects.filter(visible_to(page.user), reference=session.reference).order_by()
    sent = rows.values("kind", "created_at").annotate(many=Count("pk"))
    the_list = reverse("staff:notifications_notification_changelist")
    for mailing in page.newest(sent, "created_at", "kind"):
        many = ngettext("%(n)d message", "%(n)d messages", mailing["many"]) % {"n": mailing["many"]}
        yield StoryEntry(mailing["created_at"], email_label(mailing["kind"]), link=many, href=f"{the_list}?q={session.reference}")


def organisation_place_entries(organisation: Organisation, page: StoryPage) -> Iterator[StoryEntry]:
    places = SessionPlace.objects.filter(person__organisation=organisation).select_related("person", "session")
    for place in page.newest(places, "created_at"):
        what = _("%(name)s asked for a place at an open session") % {"name": place.person}
        yield StoryEntry(place.created_at, what, "", "", *reference_and_url(place.session))


VIEW_PLACES_PERMISSION = "bookings.change_opensession"
register_story_entries(OpenSession, lambda session, page: event_entries(SessionEvent.objects.filter(session=session), page))
register_story_entries(
    OpenSession,
    lambda session, page: note_entries(Note.objects.filter(reference=session.reference), page),
    permission=VIEW_NOTE_PERMISSION,
)
register_story_entries(OpenSession, mailing_entries, permission=VIEW_MESSAGE_PERMISSION)
register_story_entries(OpenSession, feedback_entries_for, permission=VIEW_FEEDBACK_PERMISSION)
register_story_entries(
    Person,
    lambda person, page: event_entries(SessionEvent.objects.filter(place__person=person), page, of_person=True),
    permission=VIEW_PLACES_PERMISSION,
)
register_story_entries(Organisation, organisation_place_entries, permission=VIEW_PLACES_PERMISSION)
PERSON_RECORD_KINDS.append(PersonRecordKind(OpenSession, leads_to="places__person", verb="change"))


class PlacePersonFilter(PersonFilter):
    leads_to = "places__person"


def event_text(event: SessionEvent, names: Mapping[int, str]) -> str:
    """What happened, such as 'Places: from 20 to 12' or 'Place taken: Sam Taylor'."""
    what, changes = event.title, event.changes
    change: list[str] = []
    if "time" in changes:
        change = [moment_text(datetime.fromisoformat(at)) for at in changes["time"]]
    elif "capacity" in changes:
        change = [str(places) for places in changes["capacity"]]
    elif "presenter" in changes:
        change = [names.get(key, _("nobody")) for key in changes["presenter"]]
    if change:
        what = _("%(what)s: from %(before)s to %(after)s") % {"what": what, "before": change[0], "after": change[1]}
    elif "people" in changes:
        what = _("%(what)s: %(people)s") % {"what": what, "people": changes["people"][-1]}
    elif event.place_id is not None:  # the history stays when a place has gone
        name = str(event.place.person.name) if event.place else _("somebody who has been erased")
        what = _("%(what)s: %(name)s") % {"what": what, "name": name}
    return _("%(what)s (by a link in an email)") % {"what": what} if changes.get("by_link") else what


# The people of a session, a page at a time: those with a place, those who wait, and those who gave up.

PAGE_SIZE = 25
LISTED_PLACE_STATES = (PlaceState.TAKEN, PlaceState.OFFERED, PlaceState.ATTENDED)
# The names of these lists, and of the parameters that ask for one of their pages.
PEOPLE_LIST_NAMES = ("people", "line", "gone")


def people_lists(session: OpenSession, figures: PlaceFigures, query: Mapping[str, str]) -> list[dict[str, Any]]:
    """The lists of people that are not empty. The list of people with a place is always there."""
    places = session.places.select_related("person__organisation")
    given_up = places.filter(state=PlaceState.GIVEN_UP).order_by("-position")
    lists = (
        (
            "people",
            _("People with a place"),
            LISTED_PLACE_STATES,
            places.filter(state__in=LISTED_PLACE_STATES).order_by("position"),
        ),
        ("line", _("Waiting list"), (PlaceState.WAITING,), places.waiting()),
        ("gone", _("People who gave up their place or left the waiting list"), (PlaceState.GIVEN_UP,), given_up),
    )
    counted = [(name, heading, sum(map(figures.in_state, states)), rows) for name, heading, states, rows in lists]
    return [paged_list(name, heading, count, rows, query) for name, heading, count, rows in counted if count or name == "people"]


def paged_list(name: str, heading: str, count: int, rows: QuerySet[Any], query: Mapping[str, str]) -> dict[str, Any]:
    """One page of one list; `newer` and `older` link to the pages beside it and keep the pages of the other lists."""
    numbers = {of_list: parse_page_number(query.get(of_list, "")) for of_list in PEOPLE_LIST_NAMES}
    last = max(1, -(-count // PAGE_SIZE))
    number = min(numbers[name], last)
    first = (number - 1) * PAGE_SIZE
    shown = list(rows[first : first + PAGE_SIZE])

    def link(page: int) -> str:
        pages = {of_list: value for of_list, value in {**numbers, name: page}.items() if value > 1}
        return f"?{urlencode(pages)}#{name}"

    return {
        "name": name,
        "heading": heading,
        "count": count,
        "rows": shown,
        "first": first + 1,
        "last": first + len(shown),
        "newer": link(number - 1) if number > 1 else "",
        "older": link(number + 1) if number < last else "",
    }


SECTIONS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (None, ("state_text", "when", "presentation", "presenter_text", "why_closed")),
    (gettext_lazy("Places"), ("places", "in_line", "who_they_are")),
    (gettext_lazy("How people join"), ("joining", "help_display", "details_sent")),
    (gettext_lazy("Afterwards"), ("came", "said")),
    (gettext_lazy("How it was planned"), ("series", "planned_at")),
)


def cached_place_figures(session: OpenSession) -> PlaceFigures:
    """Read once for a page."""
    figures: PlaceFigures = vars(session).setdefault("_figures", SimpleLazyObject(lambda: place_figures(session)))
    return figures


class SessionExportMixin(ExportMixin):
    """Exports the sessions as a spreadsheet. It counts the people who came and names nobody but the presenter."""

    export_permission = "bookings.export_sessions"
    export_refusal = gettext_lazy("No open session is in this list, so there is nothing to export.")
    export_headings = (
        Heading(gettext_lazy("Reference"), 13),
        Heading(gettext_lazy("State"), 12),
        Heading(gettext_lazy("Day"), 12),
        Heading(gettext_lazy("Starts"), 9),
        Heading(gettext_lazy("Ends"), 9),
        Heading(gettext_lazy("Presentation"), 34),
        Heading(gettext_lazy("Presenter"), 22),
        Heading(gettext_lazy("Series"), 22),
        Heading(gettext_lazy("Places"), 9),
        Heading(gettext_lazy("Places taken"), 12),
        Heading(gettext_lazy("Waiting"), 9),
        Heading(gettext_lazy("People who came"), 12),
        Heading(gettext_lazy("Planned on"), 12),
    )

    def export_rows(self, keys: Sequence[int]) -> Iterator[list[Cell]]:
        joined = OpenSession.objects.select_related("presentation", "presenter", "series", "attendance").order_by()
        for batch in key_batches(keys):
            found = joined.filter(pk__in=batch).in_bulk()
            for session in (found[key] for key in batch if key in found):
                attendance = getattr(session, "attendance", None)
                yield [
                    session.reference,
                    session.get_state_display(),
                    uk_day(session.starts_at),
                    f"{session.starts_at.astimezone(UK_TZ):%H:%M}",
                    f"{session.ends_at.astimezone(UK_TZ):%H:%M}",
                    session.presentation.title,
                    session.presenter.name if session.presenter else None,
                    session.series.name if session.series else None,
                    session.capacity,
                    session.occupied,
                    session.waiting,
                    attendance.people if attendance else None,
                    uk_day(session.created_at),
                ]


@admin.register(OpenSession, site=staff_site)
class OpenSessionAdmin(SessionExportMixin, PresenterScopedAdmin):
    nobody_may = ("delete",)
    list_display = (
        "reference",
        "state_text",
        "starts",
        "presentation",
        "presenter_text",
        "number_places",
        "number_waiting",
    )
    list_filter = (
        "state",
        NeedsAttentionFilter,
        WhenFilter,
        PlacesFilter,
        period_filter("starts_at"),
        PresentationFilter,
        AnyPresenterFilter,
        SeriesFilter,
    )
    own_filters = ("state", WhenFilter, period_filter("starts_at"))
    own_page = "presenter_session"
    sorts_quickly = ("starts",)
    list_select_related = ("presentation", "presenter", "series")
    search_fields = ("reference",)
    search_help_text = gettext_lazy(
        "Reference, presentation, presenter, series, or the name or email address of somebody with a place"
    )
    change_list_template = "bookings/open_sessions/staff/sessions.html"
    change_form_template = "bookings/open_sessions/staff/session.html"
    object_actions = OBJECT_ACTIONS
    view_on_site = False
    ordering = ("-pk",)  # get_ordering decides; the model’s own would put an arrow on a column that the list is not sorted by
    fieldsets = tuple((title, {"fields": fields}) for title, fields in SECTIONS)
    readonly_fields = tuple(name for _title, fields in SECTIONS for name in fields)
    may_be_empty = ("why_closed", "help_display", "in_line", "who_they_are", "details_sent", "came", "said")
    for_who_acts = ("joining", "help_display")
    planned_at = datetime_column("created_at", gettext_lazy("planned"))
    state_text = state_column()
    starts = datetime_column("starts_at", gettext_lazy("when"), short=True)
    number_places = column(
        gettext_lazy("places taken"),
        lambda session: _("%(taken)d of %(places)d") % {"taken": session.occupied, "places": session.capacity},
        ordering="occupied",
    )
    number_waiting = column(gettext_lazy("waiting"), lambda session: str(session.waiting), ordering="waiting")
    in_line = column(gettext_lazy("waiting list"), lambda session: str(session.waiting) if session.waiting else "")
    why_closed = column(gettext_lazy("why it was cancelled"), lambda session: shown_text(session, "closed_reason"))
    help_display = column(gettext_lazy("how to join"), lambda session: session.joining_help)  # without the field's hint
    who_they_are = column(gettext_lazy("professions"), lambda session: "\n".join(cached_place_figures(session).lines))
    came = column(gettext_lazy("who came"), attendance_text)
    said = column(gettext_lazy("what people said"), feedback_summary_text)

    def own_rows(self, presenter: Presenter) -> QuerySet[OpenSession]:
        return own_sessions(presenter)

    def get_list_filter(self, request: HttpRequest) -> Any:
        """With a filter by a person with a place, if the address asks for it and the user may see who comes."""
        filters = super().get_list_filter(request)
        asked = (
            PERSON_PARAMETER in request.GET
            and request.user.has_perm(VIEW_PERSON_PERMISSION)
            and self.has_change_permission(request)
        )
        return (*filters, PlacePersonFilter) if asked else filters

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        # Sessions to come, the soonest first; then those to mark as delivered; then the others, the latest first.
        scheduled, comes = Q(state=SessionState.SCHEDULED), Q(state=SessionState.SCHEDULED, ends_at__gt=timezone.now())
        rank = Case(When(comes, then=Value(0)), When(scheduled, then=Value(1)), default=Value(2))
        soonest = Case(When(comes, then=F("starts_at")))
        return [OrderBy(rank), OrderBy(soonest), OrderBy(F("starts_at"), descending=True), OrderBy(F("pk"), descending=True)]

    def parts(self) -> tuple[ListPart, ...]:
        now, scheduled = timezone.now(), Q(state=SessionState.SCHEDULED)
        return (
            ListPart(scheduled & Q(ends_at__gt=now), ("starts_at", "-pk")),
            ListPart(scheduled & Q(ends_at__lte=now), ("-starts_at", "-pk")),
            ListPart(~scheduled, ("-starts_at", "-pk")),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[OpenSession]:
        return super().get_queryset(request).select_related(*self.list_select_related, "attendance", "follow_up")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[OpenSession], search_term: str
    ) -> tuple[QuerySet[OpenSession], bool]:
        """A whole reference finds just that session, an address finds where its person has a place, and words find both.

        Only users who may see who comes find a session by its people.
        """
        sees_people = self.has_change_permission(request)
        if sees_people and "@" in search_term and (person := Person.objects.with_email(search_term.strip()).first()):
            return queryset.filter(Exists(SessionPlace.objects.filter(session=OuterRef("pk"), person=person))), False
        exact = exact_search_filter(search_term)
        if "reference" in exact and (found := queryset.filter(**exact)).exists():
            return found, False
        if not search_term.strip():
            return queryset, False
        # Each word must be in the title, the presenter's name, the name of the series or the reference.
        matches = Q()
        for word in parse_search_words(search_term):
            matches &= (
                Q(presentation__title__icontains=word)
                | Q(presenter__name__icontains=word)
                | Q(series__name__icontains=word)
                | Q(reference__icontains=word)
            )
        matches = matches or Q(pk=None)
        if sees_people:
            people = capped_keys(filter_by_words(Person.objects.all(), search_term))
            matches |= Q(Exists(SessionPlace.objects.filter(session=OuterRef("pk"), person__in=people)))
        return queryset.filter(matches), False

    @admin.display(description=gettext_lazy("presenter"), ordering="presenter__name")
    def presenter_text(self, session: OpenSession) -> SafeString | str:
        if session.presenter is not None:
            return session.presenter.name
        return state_tag(_("Needs a presenter"), "waiting") if session.is_scheduled else _("None")

    @admin.display(description=gettext_lazy("places"))
    def places(self, session: OpenSession) -> str:
        """'12 taken, 1 offered, 7 free, of 20'; afterwards how many came."""
        figures = cached_place_figures(session)
        facts = {
            "taken": figures.in_state(PlaceState.TAKEN),
            "offered": figures.in_state(PlaceState.OFFERED),
            "free": session.places_left,
            "came": figures.in_state(PlaceState.ATTENDED),
            "places": session.capacity,
        }
        if facts["came"]:
            return _("%(came)d came, %(taken)d had a place but did not come, %(places)d places in all") % facts
        if facts["offered"]:
            return _("%(taken)d taken, %(offered)d offered, %(free)d free, of %(places)d") % facts
        return _("%(taken)d taken, %(free)d free, of %(places)d") % facts

    @admin.display(description=gettext_lazy("joining link"))
    def joining(self, session: OpenSession) -> str:
        """Shown here only, never in a list."""
        if session.own_joining_link:
            return _("%(link)s (this session’s own)") % {"link": session.own_joining_link}
        link = session.joining_link
        return _("%(link)s (the presenter’s)") % {"link": link} if link else _("None yet")

    @admin.display(description=gettext_lazy("sent to people with a place"))
    def details_sent(self, session: OpenSession) -> str:
        if session.details_sent_at:
            return bookings_text.moment_text(session.details_sent_at)
        return _("Not yet") if session.is_scheduled else ""

    def get_summary_rows(self, obj: OpenSession) -> list[dict[str, object]]:
        """What staff must see before they press a button."""
        rows = [
            bookings_text.summary_row(_("Presentation"), obj.presentation.title),
            bookings_text.summary_row(_("When"), obj.when),
        ]
        rows += [
            bookings_text.summary_row(_("Presenter"), self.presenter_text(obj)),
            bookings_text.summary_row(_("Places"), self.places(obj)),
        ]
        return [*rows, bookings_text.summary_row(_("Waiting list"), str(obj.waiting))] if obj.waiting else rows

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        session = self.get_object(request, object_id)
        more: dict[str, Any] = {}
        if session is not None and self.has_view_permission(request, session):
            sees_people = self.has_change_permission(request, session)
            more = {
                "parts": people_lists(session, cached_place_figures(session), request.GET) if sees_people else [],
                "may_act": sees_people and ONE_PLACE_ACTION.available(session),
            }
        return super().change_view(request, object_id, form_url, {**more, **(extra_context or {})})

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> OpenSession | None:
        """The session, read once for a page that changes nothing."""
        if request.method != "GET":
            return super().get_object(request, object_id, from_field)
        read: dict[str, OpenSession | None] = request.__dict__.setdefault("_sessions_read", {})
        if object_id not in read:
            read[object_id] = super().get_object(request, object_id, from_field)
        return read[object_id]

    def available_actions(self, request: HttpRequest, obj: Any) -> list[ObjectAction]:
        """Without the action for one person: its button stands beside their name."""
        return [action for action in super().available_actions(request, obj) if action is not ONE_PLACE_ACTION]

    def get_action_aside(self, obj: OpenSession, action: ObjectAction) -> str:
        if action not in (ASSIGN_ACTION, REASSIGN_ACTION):
            return ""
        return rank_presenters_for_session(obj, timezone.now()).as_table()

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return plan_page(self, request)

    def save_model(self, request: HttpRequest, obj: OpenSession, form: Any, change: bool) -> None:
        """Save nothing: the page has no answers, and what it showed may be out of date."""


# Lines of Today. Each label follows a number: one or many.


SESSION_WAITING_ROW = WaitingRow(
    who="presentation__title", what="presenter__name", at="starts_at", since="created_at", order="starts_at"
)


def add_waiting_line(
    label: Any, query: str, narrow: Callable[[Any, datetime], Any], action: ObjectAction | None = None, *, urgent: bool = False
) -> None:
    """Add a line to the first page, with the list behind it: `query` narrows that list to exactly these sessions."""
    staff_site.add_waiting(
        gettext_lazy("Open sessions"),
        WaitingLine(
            label=label,
            count=lambda: narrow(OpenSession.objects.all(), timezone.now()),
            address=lambda: f"{reverse('staff:bookings_opensession_changelist')}?{query}",
            permission="bookings.view_opensession",
            urgent=urgent,
            named=replace(SESSION_WAITING_ROW, label=action.label, slug=action.slug) if action else None,
        ),
    )


add_waiting_line(
    gettext_lazy("without a presenter"), "look=presenter", OpenSessionQuerySet.needing_a_presenter, ASSIGN_ACTION, urgent=True
)
add_waiting_line(gettext_lazy("without a joining link"), "look=link", without_joining_link, JOINING_DETAILS_ACTION, urgent=True)
add_waiting_line(
    gettext_lazy("soon, and how to join not sent"), "look=unsent", details_unsent, SEND_JOINING_DETAILS_ACTION, urgent=True
)
add_waiting_line(gettext_lazy("while we are closed"), "look=closed", upcoming_on_closed_days)
add_waiting_line(gettext_lazy("today or tomorrow"), "when=soon", today_or_tomorrow)
add_waiting_line(
    gettext_lazy("to mark as delivered"), "look=over", OpenSessionQuerySet.to_mark_as_delivered, MARK_DELIVERED_ACTION
)


def session_search_filter(word: str) -> Q:
    """The word stands in the presentation's title, the presenter's name or the name of the series."""
    presentations, presenters = Presentation.objects.filter(title__icontains=word), Presenter.objects.filter(name__icontains=word)
    series = SessionSeries.objects.filter(name__icontains=word)
    return (
        Q(presentation__in=presentations.order_by().values("pk"))
        | Q(presenter__in=presenters.order_by().values("pk"))
        | Q(series__in=series.order_by().values("pk"))
    )


search_registry.add(
    SearchKind(
        OpenSession,
        session_search_filter,
        about=lambda session: (
            session.get_state_display(),
            session.presentation,
            format_short_datetime(session.starts_at),
            session.presenter,
        ),
        spelt_in=("bookings_presentation",),
        related=("presentation", "presenter"),
    )
)

"""The list of open sessions and the page of one: who comes, who waits, what has happened. Every change is an action."""

from typing import Any

from django.contrib import admin
from django.db.models import Case, Exists, F, OrderBy, OuterRef, Q, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import words
from bookings.admin.afterwards import came_in_words, feedback_in_words
from bookings.admin.own import OwnToPresenters
from bookings.admin.presenter_filters import AnyPresenterFilter
from bookings.admin.sessions.actions import OBJECT_ACTIONS
from bookings.admin.sessions.filters import NeedFilter, PresentationFilter, RoomFilter, SeriesFilter, SoonFilter
from bookings.admin.sessions.one_place import ONE_PLACE
from bookings.admin.sessions.people import history_part, parts_of
from bookings.admin.sessions.planning import plan_page
from bookings.admin.sessions.presenter import ASSIGN, REASSIGN, who_could
from bookings.models import OpenSession, PlaceState, Presenter, SessionPlace, SessionState
from bookings.presenting.access import own_sessions
from bookings.session_figures import Figures, figures_of
from ctac.staff import ObjectAction, staff_site
from ctac.staff_big_lists import Part, keys_of, period_of, with_words, words_in
from ctac.staff_lists import moment_of, short_moment, state_tag, whole
from professionals.models import Person

SECTIONS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (None, ("state_in_words", "when", "presentation", "presenter_in_words", "closed_reason")),
    (gettext_lazy("Places"), ("places", "in_line", "who_they_are")),
    (gettext_lazy("How people join"), ("joining", "help_in_words", "details_sent")),
    (gettext_lazy("Afterwards"), ("came", "said")),
    (gettext_lazy("How it came"), ("series", "planned_at")),
)


def order_of_need() -> list[OrderBy]:
    """What comes, the soonest first; then what to mark as delivered; then what is done with, the latest first."""
    scheduled, comes = Q(state=SessionState.SCHEDULED), Q(state=SessionState.SCHEDULED, ends_at__gt=timezone.now())
    rank = Case(When(comes, then=Value(0)), When(scheduled, then=Value(1)), default=Value(2))
    soonest = Case(When(comes, then=F("starts_at")))
    return [OrderBy(rank), OrderBy(soonest), OrderBy(F("starts_at"), descending=True), OrderBy(F("pk"), descending=True)]


@admin.register(OpenSession, site=staff_site)
class OpenSessionAdmin(OwnToPresenters):
    list_display = (
        "reference",
        "state_in_words",
        "starts",
        "presentation",
        "presenter_in_words",
        "number_places",
        "number_waiting",
    )
    list_filter = (
        "state",
        NeedFilter,
        SoonFilter,
        RoomFilter,
        period_of("starts_at"),
        PresentationFilter,
        AnyPresenterFilter,
        SeriesFilter,
    )
    own_filters = ("state", SoonFilter, period_of("starts_at"))
    own_page = "presenter_session"
    sorts_quickly = ("starts",)
    list_select_related = ("presentation", "presenter", "series")
    search_fields = ("reference",)
    search_help_text = gettext_lazy(
        "Reference, presentation, presenter or series; or the name or email address of somebody with a place"
    )
    change_list_template = "bookings/staff/sessions/sessions.html"
    change_form_template = "bookings/staff/sessions/session.html"
    object_actions = OBJECT_ACTIONS
    view_on_site = False
    ordering = ("-pk",)  # get_ordering decides; the model’s own would put an arrow on a column that the list is not sorted by
    fieldsets = tuple((title, {"fields": fields}) for title, fields in SECTIONS)
    readonly_fields = tuple(name for _title, fields in SECTIONS for name in fields)
    may_be_empty = ("help_in_words", "in_line", "who_they_are", "details_sent", "came", "said")
    for_who_acts = ("joining", "help_in_words")
    planned_at = moment_of("created_at", gettext_lazy("planned"))

    def own(self, presenter: Presenter) -> QuerySet[OpenSession]:
        return own_sessions(presenter)

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return order_of_need()

    def parts(self) -> tuple[Part, ...]:
        now, scheduled = timezone.now(), Q(state=SessionState.SCHEDULED)
        return (
            Part(scheduled & Q(ends_at__gt=now), ("starts_at", "-pk")),
            Part(scheduled & Q(ends_at__lte=now), ("-starts_at", "-pk")),
            Part(~scheduled, ("-starts_at", "-pk")),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[OpenSession]:
        return super().get_queryset(request).select_related(*self.list_select_related, "attendance", "afterwards")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[OpenSession], search_term: str
    ) -> tuple[QuerySet[OpenSession], bool]:
        """A whole reference finds just that. An address finds where its person has a place; words, sessions and people.

        Where somebody has a place is found only by those who may see who comes.
        """
        sees_people = self.has_change_permission(request)
        if sees_people and "@" in search_term and (person := Person.objects.with_email(search_term.strip()).first()):
            return queryset.filter(Exists(SessionPlace.objects.filter(session=OuterRef("pk"), person=person))), False
        exact = whole(search_term)
        if "reference" in exact and (found := queryset.filter(**exact)).exists():
            return found, False
        if not search_term.strip():
            return queryset, False
        if not sees_people:
            return queryset.filter(in_its_words(search_term)), False
        people = keys_of(with_words(Person.objects.all(), search_term))
        theirs = SessionPlace.objects.filter(session=OuterRef("pk"), person__in=people)
        return queryset.filter(in_its_words(search_term) | Q(Exists(theirs))), False

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_in_words(self, session: OpenSession) -> SafeString:
        return state_tag(session.get_state_display(), session.state_kind)

    @admin.display(description=gettext_lazy("when"), ordering="starts_at")
    def starts(self, session: OpenSession) -> str:
        return short_moment(session.starts_at)

    @admin.display(description=gettext_lazy("when"))
    def when(self, session: OpenSession) -> str:
        return session.when

    @admin.display(description=gettext_lazy("presenter"), ordering="presenter__name")
    def presenter_in_words(self, session: OpenSession) -> SafeString | str:
        if session.presenter is not None:
            return session.presenter.name
        return state_tag(_("Needs a presenter"), "waiting") if session.is_scheduled else _("None")

    @admin.display(description=gettext_lazy("who came"))
    def came(self, session: OpenSession) -> SafeString | str:
        return came_in_words(session)

    @admin.display(description=gettext_lazy("what people said"))
    def said(self, session: OpenSession) -> SafeString | str:
        return feedback_in_words(session)

    @admin.display(description=gettext_lazy("places taken"), ordering="occupied")
    def number_places(self, session: OpenSession) -> str:
        return _("%(taken)d of %(places)d") % {"taken": session.occupied, "places": session.capacity}

    @admin.display(description=gettext_lazy("waiting"), ordering="waiting")
    def number_waiting(self, session: OpenSession) -> str:
        return str(session.waiting)

    @admin.display(description=gettext_lazy("places"))
    def places(self, session: OpenSession) -> str:
        """'12 taken, 1 offered, 7 free, of 20'; afterwards who came."""
        figures = self.figures(session)
        facts = {
            "taken": figures.of(PlaceState.TAKEN),
            "offered": figures.of(PlaceState.OFFERED),
            "free": session.free,
            "came": figures.of(PlaceState.ATTENDED),
            "places": session.capacity,
        }
        if facts["came"]:
            return _("%(came)d came, %(taken)d more had a place, of %(places)d") % facts
        if facts["offered"]:
            return _("%(taken)d taken, %(offered)d offered, %(free)d free, of %(places)d") % facts
        return _("%(taken)d taken, %(free)d free, of %(places)d") % facts

    @admin.display(description=gettext_lazy("waiting list"))
    def in_line(self, session: OpenSession) -> str:
        return str(session.waiting) if session.waiting else ""

    @admin.display(description=gettext_lazy("who they are"))
    def who_they_are(self, session: OpenSession) -> str:
        return "\n".join(self.figures(session).lines)

    @admin.display(description=gettext_lazy("joining link"))
    def joining(self, session: OpenSession) -> str:
        """Only here, never in a list."""
        if session.own_joining_link:
            return _("%(link)s (this session’s own)") % {"link": session.own_joining_link}
        link = session.joining_link
        return _("%(link)s (the presenter’s)") % {"link": link} if link else _("None yet")

    @admin.display(description=gettext_lazy("how to join"))
    def help_in_words(self, session: OpenSession) -> str:
        return session.joining_help

    @admin.display(description=gettext_lazy("sent to people"))
    def details_sent(self, session: OpenSession) -> str:
        if session.details_sent_at:
            return words.moment(session.details_sent_at)
        return _("Not yet") if session.is_scheduled else ""

    def figures(self, session: OpenSession) -> Figures:
        """Read once for a page."""
        known: Figures | None = session.__dict__.get("_figures")
        if known is None:
            known = session.__dict__["_figures"] = figures_of(session)
        return known

    def summary_of(self, obj: OpenSession) -> list[dict[str, object]]:
        """What someone must see before they press."""
        rows = [words.row(_("Presentation"), obj.presentation.title), words.row(_("When"), obj.when)]
        rows += [words.row(_("Presenter"), self.presenter_in_words(obj)), words.row(_("Places"), self.places(obj))]
        return [*rows, words.row(_("Waiting list"), str(obj.waiting))] if obj.waiting else rows

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        session = self.get_object(request, object_id)
        more: dict[str, Any] = {}
        if session is not None and self.has_view_permission(request, session):
            sees_people = self.has_change_permission(request, session)
            may_act = sees_people and ONE_PLACE.available(session)
            parts = parts_of(session, self.figures(session), request.GET) if sees_people else []
            more = {
                "parts": parts,
                "history": history_part(session, request.GET),
                "may_act": may_act,
            }
        return super().change_view(request, object_id, form_url, {**more, **(extra_context or {})})

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> OpenSession | None:
        """Read once for a page that changes nothing."""
        if request.method != "GET":
            return super().get_object(request, object_id, from_field)
        read: dict[str, OpenSession | None] = request.__dict__.setdefault("_sessions_read", {})
        if object_id not in read:
            read[object_id] = super().get_object(request, object_id, from_field)
        return read[object_id]

    def available_actions(self, request: HttpRequest, obj: Any) -> list[ObjectAction]:
        """What is done for one person has its button beside their name."""
        return [action for action in super().available_actions(request, obj) if action is not ONE_PLACE]

    def beside_action(self, obj: OpenSession, action: ObjectAction) -> str:
        return who_could(obj) if action in (ASSIGN, REASSIGN) else ""

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return plan_page(self, request)

    def save_model(self, request: HttpRequest, obj: OpenSession, form: Any, change: bool) -> None:
        """Nothing: the page has no answers, and what it was drawn with may be old by now."""

    def has_delete_permission(self, request: HttpRequest, obj: OpenSession | None = None) -> bool:
        return False


def in_its_words(typed: str) -> Q:
    """Each word stands in the title, the presenter's name or the name of the series."""
    found = Q()
    for word in words_in(typed):
        found &= (
            Q(presentation__title__icontains=word)
            | Q(presenter__name__icontains=word)
            | Q(series__name__icontains=word)
            | Q(reference__icontains=word)
        )
    return found or Q(pk=None)

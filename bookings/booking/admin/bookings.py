"""The list of bookings and the page of one on the staff site. Every change is an action that calls a service."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import (
    Case,
    F,
    OrderBy,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import linebreaksbr
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy as _, ngettext, ngettext_lazy

from accounts.access import signed_in_user
from accounts.models import User
from bookings import text as bookings_text
from bookings.booking.admin import requests
from bookings.booking.admin.actions import (
    ASSIGN_ACTION,
    OBJECT_ACTIONS,
    REASSIGN_ACTION,
    ReassignForm,
)
from bookings.booking.admin.book_for_caller import BOOK_AGAIN_PARAM, book_for_caller_page, may_book_again
from bookings.booking.admin.filters import (
    AuthorityFilter,
    FormatFilter,
    NationFilter,
    NeedsAttentionFilter,
    NeedsPresenterFilter,
    WaitingForFilter,
    WhenFilter,
)
from bookings.booking.services.assign import reassign
from bookings.booking.services.transitions import mark_delivered
from bookings.feedback.admin import attendance_text, feedback_summary_text
from bookings.models import (
    Booking,
    BookingState,
    Format,
    Presenter,
)
from bookings.models.booking import NEEDS_FIELDS, OPEN_BOOKING_STATES
from bookings.schedule.access import PresenterScopedAdmin, own_visits_for_list
from bookings.schedule.admin import PresenterFilter
from bookings.schedule.substitutes import MAX_BOOKINGS_PER_PAGE, rank_presenters_for, substitute_needs
from bookings.seats.admin import seats_text
from bookings.text import ADDRESS_FIELDS, summary_row
from bookings.visits.admin import contact_rows, current_visit_text, find_late, joining_link_text, on_duty_text
from bookings.visits.services import refuse_while_overdue
from core.dates import UK_TZ, uk_day
from core.errors import DomainError
from leaflets.models import Delivery
from leaflets.orders.queries import VisitLookup, register_visits
from professionals.admin import (
    PERSON_PARAMETER,
    PersonColumnsMixin,
    name_organisation_html,
    name_organisation_text,
)
from professionals.areas import authority_with_code
from professionals.exports import ExportMixin, key_batches
from professionals.notes.admin import RECORD_NOTE_ACTIONS
from professionals.safeguarding.services import shown_text
from staff.actions import ObjectAction, page_form_class
from staff.lists import (
    ListPart,
    column,
    datetime_column,
    format_short_start,
    non_breaking,
    period_filter,
    phone_link,
    state_column,
    state_tag,
    time_ago_text,
)
from staff.model_admin import CachedObjectAdmin, ReferenceSearchAdmin
from staff.search import SearchKind, search_registry, searched_contains
from staff.site import staff_site
from staff.spreadsheets import Cell, Heading


def text_column(name: str) -> Callable[[Any, Any], Any]:
    """An answer or another text of the booking, under the name that the model gives it."""
    label = Booking._meta.get_field(name).verbose_name  # type: ignore[union-attr]
    return column(label, lambda booking: bookings_text.answer_text(booking, name))


NEEDS_COLUMNS = {f"{name}_text": text_column(name) for name in NEEDS_FIELDS}
SECTIONS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (
        None,
        (
            "state_text",
            "when",
            "where_in_full",
            "area",
            "presenter_text",
            "presentation",
            "travel",
            "visit_display",
            "on_duty",
            "joining",
            "why_closed",
        ),
    ),
    (_("What to decide"), ("why_it_waits", "dates", "their_reason")),
    (_("Who asked"), (*PersonColumnsMixin.about_person, "person_domain")),
    (
        _("On the day"),
        (
            "contact_name",
            "contact",
            "audience_size",
            "audience_profession",
            "spare_seats",
            "leaflets",
            *NEEDS_COLUMNS,
            "childs_details",
        ),
    ),
    (_("Afterwards"), ("came", "said")),
    (_("How they booked"), ("asked_at", "came_by")),
)


def urgency_ordering() -> list[OrderBy]:
    """First what staff must decide; then what is to come, the soonest first; then what to mark as delivered; then the rest."""
    acts = Q(state=BookingState.REQUESTED) | Q(state__in=OPEN_BOOKING_STATES, presenter=None)
    comes = Q(state__in=OPEN_BOOKING_STATES, ends_at__gt=timezone.now())
    to_mark = Q(state__in=OPEN_BOOKING_STATES)
    rank = Case(When(acts, then=Value(0)), When(comes, then=Value(1)), When(to_mark, then=Value(2)), default=Value(3))
    # A request without a time counts from when it was asked, so the one that waits longest comes first.
    soonest = Case(When(acts | comes, then=Coalesce("starts_at", "created_at")))
    return [
        OrderBy(rank),
        OrderBy(soonest),
        OrderBy(F("starts_at"), descending=True, nulls_last=True),
        OrderBy(F("pk"), descending=True),
    ]


MAX_ASSIGNED_SHOWN = 50  # bookings, as many as a page of the list has


def mark_delivered_unless_overdue(booking: Booking, *, by: User, now: datetime) -> None:
    """Mark it as delivered, unless a check-in or check-out is overdue: first we must know that the presenter is safe."""
    refuse_while_overdue(booking, now)
    mark_delivered(booking, by=by, now=now)


def export_clock_text(moment: datetime | None, booking: Booking) -> str | None:
    return f"{moment.astimezone(UK_TZ):%H:%M}" if moment and not booking.has_only_a_day else None


# Neither phone numbers nor what people wrote: a list is for counting and planning, and the booking's page has both.
EXPORT_COLUMNS: tuple[tuple[Heading, Callable[[Booking], Cell]], ...] = (
    (Heading(_("Reference"), 13), lambda booking: booking.reference),
    (Heading(_("State"), 12), lambda booking: booking.get_state_display()),
    (Heading(_("Day"), 12), lambda booking: uk_day(booking.starts_at) if booking.starts_at else None),
    (Heading(_("Starts"), 9), lambda booking: export_clock_text(booking.starts_at, booking)),
    (Heading(_("Ends"), 9), lambda booking: export_clock_text(booking.ends_at, booking)),
    (Heading(_("Presentation"), 34), lambda booking: booking.presentation.title),
    (Heading(_("Where"), 12), lambda booking: booking.get_format_display()),
    (Heading(_("Presenter"), 22), lambda booking: booking.presenter.name if booking.presenter else None),
    (Heading(_("Person"), 22), lambda booking: booking.person.name),
    (Heading(_("Organisation"), 28), lambda booking: booking.person.organisation.name if booking.person.organisation else None),
    (Heading(_("Town or city"), 16), lambda booking: booking.town),
    (Heading(_("Postcode"), 10), lambda booking: booking.postcode),
    (Heading(_("Local authority"), 22), lambda booking: getattr(authority_with_code(booking.local_authority), "name", None)),
    (Heading(_("Nation"), 16), lambda booking: booking.get_nation_display()),
    (Heading(_("Who is coming"), 22), lambda booking: booking.get_audience_profession_display() or None),
    (Heading(_("People expected"), 12), lambda booking: booking.audience_size),
    (Heading(_("People who came"), 12), lambda booking: booking.attendance.people if hasattr(booking, "attendance") else None),
    (Heading(_("Came by"), 9), lambda booking: booking.get_channel_display()),
    (Heading(_("Booked on"), 12), lambda booking: uk_day(booking.created_at)),
)


class BookingExportMixin(ExportMixin):
    export_permission = "bookings.export_bookings"
    export_refusal = _("No booking here, so there is nothing to export.")
    export_headings = tuple(heading for heading, _value in EXPORT_COLUMNS)

    def export_rows(self, keys: Sequence[int]) -> Iterator[list[Cell]]:
        joined = Booking.objects.select_related("presentation", "presenter", "person__organisation", "attendance").order_by()
        for batch in key_batches(keys):
            found = joined.filter(pk__in=batch).in_bulk()
            yield from ([value(found[key]) for _heading, value in EXPORT_COLUMNS] for key in batch if key in found)


@admin.register(Booking, site=staff_site)
class BookingAdmin(BookingExportMixin, PersonColumnsMixin, ReferenceSearchAdmin, PresenterScopedAdmin, CachedObjectAdmin):
    nobody_may = ("delete",)
    list_display = ("reference", "state_text", "starts", "where", "presenter_text", "who", "asked")
    list_filter = (
        "state",
        WaitingForFilter,
        NeedsPresenterFilter,
        WhenFilter,
        period_filter("starts_at"),
        FormatFilter,
        NationFilter,
        AuthorityFilter,
        PresenterFilter,
        NeedsAttentionFilter,
    )
    own_filters = ("state", WhenFilter, period_filter("starts_at"), FormatFilter)
    own_page = "presenter_visit"
    sorts_quickly = ("starts", "asked")
    actions = ("mark_delivered_ticked", "assign_ticked", "export_ticked_xlsx", "export_ticked_csv")
    list_select_related = ("presentation", "presenter", "person__organisation")
    search_fields = (
        *("reference", "person__name", "person__email", "person__phone", "person__organisation__name"),
        *("town", "postcode", "contact_name", "contact_phone"),
    )
    search_help_text = _("Reference or part of it, name, phone, email address, town, postcode or organisation")
    change_list_template = "bookings/booking/staff/bookings.html"
    change_form_template = "bookings/booking/staff/booking.html"
    view_on_site = False  # the public page is only for the booking's owner
    ordering = ("-pk",)  # get_ordering decides; the model’s own would put an arrow on a column that the list is not sorted by
    object_actions = (*OBJECT_ACTIONS, *RECORD_NOTE_ACTIONS)
    fieldsets = tuple((title, {"fields": fields}) for title, fields in SECTIONS)
    readonly_fields = (*(name for _title, fields in SECTIONS for name in fields), "person_unlinked")

    may_be_empty = (
        *("why_closed", *NEEDS_COLUMNS),
        "spare_seats",
        "leaflets",
        "area",
        "why_it_waits",
        "dates",
        "their_reason",
        "travel",
        "visit_display",
        "on_duty",
        "joining",
        "childs_details",
        "came",
        "said",
    )
    for_who_acts = (
        *("spare_seats", "joining", "person_email", "person_phone", "person_domain", "contact"),
        *(name for name in NEEDS_COLUMNS if name != "room_text"),
    )
    asked_at = datetime_column("created_at", _("asked"))
    state_text = state_column()
    starts = column(
        _("when"),
        lambda booking: format_short_start(booking.starts_at) if booking.starts_at else booking.when,
        ordering="starts_at",
    )
    when = column(_("when"), lambda booking: booking.when)
    where = column(
        _("where"),
        lambda booking: (
            f"{booking.town} {non_breaking(booking.postcode)}".strip()
            if booking.format == Format.WORKPLACE
            else gettext("Online")
        ),
        ordering="postcode",
    )
    where_in_full = column(_("where"), bookings_text.where_text)
    who = column(
        _("for"),
        lambda booking: name_organisation_html(
            booking.person.name, booking.person.organisation.name if booking.person.organisation else ""
        ),
        ordering="person__name",
    )
    asked = column(_("asked"), lambda booking: time_ago_text(booking.created_at, timezone.now()), ordering="-created_at")
    why_it_waits = column(_("why it waits"), lambda booking: requests.waiting_reasons_text(booking, timezone.now()))
    dates = column(_("dates"), lambda booking: requests.dates_text(booking, timezone.now()))
    their_reason = column(_("why our times don’t suit"), lambda booking: shown_text(booking, "request_reason"))
    why_closed = text_column("closed_reason")
    locals().update(NEEDS_COLUMNS)
    came_by = column(_("came by"), lambda booking: booking.get_channel_display())
    contact = column(_("contact’s phone"), lambda booking: phone_link(booking.contact_phone))
    visit_display = column(_("visit"), lambda booking: current_visit_text(booking))
    on_duty = column(_("on duty"), on_duty_text)
    joining = column(_("joining link"), joining_link_text)
    spare_seats = column(_("spare seats"), lambda booking: seats_text(booking, timezone.now()))
    came = column(_("who came"), attendance_text)
    said = column(_("what people said"), feedback_summary_text)

    def own_rows(self, presenter: Presenter) -> QuerySet[Booking]:
        return own_visits_for_list(presenter)

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return urgency_ordering()

    def parts(self) -> tuple[ListPart, ...]:
        """The list in three parts. Requests that ended without ever having a time come last."""
        still_open, timed = Q(state__in=OPEN_BOOKING_STATES), Q(starts_at__isnull=False)
        return (
            ListPart(still_open, tuple(urgency_ordering())),
            ListPart(~still_open & timed, ("-starts_at", "-pk")),
            ListPart(~still_open & ~timed, ("-pk",)),
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Booking]:
        return (
            super()
            .get_queryset(request)
            .select_related(
                *self.list_select_related, "busy_time", "visit__presenter", "brought__order", "attendance", "follow_up"
            )
        )

    @admin.display(description=_("area"))
    def area(self, booking: Booking) -> str:
        """Such as 'Leeds, Yorkshire and the Humber, England'. Some islands have no local authority."""
        authority = authority_with_code(booking.local_authority)
        names = (authority.name, authority.region) if authority else ()
        return ", ".join(str(name) for name in (*names, booking.get_nation_display()) if name)

    @admin.display(description=_("presenter"), ordering="presenter__name")
    def presenter_text(self, booking: Booking) -> SafeString | str:
        if booking.presenter is not None:
            return booking.presenter.name
        if not booking.has_time:
            return gettext("None yet") if booking.is_open else gettext("None")
        return state_tag(gettext("Needs a presenter"), "waiting") if booking.is_open else gettext("None")

    @admin.display(description=_("travel time"))
    def travel(self, booking: Booking) -> str:
        """The minutes that staff set for this one visit; empty while the postcodes decide."""
        claim = getattr(booking, "busy_time", None)
        if claim is None or claim.travel_minutes is None:
            return ""
        facts = {"minutes": claim.travel_minutes, "reason": shown_text(claim, "travel_reason")}
        text = ngettext(
            "%(minutes)d minute each way, set by staff: %(reason)s",
            "%(minutes)d minutes each way, set by staff: %(reason)s",
            claim.travel_minutes,
        )
        return text % facts

    @admin.display(description=_("leaflets to bring"))
    def leaflets(self, booking: Booking) -> SafeString | str:
        brought = bookings_text.get_leaflets_to_bring(booking)
        if brought is None:
            return ""
        missing = ", ".join(f"{short.copies} × {short.title}" for short in brought.missing_leaflets)
        short = gettext("Out of stock when it was booked: %(what)s") % {"what": missing} if missing else ""
        if brought.order is None:
            return short
        order = brought.order
        return format_html(
            '{}<br><a href="{}">{}</a> ({})<br>{}',
            linebreaksbr(bookings_text.order_contents(order)),
            reverse("staff:leaflets_order_change", args=[order.pk]),
            order.reference,
            order.state_text,
            short,
        )

    @admin.display(description=_("child’s details"))
    def childs_details(self, booking: Booking) -> SafeString | str:
        if not booking.flagged_child_details:
            return ""
        sentence = gettext("We have told the safeguarding lead. Do not repeat any of it in a message.")
        return format_html("{} {}", state_tag(gettext("Looks like a child’s details"), "waiting"), sentence)

    def get_summary_rows(self, obj: Booking) -> list[dict[str, object]]:
        """What, when, where and who: all that a colleague must see before they press the button."""
        phone = f"{name_organisation_text(obj.person)}\n{obj.person.phone}".strip()
        return [
            *(contact_rows(obj) if find_late(obj) else ()),
            summary_row(gettext("Presentation"), obj.presentation.title),
            summary_row(gettext("When"), obj.when),
            summary_row(gettext("Where"), bookings_text.where_text(obj)),
            summary_row(gettext("Presenter"), self.presenter_text(obj)),
            summary_row(gettext("Who asked"), phone),
        ]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.substitutes_view)
        return [path("stand-ins/", view, name="bookings_booking_stand_ins"), *super().get_urls()]

    def substitutes_view(self, request: HttpRequest) -> HttpResponse:
        """Every booking that needs a presenter, with a button for each who could give it. POST assigns one of them."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        now = timezone.now()
        if request.method == "POST":
            booking = row_by_key(Booking.objects.needing_a_presenter(), request.POST.get("booking", ""))
            presenter = row_by_key(Presenter.objects.active(), request.POST.get("presenter", ""))
            if booking is None or presenter is None:
                messages.warning(
                    request, gettext("Somebody has changed this since you opened the page, so we did nothing. Look at it again.")
                )
                return redirect("staff:bookings_booking_stand_ins")
            try:
                reassign(booking=booking, presenter=presenter, by=signed_in_user(request), now=now)
            except DomainError as refusal:  # perhaps the presenter has become busy
                messages.warning(request, f"{booking}: {refusal.message}")
            else:
                names = {"reference": booking.reference, "name": presenter.name}
                messages.success(
                    request, gettext("%(name)s now gives %(reference)s. Everyone concerned will get an email.") % names
                )
            return redirect("staff:bookings_booking_stand_ins")
        waiting = Booking.objects.needing_a_presenter().filter(starts_at__gt=now).with_related().order_by("starts_at", "pk")
        first = list(waiting[: MAX_BOOKINGS_PER_PAGE + 1])
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("Who could step in"),
            "needs": substitute_needs(first[:MAX_BOOKINGS_PER_PAGE], now),
            "more": len(first) > MAX_BOOKINGS_PER_PAGE,
        }
        return TemplateResponse(request, "bookings/booking/staff/stand_ins.html", context)

    @admin.action(description=_("Mark as delivered"), permissions=["change"])
    def mark_delivered_ticked(self, request: HttpRequest, bookings: QuerySet[Booking]) -> None:
        done = ngettext_lazy(
            "%(n)d booking is marked as delivered. We will email the professional to ask how it was.",
            "%(n)d bookings are marked as delivered. We will email each professional to ask how it was.",
            "n",
        )
        self.perform_on_each(request, bookings, mark_delivered_unless_overdue, done)

    @admin.action(description=_("Assign a presenter"), permissions=["change"])
    def assign_ticked(self, request: HttpRequest, bookings: QuerySet[Booking]) -> HttpResponse | None:
        """Asks who will give them, and sends the ticked bookings again with the answer."""
        form = page_form_class(ReassignForm)(request.POST if "presenter" in request.POST else None)
        if form.is_valid():
            done = ngettext_lazy(
                "%(n)d booking has this presenter now. Everyone concerned will get an email.",
                "%(n)d bookings have this presenter now. Everyone concerned will get an email.",
                "n",
            )
            self.perform_on_each(request, bookings, partial(reassign, **form.cleaned_data), done)
            return None
        shown, count = list(bookings.order_by("created_at", "pk")[:MAX_ASSIGNED_SHOWN]), bookings.count()
        sent = ("action", "select_across", ACTION_CHECKBOX_NAME)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("Assign a presenter"),
            "form": form,
            "media": self.media + form.media,
            "rows": [summary_row(each.reference, f"{each.when}. {each.presentation.title}") for each in shown],
            "more": count - len(shown),
            "ticked": [(name, value) for name in sent for value in request.POST.getlist(name)],
        }
        return TemplateResponse(request, "bookings/booking/staff/assign_ticked.html", context)

    def presenter_ranking_table(self, booking: Booking | None) -> str:
        """All presenters ranked, with why some can't give it; empty unless the booking is open and has a time."""
        if booking is None or not (booking.is_open and booking.has_time):
            return ""
        return rank_presenters_for(booking, timezone.now()).as_table()

    def get_action_aside(self, obj: Booking, action: ObjectAction) -> str:
        return self.presenter_ranking_table(obj) if action in (ASSIGN_ACTION, REASSIGN_ACTION) else ""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The ranking says what other presenters do that day, so only those who may choose one see it."""
        chooses = self.has_change_permission(request)
        more = {
            "who_could": self.presenter_ranking_table(self.get_object(request, object_id)) if chooses else "",
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, more)

    def get_add_links(self, request: HttpRequest, obj: Booking) -> list[dict[str, object]]:
        """A link to book again like one that is over or closed, while its details are still there."""
        if not (self.has_add_permission(request) and may_book_again(obj, timezone.now())):
            return []
        like_it = f"{PERSON_PARAMETER}={obj.person_id}&{BOOK_AGAIN_PARAM}={obj.reference}"
        # After a presentation, the main button asks who came.
        main = {} if obj.state == BookingState.DELIVERED else {"weight": "main"}
        return [{"label": gettext("Book again"), "href": f"{reverse('staff:bookings_booking_add')}?{like_it}", **main}]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return book_for_caller_page(self, request)


def row_by_key(rows: Any, typed: str) -> Any:
    return rows.filter(pk=int(typed)).first() if typed.isascii() and typed.isdigit() and len(typed) < 10 else None


def order_visit_text(reference: str) -> SafeString | str:
    """For the page of an order that a presenter brings: the booking, its presenter and its time."""
    booking = Booking.objects.with_related().filter(reference=reference).first()
    if booking is None:
        return ""
    presenter = booking.presenter.name if booking.presenter else gettext("no presenter yet")
    url = reverse("staff:bookings_booking_change", args=[booking.pk])
    return format_html('<a href="{}">{}</a>, {}, {}', url, reference, presenter, booking.when)


def last_visit_address(person: int) -> tuple[datetime, Delivery] | None:
    """Where their last visit went, and when they booked it. No name: the order form asks whom the parcel is for."""
    visit = Booking.objects.visits_for_person(person).first()
    if visit is None:
        return None
    address = {name: getattr(visit, name) for name in ADDRESS_FIELDS}
    return visit.created_at, Delivery(name="", **address)


# When the visit of an order starts: NULL if no time is agreed, or if it is sent by post.
register_visits(
    VisitLookup(
        order_visit_text,
        lambda: Subquery(Booking.objects.filter(reference=OuterRef("visit_reference")).order_by().values("starts_at")),
        last_visit_address,
    )
)


search_registry.add(
    SearchKind(
        Booking,
        searched_contains,
        about=lambda booking: (booking.get_state_display(), booking.when, booking.person, *booking.address_lines),
        spelt_in=("bookings_booking",),
        related=("person",),
    )
)

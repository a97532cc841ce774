"""Packing sessions on the staff site: start one, print, cross out, dispatch."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, IntegerField, OuterRef, Prefetch, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.limits import check_export_limit
from ctac.dates import uk_day
from ctac.errors import DomainError
from ctac.models import tidy_reference
from ctac.staff.columns import LooksOnly, how_long_ago, long_moment, number_of, short_moment, state_tag
from ctac.staff.site import ObjectAction, staff_site
from leaflets.dispatch.forms import (
    BRING,
    POST,
    AddOrderForm,
    LabelsForm,
    ParcelsForm,
    StartPackingForm,
    TakeOutForm,
    copies_shown,
    lines_to_send,
    parcel_field_name,
)
from leaflets.dispatch.prints import (
    LABEL_SHEETS,
    CourierRow,
    LabelSheet,
    Pick,
    Slip,
    SlipItem,
    address_labels,
    courier_csv,
    pick_list,
)
from leaflets.dispatch.queries import PackingChoice, oldest_to_pack, preview_choice, titles_to_pack
from leaflets.dispatch.services import (
    NothingToPack,
    SessionHasEnded,
    add_order,
    close_session,
    copies_in_parcel,
    dispatch_session,
    keep_typed,
    outcome_of,
    record_print,
    start_session,
    take_out,
)
from leaflets.dispatch.slips import packing_slips
from leaflets.models import (
    LeftOutReason,
    MovementKind,
    Order,
    OrderLine,
    Outcome,
    PackingSession,
    Parcel,
    PrintKind,
    PrintRecord,
    SessionState,
    StockMovement,
)
from leaflets.orders.queries import visit_start

# What the page of a packing session shows: its parcels as they are now, and what became of them.


def session_parcels(session: PackingSession) -> list[Parcel]:
    """By number, each with its order and that with its lines: three statements, however many."""
    orders = Order.objects.with_lines().annotate(visit_starts=visit_start())
    return list(session.parcels.prefetch_related(Prefetch("order", queryset=orders)).order_by("number"))


def leaving_parcels(parcels: Iterable[Parcel]) -> list[Parcel]:
    """Those that would leave now: what is printed."""
    return [parcel for parcel in parcels if parcel.outcome == Outcome.OPEN and outcome_of(parcel, parcel.order) == Outcome.SENT]


@dataclass(frozen=True)
class LineField:
    """One title of a parcel, with the box for its copies."""

    line: OrderLine
    name: str
    shown: str
    wrong: bool
    to_come: int


@dataclass(frozen=True)
class ParcelRow:
    """One parcel of the table. `trouble`: why it can't leave, as things stand."""

    parcel: Parcel
    lines: Sequence[LineField]
    trouble: str | Promise
    out: str
    ticked: bool
    why: str
    reason: str
    reason_missing: str
    track: str
    number: str
    track_wrong: bool

    @property
    def order(self) -> Order:
        return self.parcel.order


REASONS = [("", "–"), *LeftOutReason.choices]
DISPATCH_OUTCOMES = frozenset({Outcome.SENT, Outcome.LEFT_OUT, Outcome.NOTHING})


def parcel_row(form: ParcelsForm, parcel: Parcel) -> ParcelRow:
    outcome, number = outcome_of(parcel, parcel.order), parcel.number
    track, why = parcel_field_name("track", number), parcel_field_name("why", number)
    return ParcelRow(
        parcel=parcel,
        lines=[line_field(form, parcel, line) for line in lines_to_send(parcel)],
        trouble="" if outcome in DISPATCH_OUTCOMES else outcome.label,
        out=parcel_field_name("out", number),
        ticked=form.is_ticked(parcel),
        why=why,
        reason=form.shown(why, parcel.left_out),
        reason_missing=" ".join(str(said) for said in form.errors.get(why, ())),
        track=track,
        number=form.shown(track, parcel.tracking_number),
        track_wrong=track in form.errors,
    )


def line_field(form: ParcelsForm, parcel: Parcel, line: OrderLine) -> LineField:
    name = parcel_field_name("copies", line.pk)
    return LineField(line, name, copies_shown(form, parcel, line), name in form.errors, line.backordered)


def picks_of_parcels(parcels: Iterable[Parcel]) -> list[Pick]:
    """What to take from the shelf, in the order of the catalogue."""
    found: dict[int, tuple[OrderLine, int, int]] = {}
    for parcel in parcels:
        for line in parcel.order.lines.all():
            if copies := copies_in_parcel(parcel, line):
                _line, so_far, orders = found.get(line.edition_id, (line, 0, 0))
                found[line.edition_id] = (line, so_far + copies, orders + 1)
    in_order = sorted(found.values(), key=lambda each: (each[0].edition.leaflet.position, each[0].edition_id))
    return [Pick(line.edition.leaflet.title, line.edition.label, copies, orders) for line, copies, orders in in_order]


@dataclass(frozen=True)
class SessionSummary:
    """What became of a session that has ended."""

    sent: list[Parcel]
    skipped: list[Parcel]
    taken_out: list[Parcel]
    ran_short: list[StockMovement]

    @property
    def copies(self) -> int:
        return sum(parcel.copies for parcel in self.sent)


def session_summary(session: PackingSession, parcels: Sequence[Parcel]) -> SessionSummary:
    """One statement: of which editions the shelf had fewer than the figures said."""
    return SessionSummary(
        sent=[parcel for parcel in parcels if parcel.outcome == Outcome.SENT],
        skipped=[parcel for parcel in parcels if parcel.outcome not in {Outcome.SENT, Outcome.TAKEN_OUT}],
        taken_out=[parcel for parcel in parcels if parcel.outcome == Outcome.TAKEN_OUT],
        ran_short=ran_short(session),
    )


def ran_short(session: PackingSession) -> list[StockMovement]:
    """What was written off as not on the shelf when the session ended, and how many copies are still `promised` of each."""
    if session.ended_at is None:
        return []
    reason = _("Not on the shelf: %(session)s") % {"session": session}
    written_off = StockMovement.objects.filter(kind=MovementKind.CORRECTED, at=session.ended_at, reason=reason)
    return list(
        written_off.annotate(promised=F("edition__allocated"))
        .select_related("edition__leaflet")
        .order_by("edition__leaflet__position")
    )


# The page on which a packing session is started: what to pack, and at once what that makes.


def start_from_form(request: HttpRequest, form: StartPackingForm) -> PackingSession | None:
    try:
        session = start_session(choice=form.choice, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    except NothingToPack as refusal:
        messages.warning(request, str(refusal.message))
        return None
    count = session.parcels.count()
    said = ngettext("%(n)d order is being packed in this session.", "%(n)d orders are being packed in this session.", count)
    messages.success(request, said % {"n": count})
    return session


# What a session prints. Each print is recorded, and can be made again.
#
# A file is saved by the browser and not shown in place of the page, on which something may have been typed.

# What has no address is neither labelled nor given to a courier.
POSTED_ONLY = frozenset({PrintKind.LABELS, PrintKind.COURIER})
# What can still be made when the parcels have left.
PRINTED_AFTERWARDS = POSTED_ONLY


def may_print(session: PackingSession, what: str) -> bool:
    if what not in PrintKind.values or (session.brought and what in POSTED_ONLY):
        return False
    return session.is_open or what in PRINTED_AFTERWARDS


def parcels_to_print(session: PackingSession) -> list[Parcel]:
    """What goes, or what has gone."""
    parcels = session_parcels(session)
    return leaving_parcels(parcels) if session.is_open else [parcel for parcel in parcels if parcel.outcome == Outcome.SENT]


def file_name(session: PackingSession, what: PrintKind, ending: str) -> str:
    return f"packing-{session.pk}-{what.value}.{ending}"


def pick_list_file(session: PackingSession, parcels: Sequence[Parcel], labels: LabelsForm) -> HttpResponseBase:
    made = pick_list(picks_of_parcels(parcels), heading=str(session), made_at=timezone.now())
    return FileResponse(made, as_attachment=True, filename=file_name(session, PrintKind.PICK_LIST, "pdf"))


def slips_file(session: PackingSession, parcels: Sequence[Parcel], labels: LabelsForm) -> HttpResponseBase:
    made = packing_slips((parcel_slip(parcel) for parcel in parcels), made_at=timezone.now())
    return FileResponse(made, as_attachment=True, filename=file_name(session, PrintKind.SLIPS, "pdf"))


def parcel_slip(parcel: Parcel) -> Slip:
    order = parcel.order
    items = [item for line in order.lines.all() if (item := slip_item(parcel, line)).copies or item.to_come]
    # Of what is brought, when it is needed.
    starts = getattr(order, "visit_starts", None)
    return Slip(
        number=parcel.number,
        reference=order.reference,
        url=f"{settings.SITE_URL}{order.get_absolute_url()}",
        ordered_on=uk_day(order.created_at),
        address=order.address,
        items=items,
        note=(_("Needed %(moment)s") % {"moment": short_moment(starts)} if starts else ""),
    )


def slip_item(parcel: Parcel, line: Any) -> SlipItem:
    now = copies_in_parcel(parcel, line)
    return SlipItem(line.edition.leaflet.title, line.edition.label, now, line.allocated - now + line.backordered)


def labels_file(session: PackingSession, parcels: Sequence[Parcel], labels: LabelsForm) -> HttpResponseBase:
    addresses = ((parcel.number, parcel.order.address) for parcel in parcels)
    made = address_labels(addresses, sheet=labels.label_sheet, start=labels.start)
    return FileResponse(made, as_attachment=True, filename=file_name(session, PrintKind.LABELS, "pdf"))


def courier_file(session: PackingSession, parcels: Sequence[Parcel], labels: LabelsForm) -> HttpResponseBase:
    answer = StreamingHttpResponse(courier_csv(courier_row(parcel) for parcel in parcels), content_type="text/csv")
    answer["Content-Disposition"] = f'attachment; filename="{file_name(session, PrintKind.COURIER, "csv")}"'
    return answer


def courier_row(parcel: Parcel) -> CourierRow:
    order = parcel.order
    return CourierRow(
        number=parcel.number,
        reference=order.reference,
        name=order.name,
        attention=order.attention,
        organisation=order.organisation_name,
        address_line_1=order.address_line_1,
        address_line_2=order.address_line_2,
        town=order.town,
        postcode=order.postcode,
        copies=parcel.copies or sum(copies_in_parcel(parcel, line) for line in order.lines.all()),
    )


PrintFile = Callable[[PackingSession, Sequence[Parcel], LabelsForm], HttpResponseBase]
PRINT_FILES: dict[PrintKind, PrintFile] = {
    PrintKind.PICK_LIST: pick_list_file,
    PrintKind.SLIPS: slips_file,
    PrintKind.LABELS: labels_file,
    PrintKind.COURIER: courier_file,
}


def next_label(last: PrintRecord | None) -> tuple[LabelSheet, int]:
    """The sheet that was used last, and its first label that is still there."""
    sheet = next((each for each in LABEL_SHEETS if last and each.key == last.sheet), LABEL_SHEETS[0])
    used = last.start - 1 + last.parcels if last and last.sheet == sheet.key else 0
    return sheet, used % sheet.cells + 1


# The list of packing sessions, and the page of one: print, cross out, dispatch; afterwards what became of each parcel.

SESSION_COLOURS = {SessionState.OPEN: "waiting", SessionState.DISPATCHED: "done", SessionState.CLOSED: "stopped"}


def add_by_reference(session: PackingSession, *, reference: str, **by_and_now: Any) -> None:
    order = Order.objects.filter(reference=tidy_reference(reference)).first()
    if order is None:
        raise DomainError(gettext_lazy("We have no order with that reference."))
    add_order(session, order=order, **by_and_now)


def take_out_by_name(session: PackingSession, *, which: str, **by_and_now: Any) -> None:
    typed = which.strip()
    named = {"number": int(typed)} if typed.isdecimal() and len(typed) < 5 else {"order__reference": tidy_reference(typed)}
    parcel = session.parcels.open().filter(**named).select_related("order").first()
    if parcel is None:
        raise DomainError(gettext_lazy("That is no parcel of this session. Enter its number, or the reference of its order."))
    take_out(session, order=parcel.order, **by_and_now)


SESSION_ACTIONS = (
    ObjectAction(
        "add",
        gettext_lazy("Add a late order"),
        add_by_reference,
        available=lambda session: session.is_open,
        form_class=AddOrderForm,
        explanation=gettext_lazy("It comes last in the list, and is being packed from now on."),
        done=gettext_lazy("The order is in this session. It comes last in the list."),
    ),
    ObjectAction(
        "take-out",
        gettext_lazy("Take an order out"),
        take_out_by_name,
        available=lambda session: session.is_open,
        form_class=TakeOutForm,
        explanation=gettext_lazy("It goes back to the orders to pack, and a later session can take it."),
        done=gettext_lazy("The order is out of this session, and can be packed later."),
    ),
    ObjectAction(
        "close",
        gettext_lazy("Close without dispatch"),
        close_session,
        available=lambda session: session.is_open,
        explanation=gettext_lazy("Nothing is dispatched. All its orders go back to those to pack."),
        done=gettext_lazy("The session is closed. Its orders can be packed later."),
        weight="stop",
    ),
)


def parcel_figure(figure: Any, **which: Any) -> Any:
    """A figure of each session in a list, worked out for the rows that are shown."""
    parcels = Parcel.objects.filter(session=OuterRef("pk"), **which).order_by().values("session")
    return Coalesce(Subquery(parcels.annotate(figure=figure).values("figure")), 0, output_field=IntegerField())


@admin.register(PackingSession, site=staff_site)
class PackingSessionAdmin(LooksOnly):
    list_display = ("name", "state_in_words", "started", "started_by", "number_of_parcels", "number_sent", "number_of_copies")
    list_filter = ("state",)
    list_select_related = ("started_by",)
    sorts_quickly = ("started",)
    ordering = ("-started_at", "-pk")
    actions = None
    change_list_template = "leaflets/staff/packing/sessions.html"
    object_actions = SESSION_ACTIONS
    number_of_parcels = number_of("parcels_in_all", gettext_lazy("parcels"))
    number_sent = number_of("parcels_sent", gettext_lazy("dispatched"))
    number_of_copies = number_of("copies_sent", gettext_lazy("copies sent"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.print_view)
        return [path("<path:object_id>/print/", view, name="leaflets_packingsession_print"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PackingSession]:
        figures = {
            "parcels_in_all": parcel_figure(Count("pk")),
            "parcels_sent": parcel_figure(Count("pk"), outcome=Outcome.SENT),
            "copies_sent": parcel_figure(Sum("copies")),
        }
        return super().get_queryset(request).select_related("started_by", "ended_by").annotate(**figures)

    @admin.display(description=gettext_lazy("session"), ordering="pk")
    def name(self, session: PackingSession) -> str:
        return str(session)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_in_words(self, session: PackingSession) -> SafeString:
        return state_tag(session.get_state_display(), SESSION_COLOURS[SessionState(session.state)])

    @admin.display(description=gettext_lazy("started"), ordering="-started_at")
    def started(self, session: PackingSession) -> str:
        return how_long_ago(session.started_at, timezone.now())

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        # GET shows what a choice makes; POST starts it.
        if not self.has_add_permission(request):
            raise PermissionDenied
        asked = (request.POST if request.method == "POST" else request.GET).copy()
        usual = oldest_to_pack(PackingChoice(brought=asked.get("what") == BRING))
        titles = titles_to_pack(usual)
        if asked:
            asked.setdefault("what", POST)
        form = StartPackingForm(asked or None, titles=titles)
        usable = form.is_valid() or not form.is_bound
        if request.method == "POST" and usable and (session := start_from_form(request, form)):
            return redirect("staff:leaflets_packingsession_change", session.pk)
        # The choice that is shown, for the button that starts it.
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Start a packing session"),
            "form": form,
            "preview": preview_choice(form.choice, usual=usual) if usable else None,
            "chosen": [(name, value) for name in StartPackingForm.base_fields for value in asked.getlist(name) if value],
            "open_sessions": list(PackingSession.objects.open().select_related("started_by").order_by("started_at")),
        }
        return TemplateResponse(request, "leaflets/staff/packing/start.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        session = self.session_of(request, object_id)
        may_change = self.has_change_permission(request, session)
        if request.method == "POST" and not may_change:
            raise PermissionDenied
        parcels = session_parcels(session)
        still_open = [parcel for parcel in parcels if parcel.outcome == Outcome.OPEN]
        form = ParcelsForm(request.POST if request.method == "POST" else None, parcels=still_open)
        if request.method == "POST" and form.is_valid() and self.pressed(request, session, form):
            return redirect(request.path)
        return self.page(request, session, parcels, form)

    def session_of(self, request: HttpRequest, object_id: str) -> PackingSession:
        session: PackingSession | None = self.get_object(request, object_id)
        if session is None:
            raise Http404
        if not self.has_view_permission(request, session):
            raise PermissionDenied
        return session

    def pressed(self, request: HttpRequest, session: PackingSession, form: ParcelsForm) -> bool:
        """Whether that was all; what was refused stands on the page, with what was typed."""
        by, now, typed = request.user, timezone.now(), form.typed()
        try:
            if "dispatch" not in request.POST:
                keep_typed(session=session, typed=typed)
                messages.success(request, _("What you typed is kept. Nothing has been dispatched."))
                return True
            dispatch_session(session=session, typed=typed, rest=form.rest_of_copies, by=by, now=now)  # type: ignore[arg-type]
        except SessionHasEnded as refusal:
            messages.warning(request, str(refusal.message))
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
            return False
        return True

    def page(self, request: HttpRequest, session: PackingSession, parcels: list[Parcel], form: ParcelsForm) -> HttpResponse:
        actions = self.available_actions(request, session)
        # The latest first.
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": str(session),
            "original": session,
            "session": session,
            "object_actions": actions,
            "may_change": self.has_change_permission(request, session),
            "prints": list(session.prints.select_related("by")),
            "started": long_moment(session.started_at),
            **(open_session_context(parcels, form) if session.is_open else ended_session_context(session, parcels)),
        }
        template = "leaflets/staff/packing/session.html" if session.is_open else "leaflets/staff/packing/summary.html"
        return TemplateResponse(request, template, context)

    def print_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        session = self.session_of(request, object_id)
        if request.method != "POST":
            # Opening an address prints nothing.
            return HttpResponse(status=405, headers={"Allow": "POST"})
        if not self.has_change_permission(request, session):
            raise PermissionDenied
        # The file, or back to the session with what is wrong. A courier's list counts with the spreadsheets that leave.
        back = reverse("staff:leaflets_packingsession_change", args=[session.pk])
        what = request.POST.get("what", "")
        parcels = parcels_to_print(session) if may_print(session, what) else []
        labels = LabelsForm(request.POST)
        if not labels.is_valid():
            messages.error(request, " ".join(str(error) for errors in labels.errors.values() for error in errors))
            return redirect(back)
        if not parcels:
            messages.warning(request, _("There is nothing to print: no parcel of this session goes just now."))
            return redirect(back)
        now = timezone.now()
        wait = check_export_limit(request, now) if what == PrintKind.COURIER else None
        if wait is not None:
            return wait
        of_labels = what == PrintKind.LABELS
        record_print(
            session=session,
            what=PrintKind(what),
            parcels=len(parcels),
            by=request.user,  # type: ignore[arg-type]
            now=now,
            sheet=labels.label_sheet.key if of_labels else "",
            start=labels.start if of_labels else 1,
        )
        return PRINT_FILES[PrintKind(what)](session, parcels, labels)

    def summary_of(self, obj: PackingSession) -> list[dict[str, object]]:
        by = obj.started_by or "–"
        return [{"label": _("Started"), "value": f"{long_moment(obj.started_at)}, {by}"}]

    def has_delete_permission(self, request: HttpRequest, obj: PackingSession | None = None) -> bool:
        return False


def open_session_context(parcels: list[Parcel], form: ParcelsForm) -> dict[str, object]:
    """What the page of an open session shows."""
    leaving = leaving_parcels(form.parcels)
    picks = picks_of_parcels(leaving)
    sheet, start = next_label(PrintRecord.objects.filter(what=PrintKind.LABELS).first())
    return {
        "form": form,
        "rows": [parcel_row(form, parcel) for parcel in form.parcels],
        "reasons": REASONS,
        "picks": picks,
        "leaving": len(leaving),
        "copies": sum(pick.copies for pick in picks),
        "taken_out": [parcel for parcel in parcels if parcel.outcome == Outcome.TAKEN_OUT],
        "sheets": LABEL_SHEETS,
        "sheet": sheet,
        "start": start,
    }


def ended_session_context(session: PackingSession, parcels: list[Parcel]) -> dict[str, object]:
    """What the page of a session that is over shows."""
    return {
        "summary": session_summary(session, parcels),
        "ended": long_moment(session.ended_at) if session.ended_at else "",
        "sheets": LABEL_SHEETS,
        "sheet": LABEL_SHEETS[0],
        "start": 1,
        "is_dispatched": session.state == SessionState.DISPATCHED,
    }

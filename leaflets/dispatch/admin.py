"""Packing sessions on the staff site: start one, print, cross out, dispatch."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, IntegerField, OuterRef, Prefetch, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    StreamingHttpResponse,
)
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from accounts.access import signed_in_user
from accounts.rate_limits import check_export_limit
from core.dates import uk_day
from core.errors import DomainError
from core.models import normalise_reference
from guidance.contacts.queries import who_to_tell_by_postcode
from leaflets.dispatch.forms import (
    BRING_CHOICE,
    POST_CHOICE,
    AddOrderForm,
    LabelsForm,
    ParcelsForm,
    RemoveOrderForm,
    StartPackingForm,
    lines_to_send,
)
from leaflets.dispatch.prints import LABEL_SHEETS, CourierRow, Pick, Slip, SlipItem, courier_csv
from leaflets.dispatch.queries import PackingChoice, packable_order_keys, preview_choice, titles_to_pack
from leaflets.dispatch.services import (
    NOT_ON_SHELF_REASON,
    NothingToPack,
    SessionHasEnded,
    UnsentCopies,
    add_order,
    close_session,
    copies_in_parcel,
    dispatch_session,
    outcome_of,
    remove_order,
    save_parcels,
    start_session,
)
from leaflets.models import (
    LeftOutReason,
    MovementKind,
    Order,
    OrderLine,
    PackingSession,
    PackingSessionState,
    Parcel,
    ParcelOutcome,
    PrintKind,
    PrintRecord,
    StockMovement,
)
from leaflets.orders.queries import visit_start
from staff.actions import ObjectAction
from staff.lists import (
    EMPTY_VALUE,
    column,
    format_long_datetime,
    format_short_datetime,
    number_column,
    state_column,
    time_ago_text,
)
from staff.model_admin import ReadOnlyAdmin
from staff.site import staff_site

DISPATCH_OUTCOMES = frozenset({ParcelOutcome.SENT, ParcelOutcome.LEFT_OUT, ParcelOutcome.NOTHING})


def session_parcels(session: PackingSession) -> list[Parcel]:
    """The parcels of a session by number, with their orders and lines: three statements, however many."""
    orders = Order.objects.with_lines().select_related("person").annotate(visit_starts=visit_start())
    return list(session.parcels.prefetch_related(Prefetch("order", queryset=orders)).order_by("number"))


def leaving_parcels(parcels: Iterable[Parcel]) -> list[Parcel]:
    """The parcels that would leave now: only these are printed."""
    return [
        parcel
        for parcel in parcels
        if parcel.outcome == ParcelOutcome.OPEN and outcome_of(parcel, parcel.order) == ParcelOutcome.SENT
    ]


def picks_of_parcels(parcels: Iterable[Parcel]) -> list[Pick]:
    """The copies to take from the shelf, in the order of the catalogue."""
    totals: dict[int, tuple[OrderLine, int, int]] = {}
    for parcel in parcels:
        for line in parcel.order.lines.all():
            if copies := copies_in_parcel(parcel, line):
                _line, so_far, orders = totals.get(line.edition_id, (line, 0, 0))
                totals[line.edition_id] = (line, so_far + copies, orders + 1)
    in_order = sorted(totals.values(), key=lambda total: (total[0].edition.leaflet.position, total[0].edition_id))
    return [Pick(line.edition.leaflet.title, line.edition.label, copies, orders) for line, copies, orders in in_order]


def parcel_row(form: ParcelsForm, parcel: Parcel) -> dict[str, Any]:
    """One parcel of the table. `problem`: why it can't leave as things are."""
    outcome, number = outcome_of(parcel, parcel.order), parcel.number
    boxes = [(f"copies-{line.pk}", line) for line in lines_to_send(parcel)]
    return {
        "parcel": parcel,
        "order": parcel.order,
        "lines": [
            {
                "line": line,
                "name": name,
                "value": form.value_of(name, copies_in_parcel(parcel, line)),
                "invalid": name in form.errors,
                "to_come": line.backordered,
            }
            for name, line in boxes
        ],
        "problem": "" if outcome in DISPATCH_OUTCOMES else outcome.label,
        "out": f"out-{number}",
        "left_out": form.is_left_out(parcel),
        "why": f"why-{number}",
        "reason": form.value_of(f"why-{number}", parcel.left_out),
        "reason_error": " ".join(str(error) for error in form.errors.get(f"why-{number}", ())),
        "track": f"track-{number}",
        "tracking_number": form.value_of(f"track-{number}", parcel.tracking_number),
        "tracking_invalid": f"track-{number}" in form.errors,
    }


def open_session_context(parcels: list[Parcel], form: ParcelsForm) -> dict[str, object]:
    leaving = leaving_parcels(form.parcels)
    picks = picks_of_parcels(leaving)
    # The sheet of labels that was used last, and its first label that is still there.
    last = PrintRecord.objects.filter(what=PrintKind.LABELS).first()
    sheet = next((sheet for sheet in LABEL_SHEETS if last and sheet.key == last.sheet), LABEL_SHEETS[0])
    used = last.start - 1 + last.parcels if last and last.sheet == sheet.key else 0
    return {
        "form": form,
        "rows": [parcel_row(form, parcel) for parcel in form.parcels],
        "reasons": [("", "–"), *LeftOutReason.choices],
        "picks": picks,
        "leaving": len(leaving),
        "copies": sum(pick.copies for pick in picks),
        "taken_out": [parcel for parcel in parcels if parcel.outcome == ParcelOutcome.TAKEN_OUT],
        "sheets": LABEL_SHEETS,
        "sheet": sheet,
        "start": used % sheet.cells + 1,
    }


def ended_session_context(session: PackingSession, parcels: list[Parcel]) -> dict[str, object]:
    """`ran_short`: editions written off as not on the shelf, each with its copies that are still `promised`."""
    reason = NOT_ON_SHELF_REASON % {"session": session}
    written_off = StockMovement.objects.filter(kind=MovementKind.CORRECTED, at=session.ended_at, reason=reason)  # type: ignore[misc]
    sent = [parcel for parcel in parcels if parcel.outcome == ParcelOutcome.SENT]
    return {
        "is_dispatched": session.state == PackingSessionState.DISPATCHED,
        "ended": format_long_datetime(session.ended_at) if session.ended_at else "",
        "parcels_sent": sent,
        "parcels_skipped": [parcel for parcel in parcels if parcel.outcome not in {ParcelOutcome.SENT, ParcelOutcome.TAKEN_OUT}],
        "taken_out": [parcel for parcel in parcels if parcel.outcome == ParcelOutcome.TAKEN_OUT],
        "copies": sum(parcel.copies for parcel in sent),
        "ran_short": written_off.annotate(promised=F("edition__allocated"))
        .select_related("edition__leaflet")
        .order_by("edition__leaflet__position"),
        "sheets": LABEL_SHEETS,
        "sheet": LABEL_SHEETS[0],
        "start": 1,
    }


def print_response(session: PackingSession, what: PrintKind, parcels: list[Parcel], labels: LabelsForm) -> HttpResponseBase:
    """A download, not a page: a PDF shown in place of the page would lose what was typed there."""
    name, now = f"packing-{session.pk}-{what.value}", timezone.now()
    if what == PrintKind.COURIER:
        headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
        rows = (
            CourierRow(
                number=parcel.number,
                reference=parcel.order.reference,
                name=parcel.order.name,
                attention=parcel.order.attention,
                organisation=parcel.order.organisation_name,
                address_line_1=parcel.order.address_line_1,
                address_line_2=parcel.order.address_line_2,
                town=parcel.order.town,
                postcode=parcel.order.postcode,
                copies=parcel.copies or sum(copies_in_parcel(parcel, line) for line in parcel.order.lines.all()),
            )
            for parcel in parcels
        )
        return StreamingHttpResponse(courier_csv(rows), content_type="text/csv", headers=headers)
    from leaflets.dispatch import sheets, slips  # with fpdf2: 30 MB, so not before a process makes its first print

    if what == PrintKind.LABELS:
        addresses = ((parcel.number, parcel.order.address) for parcel in parcels)
        file = sheets.address_labels(addresses, sheet=labels.label_sheet, start=labels.start)
    elif what == PrintKind.SLIPS:
        file = slips.packing_slips(parcel_slips(parcels), made_at=now)
    else:
        file = sheets.pick_list(picks_of_parcels(parcels), heading=str(session), made_at=now)
    return FileResponse(file, as_attachment=True, filename=f"{name}.pdf")


def language_of(parcel: Parcel) -> str:
    """The language that the person chose."""
    return parcel.order.person.language or settings.LANGUAGE_CODE


def parcel_slips(parcels: list[Parcel]) -> Iterator[Slip]:
    by_language = defaultdict(list)
    for parcel in parcels:
        by_language[language_of(parcel)].append(parcel.order.postcode)
    who_to_tell = {}
    for language, postcodes in by_language.items():
        with translation.override(language):
            who_to_tell[language] = {postcode: who.lines for postcode, who in who_to_tell_by_postcode(postcodes).items()}
    for parcel in parcels:
        order, items = parcel.order, []
        for line in order.lines.all():
            copies = copies_in_parcel(parcel, line)
            if copies or line.allocated + line.backordered:
                to_come = line.allocated - copies + line.backordered
                items.append(SlipItem(line.edition.leaflet.title, line.edition.label, copies, to_come))
        visit_starts = getattr(order, "visit_starts", None)  # only for an order that a presenter brings
        yield Slip(
            number=parcel.number,
            reference=order.reference,
            url=f"{settings.SITE_URL}{order.get_absolute_url()}",
            ordered_on=uk_day(order.created_at),
            address=order.address,
            items=items,
            note=_("Needed %(moment)s") % {"moment": format_short_datetime(visit_starts)} if visit_starts else "",
            who_to_tell=who_to_tell[language_of(parcel)][order.postcode],
            language=language_of(parcel),
        )


SESSION_COLOURS = {
    PackingSessionState.OPEN: "waiting",
    PackingSessionState.DISPATCHED: "done",
    PackingSessionState.CLOSED: "stopped",
}


def add_by_reference(session: PackingSession, *, reference: str, **by_and_now: Any) -> None:
    order = Order.objects.filter(reference=normalise_reference(reference)).first()
    if order is None:
        raise DomainError(gettext_lazy("We can’t find an order with that reference."))
    add_order(session, order=order, **by_and_now)


def remove_by_number_or_reference(session: PackingSession, *, which: str, **by_and_now: Any) -> None:
    which = which.strip()
    lookup = {"number": int(which)} if which.isdecimal() and len(which) < 5 else {"order__reference": normalise_reference(which)}
    parcel = session.parcels.open().filter(**lookup).select_related("order").first()
    if parcel is None:
        raise DomainError(
            gettext_lazy("That parcel is not in this session. Enter a parcel’s number, or the reference of its order.")
        )
    remove_order(session, order=parcel.order, **by_and_now)


SESSION_ACTIONS = (
    ObjectAction(
        "add",
        gettext_lazy("Add a late order"),
        add_by_reference,
        available=lambda session: session.is_open,
        form_class=AddOrderForm,
        explanation=gettext_lazy("The order goes to the end of the list. From then on, it is being packed."),
        done=gettext_lazy("The order is now at the end of the list in this session."),
    ),
    ObjectAction(
        "take-out",
        gettext_lazy("Take an order out"),
        remove_by_number_or_reference,
        available=lambda session: session.is_open,
        form_class=RemoveOrderForm,
        explanation=gettext_lazy("The order goes back to the orders to pack. You can pack it in a later session."),
        done=gettext_lazy("The order is out of this session. You can pack it later."),
    ),
    ObjectAction(
        "close",
        gettext_lazy("Close without dispatch"),
        close_session,
        available=lambda session: session.is_open,
        explanation=gettext_lazy("This dispatches nothing. All the orders in this session go back to the orders to pack."),
        done=gettext_lazy("The session is closed. You can pack its orders later."),
        weight="stop",
    ),
)


def parcel_subquery(figure: Any, **lookup: Any) -> Any:
    """A figure of each session in a list, worked out for the rows that are shown."""
    parcels = Parcel.objects.filter(session=OuterRef("pk"), **lookup).order_by().values("session")
    return Coalesce(Subquery(parcels.annotate(figure=figure).values("figure")), 0, output_field=IntegerField())


@admin.register(PackingSession, site=staff_site)
class PackingSessionAdmin(ReadOnlyAdmin):
    nobody_may = ("delete",)
    list_display = ("name", "state_text", "started", "started_by", "number_of_parcels", "number_sent", "number_of_copies")
    list_filter = ("state",)
    list_select_related = ("started_by",)
    sorts_quickly = ("started",)
    actions = None
    change_list_template = "leaflets/dispatch/staff/sessions.html"
    object_actions = SESSION_ACTIONS
    name = column(gettext_lazy("session"), str, ordering="pk")
    state_text = state_column(SESSION_COLOURS)
    started = column(
        gettext_lazy("started"), lambda session: time_ago_text(session.started_at, timezone.now()), ordering="-started_at"
    )
    number_of_parcels = number_column("parcels_in_all", gettext_lazy("parcels"))
    number_sent = number_column("parcels_sent", gettext_lazy("dispatched"))
    number_of_copies = number_column("copies_sent", gettext_lazy("copies sent"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.print_view)
        return [path("<path:object_id>/print/", view, name="leaflets_packingsession_print"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PackingSession]:
        figures = {
            "parcels_in_all": parcel_subquery(Count("pk")),
            "parcels_sent": parcel_subquery(Count("pk"), outcome=ParcelOutcome.SENT),
            "copies_sent": parcel_subquery(Sum("copies")),
        }
        return super().get_queryset(request).select_related("started_by", "ended_by").annotate(**figures)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """GET shows which orders a choice finds; POST starts the session."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        data = (request.POST if request.method == "POST" else request.GET).copy()
        oldest = packable_order_keys(PackingChoice(brought=data.get("what") == BRING_CHOICE))
        if data:
            data.setdefault("what", POST_CHOICE)
        form = StartPackingForm(data or None, titles=titles_to_pack(oldest))
        is_usable = form.is_valid() or not form.is_bound
        if request.method == "POST" and is_usable:
            try:
                session = start_session(choice=form.choice, by=signed_in_user(request), now=timezone.now())
            except NothingToPack as refusal:
                messages.warning(request, str(refusal.message))
            else:
                count = session.parcels.count()
                started = ngettext(
                    "%(n)d order is being packed in this session.", "%(n)d orders are being packed in this session.", count
                )
                messages.success(request, started % {"n": count})
                return redirect("staff:leaflets_packingsession_change", session.pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Start a packing session"),
            "form": form,
            "preview": preview_choice(form.choice, oldest=oldest) if is_usable else None,
            "chosen": [(name, value) for name in StartPackingForm.base_fields for value in data.getlist(name) if value],
            "open_sessions": list(PackingSession.objects.open().select_related("started_by").order_by("started_at")),
        }
        return TemplateResponse(request, "leaflets/dispatch/staff/start.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        session = self.session_of(request, object_id)
        may_change = self.has_change_permission(request, session)
        if request.method == "POST" and not may_change:
            raise PermissionDenied
        parcels = session_parcels(session)
        open_parcels = [parcel for parcel in parcels if parcel.outcome == ParcelOutcome.OPEN]
        form = ParcelsForm(request.POST if request.method == "POST" else None, parcels=open_parcels)
        if request.method == "POST" and form.is_valid() and self.save_or_dispatch(request, session, form):
            return redirect(request.path)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": str(session),
            "original": session,
            "session": session,
            **self.get_action_buttons(request, session),
            "may_change": may_change,
            "prints": list(session.prints.select_related("by")),  # the latest first
            "started": format_long_datetime(session.started_at),
            **(open_session_context(parcels, form) if session.is_open else ended_session_context(session, parcels)),
        }
        template = "leaflets/dispatch/staff/session.html" if session.is_open else "leaflets/dispatch/staff/summary.html"
        return TemplateResponse(request, template, context)

    def session_of(self, request: HttpRequest, object_id: str) -> PackingSession:
        session: PackingSession | None = self.get_object(request, object_id)
        if session is None:
            raise Http404
        if not self.has_view_permission(request, session):
            raise PermissionDenied
        return session

    def save_or_dispatch(self, request: HttpRequest, session: PackingSession, form: ParcelsForm) -> bool:
        """False if the page is to be shown again with an error."""
        typed = form.typed_parcels()
        rest = UnsentCopies(form.cleaned_data["rest"] or UnsentCopies.NEXT_TIME)  # nothing is written off unless they say so
        try:
            if "dispatch" not in request.POST:
                save_parcels(session=session, typed=typed)
                messages.success(request, _("We have saved what you typed. Nothing is dispatched yet."))
                return True
            dispatch_session(session=session, typed=typed, rest=rest, by=signed_in_user(request), now=timezone.now())
        except SessionHasEnded as refusal:
            messages.warning(request, str(refusal.message))
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
            return False
        return True

    def print_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        session = self.session_of(request, object_id)
        if request.method != "POST":  # each print is recorded
            return HttpResponseNotAllowed(["POST"])
        if not self.has_change_permission(request, session):
            raise PermissionDenied
        back = reverse("staff:leaflets_packingsession_change", args=[session.pk])
        what = request.POST.get("what", "")
        # Addresses can still be printed when the parcels have left; what a presenter brings has none.
        may_print = not session.brought if what in {PrintKind.LABELS, PrintKind.COURIER} else session.is_open
        parcels: list[Parcel] = []
        if may_print and what in PrintKind.values:
            parcels = session_parcels(session)
            sent = [parcel for parcel in parcels if parcel.outcome == ParcelOutcome.SENT]
            parcels = leaving_parcels(parcels) if session.is_open else sent
        labels = LabelsForm(request.POST)
        if not labels.is_valid():
            messages.error(request, " ".join(str(error) for errors in labels.errors.values() for error in errors))
            return redirect(back)
        if not parcels:
            messages.warning(request, _("You have nothing to print: every parcel in this session is left out."))
            return redirect(back)
        now = timezone.now()
        # A courier's list counts towards the limit of exports.
        if what == PrintKind.COURIER and (wait := check_export_limit(request, now)) is not None:
            return wait
        PrintRecord.objects.create(
            session=session,
            what=what,
            parcels=len(parcels),
            by=signed_in_user(request),
            at=now,
            sheet=labels.label_sheet.key if what == PrintKind.LABELS else "",
            start=labels.start if what == PrintKind.LABELS else 1,
        )
        return print_response(session, PrintKind(what), parcels, labels)

    def get_summary_rows(self, obj: PackingSession) -> list[dict[str, object]]:
        return [{"label": _("Started"), "value": f"{format_long_datetime(obj.started_at)}, {obj.started_by or EMPTY_VALUE}"}]

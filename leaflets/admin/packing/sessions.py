"""The list of packing sessions, and the page of one: print, cross out, dispatch; afterwards what became of each parcel."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.errors import DomainError
from ctac.references import tidy_reference
from ctac.staff import ObjectAction, staff_site
from ctac.staff_lists import LooksOnly, how_long_ago, long_moment, number_of, state_tag
from leaflets.admin.packing.printing import made_before, next_label, not_allowed, print_page
from leaflets.admin.packing.starting import start_page
from leaflets.models import Order, Outcome, PackingSession, Parcel, Printed, PrintRecord, SessionState
from leaflets.packing_forms import AddForm, ParcelsForm, TakeOutForm
from leaflets.packing_page import REASONS, going, parcels_of, picks_of_parcels, rows_of, summary_of
from leaflets.prints.sheets import LABEL_SHEETS
from leaflets.services.packing.ending import close_session, dispatch_session, take_out
from leaflets.services.packing.sessions import SessionHasEnded, add_order, keep_typed
from professionals.models import User

STATE_KINDS = {SessionState.OPEN: "waiting", SessionState.DISPATCHED: "done", SessionState.CLOSED: "stopped"}


class NoSuchOrder(DomainError):
    message = gettext_lazy("We have no order with that reference.")


class NotInHere(DomainError):
    message = gettext_lazy("That is no parcel of this session. Enter its number, or the reference of its order.")


def do_add(session: PackingSession, *, by: User, reference: str) -> None:
    order = Order.objects.filter(reference=tidy_reference(reference)).first()
    if order is None:
        raise NoSuchOrder
    add_order(session=session, order=order, by=by, now=timezone.now())


def do_take_out(session: PackingSession, *, by: User, which: str) -> None:
    typed = which.strip()
    named = {"number": int(typed)} if typed.isdecimal() and len(typed) < 5 else {"order__reference": tidy_reference(typed)}
    parcel = session.parcels.open().filter(**named).select_related("order").first()
    if parcel is None:
        raise NotInHere
    take_out(session=session, order=parcel.order, by=by, now=timezone.now())


def do_close(session: PackingSession, *, by: User) -> None:
    close_session(session=session, by=by, now=timezone.now())


def is_open(session: PackingSession) -> bool:
    return session.is_open


ACTIONS = (
    ObjectAction(
        "add",
        gettext_lazy("Add a late order"),
        do_add,
        available=is_open,
        form_class=AddForm,
        explanation=gettext_lazy("It comes last in the list, and is being packed from now on."),
        done=gettext_lazy("The order is in this session. It comes last in the list."),
    ),
    ObjectAction(
        "take-out",
        gettext_lazy("Take an order out"),
        do_take_out,
        available=is_open,
        form_class=TakeOutForm,
        explanation=gettext_lazy("It goes back to the orders to pack, and a later session can take it."),
        done=gettext_lazy("The order is out of this session, and can be packed later."),
    ),
    ObjectAction(
        "close",
        gettext_lazy("Close without dispatch"),
        do_close,
        available=is_open,
        explanation=gettext_lazy("Nothing is dispatched. All its orders go back to those to pack."),
        done=gettext_lazy("The session is closed. Its orders can be packed later."),
        weight="stop",
    ),
)


def of_its_parcels(figure: Any, **which: Any) -> Any:
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
    object_actions = ACTIONS
    number_of_parcels = number_of("parcels_in_all", gettext_lazy("parcels"))
    number_sent = number_of("parcels_sent", gettext_lazy("dispatched"))
    number_of_copies = number_of("copies_sent", gettext_lazy("copies sent"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.print_view)
        return [path("<path:object_id>/print/", view, name="leaflets_packingsession_print"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PackingSession]:
        figures = {
            "parcels_in_all": of_its_parcels(Count("pk")),
            "parcels_sent": of_its_parcels(Count("pk"), outcome=Outcome.SENT),
            "copies_sent": of_its_parcels(Sum("copies")),
        }
        return super().get_queryset(request).select_related("started_by", "ended_by").annotate(**figures)

    @admin.display(description=gettext_lazy("session"), ordering="pk")
    def name(self, session: PackingSession) -> str:
        return str(session)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_in_words(self, session: PackingSession) -> SafeString:
        return state_tag(session.get_state_display(), STATE_KINDS[SessionState(session.state)])

    @admin.display(description=gettext_lazy("started"), ordering="-started_at")
    def started(self, session: PackingSession) -> str:
        return how_long_ago(session.started_at, timezone.now())

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return start_page(self, request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        session = self.session_of(request, object_id)
        may_change = self.has_change_permission(request, session)
        if request.method == "POST" and not may_change:
            raise PermissionDenied
        parcels = parcels_of(session)
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
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": str(session),
            "original": session,
            "session": session,
            "object_actions": actions,
            "may_change": self.has_change_permission(request, session),
            "prints": made_before(session),
            "started": long_moment(session.started_at),
            **(being_packed(parcels, form) if session.is_open else has_ended(session, parcels)),
        }
        template = "leaflets/staff/packing/session.html" if session.is_open else "leaflets/staff/packing/summary.html"
        return TemplateResponse(request, template, context)

    def print_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        session = self.session_of(request, object_id)
        if request.method != "POST":
            return not_allowed()
        if not self.has_change_permission(request, session):
            raise PermissionDenied
        return print_page(request, session, reverse("staff:leaflets_packingsession_change", args=[session.pk]))

    def summary_of(self, obj: PackingSession) -> list[dict[str, object]]:
        by = obj.started_by or "–"
        return [{"label": _("Started"), "value": f"{long_moment(obj.started_at)}, {by}"}]

    def has_delete_permission(self, request: HttpRequest, obj: PackingSession | None = None) -> bool:
        return False


def being_packed(parcels: list[Parcel], form: ParcelsForm) -> dict[str, object]:
    """What the page of an open session shows."""
    leaving = going(form.parcels)
    picks = picks_of_parcels(leaving)
    sheet, start = next_label(PrintRecord.objects.filter(what=Printed.LABELS).first())
    return {
        "form": form,
        "rows": rows_of(form),
        "reasons": REASONS,
        "picks": picks,
        "leaving": len(leaving),
        "copies": sum(pick.copies for pick in picks),
        "taken_out": [parcel for parcel in parcels if parcel.outcome == Outcome.TAKEN_OUT],
        "sheets": LABEL_SHEETS,
        "sheet": sheet,
        "start": start,
    }


def has_ended(session: PackingSession, parcels: list[Parcel]) -> dict[str, object]:
    """What the page of a session that is over shows."""
    return {
        "summary": summary_of(session, parcels),
        "ended": long_moment(session.ended_at) if session.ended_at else "",
        "sheets": LABEL_SHEETS,
        "sheet": LABEL_SHEETS[0],
        "start": 1,
        "is_dispatched": session.state == SessionState.DISPATCHED,
    }

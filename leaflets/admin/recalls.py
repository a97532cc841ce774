"""Recalls: what happened, and who was reached; staff ring the others and tick them here."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Case, Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.staff import ObjectAction, StaffModelAdmin, staff_site
from ctac.staff_lists import NOTHING, LooksOnly, mail_link, moment_of, number_of, phone_link, short_moment, state_tag
from leaflets.admin.missing import link_to
from leaflets.admin.recalling import carried, in_lines
from leaflets.models import Instead, Order, Reach, Recall, RecallHolder
from leaflets.models.recall import TO_RING
from leaflets.services.recalling import MOST_LISTED, mark_phoned, unmark_phoned, with_presenters

ON_A_PAGE = 50
REACH_KINDS = {
    Reach.PHONED: "good",
    Reach.SENT: "done",
    Reach.PENDING: "waiting",
    Reach.FAILED: "stopped",
    Reach.NO_EMAIL: "stopped",
}
TO_RING_FIRST = Case(
    When(reach__in=TO_RING, then=Value(0)),
    When(reach=Reach.PENDING, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


def shown_of(request: HttpRequest) -> str:
    """Which people are shown: all (''), those to ring, or those of one reach."""
    asked = (request.POST if request.method == "POST" else request.GET).get("show", "")
    return asked if asked in ("to-ring", *Reach.values) else ""


def reached_page(admin: StaffModelAdmin, request: HttpRequest, recall: Recall, action: ObjectAction) -> HttpResponse:
    """POST ticks one person, or takes the tick away; then the list as it was."""
    page = request.POST.get("p", "")
    if request.method == "POST":
        typed = request.POST.get("person", "")
        holder = recall.holders.filter(pk=int(typed)).first() if typed.isascii() and typed.isdigit() and len(typed) < 15 else None
        if holder and request.POST.get("undo"):
            unmark_phoned(holder=holder)
        elif holder:
            mark_phoned(holder=holder, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    query = urlencode([(name, value) for name, value in (("show", shown_of(request)), ("p", page)) if value])
    return redirect(f"{reverse('staff:leaflets_recall_change', args=[recall.pk])}?{query}#people")


SECTIONS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (None, ("edition_link", "recalled", "recalled_by", "why", "advice_in_words", "words", "instead_in_words")),
    (
        gettext_lazy("What happened to the orders"),
        ("on_the_shelf", "number_moved", "number_to_come", "number_cancelled", "off_the_table", "presenters"),
    ),
)


@admin.register(Recall, site=staff_site)
class RecallAdmin(LooksOnly):
    list_display = ("edition_name", "recalled", "number_of_people", "number_to_ring")
    search_fields = ("edition__leaflet__title", "edition__label")
    search_help_text = gettext_lazy("Leaflet or edition")
    ordering = ("-recalled_at", "-pk")
    actions = None
    change_form_template = "leaflets/staff/recalled.html"
    may_be_empty = ("off_the_table", "presenters")
    recalled = moment_of("recalled_at", gettext_lazy("recalled"))
    number_moved = number_of("moved", gettext_lazy("copies sent instead"))
    number_to_come = number_of("to_come", gettext_lazy("copies that wait"))
    number_cancelled = number_of("cancelled", gettext_lazy("copies cancelled"))
    on_the_shelf = number_of("blocked", gettext_lazy("blocked on the shelf"))
    object_actions = (ObjectAction("reached", gettext_lazy("Reached by phone"), page=reached_page),)
    fieldsets = tuple((title, {"fields": fields}) for title, fields in SECTIONS)
    readonly_fields = tuple(name for _title, fields in SECTIONS for name in fields)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recall]:
        """With two figures of each, worked out once a recall: joined, they would be worked out for each of its people."""
        found = super().get_queryset(request).select_related("edition__leaflet", "successor__leaflet", "by")
        return found.annotate(people=counted(RecallHolder.objects.all()), to_ring=counted(RecallHolder.objects.to_ring()))

    def available_actions(self, request: HttpRequest, obj: Any) -> list[ObjectAction]:
        """Its buttons stand beside the people."""
        return []

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        recall = self.get_object(request, object_id)
        more = self.who_was_reached(request, recall) if recall else {}
        return super().change_view(request, object_id, form_url, {**more, **(extra_context or {})})

    def who_was_reached(self, request: HttpRequest, recall: Recall) -> dict[str, Any]:
        """Two statements for any number of people: how many of each, and one page of them."""
        holders: Any = RecallHolder.objects.filter(recall=recall).with_reach()
        counts = dict(holders.order_by().values_list("reach").annotate(Count("pk")))
        show = shown_of(request)
        narrow = {"": Q(), "to-ring": Q(reach__in=TO_RING)}.get(show, Q(reach=show))
        rows = holders.filter(narrow).select_related("person__organisation", "reached_by")
        paginator = Paginator(rows.order_by(TO_RING_FIRST, "person__name", "pk"), ON_A_PAGE)
        totals = {"": sum(counts.values()), "to-ring": sum(counts.get(reach, 0) for reach in TO_RING), **counts}
        paginator.count = totals.get(show, 0)
        page = paginator.get_page(request.GET.get("p"))
        return {
            "counts": counts_in_words(totals, show),
            "show": show,
            "page": page,
            "pages": paginator.get_elided_page_range(page.number, on_each_side=2) if paginator.num_pages > 1 else (),
            "people": [in_a_row(holder) for holder in page.object_list],
            "may_tick": self.has_change_permission(request, recall),
        }

    @admin.display(description=gettext_lazy("edition"), ordering="edition__leaflet__title")
    def edition_name(self, recall: Recall) -> str:
        return str(recall.edition)

    @admin.display(description=gettext_lazy("edition"))
    def edition_link(self, recall: Recall) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("staff:leaflets_edition_change", args=[recall.edition_id]), recall)

    @admin.display(description=gettext_lazy("people"))
    def number_of_people(self, recall: Recall) -> str:
        return f"{recall.people:,}"  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("still to ring"))
    def number_to_ring(self, recall: Recall) -> str:
        return f"{recall.to_ring:,}"  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("by"))
    def recalled_by(self, recall: Recall) -> str:
        return str(recall.by) if recall.by else NOTHING

    @admin.display(description=gettext_lazy("what is wrong"))
    def why(self, recall: Recall) -> str:
        return recall.edition.withdrawn_why

    @admin.display(description=gettext_lazy("what people do with copies"))
    def advice_in_words(self, recall: Recall) -> str:
        return recall.get_advice_display()

    @admin.display(description=gettext_lazy("what is sent instead"))
    def instead_in_words(self, recall: Recall) -> str:
        if recall.successor:
            return str(recall.successor)
        return _("Nothing. Orders wait for the next print.") if recall.instead == Instead.WAIT else _("Nothing. It is cancelled.")

    @admin.display(description=gettext_lazy("taken off the packing table"))
    def off_the_table(self, recall: Recall) -> SafeString | str:
        found = Order.objects.filter(recalls__recall=recall, recalls__was_packing=True).order_by("pk")[:MOST_LISTED]
        return in_lines([link_to(order) for order in found])

    @admin.display(description=gettext_lazy("with presenters"))
    def presenters(self, recall: Recall) -> SafeString | str:
        found = with_presenters(recall.edition, timezone.now())
        return carried(found) if found else ""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Recall | None = None) -> bool:
        return False


def counted(holders: QuerySet[RecallHolder]) -> Coalesce:
    """How many of these a recall has."""
    own = holders.filter(recall=OuterRef("pk")).order_by().values("recall")
    return Coalesce(Subquery(own.annotate(count=Count("pk")).values("count")), 0)


def counts_in_words(totals: dict[str, int], show: str) -> list[dict[str, Any]]:
    """Each with how many people it has, and whether it is what is shown; without those that have none."""
    words = [("", _("Everybody")), ("to-ring", _("To ring")), *Reach.choices]
    return [
        {"show": key, "label": label, "count": f"{totals.get(key, 0):,}", "current": key == show}
        for key, label in words
        if totals.get(key) or key in ("", "to-ring")
    ]


def in_a_row(holder: RecallHolder) -> dict[str, Any]:
    """What is said of one person; the email's own page says why it failed and sends it again."""
    reach, person = Reach(holder.reach), holder.person  # type: ignore[attr-defined]
    return {
        "key": holder.pk,
        "name": person.name,
        "organisation": person.organisation.name if person.organisation else "",
        "href": reverse("staff:professionals_person_change", args=[person.pk]),
        "copies": f"{holder.received:,}",
        "reach": state_tag(reach.label, REACH_KINDS[reach]),
        "message": reverse("staff:notifications_notification_change", args=[holder.told_in_id]) if holder.told_in_id else "",
        "email": mail_link(person.email) if person.email else "",
        "phone": phone_link(person.phone),
        "reached": short_moment(holder.reached_at) if holder.reached_at else "",
        "by": holder.reached_by,
    }

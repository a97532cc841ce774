"""Recalls on the staff site: what a recall would do, and who was reached."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Case, Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ctac.dates import format_day
from ctac.errors import DomainError
from ctac.staff.columns import NOTHING, LooksOnly, mail_link, moment_of, number_of, phone_link, short_moment, state_tag
from ctac.staff.site import ObjectAction, StaffModelAdmin, page_form_class, staff_site
from leaflets.models import Advice, Edition, Leaflet, Order, ReachState, Recall, RecallHolder, RecallReplacement
from leaflets.models.recalls import MAX_ADVICE_LENGTH, REACH_TO_PHONE
from leaflets.orders.admin.missing import order_link
from leaflets.orders.queries import visit_text
from leaflets.recalls.emails import EditionRecalled, ReceivedCopies
from leaflets.recalls.services import (
    MAX_LISTED,
    RecallPlan,
    RecallRequest,
    mark_phoned,
    plan_recall,
    recall_edition,
    unmark_phoned,
    with_presenters,
)
from notifications.models import Notification
from notifications.rendering import render
from professionals.admin import name_with_organisation
from professionals.models import Person
from professionals.safeguarding.forms import StaffForm

# Recalling an edition: what people are told and what open orders get, then a page that says in numbers what will happen.

SummaryRow = dict[str, object]


class RecallForm(StaffForm):
    """Every text in it is read by people outside."""

    free_text_fields = ("why", "words")
    never_kept = ("why", "words")  # the page of the leaflet says why, and an email to everyone who holds one has both

    why = forms.CharField(
        label=gettext_lazy("What is wrong?"),
        max_length=300,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy(
            "People read it in the email and on the leaflet’s page. Say what is wrong and what is right. No details of a child."
        ),
        error_messages={"required": gettext_lazy("Write what is wrong with it.")},
    )
    advice = forms.ChoiceField(
        label=gettext_lazy("What should people do with their copies?"),
        choices=Advice,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what people should do with their copies.")},
    )
    words = forms.CharField(
        label=gettext_lazy("More about that"),
        max_length=MAX_ADVICE_LENGTH,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy(
            "People read this too. If they send copies back: the address, and who pays the postage. "
            "If they keep them: the sentence that they tell people."
        ),
    )
    instead = forms.ChoiceField(
        label=gettext_lazy("What happens to copies that are promised or waited for?"),
        choices=RecallReplacement,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what happens to the orders.")},
    )
    other = forms.ModelChoiceField(
        Leaflet.objects.none(),
        label=gettext_lazy("Which other leaflet?"),
        required=False,
        empty_label=gettext_lazy("Choose"),
        help_text=gettext_lazy("Only if another leaflet is sent instead."),
    )

    def __init__(self, data: Any = None, *, edition: Edition, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        offered = Edition.objects.current().filter(leaflet__active=True).exclude(leaflet=edition.leaflet)
        self.fields["other"].queryset = Leaflet.objects.filter(editions__in=offered)  # type: ignore[attr-defined]
        newer = edition.leaflet.editions.current().exclude(pk=edition.pk).first()
        said = {RecallReplacement(value): str(label) for value, label in RecallReplacement.choices}
        if newer:
            said[RecallReplacement.SAME] = _("%(label)s of the same leaflet is sent instead") % {"label": newer.label}
        del said[RecallReplacement.WAIT if newer else RecallReplacement.SAME]
        self.fields["instead"].choices = list(said.items())  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("advice") == Advice.SEND_BACK and not cleaned.get("words"):
            self.add_error("words", _("Write where to send the copies, and who pays the postage."))
        if cleaned.get("advice") == Advice.KEEP and not cleaned.get("words"):
            self.add_error("words", _("Write what people should be told."))
        if cleaned.get("instead") == RecallReplacement.OTHER and not cleaned.get("other"):
            self.add_error("other", _("Choose the leaflet that is sent instead."))
        return cleaned

    def wish(self) -> RecallRequest:
        typed = {name: self.cleaned_data[name] for name in ("why", "advice", "words", "instead", "flagged")}
        return RecallRequest(**typed, other=self.cleaned_data["other"] if typed["instead"] == RecallReplacement.OTHER else None)


def recall_page(admin: StaffModelAdmin, request: HttpRequest, edition: Edition, action: ObjectAction) -> HttpResponse:
    """The form, then what will happen, then the act. From the second page one can go back and change what was written."""
    now, posted = timezone.now(), request.method == "POST"
    step = request.POST.get("step", "")
    form = page_form_class(RecallForm)(request.POST if posted else None, edition=edition)
    about = admin.about_action(request, action, edition, reverse("staff:leaflets_edition_change", args=[edition.pk]))
    if posted and step != "change" and form.is_valid():
        try:
            if step == "recall":
                recall = recall_edition(edition=edition, wish=form.wish(), by=request.user, now=now)  # type: ignore[arg-type]
                messages.success(request, str(action.done))
                return redirect("staff:leaflets_recall_change", recall.pk)
            plan = plan_recall(edition=edition, wish=form.wish(), now=now)
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
        else:
            typed = [(name, request.POST.get(name, "")) for name in form.fields]
            told = {"plan_rows": plan_rows(plan, form.wish()), "typed": typed, "email": example_email(edition, plan, form.wish())}
            return TemplateResponse(request, "leaflets/staff/recall_check.html", {**about, **told, "form": form})
    return TemplateResponse(request, "leaflets/staff/recall.html", {**about, "form": form})


RECALL_ACTION = ObjectAction(
    "recall",
    gettext_lazy("Recall this edition"),
    available=lambda edition: getattr(edition, "recall", None) is None,
    explanation=gettext_lazy(
        "For an edition that is wrong. No copy of it leaves any more, open orders are put right, and everybody who was sent "
        "copies gets an email. The next page says exactly what will happen, before anything does."
    ),
    done=gettext_lazy("The edition is recalled. The emails go out in the next minutes: this page says whom they have reached."),
    weight="stop",
    page=recall_page,
)


# What will happen, in numbers


def copies_count(count: int) -> str:
    return ngettext("%(n)s copy", "%(n)s copies", count) % {"n": f"{count:,}"}


def orders_count(count: int) -> str:
    return ngettext("%(n)s order", "%(n)s orders", count) % {"n": f"{count:,}"}


def people_count(count: int) -> str:
    return ngettext("%(n)s person", "%(n)s people", count) % {"n": f"{count:,}"}


def summary_row(label: str, value: object) -> SummaryRow:
    return {"label": label, "value": value}


def plan_rows(plan: RecallPlan, wish: RecallRequest) -> list[SummaryRow]:
    rung = len(plan.received) - plan.with_email
    rows = [summary_row(_("Open orders with it"), orders_count(len(plan.outcomes)))]
    if plan.successor:
        rows.append(summary_row(_("Sent instead"), f"{copies_count(plan.copies('moved'))}: {plan.successor}"))
    if plan.successor or wish.instead == RecallReplacement.WAIT:
        rows.append(summary_row(_("Wait until there are more"), copies_count(plan.copies("to_come"))))
    rows.append(summary_row(_("Cancelled"), copies_count(plan.copies("cancelled"))))
    if plan.cancelled_orders:
        rows.append(summary_row(_("Orders with nothing left, cancelled"), orders_count(plan.cancelled_orders)))
    rows = [
        summary_row(_("On the shelf, blocked"), copies_count(plan.edition.on_hand)),
        *rows,
        summary_row(_("On the packing table now"), packing_lines(plan.packing)),
        summary_row(_("Were sent copies"), sent_text(plan)),
        summary_row(_("Get an email"), _("%(people)s, one email each") % {"people": people_count(plan.with_email)}),
        summary_row(
            _("To ring or write to"), join_lines([people_count(rung), *(person_line(each) for each in plan.without_email)])
        ),
    ]
    if plan.with_presenters:
        rows.append(summary_row(_("With presenters, for visits to come"), presenter_lines(plan.with_presenters)))
    return rows


def sent_text(plan: RecallPlan) -> str:
    have = sum(1 for count in plan.received.values() if count)
    said = _("%(people)s, %(copies)s") % {"people": people_count(have), "copies": copies_count(plan.copies_out)}
    if not plan.erased_copies:
        return said
    gone = _("Another %(copies)s went to people who were erased since. We can’t tell them.")
    return f"{said}. {gone % {'copies': copies_count(plan.erased_copies)}}"


def packing_lines(found: Any) -> SafeString | str:
    if not found:
        return _("None")
    said = _("%(orders)s. Take them off the table: they are packed again.") % {"orders": orders_count(len(found))}
    return join_lines([said, *(order_link(order) for order in found[:MAX_LISTED])])


def presenter_lines(found: Any) -> SafeString:
    """Tell the presenter: the host has not got them yet."""
    return join_lines(
        [
            _("Ask these presenters not to hand them out:"),
            *(format_html("{}: {}", order_link(order), visit_text(order.brought_with)) for order in found),
        ]
    )


def person_line(person: Person) -> SafeString:
    url = reverse("staff:professionals_person_change", args=[person.pk])
    return format_html('<a href="{}">{}</a> {}', url, name_with_organisation(person), phone_link(person.phone))


def join_lines(lines: list[Any]) -> SafeString:
    return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in lines))


def example_email(edition: Edition, plan: RecallPlan, wish: RecallRequest) -> str:
    """The email as plain text, for somebody who was sent 25 copies today."""
    shown = Edition(leaflet=edition.leaflet, label=edition.label, withdrawn_why=wish.why)
    recall = Recall(edition=shown, advice=wish.advice, words=wish.words, instead=wish.instead, successor=plan.successor)
    had = ReceivedCopies(reference="LO-…", copies=25, day=format_day(timezone.now()), brought=False)
    mail = render(EditionRecalled(Notification(), recall=recall, received=[had], orders=[]).message())
    return f"{mail.subject}\n\n{mail.text}"


# Recalls: what happened, and who was reached; staff ring the others and tick them here.

PEOPLE_PER_PAGE = 50
REACH_COLOURS = {
    ReachState.PHONED: "good",
    ReachState.SENT: "done",
    ReachState.PENDING: "waiting",
    ReachState.FAILED: "stopped",
    ReachState.NO_EMAIL: "stopped",
}
TO_PHONE_FIRST = Case(
    When(reach__in=REACH_TO_PHONE, then=Value(0)),
    When(reach=ReachState.PENDING, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


def reach_filter(request: HttpRequest) -> str:
    """Which people are shown: all (''), those to ring, or those of one reach."""
    asked = (request.POST if request.method == "POST" else request.GET).get("show", "")
    return asked if asked in ("to-ring", *ReachState.values) else ""


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
    query = urlencode([(name, value) for name, value in (("show", reach_filter(request)), ("p", page)) if value])
    return redirect(f"{reverse('staff:leaflets_recall_change', args=[recall.pk])}?{query}#people")


RECALL_SECTIONS: tuple[tuple[Any, tuple[str, ...]], ...] = (
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
    fieldsets = tuple((title, {"fields": fields}) for title, fields in RECALL_SECTIONS)
    readonly_fields = tuple(name for _title, fields in RECALL_SECTIONS for name in fields)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recall]:
        """With two figures of each, worked out once a recall: joined, they would be worked out for each of its people."""
        found = super().get_queryset(request).select_related("edition__leaflet", "successor__leaflet", "by")
        return found.annotate(
            people=holder_count(RecallHolder.objects.all()), to_ring=holder_count(RecallHolder.objects.to_ring())
        )

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
        show = reach_filter(request)
        narrow = {"": Q(), "to-ring": Q(reach__in=REACH_TO_PHONE)}.get(show, Q(reach=show))
        rows = holders.filter(narrow).select_related("person__organisation", "reached_by")
        paginator = Paginator(rows.order_by(TO_PHONE_FIRST, "person__name", "pk"), PEOPLE_PER_PAGE)
        totals = {"": sum(counts.values()), "to-ring": sum(counts.get(reach, 0) for reach in REACH_TO_PHONE), **counts}
        paginator.count = totals.get(show, 0)
        page = paginator.get_page(request.GET.get("p"))
        return {
            "counts": count_filters(totals, show),
            "show": show,
            "page": page,
            "pages": paginator.get_elided_page_range(page.number, on_each_side=2) if paginator.num_pages > 1 else (),
            "people": [holder_row(holder) for holder in page.object_list],
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
        return (
            _("Nothing. Orders wait for the next print.")
            if recall.instead == RecallReplacement.WAIT
            else _("Nothing. It is cancelled.")
        )

    @admin.display(description=gettext_lazy("taken off the packing table"))
    def off_the_table(self, recall: Recall) -> SafeString | str:
        found = Order.objects.filter(recalls__recall=recall, recalls__was_packing=True).order_by("pk")[:MAX_LISTED]
        return join_lines([order_link(order) for order in found])

    @admin.display(description=gettext_lazy("with presenters"))
    def presenters(self, recall: Recall) -> SafeString | str:
        found = with_presenters(recall.edition, timezone.now())
        return presenter_lines(found) if found else ""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Recall | None = None) -> bool:
        return False


def holder_count(holders: QuerySet[RecallHolder]) -> Coalesce:
    """How many of these a recall has."""
    own = holders.filter(recall=OuterRef("pk")).order_by().values("recall")
    return Coalesce(Subquery(own.annotate(count=Count("pk")).values("count")), 0)


def count_filters(totals: dict[str, int], show: str) -> list[dict[str, Any]]:
    """Each with how many people it has, and whether it is what is shown; without those that have none."""
    words = [("", _("Everybody")), ("to-ring", _("To ring")), *ReachState.choices]
    return [
        {"show": key, "label": label, "count": f"{totals.get(key, 0):,}", "current": key == show}
        for key, label in words
        if totals.get(key) or key in ("", "to-ring")
    ]


def holder_row(holder: RecallHolder) -> dict[str, Any]:
    """What is said of one person; the email's own page says why it failed and sends it again."""
    reach, person = ReachState(holder.reach), holder.person  # type: ignore[attr-defined]
    return {
        "key": holder.pk,
        "name": person.name,
        "organisation": person.organisation.name if person.organisation else "",
        "href": reverse("staff:professionals_person_change", args=[person.pk]),
        "copies": f"{holder.received:,}",
        "reach": state_tag(reach.label, REACH_COLOURS[reach]),
        "message": reverse("staff:notifications_notification_change", args=[holder.told_in_id]) if holder.told_in_id else "",
        "email": mail_link(person.email) if person.email else "",
        "phone": phone_link(person.phone),
        "reached": short_moment(holder.reached_at) if holder.reached_at else "",
        "by": holder.reached_by,
    }

"""Recalls on the staff site: what a recall would do, and who was reached."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets
from django.core.paginator import Paginator
from django.db.models import Case, Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from accounts.access import signed_in_user
from core.dates import format_day
from core.forms import domain_error_to_form
from leaflets.models import Advice, Edition, Leaflet, Order, ReachState, Recall, RecallHolder, RecallReplacement
from leaflets.models.stock import MAX_ADVICE_LENGTH, TO_PHONE_STATES
from leaflets.orders.queries import visit_text
from leaflets.recalls.emails import EditionRecalled, ReceivedCopies
from leaflets.recalls.services import (
    MAX_LISTED,
    RecallPlan,
    RecallRequest,
    mark_phoned,
    orders_with_presenters,
    plan_recall,
    recall_edition,
    unmark_phoned,
)
from leaflets.stock.admin import order_link, posted_number
from notifications.models import Notification
from notifications.rendering import render
from professionals.admin import name_organisation_text
from professionals.safeguarding.forms import StaffForm
from staff.actions import ObjectAction, page_form_class
from staff.lists import (
    EMPTY_VALUE,
    column,
    datetime_column,
    format_short_datetime,
    mail_link,
    number_column,
    phone_link,
    state_tag,
)
from staff.model_admin import ReadOnlyAdmin, StaffModelAdmin
from staff.site import staff_site


class RecallForm(StaffForm):
    """The people who have copies read every text of this form."""

    free_text_fields = ("why", "words")
    never_kept = ("why", "words")  # the page of the leaflet says why, and an email to everyone who holds one has both

    why = forms.CharField(
        label=gettext_lazy("What is wrong?"),
        max_length=300,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy(
            "People will read this in the email and on the leaflet’s page. Say what is wrong and what is right. No "
            "details of a child."
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
        label=gettext_lazy("What else should people know?"),
        max_length=MAX_ADVICE_LENGTH,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy(
            "People will read this too. If they should send copies back, give the address and say who pays the postage. "
            "If they can keep copies, write what they should tell people."
        ),
    )
    instead = forms.ChoiceField(
        label=gettext_lazy("What should open orders get?"),
        choices=RecallReplacement,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what open orders should get.")},
    )
    other = forms.ModelChoiceField(
        Leaflet.objects.none(),
        label=gettext_lazy("Which other leaflet?"),
        required=False,
        empty_label=gettext_lazy("Choose"),
        help_text=gettext_lazy("Choose one only if we send another leaflet instead."),
    )

    def __init__(self, data: Any = None, *, edition: Edition, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        offered = Edition.objects.current().filter(leaflet__active=True).exclude(leaflet=edition.leaflet)
        self.fields["other"].queryset = Leaflet.objects.filter(editions__in=offered)  # type: ignore[attr-defined]
        newer = edition.leaflet.editions.current().exclude(pk=edition.pk).first()
        choices = {RecallReplacement(value): str(label) for value, label in RecallReplacement.choices}
        if newer:
            choices[RecallReplacement.SAME] = _("We send %(label)s of the same leaflet instead") % {"label": newer.label}
        del choices[RecallReplacement.WAIT if newer else RecallReplacement.SAME]
        self.fields["instead"].choices = list(choices.items())  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("advice") == Advice.SEND_BACK and not cleaned.get("words"):
            self.add_error("words", _("Write where to send the copies, and who pays the postage."))
        if cleaned.get("advice") == Advice.KEEP and not cleaned.get("words"):
            self.add_error("words", _("Write what people should be told."))
        if cleaned.get("instead") == RecallReplacement.OTHER and not cleaned.get("other"):
            self.add_error("other", _("Choose the leaflet that we send instead."))
        return cleaned

    def recall_request(self) -> RecallRequest:
        fields = {name: self.cleaned_data[name] for name in ("why", "advice", "words", "instead", "flagged")}
        return RecallRequest(**fields, other=self.cleaned_data["other"] if fields["instead"] == RecallReplacement.OTHER else None)


def recall_page(admin: StaffModelAdmin, request: HttpRequest, edition: Edition, action: ObjectAction) -> HttpResponse:
    """The form; then what will happen, with a way back to change the form; then the recall."""
    now, posted = timezone.now(), request.method == "POST"
    step = request.POST.get("step", "")
    form = page_form_class(RecallForm)(request.POST if posted else None, edition=edition)
    context = admin.get_action_context(request, action, edition, reverse("staff:leaflets_edition_change", args=[edition.pk]))
    if posted and step != "change" and form.is_valid():
        recall_request = form.recall_request()
        with domain_error_to_form(form):
            if step == "recall":
                recall = recall_edition(edition=edition, request=recall_request, by=signed_in_user(request), now=now)
                messages.success(request, str(action.done))
                return redirect("staff:leaflets_recall_change", recall.pk)
            plan = plan_recall(edition=edition, request=recall_request, now=now)
            context |= {
                "form": form,
                "plan_rows": plan_rows(plan, recall_request),
                "typed": [(name, request.POST.get(name, "")) for name in form.fields],
                "email": example_email(edition, plan, recall_request),
            }
            return TemplateResponse(request, "leaflets/recalls/staff/recall_check.html", context)
    return TemplateResponse(request, "leaflets/recalls/staff/recall.html", {**context, "form": form})


RECALL_ACTION = ObjectAction(
    "recall",
    gettext_lazy("Recall this edition"),
    available=lambda edition: getattr(edition, "recall", None) is None,
    explanation=gettext_lazy(
        "Use this when an edition is wrong. We will send no more copies, change the open orders, and email everybody who "
        "has copies. The next page shows exactly what will happen. Nothing happens before that."
    ),
    done=gettext_lazy(
        "The edition is recalled. The emails will go out in the next few minutes. This page shows who they have reached."
    ),
    weight="stop",
    page=recall_page,
)


def copies_text(count: int) -> str:
    return ngettext("%(n)s copy", "%(n)s copies", count) % {"n": f"{count:,}"}


def orders_text(count: int) -> str:
    return ngettext("%(n)s order", "%(n)s orders", count) % {"n": f"{count:,}"}


def people_text(count: int) -> str:
    return ngettext("%(n)s person", "%(n)s people", count) % {"n": f"{count:,}"}


def plan_rows(plan: RecallPlan, request: RecallRequest) -> list[dict[str, object]]:
    """What the recall will do, in numbers."""
    facts = {
        "people": people_text(sum(1 for copies in plan.received.values() if copies)),
        "copies": copies_text(plan.copies_out),
    }
    sent = _("%(people)s, %(copies)s") % facts
    if plan.erased_copies:
        gone = _("Another %(copies)s went to people who have since been erased. We can’t tell them.")
        sent = f"{sent}. {gone % {'copies': copies_text(plan.erased_copies)}}"
    packing: SafeString | str = _("None")
    if plan.packing:
        take_off = _("%(orders)s. Take them off the table. You will need to pack them again.") % {
            "orders": orders_text(len(plan.packing))
        }
        packing = join_lines([take_off, *(order_link(order) for order in plan.packing[:MAX_LISTED])])
    to_phone = people_text(len(plan.received) - plan.with_email)
    people = []
    for person in plan.without_email:
        url = reverse("staff:professionals_person_change", args=[person.pk])
        people.append(format_html('<a href="{}">{}</a> {}', url, name_organisation_text(person), phone_link(person.phone)))
    rows: list[tuple[str, object, object]] = [  # label, value, and whether it is shown
        (_("On the shelf, blocked"), copies_text(plan.edition.on_hand), True),
        (_("Open orders with it"), orders_text(len(plan.outcomes)), True),
        (_("Copies that we send instead"), f"{copies_text(plan.copies('moved'))}: {plan.successor}", plan.successor),
        (
            _("Copies that wait until we have more"),
            copies_text(plan.copies("to_come")),
            plan.successor or request.instead == RecallReplacement.WAIT,
        ),
        (_("Copies that are cancelled"), copies_text(plan.copies("cancelled")), True),
        (_("Orders that are cancelled whole"), orders_text(plan.cancelled_orders), plan.cancelled_orders),
        (_("On the packing table now"), packing, True),
        (_("People who have copies"), sent, True),
        (_("People who will get an email"), _("%(people)s, one email each") % {"people": people_text(plan.with_email)}, True),
        (_("People to call or write to"), join_lines([to_phone, *people]), True),
        (_("Copies with presenters, for visits to come"), presenter_lines(plan.with_presenters), plan.with_presenters),
    ]
    return [{"label": label, "value": value} for label, value, is_shown in rows if is_shown]


def presenter_lines(orders: Sequence[Order]) -> SafeString:
    lines = [format_html("{}: {}", order_link(order), visit_text(order.visit_reference)) for order in orders]
    return join_lines([_("Ask these presenters not to hand them out:"), *lines] if lines else [])


def join_lines(lines: list[Any]) -> SafeString:
    return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in lines))


def example_email(edition: Edition, plan: RecallPlan, request: RecallRequest) -> str:
    """The email as plain text, for somebody who was sent 25 copies today."""
    withdrawn = Edition(leaflet=edition.leaflet, label=edition.label, withdrawn_why=request.why)
    fields = {"advice": request.advice, "words": request.words, "instead": request.instead}
    recall = Recall(edition=withdrawn, successor=plan.successor, **fields)
    received = ReceivedCopies(reference="LO-…", copies=25, day=format_day(timezone.now()), brought=False)
    mail = render(EditionRecalled(Notification(), recall=recall, received=[received], orders=[]).message())
    return f"{mail.subject}\n\n{mail.text}"


PEOPLE_PER_PAGE = 50
REACH_COLOURS = {
    ReachState.PHONED: "good",
    ReachState.SENT: "done",
    ReachState.PENDING: "waiting",
    ReachState.FAILED: "stopped",
    ReachState.NO_EMAIL: "stopped",
}
TO_PHONE_FIRST = Case(
    When(reach__in=TO_PHONE_STATES, then=Value(0)),
    When(reach=ReachState.PENDING, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


def reach_filter(request: HttpRequest) -> str:
    """The people to show: all (''), those to phone ('to-ring'), or those of one ReachState."""
    show = (request.POST if request.method == "POST" else request.GET).get("show", "")
    return show if show in ("to-ring", *ReachState.values) else ""


def mark_reached_page(admin: StaffModelAdmin, request: HttpRequest, recall: Recall, action: ObjectAction) -> HttpResponse:
    """POST marks one person as reached by phone, or undoes it; then the list as it was."""
    page = request.POST.get("p", "")
    if request.method == "POST":
        holder = recall.holders.filter(pk=posted_number(request.POST.get("person")) or 0).first()
        if holder and request.POST.get("undo"):
            unmark_phoned(holder=holder)
        elif holder:
            mark_phoned(holder=holder, by=signed_in_user(request), now=timezone.now())
    query = urlencode([(name, value) for name, value in (("show", reach_filter(request)), ("p", page)) if value])
    return redirect(f"{reverse('staff:leaflets_recall_change', args=[recall.pk])}?{query}#people")


@admin.register(Recall, site=staff_site)
class RecallAdmin(ReadOnlyAdmin):
    nobody_may = ("add", "delete")
    list_display = ("edition_name", "recalled", "number_of_people", "number_to_phone")
    search_fields = ("edition__leaflet__title", "edition__label")
    search_help_text = gettext_lazy("Leaflet or edition")
    actions = None
    change_form_template = "leaflets/recalls/staff/recalled.html"
    may_be_empty = ("unpacked_orders_display", "presenters")
    recalled = datetime_column("recalled_at", gettext_lazy("recalled"))
    number_moved = number_column("moved", gettext_lazy("copies sent instead"))
    number_to_come = number_column("to_come", gettext_lazy("copies that wait"))
    number_cancelled = number_column("cancelled", gettext_lazy("copies cancelled"))
    on_the_shelf = number_column("blocked", gettext_lazy("blocked on the shelf"))
    edition_name = column(gettext_lazy("edition"), str, ordering="edition__leaflet__title")
    number_of_people = column(gettext_lazy("people"), lambda recall: f"{recall.people:,}")
    number_to_phone = column(gettext_lazy("still to call"), lambda recall: f"{recall.to_phone:,}")
    edition_link = column(
        gettext_lazy("edition"),
        lambda recall: format_html(
            '<a href="{}">{}</a>', reverse("staff:leaflets_edition_change", args=[recall.edition_id]), recall
        ),
    )
    recalled_by = column(gettext_lazy("by"), lambda recall: str(recall.by or EMPTY_VALUE))
    why = column(gettext_lazy("what is wrong"), lambda recall: recall.edition.withdrawn_why)
    advice_display = column(gettext_lazy("what people do with copies"), lambda recall: recall.get_advice_display())
    presenters = column(
        gettext_lazy("with presenters"), lambda recall: presenter_lines(orders_with_presenters(recall.edition, timezone.now()))
    )
    object_actions = (ObjectAction("reached", gettext_lazy("Mark as reached by phone"), page=mark_reached_page),)
    fieldsets = (
        (None, {"fields": ("edition_link", "recalled", "recalled_by", "why", "advice_display", "words", "instead_display")}),
        (
            gettext_lazy("What happened to the orders"),
            {
                "fields": (
                    "on_the_shelf",
                    "number_moved",
                    "number_to_come",
                    "number_cancelled",
                    "unpacked_orders_display",
                    "presenters",
                )
            },
        ),
    )
    readonly_fields = tuple(flatten_fieldsets(fieldsets))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Recall]:
        """With two counts for each recall, by subquery: a join would work them out for each of its people."""
        recalls = super().get_queryset(request).select_related("edition__leaflet", "successor__leaflet", "by")
        return recalls.annotate(
            people=holder_count(RecallHolder.objects.all()), to_phone=holder_count(RecallHolder.objects.to_phone())
        )

    def available_actions(self, request: HttpRequest, obj: Any) -> list[ObjectAction]:
        """No actions at the top: the buttons stand beside the people."""
        return []

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Adds the count of each state and one page of people. Two statements, however many people."""
        recall = self.get_object(request, object_id)
        if recall is None:
            raise Http404
        holders: Any = RecallHolder.objects.filter(recall=recall).with_reach()
        counts = dict(holders.order_by().values_list("reach").annotate(Count("pk")))
        show = reach_filter(request)
        narrow = {"": Q(), "to-ring": Q(reach__in=TO_PHONE_STATES)}.get(show, Q(reach=show))
        rows = holders.filter(narrow).select_related("person__organisation", "reached_by")
        paginator = Paginator(rows.order_by(TO_PHONE_FIRST, "person__name", "pk"), PEOPLE_PER_PAGE)
        totals = {"": sum(counts.values()), "to-ring": sum(counts.get(reach, 0) for reach in TO_PHONE_STATES), **counts}
        paginator.count = totals.get(show, 0)
        page = paginator.get_page(request.GET.get("p"))
        context = {
            "filters": [
                {"show": key, "label": label, "count": f"{totals.get(key, 0):,}", "current": key == show}
                for key, label in (("", _("Everybody")), ("to-ring", _("To call")), *ReachState.choices)
                if totals.get(key) or key in ("", "to-ring")
            ],
            "show": show,
            "page": page,
            "pages": paginator.get_elided_page_range(page.number, on_each_side=2) if paginator.num_pages > 1 else (),
            "people": [holder_row(holder) for holder in page.object_list],
            "may_tick": self.has_change_permission(request, recall),
        }
        return super().change_view(request, object_id, form_url, {**context, **(extra_context or {})})

    @admin.display(description=gettext_lazy("what we send instead"))
    def instead_display(self, recall: Recall) -> str:
        if recall.successor:
            return str(recall.successor)
        return (
            _("Nothing. Orders wait for the next edition.")
            if recall.instead == RecallReplacement.WAIT
            else _("Nothing. The copies are cancelled.")
        )

    @admin.display(description=gettext_lazy("taken off the packing table"))
    def unpacked_orders_display(self, recall: Recall) -> SafeString | str:
        orders = Order.objects.filter(recalls__recall=recall, recalls__was_packing=True).order_by("pk")[:MAX_LISTED]
        return join_lines([order_link(order) for order in orders])


def holder_count(holders: QuerySet[RecallHolder]) -> Coalesce:
    """The number of these people that each recall has."""
    own = holders.filter(recall=OuterRef("pk")).order_by().values("recall")
    return Coalesce(Subquery(own.annotate(count=Count("pk")).values("count")), 0)


def holder_row(holder: RecallHolder) -> dict[str, Any]:
    """One person of the list. The email's own page says why it failed, and can send it again."""
    reach, person = ReachState(holder.reach), holder.person  # type: ignore[attr-defined]
    return {
        "key": holder.pk,
        "name": person.name,
        "organisation": person.organisation.name if person.organisation else "",
        "href": reverse("staff:professionals_person_change", args=[person.pk]),
        "copies": f"{holder.received:,}",
        "reach": state_tag(reach.label, REACH_COLOURS[reach]),
        "message": reverse("staff:notifications_notification_change", args=[holder.notification_id])
        if holder.notification_id
        else "",
        "email": mail_link(person.email) if person.email else "",
        "phone": phone_link(person.phone),
        "reached": format_short_datetime(holder.reached_at) if holder.reached_at else "",
        "by": holder.reached_by,
    }

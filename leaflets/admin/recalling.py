"""Recalling an edition: what people are told and what open orders get, then a page that says in numbers what will happen."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ctac.errors import DomainError
from ctac.staff import ObjectAction, StaffModelAdmin, in_our_words
from ctac.staff_lists import phone_link
from ctac.uk import format_day
from leaflets.admin.missing import link_to
from leaflets.models import Advice, Edition, Instead, Leaflet, Order, Recall
from leaflets.models.recall import MOST_WORDS
from leaflets.recall_emails import Received, about_recall
from leaflets.services.recalling import MOST_LISTED, Plan, Wish, plan_recall, recall_edition
from leaflets.visits import visit_in_words
from notifications.rendering import render
from professionals.for_staff import called
from professionals.models import Person
from professionals.safeguarding import StaffForm

Row = dict[str, object]


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
        max_length=MOST_WORDS,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy(
            "People read this too. If they send copies back: the address, and who pays the postage. "
            "If they keep them: the sentence that they tell people."
        ),
    )
    instead = forms.ChoiceField(
        label=gettext_lazy("What happens to copies that are promised or waited for?"),
        choices=Instead,
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
        said = {Instead(value): str(label) for value, label in Instead.choices}
        if newer:
            said[Instead.SAME] = _("%(label)s of the same leaflet is sent instead") % {"label": newer.label}
        del said[Instead.WAIT if newer else Instead.SAME]
        self.fields["instead"].choices = list(said.items())  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("advice") == Advice.SEND_BACK and not cleaned.get("words"):
            self.add_error("words", _("Write where to send the copies, and who pays the postage."))
        if cleaned.get("advice") == Advice.KEEP and not cleaned.get("words"):
            self.add_error("words", _("Write what people should be told."))
        if cleaned.get("instead") == Instead.OTHER and not cleaned.get("other"):
            self.add_error("other", _("Choose the leaflet that is sent instead."))
        return cleaned

    def wish(self) -> Wish:
        typed = {name: self.cleaned_data[name] for name in ("why", "advice", "words", "instead", "flagged")}
        return Wish(**typed, other=self.cleaned_data["other"] if typed["instead"] == Instead.OTHER else None)


def recall_page(admin: StaffModelAdmin, request: HttpRequest, edition: Edition, action: ObjectAction) -> HttpResponse:
    """The form, then what will happen, then the act. From the second page one can go back and change what was written."""
    now, posted = timezone.now(), request.method == "POST"
    step = request.POST.get("step", "")
    form = in_our_words(RecallForm)(request.POST if posted else None, edition=edition)
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
            told = {"plan_rows": rows_of(plan, form.wish()), "typed": typed, "email": example(edition, plan, form.wish())}
            return TemplateResponse(request, "leaflets/staff/recall_check.html", {**about, **told, "form": form})
    return TemplateResponse(request, "leaflets/staff/recall.html", {**about, "form": form})


RECALL = ObjectAction(
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


def copies(count: int) -> str:
    return ngettext("%(n)s copy", "%(n)s copies", count) % {"n": f"{count:,}"}


def orders(count: int) -> str:
    return ngettext("%(n)s order", "%(n)s orders", count) % {"n": f"{count:,}"}


def people(count: int) -> str:
    return ngettext("%(n)s person", "%(n)s people", count) % {"n": f"{count:,}"}


def row(label: str, value: object) -> Row:
    return {"label": label, "value": value}


def rows_of(plan: Plan, wish: Wish) -> list[Row]:
    rung = len(plan.received) - plan.with_email
    rows = [
        row(_("On the shelf, blocked"), copies(plan.edition.on_hand)),
        *rows_of_orders(plan, wish),
        row(_("On the packing table now"), packing(plan.packing)),
        row(_("Were sent copies"), sent_in_words(plan)),
        row(_("Get an email"), _("%(people)s, one email each") % {"people": people(plan.with_email)}),
        row(_("To ring or write to"), in_lines([people(rung), *(person_line(each) for each in plan.without_email)])),
    ]
    if plan.with_presenters:
        rows.append(row(_("With presenters, for visits to come"), carried(plan.with_presenters)))
    return rows


def rows_of_orders(plan: Plan, wish: Wish) -> list[Row]:
    rows = [row(_("Open orders with it"), orders(len(plan.outcomes)))]
    if plan.successor:
        rows.append(row(_("Sent instead"), f"{copies(plan.copies('moved'))}: {plan.successor}"))
    if plan.successor or wish.instead == Instead.WAIT:
        rows.append(row(_("Wait until there are more"), copies(plan.copies("to_come"))))
    rows.append(row(_("Cancelled"), copies(plan.copies("cancelled"))))
    if plan.cancelled_orders:
        rows.append(row(_("Orders with nothing left, cancelled"), orders(plan.cancelled_orders)))
    return rows


def sent_in_words(plan: Plan) -> str:
    have = sum(1 for count in plan.received.values() if count)
    said = _("%(people)s, %(copies)s") % {"people": people(have), "copies": copies(plan.copies_out)}
    if not plan.erased_copies:
        return said
    gone = _("Another %(copies)s went to people who were erased since. We can’t tell them.")
    return f"{said}. {gone % {'copies': copies(plan.erased_copies)}}"


def packing(found: Any) -> SafeString | str:
    if not found:
        return _("None")
    said = _("%(orders)s. Take them off the table: they are packed again.") % {"orders": orders(len(found))}
    return in_lines([said, *(link_to(order) for order in found[:MOST_LISTED])])


def carried(found: Any) -> SafeString:
    """Tell the presenter: the host has not got them yet."""
    return in_lines([_("Ask these presenters not to hand them out:"), *(carried_line(order) for order in found)])


def carried_line(order: Order) -> SafeString:
    return format_html("{}: {}", link_to(order), visit_in_words(order.brought_with))


def person_line(person: Person) -> SafeString:
    url = reverse("staff:professionals_person_change", args=[person.pk])
    return format_html('<a href="{}">{}</a> {}', url, called(person), phone_link(person.phone))


def in_lines(lines: list[Any]) -> SafeString:
    return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in lines))


def example(edition: Edition, plan: Plan, wish: Wish) -> str:
    """The email as plain text, for somebody who was sent 25 copies today."""
    shown = Edition(leaflet=edition.leaflet, label=edition.label, withdrawn_why=wish.why)
    recall = Recall(edition=shown, advice=wish.advice, words=wish.words, instead=wish.instead, successor=plan.successor)
    had = Received(reference="LO-…", copies=25, day=format_day(timezone.now()), brought=False)
    mail = render(about_recall(recall, [had], []))
    return f"{mail.subject}\n\n{mail.text}"

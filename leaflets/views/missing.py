"""“It never came”: where a parcel went and when, what to check first, and the button that tells us."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from ctac.errors import DomainError
from ctac.forms import PageForm
from ctac.uk import format_day
from leaflets.models import Dispatch, Order
from leaflets.models.order import MOST_OF_A_REASON
from leaflets.services.missing import report_missing
from leaflets.services.posting import contents_of
from leaflets.timeline import may_be_told, parcels_of
from leaflets.views.orders import own_order
from professionals.forms import clean_text
from professionals.person_access import person_required
from professionals.safeguarding import ChildDetailsMixin

ALREADY = gettext_lazy("You have told us of this parcel already. We look into it and email you our answer.")


class MissingForm(ChildDetailsMixin, PageForm):
    """Which parcel, and what may help. `parcels`: those that may be chosen; `of_order`: all that an older page may have shown."""

    free_text_fields = ("note",)

    parcel = forms.ChoiceField(
        label=gettext_lazy("Which parcel never came?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose the parcel that never came.")},
    )
    note = forms.CharField(
        label=gettext_lazy("Anything that helps us to look for it"),
        max_length=MOST_OF_A_REASON,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("Like a new address, or whom you asked. No details of a child or a case."),
    )

    def __init__(
        self, data: Mapping[str, Any] | None, *, parcels: Sequence[tuple[int, str]], of_order: Sequence[Dispatch]
    ) -> None:
        super().__init__(data)
        self.of_order = {str(parcel.pk): parcel for parcel in of_order}
        field: Any = self.fields["parcel"]
        field.choices = [(key, key) for key in self.of_order]
        if len(parcels) > 1:
            field.widget.choices = parcels
        else:
            field.widget = forms.HiddenInput()
            field.initial = parcels[0][0]

    def clean_note(self) -> str:
        return clean_text(self.cleaned_data["note"])

    @property
    def chosen(self) -> Dispatch:
        return self.of_order[self.cleaned_data["parcel"]]


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def order_missing(request: HttpRequest, reference: str) -> HttpResponse:
    """Shows first; only the button tells us. A parcel of which we know leads back to the order, which says so."""
    order, now = own_order(request, reference), timezone.now()
    of_order = [] if order.brought_with else parcels_of(order)
    parcels = may_be_told(of_order, now)
    if not parcels:
        messages.warning(request, why_not(of_order))
        return redirect(order)
    said = [(parcel, in_words(what)) for parcel, what in zip(parcels, contents_of(parcels), strict=True)]
    choices = [(parcel.pk, label(parcel, what)) for parcel, what in said]
    form = MissingForm(request.POST if request.method == "POST" else None, parcels=choices, of_order=of_order)
    if form.is_valid() and told(request, form):
        return redirect(order)
    context = {"order": order, "form": form, "parcels": [facts(order, *each) for each in said]}
    return render(request, "leaflets/missing.html", context)


def told(request: HttpRequest, form: MissingForm) -> bool:
    note, by, now = form.cleaned_data["note"], request.user, timezone.now()
    try:
        _report, made = report_missing(parcel=form.chosen, by=by, now=now, note=note, flagged=form.flagged)  # type: ignore[arg-type]
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return False
    if made:
        messages.success(request, _("Thank you for telling us. We look into it and email you our answer."))
    else:
        messages.info(request, ALREADY)
    return True


def why_not(parcels: Sequence[Dispatch]) -> str:
    """None of these may be told of now; of what the presenter brings there are none."""
    if any(getattr(parcel, "missing", None) for parcel in parcels):
        return str(ALREADY)
    return _("You can tell us here that a parcel never came from 7 working days to 90 days after it left.")


def in_words(contents: Mapping[Any, int]) -> str:
    """'25 copies of “One”', a line a title."""
    said = [
        ngettext("%(n)d copy of “%(title)s”", "%(n)d copies of “%(title)s”", copies) % {"n": copies, "title": leaflet.title}
        for leaflet, copies in contents.items()
    ]
    return "\n".join(said)


def label(parcel: Dispatch, what: str) -> str:
    facts = {"day": format_day(parcel.dispatched_at), "what": what.replace("\n", ", ")}
    return _("The one that left on %(day)s: %(what)s") % facts


def facts(order: Order, parcel: Dispatch, what: str) -> list[dict[str, str]]:
    """For includes/summary_list.html."""
    rows = [
        {"label": _("It left"), "value": format_day(parcel.dispatched_at)},
        {"label": _("What is in it"), "value": what},
        {"label": _("Where it went"), "value": "\n".join(order.address)},
        {"label": _("Tracking number"), "value": parcel.tracking_number},
    ]
    return [row for row in rows if row["value"]]

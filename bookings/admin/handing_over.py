"""On the page of a person: what they have still to come goes to a colleague. The page shows what, before it is pressed."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from bookings.models import Booking, SessionPlace
from bookings.services.handing_over import hand_over
from ctac.errors import DomainError
from ctac.staff import ObjectAction, in_our_words
from leaflets.models import Order
from professionals.admin import PersonAdmin
from professionals.models import Person, User
from professionals.safeguarding import StaffForm


class NobodyThereError(DomainError):
    message = gettext_lazy("We know nobody with that address. Add them as a person first, in the same organisation.")


class HandOverForm(StaffForm):
    free_text_fields = ("reason",)
    colleague = forms.EmailField(label=gettext_lazy("Email address of the colleague"), max_length=254)
    reason = forms.CharField(
        label=gettext_lazy("Who asked for it, and why?"),
        help_text=gettext_lazy("Such as “Ruth Adeyemi, their manager: Nadia has left”. No child’s details."),
        max_length=500,
    )


def perform(person: Person, *, by: User, colleague: str, reason: str, flagged: bool) -> None:
    """Raises NobodyThereError, and what the service does."""
    to = Person.objects.with_email(colleague.strip()).filter(erased_at=None).first()
    if to is None:
        raise NobodyThereError
    hand_over(person=person, to=to, by=by, reason=reason, now=timezone.now(), flagged=flagged)


def page(model_admin: PersonAdmin, request: HttpRequest, person: Person, action: ObjectAction) -> HttpResponse:
    change_url = reverse("staff:professionals_person_change", args=[person.pk])
    form = in_our_words(HandOverForm)(request.POST if request.method == "POST" else None)
    if form.is_valid() and model_admin.perform(request, action, person, form):
        return redirect(change_url)
    about = model_admin.about_action(request, action, person, change_url)
    context = {
        **about,
        "form": form,
        "rows": [*about["rows"], *what_goes(person), *what_stays(person)],
        "media": model_admin.media + form.media,
    }
    return TemplateResponse(request, "admin/object_action.html", context)


def what_goes(person: Person) -> list[dict[str, Any]]:
    ahead = Booking.objects.upcoming(timezone.now()).filter(person=person).with_names().order_by("starts_at", "pk")
    rows: list[dict[str, Any]] = [{"label": each.reference, "value": f"{each.presentation.title}. {each.when}"} for each in ahead]
    organisation = person.organisation.name if person.organisation else gettext("none")
    return [
        {"label": gettext("Organisation"), "value": organisation},
        *(rows or [{"label": gettext("To come"), "value": gettext("Nothing")}]),
    ]


def what_stays(person: Person) -> list[dict[str, Any]]:
    """A parcel goes to the workplace, whoever asked; a place is one person's, with what they need (ADR 70)."""
    orders = Order.objects.open().filter(person=person, brought_with="").order_by("pk")
    places = SessionPlace.objects.lying_ahead(timezone.now()).filter(person=person).select_related("session__presentation")
    found = [gettext("%(reference)s, leaflets by post") % {"reference": order.reference} for order in orders]
    found += [
        gettext("A place at %(title)s. %(when)s") % {"title": s.presentation.title, "when": s.when}
        for s in (p.session for p in places)
    ]
    return [{"label": gettext("Stays as it is"), "value": each} for each in found]


HAND_OVER = ObjectAction(
    slug="hand-over",
    label=gettext_lazy("Hand bookings over to a colleague"),
    perform=perform,
    page=page,
    available=lambda person: person.organisation_id is not None,
    explanation=gettext_lazy(
        "All bookings and requests to come go to the colleague, with the leaflets that are brought to them. Times and presenters "
        "stay. Both are told by email, and their calendars follow. Orders by post and places at open sessions stay as they are."
    ),
    done=gettext_lazy("The bookings are handed over, and both are told."),
    permission="hand_over",
)
PersonAdmin.object_actions = [HAND_OVER, *PersonAdmin.object_actions]

"""A place for somebody who called or wrote: who they are, and what they need."""

import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.admin.sessions.showing import address, show
from bookings.models import Channel, OpenSession, PlaceState, SessionPlace
from bookings.models.session_place import LIVE_PLACES
from bookings.services.sessions.placing import take_place
from ctac.errors import DomainError
from ctac.staff import ObjectAction
from professionals import drafts
from professionals.forms import CallerForm
from professionals.safeguarding import StaffForm
from professionals.services.people import find_or_enter_person

if TYPE_CHECKING:
    from bookings.admin.sessions.listing import OpenSessionAdmin


class PlaceForm(StaffForm, CallerForm):
    free_text_fields = ("access_needs",)

    access_needs = forms.CharField(
        label=gettext_lazy("What do they need to take part?"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("Live captions, say. The presenter reads it without their name. No details of a child."),
    )
    channel = forms.ChoiceField(
        label=gettext_lazy("They got in touch by"), choices=[(each.value, each.label) for each in (Channel.PHONE, Channel.EMAIL)]
    )
    field_order = [*CallerForm.field_order, "access_needs", "channel"]


def caller_page(page: "OpenSessionAdmin", request: HttpRequest, session: OpenSession, action: ObjectAction) -> HttpResponse:
    sent = request.POST.get("token", "")
    token = sent if drafts.SECRET.fullmatch(sent) else secrets.token_urlsafe(32)
    form = PlaceForm(request.POST if request.method == "POST" else None)
    starts = session.starts_at.isoformat()
    if form.is_valid() and request.POST.get("starts", starts) != starts:
        form.add_error(
            None, _("It has moved to %(when)s while you had the page open. Ask whether that suits them.") % {"when": session.when}
        )
    if form.is_valid():
        try:
            place, had = give(form, session, request.user, token, timezone.now())
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
        else:
            say_what_was_done(request, place, had)
            return redirect(address(session))
    return show(page, request, session, action, "bookings/staff/sessions/caller.html", form, token=token, starts=starts)


@transaction.atomic
def give(form: PlaceForm, session: OpenSession, by: Any, token: str, now: datetime) -> tuple[SessionPlace, bool]:
    """The place, and whether they had one or waited already. A refusal leaves no new person behind."""
    given = form.cleaned_data
    person = find_or_enter_person(**form.details(), email=given["email"], by=by, now=now)
    mine = session.places.filter(person=person).exclude(submission_token=token)
    had = mine.filter(state__in=LIVE_PLACES).exists()
    asked = {"channel": given["channel"], "access_needs": given["access_needs"], "flagged": form.flagged, "token": token}
    return take_place(session=session, person=person, by=by, now=now, **asked), had


def say_what_was_done(request: HttpRequest, place: SessionPlace, had: bool) -> None:
    facts = {"name": place.person.name, "reference": place.session.reference}
    if had:
        messages.info(request, _("%(name)s was on this session’s list already. Nothing has changed.") % facts)
        return
    if place.state == PlaceState.WAITING:
        number = place.session.places.in_line().filter(position__lte=place.position).count()
        said = _("It is full: %(name)s is number %(number)d on the waiting list of %(reference)s.")
        messages.warning(request, said % {**facts, "number": number})
    else:
        messages.success(request, _("%(name)s has a place at %(reference)s.") % facts)
    if not place.person.email:
        messages.warning(request, _("They have no email address: tell them on the phone when it is and how to join."))


CALLER = ObjectAction(
    "caller",
    gettext_lazy("Add a caller"),
    page=caller_page,
    available=lambda session: session.is_scheduled and not session.has_begun(timezone.now()),
    explanation=gettext_lazy(
        "If it is full, they go to the end of the waiting list. If they have an email address, they get an email."
    ),
)

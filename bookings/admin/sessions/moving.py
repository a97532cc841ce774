"""Moving a session to another time, with what stands in the way of it said before."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.admin.sessions.showing import address, fingerprint, show
from bookings.models import OpenSession
from bookings.services.sessions.changing import move_session
from bookings.services.sessions.clashing import Clash, clashes
from bookings.services.sessions.errors import SessionMoved
from bookings.services.sessions.planning import Planned
from ctac.errors import DomainError
from ctac.forms import PageForm
from ctac.staff import ObjectAction
from ctac.staff_fields import ClockField, DayField, near_today, uk_moment
from ctac.uk import UK
from professionals.safeguarding import StaffForm

if TYPE_CHECKING:
    from bookings.admin.sessions.listing import OpenSessionAdmin


class MoveForm(StaffForm, PageForm):
    free_text_fields = ("reason",)

    day = DayField(
        label=gettext_lazy("Day"),
        lies_ahead=True,
        validators=[near_today],
        error_messages={"required": gettext_lazy("Enter the day.")},
    )
    clock = ClockField(label=gettext_lazy("Starts at"), error_messages={"required": gettext_lazy("Enter the time it starts.")})
    reason = forms.CharField(
        label=gettext_lazy("Why does it move?"),
        required=False,
        max_length=300,
        help_text=gettext_lazy("Everybody who is told reads this. No details of a child."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("day") and cleaned.get("clock"):
            try:
                return {**cleaned, "start": uk_moment(cleaned["day"], cleaned["clock"])}
            except ValidationError as error:
                self.add_error("clock", error)
        return cleaned


def move_page(page: "OpenSessionAdmin", request: HttpRequest, session: OpenSession, action: ObjectAction) -> HttpResponse:
    now, start = timezone.now(), session.starts_at.astimezone(UK)
    form = MoveForm(request.POST if request.method == "POST" else None, initial={"day": start.date(), "clock": start.time()})
    found: list[Clash] = []
    if form.is_valid():
        found = in_the_way(session, form.cleaned_data["start"], now)
        hard = [clash for clash in found if clash.hard]
        for clash in hard:
            form.add_error("clock", clash.what)
        if request.POST.get("starts") != session.starts_at.isoformat():  # a colleague moved it since the page was drawn
            form.add_error(None, SessionMoved.message)
        elif not hard and is_seen(form, found, request) and move(form, session, request, now):
            session.refresh_from_db()
            messages.success(request, _("It has moved to %(when)s. Everybody concerned gets an email.") % {"when": session.when})
            return redirect(address(session))
    soft = [clash for clash in found if not clash.hard]
    return show(
        page,
        request,
        session,
        action,
        "bookings/staff/sessions/move.html",
        form,
        soft=soft,
        seen=seen(found),
        starts=session.starts_at.isoformat(),
        told=who_is_told(session),
    )


def is_seen(form: MoveForm, found: list[Clash], request: HttpRequest) -> bool:
    """What yields to staff was shown before, and they say why they go on."""
    if request.POST.get("seen", "") != seen(found):
        return False
    if found and not form.cleaned_data["reason"]:
        form.add_error("reason", _("Something speaks against this time: write why it moves."))
        return False
    return True


def seen(found: list[Clash]) -> str:
    return fingerprint(clash.what for clash in found if not clash.hard)


def in_the_way(session: OpenSession, start: datetime, now: datetime) -> list[Clash]:
    wanted = Planned(session.presentation, session.presenter, start, session.capacity, session.own_joining_link)
    return clashes([wanted], now=now, moving=session)[0]


def move(form: MoveForm, session: OpenSession, request: HttpRequest, now: datetime) -> bool:
    given = form.cleaned_data
    more = {"reason": given["reason"], "flagged": form.flagged}
    try:
        move_session(session=session, starts_at=given["start"], by=request.user, now=now, **more)  # type: ignore[arg-type]
    except DomainError as refusal:
        form.add_error("clock", str(refusal.message))
        return False
    return True


def who_is_told(session: OpenSession) -> str:
    """'70 people with a place or an offer and 4 who wait get an email.'"""
    count = session.occupied + session.waiting
    if not count:
        return _("Nobody has a place yet.")
    said = ngettext(
        "%(count)d person who has a place, is offered one or waits gets an email.",
        "%(count)d people who have a place, are offered one or wait get an email.",
        count,
    )
    return said % {"count": count}


MOVE = ObjectAction(
    "move",
    gettext_lazy("Move to another time"),
    page=move_page,
    available=lambda session: session.is_scheduled and not session.has_begun(timezone.now()),
    explanation=gettext_lazy("The presenter stays, and gets an email with the change for their calendar, as everybody does."),
)

"""What staff can do with one open session: what each action asks for, and the service that it calls."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Case, Model, When
from django.forms import Form
from django.forms.boundfield import BoundField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from accounts.access import signed_in_user
from accounts.services import AccountGoneError
from bookings import text as bookings_text
from bookings.booking.admin.actions import TakeBackForm
from bookings.errors import OutsideRules
from bookings.feedback.admin import ATTENDANCE_ACTION, MORE_FEEDBACK_ACTION
from bookings.feedback.pdf import certificate
from bookings.feedback.views import pdf_response, who_to_tell_at
from bookings.models import BookingChannel, OpenSession, PlaceState, Presenter, SessionPlace, SessionState
from bookings.models.open_session import LIVE_PLACE_STATES
from bookings.open_sessions.admin.plan import JoiningForm, capacity_field
from bookings.open_sessions.queries import Clash, PlannedSession, clashes
from bookings.open_sessions.services import sessions as session_services
from bookings.open_sessions.services.notify import HAS_PLACE_STATES, SessionChanged, UnconfirmedCapacityCut
from bookings.open_sessions.services.places import accept_offer, give_up_place, mark_attended, take_place
from bookings.open_sessions.services.sessions import (
    assign_presenter,
    may_have_read_details,
    reschedule_session,
    set_capacity,
    set_joining_details,
)
from bookings.schedule.admin import override_reason_field, presenter_field
from bookings.schedule.forms import DayAndTimeForm
from bookings.schedule.substitutes import rank_presenters_for_session
from bookings.text import waiting_list_number
from core.dates import UK_TZ
from core.errors import DomainError
from core.forms import PageForm, domain_error_to_form
from core.pages import add_correction_messages
from professionals import drafts
from professionals.admin import audit_people_shown, begin_call, name_organisation_text, prefill_explanation
from professionals.forms import CallerForm
from professionals.safeguarding.forms import CONFIRM_FIELD, StaffForm, StaffReasonForm, reason_field
from professionals.services import find_or_enter_person
from staff.actions import ObjectAction
from staff.lists import phone_link

if TYPE_CHECKING:
    from bookings.open_sessions.admin.sessions import OpenSessionAdmin


def session_admin_url(session: OpenSession) -> str:
    return reverse("staff:bookings_opensession_change", args=[session.pk])


def action_response(
    page: "OpenSessionAdmin",
    request: HttpRequest,
    session: OpenSession,
    action: ObjectAction,
    template: str,
    form: Any,
    **more: Any,
) -> HttpResponse:
    about = page.get_action_context(request, action, session, session_admin_url(session))
    return TemplateResponse(request, template, {**about, "form": form, **more})


def fingerprint(shown: Iterable[Model | str]) -> str:
    """A digest of what the page shows: the same rows or sentences in the same order give the same digest."""
    parts = "|".join(part if isinstance(part, str) else str(part.pk) for part in shown)
    return hashlib.sha256(parts.encode()).hexdigest()[:32] if parts else ""


def is_upcoming(session: OpenSession) -> bool:
    return session.is_scheduled and not session.has_begun(timezone.now())


class SessionPresenterForm(StaffReasonForm, PageForm):
    presenter = presenter_field(gettext_lazy("Who gives it?"), missing=gettext_lazy("Choose a presenter."))
    reason = override_reason_field(
        gettext_lazy(
            "You need a reason only if this is outside the presenter’s hours, or they don’t give this presentation. "
            "Nobody can be in two places."
        )
    )


def assign_within_rules(session: OpenSession, *, presenter: Presenter, now: datetime, reason: str, **others: Any) -> None:
    verdict = rank_presenters_for_session(session, now).verdict_for(presenter)
    if verdict and verdict.violations and not reason:
        raise OutsideRules(verdict.violations)
    assign_presenter(session, presenter=presenter, now=now, reason=reason, **others)


# One service, two buttons: a session without a presenter needs one; another session changes it.
CHOOSE_PRESENTER_OPTIONS: dict[str, Any] = {"service": assign_within_rules, "form_class": SessionPresenterForm}
ASSIGN_ACTION = ObjectAction(
    "assign",
    gettext_lazy("Choose a presenter"),
    available=lambda session: session.needs_a_presenter,
    explanation=gettext_lazy("The presenter will get an email with a calendar entry."),
    done=gettext_lazy("The session has a presenter. They will get an email."),
    weight="main",
    **CHOOSE_PRESENTER_OPTIONS,
)
REASSIGN_ACTION = ObjectAction(
    "reassign",
    gettext_lazy("Change the presenter"),
    available=lambda session: session.is_scheduled and session.presenter_id is not None,
    explanation=gettext_lazy(
        "Both presenters will get an email. If the joining link changes, everybody who knows how to join will get one too."
    ),
    done=gettext_lazy("The presenter is changed. Everyone concerned will get an email."),
    **CHOOSE_PRESENTER_OPTIONS,
)


class CapacityForm(PageForm):
    capacity = capacity_field(gettext_lazy("How many places?"))
    # The number that the page showed: somebody else may have changed it since.
    expected = forms.IntegerField(widget=forms.HiddenInput)


def capacity_page(page: "OpenSessionAdmin", request: HttpRequest, session: OpenSession, action: ObjectAction) -> HttpResponse:
    """A cut first shows exactly who would go back to the waiting list, and asks."""
    data = request.POST if request.method == "POST" else None
    form = CapacityForm(data, initial={"capacity": session.capacity, "expected": session.capacity})
    going: list[SessionPlace] = []
    capacity = None
    if form.is_valid():
        capacity = form.cleaned_data["capacity"]
        going = people_going_back(session, session.occupied - capacity)
        if not going or request.POST.get("going", "") == fingerprint(going):
            try:
                set_capacity(
                    session=session,
                    **form.cleaned_data,
                    back_to_line=len(going),
                    by=signed_in_user(request),
                    now=timezone.now(),
                )
            except UnconfirmedCapacityCut as refusal:
                session.refresh_from_db()
                going = people_going_back(session, refusal.people)
            except DomainError as refusal:
                if isinstance(refusal, SessionChanged):  # asked again, with the session as it is now
                    session.refresh_from_db()
                    form = CapacityForm({"capacity": str(capacity), "expected": str(session.capacity)})
                form.add_error(None, str(refusal.message))
                going = []
            else:
                done = ngettext(
                    "There is %(places)d place now. Everyone concerned will get an email.",
                    "There are %(places)d places now. Everyone concerned will get an email.",
                    capacity,
                )
                messages.success(request, done % {"places": capacity})
                return redirect(session_admin_url(session))
    more: dict[str, Any] = {"going": going, "seen": fingerprint(going), "new": capacity}
    return action_response(page, request, session, action, "bookings/open_sessions/staff/capacity.html", form, **more)


def people_going_back(session: OpenSession, count: int) -> list[SessionPlace]:
    """The people who go back to the waiting list when so many must: those with an offer first, then the newest places."""
    if count <= 0:
        return []
    held = session.places.filter(state__in=(PlaceState.OFFERED, PlaceState.TAKEN)).select_related("person__organisation")
    offers_first = Case(When(state=PlaceState.OFFERED, then=0), default=1)
    return list(held.order_by(offers_first, "-position")[:count])


CAPACITY_ACTION = ObjectAction(
    "capacity",
    gettext_lazy("Change the number of places"),
    page=capacity_page,
    available=is_upcoming,
    explanation=gettext_lazy(
        "New places go to the people on the waiting list, in order. If you enter fewer places than are taken, the next "
        "page will show who must go back to the waiting list, and ask you first."
    ),
)


class RescheduleSessionForm(StaffReasonForm, DayAndTimeForm):
    reason = reason_field(
        gettext_lazy("Why are you moving it?"),
        hint=gettext_lazy("Everybody who gets the email will read this. No details of a child."),
    )


def reschedule_page(page: "OpenSessionAdmin", request: HttpRequest, session: OpenSession, action: ObjectAction) -> HttpResponse:
    """Clashes are shown first. Staff may override the soft ones with a reason."""
    now, start = timezone.now(), session.starts_at.astimezone(UK_TZ)
    data = request.POST if request.method == "POST" else None
    form = RescheduleSessionForm(data, initial={"day": start.date(), "clock": start.time()})
    soft: list[Clash] = []
    if form.is_valid():
        answers = form.cleaned_data
        planned = PlannedSession(
            session.presentation, session.presenter, answers["start"], session.capacity, session.own_joining_link
        )
        against = clashes([planned], now=now, moving=session)[0]
        soft = [clash for clash in against if not clash.hard]
        hard = [clash for clash in against if clash.hard]
        was_seen = request.POST.get("seen", "") == fingerprint(clash.what for clash in soft)
        for clash in hard:
            form.add_error("clock", clash.what)
        if request.POST.get("starts") != session.starts_at.isoformat():  # a colleague moved it since the page was drawn
            form.add_error(None, SessionChanged.message)
        elif not hard and was_seen and soft and not answers["reason"]:
            form.add_error("reason", _("This time has a problem. Write why you are moving it."))
        elif not hard and was_seen:
            how = {"reason": answers["reason"], "flagged": form.flagged}
            with domain_error_to_form(form, beside="clock"):
                reschedule_session(session=session, starts_at=answers["start"], by=signed_in_user(request), now=now, **how)
                session.refresh_from_db()
                done = _("The session has moved to %(when)s. Everyone concerned will get an email.")
                messages.success(request, done % {"when": session.when})
                return redirect(session_admin_url(session))
    count = session.occupied + session.waiting
    recipients = ngettext(
        "%(count)d person with a place, an offer or a turn on the waiting list will get an email.",
        "%(count)d people with a place, an offer or a turn on the waiting list will get an email.",
        count,
    )
    more: dict[str, Any] = {
        "soft": soft,
        "seen": fingerprint(clash.what for clash in soft),
        "starts": session.starts_at.isoformat(),
        "recipients": recipients % {"count": count} if count else _("Nobody has a place yet."),
    }
    return action_response(page, request, session, action, "bookings/open_sessions/staff/move.html", form, **more)


RESCHEDULE_ACTION = ObjectAction(
    "move",
    gettext_lazy("Move to another time"),
    page=reschedule_page,
    available=is_upcoming,
    explanation=gettext_lazy("The presenter stays the same. Everyone will get an email with the change for their calendar."),
)


def joining_details_page(
    page: "OpenSessionAdmin", request: HttpRequest, session: OpenSession, action: ObjectAction
) -> HttpResponse:
    typed = {"own_joining_link": session.own_joining_link, "joining_help": session.joining_help}
    known = may_have_read_details(session)
    form = JoiningForm(request.POST if request.method == "POST" else None, initial=typed)
    if form.is_valid():
        with domain_error_to_form(form):
            count = set_joining_details(session=session, by=signed_in_user(request), now=timezone.now(), **form.cleaned_data)
            if count:
                message = _("How to join is changed. Everybody with a place will get an email.")
            elif not known:
                message = _("How to join is changed. Nobody had read it before, so nobody will get an email.")
            elif session.places.filter(state__in=HAS_PLACE_STATES).exists():
                message = _("How to join is changed. Nobody with a place has an email address, so please call them.")
            else:
                message = _("How to join is changed. Nobody has a place yet, so nobody will get an email.")
            messages.success(request, message)
            return redirect(session_admin_url(session))
    return action_response(page, request, session, action, "bookings/open_sessions/staff/joining.html", form, known=known)


JOINING_DETAILS_ACTION = ObjectAction(
    "joining",
    gettext_lazy("Change how to join"),
    page=joining_details_page,
    available=lambda session: session.is_scheduled,
    explanation=gettext_lazy("Only the presenter and people with a place can see this."),
)


class CallerPlaceForm(StaffForm, CallerForm):
    free_text_fields = ("access_needs",)

    access_needs = forms.CharField(
        label=gettext_lazy("What do they need to take part?"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy(
            "For example, live captions. The presenter will read this without their name. No details of a child."
        ),
    )
    channel = forms.ChoiceField(
        label=gettext_lazy("How did they get in touch?"),
        choices=[(channel.value, channel.label) for channel in (BookingChannel.PHONE, BookingChannel.EMAIL)],
    )
    field_order = [*CallerForm.field_order, "access_needs", "channel"]

    @property
    def place_fields(self) -> list[BoundField]:
        return [self[name] for name in ("access_needs", "channel", CONFIRM_FIELD) if name in self.fields]


def take_place_page(page: "OpenSessionAdmin", request: HttpRequest, session: OpenSession, action: ObjectAction) -> HttpResponse:
    """Take a place for somebody who called or wrote."""
    sent = request.POST.get("token", "")
    token = sent if drafts.SECRET_PATTERN.fullmatch(sent) else secrets.token_urlsafe(32)
    call = begin_call(request, lambda: page.get_action_context(request, action, session, session_admin_url(session)))
    if call.page is not None:
        return call.page
    form = CallerPlaceForm(call.data, known=call.known, initial=call.typed)
    starts, now = session.starts_at.isoformat(), timezone.now()
    if form.is_valid() and request.POST.get("starts", starts) != starts:
        moved = _("This session has moved to %(when)s since you opened the page. Ask the caller if that suits them.")
        form.add_error(None, moved % {"when": session.when})
    if form.is_valid():
        answers, by = form.cleaned_data, signed_in_user(request)
        asked = {"channel": answers["channel"], "access_needs": answers["access_needs"], "flagged": form.flagged, "token": token}
        try:
            form.save_new_phone(by, now)
            with transaction.atomic():  # a refusal leaves no new person behind
                person = find_or_enter_person(**form.person_kwargs(), by=by, now=now)
                others = session.places.filter(person=person).exclude(submission_token=token)
                was_there = others.filter(state__in=LIVE_PLACE_STATES).exists()
                place = take_place(session=session, person=person, by=by, now=now, **asked)
        except DomainError as refusal:
            form.add_error(None, str(refusal.of_a_caller if isinstance(refusal, AccountGoneError) else refusal.message))
        else:
            facts: dict[str, Any] = {"name": place.person.name, "reference": session.reference}
            add_correction_messages(request, form)
            if was_there:
                messages.info(request, _("%(name)s is already on this session’s list. Nothing has changed.") % facts)
                return redirect(session_admin_url(session))
            if place.state == PlaceState.WAITING:
                facts["number"] = waiting_list_number(place)
                full = _("%(reference)s is full, so %(name)s is number %(number)d on the waiting list.")
                messages.warning(request, full % facts)
            else:
                messages.success(request, _("%(name)s has a place at %(reference)s.") % facts)
            if not place.person.email:
                messages.warning(request, _("They have no email address. Call them to say when it is and how to join."))
            return redirect(session_admin_url(session))
    audit_people_shown(request, form.shown)
    template = "bookings/open_sessions/staff/caller.html"
    return action_response(
        page,
        request,
        session,
        action,
        template,
        form,
        token=token,
        starts=starts,
        known=call.known,
        intro=prefill_explanation(call.known),
    )


ADD_CALLER_ACTION = ObjectAction(
    "caller",
    gettext_lazy("Add a caller"),
    page=take_place_page,
    available=is_upcoming,
    explanation=gettext_lazy(
        "If the session is full, they go to the end of the waiting list. If they have an email address, they will get an email."
    ),
)


def place_action_page(page: "OpenSessionAdmin", request: HttpRequest, session: OpenSession, action: ObjectAction) -> HttpResponse:
    """Act for one person (?place=12) after a phone call: take what they are offered, or give up their place."""
    asked = request.GET.get("place", "")
    is_key = asked.isascii() and asked.isdigit() and len(asked) < 10
    places = session.places.select_related("person__organisation", "session")
    place: SessionPlace | None = places.filter(pk=int(asked)).first() if is_key else None
    if place is None:
        raise Http404
    person, now = place.person, timezone.now()
    form = Form(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        with domain_error_to_form(form):
            if request.POST.get("do") == "accept":
                accept_offer(place=place, by=signed_in_user(request), now=now)
                message = _("%(name)s has a place.")
            else:
                give_up_place(place=place, by=signed_in_user(request), now=now)
                message = _(
                    "%(name)s no longer has a place or a turn. A free place will go to the next person on the waiting list."
                )
            messages.success(request, message % {"name": person.name})
            return redirect(session_admin_url(session))
    rows = [
        bookings_text.summary_row(_("When"), session.when),
        bookings_text.summary_row(_("Person"), name_organisation_text(person)),
        bookings_text.summary_row(_("Phone"), phone_link(person.phone)),
        bookings_text.summary_row(_("Email"), person.email or _("No email address: call them")),
        bookings_text.summary_row(_("State"), place.get_state_display()),
    ]
    if place.offer_expires_at:
        rows.append(bookings_text.summary_row(_("Offered until"), bookings_text.moment_text(place.offer_expires_at)))
    more = {"place": place, "rows": rows, "offered": place.state == PlaceState.OFFERED}
    return action_response(page, request, session, action, "bookings/open_sessions/staff/place.html", form, **more)


ONE_PLACE_ACTION = ObjectAction(
    "place",
    gettext_lazy("Act for one person"),
    page=place_action_page,
    available=is_upcoming,
)


class CancelSessionForm(StaffReasonForm):
    reason = reason_field(
        gettext_lazy("Why is it cancelled?"),
        missing=gettext_lazy("Write why it is cancelled."),
        hint=gettext_lazy("Everybody who gets the email will read this. No details of a child."),
        most=500,
        rows=3,
    )


SEND_JOINING_DETAILS_ACTION = ObjectAction(
    "send",
    gettext_lazy("Send how to join"),
    session_services.send_joining_details,
    available=lambda session: is_upcoming(session) and bool(session.joining_link) and session.details_sent_at is None,
    explanation=gettext_lazy(
        "Everybody with a place will get an email with the joining link and how to join. People who get a place later "
        "will get this with their place."
    ),
    done=gettext_lazy("Everybody with a place will get an email that says how to join."),
    weight="main",
)
MARK_DELIVERED_ACTION = ObjectAction(
    "delivered",
    gettext_lazy("Mark as delivered"),
    session_services.mark_session_delivered,
    available=lambda session: session.is_scheduled and session.presenter_id is not None and session.ends_at <= timezone.now(),
    explanation=gettext_lazy(
        "Press this once the session has taken place. Everybody who had a place will get an email that asks how it was "
        "and offers a certificate."
    ),
    done=gettext_lazy("The session is marked as delivered."),
    weight="main",
)
CANCEL_ACTION = ObjectAction(
    "cancel",
    gettext_lazy("Cancel this session"),
    session_services.cancel_session,
    available=lambda session: session.can_become(SessionState.CANCELLED),
    form_class=CancelSessionForm,
    explanation=gettext_lazy(
        "The presenter and everybody with a place, an offer or a turn on the waiting list will get an email. The session "
        "will go from their calendars, and the presenter’s time will be free again."
    ),
    done=gettext_lazy("The session is cancelled. Everyone concerned will get an email."),
    weight="stop",
)
TAKE_BACK_DELIVERED_ACTION = ObjectAction(
    "not-delivered",
    gettext_lazy("Take back “delivered”"),
    session_services.take_back_session_delivered,
    available=lambda session: session.state == SessionState.DELIVERED and not session.anonymised_at,
    form_class=TakeBackForm,
    explanation=gettext_lazy(
        "The session will be scheduled again. You can’t do this once anybody has recorded who came or given feedback. Nobody "
        "will get an email about this. If you mark the session as delivered again, we will ask people how it was."
    ),
    done=gettext_lazy("The session is no longer marked as delivered."),
)
TAKE_BACK_CANCELLED_ACTION = ObjectAction(
    "not-cancelled",
    gettext_lazy("Take back the cancellation"),
    session_services.take_back_session_cancelled,
    available=lambda session: session.state == SessionState.CANCELLED and not session.anonymised_at,
    form_class=TakeBackForm,
    explanation=gettext_lazy(
        "The session will be as it was before, if the presenter is still free. The presenter and everybody with a place, an "
        "offer or a turn on the waiting list will get an email. Offers start again."
    ),
    done=gettext_lazy("The session is no longer cancelled. If it is still to come, everyone concerned will get an email."),
)
SESSION_ATTENDANCE_ACTION = replace(
    ATTENDANCE_ACTION,
    explanation=gettext_lazy(
        "Enter numbers, not names. This changes nobody’s place. If the session is over, this also marks it as delivered, "
        "and everybody who had a place will get an email that asks how it was."
    ),
)


# The list of people to print. Once the session has begun, staff tick who came, and can make certificates with their names.

MAX_WAITING_SHOWN = 200


class MarkAttendedForm(PageForm):
    came = forms.TypedMultipleChoiceField(label=gettext_lazy("Who came"), coerce=int, required=False)

    def __init__(self, data: Any, *, places: Iterable[SessionPlace]) -> None:
        super().__init__(data)
        self.fields["came"].choices = [(place.pk, place.person.name) for place in places]  # type: ignore[attr-defined]


def mark_attended_page(
    page: "OpenSessionAdmin", request: HttpRequest, session: OpenSession, action: ObjectAction
) -> HttpResponse:
    now, places = timezone.now(), session.places.select_related("person__organisation")
    coming = list(places.filter(state__in=HAS_PLACE_STATES).order_by("person__name", "pk"))
    if "certificate" in request.GET:
        named = next((place for place in coming if str(place.pk) == request.GET["certificate"]), None)
        if named is None or named.state != PlaceState.ATTENDED:
            raise Http404
        pdf = certificate(session, named.person.name, who=who_to_tell_at(session), made_at=now, ticked=True)
        return pdf_response(pdf, f"{session.reference}-certificate")
    form = MarkAttendedForm(request.POST if request.method == "POST" else None, places=coming)
    if form.is_valid():
        with domain_error_to_form(form):
            count = mark_attended(session=session, places=form.cleaned_data["came"], by=signed_in_user(request), now=now)
            done = ngettext("%(count)d more person came.", "%(count)d more people came.", count) % {"count": count}
            messages.success(request, done)
            return redirect(request.path)
    more = {"coming": coming, "waiting": places.waiting()[:MAX_WAITING_SHOWN], "may_tick": session.has_begun(now)}
    return action_response(page, request, session, action, "bookings/open_sessions/staff/people.html", form, **more)


PEOPLE_LIST_ACTION = ObjectAction(
    "people",
    gettext_lazy("Print the list of people"),
    page=mark_attended_page,
    available=lambda session: session.state != SessionState.CANCELLED,
    explanation=gettext_lazy(
        "Print this page with your browser’s own button. Once the session has begun, tick who came and save: each of "
        "them can then have a certificate with their name. A tick can’t be taken back."
    ),
)
OBJECT_ACTIONS = (
    *(
        ASSIGN_ACTION,
        MARK_DELIVERED_ACTION,
        SEND_JOINING_DETAILS_ACTION,
        SESSION_ATTENDANCE_ACTION,
        PEOPLE_LIST_ACTION,
        MORE_FEEDBACK_ACTION,
        ADD_CALLER_ACTION,
        CAPACITY_ACTION,
        REASSIGN_ACTION,
        RESCHEDULE_ACTION,
        JOINING_DETAILS_ACTION,
        CANCEL_ACTION,
        TAKE_BACK_DELIVERED_ACTION,
        TAKE_BACK_CANCELLED_ACTION,
    ),
    ONE_PLACE_ACTION,
)

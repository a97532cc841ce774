"""Changing a booking: its time, for its owner and by a link in an email, or what they told us about the day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import model_to_dict
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import signed_in
from accounts.models import User
from bookings import text
from bookings.booking.forms import DetailsForm, answers_of
from bookings.booking.limits import changeable_until, may_still_change, too_many_changes
from bookings.booking.services.reschedule import change_details, reschedule
from bookings.booking.views.bookings import own_booking
from bookings.errors import AnotherAudience, MoveRefused, NothingChanged, NoTimeAgreed, SlotTaken, Stale, TooLateToChange
from bookings.models import Booking, Format
from bookings.schedule import picker as schedule_picker
from bookings.schedule.forms import WhenForm, slot_value, to_start
from bookings.schedule.queries import open_schedule
from bookings.schedule.slots import SlotQuery
from bookings.travel import find_place
from ctac.dates import format_span, uk_day
from ctac.forms import FORM_METHODS
from professionals import drafts
from professionals.access import person_in, person_required
from professionals.models import Draft, DraftKind

# Changing the time of a booking: choose one, check it, move. The same pages for its owner and for a link in an email.


@dataclass(frozen=True)
class ReschedulePages:
    """The booking, who asks for it, and where these pages are for them. By a link in an email nobody knows who it is."""

    booking: Booking
    by: User | None
    back: str
    time: str
    check: str

    @property
    def by_link(self) -> bool:
        return self.by is None

    @property
    def slot_query(self) -> SlotQuery:
        booking = self.booking
        place = find_place(booking.postcode) if booking.format == Format.WORKPLACE else None
        return SlotQuery.of(booking, place)

    @property
    def ignoring(self) -> dict[str, object]:
        """Its own time is not in its way."""
        return {"booking": self.booking}


def choose_time(request: HttpRequest, way: ReschedulePages, now: datetime) -> HttpResponse:
    """A week of times. Choosing one leads to the page that asks."""
    if not may_reschedule(way.booking, now):
        return reschedule_page(request, way, "bookings/time_choose.html", can_move=False)
    posted = request.method == "POST"
    form = WhenForm(request.POST, days=[]) if posted else None
    if form and form.is_valid():
        return redirect(check_url(way, form.cleaned_data["start"]))
    typed = request.POST if posted else None
    query, has = week_asked_for(way.booking, request.GET), way.booking.starts_at
    picker = schedule_picker.pick(way.slot_query, query=query, now=now, ignoring=way.ignoring, excluded=has, typed=typed)
    return reschedule_page(request, way, "bookings/time_choose.html", picker=picker, form=picker.form, can_move=True)


def week_asked_for(booking: Booking, query: QueryDict) -> QueryDict:
    """The week that the query asks for, else the week in which the booking is: most want a day near it."""
    if "week" in query or booking.starts_at is None:
        return query
    asked = query.copy()
    asked["week"] = uk_day(booking.starts_at).isoformat()
    return asked


def check_time(request: HttpRequest, way: ReschedulePages, now: datetime) -> HttpResponse:
    """The time that it has and the one that it would have; the button moves it."""
    sent = request.POST if request.method == "POST" else request.GET
    try:
        start = to_start(sent.get("start", ""))
    except ValidationError:
        return redirect(way.time)
    if request.method == "POST":
        return move_to(request, way, start, request.POST.get("version", ""), now)
    if way.booking.starts_at == start:
        messages.info(request, _("It is at this time already."))
        return redirect(way.back)
    if not may_reschedule(way.booking, now):
        return redirect(way.time)
    if not is_offered(way, start, now):
        return lost_page(request, way, start, now)
    return check_page(request, way, start)


def move_to(request: HttpRequest, way: ReschedulePages, start: datetime, version: str, now: datetime) -> HttpResponse:
    if stop := too_many_changes(request, way.booking, now):
        return check_page(request, way, start, warning=stop.sentence(now), status=429)
    try:
        moved = reschedule(booking=way.booking, start=start, expected=version, by=way.by, by_link=way.by_link, now=now)
    except Stale as refusal:
        way.booking.refresh_from_db(fields=["state", "starts_at", "ends_at", "sequence", "revision"])
        if way.booking.starts_at == start:  # the same button, pressed twice
            return redirect(way.back)
        return check_page(request, way, start, warning=str(refusal.message))
    except SlotTaken:
        return lost_page(request, way, start, now)
    except (MoveRefused, NoTimeAgreed, TooLateToChange, NothingChanged) as refusal:  # staff offered other times meanwhile, say
        messages.warning(request, refusal.message)
        return redirect(way.back)
    messages.success(request, _("It has moved to %(when)s. We have sent you an email.") % {"when": moved.when})
    return redirect(way.back)


def may_reschedule(booking: Booking, now: datetime) -> bool:
    """Whether its owner can choose another time here: it has one, and the cut-off has not passed."""
    return booking.has_time and may_still_change(booking, now)


def is_offered(way: ReschedulePages, start: datetime, now: datetime) -> bool:
    day = uk_day(start)
    schedule = open_schedule(way.slot_query, first_day=day, last_day=day, now=now, ignoring=way.ignoring)
    return bool(schedule.offered_to(start))


def check_url(way: ReschedulePages, start: datetime) -> str:
    return f"{way.check}?{urlencode({'start': slot_value(start)})}"


def check_page(
    request: HttpRequest, way: ReschedulePages, start: datetime, *, warning: str = "", status: int = 200
) -> HttpResponse:
    """A page that was too old shows how it stands now and can be sent again."""
    end = start + way.booking.presentation.length
    rows = [
        text.row(_("Presentation"), way.booking.presentation.title),
        text.row(_("Time now"), way.booking.when),
        text.row(_("New time"), format_span(start, end)),
    ]
    more = {
        "rows": rows,
        "start": slot_value(start),
        "warning": warning,
        "other_times": f"{way.time}?{urlencode({'week': uk_day(start).isoformat()})}",
    }
    return reschedule_page(request, way, "bookings/time_check.html", status=status, **more)


def lost_page(request: HttpRequest, way: ReschedulePages, start: datetime, now: datetime) -> HttpResponse:
    """That time has gone: the nearest ones, ready to choose. The booking is where it was."""
    picker = schedule_picker.pick_nearest(way.slot_query, start, now=now, ignoring=way.ignoring)
    return reschedule_page(
        request, way, "bookings/time_choose.html", picker=picker, form=picker.form, form_action=way.time, can_move=True
    )


def reschedule_page(
    request: HttpRequest, way: ReschedulePages, template: str, *, status: int = 200, **more: object
) -> HttpResponse:
    """By a link the page says the least it can: no reference, no names."""
    context = {"booking": way.booking, "way": way, "until": changeable_until(way.booking), **more}
    return render(request, template, context, status=status)


# Changing a booking, for its owner: its time, or what they told us about the day. Anybody else's is not found.

STEP = "change"


@require_http_methods(FORM_METHODS)
@person_required
def booking_time(request: HttpRequest, reference: str) -> HttpResponse:
    return choose_time(request, reschedule_pages_of(request, reference), timezone.now())


@require_http_methods(FORM_METHODS)
@person_required
def booking_time_check(request: HttpRequest, reference: str) -> HttpResponse:
    return check_time(request, reschedule_pages_of(request, reference), timezone.now())


def reschedule_pages_of(request: HttpRequest, reference: str) -> ReschedulePages:
    back, time, check = (reverse(name, args=[reference]) for name in ("booking", "booking_time", "booking_time_check"))
    return ReschedulePages(own_booking(request, reference), signed_in(request), back, time, check)


# The details


@require_http_methods(FORM_METHODS)
def booking_details(request: HttpRequest, reference: str) -> HttpResponse:
    """What is typed is kept before anybody is asked to sign in: a session may have run out meanwhile."""
    now = timezone.now()
    unknown = request.user.is_authenticated and not person_in(request)
    if request.method != "POST" or unknown:
        return details_asked(request, reference)
    found = own_booking(request, reference) if person_in(request) else None
    form = DetailsForm(request.POST)
    if not form.is_valid():
        return details_page(request, reference, found, form, version=request.POST.get("version", ""))
    version = request.POST.get("version", "")
    answer = {"reference": reference, "version": version, "answers": answers_of(form), "flagged": form.flagged}
    drafts.save_step(drafts.find_or_start(request, DraftKind.CHANGE, now), STEP, answer, now)
    return redirect("booking_details_check", reference=reference)


@person_required
def details_asked(request: HttpRequest, reference: str) -> HttpResponse:
    found = own_booking(request, reference)
    typed = kept_details(request, reference, timezone.now())
    form = DetailsForm(initial=typed.answers if typed else model_to_dict(found))
    too_late = text.changed_rows(found, typed.booking) if typed else []
    return details_page(request, reference, found, form, version=typed.version if typed else found.version, too_late=too_late)


def details_page(
    request: HttpRequest,
    reference: str,
    booking: Booking | None,
    form: DetailsForm,
    *,
    version: str,
    too_late: Sequence[text.Row] = (),
) -> HttpResponse:
    """Without a booking where the session ran out: then the page says nothing of it, and keeps what was typed.

    `too_late`: what was typed, to be read out on the phone if the cut-off has passed meanwhile.
    """
    may = booking is None or may_still_change(booking, timezone.now())
    context = {"form": form, "booking": booking, "reference": reference, "version": version, "may_change": may}
    context["until"] = changeable_until(booking) if booking else ""
    rows = [] if may else too_late
    return render(request, "bookings/details_change.html", {**context, "rows": rows})


@dataclass(frozen=True)
class KeptDetails:
    """What was typed about this booking, and the version of it that the form was filled in from."""

    draft: Draft
    version: str
    answers: dict[str, Any]
    flagged: bool

    @property
    def booking(self) -> Booking:
        """Unsaved, with these answers alone."""
        return Booking(**self.answers)


def kept_details(request: HttpRequest, reference: str, now: datetime) -> KeptDetails | None:
    """None if nothing is kept, or what is kept is about another booking."""
    draft = drafts.find(request, DraftKind.CHANGE, now)
    answer: dict[str, Any] = draft.answers.get(STEP, {}) if draft else {}
    if draft is None or answer.get("reference") != reference:
        return None
    answers = {name: answer["answers"][name] for name in DetailsForm.base_fields}  # in the order of the page
    return KeptDetails(draft, answer["version"], answers, answer["flagged"])


@require_http_methods(FORM_METHODS)
@person_required
def booking_details_check(request: HttpRequest, reference: str) -> HttpResponse:
    now, found = timezone.now(), own_booking(request, reference)
    typed = kept_details(request, reference, now)
    if typed is None:
        messages.info(request, _("There is nothing to check. This is how your booking stands."))
        return redirect(found)
    if request.method == "POST":
        return change_booking(request, found, typed, now)
    if not may_still_change(found, now):
        return redirect("booking_details", reference=reference)
    return details_check_page(request, found, typed, warned=typed.version != found.version)


def change_booking(request: HttpRequest, booking: Booking, typed: KeptDetails, now: datetime) -> HttpResponse:
    """The version is that of the check page: whoever pressed its button has seen how it stands."""
    if stop := too_many_changes(request, booking, now):
        messages.warning(request, stop.sentence(now))
        return redirect("booking_details_check", reference=booking.reference)
    try:
        expected = request.POST.get("version", "")
        asked: dict[str, Any] = {"answers": typed.answers, "flagged": typed.flagged, "expected": expected}
        change_details(booking=booking, by=signed_in(request), now=now, **asked)
    except Stale:
        fresh = own_booking(request, booking.reference)
        if any(getattr(fresh, name) != answer for name, answer in typed.answers.items()):
            return details_check_page(request, fresh, typed, warned=True)
    except AnotherAudience as refusal:
        messages.warning(request, refusal.message)
        return redirect("booking_details", reference=booking.reference)  # with all that was typed
    except NothingChanged as refusal:
        messages.info(request, refusal.message)
    except (MoveRefused, TooLateToChange) as refusal:
        messages.warning(request, refusal.message)
        return redirect(booking)
    else:
        messages.success(request, _("Your changes are stored. We have sent you an email."))
    drafts.finish(typed.draft)
    return redirect(booking)


def details_check_page(request: HttpRequest, booking: Booking, typed: KeptDetails, *, warned: bool) -> HttpResponse:
    rows = text.changed_rows(booking, typed.booking)
    context = {"booking": booking, "rows": rows, "version": booking.version, "warned": warned}
    return render(request, "bookings/details_change_check.html", context)

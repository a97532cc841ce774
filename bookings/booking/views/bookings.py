"""Views that list presentations, and show, answer, change and cancel a booking."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import model_to_dict
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import signed_in_user
from accounts.models import LimitedActivity, ThrottleScope, User
from accounts.rate_limits import ReachedThrottle, Throttle, check_throttles, client_throttle
from bookings import text as bookings_text
from bookings.booking.forms import OTHER_TIMES, WITHDRAW, CancelForm, DetailsForm, OfferAnswerForm, answers_of
from bookings.booking.services.decide import OfferGone, ask_for_other_times, slot_query_of, take_offer
from bookings.booking.services.links import find_booking_by_link, find_booking_by_team_link, replace_team_link
from bookings.booking.services.reschedule import change_details, reschedule
from bookings.booking.services.transitions import cancel_booking, wants_reminders
from bookings.calendars import ical
from bookings.errors import (
    AudienceMismatch,
    NothingChanged,
    NoTimeAgreed,
    SlotTaken,
    StaleBooking,
    TooLateToCancel,
    TooLateToChange,
    TransitionNotAllowed,
)
from bookings.feedback.queries import feedback_panel_for_host
from bookings.models import Booking, BookingState, DateOptionKind, DateOptionState, Format, LinkPurpose, OpenSession, Presentation
from bookings.schedule.access import refusal_as_warning
from bookings.schedule.forms import WhenForm, parse_start, slot_value
from bookings.schedule.picker import Picker, build_nearest_picker, slot_picker_response
from bookings.schedule.queries import read_schedule
from bookings.seats.queries import nearby_seats_context
from bookings.text import SummaryRow, summary_row
from core.dates import format_datetime_range, uk_day
from core.errors import DomainError
from core.forms import FORM_METHODS
from core.pages import set_private_headers
from guidance.contacts.queries import who_to_tell
from professionals import drafts
from professionals.access import person_required, signed_in_person, signed_in_person_or_none
from professionals.models import Draft, DraftKind
from professionals.safeguarding.services import is_text_kept_back

# For one booking, for all who change it: nobody needs as many to plan a day, and each is an email to three people.
CHANGE_RATE_LIMIT = (20, timedelta(days=1))
# Opened or tried, by network address: a whole trust behind one address gets through, and guessing costs more than it finds.
LINK_RATE_LIMIT = (300, timedelta(hours=1))


@require_safe
def presentations(request: HttpRequest) -> HttpResponse:
    near = nearby_seats_context(signed_in_person_or_none(request), timezone.now())
    return render(request, "bookings/booking/presentations.html", {"presentations": Presentation.objects.offered(), **near})


@require_safe
def presentation(request: HttpRequest, slug: str) -> HttpResponse:
    presentation = get_object_or_404(Presentation.objects.offered(), slug=slug)
    has_sessions = OpenSession.objects.upcoming(timezone.now()).filter(presentation=presentation).exists()
    return render(request, "bookings/booking/presentation.html", {"presentation": presentation, "has_sessions": has_sessions})


# Pages for the booking's owner. To anybody else it doesn't exist.

CALENDAR_STATES = (BookingState.CONFIRMED, BookingState.DELIVERED)


def own_booking(request: HttpRequest, reference: str) -> Booking:
    mine = signed_in_person(request).bookings.with_related().with_leaflets().with_afterwards()
    return get_object_or_404(mine, reference=reference)


def may_book_again(booking: Booking, now: datetime) -> bool:
    """Whether it is over or closed, is still offered, and we have what it asked for."""
    known = booking.anonymised_at is None and not booking.is_imported
    return booking.is_finished(now) and known and booking.presentation.active


def page_context(booking: Booking) -> dict[str, object]:
    return {
        "booking": booking,
        # Its reference stands at the top of each page.
        "facts": [*bookings_text.booking_facts(booking, with_reference=False), *bookings_text.leaflet_rows_for_host(booking)],
        "leaflets_order": bookings_text.live_order(booking),
        "leaflets_are_short": bookings_text.has_missing_leaflets(booking),
        "has_calendar": booking.state in CALENDAR_STATES and booking.agreed_times[1] > timezone.now(),
        "may_change": booking.may_still_change(timezone.now()),
        "until": booking.last_day_to_change_text,
        "may_cancel": booking.can_become(BookingState.CANCELLED)
        and (booking.starts_at is None or booking.starts_at > timezone.now()),
    }


def dates_context(booking: Booking, now: datetime) -> dict[str, object]:
    """For a request without a time: the dates asked for and, while they may be answered, the times that we offer."""
    if booking.has_time:
        return {}
    options = list(booking.options.all())
    for option in options:
        option.booking = booking
    proposed = [option for option in options if option.kind == DateOptionKind.PROPOSED]
    offered = bookings_text.open_offers([option for option in proposed if option.is_kept(now)])
    return {
        "date_rows": bookings_text.date_rows(options, now),
        "offered": [option.when for option in offered],
        "offered_until": bookings_text.offers_kept_until_text(offered),
        "offers_gone": bookings_text.lapsed_offer_rows(proposed, now)
        if booking.state == BookingState.REQUESTED and not offered
        else [],
    }


@require_safe
@person_required
def booking(request: HttpRequest, reference: str) -> HttpResponse:
    booking = own_booking(request, reference)
    more = {
        "facts": [*bookings_text.booking_facts_without_title(booking), *bookings_text.leaflet_rows_for_host(booking)],
        **dates_context(booking, timezone.now()),
        "details": bookings_text.details_rows(booking),
        "history": bookings_text.booking_history(booking, request.user.pk),
        "after": feedback_panel_for_host(booking, timezone.now()),
        "who": who_to_tell(booking.contacts_postcode),
        "may_book_again": may_book_again(booking, timezone.now()),
        "may_offer_seats": booking.may_offer_seats(timezone.now()),
    }
    return render(request, "bookings/booking/booking.html", {**page_context(booking), **more})


@require_safe
@person_required
def booking_placed(request: HttpRequest, reference: str) -> HttpResponse:
    """The confirmation that people print and put on the wall, while the booking is open."""
    booking = own_booking(request, reference)
    if not booking.is_open:
        return redirect(booking)
    facts = [*bookings_text.printed_booking_facts(booking), *bookings_text.leaflet_rows_for_host(booking)]
    is_reminded = not booking.has_time or booking.reminder_due_at > timezone.now()
    stopped = is_reminded and not wants_reminders(booking.person)
    steps = bookings_text.booking_next_steps(booking, timezone.now(), reminds=not stopped)
    more = {
        "next_steps": steps,
        "stopped_reminders": stopped,
        "facts": facts,
        "who": who_to_tell(booking.contacts_postcode),
        **dates_context(booking, timezone.now()),
    }
    return render(request, "bookings/booking/placed.html", {**page_context(booking), **more})


@require_safe
@person_required
def booking_calendar(request: HttpRequest, reference: str) -> HttpResponse:
    booking = own_booking(request, reference)
    if booking.state not in CALENDAR_STATES:
        raise Http404
    entry = ical.booking_calendar(booking, "PUBLISH", now=timezone.now())
    named = {"Content-Disposition": f'attachment; filename="{booking.reference}.ics"'}
    return HttpResponse(entry, content_type="text/calendar; charset=utf-8", headers=named)


@require_http_methods(FORM_METHODS)
@person_required
def booking_cancel(request: HttpRequest, reference: str) -> HttpResponse:
    now, booking = timezone.now(), own_booking(request, reference)
    form = CancelForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        withdrawn = _("Your request is withdrawn. We have sent you an email.")
        done = (
            withdrawn if booking.state == BookingState.REQUESTED else _("This booking is cancelled. We have sent you an email.")
        )
        try:
            cancel_booking(booking=booking, by=request.user, now=now, reason=form.cleaned_data["reason"], flagged=form.flagged)  # type: ignore[arg-type]
        except (TransitionNotAllowed, TooLateToCancel) as refusal:
            messages.warning(request, refusal.message)
        else:
            messages.success(request, done)
        return redirect("booking", reference=booking.reference)
    return render(request, "bookings/booking/cancel.html", {"form": form, **page_context(booking)})


@require_http_methods(FORM_METHODS)
@person_required
def booking_team_link(request: HttpRequest, reference: str) -> HttpResponse:
    """Makes a new link for the host's team: the old one stops working. POST only."""
    booking = own_booking(request, reference)
    if request.method == "POST":
        with refusal_as_warning(request, _("Your team has a new link. The old one no longer works.")):
            replace_team_link(booking, by=signed_in_user(request), now=timezone.now())
    return redirect(booking)


@require_http_methods(FORM_METHODS)
@person_required
def booking_answer(request: HttpRequest, reference: str) -> HttpResponse:
    """The professional answers our offer: takes a time, asks for others, or withdraws."""
    now, booking = timezone.now(), own_booking(request, reference)
    offered = list(booking.options.proposed())
    if booking.state != BookingState.REQUESTED or not offered or offered[-1].state == DateOptionState.PASSED:
        # A link of an older email, or the same page sent twice: the booking's own page says how it stands now.
        if booking.state == BookingState.CONFIRMED:
            messages.info(request, _("This presentation is booked, so there is nothing left to choose."))
        else:
            messages.info(request, _("There is nothing to choose at the moment. This page says what happens next."))
        return redirect("booking", reference=booking.reference)
    offers = bookings_text.open_offers([option for option in offered if option.is_kept(now)])
    form = OfferAnswerForm(request.POST if request.method == "POST" else None, offers=offers)
    if form.is_valid():
        try:
            messages.success(request, answer_offer(request, booking, form, now))
        except (TransitionNotAllowed, OfferGone, SlotTaken) as refusal:
            messages.warning(request, refusal.message)
            return redirect("booking_answer" if isinstance(refusal, OfferGone) else "booking", reference=booking.reference)
        return redirect("booking", reference=booking.reference)
    context = {
        "booking": booking,
        "form": form,
        "until": bookings_text.offers_kept_until_text(offers),
        "lapsed": not offers,
        "gone_rows": bookings_text.lapsed_offer_rows(offered, now),
    }
    return render(request, "bookings/booking/answer.html", context)


def answer_offer(request: HttpRequest, booking: Booking, form: OfferAnswerForm, now: datetime) -> str:
    """Carry out the answer, and return the sentence that says what was done. Raises OfferGone if the time is not offered."""
    by, typed = request.user, form.cleaned_data
    if typed["answer"] == OTHER_TIMES:
        ask_for_other_times(booking=booking, words=typed["words"], by=by, now=now, flagged=form.flagged)  # type: ignore[arg-type]
        return _("Thank you. We will look for other times and email you.")
    if typed["answer"] == WITHDRAW:
        cancel_booking(booking=booking, by=by, now=now, reason=typed["why"], flagged=form.flagged)  # type: ignore[arg-type]
        return _("Your request is withdrawn. We have sent you an email.")
    option = form.offers.get(typed["answer"])
    if option is None:
        raise OfferGone
    take_offer(booking=booking, option=option, by=by, now=now)  # type: ignore[arg-type]
    return _("Your presentation is booked. We have sent you an email with the details.")


# Changing a booking's details, or its time: for its owner, and by a link in an email.


@dataclass(frozen=True)
class ReschedulePages:
    """The booking, and the addresses of these pages for its owner (`by`) or for the unknown reader of a link."""

    booking: Booking
    by: User | None
    back: str
    time: str
    check: str


def reschedule_pages(booking: Booking, by: User | None, key: str) -> ReschedulePages:
    """`key`: the booking's reference, or the token of a link in an email."""
    names = ("booking", "booking_time", "booking_time_check") if by else ("link_booking", "link_time", "link_time_check")
    return ReschedulePages(booking, by, *(reverse(name, args=[key]) for name in names))


def choose_time(request: HttpRequest, pages: ReschedulePages, now: datetime) -> HttpResponse:
    """A week of times. Choosing one leads to the page that checks it."""
    booking = pages.booking
    if not booking.may_reschedule(now):
        return reschedule_page(request, pages, "bookings/booking/time_choose.html", can_move=False)
    typed = request.POST if request.method == "POST" else None
    form = WhenForm(typed, days=[])
    if form.is_valid():
        return redirect(f"{pages.check}?{urlencode({'start': slot_value(form.cleaned_data['start'])})}")

    def page(picker: Picker) -> HttpResponse:
        return reschedule_page(
            request, pages, "bookings/booking/time_choose.html", picker=picker, form=picker.form, can_move=True
        )

    # The page opens at the week of the present time: most people want a day near it.
    has, ignoring = booking.starts_at, {"booking": booking}
    return slot_picker_response(
        request, slot_query_of(booking), page, now=now, ignoring=ignoring, chosen=has, excluded=has, typed=typed
    )


def check_time(request: HttpRequest, pages: ReschedulePages, now: datetime) -> HttpResponse:
    """The present time and the new one; the button moves the booking."""
    sent = request.POST if request.method == "POST" else request.GET
    try:
        start = parse_start(sent.get("start", ""))
    except ValidationError:
        return redirect(pages.time)
    if request.method == "POST":
        return submit_time(request, pages, start, request.POST.get("version", ""), now)
    if pages.booking.starts_at == start:
        messages.info(request, _("Your presentation is already at this time."))
        return redirect(pages.back)
    if not pages.booking.may_reschedule(now):
        return redirect(pages.time)
    if not is_offered(pages.booking, start, now):
        return slot_taken_page(request, pages, start, now)
    return reschedule_check_page(request, pages, start)


def submit_time(request: HttpRequest, pages: ReschedulePages, start: datetime, version: str, now: datetime) -> HttpResponse:
    if stop := reached_change_throttle(request, pages.booking, now):
        return reschedule_check_page(request, pages, start, warning=stop.sentence(now), status=429)
    try:
        moved = reschedule(booking=pages.booking, start=start, expected=version, by=pages.by, by_link=pages.by is None, now=now)
    except StaleBooking as refusal:
        pages.booking.refresh_from_db(fields=["state", "starts_at", "ends_at", "sequence", "revision"])
        if pages.booking.starts_at == start:  # the same button, pressed twice
            return redirect(pages.back)
        return reschedule_check_page(request, pages, start, warning=str(refusal.message))
    except SlotTaken:
        return slot_taken_page(request, pages, start, now)
    except (
        TransitionNotAllowed,
        NoTimeAgreed,
        TooLateToChange,
        NothingChanged,
    ) as refusal:  # staff offered other times meanwhile, say
        messages.warning(request, refusal.message)
        return redirect(pages.back)
    messages.success(request, _("Your presentation has moved to %(when)s. We have sent you an email.") % {"when": moved.when})
    return redirect(pages.back)


def reached_change_throttle(request: HttpRequest, booking: Booking, now: datetime) -> ReachedThrottle | None:
    """The limit that was reached, if any. Each change emails the presenter, us and the owner, and a link needs no sign-in."""
    throttle = Throttle(ThrottleScope.BOOKING, f"change-booking:{booking.pk}", *CHANGE_RATE_LIMIT)
    return check_throttles(request, LimitedActivity.CHANGE, [throttle], now)


def is_offered(booking: Booking, start: datetime, now: datetime) -> bool:
    """Whether the public could have that time. The booking's own time is not in its way."""
    day = uk_day(start)
    schedule = read_schedule(slot_query_of(booking), first_day=day, last_day=day, now=now, ignoring={"booking": booking})
    return bool(schedule.offered_candidates(start))


def reschedule_check_page(
    request: HttpRequest, pages: ReschedulePages, start: datetime, *, warning: str = "", status: int = 200
) -> HttpResponse:
    """The page that checks a new time. If it was out of date, it shows the booking as it is now and can be sent again."""
    end = start + pages.booking.presentation.length
    context = {
        "rows": [
            summary_row(_("Presentation"), pages.booking.presentation.title),
            summary_row(_("Time now"), pages.booking.when),
            summary_row(_("New time"), format_datetime_range(start, end)),
        ],
        "start": slot_value(start),
        "warning": warning,
        "other_times": f"{pages.time}?{urlencode({'week': uk_day(start).isoformat()})}",
    }
    return reschedule_page(request, pages, "bookings/booking/time_check.html", status=status, **context)


def slot_taken_page(request: HttpRequest, pages: ReschedulePages, start: datetime, now: datetime) -> HttpResponse:
    """The time has gone: the page shows the nearest ones to choose from. The booking stays as it was."""
    picker = build_nearest_picker(slot_query_of(pages.booking), start, now=now, ignoring={"booking": pages.booking})
    return reschedule_page(
        request,
        pages,
        "bookings/booking/time_choose.html",
        picker=picker,
        form=picker.form,
        form_action=pages.time,
        can_move=True,
    )


def reschedule_page(
    request: HttpRequest, pages: ReschedulePages, template: str, *, status: int = 200, **more: object
) -> HttpResponse:
    """Behind a link the page says as little as it can: no reference, no names."""
    context = {"booking": pages.booking, "pages": pages, "until": pages.booking.last_day_to_change_text, **more}
    return render(request, template, context, status=status)


CHANGE_STEP = "change"


@require_http_methods(FORM_METHODS)
@person_required
def booking_time(request: HttpRequest, reference: str) -> HttpResponse:
    pages = reschedule_pages(own_booking(request, reference), signed_in_user(request), reference)
    return choose_time(request, pages, timezone.now())


@require_http_methods(FORM_METHODS)
@person_required
def booking_time_check(request: HttpRequest, reference: str) -> HttpResponse:
    pages = reschedule_pages(own_booking(request, reference), signed_in_user(request), reference)
    return check_time(request, pages, timezone.now())


@require_http_methods(FORM_METHODS)
def booking_details(request: HttpRequest, reference: str) -> HttpResponse:
    """What was typed is kept before anybody is asked to sign in, since a session may have run out meanwhile."""
    now = timezone.now()
    unknown = request.user.is_authenticated and not signed_in_person_or_none(request)
    if request.method != "POST" or unknown:
        return details_form_page(request, reference)
    booking = own_booking(request, reference) if signed_in_person_or_none(request) else None
    form = DetailsForm(request.POST, booked=booking.audience_size if booking else 0)
    if booking:
        form.keep_back(booking)
    if not form.is_valid():
        return details_page(request, reference, booking, form, version=request.POST.get("version", ""))
    version = request.POST.get("version", "")
    answer = {"reference": reference, "version": version, "answers": answers_of(form), "flagged": form.flagged}
    drafts.save_step(drafts.find_or_start(request, DraftKind.CHANGE, now), CHANGE_STEP, answer, now)
    return redirect("booking_details_check", reference=reference)


@person_required
def details_form_page(request: HttpRequest, reference: str) -> HttpResponse:
    booking = own_booking(request, reference)
    typed = find_details_draft(request, booking, timezone.now())
    form = DetailsForm(initial=model_to_dict(booking))
    form.keep_back(booking)
    form.initial.update(typed.answers if typed else {})
    too_late = bookings_text.changed_rows(booking, bookings_text.booking_with(booking, typed.answers)) if typed else []
    return details_page(request, reference, booking, form, version=typed.version if typed else booking.version, too_late=too_late)


def details_page(
    request: HttpRequest,
    reference: str,
    booking: Booking | None,
    form: DetailsForm,
    *,
    version: str,
    too_late: Sequence[SummaryRow] = (),
) -> HttpResponse:
    """The page of the form. `booking` is None if the session ran out: the page says nothing of it, and keeps what was typed.

    `too_late`: what was typed, to read out on the phone if the cut-off has passed meanwhile.
    """
    may = booking is None or booking.may_still_change(timezone.now())
    context = {"form": form, "booking": booking, "reference": reference, "version": version, "may_change": may}
    context["until"] = booking.last_day_to_change_text if booking else ""
    rows = [] if may else too_late
    return render(request, "bookings/booking/details_change.html", {**context, "rows": rows})


@dataclass(frozen=True)
class DetailsDraft:
    """The answers typed about this booking, and the version of it that the form showed."""

    draft: Draft
    version: str
    answers: dict[str, Any]
    flagged: bool


def find_details_draft(request: HttpRequest, booking: Booking, now: datetime) -> DetailsDraft | None:
    """The answers typed about this booking; None if nothing is kept, or only something about another booking.

    An empty box whose text waits for the safeguarding lead is no answer: the text stays.
    """
    draft = drafts.find(request, DraftKind.CHANGE, now)
    answer: dict[str, Any] = draft.answers.get(CHANGE_STEP, {}) if draft else {}
    if draft is None or answer.get("reference") != booking.reference:
        return None
    typed = {name: answer["answers"][name] for name in DetailsForm.base_fields if name in answer["answers"]}  # as the page asks
    texts = DetailsForm.free_text_fields
    answers = {name: value for name, value in typed.items() if value or not (name in texts and is_text_kept_back(booking, name))}
    return DetailsDraft(draft, answer["version"], answers, answer["flagged"])


@require_http_methods(FORM_METHODS)
@person_required
def booking_details_check(request: HttpRequest, reference: str) -> HttpResponse:
    now, booking = timezone.now(), own_booking(request, reference)
    typed = find_details_draft(request, booking, now)
    if typed is None:
        messages.info(request, _("There is nothing to check. This page shows your booking."))
        return redirect(booking)
    if request.method == "POST":
        return change_booking(request, booking, typed, now)
    if not booking.may_still_change(now):
        return redirect("booking_details", reference=reference)
    return details_check_page(request, booking, typed, warned=typed.version != booking.version)


def change_booking(request: HttpRequest, booking: Booking, typed: DetailsDraft, now: datetime) -> HttpResponse:
    """Save the changes. The version is that of the check page, so they have seen the booking as it stands."""
    if stop := reached_change_throttle(request, booking, now):
        messages.warning(request, stop.sentence(now))
        return redirect("booking_details_check", reference=booking.reference)
    try:
        expected = request.POST.get("version", "")
        asked: dict[str, Any] = {"answers": typed.answers, "flagged": typed.flagged, "expected": expected}
        change_details(booking=booking, by=signed_in_user(request), now=now, **asked)
    except StaleBooking:
        fresh = own_booking(request, booking.reference)
        if any(getattr(fresh, name) != answer for name, answer in typed.answers.items()):
            return details_check_page(request, fresh, typed, warned=True)
    except AudienceMismatch as refusal:
        messages.warning(request, refusal.message)
        return redirect("booking_details", reference=booking.reference)  # with all that was typed
    except NothingChanged as refusal:
        messages.info(request, refusal.message)
    except (TransitionNotAllowed, TooLateToChange) as refusal:
        messages.warning(request, refusal.message)
        return redirect(booking)
    else:
        messages.success(request, _("Your changes are saved. We have sent you an email."))
    drafts.finish(typed.draft)
    return redirect(booking)


def details_check_page(request: HttpRequest, booking: Booking, typed: DetailsDraft, *, warned: bool) -> HttpResponse:
    rows = bookings_text.changed_rows(booking, bookings_text.booking_with(booking, typed.answers))
    context = {"booking": booking, "rows": rows, "version": booking.version, "warned": warned}
    return render(request, "bookings/booking/details_change_check.html", context)


# Pages behind a link in an email, for anybody who has that email: they say as little as they can, and only their buttons act.
#
# GET and HEAD change nothing, so a mail scanner that follows every link does no harm. All links that don't work get the same
# page: unknown, expired, used, or for something else. No cache or search engine keeps these pages, and no Referer names them.

URL_NAMES_WITH_FORM = {"link_time", "link_time_check", "link_cancel", "place_link", "place_link_leave"}
T = TypeVar("T")
LinkedView = Callable[[HttpRequest, T, str, datetime], HttpResponse]
LINK_OVER_TEMPLATE = "bookings/booking/link_over.html"
ViewFunction = Callable[..., HttpResponse]


def link_target_required(find: Callable[[str, datetime], T | None], over: str) -> Callable[[LinkedView[T]], ViewFunction]:
    """The view gets what the link leads to, the token and the time. A link that does not work shows the page `over`.

    So does one for which `find` raises a DomainError, with its sentence.
    """

    def decorate(view: LinkedView[T]) -> ViewFunction:
        def found_or_over(request: HttpRequest, token: str, now: datetime) -> HttpResponse:
            try:
                target = find(token, now)
            except DomainError as refusal:
                return render(request, over, {"refusal": refusal.message}, status=404)
            return view(request, target, token, now) if target else render(request, over, status=404)

        @wraps(view)
        def wrapper(request: HttpRequest, token: str) -> HttpResponse:
            now = timezone.now()
            request.address_is_private = True  # type: ignore[attr-defined]  # the foot of a printed page leaves it out
            if check_throttles(request, LimitedActivity.LINK, [client_throttle(request, "link", *LINK_RATE_LIMIT)], now):
                response = render(request, over, status=429)
            else:
                response = found_or_over(request, token, now)
            match = request.resolver_match
            return set_private_headers(request, response, has_a_form=match is not None and match.url_name in URL_NAMES_WITH_FORM)

        return wrapper

    return decorate


def booking_link_required(purpose: LinkPurpose) -> Callable[[LinkedView[Booking]], ViewFunction]:
    """A view behind a link to a booking, for this purpose."""
    return link_target_required(
        lambda token, now: find_booking_by_link(token=token, purpose=purpose, now=now), LINK_OVER_TEMPLATE
    )


@require_safe
@booking_link_required(LinkPurpose.CHANGE)
def link_booking(request: HttpRequest, booking: Booking, token: str, now: datetime) -> HttpResponse:
    person = signed_in_person_or_none(request)
    if person is not None and person.pk == booking.person_id:
        return redirect(booking)
    may = {"may_change": booking.may_still_change(now), "can_move": booking.may_reschedule(now)}
    more = {"token": token, "until": booking.last_day_to_change_text, **may}
    return render(request, "bookings/booking/link.html", {**minimal_facts_context(booking), **more})


@require_http_methods(FORM_METHODS)
@booking_link_required(LinkPurpose.CHANGE)
def link_time(request: HttpRequest, booking: Booking, token: str, now: datetime) -> HttpResponse:
    return choose_time(request, reschedule_pages(booking, None, token), now)


@require_http_methods(FORM_METHODS)
@booking_link_required(LinkPurpose.CHANGE)
def link_time_check(request: HttpRequest, booking: Booking, token: str, now: datetime) -> HttpResponse:
    return check_time(request, reschedule_pages(booking, None, token), now)


@require_http_methods(FORM_METHODS)
@booking_link_required(LinkPurpose.CANCEL)
def link_cancel(request: HttpRequest, booking: Booking, token: str, now: datetime) -> HttpResponse:
    form = CancelForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            reason = form.cleaned_data["reason"]
            cancel_booking(booking=booking, by=None, by_link=True, now=now, reason=reason, flagged=form.flagged)
        except (TransitionNotAllowed, TooLateToCancel) as refusal:
            messages.warning(request, refusal.message)
            return render(request, LINK_OVER_TEMPLATE, status=404)
        return redirect("link_cancelled")
    more = {"token": token, "can_move": booking.may_still_change(now), "form": form}
    return render(request, "bookings/booking/link_cancel.html", {**minimal_facts_context(booking), **more})


@require_safe
@link_target_required(find_booking_by_team_link, "bookings/booking/team_over.html")
def team_link(request: HttpRequest, booking: Booking, token: str, now: datetime) -> HttpResponse:
    """For the owner's colleagues: what, when, who presents and how to join; nothing about who booked, and no buttons."""
    facts = bookings_text.booking_facts(booking, with_reference=False, with_link=True)
    return render(request, "bookings/booking/team.html", {"booking": booking, "facts": facts, "token": token})


@require_safe
@link_target_required(find_booking_by_team_link, "bookings/booking/team_over.html")
def team_calendar(request: HttpRequest, booking: Booking, token: str, now: datetime) -> HttpResponse:
    named = {"Content-Disposition": 'attachment; filename="presentation.ics"'}
    return HttpResponse(ical.team_calendar(booking, now=now), content_type="text/calendar; charset=utf-8", headers=named)


@require_safe
def link_cancelled(request: HttpRequest) -> HttpResponse:
    """The same page for everybody: the booking can't be looked up any more, and nothing here names it."""
    request.address_is_private = True  # type: ignore[attr-defined]
    return set_private_headers(request, render(request, "bookings/booking/link_cancelled.html"), has_a_form=False)


def minimal_facts_context(booking: Booking) -> dict[str, object]:
    """For somebody of whom we only know that they have the email: no names, no phone, no address, no reference."""
    place = _("Online") if booking.format == Format.ONLINE else _("At a workplace")
    rows = [
        summary_row(_("Presentation"), booking.presentation.title),
        summary_row(_("When"), booking.when),
        summary_row(_("Where"), place),
    ]
    return {"booking": booking, "facts": rows}

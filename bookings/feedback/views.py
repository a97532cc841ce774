"""After a presentation: the pages behind the short link, the host's own pages, and where a presenter records who came."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import rate_limits
from accounts.access import signed_in_user
from accounts.models import LimitedActivity
from accounts.rate_limits import ReachedThrottle, check_throttles, client_throttle, record_if_blocked
from bookings.feedback.forms import (
    AskLaterForm,
    AttendanceForm,
    CertificateForm,
    FeedbackCodeForm,
    FeedbackForm,
    SuggestedLeafletsForm,
    ThreeMonthsOnForm,
)
from bookings.feedback.pdf import attendance_sheet, certificate as certificate_pdf, feedback_slide
from bookings.feedback.queries import (
    attendance_of,
    host_has_answered,
    host_key,
    people_came_text,
    short_feedback_link,
    suggested_leaflets,
    three_months_on_key,
)
from bookings.feedback.services import (
    AttendanceChanged,
    FeedbackClosed,
    FeedbackFull,
    answer_three_months_on,
    attendance_counts,
    find_by_code,
    get_or_create_follow_up,
    give_feedback,
    has_all_feedback,
    may_record_attendance,
    record_attendance,
    request_three_months_on,
    request_year_later,
    tidy_code,
    withdraw_year_later,
)
from bookings.models import (
    AnniversaryPrompt,
    Attendance,
    Booking,
    BookingOrSession,
    ConfidenceFollowUp,
    FollowUp,
    Format,
    Presenter,
    booking_or_session_lookup,
)
from bookings.models.feedback import HOST_LINK_LIFETIME, TAKES_PLACE_STATES
from bookings.schedule.access import own_visits, page_context, presenter_required
from core.dates import format_day, format_uk_time
from core.errors import DomainError
from core.forms import FORM_METHODS, PageForm
from core.middleware import chosen_language
from core.pages import set_private_headers
from guidance.contacts.queries import WhoToTell, who_to_tell
from leaflets.orders.forms import copies_by_slug, find_or_start_basket, save_basket
from leaflets.orders.views import ADD_TO_BASKET_RATE_LIMIT
from professionals.models import Profession

# By network address: a whole hospital answers from one, in the quarter of an hour after a session of a thousand.
FEEDBACK_RATE_LIMIT = (2000, timedelta(hours=1))
# Feedback codes that don't exist: somebody guesses.
UNKNOWN_CODE_RATE_LIMIT = (200, timedelta(hours=1))

# Pages behind the short link: how it was, and a certificate. No account, no cookie, and no name that we keep.
#
# They have no protection against forged requests, because nobody is known here and nothing of anybody's can be changed: the form
# stands for itself, by its one-time token. So none of these pages sets a cookie, and they work in a browser that refuses all.

P = ParamSpec("P")
ViewFunction = Callable[Concatenate[HttpRequest, P], HttpResponse]
NO_CSRF_CONTEXT = {"csrf_token": "NOTPROVIDED"}  # what Django's tag takes for "none", so that no cookie is set for one


def cookieless(view: ViewFunction[P]) -> ViewFunction[P]:
    @csrf_exempt
    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        patch_cache_control(response, private=True, no_store=True)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return wrapper


def short_link_required(view: Callable[[HttpRequest, FollowUp, datetime], HttpResponse]) -> ViewFunction:
    """Give the view the `FollowUp` that the code stands for, and the time.

    Somebody who tries very many codes is asked to come back later.
    """

    @wraps(view)
    @cookieless
    def wrapper(request: HttpRequest, code: str) -> HttpResponse:
        now = timezone.now()
        missed = client_throttle(request, "feedback-code", *UNKNOWN_CODE_RATE_LIMIT)
        if rate_limits.current_hits([missed.key], now)[missed.key] >= missed.most:
            stop = check_throttles(request, LimitedActivity.FEEDBACK, [missed], now)
            return unknown_code_page(request, status=429, stop=stop)
        follow_up = find_by_code(code)
        if follow_up is None:
            check_throttles(request, LimitedActivity.FEEDBACK, [missed], now)
            return unknown_code_page(request)
        return view(request, follow_up, now)

    return wrapper


def unknown_code_page(request: HttpRequest, status: int = 404, stop: ReachedThrottle | None = None) -> HttpResponse:
    context = {**NO_CSRF_CONTEXT, "form": FeedbackCodeForm(), "stop": stop.sentence(timezone.now()) if stop else ""}
    return render(request, "bookings/feedback/no_such_code.html", context, status=status)


@require_safe
@cookieless
def feedback_code(request: HttpRequest) -> HttpResponse:
    """For people who type only the first half of the address. It reads nothing from the database: the next page does."""
    form = FeedbackCodeForm(request.GET if "code" in request.GET else None)
    if form.is_bound and form.is_valid():
        return redirect("feedback", code=tidy_code(form.cleaned_data["code"])[:20] or "-")
    return render(request, "bookings/feedback/code.html", {**NO_CSRF_CONTEXT, "form": form})


@require_http_methods(FORM_METHODS)
@short_link_required
def feedback(request: HttpRequest, follow_up: FollowUp, now: datetime) -> HttpResponse:
    if not follow_up.is_open(now) or (request.method != "POST" and has_all_feedback(follow_up)):
        return feedback_not_open_page(request, follow_up, now)
    return feedback_page(request, follow_up, now, done=reverse("feedback_thanks", args=[follow_up.code]))


def feedback_page(request: HttpRequest, follow_up: FollowUp, now: datetime, *, done: str, by_host: bool = False) -> HttpResponse:
    """The form; once sent, it goes on to `done`. Only a host may ask for a reminder, once."""
    may_remind = by_host and not AnniversaryPrompt.objects.filter(booking=follow_up.booking).exists()
    form = FeedbackForm(request.POST if request.method == "POST" else None, by_host=by_host, may_remind=may_remind)
    stop = None
    if request.method == "POST" and form.is_valid():
        stop = reached_answer_throttle(request, form, now)
        if stop is None:
            token = form.cleaned_data["token"]
            try:
                give_feedback(follow_up=follow_up, answers=form.answers, token=token, by_host=by_host, now=now)
            except FeedbackClosed:
                return feedback_not_open_page(request, follow_up, now)
            except FeedbackFull as refusal:
                form.add_error(None, str(refusal.message))
            else:
                if form.cleaned_data.get("remind"):
                    request_year_later(of=host_booking(follow_up), now=now)
                return redirect(done)
    else:
        record_if_blocked(form)
    context = {**feedback_context(follow_up), "form": form, "by_host": by_host, "closes": format_day(follow_up.closes_at)}
    response = render(request, "bookings/feedback/feedback.html", context, status=429 if stop else 200)
    if stop:
        response.headers["Retry-After"] = str(stop.seconds(now))
    return response


def reached_answer_throttle(request: HttpRequest, form: PageForm, now: datetime) -> ReachedThrottle | None:
    """The limit that was reached, if any. The form shows it as an error."""
    stop = check_throttles(request, LimitedActivity.FEEDBACK, [client_throttle(request, "feedback", *FEEDBACK_RATE_LIMIT)], now)
    if stop is not None:
        form.add_error(None, stop.sentence(now))
    return stop


def feedback_context(follow_up: FollowUp) -> dict[str, Any]:
    """Title and day, which anybody who was there knows."""
    given = follow_up.given
    return {**NO_CSRF_CONTEXT, "follow_up": follow_up, "given": given, "day": format_day(given.agreed_times[0])}


def feedback_not_open_page(request: HttpRequest, follow_up: FollowUp, now: datetime) -> HttpResponse:
    """The page when it is too early, over, or all have answered. The certificate can be had for longer."""
    opens = follow_up.opens_at
    context = {
        **feedback_context(follow_up),
        "opens": _("%(clock)s on %(day)s") % {"clock": format_uk_time(opens), "day": format_day(opens)} if now < opens else "",
        "full": FeedbackFull().message if follow_up.is_open(now) else "",
        "may_certify": follow_up.may_certify(now),
    }
    return render(request, "bookings/feedback/not_open.html", context)


@require_http_methods(FORM_METHODS)
@short_link_required
def feedback_thanks(request: HttpRequest, follow_up: FollowUp, now: datetime) -> HttpResponse:
    """Anybody may leave an address here, apart from their answers, to be asked again in three months."""
    form = AskLaterForm(request.POST if request.method == "POST" else None)
    stop: ReachedThrottle | None = None
    if request.method == "POST" and form.is_valid():
        stop = reached_answer_throttle(request, form, now)
        try:
            if stop is None:
                address, language = form.cleaned_data["email"], chosen_language(request)
                request_three_months_on(follow_up=follow_up, address=address, language=language, now=now)
                return redirect(f"{reverse('feedback_thanks', args=[follow_up.code])}?{ASKED_LATER_PARAM}")
        except FeedbackClosed:
            return feedback_not_open_page(request, follow_up, now)
        except DomainError as refusal:
            form.add_error(None, str(refusal.message))
    else:
        record_if_blocked(form)
    return thanks_page(request, follow_up, now, form, status=429 if stop else 200)


ASKED_LATER_PARAM = "asked"


def thanks_page(
    request: HttpRequest, follow_up: FollowUp, now: datetime, form: AskLaterForm, *, key: str = "", status: int = 200
) -> HttpResponse:
    """The page after the form. With `key`, it is the page of the host."""
    context = {
        **feedback_context(follow_up),
        "may_certify": follow_up.may_certify(now),
        "key": key,
        "form": form if follow_up.is_open(now) else None,
        "due": format_day(ConfidenceFollowUp.due_after(follow_up.given.agreed_times[1])),
        "asked_later": ASKED_LATER_PARAM in request.GET,
    }
    return render(request, "bookings/feedback/thanks.html", context, status=status)


@cookieless
@require_http_methods(FORM_METHODS)
def three_months_on(request: HttpRequest, code: str, key: str) -> HttpResponse:
    """One question, behind the link of one email. Opening it changes nothing."""
    request.address_is_private = True  # type: ignore[attr-defined]

    def page(request: HttpRequest, follow_up: FollowUp, now: datetime) -> HttpResponse:
        number = key.partition("-")[0]
        pk = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0
        if not constant_time_compare(three_months_on_key(ConfidenceFollowUp(pk=pk)), key):
            return unknown_code_page(request)
        later = ConfidenceFollowUp.objects.filter(pk=pk, follow_up=follow_up).first()
        is_open = later is not None and later.is_open(now)
        form = ThreeMonthsOnForm(request.POST if request.method == "POST" else None)
        stop: ReachedThrottle | None = None
        if later and is_open and request.method == "POST" and form.is_valid():
            stop = reached_answer_throttle(request, form, now)
            if stop is None:
                answer_three_months_on(later=later, confidence=form.cleaned_data["confidence"], now=now)
                return redirect(request.path)
        context = {**feedback_context(follow_up), "form": form, "later": later, "is_open": is_open}
        return render(request, "bookings/feedback/three_months_on.html", context, status=429 if stop else 200)

    return set_private_headers(request, short_link_required(page)(request, code), has_a_form=True)


@require_http_methods(FORM_METHODS)
@short_link_required
def certificate(request: HttpRequest, follow_up: FollowUp, now: datetime) -> HttpResponse:
    """The name comes by POST and leaves in the PDF: it is in no address, no log and no table."""
    if not follow_up.may_certify(now):
        return feedback_not_open_page(request, follow_up, now)
    form = CertificateForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST" and form.is_valid():
        stop = reached_answer_throttle(request, form, now)
        if stop is None:
            given = follow_up.given
            pdf = certificate_pdf(given, form.cleaned_data["name"], who=who_to_tell_at(given), made_at=now)
            return pdf_response(pdf, _("certificate-of-attendance"))
        status = 429
    return render(request, "bookings/feedback/certificate.html", {**feedback_context(follow_up), "form": form}, status=status)


def who_to_tell_at(given: BookingOrSession) -> WhoToTell:
    """The numbers for where its team is; people at an open session may be anywhere."""
    return who_to_tell(given.contacts_postcode if isinstance(given, Booking) else "")


# Pages behind the host's own links: how it was, leaflets for those who came, a reminder a year later.
#
# The key in the address identifies the host. Opening a page changes nothing.

HostView = Callable[[HttpRequest, FollowUp, datetime, str], HttpResponse]


def host_key_required(view: HostView) -> Callable[[HttpRequest, str, str], HttpResponse]:
    """Give the view the key too. A key that is not the host's, or no longer works, gets the answer of an unknown code."""

    @wraps(view)
    def wrapper(request: HttpRequest, code: str, key: str) -> HttpResponse:
        request.address_is_private = True  # type: ignore[attr-defined]  # the foot of a printed page leaves it out

        def with_key(request: HttpRequest, follow_up: FollowUp, now: datetime) -> HttpResponse:
            ours = host_key(follow_up)
            is_host = bool(ours) and constant_time_compare(ours, key)
            works = is_host and now < host_booking(follow_up).agreed_times[1] + HOST_LINK_LIFETIME
            return view(request, follow_up, now, key) if works else unknown_code_page(request)

        return set_private_headers(request, short_link_required(with_key)(request, code), has_a_form=True)

    return wrapper


def host_booking(follow_up: FollowUp) -> Booking:
    assert follow_up.booking is not None  # noqa: S101 - only a booking has a host
    return follow_up.booking


@cookieless
@require_http_methods(FORM_METHODS)
@host_key_required
def host_feedback(request: HttpRequest, follow_up: FollowUp, now: datetime, key: str) -> HttpResponse:
    if host_has_answered(follow_up):
        return thanks_page(request, follow_up, now, AskLaterForm(), key=key)
    if not follow_up.is_open(now):
        return feedback_not_open_page(request, follow_up, now)
    return feedback_page(request, follow_up, now, done=reverse("host_feedback", args=[follow_up.code, key]), by_host=True)


@cookieless
@require_http_methods(FORM_METHODS)
@host_key_required
def host_again(request: HttpRequest, follow_up: FollowUp, now: datetime, key: str) -> HttpResponse:
    """One button: ask for the reminder, or take the wish back."""
    booking = host_booking(follow_up)
    if request.method == "POST":
        if "wish" in request.POST:
            request_year_later(of=booking, now=now)
        elif "withdraw" in request.POST:
            withdraw_year_later(of=booking)
        return redirect("host_again", code=follow_up.code, key=key)
    reminder = AnniversaryPrompt.objects.filter(booking=booking).first()
    due = format_day(AnniversaryPrompt.due_after(booking.agreed_times[1]))
    return render(
        request, "bookings/feedback/again.html", {**feedback_context(follow_up), "key": key, "reminder": reminder, "due": due}
    )


@require_http_methods(FORM_METHODS)
@host_key_required
def host_leaflets(request: HttpRequest, follow_up: FollowUp, now: datetime, key: str) -> HttpResponse:
    """Leaflets that suit the people who came, to change and put into the basket. The order comes later, on its own pages."""
    booking = host_booking(follow_up)
    attendance = Attendance.objects.filter(booking=booking).first()
    counts = attendance_counts(attendance) or {booking.audience_profession or Profession.OTHER: booking.audience_size}
    form = SuggestedLeafletsForm(request.POST if request.method == "POST" else None, wanted=suggested_leaflets(counts))
    if request.method == "POST" and form.is_valid():
        if check_throttles(request, LimitedActivity.BASKET, [client_throttle(request, "basket", *ADD_TO_BASKET_RATE_LIMIT)], now):
            return render(request, "errors/429.html", status=429)
        draft = find_or_start_basket(request, now)
        save_basket(draft, {**copies_by_slug(draft), **form.copies}, now)
        messages.success(request, _("These are in your basket. Nothing is ordered yet."))
        return redirect("basket")
    context = {**feedback_context(follow_up), "form": form}
    del context["csrf_token"]  # this page keeps a basket, so it needs a cookie and the usual protection
    # 'Health visitor: 9', since '9 health visitors' would need plurals of every profession. Empty while nobody has counted.
    context["came"] = [f"{Profession(name).label}: {people}" for name, people in counts.items()] if attendance else []
    return render(request, "bookings/feedback/leaflets.html", context)


# For the presenter, afterwards: how many came, and the slide with the link to the feedback form.


def feedback_panel_for_presenter(given: BookingOrSession, now: datetime) -> dict[str, str] | None:
    """None for what does not take place. If it was read with the booking (`with_afterwards`), no statement."""
    if given.state not in TAKES_PLACE_STATES or given.starts_at is None:
        return None
    attendance, follow_up = attendance_of(given), getattr(given, "follow_up", None)
    route = presenter_url_prefix(given)
    may_record = may_record_attendance(given, now, by_presenter=True)
    is_visit = isinstance(given, Booking) and given.format == Format.WORKPLACE
    may_sign = is_visit and attendance is None and now < given.agreed_times[1]
    has_slide = follow_up is None or now < follow_up.closes_at
    return {
        "people": people_came_text(attendance.people) if attendance else "",
        "attendance_url": reverse(f"{route}_attendance", args=[given.reference]) if may_record else "",
        "sheet_url": reverse("presenter_sheet", args=[given.reference]) if may_sign else "",
        "slide_url": reverse(f"{route}_slide", args=[given.reference]) if has_slide else "",
        "short_link": short_feedback_link(follow_up) if follow_up else "",
    }


def process_attendance_form(
    request: HttpRequest, given: BookingOrSession, *, by_presenter: bool
) -> tuple[AttendanceForm, Attendance | None]:
    """The form, and what it recorded: None if it was not sent, or if it was refused, which the form says then."""
    stands = attendance_of(given)
    form = AttendanceForm(request.POST if request.method == "POST" else None, given=given, stands=stands)
    if request.method != "POST" or not form.is_valid():
        return form, None
    by, now = signed_in_user(request), timezone.now()
    try:
        attendance = record_attendance(
            given=given, counts=form.counts, expected=form.expected_revision, by=by, now=now, by_presenter=by_presenter
        )
    except AttendanceChanged as refusal:
        # The form keeps what was typed. Sent again, it replaces the numbers that it shows now.
        form = AttendanceForm({**form.data.dict(), "seen": str(refusal.stands.revision)}, given=given, stands=refusal.stands)  # type: ignore[attr-defined]
        form.add_error(None, str(refusal.message))
    except DomainError as refusal:
        form.add_error(None, str(refusal.message))
    else:
        return form, attendance
    return form, None


# The same pages for visits and open sessions: the route passes the queryset of the presenter's own.
OwnQuerysetGetter = Callable[[Presenter], Any]


def presenter_url_prefix(given: BookingOrSession) -> str:
    return "presenter" if isinstance(given, Booking) else "presenter_session"


def own_page_url(given: BookingOrSession) -> str:
    """The presenter's page of what was given."""
    return reverse("presenter_visit" if isinstance(given, Booking) else "presenter_session", args=[given.reference])


@presenter_required
@require_http_methods(FORM_METHODS)
def presenter_attendance(request: HttpRequest, presenter: Presenter, reference: str, own: OwnQuerysetGetter) -> HttpResponse:
    """The form; once sent, it goes back to the page of what was given."""
    given: BookingOrSession = get_object_or_404(own(presenter).with_afterwards(), reference=reference)
    form, attendance = process_attendance_form(request, given, by_presenter=True)
    back_url = own_page_url(given)
    if attendance is not None:
        came = people_came_text(attendance.people, form.uncounted)
        messages.success(request, _("Thank you. %(came)s") % {"came": came})
        return redirect(back_url)
    context = page_context(request, presenter, title=_("Who came?"), form=form, given=given, visit=given, back_url=back_url)
    return TemplateResponse(request, "bookings/feedback/attendance.html", context)


@presenter_required
@require_POST
def presenter_slide(request: HttpRequest, presenter: Presenter, reference: str, own: OwnQuerysetGetter) -> HttpResponse:
    """Make the short link, if there is none yet, and go to the PDF."""
    given: BookingOrSession = get_object_or_404(own(presenter).with_afterwards(), reference=reference)
    if feedback_panel_for_presenter(given, timezone.now()) is None:
        messages.warning(request, _("This presentation is not taking place, so there is nothing to show."))
        return redirect(own_page_url(given))
    get_or_create_follow_up(given=given, now=timezone.now())
    return redirect(f"{presenter_url_prefix(given)}_slide_pdf", reference=reference)


@presenter_required
@require_safe
def presenter_slide_pdf(request: HttpRequest, presenter: Presenter, reference: str, own: OwnQuerysetGetter) -> HttpResponse:
    given: BookingOrSession = get_object_or_404(own(presenter).with_afterwards(), reference=reference)
    follow_up = get_object_or_404(FollowUp, **booking_or_session_lookup(given))
    pdf = feedback_slide(follow_up, who=who_to_tell_at(given), made_at=timezone.now())
    return pdf_response(pdf, f"{given.reference}-feedback")


@presenter_required
@require_safe
def presenter_sheet(request: HttpRequest, presenter: Presenter, reference: str) -> HttpResponse:
    """A list for people to sign. It stays with the host; we keep nothing of it."""
    visit: Booking = get_object_or_404(own_visits(presenter).with_afterwards(), reference=reference)
    return pdf_response(attendance_sheet(visit, made_at=timezone.now()), f"{visit.reference}-sheet")


def pdf_response(pdf: bytes, name: str) -> HttpResponse:
    return HttpResponse(pdf, "application/pdf", headers={"Content-Disposition": f'attachment; filename="{name}.pdf"'})

"""Requests on the staff site: the dates of a request, who could give each, agreeing on a time and offering others."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from bookings import text as bookings_text
from bookings.booking.services.decide import agree_time, offer_times, slot_query_of
from bookings.errors import OutsideRules, SlotTaken
from bookings.models import (
    Booking,
    BookingEventKind,
    BookingState,
    DateOption,
    DateOptionKind,
    DateOptionState,
    Format,
    NotKeptReason,
    Precision,
)
from bookings.models.booking import MAX_DATES_PER_REQUEST
from bookings.schedule import admin as admin_forms
from bookings.schedule.admin import OTHER_TIME, OneTimeForm, TimeForm, WeekOfTimesForm, override_reason_field, start_or_other
from bookings.schedule.availability import Schedule, Slot
from bookings.schedule.forms import set_choices, slot_value
from bookings.schedule.holds import PreferredDate, kept_until
from bookings.schedule.queries import IgnoredClaims, read_schedule
from bookings.schedule.slots import Candidate, SlotQuery
from bookings.schedule.substitutes import rank_presenters_at
from bookings.text import moment_text
from bookings.travel import PlaceUnknown
from core.dates import format_datetime_range, format_uk_time, uk_day
from core.errors import DomainError
from professionals.admin import has_recognised_domain
from staff.actions import ObjectAction
from staff.lists import state_tag

if TYPE_CHECKING:
    from bookings.booking.admin.bookings import BookingAdmin


MAX_CANDIDATES_SHOWN = 4
MAX_SLOTS_SHOWN = 3
TAG_BY_OPTION_STATE = {
    DateOptionState.OPEN: "waiting",
    DateOptionState.TAKEN: "good",
    DateOptionState.PASSED: "stopped",
    DateOptionState.EXPIRED: "stopped",
}


@dataclass(frozen=True)
class DateCandidates:
    """A date of a request, a start that answers it, and who could give it then, the best first."""

    option: DateOption
    start: datetime | None = None
    candidates: Sequence[Candidate] = ()
    slots: Sequence[Slot] = ()


def options_shown(options: Iterable[DateOption]) -> list[DateOption]:
    """The dates that still stand; all of them once the request is answered."""
    every = list(options)
    standing = [option for option in every if option.state in (DateOptionState.OPEN, DateOptionState.EXPIRED)]
    return standing or every


def schedule_for_options(booking: Booking, options: Sequence[DateOption], now: datetime) -> Schedule | None:
    """One schedule over the days of all these options, in which the request's own claims are not in the way.

    None if all the options are over, or if we don't know the place.
    """
    ahead = [option for option in options if option.ends_at > now]
    if not ahead:
        return None
    first = max(min(uk_day(option.starts_at) for option in ahead), uk_day(now))
    last = max(uk_day(option.ends_at) for option in ahead)
    try:
        slot_query = slot_query_of(booking)
    except PlaceUnknown:
        return None
    ignoring = {"booking": booking, "option__booking": booking}
    return read_schedule(slot_query, first_day=first, last_day=last, now=now, ignoring=ignoring)


def candidates_for_date(schedule: Schedule | None, option: DateOption, now: datetime) -> DateCandidates:
    if schedule is None or option.ends_at <= now:
        return DateCandidates(option)
    if option.precision == Precision.DAYS:
        first = max(uk_day(option.starts_at), schedule.first_day)
        days = (first + timedelta(days=number) for number in range((option.last_day - first).days + 1))
        slots = (slot for day in days for slot in schedule.slots_on(day))
        return DateCandidates(option, slots=list(islice(slots, MAX_SLOTS_SHOWN)))
    # First the time that we keep, then the times that the date allows.
    asked = PreferredDate(option.precision, option.starts_at, option.ends_at)
    starts = [start for start in asked.starts(schedule.slot_query) if start > now]
    starts.sort(key=lambda start: all(candidate.violations for candidate in schedule.candidates(start)))
    if option.kept_from and option.kept_from > now:
        starts.insert(0, option.kept_from)
    for start in starts:
        if candidates := schedule.candidates(start):
            return DateCandidates(option, start, candidates)
    return DateCandidates(option)


def waiting_reasons(booking: Booking, options: Sequence[DateOption], dates: Sequence[DateCandidates]) -> list[str]:
    """Why a request waits for staff, or for the professional."""
    reasons = []
    if any(option.kind == DateOptionKind.PROPOSED and option.state == DateOptionState.OPEN for option in options):
        reasons.append(_("We have offered times and are waiting for the professional’s answer."))
    if options and not booking.has_time:
        suits = booking.request_reason and _("Our times don’t suit them, so they ask for other dates.")
        reasons.append(suits or _("They have suggested their own dates."))
    if booking.format == Format.WORKPLACE and not has_recognised_domain(booking.person):
        reasons.append(
            _("We don’t recognise the email domain of this workplace. Check who is asking: a presenter will go there alone.")
        )
    if any(date.candidates and date.candidates[0].violations for date in dates):
        reasons.append(_("At least one date breaks the rules for the public. You can agree to it if you give a reason."))
    lapsed = {option.why_not == NotKeptReason.AWAY for option in options if option.state == DateOptionState.EXPIRED}
    if False in lapsed:
        reasons.append(_("We no longer keep some dates, because nobody answered in time."))
    if True in lapsed:
        reasons.append(_("We no longer keep some dates, because the presenter is away then."))
    if any(event.kind == BookingEventKind.OTHERS_ASKED for event in booking.events.all()):
        reasons.append(_("They asked for other times. Read what they wrote at the end of this page."))
    return reasons


def waiting_reasons_text(booking: Booking, now: datetime) -> SafeString | str:
    if booking.state != BookingState.REQUESTED:
        return ""
    reasons = booking.__dict__.get("_reasons")
    if reasons is None:
        reasons = booking.__dict__["_reasons"] = waiting_reasons(booking, *candidates_by_date(booking, now))
    return lines_html(reasons)


def dates_text(booking: Booking, now: datetime) -> SafeString | str:
    """Each date, whether it is kept, and who could give it."""
    options, dates = candidates_by_date(booking, now)
    if not options:
        return ""
    if booking.state != BookingState.REQUESTED:
        return format_html_join("", "<p>{} {}</p>", ((option.when, option_tag(option)) for option in options_shown(options)))
    standing = {date.option.pk for date in dates}
    rows = [(date.option, candidate_lines(date, now)) for date in dates]
    rows += [(option, [bookings_text.date_text_for_staff(option, now)]) for option in options if option.pk not in standing]
    return format_html_join(
        "",
        "<p><strong>{}</strong> {}<br>{}</p>",
        ((option.when, option_tag(option), lines_html(lines)) for option, lines in rows),
    )


def candidates_by_date(booking: Booking, now: datetime) -> tuple[list[DateOption], list[DateCandidates]]:
    """Its dates, and who could give each. Read once for a page."""
    read: tuple[list[DateOption], list[DateCandidates]] | None = booking.__dict__.get("_dates_read")
    if read is None:
        options, dates = list(booking.options.select_related("presenter")), list[DateCandidates]()
        for option in options:
            option.booking = booking
        if options and booking.state == BookingState.REQUESTED:
            shown = options_shown(options)
            schedule = schedule_for_options(booking, shown, now)
            dates = [candidates_for_date(schedule, option, now) for option in shown]
        read = booking.__dict__["_dates_read"] = (options, dates)
    return read


def option_tag(option: DateOption) -> SafeString:
    label = option.get_kind_display() if option.state == DateOptionState.OPEN else option.get_state_display()
    return state_tag(label, TAG_BY_OPTION_STATE[DateOptionState(option.state)])


def candidate_lines(date: DateCandidates, now: datetime) -> list[str]:
    option = date.option
    if option.is_over(now):
        return [_("It is over.")]
    if option.precision == Precision.DAYS:
        slots = "; ".join(format_datetime_range(slot.start, slot.end) for slot in date.slots)
        return [_("First free times: %(times)s") % {"times": slots} if slots else _("No presenter is free within the rules.")]
    lines = [bookings_text.date_text_for_staff(option, now)]
    if date.start is None:
        return [*lines, _("No presenter is free then and able to get there in time.")]
    if option.precision != Precision.TIME:
        lines.append(_("Looked at from %(clock)s:") % {"clock": format_uk_time(date.start)})
    more = len(date.candidates) - MAX_CANDIDATES_SHOWN
    lines += [candidate_line(candidate) for candidate in date.candidates[:MAX_CANDIDATES_SHOWN]]
    if more > 0:
        lines.append(ngettext("%(count)d more could do it.", "%(count)d more could do it.", more) % {"count": more})
    return lines


def candidate_line(candidate: Candidate) -> str:
    if not candidate.violations:
        return _("%(name)s could do it.") % {"name": candidate.presenter}
    return _("%(name)s is free, but: %(why)s") % {"name": candidate.presenter, "why": " ".join(candidate.reasons())}


def lines_html(lines: Iterable[str]) -> SafeString:
    return format_html_join("", "{}<br>", ((line,) for line in lines))


# When staff decide on a request, short notice never needs a reason.
REASON_HINT = gettext_lazy("You need a reason only if this is outside a presenter’s hours or area. We keep it with the request.")


class AgreeForm(OneTimeForm):
    """One of the dates of the request, or any other time."""

    start = forms.TypedChoiceField(
        label=gettext_lazy("Which time?"),
        widget=forms.RadioSelect,
        coerce=start_or_other,
        error_messages={
            "required": gettext_lazy("Choose a time."),
            "invalid_choice": gettext_lazy("That time has gone. Choose another."),
        },
    )
    override_reason = override_reason_field(REASON_HINT)

    field_order = ("start", "day", "clock", "presenter", "override_reason")

    def __init__(self, *args: Any, dates: Sequence[DateCandidates], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now, labels, hints = timezone.now(), dict[str, str](), dict[str, str]()
        for date in dates:
            if date.start is None:
                continue
            option, value, best = date.option, slot_value(date.start), candidate_line(date.candidates[0])
            exact = option.precision == Precision.TIME
            labels[value] = (
                option.when if exact else format_datetime_range(date.start, date.start + option.booking.presentation.length)
            )
            kept = bookings_text.offers_kept_until_text([option]) if option.is_kept(now) else ""
            hints[value] = _("%(best)s Kept until %(until)s.") % {"best": best, "until": kept} if kept else best
        self.option_hints = {"start": hints}  # type: ignore[misc]
        choice = self.fields["start"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands above
        choice.choices = [*labels.items(), (OTHER_TIME, _("Another time"))]


def agree_page(admin: "BookingAdmin", request: HttpRequest, booking: Booking, action: ObjectAction) -> HttpResponse:
    now = timezone.now()
    _options, dates = candidates_by_date(booking, now)
    form = AgreeForm(request.POST if request.method == "POST" else None, dates=dates)
    if form.is_valid() and not is_refused(form, lambda asked: agree_time(booking=booking, by=request.user, now=now, **asked)):  # type: ignore[arg-type]
        messages.success(request, str(action.done))
        return redirect("staff:bookings_booking_change", booking.pk)
    about = admin.get_action_context(request, action, booking, reverse("staff:bookings_booking_change", args=[booking.pk]))
    return TemplateResponse(request, "admin/object_action.html", {**about, "form": form})


def is_refused(form: TimeForm, decide: Callable[[dict[str, Any]], object]) -> bool:
    """Whether the service refused. The refusal becomes an error of the form."""
    try:
        decide(form.cleaned_data)
    except SlotTaken as refusal:
        form.add_error(form.time_error_field, str(refusal.message))
    except DomainError as refusal:
        form.add_error("override_reason" if isinstance(refusal, OutsideRules) else None, str(refusal.message))
    else:
        return False
    return True


def explain_refusal(
    form: WeekOfTimesForm,
    refusal: SlotTaken | OutsideRules,
    slot_query: SlotQuery,
    now: datetime,
    ignoring: IgnoredClaims | None = None,
) -> str:
    """Put the refusal beside the box that it is about. Returns a table of the presenters who could give it at that time."""
    start = form.cleaned_data["start"]
    if isinstance(refusal, OutsideRules):
        form.add_error("override_reason", str(refusal.message))
    else:
        sentence = admin_forms.not_free_text(slot_query, start, named=form.named, now=now, ignoring=ignoring)
        form.add_error(form.time_error_field, sentence)
    return rank_presenters_at(slot_query, start, now, ignoring).as_table()


AGREE_TIME_ACTION = ObjectAction(
    "agree",
    gettext_lazy("Agree on a time"),
    page=agree_page,
    available=lambda booking: booking.state == BookingState.REQUESTED and not booking.has_time,
    explanation=gettext_lazy(
        "This confirms the booking at once and frees the other times that we keep for it. The professional and the "
        "presenter will get an email."
    ),
    done=gettext_lazy("The time is agreed and the booking is confirmed. The professional and the presenter will get an email."),
    weight="main",
)


class OfferTimesForm(TimeForm):
    """Up to three times, chosen week by week or typed: all of them are in `cleaned_data["starts"]`."""

    time_error_field = "starts"

    starts = admin_forms.StartsField(label=gettext_lazy("Times to offer (three at most)"))
    override_reason = override_reason_field(REASON_HINT)

    fieldsets = {gettext_lazy("Any other time"): ("day", "clock")}
    drawn_apart = admin_forms.DRAWN_APART_FIELDS
    field_order = ("presenter", "starts", "day", "clock", "override_reason")

    def __init__(self, data: QueryDict | None, *, length: timedelta, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.length = length
        self.typed = data if data is not None else QueryDict()
        self.sending = data is not None and not admin_forms.is_browsing_times(data)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        typed = None if self.day_and_clock == (None, None) else self.typed_start()
        starts = list(dict.fromkeys([*cleaned.get("starts", ()), *([typed] if typed else [])]))
        if len(starts) > MAX_DATES_PER_REQUEST:
            self.add_error("starts", _("Choose three at most. Untick the others."))
        elif not starts and self.sending and not self.errors:
            self.add_error("starts", _("Choose at least one time to offer."))
        return {**cleaned, "starts": starts}


def build_offer_form(data: QueryDict | None, length: timedelta) -> OfferTimesForm:
    """What was sent. When staff look at another week, a typed time joins the chosen ones and its boxes are empty again."""
    form = OfferTimesForm(data, length=length)
    if data is None or form.sending:
        return form
    admin_forms.remove_form_errors(form, but=("starts", "day", "clock"))
    if form.errors or not data.get("day"):
        return form
    moved = data.copy()
    moved.setlist("starts", [slot_value(start) for start in form.cleaned_data["starts"]])
    moved["day"] = moved["clock"] = ""
    again = OfferTimesForm(moved, length=length)
    admin_forms.remove_form_errors(again, but=("starts",))
    return again


def offer_page(admin: "BookingAdmin", request: HttpRequest, booking: Booking, action: ObjectAction) -> HttpResponse:
    now, length = timezone.now(), booking.presentation.length
    form = build_offer_form(request.POST if request.method == "POST" else None, length)
    options: list[DateOption] = []

    def offer(asked: dict[str, Any]) -> None:
        options.extend(offer_times(booking=booking, by=request.user, now=now, **asked))  # type: ignore[arg-type]

    if form.sending and form.is_valid() and not is_refused(form, offer):
        until = {"until": bookings_text.offers_kept_until_text(options)}
        if booking.person.email:
            sentence = _(
                "We have offered the times and will keep them until %(until)s. The professional will get an email with a "
                "link to choose one."
            )
            messages.success(request, sentence % until)
        else:
            sentence = _("We will keep the times until %(until)s. The professional has no email address, so please call them.")
            messages.warning(request, sentence % until)
        return redirect("staff:bookings_booking_change", booking.pk)
    # The page opens at the week of the first date that they asked for and that lies ahead.
    asked = booking.options.preferred().values_list("starts_at", flat=True)
    near = min((start for start in asked or [booking.starts_at or now] if start > now), default=None)
    own = {"booking": booking, "option__booking": booking}
    shown = admin_forms.get_requested_week(slot_query_of(booking), form.typed, now, named=form.named, near=near, ignoring=own)
    # Times chosen in other weeks stay.
    set_choices(form.fields["starts"], admin_forms.week_choices(shown, form.typed.getlist("starts"), length))
    about = admin.get_action_context(request, action, booking, reverse("staff:bookings_booking_change", args=[booking.pk]))
    context = {**about, "form": form, "week": shown, "until": moment_text(kept_until(datetime.max.replace(tzinfo=UTC), now))}
    return TemplateResponse(request, "bookings/booking/staff/offer.html", context)


OFFER_TIMES_ACTION = ObjectAction(
    "offer",
    gettext_lazy("Offer other times"),
    page=offer_page,
    available=lambda booking: booking.state == BookingState.REQUESTED,
    explanation=gettext_lazy(
        "The professional will get an email with a link. They can choose a time, ask for others or withdraw. Times that "
        "we kept for them before will be free again."
    ),
)

"""The pages of a booking: place and audience; a time, held meanwhile, or one's own dates; leaflets; check your answers.

Answers live in a draft, so nobody needs to sign in before the last page, which places the booking once.
"""

from copy import copy
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import Progress, shows_progress, signed_in_user, url_with_next
from accounts.models import LimitedActivity
from accounts.rate_limits import check_throttles, client_key, client_throttle, hash_key
from bookings import text as bookings_text
from bookings.booking.forms import (
    WHERE_ANSWERS,
    BookingForm,
    DatesForm,
    DraftAnswers,
    LeafletsForm,
    answers_of,
    get_draft_answers,
    kept_visit_addresses,
)
from bookings.booking.services.create import needs_staff_decision, place_booking
from bookings.booking.services.decide import slot_query_of
from bookings.booking.services.request import DatesRefused, choose_kept_dates, request_dates
from bookings.booking.views.bookings import may_book_again, own_booking
from bookings.errors import AlreadyPlaced, DraftGone, HoldAlreadyExtended, HoldExpired, NotOffered, SlotTaken, TooManyHolds
from bookings.models import (
    Booking,
    BookingChannel,
    DateOption,
    DateOptionKind,
    Format,
    Hold,
    NotKeptReason,
    OpenSession,
    Presentation,
)
from bookings.schedule.availability import Schedule
from bookings.schedule.forms import WhenForm, slot_value
from bookings.schedule.holds import extend_hold, held_times_lookup, hold_matches, hold_slot, kept_until, release_hold
from bookings.schedule.picker import Picker, build_nearest_picker, first_free_times, is_anything_free, slot_picker_response
from bookings.schedule.queries import read_schedule
from bookings.text import ADDRESS_FIELDS, SummaryRow, room_text, summary_row
from core.dates import format_datetime_range, format_uk_time, uk_day
from core.forms import FORM_METHODS
from core.pages import add_correction_messages
from leaflets.models import CopiesToBring
from leaflets.orders.allowances import RecentOrdersByTitle, Workplace, recent_orders
from leaflets.orders.queries import kept_addresses
from leaflets.orders.services.create import CopiesPossible, copies_possible_by_slug
from leaflets.stock.queries import leaflets_in_stock
from office.closures.models import ClosureScope
from office.closures.queries import closure_texts_between
from professionals import drafts
from professionals.access import person_required, signed_in_person, signed_in_person_or_none, with_details_form
from professionals.forms import NewPersonForm
from professionals.models import DraftKind, Person
from professionals.safeguarding.services import leave_out_kept_back

# By network address while signed out, by user after: a trust behind one address still gets through, and nobody takes every slot.
HOLD_RATE_LIMIT = (40, timedelta(hours=1))
# A form from another window says so if its booking was placed within this time.
RECENT_BOOKING_WINDOW = timedelta(hours=1)


@dataclass(frozen=True)
class HeldSlot:
    """The slot that this draft holds, in words, for `seconds` more. `may_extend`: they have not asked for more time yet.

    `value`: its start, as in the list of times to choose from.
    """

    when: str
    until: str
    seconds: int = 0
    may_extend: bool = False
    value: str = ""


def held_slot(answers: DraftAnswers, now: datetime) -> HeldSlot | None:
    """The slot that the draft holds for these answers; None if it holds none, or no longer."""
    hold = answers.hold
    if hold is None or hold.expires_at <= now or not answers.is_for_presentation or not hold_matches(hold, answers.booking):
        return None
    when = format_datetime_range(hold.start, hold.start + answers.presentation.length)
    seconds = int((hold.expires_at - now).total_seconds())
    return HeldSlot(when, format_uk_time(hold.expires_at), seconds, hold.extended_at is None, slot_value(hold.start))


def held_slot_context(
    request: HttpRequest, answers: DraftAnswers, now: datetime, read: Schedule | None = None
) -> dict[str, object]:
    """For the page: the slot that is held, or else the one that was, and whether it is still free. `read` as in is_still_free."""
    held, start = held_slot(answers, now), answers.start
    if held or start is None:
        return {"kept": held}
    lost = format_datetime_range(start, start + answers.presentation.length)
    return {"lost": lost, "lost_is_free": is_still_free(request, answers, start, now, read)}


def is_still_free(
    request: HttpRequest, answers: DraftAnswers, start: datetime, now: datetime, read: Schedule | None = None
) -> bool:
    """Whether these answers could have that time. `read`: a schedule for them, which may have read that day already."""
    day = uk_day(start)
    if read is None or day not in read.date_range or not read.is_read(day):
        own = ignored_claims(request, answers)
        read = read_schedule(slot_query_of(answers.booking), first_day=day, last_day=day, now=now, ignoring=own)
    return bool(read.offered_candidates(start))


def hold_time(request: HttpRequest, answers: DraftAnswers, start: datetime, now: datetime) -> Hold:
    """Hold that time and keep the answer. Raises TooManyHolds, SlotTaken, DraftGone."""
    # Not in a transaction: a refusal must count too.
    if check_throttles(request, LimitedActivity.TIMES, [client_throttle(request, "hold", *HOLD_RATE_LIMIT)], now):
        raise TooManyHolds(
            _("People on your network chose too many times in the last hour. Wait a while, or call us and we will book for you.")
        )
    if answers.draft is None:
        raise DraftGone
    client = hash_key(client_key(request, "hold"))
    chosen: dict[str, dict[str, str]] = {"when": {"start": slot_value(start)}}
    if answers.step("dates"):
        chosen["dates"] = {}  # one of our times replaces dates of their own
    draft = copy(answers.draft)  # a refusal leaves the draft itself unchanged
    hold = hold_slot(
        draft=draft,
        person=signed_in_person_or_none(request),
        slot_query=slot_query_of(answers.booking),
        start=start,
        now=now,
        client=client,
        answers=chosen,
    )
    answers.draft, answers.hold = draft, hold
    return hold


def save_answers(
    request: HttpRequest, answers: DraftAnswers, steps: dict[str, dict[str, Any]], now: datetime, *, release: bool
) -> None:
    """Save the answers, in a new draft if theirs has gone: what somebody typed is never lost.

    `release`: give back the time that was chosen before, because the draft asks for something else now.
    """
    if release:
        steps = {**steps, "when": {}}
        if answers.draft:
            release_hold(draft=answers.draft, now=now)
            answers.hold = None
    draft = drafts.save_answers(request, DraftKind.BOOKING, steps, now)
    if draft != answers.draft:
        answers.hold = None
    answers.draft = draft


def extend_time(request: HttpRequest, answers: DraftAnswers, now: datetime) -> None:
    """Keep the time for longer, and say what came of it.

    Raises the same errors as hold_time if the hold was over and can't be had again.
    """
    try:
        if answers.draft is None:
            raise HoldExpired
        answers.hold = extend_hold(draft=answers.draft, now=now)
    except HoldAlreadyExtended as refusal:
        messages.warning(request, refusal.message)
    except HoldExpired:
        answers.hold = None
        hold_again(request, answers, now)
    else:
        until = format_uk_time(answers.hold.expires_at)
        messages.success(request, _("We are keeping this time for you until %(until)s.") % {"until": until})


def hold_again(request: HttpRequest, answers: DraftAnswers, now: datetime) -> None:
    """If the time is no longer held, holds it again while it is still free. Raises as hold_time does."""
    if answers.start is None or held_slot(answers, now):
        return
    hold = hold_time(request, answers, answers.start, now)
    sentence = _("We had stopped keeping your time, but it was still free. We are keeping it for you again until %(until)s.")
    messages.info(request, sentence % {"until": format_uk_time(hold.expires_at)})


def ignored_claims(request: HttpRequest, answers: DraftAnswers) -> dict[str, object]:
    """The claims not in their way: this draft's hold, this person's holds in other drafts, and times held for their place."""
    person, place = signed_in_person_or_none(request), slot_query_of(answers.booking).place
    return {"hold__draft": answers.draft, "hold__person": person.pk if person else None, **held_times_lookup(place)}


def week_page(
    request: HttpRequest, answers: DraftAnswers, now: datetime, *, typed: Any = None, problem: str = "", status: int = 200
) -> HttpResponse:
    def page(picker: Picker) -> HttpResponse:
        if problem:
            picker.form.add_error(None, problem)
        return when_page(
            request, answers, picker, now, status=status, **held_slot_context(request, answers, now, picker.schedule)
        )

    own = ignored_claims(request, answers)
    return slot_picker_response(
        request, slot_query_of(answers.booking), page, now=now, ignoring=own, chosen=answers.start, typed=typed
    )


def slot_taken_page(request: HttpRequest, answers: DraftAnswers, start: datetime, now: datetime) -> HttpResponse:
    """The time has gone: the page shows the nearest ones to choose from, and everything typed is kept."""
    picker = build_nearest_picker(slot_query_of(answers.booking), start, now=now, ignoring=ignored_claims(request, answers))
    return when_page(request, answers, picker, now, form_action=reverse("book_when", args=[answers.presentation.slug]))


def when_page(
    request: HttpRequest, answers: DraftAnswers, picker: Picker, now: datetime, *, status: int = 200, **more: object
) -> HttpResponse:
    """The page of times. If nothing is free, it shows the first times online (if they want a visit) and the next open session."""
    presentation, slot_query = answers.presentation, picker.slot_query
    context = {"picker": picker, "form": picker.form, "presentation": presentation, **more}
    if picker.nothing_free:
        if slot_query.place and Format.ONLINE in presentation.formats:
            online = replace(slot_query, format=Format.ONLINE, place=None, override_minutes={})
            context["online_times"] = first_free_times(
                picker, online, now, {**ignored_claims(request, answers), **held_times_lookup(None)}
            )
        session = OpenSession.objects.upcoming(now).filter(presentation=presentation).first()
        context |= {"place": slot_query.place, "session": session, "room": room_text(session) if session else ""}
    return render(request, "bookings/booking/when.html", context, status=status)


SLOT_FIELDS = ("presentation", "format", "postcode", "audience_profession")


def redirect_to_missing_step(request: HttpRequest, step: str, presentation: Presentation, now: datetime) -> HttpResponse:
    """Go to the page of the missing answer.

    Somebody who sent a form may just have placed its booking from another window: then say so.
    """
    if request.method == "POST":
        add_just_placed_warning(request, presentation, now)
    return redirect(f"book_{step}", slug=presentation.slug)


def add_just_placed_warning(request: HttpRequest, presentation: Presentation, now: datetime) -> None:
    person = signed_in_person_or_none(request)
    lately = {"presentation": presentation, "created_at__gt": now - RECENT_BOOKING_WINDOW}
    if person and (placed := person.bookings.filter(**lately).order_by("pk").last()):
        sentence = _(
            "You sent %(reference)s a moment ago, from another window. Carry on here only if you want another presentation."
        )
        messages.warning(request, sentence % {"reference": placed.reference})


@require_safe
def book_start(request: HttpRequest, slug: str) -> HttpResponse:
    get_object_or_404(Presentation.objects.offered(), slug=slug)
    return redirect("book_where", slug=slug)


@require_http_methods(FORM_METHODS)
def book_where(request: HttpRequest, slug: str) -> HttpResponse:
    """Where, for whom, and what of the day. From the check page (`change`) it leads back there once nothing is missing."""
    now = timezone.now()
    answers = get_draft_answers(request, slug, now)
    if request.method != "POST":
        drafts.ensure_cookie(request)
        # The earlier answers, or else the address of the last visit or of their work, with the person as the contact.
        person = signed_in_person_or_none(request)
        where = answers.step("where")
        if person and not where:
            place = Booking.objects.visits_for_person(person).values(*ADDRESS_FIELDS).first() or {"postcode": person.postcode}
            where = {**place, "contact_name": person.name, "contact_phone": person.phone}
        elif where.get("format") == Format.ONLINE:
            where = {**where, **answers.step("visit")}
        return where_page(request, answers, now, initial={**where, "leaflets": bool(answers.step("leaflets"))})
    if "extend" in request.POST:
        # The same page with what was typed so far, unchecked.
        try:
            extend_time(request, answers, now)
        except (SlotTaken, TooManyHolds, DraftGone):
            messages.warning(request, _("Your time is no longer free. Finish this page first, then choose another time."))
        return where_page(request, answers, now, initial=request.POST.dict())
    # A page that offered addresses sends which one was chosen.
    kept = visit_addresses(request, answers) if "address" in request.POST else {}
    form, changes = BookingForm(request.POST, presentation=answers.presentation, kept=kept), "change" in request.GET
    if not form.is_valid():
        return where_page(request, answers, now, data=request.POST)
    if changes and answers.draft is None:
        add_just_placed_warning(request, answers.presentation, now)
    save_where(request, answers, form, now)
    add_correction_messages(request, form)
    return redirect_to_check(request, answers, now) if changes else redirect("book_when", slug=slug)


def where_page(request: HttpRequest, answers: DraftAnswers, now: datetime, **typed: Any) -> HttpResponse:
    """`typed` is what the form shows: the `data` that was sent, or its `initial`."""
    form = BookingForm(presentation=answers.presentation, kept=visit_addresses(request, answers), **typed)
    context = {"form": form, "presentation": answers.presentation, **held_slot_context(request, answers, now)}
    return render(request, "bookings/booking/where.html", context)


def visit_addresses(request: HttpRequest, answers: DraftAnswers) -> dict[str, dict[str, str]]:
    """The person's own address book, if this presentation can be a visit. One statement."""
    person = signed_in_person_or_none(request)
    if not person or Format.WORKPLACE not in answers.presentation.formats:
        return {}
    return kept_visit_addresses(kept_addresses(person.pk))


def save_where(request: HttpRequest, answers: DraftAnswers, form: BookingForm, now: datetime) -> None:
    where = {"presentation": answers.presentation.slug, **answers_of(form), "flagged": form.flagged}
    if form.audience_range:
        where["range"] = form.audience_range
    steps: dict[str, dict[str, Any]] = {"where": where}
    brings = form.cleaned_data["leaflets"]
    if where["format"] == Format.WORKPLACE and brings != bool(answers.step("leaflets")):
        steps["leaflets"] = {"copies": []} if brings else {}
    save_place(request, answers, steps, now)


def save_place(request: HttpRequest, answers: DraftAnswers, steps: dict[str, dict[str, Any]], now: datetime) -> None:
    """Save the place. If the place, audience or presentation has changed, other slots are free, so a chosen time is given back.

    If a visit becomes online, its address is kept in case they change it back.
    """
    before, where = answers.step("where"), steps["where"]
    if where["format"] == Format.ONLINE and before.get("postcode"):
        steps["visit"] = {name: before[name] for name in ADDRESS_FIELDS}
    release = bool(answers.step("when")) and any(before.get(name, "") != where[name] for name in SLOT_FIELDS)
    save_answers(request, answers, steps, now, release=release)


def redirect_to_check(request: HttpRequest, answers: DraftAnswers, now: datetime) -> HttpResponse:
    """Go to the check page. If the hold is over, hold the time again, or show the nearest times if it has gone."""
    try:
        hold_again(request, answers, now)
    except SlotTaken:
        return slot_taken_page(request, answers, answers.start or now, now)
    except (TooManyHolds, DraftGone):
        pass  # the next page says that it is not kept
    return redirect(f"book_{answers.first_missing()}", slug=answers.presentation.slug)


@require_http_methods(FORM_METHODS)
@person_required
def booking_again(request: HttpRequest, reference: str) -> HttpResponse:
    """Puts the answers of a booking that is over or closed into a draft, so that only the time is left to choose. POST only."""
    booking, now = own_booking(request, reference), timezone.now()
    if request.method != "POST" or not may_book_again(booking, now):
        return redirect(booking)
    slug = booking.presentation.slug
    if booking.format not in booking.presentation.formats:
        return redirect("book_where", slug=slug)
    answers = get_draft_answers(request, slug, now)
    given = leave_out_kept_back({name: getattr(booking, name) for name in WHERE_ANSWERS}, booking)
    steps: dict[str, dict[str, Any]] = {"where": {"presentation": slug, **given, "flagged": False}}
    if answers.step("dates"):
        steps["dates"] = {}
    save_place(request, answers, steps, now)
    return redirect("book_when", slug=slug)


@require_http_methods(FORM_METHODS)
def book_when(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    answers = get_draft_answers(request, slug, now)
    if missing := answers.missing_before("when"):
        return redirect_to_missing_step(request, missing, answers.presentation, now)
    if request.method != "POST":
        return week_page(request, answers, now)
    if "online" in request.POST and Format.ONLINE in answers.presentation.formats:
        # Make it online instead of a visit for which no time is free.
        where = {**answers.step("where"), "format": Format.ONLINE.value, **dict.fromkeys(ADDRESS_FIELDS, "")}
        save_place(request, answers, {"where": where}, now)
        if "start" not in request.POST:
            return redirect("book_when", slug=slug)
    form = WhenForm(request.POST, days=[])
    if not form.is_valid():
        return week_page(request, answers, now, typed=request.POST)
    start = form.cleaned_data["start"]
    try:
        hold_time(request, answers, start, now)
    except TooManyHolds as refusal:
        return week_page(request, answers, now, typed=request.POST, problem=str(refusal.message), status=429)
    except SlotTaken:
        return slot_taken_page(request, answers, start, now)
    except DraftGone:
        return redirect_to_missing_step(request, "where", answers.presentation, now)
    return redirect(f"book_{answers.first_missing()}", slug=slug)


@require_http_methods(FORM_METHODS)
def book_dates(request: HttpRequest, slug: str) -> HttpResponse:
    """The page for dates of one's own, if none of our times suits."""
    now = timezone.now()
    answers = get_draft_answers(request, slug, now)
    presentation = answers.presentation
    if missing := answers.missing_before("when"):
        return redirect_to_missing_step(request, missing, presentation, now)
    before, data = answers.step("dates"), request.POST if request.method == "POST" else None
    initial = {**before.get("typed", {}), "reason": before.get("reason", "")}
    # If we have no times, don't ask why none suits, unless the page that was sent has asked already.
    own, slot_query = ignored_claims(request, answers), slot_query_of(answers.booking)
    asks_why = bool("reason" in (data or {}) or before.get("reason") or is_anything_free(slot_query, now, own))
    form = DatesForm(data, presentation=presentation, asks_why=asks_why, nation=slot_query.nation, initial=initial)
    if form.is_valid():
        answer = {
            "dates": [vars(date) for date in form.cleaned_data["dates"]],
            "reason": form.cleaned_data.get("reason", ""),
            "flagged": form.flagged,
            "typed": form.redisplay_values(),
        }
        save_answers(request, answers, {"dates": answer}, now, release=bool(answers.step("when")))
        return redirect(f"book_{answers.first_missing()}", slug=presentation.slug)
    today = uk_day(now)
    context = {
        "form": form,
        "presentation": presentation,
        "closed": closure_texts_between(today, form.latest_day, ClosureScope.PRESENTATIONS, [slot_query.nation]),
        "back_url": reverse("book_when", args=[presentation.slug]),
    }
    return render(request, "bookings/booking/dates.html", context)


MAX_LEAFLET_TITLES = 12


@require_http_methods(FORM_METHODS)
def book_leaflets(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    answers = get_draft_answers(request, slug, now)
    missing = answers.missing_before("leaflets")
    if answers.is_online and not missing:
        return redirect("book_check", slug=slug)
    booking = answers.booking
    leaflets = leaflets_in_stock(booking.audience_profession, MAX_LEAFLET_TITLES)
    person = signed_in_person_or_none(request)
    lately: RecentOrdersByTitle = {}  # what counts against the limits, as far as we know who asks
    if person and booking.postcode and leaflets:
        workplace = Workplace(person.organisation_id, booking.postcode)
        lately = recent_orders(person=person.pk, workplace=workplace, leaflets=leaflets, now=now)
    form = LeafletsForm(
        request.POST if request.method == "POST" else None,
        leaflets=leaflets,
        lately=lately,
        initial={leaflet.slug: leaflet.copies for leaflet in answers.leaflets},
    )
    if form.is_valid():
        copies = [asdict(leaflet) for leaflet in form.copies_to_bring()]
        drafts.save_answers(request, DraftKind.BOOKING, {"leaflets": {"copies": copies} if copies else {}}, now)
        if not missing:
            return redirect("book_check", slug=slug)
    if missing:
        return redirect_to_missing_step(request, missing, answers.presentation, now)
    step_before = "check" if "change" in request.GET else "dates" if answers.asks_for_dates else "when"
    context = {
        "form": form,
        "presentation": answers.presentation,
        "people": booking.audience_size,
        "back_url": reverse(f"book_{step_before}", args=[slug]),
    }
    return render(request, "bookings/booking/leaflets.html", {**context, **held_slot_context(request, answers, now)})


def leaflets_section(answers: DraftAnswers, person: Person, now: datetime) -> dict[str, Any]:
    """The leaflets on the check page. It reads the database only if some were asked for."""
    title = _("Leaflets for your audience")
    if answers.is_online:
        online = summary_row(_("Online"), _("Everybody can download them as PDFs"), href=reverse("leaflets"))
        return {"title": title, "rows": [online]}
    url = f"{reverse('book_leaflets', args=[answers.presentation.slug])}?change=1"
    asked, postcode = answers.leaflets, answers.booking.postcode
    if not asked:
        return {"title": title, "change_url": url, "rows": [summary_row(_("To bring"), _("None"))]}
    there = copies_possible_by_slug(asked, person=person, postcode=postcode, now=now)
    none = CopiesPossible(0)
    rows = [summary_row(leaflet.title, promised_copies_text(leaflet, there.get(leaflet.slug, none))) for leaflet in asked]
    return {"title": title, "change_url": url, "rows": rows}


def promised_copies_text(asked: CopiesToBring, possible: CopiesPossible) -> str:
    """'12 copies', or what would be brought if the booking was sent now."""
    if asked.copies <= possible.copies:
        return bookings_text.copies_text(asked.copies)
    facts = {"n": possible.copies, "wanted": asked.copies}
    if not possible.copies:
        return _("None: you asked for %(wanted)d, and we can’t bring any now. You can order them by post.") % facts
    sentence = ngettext(
        "%(n)d copy: you asked for %(wanted)d, and we can’t bring more now. You can order the rest by post.",
        "%(n)d copies: you asked for %(wanted)d, and we can’t bring more now. You can order the rest by post.",
        possible.copies,
    )
    return sentence % facts


def url_before_check(answers: DraftAnswers) -> str:
    return reverse("book_dates" if answers.asks_for_dates else "book_when", args=[answers.presentation.slug])


def booking_progress(request: HttpRequest, slug: str) -> Progress | None:
    """How far the booking has got, for the pages where somebody signs in on their way here."""
    now = timezone.now()
    answers = get_draft_answers(request, slug, now)
    if answers.draft is None:
        return None
    caption = render_to_string("bookings/booking/includes/caption.html", {"presentation": answers.presentation, "step": 3})
    kept = held_slot(answers, now)
    return Progress(caption, url_before_check(answers), kept, "bookings/booking/includes/kept.html")


@shows_progress(booking_progress)
@require_http_methods(FORM_METHODS)
@with_details_form
def book_check(request: HttpRequest, details_form: NewPersonForm | None, slug: str) -> HttpResponse:
    now = timezone.now()
    answers = get_draft_answers(request, slug, now)
    token, digest = request.POST.get("token", ""), request.POST.get("digest", "")
    if details_form and (answers.asks_for_dates or answers.leaflets):  # only of a known person can we say what they get
        return redirect(url_with_next("account_details", request.path))
    if request.method != "POST" or "extend" in request.POST or details_form:
        return check_or_extend(request, answers, details_form, now)
    if answers.draft is None or answers.draft.token != token:
        return already_placed_page(request, token, digest)
    if answers.first_missing() != "check":
        return redirect(f"book_{answers.first_missing()}", slug=slug)
    if warning := recheck_reason(request, answers, digest, now):
        return check_page(request, answers, None, now, warning=warning)
    booking = answers.booking
    booking.person, booking.channel = signed_in_person(request), BookingChannel.WEB
    booking.submission_token, booking.submission_digest = token, digest
    asked: dict[str, Any] = {"booking": booking, "leaflets": answers.leaflets, "by": request.user, "now": now}
    try:
        if answers.asks_for_dates:
            request_dates(dates=answers.dates, **asked)
        else:
            place_booking(**asked)
    except SlotTaken:
        return slot_taken_page(request, answers, answers.start or now, now)
    except (DatesRefused, NotOffered) as refusal:  # for example, a date has passed meanwhile
        messages.warning(request, str(refusal.message))
        return redirect("book_dates", slug=slug) if isinstance(refusal, DatesRefused) else redirect("presentations")
    except AlreadyPlaced:
        drafts.finish(answers.draft)  # it would stand in the way of every booking to come
        return already_placed_page(request, token, digest)
    return redirect("booking_placed", reference=booking.reference)


def check_or_extend(
    request: HttpRequest, answers: DraftAnswers, details_form: NewPersonForm | None, now: datetime
) -> HttpResponse:
    """The check page. After the button for more time, back to it or to the nearest times."""
    missing = answers.first_missing()
    if "extend" in request.POST:
        try:
            if missing == "check":
                extend_time(request, answers, now)
        except SlotTaken:
            return slot_taken_page(request, answers, answers.start or now, now)
        except (TooManyHolds, DraftGone) as refusal:
            messages.warning(request, refusal.message)
        if not details_form:
            return redirect("book_check", slug=answers.presentation.slug)
    if answers.draft is None:
        messages.info(request, _("There is nothing to check. This page shows what you have booked."))
        return redirect("my")
    if missing != "check":
        return redirect(f"book_{missing}", slug=answers.presentation.slug)
    return check_page(request, answers, details_form, now)


def recheck_reason(request: HttpRequest, answers: DraftAnswers, digest: str, now: datetime) -> str:
    """Why they must check again, or empty.

    Each request for dates may keep three times, so requests count together with the holds from one network address.
    """
    if answers.draft and digest != drafts.digest(answers.draft.answers):
        return _("Your answers were changed in another window. Please check them again.")
    if answers.asks_for_dates and check_throttles(
        request, LimitedActivity.TIMES, [client_throttle(request, "hold", *HOLD_RATE_LIMIT)], now
    ):
        return _("People on your network asked for too many times in the last hour. Wait a while, or call us.")
    return ""


def already_placed_page(request: HttpRequest, token: str, digest: str) -> HttpResponse:
    """The draft of this page is finished. Same token and content: show the first confirmation. Other content: say so.

    A token that can't be one of ours is not looked up.
    """
    mine = signed_in_person(request).bookings
    booking = mine.filter(submission_token=token).first() if drafts.SECRET_PATTERN.fullmatch(token) else None
    if booking is None:
        messages.info(request, _("That page was out of date. This page shows what you have booked."))
        return redirect("my")
    if booking.submission_digest == digest:
        return redirect("booking_placed", reference=booking.reference)
    return render(request, "bookings/booking/already_placed.html", {"booking": booking})


def check_page(
    request: HttpRequest, answers: DraftAnswers, details_form: NewPersonForm | None, now: datetime, *, warning: str = ""
) -> HttpResponse:
    held = held_slot(answers, now)
    start = answers.start
    if start and not held and not is_still_free(request, answers, start, now):
        return slot_taken_page(request, answers, start, now)
    booking = answers.booking
    booking.person = signed_in_person_or_none(request) or Person(
        email=signed_in_user(request).email
    )  # somebody new fills in the rest below
    context = {
        "presentation": answers.presentation,
        "sections": check_page_sections(answers, booking.person, now),
        "kept": held,
        "form": details_form,
        "asks_for_dates": answers.asks_for_dates,
        "is_request": answers.asks_for_dates or needs_staff_decision(booking),
        "back_url": url_before_check(answers),
        "warning": warning,
        "token": answers.draft.token if answers.draft else "",
        "digest": drafts.digest(answers.draft.answers) if answers.draft else "",
    }
    return render(request, "bookings/booking/check.html", context)


def check_page_sections(answers: DraftAnswers, person: Person, now: datetime) -> list[dict[str, object]]:
    presentation, booking = answers.presentation, answers.booking
    where = "\n".join(booking.address_lines) or booking.get_format_display()
    who_comes = summary_row(_("Who is coming"), bookings_text.audience_text(booking.audience_profession))
    booking.audience_profession = ""  # shown with the place
    about_the_day = bookings_text.details_rows(booking)
    if people := answers.step("where").get("range"):
        kept = {"range": people, "most": booking.audience_size}
        about_the_day[0]["value"] = _("%(most)s\nYou wrote %(range)s, so we will plan for %(most)s.") % kept
    if answers.asks_for_dates:
        # Each date with what would become of it if the request was sent now.
        dates = answers.dates
        could = choose_kept_dates(slot_query_of(answers.booking), dates, person=person, now=now)
        options = [DateOption(kind=DateOptionKind.PREFERRED, **vars(date)) for date in dates]
        rows = []
        for (label, option), chosen in zip(bookings_text.labelled_dates(options), could, strict=True):
            if isinstance(chosen, NotKeptReason):
                promise = bookings_text.not_kept_text(bookings_text.NOT_KEPT_BEFORE_SENDING, chosen)
            else:
                until = kept_until(chosen.start, now)
                promise = bookings_text.kept_until_text(option.precision, chosen.start, presentation.length, until)
            rows.append(summary_row(label, f"{option.when}\n{promise}"))
        if reason := answers.step("dates")["reason"]:
            rows.append(summary_row(_("Why our times don’t suit"), reason))
        when = _("Your dates"), reverse("book_dates", args=[presentation.slug]), rows
    else:
        span = format_datetime_range(booking.starts_at, booking.starts_at + presentation.length) if booking.starts_at else ""
        when = _("Time"), reverse("book_when", args=[presentation.slug]), [summary_row(_("When"), span)]
    # The confirmation goes to this address.
    about_them = [
        summary_row(_("Name"), person.name),
        summary_row(_("Organisation"), person.organisation.name if person.organisation else ""),
        summary_row(_("Email"), person.email),
        summary_row(_("Phone"), person.phone),
    ]
    first_page = f"{reverse('book_where', args=[presentation.slug])}?change=1"
    account = f"{reverse('account_details')}?next={reverse('book_check', args=[presentation.slug])}"

    def section(title: str, url: str, rows: list[SummaryRow]) -> dict[str, object]:
        return {"title": title, "change_url": url, "rows": rows}

    return [
        section(_("Presentation"), reverse("presentations"), [summary_row(_("Title"), presentation.title)]),
        section(_("Place and audience"), first_page, [summary_row(_("Where"), where), who_comes]),
        section(*when),
        section(_("About the day"), f"{first_page}#id_audience_size", about_the_day),
        leaflets_section(answers, person, now),
        section(_("You"), account if person.pk else "", [fact for fact in about_them if fact["value"]]),
    ]

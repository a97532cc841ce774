"""The last pages of a booking: dates of one's own, leaflets, check your answers, and place it once."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.access import Progress, shows_progress, signed_in, with_next
from accounts.limits import check_throttles, client_throttle
from accounts.models import Where
from bookings import rules
from bookings import text as bookings_text
from bookings.booking.drafts import DraftAnswers, answers_so_far
from bookings.booking.forms import DatesForm, LeafletsForm
from bookings.booking.services.create import place_booking, waits_for_staff
from bookings.booking.services.decide import slot_query_of
from bookings.booking.services.request import DatesRefused, choose_dates, request_dates
from bookings.booking.views import book
from bookings.booking.views.book import back_to_missing
from bookings.errors import AlreadyPlaced, DraftGone, NotOffered, SlotTaken, TooManyHolds
from bookings.models import Channel, DateOption, NotKeptReason, OptionKind
from bookings.schedule.holds import kept_until
from bookings.schedule.picker import is_anything_free
from ctac.dates import format_span, uk_day
from ctac.forms import FORM_METHODS
from leaflets.models import ToBring
from leaflets.orders.allowances import RecentOrdersByTitle, Workplace, recent_orders
from leaflets.orders.services.create import CopiesPossible, copies_possible_by_slug
from leaflets.stock.queries import leaflets_in_stock
from office.closures.models import Closes
from office.closures.queries import sentences_between
from professionals import drafts
from professionals.access import details_asked_here, person_in
from professionals.models import DraftKind, Person


@require_http_methods(FORM_METHODS)
def book_dates(request: HttpRequest, slug: str) -> HttpResponse:
    """Dates of one's own, where none of our times suits."""
    now = timezone.now()
    answers = answers_so_far(request, slug, now)
    presentation = answers.presentation
    if missing := answers.missing_before("when"):
        return back_to_missing(request, missing, presentation, now)
    before, data = answers.step("dates"), request.POST if request.method == "POST" else None
    initial = {**before.get("typed", {}), "reason": before.get("reason", "")}
    # Not asked where there is none; a page that has asked it is answered.
    own, slot_query = book.own_claims(request, answers), slot_query_of(answers.booking)
    asks_why = bool("reason" in (data or {}) or before.get("reason") or is_anything_free(slot_query, now, own))
    form = DatesForm(data, presentation=presentation, asks_why=asks_why, nation=slot_query.nation, initial=initial)
    if request.method == "POST" and form.is_valid():
        answer = {
            "dates": [vars(date) for date in form.cleaned_data["dates"]],
            "reason": form.cleaned_data.get("reason", ""),
            "flagged": form.flagged,
            "typed": form.as_typed(),
        }
        steps: dict[str, dict[str, Any]] = {"dates": answer}
        if answers.step("when"):  # in the place of a time that was chosen before, which is given back
            book.release_time(answers, now)
            steps["when"] = {}
        book.save_answers(request, answers, steps, now)
        return redirect(f"book_{answers.first_missing()}", slug=presentation.slug)
    today = uk_day(now)
    context = {
        "form": form,
        "presentation": presentation,
        "closed": sentences_between(today, form.latest_day, Closes.PRESENTATIONS, [slot_query.nation]),
        "back_url": reverse("book_when", args=[presentation.slug]),
    }
    return render(request, "bookings/booking/dates.html", context)


MOST_TITLES = 12


@require_http_methods(FORM_METHODS)
def book_leaflets(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    answers = answers_so_far(request, slug, now)
    missing = answers.missing_before("leaflets")
    if answers.is_online and not missing:
        return redirect("book_check", slug=slug)
    booking = answers.booking
    leaflets = leaflets_in_stock(booking.audience_profession, MOST_TITLES)
    person = request.person  # type: ignore[attr-defined]
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
    if request.method == "POST" and form.is_valid():
        copies = [asdict(leaflet) for leaflet in form.to_bring()]
        drafts.keep(request, DraftKind.BOOKING, {"leaflets": {"copies": copies} if copies else {}}, now)
        if not missing:
            return redirect("book_check", slug=slug)
    if missing:
        return back_to_missing(request, missing, answers.presentation, now)
    step_before = "check" if "change" in request.GET else "dates" if answers.asks_for_dates else "when"
    context = {
        "form": form,
        "presentation": answers.presentation,
        "people": booking.audience_size,
        "back_url": reverse(f"book_{step_before}", args=[slug]),
    }
    return render(request, "bookings/booking/leaflets.html", {**context, **book.kept_or_lost(request, answers, now)})


def leaflets_section(answers: DraftAnswers, person: Person, now: datetime) -> dict[str, Any]:
    """For the check page. Costs statements only if some were asked for."""
    title = _("Leaflets for your audience")
    if answers.is_online:
        row = {**bookings_text.row(_("Online"), _("Everybody can download them as PDFs")), "href": reverse("leaflets")}
        return {"title": title, "rows": [row]}
    url = f"{reverse('book_leaflets', args=[answers.presentation.slug])}?change=1"
    asked, postcode = answers.leaflets, answers.booking.postcode
    if not asked:
        return {"title": title, "change_url": url, "rows": [bookings_text.row(_("To bring"), _("None"))]}
    there = copies_possible_by_slug(asked, person=person, postcode=postcode, now=now)
    none = CopiesPossible(0)
    rows = [bookings_text.row(leaflet.title, leaflets_promise(leaflet, there.get(leaflet.slug, none))) for leaflet in asked]
    return {"title": title, "change_url": url, "rows": rows}


def leaflets_promise(asked: ToBring, possible: CopiesPossible) -> str:
    """'12 copies'; what would be brought if it were sent now."""
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


def page_before_check(answers: DraftAnswers) -> str:
    return reverse("book_dates" if answers.asks_for_dates else "book_when", args=[answers.presentation.slug])


def booking_progress(request: HttpRequest, slug: str) -> Progress | None:
    """For the pages on which somebody signs in on their way here."""
    now = timezone.now()
    answers = answers_so_far(request, slug, now)
    if answers.draft is None:
        return None
    caption = render_to_string("bookings/booking/includes/caption.html", {"presentation": answers.presentation, "step": 3})
    kept = book.held_slot(answers, now)
    return Progress(caption, page_before_check(answers), kept, "bookings/booking/includes/kept.html")


@shows_progress(booking_progress)
@require_http_methods(FORM_METHODS)
@details_asked_here
def book_check(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    answers = answers_so_far(request, slug, now)
    token, digest = request.POST.get("token", ""), request.POST.get("digest", "")
    is_new = hasattr(request, "details_form")
    if is_new and (answers.asks_for_dates or answers.leaflets):  # of which only a person’s can be said what there is
        return redirect(with_next("account_details", request.path))
    if request.method != "POST" or "extend" in request.POST or is_new:
        return check_or_extend(request, answers, now)
    if answers.draft is None or answers.draft.token != token:
        return placed_before(request, token, digest)
    if answers.first_missing() != "check":
        return redirect(f"book_{answers.first_missing()}", slug=slug)
    if warning := recheck_reason(request, answers, digest, now):
        return check_page(request, answers, now, warning=warning)
    booking = answers.booking
    booking.person, booking.channel = request.person, Channel.WEB  # type: ignore[attr-defined]
    booking.submission_token, booking.submission_digest = token, digest
    asked: dict[str, Any] = {"booking": booking, "leaflets": answers.leaflets, "by": request.user, "now": now}
    try:
        if answers.asks_for_dates:
            request_dates(dates=answers.dates, **asked)
        else:
            place_booking(**asked)
    except SlotTaken:
        return book.slot_taken_page(request, answers, answers.start or now, now)
    except (DatesRefused, NotOffered) as refusal:  # a date is over meanwhile, say
        messages.warning(request, str(refusal.message))
        return redirect("book_dates", slug=slug) if isinstance(refusal, DatesRefused) else redirect("presentations")
    except AlreadyPlaced:
        drafts.finish(answers.draft)  # it would stand in the way of every booking to come
        return placed_before(request, token, digest)
    return redirect("booking_placed", reference=booking.reference)


def check_or_extend(request: HttpRequest, answers: DraftAnswers, now: datetime) -> HttpResponse:
    """The page that asks; by its button for more time back to it, or to the nearest times."""
    missing = answers.first_missing()
    if "extend" in request.POST:
        try:
            if missing == "check":
                book.extend_time(request, answers, now)
        except SlotTaken:
            return book.slot_taken_page(request, answers, answers.start or now, now)
        except (TooManyHolds, DraftGone) as refusal:
            messages.warning(request, refusal.message)
        if not hasattr(request, "details_form"):
            return redirect("book_check", slug=answers.presentation.slug)
    if answers.draft is None:
        messages.info(request, _("There is nothing to check. This page shows what you have booked."))
        return redirect("my")
    if missing != "check":
        return redirect(f"book_{missing}", slug=answers.presentation.slug)
    return check_page(request, answers, now)


def recheck_reason(request: HttpRequest, answers: DraftAnswers, digest: str, now: datetime) -> str:
    """Each request for dates may keep three times, so they count with the times that are held from one address."""
    if answers.draft and digest != drafts.digest(answers.draft.answers):
        return _("Your answers were changed in another window. Please check them again.")
    if answers.asks_for_dates and check_throttles(
        request, Where.TIMES, [client_throttle(request, "hold", *rules.HOLD_RATE_LIMIT)], now
    ):
        return _("People on your network asked for too many times in the last hour. Wait a while, or call us.")
    return ""


def placed_before(request: HttpRequest, token: str, digest: str) -> HttpResponse:
    """The draft of this page is finished. Same token and content: the first confirmation. Other content: say so.

    A token that can't be one of ours is not asked of the database.
    """
    mine = request.person.bookings  # type: ignore[attr-defined]
    booking = mine.filter(submission_token=token).first() if drafts.SECRET.fullmatch(token) else None
    if booking is None:
        messages.info(request, _("That page was out of date. This page shows what you have booked."))
        return redirect("my")
    if booking.submission_digest == digest:
        return redirect("booking_placed", reference=booking.reference)
    return render(request, "bookings/booking/already_placed.html", {"booking": booking})


def check_page(request: HttpRequest, answers: DraftAnswers, now: datetime, *, warning: str = "") -> HttpResponse:
    held = book.held_slot(answers, now)
    start = answers.start
    if start and not held and not book.is_still_free(request, answers, start, now):
        return book.slot_taken_page(request, answers, start, now)
    booking = answers.booking
    booking.person = person_in(request) or Person(email=signed_in(request).email)
    context = {
        "presentation": answers.presentation,
        "sections": sections(request, answers, now),
        "kept": held,
        "form": getattr(request, "details_form", None),
        "asks_for_dates": answers.asks_for_dates,
        "is_request": answers.asks_for_dates or waits_for_staff(booking),
        "back_url": page_before_check(answers),
        "warning": warning,
        "token": answers.draft.token if answers.draft else "",
        "digest": drafts.digest(answers.draft.answers) if answers.draft else "",
    }
    return render(request, "bookings/booking/check.html", context)


def sections(request: HttpRequest, answers: DraftAnswers, now: datetime) -> list[dict[str, object]]:
    # Who is new fills in the rest below.
    person = person_in(request) or Person(email=signed_in(request).email)
    presentation, booking = answers.presentation, answers.booking
    where = "\n".join(booking.address_lines) or booking.get_format_display()
    who_comes = bookings_text.row(_("Who is coming"), bookings_text.audience_text(booking.audience_profession))
    booking.audience_profession = ""  # which stands with the place
    about_the_day = bookings_text.details_rows(booking)
    if people := answers.step("where").get("range"):
        kept = {"range": people, "most": booking.audience_size}
        about_the_day[0]["value"] = _("%(most)s\nYou wrote %(range)s, so we will plan for %(most)s.") % kept
    if answers.asks_for_dates:
        # Each date with what we would do with it if it were sent now.
        dates = answers.dates
        could = choose_dates(slot_query_of(answers.booking), dates, person=person, now=now)
        options = [DateOption(kind=OptionKind.PREFERRED, **vars(date)) for date in dates]
        rows = []
        for (label, option), chosen in zip(bookings_text.labelled_dates(options), could, strict=True):
            if isinstance(chosen, NotKeptReason):
                promise = bookings_text.not_kept_sentence(bookings_text.NOT_KEPT_IF_ASKED_NOW, chosen)
            else:
                until = kept_until(chosen.start, now)
                promise = bookings_text.keeping_sentence(option.precision, chosen.start, presentation.length, until)
            rows.append(bookings_text.row(label, f"{option.when}\n{promise}"))
        if reason := answers.step("dates")["reason"]:
            rows.append(bookings_text.row(_("Why our times don’t suit"), reason))
        when = _("Your dates"), reverse("book_dates", args=[presentation.slug]), rows
    else:
        span = format_span(booking.starts_at, booking.starts_at + presentation.length) if booking.starts_at else ""
        when = _("Time"), reverse("book_when", args=[presentation.slug]), [bookings_text.row(_("When"), span)]
    # The confirmation goes to this address.
    about_them = [
        bookings_text.row(_("Name"), person.name),
        bookings_text.row(_("Organisation"), person.organisation.name if person.organisation else ""),
        bookings_text.row(_("Email"), person.email),
        bookings_text.row(_("Phone"), person.phone),
    ]
    first_page = f"{reverse('book_where', args=[presentation.slug])}?change=1"
    account = f"{reverse('account_details')}?next={reverse('book_check', args=[presentation.slug])}"

    def section(title: str, url: str, rows: list[bookings_text.Row]) -> dict[str, object]:
        return {"title": title, "change_url": url, "rows": rows}

    return [
        section(_("Presentation"), reverse("presentations"), [bookings_text.row(_("Title"), presentation.title)]),
        section(_("Place and audience"), first_page, [bookings_text.row(_("Where"), where), who_comes]),
        section(*when),
        section(_("About the day"), f"{first_page}#id_audience_size", about_the_day),
        leaflets_section(answers, person, now),
        section(_("You"), account if person.pk else "", [row for row in about_them if row["value"]]),
    ]

"""The last pages of a booking: dates of one's own, leaflets, check your answers, and place it once."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from bookings import text
from bookings.booking.drafts import DraftAnswers
from bookings.booking.forms import DatesForm, LeafletsForm
from bookings.booking.limits import too_many_times
from bookings.booking.services.place import place_booking
from bookings.booking.services.request import DatesRefused, dates_we_could_keep, request_dates
from bookings.booking.views import book
from bookings.booking.views.book import answers_so_far, back_to, back_to_missing, go_to
from bookings.errors import AlreadyPlaced, DraftGone, NotOffered, SlotTaken, TooManyHolds
from bookings.models import Channel, DateOption, NotKeptReason, OptionKind
from bookings.schedule.holds import kept_until
from ctac.dates import format_span
from ctac.forms import FORM_METHODS
from leaflets.models import Leaflet, ToBring
from leaflets.orders.allowances import RecentOrdersByTitle, Workplace, recent_orders
from leaflets.orders.services.create import CopiesPossible, copies_possible_by_slug
from leaflets.stock.queries import leaflets_in_stock
from professionals import drafts
from professionals.access import person_required
from professionals.models import DraftKind, Person

# None of our times suits: the page that asks for dates of one's own, in the place of the page of times; and its check page.


@require_http_methods(FORM_METHODS)
def book_dates(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    answers = answers_so_far(request, slug, now)
    presentation = answers.presentation
    if missing := answers.missing_before("when"):
        return back_to_missing(request, missing, presentation, now)
    before = answers.step("dates")
    initial = {**before.get("typed", {}), "reason": before.get("reason", "")}
    form = DatesForm(request.POST if request.method == "POST" else None, presentation=presentation, initial=initial)
    if request.method == "POST" and form.is_valid():
        answer = {
            "dates": [vars(date) for date in form.cleaned_data["dates"]],
            "reason": form.cleaned_data["reason"],
            "flagged": form.flagged,
            "typed": form.as_typed(),
        }
        steps: dict[str, dict[str, Any]] = {"dates": answer}
        if answers.step("when"):  # in the place of a time that was chosen before, which is given back
            book.give_back_time(answers, now)
            steps["when"] = {}
        book.keep_answers(request, answers, steps, now)
        return go_to(answers.first_missing(), presentation)
    context = {"form": form, "presentation": presentation, "back_url": back_to("when", presentation)}
    return render(request, "bookings/dates.html", context)


def dates_section(answers: DraftAnswers, person: Any, now: datetime) -> tuple[str, str, list[text.Row]]:
    """Title, where to change it, and rows, for the check page: each date with what we would do with it if it were sent now."""
    dates, length = answers.dates, answers.presentation.length
    could = dates_we_could_keep(book.slot_query_of(answers), dates, person=person, now=now)
    options = [DateOption(kind=OptionKind.PREFERRED, **vars(date)) for date in dates]
    rows = []
    for (label, option), chosen in zip(text.labelled_dates(options), could, strict=True):
        if isinstance(chosen, NotKeptReason):
            promise = text.not_kept_sentence(text.NOT_KEPT_IF_ASKED_NOW, chosen)
        else:
            promise = text.keeping_sentence(option.precision, chosen.start, length, kept_until(chosen.start, now))
        rows.append(text.row(label, f"{option.when}\n{promise}"))
    rows.append(text.row(_("Why none of our times suits"), answers.step("dates")["reason"]))
    return _("Your dates"), back_to("dates", answers.presentation), rows


# Which leaflets to bring: a page for those who asked for some, and what the check page says of them.

MOST_TITLES = 12


@require_http_methods(FORM_METHODS)
def book_leaflets(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    answers = answers_so_far(request, slug, now)
    missing = answers.missing_before("leaflets")
    if answers.is_online and not missing:
        return go_to("check", answers.presentation)
    booking = answers.booking
    leaflets = leaflets_in_stock(booking.audience_profession, MOST_TITLES)
    form = LeafletsForm(
        request.POST if request.method == "POST" else None,
        leaflets=leaflets,
        lately=leaflets_counted(request, booking.postcode, leaflets, now),
        initial={each.slug: each.copies for each in answers.leaflets},
    )
    if request.method == "POST" and form.is_valid():
        copies = [asdict(each) for each in form.to_bring()]
        drafts.keep(request, DraftKind.BOOKING, {"leaflets": {"copies": copies} if copies else {}}, now)
        if not missing:
            return go_to("check", answers.presentation)
    if missing:
        return back_to_missing(request, missing, answers.presentation, now)
    step_before = "check" if "change" in request.GET else "dates" if answers.asks_for_dates else "when"
    context = {
        "form": form,
        "presentation": answers.presentation,
        "people": booking.audience_size,
        "kept": book.held_slot(answers, now),
        "back_url": back_to(step_before, answers.presentation),
    }
    return render(request, "bookings/leaflets.html", context)


def leaflets_counted(request: HttpRequest, postcode: str, leaflets: list[Leaflet], now: datetime) -> RecentOrdersByTitle:
    """What counts against the limits, as far as we know who asks."""
    person = request.person  # type: ignore[attr-defined]
    if not person or not postcode or not leaflets:
        return {}
    workplace = Workplace(person.organisation_id, postcode)
    return recent_orders(person=person.pk, workplace=workplace, leaflets=leaflets, now=now)


def leaflets_section(answers: DraftAnswers, person: Person, now: datetime) -> dict[str, Any]:
    """For the check page. Costs statements only if some were asked for."""
    title = _("Leaflets for your audience")
    if answers.is_online:
        row = {**text.row(_("Online"), _("Everybody can download them as PDFs")), "href": reverse("leaflets")}
        return {"title": title, "rows": [row]}
    url = f"{back_to('leaflets', answers.presentation)}?change=1"
    asked, postcode = answers.leaflets, answers.booking.postcode
    if not asked:
        return {"title": title, "change_url": url, "rows": [text.row(_("To bring"), _("None"))]}
    there = copies_possible_by_slug(asked, person=person, postcode=postcode, now=now)
    rows = [text.row(each.title, leaflets_promise(each, there.get(each.slug, CopiesPossible(0)))) for each in asked]
    return {"title": title, "change_url": url, "rows": rows}


def leaflets_promise(asked: ToBring, possible: CopiesPossible) -> str:
    """'12 copies'; what would be brought if it were sent now."""
    if asked.copies <= possible.copies:
        return text.copies_text(asked.copies)
    facts = {"n": possible.copies, "wanted": asked.copies}
    if not possible.copies:
        return _("None: you asked for %(wanted)d, and we can’t bring any now. You can order them by post.") % facts
    said = ngettext(
        "%(n)d copy: you asked for %(wanted)d, and we can’t bring more now. You can order the rest by post.",
        "%(n)d copies: you asked for %(wanted)d, and we can’t bring more now. You can order the rest by post.",
        possible.copies,
    )
    return said % facts


# The last page: check your answers, and place the booking once.


@require_http_methods(FORM_METHODS)
@person_required
def book_check(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    answers = answers_so_far(request, slug, now)
    token, digest = request.POST.get("token", ""), request.POST.get("digest", "")
    if request.method != "POST" or "extend" in request.POST:
        return ask_to_check(request, answers, now)
    if answers.draft is None or answers.draft.token != token:
        return placed_before(request, token, digest)
    if answers.first_missing() != "check":
        return go_to(answers.first_missing(), answers.presentation)
    if warning := why_check_again(request, answers, digest, now):
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
        return book.lost_page(request, answers, answers.start or now, now)
    except (DatesRefused, NotOffered) as refusal:  # a date is over meanwhile, say
        messages.warning(request, refusal.message)
        return go_to("dates", answers.presentation) if isinstance(refusal, DatesRefused) else redirect("presentations")
    except AlreadyPlaced:
        drafts.finish(answers.draft)  # it would stand in the way of every booking to come
        return placed_before(request, token, digest)
    return redirect("booking_placed", reference=booking.reference)


def ask_to_check(request: HttpRequest, answers: DraftAnswers, now: datetime) -> HttpResponse:
    """The page that asks; by its button for 15 minutes more back to it, or to the nearest times."""
    missing = answers.first_missing()
    if request.method == "POST":
        try:
            if missing == "check":
                book.keep_longer(request, answers, now)
        except SlotTaken:
            return book.lost_page(request, answers, answers.start or now, now)
        except (TooManyHolds, DraftGone) as refusal:
            messages.warning(request, refusal.message)
        return go_to("check", answers.presentation)
    if answers.draft is None:
        messages.info(request, _("There is nothing to check. What you have booked stands below."))
        return redirect("my")
    return check_page(request, answers, now) if missing == "check" else go_to(missing, answers.presentation)


def why_check_again(request: HttpRequest, answers: DraftAnswers, digest: str, now: datetime) -> str:
    """Each request for dates may keep three times, so they count with the times that are held from one address."""
    if answers.draft and digest != drafts.digest(answers.draft.answers):
        return _("Your answers were changed in another window. Please check them again.")
    if answers.asks_for_dates and too_many_times(request, now):
        return _("Too many times were asked for from here in the last hour. Wait a while, or call us.")
    return ""


def placed_before(request: HttpRequest, token: str, digest: str) -> HttpResponse:
    """The draft of this page is finished. Same token and content: the first confirmation. Other content: say so.

    A token that can't be one of ours is not asked of the database.
    """
    mine = request.person.bookings  # type: ignore[attr-defined]
    found = mine.filter(submission_token=token).first() if drafts.SECRET.fullmatch(token) else None
    if found is None:
        messages.info(request, _("That page was too old to use. What you have booked stands below."))
        return redirect("my")
    if found.submission_digest == digest:
        return redirect("booking_placed", reference=found.reference)
    return render(request, "bookings/already_placed.html", {"booking": found})


def check_page(request: HttpRequest, answers: DraftAnswers, now: datetime, *, warning: str = "") -> HttpResponse:
    held = book.held_slot(answers, now)
    start = answers.start
    if start and not held and not book.is_offered(request, answers, start, now):
        return book.lost_page(request, answers, start, now)
    context = {
        "presentation": answers.presentation,
        "sections": sections(request, answers, now),
        "kept": held,
        "asks_for_dates": answers.asks_for_dates,
        "back_url": back_to("dates" if answers.asks_for_dates else "when", answers.presentation),
        "warning": warning,
        "token": answers.draft.token if answers.draft else "",
        "digest": drafts.digest(answers.draft.answers) if answers.draft else "",
    }
    return render(request, "bookings/check.html", context)


def sections(request: HttpRequest, answers: DraftAnswers, now: datetime) -> list[dict[str, object]]:
    person, presentation = request.person, answers.presentation  # type: ignore[attr-defined]
    booking = answers.booking
    where = "\n".join(booking.address_lines) or booking.get_format_display()
    who_comes = text.row(_("Who is coming"), text.audience_text(booking.audience_profession))
    booking.audience_profession = ""  # which stands with the place
    if answers.asks_for_dates:
        when = dates_section(answers, person, now)
    else:
        span = format_span(booking.starts_at, booking.starts_at + presentation.length) if booking.starts_at else ""
        when = _("Time"), back_to("when", presentation), [text.row(_("When"), span)]
    # The confirmation goes to this address.
    about_them = [
        text.row(_("Name"), person.name),
        text.row(_("Organisation"), person.organisation.name if person.organisation else ""),
        text.row(_("Email"), person.email),
        text.row(_("Phone"), person.phone),
    ]
    first_page = f"{back_to('where', presentation)}?change=1"
    account = f"{reverse('account_details')}?next={back_to('check', presentation)}"

    def section(title: str, url: str, rows: list[text.Row]) -> dict[str, object]:
        return {"title": title, "change_url": url, "rows": rows}

    return [
        section(_("Presentation"), reverse("presentations"), [text.row(_("Title"), presentation.title)]),
        section(_("Place and audience"), first_page, [text.row(_("Where"), where), who_comes]),
        section(*when),
        section(_("About the day"), f"{first_page}#id_audience_size", text.details_rows(booking)),
        leaflets_section(answers, person, now),
        section(_("You"), account, [row for row in about_them if row["value"]]),
    ]

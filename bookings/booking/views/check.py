"""The last pages of a booking: dates of one's own, leaflets, check your answers, and place it once."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from bookings import text
from bookings.booking.drafts import DraftAnswers
from bookings.booking.forms import DatesForm, LeafletsForm
from bookings.booking.limits import too_many_times
from bookings.booking.services.place import Submission, place_booking
from bookings.booking.services.request import DatesRefused, dates_we_could_keep, request_dates
from bookings.booking.views import book
from bookings.booking.views.book import answers_so_far, back_to, back_to_missing, go_to, request_arguments, typed_answers
from bookings.errors import AlreadyPlaced, DraftGone, NotOffered, SlotTaken, TooManyHolds
from bookings.models import Booking, DateOption, Format, NotKeptReason, OptionKind
from bookings.schedule.holds import KeptSlot, PreferredDate, kept_until
from ctac.dates import format_span
from ctac.forms import FORM_METHODS
from leaflets.models import Leaflet, ToBring
from leaflets.orders.limits import RecentOrdersByTitle, Workplace, recent_orders
from leaflets.orders.services.place import CopiesPossible, copies_possible_by_slug
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
    form = DatesForm(typed_answers(request), presentation=presentation, initial=typed_before(answers))
    if request.method == "POST" and form.is_valid():
        return keep_dates(request, answers, form, now)
    context = {"form": form, "presentation": presentation, "back_url": back_to("when", presentation)}
    return render(request, "bookings/dates.html", context)


def typed_before(answers: DraftAnswers) -> dict[str, Any]:
    before = answers.step("dates")
    return {**before.get("typed", {}), "reason": before.get("reason", "")}


def keep_dates(request: HttpRequest, answers: DraftAnswers, form: DatesForm, now: datetime) -> HttpResponse:
    """In the place of a time that was chosen before, which is given back."""
    answer = {
        "dates": [vars(date) for date in form.cleaned_data["dates"]],
        "reason": form.cleaned_data["reason"],
        "flagged": form.flagged,
        "typed": form.as_typed(),
    }
    steps: dict[str, dict[str, Any]] = {"dates": answer}
    if answers.step("when"):
        book.give_back_time(answers, now)
        steps["when"] = {}
    book.keep_answers(request, answers, steps, now)
    return go_to(answers.first_missing(), answers.presentation)


def dates_with_promises(answers: DraftAnswers, person: Any, now: datetime) -> list[text.Row]:
    """Each date with what we would do with it if it were sent now."""
    dates = answers.dates
    could = dates_we_could_keep(book.slot_query_of(answers), dates, person=person, now=now)
    options = [DateOption(kind=OptionKind.PREFERRED, **vars(date)) for date in dates]
    promised = [date_promise(answers, date, chosen, now) for date, chosen in zip(dates, could, strict=True)]
    return [
        text.row(label, f"{option.when}\n{sentence}")
        for (label, option), sentence in zip(text.labelled_dates(options), promised, strict=True)
    ]


def date_promise(answers: DraftAnswers, date: PreferredDate, chosen: KeptSlot | NotKeptReason, now: datetime) -> str:
    if isinstance(chosen, NotKeptReason):
        return text.not_kept_sentence(text.NOT_KEPT_IF_ASKED_NOW, chosen)
    until = kept_until(chosen.start, now)
    return text.keeping_sentence(date.precision, chosen.start, answers.presentation.length, until)


def too_many(request: HttpRequest, now: datetime) -> bool:
    """Each request may keep three times, so they count with the times that are held from one address."""
    return too_many_times(request, now) is not None


def request_answers(request: HttpRequest, answers: DraftAnswers, submission: Submission, now: datetime) -> Booking:
    """Raises as request_dates."""
    step, asked = answers.step("dates"), request_arguments(request, answers, submission, now)
    return request_dates(dates=answers.dates, reason=step["reason"], flagged=step["flagged"], **asked)


def ask_again(request: HttpRequest, answers: DraftAnswers, refusal: DatesRefused) -> HttpResponse:
    """A date that is over meanwhile, say."""
    messages.warning(request, refusal.message)
    return go_to("dates", answers.presentation)


def dates_section(answers: DraftAnswers, person: Any, now: datetime) -> tuple[str, str, list[text.Row]]:
    """Title, where to change it, and rows, for the check page."""
    reason = text.row(_("Why none of our times suits"), answers.step("dates")["reason"])
    return _("Your dates"), back_to("dates", answers.presentation), [*dates_with_promises(answers, person, now), reason]


# Which leaflets to bring: a page for those who asked for some, and what the check page says of them.

MOST_TITLES = 12


@require_http_methods(FORM_METHODS)
def book_leaflets(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    answers = answers_so_far(request, slug, now)
    missing = answers.missing_before("leaflets")
    if answers.is_online and not missing:
        return go_to("check", answers.presentation)
    leaflets = leaflets_in_stock(answers.audience, MOST_TITLES)
    before = {each.slug: each.copies for each in answers.leaflets}
    form = LeafletsForm(
        typed_answers(request), leaflets=leaflets, lately=leaflets_counted(request, answers, leaflets, now), initial=before
    )
    if request.method == "POST" and form.is_valid():
        copies = [asdict(each) for each in form.to_bring()]
        drafts.keep(request, DraftKind.BOOKING, {"leaflets": {"copies": copies} if copies else {}}, now)
        if not missing:
            return go_to("check", answers.presentation)
    if missing:
        return back_to_missing(request, missing, answers.presentation, now)
    return leaflets_page(request, answers, form, now)


def leaflets_page(request: HttpRequest, answers: DraftAnswers, form: LeafletsForm, now: datetime) -> HttpResponse:
    step_before = "check" if "change" in request.GET else "dates" if answers.asks_for_dates else "when"
    context = {
        "form": form,
        "presentation": answers.presentation,
        "people": answers.details.audience_size,
        "kept": book.held_slot(answers, now),
        "back_url": back_to(step_before, answers.presentation),
    }
    return render(request, "bookings/leaflets.html", context)


def leaflets_counted(request: HttpRequest, answers: DraftAnswers, leaflets: list[Leaflet], now: datetime) -> RecentOrdersByTitle:
    """What counts against the limits, as far as we know who asks."""
    person = request.person  # type: ignore[attr-defined]
    postcode = answers.step("where").get("postcode", "")
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
    asked, postcode = answers.leaflets, answers.address.postcode if answers.address else ""
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

TOO_MANY = gettext_lazy("Too many times were asked for from here in the last hour. Wait a while, or call us.")


@require_http_methods(FORM_METHODS)
@person_required
def book_check(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    answers = answers_so_far(request, slug, now)
    submission = submission_of(request)
    if request.method == "POST" and "extend" in request.POST:
        return kept_longer(request, answers, now)
    if request.method == "POST" and (answers.draft is None or answers.draft.token != submission.token):
        return placed_before(request, submission)
    if answers.draft is None:
        messages.info(request, _("There is nothing to check. What you have booked stands below."))
        return redirect("my")
    if answers.first_missing() != "check":
        return go_to(answers.first_missing(), answers.presentation)
    if request.method != "POST":
        return check_page(request, answers, now)
    if submission.digest != drafts.digest(answers.draft.answers):
        warning = _("Your answers were changed in another window. Please check them again.")
        return check_page(request, answers, now, warning=warning)
    return place_answers(request, answers, submission, now)


def kept_longer(request: HttpRequest, answers: DraftAnswers, now: datetime) -> HttpResponse:
    """Back to this page, which says what there is, or to the nearest times."""
    if answers.first_missing() == "check":
        try:
            book.keep_longer(request, answers, now)
        except SlotTaken:
            return book.lost_page(request, answers, answers.start or now, now)
        except (TooManyHolds, DraftGone) as refusal:
            messages.warning(request, refusal.message)
    return go_to("check", answers.presentation)


def submission_of(request: HttpRequest) -> Submission:
    """What the page carried. A token that can't be one of ours counts as none, and is not asked of the database."""
    token = request.POST.get("token", "")
    return Submission(token if drafts.SECRET.fullmatch(token) else "", request.POST.get("digest", ""))


def placed_before(request: HttpRequest, submission: Submission) -> HttpResponse:
    """The draft of this page is finished. Same token and content: the first confirmation. Other content: say so."""
    mine = request.person.bookings  # type: ignore[attr-defined]
    found = mine.filter(submission_token=submission.token).first() if submission.token else None
    if found is None:
        messages.info(request, _("That page was too old to use. What you have booked stands below."))
        return redirect("my")
    if found.submission_digest == submission.digest:
        return redirect("booking_placed", reference=found.reference)
    return render(request, "bookings/already_placed.html", {"booking": found})


def place_answers(request: HttpRequest, answers: DraftAnswers, submission: Submission, now: datetime) -> HttpResponse:
    if answers.asks_for_dates and too_many(request, now):
        return check_page(request, answers, now, warning=str(TOO_MANY))
    try:
        booking = placed_with(request, answers, submission, now)
    except SlotTaken:
        return book.lost_page(request, answers, answers.start or now, now)
    except DatesRefused as refusal:
        return ask_again(request, answers, refusal)
    except AlreadyPlaced:
        if answers.draft:
            drafts.finish(answers.draft)  # it would stand in the way of every booking to come
        return placed_before(request, submission)
    except NotOffered as refusal:
        messages.warning(request, refusal.message)
        return redirect("presentations")
    return redirect("booking_placed", reference=booking.reference)


def placed_with(request: HttpRequest, answers: DraftAnswers, submission: Submission, now: datetime) -> Booking:
    place_it = request_answers if answers.asks_for_dates else book_answers
    return place_it(request, answers, submission, now)


def book_answers(request: HttpRequest, answers: DraftAnswers, submission: Submission, now: datetime) -> Booking:
    return place_booking(start=answers.start or now, **request_arguments(request, answers, submission, now))


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
    where = "\n".join(answers.address.lines) if answers.address else Format(answers.format).label
    who_comes = text.row(_("Who is coming"), text.audience_text(answers.audience))
    about_the_day = replace(answers.details, audience_profession="")  # which stands with the place
    first_page = f"{back_to('where', presentation)}?change=1"

    def section(title: str, url: str, rows: list[text.Row]) -> dict[str, object]:
        return {"title": title, "change_url": url, "rows": rows}

    account = f"{reverse('account_details')}?next={back_to('check', presentation)}"
    return [
        section(_("Presentation"), reverse("presentations"), [text.row(_("Title"), presentation.title)]),
        section(_("Place and audience"), first_page, [text.row(_("Where"), where), who_comes]),
        section(*when_section(request, answers, now)),
        section(_("About the day"), f"{first_page}#id_audience_size", text.details_rows(about_the_day)),
        leaflets_section(answers, person, now),
        section(_("You"), account, about_you(person)),
    ]


def when_section(request: HttpRequest, answers: DraftAnswers, now: datetime) -> tuple[str, str, list[text.Row]]:
    if answers.asks_for_dates:
        return dates_section(answers, request.person, now)  # type: ignore[attr-defined]
    start, length = answers.start, answers.presentation.length
    when = format_span(start, start + length) if start else ""
    return _("Time"), back_to("when", answers.presentation), [text.row(_("When"), when)]


def about_you(person: Person) -> list[text.Row]:
    """What we know of them; the confirmation goes to this address."""
    rows = [
        text.row(_("Name"), person.name),
        text.row(_("Organisation"), person.organisation.name if person.organisation else ""),
        text.row(_("Email"), person.email),
        text.row(_("Phone"), person.phone),
    ]
    return [each for each in rows if each["value"]]

"""The last page: check your answers, and place the booking once."""

from dataclasses import replace
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from bookings import words
from bookings.answers import Answers
from bookings.models import Booking, Format
from bookings.services.errors import AlreadyPlaced, DraftGone, NotOffered, SlotTaken, TooManyHolds
from bookings.services.placing import Submission, book
from bookings.services.requesting import DatesRefused
from bookings.views import dates, keeping, leaflets, times
from bookings.views.flow import FORM_METHODS, answers_so_far, asked_for, back_to, go_to
from ctac.uk import format_span
from professionals import drafts
from professionals.models import Person
from professionals.person_access import person_required

TOO_MANY = gettext_lazy("Too many times were asked for from here in the last hour. Wait a while, or call us.")


@require_http_methods(FORM_METHODS)
@person_required
def book_check(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    answers = answers_so_far(request, slug, now)
    submission = sent(request)
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
    return place(request, answers, submission, now)


def kept_longer(request: HttpRequest, answers: Answers, now: datetime) -> HttpResponse:
    """Back to this page, which says what there is, or to the nearest times."""
    if answers.first_missing() == "check":
        try:
            keeping.keep_longer(request, answers, now)
        except SlotTaken:
            return times.lost_page(request, answers, answers.start or now, now)
        except (TooManyHolds, DraftGone) as refusal:
            messages.warning(request, refusal.message)
    return go_to("check", answers.presentation)


def sent(request: HttpRequest) -> Submission:
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


def place(request: HttpRequest, answers: Answers, submission: Submission, now: datetime) -> HttpResponse:
    if answers.asks_for_dates and dates.too_many(request, now):
        return check_page(request, answers, now, warning=str(TOO_MANY))
    try:
        booking = placed_with(request, answers, submission, now)
    except SlotTaken:
        return times.lost_page(request, answers, answers.start or now, now)
    except DatesRefused as refusal:
        return dates.ask_again(request, answers, refusal)
    except AlreadyPlaced:
        if answers.draft:
            drafts.finish(answers.draft)  # it would stand in the way of every booking to come
        return placed_before(request, submission)
    except NotOffered as refusal:
        messages.warning(request, refusal.message)
        return redirect("presentations")
    return redirect("booking_placed", reference=booking.reference)


def placed_with(request: HttpRequest, answers: Answers, submission: Submission, now: datetime) -> Booking:
    place_it = dates.request_answers if answers.asks_for_dates else book_answers
    return place_it(request, answers, submission, now)


def book_answers(request: HttpRequest, answers: Answers, submission: Submission, now: datetime) -> Booking:
    return book(start=answers.start or now, **asked_for(request, answers, submission, now))


def check_page(request: HttpRequest, answers: Answers, now: datetime, *, warning: str = "") -> HttpResponse:
    held = keeping.kept(answers, now)
    start = answers.start
    if start and not held and not times.is_offered(request, answers, start, now):
        return times.lost_page(request, answers, start, now)
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


def sections(request: HttpRequest, answers: Answers, now: datetime) -> list[dict[str, object]]:
    person, presentation = request.person, answers.presentation  # type: ignore[attr-defined]
    where = "\n".join(answers.address.lines) if answers.address else Format(answers.format).label
    who_comes = words.row(_("Who is coming"), words.audience(answers.audience))
    about_the_day = replace(answers.details, audience_profession="")  # which stands with the place
    first_page = f"{back_to('where', presentation)}?change=1"

    def section(title: str, url: str, rows: list[words.Row]) -> dict[str, object]:
        return {"title": title, "change_url": url, "rows": rows}

    account = f"{reverse('account_details')}?next={back_to('check', presentation)}"
    return [
        section(_("Presentation"), reverse("presentations"), [words.row(_("Title"), presentation.title)]),
        section(_("Place and audience"), first_page, [words.row(_("Where"), where), who_comes]),
        section(*when_section(request, answers, now)),
        section(_("About the day"), f"{first_page}#id_audience_size", words.details(about_the_day)),
        leaflets.section(answers, person, now),
        section(_("You"), account, about_you(person)),
    ]


def when_section(request: HttpRequest, answers: Answers, now: datetime) -> tuple[str, str, list[words.Row]]:
    if answers.asks_for_dates:
        return dates.section(answers, request.person, now)  # type: ignore[attr-defined]
    start, length = answers.start, answers.presentation.length
    when = format_span(start, start + length) if start else ""
    return _("Time"), back_to("when", answers.presentation), [words.row(_("When"), when)]


def about_you(person: Person) -> list[words.Row]:
    """What we know of them; the confirmation goes to this address."""
    rows = [
        words.row(_("Name"), person.name),
        words.row(_("Organisation"), person.organisation.name if person.organisation else ""),
        words.row(_("Email"), person.email),
        words.row(_("Phone"), person.phone),
    ]
    return [each for each in rows if each["value"]]

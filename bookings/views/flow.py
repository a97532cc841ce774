"""Booking, page by page: where and for whom, when, details.

Answers live in a draft, so nobody needs to sign in before the last page.
"""

from dataclasses import fields
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings import rules
from bookings.answers import STEPS, Answers
from bookings.forms import DayAndLeafletsForm, WhenForm, WhereForm
from bookings.models import Booking, Channel, Format, Presentation
from bookings.services import Details, DraftGone, SlotTaken, Submission, TooManyHolds
from bookings.views import keeping, times
from bookings.where_form import WhereAmongKeptForm, places_kept
from ctac.compiled import Compiled
from leaflets.reading import addresses_kept_by
from professionals import drafts
from professionals.models import DraftKind

FORM_METHODS = ["GET", "HEAD", "POST"]


LINES_OF_VISIT = tuple(WhereForm.conditional)
last_visited: "Compiled[Any]" = Compiled(lambda person: Booking.objects.addresses_of(person).values_list(*LINES_OF_VISIT)[:1])
offered_with_slug = Compiled(lambda slug: Presentation.objects.offered().filter(slug=slug))


def offered(slug: str) -> Presentation:
    if presentation := offered_with_slug.first(slug=slug):
        return presentation
    raise Http404


def answers_so_far(request: HttpRequest, slug: str, now: datetime) -> Answers:
    """What each page of a booking begins with: the presentation, and the draft with the time that it holds."""
    presentation = offered(slug)
    return Answers(drafts.find(request, DraftKind.BOOKING, now, along=[Answers.HOLD]), presentation)


def go_to(step: str, presentation: Presentation) -> HttpResponse:
    return redirect(f"book_{step}", slug=presentation.slug)


def go_on(request: HttpRequest, step: str, answers: Answers) -> HttpResponse:
    """The next page; for someone who came from the check page to change an answer, back there once nothing is missing."""
    following = [*STEPS, "check"][STEPS.index(step) + 1]
    return go_to(answers.first_missing() if "change" in request.GET else following, answers.presentation)


def back_to_missing(request: HttpRequest, step: str, presentation: Presentation, now: datetime) -> HttpResponse:
    """An answer is missing. Whoever sent a page has perhaps placed its booking from another window, and is told of that."""
    placed = just_placed(request, presentation, now) if request.method == "POST" else None
    if placed:
        said = _("%(reference)s was sent a moment ago, from another window. Go on here only if you want one more presentation.")
        messages.warning(request, said % {"reference": placed.reference})
    return go_to(step, presentation)


def just_placed(request: HttpRequest, presentation: Presentation, now: datetime) -> Booking | None:
    person = request.person  # type: ignore[attr-defined]
    if not person:
        return None
    lately = {"presentation": presentation, "created_at__gt": now - rules.JUST_PLACED}
    found: Booking | None = Booking.objects.filter(person=person.pk, **lately).order_by("pk").last()
    return found


def typed(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


@require_safe
def book_start(request: HttpRequest, slug: str) -> HttpResponse:
    return go_to("where", offered(slug))


@require_http_methods(FORM_METHODS)
def book_where(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    answers = answers_so_far(request, slug, now)
    presentation, kept = answers.presentation, kept_places(request, answers)
    begins = {} if request.method == "POST" else where_so_far(request, answers)
    form = WhereAmongKeptForm(typed(request), presentation=presentation, kept=kept, initial=begins)
    if request.method == "POST" and form.is_valid():
        return go_on(request, "where", keep_where(request, answers, form.cleaned_data, now))
    return render(request, "bookings/where.html", {"form": form, "presentation": presentation})


def kept_places(request: HttpRequest, answers: Answers) -> dict[str, dict[str, str]]:
    """The person's own address book, where a visit is possible. One statement."""
    person = request.person  # type: ignore[attr-defined]
    if not person or Format.WORKPLACE not in answers.presentation.formats:
        return {}
    return places_kept(addresses_kept_by(person.pk))


def where_so_far(request: HttpRequest, answers: Answers) -> dict[str, Any]:
    """What was answered before, else the address of the person's last visit, else where they work."""
    if answers.step("where"):
        return answers.step("where")
    person = request.person  # type: ignore[attr-defined]
    if not person:
        return {}
    last = last_visited.first(person=person.pk)
    return dict(zip(LINES_OF_VISIT, last, strict=True)) if last else {"postcode": person.postcode}


def keep_where(request: HttpRequest, before: Answers, cleaned: dict[str, Any], now: datetime) -> Answers:
    """Another place, audience or presentation has other slots, so a time that was chosen is given back."""
    answer = {"presentation": before.presentation.slug, **cleaned}
    matters = ("presentation", "format", "postcode", "audience_profession")
    steps: dict[str, dict[str, Any]] = {"where": answer}
    if before.step("when") and any(before.step("where").get(name, "") != answer[name] for name in matters):
        keeping.give_back(before, now)
        steps["when"] = {}
    return Answers(drafts.keep(request, DraftKind.BOOKING, steps, now), before.presentation)


@require_http_methods(FORM_METHODS)
def book_when(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    answers = answers_so_far(request, slug, now)
    if missing := answers.missing_before("when"):
        return back_to_missing(request, missing, answers.presentation, now)
    if request.method != "POST":
        return (times.month_of_times if "month" in request.GET else times.week_page)(request, answers, now)
    form = WhenForm(request.POST, days=[])
    if not form.is_valid():
        return times.week_page(request, answers, now, typed=request.POST)
    return keep_when(request, answers, form.cleaned_data["start"], now)


def keep_when(request: HttpRequest, answers: Answers, start: datetime, now: datetime) -> HttpResponse:
    try:
        keeping.keep(request, answers, start, now)
    except TooManyHolds as refusal:
        return times.too_many_page(request, answers, refusal, now)
    except SlotTaken:
        return times.lost_page(request, answers, start, now)
    except DraftGone:
        return back_to_missing(request, "where", answers.presentation, now)
    return go_on(request, "when", answers)


@require_http_methods(FORM_METHODS)
def book_details(request: HttpRequest, slug: str) -> HttpResponse:
    now = timezone.now()
    answers = answers_so_far(request, slug, now)
    missing = answers.missing_before("details")
    if missing and request.method != "POST":
        return go_to(missing, answers.presentation)
    if request.method == "POST" and "extend" in request.POST:
        return kept_longer(request, answers, now)
    form = DayAndLeafletsForm(typed(request), initial=details_so_far(request, answers), online=answers.is_online)
    if request.method == "POST" and form.is_valid():
        answers = keep_details(request, answers, form, now)
        if missing:
            messages.info(request, _("Please answer this page again. What you typed about the day is kept."))
            return back_to_missing(request, missing, answers.presentation, now)
        return on_from_details(request, answers, now)
    return details_page(request, answers, form, now)


def details_page(request: HttpRequest, answers: Answers, form: DayAndLeafletsForm, now: datetime) -> HttpResponse:
    step_before = "dates" if answers.asks_for_dates else "when"
    context = {
        "form": form,
        "presentation": answers.presentation,
        "kept": keeping.kept(answers, now),
        "back_url": back_to(step_before, answers.presentation),
    }
    return render(request, "bookings/details.html", context)


def kept_longer(request: HttpRequest, answers: Answers, now: datetime) -> HttpResponse:
    """The same page with what was typed so far, which nobody looks at yet."""
    try:
        keeping.keep_longer(request, answers, now)
    except (SlotTaken, TooManyHolds, DraftGone):
        messages.warning(request, _("Your time is not free any more. Finish this page first; then you choose another time."))
    return details_page(request, answers, DayAndLeafletsForm(initial=request.POST.dict(), online=answers.is_online), now)


def on_from_details(request: HttpRequest, answers: Answers, now: datetime) -> HttpResponse:
    """The time that was kept may be over: it is taken again, or the nearest are shown."""
    if answers.has("when"):
        try:
            keeping.take_again(request, answers, now)
        except SlotTaken:
            return times.lost_page(request, answers, answers.start or now, now)
        except (TooManyHolds, DraftGone):
            pass  # the next page says that it is not kept
    changes = "change" in request.GET
    if answers.wants_leaflets and not (changes and answers.leaflets):
        return redirect(f"{back_to('leaflets', answers.presentation)}{'?change=1' if changes else ''}")
    return go_on(request, "details", answers)


def keep_details(request: HttpRequest, before: Answers, form: DayAndLeafletsForm, now: datetime) -> Answers:
    """In a new draft if theirs has gone meanwhile: what somebody typed is never lost."""
    kept = {field.name: form.cleaned_data[field.name] for field in fields(Details) if field.name in form.cleaned_data}
    steps: dict[str, dict[str, Any]] = {"details": {**kept, "flagged": form.flagged}}
    if "leaflets" in form.fields and form.cleaned_data["leaflets"] != bool(before.step("leaflets")):
        steps["leaflets"] = {"copies": []} if form.cleaned_data["leaflets"] else {}
    return Answers(drafts.keep(request, DraftKind.BOOKING, steps, now), before.presentation)


def details_so_far(request: HttpRequest, answers: Answers) -> dict[str, Any]:
    """What was answered before, else the person as their own contact."""
    if answers.step("details"):
        return {**answers.step("details"), "leaflets": bool(answers.step("leaflets"))}
    person = request.person  # type: ignore[attr-defined]
    return {"contact_name": person.name, "contact_phone": person.phone} if person else {}


def back_to(step: str, presentation: Presentation) -> str:
    return reverse(f"book_{step}", args=[presentation.slug])


def asked_for(request: HttpRequest, answers: Answers, submission: Submission, now: datetime) -> dict[str, Any]:
    """What a booking and a request are both asked for."""
    return {
        "person": request.person,  # type: ignore[attr-defined]
        "by": request.user,
        "channel": Channel.WEB,
        "presentation": answers.presentation,
        "format": answers.format,
        "address": answers.address,
        "details": answers.details,
        "leaflets": answers.leaflets,
        "submission": submission,
        "now": now,
    }

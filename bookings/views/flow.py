"""Booking, page by page: where, for whom and what of the day; then when.

Answers live in a draft, so nobody needs to sign in before the last page.
"""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings import rules
from bookings.answers import Answers
from bookings.forms import LINES, BookingForm, DetailsForm, WhereForm, places_kept
from bookings.models import Booking, Channel, Format, Presentation
from bookings.services.errors import DraftGone, SlotTaken, TooManyHolds
from bookings.services.placing import Submission
from bookings.slot_forms import WhenForm
from bookings.views import keeping, times
from ctac.forms import FORM_METHODS
from leaflets.order_reading import addresses_kept_by
from professionals import drafts
from professionals.models import DraftKind

TIMES_REST_ON = ("presentation", "format", "postcode", "audience_profession")


def offered(slug: str) -> Presentation:
    return get_object_or_404(Presentation.objects.offered(), slug=slug)


def answers_so_far(request: HttpRequest, slug: str, now: datetime) -> Answers:
    """What each page of a booking begins with: the draft, and the presentation, which the time that it holds brings along."""
    draft = drafts.find(request, DraftKind.BOOKING, now, along=["hold__presentation"])
    held = draft.hold.presentation if draft and hasattr(draft, "hold") else None
    return Answers(draft, held if held and held.slug == slug and held.active else offered(slug))


def go_to(step: str, presentation: Presentation) -> HttpResponse:
    return redirect(f"book_{step}", slug=presentation.slug)


def back_to_missing(request: HttpRequest, step: str, presentation: Presentation, now: datetime) -> HttpResponse:
    """An answer is missing. Whoever sent a page has perhaps placed its booking from another window, and is told of that."""
    if request.method == "POST":
        tell_of_just_placed(request, presentation, now)
    return go_to(step, presentation)


def tell_of_just_placed(request: HttpRequest, presentation: Presentation, now: datetime) -> None:
    person = request.person  # type: ignore[attr-defined]
    lately = {"presentation": presentation, "created_at__gt": now - rules.JUST_PLACED}
    if person and (placed := person.bookings.filter(**lately).order_by("pk").last()):
        said = _("%(reference)s was sent a moment ago, from another window. Go on here only if you want one more presentation.")
        messages.warning(request, said % {"reference": placed.reference})


def typed(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


@require_safe
def book_start(request: HttpRequest, slug: str) -> HttpResponse:
    return go_to("where", offered(slug))


@require_http_methods(FORM_METHODS)
def book_where(request: HttpRequest, slug: str) -> HttpResponse:
    """Where, for whom and what of the day. From the check page (`change`), it leads back there once nothing is missing."""
    now = timezone.now()
    answers = answers_so_far(request, slug, now)
    if request.method != "POST":
        drafts.expect(request)
        return where_page(request, answers, now, initial=begins_with(request, answers))
    if "extend" in request.POST:
        return kept_longer(request, answers, now)
    # A page that offers addresses sends which was chosen.
    kept = kept_places(request, answers) if "address" in request.POST else {}
    form, changes = BookingForm(request.POST, presentation=answers.presentation, kept=kept), "change" in request.GET
    if not form.is_valid():
        return where_page(request, answers, now, data=request.POST)
    if changes and answers.draft is None:
        tell_of_just_placed(request, answers.presentation, now)
    keep_where(request, answers, form, now)
    return back_to_check(request, answers, now) if changes else go_to("when", answers.presentation)


def where_page(request: HttpRequest, answers: Answers, now: datetime, **typed: Any) -> HttpResponse:
    """`typed` is what the form shows: the `data` that was sent, or what it begins with, its `initial`."""
    form = BookingForm(presentation=answers.presentation, kept=kept_places(request, answers), **typed)
    context = {"form": form, "presentation": answers.presentation, "kept": keeping.kept(answers, now)}
    return render(request, "bookings/where.html", context)


def kept_places(request: HttpRequest, answers: Answers) -> dict[str, dict[str, str]]:
    """The person's own address book, where a visit is possible. One statement."""
    person = request.person  # type: ignore[attr-defined]
    if not person or Format.WORKPLACE not in answers.presentation.formats:
        return {}
    return places_kept(addresses_kept_by(person.pk))


def begins_with(request: HttpRequest, answers: Answers) -> dict[str, Any]:
    """What was answered before; else the address of the person's last visit or where they work, and them as the contact."""
    person = request.person  # type: ignore[attr-defined]
    where, details = answers.step("where"), answers.step("details")
    if person and not where:
        where = Booking.objects.addresses_of(person).values(*LINES).first() or {"postcode": person.postcode}
    if person and not details:
        details = {"contact_name": person.name, "contact_phone": person.phone}
    return {**where, **details, "leaflets": bool(answers.step("leaflets"))}


def kept_longer(request: HttpRequest, answers: Answers, now: datetime) -> HttpResponse:
    """The same page with what was typed so far, which nobody looks at yet."""
    try:
        keeping.keep_longer(request, answers, now)
    except (SlotTaken, TooManyHolds, DraftGone):
        messages.warning(request, _("Your time is not free any more. Finish this page first; then you choose another time."))
    return where_page(request, answers, now, initial=request.POST.dict())


def keep_where(request: HttpRequest, answers: Answers, form: BookingForm, now: datetime) -> None:
    """Another place, audience or presentation has other slots, so a time that was chosen is given back."""
    given = form.cleaned_data
    where = {"presentation": answers.presentation.slug, **{name: given[name] for name in WhereForm.base_fields}}
    details = {name: given[name] for name in DetailsForm.base_fields if name not in where}
    steps: dict[str, dict[str, Any]] = {"where": where, "details": {**details, "flagged": form.flagged}}
    if where["format"] == Format.WORKPLACE and given["leaflets"] != bool(answers.step("leaflets")):
        steps["leaflets"] = {"copies": []} if given["leaflets"] else {}
    if answers.step("when") and any(answers.step("where").get(name, "") != where[name] for name in TIMES_REST_ON):
        keeping.give_back(answers, now)
        steps["when"] = {}
    keeping.keep_answers(request, answers, steps, now)


def back_to_check(request: HttpRequest, answers: Answers, now: datetime) -> HttpResponse:
    """The time that was kept may be over: it is taken again, or the nearest are shown."""
    try:
        keeping.take_again(request, answers, now)
    except SlotTaken:
        return times.lost_page(request, answers, answers.start or now, now)
    except (TooManyHolds, DraftGone):
        pass  # the next page says that it is not kept
    return go_to(answers.first_missing(), answers.presentation)


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
    return go_to(answers.first_missing(), answers.presentation)


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

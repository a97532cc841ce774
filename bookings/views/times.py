"""The page of days and times: a week of slots, or the nearest ones when a chosen time has gone."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from bookings.answers import Answers
from bookings.diary.reading import open_diary
from bookings.picking import Picker, month_answer, pick, pick_nearest
from bookings.services.errors import TooManyHolds
from bookings.views.keeping import kept, wish_of
from ctac.uk import uk_day


def own_claims(request: HttpRequest, answers: Answers) -> dict[str, object]:
    """What is not in one's own way: what this draft holds, and what this person holds with another."""
    person = request.person  # type: ignore[attr-defined]
    return {"hold__draft": answers.draft, "hold__person": person.pk if person else None}


def is_offered(request: HttpRequest, answers: Answers, start: datetime, now: datetime) -> bool:
    """Whether the public could still have that time."""
    day = uk_day(start)
    diary = open_diary(wish_of(answers), first_day=day, last_day=day, now=now, ignoring=own_claims(request, answers))
    return bool(diary.offered_to(start))


def week_page(
    request: HttpRequest, answers: Answers, now: datetime, *, typed: Any = None, problem: str = "", status: int = 200
) -> HttpResponse:
    own = own_claims(request, answers)
    picker = pick(wish_of(answers), query=request.GET, now=now, ignoring=own, chosen=answers.start, typed=typed)
    if problem:
        picker.form.add_error(None, problem)
    return times_page(request, answers, picker, status, kept=kept(answers, now))


def month_of_times(request: HttpRequest, answers: Answers, now: datetime) -> HttpResponse:
    return month_answer(wish_of(answers), query=request.GET, now=now, ignoring=own_claims(request, answers))


def times_page(request: HttpRequest, answers: Answers, picker: Picker, status: int = 200, **also: object) -> HttpResponse:
    context = {"picker": picker, "form": picker.form, "presentation": answers.presentation, **also}
    return render(request, "bookings/when.html", context, status=status)


def too_many_page(request: HttpRequest, answers: Answers, refusal: TooManyHolds, now: datetime) -> HttpResponse:
    return week_page(request, answers, now, typed=request.POST, problem=str(refusal.message), status=429)


def lost_page(request: HttpRequest, answers: Answers, start: datetime, now: datetime) -> HttpResponse:
    """That time has gone: the nearest ones, ready to choose, and everything typed is kept."""
    picker = pick_nearest(wish_of(answers), start, now=now, ignoring=own_claims(request, answers))
    return times_page(request, answers, picker, form_action=reverse("book_when", args=[answers.presentation.slug]))

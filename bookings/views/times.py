"""The page of days and times: a week of slots, or the nearest ones when a chosen time has gone."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from bookings import rules
from bookings.answers import Answers
from bookings.diary import Diary, Wish, open_diary
from bookings.forms import WhenForm, slot_value
from bookings.places import find_place
from bookings.services import SlotTaken
from ctac.uk import format_clock, format_day, format_span, uk_day

ONE_WEEK = timedelta(days=7)


def wish_of(answers: Answers) -> Wish:
    """What the draft asks for."""
    address = answers.address
    return Wish(answers.presentation, answers.format, find_place(address.postcode) if address else None)


def diary_for(request: HttpRequest, answers: Answers, now: datetime) -> Diary:
    """All that the public can book from today to the horizon, one's own hold counted as free."""
    today = uk_day(now)
    person = request.person  # type: ignore[attr-defined]
    return open_diary(
        wish_of(answers),
        first_day=today,
        last_day=today + rules.HORIZON,
        now=now,
        ignoring={"hold__draft": answers.draft, "hold__person": person.pk if person else None},
    )


@dataclass(frozen=True)
class Kept:
    """The slot that this draft holds, in words."""

    when: str
    until: str


def kept(answers: Answers, now: datetime) -> Kept | None:
    """None if nothing is held, or no longer."""
    hold = answers.hold
    if hold is None or hold.expires_at <= now or not answers.has("where") or not answers.fits(hold):
        return None
    return Kept(format_span(hold.start, hold.start + answers.presentation.length), format_clock(hold.expires_at))


@dataclass(frozen=True)
class Week:
    """Seven days from a Monday, with the weeks beside it that the horizon still has."""

    first_day: date
    title: str
    earlier: str
    later: str


def make_week(first_day: date, diary: Diary) -> Week:
    earlier, later = first_day - ONE_WEEK, first_day + ONE_WEEK
    return Week(
        first_day,
        _("Week of %(day)s") % {"day": format_day(first_day)},
        earlier.isoformat() if first_day > diary.first_day else "",
        later.isoformat() if later <= diary.last_day else "",
    )


def asked_week(request: HttpRequest, diary: Diary, chosen: datetime | None) -> date:
    """The Monday of the week in ?week=, inside the horizon; else of the time chosen before, else of the first available."""
    try:
        day = date.fromisoformat(request.GET.get("week", ""))
    except ValueError:
        day = uk_day(chosen) if chosen else diary.first_day
    day = min(max(day, diary.first_day), diary.last_day)
    return day - timedelta(days=day.weekday())


def week_page(
    request: HttpRequest, answers: Answers, now: datetime, *, typed: Any = None, problem: str = "", status: int = 200
) -> HttpResponse:
    diary = diary_for(request, answers, now)
    first = diary.first_slot()
    week = make_week(asked_week(request, diary, answers.start or (first.start if first else None)), diary)
    days = diary.week(week.first_day)
    form = WhenForm(typed, days=days, initial={"start": slot_value(answers.start) if answers.start else None})
    if problem:
        form.add_error(None, problem)
    context = {
        "form": form,
        "presentation": answers.presentation,
        "days": days,
        "week": week,
        "first": first,
        "first_when": format_span(first.start, first.end) if first else "",
        "first_value": slot_value(first.start) if first else "",
        "kept": kept(answers, now),
        "change": "change" in request.GET,
    }
    return render(request, "bookings/when.html", context, status=status)


def too_many_page(request: HttpRequest, answers: Answers, now: datetime) -> HttpResponse:
    message = _("Too many times were chosen from here in the last hour. Wait a while, or call us and we will book it for you.")
    return week_page(request, answers, now, typed=request.POST, problem=message, status=429)


def lost_page(request: HttpRequest, answers: Answers, start: datetime, now: datetime) -> HttpResponse:
    """That time has gone: the nearest ones, ready to choose, and everything typed is kept."""
    diary = diary_for(request, answers, now)
    slots = diary.nearest(start)
    days = [
        (day, [slot for slot in slots if uk_day(slot.start) == day]) for day in sorted({uk_day(slot.start) for slot in slots})
    ]
    form = WhenForm({}, days=days)
    form.errors["start"] = form.error_class([str(SlotTaken.message)])
    url = reverse("book_when", args=[answers.presentation.slug])
    context = {
        "form": form,
        "form_action": f"{url}?change=1" if answers.has("details") else url,
        "presentation": answers.presentation,
        "days": days,
        "gone": format_span(start, start + answers.presentation.length),
        "lost": True,
    }
    return render(request, "bookings/when.html", context)

"""Changing the time of a booking: choose one, check it, move. The same pages for its owner and for a link in an email."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from bookings import picking, words
from bookings.cutoff import may_change, until
from bookings.diary.reading import open_diary
from bookings.diary.wish import Wish
from bookings.models import Booking, Format
from bookings.places import find_place
from bookings.services.changing import reschedule
from bookings.services.errors import MoveRefused, NothingChanged, NoTimeAgreed, SlotTaken, Stale, TooLateToChange
from bookings.slot_forms import WhenForm, slot_value, to_start
from bookings.throttles import too_many_changes
from ctac.uk import format_span, uk_day
from professionals.models import User


@dataclass(frozen=True)
class Way:
    """The booking, who asks for it, and where these pages are for them. By a link in an email nobody knows who it is."""

    booking: Booking
    by: User | None
    back: str
    time: str
    check: str

    @property
    def by_link(self) -> bool:
        return self.by is None

    @property
    def wish(self) -> Wish:
        booking = self.booking
        place = find_place(booking.postcode) if booking.format == Format.WORKPLACE else None
        return Wish.of(booking, place)

    @property
    def ignoring(self) -> dict[str, object]:
        """Its own time is not in its way."""
        return {"booking": self.booking}


def choose_time(request: HttpRequest, way: Way, now: datetime) -> HttpResponse:
    """A week of times. Choosing one leads to the page that asks."""
    if not can_move(way.booking, now):
        return page(request, way, "bookings/time_choose.html", can_move=False)
    posted = request.method == "POST"
    form = WhenForm(request.POST, days=[]) if posted else None
    if form and form.is_valid():
        return redirect(check_url(way, form.cleaned_data["start"]))
    typed = request.POST if posted else None
    query, has = around(way.booking, request.GET), way.booking.starts_at
    picker = picking.pick(way.wish, query=query, now=now, ignoring=way.ignoring, but=has, typed=typed)
    return page(request, way, "bookings/time_choose.html", picker=picker, form=picker.form, can_move=True)


def around(booking: Booking, query: QueryDict) -> QueryDict:
    """The week that the query asks for, else the week in which the booking is: most want a day near it."""
    if "week" in query or booking.starts_at is None:
        return query
    asked = query.copy()
    asked["week"] = uk_day(booking.starts_at).isoformat()
    return asked


def check_time(request: HttpRequest, way: Way, now: datetime) -> HttpResponse:
    """The time that it has and the one that it would have; the button moves it."""
    sent = request.POST if request.method == "POST" else request.GET
    try:
        start = to_start(sent.get("start", ""))
    except ValidationError:
        return redirect(way.time)
    if request.method == "POST":
        return move(request, way, start, request.POST.get("version", ""), now)
    if way.booking.starts_at == start:
        messages.info(request, _("It is at this time already."))
        return redirect(way.back)
    if not can_move(way.booking, now):
        return redirect(way.time)
    if not is_offered(way, start, now):
        return lost_page(request, way, start, now)
    return check_page(request, way, start)


def move(request: HttpRequest, way: Way, start: datetime, version: str, now: datetime) -> HttpResponse:
    if stop := too_many_changes(request, way.booking, now):
        return check_page(request, way, start, warning=stop.sentence(now), status=429)
    try:
        moved = reschedule(booking=way.booking, start=start, expected=version, by=way.by, by_link=way.by_link, now=now)
    except Stale as refusal:
        way.booking.refresh_from_db(fields=["state", "starts_at", "ends_at", "sequence", "revision"])
        if way.booking.starts_at == start:  # the same button, pressed twice
            return redirect(way.back)
        return check_page(request, way, start, warning=str(refusal.message))
    except SlotTaken:
        return lost_page(request, way, start, now)
    except (MoveRefused, NoTimeAgreed, TooLateToChange, NothingChanged) as refusal:  # staff offered other times meanwhile, say
        messages.warning(request, refusal.message)
        return redirect(way.back)
    messages.success(request, _("It has moved to %(when)s. We have sent you an email.") % {"when": moved.when})
    return redirect(way.back)


def can_move(booking: Booking, now: datetime) -> bool:
    """Whether its owner can choose another time here: it has one, and the cut-off has not passed."""
    return booking.has_time and may_change(booking, now)


def is_offered(way: Way, start: datetime, now: datetime) -> bool:
    day = uk_day(start)
    diary = open_diary(way.wish, first_day=day, last_day=day, now=now, ignoring=way.ignoring)
    return bool(diary.offered_to(start))


def check_url(way: Way, start: datetime) -> str:
    return f"{way.check}?{urlencode({'start': slot_value(start)})}"


def check_page(request: HttpRequest, way: Way, start: datetime, *, warning: str = "", status: int = 200) -> HttpResponse:
    """A page that was too old shows how it stands now and can be sent again."""
    end = start + way.booking.presentation.length
    rows = [
        words.row(_("Presentation"), way.booking.presentation.title),
        words.row(_("Time now"), way.booking.when),
        words.row(_("New time"), format_span(start, end)),
    ]
    more = {"rows": rows, "start": slot_value(start), "warning": warning, "other_times": week_url(way, start)}
    return page(request, way, "bookings/time_check.html", status=status, **more)


def week_url(way: Way, start: datetime) -> str:
    return f"{way.time}?{urlencode({'week': uk_day(start).isoformat()})}"


def lost_page(request: HttpRequest, way: Way, start: datetime, now: datetime) -> HttpResponse:
    """That time has gone: the nearest ones, ready to choose. The booking is where it was."""
    picker = picking.pick_nearest(way.wish, start, now=now, ignoring=way.ignoring)
    return page(request, way, "bookings/time_choose.html", picker=picker, form=picker.form, form_action=way.time, can_move=True)


def page(request: HttpRequest, way: Way, template: str, *, status: int = 200, **more: object) -> HttpResponse:
    """By a link the page says the least it can: no reference, no names."""
    context = {"booking": way.booking, "way": way, "until": until(way.booking), **more}
    return render(request, template, context, status=status)

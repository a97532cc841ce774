"""How staff narrow the list of bookings, and what of it waits on the first staff page."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.booking.services.request import waiting_too_long
from bookings.models import Booking, BookingQuerySet, Leave, Nation
from bookings.schedule.admin.forms import FORMAT_WORDS
from ctac.dates import uk_day
from ctac.staff.site import Waiting, staff_site
from professionals.areas import NATIONS
from professionals.models import LocalAuthority

A_DAY = timedelta(days=1)


def today_or_tomorrow(bookings: Any) -> Any:
    """Today and tomorrow, by a UK calendar."""
    today = uk_day(timezone.now())
    return bookings.between_days(today, today + A_DAY)


def next_week(bookings: Any) -> Any:
    today = uk_day(timezone.now())
    return bookings.between_days(today, today + 6 * A_DAY)


def to_mark_delivered(bookings: Any) -> Any:
    return bookings.to_mark_as_delivered(timezone.now())


class NeedsPresenterFilter(admin.SimpleListFilter):
    title = _("presenter needed")
    parameter_name = "needs_presenter"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [("yes", _("Needs a presenter"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Booking]:
        return queryset.needing_a_presenter() if self.value() == "yes" else queryset


class RequestFilter(admin.SimpleListFilter):
    """Requests by whose turn it is."""

    title = _("request waits for")
    parameter_name = "waits"
    ways: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "us": (_("Us"), lambda bookings: bookings.to_decide()),
        "them": (_("The professional"), lambda bookings: bookings.offered_times()),
        "long": (_("Us, for too long"), lambda bookings: waiting_too_long(bookings, timezone.now())),
        "lapsed": (_("Us, and dates have lapsed"), lambda bookings: bookings.with_lapsed_dates()),
    }

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [(value, label) for value, (label, _narrow) in self.ways.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Booking]:
        _label, narrow = self.ways.get(self.value() or "", ("", None))
        return narrow(queryset) if narrow else queryset


class WhenFilter(admin.SimpleListFilter):
    title = _("when")
    parameter_name = "when"
    ways: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "soon": (_("Today and tomorrow"), today_or_tomorrow),
        "week": (_("Next 7 days"), next_week),
        "over": (_("Over, not marked as delivered"), to_mark_delivered),
    }

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [(value, label) for value, (label, _narrow) in self.ways.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Booking]:
        _label, narrow = self.ways.get(self.value() or "", ("", None))
        return narrow(queryset) if narrow else queryset


class FormatFilter(admin.SimpleListFilter):
    title = _("where")
    parameter_name = "where"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return list(FORMAT_WORDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Booking]) -> QuerySet[Booking]:
        return queryset.filter(format=self.value()) if self.value() in FORMAT_WORDS else queryset


class NationFilter(admin.SimpleListFilter):
    title = _("nation")
    parameter_name = "nation"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[Any, Any]]:
        return list(Nation.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Booking]) -> QuerySet[Booking]:
        return queryset.filter(nation=self.value()) if self.value() in Nation.values else queryset


class AuthorityFilter(admin.SimpleListFilter):
    """Those of the nation that was chosen which have bookings: all at once are too many to look through."""

    title = _("local authority")
    parameter_name = "authority"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[Any, Any]]:
        chosen = request.GET.get(NationFilter.parameter_name) or nation_named_by(self.value() or "")
        booked = Booking.objects.order_by().filter(local_authority=OuterRef("code"))
        return list(LocalAuthority.objects.filter(Exists(booked), nation=chosen).values_list("code", "name")) if chosen else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Booking]) -> QuerySet[Booking]:
        return queryset.filter(local_authority=self.value()) if nation_named_by(self.value() or "") else queryset


def nation_named_by(authority: str) -> str:
    """That of a local authority’s code; empty for anything else."""
    return NATIONS.get(authority[0], "") if re.fullmatch(r"[A-Z][0-9]{8}", authority, re.ASCII) else ""


class VisitFilter(admin.SimpleListFilter):
    title = _("needs a look")
    parameter_name = "look"
    ways: dict[str, tuple[Any, Callable[[Any, Any], Any]]] = {
        "overdue": (_("No check-in or check-out"), BookingQuerySet.overdue),
        "link": (_("Online without a joining link"), BookingQuerySet.without_joining_link),
    }

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [(value, label) for value, (label, _narrow) in self.ways.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Booking]:
        _label, narrow = self.ways.get(self.value() or "", ("", None))
        return narrow(queryset, timezone.now()) if narrow else queryset


# What waits among the bookings, for the first staff page. Each line reads on from one and from many.


def wait_for(label: Any, query: str, bookings: Callable[[], Any], *, urgent: bool = False) -> None:
    """A line of the first page, and the list behind it: `query` narrows to exactly those bookings."""
    staff_site.add_waiting(
        _("Bookings"),
        Waiting(
            label=label,
            count=bookings,
            address=lambda: f"{reverse('staff:bookings_booking_changelist')}?{query}",
            permission="bookings.view_booking",
            urgent=urgent,
        ),
    )


wait_for(_("to decide"), "waits=us", lambda: Booking.objects.to_decide())
wait_for(
    _("waiting too long for our answer"),
    "waits=long",
    lambda: waiting_too_long(Booking.objects.all(), timezone.now()),
    urgent=True,
)
wait_for(_("to decide, with lapsed dates"), "waits=lapsed", lambda: Booking.objects.with_lapsed_dates(), urgent=True)
wait_for(_("waiting for the professional’s answer"), "waits=them", lambda: Booking.objects.offered_times())
staff_site.add_waiting(
    _("Bookings"),
    Waiting(
        label=_("asking for leave"),
        count=lambda: Leave.objects.to_decide(timezone.now()),
        address=lambda: f"{reverse('staff:bookings_leave_changelist')}?state__exact=asked",
        permission="bookings.change_leave",
    ),
)
wait_for(_("without a presenter"), "needs_presenter=yes", lambda: Booking.objects.needing_a_presenter(), urgent=True)
wait_for(_("with no check-in or check-out"), "look=overdue", lambda: Booking.objects.overdue(timezone.now()), urgent=True)
wait_for(
    _("online without a joining link"),
    "look=link",
    lambda: Booking.objects.without_joining_link(timezone.now()),
    urgent=True,
)
wait_for(_("today or tomorrow"), "when=soon", lambda: today_or_tomorrow(Booking.objects))
wait_for(_("to mark as delivered"), "when=over", lambda: to_mark_delivered(Booking.objects))

"""How staff narrow the list of bookings, and what of it waits on the first staff page."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.booking.services.request import waiting_too_long
from bookings.models import Booking, Leave, Nation
from bookings.models.booking import BookingQuerySet
from bookings.schedule.admin.forms import FORMAT_WORDS
from ctac.dates import uk_day
from ctac.staff.site import Waiting, staff_site
from professionals.areas import NATIONS
from professionals.models import LocalAuthority

A_DAY = timedelta(days=1)


def today_or_tomorrow(bookings: Any, now: datetime) -> Any:
    """By a UK calendar."""
    return bookings.between_days(uk_day(now), uk_day(now) + A_DAY)


class OptionsFilter(admin.SimpleListFilter):
    """`options`: by the value in the address, the label and what narrows the bookings."""

    options: Mapping[str, tuple[Any, Callable[[Any, datetime], Any]]]

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [(value, label) for value, (label, _narrow) in self.options.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Booking]:
        option = self.options.get(self.value() or "")
        return option[1](queryset, timezone.now()) if option else queryset


def narrow_by(**conditions: Any) -> Callable[[Any, datetime], Any]:
    return lambda bookings, now: bookings.filter(**conditions)


class NeedsPresenterFilter(OptionsFilter):
    title = _("presenter needed")
    parameter_name = "needs_presenter"
    options = {"yes": (_("Needs a presenter"), lambda bookings, now: bookings.needing_a_presenter())}


class RequestFilter(OptionsFilter):
    """Requests by whose turn it is."""

    title = _("request waits for")
    parameter_name = "waits"
    options = {
        "us": (_("Us"), lambda bookings, now: bookings.to_decide()),
        "them": (_("The professional"), lambda bookings, now: bookings.offered_times()),
        "long": (_("Us, for too long"), waiting_too_long),
        "lapsed": (_("Us, and dates have lapsed"), lambda bookings, now: bookings.with_lapsed_dates()),
    }


class WhenFilter(OptionsFilter):
    title = _("when")
    parameter_name = "when"
    options = {
        "soon": (_("Today and tomorrow"), today_or_tomorrow),
        "week": (_("Next 7 days"), lambda bookings, now: bookings.between_days(uk_day(now), uk_day(now) + 6 * A_DAY)),
        "over": (_("Over, not marked as delivered"), lambda bookings, now: bookings.to_mark_as_delivered(now)),
    }


class VisitFilter(OptionsFilter):
    title = _("needs a look")
    parameter_name = "look"
    options = {
        "overdue": (_("No check-in or check-out"), BookingQuerySet.overdue),
        "link": (_("Online without a joining link"), BookingQuerySet.without_joining_link),
    }


class FormatFilter(OptionsFilter):
    title = _("where")
    parameter_name = "where"
    options = {value: (label, narrow_by(format=value)) for value, label in FORMAT_WORDS.items()}


class NationFilter(OptionsFilter):
    title = _("nation")
    parameter_name = "nation"
    options = {value: (label, narrow_by(nation=value)) for value, label in Nation.choices}


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
wait_for(_("today or tomorrow"), "when=soon", lambda: today_or_tomorrow(Booking.objects, timezone.now()))
wait_for(_("to mark as delivered"), "when=over", lambda: Booking.objects.to_mark_as_delivered(timezone.now()))

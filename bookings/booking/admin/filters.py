"""The filters of the list of bookings, and its lines on the first staff page."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import (
    Exists,
    OuterRef,
    QuerySet,
    Value,
)
from django.db.models.functions import Coalesce, Least
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.booking.admin import requests
from bookings.booking.admin.actions import (
    ASSIGN_ACTION,
    JOINING_LINK_ACTION,
    MARK_DELIVERED_ACTION,
    REASSIGN_ACTION,
)
from bookings.booking.services.request import WAITS_SINCE, waiting_too_long
from bookings.models import (
    Booking,
    Leave,
    Nation,
    Presenter,
)
from bookings.models.booking import BookingQuerySet
from bookings.schedule.admin import STAFF_FORMAT_LABELS
from core.dates import uk_day
from professionals.admin import (
    name_organisation_expression,
)
from professionals.areas import NATION_BY_AUTHORITY_PREFIX
from professionals.models import LocalAuthority
from staff.actions import ObjectAction
from staff.lists import (
    OptionsFilter,
    narrow_by,
)
from staff.site import staff_site
from staff.today import WaitingLine, WaitingRow

ONE_DAY = timedelta(days=1)


class NeedsPresenterFilter(OptionsFilter):
    title = _("presenter needed")
    parameter_name = "needs_presenter"
    options = {"yes": (_("Needs a presenter"), lambda bookings, now: bookings.needing_a_presenter())}


class WaitingForFilter(OptionsFilter):
    """Requests by whose turn it is to answer."""

    title = _("request waits for")
    parameter_name = "waits"
    options = {
        "us": (_("Us"), lambda bookings, now: bookings.to_decide()),
        "them": (_("The professional"), lambda bookings, now: bookings.awaiting_answer()),
        "long": (_("Us, for too long"), waiting_too_long),
        "lapsed": (_("Us, and we no longer keep the dates"), lambda bookings, now: bookings.with_lapsed_dates()),
    }


class WhenFilter(OptionsFilter):
    title = _("when")
    parameter_name = "when"
    options = {
        "soon": (_("Today and tomorrow"), lambda bookings, now: bookings.between_days(uk_day(now), uk_day(now) + ONE_DAY)),
        "week": (_("Next 7 days"), lambda bookings, now: bookings.between_days(uk_day(now), uk_day(now) + 6 * ONE_DAY)),
        "closed": (_("On a day when we are closed"), BookingQuerySet.on_closed_days),
        "over": (_("Over, not marked as delivered"), lambda bookings, now: bookings.to_mark_as_delivered(now)),
    }


class NeedsAttentionFilter(OptionsFilter):
    title = _("needs a look")
    parameter_name = "look"
    options = {
        "overdue": (_("No check-in or check-out"), BookingQuerySet.overdue),
        "link": (_("Online without a joining link"), BookingQuerySet.without_joining_link),
        "checks": (_("Visit after the presenter’s DBS check or training ends"), BookingQuerySet.with_unchecked_presenter),
    }


class FormatFilter(OptionsFilter):
    title = _("where")
    parameter_name = "where"
    options = {value: (label, narrow_by(format=value)) for value, label in STAFF_FORMAT_LABELS.items()}


class NationFilter(OptionsFilter):
    title = _("nation")
    parameter_name = "nation"
    options = {value: (label, narrow_by(nation=value)) for value, label in Nation.choices}


class AuthorityFilter(admin.SimpleListFilter):
    """Local authorities that have bookings, of the chosen nation: all of them are too many to look through."""

    title = _("local authority")
    parameter_name = "authority"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[Any, Any]]:
        chosen = request.GET.get(NationFilter.parameter_name) or nation_of_authority(self.value() or "")
        booked = Booking.objects.order_by().filter(local_authority=OuterRef("code"))
        return list(LocalAuthority.objects.filter(Exists(booked), nation=chosen).values_list("code", "name")) if chosen else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Booking]) -> QuerySet[Booking]:
        return queryset.filter(local_authority=self.value()) if nation_of_authority(self.value() or "") else queryset


def nation_of_authority(authority: str) -> str:
    """The nation of a local authority's code; empty for anything else."""
    return NATION_BY_AUTHORITY_PREFIX.get(authority[0], "") if re.fullmatch(r"[A-Z][0-9]{8}", authority, re.ASCII) else ""


# The lines of the first staff page about bookings. Each label reads on from 1 and from any larger figure.


BOOKING_WAITING_ROW = WaitingRow(
    who=name_organisation_expression("person__"),
    what="presentation__title",
    at="starts_at",
    since="created_at",
    order="starts_at",
)
# Leads to the booking's page, where the answers stand beside each other.
DECIDE_WAITING_ROW = replace(BOOKING_WAITING_ROW, label=_("Decide"), since=WAITS_SINCE, order=WAITS_SINCE)


def waiting_row_for_action(action: ObjectAction) -> WaitingRow:
    return replace(BOOKING_WAITING_ROW, label=action.label, slug=action.slug)


def add_waiting_line(
    label: Any, narrowed_by: type[OptionsFilter], value: str, named: WaitingRow | None = None, *, urgent: bool = False
) -> None:
    """Add a line to the first staff page. That value of a filter narrows the list behind it to exactly these bookings."""
    _label, narrow = narrowed_by.options[value]
    staff_site.add_waiting(
        _("Bookings"),
        WaitingLine(
            label=label,
            count=lambda: narrow(Booking.objects.all(), timezone.now()),
            address=lambda: f"{reverse('staff:bookings_booking_changelist')}?{narrowed_by.parameter_name}={value}",
            permission="bookings.view_booking",
            urgent=urgent,
            named=named,
        ),
    )


add_waiting_line(_("to decide"), WaitingForFilter, "us", DECIDE_WAITING_ROW)
add_waiting_line(_("waiting too long for our answer"), WaitingForFilter, "long", DECIDE_WAITING_ROW, urgent=True)
add_waiting_line(
    _("to decide, with dates that we no longer keep"),
    WaitingForFilter,
    "lapsed",
    replace(DECIDE_WAITING_ROW, label=requests.OFFER_TIMES_ACTION.label, slug=requests.OFFER_TIMES_ACTION.slug),
    urgent=True,
)
add_waiting_line(_("waiting for the professional’s answer"), WaitingForFilter, "them")
staff_site.add_waiting(
    _("Bookings"),
    WaitingLine(
        label=_("requests for leave"),
        one=_("request for leave"),
        count=lambda: Leave.objects.to_decide(timezone.now()),
        address=lambda: f"{reverse('staff:bookings_leave_changelist')}?state__exact=asked",
        permission="bookings.change_leave",
        named=WaitingRow(who="presenter__name", at="starts_at", since="created_at", label=_("Decide")),
    ),
)
add_waiting_line(_("without a presenter"), NeedsPresenterFilter, "yes", waiting_row_for_action(ASSIGN_ACTION), urgent=True)
# No names here: the alarms above have named these already.
add_waiting_line(_("with no check-in or check-out"), NeedsAttentionFilter, "overdue", urgent=True)
add_waiting_line(
    _("online without a joining link"), NeedsAttentionFilter, "link", waiting_row_for_action(JOINING_LINK_ACTION), urgent=True
)
add_waiting_line(
    _("after their presenter’s DBS check or training ends"),
    NeedsAttentionFilter,
    "checks",
    waiting_row_for_action(REASSIGN_ACTION),
    urgent=True,
)
# A check that isn't recorded counts as ended.
EARLIEST_CHECK_END = Least(*(Coalesce(name, Value(date.min)) for name in ("checked_until", "trained_until")))
staff_site.add_waiting(
    _("Bookings"),
    WaitingLine(
        label=_("presenters whose DBS check or training ends soon, or is not recorded"),
        one=_("presenter whose DBS check or training ends soon, or is not recorded"),
        count=lambda: Presenter.objects.with_checks_ending_soon(timezone.now()),
        address=lambda: f"{reverse('staff:bookings_presenter_changelist')}?checks=soon",
        permission="bookings.change_presenter",
        named=WaitingRow(who="name", order=EARLIEST_CHECK_END, label=_("Enter the new day")),
    ),
)
add_waiting_line(_("while we are closed"), WhenFilter, "closed", replace(BOOKING_WAITING_ROW, label=_("Look at it")))
add_waiting_line(_("today or tomorrow"), WhenFilter, "soon")
add_waiting_line(
    _("to mark as delivered"), WhenFilter, "over", replace(waiting_row_for_action(MARK_DELIVERED_ACTION), since="ends_at")
)

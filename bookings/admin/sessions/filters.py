"""How staff narrow the list of open sessions, and what waits among them."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy

from bookings.models import OpenSession, Presentation, SessionSeries, SessionState
from ctac.uk import uk_datetime, uk_day

A_DAY = timedelta(days=1)
MOST_SERIES = 30
Sessions = QuerySet[OpenSession]


def needing_a_presenter(sessions: Sessions) -> Sessions:
    return sessions.filter(state=SessionState.SCHEDULED, presenter=None, ends_at__gt=timezone.now())


def without_a_link(sessions: Sessions) -> Sessions:
    """Nobody can join yet: no link of its own, and none of its presenter. Who has no presenter is counted there."""
    coming = sessions.filter(state=SessionState.SCHEDULED, ends_at__gt=timezone.now())
    return coming.filter(own_joining_link="", presenter__isnull=False, presenter__joining_link="")


def unsent(sessions: Sessions) -> Sessions:
    """Today or tomorrow, with people who have a place and have not been sent how to join."""
    told = soon(sessions).filter(starts_at__gt=timezone.now(), state=SessionState.SCHEDULED)
    return told.filter(details_sent_at=None, occupied__gt=0)


def to_mark_as_delivered(sessions: Sessions) -> Sessions:
    return sessions.filter(state=SessionState.SCHEDULED, ends_at__lte=timezone.now())


def soon(sessions: Sessions) -> Sessions:
    """Today and tomorrow, by a UK calendar."""
    return in_days(sessions, 2)


def next_week(sessions: Sessions) -> Sessions:
    return in_days(sessions, 7)


def in_days(sessions: Sessions, count: int) -> Sessions:
    today = uk_day(timezone.now())
    first, after = (uk_datetime(day, time.min) for day in (today, today + count * A_DAY))
    return sessions.filter(starts_at__gte=first, starts_at__lt=after).exclude(state=SessionState.CANCELLED)


def full_with_a_line(sessions: Sessions) -> Sessions:
    return sessions.filter(state=SessionState.SCHEDULED, starts_at__gt=timezone.now(), waiting__gt=0)


def with_room(sessions: Sessions) -> Sessions:
    room = Q(occupied__lt=F("capacity"), waiting=0)
    return sessions.filter(room, state=SessionState.SCHEDULED, starts_at__gt=timezone.now())


class NarrowFilter(admin.SimpleListFilter):
    """Each way narrows by a function of its own; the first staff page leads to some of them."""

    ways: dict[str, tuple[Any, Callable[[Sessions], Sessions]]] = {}

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, Any]]:
        return [(value, label) for value, (label, _narrow) in self.ways.items()]

    def queryset(self, request: HttpRequest, queryset: Sessions) -> Sessions:
        _label, narrow = self.ways.get(self.value() or "", ("", None))
        return narrow(queryset) if narrow else queryset


class NeedFilter(NarrowFilter):
    title = gettext_lazy("needs a look")
    parameter_name = "look"
    ways = {
        "presenter": (gettext_lazy("Needs a presenter"), needing_a_presenter),
        "link": (gettext_lazy("Without a joining link"), without_a_link),
        "unsent": (gettext_lazy("Soon, how to join not sent"), unsent),
        "over": (gettext_lazy("Over, not marked as delivered"), to_mark_as_delivered),
    }


class SoonFilter(NarrowFilter):
    title = gettext_lazy("when")
    parameter_name = "when"
    ways = {"soon": (gettext_lazy("Today and tomorrow"), soon), "week": (gettext_lazy("Next 7 days"), next_week)}


class RoomFilter(NarrowFilter):
    title = gettext_lazy("places")
    parameter_name = "places"
    ways = {"free": (gettext_lazy("Free places"), with_room), "line": (gettext_lazy("People wait"), full_with_a_line)}


class KeyFilter(admin.SimpleListFilter):
    """One of some rows, by its key."""

    field: str

    def queryset(self, request: HttpRequest, queryset: Sessions) -> Sessions:
        chosen = self.value() or ""
        is_key = chosen.isascii() and chosen.isdigit() and len(chosen) < 10
        return queryset.filter(**{self.field: int(chosen)}) if is_key else queryset


class PresentationFilter(KeyFilter):
    title = gettext_lazy("presentation")
    parameter_name = field = "presentation"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[Any, str]]:
        return list(Presentation.objects.values_list("pk", "title"))


class SeriesFilter(KeyFilter):
    """The newest ones."""

    title = gettext_lazy("series")
    parameter_name = field = "series"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[Any, str]]:
        return list(SessionSeries.objects.values_list("pk", "name")[:MOST_SERIES])

"""When we are closed and what the banner says now: one copy in the cache for all processes, read with that of the settings."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from core.dates import TEAM_NATION, add_working_days, format_day, format_day_range, uk_day
from core.models import CachedValue
from office.closures.models import Banner, BannerKind, Closure, ClosureScope

# Past closures still say which days were no working days, for a request that waits.
PAST_CLOSURE_PERIOD = timedelta(days=365)


@dataclass(frozen=True)
class Notices:
    """Closures, the first day first, and banners that are not over, the urgent ones first."""

    closures: tuple[Closure, ...] = ()
    banners: tuple[Banner, ...] = ()


@dataclass(frozen=True)
class ClosedDays:
    """The days of these closures: `day in ClosedDays(…)` says whether one is closed."""

    closures: tuple[Closure, ...]

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and any(day in closure for closure in self.closures)


def read_notices() -> Notices:
    now = timezone.now()
    closures = Closure.objects.filter(last_day__gte=uk_day(now) - PAST_CLOSURE_PERIOD).order_by("first_day", "pk")
    banners = Banner.objects.filter(ends_at__gt=now)
    return Notices(
        tuple(closures), tuple(sorted(banners, key=lambda banner: (banner.kind != BannerKind.URGENT, banner.starts_at)))
    )


CACHED_NOTICES: CachedValue[Notices] = CachedValue("office_notices", read_notices, Notices)


def get_notices() -> Notices:
    """The notices as this request or task sees them."""
    return CACHED_NOTICES.get()


def closures_affecting(*what: ClosureScope, nations: Iterable[str] = ()) -> tuple[Closure, ...]:
    """Closures that close any of this, in the whole UK or in one of these nations."""
    where = {"", *nations}
    return tuple(
        closure for closure in get_notices().closures if closure.nation in where and any(each in closure.scopes for each in what)
    )


def office_closed_days() -> ClosedDays:
    """The days on which nobody answers calls and requests. In our promises they don't count as working days."""
    return ClosedDays(closures_affecting(ClosureScope.ADVICE_LINE))


def closures_between(first: date, last: date, what: ClosureScope, nations: Iterable[str] = ()) -> list[Closure]:
    """Closures of some of these days, the first one first."""
    return [
        closure
        for closure in closures_affecting(what, nations=nations)
        if closure.first_day <= last and first <= closure.last_closed_day and closure.first_day <= closure.last_closed_day
    ]


def closure_text(closure: Closure, what: ClosureScope) -> str:
    """'We are closed from 24 December to 2 January: Christmas.' If only some of it is closed, the sentence says what."""
    if len(closure.scopes) == len(ClosureScope):
        pattern = _("We are closed %(when)s: %(reason)s.")
    elif what == ClosureScope.ADVICE_LINE:
        pattern = _("Our advice line and office are closed %(when)s: %(reason)s.")
    elif what == ClosureScope.PRESENTATIONS:
        pattern = _("We give no presentations %(when)s: %(reason)s.")
    else:
        pattern = _("We send no leaflets %(when)s: %(reason)s.")
    return pattern % {"when": format_day_range(closure.first_day, closure.last_closed_day), "reason": closure.public_reason}


def closure_texts_between(first: date, last: date, what: ClosureScope, nations: Iterable[str] = ()) -> list[str]:
    return list(dict.fromkeys(closure_text(closure, what) for closure in closures_between(first, last, what, nations)))


def presentations_closed_text(day: date, nations: Iterable[str]) -> str:
    """Why there is no presentation on that day; empty if there may be one."""
    return " ".join(closure_texts_between(day, day, ClosureScope.PRESENTATIONS, nations))


# Notes for pages and emails to add to a promise, if a closure lies between now and then; "" if none does.


def answers_note(now: datetime, working_days: int) -> str:
    """A note for 'We usually answer within 2 working days'."""
    found = _closure_texts_until(now, working_days, ClosureScope.ADVICE_LINE)
    return " ".join([*found, _("We don’t count these days as working days.")]) if found else ""


def parcels_note(now: datetime, working_days: int) -> str:
    """A note for 'We will post it, usually within 5 working days'. During a closure, it says when we send parcels again."""
    found = _closure_texts_until(now, working_days, ClosureScope.PARCELS)
    if not found:
        return ""
    closed, today = ClosedDays(closures_affecting(ClosureScope.PARCELS)), uk_day(now)
    if today in closed:
        day = add_working_days(today, 1, TEAM_NATION, closed)
        return " ".join([*found, _("We send leaflets again from %(day)s.") % {"day": format_day(day)}])
    return " ".join([*found, _("We don’t count these days as working days.")])


def calls_note(now: datetime, until: datetime | None) -> str:
    """A note for a text that asks people to call us until then."""
    found = closure_texts_between(uk_day(now), uk_day(until), ClosureScope.ADVICE_LINE) if until and until > now else []
    return " ".join([*found, _("We can’t answer calls or emails then.")]) if found else ""


def _closure_texts_until(now: datetime, working_days: int, what: ClosureScope) -> list[str]:
    today = uk_day(now)
    return closure_texts_between(
        today, add_working_days(today, working_days, TEAM_NATION, ClosedDays(closures_affecting(what))), what
    )

"""When we are closed and what the banner says now: one copy in the cache for all processes, read with that of the settings."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from ctac.dates import OURS, after_working_days, format_day, format_days, uk_day
from ctac.models import Copy
from office.closures.models import Banner, BannerKind, Closes, Closure

# Past closures still say which days were no working days, for a request that waits.
PAST_DAYS = timedelta(days=365)


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
    closures = Closure.objects.filter(last_day__gte=uk_day(now) - PAST_DAYS).order_by("first_day", "pk")
    banners = Banner.objects.filter(ends_at__gt=now)
    return Notices(
        tuple(closures), tuple(sorted(banners, key=lambda banner: (banner.kind != BannerKind.URGENT, banner.starts_at)))
    )


NOTICES: Copy[Notices] = Copy("office_notices", read_notices, Notices)


def notices() -> Notices:
    """The notices as this request or task sees them."""
    return NOTICES.get()


def closures_of(*what: Closes, nations: Iterable[str] = ()) -> tuple[Closure, ...]:
    """Closures that close any of this, in the whole UK or in one of these nations."""
    where = {"", *nations}
    return tuple(
        closure for closure in notices().closures if closure.nation in where and any(each in closure.what for each in what)
    )


def office_closed() -> ClosedDays:
    """The days on which nobody answers calls and requests. In our promises they don't count as working days."""
    return ClosedDays(closures_of(Closes.ADVICE_LINE))


def closures_between(first: date, last: date, what: Closes, nations: Iterable[str] = ()) -> list[Closure]:
    """Closures of some of these days, the first one first."""
    return [
        closure
        for closure in closures_of(what, nations=nations)
        if closure.first_day <= last and first <= closure.last_closed_day and closure.first_day <= closure.last_closed_day
    ]


def sentence(closure: Closure, what: Closes) -> str:
    """'We are closed from 24 December to 2 January: Christmas.' If only some of it is closed, the sentence says what."""
    if len(closure.what) == len(Closes):
        pattern = _("We are closed %(when)s: %(reason)s.")
    elif what == Closes.ADVICE_LINE:
        pattern = _("Our advice line and office are closed %(when)s: %(reason)s.")
    elif what == Closes.PRESENTATIONS:
        pattern = _("We give no presentations %(when)s: %(reason)s.")
    else:
        pattern = _("We send no leaflets %(when)s: %(reason)s.")
    return pattern % {"when": format_days(closure.first_day, closure.last_closed_day), "reason": closure.public_reason}


def sentences_between(first: date, last: date, what: Closes, nations: Iterable[str] = ()) -> list[str]:
    return list(dict.fromkeys(sentence(closure, what) for closure in closures_between(first, last, what, nations)))


def why_closed(day: date, nations: Iterable[str]) -> str:
    """Why there is no presentation on that day; empty if there may be one."""
    return " ".join(sentences_between(day, day, Closes.PRESENTATIONS, nations))


# Notes for pages and emails to add to a promise, if a closure lies between now and then; "" if none does.


def answers_note(now: datetime, working_days: int) -> str:
    """A note for 'We usually answer within 2 working days'."""
    found = _before_working_day(now, working_days, Closes.ADVICE_LINE)
    return " ".join([*found, _("We don’t count these days as working days.")]) if found else ""


def parcels_note(now: datetime, working_days: int) -> str:
    """A note for 'We will post it, usually within 5 working days'. During a closure, it says when we send parcels again."""
    found = _before_working_day(now, working_days, Closes.PARCELS)
    if not found:
        return ""
    closed, today = ClosedDays(closures_of(Closes.PARCELS)), uk_day(now)
    if today in closed:
        day = after_working_days(today, 1, OURS, closed)
        return " ".join([*found, _("We send leaflets again from %(day)s.") % {"day": format_day(day)}])
    return " ".join([*found, _("We don’t count these days as working days.")])


def calls_note(now: datetime, until: datetime | None) -> str:
    """A note for a text that asks people to call us until then."""
    found = sentences_between(uk_day(now), uk_day(until), Closes.ADVICE_LINE) if until and until > now else []
    return " ".join([*found, _("We can’t answer calls or emails then.")]) if found else ""


def _before_working_day(now: datetime, working_days: int, what: Closes) -> list[str]:
    today = uk_day(now)
    return sentences_between(today, after_working_days(today, working_days, OURS, ClosedDays(closures_of(what))), what)

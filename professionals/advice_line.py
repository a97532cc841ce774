"""When the advice line is open, by a UK clock and the bank holidays of where the team works; what to say when it is not."""

from datetime import date, datetime, time, timedelta
from itertools import count

from django.conf import settings
from django.utils.translation import gettext as _

from ctac.uk import UK, format_clock, format_day, uk_datetime, uk_day
from ctac.working_days import OURS, is_working_day
from professionals.models.flagged import route_out_of_hours

OPENS, CLOSES = time(9, 30), time(16, 30)  # UK time; settings.ADVICE_HOURS says the same in words


def is_open(now: datetime) -> bool:
    """From 9.30am on, until the last moment before 4.30pm."""
    local = now.astimezone(UK)
    return is_working_day(local.date(), OURS) and OPENS <= local.time() < CLOSES


def opens_next(now: datetime) -> datetime:
    """The first opening after `now`."""
    days = (uk_day(now) + timedelta(days=ahead) for ahead in count())
    return next(moment for moment in map(opening_of, days) if moment and moment > now)


def opening_of(day: date) -> datetime | None:
    return uk_datetime(day, OPENS) if is_working_day(day, OURS) else None


def whom_to_call(now: datetime) -> str:
    """Sentences for whoever is worried about a child, true at this moment. One statement while the line is closed."""
    phone, emergency = settings.ADVICE_PHONE, _("In immediate danger, call 999.")
    if is_open(now):
        closes = format_clock(uk_datetime(uk_day(now), CLOSES))
        call = _("Worried about a child? Call the advice line on %(phone)s: it is open until %(closes)s today.")
        return f"{call % {'phone': phone, 'closes': closes}} {emergency}"
    opens = opens_next(now)
    when = {"phone": phone, "day": format_day(opens), "time": format_clock(opens)}
    closed = _("Worried about a child? The advice line on %(phone)s is closed now. It opens on %(day)s at %(time)s.") % when
    route = route_out_of_hours().rstrip(".")
    until_then = [_("Until then: %(route)s.") % {"route": route}] if route else []
    return " ".join([closed, *until_then, emergency])

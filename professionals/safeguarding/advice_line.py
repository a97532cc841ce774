"""Whom to call about a child at this moment: whether the advice line is open, when it opens, and the route until then."""

from contextlib import suppress
from datetime import datetime, time, timedelta
from itertools import count

from django.conf import settings
from django.core.cache import cache, caches
from django.http import HttpRequest
from django.utils import dateformat, timezone
from django.utils.translation import gettext as _

from ctac.dates import OURS, UK, format_clock, format_day, is_working_day, uk_datetime, uk_day
from office.closures.queries import office_closed
from professionals.models import OutOfHours

OPENS, CLOSES = time(9, 30), time(16, 30)  # UK time; settings.ADVICE_HOURS says the same in words
A_WEEK = timedelta(weeks=1)
ROUTE, ROUTE_KEPT_SECONDS = "out_of_hours_route", 60


def is_advice_line_open(now: datetime) -> bool:
    """From 9.30am on, until the last moment before 4.30pm."""
    local = now.astimezone(UK)
    return is_working_day(local.date(), OURS, office_closed()) and OPENS <= local.time() < CLOSES


def next_opening(now: datetime) -> datetime:
    days, closed = (uk_day(now) + timedelta(days=ahead) for ahead in count()), office_closed()
    openings = (uk_datetime(day, OPENS) for day in days if is_working_day(day, OURS, closed))
    return next(opening for opening in openings if opening > now)


def read_route() -> str:
    """As staff set it, else as the installation did. It is published for the head of every page."""
    route = (OutOfHours.objects.values_list("route", flat=True).first() or settings.OUT_OF_HOURS_ROUTE).rstrip(".")
    with suppress(Exception):  # the cache may be down
        cache.set(ROUTE, route, None)
    return route


def out_of_hours_route() -> str:
    """As it was published; empty while the line is open. Asks no database, and the cache once a minute."""
    if is_advice_line_open(timezone.now()):
        return ""
    return str(caches["local"].get_or_set(ROUTE, published_route, ROUTE_KEPT_SECONDS))


def published_route() -> str:
    """A cache that lost it gives the installation's."""
    with suppress(Exception):  # or is down
        return str(cache.get(ROUTE) or settings.OUT_OF_HOURS_ROUTE).rstrip(".")
    return settings.OUT_OF_HOURS_ROUTE.rstrip(".")


def closed_now() -> str:
    """'closed now: it opens on Monday at 9.30am', with the date if that is not the next Monday; empty while it is open."""
    now = timezone.now()
    if is_advice_line_open(now):
        return ""
    opens = next_opening(now)
    clock = format_clock(opens).replace(":", ".")  # as settings.ADVICE_HOURS beside it
    return _("closed now: it opens on %(day)s at %(clock)s") % {
        "day": dateformat.format(opens.astimezone(UK), "l" if uk_day(opens) - uk_day(now) < A_WEEK else "l j F"),
        "clock": clock,
    }


def advice_line(_request: HttpRequest) -> dict[str, object]:
    """The context processor. Templates call what they need."""
    return {"advice_line_closed": closed_now, "out_of_hours_route": out_of_hours_route}


def whom_to_call(now: datetime) -> str:
    """Sentences for whoever is worried about a child, true at this moment. One statement while the line is closed."""
    phone, emergency = settings.ADVICE_PHONE, _("In immediate danger, call 999.")
    if is_advice_line_open(now):
        closes = format_clock(uk_datetime(uk_day(now), CLOSES))
        call = _("Worried about a child? Call the advice line on %(phone)s: it is open until %(closes)s today.")
        return f"{call % {'phone': phone, 'closes': closes}} {emergency}"
    opens = next_opening(now)
    when = {"phone": phone, "day": format_day(opens), "time": format_clock(opens)}
    closed = _("Worried about a child? The advice line on %(phone)s is closed now. It opens on %(day)s at %(time)s.") % when
    route = read_route()
    until_then = [_("Until then: %(route)s.") % {"route": route}] if route else []
    return " ".join([closed, *until_then, emergency])

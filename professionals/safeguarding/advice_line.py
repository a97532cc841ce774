"""Whom to call about a child right now: whether the advice line is open, when it opens, and where to turn until then."""

from datetime import datetime, timedelta
from itertools import count

from django.http import HttpRequest
from django.utils import dateformat, timezone
from django.utils.translation import gettext as _

from core.dates import TEAM_NATION, UK_TZ, format_day, format_time, format_uk_time, is_working_day, uk_datetime, uk_day
from office.closures.queries import office_closed_days
from office.site_settings.queries import site_settings

WEEK = timedelta(weeks=1)


def is_advice_line_open(now: datetime) -> bool:
    """Whether it is a working day, between the opening and the closing time."""
    local, hours = now.astimezone(UK_TZ), site_settings()
    return (
        is_working_day(local.date(), TEAM_NATION, office_closed_days())
        and hours.advice_opens <= local.time() < hours.advice_closes
    )


def next_opening(now: datetime) -> datetime:
    days, closed = (uk_day(now) + timedelta(days=ahead) for ahead in count()), office_closed_days()
    openings = (uk_datetime(day, site_settings().advice_opens) for day in days if is_working_day(day, TEAM_NATION, closed))
    return next(opening for opening in openings if opening > now)


def out_of_hours_route() -> str:
    """Where to turn while the advice line is closed; "" while it is open."""
    return "" if is_advice_line_open(timezone.now()) else site_settings().out_of_hours_route.rstrip(".")


def closed_now_text() -> str:
    """'closed now: it opens on Monday at 9.30am', or 'today', or with the date from a week on; "" while the line is open."""
    now = timezone.now()
    if is_advice_line_open(now):
        return ""
    opens = next_opening(now)
    clock = format_uk_time(opens).replace(":", ".")  # like the opening hours beside it
    days = uk_day(opens) - uk_day(now)
    if not days:
        return _("closed now: it opens today at %(clock)s") % {"clock": clock}
    day = dateformat.format(opens.astimezone(UK_TZ), "l" if days < WEEK else "l j F")
    return _("closed now: it opens on %(day)s at %(clock)s") % {"day": day, "clock": clock}


def helpline_hours_text(now: datetime) -> str:
    """'It is open now, until 8pm.' Hours that nobody has confirmed are never told as open."""
    opens, closes = site_settings().helpline_opens, site_settings().helpline_closes
    if opens is None or closes is None:
        return _("Check its hours on its website first.")
    if opens == closes:
        return _("It is open day and night.")
    clock = now.astimezone(UK_TZ).time()
    is_open = opens <= clock < closes if opens < closes else clock >= opens or clock < closes
    if is_open:
        return _("It is open now, until %(closes)s.") % {"closes": format_time(closes)}
    return _("It is closed now, and opens at %(opens)s.") % {"opens": format_time(opens)}


def helpline() -> dict[str, str]:
    """The number of the Modern Slavery & Exploitation Helpline and its hours, while the advice line is closed; else nothing."""
    now, phone = timezone.now(), site_settings().helpline_phone
    return {"phone": phone, "hours": helpline_hours_text(now)} if phone and not is_advice_line_open(now) else {}


def advice_line(_request: HttpRequest) -> dict[str, object]:
    """The context processor. It hands over functions, so that a page looks up only what it shows."""
    return {"advice_line_closed": closed_now_text, "out_of_hours_route": out_of_hours_route, "helpline": helpline}


def whom_to_call_text(now: datetime) -> str:
    """Sentences for somebody who is worried about a child, true at this moment."""
    phone, emergency = site_settings().advice_phone, _("In immediate danger, call 999.")
    if is_advice_line_open(now):
        closes = format_time(site_settings().advice_closes)
        call = _("Worried about a child? Call the advice line on %(phone)s: it is open until %(closes)s today.")
        return f"{call % {'phone': phone, 'closes': closes}} {emergency}"
    opens = next_opening(now)
    when = {"phone": phone, "day": format_day(opens), "time": format_uk_time(opens)}
    closed = _("Worried about a child? The advice line on %(phone)s is closed now. It opens on %(day)s at %(time)s.") % when
    route = site_settings().out_of_hours_route.rstrip(".")
    until_then = [_("Until then: %(route)s.") % {"route": route}] if route else []
    if number := site_settings().helpline_phone:
        name = _("Modern Slavery & Exploitation Helpline")
        until_then.append(f"{name}: {number}. {helpline_hours_text(now)}")
    return " ".join([closed, *until_then, emergency])

"""How many files with people's data in them an account may take out: whoever has got into one must not empty the site by it."""

import logging
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from professionals import limits
from professionals.models import Where
from professionals.throttles import by_client, stopped

logger = logging.getLogger("ctac.security")
HOUR = timedelta(hours=1)
# Everything about oneself, of which nobody needs two in an hour but who lost the first.
OWN_DATA = (10, HOUR)
# Orders, stock lists, catalogues, lists for couriers and copies of somebody's data, all together: one for every month of five
# years, to answer a funder.
SHEETS = (60, HOUR)


def too_often_of_ones_own(request: HttpRequest, now: datetime) -> HttpResponse | None:
    """Count one more, or the page that says to wait. Staff see whom it stopped, and can let them through."""
    stop = stopped(request, Where.ACCOUNT, [by_client(request, "own-data", *OWN_DATA)], now)
    return wait(request, stop.seconds(now)) if stop else None


def too_many_sheets(request: HttpRequest, now: datetime) -> HttpResponse | None:
    """Count one more for this member of staff, or the page that says to wait, and a line in the log: it is one of them."""
    full = limits.admit({limits.client_key(request, "sheets"): SHEETS}, now)
    if not full:
        return None
    logger.warning("too many spreadsheets: user %s", request.user.pk)
    return wait(request, max(int((full[0].until - now).total_seconds()), 1))


def wait(request: HttpRequest, seconds: int) -> HttpResponse:
    response = render(request, "errors/429.html", status=429)
    response["Retry-After"] = str(seconds)
    return response

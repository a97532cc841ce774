"""Where we have been, for everybody."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ctac.dates import format_day, uk_day
from reach.queries import counted_at, years_reached


@require_safe
def where_we_have_been(request: HttpRequest) -> HttpResponse:
    counted = counted_at()
    context = {
        "years": years_reached(),
        "this_year": uk_day(timezone.now()).year,
        "counted": format_day(counted) if counted else "",
    }
    return render(request, "reach/where_we_have_been.html", context)

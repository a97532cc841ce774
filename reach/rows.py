"""The rows behind a figure: `rows_url` is the address that a figure links to."""

from dataclasses import dataclass
from datetime import date

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ctac.staff.site import staff_site
from professionals.models import Profession
from reach.areas import Area, Unit, areas_of
from reach.models import Kind
from reach.queries import Period, counted_at, counts_by_key, counts_by_profession

VIEW_REACH = "reach.view_reach"
# Instead of a code: what lies in no area, and where nobody said which profession.
NONE = "none"
YEARS = (1990, 2100)  # of which an address may ask


@dataclass(frozen=True)
class Figure:
    """What was counted where and when. `area` is None for everywhere and NONE for what lies in none; `profession` is empty for
    everybody and NONE where nobody said."""

    kind: Kind
    period: Period
    area: Area | str | None = None
    profession: str = ""

    @property
    def count(self) -> int:
        """As the pages say it: from the counts. One statement."""
        if self.area == NONE:
            profession = "" if self.profession == NONE else self.profession
            found = counts_by_key(self.kind, self.period, profession)
            return found.get("", 0)
        assert not isinstance(self.area, str)  # noqa: S101 - what stands above
        by_profession = counts_by_profession(self.kind, self.period, self.area)
        if not self.profession:
            return sum(by_profession.values())
        return by_profession.get("" if self.profession == NONE else self.profession, 0)


def rows_url(*, kind: Kind, period: Period, area: Area | str | None = None, profession: str = "") -> str:
    """Of the page with the rows behind that figure: see Figure."""
    asked = {"kind": kind, "first": f"{period.first:%Y-%m}", "last": f"{period.last:%Y-%m}"}
    if isinstance(area, Area):
        asked |= {"unit": area.unit, "area": area.code}
    elif area:
        asked["area"] = area
    if profession:
        asked["profession"] = profession
    return f"{reverse('staff:reach_rows')}?{urlencode(asked)}"


def figure_asked(asked: QueryDict) -> Figure:
    """Raises Http404 for an address that no page of ours has written."""
    try:
        first, last = (date.fromisoformat(f"{asked.get(name, '')}-01") for name in ("first", "last"))
        kind, area = Kind(asked.get("kind", "")), asked.get("area", "")
        place = areas_of(Unit(asked.get("unit", "")))[area] if area not in ("", NONE) else area or None
        profession = asked.get("profession", "")
        if profession not in ("", NONE):
            Profession(profession)
    except (ValueError, KeyError) as error:
        raise Http404 from error
    if first > last or not YEARS[0] <= first.year <= last.year <= YEARS[1]:
        raise Http404
    return Figure(kind, Period(first, last), place, profession)


@require_safe
def reach_rows(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(VIEW_REACH):
        raise PermissionDenied
    figure = figure_asked(request.GET)
    context = {
        **staff_site.each_context(request),
        "title": _("What was counted"),
        "figure": figure,
        "counted_at": counted_at(),
    }
    return TemplateResponse(request, "reach/staff/rows.html", context)


staff_site.add_page("reach/rows/", reach_rows, "reach_rows")

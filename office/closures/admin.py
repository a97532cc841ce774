"""Closures, banners and bank holidays on the staff site."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import dateformat, timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_safe

from core.dates import Nation, bank_holiday_file, bank_holidays, uk_day
from core.pages import parse_page_number
from office.closures.forms import BannerForm, ClosureForm
from office.closures.models import Banner, Closure
from office.closures.services import end_closure, take_down_banner
from staff.actions import ObjectAction
from staff.lists import column, datetime_column, state_tag
from staff.menu import MENU_PAGES, MenuPage
from staff.model_admin import StaffModelAdmin
from staff.site import staff_site

VIEW_PERMISSION = "office.view_closure"


class BegunOrOverMixin:
    """Things with a beginning and an end: deleted only before they begin, changed only before they are over."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may: bool = super().has_change_permission(request, obj)  # type: ignore[misc]
        return may and (obj is None or not obj.is_over(timezone.now()))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether it may be deleted: only one at a time, since of several, some may have begun."""
        may: bool = super().has_delete_permission(request, obj)  # type: ignore[misc]
        return may and obj is not None and not obj.has_begun(timezone.now())

    @admin.display(description=gettext_lazy("state"))
    def now_or_later(self, obj: Any) -> SafeString:
        if obj.is_over(timezone.now()):
            return state_tag(_("Over"), "done")
        return state_tag(_("Now"), "good") if obj.has_begun(timezone.now()) else state_tag(_("To come"), "waiting")


@admin.register(Closure, site=staff_site)
class ClosureAdmin(BegunOrOverMixin, StaffModelAdmin):
    form = ClosureForm
    change_form_template = "office/closures/staff/closure.html"
    object_actions = (
        ObjectAction(
            "end",
            gettext_lazy("End this closure today"),
            end_closure,
            available=lambda closure: closure.has_begun(timezone.now()) and not closure.is_over(timezone.now()),
            weight="stop",
            explanation=gettext_lazy("From today on, we are open again. The days before stay as days on which we were closed."),
            done=gettext_lazy("The closure has ended. We are open again."),
        ),
    )
    list_display = ("days", "what_closes", "where", "reason", "now_or_later")
    days = column(gettext_lazy("days"), lambda closure: closure.dates_text, ordering="first_day")
    what_closes = column(gettext_lazy("what is closed"), lambda closure: ", ".join(str(each.label) for each in closure.scopes))
    where = column(gettext_lazy("where"), lambda closure: closure.get_nation_display() or _("The whole UK"))
    fieldsets = (
        (
            None,
            {
                "fields": ("first_day", "last_day"),
                "description": gettext_lazy(
                    "Both days are included. Nothing is cancelled by a closure. If something is booked on these days, "
                    "we show it to you before you save."
                ),
            },
        ),
        (gettext_lazy("What closes"), {"fields": ("advice_line", "presentations", "parcels", "nation")}),
        (gettext_lazy("What people read"), {"fields": ("reason", "reason_cy", "sure")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Closure | None = None) -> tuple[str, ...]:
        return ("first_day",) if obj is not None and obj.has_begun(timezone.now()) else ()

    def get_fieldsets(self, request: HttpRequest, obj: Closure | None = None) -> Any:
        """Leave the tick out for people who may only look."""
        if obj is None or self.has_change_permission(request, obj):
            return self.fieldsets
        *others, (heading, texts) = self.fieldsets
        return (*others, (heading, {**texts, "fields": ("reason", "reason_cy")}))


@admin.register(Banner, site=staff_site)
class BannerAdmin(BegunOrOverMixin, StaffModelAdmin):
    form = BannerForm
    object_actions = (
        ObjectAction(
            "take-down",
            gettext_lazy("Take this banner down now"),
            take_down_banner,
            available=lambda banner: banner.is_shown(timezone.now()),
            weight="stop",
            done=gettext_lazy("The banner is down."),
        ),
    )
    list_display = ("text", "kind", "starts", "ends", "now_or_later")
    starts = datetime_column("starts_at", gettext_lazy("from"), short=True)
    ends = datetime_column("ends_at", gettext_lazy("until"), short=True)
    fieldsets = (
        (None, {"fields": ("kind", "text", "text_cy", "link")}),
        (
            gettext_lazy("When it is shown"),
            {
                "fields": ("first_day", "first_clock", "last_day", "last_clock"),
                "description": gettext_lazy("It appears on every public page, and goes, at these times by itself."),
            },
        ),
    )
    readonly_fieldsets = (
        (None, {"fields": ("kind", "text", "text_cy", "link")}),
        (gettext_lazy("When it is shown"), {"fields": ("starts", "ends")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Banner | None = None) -> tuple[str, ...]:
        return ("starts", "ends") if obj is not None and not self.has_change_permission(request, obj) else ()

    def get_fieldsets(self, request: HttpRequest, obj: Banner | None = None) -> Any:
        return self.fieldsets if obj is None or self.has_change_permission(request, obj) else self.readonly_fieldsets


@require_safe
@permission_required(VIEW_PERMISSION, raise_exception=True)
def bank_holidays_page(request: HttpRequest) -> HttpResponse:
    """A year's bank holidays, each with its nations. Our office works by those of England."""
    this_year, years = uk_day(timezone.now()).year, sorted(int(year) for year in bank_holiday_file()[Nation.ENGLAND])
    year = parse_page_number(request.GET.get("year", str(this_year)))
    year = year if year in years else this_year
    by_nation = {nation: bank_holidays(nation, year) for nation in Nation}
    days = sorted(frozenset().union(*by_nation.values()))
    where = [(day, [str(nation.label) for nation in Nation if day in by_nation[nation]]) for day in days]
    context = {
        **staff_site.each_context(request),
        "title": _("Bank holidays in %(year)d") % {"year": year},
        "year": year,
        "years": [each for each in years if abs(each - this_year) <= 3],
        "rows": [
            (dateformat.format(day, "l j F"), _("Everywhere") if len(names) == len(Nation) else ", ".join(names))
            for day, names in where
        ],
        "may_close": request.user.has_perm("office.add_closure"),
    }
    return TemplateResponse(request, "office/closures/staff/bank_holidays.html", context)


staff_site.add_page("office/bank-holidays/", bank_holidays_page, "office_bank_holidays")
MENU_PAGES.append(
    MenuPage(gettext_lazy("Settings"), gettext_lazy("Bank holidays"), "staff:office_bank_holidays", VIEW_PERMISSION)
)

"""Our AdminSite at /staff/: its menu, Today, what it lets in, and the pages that belong to no model."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.apps import apps
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from staff import menu
from staff.audit import AuditHooks
from staff.lists import MAX_COUNTED, capped_count_text
from staff.menu import group_by_section, redirect_to_public_page, split_waiting_and_idle
from staff.today import Alarm, OwnPage, WaitingLine, count_all, read_named_rows


class StaffAdminSite(AdminSite):
    """Plain Django admin underneath; a second factor is part of having permission, so no page forgets it."""

    site_header = _("CTAC staff")
    site_title = _("CTAC staff")
    index_title = _("Today")
    empty_value_display = "–"
    index_template = "admin/staff_index.html"
    logout_template = "admin/logged_out.html"
    enable_nav_sidebar = False  # the menu stands in the header, so that tables have the width
    # The apps accounts and audit set these (ADR 21). `ask_again` redirects to reauthentication if that is due (ADR 9).
    ask_again: Callable[[HttpRequest], HttpResponse | None]
    saved_views: Callable[[Any, HttpRequest], Any]
    audit: AuditHooks

    def __init__(self, name: str = "staff") -> None:
        super().__init__(name)
        self._waiting: list[tuple[str | Promise, WaitingLine]] = []
        self._alarms: list[tuple[str, str, Callable[[], list[Alarm]]]] = []
        self._bar_alarms: list[tuple[str, Callable[[Any], list[Alarm]]]] = []
        self._own_pages: list[Callable[[Any], list[OwnPage]]] = []
        self._panels: list[tuple[str, Callable[[Any], str]]] = []
        self._pages: list[tuple[str, Callable[..., HttpResponseBase], str]] = []
        self.page_labels: dict[str, str | Promise] = {}

    def add_alarms(
        self, permission: str, find: Callable[[], list[Alarm]], *, resolved_with: str, in_bar: Callable[[Any], list[Alarm]]
    ) -> None:
        """Ask `find` whenever somebody with this permission opens the first page; `resolved_with` is that to resolve an alarm.

        Those who may resolve it see a bar on every other page: `in_bar(user)` returns the alarms that nobody is on and those
        that this user is on, in one statement.
        """
        self._alarms.append((permission, resolved_with, find))
        self._bar_alarms.append((resolved_with, in_bar))

    def add_own_pages(self, find: Callable[[Any], list[OwnPage]]) -> None:
        """`find(user)` returns the buttons that this user gets on the first page now."""
        self._own_pages.append(find)

    def add_panel(self, permission: str, draw: Callable[[Any], str]) -> None:
        """Show the HTML that `draw(user)` returns below what waits, to users with this permission."""
        self._panels.append((permission, draw))

    def add_page(self, route: str, view: Callable[..., HttpResponseBase], name: str, label: str | Promise = "") -> None:
        """Add a page that belongs to no model. Everybody on the staff site can open it: the view decides what each may see.

        `label`: its name in "Who did what", unless the menu names it.
        """
        self._pages.append((route, view, name))
        if label:
            self.page_labels[name] = label

    def add_waiting(self, section: str | Promise, waiting: WaitingLine) -> None:
        """Add a line to the first page under a section of the menu. Within a section, lines stand in the order of these calls."""
        self._waiting.append((section, waiting))

    def get_waiting_lines(self, user: Any) -> list[dict[str, Any]]:
        """What waits, section by section, for a user with these permissions: each line counted now, its first rows by name."""
        allowed = [(section, waiting) for section, waiting in self._waiting if user.has_perm(waiting.permission)]
        counts: list[Any] = [
            waiting.count().filter(waiting.seen_by(user)) if waiting.seen_by else waiting.count()  # type: ignore[union-attr]
            for _section, waiting in allowed
        ]
        figures, lines = count_all(counts), []
        named = read_named_rows(
            [(waiting, *each) for (_section, waiting), *each in zip(allowed, counts, figures, strict=True)], user
        )
        for (section, waiting), figure, rows in zip(allowed, figures, named, strict=True):
            label = waiting.one if figure == 1 and waiting.one else waiting.label
            line = {"label": label, "figure": figure, "href": waiting.address(), "urgent": waiting.urgent, "rows": rows}
            line |= {"figure_text": capped_count_text(figure), "is_capped": figure > MAX_COUNTED}
            lines.append((section, {**line, "more": waiting.more() if figure and waiting.more else ""}))
        return group_by_section(lines)

    def get_urls(self) -> list[Any]:
        """Django's URLs, but "view on site" asks whether the user may see the object, and nobody gets the autocomplete lists."""
        view = self.admin_view(partial(redirect_to_public_page, self))
        ours = [path("r/<path:content_type_id>/<path:object_id>/", view, name="view_on_site")]
        instead = {"view_on_site": ours, "autocomplete": []}
        pages = [path(route, self.admin_view(view), name=name) for route, view, name in self._pages]
        return pages + [each for theirs in super().get_urls() for each in instead.get(getattr(theirs, "name", ""), [theirs])]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Our sections instead of Django's apps, in the menu and on the first page. The page of a single app stays Django's."""
        if app_label:
            return super().get_app_list(request, app_label)
        return menu.build_menu(menu.get_model_lists(self, request), request.user)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "alarm_bar": partial(self.get_alarm_bar, request)}

    def get_alarm_bar(self, request: HttpRequest) -> dict[str, Any]:
        """For the head of a page: the first alarm that nobody is on, the first that this colleague is on, and how many more."""
        user, may_enter = request.user, self.has_permission(request)
        allowed = [find for permission, find in self._bar_alarms if may_enter and user.has_perm(permission)]
        alarms = [alarm for find in allowed for alarm in find(user)]
        nobodys = [alarm for alarm in alarms if alarm.take_on_href]
        shown = [*nobodys[:1], *[alarm for alarm in alarms if not alarm.take_on_href][:1]]
        return {"alarms": shown, "more": len(alarms) - len(shown)}

    def index(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Today: alarms, what waits, what is on. Colleagues who use a single page are redirected to it."""
        user = request.user
        own_pages = [page for find in self._own_pages for page in find(user)]
        for page in own_pages:
            if page.is_home:
                return redirect(page.href)
        alarms: list[Alarm] = []
        for permission, resolved_with, find in self._alarms:
            found = find() if user.has_perm(permission) else []
            alarms += (
                found if user.has_perm(resolved_with) else [replace(alarm, resolve_href="", take_on_href="") for alarm in found]
            )
        shown = {
            "alarms": alarms,
            "own_pages": own_pages,
            "panels": [draw(user) for permission, draw in self._panels if user.has_perm(permission)],
            **split_waiting_and_idle(self.get_waiting_lines(user)),
        }
        return super().index(request, {**shown, **(extra_context or {})})

    def app_index(self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        if not self.get_app_list(request, app_label):
            raise PermissionDenied
        title = {"title": apps.get_app_config(app_label).verbose_name}
        return super().app_index(request, app_label, title | (extra_context or {}))

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Our page for everybody, which also emails the owner."""
        return redirect("account_change_password")

    def password_change_done(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("staff:index")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().logout(request, {"title": _("You are signed out"), **(extra_context or {})})

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Audit every page. PrivateByDefaultMiddleware says what browsers may keep: never_cache would break the Back button."""
        return super().admin_view(self.audit.each(view), cacheable=True)

    def has_permission(self, request: HttpRequest) -> bool:
        # Whether this very session was opened with a second factor (a session from before enrolment was not).
        return super().has_permission(request) and any(
            record.get("method") == "mfa" for record in get_authentication_records(request, request.user)
        )

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send each user to what they still need: to sign in, to set up a second factor, or to sign in with it."""
        user = request.user
        afterwards = urlencode({"next": request.GET.get("next") or reverse("staff:index")})
        if not user.is_authenticated:
            return redirect(f"{reverse('account_login')}?{afterwards}")
        if not user.is_active or not user.is_staff:
            self.audit.refused(request)
            raise PermissionDenied
        if self.has_permission(request):
            return redirect("staff:index")
        second_factor = "mfa_reauthenticate" if is_mfa_enabled(user) else "mfa_activate_totp"
        return redirect(f"{reverse(second_factor)}?{afterwards}")


staff_site = StaffAdminSite(name="staff")

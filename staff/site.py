"""Our AdminSite at /staff/, and the model admin whose states change only through services."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from functools import partial
from typing import Any, ClassVar, Literal, TypeVar
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin import AdminSite
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import (
    BLANK_CHOICE_DASH,
    DateTimeField,
    F,
    IntegerField,
    Model,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Cast
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import dateformat, timezone
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.dates import format_day, format_uk_time, uk_datetime, uk_day
from core.errors import DomainError
from core.forms import FORMFIELD_OVERRIDES, PageFormMixin, dialable_number, domain_error_to_form, normalise_postcode
from core.models import is_reference, normalise_reference
from core.pages import add_correction_messages
from staff import menu
from staff.audit import AuditedModelAdmin, AuditHooks, audit_note
from staff.lists import MAX_COUNTED, CappedListMixin, StrictLookupsMixin, capped_count_text
from staff.menu import group_by_section, redirect_to_public_page, split_waiting_and_idle
from staff.story import get_related_lists, get_story

MAX_ROWS_NAMED = 5


@dataclass(frozen=True)
class WaitingRow:
    """How the first page lists the first rows of a line by name, each with a button for its main action. Longest wait first.

    Each attribute is an expression of the row's model, or the name of a field, so that one statement reads the rows of all lines:
    `who` and `what` are texts, `at` is when the thing happens, `since` is when the wait began, and `order` sorts if `since`
    does not. The button has a `label`, leads to the action `slug` (an expression too; "" is the object's own page), and needs
    `permission`. If the row leads to another object, `route` and `key` name it.
    """

    who: Any = None
    what: Any = None
    at: Any = None
    since: Any = None
    order: Any = None
    label: str | Promise = ""
    slug: Any = ""
    permission: str = ""
    route: str = ""  # "leaflets_recall"
    key: str = "pk"
    what_text: Callable[[str], str] = str

    def read(self, rows: QuerySet[Any], place: int) -> QuerySet[Any]:
        """The first of these rows, in the columns that `build_row` takes. The keys are chosen before anything is joined."""
        order = self.order or self.since
        by = F(order) if isinstance(order, str) else order
        first = rows.alias(named_order=by).order_by("named_order", "pk").values("pk")[:MAX_ROWS_NAMED]
        slug = Value(self.slug) if isinstance(self.slug, str) else self.slug
        moments = {"order": order, "since": self.since, "at": self.at}
        texts = {"who": self.who, "what": self.what, "slug": slug}
        columns = {
            "place": Value(place),
            "key": F(self.key),
            **{name: Cast(Value(each) if each is None else each, DateTimeField()) for name, each in moments.items()},
            **{name: Cast(Value(each) if each is None else each, TextField()) for name, each in texts.items()},
        }
        named = {f"named_{name}": each for name, each in columns.items()}
        return rows.model._base_manager.order_by().filter(pk__in=first).annotate(**named).values_list(*named)

    def build_row(self, found: Sequence[Any], route: str, now: datetime, *, acts: bool) -> dict[str, Any]:
        key, _order, since, at, who, what, slug = found
        route = f"staff:{self.route or route}"
        page = reverse(f"{route}_change", args=[key])
        return {
            "who": who or "",
            "what": self.what_text(what) if what else "",
            "when": format_short_start(at) if at else "",
            "waits": waiting_text(since, now) if since else "",
            "href": page,
            "action": self.label if acts else "",
            "action_href": reverse(f"{route}_action", args=[key, slug]) if slug else page,
        }


@dataclass(frozen=True)
class WaitingLine:
    """A line of the first staff page: how many of something wait, counted up to a thousand, and the list of exactly those.

    `label` follows a figure ("requests to decide"), and `one` follows the figure 1 if the words differ. `count` returns either a
    number or the rows; one statement counts the rows of all lines. It runs for whoever has `permission`
    ("bookings.change_booking"), and `seen_by` narrows the rows to those that this colleague may see. `urgent`: somebody may
    come to harm if it waits. `more` adds a detail after the label and a comma ("the first by Friday 4 December 2026"). `named`
    lists the first rows by name.
    """

    label: str | Promise
    count: Callable[[], int | QuerySet[Any]]
    address: Callable[[], str]
    permission: str
    urgent: bool = False
    more: Callable[[], str] | None = None  # asked only if there are any
    seen_by: Callable[[Any], Q] | None = None  # of rows, not of a number
    one: str | Promise = ""
    named: WaitingRow | None = None


@dataclass(frozen=True)
class Alarm:
    """Somebody may be in danger: shown above all else on the first page until a colleague resolves it.

    Until somebody is on it, it is also a bar on every other page. `name` and `phone` say whom to call first; `phone` may be
    empty. `resolve_href` and `take_on_href` are empty for a colleague who may only look; `take_on_href`, which takes a POST,
    also once somebody is on it.
    """

    title: str
    name: str
    phone: str
    rows: list[dict[str, object]]
    about: str
    href: str
    resolve_href: str
    take_on_href: str = ""


@dataclass(frozen=True)
class OwnPage:
    """A button on the first staff page that leads colleagues to a page of their own.

    `is_home`: it is all that they do here, so the first page redirects to it.
    """

    label: str
    href: str
    is_home: bool = False


class CountSubquery(Subquery):
    """How many rows a sliced queryset gives."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def count_all(counts: Sequence[int | QuerySet[Any]]) -> list[int]:
    """Each count as a number.

    One statement counts all querysets, each up to a little more than a thousand (`capped_count_text`).
    """
    asked = [CountSubquery(rows.order_by().values("pk")[: MAX_COUNTED + 1]) for rows in counts if isinstance(rows, QuerySet)]
    one_row = ContentType.objects.order_by().values_list(*asked)[:1]
    found = iter(one_row.get() if asked else ())
    return [next(found) or 0 if isinstance(count, QuerySet) else count for count in counts]


def named_row_sort_key(found: Sequence[Any]) -> tuple[Any, ...]:
    """The sort key of a row from `WaitingRow.read`: rows without a moment come last."""
    place, key, order, *_rest = found
    return place, order is None, order, key


def read_named_rows(lines: Sequence[tuple[WaitingLine, Any, int]], user: Any) -> list[list[dict[str, Any]]]:
    """The named rows of each line, read in one statement. `lines`: each line with its rows and how many there are.

    A row that an urgent line can name is not named again by another line.
    """
    asked: list[tuple[int, WaitingRow, QuerySet[Any]]] = []
    for place, (waiting, rows, figure) in sorted(enumerate(lines), key=lambda each: not each[1][0].urgent):
        if waiting.named is None or not figure:
            continue
        if not waiting.urgent:
            above = [other for at, _named, other in asked if lines[at][0].urgent and other.model is rows.model]
            for other in above:
                rows = rows.exclude(pk__in=other.order_by().values("pk"))
        asked.append((place, waiting.named, rows))
    named: list[list[dict[str, Any]]] = [[] for _line in lines]
    if not asked:
        return named
    first, *others = [each.read(rows, place) for place, each, rows in asked]
    now, about = timezone.now(), {place: (each, rows.model._meta) for place, each, rows in asked}
    for place, *found in sorted(first.union(*others, all=True) if others else first, key=named_row_sort_key):
        each, opts = about[place]
        acts = user.has_perm(each.permission or f"{opts.app_label}.change_{opts.model_name}")
        named[place].append(each.build_row(found, f"{opts.app_label}_{opts.model_name}", now, acts=acts))
    return named


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


class ConfirmationForm(forms.Form):
    """A form with a box `sure` to tick, which the service is not given."""

    def clean(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "sure"}


@dataclass(frozen=True)
class ObjectAction:
    """A button on the change page that calls one service: `service(obj, by=user, now=now, **cleaned_data)`.

    - `label` is the whole button ("Confirm this booking"); `button`, if given, is the button of the page that it leads to.
    - `weight`: "main" for the main step (the first, if there are several), "stop" for what ends something, else "quiet".
    - `available(obj)` says whether it is offered. If that has changed when it is pressed, the object's page says so.
    - `form_class`, made with `form_kwargs(obj)`, asks for what the service needs besides the object. `facts(obj)` are rows above
      the form, after those of `get_summary_rows`. The service refuses by DomainError, which becomes an error of the form.
    - `page(model_admin, request, obj, action)` replaces service and form by a view.
    - `asks_again`: only after the second factor was given in the last few minutes.
    - `in_story`: its button stands in the story. `in_row`: it stands among the other buttons although its weight is "stop".
    """

    slug: str
    label: str | Promise
    service: Callable[..., object] | None = None
    available: Callable[[Any], bool] = field(default=lambda obj: True)
    form_class: type[forms.Form] = forms.Form
    form_kwargs: Callable[[Any], dict[str, Any]] = field(default=lambda obj: {})
    facts: Callable[[Any], list[dict[str, Any]]] = field(default=lambda obj: [])
    explanation: str | Promise = ""
    done: str | Promise = _("Done.")
    permission: str = "change"
    weight: Literal["main", "quiet", "stop"] = "quiet"
    page: Callable[..., HttpResponse] | None = None
    asks_again: bool = False
    in_story: bool = False
    in_row: bool = False
    button: str | Promise = ""


def page_form_class(form_class: Any) -> Any:
    """The form as a page form (PageFormMixin)."""
    if issubclass(form_class, PageFormMixin):
        return form_class
    return type(form_class.__name__, (PageFormMixin, form_class), {})


def simplify_select(field: Any) -> Any:
    """A select without Django's icons, which need JavaScript, and with its empty choice in words."""
    if field is None:
        return None
    if isinstance(field.widget, RelatedFieldWidgetWrapper):
        field.widget = field.widget.widget
    nothing = _("Choose") if field.required else "–"
    if getattr(field, "empty_label", None):
        field.empty_label = nothing
    elif isinstance(field, forms.TypedChoiceField):
        choices: Any = field.choices
        field.choices = [("", nothing) if choice == BLANK_CHOICE_DASH[0] else choice for choice in choices]
    return field


EMPTY_ACTION_CHOICE = [("", _("Choose what to do"))]
SINGLE_SAVE_BUTTON = {"show_save_and_add_another": False, "show_save_and_continue": False}


class StaffModelAdmin(StrictLookupsMixin, CappedListMixin, AuditedModelAdmin):
    """A model admin with `object_actions`. Models whose state has rules list their fields in readonly_fields.

    `nobody_may`: which of "add", "change" and "delete" no colleague may do by hand, not even a superuser.
    """

    nobody_may: tuple[str, ...] = ()
    object_actions: Sequence[ObjectAction] = ()
    change_form_template = "admin/change_form_with_actions.html"
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    show_full_result_count = False
    formfield_overrides = FORMFIELD_OVERRIDES
    buttons_in_a_row = 3  # what else can be done with an object stands in a menu beside them

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_action"
        view = self.admin_site.admin_view(self.object_action_view)
        return [path("<path:object_id>/do/<slug:slug>/", view, name=name), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return "add" not in self.nobody_may and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return "change" not in self.nobody_may and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return "delete" not in self.nobody_may and super().has_delete_permission(request, obj)

    def available_actions(self, request: HttpRequest, obj: Any) -> list[ObjectAction]:
        actions = [a for a in self.object_actions if a.available(obj) and self.can_perform(request, a, obj)]
        other_mains = [a for a in actions if a.weight == "main"][1:]
        return [replace(a, weight="quiet") if a in other_mains else a for a in actions]

    def get_action_buttons(self, request: HttpRequest, obj: Any) -> dict[str, list[ObjectAction]]:
        """The buttons of an object's page, the main one first. Rarer ones, and those that end something, stand in a menu."""
        actions = sorted(self.available_actions(request, obj), key=lambda a: ("main", "quiet", "stop").index(a.weight))
        above = [a for a in actions if not a.in_story]
        row = above
        if len(above) > self.buttons_in_a_row:
            answers = [a for a in above if a.in_row]
            others = [a for a in above if a.weight != "stop"]
            row = [*others[: self.buttons_in_a_row - len(answers)], *answers]
        return {
            "object_actions": row,
            "more_actions": [a for a in above if a not in row],
            "story_actions": [a for a in actions if a.in_story],
        }

    def can_perform(self, request: HttpRequest, action: ObjectAction, obj: Any) -> bool:
        return bool(getattr(self, f"has_{action.permission}_permission")(request, obj))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[forms.ModelForm]:
        form: type[forms.ModelForm] = page_form_class(super().get_form(request, obj, change, **kwargs))
        return form

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        add_correction_messages(request, form)
        return super().save_form(request, form, change)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return simplify_select(super().formfield_for_dbfield(db_field, request, **kwargs))

    def get_action_choices(self, request: HttpRequest, default_choices: Any = EMPTY_ACTION_CHOICE) -> list[tuple[str, str]]:
        return super().get_action_choices(request, default_choices)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """One button that saves and leads back to the list, which has the button to add another."""
        return super().render_change_form(request, {**context, **SINGLE_SAVE_BUTTON}, *args, **kwargs)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = _("Add %(name)s") % {"name": menu.singular_name(self.opts)}
        return super().add_view(request, form_url, {"title": title, **(extra_context or {})})

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        page = {"title": menu.plural_name(self.opts), "saved_views": partial(staff_site.saved_views, self, request)}
        return super().changelist_view(request, {**page, **(extra_context or {})})

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().delete_view(
            request, object_id, self.get_title_context(_("Delete %(obj)s"), request, object_id, extra_context)
        )

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Refuse a role that may see no object of this kind. To others, an object that they may not see does not exist."""
        obj = super().get_object(request, object_id, from_field)
        if obj is None and not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return obj

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        """A 404, whether the object does not exist or this colleague may not see it."""
        raise Http404

    def get_title_context(
        self, pattern: str | Promise, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None
    ) -> dict[str, Any]:
        """The object alone as the title, where Django has the kind of object as the title and its name below."""
        if (obj := self.get_object(request, object_id)) is None:
            raise Http404
        return {"title": str(pattern) % {"obj": obj}, "subtitle": None, **(extra_context or {})}

    def get_summary_rows(self, obj: Any) -> list[dict[str, object]]:
        """Rows of {"label", "value"} above an action's form: what colleagues need to see of the object to decide."""
        return []

    def get_action_aside(self, obj: Any, action: ObjectAction) -> str:
        """HTML below an action's form that helps to fill it in."""
        return ""

    def get_add_links(self, request: HttpRequest, obj: Any) -> list[dict[str, object]]:
        """Links {"label", "href"} to add what belongs to this object. With "weight", it is the main step if no action is."""
        return []

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = self.get_object(request, object_id)
        if obj is None:
            return super().change_view(request, object_id, form_url, extra_context)
        page = {
            "title": str(obj),
            "subtitle": None,
            "adds": self.get_add_links(request, obj),
            **self.get_action_buttons(request, obj),
            # Read when the page is drawn: by then it is certain that this colleague may see the object.
            "story": SimpleLazyObject(lambda: get_story(obj, request)),
            "related": SimpleLazyObject(lambda: get_related_lists(obj, request.user)),
        }
        return super().change_view(request, object_id, form_url, {**page, **(extra_context or {})})

    def object_action_view(self, request: HttpRequest, object_id: str, slug: str) -> HttpResponse:
        """GET asks, POST does. A refusal is shown on the same page with what was typed."""
        obj, action = self.get_object(request, object_id), next((a for a in self.object_actions if a.slug == slug), None)
        if obj is None or action is None:
            raise Http404
        if not self.can_perform(request, action, obj):
            raise PermissionDenied
        change_url = reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])
        if not action.available(obj):
            if request.method == "POST":
                audit_note(request).add("sent", what=slug)
            messages.warning(
                request,
                _("Somebody has changed “%(obj)s” since you opened the page, so this is no longer possible.") % {"obj": obj},
            )
            return redirect(change_url)
        asked = staff_site.ask_again(request) if action.asks_again else None
        if asked is not None:
            return asked
        if action.page is not None:
            return action.page(self, request, obj, action)
        data = request.POST if request.method == "POST" else None
        form = page_form_class(action.form_class)(data, **action.form_kwargs(obj))
        if form.is_valid() and self.perform_action(request, action, obj, form):
            return redirect(change_url)
        context = {**self.get_action_context(request, action, obj, change_url), "form": form, "media": self.media + form.media}
        return TemplateResponse(request, "admin/object_action.html", context)

    def get_action_context(self, request: HttpRequest, action: ObjectAction, obj: Any, change_url: str) -> dict[str, Any]:
        """The context of an action's page, without its form."""
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": obj,
            "action": action,
            "rows": [*self.get_summary_rows(obj), *action.facts(obj)],
            "beside": self.get_action_aside(obj, action),
            "media": self.media,
            "title": action.label,
            "subtitle": str(obj),
            "change_url": change_url,
        }

    def perform_action(self, request: HttpRequest, action: ObjectAction, obj: Any, form: forms.Form) -> bool:
        """Call the action's service; a refusal becomes an error of the form."""
        with domain_error_to_form(form):
            action.service(obj, by=request.user, now=timezone.now(), **form.cleaned_data)  # type: ignore[misc]
            messages.success(request, str(action.done))
            add_correction_messages(request, form)
        return form.is_valid()


class OneRowAdmin(StaffModelAdmin):
    """A model with one row, which a migration made. Its list redirects to its form."""

    nobody_may = ("add", "delete")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        row = self.model._default_manager.first()
        return self.redirect_to_form(row) if row else super().changelist_view(request, extra_context)

    def response_post_save_change(self, request: HttpRequest, obj: Model) -> HttpResponseRedirect:
        return self.redirect_to_form(obj)

    def redirect_to_form(self, row: Model) -> HttpResponseRedirect:
        return redirect(reverse(f"staff:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk]))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, {"has_no_list": True, **(extra_context or {})})

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        page = {"has_no_list": True, "title": _("When this was changed")}
        return super().history_view(request, object_id, {**page, **(extra_context or {})})


# What the lists and pages of every app on the staff site share: times and states in our words, figures, and search.
#
# A column that holds a figure is a method called `number_…`, which the stylesheet sets to the right.

M = TypeVar("M", bound=Model)
EMPTY_VALUE = "–"
WORD_BREAK = mark_safe("<wbr>")


def format_long_datetime(at: datetime) -> str:
    """'Tuesday 9 March 2027, 1:30pm' in UK time. At midnight sharp, as of an imported order, the day alone."""
    if at == uk_datetime(uk_day(at), time.min):
        return format_day(at)
    return gettext("%(day)s, %(clock)s") % {"day": format_day(at), "clock": format_uk_time(at)}


def format_short_datetime(at: datetime) -> str:
    """'Tue 9 Mar 2027, 1:30pm' in UK time, for a list."""
    return gettext("%(day)s, %(clock)s") % {"day": dateformat.format(uk_day(at), "D j M Y"), "clock": format_uk_time(at)}


def format_short_start(at: datetime) -> str:
    """The same for the start of something: 'Tue 9 Mar 2027' if it takes whole days."""
    day = uk_day(at)
    return dateformat.format(day, "D j M Y") if at == uk_datetime(day, time.min) else format_short_datetime(at)


def time_ago_text(at: datetime, now: datetime) -> str:
    """'2 days ago'; within the last minute, 'just now'."""
    if (now - at).total_seconds() < 60:
        return gettext("just now")
    return gettext("%(time)s ago") % {"time": timesince(at, now, depth=1)}


def waiting_text(since: datetime, now: datetime) -> str:
    """'Waiting for 2 days'; within the last minute, 'just now'."""
    if (now - since).total_seconds() < 60:
        return gettext("just now")
    return gettext("Waiting for %(time)s") % {"time": timesince(since, now, depth=1)}


def column(label: Any, value: Callable[[Any], Any], *, ordering: str | None = None) -> Callable[[Any, Any], Any]:
    """An admin's method that shows `value(obj)`."""

    @admin.display(description=label, ordering=ordering)
    def display(_self: Any, obj: Any) -> Any:
        return value(obj)

    return display


def attribute_column(name: str, label: Any, text: Callable[[Any], str]) -> Callable[[Any, Any], Any]:
    """A column that shows and sorts by the attribute `name`."""
    return column(label, lambda obj: text(getattr(obj, name)), ordering=name)


def datetime_column(name: str, label: Any, *, short: bool = False) -> Callable[[Any, Any], str]:
    """A column with a time; a dash where there is none."""
    format_moment = format_short_datetime if short else format_long_datetime
    return attribute_column(name, label, lambda at: format_moment(at) if at else EMPTY_VALUE)


def yes_no_column(name: str, label: Any) -> Callable[[Any, Any], str]:
    """A column that says yes or no in words: an icon alone is neither."""
    return attribute_column(name, label, lambda value: gettext("Yes") if value else gettext("No"))


def number_column(name: str, label: Any) -> Callable[[Any, Any], str]:
    """A column with a figure, in thousands."""
    return attribute_column(name, label, "{:,}".format)


def state_tag(label: str | Promise, kind: str) -> SafeString:
    """The state as a word with a shape; `kind`: waiting, good, done or stopped."""
    return render_to_string("includes/state_tag.html", {"label": label, "kind": kind})


def state_column(colours: Mapping[Any, str] | None = None) -> Callable[[Any, Any], Any]:
    """A column with the state as a tag, by which it can be sorted. `colours`: the tag's colour in each state, if the model
    has no `status_colour`."""

    def tag(obj: Any) -> SafeString:
        return state_tag(obj.get_state_display(), colours[obj.state] if colours else obj.status_colour)

    return column(_("state"), tag, ordering="state")


def non_breaking(text: str) -> str:
    """A postcode that stays on one line."""
    return text.replace(" ", "\xa0")


def breakable_email(email: str) -> SafeString:
    """An address that breaks at its dots and its @ where the screen is narrow; copied, it is whole."""
    return format_html_join(WORD_BREAK, "{}", ((piece,) for piece in re.split(r"(?=[@.])", email)))


def mail_link(email: str) -> SafeString | str:
    return (
        format_html('<a href="mailto:{}">{}</a>', email, breakable_email(email))
        if email
        else gettext("No email address: call them")
    )


def phone_link(number: str) -> SafeString | str:
    """A link that calls the number."""
    digits = dialable_number(number)
    return format_html('<a href="tel:{}">{}</a>', digits, number) if digits else EMPTY_VALUE


class ReferenceSearchAdmin(StaffModelAdmin):
    """For a model with a reference and a postcode: the search finds both however they are typed, and parts of a reference."""

    searched = "searched"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[M], search_term: str) -> tuple[QuerySet[M], bool]:
        """Find a whole reference or postcode exactly; search the words for anything else."""
        exact = exact_search_filter(search_term)
        if exact and (found := queryset.filter(**exact)).exists():
            return found, False
        return super().get_search_results(request, queryset, search_term)

    def perform_on_each(self, request: HttpRequest, rows: QuerySet[Any], service: Callable[..., object], text: Any) -> None:
        """Call the service for each row, oldest first, and name those that were refused with the reason."""
        done, skipped = 0, defaultdict[str, list[str]](list)
        for row in rows.select_related("person").order_by("created_at", "pk"):
            try:
                service(row, by=request.user, now=timezone.now())
            except DomainError as refusal:
                skipped[str(refusal)].append(row.reference)
            else:
                done += 1
        if done:
            self.message_user(request, text % {"n": done}, messages.SUCCESS)
        for reason, references in skipped.items():
            why = ngettext("%(references)s was skipped: %(reason)s", "%(references)s were skipped: %(reason)s", len(references))
            self.message_user(request, why % {"references": ", ".join(references), "reason": reason}, messages.WARNING)


def exact_search_filter(typed: str) -> dict[str, str]:
    """What was typed as a whole postcode or reference, as it is stored; empty when it is neither."""
    with suppress(ValidationError):
        return {"postcode": normalise_postcode(typed)}
    return {"reference": normalise_reference(typed)} if is_reference(typed) else {}


class CachedObjectAdmin(StaffModelAdmin):
    """Reads the object once for each GET."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        if request.method != "GET":
            return super().get_object(request, object_id, from_field)
        read: dict[tuple[type[Model], str, str | None], Any] = request.__dict__.setdefault("_objects_read", {})
        key = self.model, str(object_id), from_field
        if key not in read:
            read[key] = super().get_object(request, object_id, from_field)
        return read[key]


class ReadOnlyAdmin(StaffModelAdmin):
    """A page to read: every change is an action, so it saves nothing, and it leaves out empty fields.

    - `may_be_empty`: methods among its fields that may return "".
    - `for_who_acts`: fields only for colleagues who may change the object, such as a joining link or a phone number.
    - `links`: by field that links to another page, the permission which that page needs and the field to show without it.
    """

    change_form_template = "admin/change_form_without_history.html"
    may_be_empty: tuple[str, ...] = ()
    for_who_acts: tuple[str, ...] = ()
    links: ClassVar[Mapping[Any, tuple[str, str]]] = {}

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().change_view(
            request, object_id, form_url, {**(extra_context or {}), "show_save": False, "looks_only": True}
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[Any, Any]]:
        fieldsets = super().get_fieldsets(request, obj)
        left_out = () if self.can_act(request, obj) else self.for_who_acts
        unlinked: dict[Any, Any] = {
            name: other for name, (permission, other) in self.links.items() if not request.user.has_perm(permission)
        }
        shown = []
        for title, options in fieldsets:
            names = [name for name in options["fields"] if name not in left_out and self.has_value(name, obj)]
            if names:
                shown.append((title, {**options, "fields": [unlinked.get(name, name) for name in names]}))
        return shown

    def available_actions(self, request: HttpRequest, obj: Any) -> list[ObjectAction]:
        """Make the first quiet action the main one if there is no other."""
        actions = super().available_actions(request, obj)
        first = next((a for a in actions if a.weight == "quiet" and not a.in_story), None)
        if (
            first is None
            or any(a.weight == "main" for a in actions)
            or any("weight" in add for add in self.get_add_links(request, obj))
        ):
            return actions
        return [replace(a, weight="main") if a is first else a for a in actions]

    def can_act(self, request: HttpRequest, obj: Any) -> bool:
        return self.has_change_permission(request, obj)

    def has_value(self, name: Any, obj: Any) -> bool:
        """Whether this field has anything to show."""
        if name in self.may_be_empty:
            return bool(getattr(self, name)(obj))
        return getattr(obj, name, True) not in ("", None)


class ReadOnlyInline(admin.TabularInline):
    """Rows under an object that only services write."""

    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The page of the object has already checked this."""
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

"""What the lists and pages of every app on the staff site share: times and states in our words, figures, and search.

A column that holds a figure is a method called `number_…`, which the stylesheet sets to the right.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import dateformat
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from ctac.dates import format_clock, format_day, tidy_postcode, uk_day
from ctac.models import is_reference, tidy_reference
from ctac.staff.site import StaffModelAdmin

M = TypeVar("M", bound=Model)
NOTHING = "–"
WORD_BREAK = mark_safe("<wbr>")


def long_moment(at: datetime) -> str:
    """'Tuesday 9 March 2027, 1:30pm' in UK time."""
    return _("%(day)s, %(clock)s") % {"day": format_day(at), "clock": format_clock(at)}


def short_moment(at: datetime) -> str:
    """'Tue 9 Mar 2027, 1:30pm' in UK time, for a list."""
    return _("%(day)s, %(clock)s") % {"day": dateformat.format(uk_day(at), "D j M Y"), "clock": format_clock(at)}


def how_long_ago(at: datetime, now: datetime) -> str:
    """'2 days ago'; within the last minute, 'just now'."""
    if (now - at).total_seconds() < 60:
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(at, now, depth=1)}


def column(label: Any, value: Callable[[Any], Any], *, ordering: str | None = None) -> Callable[[Any, Any], Any]:
    """A method for an admin that shows what `value` gives of the object."""

    @admin.display(description=label, ordering=ordering)
    def display(_self: Any, obj: Any) -> Any:
        return value(obj)

    return display


def column_of(name: str, label: Any, text: Callable[[Any], str]) -> Callable[[Any, Any], Any]:
    """The same for the object's value of this name, by which it can be sorted."""
    return column(label, lambda obj: text(getattr(obj, name)), ordering=name)


def moment_of(name: str, label: Any, *, short: bool = False) -> Callable[[Any, Any], str]:
    """A column with a time; a dash where there is none."""
    format_moment = short_moment if short else long_moment
    return column_of(name, label, lambda at: format_moment(at) if at else NOTHING)


def yes_no_of(name: str, label: Any) -> Callable[[Any, Any], str]:
    """A column that says yes or no in words: an icon alone is neither."""
    return column_of(name, label, lambda value: _("Yes") if value else _("No"))


def number_of(name: str, label: Any) -> Callable[[Any, Any], str]:
    """A column with a figure, in thousands."""
    return column_of(name, label, "{:,}".format)


def state_tag(label: str | Promise, kind: str) -> SafeString:
    """The state as a word with a shape; `kind`: waiting, good, done or stopped."""
    return render_to_string("includes/state_tag.html", {"label": label, "kind": kind})


def unbroken(text: str) -> str:
    """A postcode that stays on one line."""
    return text.replace(" ", "\xa0")


def email_in_pieces(email: str) -> SafeString:
    """An address that breaks at its dots and its @ where the screen is narrow; copied, it is whole."""
    return format_html_join(WORD_BREAK, "{}", ((piece,) for piece in re.split(r"(?=[@.])", email)))


def mail_link(email: str) -> SafeString | str:
    return (
        format_html('<a href="mailto:{}">{}</a>', email, email_in_pieces(email))
        if email
        else _("None: no email goes out, so tell them by phone")
    )


def dialled(number: str) -> str:
    """What a phone dials: without what staff typed around the digits ("ext. 4")."""
    return "".join(char for char in number.lower().partition("ext")[0] if char.isdigit() or char == "+")


def phone_link(number: str) -> SafeString | str:
    """One tap on a phone."""
    digits = dialled(number)
    return format_html('<a href="tel:{}">{}</a>', digits, number) if digits else NOTHING


class FoundByReference(StaffModelAdmin):
    """For what has a reference and a postcode: both are found however they are typed, the reference also in pieces."""

    searched = "searched"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[M], search_term: str) -> tuple[QuerySet[M], bool]:
        """A whole reference or postcode finds just that; anything else searches the words."""
        exact = whole(search_term)
        if exact and (found := queryset.filter(**exact)).exists():
            return found, False
        return super().get_search_results(request, queryset, search_term)


def whole(typed: str) -> dict[str, str]:
    """What was typed as a whole postcode or reference, as it is stored; empty when it is neither."""
    with suppress(ValidationError):
        return {"postcode": tidy_postcode(typed)}
    return {"reference": tidy_reference(typed)} if is_reference(typed) else {}


class LooksOnly(StaffModelAdmin):
    """A page that is read: it saves nothing, because every change is an action, and it leaves out what is empty.

    `may_be_empty` names the methods among its fields that return "" when they have nothing to say, and `for_who_acts` the fields
    that only those need who may change it: a link by which people join, a phone number. `links` names fields that lead to
    another page: the permission that opens it, and the field that says the same without a link.
    """

    change_form_template = "admin/change_form_without_history.html"
    may_be_empty: tuple[str, ...] = ()
    for_who_acts: tuple[str, ...] = ()
    links: ClassVar[Mapping[Any, tuple[str, str]]] = {}

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "show_save": False})

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[tuple[Any, Any]]:
        fieldsets = super().get_fieldsets(request, obj)
        left_out = () if self.acts(request, obj) else self.for_who_acts
        unlinked: dict[Any, Any] = {
            name: other for name, (permission, other) in self.links.items() if not request.user.has_perm(permission)
        }
        shown = []
        for title, options in fieldsets:
            names = [name for name in options["fields"] if name not in left_out and self.says(name, obj)]
            if names:
                shown.append((title, {**options, "fields": [unlinked.get(name, name) for name in names]}))
        return shown

    def acts(self, request: HttpRequest, obj: Any) -> bool:
        return self.has_change_permission(request, obj)

    def says(self, name: Any, obj: Any) -> bool:
        """Whether this field has anything to show."""
        if name in self.may_be_empty:
            return bool(getattr(self, name)(obj))
        return getattr(obj, name, True) not in ("", None)


class ReadOnlyInline(admin.TabularInline):
    """Rows under an object that only services write."""

    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may see the object may see what has happened to it; the page of the object is guarded itself."""
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

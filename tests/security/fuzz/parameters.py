"""The names that addresses carry behind the question mark, and something right for each; the rest is drawn.

A page that reads another name fails tests/security/fuzz/test_parameters.py and the run of its route: add it here.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.http import QueryDict

from staff.site import staff_site
from tests.security.fuzz.values import Value

OURS: dict[str, tuple[Value, ...]] = {
    "again": ("BK-2222-22", "LO-2222-22"),
    "asked": ("1",),
    "certificate": ("1", "999999999"),
    "change": ("", "1"),
    "code": ("7Q4M2F",),
    "day": ("2027-01-25",),
    "year": ("2026", "2028"),
    "empty": ("1",),
    "failed": ("lately",),
    "for": ("health-visitors", "social-workers"),
    "free": ("1,2027-01-25T10:00", "x"),
    "form": ("html", "json", "csv", "xlsx"),
    "format": ("large-print", "easy-read"),
    "in": ("home", "booking-confirmed"),
    "kind": ("stock", "catalogue"),
    "language": ("welsh", "english"),
    "month": ("2027-01", "2026-12"),
    "next": ("/my/", "/staff/"),
    "only": ("make", "wrong"),
    "page": ("2", "9999"),
    "part": ("morning", "afternoon"),
    "place": ("1", "wales", "london"),
    "presentation": ("spotting-the-signs",),
    "presenter": ("1", "all"),
    "q": ("leaflet", "Sam"),
    "scheme": ("dark",),
    "show": ("to-ring",),
    "start": ("2027-01-25T10:00",),
    "topic": ("signs",),
    "unit": ("district", "upper"),
    "area": ("E08000035",),
    "view": ("month", "week"),
    "what": ("post", "bring"),
    "with": ("1", "999999999"),
    "week": ("2027-01-25", "2026-12-28"),
    # What a page of reach is asked.
    "file": ("csv", "xlsx"),
    "first": ("4 2026", "13 2026", "2026-04"),
    "last": ("3 2027", "2027-03"),
    "list": ("bookings", "old"),
    "map": ("geographic",),
    "measure": ("per-children", "per-social-worker"),
    "months": ("36", "7"),
    "period": ("own", "everything"),
    "profession": ("gp", "all", "none"),
    "sort": ("name", "-rate"),
    # Of what a packing session is made.
    "titles": ("1",),
    "areas": ("LS",),
    "nation": ("wales",),
    "most": ("10",),
    "person": ("1", "999999999"),
    # Pages of lists on one's own page and of an open session.
    **dict.fromkeys(("bookings", "sessions", "orders", "people", "line", "gone"), ("2",)),
    "before": ("1800000000000000-3", "0-9999"),
    "organisation": ("1", "999999999"),
}
# Which code of ours is given all that an address asks, and what it looks up in it.
WHOLE = {
    "bookings/booking/admin/book_for_caller.py": {"again", "free"},
    "bookings/schedule/team.py": {"day", "view", "presenter", "nation"},
    "leaflets/orders/admin/for_caller.py": {"again"},
    "bookings/open_sessions/admin/sessions.py": {"people", "line", "gone", "person"},
    "staff/story.py": {"before"},
    "bookings/feedback/views.py": {"code"},
    "bookings/booking/views/bookings.py": {"week", "start"},
    "bookings/schedule/picker.py": {"week", "month", "part"},
    "staff/lists.py": {"o"},
    "ctac/views.py": {"bookings", "sessions", "orders"},
    "leaflets/dispatch/admin.py": {"what"},
    "professionals/admin.py": {"person", "organisation"},
    "reach/coverage/views.py": {"kind", "period", "first", "last", "profession", "measure", "map", "sort", "file"},
    "professionals/merges/admin.py": {"with"},
    "reach/gaps/views.py": {"unit", "months", "place", "period", "first", "last", "file"},
    "reach/invitations/admin.py": {"unit", "area", "presentation"},
    "reach/renewal.py": {"unit", "profession", "file"},
    "reach/regional_sessions/views.py": {"unit", "area", "presentation"},
    "reach/rows.py": {"kind", "first", "last", "unit", "area", "profession"},
    "leaflets/catalogue/views.py": {"for", "topic", "language", "format", "q", "page"},
}
# What Django's staff pages and allauth read.
OF_LIBRARIES: dict[str, tuple[Value, ...]] = {
    "_changelist_filters": ("o=1", "q=Sam&p=2"),
    "_facets": ("",),
    "_popup": ("1",),
    "_to_field": ("id", "person", "password"),
    "all": ("",),
    "e": ("1",),
    "email": ("robin.hale@leeds.example.nhs.uk",),
    "o": ("1.-2", "0", "99", "-"),
    "p": ("2", "0"),
}
UNKNOWN: tuple[Value, ...] = ("", "unknown", "a[]", "q[]", "page[$gt]", "id__in", "é", "\u202e", b"\xff", "x" * 3000, "__class__")
KNOWN = OURS | OF_LIBRARIES


class Spying(QueryDict):
    """Notes in `seen` which names are asked for."""

    seen: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        self.seen.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.seen.add(str(key))
        return super().__contains__(key)

    def appendlist(self, key: str, value: Any) -> None:
        """As Django fills it, which asks whether it has the name already."""
        self.setlist(key, [*(dict.get(self, key) or ()), value])

    def items(self) -> Iterator[tuple[str, Any]]:  # type: ignore[override]
        """All of them, so none by its name."""
        for key in self:
            yield key, super().__getitem__(key)

    def dict(self) -> Any:
        """All of them, for code that looks up what WHOLE says."""
        caller = Path(sys._getframe(1).f_code.co_filename)
        self.seen |= WHOLE[caller.relative_to(settings.BASE_DIR).as_posix()]
        return dict(self.items())

    def getlist(self, key: str, default: Any = None) -> Any:
        self.seen.add(key)
        return super().getlist(key, default)


LOOKUPS = ("", "exact", "iexact", "in", "isnull", "gt", "gte", "lt", "range", "date", "year", "id__exact", "pk__in")
LOOKUPS += ("regex", "contains", "startswith")


def of_the_list(model_admin: ModelAdmin) -> Iterator[str]:
    """By what a list of the staff site is narrowed: its filters, and each column by each way to look that Django takes."""
    for narrowed in model_admin.list_filter:
        if isinstance(narrowed, type) and issubclass(narrowed, SimpleListFilter):
            yield str(narrowed.parameter_name)
    for field in model_admin.model._meta.get_fields():
        yield from (f"{field.name}__{lookup}".removesuffix("__") for lookup in LOOKUPS)


def names_for(route: str) -> list[str]:
    """Those of a list of the staff site, or of what its page to add something is filled in with; nothing for another page."""
    if route.endswith("_add") and (model_admin := LISTS.get(route.removesuffix("_add") + "_changelist")):
        return [field.name for field in model_admin.model._meta.get_fields()]
    return list(of_the_list(LISTS[route])) if route in LISTS else []


LISTS = {
    f"staff:{model._meta.app_label}_{model._meta.model_name}_changelist": model_admin
    for model, model_admin in staff_site._registry.items()
}

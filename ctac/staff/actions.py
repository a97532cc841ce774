"""What a page of the staff site says of the act that it is: more than its address and its answer tell the audit (ADR 21)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.admin import ModelAdmin
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _


@dataclass
class Told:
    """`did`: "added", "changed", "deleted" or "sent"; `kind` and `keys` of the rows; `what`: words of code, such as fields."""

    did: str = ""
    kind: str = ""
    keys: list[str] = field(default_factory=list)
    what: str = ""


def told(request: HttpRequest) -> Told:
    """What has been said so far; whoever knows more adds to it."""
    if "_told" not in request.__dict__:
        request.__dict__["_told"] = Told()
    found: Told = request.__dict__["_told"]
    return found


def tell(request: HttpRequest, did: str, *, keys: Any = (), what: str = "") -> None:
    about = told(request)
    about.did, about.what = did, what or about.what
    about.keys += [str(key) for key in keys]


@dataclass(frozen=True)
class Audit:
    """How the staff site has its acts written down; the app `audit` says how.

    `each` wraps a view of the staff site; `refused` writes that somebody was sent away at its door; `history` gives what has
    happened to a row, the latest first, as rows of {"at", "who", "what"}.
    """

    each: Callable[[Any], Any]
    refused: Callable[[HttpRequest], None]
    history: Callable[[Any], list[dict[str, object]]]


def nobody(*_args: Any) -> Any:
    raise ImproperlyConfigured("Nothing says how the acts of staff are written down.")


NO_AUDIT = Audit(each=nobody, refused=nobody, history=nobody)


def changed_in(form: Any) -> list[str]:
    """The names of the fields of a form, or of those of a set, that were changed."""
    return [name for each in getattr(form, "forms", [form]) for name in each.changed_data]


class TellsTheAudit(ModelAdmin):
    """For a model admin: its own forms say what they did. Django's log of them, which would have names in it, is off."""

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        return [] if add else sorted({name for each in (form, *(formsets or ())) for name in changed_in(each)})

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        tell(request, "added", keys=[obj.pk])

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        tell(request, "changed", keys=[obj.pk], what=", ".join(message))

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:  # type: ignore[override]
        tell(request, "deleted", keys=[obj.pk for obj in queryset])

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        obj: Any = self.get_object(request, object_id)
        named = self.titled(_("History of %(obj)s"), request, object_id, extra_context)  # type: ignore[attr-defined]
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        site: Any = self.admin_site
        page = {**site.each_context(request), "opts": self.opts, "object": obj, "happened": site.audit.history(obj)}
        return TemplateResponse(request, "admin/object_history.html", {**page, **named})

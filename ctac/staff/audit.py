"""What a page of the staff site notes for the audit beyond its address and its answer (ADR 21)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.admin import ModelAdmin
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _


@dataclass
class AuditNote:
    """`act`: "added", "changed", "deleted" or "sent"; `kind` and `keys` of the rows; `what`: words of code, such as fields."""

    act: str = ""
    kind: str = ""
    keys: list[str] = field(default_factory=list)
    what: str = ""

    def add(self, act: str, *, keys: Any = (), what: str = "", kind: str = "") -> None:
        self.act, self.what, self.kind = act, what or self.what, kind or self.kind
        self.keys += [str(key) for key in keys]


def audit_note(request: HttpRequest) -> AuditNote:
    """What the page has noted so far; whoever knows more adds to it."""
    note: AuditNote = request.__dict__.setdefault("_audit_note", AuditNote())
    return note


@dataclass(frozen=True)
class Audit:
    """How the staff site has its acts written down; the app `audit` says how.

    `each` wraps a view of the staff site; `refused` writes that somebody was sent away at its door; `history` gives what has
    happened to a row, the latest first, as rows of {"at", "who", "what"}.
    """

    each: Callable[[Any], Any]
    refused: Callable[[HttpRequest], None]
    history: Callable[[Any], list[dict[str, object]]]


def not_set_up(*_args: Any) -> Any:
    raise ImproperlyConfigured("Nothing says how the acts of staff are written down.")


NO_AUDIT = Audit(each=not_set_up, refused=not_set_up, history=not_set_up)


class AuditedModelAdmin(ModelAdmin):
    """For a model admin: its own forms say what they did. Django's log of them, which would have names in it, is off."""

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """The names of the changed fields, of the forms of each formset too."""
        forms = [form, *(form for formset in formsets or () for form in formset.forms)]
        return [] if add else sorted({name for form in forms for name in form.changed_data})

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        audit_note(request).add("added", keys=[obj.pk])

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        audit_note(request).add("changed", keys=[obj.pk], what=", ".join(message))

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:  # type: ignore[override]
        audit_note(request).add("deleted", keys=[obj.pk for obj in queryset])

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        obj: Any = self.get_object(request, object_id)
        named = self.titled(_("History of %(obj)s"), request, object_id, extra_context)  # type: ignore[attr-defined]
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        site: Any = self.admin_site
        page = {**site.each_context(request), "opts": self.opts, "object": obj, "happened": site.audit.history(obj)}
        return TemplateResponse(request, "admin/object_history.html", {**page, **named})

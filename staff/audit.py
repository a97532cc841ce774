"""What the audit records of a page besides its address and its answer (ADR 21)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _


@dataclass
class AuditNote:
    """`act` is "added", "changed", "deleted" or "sent", `kind` and `keys` name the rows, `what` is in words of code."""

    act: str = ""
    kind: str = ""
    keys: list[str] = field(default_factory=list)
    what: str = ""

    def add(self, act: str, *, keys: Any = (), what: str = "", kind: str = "") -> None:
        self.act, self.what, self.kind = act, what or self.what, kind or self.kind
        self.keys += [str(key) for key in keys]


def audit_note(request: HttpRequest) -> AuditNote:
    """The note of this request, to add to."""
    note: AuditNote = request.__dict__.setdefault("_audit_note", AuditNote())
    return note


@dataclass(frozen=True)
class AuditHooks:
    """How the staff site records what colleagues do. The app `audit` sets it.

    `each` wraps a view, `refused` records that somebody was turned away, and `history` lists what has happened to a row, the
    latest first, as rows of {"at", "who", "what"}.
    """

    each: Callable[[Any], Any]
    refused: Callable[[HttpRequest], None]
    history: Callable[[Any], list[dict[str, object]]]


class AuditedModelAdmin(ModelAdmin):
    """Notes for the audit what its forms have done, in place of Django's log, which would hold names."""

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """The names of the changed fields, those of the formsets too."""
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
        named = self.get_title_context(_("History of %(obj)s"), request, object_id, extra_context)  # type: ignore[attr-defined]
        if not self.has_view_or_change_permission(request, obj):
            raise PermissionDenied
        site: Any = self.admin_site
        page = {**site.each_context(request), "opts": self.opts, "object": obj, "happened": site.audit.history(obj)}
        return TemplateResponse(request, "admin/object_history.html", {**page, **named})

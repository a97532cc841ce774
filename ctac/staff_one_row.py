"""A model of one row, which a migration made: it is changed, and never deleted. The way to its list leads to its form."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ctac.staff import StaffModelAdmin


class OneRowAdmin(StaffModelAdmin):
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        row = self.model._default_manager.first()
        return self.to_its_form(row) if row else super().changelist_view(request, extra_context)

    def response_post_save_change(self, request: HttpRequest, obj: Model) -> HttpResponseRedirect:
        return self.to_its_form(obj)

    def to_its_form(self, row: Model) -> HttpResponseRedirect:
        return redirect(reverse(f"staff:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk]))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().change_view(request, object_id, form_url, {"has_no_list": True, **(extra_context or {})})

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        page = {"has_no_list": True, "title": _("When this was changed")}
        return super().history_view(request, object_id, {**page, **(extra_context or {})})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

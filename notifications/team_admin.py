"""The staff page on which the team chooses how it gets its mail."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ctac.staff import StaffModelAdmin, staff_site
from notifications.models import TeamMail


@admin.register(TeamMail, site=staff_site)
class TeamMailAdmin(StaffModelAdmin):
    """One row, which a migration made: it is changed, and never deleted. The way to its list leads to its form."""

    fieldsets = [
        (
            None,
            {
                "fields": ["rhythm"],
                "description": _(
                    "This is about new bookings and orders, and what is moved, changed or cancelled. What comes on a weekend or "
                    "a bank holiday is in the digest of the next working day. The rest never waits: a presenter who has not "
                    "checked in or is away, whatever happens within two days of the digest, and texts that may "
                    "hold a child’s details."
                ),
            },
        )
    ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        wish = TeamMail.objects.first()
        return self.to_its_form(wish) if wish else super().changelist_view(request, extra_context)

    def response_post_save_change(self, request: HttpRequest, obj: TeamMail) -> HttpResponseRedirect:
        return self.to_its_form(obj)

    def to_its_form(self, wish: TeamMail) -> HttpResponseRedirect:
        return redirect(reverse("staff:notifications_teammail_change", args=[wish.pk]))

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

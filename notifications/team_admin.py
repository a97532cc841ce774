"""The staff page on which the team chooses how it gets its mail."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ctac.staff import StaffModelAdmin, staff_site
from notifications.models import TeamMail


@admin.register(TeamMail, site=staff_site)
class TeamMailAdmin(StaffModelAdmin):
    """One row, which a migration made: it is changed, and never deleted."""

    list_display = ["rhythm"]
    fieldsets = [
        (
            None,
            {
                "fields": ["rhythm"],
                "description": _(
                    "This is about new bookings and orders, and what is moved, changed or cancelled. The rest never waits: a "
                    "presenter who has not checked in or is away, whatever happens within two days, and texts that may hold a "
                    "child’s details."
                ),
            },
        )
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

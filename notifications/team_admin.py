"""The staff page on which the team chooses how it gets its mail."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ctac.staff import staff_site
from ctac.staff_one_row import OneRowAdmin
from notifications.models import TeamMail


@admin.register(TeamMail, site=staff_site)
class TeamMailAdmin(OneRowAdmin):
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

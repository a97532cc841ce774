"""`make messages`: collects the strings of public pages, emails and files in locale/cy/LC_MESSAGES/django.po.

Strings that only colleagues read stay in English, so they are left out. The file is the same on every machine: sorted, and
without line numbers or the time.
"""

from pathlib import Path
from typing import Any

import polib
from django.conf import settings
from django.core.management.commands import makemessages
from django.test.utils import override_settings

from ctac import welsh

STAFF_ONLY_PATHS = (
    *("tests/*", "bench/*", "deploy/*", "var/*", "assets/*", "docs/*", "audit/*", "*/migrations/*", "*/management/*"),
    *("staff/*", "ctac/local/*", "ctac/styleguide/*", "ctac/checks.py", "*/admin.py", "*/admin/*", "*/samples.py"),
    *("*/staff/*", "reach/coverage/*", "templates/admin/*", "templates/styleguide/*", "templates/mailbox/*", "emails/staff*"),
    *("*/apps.py", "*/promises.py", "accounts/roles.py", "bookings/leave/*", "bookings/presenter/*"),
    *(
        "leaflets/dispatch/forms.py",
        "leaflets/dispatch/prints.py",
        "leaflets/dispatch/queries.py",
        "leaflets/dispatch/services.py",
        "leaflets/dispatch/sheets.py",
    ),
    *("*/imports.py", "*/imports/*", "staff/spreadsheets.py", "leaflets/models/stock.py"),
    *(
        "bookings/models/feedback.py",
        "bookings/models/leave.py",
        "bookings/models/visit.py",
        "bookings/schedule/team.py",
        "notifications/delivery/*",
    ),
    *("office/site_settings/models.py", "office/site_settings/services.py", "office/site_settings/forms.py", "office/texts/*"),
    *("office/closures/models.py", "office/closures/forms.py", "office/closures/services.py"),
    *("notifications/models.py", "notifications/schedule.py", "templates/bookings/presenter/*", "templates/bookings/leave/*"),
    *("reach/areas.py", "reach/models.py", "reach/forms.py", "reach/rows.py"),
    *("reach/invitations/services.py", "reach/reports/*", "reach/renewal.py", "professionals/exports.py"),
    *("reach/sources.py", "reach/gaps/*", "reach/coverage/*", "reach/near_visits/*"),
    *("reach/regional_sessions/services.py", "reach/regional_sessions/views.py"),
)
STAFF_LAYOUT = '{% extends "emails/staff.html" %}'


def staff_email_templates() -> list[str]:
    templates = Path(settings.BASE_DIR) / "templates"
    found = (path for path in (templates / "emails").rglob("*.html") if path.read_text().startswith(STAFF_LAYOUT))
    return [str(path.relative_to(settings.BASE_DIR)) for path in found]


class Command(makemessages.Command):
    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=ngettext_noop:1,2"]
    msgmerge_options = ["-q", "--backup=none", "--previous", "--update", "--no-fuzzy-matching"]

    def handle(self, *args: Any, **options: Any) -> None:
        ignored = [*STAFF_ONLY_PATHS, *staff_email_templates()]
        options |= {"locale": ["cy"], "ignore_patterns": ignored, "add_location": "file", "no_obsolete": True, "no_wrap": True}
        with override_settings(LOCALE_PATHS=[Path(settings.BASE_DIR) / "locale"]):
            super().handle(*args, **options)
        sort_entries(welsh.read_po_file())


def sort_entries(po: polib.POFile) -> None:
    for name in ("POT-Creation-Date", "PO-Revision-Date", "Report-Msgid-Bugs-To"):
        po.metadata.pop(name, None)
    po.wrapwidth = 0
    entries = sorted(po, key=lambda entry: (sorted(entry.occurrences), entry.msgid, entry.msgctxt or ""))
    po.clear()
    po.extend(entries)
    po.save()

"""What retention would do next, and what the last runs did, for managers."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.staff import staff_site
from ctac.staff_lists import LooksOnly, long_moment, moment_of, number_of
from professionals import kept_for, retention
from professionals.models import RetentionRun


def next_run() -> dict[str, object]:
    """What the next run would do, as it was counted last, and when that was."""
    due = retention.last_count(timezone.now())
    rows = [{"rule": rule, "due": f"{due.counts[rule.name]:,}"} for rule in retention.rules()]
    return {"rules": rows, "counted": long_moment(due.at)}


@admin.register(RetentionRun, site=staff_site)
class RetentionRunAdmin(LooksOnly):
    """Nothing is pressed here: it runs each night, and `manage.py retention` runs it at once."""

    change_list_template = "professionals/staff/retention.html"
    list_display = ("when", "ended", "number_done", "number_left", "what_was_done")
    list_display_links = None
    sorts_quickly = ("when",)
    ordering = ("-started_at", "-pk")
    actions = None
    when = moment_of("started_at", gettext_lazy("started"), short=True)
    number_left = number_of("left", gettext_lazy("left for another night"))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        found = {**next_run(), "by_the_hour": list(kept_for.by_the_hour())}
        return super().changelist_view(request, {**found, **(extra_context or {})})

    @admin.display(description=gettext_lazy("ended"))
    def ended(self, run: RetentionRun) -> str:
        return _("Yes") if run.ended_at else _("Cut off; the next one goes on")

    @admin.display(description=gettext_lazy("records"))
    def number_done(self, run: RetentionRun) -> str:
        return f"{sum(run.done.values()):,}"

    @admin.display(description=gettext_lazy("which"))
    def what_was_done(self, run: RetentionRun) -> str:
        named = {rule.name: str(rule.what) for rule in retention.rules()}
        return "\n".join(f"{named.get(name, name)}: {count:,}" for name, count in run.done.items() if count) or _("None")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: RetentionRun | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RetentionRun | None = None) -> bool:
        return False

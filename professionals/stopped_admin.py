"""What was stopped, for staff: seen, or let through when they know who it was (ADR 42)."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ctac.staff import ObjectAction, Waiting, staff_site
from ctac.staff_big_lists import period_of
from ctac.staff_lists import NOTHING, LooksOnly, moment_of, number_of, state_tag
from professionals.access import signed_in
from professionals.for_staff import called, name_and_organisation
from professionals.models import Stopped, User
from professionals.services import stopping

FIELDS = (
    "where",
    "why",
    "by_in_words",
    "about",
    "who",
    "number_of_times",
    "last",
    "first_hour",
    "seen",
    "through",
    "by_staff",
)


class SeenFilter(admin.SimpleListFilter):
    title = gettext_lazy("seen")
    parameter_name = "seen"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", _("Not seen yet")), ("yes", _("Seen"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Stopped]) -> QuerySet[Stopped]:
        return queryset.filter(seen_at__isnull=self.value() == "no") if self.value() in {"no", "yes"} else queryset


def let_through(stopped: Stopped, *, by: User) -> None:
    stopping.let_through(stopped=stopped, by=by, now=timezone.now())


def mark_seen(stopped: Stopped, *, by: User) -> None:
    stopping.mark_seen(rows=Stopped.objects.filter(pk=stopped.pk), by=by, now=timezone.now())


class StoppedAdmin(LooksOnly):
    list_display = ("where_and_why", "by_in_words", "about", "who", "number_of_times", "last", "state")
    list_filter = (SeenFilter, "where", "why", "by", period_of("last_at"))
    list_select_related = ("person__organisation", "organisation")
    sorts_quickly = ("last",)
    ordering = ("-last_at", "-pk")
    actions = ("seen_all",)
    fieldsets = ((None, {"fields": FIELDS}),)
    readonly_fields = FIELDS
    number_of_times = number_of("times", gettext_lazy("times"))
    last = moment_of("last_at", gettext_lazy("last"), short=True)
    first_hour = moment_of("hour", gettext_lazy("in the hour from"))
    seen = moment_of("seen_at", gettext_lazy("seen"))
    through = moment_of("let_through_at", gettext_lazy("let through"))
    object_actions = (
        ObjectAction(
            slug="let-through",
            label=gettext_lazy("Let through for today"),
            perform=let_through,
            available=lambda stopped: stopped.may_be_let_through(timezone.now()),
            explanation=gettext_lazy(
                "For whom you know. This limit stops nobody whom it counts until midnight: for an organisation or a postcode, "
                "that is everyone there. How many copies may be ordered stays as it is."
            ),
            done=gettext_lazy("Let through until midnight. They can try again now."),
            weight="main",
        ),
        ObjectAction(
            slug="seen",
            label=gettext_lazy("Mark as seen"),
            perform=mark_seen,
            available=lambda stopped: stopped.seen_at is None,
            explanation=gettext_lazy("Nothing else happens. If it is stopped again in the same hour, it counts as not seen."),
            done=gettext_lazy("Marked as seen."),
        ),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Stopped | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Stopped]:
        return super().get_queryset(request).select_related("by_staff", *self.list_select_related)

    @admin.display(description=gettext_lazy("what"), ordering="where")
    def where_and_why(self, stopped: Stopped) -> str:
        return str(stopped)

    @admin.display(description=gettext_lazy("counted by"), ordering="by")
    def by_in_words(self, stopped: Stopped) -> str:
        return stopped.get_by_display() if stopped.by else NOTHING

    @admin.display(description=gettext_lazy("who"))
    def who(self, stopped: Stopped) -> SafeString | str:
        """Whoever was stopped first in that hour; nobody is known who was not signed in."""
        person, organisation = stopped.person, stopped.organisation
        if person is None:
            return organisation.name if organisation else NOTHING
        return name_and_organisation(person.name, person.organisation.name if person.organisation else "")

    @admin.display(description=gettext_lazy("state"))
    def state(self, stopped: Stopped) -> SafeString:
        if stopped.let_through_at:
            return state_tag(_("Let through"), "good")
        return state_tag(_("Seen"), "done") if stopped.seen_at else state_tag(_("Not seen"), "waiting")

    def summary_of(self, obj: Stopped) -> list[dict[str, object]]:
        return [
            {"label": _("What"), "value": str(obj)},
            {"label": _("Counted by"), "value": f"{self.by_in_words(obj)} {obj.about}".strip()},
            {"label": _("Who"), "value": called(obj.person) if obj.person else self.who(obj)},
        ]

    @admin.action(description=gettext_lazy("Mark as seen"), permissions=["change"])
    def seen_all(self, request: HttpRequest, rows: QuerySet[Stopped]) -> None:
        count = stopping.mark_seen(rows=rows, by=signed_in(request), now=timezone.now())
        messages.success(request, ngettext("%(n)d is marked as seen.", "%(n)d are marked as seen.", count) % {"n": count})


staff_site.add_waiting(
    gettext_lazy("People"),
    Waiting(
        label=gettext_lazy("stopped, not seen yet"),
        count=lambda: Stopped.objects.unseen(),
        address=lambda: f"{reverse('staff:professionals_stopped_changelist')}?seen=no",
        permission="professionals.view_stopped",
    ),
)

"""Addresses that mail came back from, for staff: whose they are, what the other side said, and that it is right after all."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.staff import ObjectAction, Waiting, staff_site
from ctac.staff_big_lists import period_of
from ctac.staff_lists import NOTHING, LooksOnly, email_in_pieces, mail_link, moment_of, phone_link, short_moment, state_tag
from notifications.models import TO_WHO_COMPLAINED, Cleared, MarkedAddress, ReturnedMail, Sort
from notifications.models.addresses import ADDRESS_WORDS
from notifications.owners import owners_of
from notifications.registry import label_of
from notifications.services.bouncing import put_right

RETURNS_SHOWN = 10
BREAK = mark_safe("<br>")


def it_is_right(mark: MarkedAddress, *, by: Any) -> None:
    put_right(address=mark.address, how=Cleared.STAFF, by=by, now=timezone.now())


class LookFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "look"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("marked", _("To put right")), ("cleared", _("Not marked"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[MarkedAddress]:
        if self.value() == "marked":
            return queryset.marked()
        return queryset.filter(marked_at=None) if self.value() == "cleared" else queryset


class MarkedAddressAdmin(LooksOnly):
    list_display = ["in_pieces", "state", "last", "sort", "said"]
    list_filter = [LookFilter, "sort", period_of("last_at")]
    sorts_quickly = ["last"]
    search_fields = ["address"]
    search_help_text = gettext_lazy("Email address or a piece of it")
    ordering = ["-last_at", "-pk"]
    actions = None
    last = moment_of("last_at", gettext_lazy("last came back"), short=True)
    since = moment_of("marked_at", gettext_lazy("to put right since"))
    unwanted = moment_of("complained_at", gettext_lazy("called our mail unwanted"))
    right = moment_of("cleared_at", gettext_lazy("last put right"))
    fieldsets = [
        (None, {"fields": ["state", "to_write", "whose", "meaning", "said"]}),
        (gettext_lazy("When"), {"fields": ["since", "last", "unwanted", "right", "how"]}),
        (gettext_lazy("What came back"), {"fields": ["returns"]}),
    ]
    may_be_empty = ("how",)
    object_actions = [
        ObjectAction(
            slug="it-is-right",
            label=gettext_lazy("This address is right"),
            perform=it_is_right,
            available=lambda mark: mark.marked_at is not None,
            explanation=gettext_lazy(
                "Ask its owner first, on the phone. What waited goes out now, and what came back in the last two weeks is sent "
                "again, unless it is no longer true. If the address is wrong, change it on its owner’s page instead: then all of "
                "that goes to the new one."
            ),
            done=gettext_lazy("Noted. What waited is on its way."),
            weight="main",
        )
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: MarkedAddress | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: MarkedAddress | None = None) -> list[str]:
        return [name for _title, options in self.fieldsets for name in options["fields"]]  # type: ignore[misc]

    def get_queryset(self, request: HttpRequest) -> QuerySet[MarkedAddress]:
        return super().get_queryset(request).select_related("cleared_by")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[MarkedAddress], search_term: str
    ) -> tuple[QuerySet[MarkedAddress], bool]:
        return self.found(request, queryset.alias(searched=ADDRESS_WORDS), search_term), False

    searched = "searched"

    def says(self, name: Any, obj: MarkedAddress) -> bool:
        """A time that never came is left out."""
        times = {"since": obj.marked_at, "unwanted": obj.complained_at, "right": obj.cleared_at}
        return bool(times[name]) if name in times else super().says(name, obj)

    @admin.display(description=gettext_lazy("address"), ordering="address")
    def in_pieces(self, mark: MarkedAddress) -> SafeString:
        return email_in_pieces(mark.address)

    @admin.display(description=gettext_lazy("address"))
    def to_write(self, mark: MarkedAddress) -> SafeString | str:
        return mail_link(mark.address)

    @admin.display(description=gettext_lazy("state"))
    def state(self, mark: MarkedAddress) -> SafeString:
        if mark.marked_at:
            return state_tag(_("To put right"), "stopped")
        if mark.cleared_at:
            return state_tag(_("Put right"), "done")
        return state_tag(_("Unwanted mail"), "waiting") if mark.complained_at else state_tag(_("Being watched"), "waiting")

    @admin.display(description=gettext_lazy("what it means"))
    def meaning(self, mark: MarkedAddress) -> str:
        return str(MEANINGS[Sort(mark.sort)])

    @admin.display(description=gettext_lazy("put right by"))
    def how(self, mark: MarkedAddress) -> str:
        by = f" ({mark.cleared_by})" if mark.cleared_by else ""
        return f"{mark.get_cleared_display()}{by}" if mark.cleared_at else ""

    @admin.display(description=gettext_lazy("whose"))
    def whose(self, mark: MarkedAddress) -> SafeString | str:
        """With the page on which it is changed, and the phone to ask."""
        found = owners_of(mark.address)
        rows = ((owner.href, owner.name, owner.what, phone_link(owner.phone) if owner.phone else "") for owner in found)
        lines = format_html_join(BREAK, '<a href="{}">{}</a> ({}) {}', rows)
        return lines or _("Nobody has it any more")

    @admin.display(description=gettext_lazy("messages"))
    def returns(self, mark: MarkedAddress) -> SafeString | str:
        """The newest, each with the page of its message."""
        rows = ReturnedMail.objects.filter(address=mark.address).select_related("notification")[:RETURNS_SHOWN]
        lines = ((short_moment(r.received_at), self.about(r), r.get_sort_display(), r.get_source_display()) for r in rows)
        return format_html_join(BREAK, "{}: {} – {} ({})", lines) or NOTHING

    def about(self, row: ReturnedMail) -> SafeString | str:
        """Not that somebody complained about our use of data: those who may know find that in the list of messages."""
        if row.notification is None or row.notification.kind.startswith(TO_WHO_COMPLAINED):
            return _("a message")
        href = reverse("staff:notifications_notification_change", args=[row.notification.pk])
        return format_html('<a href="{}">{} {}</a>', href, label_of(row.notification.kind), row.notification.reference)

    def summary_of(self, obj: MarkedAddress) -> list[dict[str, object]]:
        return [
            {"label": _("Address"), "value": email_in_pieces(obj.address)},
            {"label": _("Whose"), "value": self.whose(obj)},
            {"label": _("What it means"), "value": self.meaning(obj)},
        ]


MEANINGS = {
    Sort.HARD: gettext_lazy("There is no such mailbox. Most often a letter is wrong, or somebody has left."),
    Sort.SOFT: gettext_lazy("The mailbox is there, but would not take our mail: it may be full, or a filter stopped it."),
    Sort.COMPLAINT: gettext_lazy("Its reader called our mail unwanted. They get only what they need from us."),
}

staff_site.add_waiting(
    gettext_lazy("Messages"),
    Waiting(
        label=gettext_lazy("addresses that mail comes back from"),
        count=lambda: MarkedAddress.objects.marked(),
        address=lambda: f"{reverse('staff:notifications_markedaddress_changelist')}?look=marked",
        permission="notifications.view_markedaddress",
    ),
)

"""Every message, its state, its attempts and its words; staff can read it and send it again, nothing else."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import linebreaks_filter
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.staff import ObjectAction, Waiting, staff_site
from ctac.staff_big_lists import period_of
from ctac.staff_lists import LooksOnly, email_in_pieces, moment_of, short_moment, state_tag
from notifications.address_admin import MarkedAddressAdmin
from notifications.dead_letters import SendsFailedAgain
from notifications.models import MESSAGE_WORDS, MailServer, MarkedAddress, Notification, State, shown_to
from notifications.registry import all_kinds, label_of
from notifications.services.resending import may_resend, resend
from notifications.team_admin import TeamMailAdmin

__all__ = ["NotificationAdmin", "TeamMailAdmin"]
BODIES = ("subject", "text_body", "html_body", "sealed_body")


def send_again(obj: Notification, *, by: Any) -> Notification:
    return resend(obj, by=by, now=timezone.now())


def keeps_words(obj: Notification) -> bool:
    return all(kind.keeps_words for kind in all_kinds() if kind.name == obj.kind)


class KindFilter(admin.SimpleListFilter):
    title = gettext_lazy("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.name, str(kind.label)) for kind in all_kinds()] + [("account", _("Account mail"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notification]) -> QuerySet[Notification]:
        value = self.value()
        if value == "account":
            return queryset.filter(is_account_mail=True)
        return queryset.filter(kind=value) if value else queryset


class FailedFilter(admin.SimpleListFilter):
    title = gettext_lazy("what needs a look")
    parameter_name = "failed"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("lately", _("Failed in the last 2 weeks, not sent again"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Notification]:
        return queryset.failed_lately(timezone.now()) if self.value() == "lately" else queryset


STATE_KINDS = {
    State.PENDING: "waiting",
    State.SENDING: "waiting",
    State.SENT: "done",
    State.FAILED: "stopped",
    State.EXPIRED: "stopped",
    State.GATHERED: "done",
}


@admin.register(Notification, site=staff_site)
class NotificationAdmin(SendsFailedAgain, LooksOnly):
    list_display = ["kind_label", "to", "what_became", "when", "reference"]
    list_filter = [FailedFilter, "state", KindFilter, period_of("created_at")]
    sorts_quickly = ["when"]
    search_fields = ["recipient", "reference"]
    searched = "searched"
    search_help_text = gettext_lazy("Email address, or a reference or a piece of it")
    ordering = ["-created_at", "-pk"]
    change_form_template = "notifications/message.html"
    change_list_template = "notifications/staff/messages.html"
    actions = ("send_ticked",)
    when = moment_of("created_at", gettext_lazy("when"), short=True)
    written_at = moment_of("created_at", gettext_lazy("asked for"))
    tried_at = moment_of("first_tried_at", gettext_lazy("first tried"))
    due = moment_of("due_at", gettext_lazy("to be sent"))
    arrived_at = moment_of("sent_at", gettext_lazy("sent"))
    too_late_at = moment_of("expires_at", gettext_lazy("too late after"))
    object_actions = [
        ObjectAction(
            slug="send-again",
            label=gettext_lazy("Send this message again"),
            perform=send_again,
            available=may_resend,
            explanation=gettext_lazy("The message is written afresh, as things stand now, and sent to the same address."),
            done=gettext_lazy("It is on its way. The new message stands in the list."),
            permission="resend",
            weight="main",
        )
    ]
    fieldsets = [
        (None, {"fields": ["to", "state_in_words", "last_error", "reference", "resend_of", "resent_by", "told_in"]}),
        (gettext_lazy("What it says"), {"fields": ["shown_subject", "shown_text"]}),
        (
            gettext_lazy("How it travelled"),
            {"fields": ["written_at", "due", "tried_at", "arrived_at", "too_late_at", "attempts", "message_id"]},
        ),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Notification | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Notification | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Notification | None = None) -> list[str]:
        return [name for _title, options in self.fieldsets for name in options["fields"]]  # type: ignore[misc]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        """Encrypted bodies never leave the database for a page, nor any body for the list."""
        rows = super().get_queryset(request).filter(shown_to(request.user))
        in_list = request.resolver_match is not None and "object_id" not in request.resolver_match.kwargs
        return rows.defer(*BODIES) if in_list else rows.defer("sealed_body").select_related("resend_of", "resent_by", "told_in")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Notification], search_term: str
    ) -> tuple[QuerySet[Notification], bool]:
        """A whole address that mail went to finds what went there, and nothing else."""
        if "@" in search_term:
            there = Notification.objects.to_address(search_term).values_list("pk", flat=True)
            if there.exists():
                return queryset.filter(pk__in=there), False
        return self.found(request, queryset.alias(searched=MESSAGE_WORDS), search_term), False

    def says(self, name: Any, obj: Notification) -> bool:
        """A time that never came is left out."""
        times = {"tried_at": obj.first_tried_at, "arrived_at": obj.sent_at, "too_late_at": obj.expires_at}
        return bool(times[name]) if name in times else super().says(name, obj)

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def kind_label(self, obj: Notification) -> str:
        return label_of(obj.kind)

    @admin.display(description=gettext_lazy("to"), ordering="recipient")
    def to(self, obj: Notification) -> SafeString | str:
        return email_in_pieces(obj.recipient) if obj.recipient else _("Erased with the person")

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def state_in_words(self, obj: Notification) -> SafeString:
        return state_tag(obj.get_state_display(), STATE_KINDS[State(obj.state)])

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def what_became(self, obj: Notification) -> SafeString:
        """For the list: the state, and why if it did not arrive."""
        tag, why = self.state_in_words(obj), obj.last_error
        if obj.state == State.PENDING and obj.due_at > timezone.now():
            why = _("To be sent %(when)s") % {"when": short_moment(obj.due_at)}
        return format_html('{}<br> <span class="quiet">{}</span>', tag, why) if why else tag

    def summary_of(self, obj: Notification) -> list[dict[str, object]]:
        return [{"label": _("Message"), "value": label_of(obj.kind)}, {"label": _("To"), "value": self.to(obj)}]

    @admin.display(description=gettext_lazy("subject"))
    def shown_subject(self, obj: Notification) -> str:
        return obj.subject or self._why_empty(obj)

    @admin.display(description=gettext_lazy("text"))
    def shown_text(self, obj: Notification) -> str:
        return linebreaks_filter(obj.text_body, autoescape=True) if obj.text_body else self._why_empty(obj)

    def _why_empty(self, obj: Notification) -> str:
        if obj.is_account_mail:
            return _("Kept private: it holds a code or a link for signing in.")
        if not obj.recipient:
            return _("Erased with the person.")
        if obj.state in {State.SENT, State.FAILED} and not keeps_words(obj):
            return _("Not kept: it names people of several bookings, who may be erased.")
        return (
            _("Not written yet: a message is written when it is sent.")
            if obj.state in {"pending", "sending"}
            else _("Never written.")
        )


staff_site.add_waiting(
    gettext_lazy("Messages"),
    Waiting(
        label=gettext_lazy("failed lately"),
        count=lambda: Notification.objects.failed_lately(timezone.now()),
        address=lambda: f"{reverse('staff:notifications_notification_changelist')}?failed=lately",
        permission="notifications.view_notification",
        urgent=True,
        seen_by=shown_to,
    ),
)
staff_site.add_waiting(
    gettext_lazy("Messages"),
    Waiting(
        label=gettext_lazy("mail servers that don’t answer"),
        count=lambda: MailServer.objects.silent(),
        address=lambda: f"{reverse('staff:notifications_notification_changelist')}?state__exact=pending",
        permission="notifications.view_notification",
        urgent=True,
    ),
)
staff_site.register(MarkedAddress, MarkedAddressAdmin)

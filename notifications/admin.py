"""Messages on the staff site: state, attempts and text, to read and send again; addresses that mail comes back from."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import linebreaks_filter
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, gettext_lazy, gettext_lazy as _, ngettext
from django.views.decorators.http import require_POST

from core.errors import DomainError
from notifications.bounces.services import clear_mark_and_resend
from notifications.delivery.mail_test import about_user, confirm_mail_test, mail_tests, send_mail_test
from notifications.models import (
    ADDRESS_SEARCH_TEXT,
    COMPLAINT_KIND_PREFIX,
    MESSAGE_SEARCH_TEXT,
    UNFINISHED_STATES,
    BounceType,
    MailServer,
    MarkClearReason,
    MarkedAddress,
    Notification,
    NotificationQuerySet,
    NotificationState,
    ReturnedMail,
    TeamMail,
    visible_to,
)
from notifications.outbox import may_resend, resend, resend_failed
from notifications.registry import all_emails, email_label, find_address_owners, find_email_class
from office.site_settings.queries import site_settings
from staff.actions import ObjectAction
from staff.audit import audit_note
from staff.first_run import FIRST_RUN_PERMISSION, MACHINE_SECTION, Button, FirstRunCheck, Light, register_first_run_check
from staff.lists import (
    EMPTY_VALUE,
    OptionsFilter,
    attribute_column,
    breakable_email,
    column,
    datetime_column,
    format_long_datetime,
    format_short_datetime,
    mail_link,
    narrow_by,
    period_filter,
    phone_link,
    state_column,
    state_tag,
)
from staff.model_admin import OneRowAdmin, ReadOnlyAdmin
from staff.site import staff_site
from staff.today import WaitingLine, WaitingRow

MAX_RETURNS_SHOWN = 10
BREAK = mark_safe("<br>")


class MarkedFilter(OptionsFilter):
    title = gettext_lazy("state")
    parameter_name = "look"
    options = {
        "marked": (gettext_lazy("To put right"), lambda addresses, now: addresses.marked()),
        "cleared": (gettext_lazy("Not marked"), narrow_by(marked_at=None)),
    }


class MailAdmin(ReadOnlyAdmin):
    """Found by words. `times`: by column, the moment that it shows; one that never came is left out."""

    searched = "searched"
    words: Any
    times: ClassVar[Mapping[str, str]] = {}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for _title, options in self.fieldsets for name in options["fields"]]  # type: ignore[union-attr, misc]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        return self.found(request, queryset.alias(searched=self.words), search_term), False

    def has_value(self, name: Any, obj: Any) -> bool:
        return getattr(obj, self.times[name]) is not None if name in self.times else super().has_value(name, obj)


BOUNCE_MEANINGS = {
    BounceType.HARD: gettext_lazy("This mailbox does not exist. Usually the address has a typing mistake, or somebody has left."),
    BounceType.SOFT: gettext_lazy("The mailbox did not take our mail. It may be full, or a filter may have stopped the email."),
    BounceType.COMPLAINT: gettext_lazy("The reader marked our mail as unwanted. They now get only emails that they need."),
}


class MarkedAddressAdmin(MailAdmin):
    nobody_may = ("add", "delete")
    list_display = ["in_pieces", "state", "last", "sort", "said"]
    list_filter = [MarkedFilter, "sort", period_filter("last_at")]
    sorts_quickly = ["last"]
    search_fields = ["address"]
    words = ADDRESS_SEARCH_TEXT
    search_help_text = gettext_lazy("Email address or part of it")
    actions = None
    last = datetime_column("last_at", gettext_lazy("last came back"), short=True)
    since = datetime_column("marked_at", gettext_lazy("to put right since"))
    unwanted = datetime_column("complained_at", gettext_lazy("marked our mail as unwanted"))
    right = datetime_column("cleared_at", gettext_lazy("last put right"))
    times: ClassVar = {"since": "marked_at", "unwanted": "complained_at", "right": "cleared_at"}
    in_pieces = column(gettext_lazy("address"), lambda mark: breakable_email(mark.address), ordering="address")
    to_write = column(gettext_lazy("address"), lambda mark: mail_link(mark.address))
    meaning = column(gettext_lazy("what it means"), lambda mark: str(BOUNCE_MEANINGS[mark.sort]))
    fieldsets = [
        (None, {"fields": ["state", "to_write", "owners_display", "meaning", "said"]}),
        (gettext_lazy("When"), {"fields": ["since", "last", "unwanted", "right", "cleared_display"]}),
        (gettext_lazy("What came back"), {"fields": ["returns"]}),
    ]
    may_be_empty = ("cleared_display",)
    object_actions = [
        ObjectAction(
            slug="it-is-right",
            label=gettext_lazy("This address is right"),
            service=lambda mark, **by_and_now: clear_mark_and_resend(
                address=mark.address, how=MarkClearReason.STAFF, **by_and_now
            ),
            available=lambda mark: mark.marked_at is not None,
            explanation=gettext_lazy(
                "First call the owner and ask. Press this if the address is right: we will send the emails that are "
                "waiting, and send again what came back in the last two weeks, if it is still true. If the address is "
                "wrong, change it on the owner’s page instead. All of these emails will then go to the new address."
            ),
            done=gettext_lazy("Done. The emails that were waiting are on their way."),
            weight="main",
        )
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[MarkedAddress]:
        return super().get_queryset(request).select_related("cleared_by")

    @admin.display(description=gettext_lazy("state"))
    def state(self, mark: MarkedAddress) -> SafeString:
        if mark.marked_at:
            return state_tag(gettext("To put right"), "stopped")
        if mark.cleared_at:
            return state_tag(gettext("Put right"), "done")
        return state_tag(gettext("Unwanted mail") if mark.complained_at else gettext("Being watched"), "waiting")

    @admin.display(description=gettext_lazy("put right by"))
    def cleared_display(self, mark: MarkedAddress) -> str:
        by = f" ({mark.cleared_by})" if mark.cleared_by else ""
        return f"{mark.get_cleared_display()}{by}" if mark.cleared_at else ""

    @admin.display(description=gettext_lazy("whose"))
    def owners_display(self, mark: MarkedAddress) -> SafeString | str:
        """The owners, each with the page to change the address on, and a phone number to ask."""
        owners = find_address_owners(mark.address)
        rows = ((owner.href, owner.name, owner.what, phone_link(owner.phone) if owner.phone else "") for owner in owners)
        lines = format_html_join(BREAK, '<a href="{}">{}</a> ({}) {}', rows)
        return lines or gettext("Nobody has this address now")

    @admin.display(description=gettext_lazy("messages"))
    def returns(self, mark: MarkedAddress) -> SafeString | str:
        """The newest, each with the page of its message."""
        rows = ReturnedMail.objects.filter(address=mark.address).select_related("notification")[:MAX_RETURNS_SHOWN]
        lines = (
            (format_short_datetime(r.received_at), self.about(r), r.get_sort_display(), r.get_source_display()) for r in rows
        )
        return format_html_join(BREAK, "{}: {} – {} ({})", lines) or EMPTY_VALUE

    def about(self, row: ReturnedMail) -> SafeString | str:
        """Never shows that somebody complained about our use of data: colleagues who may know find it in the list of messages."""
        if row.notification is None or row.notification.kind.startswith(COMPLAINT_KIND_PREFIX):
            return gettext("a message")
        href = reverse("staff:notifications_notification_change", args=[row.notification.pk])
        return format_html('<a href="{}">{} {}</a>', href, email_label(row.notification.kind), row.notification.reference)

    def get_summary_rows(self, obj: MarkedAddress) -> list[dict[str, object]]:
        return [
            {"label": gettext("Address"), "value": breakable_email(obj.address)},
            {"label": gettext("Whose"), "value": self.owners_display(obj)},
            {"label": gettext("What it means"), "value": self.meaning(obj)},
        ]


staff_site.add_waiting(
    gettext_lazy("Messages"),
    WaitingLine(
        label=gettext_lazy("addresses that mail comes back from"),
        one=gettext_lazy("address that mail comes back from"),
        count=lambda: MarkedAddress.objects.marked(),
        address=lambda: f"{reverse('staff:notifications_markedaddress_changelist')}?look=marked",
        permission="notifications.view_markedaddress",
        named=WaitingRow(who="address", since="marked_at", order="last_at", label=gettext_lazy("Put it right")),
    ),
)


# The staff page on which the team chooses how it gets its mail.


@admin.register(TeamMail, site=staff_site)
class TeamMailAdmin(OneRowAdmin):
    fieldsets = [
        (
            None,
            {
                "fields": ["rhythm"],
                "description": _(
                    "This covers bookings and orders that are new, moved, changed or cancelled. News from a weekend or a "
                    "bank holiday comes on the next working day. Urgent emails never wait: when a presenter has not "
                    "checked in or is away, when something happens less than two days ahead, and when a text may have a "
                    "child’s details."
                ),
            },
        )
    ]


SEND_ALL_ACTION = ObjectAction(
    slug="send-failed-again",
    label=gettext_lazy("Send all that failed again"),
    explanation=gettext_lazy(
        "First find out why they failed: an address that does not exist will fail again. We will write each message "
        "again with up-to-date facts, and send it to the same address. We won’t send what is too late or no longer true."
    ),
    weight="main",
)


__all__ = ["NotificationAdmin", "TeamMailAdmin"]
BODY_FIELDS = ("subject", "text_body", "html_body", "sealed_body")


class KindFilter(admin.SimpleListFilter):
    title = gettext_lazy("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(email.name, str(email.label)) for email in all_emails()] + [("account", gettext("Emails about accounts"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Notification]) -> QuerySet[Notification]:
        value = self.value()
        if value == "account":
            return queryset.filter(is_account_mail=True)
        return queryset.filter(kind=value) if value else queryset


class FailedFilter(OptionsFilter):
    title = gettext_lazy("what needs a look")
    parameter_name = "failed"
    options = {"lately": (gettext_lazy("Failed in the last 2 weeks, not sent again"), NotificationQuerySet.recently_failed)}


STATE_COLOURS = {
    NotificationState.PENDING: "waiting",
    NotificationState.SENDING: "waiting",
    NotificationState.SENT: "done",
    NotificationState.FAILED: "stopped",
    NotificationState.EXPIRED: "stopped",
    NotificationState.GATHERED: "done",
}


@admin.register(Notification, site=staff_site)
class NotificationAdmin(MailAdmin):
    nobody_may = ("add", "change", "delete")
    list_display = ["kind_label", "to", "outcome_display", "when", "reference"]
    list_filter = [FailedFilter, "state", KindFilter, period_filter("created_at")]
    sorts_quickly = ["when"]
    search_fields = ["recipient", "reference"]
    words = MESSAGE_SEARCH_TEXT
    search_help_text = gettext_lazy("Email address, reference, or part of either")
    change_form_template = "notifications/message.html"
    change_list_template = "notifications/staff/messages.html"
    actions = ("send_ticked",)
    when = datetime_column("created_at", gettext_lazy("when"), short=True)
    written_at = datetime_column("created_at", gettext_lazy("asked for"))
    tried_at = datetime_column("first_tried_at", gettext_lazy("first tried"))
    due = datetime_column("due_at", gettext_lazy("to be sent"))
    arrived_at = datetime_column("sent_at", gettext_lazy("sent"))
    too_late_at = datetime_column("expires_at", gettext_lazy("too late after"))
    times: ClassVar = {"tried_at": "first_tried_at", "arrived_at": "sent_at", "too_late_at": "expires_at"}
    kind_label = attribute_column("kind", gettext_lazy("kind"), email_label)
    to = column(
        gettext_lazy("to"),
        lambda message: breakable_email(message.recipient) if message.recipient else gettext("Erased with the person"),
        ordering="recipient",
    )
    state_text = state_column(STATE_COLOURS)
    shown_subject = column(gettext_lazy("subject"), lambda message: message.subject or empty_body_reason(message))
    shown_text = column(
        gettext_lazy("text"),
        lambda message: (
            linebreaks_filter(message.text_body, autoescape=True) if message.text_body else empty_body_reason(message)
        ),
    )
    object_actions = [
        ObjectAction(
            slug="send-again",
            label=gettext_lazy("Send this message again"),
            service=resend,
            available=may_resend,
            explanation=gettext_lazy("We will write the message again with up-to-date facts, and send it to the same address."),
            done=gettext_lazy("The message is on its way. You can see the new one in the list."),
            permission="resend",
            weight="main",
        )
    ]
    fieldsets = [
        (None, {"fields": ["to", "state_text", "last_error", "reference", "resend_of", "resent_by", "digest"]}),
        (gettext_lazy("What it says"), {"fields": ["shown_subject", "shown_text"]}),
        (
            gettext_lazy("Sending"),
            {"fields": ["written_at", "due", "tried_at", "arrived_at", "too_late_at", "attempts", "message_id"]},
        ),
    ]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.send_failed_view)
        return [path("send-failed-again/", view, name="notifications_send_failed"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The button stands over the list of what failed, and nowhere else."""
        shown = request.GET.get("failed") == "lately" and self.has_resend_permission(request)
        return super().changelist_view(request, {"may_send_all": shown, **(extra_context or {})})

    def has_resend_permission(self, request: HttpRequest, obj: Notification | None = None) -> bool:
        return request.user.has_perm("notifications.change_notification")

    def send_failed_view(self, request: HttpRequest) -> HttpResponse:
        """GET says how many there are and of what; POST sends them."""
        if not self.has_resend_permission(request):
            raise PermissionDenied
        the_list = f"{reverse('staff:notifications_notification_changelist')}?failed=lately"
        if request.method == "POST":
            self.resend_and_report(request, Notification.objects.filter(visible_to(request.user)))
            return redirect(the_list)
        # The number of each kind that this colleague may read, and the oldest: one statement each.
        failed = Notification.objects.filter(visible_to(request.user)).resendable(timezone.now())
        kinds = failed.order_by().values("kind").annotate(number=Count("pk")).order_by("-number", "kind")
        rows: list[dict[str, object]] = [{"label": email_label(row["kind"]), "value": f"{row['number']:,}"} for row in kinds]
        first = failed.order_by("created_at").values_list("created_at", flat=True).first()
        since = format_long_datetime(first) if first else gettext("None failed in the last two weeks.")
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "action": SEND_ALL_ACTION,
            "title": SEND_ALL_ACTION.label,
            "original": SEND_ALL_ACTION.label,
            "rows": [*rows, {"label": gettext("Oldest message"), "value": since}],
            "form": forms.Form(),
            "media": self.media,
            "change_url": the_list,
        }
        return TemplateResponse(request, "admin/object_action.html", context)

    @admin.action(description=gettext_lazy("Send again what failed"), permissions=["resend"])
    def send_ticked(self, request: HttpRequest, chosen: QuerySet[Notification]) -> None:
        self.resend_and_report(request, Notification.objects.filter(pk__in=chosen.order_by().values("pk")))

    def resend_and_report(self, request: HttpRequest, among: QuerySet[Notification]) -> None:
        count = resend_failed(among=among, by=request.user, now=timezone.now())  # type: ignore[arg-type]
        said = ngettext("%(n)s message is on its way again.", "%(n)s messages are on their way again.", count)
        if count:
            messages.success(request, said % {"n": f"{count:,}"})
        else:
            messages.warning(
                request, gettext("We sent nothing: none of these failed in the last two weeks, or they can’t be sent again.")
            )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        """Encrypted bodies never leave the database for a page, nor any body for the list."""
        rows = super().get_queryset(request).filter(visible_to(request.user))
        in_list = request.resolver_match is not None and "object_id" not in request.resolver_match.kwargs
        return (
            rows.defer(*BODY_FIELDS) if in_list else rows.defer("sealed_body").select_related("resend_of", "resent_by", "digest")
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Notification], search_term: str
    ) -> tuple[QuerySet[Notification], bool]:
        """A whole address that mail went to finds exactly that mail."""
        if "@" in search_term:
            there = Notification.objects.to_address(search_term).values_list("pk", flat=True)
            if there.exists():
                return queryset.filter(pk__in=there), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def outcome_display(self, obj: Notification) -> SafeString:
        """For the list: the state, and why if it did not arrive."""
        tag, why = self.state_text(obj), obj.last_error
        if obj.state == NotificationState.PENDING and obj.due_at > timezone.now():
            why = gettext("To be sent %(when)s") % {"when": format_short_datetime(obj.due_at)}
        return format_html('{}<br> <span class="quiet">{}</span>', tag, why) if why else tag

    def get_summary_rows(self, obj: Notification) -> list[dict[str, object]]:
        return [{"label": gettext("Message"), "value": email_label(obj.kind)}, {"label": gettext("To"), "value": self.to(obj)}]


def empty_body_reason(message: Notification) -> str:
    """Why it has no subject and no text."""
    if message.is_account_mail:
        return gettext("Kept private, because it has a code or a link for signing in.")
    if not message.recipient:
        return gettext("Erased with the person.")
    email = find_email_class(message.kind)
    if message.state in {NotificationState.SENT, NotificationState.FAILED} and email and not email.keeps_words:
        return gettext("Not kept, because it names people from several bookings.")
    if message.state in UNFINISHED_STATES:
        return gettext("Not written yet. We write a message when we send it.")
    return gettext("Never written.")


staff_site.add_waiting(
    gettext_lazy("Messages"),
    WaitingLine(
        label=gettext_lazy("failed lately"),
        count=lambda: Notification.objects.recently_failed(timezone.now()),
        address=lambda: f"{reverse('staff:notifications_notification_changelist')}?failed=lately",
        permission="notifications.view_notification",
        urgent=True,
        seen_by=visible_to,
        named=WaitingRow(
            who="recipient",
            what="kind",
            what_text=email_label,
            since="created_at",
            label=gettext_lazy("Send it again"),
            slug="send-again",
        ),
    ),
)
staff_site.add_waiting(
    gettext_lazy("Messages"),
    WaitingLine(
        label=gettext_lazy("mail servers that don’t answer"),
        one=gettext_lazy("mail server that doesn’t answer"),
        count=lambda: MailServer.objects.down(),
        address=lambda: f"{reverse('staff:notifications_notification_changelist')}?state__exact=pending",
        permission="notifications.view_notification",
        urgent=True,
    ),
)
staff_site.register(MarkedAddress, MarkedAddressAdmin)


# For the first-run check: a test email to oneself, and the mailboxes of those who are told.

MAX_TESTS_READ = 20
SEND_TEST_BUTTON, TEST_CAME_BUTTON = (
    Button(_("Send me one"), "staff:mail_test_send"),
    Button(_("It came"), "staff:mail_test_came"),
)


def outgoing_mail_checks(request: HttpRequest | None) -> Iterator[FirstRunCheck]:
    """The newest test whose reader says that it came, unless this colleague has sent one since."""
    rows = list(mail_tests().defer("text_body", "html_body", "sealed_body")[:MAX_TESTS_READ])
    received_at = next((row.received_at for row in rows if row.received_at), None)
    mine = next((row for row in rows if request and row.about == about_user(request.user)), None)
    if mine and not mine.received_at and (received_at is None or mine.created_at > received_at):
        yield mail_test_check(mine)
    elif received_at:
        sentence = gettext("A test email came on %(day)s.") % {"day": format_long_datetime(received_at)}
        yield FirstRunCheck(_("Mail leaves"), Light.GREEN, sentence, buttons=(SEND_TEST_BUTTON,))
    else:
        sentence = gettext("Nobody has said yet that a test email came. Send yourself one.")
        yield FirstRunCheck(_("Mail leaves"), Light.RED, sentence, buttons=(SEND_TEST_BUTTON,))


def mail_test_check(test: Notification) -> FirstRunCheck:
    facts = {"at": format_short_datetime(test.sent_at or test.created_at), "tries": test.attempts}
    href = reverse("staff:notifications_notification_change", args=[test.pk])
    page: dict[str, Any] = {"href": href, "link": _("Open this email")}
    if test.state == NotificationState.SENT:
        sentence = gettext(
            "Your test email left on %(at)s. Has it come? If not, look in your junk mail, then ask who runs the mail server."
        )
        return FirstRunCheck(
            _("Mail leaves"), Light.AMBER, sentence % facts, **page, buttons=(TEST_CAME_BUTTON, SEND_TEST_BUTTON)
        )
    if test.state in UNFINISHED_STATES and test.last_error:
        sentence = gettext("The mail server has not taken your test email of %(at)s yet. Number of tries: %(tries)s.")
        return FirstRunCheck(_("Mail leaves"), Light.RED, sentence % facts, **page)
    if test.state in UNFINISHED_STATES:
        sentence = gettext("Your test email of %(at)s waits for a worker. Reload this page in a moment.")
        return FirstRunCheck(_("Mail leaves"), Light.AMBER, sentence % facts, **page)
    sentence = gettext("Your test email of %(at)s failed. Open it to read why, put that right, and send yourself another.")
    return FirstRunCheck(_("Mail leaves"), Light.RED, sentence % facts, **page, buttons=(SEND_TEST_BUTTON,))


def mailbox_checks(request: HttpRequest | None) -> Iterator[FirstRunCheck]:
    """An alarm and its escalation in one mailbox may reach nobody."""
    told = site_settings()
    readers: dict[str, list[str]] = {}
    for name in ("team_email", "visit_escalation_email", "safeguarding_lead_email"):
        readers.setdefault(getattr(told, name).lower(), []).append(str(told._meta.get_field(name).verbose_name))  # type: ignore[union-attr]
    label, shared = _("Mailboxes"), [names for names in readers.values() if len(names) > 1]
    if shared:
        sentence = gettext("These have the same mailbox: %(names)s. Give each a mailbox that somebody else reads.")
        yield FirstRunCheck(label, Light.RED, sentence % {"names": ", ".join(shared[0])})
    else:
        sentence = gettext("The team, the escalation of alarms and the safeguarding lead have three different mailboxes.")
        yield FirstRunCheck(label, Light.GREEN, sentence)
    label = _("When the advice line is closed")
    if told.out_of_hours_route:
        yield FirstRunCheck(label, Light.GREEN, gettext("Pages say who to call then."))
    else:
        yield FirstRunCheck(label, Light.RED, gettext("Nothing says who to call then. Enter that in the settings."))


def run_mail_test_action(request: HttpRequest, service: Callable[..., None], what: str, done: Any) -> HttpResponse:
    if not request.user.has_perm(FIRST_RUN_PERMISSION):
        raise PermissionDenied
    audit_note(request).add("sent", what=what)
    try:
        service(by=request.user, now=timezone.now())
    except DomainError as refusal:
        messages.warning(request, str(refusal.message))
    else:
        messages.success(request, done)
    return redirect("staff:first_run")


@require_POST
def send_test(request: HttpRequest) -> HttpResponse:
    return run_mail_test_action(request, send_mail_test, "test email", _("Your test email is on its way."))


@require_POST
def confirm_test(request: HttpRequest) -> HttpResponse:
    return run_mail_test_action(request, confirm_mail_test, "test email came", _("Good: mail leaves this site."))


staff_site.add_page("mail-test/send/", send_test, "mail_test_send", _("Send a test email"))
staff_site.add_page("mail-test/came/", confirm_test, "mail_test_came", _("The test email came"))
register_first_run_check(MACHINE_SECTION, _("Mail leaves"), outgoing_mail_checks)
register_first_run_check(MACHINE_SECTION, _("Mailboxes"), mailbox_checks)

"""The outbox: one row an email, one email to one person about one event."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.db import models
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce, Lower, Replace
from django.utils.translation import gettext_lazy as _

from ctac.models import impersonal, personal, words_in, words_index
from notifications.registry import all_emails, label_of


class State(models.TextChoices):
    PENDING = "pending", _("Pending")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    EXPIRED = "expired", _("Expired")
    GATHERED = "gathered", _("In a digest")


LATELY = timedelta(days=14)
UNFINISHED = [State.PENDING, State.SENDING]
# What staff search: the address, and the reference in the ways it is typed.
MESSAGE_WORDS = words_in("recipient", "reference", *(Replace("reference", Value("-"), Value(between)) for between in ("", " ")))
COMPLAINT_KIND_PREFIX = "complaint-"  # to people who complained about our use of data
# Web and worker may be two machines whose clocks differ a little; without this a new row would wait for the sweep.
CLOCK_TOLERANCE = timedelta(seconds=5)
REFERENCES_LENGTH = 200  # of all that is in one digest


def visible_to(user: PermissionsMixin | AnonymousUser) -> Q:
    """What this colleague may read: what went to people who complained, only if they answer for complaints (ADR 24)."""
    return Q() if user.has_perm("privacy.view_complaint") else ~Q(kind__startswith=COMPLAINT_KIND_PREFIX)


class NotificationQuerySet(models.QuerySet["Notification"]):
    def to_address(self, email: str) -> "NotificationQuerySet":
        """Everything to one address, in any case of letters."""
        return self.alias(address=Lower("recipient")).filter(address=email.strip().lower()).exclude(recipient="")

    def unfinished(self) -> "NotificationQuerySet":
        return self.filter(state__in=UNFINISHED)

    def failed_lately(self, now: datetime) -> "NotificationQuerySet":
        """Failed in the last two weeks, not tried again since, and still worth sending again.

        Codes for signing in are asked for anew, and what has expired would come too late.
        """
        later = Notification.objects.filter(resend_of=Coalesce(OuterRef("resend_of"), OuterRef("pk")), pk__gt=OuterRef("pk"))
        failed = self.filter(state=State.FAILED, created_at__gte=now - LATELY, is_account_mail=False)
        return failed.exclude(recipient="").exclude(expires_at__lte=now).exclude(Exists(later))

    def resendable(self, now: datetime) -> "NotificationQuerySet":
        """Of those that failed lately, what is of a kind that is sent again."""
        return self.failed_lately(now).filter(kind__in=[email.name for email in all_emails() if email.may_resend])

    def claimable(self, now: datetime) -> "NotificationQuerySet":
        """Due, and held by no worker or by one whose lease has run out."""
        return self.unfinished().filter(Q(lease_until=None) | Q(lease_until__lt=now), due_at__lte=now + CLOCK_TOLERANCE)

    def oldest_due(self, now: datetime) -> datetime | None:
        """Since when the oldest message waits that could be sent now."""
        return self.claimable(now).order_by("due_at").values_list("due_at", flat=True).first()


class Notification(models.Model):
    """One email. Written in the transaction of its event, unique by (kind, about, version, recipient).

    `about` names the object ("booking:12"), `reference` is what a person quotes. A resend is a new row that points to
    the first. A digest (services.collecting) is about somebody on a day ("person:7:2027-03-09"); `version` is its number
    on that day, and it has the references of all that is in it. `due_at` is the only clock. Account mail (codes,
    resets) is written before it is sent, so it lies in `sealed_body`, encrypted, until it is sent or expired. Times are
    UTC.
    """

    kind = impersonal(models.CharField(_("kind"), max_length=50))
    about = impersonal(models.CharField(_("about"), max_length=60))
    reference = impersonal(models.CharField(_("reference"), max_length=REFERENCES_LENGTH, blank=True))
    version = models.PositiveIntegerField(_("version"), default=1)
    recipient = personal(models.EmailField(_("recipient"), blank=True))  # empty once the person is erased
    is_account_mail = models.BooleanField(_("account mail"), default=False)
    resend_of = models.ForeignKey(
        "self", verbose_name=_("resend of"), null=True, blank=True, on_delete=models.PROTECT, related_name="resends"
    )
    resent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("resent by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    personal(resent_by)
    # The team's digest that has this row, which is then not sent by itself.
    told_in = models.ForeignKey(
        "self",
        verbose_name=_("told in"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tells_of",
        db_index=False,
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    created_at = models.DateTimeField(_("created"))
    due_at = models.DateTimeField(_("due"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    kicked_at = models.DateTimeField(_("queued"), null=True, blank=True)
    lease_until = models.DateTimeField(_("lease ends"), null=True, blank=True)
    lease_token = models.UUIDField(_("lease"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    first_tried_at = models.DateTimeField(_("first tried"), null=True, blank=True)
    last_error = personal(models.CharField(_("last error"), max_length=300, blank=True))
    message_id = impersonal(models.CharField(_("Message-ID"), max_length=120, unique=True))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    subject = personal(models.CharField(_("subject"), max_length=200, blank=True))
    text_body = personal(models.TextField(_("text"), blank=True))
    html_body = personal(models.TextField(_("HTML"), blank=True))
    sealed_body = personal(models.BinaryField(_("encrypted body"), null=True, blank=True))

    erased_at = models.DateTimeField(_("words erased"), null=True, blank=True)  # from then on none are kept

    objects: ClassVar = NotificationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(
                "kind",
                "about",
                "version",
                Lower("recipient"),
                name="notification_once",
                condition=Q(resend_of__isnull=True) & ~Q(recipient=""),
            ),
            models.CheckConstraint(
                name="notification_leased_only_while_sending",
                condition=Q(state="sending", lease_token__isnull=False, lease_until__isnull=False)
                | (~Q(state="sending") & Q(lease_token__isnull=True, lease_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="notification_sealed_body_wiped_when_done",
                condition=Q(state__in=["pending", "sending"]) | Q(sealed_body__isnull=True),
            ),
            models.CheckConstraint(
                name="notification_gathered_says_in_what",
                condition=Q(state="gathered", told_in__isnull=False) | (~Q(state="gathered") & Q(told_in__isnull=True)),
            ),
            models.CheckConstraint(name="notification_sent_says_when", condition=~Q(state="sent") | Q(sent_at__isnull=False)),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="notification_unsent_by_due", condition=Q(state__in=["pending", "sending"])),
            models.Index(fields=["told_in"], name="notification_told_in", condition=Q(told_in__isnull=False)),
            models.Index(fields=["created_at"], name="notification_failed", condition=Q(state="failed")),
            models.Index(fields=["created_at"], name="notification_kept", condition=~Q(recipient="")),
            models.Index(fields=["-created_at", "-id"], name="notification_newest"),
            models.Index(fields=["reference"], name="notification_by_reference"),
            models.Index(fields=["about"], name="notification_by_about"),
            models.Index(Lower("recipient"), name="notification_by_recipient"),
            words_index("notification_searched", MESSAGE_WORDS),
            models.Index(fields=["kind", "-created_at", "-id"], name="notification_by_kind"),
            models.Index(fields=["state", "-created_at", "-id"], name="notification_by_state", condition=~Q(state="sent")),
            models.Index(fields=["-created_at", "-id"], name="notification_of_accounts", condition=Q(is_account_mail=True)),
        ]

    def __str__(self) -> str:
        return f"{label_of(self.kind)} {self.reference}".strip()


def server_name() -> str:
    return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"


class MailServerQuerySet(models.QuerySet["MailServer"]):
    def silent(self) -> "MailServerQuerySet":
        """Ours, if it is down; one that the settings named before is nobody's concern."""
        return self.filter(name=server_name()).exclude(down_since=None)


class MailServer(models.Model):
    """One server that we hand mail to. While it is down one worker at a time tries it; `next_try_at` is when the next may."""

    name = impersonal(models.CharField(_("server and port"), max_length=300, unique=True))
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    down_since = models.DateTimeField(_("down since"), null=True, blank=True)
    next_try_at = models.DateTimeField(_("next try"))

    objects: ClassVar = MailServerQuerySet.as_manager()

    class Meta:
        verbose_name = _("mail server")
        verbose_name_plural = _("mail servers")

    def __str__(self) -> str:
        return self.name


class MailDomain(models.Model):
    """How many messages went to addresses of one domain in one minute, and until when the line of those that wait is long."""

    domain = impersonal(models.CharField(_("domain"), max_length=254, unique=True))
    minute = models.DateTimeField(_("minute"))
    taken = models.PositiveIntegerField(_("messages in this minute"), default=0)
    line_until = models.DateTimeField(_("line until"))

    class Meta:
        verbose_name = _("domain of addresses")
        verbose_name_plural = _("domains of addresses")

    def __str__(self) -> str:
        return self.domain

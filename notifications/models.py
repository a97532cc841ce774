"""Tables for mail: the outbox, people's choices, returned mail, and the state of the servers that take our mail."""

import secrets
from datetime import datetime, time, timedelta
from itertools import count
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.db import models
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce, Lower, Replace
from django.utils.translation import gettext_lazy as _

from core.dates import TEAM_NATION, is_working_day, uk_datetime, uk_day
from core.models import impersonal, personal, searchable_text, trigram_index, user_foreign_key
from notifications.registry import Topic, all_emails, email_label
from office.closures.queries import office_closed_days

# Bounces: mail that came back, and the addresses that are marked for it.

RETURNED_MAIL_RETENTION = timedelta(days=90)
ADDRESS_SEARCH_TEXT = searchable_text("address")


class BounceType(models.TextChoices):
    """What a returned message means for its address."""

    HARD = "hard", _("This mailbox does not exist")
    SOFT = "soft", _("Not taken this time")
    COMPLAINT = "complaint", _("Marked as unwanted by the reader")


class ReportSource(models.TextChoices):
    """Who told us."""

    SERVER = "server", _("Our mail server, at once")
    MAILBOX = "mailbox", _("A report by email")
    PROVIDER = "provider", _("The mail provider")


class MarkClearReason(models.TextChoices):
    """Why a mark is gone."""

    CODE = "code", _("A code sent there was used")
    OWNER = "owner", _("Its owner says that it is right")
    STAFF = "staff", _("Staff say that it is right")
    DELIVERED = "delivered", _("A later message was taken")
    CHANGED = "changed", _("Its owner has another one now")


class ReturnedMailQuerySet(models.QuerySet["ReturnedMail"]):
    def expired(self, now: datetime) -> "ReturnedMailQuerySet":
        return self.filter(received_at__lte=now - RETURNED_MAIL_RETENTION)


class ReturnedMail(models.Model):
    """One report about one message: it came back, or its reader called it unwanted.

    `key` is the same whoever reports it, so it counts once. `went_at` is when the message went: reports about mail from before
    an address was put right no longer count.
    """

    key = impersonal(models.CharField(_("key"), max_length=64, unique=True))
    address = personal(models.EmailField(_("address")))  # lower case
    sort = models.CharField(_("what it means"), max_length=10, choices=BounceType)
    source = models.CharField(_("told by"), max_length=10, choices=ReportSource)
    notification = models.ForeignKey(
        "notifications.Notification",
        verbose_name=_("message"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    said = personal(models.CharField(_("in the server’s words"), max_length=300, blank=True))
    went_at = models.DateTimeField(_("went"))
    received_at = models.DateTimeField(_("came back"))

    objects: ClassVar = ReturnedMailQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-pk"]
        verbose_name = _("returned message")
        verbose_name_plural = _("returned messages")
        constraints = [
            models.CheckConstraint(name="returned_to_lower_case", condition=Q(address=models.functions.Lower("address")))
        ]
        indexes = [
            models.Index(fields=["address", "-received_at", "-id"], name="returned_by_address"),
            models.Index(fields=["received_at"], name="returned_by_age"),
        ]

    def __str__(self) -> str:
        return self.get_sort_display()


class MarkedAddressQuerySet(models.QuerySet["MarkedAddress"]):
    def marked(self) -> "MarkedAddressQuerySet":
        """Addresses that mail comes back from."""
        return self.filter(marked_at__isnull=False)

    def expired(self, now: datetime) -> "MarkedAddressQuerySet":
        """Addresses that are not marked and have had no returns for 90 days. Keeps those that complained."""
        return self.filter(marked_at=None, complained_at=None, last_at__lte=now - RETURNED_MAIL_RETENTION)


class MarkedAddress(models.Model):
    """An address that mail came back from. It is marked until somebody puts it right.

    One hard return marks it, or soft ones on three days within a month (bounces/services.py, update_mark). `tried_at` is when
    mail last went there all the same, and `tried_with` that message: one a day, so that a wrong mark does not silence us.
    """

    address = personal(models.EmailField(_("address"), unique=True))  # lower case
    sort = models.CharField(_("what it means"), max_length=10, choices=BounceType)
    said = personal(models.CharField(_("in the server’s words"), max_length=300, blank=True))
    marked_at = models.DateTimeField(_("marked"), null=True, blank=True)
    last_at = models.DateTimeField(_("last came back"))
    tried_at = models.DateTimeField(_("last tried"), null=True, blank=True)
    tried_with = models.BigIntegerField(_("last tried with"), null=True, blank=True)
    complained_at = models.DateTimeField(_("marked as unwanted"), null=True, blank=True)
    cleared_at = models.DateTimeField(_("put right"), null=True, blank=True)
    cleared = models.CharField(_("put right by"), max_length=10, choices=MarkClearReason, blank=True, default="")
    cleared_by = user_foreign_key(_("by"), blank=True)

    objects: ClassVar = MarkedAddressQuerySet.as_manager()

    class Meta:
        ordering = ["-last_at", "-pk"]
        verbose_name = _("address that mail came back from")
        verbose_name_plural = _("addresses that mail came back from")
        constraints = [
            models.CheckConstraint(name="marked_in_lower_case", condition=Q(address=models.functions.Lower("address")))
        ]
        indexes = [
            models.Index(fields=["-last_at", "-id"], name="marked_newest"),
            models.Index(fields=["-last_at", "-id"], name="marked_now", condition=Q(marked_at__isnull=False)),
            models.Index(fields=["sort", "-last_at", "-id"], name="marked_by_sort"),
            trigram_index("marked_searched", ADDRESS_SEARCH_TEXT),
        ]

    def __str__(self) -> str:
        return self.address


class MailboxRead(models.Model):
    """How far we have read the mailbox of returned mail. IMAP's message numbers stay valid while `validity` is the same."""

    name = impersonal(models.CharField(_("mailbox"), max_length=64, primary_key=True))  # a hash of host and folder
    validity = models.BigIntegerField(_("validity"), default=0)
    last_number = models.BigIntegerField(_("last number"), default=0)
    read_at = models.DateTimeField(_("last read"), null=True, blank=True)
    trouble = impersonal(models.CharField(_("trouble"), max_length=200, blank=True))

    class Meta:
        verbose_name = _("mailbox that was read")
        verbose_name_plural = _("mailboxes that were read")

    def __str__(self) -> str:
        return self.name[:8]


# The outbox: one row an email, one email to one person about one event.


class NotificationState(models.TextChoices):
    PENDING = "pending", _("Pending")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    EXPIRED = "expired", _("Expired")
    GATHERED = "gathered", _("In a digest")


class NotificationChannel(models.TextChoices):
    EMAIL = "email", _("Email")
    SMS = "sms", _("Text message")


RESENDABLE_PERIOD = timedelta(days=14)
UNFINISHED_STATES = [NotificationState.PENDING, NotificationState.SENDING]
# What staff search: the address, and the reference however it is typed.
MESSAGE_SEARCH_TEXT = searchable_text(
    "recipient", "reference", *(Replace("reference", Value("-"), Value(between)) for between in ("", " "))
)
COMPLAINT_KIND_PREFIX = "complaint-"  # to people who complained about our use of data
# Web and worker may be two machines whose clocks differ a little; without this a new row would wait for the sweep.
CLOCK_TOLERANCE = timedelta(seconds=5)
MAX_REFERENCES_LENGTH = 200  # characters, for all references in one digest


def visible_to(user: PermissionsMixin | AnonymousUser) -> Q:
    """The messages this colleague may read. Mail to people who complained needs the right to answer complaints (ADR 24)."""
    return Q() if user.has_perm("privacy.view_complaint") else ~Q(kind__startswith=COMPLAINT_KIND_PREFIX)


class NotificationQuerySet(models.QuerySet["Notification"]):
    def to_address(self, email: str) -> "NotificationQuerySet":
        """All messages to one address, ignoring case."""
        return self.alias(address=Lower("recipient")).filter(address=email.strip().lower()).exclude(recipient="")

    def unfinished(self) -> "NotificationQuerySet":
        return self.filter(state__in=UNFINISHED_STATES)

    def recently_failed(self, now: datetime) -> "NotificationQuerySet":
        """Failed in the last two weeks, not tried again since, and still worth sending again.

        Leaves out sign-in codes, which people ask for anew, and expired messages, which would come too late.
        """
        later = Notification.objects.filter(resend_of=Coalesce(OuterRef("resend_of"), OuterRef("pk")), pk__gt=OuterRef("pk"))
        failed = self.filter(state=NotificationState.FAILED, created_at__gte=now - RESENDABLE_PERIOD, is_account_mail=False)
        return failed.exclude(recipient="").exclude(expires_at__lte=now).exclude(Exists(later))

    def resendable(self, now: datetime) -> "NotificationQuerySet":
        """Messages that failed lately and are of a kind that may be sent again."""
        return self.recently_failed(now).filter(kind__in=[email.name for email in all_emails() if email.may_resend])

    def claimable(self, now: datetime) -> "NotificationQuerySet":
        """Due, and held by no worker or by one whose lease has run out."""
        return self.unfinished().filter(Q(lease_until=None) | Q(lease_until__lt=now), due_at__lte=now + CLOCK_TOLERANCE)


class Notification(models.Model):
    """One email or text message, written in its event's transaction. Unique by (kind, about, version, recipient).

    `about` names the object ("booking:12"); `reference` is what people quote. `recipient` is an address or a phone number. A
    resend is a new row that points to the first. A digest (notifications/schedule.py) is about somebody on a day
    ("person:7:2027-03-09"); `version` is its number on that day, and it has the references of everything in it. `due_at` alone
    says when to send. Account mail (codes, resets) is worded when it is asked for, so its text is in `sealed_body`, encrypted,
    until it is sent or expires. Times are UTC.
    """

    kind = impersonal(models.CharField(_("kind"), max_length=50))
    about = impersonal(models.CharField(_("about"), max_length=60))
    reference = impersonal(models.CharField(_("reference"), max_length=MAX_REFERENCES_LENGTH, blank=True))
    version = models.PositiveIntegerField(_("version"), default=1)
    recipient = personal(models.EmailField(_("recipient"), blank=True))  # empty once the person is erased
    channel = models.CharField(
        _("sent by"),
        max_length=5,
        choices=NotificationChannel,
        default=NotificationChannel.EMAIL,
        db_default=NotificationChannel.EMAIL,
    )
    is_account_mail = models.BooleanField(_("account mail"), default=False)
    resend_of = models.ForeignKey(
        "self", verbose_name=_("resend of"), null=True, blank=True, on_delete=models.PROTECT, related_name="resends"
    )
    resent_by = user_foreign_key(_("resent by"), blank=True)
    # The team's digest that has this row, which is then not sent by itself.
    digest = models.ForeignKey(
        "self",
        verbose_name=_("told in"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tells_of",
        db_index=False,
    )
    state = models.CharField(_("state"), max_length=10, choices=NotificationState, default=NotificationState.PENDING)
    created_at = models.DateTimeField(_("created"))
    due_at = models.DateTimeField(_("due"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    queued_at = models.DateTimeField(_("queued"), null=True, blank=True)
    lease_until = models.DateTimeField(_("lease ends"), null=True, blank=True)
    lease_token = models.UUIDField(_("lease"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    first_tried_at = models.DateTimeField(_("first tried"), null=True, blank=True)
    last_error = personal(models.CharField(_("last error"), max_length=300, blank=True))
    message_id = impersonal(models.CharField(_("Message-ID"), max_length=120, unique=True))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    received_at = models.DateTimeField(_("came"), null=True, blank=True)  # a test email: when its reader said so
    subject = personal(models.CharField(_("subject"), max_length=200, blank=True))
    text_body = personal(models.TextField(_("text"), blank=True))
    html_body = personal(models.TextField(_("HTML"), blank=True))
    sealed_body = personal(models.BinaryField(_("encrypted body"), null=True, blank=True))

    erased_at = models.DateTimeField(_("words erased"), null=True, blank=True)  # no text is stored after that

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
                condition=Q(state="gathered", digest__isnull=False) | (~Q(state="gathered") & Q(digest__isnull=True)),
            ),
            models.CheckConstraint(name="notification_sent_says_when", condition=~Q(state="sent") | Q(sent_at__isnull=False)),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="notification_unsent_by_due", condition=Q(state__in=["pending", "sending"])),
            models.Index(fields=["digest"], name="notification_told_in", condition=Q(digest__isnull=False)),
            models.Index(fields=["created_at"], name="notification_failed", condition=Q(state="failed")),
            models.Index(fields=["created_at"], name="notification_kept", condition=~Q(recipient="")),
            models.Index(fields=["-created_at", "-id"], name="notification_newest"),
            models.Index(fields=["reference"], name="notification_by_reference"),
            models.Index(fields=["about"], name="notification_by_about"),
            models.Index(Lower("recipient"), name="notification_by_recipient"),
            trigram_index("notification_searched", MESSAGE_SEARCH_TEXT),
            models.Index(fields=["kind", "-created_at", "-id"], name="notification_by_kind"),
            models.Index(fields=["state", "-created_at", "-id"], name="notification_by_state", condition=~Q(state="sent")),
            models.Index(fields=["-created_at", "-id"], name="notification_of_accounts", condition=Q(is_account_mail=True)),
        ]

    def __str__(self) -> str:
        return f"{email_label(self.kind)} {self.reference}".strip()


def server_name() -> str:
    return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"


class MailServerQuerySet(models.QuerySet["MailServer"]):
    def down(self) -> "MailServerQuerySet":
        """Our mail server, if it is down. Ignores servers from earlier settings."""
        return self.filter(name=server_name()).exclude(down_since=None)


class MailServer(models.Model):
    """A server that we hand mail to. While it is down, one worker at a time tries it; `next_try_at` is the next chance."""

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
    """How many messages went to a domain in one minute, and when the last of those that wait will go."""

    domain = impersonal(models.CharField(_("domain"), max_length=254, unique=True))
    minute = models.DateTimeField(_("minute"))
    taken = models.PositiveIntegerField(_("messages in this minute"), default=0)
    queue_ends_at = models.DateTimeField(_("line until"))

    class Meta:
        verbose_name = _("domain of addresses")
        verbose_name_plural = _("domains of addresses")

    def __str__(self) -> str:
        return self.domain


# What people chose to get: one row an address, with its token, and one row a choice.


class ChoiceSource(models.TextChoices):
    """Where somebody made a choice."""

    PAGE = "page", _("The page of choices")
    ONE_CLICK = "one-click", _("The unsubscribe button in their mail program")
    SIGN_UP = "sign-up", _("At sign-up")
    ORDER = "order", _("After an order")
    PHONE = "phone", _("On the phone to us")
    COMPLAINT = "complaint", _("By marking our mail as unwanted in their mail program")


def new_token() -> str:
    return secrets.token_urlsafe(24)


def normalise_address(address: str) -> str:
    return address.strip().lower()


class MailReader(models.Model):
    """An address that mail went to. Its token, which is only in mail to this address, lets the reader choose for it.

    Made with the first mail that has the link, or with the first choice; deleted when the person is erased or changes address.
    """

    address = personal(models.EmailField(_("address"), unique=True))
    token = personal(models.CharField(_("token"), max_length=43, unique=True, default=new_token))
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("reader of mail")
        verbose_name_plural = _("readers of mail")
        constraints = [
            models.CheckConstraint(name="mailreader_in_small_letters", condition=Q(address=Lower("address")) & ~Q(address=""))
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"


class MailChoiceQuerySet(models.QuerySet["MailChoice"]):
    def for_address(self, address: str) -> "MailChoiceQuerySet":
        return self.filter(reader__address=normalise_address(address))


class MailChoice(models.Model):
    """A reader's last choice for one topic. Without a row, the topic has its default (notifications.registry.DEFAULT_TOPICS)."""

    reader = models.ForeignKey(MailReader, verbose_name=_("reader"), on_delete=models.CASCADE, related_name="choices")
    personal(reader)
    topic = personal(models.CharField(_("topic"), max_length=20, choices=Topic))
    wanted = personal(models.BooleanField(_("wanted")))
    chosen_at = personal(models.DateTimeField(_("chosen")))
    chosen_where = personal(models.CharField(_("where it was said"), max_length=20, choices=ChoiceSource))

    objects: ClassVar = MailChoiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("choice of mail")
        verbose_name_plural = _("choices of mail")
        constraints = [models.UniqueConstraint(fields=["reader", "topic"], name="mailchoice_once_a_topic")]

    def __str__(self) -> str:
        return f"{self.get_topic_display()}: {self.wanted}"


class DigestFrequency(models.TextChoices):
    AT_ONCE = "at-once", _("One email for each thing, straight away")
    DAILY = "daily", _("One email each working day, at 8am")
    TWICE = "twice", _("Two emails each working day, at 8am and 1pm")


DIGEST_TIMES_BY_FREQUENCY: dict[str, tuple[time, ...]] = {
    DigestFrequency.AT_ONCE: (),
    DigestFrequency.DAILY: (time(8),),
    DigestFrequency.TWICE: (time(8), time(13)),
}


class TeamMail(models.Model):
    """At most one row; without it, each event is emailed at once. Times are UK time."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    rhythm = models.CharField(_("emails that can wait"), max_length=10, choices=DigestFrequency, default=DigestFrequency.AT_ONCE)

    class Meta:
        verbose_name = _("setting")
        verbose_name_plural = _("How the team gets its mail")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="teammail_is_one")]

    def __str__(self) -> str:
        return str(self._meta.verbose_name_plural)

    def next_digest(self, now: datetime) -> datetime | None:
        """The first digest after `now`, on a working day of the team: weekend news goes on Monday. None if mail goes at once."""
        clocks = DIGEST_TIMES_BY_FREQUENCY[self.rhythm]
        if not clocks:
            return None
        days = (uk_day(now) + timedelta(days=ahead) for ahead in count())
        moments = (
            uk_datetime(day, clock) for day in days if is_working_day(day, TEAM_NATION, office_closed_days()) for clock in clocks
        )
        return next(moment for moment in moments if moment > now)

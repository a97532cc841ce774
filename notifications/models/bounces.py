"""Bounces: mail that came back, and the addresses that are marked for it."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ctac.models import impersonal, personal, words_in, words_index

RETURNED_MAIL_RETENTION = timedelta(days=90)
ADDRESS_WORDS = words_in("address")


class BounceType(models.TextChoices):
    """What an answer means for the address."""

    HARD = "hard", _("There is no such mailbox")
    SOFT = "soft", _("Not taken this time")
    COMPLAINT = "complaint", _("Called unwanted by its reader")


class ReportSource(models.TextChoices):
    """Where we know it from."""

    SERVER = "server", _("Our mail server, at once")
    MAILBOX = "mailbox", _("A report by email")
    PROVIDER = "provider", _("The mail provider")


class ClearReason(models.TextChoices):
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
    """One answer about one message: it came back, or its reader called it unwanted.

    `key` is the same whoever reports it and however often, so that it counts once. `went_at` is when the message went: what
    went before an address was put right says nothing about it any more.
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
        """Those that mail comes back from."""
        return self.filter(marked_at__isnull=False)

    def expired(self, now: datetime) -> "MarkedAddressQuerySet":
        """Not marked, and nothing has come of them for long. Who complained stays known."""
        return self.filter(marked_at=None, complained_at=None, last_at__lte=now - RETURNED_MAIL_RETENTION)


class MarkedAddress(models.Model):
    """An address that mail came back from; marked while nobody has put it right.

    Marked by one hard return, or by soft ones on three days within a month (services.bouncing). `tried_at` is when mail last went
    there all the same, and `tried_with` the message: one a day, so that a mark that is wrong does not silence us.
    """

    address = personal(models.EmailField(_("address"), unique=True))  # lower case
    sort = models.CharField(_("what it means"), max_length=10, choices=BounceType)
    said = personal(models.CharField(_("in the server’s words"), max_length=300, blank=True))
    marked_at = models.DateTimeField(_("marked"), null=True, blank=True)
    last_at = models.DateTimeField(_("last came back"))
    tried_at = models.DateTimeField(_("last tried"), null=True, blank=True)
    tried_with = models.BigIntegerField(_("last tried with"), null=True, blank=True)
    complained_at = models.DateTimeField(_("called unwanted"), null=True, blank=True)
    cleared_at = models.DateTimeField(_("put right"), null=True, blank=True)
    cleared = models.CharField(_("put right by"), max_length=10, choices=ClearReason, blank=True, default="")
    cleared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    personal(cleared_by)

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
            words_index("marked_searched", ADDRESS_WORDS),
        ]

    def __str__(self) -> str:
        return self.address


class MailboxRead(models.Model):
    """How far the mailbox of returned mail is read. IMAP numbers messages for good, as long as `validity` stays the same."""

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

"""The outbox: one row an email, one email to one person about one event."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    PENDING = "pending", _("Pending")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    EXPIRED = "expired", _("Expired")


class Notification(models.Model):
    """One email. Written in the transaction of the thing that it tells of, unique by (kind, about, version, recipient).

    `about` names the object ("booking:12"), `reference` is what a person quotes. A resend is a new row that points to
    the first. `due_at` is the only clock. Times are UTC.
    """

    kind = models.CharField(_("kind"), max_length=50)
    about = models.CharField(_("about"), max_length=60)
    reference = models.CharField(_("reference"), max_length=20, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)
    recipient = models.EmailField(_("recipient"))
    resend_of = models.ForeignKey("self", verbose_name=_("resend of"), null=True, blank=True, on_delete=models.PROTECT, related_name="resends")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    created_at = models.DateTimeField(_("created"))
    due_at = models.DateTimeField(_("due"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    kicked_at = models.DateTimeField(_("queued"), null=True, blank=True)
    lease_until = models.DateTimeField(_("lease ends"), null=True, blank=True)
    lease_token = models.UUIDField(_("lease"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)
    message_id = models.CharField(_("Message-ID"), max_length=120)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    text_body = models.TextField(_("text"), blank=True)
    html_body = models.TextField(_("HTML"), blank=True)
    sealed_body = models.BinaryField(_("encrypted body"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "about", "version", "recipient"], name="notification_once", condition=Q(resend_of__isnull=True)
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="notification_unsent_by_due", condition=Q(state__in=["pending", "sending"])),
            models.Index(fields=["-created_at", "-id"], name="notification_newest"),
            models.Index(fields=["reference"], name="notification_by_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference or self.about}"

"""An account that staff moved to a new address, and why they were sure."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class AccountRecovery(models.Model):
    """For somebody who had lost both mailbox and second factor: staff called the organisation first (ADR 69).

    Kept as long as the account, so that it can be asked later who let whom in.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("account"), on_delete=models.CASCADE, related_name="recoveries"
    )
    # No constraint: what was done stays when the sign-in of who did it goes.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("by"),
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
    )
    at = models.DateTimeField(_("when"))
    old = models.EmailField(_("old address"))
    new = models.EmailField(_("new address"))
    called = models.CharField(_("who was called"), max_length=200)
    number = models.CharField(_("on which number"), max_length=40)

    class Meta:
        verbose_name = _("recovery of an account")
        verbose_name_plural = _("recoveries of accounts")

    def __str__(self) -> str:
        return str(self.pk)

"""Rate limits: one table, one statement for all keys of a request."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class RateLimit(models.Model):
    """How often something happened in the current window. `key` is a hash, never an address.

    `lifted`: staff let it through, so nothing is counted until the window ends.
    """

    key = models.CharField(_("key"), max_length=64, primary_key=True)
    hits = models.PositiveIntegerField(_("hits"))
    resets_at = models.DateTimeField(_("resets"), db_index=True)
    lifted = models.BooleanField(_("lifted"), default=False, db_default=False)

    class Meta:
        verbose_name = _("rate limit")
        verbose_name_plural = _("rate limits")

    def __str__(self) -> str:
        return self.key

"""What all workers know of the mail servers: whether ours takes mail, and how much has gone to each domain."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


def server_name() -> str:
    return f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"


class MailServerQuerySet(models.QuerySet["MailServer"]):
    def silent(self) -> "MailServerQuerySet":
        """Ours, if it is down; one that the settings named before is nobody's concern."""
        return self.filter(name=server_name()).exclude(down_since=None)


class MailServer(models.Model):
    """One server that we hand mail to. While it is down one worker at a time tries it; `next_try_at` is when the next may."""

    name = models.CharField(_("server and port"), max_length=300, unique=True)
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

    domain = models.CharField(_("domain"), max_length=254, unique=True)
    minute = models.DateTimeField(_("minute"))
    taken = models.PositiveIntegerField(_("messages in this minute"), default=0)
    line_until = models.DateTimeField(_("line until"))

    class Meta:
        verbose_name = _("domain of addresses")
        verbose_name_plural = _("domains of addresses")

    def __str__(self) -> str:
        return self.domain

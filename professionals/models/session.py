"""Where somebody is signed in: a browser that has our cookie."""

import uuid
from datetime import datetime
from importlib import import_module

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ctac.uk import format_moment


class SessionQuerySet(models.QuerySet["Session"]):
    def live(self, now: datetime) -> "SessionQuerySet":
        return self.filter(expire_date__gt=now)

    def over(self, before: datetime) -> "SessionQuerySet":
        return self.filter(expire_date__lte=before)


class Session(AbstractBaseSession):
    """One browser. Its row is found by a hash of the cookie, so that a copy of this table opens no session (ADR 64).

    `expire_date` is when it ends if nobody comes back; `ends_at` is when it ends whatever happens. A row without a user carries
    a sign-in that has begun. Rows go when the user is closed or gets other roles: triggers of the database see to that.
    """

    session_key = models.CharField(_("hash of the cookie"), max_length=64, primary_key=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("account"), null=True, on_delete=models.CASCADE, related_name="sessions"
    )
    public_id = models.UUIDField(_("what addresses of pages call it"), default=uuid.uuid4, editable=False)
    of_staff = models.BooleanField(_("of staff"), default=False)
    device = models.CharField(_("device"), max_length=60, blank=True)
    started_at = models.DateTimeField(_("signed in"), default=timezone.now)
    seen_at = models.DateTimeField(_("last used"), default=timezone.now)
    ends_at = models.DateTimeField(_("ends at the latest"))

    objects = BaseSessionManager.from_queryset(SessionQuerySet)()  # type: ignore[misc] # the base says that it is the class's own

    class Meta:
        verbose_name = _("browser session")
        verbose_name_plural = _("browser sessions")

    def __str__(self) -> str:
        return str(self.public_id)

    @property
    def since(self) -> str:
        return format_moment(self.started_at)

    @property
    def last_seen(self) -> str:
        return format_moment(self.seen_at)

    @classmethod
    def get_session_store_class(cls) -> type:
        store: type = import_module(settings.SESSION_ENGINE).SessionStore
        return store

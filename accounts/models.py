"""Accounts, the browsers that are signed in to them, saved views of lists, and limits on tries."""

import uuid
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.dates import format_datetime
from core.models import impersonal, personal, searchable_text, trigram_index

USER_SEARCH_TEXT = searchable_text("email", "name")
UK_MOBILE_PATTERN = r"^\+447[1-9][0-9]{8}$"  # 070 is no mobile


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """An account: an email address, perhaps a password, perhaps staff rights. Only staff have a `name`; others have a Person."""

    email = personal(models.EmailField(_("email address"), unique=True))
    name = personal(models.CharField(_("name"), max_length=150, blank=True, default="", db_default=""))
    is_staff = models.BooleanField(_("staff"), default=False, help_text=_("May sign in to the staff site, with a second factor."))
    is_active = models.BooleanField(_("active"), default=True)
    mobile = personal(models.CharField(_("mobile"), max_length=16, blank=True, default="", db_default=""))  # only of staff: +447…
    date_joined = personal(models.DateTimeField(_("joined"), default=timezone.now))

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]  # createsuperuser asks for it, and it may be left empty
    PERSONAL_FIELDS = ("id", "password", "last_login")

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        permissions = [("recover_user", _("Can move an account to a new address"))]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_unique_in_any_case"),
            models.CheckConstraint(name="user_mobile_is_of_the_uk", condition=Q(mobile="") | Q(mobile__regex=UK_MOBILE_PATTERN)),
        ]
        indexes = [
            models.Index(Upper("email"), name="user_email_in_any_case"),  # for the look-up that allauth does
            trigram_index("user_searched", USER_SEARCH_TEXT),
            models.Index(fields=["-id"], name="user_staff", condition=models.Q(is_staff=True)),
            models.Index(fields=["-id"], name="user_closed", condition=models.Q(is_active=False)),
        ]

    def __str__(self) -> str:
        return self.name or self.email


class SessionQuerySet(models.QuerySet["Session"]):
    def live(self, now: datetime) -> Self:
        return self.filter(expire_date__gt=now)


class Session(AbstractBaseSession):
    """One signed-in browser. Its row is found by a hash of the cookie, so a copy of this table opens no session (ADR 9).

    `expire_date` is when it ends if nobody comes back, `ends_at` when it ends in any case. A row without a user holds a sign-in
    that has begun. Database triggers delete the rows of a user who is closed or gets other roles.
    """

    session_key = impersonal(models.CharField(_("hash of the cookie"), max_length=64, primary_key=True))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("account"), null=True, on_delete=models.CASCADE, related_name="sessions"
    )
    personal(user)
    public_id = models.UUIDField(_("what addresses of pages call it"), default=uuid.uuid4, editable=False)
    of_staff = models.BooleanField(_("of staff"), default=False)
    device = personal(models.CharField(_("device"), max_length=60, blank=True))
    started_at = personal(models.DateTimeField(_("signed in"), default=timezone.now))
    seen_at = personal(models.DateTimeField(_("last used"), default=timezone.now))
    ends_at = models.DateTimeField(_("ends at the latest"))

    PERSONAL_FIELDS = ("session_data",)

    objects = BaseSessionManager.from_queryset(SessionQuerySet)()  # type: ignore[misc] # the base says that it is the class's own

    class Meta:
        verbose_name = _("browser session")
        verbose_name_plural = _("browser sessions")

    def __str__(self) -> str:
        return str(self.public_id)

    @property
    def since(self) -> str:
        return format_datetime(self.started_at)

    @property
    def last_seen(self) -> str:
        return format_datetime(self.seen_at)


class SavedFilterQuerySet(models.QuerySet["SavedFilter"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(Q(owner=user) | Q(for_team=True))


class SavedFilter(models.Model):
    """Filters and order of a list of the staff site, under a name. Never what was searched for, nor whose rows those are."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("whose"), on_delete=models.CASCADE, related_name="saved_filters"
    )
    personal(owner)
    list_model = impersonal(models.CharField(_("list"), max_length=60))  # its model: "bookings.booking"
    name = personal(models.CharField(_("name"), max_length=40))
    query = impersonal(models.CharField(_("filters"), max_length=300))
    for_team = models.BooleanField(_("for the whole team"), default=False)

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint("owner", "list_model", Lower("name"), name="saved_filter_named_once_a_list")]
        indexes = [models.Index(fields=["list_model", "name"], name="saved_filter_of_the_team", condition=Q(for_team=True))]

    def __str__(self) -> str:
        return self.name


class RateLimit(models.Model):
    """How often something happened in the current window. `key` is a hash, never an address.

    `lifted`: staff let it through, so nothing is counted until the window ends.
    """

    key = impersonal(models.CharField(_("key"), max_length=64, primary_key=True))
    hits = models.PositiveIntegerField(_("hits"))
    resets_at = models.DateTimeField(_("resets"), db_index=True)
    lifted = models.BooleanField(_("lifted"), default=False, db_default=False)

    class Meta:
        verbose_name = _("rate limit")
        verbose_name_plural = _("rate limits")

    def __str__(self) -> str:
        return self.key


class BlockReason(models.TextChoices):
    THROTTLE = "throttle", _("Too many tries")
    HIDDEN_BOX = "hidden-box", _("Filled in the hidden box")
    TOO_OLD = "too-old", _("Open for more than a day")
    NO_TIME = "no-time", _("Sent without opening our page")


class ThrottleScope(models.TextChoices):
    """What tries are counted by."""

    NOBODY = "", _("Nobody")
    NETWORK = "network", _("Network address")
    ACCOUNT = "account", _("Account")
    ORGANISATION = "organisation", _("Organisation")
    POSTCODE = "postcode", _("Delivery postcode")
    TITLE = "title", _("Leaflet")
    MAILBOX = "mailbox", _("Email address")
    BOOKING = "booking", _("Booking")


class LimitedActivity(models.TextChoices):
    SIGN_IN = "sign-in", _("Signing in")
    PASSWORD = "password", _("Forgotten password")
    ACCOUNT = "account", _("Account pages")
    BASKET = "basket", _("Adding to the basket")
    DELIVERY = "delivery", _("Delivery address")
    ORDER = "order", _("Placing an order")
    TIMES = "times", _("Choosing a time")
    CHANGE = "change", _("Changing a booking")
    ORDER_CHANGE = "order-edit", _("Changing an order")
    LINK = "link", _("Links in emails")
    CALENDAR = "calendar", _("Calendar addresses")
    PLACE = "place", _("Taking a place at a session")
    FEEDBACK = "feedback", _("Feedback and certificates")
    COMPLAINT = "complaint", _("Complaining about data")

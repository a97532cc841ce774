"""Addresses that work without signing in: links in emails about a booking or a place, and calendar feeds."""

import hashlib
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import ROLES
from bookings.models.booking import Booking
from bookings.models.open_session import SessionPlace
from bookings.models.presenter import Presenter
from core.models import impersonal, personal

# A link in an email ends when the presentation starts, and never lasts longer than this.
LINK_LIFETIME = timedelta(days=120)


class EmailLink(models.Model):
    """A link in an email, for somebody who is not signed in, for one purpose and one address. Only the SHA-256 of its token is
    kept.

    `address_hash` is of the address that it was sent to, so that it ends with that address.
    """

    token_hash = impersonal(models.CharField(_("hash of the token"), max_length=64, unique=True))
    address_hash = personal(models.CharField(_("hash of the address"), max_length=64))
    created_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("expires"), db_index=True)

    class Meta:
        abstract = True


class LinkPurpose(models.TextChoices):
    CHANGE = "change", _("See it and change its time")
    CANCEL = "cancel", _("Cancel it")


class BookingLink(EmailLink):
    booking = models.ForeignKey(Booking, verbose_name=_("booking"), on_delete=models.CASCADE, related_name="links")
    purpose = models.CharField(_("purpose"), max_length=10, choices=LinkPurpose)

    class Meta:
        verbose_name = _("link in an email")
        verbose_name_plural = _("links in emails")
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="link_expires_after_it_is_made"),
            models.CheckConstraint(condition=Q(("token_hash__regex", "^[0-9a-f]{64}$")), name="link_keeps_a_hash_only"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.booking_id}"


class PlaceLinkPurpose(models.TextChoices):
    SEE = "see", _("See it, and take what is offered")
    LEAVE = "leave", _("Give it up")


class PlaceLink(EmailLink):
    place = models.ForeignKey(SessionPlace, verbose_name=_("place"), on_delete=models.CASCADE, related_name="links")
    purpose = models.CharField(_("purpose"), max_length=10, choices=PlaceLinkPurpose)

    class Meta:
        verbose_name = _("link in an email about a place")
        verbose_name_plural = _("links in emails about places")
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="placelink_expires_after_it_is_made"),
            models.CheckConstraint(condition=Q(("token_hash__regex", "^[0-9a-f]{64}$")), name="placelink_keeps_a_hash_only"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.place_id}"


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def hash_address(address: str) -> str:
    return salted_hmac("bookings.link.address", address.strip().lower(), algorithm="sha256").hexdigest()


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    def working(self) -> "CalendarFeedQuerySet":
        """Feeds whose owner may still sign in with the account that made it.

        A presenter's works only while they give presentations; the team's works while the colleague who made it may see every
        diary.
        """
        persons = Q(person__user=F("user"))
        presenters = Q(presenter__user=F("user"), presenter__active=True, user__is_staff=True)
        roles = [role.name for role in ROLES if "bookings.view_busytime" in role.permissions]
        sees_all = Q(user__is_superuser=True) | Q(user__in=User.objects.filter(groups__name__in=roles))
        return self.filter(persons | presenters | Q(sees_all, team=True, user__is_staff=True), user__is_active=True)


class CalendarFeed(models.Model):
    """The calendar address of a professional, a presenter or, for each colleague their own, of the team. Revoking it deletes
    the row.

    Its token is stored nowhere: `token_hash` is the SHA-256 of it, and it is worked out from `seed` and the site's secret key
    when its owner looks at it (bookings.calendars.views). `digest` is of what was in it when it last changed, at `changed_at`.
    With `read_at`, when a calendar program last looked, these are the only figures that reading it writes.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("made by"), on_delete=models.CASCADE, related_name="calendar_feeds"
    )
    personal(user)
    person = models.OneToOneField(
        "professionals.Person",
        verbose_name=_("person"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="calendar_feed",
    )
    personal(person)
    presenter = models.OneToOneField(
        Presenter, verbose_name=_("presenter"), null=True, blank=True, on_delete=models.CASCADE, related_name="calendar_feed"
    )
    personal(presenter)
    team = models.BooleanField(_("of the team"), default=False, db_default=False)
    seed = impersonal(models.CharField(_("seed of the token"), max_length=43, unique=True))
    token_hash = impersonal(models.CharField(_("hash of the token"), max_length=64, unique=True))
    created_at = models.DateTimeField(_("made"))
    digest = impersonal(models.CharField(_("digest of what was in it"), max_length=64, blank=True))
    changed_at = models.DateTimeField(_("changed"), null=True, blank=True)
    read_at = models.DateTimeField(_("read by a calendar"), null=True, blank=True)

    objects = CalendarFeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar address")
        verbose_name_plural = _("calendar addresses")
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, presenter__isnull=True, team=False)
                | Q(person__isnull=True, presenter__isnull=False, team=False)
                | Q(person__isnull=True, presenter__isnull=True, team=True),
                name="calendarfeed_of_one_owner",
            ),
            models.UniqueConstraint(fields=["user"], condition=Q(team=True), name="calendarfeed_of_the_team_once"),
            models.CheckConstraint(condition=Q(("token_hash__regex", "^[0-9a-f]{64}$")), name="calendarfeed_keeps_a_hash_only"),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

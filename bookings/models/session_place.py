"""One professional's place at an open session, or in the line for one."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import Channel
from bookings.models.open_session import OpenSession, SessionState
from ctac.uk import format_clock, format_day


class PlaceState(models.TextChoices):
    TAKEN = "taken", _("Taken")
    WAITING = "waiting", _("Waiting")
    OFFERED = "offered", _("Offered")
    GIVEN_UP = "given-up", _("Given up")
    ATTENDED = "attended", _("Attended")


PLACE_MOVES: dict[str, frozenset[str]] = {
    PlaceState.WAITING: frozenset({PlaceState.OFFERED, PlaceState.TAKEN, PlaceState.GIVEN_UP}),
    PlaceState.OFFERED: frozenset({PlaceState.TAKEN, PlaceState.WAITING, PlaceState.GIVEN_UP}),
    PlaceState.TAKEN: frozenset({PlaceState.WAITING, PlaceState.GIVEN_UP, PlaceState.ATTENDED}),
    # Who comes back takes a place, or stands at the end of the line.
    PlaceState.GIVEN_UP: frozenset({PlaceState.TAKEN, PlaceState.WAITING}),
    PlaceState.ATTENDED: frozenset(),
}
# These fill a place: nobody else can have it. The trigger in bookings/sql/sessions.sql counts the same.
OCCUPYING = (PlaceState.TAKEN, PlaceState.OFFERED, PlaceState.ATTENDED)
LIVE_PLACES = (*OCCUPYING, PlaceState.WAITING)
PLACE_TAGS = {
    PlaceState.TAKEN: "good",
    PlaceState.WAITING: "waiting",
    PlaceState.OFFERED: "waiting",
    PlaceState.GIVEN_UP: "stopped",
    PlaceState.ATTENDED: "done",
}
# To whose place it is.
PLACE_SAID = {
    PlaceState.TAKEN: _("You have a place"),
    PlaceState.WAITING: _("You are waiting"),
    PlaceState.OFFERED: _("A place is kept for you"),
    PlaceState.GIVEN_UP: _("Given up"),
    PlaceState.ATTENDED: _("You were there"),
}


class SessionPlaceQuerySet(models.QuerySet["SessionPlace"]):
    def live(self) -> "SessionPlaceQuerySet":
        return self.filter(state__in=LIVE_PLACES)

    def in_line(self) -> "SessionPlaceQuerySet":
        """Who waits, the first first."""
        return self.filter(state=PlaceState.WAITING).order_by("position")

    def lapsed(self, now: datetime) -> "SessionPlaceQuerySet":
        """Offers whose time is over and which nobody has ended yet."""
        return self.filter(state=PlaceState.OFFERED, offer_expires_at__lte=now)

    def for_my_page(self, person: object) -> "SessionPlaceQuerySet":
        return self.filter(person=person).select_related("session__presentation", "session__presenter")

    def lying_ahead(self, now: datetime) -> "SessionPlaceQuerySet":
        """Of sessions that are not over: what somebody has or waits for, the soonest first."""
        ahead = self.live().filter(session__state=SessionState.SCHEDULED, session__ends_at__gt=now)
        return ahead.order_by("session__starts_at", "pk")

    def behind(self, now: datetime) -> "SessionPlaceQuerySet":
        """All others, the newest session first."""
        ahead = Q(state__in=LIVE_PLACES, session__state=SessionState.SCHEDULED, session__ends_at__gt=now)
        return self.exclude(ahead).order_by("-session__starts_at", "-pk")


class SessionPlace(models.Model):
    """One row a person and session, for ever: who gives up and comes back gets the same row and a new `position`.

    `position` says who came before whom, at one session; the database gives the next one whenever a row of position 0 is written.
    `version` goes up with each change that its person is told of, so that each is told once.
    """

    session = models.ForeignKey(OpenSession, verbose_name=_("session"), on_delete=models.PROTECT, related_name="places")
    person = models.ForeignKey(
        "professionals.Person", verbose_name=_("person"), on_delete=models.PROTECT, related_name="session_places"
    )
    state = models.CharField(_("state"), max_length=10, choices=PlaceState)
    position = models.PositiveIntegerField(_("position"), default=0)
    offer_expires_at = models.DateTimeField(_("offered until"), null=True, blank=True)
    access_needs = models.TextField(_("access needs"), blank=True)
    flagged_child_details = models.BooleanField(_("looked like a child’s details"), default=False)
    channel = models.CharField(_("came by"), max_length=10, choices=Channel)
    version = models.PositiveIntegerField(_("changes that its person was told of"), default=0)
    submission_token = models.CharField(_("one-time token"), max_length=43, unique=True, null=True, blank=True)
    created_at = models.DateTimeField(_("asked for"))

    objects = SessionPlaceQuerySet.as_manager()

    class Meta:
        ordering = ["session", "position"]
        verbose_name = _("place")
        verbose_name_plural = _("places")
        constraints = [
            models.UniqueConstraint(fields=["session", "person"], name="sessionplace_one_a_person"),
            models.UniqueConstraint(fields=["session", "position"], name="sessionplace_one_a_position"),
            models.CheckConstraint(
                condition=Q(state="offered", offer_expires_at__isnull=False) | (~Q(state="offered") & Q(offer_expires_at=None)),
                name="sessionplace_only_offers_run_out",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-id"], name="sessionplace_of_a_person"),
            models.Index(fields=["session", "state", "position"], name="sessionplace_in_line"),
            models.Index(fields=["offer_expires_at"], name="sessionplace_offers", condition=Q(state="offered")),
        ]

    def __str__(self) -> str:
        return f"{self.session}: {self.get_state_display()}"

    def can_become(self, state: str) -> bool:
        return state in PLACE_MOVES[self.state]

    @property
    def state_kind(self) -> str:
        return PLACE_TAGS[PlaceState(self.state)]

    @property
    def said(self) -> str:
        """The state as its own person reads it."""
        return str(PLACE_SAID[PlaceState(self.state)])

    @property
    def offered_until(self) -> str:
        """'Tuesday 9 March 2027, 1:30pm'; empty if nothing is offered."""
        until = self.offer_expires_at
        return _now("%(day)s, %(clock)s") % {"day": format_day(until), "clock": format_clock(until)} if until else ""

    @property
    def has_a_place(self) -> bool:
        """Only who has one is shown how to join."""
        return self.state in (PlaceState.TAKEN, PlaceState.ATTENDED)


class PlaceLinkPurpose(models.TextChoices):
    SEE = "see", _("See it, and take what is offered")
    LEAVE = "leave", _("Give it up")


class PlaceLinkQuerySet(models.QuerySet["PlaceLink"]):
    def expired(self, now: datetime) -> "PlaceLinkQuerySet":
        return self.filter(expires_at__lte=now)


class PlaceLink(models.Model):
    """A link in an email about a place, for whoever is not signed in: kept as BookingLink is, its token nowhere."""

    place = models.ForeignKey(SessionPlace, verbose_name=_("place"), on_delete=models.CASCADE, related_name="links")
    purpose = models.CharField(_("purpose"), max_length=10, choices=PlaceLinkPurpose)
    token_hash = models.CharField(_("hash of the token"), max_length=64, unique=True)
    address_hash = models.CharField(_("hash of the address"), max_length=64)
    created_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("expires"), db_index=True)

    objects = PlaceLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("link in an email about a place")
        verbose_name_plural = _("links in emails about places")
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="placelink_expires_after_it_is_made"),
            models.CheckConstraint(condition=Q(("token_hash__regex", "^[0-9a-f]{64}$")), name="placelink_keeps_a_hash_only"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.place_id}"

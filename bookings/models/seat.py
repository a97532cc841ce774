"""Spare seats of a booking: a guest from another organisation asks its host for one."""

from datetime import datetime

from django.db import models
from django.db.models import Case, Q, When
from django.utils.translation import gettext_lazy as _

from bookings.models.booking import Booking, BookingState
from core.models import StateModel, free_text, personal


class SeatState(models.TextChoices):
    ASKED = "asked", _("Asked for")
    APPROVED = "approved", _("Given")
    DECLINED = "declined", _("Declined")
    GIVEN_UP = "given-up", _("Given up")


SEAT_TRANSITIONS: dict[str, frozenset[str]] = {
    SeatState.ASKED: frozenset({SeatState.APPROVED, SeatState.DECLINED, SeatState.GIVEN_UP}),
    SeatState.APPROVED: frozenset({SeatState.DECLINED, SeatState.GIVEN_UP}),
    SeatState.DECLINED: frozenset(),
    SeatState.GIVEN_UP: frozenset({SeatState.ASKED}),
}
LIVE_SEAT_STATES = (SeatState.ASKED, SeatState.APPROVED)
SEAT_COLOURS = {
    SeatState.ASKED: "waiting",
    SeatState.APPROVED: "good",
    SeatState.DECLINED: "stopped",
    SeatState.GIVEN_UP: "stopped",
}
SEAT_TITLES = {
    SeatState.ASKED: _("You have asked for a seat"),
    SeatState.APPROVED: _("You have a seat"),
    SeatState.DECLINED: _("The host could not give you a seat"),
    SeatState.GIVEN_UP: _("You have given up your seat"),
}


class SeatQuerySet(models.QuerySet["Seat"]):
    def live(self) -> "SeatQuerySet":
        return self.filter(state__in=LIVE_SEAT_STATES)

    def approved(self) -> "SeatQuerySet":
        return self.filter(state=SeatState.APPROVED)

    def with_related(self) -> "SeatQuerySet":
        """With the guest and their organisation, in the order in which a host reads them: guests who wait for an answer first."""
        order = Case(*(When(state=state, then=place) for place, state in enumerate(SeatState)))
        return self.select_related("person__organisation").order_by(order, "created_at", "pk")

    def with_booking(self) -> "SeatQuerySet":
        return self.select_related("person", "booking__presentation", "booking__presenter", "booking__person__organisation")

    def not_over(self, now: datetime) -> "SeatQuerySet":
        """Seats that somebody has or has asked for, the soonest first."""
        ahead = Q(booking__state=BookingState.CONFIRMED, booking__ends_at__gt=now)
        return self.live().filter(ahead).order_by("booking__starts_at", "pk")


class Seat(StateModel):
    """One row for each guest and booking: a guest who gives up and asks again keeps it.

    `version` goes up with each change that its guest gets an email about. `approved_at` stays when the seat is lost, until the
    guest asks again. The database counts the approved seats of a booking, in its `seats_taken`.
    """

    transitions = SEAT_TRANSITIONS
    status_colours = SEAT_COLOURS

    booking = models.ForeignKey(Booking, verbose_name=_("booking"), on_delete=models.CASCADE, related_name="seats")
    person = models.ForeignKey(
        "professionals.Person", verbose_name=_("person"), on_delete=models.PROTECT, related_name="seats", db_index=False
    )
    personal(person)
    state = models.CharField(_("state"), max_length=10, choices=SeatState, default=SeatState.ASKED)
    access_needs = free_text(models.TextField(_("access needs"), blank=True))
    version = models.PositiveIntegerField(_("changes that its guest was told of"), default=0)
    created_at = models.DateTimeField(_("asked for"))
    approved_at = models.DateTimeField(_("given"), null=True, blank=True)

    objects = SeatQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = _("seat")
        verbose_name_plural = _("seats")
        constraints = [
            models.UniqueConstraint(fields=["booking", "person"], name="seat_one_a_guest"),
            models.CheckConstraint(condition=Q(state__in=SeatState.values), name="seat_in_a_known_state"),
            models.CheckConstraint(condition=~Q(state="approved") | Q(approved_at__isnull=False), name="seat_given_says_when"),
        ]
        indexes = [models.Index(fields=["person", "-id"], name="seat_of_a_guest")]

    def __str__(self) -> str:
        return f"{self.booking}: {self.get_state_display()}"

    @property
    def state_title(self) -> str:
        """The state as its guest reads it."""
        return str(SEAT_TITLES[SeatState(self.state)])

    @property
    def is_live(self) -> bool:
        return self.state in LIVE_SEAT_STATES

    @property
    def has_a_seat(self) -> bool:
        """Only a guest who has one is told where it is and whom to ring."""
        return self.state == SeatState.APPROVED

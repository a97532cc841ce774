"""Busy time: one table holds every claim on a presenter's time, and the database enforces the two rules about it.

The exclusion constraint below refuses overlaps; the trigger in bookings/sql/travel.sql refuses too little time to travel (the
rule is in bookings/travel.py). Only services write here; each first locks the presenter.
"""

from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy as _

from bookings.models.booking import Booking, DateOption
from bookings.models.leave import Leave
from bookings.models.open_session import OpenSession
from bookings.models.presenter import Format, Presentation, Presenter
from bookings.travel import MAX_OVERRIDE_MINUTES, Place
from core.dates import format_datetime_range, format_uk_time
from core.models import free_text, impersonal, personal, user_foreign_key
from office.site_settings.models import SETTING_BOUNDS

MAX_HOLD_PERIOD = timedelta(minutes=SETTING_BOUNDS["hold_minutes"][1])
MAX_HELD_TIMES = 3  # times of one presenter at once


class Hold(models.Model):
    """A slot kept for some minutes for somebody who is filling in the form, and once more for as long. It belongs to their draft.

    `client` is a hash of who asked (accounts.rate_limits), so that only a few can be kept from one network address at a time.
    """

    draft = models.OneToOneField("professionals.Draft", verbose_name=_("draft"), on_delete=models.CASCADE, related_name="hold")
    personal(draft)
    person = models.ForeignKey(
        "professionals.Person", verbose_name=_("person"), null=True, blank=True, on_delete=models.CASCADE, related_name="holds"
    )
    personal(person)
    presenter = models.ForeignKey(Presenter, verbose_name=_("presenter"), on_delete=models.CASCADE, related_name="holds")
    personal(presenter)
    presentation = models.ForeignKey(Presentation, verbose_name=_("presentation"), on_delete=models.CASCADE, related_name="holds")
    format = models.CharField(_("format"), max_length=10, choices=Format)
    postcode = personal(models.CharField(_("postcode"), max_length=9, blank=True))
    start = models.DateTimeField(_("start"))
    held_at = models.DateTimeField(_("kept since"), default=timezone.now)
    extended_at = models.DateTimeField(_("extended"), null=True, blank=True)
    expires_at = models.DateTimeField(_("expires"))
    client = impersonal(models.CharField(_("kept from"), max_length=64, blank=True))

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        indexes = [models.Index(fields=["client", "expires_at"], name="hold_client")]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__lte=F("held_at") + MAX_HOLD_PERIOD)
                | Q(extended_at__isnull=False, expires_at__lte=F("held_at") + 2 * MAX_HOLD_PERIOD),
                name="hold_is_extended_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.presenter} {self.start:%Y-%m-%d %H:%M}"


class HeldEndReason(models.TextChoices):
    """Why a time is no longer held for its area."""

    TAKEN = "taken", _("Booked")
    LAPSED = "lapsed", _("Time ran out")
    RELEASED = "released", _("Released by staff")
    AWAY = "away", _("Presenter on leave")


class HeldTimeQuerySet(models.QuerySet["HeldTime"]):
    def open(self) -> "HeldTimeQuerySet":
        return self.filter(ended="")

    def lapsed(self, now: datetime) -> "HeldTimeQuerySet":
        """The held times that have run out and that the task has not ended yet."""
        return self.open().filter(expires_at__lte=now)


class HeldTime(models.Model):
    """A time of a presenter that is held for the people of one area, because a visit near there takes place (`visit`).

    `keys`: the area's districts, or an island's nation. Visits at a postcode there may be booked over it, and nothing else.
    While somebody from there fills in the form over it, its claim is not live; if they leave, it is again. `number`: 1 to 3 of
    the presenter's, so that the database counts them.
    """

    presenter = models.ForeignKey(Presenter, verbose_name=_("presenter"), on_delete=models.CASCADE, related_name="times_held")
    personal(presenter)
    visit = models.ForeignKey(Booking, verbose_name=_("around the visit"), on_delete=models.CASCADE, related_name="times_held")
    area = impersonal(models.CharField(_("area"), max_length=60))
    area_name = impersonal(models.CharField(_("name of the area"), max_length=80))
    keys = impersonal(ArrayField(models.CharField(max_length=20), verbose_name=_("districts")))
    starts_at = models.DateTimeField(_("start"))
    ends_at = models.DateTimeField(_("end"))
    number = models.PositiveSmallIntegerField(_("number"))
    held_at = models.DateTimeField(_("held since"), default=timezone.now)
    held_by = user_foreign_key(_("held by"), blank=True)
    expires_at = models.DateTimeField(_("expires"))
    ended = models.CharField(_("why it ended"), max_length=10, choices=HeldEndReason, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    booking = models.ForeignKey(
        Booking, verbose_name=_("booking"), null=True, blank=True, on_delete=models.CASCADE, related_name="taken_times"
    )

    objects = HeldTimeQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "pk"]
        verbose_name = _("time held for an area")
        verbose_name_plural = _("times held for areas")
        indexes = [models.Index(fields=["expires_at"], condition=Q(ended=""), name="heldtime_to_lapse")]
        constraints = [
            models.CheckConstraint(condition=Q(number__gte=1, number__lte=MAX_HELD_TIMES), name="heldtime_three_at_most"),
            models.UniqueConstraint(fields=["presenter", "number"], condition=Q(ended=""), name="heldtime_numbers_differ"),
            models.CheckConstraint(
                condition=Q(ended="", ended_at=None) | (~Q(ended="") & Q(ended_at__isnull=False)), name="heldtime_ended_says_when"
            ),
            models.CheckConstraint(
                condition=Q(ended=HeldEndReason.TAKEN, booking__isnull=False) | (~Q(ended=HeldEndReason.TAKEN) & Q(booking=None)),
                name="heldtime_taken_by_a_booking",
            ),
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at"), expires_at__gt=F("held_at")), name="heldtime_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.area_name}, {self.when}"

    @property
    def when(self) -> str:
        return format_datetime_range(self.starts_at, self.ends_at)

    @property
    def clocks(self) -> str:
        """The time range, for use under a date heading: '1:30pm to 3pm'."""
        return gettext("%(start)s to %(end)s") % {"start": format_uk_time(self.starts_at), "end": format_uk_time(self.ends_at)}


class BusyKind(models.TextChoices):
    BOOKING = "booking", _("Booking")
    HOLD = "hold", _("Hold")
    LEAVE = "leave", _("Leave")
    OPTION = "option", _("Date kept for a request")
    SESSION = "session", _("Open session")
    HELD = "held", _("Held for an area")


# Claims that are given back when their time is over.
EXPIRING_KINDS = (BusyKind.HOLD, BusyKind.OPTION, BusyKind.HELD)


class BusyTimeQuerySet(models.QuerySet["BusyTime"]):
    def live_at(self, now: datetime) -> "BusyTimeQuerySet":
        """Claims that count at that moment: expired ones don't, even if no writer has cleared them yet."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), live=True)

    def expired(self, now: datetime) -> "BusyTimeQuerySet":
        """Claims that expire, and whose time is over."""
        return self.filter(expires_at__lte=now)

    def overlapping(self, start: Any, end: Any) -> "BusyTimeQuerySet":
        """The claims that overlap the time between two moments.

        The query names the claim's end and start, so that the index `busytime_to_come` serves: the database does not look at past
        claims, however many there are.
        """
        return self.filter(busy__endswith__gt=start, busy__startswith__lt=end)


LINK_FIELDS = ("booking", "leave", "hold", "option", "session", "held")


def only_link_condition(link: str) -> Q:
    """The condition that a claim is of the kind with that name, and has that link and no other."""
    return Q(kind=link, **{f"{name}__isnull": name != link for name in LINK_FIELDS})


class BusyTime(models.Model):
    """One claim. `busy` is its own time, start included and end not. Travel is never in it, as that depends on the neighbours.

    A claim without coordinates needs no travel. `travel_minutes` is what staff set for this visit, with `travel_reason`.
    """

    # No index of its own: busytime_of_a_presenter begins with it.
    presenter = models.ForeignKey(
        Presenter, verbose_name=_("presenter"), on_delete=models.PROTECT, related_name="busy_times", db_index=False
    )
    personal(presenter)
    kind = models.CharField(_("kind"), max_length=10, choices=BusyKind)
    busy = DateTimeRangeField(_("time"))
    live = models.BooleanField(_("live"), default=True)
    postcode = personal(models.CharField(_("postcode"), max_length=9, blank=True))
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    zone = impersonal(models.CharField(_("island"), max_length=20, blank=True))
    travel_minutes = models.PositiveSmallIntegerField(_("travel minutes set by staff"), null=True, blank=True)
    travel_reason = free_text(models.CharField(_("reason for the travel minutes"), max_length=200, blank=True))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    booking = models.OneToOneField(
        Booking, verbose_name=_("booking"), null=True, blank=True, on_delete=models.CASCADE, related_name="busy_time"
    )
    leave = models.OneToOneField(
        Leave, verbose_name=_("leave"), null=True, blank=True, on_delete=models.CASCADE, related_name="busy_time"
    )
    hold = models.OneToOneField(
        Hold, verbose_name=_("hold"), null=True, blank=True, on_delete=models.CASCADE, related_name="busy_time"
    )
    option = models.OneToOneField(
        DateOption, verbose_name=_("date"), null=True, blank=True, on_delete=models.CASCADE, related_name="busy_time"
    )
    session = models.OneToOneField(
        OpenSession, verbose_name=_("open session"), null=True, blank=True, on_delete=models.CASCADE, related_name="busy_time"
    )
    held = models.OneToOneField(
        HeldTime, verbose_name=_("time held"), null=True, blank=True, on_delete=models.CASCADE, related_name="busy_time"
    )

    objects = BusyTimeQuerySet.as_manager()

    class Meta:
        ordering = ["busy"]
        verbose_name = _("busy time")
        verbose_name_plural = _("busy time")
        indexes = [
            # Finds the visit before and the visit after: live claims never overlap, so their starts are in order.
            models.Index(
                F("presenter"),
                Func(F("busy"), function="lower", output_field=models.DateTimeField()),
                condition=Q(live=True, latitude__isnull=False),
                name="busytime_visits_in_order",
            ),
            # The claims of some presenters from some time on: they never overlap, so their ends are in order too. It includes all
            # that a page of times reads, so that such a page touches nothing else of the table.
            models.Index(
                F("presenter"),
                Func(F("busy"), function="upper", output_field=models.DateTimeField()),
                condition=Q(live=True),
                include=[
                    "busy",
                    "expires_at",
                    "postcode",
                    "latitude",
                    "longitude",
                    "zone",
                    "travel_minutes",
                    "kind",
                    "booking",
                    "hold",
                    "option",
                    "held",
                ],
                name="busytime_to_come",
            ),
            models.Index(fields=["presenter", "expires_at"], condition=Q(expires_at__isnull=False), name="busytime_expiring"),
            # The staff list: what comes, what is over, of one presenter, of one kind.
            models.Index(Func(F("busy"), function="upper", output_field=models.DateTimeField()), name="busytime_by_end"),
            models.Index(fields=["busy", "id"], name="busytime_in_order"),
            models.Index(fields=["presenter", "busy", "id"], name="busytime_of_a_presenter"),
            models.Index(fields=["kind", "busy", "id"], name="busytime_by_kind"),
            models.Index(fields=["postcode", "busy", "id"], name="busytime_by_postcode"),
        ]
        constraints = [
            ExclusionConstraint(
                name="busytime_no_overlap",
                expressions=[("presenter", RangeOperators.EQUAL), ("busy", RangeOperators.OVERLAPS)],
                condition=Q(live=True),
            ),
            models.CheckConstraint(
                condition=reduce(or_, map(only_link_condition, LINK_FIELDS)),
                name="busytime_belongs_to_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(busy__isempty=False, busy__startswith__isnull=False, busy__endswith__isnull=False),
                name="busytime_has_a_start_and_an_end",
            ),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True, postcode="", zone="")
                | (Q(latitude__isnull=False, longitude__isnull=False) & ~Q(postcode="") & ~Q(zone="") & ~Q(kind="leave")),
                name="busytime_place_is_whole_or_absent",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=EXPIRING_KINDS, expires_at__isnull=False)
                | (~Q(kind__in=EXPIRING_KINDS) & Q(expires_at__isnull=True)),
                name="busytime_only_holds_and_options_expire",
            ),
            models.CheckConstraint(
                condition=Q(travel_minutes__isnull=True) | Q(travel_minutes__lte=MAX_OVERRIDE_MINUTES),
                name="busytime_travel_at_most_a_day",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {format_datetime_range(self.busy.lower, self.busy.upper)}"

    @property
    def place(self) -> Place | None:
        if self.latitude is None or self.longitude is None:
            return None
        return Place(self.postcode, self.latitude, self.longitude, zone=self.zone)

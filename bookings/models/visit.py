"""A visit to a workplace from check-in to check-out (product.md, rule 10), and whom to call meanwhile."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.models.booking import CHECK_IN, CHECK_IN_OPENS_BEFORE, CHECK_OUT, Booking, BookingState
from bookings.models.presenter import Format, Presenter, format_day_range
from core.dates import uk_day
from core.models import personal, user_foreign_key

# After the end: for this long, the page of the visit shows a presenter the way to help.
HELP_PERIOD = timedelta(days=1)


class Visit(models.Model):
    """What is known of one visit; made by the first check-in, check-out or word of a colleague.

    `presenter` is the person who went, even if the booking has another by now. A moment from before check-in opens
    (CHECK_IN_OPENS_BEFORE) belongs to an earlier time of the booking, which has moved since, and no longer counts.
    `safe_at`: staff last heard that all is well. `presenter_needed_since`: leave took the presenter off the booking after its
    start, while nobody knew whether they are safe. `late_until`: when the presenter, who runs late, will begin. `help_at`:
    when `seeks_help` last asked for help. `taken_on_at`: when a colleague last took an alarm on.
    """

    booking = models.OneToOneField(Booking, verbose_name=_("booking"), on_delete=models.CASCADE, related_name="visit")
    presenter = models.ForeignKey(
        Presenter, verbose_name=_("presenter"), null=True, on_delete=models.PROTECT, related_name="visits"
    )
    personal(presenter)
    checked_in_at = personal(models.DateTimeField(_("checked in"), null=True, blank=True))
    checked_out_at = personal(models.DateTimeField(_("checked out"), null=True, blank=True))
    safe_at = personal(models.DateTimeField(_("said to be safe"), null=True, blank=True))
    presenter_needed_since = personal(models.DateTimeField(_("sought since"), null=True, blank=True))
    late_until = personal(models.DateTimeField(_("begins late, at"), null=True, blank=True))
    help_at = personal(models.DateTimeField(_("asked for help"), null=True, blank=True))
    seeks_help = models.ForeignKey(
        Presenter, verbose_name=_("who asked for help"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    personal(seeks_help)
    taken_on_at = personal(models.DateTimeField(_("alarm taken on"), null=True, blank=True))
    taken_on_by = user_foreign_key(_("who is on it"))

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        constraints = [
            models.CheckConstraint(
                condition=Q(checked_in_at__isnull=True)
                | Q(checked_out_at__isnull=True)
                | Q(checked_out_at__gte=F("checked_in_at")),
                name="visit_out_after_in",
            ),
            models.CheckConstraint(
                condition=(Q(checked_in_at__isnull=True) & Q(checked_out_at__isnull=True)) | Q(presenter__isnull=False),
                name="visit_says_who_went",
            ),
            models.CheckConstraint(
                condition=Q(help_at__isnull=True) | Q(seeks_help__isnull=False), name="visit_says_who_asked_for_help"
            ),
        ]

    def __str__(self) -> str:
        return self.booking.reference

    def is_current(self, moment: datetime | None) -> bool:
        """Whether that moment belongs to the booking's present time."""
        return moment is not None and moment >= self.booking.agreed_times[0] - CHECK_IN_OPENS_BEFORE

    @property
    def is_checked_in(self) -> bool:
        """Somebody is there."""
        return self.is_current(self.checked_in_at) and not self.is_checked_out

    @property
    def is_handed_over(self) -> bool:
        """Somebody is there, but the booking has another presenter by now, or none, who can’t check in before they check out."""
        return self.is_checked_in and self.presenter_id != self.booking.presenter_id

    @property
    def is_checked_out(self) -> bool:
        return self.is_current(self.checked_out_at)

    @property
    def last_tap(self) -> tuple[str, datetime] | None:
        """The tap that can be taken back: the check-out if there is one, or else the check-in."""
        if self.is_checked_out and self.checked_out_at:
            return CHECK_OUT, self.checked_out_at
        return (CHECK_IN, self.checked_in_at) if self.is_checked_in and self.checked_in_at else None

    @property
    def is_presenter_sought(self) -> bool:
        """They are on leave by now, and were not heard from since it was entered."""
        if (
            self.presenter_needed_since is None
            or self.presenter_needed_since < self.booking.agreed_times[0]
            or self.is_checked_out
        ):
            return False
        return self.safe_at is None or self.safe_at < self.presenter_needed_since

    @property
    def needs_help(self) -> bool:
        """They asked for it, and nobody has said since that all is well."""
        return self.help_at is not None and (self.safe_at is None or self.safe_at < self.help_at)

    def is_alarm_taken_on(self, since: datetime) -> bool:
        """Whether a colleague is on the alarm about what was missed at that moment."""
        return self.taken_on_at is not None and self.taken_on_at >= since

    @property
    def is_presenter_awaited(self) -> bool:
        """We wait for word of the person who went, whoever has the booking by now."""
        return self.is_checked_in or self.is_presenter_sought

    @property
    def is_done(self) -> bool:
        """They have left, and nobody who took over is still to come."""
        if not self.is_checked_out or self.checked_out_at is None:
            return False
        booking = self.booking
        return booking.presenter_id in (None, self.presenter_id) or self.checked_out_at >= booking.agreed_times[1]

    @property
    def is_over(self) -> bool:
        """We wait for nobody: they have left, a colleague has heard since the end that all is well, or nobody goes any more."""
        if self.needs_help:
            return False
        if self.booking.presenter_id is None:
            return not self.is_presenter_awaited
        if self.booking.state == BookingState.CANCELLED and not self.is_presenter_awaited:
            return True
        return self.is_done or (self.safe_at is not None and self.safe_at >= self.booking.agreed_times[1])


def may_check_in(booking: Booking, now: datetime) -> bool:
    """Whether to show the button; the service decides."""
    if booking.format != Format.WORKPLACE or booking.state != BookingState.CONFIRMED or booking.presenter_id is None:
        return False
    starts_at, ends_at = booking.agreed_times
    visit: Visit | None = getattr(booking, "visit", None)
    begun = visit is not None and (visit.is_checked_in or visit.is_done)
    return starts_at - CHECK_IN_OPENS_BEFORE <= now < ends_at and not begun


def is_near_visit_time(booking: Booking, now: datetime) -> bool:
    """It is a visit, and its presenter may be on the way, there, or just back."""
    if booking.format != Format.WORKPLACE or booking.starts_at is None:
        return False
    starts_at, ends_at = booking.agreed_times
    visit: Visit | None = getattr(booking, "visit", None)
    takes_place = booking.state in (BookingState.CONFIRMED, BookingState.DELIVERED) or (
        visit is not None and visit.is_presenter_awaited
    )
    return takes_place and starts_at - CHECK_IN_OPENS_BEFORE <= now < ends_at + HELP_PERIOD


def may_check_out(booking: Booking, now: datetime) -> bool:
    """From the check-in, or without one from the start, until the visit is closed."""
    visit: Visit | None = getattr(booking, "visit", None)
    if booking.format != Format.WORKPLACE or booking.starts_at is None or (visit is not None and visit.is_done):
        return False
    awaited = visit is not None and visit.is_presenter_awaited
    if booking.visit_closed and not awaited:
        return False
    took_place = booking.state in (BookingState.CONFIRMED, BookingState.DELIVERED) and booking.presenter_id is not None
    return awaited or (took_place and now >= booking.starts_at)


# Whom to call while a presenter is out.


@dataclass(frozen=True)
class DutyContact:
    """One of the two people of a shift. `phone` is empty if none is known."""

    user: User
    phone: str

    @property
    def name(self) -> str:
        presenter: Presenter | None = getattr(self.user, "presenter", None)
        return presenter.name if presenter and not self.user.name else str(self.user)


class DutyShiftQuerySet(models.QuerySet["DutyShift"]):
    def covering(self, first_day: date, last_day: date) -> Self:
        """The shifts with any of these UK days, if both of their people can sign in: one alone may miss the alarm."""
        both = {"duty_person__is_active": True, "deputy__is_active": True}
        return self.filter(first_day__lte=last_day, last_day__gte=first_day, **both)

    def by_day(self, days: Collection[date]) -> dict[date, "DutyShift"]:
        """The shift of each of these UK days that has one, with its people. One statement, or none without days."""
        if not days:
            return {}
        shifts = self.filter(first_day__lte=max(days), last_day__gte=min(days))
        shifts = shifts.select_related("duty_person__presenter", "deputy__presenter")
        return {day: shift for shift in shifts for day in days if shift.first_day <= day <= shift.last_day}


class DutyShift(models.Model):
    """Two colleagues whom the alarm reaches from the first day to the last. No two shifts share a day."""

    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    duty_person = user_foreign_key(_("duty person"), related_name="duty_shifts")
    duty_phone = personal(models.CharField(_("duty person’s phone"), max_length=30, blank=True))
    deputy = user_foreign_key(_("deputy"), related_name="deputy_shifts")
    deputy_phone = personal(models.CharField(_("deputy’s phone"), max_length=30, blank=True))

    objects = DutyShiftQuerySet.as_manager()

    class Meta:
        ordering = ["-first_day"]
        verbose_name = _("duty shift")
        verbose_name_plural = _("duty shifts")
        constraints = [
            ExclusionConstraint(
                name="dutyshift_no_overlap",
                expressions=[
                    (
                        Func(F("first_day"), F("last_day"), Value("[]"), function="daterange", output_field=DateRangeField()),
                        RangeOperators.OVERLAPS,
                    )
                ],
                violation_error_message=_(
                    "Another shift already has one of these days. Change that shift, or choose other days."
                ),
            ),
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="dutyshift_ends_after_it_starts"),
            models.CheckConstraint(
                condition=~Q(duty_person=F("deputy")),
                name="dutyshift_of_two_people",
                violation_error_message=_("Choose somebody else as deputy. One person alone may miss the alarm."),
            ),
        ]

    def __str__(self) -> str:
        return format_day_range(self.first_day, self.last_day)

    @property
    def people(self) -> list[DutyContact]:
        """The people on duty, the duty person first. A person who may no longer sign in is left out."""
        pairs = ((self.duty_person, self.duty_phone), (self.deputy, self.deputy_phone))
        return [
            DutyContact(user, phone or user.mobile or getattr(getattr(user, "presenter", None), "phone", ""))
            for user, phone in pairs
            if user is not None and user.is_active
        ]


def duty_contacts_by_booking(bookings: Iterable[Booking]) -> dict[int, list[DutyContact]]:
    """The people on duty for each of these visits, by its key, the duty person first; nobody for an online booking."""
    days = {one.pk: uk_day(one.starts_at) for one in bookings if one.starts_at and one.format == Format.WORKPLACE}
    shifts = DutyShift.objects.by_day(set(days.values()))
    return {key: shifts[day].people if day in shifts else [] for key, day in days.items()}

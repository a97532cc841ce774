"""What the host's own page says once a presentation is over, and where each thing is done."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings import rules
from bookings.after_mail import host_links
from bookings.models import Afterwards, Attendance, Booking, Given, SessionPlace, State, YearLater
from bookings.services.afterwards import host_key
from bookings.services.feedback import host_has_answered
from bookings.short_links import short_link
from ctac.uk import format_day


@dataclass(frozen=True)
class AfterForHost:
    afterwards: Afterwards
    key: str
    links: dict[str, str]
    came: str
    asks: bool
    answered: bool
    closes: str
    short_link: str
    wish: YearLater | None
    due: str


def after_for_host(booking: Booking, now: datetime) -> AfterForHost | None:
    """None before it is delivered and when its links are over; then two statements more."""
    afterwards: Afterwards | None = getattr(booking, "afterwards", None)
    if afterwards is None or booking.state != State.DELIVERED or now >= booking.agreed[1] + rules.HOST_LINKS_LAST:
        return None
    attendance = attendance_of(booking)
    answered = host_has_answered(afterwards)
    return AfterForHost(
        afterwards=afterwards,
        key=host_key(afterwards),
        links=host_links(afterwards),
        came=people_came(attendance.people) if attendance else "",
        asks=afterwards.is_open(now) and not answered,
        answered=answered,
        closes=format_day(afterwards.closes_at),
        short_link=short_link(afterwards) if afterwards.is_open(now) else "",
        wish=YearLater.objects.filter(booking=booking).first(),
        due=format_day(YearLater.due_after(booking.agreed[1])),
    )


@dataclass(frozen=True)
class AfterForPlace:
    feedback_url: str
    certificate_url: str
    wish: YearLater | None
    may_wish: bool
    due: str


def after_for_place(place: SessionPlace, now: datetime) -> AfterForPlace | None:
    """For who had a place at a session that is over, or nearly. Read with the place, it asks the database nothing."""
    session = place.session
    afterwards: Afterwards | None = getattr(session, "afterwards", None)
    if not place.has_a_place or afterwards is None or not afterwards.may_certify(now):
        return None
    due_at = YearLater.due_after(session.ends_at)
    return AfterForPlace(
        feedback_url=afterwards.get_absolute_url() if afterwards.is_open(now) else "",
        certificate_url=reverse("certificate", args=[afterwards.code]),
        wish=getattr(place, "yearlater", None),
        may_wish=now < due_at,
        due=format_day(due_at),
    )


def attendance_of(given: Given) -> Attendance | None:
    """As read with it, if it was (`with_afterwards`)."""
    found: Attendance | None = getattr(given, "attendance", None)
    return found


def people_came(people: int, uncounted: int = 0) -> str:
    """`uncounted`: so many of them were entered in the total alone."""
    came = ngettext("%(n)d person came.", "%(n)d people came.", people) % {"n": people}
    if not uncounted:
        return came
    if uncounted == people:
        return came + " " + _("All of them count as “Other”, because you entered no profession.")
    said = ngettext("%(n)d of them counts as “Other”.", "%(n)d of them count as “Other”.", uncounted)
    return came + " " + said % {"n": uncounted}

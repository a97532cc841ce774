"""What the first staff page offers to a presenter: their diary, or to whom staff made inactive the visits that wait for them."""

from datetime import date

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.models import Booking, Presenter
from bookings.presenting.access import gives_presentations, open_visits
from ctac.staff import OwnPage, staff_site
from ctac.uk import format_clock, format_day, uk_day
from professionals.models import User


def own_pages(user: User) -> list[OwnPage]:
    presenter = Presenter.objects.filter(user=user.pk).first()
    if presenter is None:
        return []
    if gives_presentations(user, presenter):
        return [OwnPage(_("My diary"), reverse("presenter_diary"))]
    now = timezone.now()
    return [own_visit(booking, uk_day(now)) for booking in open_visits(presenter, now)]


def own_visit(booking: Booking, today: date) -> OwnPage:
    """'My visit at 10am today'; on another day 'My visit at 10am on Monday 25 January 2027'."""
    start = booking.agreed[0]
    facts = {"clock": format_clock(start), "day": format_day(start)}
    label = _("My visit at %(clock)s today") if uk_day(start) == today else _("My visit at %(clock)s on %(day)s")
    return OwnPage(label % facts, reverse("presenter_visit", args=[booking.reference]))


staff_site.add_own_pages(own_pages)

"""What waits among the bookings, for the first staff page. Each line reads on from one and from many."""

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from bookings.admin.filters import over, soon
from bookings.models import Booking, Leave, overdue, without_joining_link
from bookings.services.escalating import too_long
from ctac.staff import Waiting, staff_site


def wait_for(label: Any, query: str, bookings: Callable[[], Any], *, urgent: bool = False) -> None:
    """A line of the first page, and the list behind it: `query` narrows to exactly those bookings."""
    staff_site.add_waiting(
        _("Bookings"),
        Waiting(
            label=label,
            count=bookings,
            address=lambda: f"{reverse('staff:bookings_booking_changelist')}?{query}",
            permission="bookings.view_booking",
            urgent=urgent,
        ),
    )


wait_for(_("to decide"), "waits=us", lambda: Booking.objects.to_decide())
wait_for(
    _("waiting too long for our answer"),
    "waits=long",
    lambda: too_long(Booking.objects.all(), timezone.now()),
    urgent=True,
)
wait_for(_("to decide, with lapsed dates"), "waits=lapsed", lambda: Booking.objects.with_lapsed_dates(), urgent=True)
wait_for(_("waiting for the professional’s answer"), "waits=them", lambda: Booking.objects.offered_times())
staff_site.add_waiting(
    _("Bookings"),
    Waiting(
        label=_("asking for leave"),
        count=lambda: Leave.objects.to_decide(timezone.now()),
        address=lambda: f"{reverse('staff:bookings_leave_changelist')}?state__exact=asked",
        permission="bookings.change_leave",
    ),
)
wait_for(_("without a presenter"), "needs_presenter=yes", lambda: Booking.objects.needing_a_presenter(), urgent=True)
wait_for(_("with no check-in or check-out"), "look=overdue", lambda: overdue(Booking.objects.all(), timezone.now()), urgent=True)
wait_for(
    _("online without a joining link"),
    "look=link",
    lambda: without_joining_link(Booking.objects.all(), timezone.now()),
    urgent=True,
)
wait_for(_("today or tomorrow"), "when=soon", lambda: soon(Booking.objects))
wait_for(_("to mark as delivered"), "when=over", lambda: over(Booking.objects))

"""The booking that an email tells of, read once for each email."""

from typing import cast

from bookings.models import Booking
from notifications.models import Notification


def booking_of(notification: Notification) -> Booking:
    """The booking that `about` names ("booking:12"); while a message is being sent, read once. Raises Booking.DoesNotExist."""
    found = {} if notification.found is None else notification.found
    if "booking" not in found:
        # What few emails say of it (its organisation, its visit) is read when they do: nine tables in one join take long to plan.
        found["booking"] = Booking.objects.with_names().with_leaflets().get(pk=notification.about.partition(":")[2])
    return cast("Booking", found["booking"])

"""When a person is told of what has left for them: once a day, of all of it (ADR 40)."""

from datetime import datetime, time, timedelta

from ctac.uk import uk_datetime, uk_day
from leaflets.models import Order
from notifications.services import collect

# UK time. By then the post of the day has been fetched.
END_OF_POSTING = time(18)
# What is recorded after that waits so long for the rest of the pile.
LATE_POST_WAITS = timedelta(minutes=30)


def told_at(now: datetime) -> datetime:
    """When an email about a parcel that leaves now is due."""
    end = uk_datetime(uk_day(now), END_OF_POSTING)
    return end if now < end else now + LATE_POST_WAITS


def tell_of_parcel(order: Order, *, now: datetime) -> int | None:
    """The key of the email that will tell of it; None for who has no address.

    Whoever calls this holds its row from then on, so it comes after all other locks.
    """
    return collect(
        kind="order-dispatched",
        about=f"person:{order.person_id}",
        day=uk_day(now),
        to=order.person.email,
        reference=order.reference,
        now=now,
        due_at=told_at(now),
    )

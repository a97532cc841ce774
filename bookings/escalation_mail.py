"""The email to the manager about requests that wait too long for our answer (services/escalating.py)."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import Booking
from bookings.services.escalating import KIND as NAME
from bookings.services.escalating import anything_waits, since_when, too_long
from bookings.words import Row, row
from ctac.uk import format_day
from leaflets.models import Order
from notifications.models import Notification
from notifications.registry import Kind, Message
from notifications.samples import Example

# As many as can be read; the list of the staff site has them all.
MOST = 30


def where_they_wait(bookings: int, orders: int) -> str:
    """The list of the staff site that has all of them: of one sort its own, of both the first page, which leads to either."""
    if bookings and orders:
        return f"{settings.SITE_URL}{reverse('staff:index')}"
    name = "leaflets_order" if orders else "bookings_booking"
    return f"{settings.SITE_URL}{reverse(f'staff:{name}_changelist')}?waits=long"


def waiting(rows: Sequence[Row], bookings: int, orders: int) -> Message:
    count = bookings + orders
    one, many = (
        _("%(count)d request has waited too long for our answer"),
        _("%(count)d requests have waited too long for our answer"),
    )
    context: dict[str, object] = {"facts": rows, "more": count - len(rows), "url": where_they_wait(bookings, orders)}
    return Message((one if count == 1 else many) % {"count": count}, "manager_requests_waiting", context)


def fact(reference: str, title: str, since: datetime) -> Row:
    return row(reference, _("%(title)s\nWaiting for us since %(day)s") % {"title": title, "day": format_day(since)})


def of_leaflets() -> str:
    return _("A request for leaflets")


def build(notification: Notification) -> Message:
    now = timezone.now()
    bookings = since_when(too_long(Booking.objects.with_names(), now))
    orders = Order.objects.asked_too_long_ago(now).order_by("created_at", "pk")
    rows = [fact(each.reference, each.presentation.title, each.waits_since) for each in bookings[:MOST]]
    rows += [fact(each.reference, of_leaflets(), each.created_at) for each in orders[: MOST - len(rows)]]
    return waiting(rows, bookings.count(), orders.count())


def still_waits(notification: Notification) -> bool:
    return anything_waits(timezone.now())


KINDS = (Kind(NAME, gettext_lazy("To the manager: requests wait"), build, still_waits),)


# For the styleguide


def examples() -> Iterator[Example]:
    kind, since = KINDS[0], datetime(2027, 2, 22, 10, tzinfo=UTC)
    title = "Spotting the signs of child trafficking"
    first, second = fact("BK-7Q4M-2F", title, since), fact("LO-3XK9-PT", of_leaflets(), since)
    yield Example(kind.name, kind.label, lambda: waiting([first, second], 1, 1))
    many = _("%(label)s, very many") % {"label": kind.label}
    yield Example(kind.name, many, lambda: waiting([first] * MOST, MOST + 12, 0))

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
from bookings.services.escalating import orders_too_long, since_when, too_long
from bookings.words import Row, row
from ctac.uk import format_day
from notifications.models import Notification
from notifications.registry import Kind, Message
from notifications.samples import Example

# As many as can be read; the list of the staff site has them all.
MOST = 30


def waiting(rows: Sequence[Row], count: int) -> Message:
    one, many = _("%(count)d request waits too long for our answer"), _("%(count)d requests wait too long for our answer")
    url = f"{settings.SITE_URL}{reverse('staff:bookings_booking_changelist')}?waits=long"
    context: dict[str, object] = {"facts": rows, "more": count - len(rows), "url": url}
    return Message((one if count == 1 else many) % {"count": count}, "manager_requests_waiting", context)


def fact(reference: str, title: str, since: datetime) -> Row:
    return row(reference, _("%(title)s\nWaits for us since %(day)s") % {"title": title, "day": format_day(since)})


def of_leaflets() -> str:
    return _("A request for leaflets")


def build(notification: Notification) -> Message:
    now = timezone.now()
    bookings = since_when(too_long(Booking.objects.with_names(), now))
    orders = orders_too_long(now)
    rows = [fact(each.reference, each.presentation.title, each.waits_since) for each in bookings[:MOST]]
    rows += [fact(each.reference, of_leaflets(), each.created_at) for each in orders[: MOST - len(rows)]]
    return waiting(rows, bookings.count() + orders.count())


def still_waits(notification: Notification) -> bool:
    now = timezone.now()
    return too_long(Booking.objects.all(), now).exists() or orders_too_long(now).exists()


KINDS = (Kind(NAME, gettext_lazy("To the manager: requests wait"), build, still_waits),)


# For the styleguide


def examples() -> Iterator[Example]:
    kind, since = KINDS[0], datetime(2027, 2, 22, 10, tzinfo=UTC)
    title = "Spotting the signs of child trafficking"
    first, second = fact("BK-7Q4M-2F", title, since), fact("LO-3XK9-PT", of_leaflets(), since)
    yield Example(kind.name, kind.label, lambda: waiting([first, second], 2))
    many = _("%(label)s, very many") % {"label": kind.label}
    yield Example(kind.name, many, lambda: waiting([first] * MOST, MOST + 12))

"""The email about new editions of leaflets that somebody ordered: those of one day that are still current when it is sent."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, time, timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext

from ctac.dates import uk_datetime
from leaflets.catalogue.services import NEW_EDITION, ORDERED_WITHIN, UNSENT_STATES
from leaflets.models import Edition, Leaflet, OrderLine
from leaflets.stock.emails import SAMPLE_TITLES
from notifications.registry import Kind, Message, Topic
from notifications.samples import Example
from professionals.models import Person

if TYPE_CHECKING:
    from notifications.models import Notification


def new_edition_message(editions: Sequence[Edition]) -> Message:
    first, count = editions[0], len(editions)
    subject = ngettext("New edition: “%(title)s”", "%(count)d leaflets have a new edition", count)
    path = first.leaflet.get_absolute_url() if count == 1 else reverse("leaflets")
    context: dict[str, object] = {
        "editions": [{"edition": each, "url": f"{settings.SITE_URL}{each.leaflet.get_absolute_url()}"} for each in editions],
        "title": first.leaflet.title,
        "label": first.label,
        "url": f"{settings.SITE_URL}{path}",
    }
    return Message(subject % {"title": first.leaflet.title, "count": count}, "new_edition", context)


def new_editions_for(notification: "Notification") -> list[Edition]:
    """One statement."""
    day, person = day_and_person(notification)
    from_, until = (uk_datetime(each, time.min).astimezone(UTC) for each in (day, day + timedelta(days=1)))
    ordered = OrderLine.objects.filter(order__person=person, order__created_at__gte=from_ - ORDERED_WITHIN, copies__gt=0)
    leaflets = ordered.exclude(order__state__in=UNSENT_STATES).values("edition__leaflet")
    current = Edition.objects.current().filter(added_at__gte=from_, added_at__lt=until, leaflet__active=True)
    return list(current.filter(leaflet__in=leaflets).select_related("leaflet").order_by("leaflet__position", "pk"))


def day_and_person(notification: "Notification") -> tuple[date, int]:
    """Of which day, and who."""
    _editions, day, person = notification.about.split(":")
    return date.fromisoformat(day), int(person)


def is_still_news(notification: "Notification") -> bool:
    """Not at an address that is no longer theirs, and not if all were withdrawn."""
    _day, person = day_and_person(notification)
    return Person.objects.with_email(notification.recipient).filter(pk=person).exists() and bool(new_editions_for(notification))


NEW_EDITION_EMAIL = Kind(
    NEW_EDITION,
    gettext_lazy("New edition of a leaflet"),
    lambda notification: new_edition_message(new_editions_for(notification)),
    is_still_news,
    topic=Topic.EDITIONS,
    can_wait=True,
)


def edition_examples() -> Iterator[Example]:
    leaflets = [
        Leaflet(pk=number, slug=f"leaflet-{number}", title=title) for number, title in enumerate(SAMPLE_TITLES[:2], start=1)
    ]
    editions = [Edition(pk=leaflet.pk, leaflet=leaflet, label="February 2027") for leaflet in leaflets]
    for label, some in ((NEW_EDITION_EMAIL.label, editions[:1]), (gettext_lazy("New editions of several leaflets"), editions)):
        yield Example(NEW_EDITION_EMAIL.name, label, partial(new_edition_message, some))

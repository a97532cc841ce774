"""The email about a leaflet that somebody waited for: what is true when it is sent."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leaflets.models import Edition, Leaflet
from leaflets.services.alerts import BACK_IN_STOCK
from leaflets.stock_mail import SAMPLE_TITLES
from notifications.registry import Kind, Message
from notifications.samples import Example

if TYPE_CHECKING:
    from notifications.models import Notification


def news_of(leaflet: Leaflet) -> Message:
    """There are copies; or they have gone again; or the title is no longer offered. To be silent would leave them waiting."""
    if not leaflet.active:
        subject, template = _("We no longer send out “%(title)s”"), "leaflet_gone"
    elif leaflet.available > 0:
        subject, template = _("Back in stock: “%(title)s”"), "leaflet_back"
    else:
        subject, template = _("Out of stock again: “%(title)s”"), "leaflet_out_again"
    pages = {
        "url": f"{settings.SITE_URL}{leaflet.get_absolute_url()}",
        "alert_url": f"{settings.SITE_URL}{reverse('leaflet_alert', args=[leaflet.slug])}",
        "leaflets_url": f"{settings.SITE_URL}{reverse('leaflets')}",
    }
    return Message(subject=subject % {"title": leaflet.title}, template=template, context={"leaflet": leaflet, **pages})


def build(notification: "Notification") -> Message:
    return news_of(Leaflet.objects.with_current_edition().get(pk=leaflet_of(notification)))


def leaflet_of(notification: "Notification") -> int:
    """The leaflet's key, then the alert's: a person may ask for another once they were told."""
    return int(notification.about.split(":")[1])


KIND = Kind(
    *(BACK_IN_STOCK, gettext_lazy("Leaflet back in stock"), build, lambda n: Leaflet.objects.filter(pk=leaflet_of(n)).exists()),
    can_wait=True,
)


def alert_examples() -> Iterator[Example]:
    for label, active, copies in (
        (gettext_lazy("Leaflet back in stock"), True, 40),
        (gettext_lazy("Out of stock again"), True, 0),
        (gettext_lazy("Gone"), False, 0),
    ):
        leaflet = Leaflet(pk=1, slug="health-visitors", title=SAMPLE_TITLES[0], active=active)
        leaflet.current_editions = [Edition(pk=1, leaflet=leaflet, label="March 2026", on_hand=copies)]
        yield Example(KIND.name, label, partial(news_of, leaflet))

"""Emails about stock: to staff when titles are low, to people when a leaflet is back in stock."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ctac.dates import uk_day
from leaflets.models import Edition, Leaflet
from leaflets.stock.queries import days_out_since, forecast_text, low_stock_editions
from leaflets.stock.services import BACK_IN_STOCK, LOW_STOCK
from notifications.registry import Kind, Message
from notifications.samples import Example

if TYPE_CHECKING:
    from notifications.models import Notification


# The email that tells staff which titles have become low.

# In the samples of emails.
SAMPLE_TITLES = (
    "Stop child trafficking in its tracks: advice for health visitors",
    "Stop child trafficking in its tracks: advice for A&E departments and walk-in clinics",
    "Child trafficking is child abuse",
)


def low_stock_message(titles: Sequence[tuple[str, str]]) -> Message:
    """Each title with what is left of it in words."""
    subject = ngettext("%(title)s is low in stock", "%(n)d leaflets are low in stock", len(titles))
    context: dict[str, object] = {
        "facts": [{"label": title, "value": left} for title, left in titles],
        "url": f"{settings.SITE_URL}{reverse('staff:leaflets_edition_changelist')}?needs=stock",
    }
    return Message(subject=subject % {"title": titles[0][0], "n": len(titles)}, template="low_stock_for_staff", context=context)


def build_low_stock(notification: "Notification") -> Message:
    today = uk_day(timezone.now())
    editions = low_stock_editions(notification.about, today)
    out = days_out_since([edition.pk for edition in editions if edition.available <= 0])
    return low_stock_message(
        [(each.leaflet.title, stock_left_text(each, forecast_text(each, today, out.get(each.pk)))) for each in editions]
    )


def stock_left_text(edition: Edition, forecast: str) -> str:
    """'244 free to give: about 9 weeks, until 28 January 2027. Its reorder level is 250.' Of what is not out: why it is low."""
    left = _("%(n)s free to give: %(forecast)s") % {"n": f"{edition.available:,}", "forecast": forecast}
    level, most = edition.leaflet.reorder_level, edition.leaflet.most_per_order
    if level is not None and 0 < edition.available <= level:
        return _("%(left)s. Its reorder level is %(level)s.") % {"left": left, "level": f"{level:,}"}
    if level is None and 0 < edition.available < most:
        return _("%(left)s. One order may have %(most)s.") % {"left": left, "most": f"{most:,}"}
    return left


def is_still_low(notification: "Notification") -> bool:
    return bool(low_stock_editions(notification.about, uk_day(timezone.now())))


LOW_STOCK_EMAIL = Kind(LOW_STOCK, gettext_lazy("To staff: leaflets low in stock"), build_low_stock, is_still_low, can_wait=True)


def low_stock_examples() -> Iterator[Example]:
    lasts = (
        "12 free to give: about 9 days, until 3 March 2027. Its reorder level is 50.",
        "0 free to give: out since 19 February 2027",
    )
    left = [(SAMPLE_TITLES[0], lasts[0]), (SAMPLE_TITLES[2], lasts[1])]
    yield Example(LOW_STOCK_EMAIL.name, LOW_STOCK_EMAIL.label, partial(low_stock_message, left))


# The email about a leaflet that somebody waited for: what is true when it is sent.


def back_in_stock_message(leaflet: Leaflet) -> Message:
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


def build_back_in_stock(notification: "Notification") -> Message:
    return back_in_stock_message(Leaflet.objects.with_current_edition().get(pk=leaflet_key(notification)))


def leaflet_key(notification: "Notification") -> int:
    """The leaflet's key, then the alert's: a person may ask for another once they were told."""
    return int(notification.about.split(":")[1])


BACK_IN_STOCK_EMAIL = Kind(
    *(
        BACK_IN_STOCK,
        gettext_lazy("Leaflet back in stock"),
        build_back_in_stock,
        lambda n: Leaflet.objects.filter(pk=leaflet_key(n)).exists(),
    ),
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
        yield Example(BACK_IN_STOCK_EMAIL.name, label, partial(back_in_stock_message, leaflet))

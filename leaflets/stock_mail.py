"""The email that tells staff which titles have become low."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ctac.uk import uk_day
from leaflets.models import Edition
from leaflets.services.alerts import LOW_STOCK
from leaflets.services.forecast import days_out_since, in_words, told_of
from notifications.registry import Kind, Message
from notifications.samples import Example

if TYPE_CHECKING:
    from notifications.models import Notification

# In the samples of emails.
SAMPLE_TITLES = (
    "Stop child trafficking in its tracks: advice for health visitors",
    "Stop child trafficking in its tracks: advice for A&E departments and walk-in clinics",
    "Child trafficking is child abuse",
)


def low(titles: Sequence[tuple[str, str]]) -> Message:
    """Each title with what is left of it in words."""
    subject = ngettext("%(title)s is low in stock", "%(n)d leaflets are low in stock", len(titles))
    context: dict[str, object] = {
        "facts": [{"label": title, "value": left} for title, left in titles],
        "url": f"{settings.SITE_URL}{reverse('staff:leaflets_edition_changelist')}?needs=stock",
    }
    return Message(subject=subject % {"title": titles[0][0], "n": len(titles)}, template="low_stock_for_staff", context=context)


def build(notification: "Notification") -> Message:
    today = uk_day(timezone.now())
    editions = told_of(notification.about, today)
    out = days_out_since([edition.pk for edition in editions if edition.available <= 0])
    return low([(each.leaflet.title, left_of(each, in_words(each, today, out.get(each.pk)))) for each in editions])


def left_of(edition: Edition, forecast: str) -> str:
    """'244 free to give: about 9 weeks, until 28 January 2027. Its reorder level is 250.' Of what is not out: why it is low."""
    left = _("%(n)s free to give: %(forecast)s") % {"n": f"{edition.available:,}", "forecast": forecast}
    level, most = edition.leaflet.reorder_level, edition.leaflet.most_per_order
    if level is not None and 0 < edition.available <= level:
        return _("%(left)s. Its reorder level is %(level)s.") % {"left": left, "level": f"{level:,}"}
    if level is None and 0 < edition.available < most:
        return _("%(left)s. One order may have %(most)s.") % {"left": left, "most": f"{most:,}"}
    return left


def is_low_still(notification: "Notification") -> bool:
    return bool(told_of(notification.about, uk_day(timezone.now())))


KIND = Kind(LOW_STOCK, gettext_lazy("To staff: leaflets low in stock"), build, is_low_still, can_wait=True)


def low_stock_examples() -> Iterator[Example]:
    lasts = (
        "12 free to give: about 9 days, until 3 March 2027. Its reorder level is 50.",
        "0 free to give: out since 19 February 2027",
    )
    left = [(SAMPLE_TITLES[0], lasts[0]), (SAMPLE_TITLES[2], lasts[1])]
    yield Example(KIND.name, KIND.label, partial(low, left))

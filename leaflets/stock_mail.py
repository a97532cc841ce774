"""The email that tells staff which titles have become low."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ctac.uk import uk_day
from leaflets.services.forecast import KIND as NAME
from leaflets.services.forecast import days_out_since, in_words, told_of
from notifications.registry import Kind, Message

if TYPE_CHECKING:
    from notifications.models import Notification


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
    said = _("%(n)s free to give: %(forecast)s")
    return low(
        [
            (
                edition.leaflet.title,
                said % {"n": f"{edition.available:,}", "forecast": in_words(edition, today, out.get(edition.pk))},
            )
            for edition in editions
        ]
    )


def is_low_still(notification: "Notification") -> bool:
    return bool(told_of(notification.about, uk_day(timezone.now())))


KIND = Kind(NAME, gettext_lazy("To staff: leaflets low in stock"), build, is_low_still)

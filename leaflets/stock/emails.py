"""Emails about stock: to staff when titles are low, to people when a leaflet is back in stock."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext, gettext_lazy as _, ngettext

from core.dates import uk_day
from leaflets.models import Edition, EditionState, Leaflet, LowStock
from leaflets.stock.queries import low_in_stock, need_text, out_of_stock_since, urgency_ordering
from leaflets.stock.services import BACK_IN_STOCK_KIND, LOW_STOCK_KIND
from notifications.registry import Desk, Email, ngettext_noop
from notifications.samples import Example, example

SAMPLE_TITLES = (
    "Stop child trafficking in its tracks: advice for health visitors",
    "Stop child trafficking in its tracks: advice for A&E departments and walk-in clinics",
    "Child trafficking is child abuse",
)


class StaffLowStock(Email):
    """To staff: the titles that have become low, with the copies left of each."""

    name = LOW_STOCK_KIND
    label = _("To staff: leaflets low in stock")
    subject_of_leaflets = ngettext_noop("%(title)s is low in stock", "%(count)d leaflets are low in stock")
    desk = Desk.LEAFLETS
    can_wait = True

    @cached_property
    def editions(self) -> list[Edition]:
        """The titles that became low then and still are, the most needed first."""
        at = datetime.fromisoformat(self.notification.about.partition(":")[2])
        low = low_in_stock(Edition.objects.select_related("leaflet"), uk_day(timezone.now()))
        return list(low.filter(leaflet__in=LowStock.objects.filter(told_at=at).values("leaflet")).order_by(*urgency_ordering()))

    def is_still_due(self) -> bool:
        return bool(self.editions)

    @cached_property
    def left(self) -> Sequence[tuple[str, str]]:
        """'244 free to give: about 9 weeks, until 28 January 2027. Its reorder level is 250.'

        With each title; says why the title is low unless it is out.
        """
        today, left = uk_day(timezone.now()), []
        out_since = out_of_stock_since([edition.pk for edition in self.editions if edition.available <= 0])
        for edition in self.editions:
            available = edition.available if edition.state == EditionState.CURRENT else 0
            level, most = edition.leaflet.reorder_level, edition.leaflet.most_per_order
            forecast = need_text(edition, today, out_since.get(edition.pk))
            text = gettext("%(n)s free to give: %(forecast)s") % {"n": f"{available:,}", "forecast": forecast}
            if level is not None and 0 < available <= level:
                text = gettext("%(left)s. Its reorder level is %(level)s.") % {"left": text, "level": f"{level:,}"}
            elif level is None and 0 < available < most:
                text = gettext("%(left)s. One order may have %(most)s.") % {"left": text, "most": f"{most:,}"}
            left.append((edition.leaflet.title, text))
        return left

    def get_subject(self) -> str:
        return ngettext(*self.subject_of_leaflets, len(self.left))

    def context(self) -> dict[str, object]:
        return {
            "title": self.left[0][0],
            "count": len(self.left),
            "facts": [{"label": title, "value": left} for title, left in self.left],
            "url": f"{settings.SITE_URL}{reverse('staff:leaflets_edition_changelist')}?needs=stock",
        }


class LeafletBack(Email):
    """About "leaflet:12:34": the leaflet's key and the alert's, since a person may ask again after this email.

    Goes out even if the copies are gone again, or the title is no longer offered: silence would leave people waiting.
    """

    name = BACK_IN_STOCK_KIND
    label = _("Leaflet back in stock")
    template_of_gone = "leaflets/leaflet_gone"
    template_out_again = "leaflets/leaflet_out_again"
    subject = _("Back in stock: “%(title)s”")
    subject_of_gone = _("We no longer send out “%(title)s”")
    subject_out_again = _("Out of stock again: “%(title)s”")
    desk = Desk.LEAFLETS
    can_wait = True

    @cached_property
    def leaflet(self) -> Leaflet:
        return Leaflet.objects.with_current_edition().get(pk=self.about_key)

    def is_still_due(self) -> bool:
        return Leaflet.objects.filter(pk=self.about_key).exists()

    def get_template(self) -> str:
        if not self.leaflet.active:
            return self.template_of_gone
        return self.template if self.leaflet.available > 0 else self.template_out_again

    def get_subject(self) -> str | Promise:
        if not self.leaflet.active:
            return self.subject_of_gone
        return self.subject if self.leaflet.available > 0 else self.subject_out_again

    def context(self) -> dict[str, object]:
        return {
            "leaflet": self.leaflet,
            "title": self.leaflet.title,
            "url": f"{settings.SITE_URL}{self.leaflet.get_absolute_url()}",
            "alert_url": f"{settings.SITE_URL}{reverse('leaflet_alert', args=[self.leaflet.slug])}",
            "leaflets_url": f"{settings.SITE_URL}{reverse('leaflets')}",
        }


def examples() -> list[Example]:
    left = [
        (SAMPLE_TITLES[0], "12 free to give: about 9 days, until 3 March 2027. Its reorder level is 50."),
        (SAMPLE_TITLES[2], "0 free to give: out since 19 February 2027"),
    ]
    return [
        example(StaffLowStock, left=left),
        example(LeafletBack, leaflet=sample_edition(on_hand=40).leaflet),
        example(LeafletBack, title=gettext("Out of stock again"), leaflet=sample_edition(on_hand=0).leaflet),
        example(LeafletBack, title=gettext("Gone"), leaflet=sample_edition(on_hand=0, active=False).leaflet),
    ]


def sample_edition(key: int = 1, *, active: bool = True, slug: str = "health-visitors", **fields: Any) -> Edition:
    """The current edition of a leaflet, which has the title of this number."""
    leaflet = Leaflet(pk=key, slug=slug, title=SAMPLE_TITLES[key - 1], active=active)
    leaflet.current_editions = [Edition(pk=key, leaflet=leaflet, **{"label": "March 2026", **fields})]
    return leaflet.current_editions[0]

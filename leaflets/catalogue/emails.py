"""The email about new editions of leaflets that somebody ordered: those of one day that are still current when it is sent."""

from datetime import UTC, date, time, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext, gettext_lazy as _, ngettext

from core.dates import uk_datetime
from leaflets.catalogue.services import NEW_EDITION_KIND, ORDERED_PERIOD, UNSENT_STATES
from leaflets.models import Edition, OrderLine
from leaflets.stock.emails import sample_edition
from notifications.registry import Desk, Email, Topic, ngettext_noop
from notifications.samples import Example, example
from professionals.models import Person


class NewEdition(Email):
    """About "editions:2027-02-22:12": of which day, and for which person."""

    name = NEW_EDITION_KIND
    label = _("New edition of a leaflet")
    subject_of_editions = ngettext_noop("New edition: “%(title)s”", "%(count)d leaflets have a new edition")
    desk = Desk.LEAFLETS
    topic = Topic.EDITIONS
    can_wait = True

    @property
    def person(self) -> int:
        return int(self.notification.about.split(":")[2])

    @cached_property
    def editions(self) -> list[Edition]:
        """One statement."""
        day = date.fromisoformat(self.notification.about.split(":")[1])
        from_, until = (uk_datetime(midnight, time.min).astimezone(UTC) for midnight in (day, day + timedelta(days=1)))
        ordered = OrderLine.objects.filter(order__person=self.person, order__created_at__gte=from_ - ORDERED_PERIOD, copies__gt=0)
        leaflets = ordered.exclude(order__state__in=UNSENT_STATES).values("edition__leaflet")
        current = Edition.objects.current().filter(added_at__gte=from_, added_at__lt=until, leaflet__active=True)
        return list(current.filter(leaflet__in=leaflets).select_related("leaflet").order_by("leaflet__position", "pk"))

    def is_still_due(self) -> bool:
        """Not if the address is no longer theirs, nor if all these editions were withdrawn."""
        reads_there = Person.objects.with_email(self.notification.recipient).filter(pk=self.person).exists()
        return reads_there and bool(self.editions)

    def get_subject(self) -> str:
        return ngettext(*self.subject_of_editions, len(self.editions))

    def context(self) -> dict[str, object]:
        first, count = self.editions[0], len(self.editions)
        path = first.leaflet.get_absolute_url() if count == 1 else reverse("leaflets")
        return {
            "editions": [
                {"edition": edition, "url": f"{settings.SITE_URL}{edition.leaflet.get_absolute_url()}"}
                for edition in self.editions
            ],
            "title": first.leaflet.title,
            "label": first.label,
            "count": count,
            "url": f"{settings.SITE_URL}{path}",
        }


def examples() -> list[Example]:
    editions = [sample_edition(key, slug=f"leaflet-{key}", label="February 2027") for key in (1, 2)]
    return [
        example(NewEdition, editions=editions[:1]),
        example(NewEdition, title=gettext("New editions of several leaflets"), editions=editions),
    ]

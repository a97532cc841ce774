"""A new edition is told to whoever asked for such news and ordered the leaflet: one email a person for a whole day (ADR 58)."""

from datetime import UTC, datetime, time, timedelta

from django.db.models import Exists, OuterRef

from ctac.uk import days_before, uk_day
from leaflets.models import Edition, OrderLine, OrderState
from notifications.services.writing import About, notify_about
from notifications.topics import Topic
from professionals.services.wishes import who_asked

NEW_EDITION = "new-edition"
# UK time, on the next day: what was put in by mistake can be withdrawn before anybody is told.
TOLD_AT = time(9)
OF_USE_FOR = timedelta(days=14)
ORDERED_WITHIN = timedelta(days=2 * 365)
NOT_SENT = (OrderState.CANCELLED, OrderState.DECLINED)


def tell_of_edition(edition: Edition, now: datetime) -> int:
    """Due tomorrow morning; how many readers there are. Nobody is told of several of one day in several emails."""
    due, about = days_before(now, -1, TOLD_AT).astimezone(UTC), f"editions:{uk_day(now).isoformat()}"
    lines = OrderLine.objects.filter(order__person=OuterRef("pk"), edition__leaflet=edition.leaflet_id, copies__gt=0)
    ordered = lines.filter(order__created_at__gte=now - ORDERED_WITHIN).exclude(order__state__in=NOT_SENT)
    told = [
        About(f"{about}:{person.pk}", person.email, due_at=due, expires_at=due + OF_USE_FOR)
        for person in who_asked(Topic.EDITIONS).filter(Exists(ordered))
    ]
    notify_about(told, kind=NEW_EDITION, now=now)
    return len(told)

"""A new edition is told to whoever asked for such news and ordered the leaflet: one email a person for a whole day (ADR 58)."""

from datetime import UTC, datetime, time, timedelta

from ctac.uk import days_before, uk_day
from leaflets.models import Edition, OrderState
from notifications.services import notify_found
from notifications.topics import Topic
from professionals.services.wishes import WHO_ASKED

KIND = "new-edition"
# UK time, on the next day: what was put in by mistake can be withdrawn before anybody is told.
TOLD_AT = time(9)
OF_USE_FOR = timedelta(days=14)
ORDERED_WITHIN = timedelta(days=2 * 365)
NOT_SENT = (OrderState.CANCELLED, OrderState.DECLINED)
READERS = f"""
    {WHO_ASKED}, found AS (
        SELECT concat('editions:', %(day)s::text, ':', asked.id) AS about, asked.email AS recipient,
            %(due)s::timestamptz AS due_at, %(expires)s::timestamptz AS expires_at
        FROM asked
        WHERE EXISTS (
            SELECT FROM leaflets_order AS theirs
            JOIN leaflets_orderline AS line ON line.order_id = theirs.id AND line.copies > 0
            JOIN leaflets_edition AS edition ON edition.id = line.edition_id
            WHERE theirs.person_id = asked.id AND theirs.created_at >= %(since)s AND NOT theirs.state = ANY(%(not_sent)s)
                AND edition.leaflet_id = %(leaflet)s
        )
    )
"""  # noqa: S608 - constant


def tell_of_edition(edition: Edition, now: datetime) -> int:
    """Due tomorrow morning. One statement; how many are told who are not told of another one of this day."""
    due = days_before(now, -1, TOLD_AT).astimezone(UTC)
    values = {
        "topic": Topic.EDITIONS,
        "leaflet": edition.leaflet_id,
        "day": uk_day(now).isoformat(),
        "since": now - ORDERED_WITHIN,
        "not_sent": list(map(str, NOT_SENT)),
        "due": due,
        "expires": due + OF_USE_FOR,
    }
    return notify_found(kind=KIND, found=READERS, values=values, now=now, own=["due_at", "expires_at"])

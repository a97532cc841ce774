"""What staff set between two areas, and which agreed visits that leaves too close together."""

from datetime import datetime, timedelta
from itertools import pairwise

from django.db import transaction

from bookings.diary.reading import to_claim
from bookings.gaps import NOTHING, fits
from bookings.journeys import read_journeys
from bookings.models import BusyTime, JourneyTime
from professionals.models import User
from professionals.services.safeguarding import tell_lead


@transaction.atomic
def set_journey_time(*, journey: JourneyTime, by: User | None, now: datetime, flagged: bool = False) -> JourneyTime:
    """Store minutes between two areas, named in order of the alphabet. Both guards heed them from now on.

    `flagged`: the reason looks like a child's details and its writer kept it.
    """
    journey.one, journey.other = sorted((journey.one, journey.other))
    journey.set_by, journey.set_at = by, now
    journey.save()
    if flagged:
        tell_lead(about=f"journey:{journey.pk}:{now:%Y%m%d%H%M%S}", reference=f"{journey.one} {journey.other}", now=now)
    return journey


def too_close(now: datetime) -> list[tuple[BusyTime, BusyTime]]:
    """Visits ahead that follow each other faster than the journey allows, because it was set longer afterwards.

    They stay as they were agreed; staff are told.
    """
    rows = list(BusyTime.objects.live_at(now).filter(busy__endswith__gt=now).select_related("booking", "presenter"))
    rows.sort(key=lambda row: (row.presenter_id, row.busy.lower))
    journeys = read_journeys(row.place for row in rows)
    found = []
    for one, other in pairwise(row for row in rows if row.place):
        if one.presenter_id != other.presenter_id:
            continue
        between = [row for row in rows if row.place is None and row.presenter_id == one.presenter_id]
        inside = [row.busy for row in between if one.busy.upper <= row.busy.lower < other.busy.lower]
        without_place: timedelta = sum((busy.upper - busy.lower for busy in inside), NOTHING)
        if not fits(to_claim(one), to_claim(other), without_place, journeys):
            found.append((one, other))
    return found

"""What the clients act on. Runs inside the live copy, which has no other presenter to book meanwhile."""

from datetime import UTC, datetime
from typing import Any

PLACES = ("ZE1 0AA", "ZE2 9AB", "KW15 1AA", "KW17 2AB", "HS1 2AA")
TITLES = 5
# Of two titles, so that they bite: one is bounded for each person, one for all who are sent copies to one place.
LIMITS = {
    3: {"most_per_order": 40, "most_per_person": 60},
    4: {"most_per_order": 40, "most_per_workplace": 900, "most_per_person": 900},
}
PEOPLE = [f"driver{number}@orkney.nhs.uk" for number in range(40)] + [f"driver{number}@voe.example" for number in range(10)]


def lay_out() -> dict[str, Any]:
    """Presenters, days, presentations, leaflets, people and staff, by their keys. All of it or nothing."""
    from django.db import transaction

    with transaction.atomic():
        return lay_out_all()


def lay_out_all() -> dict[str, Any]:
    from bookings.models import JourneyTime, Nation, Presenter
    from core.dates import add_working_days, uk_day
    from tests.bookings.rows import make_presentation, make_presenter
    from tests.factories import make_staff
    from tests.leaflets.factories import make_edition
    from tests.races.driver import session_operations
    from tests.races.stage import open_sessions, staff_session

    now = datetime.now(UTC)
    away = list(Presenter.objects.active().values_list("pk", flat=True))
    Presenter.objects.update(active=False)
    known = {"minutes": 95, "reason": "By way of the ferry", "set_at": now}
    JourneyTime.objects.get_or_create(area_a="KW15", area_b="KW17", defaults=known)
    JourneyTime.objects.get_or_create(area_a="ZE1", area_b="ZE2", defaults={**known, "minutes": 75})  # as on the stage
    where = {"nation": "scotland", "max_travel_minutes": 600}
    presenters = [make_presenter(name=f"Presenter at {place}", base_postcode=place, **where) for place in PLACES]
    editions = [
        make_edition(now, stock=300, slug=f"driver-{number}", title=f"Driver {number}", **LIMITS.get(number, {}))
        for number in range(TITLES)
    ]
    staff = [make_staff(email=f"staff{number}@driver.example") for number in range(4)]
    sessions = open_sessions(PEOPLE)
    presentations = [make_presentation(slug=f"driver-{minutes}", length_minutes=minutes) for minutes in (60, 90)]
    session_operations.lay_out(presentations, now)
    return {
        "away": away,
        "presenters": [presenter.pk for presenter in presenters],
        "days": [add_working_days(uk_day(now), 10 + number, Nation.SCOTLAND).isoformat() for number in range(10)],
        "presentations": [presentation.pk for presentation in presentations],
        "editions": [edition.pk for edition in editions],
        "people": sessions,
        "staff": {user.email: staff_session(user) for user in staff},
    }


def clear_away(world: dict[str, Any]) -> int:
    """The copy's own presenters can be booked again, and nothing of this world can."""
    from bookings.models import Presentation, Presenter
    from leaflets.models import Leaflet
    from tests.races.driver import session_operations

    session_operations.clear_away(world["presentations"])
    Presenter.objects.filter(pk__in=world["presenters"]).update(active=False)
    Presentation.objects.filter(pk__in=world["presentations"]).update(active=False)
    Leaflet.objects.filter(editions__in=world["editions"]).update(active=False)
    return Presenter.objects.filter(pk__in=world["away"]).update(active=True)

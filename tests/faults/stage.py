"""What people can book and order while things break. `lay_out` runs inside the live copy."""

from datetime import UTC, datetime
from typing import Any

SLUG = "faults"
LEAFLET = "faults-leaflet"
PEOPLE = [f"faults{number}@shetland.nhs.uk" for number in range(40)]
PRESENTERS = 14
STOCK = 50_000


def lay_out() -> dict[str, Any]:
    """The cookies of people and of one of staff, all signed in."""
    from tests.bookings.rows import make_presentation, make_presenter
    from tests.factories import make_staff
    from tests.leaflets.factories import make_edition
    from tests.races.stage import open_sessions, staff_session

    make_presentation(slug=SLUG, title="While things break")
    for number in range(PRESENTERS):
        make_presenter(name=f"Presenter {number} of faults", email=f"presenter{number}@faults.example")
    most = dict.fromkeys(("most_per_order", "most_per_person", "most_per_workplace"), STOCK)
    make_edition(datetime.now(UTC), stock=STOCK, slug=LEAFLET, title="While things break", position=9000, **most)
    return {"people": open_sessions(PEOPLE), "staff": staff_session(make_staff(email="staff@faults.example"))}

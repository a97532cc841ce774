"""What people can book and order while things break. `lay_out` runs inside the live copy."""

from datetime import UTC, date, datetime
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


def upload() -> tuple[str, int]:
    """A new edition, as staff add it. What went wrong, and how many editions there are more than before."""
    from leaflets.catalogue.services import FileNotStored, add_edition
    from leaflets.catalogue.titles import sample_pdf
    from leaflets.models import Edition, Leaflet

    before, now = Edition.objects.count(), datetime.now(UTC)
    leaflet = Leaflet.objects.get(slug=LEAFLET)
    content = sample_pdf(leaflet, label="April 2027", made_at=now)
    dates = {"published_on": date(2027, 4, 1), "review_on": date(2029, 4, 1)}
    try:
        add_edition(leaflet=leaflet, label="April 2027", content=content, now=now, **dates)
    except FileNotStored as error:
        return type(error).__name__, Edition.objects.count() - before
    return "", Edition.objects.count() - before

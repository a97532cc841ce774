"""People who book and order until they are stopped: `python -m tests.drill.writer 10000`, where the
numbers of their names begin. A line for each, once the database has said yes."""

import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time as clock, timedelta
from typing import Any

PAUSE = 0.1  # seconds between two
PRESENTERS = 8
STOCK = 100_000
MANY = dict.fromkeys(("most_per_order", "most_per_person", "most_per_workplace"), STOCK)


def hours() -> Iterator[datetime]:
    """Each as often as there are presenters: of the weekdays from a fortnight on."""
    for day in itertools.count(14):
        date = datetime.now(UTC).date() + timedelta(days=day)
        for hour, _presenter in itertools.product(range(10, 16), range(PRESENTERS) if date.weekday() < 5 else []):
            yield datetime.combine(date, clock(hour), tzinfo=UTC)


def acts() -> Iterator[Callable[[], Any]]:
    """Bookings and orders in turn, by the services that the pages call."""
    from office.site_settings.services import change_settings
    from tests.bookings.placed import place
    from tests.bookings.rows import make_presentation, make_presenter
    from tests.factories import make_person
    from tests.leaflets.factories import make_edition, make_order

    change_settings(order_limit_times=100, quiet_from=clock(0), quiet_until=clock(0))
    presentation, leaflet = make_presentation(), make_edition(datetime.now(UTC), stock=STOCK, **MANY).leaflet
    for _presenter in range(PRESENTERS):
        make_presenter()
    for start in hours():
        person, now = make_person(), datetime.now(UTC)
        yield lambda person=person, start=start, now=now: place(
            person, start, presentation=presentation, format="online", now=now
        )
        yield lambda person=person, now=now: make_order(person, now, {leaflet: 1})


def main() -> None:
    import django

    django.setup()
    from core.errors import DomainError
    from tests.deploy.scene import number_from

    number_from(int(sys.argv[1]))
    for act in acts():
        try:
            made = act()
        except DomainError:  # that day is a holiday, say
            continue
        sys.stdout.write(json.dumps({"kind": made._meta.model_name, "reference": made.reference, "at": time.time()}) + "\n")
        sys.stdout.flush()
        time.sleep(PAUSE)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")
    main()

"""Where the races run: presenters, leaflets and people of their own, made inside the live copy; no other journey sees them.

Lerwick is out of every sample presenter's reach, and a presenter made here is bookable only while a test has them `open`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import partial
from itertools import count
from typing import Any, TypeVar

import pytest

from tests.live.clients import CROWD, Client, inside
from tests.live.stack import Live
from tests.races import gates

T = TypeVar("T")
SLUG = "working-in-the-far-north"
TITLE = "Working in the far north"
LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
CROWD_EMAILS = [f"crowd{number}@shetland.nhs.uk" for number in range(CROWD)]
OTHERS = [f"person{number}@shetland.nhs.uk" for number in range(240)]
UNRECOGNISED = "inga@voe-clinic.example"
FULL_DAY = (("09:00", "17:00", 0),)
ONE_SLOT = (("10:00", "11:00", 0),)
TWO_SLOTS = (("10:00", "11:00", 0), ("10:00", "11:00", 1))
# One presenter each: when they can be booked, on which of two days. They live at a postcode of their own.
SCENES: dict[str, tuple[tuple[str, str, int], ...]] = {
    "only slot": ONE_SLOT,
    "two slots": TWO_SLOTS,
    "double": ONE_SLOT,
    "crowd control": ONE_SLOT,
    **{f"day {number}": FULL_DAY for number in range(120)},
}
CROWD_STOCK = {"far-north-race": 7, "far-north-double": 50, "far-north-control": 7}
STOCK = CROWD_STOCK | {f"far-north-{name}": 50 for name in (*range(8), "changed", "changed-control")}
STOCK |= {f"far-north-{name}": 50 for name in ("counted", "counted-control", "taken", "taken-packed", "taken-control")}
RECALLED = [f"far-north-recall-{number}" for number in range(7)]
STOCK |= dict.fromkeys(RECALLED, 50)
STOCK |= {f"far-north-{name}": 0 for name in ("filled", "filled-before", "filled-control")}
LIMIT = 8  # copies of these, a person and a workplace
LIMITED = {"far-north-limit": 50, "far-north-limit-tabs": 50, "far-north-limit-control": 50}
GUARD = """
    SELECT format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid)),
        format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname)
        FROM pg_constraint WHERE conname = ANY(%s) AND contype <> 't'
    UNION ALL SELECT pg_get_triggerdef(oid), format('DROP TRIGGER %%I ON %%s', tgname, tgrelid::regclass)
        FROM pg_trigger WHERE tgname = ANY(%s) AND tgconstraint <> 0
"""
SLOT_GUARDS = ("busytime_no_overlap", "bookings_busytime_travel")
STOCK_GUARDS = ("edition_allocated_within_on_hand",)
# Locks one presenter, as every writer of their time must.
PRESENTER = "SELECT 1 FROM bookings_presenter WHERE base_postcode = %s FOR UPDATE"
CLAIMS = "bookings_busytime WHERE presenter_id IN (SELECT id FROM bookings_presenter WHERE base_postcode = %s)"
ORDERS = """leaflets_order WHERE id IN (SELECT order_id FROM leaflets_orderline o JOIN leaflets_edition e ON e.id = o.edition_id
    JOIN leaflets_leaflet l ON l.id = e.leaflet_id WHERE slug = ANY(%s))"""


# Runs inside


def lay_out() -> dict[str, Any]:
    """Everything of the stage; what a test must know of it."""
    from bookings.models import JourneyTime
    from core.dates import uk_day
    from tests.bookings.rows import make_presentation
    from tests.factories import make_staff
    from tests.leaflets.factories import make_edition

    now = datetime.now(UTC)
    days = two_days_of_a_week(uk_day(now))
    presentation = make_presentation(slug=SLUG, title=TITLE)
    known = {"minutes": 75, "reason": "The road round the voe", "set_at": now}
    JourneyTime.objects.get_or_create(area_a="ZE1", area_b="ZE2", defaults=known)
    for slug, copies in STOCK.items():
        make_edition(now, stock=copies, slug=slug, title=f"Leaflet {slug}", position=9000)
    for slug, copies in LIMITED.items():
        most = dict.fromkeys(("most_per_order", "most_per_person", "most_per_workplace"), LIMIT)
        make_edition(now, stock=copies, slug=slug, title=f"Leaflet {slug}", position=9000, **most)
    scenes = {name: lay_out_scene(number, name, days) for number, name in enumerate(SCENES)}
    staff = [make_staff(email=f"staff{number}@races.example") for number in range(2)]
    return {
        "days": [day.isoformat() for day in days],
        "presentation": presentation.pk,
        "scenes": scenes,
        "sessions": open_sessions([*CROWD_EMAILS, *OTHERS, UNRECOGNISED]),
        "staff": [staff_session(user) for user in staff],
    }


def two_days_of_a_week(today: date) -> list[date]:
    """Two working days in Scotland that the list of times shows together: it shows a week, from Monday."""
    from bookings.models import Nation
    from core.dates import add_working_days

    pairs = ([add_working_days(today, number + day, Nation.SCOTLAND) for day in range(2)] for number in count(15))
    return next(pair for pair in pairs if pair[0].isocalendar()[:2] == pair[1].isocalendar()[:2])


def lay_out_scene(number: int, name: str, days: list[date]) -> tuple[int, str]:
    """Its presenter's key and postcode."""
    from tests.bookings.rows import make_availability, make_presenter

    postcode = f"ZE1 {number // 20}A{LETTERS[number % 20]}"
    presenter = make_presenter(
        name=f"Presenter of {name}",
        base_postcode=postcode,
        nation="scotland",
        max_travel_minutes=600,
        joining_link="",
        weekdays=(),
        active=False,
    )
    for start, end, day in SCENES[name]:
        window = make_availability(presenter, days[day].weekday(), start, end, valid_until=days[day])
        window.valid_from = days[day]
        window.save()
    return presenter.pk, postcode


def open_sessions(emails: list[str]) -> dict[str, str]:
    """A person for each address, signed in; the session cookies."""
    from django.conf import settings
    from django.test import Client as Inner

    from professionals.models import Organisation
    from tests.factories import make_person, sign_in

    team, _made = Organisation.objects.get_or_create(name="Shetland Health Visiting")
    people = [make_person(email=email, organisation=team) for email in emails]
    return {person.email: sign_in(Inner(), person).cookies[settings.SESSION_COOKIE_NAME].value for person in people}


def staff_session(user: Any) -> str:
    from django.conf import settings
    from django.test import Client as Inner

    from tests.factories import sign_in_staff

    return sign_in_staff(Inner(), user).cookies[settings.SESSION_COOKIE_NAME].value


def put_right(order: int) -> int:
    """The order's line made to say what the ledger says has gone, and the ledger what the line is promised; the line's key."""
    from django.db import transaction
    from django.db.models import Q, Sum

    from leaflets.models import MovementKind, OrderLine
    from leaflets.stock.services import movement_for_line, record_movements

    with transaction.atomic():
        line = OrderLine.objects.get(order=order)
        sums = line.movements.aggregate(allocated=Sum("allocated_change"), gone=Sum("copies", filter=Q(kind="dispatched")))
        line.cancelled -= (sums["gone"] or 0) - line.dispatched
        line.dispatched = sums["gone"] or 0
        line.save()
        lost = movement_for_line(line, MovementKind.ALLOCATED, line.allocated - sums["allocated"])
        record_movements([lost], by=None, now=datetime.now(UTC), reason="Race control")
    return line.pk


def print_more(slug: str) -> int:
    """As many copies as were promised too many, so that the ledger and the CHECK agree again."""
    from leaflets.models import Edition
    from leaflets.stock.services import receive_stock

    edition = Edition.objects.get(leaflet__slug=slug)
    if edition.available < 0:
        receive_stock(edition=edition, copies=-edition.available, by=None, now=datetime.now(UTC), reason="Race control")
    return edition.available


# For the tests


@dataclass(frozen=True)
class Scene:
    """One presenter and the day on which they can be booked."""

    presenter: int
    postcode: str
    days: list[date]

    def at(self, clock: str, day: int = 0) -> str:
        """The value of that time's radio."""
        from core.dates import uk_datetime

        return uk_datetime(self.days[day], time.fromisoformat(clock)).astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")

    @property
    def day(self) -> str:
        return self.days[0].isoformat()


@dataclass
class Stage:
    live: Live
    facts: dict[str, Any]
    unused: list[str] = field(default_factory=lambda: list(OTHERS))
    unused_scenes: list[str] = field(default_factory=lambda: [name for name in SCENES if name.startswith("day")])

    # People

    def client(self, email: str, base_url: str = "") -> Client:
        client = Client(base_url or self.live.base_url, session=self.facts["sessions"][email])
        client.email = email
        return client

    def crowd(self, base_url: str = "") -> list[Client]:
        return [self.client(email, base_url) for email in CROWD_EMAILS]

    def somebody(self, base_url: str = "") -> Client:
        """A person who has done nothing yet."""
        return self.client(self.unused.pop(0), base_url)

    def staff(self, number: int = 0, base_url: str = "") -> Client:
        return Client(base_url or self.live.base_url, session=self.facts["staff"][number])

    # Presenters

    @contextmanager
    def open_scene(self, name: str = "") -> Iterator[Scene]:
        """Its presenter alone can be booked meanwhile; without a name one that nobody has used."""
        key, postcode = self.facts["scenes"][name or self.unused_scenes.pop(0)]
        activate = "UPDATE bookings_presenter SET active = %s WHERE id = %s"
        self.live.query(activate, True, key)
        try:
            yield Scene(key, postcode, [date.fromisoformat(day) for day in self.facts["days"]])
        finally:
            self.live.query(activate, False, key)

    def queue_for(self, scene: Scene, *jobs: Callable[[], T]) -> list[T]:
        """All come to this presenter while the test holds them, in this order, then go together."""
        with gates.held(self.live, PRESENTER, scene.postcode) as gate:
            return gates.queue_at(gate, jobs)

    def pause_at(self, pause: str, *jobs: Callable[[], T]) -> list[T]:
        """All come to this pause of the server without guards, then go together."""
        with gates.paused(self.live, pause) as gate:
            return gates.queue_at(gate, jobs)

    # What is stored

    def count(self, sql: str, *values: object) -> int:
        return int(self.live.query(f"SELECT count(*) FROM {sql}", *values)[0][0])

    def claims_at(self, postcode: str) -> Counter[str]:
        """Live claims on the time of who lives there, by kind."""
        return Counter(kind for (kind,) in self.live.query(f"SELECT kind FROM {CLAIMS} AND live", postcode))

    def bookings_of(self, client: Client) -> list[tuple[Any, ...]]:
        """Reference, state and whether it has its presenter's time, in the order in which they were made."""
        return self.live.query(
            """SELECT reference, state, t.id IS NOT NULL FROM bookings_booking b JOIN professionals_person p ON p.id = b.person_id
            LEFT JOIN bookings_busytime t ON t.booking_id = b.id AND t.live WHERE p.email = %s ORDER BY b.id""",
            client.email,
        )

    def figures(self, slug: str) -> tuple[int, int]:
        """On hand, allocated."""
        return self.live.query(
            "SELECT on_hand, allocated FROM leaflets_edition e JOIN leaflets_leaflet l ON l.id = e.leaflet_id WHERE slug = %s",
            slug,
        )[0]

    def told(self, about: str) -> Counter[str]:
        """The kinds of mail about it."""
        rows = self.live.query("SELECT kind FROM notifications_notification WHERE about = %s", about)
        return Counter(kind for (kind,) in rows)

    # For negative controls

    def put_right(self, key: int, reference: str) -> None:
        """What reconcile_stock finds wrong with the order, so that it finds nothing."""
        with pytest.raises(AssertionError, match=f"order {reference}, line .*, ledger "):
            self.live.manage("reconcile_stock")
        inside(self.live, "tests.races.stage", "put_right", key)
        assert "are equal" in self.live.manage("reconcile_stock")

    @contextmanager
    def dropped(self, guards: tuple[str, ...], *mend: Callable[[], object]) -> Iterator[None]:
        """These constraints and triggers are gone meanwhile. `mend` takes away what they would not have let in."""
        found = self.live.query(GUARD, list(guards), list(guards))
        assert len(found) == len(guards), found
        self.live.query("; ".join(drop for _add, drop in found))
        try:
            yield
        finally:
            for each in mend:
                each()
            self.live.query("; ".join(add for add, _drop in found))
            assert sorted(self.live.query(GUARD, list(guards), list(guards))) == sorted(found)

    def slots_unguarded(self, scene: Scene) -> Any:
        """No database guard on presenters' time; what is claimed of this presenter's goes at the end."""
        return self.dropped(SLOT_GUARDS, partial(self.live.query, f"DELETE FROM {CLAIMS}", scene.postcode))

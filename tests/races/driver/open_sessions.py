"""The oracle's part about open sessions: what happened to each is told again, event by event, and must end as the rows say."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

Query = Callable[..., list[tuple[Any, ...]]]
OCCUPYING = {"taken", "offered", "attended"}
LIVE = OCCUPYING | {"waiting"}
# What somebody is told of what happens to their own place.
TOLD = {
    "taken": "place-taken",
    "joined": "place-waiting",
    "offered": "place-offered",
    "accepted": "place-taken",
    "lapsed": "place-lapsed",
    "given-up": "place-given-up",
    "bumped": "place-bumped",
}
BECOMES = {
    "taken": "taken",
    "joined": "waiting",
    "offered": "offered",
    "accepted": "taken",
    "lapsed": "given-up",
    "given-up": "given-up",
    "bumped": "waiting",
}
MAY_FOLLOW = {
    "taken": {"", "given-up", "waiting", "offered"},
    "joined": {"", "given-up"},
    "offered": {"waiting"},
    "accepted": {"offered"},
    "lapsed": {"offered"},
    "given-up": {"taken", "offered", "waiting"},
    "bumped": {"taken", "offered"},
}


@dataclass
class Told:
    """A session as its events tell of it."""

    capacity: int
    state: str = "scheduled"
    places: dict[int, str] = field(default_factory=dict)
    position: dict[int, int] = field(default_factory=dict)
    mail: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    last: int = 0
    wrong: list[str] = field(default_factory=list)

    def of(self, *states: str) -> list[int]:
        return [place for place, state in self.places.items() if state in states]

    def happens(self, kind: str, place: int | None, changes: dict[str, Any]) -> None:
        if self.state != "scheduled":
            self.wrong.append(f"{kind} of {place} after it was {self.state}")
        if place is not None:
            self.to_a_place(kind, place)
        elif kind == "capacity":
            before, self.capacity = changes["capacity"]
            self.fits(f"{before} places became {self.capacity}")
        elif kind in ("moved", "cancelled"):
            self.tell(f"session-{kind}", "taken", "offered", "waiting")
            self.state = "cancelled" if kind == "cancelled" else self.state
        if changes.get("details"):
            self.tell("session-details", "taken", "attended")

    def to_a_place(self, kind: str, place: int) -> None:
        before = self.places.get(place, "")
        if before not in MAY_FOLLOW[kind]:
            self.wrong.append(f"place {place} is {before or 'nothing'} and is {kind}")
        if kind == "offered" or (kind == "taken" and before == "waiting"):
            first = min(self.of("waiting"), key=self.position.__getitem__, default=None)
            if place != first:
                self.wrong.append(f"place {place} was {kind} before {first}, who stood before it")
        elif kind in ("taken", "joined") and before != "offered":
            self.last += 1
            self.position[place] = self.last
            if kind == "taken" and self.of("waiting"):
                self.wrong.append(f"place {place} was taken past the line {self.of('waiting')}")
        self.places[place] = BECOMES[kind]
        self.mail[place].append(TOLD[kind])
        self.fits(f"place {place} was {kind}")

    def fits(self, what: str) -> None:
        if len(self.of(*OCCUPYING)) > self.capacity:
            self.wrong.append(f"more than {self.capacity} places are taken after {what}")

    def tell(self, kind: str, *states: str) -> None:
        for place in self.of(*states):
            self.mail[place].append(kind)


def open_sessions(query: Query, presentations: Sequence[int]) -> Iterator[str]:
    """Never over capacity, the line in order, nobody waits beside a free place, each told once of each thing, in order."""
    rows = query(
        """SELECT id, state, capacity, occupied, waiting, starts_at > now(), presenter_id, starts_at, ends_at
        FROM bookings_opensession WHERE presentation_id = ANY(%s)""",
        list(presentations),
    )
    keys = [key for key, *_rest in rows]
    events, places, mail = read_events(query, keys), read_places(query, keys), read_mail(query, keys)
    claims = read_claims(query, keys)
    for key, state, capacity, occupied, waiting, to_come, presenter, start, end in rows:
        told = as_told(capacity, events[key])
        yield from (f"session {key}: {what}" for what in told.wrong)
        yield from (f"session {key}: {what}" for what in figures(told, state, capacity, occupied, waiting))
        if state == "scheduled" and to_come and waiting and occupied < capacity:
            yield f"session {key}: {waiting} wait, and {capacity - occupied} places are free"
        yield from (f"session {key}: {what}" for what in places_of(told, places[key], mail))
        wanted = [(presenter, start, end)] if state != "cancelled" and presenter else []
        if claims[key] != wanted:
            yield f"session {key} is {state} and should have the time {wanted}, and has {claims[key]}"


def as_told(capacity: int, events: Sequence[tuple[str, int | None, dict[str, Any]]]) -> Told:
    """From as many places as it had before the first change of them."""
    first = next((changes["capacity"][0] for kind, _place, changes in events if kind == "capacity"), capacity)
    told = Told(first)
    for kind, place, changes in events:
        told.happens(kind, place, changes)
    return told


def figures(told: Told, state: str, capacity: int, occupied: int, waiting: int) -> Iterator[str]:
    if (told.state, told.capacity) != (state, capacity):
        yield f"is {state} of {capacity}, and its events say {told.state} of {told.capacity}"
    counted = len(told.of(*OCCUPYING)), len(told.of("waiting"))
    if (occupied, waiting) != counted:
        yield f"counts {occupied, waiting}, and its events say {counted}"


def places_of(told: Told, rows: Sequence[tuple[int, str, int, int]], mail: dict[int, list[tuple[int, str]]]) -> Iterator[str]:
    """`rows`: key, state, position, version."""
    if {key: state for key, state, _position, _version in rows} != told.places:
        yield f"has the places {rows}, and its events say {told.places}"
    in_order = [key for key, *_rest in sorted(rows, key=lambda row: row[2])]
    if in_order != sorted(told.position, key=told.position.__getitem__):
        yield f"has them in the order {in_order}, and its events say {told.position}"
    for key, _state, _position, version in rows:
        wanted = list(enumerate(told.mail[key], start=1))
        if mail[key] != wanted or version != len(wanted):
            yield f"place {key} of version {version} was told {mail[key]}, and should have been {wanted}"


def read_events(query: Query, keys: Sequence[int]) -> dict[int, list[tuple[str, int | None, dict[str, Any]]]]:
    found: dict[int, list[tuple[str, int | None, dict[str, Any]]]] = defaultdict(list)
    sql = "SELECT session_id, kind, place_id, changes FROM bookings_sessionevent WHERE session_id = ANY(%s) ORDER BY id"
    for session, kind, place, changes in query(sql, list(keys)):
        found[session].append((kind, place, changes))
    return found


def read_places(query: Query, keys: Sequence[int]) -> dict[int, list[tuple[int, str, int, int]]]:
    found: dict[int, list[tuple[int, str, int, int]]] = defaultdict(list)
    sql = "SELECT session_id, id, state, position, version FROM bookings_sessionplace WHERE session_id = ANY(%s) ORDER BY id"
    for session, *row in query(sql, list(keys)):
        found[session].append((row[0], row[1], row[2], row[3]))
    return found


def read_mail(query: Query, keys: Sequence[int]) -> dict[int, list[tuple[int, str]]]:
    """Of each place the versions and kinds of what its person was told."""
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    sql = """SELECT p.id, n.version, n.kind FROM bookings_sessionplace p
        JOIN notifications_notification n ON n.about = 'place:' || p.id AND n.resend_of_id IS NULL
        WHERE p.session_id = ANY(%s) AND n.kind NOT LIKE '%%reminder%%' AND n.kind <> 'session-unsure'
        ORDER BY p.id, n.version, n.id"""
    for place, version, kind in query(sql, list(keys)):
        found[place].append((version, kind))
    return found


def read_claims(query: Query, keys: Sequence[int]) -> dict[int, list[tuple[int, Any, Any]]]:
    found: dict[int, list[tuple[int, Any, Any]]] = defaultdict(list)
    sql = "SELECT session_id, presenter_id, lower(busy), upper(busy) FROM bookings_busytime WHERE live AND session_id = ANY(%s)"
    for session, *claim in query(sql, list(keys)):
        found[session].append((claim[0], claim[1], claim[2]))
    return found

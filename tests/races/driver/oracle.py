"""Whether all is well: rows read with plain SQL and judged in plain Python, which knows the product's rules and none of its code.

Each function yields one line for each thing that is wrong.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import asin, ceil, cos, radians, sin, sqrt
from typing import Any, NamedTuple

from tests.races.driver.lost_parcels import lost_parcels
from tests.races.driver.open_sessions import open_sessions
from tests.races.driver.recalls import recalls

Query = Callable[..., list[tuple[Any, ...]]]
OPEN = {"requested", "confirmed"}
# The kinds of mail that must have been written about what is in this state, each once to its owner.
BOOKING_TOLD = {"cancelled": "booking-cancelled", "declined": "booking-declined"}
ORDER_TOLD = {"cancelled": "order-cancelled", "declined": "order-declined"}  # parcels: see orders()


class Claim(NamedTuple):
    presenter: int
    start: datetime
    end: datetime
    kind: str
    booking: int | None
    leave: int | None
    hold: int | None
    postcode: str
    where: tuple[float, float] | None
    option: int | None = None
    zone: str = "mainland"


# What the random world has: minutes that a crossing adds, and what its staff have set between two outward codes.
CROSSINGS = {"shetland": 240, "orkney": 120, "lewis-and-harris": 180}
SET_BY_STAFF = {frozenset(("ZE1", "ZE2")): 75, frozenset(("KW15", "KW17")): 95}


def read_claims(query: Query, presenters: Sequence[int]) -> list[Claim]:
    rows = query(
        """SELECT presenter_id, lower(busy), upper(busy), kind, booking_id, leave_id, hold_id, postcode, latitude, longitude,
        option_id, zone FROM bookings_busytime WHERE live AND presenter_id = ANY(%s) ORDER BY presenter_id, lower(busy)""",
        list(presenters),
    )
    return [Claim(*row[:8], None if row[8] is None else (row[8], row[9]), *row[10:]) for row in rows]


def minutes_between(one: Claim, other: Claim) -> int:
    """15 minutes and the straight line times 1.3 at 70 km an hour, never below 30, and crossings; none within one postcode."""
    if one.postcode == other.postcode:
        return 0
    pair = frozenset(claim.postcode.split()[0] for claim in (one, other))
    if pair in SET_BY_STAFF:
        return SET_BY_STAFF[pair]
    crossing = CROSSINGS.get(one.zone, 0) + CROSSINGS.get(other.zone, 0) if one.zone != other.zone else 0
    (north, east), (north_too, east_too) = one.where or (0, 0), other.where or (0, 0)
    up, along = sin(radians(north_too - north) / 2), sin(radians(east_too - east) / 2)
    kilometres = 2 * 6371.0 * asin(sqrt(up**2 + cos(radians(north)) * cos(radians(north_too)) * along**2))
    return max(30, ceil(15 + kilometres * 1.3 / 70 * 60 - 1e-6)) + crossing


def time_of_presenters(claims: Iterable[Claim]) -> Iterator[str]:
    """Nobody in two places, nobody without the time for the journey."""
    own: dict[int, list[Claim]] = defaultdict(list)
    for claim in claims:
        own[claim.presenter].append(claim)
    for presenter, theirs in own.items():
        for before, after in pairwise(theirs):
            if after.start < before.end:
                yield f"presenter {presenter} is in two places: {before} and {after}"
        for before, after in pairwise([claim for claim in theirs if claim.where]):
            between = [claim for claim in theirs if before.end <= claim.start and claim.end <= after.start and not claim.where]
            free = after.start - before.end - sum((claim.end - claim.start for claim in between), timedelta())
            far_apart = after.start - before.end >= timedelta(hours=48)
            if not far_apart and free < timedelta(minutes=minutes_between(before, after)):
                yield f"presenter {presenter} has {free} from {before} to {after}"


def claims_and_what_they_are_for(query: Query, claims: Sequence[Claim], bookings: Sequence[tuple[Any, ...]]) -> Iterator[str]:
    """Every live booking has its presenter's time, and nothing else has any."""
    by_booking = {claim.booking: claim for claim in claims if claim.booking}
    for key, state, presenter, start, end, postcode, _email in bookings:
        claim = by_booking.pop(key, None)
        expected = (presenter, start, end, "booking", postcode) if state in OPEN and presenter else None
        found = (claim.presenter, claim.start, claim.end, claim.kind, claim.postcode) if claim else None
        if found != expected:
            yield f"booking {key} is {state} and should have {expected}, and has {found}"
    yield from (f"time of an unknown booking: {claim}" for claim in by_booking.values())
    presenters = sorted({claim.presenter for claim in claims})
    holds = query("SELECT id, presenter_id, start FROM bookings_hold WHERE presenter_id = ANY(%s) ORDER BY id", presenters)
    held = sorted((claim.hold, claim.presenter, claim.start) for claim in claims if claim.hold)
    if holds != held:
        yield f"holds {holds} have the time {held}"
    granted = "SELECT presenter_id, starts_at, ends_at FROM bookings_leave WHERE state = 'granted' AND presenter_id = ANY(%s)"
    leave = query(granted, presenters)
    away = [(claim.presenter, claim.start, claim.end) for claim in claims if claim.leave]
    if together(leave) != together(away):
        yield f"leave {together(leave)} has the time {together(away)}"


def dates_of_requests(query: Query, claims: Sequence[Claim], people: Sequence[str]) -> Iterator[str]:
    """What is kept for a date that is open has its presenter's time, and no other date has any."""
    rows = query(
        """SELECT o.id, o.kind, o.state, o.presenter_id, kept_from, kept_from + make_interval(mins => length_minutes),
        coalesce(expires_at > now(), false), b.id, b.state, b.starts_at, email FROM bookings_dateoption o
        JOIN bookings_booking b ON b.id = o.booking_id JOIN bookings_presentation p ON p.id = b.presentation_id
        JOIN professionals_person w ON w.id = b.person_id WHERE email = ANY(%s)""",
        list(people),
    )
    by_option = {claim.option: claim for claim in claims if claim.option}
    asked: Counter[str] = Counter()
    for key, kind, state, presenter, start, end, lasts, booking, of_state, agreed, email in rows:
        claim = by_option.pop(key, None)
        found = (claim.presenter, claim.start, claim.end) if claim else None
        is_open, kept = state == "open", presenter is not None
        if is_open and of_state != "requested":
            yield f"date {key} is open and its booking {booking} is {of_state}"
        if (is_open and kept and lasts and found != (presenter, start, end)) or (found and not (is_open and kept)):
            yield f"date {key} is {state}, kept {presenter, start, end}, lasting {lasts}, and has {found}"
        if state == "taken" and agreed is None:
            yield f"date {key} is taken and booking {booking} has no time"
        asked[email] += kind == "preferred" and is_open and kept and lasts
    yield from (f"time of an unknown date: {claim}" for claim in by_option.values())
    yield from (f"{email} has {count} dates kept that they asked for" for email, count in asked.items() if count > 3)


def holds_end_with_their_time(query: Query, presenters: Sequence[int]) -> Iterator[str]:
    until = """SELECT h.id, h.expires_at, t.expires_at FROM bookings_hold h JOIN bookings_busytime t ON t.hold_id = h.id
        WHERE h.presenter_id = ANY(%s)"""
    for key, own, claim in query(until, list(presenters)):
        if own != claim:
            yield f"hold {key} is kept until {own} and its time until {claim}"


def together(spans: Iterable[tuple[int, datetime, datetime]]) -> list[tuple[int, datetime, datetime]]:
    """The same time in as few spans as it takes."""
    joined: list[tuple[int, datetime, datetime]] = []
    for presenter, start, end in sorted(spans):
        if joined and joined[-1][0] == presenter and start <= joined[-1][2]:
            joined[-1] = (presenter, joined[-1][1], max(end, joined[-1][2]))
        else:
            joined.append((presenter, start, end))
    return joined


def stock(query: Query, editions: Sequence[int]) -> Iterator[str]:
    """Figures, ledger and orders say the same, and nothing is negative."""
    figures = {
        key: tuple(rest)
        for key, *rest in query("SELECT id, on_hand, allocated FROM leaflets_edition WHERE id = ANY(%s)", editions)
    }
    ledger = """SELECT edition_id, sum(on_hand_change)::int, sum(allocated_change)::int FROM leaflets_stockmovement
        WHERE edition_id = ANY(%s) GROUP BY 1"""
    moved = {key: tuple(rest) for key, *rest in query(ledger, editions)}
    promised = "SELECT edition_id, sum(allocated)::int FROM leaflets_orderline WHERE edition_id = ANY(%s) GROUP BY 1"
    lines = dict(query(promised, editions))
    for key, (on_hand, allocated) in figures.items():
        if moved.get(key) != (on_hand, allocated) or lines.get(key, 0) != allocated or not 0 <= allocated <= on_hand:
            yield f"edition {key}: figures {on_hand, allocated}, ledger {moved.get(key)}, order lines {lines.get(key)}"


def is_as_its_state_says(state: str, copies: int, backordered: int, allocated: int, dispatched: int, cancelled: int) -> bool:
    """Whether every copy of an order is where an order in that state has it."""
    done = not backordered and not allocated
    return (
        backordered + allocated + dispatched + cancelled == copies
        and {
            "requested": backordered > 0 and backordered + cancelled == copies,  # a recall may have ended a title of it
            "received": allocated > 0,
            "waiting": not allocated and backordered > 0,
            "packing": allocated > 0,
            "dispatched": done and dispatched > 0,
            "cancelled": done and cancelled > 0,
            "declined": cancelled == copies,
        }[state]
    )


def orders(query: Query, people: Sequence[str]) -> Iterator[str]:
    """Every copy of every line is where its order is; each parcel is told of by the one email that it names, and each wait that
    ended was told of once."""
    rows = query(
        """SELECT o.id, o.state, sum(copies)::int, sum(l.backordered)::int, sum(l.allocated)::int, sum(dispatched)::int,
            sum(cancelled)::int, (SELECT count(*) FROM leaflets_dispatch d WHERE d.order_id = o.id),
            (SELECT count(*) FROM leaflets_dispatch d JOIN notifications_notification n ON n.id = d.notification_id
                WHERE d.order_id = o.id AND n.kind = 'order-dispatched' AND n.resend_of_id IS NULL AND n.recipient = p.email
                AND (n.state <> 'sent' OR strpos(n.text_body, o.reference) > 0)),
            (SELECT count(*) FROM leaflets_orderevent e WHERE e.order_id = o.id AND e.kind = 'stocked')
            - (SELECT count(*) FROM notifications_notification n WHERE n.about = 'order:' || o.id AND n.kind = 'order-stocked'
                AND n.resend_of_id IS NULL)
        FROM leaflets_order o JOIN professionals_person p ON p.id = o.person_id
        LEFT JOIN leaflets_orderline l ON l.order_id = o.id WHERE email = ANY(%s) GROUP BY o.id, p.email""",
        list(people),
    )
    for key, state, copies, *placed, parcels, told, untold in rows:
        sent = placed[2] > 0
        if not is_as_its_state_says(state, copies, *placed) or (parcels > 0) != sent or told != parcels or untold:
            yield f"order {key} is {state}: {copies} copies, of which {placed}; {parcels} parcels, {told} told; {untold} untold"


def changes_of_orders(query: Query, people: Sequence[str]) -> Iterator[str]:
    """Each change of an order has a number, and its owner one message with that number."""
    rows = query(
        """SELECT o.id, (SELECT count(*) FROM leaflets_orderevent e WHERE e.order_id = o.id AND e.kind = 'changed'),
            array(SELECT n.version FROM notifications_notification n WHERE n.about = 'order:' || o.id AND n.kind = 'order-changed'
                AND n.resend_of_id IS NULL ORDER BY n.version)
        FROM leaflets_order o JOIN professionals_person p ON p.id = o.person_id WHERE email = ANY(%s)""",
        list(people),
    )
    for key, changes, told in rows:
        if told != list(range(1, changes + 1)):
            yield f"order {key} was changed {changes} times, and told {told}"


def brought(query: Query, people: Sequence[str]) -> Iterator[str]:
    """What is brought goes with one visit; nothing is kept for a visit that is off."""
    rows = query(
        """SELECT o.reference, o.state, o.visit_reference, b.reference, b.state FROM leaflets_order o
        JOIN professionals_person p ON p.id = o.person_id LEFT JOIN bookings_visitleaflets t ON t.order_id = o.id
        LEFT JOIN bookings_booking b ON b.id = t.booking_id
        WHERE email = ANY(%s) AND (o.visit_reference <> '' OR b.id IS NOT NULL)""",
        list(people),
    )
    for reference, state, said, visit, visit_state in rows:
        if said != visit:
            yield f"order {reference} says that it is brought with {said or 'nothing'}, and is of {visit}"
        if visit_state in {"cancelled", "declined"} and state not in {"cancelled", "dispatched"}:
            yield f"order {reference} is {state}, and {visit} is {visit_state}"


def waits(query: Query, editions: Sequence[int]) -> Iterator[str]:
    """Nobody waits for copies that lie there unpromised."""
    rows = query(
        """SELECT o.id, e.id, l.backordered, e.on_hand - e.allocated FROM leaflets_orderline l
        JOIN leaflets_order o ON o.id = l.order_id JOIN leaflets_edition e ON e.id = l.edition_id
        WHERE e.id = ANY(%s) AND l.backordered > 0 AND o.state IN ('received', 'waiting') AND e.on_hand > e.allocated
            AND e.state <> 'withdrawn'""",
        editions,
    )
    yield from (
        f"order {key} waits for {copies} copies of edition {edition}, {free} are free" for key, edition, copies, free in rows
    )


def limits(query: Query, editions: Sequence[int]) -> Iterator[str]:
    """What was ordered without asking is within what a person and a workplace may have. The whole run is within the 90 days."""
    for whose, limit in (
        ("o.person_id::text", "most_per_person"),
        ("o.postcode || coalesce(o.organisation_id, 0)", "most_per_workplace"),
    ):
        rows = query(
            f"""SELECT {whose}, t.slug, sum(l.copies - l.cancelled)::int, t.{limit} FROM leaflets_orderline l
            JOIN leaflets_order o ON o.id = l.order_id JOIN leaflets_edition e ON e.id = l.edition_id
            JOIN leaflets_leaflet t ON t.id = e.leaflet_id WHERE e.id = ANY(%s) AND o.over_limit_reason = ''
            AND o.replaces_id IS NULL GROUP BY 1, t.id HAVING sum(l.copies - l.cancelled) > t.{limit}""",
            editions,
        )
        yield from (f"{who} ordered {copies} copies of {slug}, of {most} that they may" for who, slug, copies, most in rows)


def mail(query: Query, things: Iterable[tuple[str, str, str]], taken: Counter[str], known_before: int) -> Iterator[str]:
    """Everything that had to be told is told, each message exactly once, and none is left."""
    rows = query(
        """SELECT id, kind, about, version, lower(recipient), state, message_id, resend_of_id, due_at <= now()
        FROM notifications_notification WHERE id > %s""",
        known_before,
    )
    told = Counter(
        (kind, about, recipient) for _id, kind, about, _version, recipient, _state, _mid, again, _due in rows if not again
    )
    for kind, about, recipient in things:
        if told[kind, about, recipient] != 1:
            yield f"{recipient} should hear once of {kind} {about}: {told[kind, about, recipient]} times"
    once = Counter(
        (kind, about, version, recipient) for _id, kind, about, version, recipient, _s, _m, again, _d in rows if not again
    )
    yield from (f"written twice: {row}" for row, count in once.items() if count > 1)
    for key, kind, about, _version, _recipient, state, message_id, _again, due in rows:
        if state in {"sending", "failed"} or (state == "pending" and due):
            yield f"message {key} ({kind}, {about}) is {state}"
        if taken[message_id] != (state == "sent"):
            yield f"message {key} ({kind}, {about}) is {state} and came {taken[message_id]} times"


def must_be_told(bookings: Iterable[tuple[Any, ...]], order_rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, str, str]]:
    """Kind, about, recipient."""
    for key, state, *_rest, email in bookings:
        if state in BOOKING_TOLD:
            yield BOOKING_TOLD[state], f"booking:{key}", email
    for key, state, asked, visit_state, email, replaces in order_rows:
        if not visit_state and not replaces:  # else the booking's emails tell of it, and of its end; or that of what was lost
            yield "order-requested" if asked else "order-received", f"order:{key}", email
        if state in ORDER_TOLD and visit_state not in BOOKING_TOLD:
            yield ORDER_TOLD[state], f"order:{key}", email


def changes(query: Query, people: Sequence[str]) -> Iterator[str]:
    """Every move and every change of details has a number of its own, and its owner one message with that number."""
    rows = query(
        """SELECT e.id, e.kind, (coalesce(e.changes->>'sequence', e.changes->>'revision'))::int, (
            SELECT count(*) FROM notifications_notification n WHERE n.about = 'booking:' || b.id AND n.resend_of_id IS NULL
            AND n.kind = CASE e.kind WHEN 'rescheduled' THEN 'booking-moved' ELSE 'booking-changed' END
            AND n.version = (coalesce(e.changes->>'sequence', e.changes->>'revision'))::int AND n.recipient = p.email),
        (SELECT count(*) FROM bookings_bookingevent o WHERE o.booking_id = b.id AND o.kind = e.kind AND o.id <> e.id AND
            coalesce(o.changes->>'sequence', o.changes->>'revision') = coalesce(e.changes->>'sequence', e.changes->>'revision'))
        FROM bookings_bookingevent e JOIN bookings_booking b ON b.id = e.booking_id
        JOIN professionals_person p ON p.id = b.person_id
        WHERE e.kind IN ('rescheduled', 'details-changed') AND email = ANY(%s)""",
        list(people),
    )
    for key, kind, number, told, same in rows:
        if told != 1 or same:
            yield f"event {key} ({kind}, number {number}) was told {told} times, and {same} others have its number"


LEAVE_TOLD = {"asked": "leave-asked", "granted": "leave-granted", "refused": "leave-refused"}


def leave_answers(query: Query, presenters: Sequence[int]) -> Iterator[str]:
    """Whoever asked for leave hears the answer once; staff hear once of what is asked, and of illness that holds already."""
    rows = query(
        """SELECT l.id, l.kind, l.state, array(SELECT n.kind FROM notifications_notification n WHERE n.about = 'leave:' || l.id
            AND n.resend_of_id IS NULL) FROM bookings_leave l WHERE asked_by_presenter AND presenter_id = ANY(%s)""",
        list(presenters),
    )
    for key, kind, state, told in rows:
        first = ["leave-entered"] if kind == "illness" else ["leave-asked"]
        answer = [] if kind == "illness" or state == "asked" else [LEAVE_TOLD[state]]
        if sorted(told) != sorted(first + answer):
            yield f"leave {key} ({kind}, {state}) was told as {sorted(told)}"


def visits(query: Query, people: Sequence[str]) -> Iterator[str]:
    """However often they tap, each presenter of a booking arrives and leaves once; the visit says what its last event says."""
    rows = query(
        """SELECT b.id, e.kind, array_agg(e.at ORDER BY e.id), v.checked_in_at, v.checked_out_at,
            (SELECT count(*) FROM bookings_bookingevent m WHERE m.booking_id = b.id AND m.kind IN ('rescheduled', 'reassigned'))
        FROM bookings_bookingevent e JOIN bookings_booking b ON b.id = e.booking_id
        JOIN professionals_person p ON p.id = b.person_id LEFT JOIN bookings_visit v ON v.booking_id = b.id
        WHERE e.kind IN ('checked-in', 'checked-out') AND email = ANY(%s) GROUP BY b.id, v.id, e.kind""",
        list(people),
    )
    for key, kind, moments, arrived, left, moved in rows:
        stands = arrived if kind == "checked-in" else left
        if len(moments) > moved + 1:
            yield f"booking {key} was {kind} {len(moments)} times, and moved or given to another presenter {moved} times"
        if stands not in (None, moments[-1]):
            yield f"booking {key} was {kind} at {moments[-1]}, and its visit says {stands}"


def everything_wrong(query: Query, world: dict[str, Any], taken: Counter[str], known_before: int) -> list[str]:
    people = list(world["people"])
    claims = read_claims(query, world["presenters"])
    prints = "SELECT id FROM leaflets_edition WHERE leaflet_id IN (SELECT leaflet_id FROM leaflets_edition WHERE id = ANY(%s))"
    editions = [key for (key,) in query(prints, world["editions"])]
    bookings = query(
        """SELECT b.id, state, presenter_id, starts_at, ends_at, b.postcode, email FROM bookings_booking b
        JOIN professionals_person p ON p.id = b.person_id WHERE email = ANY(%s)""",
        people,
    )
    order_rows = query(
        """SELECT o.id, CASE WHEN EXISTS (SELECT FROM leaflets_orderevent c JOIN leaflets_orderevent r USING (order_id, at)
                WHERE c.order_id = o.id AND c.kind = 'cancelled' AND r.kind = 'recalled') THEN 'recalled' ELSE state END,
            over_limit_reason <> '',
            coalesce((SELECT b.state FROM bookings_booking b WHERE b.reference = visit_reference), ''), email,
            replaces_id IS NOT NULL FROM leaflets_order o
        JOIN professionals_person p ON p.id = o.person_id WHERE email = ANY(%s)""",
        people,
    )
    return [
        *time_of_presenters(claims),
        *claims_and_what_they_are_for(query, claims, bookings),
        *dates_of_requests(query, claims, people),
        *holds_end_with_their_time(query, world["presenters"]),
        *stock(query, editions),
        *lost_parcels(query, people),
        *recalls(query, people),
        *orders(query, people),
        *changes_of_orders(query, people),
        *brought(query, people),
        *waits(query, editions),
        *limits(query, editions),
        *changes(query, people),
        *leave_answers(query, world["presenters"]),
        *visits(query, people),
        *open_sessions(query, world["presentations"]),
        *mail(query, must_be_told(bookings, order_rows), taken, known_before),
    ]

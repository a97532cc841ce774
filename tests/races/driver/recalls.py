"""The oracle's part about editions that were recalled."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any


def recalls(query: Callable[..., list[tuple[Any, ...]]], people: Sequence[str]) -> Iterator[str]:
    """Nothing is promised of what was recalled; whoever has copies of it is told how many, once; so is whose order ended."""
    rows = query("SELECT r.id, e.allocated, e.state FROM leaflets_recall r JOIN leaflets_edition e ON e.id = r.edition_id")
    yield from (
        f"recall {key}: {allocated} promised, {state}" for key, allocated, state in rows if allocated or state != "withdrawn"
    )
    rows = query(
        """SELECT r.id, p.email, sum(l.dispatched), max(h.received), max(CASE WHEN n.recipient = p.email THEN 1 ELSE 0 END)
        FROM leaflets_recall r JOIN leaflets_orderline l ON l.edition_id = r.edition_id
        JOIN leaflets_order o ON o.id = l.order_id JOIN professionals_person p ON p.id = o.person_id
        LEFT JOIN leaflets_recallholder h ON h.recall_id = r.id AND h.person_id = p.id
        LEFT JOIN notifications_notification n ON n.id = h.notification_id AND n.about = concat('recall:', r.id, ':', h.id)
        WHERE p.email = ANY(%s) GROUP BY 1, 2""",
        list(people),
    )
    for key, email, sent, said, told in rows:
        if (sent or said is not None) and (said != sent or told != 1):
            yield f"recall {key}: {email} was sent {sent} copies, is told of {said}, in {told} emails"
    rows = query(
        """SELECT a.recall_id, o.id FROM leaflets_recallorder a JOIN leaflets_order o ON o.id = a.order_id
        JOIN professionals_person p ON p.id = o.person_id WHERE a.cancelled > 0 AND p.email = ANY(%s) AND NOT EXISTS (
            SELECT FROM leaflets_recallholder h WHERE h.recall_id = a.recall_id AND h.person_id = o.person_id)""",
        list(people),
    )
    yield from (f"recall {key} cancelled copies of order {order}, and nobody is told" for key, order in rows)

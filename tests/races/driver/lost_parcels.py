"""The oracle's part about parcels that never came."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

LOST_TOLD = {"open": [], "resent": ["order-resent"], "closed": ["order-not-resent"]}


def lost_parcels(query: Callable[..., list[tuple[Any, ...]]], people: Sequence[str]) -> Iterator[str]:
    """Each was told of once and decided once: one order sends it again, or none; its owner heard of either once."""
    rows = query(
        """SELECT m.id, m.state, (SELECT count(*) FROM leaflets_order r WHERE r.replaces_id = m.id), array(
            SELECT n.kind FROM notifications_notification n WHERE n.about = 'missing:' || m.id AND n.resend_of_id IS NULL)
        FROM leaflets_missingparcel m JOIN leaflets_dispatch d ON d.id = m.parcel_id JOIN leaflets_order o ON o.id = d.order_id
        JOIN professionals_person p ON p.id = o.person_id WHERE email = ANY(%s)""",
        list(people),
    )
    for key, state, again, told in rows:
        expected = sorted(["order-missing", "staff-order-missing", *LOST_TOLD[state]])
        if again != (state == "resent") or sorted(told) != expected:
            yield f"lost parcel {key} is {state}: {again} orders send it again, told as {sorted(told)}"

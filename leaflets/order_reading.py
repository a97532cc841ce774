"""Orders with their lines, and where a person's parcels may go."""

from dataclasses import dataclass

from django.db.models import Prefetch, prefetch_related_objects

from leaflets.models import Delivery, KeptAddress, Order, OrderLine


def with_lines(order: Order) -> Order:
    """The same with its lines at hand: one statement, or none if they are."""
    if not hasattr(order, "sample_lines"):
        prefetch_related_objects([order], Prefetch("lines", OrderLine.objects.in_order()))
    return order


@dataclass(frozen=True)
class Places:
    """Where a person's parcels may go: the addresses they keep, the newest first; and where their last order went."""

    kept: list[KeptAddress]
    last: Delivery | None


def addresses_kept_by(person: int) -> list[KeptAddress]:
    """A person's address book, the newest first. One statement."""
    return list(KeptAddress.objects.filter(person_id=person).order_by("-pk"))


def places_of(person: int) -> Places:
    """Two statements."""
    last = Order.objects.filter(person_id=person, brought_with="").order_by("-created_at", "-pk").first()
    return Places(addresses_kept_by(person), last.delivery if last else None)

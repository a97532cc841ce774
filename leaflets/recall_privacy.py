"""What a recall knows about people: who was told of it, and how. For privacy.py."""

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject

from ctac.classification import FREE_TEXT, NONE, PERSONAL
from leaflets.models import RecallHolder
from professionals.models import Person

FIELDS: dict[str, dict[str, str]] = {
    "Recall": {
        **dict.fromkeys(("id", "edition", "advice", "instead", "successor", "recalled_at", "blocked"), NONE),
        **dict.fromkeys(("moved", "to_come", "cancelled"), NONE),
        "words": FREE_TEXT,
        "by": PERSONAL,
    },
    "RecallOrder": dict.fromkeys(("id", "recall", "order", "moved", "to_come", "cancelled", "was_packing"), NONE),
    "RecallHolder": {
        **dict.fromkeys(("id", "recall", "told_in"), NONE),
        **dict.fromkeys(("person", "received", "reached_at", "reached_by"), PERSONAL),
    },
}


def recalls_of_order() -> ArraySubquery:
    """Of the order in whose query it stands, for the export: which of its leaflets were recalled, and how its owner was told."""
    told = RecallHolder.objects.filter(person=OuterRef("person"), recall__edition__order_lines__order=OuterRef("pk"))
    facts = JSONObject(
        title="recall__edition__leaflet__title",
        edition="recall__edition__label",
        recalled="recall__recalled_at",
        copies_received="received",
        told_by_email=Q(told_in__isnull=False),
        reached_by_phone="reached_at",
    )
    return ArraySubquery(told.order_by("pk").values(json=facts))


def erase(person: Person) -> None:
    """Whoever is gone can't be told; their email loses its row, so it is not sent either."""
    RecallHolder.objects.filter(person=person).delete()

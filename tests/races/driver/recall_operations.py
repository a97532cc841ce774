"""What a client can do about editions: print a title anew, and recall a print."""

from datetime import date
from typing import Any

from leaflets.catalogue import services as catalogue_services
from leaflets.catalogue.titles import sample_pdf
from leaflets.models import Advice, Edition, EditionState, RecallReplacement
from leaflets.recalls import services as recalls_services
from leaflets.stock import services as stock_services
from tests.races.driver.client import Actor

# Rare: after each the title has to be printed again.
WEIGHTS = {"new_print": 4, "recall": 6}


def new_print(actor: Actor, leaflet: Any = None) -> None:
    leaflet, now = leaflet or actor.chance.choice(actor.leaflets), actor.now
    label = f"Print {now:%H:%M:%S.%f}"
    dates = {"published_on": date(2026, 3, 2), "review_on": date(2028, 3, 1)}
    edition = catalogue_services.add_edition(
        leaflet=leaflet, label=label, content=sample_pdf(leaflet, label=label, made_at=now), now=now, **dates
    )
    stock_services.receive_stock(edition=edition, copies=actor.chance.randint(100, 300), by=actor.staff(), now=actor.now)


def recall(actor: Actor) -> None:
    """Any print of a title; of the newest its orders wait or end, of an older one they get the newest."""
    edition = actor.one_of(Edition.objects.filter(leaflet__in=actor.leaflets, recall=None).select_related("leaflet"))
    instead = actor.chance.choice(
        [RecallReplacement.WAIT if edition.state == EditionState.CURRENT else RecallReplacement.SAME, RecallReplacement.CANCEL]
    )
    recall_request = recalls_services.RecallRequest(why="The number is wrong", advice=Advice.RECYCLE, instead=instead)
    try:
        recalls_services.recall_edition(edition=edition, request=recall_request, by=actor.staff(), now=actor.now)
    finally:
        if not edition.leaflet.editions.current().exists():
            new_print(actor, edition.leaflet)

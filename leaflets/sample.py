"""What a new copy is tried with: the catalogue, a sample PDF, its cover and stock for each title. Run again, it adds nothing."""

from datetime import date, datetime

from leaflets import catalogue
from leaflets.models import Edition, Leaflet
from leaflets.sample_pdf import sample_pdf
from leaflets.services.covers import make_cover
from leaflets.services.editions import add_edition
from leaflets.services.stock import receive_stock

LABEL = "Sample edition, March 2026"
PUBLISHED, REVIEW = date(2026, 3, 2), date(2028, 3, 1)
STOCK = {"health-visitors": 400, "social-workers": 350, "emergency-care": 250, "all-professionals": 1200}


def load(now: datetime) -> None:
    """Titles that have an edition already are left alone."""
    for leaflet in catalogue.load():
        if not leaflet.editions.exists():
            _give_edition(leaflet, now)
    for edition in Edition.objects.current().not_looked_at().select_related("leaflet"):
        make_cover(edition=edition)


def _give_edition(leaflet: Leaflet, now: datetime) -> None:
    content = sample_pdf(leaflet, label=LABEL, made_at=now)
    edition = add_edition(leaflet=leaflet, label=LABEL, published_on=PUBLISHED, review_on=REVIEW, content=content, now=now)
    receive_stock(edition=edition, copies=STOCK[leaflet.slug], by=None, now=now, reason="Sample stock")

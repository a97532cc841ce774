"""How often orders may be placed, whatever is in them. How many copies is another question (services.allowances).

Far above what people do, so that only a program meets them: the figures say what people do at most. `ORDER_THROTTLES_TIMES`
multiplies them all, for a campaign.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest

from professionals import limits
from professionals.models import By
from professionals.throttles import Throttle

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# One person who orders for every ward of a large hospital (about 40) needs more than a minute for each.
OF_AN_ACCOUNT = (40, HOUR)
# A trust, or several, behind one address: a mailing that sends 300 of them here within the hour.
OF_A_NETWORK = (300, HOUR)
# Reckoned for a trust with 160 wards and teams: on the day of a training each orders once, and half of them again.
OF_AN_ORGANISATION = (240, DAY)
# Reckoned for a hospital with one postcode and 60 wards, of which half order twice. No house gets more parcels in a day.
TO_A_POSTCODE = (100, DAY)
# Reckoned for a letter to 10,000 people, of whom one in twenty orders in the hour that they read it.
OF_A_TITLE = (500, HOUR)
# PDFs, some 2 MB each. Reckoned for a trust behind one address whose 3,000 staff are sent to a leaflet on the same morning.
DOWNLOADS_OF_A_NETWORK = (3000, HOUR)


def of_an_order(*, organisation: int | None, postcode: str, slugs: Iterable[str]) -> list[Throttle]:
    """What everybody shares; who has no organisation is counted by the others."""
    shared = [_throttle(By.POSTCODE, postcode, TO_A_POSTCODE, about=postcode.split(" ")[0])]
    if organisation is not None:
        shared.insert(0, _throttle(By.ORGANISATION, str(organisation), OF_AN_ORGANISATION))
    return shared + [_throttle(By.TITLE, slug, OF_A_TITLE, about=slug) for slug in slugs]


def of_a_web_order(request: HttpRequest, *, organisation: int | None, postcode: str, slugs: Iterable[str]) -> list[Throttle]:
    """Their own first. Where the network address is not known, it would be one for everybody."""
    own, network = [_throttle(By.ACCOUNT, str(request.user.pk), OF_AN_ACCOUNT)], limits.client_address(request)
    if network != limits.UNKNOWN:
        own.append(_throttle(By.NETWORK, network, OF_A_NETWORK))
    return own + of_an_order(organisation=organisation, postcode=postcode, slugs=slugs)


def too_many_downloads(request: HttpRequest, now: datetime) -> bool:
    """One more PDF goes out, or one too many. Where the network address is not known, nobody is stopped for all the others."""
    network = limits.client_address(request)
    return network != limits.UNKNOWN and bool(limits.exceeded({f"download:{network}": DOWNLOADS_OF_A_NETWORK}, now))


def of_a_change(request: HttpRequest, *, to_postcode: str) -> list[Throttle]:
    """Each change is an email, and one to another postcode (`to_postcode`, else empty) a parcel to it."""
    own = [_throttle(By.ACCOUNT, f"change:{request.user.pk}", OF_AN_ACCOUNT)]
    return own + (of_an_order(organisation=None, postcode=to_postcode, slugs=()) if to_postcode else [])


def _throttle(by: By, whose: str, limit: tuple[int, timedelta], about: str = "") -> Throttle:
    most, window = limit
    return Throttle(by, f"place-order:{by.value}:{whose}", int(most * settings.ORDER_THROTTLES_TIMES), window, about)

"""The titles of an order while it can be changed: what each has, how many copies of it are possible, and what is in the way.

Pages ask it ahead; change_order asks it under the locks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256

from django.utils.translation import gettext as _

from ctac.uk import format_day
from leaflets.models import Delivery, Edition, Leaflet, OrderLine
from leaflets.services.allowances import Allowance, OrderedLately, Whose
from leaflets.services.shortfalls import Shortfall, too_few


@dataclass(frozen=True)
class Title:
    """One title of an order, in as many lines as it has prints of it; `current` is the print that is handed out now, if any."""

    lines: list[OrderLine]
    current: Edition | None

    @property
    def leaflet(self) -> Leaflet:
        return self.lines[0].edition.leaflet

    @property
    def sent(self) -> int:
        return sum(line.dispatched for line in self.lines)

    @property
    def promised(self) -> int:
        return sum(line.allocated for line in self.lines)

    @property
    def waited_for(self) -> int:
        return sum(line.backordered for line in self.lines)

    @property
    def copies(self) -> int:
        """Those that are still to be sent; only they can be changed."""
        return self.promised + self.waited_for

    @property
    def available(self) -> int:
        """What is in stock for this order: its own promised copies, and what is promised to nobody."""
        return self.promised + (self.current.free if self.current else 0)

    def most(self, lately: OrderedLately, *, moved: bool = False) -> int:
        """How many copies of it this order may still send by the limits; never fewer than it has, unless it goes elsewhere."""
        within = max(lately.allowance(self.leaflet).copies - self.sent, 0)
        return within if moved else max(within, self.copies)


def titles_of(lines: Iterable[OrderLine], current: Mapping[int, Edition]) -> list[Title]:
    """In the order of the lines; without those of which nothing is still to be sent. `current`: prints by their leaflet's key."""
    of_leaflet: dict[int, list[OrderLine]] = {}
    for line in lines:
        of_leaflet.setdefault(line.edition.leaflet_id, []).append(line)
    titles = [Title(its, current.get(key)) for key, its in of_leaflet.items()]
    return [title for title in titles if title.copies]


def version_of(titles: Iterable[Title], delivery: Delivery) -> str:
    """Of what a page of changes shows: another as soon as there is something else to show."""
    shown = {title.leaflet.pk: title.copies for title in titles}
    return sha256(repr((sorted(shown.items()), sorted(asdict(delivery).items()))).encode()).hexdigest()[:32]


def in_the_way(
    title: Title, wanted: int, *, lately: OrderedLately, moved: bool, will_wait: bool, may_exceed_limit: bool
) -> Shortfall | None:
    """What stands in the way of so many copies still to be sent. What the order has already it may keep.

    `moved`: it goes to another postcode now, whose workplace may have had enough. `will_wait`, `may_exceed_limit`: as shortfall.
    """
    leaflet, more = title.leaflet, wanted > title.copies
    if more and title.current is None:
        return Shortfall(leaflet, wanted, title.copies, none_any_more(title))
    allowance = None if may_exceed_limit else _limit_of(title, wanted, lately, moved)
    if allowance and title.sent + wanted > allowance.copies:
        most = max(allowance.copies - title.sent, 0)
        possible = most if moved else max(most, title.copies)
        return Shortfall(leaflet, wanted, possible, over_the_limit(leaflet, allowance, possible), over_limit=True)
    if more and not will_wait and wanted > title.available:
        return Shortfall(leaflet, wanted, title.available, too_few(leaflet, title.available), may_wait=True)
    return None


def _limit_of(title: Title, wanted: int, lately: OrderedLately, moved: bool) -> Allowance | None:
    if wanted > title.copies:
        return lately.allowance(title.leaflet)
    return lately.at_work(title.leaflet) if moved and wanted else None


def none_any_more(title: Title) -> str:
    facts = {"title": title.leaflet.title, "n": title.copies}
    return _("We can’t add copies of “%(title)s” just now. Enter %(n)d or fewer.") % facts


def over_the_limit(leaflet: Leaflet, allowance: Allowance, possible: int) -> str:
    """Which limit it is, how many copies are possible, and how to ask for more."""
    facts = {"n": possible, "title": leaflet.title, "ordered": allowance.ordered}
    ask = _("To ask for more, order the rest separately and tell us why.")
    if allowance.until is None:
        return f"{_('You can have at most %(n)d copies of “%(title)s” in one order. Enter %(n)d or fewer.') % facts} {ask}"
    facts["until"] = format_day(allowance.until)
    own = _("You have ordered %(ordered)d other copies of “%(title)s” lately, so this order can have %(n)d until %(until)s.")
    here = _(
        "Your workplace at this postcode has ordered %(ordered)d other copies of “%(title)s” lately, "
        "so this order can have %(n)d until %(until)s."
    )
    said = (own if allowance.whose is Whose.PERSON else here) % facts
    return f"{said} {_('Enter %(n)d or fewer.') % facts} {ask}"

"""What stands in the way of so many copies of a title, and what can be done about it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ctac.errors import DomainError
from ctac.uk import format_day
from leaflets.models import Edition, Leaflet
from leaflets.services.allowances import NOTHING_LATELY, Allowance, OrderedLately, Whose


@dataclass(frozen=True)
class Shortfall:
    """One title of which what was asked can't be given. `possible` is how many can; `message` says what to do.

    `over_limit`: more than the person may order by themselves, so they may ask for it, and staff may give it with a reason.
    `may_wait`: more than there is, but not more than they may order: the rest can be sent when more are printed.
    """

    leaflet: Leaflet
    wanted: int
    possible: int
    message: str
    over_limit: bool = False
    may_wait: bool = False

    @property
    def in_the_way_of_staff(self) -> bool:
        """Not a limit, which they may set aside, but something that isn't there."""
        return not self.over_limit or self.possible >= self.leaflet.available


class Shortfalls(DomainError):
    """Every title that falls short, at once, so that nobody mends one only to meet the next."""

    def __init__(self, shortfalls: Sequence[Shortfall]) -> None:
        self.shortfalls = list(shortfalls)
        super().__init__(" ".join(short.message for short in self.shortfalls))


def shortfall(
    leaflet: Leaflet,
    wanted: int,
    edition: Edition | None,
    *,
    lately: OrderedLately = NOTHING_LATELY,
    may_exceed_limit: bool = False,
    will_wait: bool = False,
) -> Shortfall | None:
    """What stands in the way of this many copies now, or None. The pages ask it ahead; place_order asks it under the lock.

    `will_wait`: what is not in stock may be sent when it is. `may_exceed_limit`: staff say so, or are asked to.
    """
    if edition is None:
        message = _("“%(title)s” can’t be ordered just now. Remove it from the basket.") % {"title": leaflet.title}
        return Shortfall(leaflet, wanted, 0, message)
    allowance = lately.allowance(leaflet)
    stock = wanted if will_wait else max(edition.available, 0)
    limit = wanted if may_exceed_limit else allowance.copies
    if wanted < 1:
        message = _("Enter how many copies of “%(title)s”: 1 or more.") % {"title": leaflet.title}
        return Shortfall(leaflet, wanted, min(stock, limit), message)
    if wanted > limit:
        return Shortfall(leaflet, wanted, min(stock, limit), over_the_limit(leaflet, allowance), over_limit=True)
    if wanted > stock:
        return Shortfall(leaflet, wanted, stock, too_few(leaflet, stock), may_wait=True)
    return None


def too_few(leaflet: Leaflet, stock: int) -> str:
    facts = {"n": stock, "title": leaflet.title}
    if stock <= 0:
        return _("“%(title)s” is out of stock just now. Download the PDF, or tick the box to wait for copies.") % facts
    said = ngettext(
        "There is only %(n)d copy of “%(title)s” in stock. Enter 1, or tick the box to wait for the rest.",
        "There are only %(n)d copies of “%(title)s” in stock. Enter %(n)d or fewer, or tick the box to wait for the rest.",
        stock,
    )
    return said % facts


def over_the_limit(leaflet: Leaflet, allowance: Allowance) -> str:
    """Which limit it is, how many more may be ordered and until when, and that more can be asked for."""
    facts = {"n": allowance.copies, "title": leaflet.title, "ordered": allowance.ordered}
    if allowance.until is None:
        said = _("You can order at most %(n)d copies of “%(title)s” at once. Enter %(n)d or fewer, or tell us why you need more.")
        return said % facts
    facts["until"] = format_day(allowance.until)
    whose = allowance.whose is Whose.PERSON
    if allowance.copies <= 0:
        own = _("You have ordered %(ordered)d copies of “%(title)s” lately. You can order more from %(until)s.")
        here = _("Your workplace has ordered %(ordered)d copies of “%(title)s” lately. You can order more from %(until)s.")
        return f"{(own if whose else here) % facts} {_('Remove it, or tell us why you need more now.')}"
    own = _("You have ordered %(ordered)d copies of “%(title)s” lately, so you can order %(n)d more until %(until)s.")
    here = _("Your workplace has ordered %(ordered)d copies of “%(title)s” lately, so it can order %(n)d more until %(until)s.")
    return f"{(own if whose else here) % facts} {_('Enter %(n)d or fewer, or tell us why you need more now.') % facts}"

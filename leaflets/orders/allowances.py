"""How many more copies of a title somebody may order, why not more, and how often orders may be placed.

The limits for an order, a person and a workplace are fields of each Leaflet, which staff set.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, auto

from django.db.models import F, Min, Q, Sum
from django.http import HttpRequest
from django.utils.translation import gettext as _, ngettext

from accounts import rate_limits
from accounts.models import ThrottleScope
from accounts.rate_limits import Throttle
from core.dates import format_day, uk_day
from core.errors import DomainError
from leaflets.models import Edition, Leaflet, OrderLine
from office.site_settings.queries import site_settings


def limit_window() -> timedelta:
    """How far back orders count towards limits.

    Cancelled and declined copies don't count, nor does an order that replaces a lost parcel; open orders do.
    """
    return timedelta(days=site_settings().order_window_days)


class LimitScope(Enum):
    ORDER = auto()
    PERSON = auto()
    WORKPLACE = auto()


@dataclass(frozen=True)
class Workplace:
    """An organisation (its key, if the person has one) at one postcode, since a trust of 10,000 people is not one ward."""

    organisation: int | None
    postcode: str


@dataclass(frozen=True)
class RecentCopies:
    """Copies of one title that were ordered in the window; `since`: the earliest of those orders."""

    copies: int = 0
    since: datetime | None = None

    def allowance(self, most: int, scope: "LimitScope") -> "Allowance":
        """What is left of the limit, and the UK day until which the first order counts."""
        until = uk_day(self.since + limit_window()) if self.since else None
        return Allowance(max(most - self.copies, 0), scope, self.copies, until)


@dataclass(frozen=True)
class Allowance:
    """The `copies` that may be ordered now, `until` which UK day (None: earlier orders don't matter), and why not more."""

    copies: int
    scope: LimitScope = LimitScope.ORDER
    ordered: int = 0
    until: date | None = None


@dataclass(frozen=True)
class RecentOrders:
    """What counts towards the limits of one title: the person's orders, and their workplace's."""

    person: RecentCopies = RecentCopies()
    workplace: RecentCopies = RecentCopies()

    def allowance(self, leaflet: Leaflet) -> Allowance:
        """The tightest of the three limits; of equal ones, the first of order, person, workplace."""
        limits = (
            Allowance(leaflet.most_per_order),
            self.person.allowance(leaflet.most_per_person, LimitScope.PERSON),
            self.workplace_allowance(leaflet),
        )
        return min(limits, key=lambda limit: limit.copies)

    def remaining(self, leaflet: Leaflet) -> Allowance | None:
        """The copies left over several orders, if earlier orders count; None if there are none."""
        limits = (self.person.allowance(leaflet.most_per_person, LimitScope.PERSON), self.workplace_allowance(leaflet))
        return min((limit for limit in limits if limit.until), key=lambda limit: limit.copies, default=None)

    def workplace_allowance(self, leaflet: Leaflet) -> Allowance:
        return self.workplace.allowance(leaflet.most_per_workplace, LimitScope.WORKPLACE)


NO_RECENT_ORDERS = RecentOrders()
RecentOrdersByTitle = Mapping[int, RecentOrders]  # by the leaflet's key; a title that nobody ordered is missing


def recent_orders(
    *, person: int, workplace: Workplace, leaflets: Iterable[Leaflet], now: datetime, exclude: int | None = None
) -> RecentOrdersByTitle:
    """What this person and this workplace have ordered of these titles lately. One statement.

    `exclude`: the key of an order that is being changed, so that its own copies don't count. To rely on the answer, hold the
    locks of the titles' editions: other orders of the same titles wait for them.
    """
    own = Q(order__person=person)
    here = Q(order__organisation=workplace.organisation, order__postcode=workplace.postcode)
    lines = OrderLine.objects.filter(
        own | here, order__created_at__gt=now - limit_window(), order__replaces=None, copies__gt=F("cancelled")
    )
    if exclude is not None:
        lines = lines.exclude(order=exclude)
    copies = F("copies") - F("cancelled")
    rows = (
        lines.filter(edition__leaflet__in=[leaflet.pk for leaflet in leaflets])
        .order_by()
        .values_list("edition__leaflet")
        .annotate(
            own_copies=Sum(copies, filter=own, default=0),
            own_since=Min("order__created_at", filter=own),
            copies_here=Sum(copies, filter=here, default=0),
            since_here=Min("order__created_at", filter=here),
        )
    )
    return {
        leaflet: RecentOrders(RecentCopies(own_copies, own_since), RecentCopies(copies_here, since_here))
        for leaflet, own_copies, own_since, copies_here, since_here in rows
    }


@dataclass(frozen=True)
class Shortfall:
    """A title that can't be given as asked. `possible` is how many copies can be; `message` says what to do.

    `over_limit`: more than the person may order, so they may ask for it, and staff may agree or give a reason. `may_wait`: more
    than is in stock, but within the limits, so the rest can be sent later.
    """

    leaflet: Leaflet
    wanted: int
    possible: int
    message: str
    over_limit: bool = False
    may_wait: bool = False


class Shortfalls(DomainError):
    """Every title that is short, all at once, so that nobody corrects one only to meet the next."""

    def __init__(self, shortfalls: Sequence[Shortfall]) -> None:
        self.shortfalls = list(shortfalls)
        super().__init__(" ".join(short.message for short in self.shortfalls))


def find_shortfall(
    leaflet: Leaflet,
    wanted: int,
    edition: Edition | None,
    *,
    recent: RecentOrders = NO_RECENT_ORDERS,
    may_exceed_limit: bool = False,
    will_wait: bool = False,
) -> Shortfall | None:
    """Why this many copies can't be given now, or None. Pages use it to warn early; place_order checks it under the lock.

    `will_wait`: missing copies may be sent later. `may_exceed_limit`: staff allow it, or are asked to.
    """
    if edition is None:
        message = _("“%(title)s” can’t be ordered just now. Remove it from the basket.") % {"title": leaflet.title}
        return Shortfall(leaflet, wanted, 0, message)
    allowance = recent.allowance(leaflet)
    stock = wanted if will_wait else max(edition.available, 0)
    limit = wanted if may_exceed_limit else allowance.copies
    if wanted < 1:
        message = _("Enter how many copies of “%(title)s”: 1 or more.") % {"title": leaflet.title}
        return Shortfall(leaflet, wanted, min(stock, limit), message)
    if wanted > limit:
        return Shortfall(leaflet, wanted, min(stock, limit), over_limit_text(leaflet, allowance), over_limit=True)
    if wanted > stock:
        return Shortfall(leaflet, wanted, stock, too_few_text(leaflet, stock), may_wait=True)
    return None


def too_few_text(leaflet: Leaflet, stock: int) -> str:
    facts = {"n": stock, "title": leaflet.title}
    if stock <= 0:
        return _("“%(title)s” is out of stock just now. Download the PDF, or tick the box to wait for copies.") % facts
    message = ngettext(
        "There is only %(n)d copy of “%(title)s” in stock. Enter 1, or tick the box to wait for the rest.",
        "There are only %(n)d copies of “%(title)s” in stock. Enter %(n)d or fewer, or tick the box to wait for the rest.",
        stock,
    )
    return message % facts


def over_limit_text(leaflet: Leaflet, allowance: Allowance) -> str:
    """Which limit it is, how many more may be ordered until when, and that people can ask for more."""
    ordered = ngettext("%(n)d copy", "%(n)d copies", allowance.ordered) % {"n": allowance.ordered}
    facts = {"n": allowance.copies, "title": leaflet.title, "ordered": ordered}
    if allowance.until is None:
        at_once = ngettext(
            "You can order at most %(n)d copy of “%(title)s” at once. Enter %(n)d, or tell us why you need more.",
            "You can order at most %(n)d copies of “%(title)s” at once. Enter %(n)d or fewer, or tell us why you need more.",
            allowance.copies,
        )
        return at_once % facts
    facts["until"] = format_day(allowance.until)
    is_own = allowance.scope is LimitScope.PERSON
    if allowance.copies <= 0:
        own = _("You have ordered %(ordered)s of “%(title)s” lately. You can order more from %(until)s.")
        here = _("Your workplace has ordered %(ordered)s of “%(title)s” lately. You can order more from %(until)s.")
        return f"{(own if is_own else here) % facts} {_('Remove it, or tell us why you need more now.')}"
    own = _("You have ordered %(ordered)s of “%(title)s” lately, so you can order %(n)d more until %(until)s.")
    here = _("Your workplace has ordered %(ordered)s of “%(title)s” lately, so it can order %(n)d more until %(until)s.")
    return f"{(own if is_own else here) % facts} {_('Enter %(n)d or fewer, or tell us why you need more now.') % facts}"


# How often orders may be placed, whatever is in them. The limits are far above what people do, so that only a program meets
# them. Staff can multiply them all, for a campaign.

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# One person who orders for every ward of a large hospital (about 40) needs more than a minute for each.
ACCOUNT_RATE_LIMIT = (40, HOUR)
# A trust, or several, behind one address: a mailing that sends 300 of them here within the hour.
NETWORK_RATE_LIMIT = (300, HOUR)
# Reckoned for a trust with 160 wards and teams: on the day of a training each orders once, and half of them again.
ORGANISATION_RATE_LIMIT = (240, DAY)
# Reckoned for a hospital with one postcode and 60 wards, of which half order twice. No house gets more parcels in a day.
POSTCODE_RATE_LIMIT = (100, DAY)
# Reckoned for a letter to 10,000 people, of whom one in twenty orders in the hour that they read it.
TITLE_RATE_LIMIT = (500, HOUR)
# PDFs, some 2 MB each. Reckoned for a trust behind one address whose 3,000 staff are sent to a leaflet on the same morning.
DOWNLOAD_RATE_LIMIT = (3000, HOUR)


def order_limits(*, organisation: int | None, postcode: str, slugs: Iterable[str]) -> list[Throttle]:
    """The limits that everybody shares. A person without an organisation has no limit for that."""
    shared = (
        [_throttle(ThrottleScope.ORGANISATION, str(organisation), ORGANISATION_RATE_LIMIT)] if organisation is not None else []
    )
    shared.append(_throttle(ThrottleScope.POSTCODE, postcode, POSTCODE_RATE_LIMIT, about=postcode.split(" ")[0]))
    return shared + [_throttle(ThrottleScope.TITLE, slug, TITLE_RATE_LIMIT, about=slug) for slug in slugs]


def web_order_limits(request: HttpRequest, *, organisation: int | None, postcode: str, slugs: Iterable[str]) -> list[Throttle]:
    """Their own limits first. Leaves out an unknown network address, which would count everybody together."""
    own, network = [_throttle(ThrottleScope.ACCOUNT, str(request.user.pk), ACCOUNT_RATE_LIMIT)], rate_limits.client_ip(request)
    if network != rate_limits.UNKNOWN_CLIENT:
        own.append(_throttle(ThrottleScope.NETWORK, network, NETWORK_RATE_LIMIT))
    return own + order_limits(organisation=organisation, postcode=postcode, slugs=slugs)


def too_many_downloads(request: HttpRequest, now: datetime) -> bool:
    """Counts one more PDF; True if it is one too many. Never stops an unknown network address, which may be anybody."""
    network = rate_limits.client_ip(request)
    return network != rate_limits.UNKNOWN_CLIENT and bool(
        rate_limits.count_hits({f"download:{network}": DOWNLOAD_RATE_LIMIT}, now)
    )


def change_limits(request: HttpRequest, *, to_postcode: str) -> list[Throttle]:
    """Each change sends an email; a change to another postcode (`to_postcode`, otherwise '') also counts as a parcel there."""
    own = [_throttle(ThrottleScope.ACCOUNT, f"change:{request.user.pk}", ACCOUNT_RATE_LIMIT)]
    return own + (order_limits(organisation=None, postcode=to_postcode, slugs=()) if to_postcode else [])


def _throttle(by: ThrottleScope, key: str, limit: tuple[int, timedelta], about: str = "") -> Throttle:
    most, window = limit
    return Throttle(by, f"place-order:{by.value}:{key}", most * site_settings().order_limit_times, window, about)

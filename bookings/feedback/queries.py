"""Feedback statistics, leaflet suggestions, and what the pages of a booking and of a place show once it is over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Avg, Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings import rules
from bookings.models import (
    STATEMENTS,
    Afterwards,
    Agreement,
    Attendance,
    Booking,
    Feedback,
    Given,
    SessionPlace,
    State,
    YearLater,
)
from bookings.models.links import address_hash
from ctac.dates import format_day
from leaflets.models import Leaflet
from leaflets.stock.queries import leaflets_in_stock

# What people said of a presentation, in figures: how many answered, how far they agree on average, how many chose what.

BEST = 5
MOST_COMMENTS = 100


@dataclass(frozen=True)
class StatementFigures:
    """Of one sentence: how many said how far they agree, the most agreeing first."""

    statement: str | Promise
    numbers: Sequence[int]

    @property
    def answers(self) -> int:
        return sum(self.numbers)

    @property
    def by_choice(self) -> list[tuple[str, int]]:
        return [(str(label), number) for label, number in zip(Agreement.labels, self.numbers, strict=True)]

    @property
    def average(self) -> str:
        """'4.3', or a dash while nobody has answered."""
        total = sum(value * number for value, number in zip(Agreement.values, self.numbers, strict=True))
        return f"{total / self.answers:.1f}" if self.answers else "–"


def feedback_statistics(afterwards: Afterwards) -> list[StatementFigures]:
    """One statement, however many have answered."""
    counts = {f"{name}_{value}": Count("pk", filter=Q(**{name: value})) for name in STATEMENTS for value in Agreement.values}
    found = Feedback.objects.filter(afterwards=afterwards).aggregate(**counts)
    return [
        StatementFigures(label, [found[f"{name}_{value}"] for value in Agreement.values]) for name, label in STATEMENTS.items()
    ]


def with_averages(rows: QuerySet[Afterwards]) -> QuerySet[Afterwards]:
    """Each with `said`: how many answered, and the averages; worked out for the rows of a page alone."""
    averages = {name: Avg(name) for name in ("useful", "clear", "ready")}
    of_each = Feedback.objects.filter(afterwards=OuterRef("pk")).order_by().values("afterwards")
    said = of_each.annotate(said=JSONObject(answers=Count("pk"), **averages)).values("said")
    return rows.annotate(said=Subquery(said))


def average_in_words(row: Any, name: str) -> str:
    said = row.said or {}
    return f"{float(said[name]):.1f}" if said.get(name) is not None else "–"


def statistics_in_words(given_figures: Sequence[StatementFigures]) -> str:
    """'12 answers. Of 5: useful 4.3, understood 4.1, knows what to do 4.6'."""
    useful, clear, ready = given_figures[:3]
    if not useful.answers:
        return _("Nobody has answered yet")
    said = ngettext("%(n)d answer", "%(n)d answers", useful.answers) % {"n": useful.answers}
    facts = {"answers": said, "useful": useful.average, "clear": clear.average, "ready": ready.average}
    return _("%(answers)s. Of 5: useful %(useful)s, understood %(clear)s, knows what to do %(ready)s") % facts


# Which leaflets fit those who came, and how many copies: each profession's own title, for the others the one for everybody.

MOST_LEAFLETS = 30


def suggested_leaflets(counts: Mapping[str, int]) -> dict[Leaflet, int]:
    """Titles in English as they stand on the shelf, with the copies that an order of each may have. One statement."""
    there = [leaflet for leaflet in leaflets_in_stock("", MOST_LEAFLETS) if leaflet.version_of_id is None]
    own = {leaflet.audience: leaflet for leaflet in reversed(there) if leaflet.audience}
    everybodys = next((leaflet for leaflet in there if not leaflet.audience), None)
    wanted: dict[Leaflet, int] = {}
    for profession, people in counts.items():
        leaflet = own.get(profession, everybodys)
        if leaflet is not None:
            wanted[leaflet] = wanted.get(leaflet, 0) + people
    return {leaflet: min(copies, leaflet.most_per_order, leaflet.available) for leaflet, copies in wanted.items()}


# What the host's own page says once a presentation is over, and where each thing is done.


@dataclass(frozen=True)
class HostFeedbackPanel:
    afterwards: Afterwards
    key: str
    links: dict[str, str]
    came: str
    asks: bool
    answered: bool
    closes: str
    short_link: str
    wish: YearLater | None
    due: str


def feedback_panel_for_host(booking: Booking, now: datetime) -> HostFeedbackPanel | None:
    """None before it is delivered and when its links are over; then two statements more."""
    afterwards: Afterwards | None = getattr(booking, "afterwards", None)
    if afterwards is None or booking.state != State.DELIVERED or now >= booking.agreed[1] + rules.HOST_LINK_LIFETIME:
        return None
    attendance = attendance_of(booking)
    answered = host_has_answered(afterwards)
    return HostFeedbackPanel(
        afterwards=afterwards,
        key=host_key(afterwards),
        links=host_links(afterwards),
        came=attendance_in_words(attendance.people) if attendance else "",
        asks=afterwards.is_open(now) and not answered,
        answered=answered,
        closes=format_day(afterwards.closes_at),
        short_link=short_feedback_link(afterwards) if afterwards.is_open(now) else "",
        wish=YearLater.objects.filter(booking=booking).first(),
        due=format_day(YearLater.due_after(booking.agreed[1])),
    )


@dataclass(frozen=True)
class PlaceFeedbackPanel:
    feedback_url: str
    certificate_url: str
    wish: YearLater | None
    may_wish: bool
    due: str


def feedback_panel_for_place(place: SessionPlace, now: datetime) -> PlaceFeedbackPanel | None:
    """For who had a place at a session that is over, or nearly. Read with the place, it asks the database nothing."""
    session = place.session
    afterwards: Afterwards | None = getattr(session, "afterwards", None)
    if not place.has_a_place or afterwards is None or not afterwards.may_certify(now):
        return None
    due_at = YearLater.due_after(session.ends_at)
    return PlaceFeedbackPanel(
        feedback_url=afterwards.get_absolute_url() if afterwards.is_open(now) else "",
        certificate_url=reverse("certificate", args=[afterwards.code]),
        wish=getattr(place, "yearlater", None),
        may_wish=now < due_at,
        due=format_day(due_at),
    )


def attendance_of(given: Given) -> Attendance | None:
    """As read with it, if it was (`with_afterwards`)."""
    found: Attendance | None = getattr(given, "attendance", None)
    return found


def attendance_in_words(people: int, uncounted: int = 0) -> str:
    """`uncounted`: so many of them were entered in the total alone."""
    came = ngettext("%(n)d person came.", "%(n)d people came.", people) % {"n": people}
    if not uncounted:
        return came
    if uncounted == people:
        return came + " " + _("All of them count as “Other”, because you entered no profession.")
    said = ngettext("%(n)d of them counts as “Other”.", "%(n)d of them count as “Other”.", uncounted)
    return came + " " + said % {"n": uncounted}


def full_feedback_link(afterwards: Afterwards) -> str:
    return f"{settings.SITE_URL}{afterwards.get_absolute_url()}"


def short_feedback_link(afterwards: Afterwards) -> str:
    """As people type it: 'ctac.example/f/7Q4M2F'."""
    return full_feedback_link(afterwards).partition("://")[2].rstrip("/")


def host_key(afterwards: Afterwards) -> str:
    """What makes the short link the host's. It ends with their address, and there is none for an open session."""
    booking = afterwards.booking
    if booking is None or not booking.person.email:
        return ""
    about = f"{afterwards.code}:{address_hash(booking.person.email)}"
    return salted_hmac("bookings.afterwards.host", about, algorithm="sha256").hexdigest()[:32]


def is_host_key(afterwards: Afterwards, key: str) -> bool:
    ours = host_key(afterwards)
    return bool(ours) and constant_time_compare(ours, key)


def host_has_answered(afterwards: Afterwards) -> bool:
    return Feedback.objects.filter(afterwards=afterwards, by_host=True).exists()


def host_links(afterwards: Afterwards) -> dict[str, str]:
    """The addresses that are the host's alone, by what they are for; none for a host without an address."""
    key = host_key(afterwards)
    pages = {"feedback": "host_feedback", "leaflets": "host_leaflets", "again": "host_again"} if key else {}
    return {name: reverse(page, args=[afterwards.code, key]) for name, page in pages.items()}

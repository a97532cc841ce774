"""What the page of a packing session shows: its parcels as they are now, and what became of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import F, Prefetch
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from leaflets.models import (
    LeftOut,
    MovementKind,
    Order,
    OrderLine,
    Outcome,
    PackingSession,
    Parcel,
    StockMovement,
)
from leaflets.packing_forms import ParcelsForm, box, copies_shown, lines_to_send
from leaflets.prints.inputs import Pick
from leaflets.services.packing.ending import copies_now, outcome_of
from leaflets.visits import start_of_visit


def parcels_of(session: PackingSession) -> list[Parcel]:
    """By number, each with its order and that with its lines: three statements, however many."""
    orders = Order.objects.with_lines().annotate(visit_starts=start_of_visit())
    return list(session.parcels.prefetch_related(Prefetch("order", queryset=orders)).order_by("number"))


def going(parcels: Iterable[Parcel]) -> list[Parcel]:
    """Those that would leave now: what is printed."""
    return [parcel for parcel in parcels if parcel.outcome == Outcome.OPEN and outcome_of(parcel, parcel.order) == Outcome.SENT]


@dataclass(frozen=True)
class LineBox:
    """One title of a parcel, with the box for its copies."""

    line: OrderLine
    name: str
    shown: str
    wrong: bool
    to_come: int


@dataclass(frozen=True)
class Row:
    """One parcel of the table. `trouble`: why it can't leave, as things stand."""

    parcel: Parcel
    lines: Sequence[LineBox]
    trouble: str | Promise
    out: str
    ticked: bool
    why: str
    reason: str
    reason_missing: str
    track: str
    number: str
    track_wrong: bool

    @property
    def order(self) -> Order:
        return self.parcel.order


REASONS = [("", "–"), *LeftOut.choices]
LEAVES = frozenset({Outcome.SENT, Outcome.LEFT_OUT, Outcome.NOTHING})


def rows_of(form: ParcelsForm) -> list[Row]:
    return [row_of(form, parcel) for parcel in form.parcels]


def row_of(form: ParcelsForm, parcel: Parcel) -> Row:
    outcome, number = outcome_of(parcel, parcel.order), parcel.number
    track, why = box("track", number), box("why", number)
    return Row(
        parcel=parcel,
        lines=[line_box(form, parcel, line) for line in lines_to_send(parcel)],
        trouble="" if outcome in LEAVES else outcome.label,
        out=box("out", number),
        ticked=form.is_ticked(parcel),
        why=why,
        reason=form.shown(why, parcel.left_out),
        reason_missing=" ".join(str(said) for said in form.errors.get(why, ())),
        track=track,
        number=form.shown(track, parcel.tracking_number),
        track_wrong=track in form.errors,
    )


def line_box(form: ParcelsForm, parcel: Parcel, line: OrderLine) -> LineBox:
    name = box("copies", line.pk)
    return LineBox(line, name, copies_shown(form, parcel, line), name in form.errors, line.backordered)


def picks_of_parcels(parcels: Iterable[Parcel]) -> list[Pick]:
    """What to take from the shelf, in the order of the catalogue."""
    found: dict[int, tuple[OrderLine, int, int]] = {}
    for parcel in parcels:
        for line in parcel.order.lines.all():
            if copies := copies_now(parcel, line):
                _line, so_far, orders = found.get(line.edition_id, (line, 0, 0))
                found[line.edition_id] = (line, so_far + copies, orders + 1)
    in_order = sorted(found.values(), key=lambda each: (each[0].edition.leaflet.position, each[0].edition_id))
    return [Pick(line.edition.leaflet.title, line.edition.label, copies, orders) for line, copies, orders in in_order]


@dataclass(frozen=True)
class Summary:
    """What became of a session that has ended."""

    sent: list[Parcel]
    skipped: list[Parcel]
    taken_out: list[Parcel]
    ran_short: list[StockMovement]

    @property
    def copies(self) -> int:
        return sum(parcel.copies for parcel in self.sent)


def summary_of(session: PackingSession, parcels: Sequence[Parcel]) -> Summary:
    """One statement: of which editions the shelf had fewer than the figures said."""
    return Summary(
        sent=[parcel for parcel in parcels if parcel.outcome == Outcome.SENT],
        skipped=[parcel for parcel in parcels if parcel.outcome not in {Outcome.SENT, Outcome.TAKEN_OUT}],
        taken_out=[parcel for parcel in parcels if parcel.outcome == Outcome.TAKEN_OUT],
        ran_short=ran_short(session),
    )


def ran_short(session: PackingSession) -> list[StockMovement]:
    """What was written off as not on the shelf when the session ended, and how many copies are still `promised` of each."""
    if session.ended_at is None:
        return []
    reason = _("Not on the shelf: %(session)s") % {"session": session}
    written_off = StockMovement.objects.filter(kind=MovementKind.CORRECTED, at=session.ended_at, reason=reason)
    return list(
        written_off.annotate(promised=F("edition__allocated"))
        .select_related("edition__leaflet")
        .order_by("edition__leaflet__position")
    )

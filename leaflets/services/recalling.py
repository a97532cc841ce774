"""An edition found wrong is withdrawn in one act, and everybody who has copies or waits for them is told (ADR 48)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import CharField, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Cast, Concat
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from ctac.uk import uk_day
from leaflets.models import (
    Edition,
    EditionState,
    Instead,
    Leaflet,
    Order,
    OrderLine,
    OrderState,
    PackingSession,
    Recall,
    RecallHolder,
)
from leaflets.services.ledger import lock_editions
from leaflets.services.locking import lock_lines
from leaflets.services.recall_lines import Fate, open_lines, outcomes_of, states_after, store
from leaflets.visits import start_of_visit
from notifications.models import Notification
from notifications.services.writing import About, notify_about
from professionals.models import Person, User
from professionals.own_data import ERASED_NAME
from professionals.services.safeguarding import tell_lead

KIND = "edition-recalled"


class AlreadyRecalled(DomainError):
    message: str | Promise = _("A colleague has already recalled this edition, so nothing was changed.")


class NoSuccessor(DomainError):
    message: str | Promise = _("There is no such print that could be sent instead. Choose again what happens to the orders.")


class NewerPrintIsThere(DomainError):
    message: str | Promise = _("There is a newer print of this leaflet, so nobody has to wait. Choose that it is sent instead.")


@dataclass(frozen=True)
class Wish:
    """What staff want: `why` is shown to people, `advice` (Advice) says what they do with copies, `words` say more of it.

    `instead` (Instead) is what becomes of open orders, `other` the leaflet that is sent instead, if it is another one.
    `flagged`: a text looks like a child's details and its writer kept it, so the safeguarding lead is told.
    """

    why: str
    advice: str
    instead: str
    words: str = ""
    other: Leaflet | None = None
    flagged: bool = False


@dataclass(frozen=True)
class Plan:
    """What a recall would do now."""

    edition: Edition
    successor: Edition | None
    outcomes: Sequence[Fate]
    cancelled_orders: int
    # By the person's key: who would be told, with how many copies they were sent.
    received: Mapping[int, int]
    with_email: int
    without_email: Sequence[Person]  # the first of them
    erased_copies: int
    with_presenters: Sequence[Order]
    packing: Sequence[Order] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "packing", [each.order for each in self.outcomes if each.was_packing])

    def copies(self, what: str) -> int:
        """`what`: moved, to_come or cancelled."""
        return sum(getattr(each, what) for each in self.outcomes)

    @property
    def copies_out(self) -> int:
        return sum(self.received.values())


MOST_LISTED = 100


def plan_recall(*, edition: Edition, wish: Wish, now: datetime) -> Plan:
    """Changes nothing and locks nothing. Nine statements or fewer. Raises NoSuccessor, NewerPrintIsThere."""
    successor = successor_of(edition, wish)
    outcomes = outcomes_of(open_lines(edition), wish.instead, successor.free if successor else 0)
    received = people_to_tell(edition, outcomes, wish.instead)
    people = Person.objects.filter(pk__in=list(received))
    ended = [state for state in states_after(outcomes).values() if state == OrderState.CANCELLED]
    return Plan(
        edition=edition,
        successor=successor,
        outcomes=outcomes,
        cancelled_orders=len(ended),
        received=received,
        with_email=people.exclude(email="").count(),
        without_email=list(people.filter(email="").select_related("organisation")[:MOST_LISTED]),
        erased_copies=erased_copies(edition),
        with_presenters=with_presenters(edition, now),
    )


def successor_of(edition: Edition, wish: Wish) -> Edition | None:
    """The edition that is sent instead; None if none is. Raises NoSuccessor, NewerPrintIsThere."""
    if wish.instead == Instead.WAIT and newer_print(edition):
        raise NewerPrintIsThere
    if wish.instead not in (Instead.SAME, Instead.OTHER):
        return None
    leaflet = edition.leaflet if wish.instead == Instead.SAME else wish.other
    current = Edition.objects.current().filter(leaflet=leaflet, leaflet__active=True).exclude(pk=edition.pk)
    found = current.select_related("leaflet").first()
    if found is None or (wish.instead == Instead.OTHER and found.leaflet_id == edition.leaflet_id):
        raise NoSuccessor
    return found


def newer_print(edition: Edition) -> bool:
    """Who waits for the next print waits for the newest; a line of an older one would never get any."""
    return Edition.objects.current().filter(leaflet=edition.leaflet_id).exclude(pk=edition.pk).exists()


def people_to_tell(edition: Edition, outcomes: Sequence[Fate], instead: str) -> dict[int, int]:
    """By the person's key how many copies they were sent: who has copies, and (0) whose open order gets news. One statement.

    Whoever was erased is left out.
    """
    sent = OrderLine.objects.filter(edition=edition, dispatched__gt=0).exclude(order__person__in=ERASED)
    found = dict(sent.order_by().values_list("order__person").annotate(Sum("dispatched")))
    for each in outcomes:
        if each.is_news(instead):
            found.setdefault(each.order.person_id, 0)
    return found


ERASED = Person.objects.filter(name=ERASED_NAME, email="", phone="", user=None)


def erased_copies(edition: Edition) -> int:
    """Copies that went to people who have been erased since: nobody can be told of them."""
    sent = OrderLine.objects.filter(edition=edition, dispatched__gt=0, order__person__in=ERASED)
    return sent.aggregate(copies=Sum("dispatched", default=0))["copies"]


def with_presenters(edition: Edition, now: datetime) -> list[Order]:
    """Orders that a presenter was given to bring to a visit that is still to come: they hold the copies, not the host."""
    given = Order.objects.filter(lines__edition=edition, lines__dispatched__gt=0).exclude(brought_with="")
    to_come = given.annotate(visit_starts=start_of_visit()).filter(visit_starts__gt=now)
    return list(to_come.order_by("visit_starts", "pk")[:MOST_LISTED])


@transaction.atomic
def recall_edition(*, edition: Edition, wish: Wish, by: User | None, now: datetime) -> Recall:
    """Nobody gets this print any more, as paper or as PDF; open orders get what `wish` says; who has copies is told.

    As many statements for one order or person as for ten thousand; the emails are queued by the next sweep. A print that was
    only withdrawn can be recalled later. Raises AlreadyRecalled, NoSuccessor, NewerPrintIsThere.
    """
    successor = successor_of(edition, wish)
    lock_people(edition)
    edition, successor = locked(edition, successor)
    if wish.instead == Instead.WAIT and newer_print(edition):
        raise NewerPrintIsThere
    outcomes = outcomes_of(lock_lines(open_lines(edition)), wish.instead, successor.free if successor else 0)
    edition.state, edition.withdrawn_on, edition.withdrawn_why = EditionState.WITHDRAWN, uk_day(now), wish.why
    edition.use_instead = wish.other if wish.instead == Instead.OTHER else None
    edition.save(update_fields=["state", "withdrawn_on", "withdrawn_why", "use_instead"])
    recall = Recall.objects.create(
        edition=edition,
        advice=wish.advice,
        words=wish.words,
        instead=wish.instead,
        successor=successor,
        recalled_at=now,
        by=by,
        blocked=edition.on_hand,
        **{name: sum(getattr(each, name) for each in outcomes) for name in ("moved", "to_come", "cancelled")},
    )
    people = people_to_tell(edition, outcomes, wish.instead)
    store(recall, outcomes, by=by, now=now)
    tell(recall, people, now=now)
    if wish.flagged:
        tell_lead(about=f"recall:{recall.pk}", reference=recall.reference, now=now)
    return recall


def lock_people(edition: Edition) -> None:
    """The first of all locks, as of whoever writes a row that points to a person: all who have or wait for this print."""
    had_or_waits = Q(lines__dispatched__gt=0) | Q(lines__allocated__gt=0) | Q(lines__backordered__gt=0)
    orders = Order.objects.filter(had_or_waits, lines__edition=edition)
    people = Person.objects.filter(pk__in=orders.values("person"))
    list(people.order_by("pk").select_for_update(no_key=True).values_list("pk"))


def locked(edition: Edition, successor: Edition | None) -> tuple[Edition, Edition | None]:
    """Both as they are now, in key order; before them the packing sessions, whose parcels may be taken off the table.

    Raises AlreadyRecalled, NoSuccessor.
    """
    list(PackingSession.objects.open().order_by("pk").select_for_update(no_key=True).values_list("pk"))
    rows = lock_editions([each.pk for each in (edition, successor) if each])
    if Recall.objects.filter(edition=edition).exists():
        raise AlreadyRecalled
    now_is = rows[edition.pk]
    now_is.leaflet = edition.leaflet
    if successor is None:
        return now_is, None
    instead = rows[successor.pk]
    if instead.state != EditionState.CURRENT:
        raise NoSuccessor
    instead.leaflet = successor.leaflet
    return now_is, instead


def tell(recall: Recall, people: Mapping[int, int], *, now: datetime) -> None:
    """One email a person; `about` is the recall, and who of it. Four statements, however many they are."""
    holders = RecallHolder.objects.bulk_create(
        RecallHolder(recall=recall, person_id=person, received=copies) for person, copies in people.items()
    )
    emails = dict(Person.objects.filter(pk__in=people).values_list("pk", "email"))
    told = [About(f"recall:{recall.pk}:{holder.pk}", emails[holder.person_id], recall.reference) for holder in holders]
    notify_about(told, kind=KIND, now=now, left_to_sweep=True)
    # By what it is about alone: the database has no figures yet of so many rows of this kind, and would read them all for each.
    about = Concat(Value(f"recall:{recall.pk}:"), Cast(OuterRef("pk"), CharField()))
    recall.holders.update(told_in=Subquery(Notification.objects.filter(about=about).order_by().values("pk")[:1]))


def mark_phoned(*, holder: RecallHolder, by: User, now: datetime) -> bool:
    """Somebody has spoken with them. Whether this call has marked it: of two colleagues the first stands there."""
    return bool(RecallHolder.objects.filter(pk=holder.pk, reached_at=None).update(reached_at=now, reached_by=by))


def unmark_phoned(*, holder: RecallHolder) -> None:
    """It was the wrong person, say."""
    RecallHolder.objects.filter(pk=holder.pk).update(reached_at=None, reached_by=None)

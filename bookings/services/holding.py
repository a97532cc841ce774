"""Holds: a slot kept for 15 minutes for someone who is still filling in the form."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q

from bookings import rules
from bookings.diary.reading import open_diary, read_again
from bookings.diary.wish import Wish
from bookings.models import BusyKind, BusyTime, Hold, Presenter
from bookings.services.errors import DraftGone, ExtendedAlready, HoldOver, SlotTaken, TooManyHolds
from bookings.services.locking import guarded, lock_presenters
from bookings.travel import Place
from ctac.uk import uk_day
from professionals import drafts
from professionals.models import Draft, Person
from professionals.services.locking import lock_person


def place_columns(place: Place | None) -> dict[str, object]:
    """How a claim stores its place."""
    if place is None:
        return {"postcode": "", "latitude": None, "longitude": None, "zone": ""}
    return {"postcode": place.postcode, "latitude": place.latitude, "longitude": place.longitude, "zone": place.zone}


def holds_of(draft: Draft, person: Person | None, *, client: str = "") -> list[BusyTime]:
    """What this draft holds, and this person with any other draft: one live hold a person. With those from that client."""
    whose = Q(hold__draft=draft)
    if person:
        whose |= Q(hold__person=person)
    if client:
        whose |= Q(hold__client=client)
    return list(BusyTime.objects.filter(whose, kind=BusyKind.HOLD).select_related("hold"))


def is_own(hold: Hold, draft: Draft, person: Person | None) -> bool:
    return hold.draft_id == draft.pk or (person is not None and hold.person_id == person.pk)


def keeps(hold: Hold, wish: Wish, start: datetime) -> bool:
    """Whether this hold is for exactly that."""
    return (hold.presentation_id, hold.format, hold.postcode, hold.start) == (
        wish.presentation.pk,
        wish.format,
        wish.place.postcode if wish.place else "",
        start,
    )


@transaction.atomic
def hold_slot(
    *,
    draft: Draft,
    person: Person | None,
    wish: Wish,
    start: datetime,
    now: datetime,
    client: str = "",
    answers: Mapping[str, dict[str, Any]] | None = None,
) -> Hold:
    """Keep that slot for this draft, in place of what it held before. Choosing the same slot again does not make it longer.

    `client` says from where, hashed. `answers` of the draft's steps are kept with it, or not at all: two tabs take turns with
    both. Raises SlotTaken (what was held before then stays held), DraftGone (placed in another tab), TooManyHolds and
    AccountGoneError.
    """
    if person:
        lock_person(person)
    # Two clicks of one draft take turns: keeping the answers locks it, before the presenters for whom others wait.
    mine = Draft.objects.select_for_update().filter(pk=draft.pk)
    if not (drafts.save_steps(draft, answers, now) if answers else mine.exists()):
        raise DraftGone
    if not person:  # theirs take turns already, and are one at most
        take_turns_from(client)
    seen = holds_of(draft, person, client=client)
    before = [row for row in seen if row.hold and is_own(row.hold, draft, person)]
    live = [row.hold for row in before if row.hold and row.hold.expires_at > now]
    for hold in live:
        if hold.draft_id == draft.pk and keeps(hold, wish, start):
            return hold
    if not live:
        leave_some_for_others(client, seen, now)
    presenter = choose_presenter(draft, person, wish, start, now, before)
    with guarded():
        hold = Hold.objects.create(
            draft=draft,
            person=person,
            presenter=presenter,
            presentation=wish.presentation,
            format=wish.format,
            postcode=wish.place.postcode if wish.place else "",
            start=start,
            held_at=now,
            client=client,
            expires_at=now + rules.HOLD_FOR,
        )
        BusyTime.objects.create(
            presenter=presenter,
            kind=BusyKind.HOLD,
            busy=DateTimeTZRange(start, start + wish.length),
            expires_at=hold.expires_at,
            hold=hold,
            **place_columns(wish.place),
        )
    return hold


def choose_presenter(
    draft: Draft, person: Person | None, wish: Wish, start: datetime, now: datetime, before: list[BusyTime]
) -> Presenter:
    """Look, lock those who could, end what was held before, look again: the best of those who still can."""
    day = uk_day(start)
    own = {"hold__draft": draft, "hold__person": person}
    seen = open_diary(wish, first_day=day, last_day=day, now=now, ignoring=own)
    possible = {candidate.presenter.pk for candidate in seen.offered_to(start)}
    locked = lock_presenters(possible, now=now, giving_back=before)
    again = read_again(seen, {key: locked[key] for key in possible if key in locked}, now)
    best = next(iter(again.offered_to(start)), None)
    if best is None:
        raise SlotTaken
    return best.presenter


def take_turns_from(client: str) -> None:
    """Those who ask at once from one place are counted one after the other."""
    if client:
        with connection.cursor() as cursor:
            # SQL because the ORM has no advisory locks, and there is no row of an address to lock.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"holds of {client}"])


def leave_some_for_others(client: str, seen: list[BusyTime], now: datetime) -> None:
    """Raises TooManyHolds if as many are kept from there as may be."""
    there = [row for row in seen if client and row.hold and row.hold.client == client and row.hold.expires_at > now]
    if len(there) >= rules.HOLDS_AT_ONCE:
        raise TooManyHolds


@transaction.atomic
def extend_hold(*, draft: Draft, now: datetime) -> Hold:
    """Keep what this draft holds for 15 minutes more, once.

    Raises HoldOver if its time is over already (whoever wants the slot may have it), ExtendedAlready the second time.
    """
    locked = Draft.objects.select_for_update().filter(pk=draft.pk).exists()  # two clicks take turns
    seen = BusyTime.objects.filter(hold__draft=draft, kind=BusyKind.HOLD)
    presenter = seen.values_list("presenter", flat=True).first() if locked else None
    lock_presenters([presenter], now=now)  # which ends it if its time is over
    claim = seen.select_related("hold").first()
    if claim is None or claim.hold is None or claim.hold.expires_at <= now:
        raise HoldOver
    hold = claim.hold
    if hold.extended_at is not None:
        raise ExtendedAlready
    hold.extended_at, hold.expires_at = now, hold.expires_at + rules.HOLD_FOR
    Hold.objects.filter(pk=hold.pk).update(extended_at=hold.extended_at, expires_at=hold.expires_at)
    BusyTime.objects.filter(pk=claim.pk).update(expires_at=hold.expires_at)
    return hold


@transaction.atomic
def release_hold(*, draft: Draft, now: datetime) -> None:
    """Give back what this draft holds, because its place or presentation changed."""
    before = holds_of(draft, None)
    if before:
        lock_presenters([], now=now, giving_back=before)

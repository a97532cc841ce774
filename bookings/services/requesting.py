"""A request with dates of one's own: none of our times suits, so staff decide."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from bookings import rules
from bookings.diary.book import Diary
from bookings.diary.reading import read_again
from bookings.diary.wish import Wish
from bookings.models import Booking, BusyTime, DateOption, EventKind, OptionKind, Precision, Presentation, State, WhyNot
from bookings.services.bringing import bring_leaflets
from bookings.services.keeping import (
    Chosen,
    Preferred,
    add_options,
    diary_of,
    first_possible,
    presenters_for,
    with_kept,
)
from bookings.services.locking import guarded, lock_draft, lock_presenters
from bookings.services.moving import record
from bookings.services.placing import Address, Asked, Details, Submission, refuse_if_not_offered, store
from bookings.services.telling import tell_booked
from ctac.errors import DomainError
from leaflets.models import ToBring
from professionals import drafts
from professionals.models import Draft, Person, User
from professionals.services.safeguarding import tell_lead


class DatesRefused(DomainError):
    """None, too many, twice the same, over already, or further ahead than anybody plans."""

    message = _("Give between one and three different dates that lie ahead, within a year from now.")


@transaction.atomic
def request_dates(
    *,
    person: Person,
    by: User | None,
    channel: str,
    presentation: Presentation,
    format: str,  # noqa: A002 - the product's word
    dates: Sequence[Preferred],
    reason: str,
    details: Details,
    now: datetime,
    address: Address | None = None,
    submission: Submission | None = None,
    flagged: bool = False,
    leaflets: Sequence[ToBring] = (),
) -> Booking:
    """Ask staff for one of these dates. Each is kept for a while if a presenter could give it (see rules.py for how many).

    The `leaflets` are promised as if it were booked. `flagged`: the reason looks like a child's details.
    Raises DatesRefused, NotOffered, AlreadyPlaced, PlaceUnknown.
    """
    asked = Asked(
        person=person,
        by=by,
        channel=channel,
        presentation=presentation,
        format=format,
        now=now,
        address=address,
        audience=details.audience_profession,
        submission=submission,
    )
    details = replace(details, flagged=details.flagged or flagged)
    refuse_if_not_offered(asked)
    refuse_nonsense(dates, now)
    draft, wish = lock_draft(asked.token, person), asked.wish
    with guarded():
        kept = keep_what_we_can(asked, wish, dates, draft)
        booking = store(asked, details, state=State.REQUESTED, request_reason=reason)
        add_options(booking, OptionKind.PREFERRED, list(zip(dates, kept, strict=True)), wish.place, now)
    if draft is not None:
        drafts.finish(draft)
    bring_leaflets(booking, leaflets, by=by, now=now)
    record(booking, EventKind.REQUESTED, by=by, now=now, to_state=booking.state)
    tell_booked(booking, now)
    if details.flagged:
        tell_lead(about=f"booking:{booking.pk}", reference=booking.reference, now=now)
    return booking


def refuse_nonsense(dates: Sequence[Preferred], now: datetime) -> None:
    """What the form has asked for already, for every other way in."""
    latest = now + rules.ASKED_AT_MOST_AHEAD + timedelta(days=1)
    ahead = all(now < date.ends_at and date.starts_at < date.ends_at <= latest for date in dates)
    exact = all(date.starts_at > now for date in dates if date.precision == Precision.TIME)
    if not 1 <= len(set(dates)) == len(dates) <= rules.DATES_A_REQUEST or not ahead or not exact:
        raise DatesRefused


def room_for(person: Person, now: datetime) -> int:
    """How many more of the dates that they ask for may be kept for this person."""
    kept = DateOption.objects.preferred().kept(now).filter(booking__person=person).count()
    return max(rules.DATES_KEPT_A_PERSON - kept, 0)


def keep_what_we_can(asked: Asked, wish: Wish, dates: Sequence[Preferred], draft: Draft | None) -> list[Chosen | WhyNot]:
    """For each date, with whom and from when it is kept, or why not. Looks, locks those who could, looks again."""
    own = list(BusyTime.objects.filter(hold__draft=draft)) if draft else []
    room = room_for(asked.person, asked.now)
    wanted = starts_ahead(dates, wish, asked.now)
    starts = [start for each in wanted for start in each]
    if not room or not starts:
        lock_presenters([], now=asked.now, giving_back=own)
        return without_looking(dates, wanted)
    seen = diary_of(wish, starts, asked.now)
    possible = presenters_for(seen, starts)
    locked = lock_presenters(possible, now=asked.now, giving_back=own)
    diary = read_again(seen, {key: locked[key] for key in possible if key in locked}, asked.now)
    return choose_each(diary, dates, wanted, room)


def starts_ahead(dates: Sequence[Preferred], wish: Wish, now: datetime) -> list[list[datetime]]:
    return [[start for start in date.starts(wish) if start > now] for date in dates]


def without_looking(dates: Sequence[Preferred], wanted: Sequence[Sequence[datetime]]) -> list[Chosen | WhyNot]:
    """Where no more may be kept for them, or no time is named that could be."""
    return [why_unseen(date, starts, room=0) or WhyNot.ENOUGH for date, starts in zip(dates, wanted, strict=True)]


def why_unseen(date: Preferred, starts: Sequence[datetime], room: int) -> WhyNot | None:
    """Why it is not kept, whoever is free."""
    if date.precision == Precision.DAYS:
        return WhyNot.SEVERAL_DAYS
    if not starts:
        return WhyNot.NO_TIME_LEFT
    return None if room else WhyNot.ENOUGH


def choose_each(
    diary: Diary, dates: Sequence[Preferred], wanted: Sequence[Sequence[datetime]], room: int
) -> list[Chosen | WhyNot]:
    """In the order in which they were asked for, each beside those before it."""
    alone, found = diary, list[Chosen | WhyNot]()
    for date, starts in zip(dates, wanted, strict=True):
        outcome = why_unseen(date, starts, room) or first_possible(diary, starts) or why_nobody(alone, starts)
        if isinstance(outcome, Chosen):
            diary, room = with_kept(diary, outcome), room - 1
        found.append(outcome)
    return found


def why_nobody(alone: Diary, starts: Sequence[datetime]) -> WhyNot:
    """`alone`: the diary without the other dates of the request."""
    if first_possible(alone, starts):
        return WhyNot.BESIDE
    return WhyNot.OUTSIDE if any(alone.candidates(start) for start in starts) else WhyNot.NOBODY_FREE


def what_we_could_keep(wish: Wish, dates: Sequence[Preferred], *, person: Person, now: datetime) -> list[Chosen | WhyNot]:
    """The same for the page that asks first: what would be kept if it were sent now. Locks nothing."""
    wanted = starts_ahead(dates, wish, now)
    starts = [start for each in wanted for start in each]
    room = room_for(person, now)
    if not starts or not room:
        return without_looking(dates, wanted)
    return choose_each(diary_of(wish, starts, now), dates, wanted, room)

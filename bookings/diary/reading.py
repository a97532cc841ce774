"""Reading the diary: one query a table (presenters, availability, busy time)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from bookings.diary.book import ONE_DAY, Diary
from bookings.diary.presenter_day import PresenterDiary
from bookings.diary.wish import Wish
from bookings.gaps import Claim, Span
from bookings.models import Availability, BusyKind, BusyTime, Presenter
from bookings.models.busy import BusyTimeQuerySet
from bookings.travel import APART_ENOUGH
from ctac.uk import uk_datetime, uk_day


def open_diary(
    wish: Wish,
    *,
    first_day: date,
    last_day: date,
    now: datetime,
    presenters: Iterable[Presenter] | None = None,
    ignoring: Mapping[str, object] | None = None,
) -> Diary:
    """Read the diary of these presenters (all active ones if none are named) from the first UK day to the last.

    `ignoring` names claims that are not in the way, such as one's own hold, by a lookup of BusyTime: {"hold__draft": draft}.
    """
    everyone = list(presenters) if presenters is not None else list(Presenter.objects.active().order_by("pk"))
    within = Span(uk_datetime(first_day, time()).astimezone(UTC), uk_datetime(last_day + ONE_DAY, time()).astimezone(UTC))
    availability: dict[int, list[Availability]] = defaultdict(list)
    for window in Availability.objects.filter(presenter__in=everyone, valid_from__lte=last_day):
        availability[window.presenter_id].append(window)
    claims = read_claims(everyone, within, now, ignoring)
    parts = [
        PresenterDiary(presenter, availability[presenter.pk], claims[presenter.pk], wish, within, uk_day(now))
        for presenter in everyone
    ]
    return Diary(wish, first_day, last_day, parts)


def read_again(diary: Diary, presenters: Mapping[int, Presenter], now: datetime) -> Diary:
    """The same diary of these presenters only, as they and their claims are now, after they were locked."""
    parts = [part for part in diary.parts if part.presenter.pk in presenters and presenters[part.presenter.pk].active]
    if not parts:
        return replace(diary, parts=[])
    claims = read_claims([part.presenter for part in parts], parts[0].within, now, None)
    fresh = [
        PresenterDiary(
            presenters[part.presenter.pk], part.availability, claims[part.presenter.pk], diary.wish, part.within, part.today
        )
        for part in parts
    ]
    return replace(diary, parts=fresh)


def read_claims(
    presenters: Iterable[Presenter], within: Span, now: datetime, ignoring: Mapping[str, object] | None
) -> dict[int, list[Claim]]:
    rows = claims_within(presenters, within, now)
    for lookup, own in (ignoring or {}).items():
        rows = rows.exclude(**{lookup: own}) if own is not None else rows
    claims: dict[int, list[Claim]] = defaultdict(list)
    for row in rows:
        claims[row.presenter_id].append(to_claim(row))
    return claims


def claims_within(presenters: Iterable[Presenter], within: Span, now: datetime) -> BusyTimeQuerySet:
    """Their live claims in order, as far to both sides as a journey can matter."""
    reach = DateTimeTZRange(within.start - APART_ENOUGH, within.end + APART_ENOUGH)
    return BusyTime.objects.live_at(now).filter(presenter__in=presenters, busy__overlap=reach).order_by("busy")


def to_claim(row: BusyTime) -> Claim:
    span = Span(row.busy.lower.astimezone(UTC), row.busy.upper.astimezone(UTC))
    return Claim(span, row.place, row.travel_minutes, row.kind == BusyKind.BOOKING)

"""Reading the diary: one query a table (presenters, availability, busy time)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from bookings.diary.book import ONE_DAY, Diary
from bookings.diary.hours import read_hours
from bookings.diary.presenter_day import PresenterDiary
from bookings.diary.wish import Wish
from bookings.gaps import Claim, Span
from bookings.models import BusyKind, BusyTime, Presenter
from bookings.models.busy import BusyTimeQuerySet
from bookings.travel import APART_ENOUGH
from ctac.uk import uk_datetime, uk_day

REACH = max(APART_ENOUGH, timedelta(days=7))


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
    asked = Presenter.objects.active() if presenters is None else Presenter.objects.filter(pk__in=[p.pk for p in presenters])
    everyone = list(asked.with_given().order_by("pk"))
    within = Span(uk_datetime(first_day, time()).astimezone(UTC), uk_datetime(last_day + ONE_DAY, time()).astimezone(UTC))
    hours = read_hours(everyone, first_day, last_day)
    claims = read_claims(everyone, within, now, ignoring)
    parts = [
        PresenterDiary(presenter, presenter.given, hours[presenter.pk], claims[presenter.pk], wish, within, uk_day(now))
        for presenter in everyone
    ]
    return Diary(wish, first_day, last_day, parts)


def read_again(
    diary: Diary, presenters: Mapping[int, Presenter], now: datetime, *, ignoring: Mapping[str, object] | None = None
) -> Diary:
    """The same diary of these presenters only, as they and their claims are now, after they were locked.

    Their own holds have ended by then; `ignoring` as in open_diary.
    """
    parts = [part for part in diary.parts if part.presenter.pk in presenters and presenters[part.presenter.pk].active]
    if not parts:
        return replace(diary, parts=[])
    claims = read_claims([part.presenter for part in parts], parts[0].within, now, ignoring)
    fresh = [
        replace(part, presenter=presenters[part.presenter.pk], claims=claims[part.presenter.pk], wish=diary.wish)
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
    """Their live claims in order, as far to both sides as a journey can matter, or the rest of a week."""
    reach = DateTimeTZRange(within.start - REACH, within.end + REACH)
    return BusyTime.objects.live_at(now).filter(presenter__in=presenters, busy__overlap=reach).order_by("busy")


def to_claim(row: BusyTime) -> Claim:
    span = Span(row.busy.lower.astimezone(UTC), row.busy.upper.astimezone(UTC))
    return Claim(
        span, row.place, row.travel_minutes, is_booking=row.kind == BusyKind.BOOKING, is_visit=row.kind != BusyKind.LEAVE
    )

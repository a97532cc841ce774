"""Reading the diary: one query a table (presenters, availability, busy time, journey times)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from bookings import rules
from bookings.diary.book import Diary
from bookings.diary.hours import days_in_utc, read_hours
from bookings.diary.presenter_day import PresenterDiary
from bookings.diary.stretch import Stretch
from bookings.diary.wish import Wish
from bookings.gaps import NOTHING, Claim, Span
from bookings.journeys import read_journeys
from bookings.models import BusyKind, BusyTime, Presenter
from bookings.models.busy import BusyTimeQuerySet
from bookings.travel import APART_ENOUGH, Journeys, Place
from ctac.uk import uk_day

# As far to both sides as a journey can matter, or the rest of a week, or what counts as near when a presenter is chosen.
REACH = max(APART_ENOUGH, timedelta(days=7), rules.NEAR)
Ignoring = Mapping[str, object]
COLUMNS = (
    "presenter",
    "busy__startswith",
    "busy__endswith",
    "travel_minutes",
    "kind",
    "postcode",
    "latitude",
    "longitude",
    "zone",
)


def open_diary(
    wish: Wish,
    *,
    first_day: date,
    last_day: date,
    now: datetime,
    presenters: Iterable[Presenter] | None = None,
    ignoring: Ignoring | None = None,
    looking_at: Sequence[Stretch] | None = None,
) -> Diary:
    """Read the diary of these presenters (all active ones if none are named) from the first UK day to the last.

    `ignoring` names claims that are not in the way, such as one's own hold, by a lookup of BusyTime: {"hold__draft": draft}.
    `looking_at`: only of these days, one or two stretches in order, are the claims read (read_whole reads the rest).
    """
    everyone = list(Presenter.objects.active().with_given().order_by("pk")) if presenters is None else with_given(presenters)
    hours = read_hours(everyone, first_day, last_day)
    read = tuple(looking_at or [Stretch(first_day, last_day)])
    claims = read_claims(everyone, read, now, ignoring)
    journeys = journeys_of(everyone, claims, wish)
    parts = [
        PresenterDiary(presenter, presenter.given, hours[presenter.pk], claims[presenter.pk], wish, uk_day(now), journeys)
        for presenter in everyone
    ]
    return Diary(wish, first_day, last_day, parts, read)


def read_whole(diary: Diary, now: datetime, ignoring: Ignoring | None) -> Diary:
    """The same diary with the claims of all its days."""
    everyone, read = [part.presenter for part in diary.parts], (diary.whole,)
    claims = read_claims(everyone, read, now, ignoring)
    journeys = journeys_of(everyone, claims, diary.wish)
    parts = [replace(part, claims=claims[part.presenter.pk], journeys=journeys) for part in diary.parts]
    return replace(diary, parts=parts, read=read)


def with_given(presenters: Iterable[Presenter]) -> list[Presenter]:
    """These presenters with what they give, read anew unless that was read with them."""
    asked = list(presenters)
    if all("given" in vars(presenter) for presenter in asked):
        return asked
    return list(Presenter.objects.filter(pk__in=[presenter.pk for presenter in asked]).with_given().order_by("pk"))


def read_again(diary: Diary, presenters: Mapping[int, Presenter], now: datetime, *, ignoring: Ignoring | None = None) -> Diary:
    """The same diary of these presenters only, as they and their claims are now, after they were locked.

    Their own holds have ended by then; `ignoring` as in open_diary.
    What staff have set between areas is not read anew: if it changed in between, the database knows.
    """
    parts = [part for part in diary.parts if part.presenter.pk in presenters and presenters[part.presenter.pk].active]
    if not parts:
        return replace(diary, parts=[])
    claims = read_claims([part.presenter for part in parts], diary.read, now, ignoring)
    fresh = [
        replace(part, presenter=presenters[part.presenter.pk], claims=claims[part.presenter.pk], wish=diary.wish)
        for part in parts
    ]
    return replace(diary, parts=fresh)


def journeys_of(presenters: Iterable[Presenter], claims: Mapping[int, list[Claim]], wish: Wish) -> Journeys:
    """What staff have set between the places of this diary."""
    visits = (claim.place for mine in claims.values() for claim in mine)
    return read_journeys([wish.place, *(presenter.base for presenter in presenters), *visits])


def read_claims(
    presenters: Iterable[Presenter], read: Sequence[Stretch], now: datetime, ignoring: Ignoring | None
) -> dict[int, list[Claim]]:
    whole, hole = reach_of(read)
    rows = BusyTime.objects.live_at(now).touching(*whole).filter(presenter__in=list(presenters)).exclude(busy__contained_by=hole)
    for lookup, value in (ignoring or {}).items():
        if value is not None:
            rows = rows.exclude(**{lookup: value})
    claims: dict[int, list[Claim]] = defaultdict(list)
    # Without model instances, and times as two moments: a quarter of the cost, and nothing else on a page costs as much.
    for presenter, start, end, minutes, kind, *place in rows.order_by("presenter", "busy__endswith").values_list(*COLUMNS):
        claims[presenter].append(make_claim(Span(start, end), place_at(*place), minutes, kind))
    return claims


def reach_of(read: Sequence[Stretch]) -> tuple[Span, DateTimeTZRange]:
    """From when to when claims matter for these stretches of days, and between which moments they don't."""
    spans = [days_in_utc(stretch) for stretch in read]
    reached = [Span(span.start - REACH, span.end + REACH) for span in spans]
    between = Span(reached[0].end, reached[-1].start)
    hole = DateTimeTZRange(*between) if between.length > NOTHING else DateTimeTZRange(empty=True)
    return Span(reached[0].start, reached[-1].end), hole


def claims_within(presenters: Iterable[Presenter], within: Span, now: datetime) -> BusyTimeQuerySet:
    """Their live claims in order, as far to both sides as a journey can matter, or the rest of a week."""
    reach = Span(within.start - REACH, within.end + REACH)
    return BusyTime.objects.live_at(now).touching(*reach).filter(presenter__in=presenters).order_by("busy")


def to_claim(row: BusyTime) -> Claim:
    span = Span(row.busy.lower.astimezone(UTC), row.busy.upper.astimezone(UTC))
    return make_claim(span, row.place, row.travel_minutes, row.kind)


def make_claim(span: Span, place: Place | None, travel_minutes: int | None, kind: str) -> Claim:
    is_session = kind == BusyKind.SESSION
    is_booking = is_session or kind == BusyKind.BOOKING
    return Claim(span, place, travel_minutes, is_booking, is_session, is_visit=kind != BusyKind.LEAVE)


@lru_cache(maxsize=4096)
def place_at(postcode: str, latitude: float | None, longitude: float | None, zone: str) -> Place | None:
    """As BusyTime.place; the same object for the same place."""
    return BusyTime(postcode=postcode, latitude=latitude, longitude=longitude, zone=zone).place

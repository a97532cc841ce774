"""Who comes to an open session, in figures; what speaks against dates that are planned; the days of a series."""

import calendar
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Count, TextChoices
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from bookings.errors import RuleViolation
from bookings.models import Format, Nation, OpenSession, PlaceState, Presentation, Presenter, SessionState
from bookings.schedule.availability import PresenterSchedule, read_hours
from bookings.schedule.queries import ensure_presentation_keys, read_claims, read_journeys
from bookings.schedule.slots import Claim, DateRange, SlotQuery, Span
from bookings.travel import Journeys
from core.dates import format_datetime_range, is_bank_holiday, uk_day
from office.closures.queries import presentations_closed_text
from professionals.models import Profession


@dataclass(frozen=True)
class PlannedSession:
    """One date that a coordinator wants to plan, with or without a presenter."""

    presentation: Presentation
    presenter: Presenter | None
    starts_at: datetime
    capacity: int
    own_joining_link: str = ""
    joining_help: str = ""

    @property
    def ends_at(self) -> datetime:
        """In UTC, so that the length is right when the clocks change."""
        return self.starts_at.astimezone(UTC) + self.presentation.length

    @property
    def span(self) -> Span:
        return Span(self.starts_at.astimezone(UTC), self.ends_at)


# Figures about who comes to an open session: for staff, and for its presenter, who needs no names.

COMING_STATES = (PlaceState.TAKEN, PlaceState.ATTENDED)
MAX_ACCESS_NEEDS = 50


@dataclass(frozen=True)
class PlaceFigures:
    """How many places are in each state, and how many of the people who come are of each profession, the most first."""

    states: dict[str, int]
    professions: dict[str, int]

    @property
    def coming(self) -> int:
        return sum(self.states.get(state, 0) for state in COMING_STATES)

    def in_state(self, state: str) -> int:
        return self.states.get(state, 0)

    @property
    def lines(self) -> list[str]:
        """Lines like 'Health visitor: 12': '12 health visitors' has no plural that is right for every profession."""
        counts = ((profession_label(name), count) for name, count in self.professions.items())
        return [_("%(profession)s: %(count)d") % {"profession": label, "count": count} for label, count in counts]


def profession_label(profession: str) -> str:
    return str(dict(Profession.choices).get(profession, _("Not known")))


def place_figures(session: OpenSession) -> PlaceFigures:
    """The figures of this session. One statement."""
    counted = session.places.order_by().values_list("state", "person__profession").annotate(people=Count("pk"))
    states: dict[str, int] = {}
    professions: dict[str, int] = {}
    for state, profession, people in counted:
        states[state] = states.get(state, 0) + people
        if state in COMING_STATES:
            professions[profession] = professions.get(profession, 0) + people
    order = sorted(professions, key=lambda name: (-professions[name], profession_label(name)))
    return PlaceFigures(states, {name: professions[name] for name in order})


def places_text(session: OpenSession) -> str:
    """'12 of 20 places taken, 3 people are waiting': from figures on the row itself, so that a list reads nothing more."""
    places = ngettext("%(taken)d of %(places)d place taken", "%(taken)d of %(places)d places taken", session.capacity)
    places %= {"taken": session.occupied, "places": session.capacity}
    return f"{places}, {waiting_text(session.waiting)}" if session.waiting else places


def waiting_text(count: int) -> str:
    return ngettext("%(count)d person is waiting", "%(count)d people are waiting", count) % {"count": count}


def access_needs_of(session: OpenSession) -> list[str]:
    """The access needs of the people who come, each once, without names or anything that looks like a child's details."""
    coming = session.places.filter(state__in=COMING_STATES, flagged_child_details=False).exclude(access_needs="")
    needs = coming.order_by("position").values_list("access_needs", flat=True)[:MAX_ACCESS_NEEDS]
    return list(dict.fromkeys(need.strip() for need in needs))


# Clashes of the dates that a coordinator wants to plan. As many statements for many dates as for one.

# Coordinators plan months ahead on purpose, and a missing link is reported below, only where it would be used.
IGNORED_VIOLATIONS = (RuleViolation.HORIZON, RuleViolation.NO_LINK)


@dataclass(frozen=True)
class Clash:
    """`what`: a sentence for staff. `hard`: the database would refuse the date; otherwise staff may go on all the same."""

    what: str
    hard: bool = False


def clashes(planned: Sequence[PlannedSession], *, now: datetime, moving: OpenSession | None = None) -> list[list[Clash]]:
    """The clashes of each date, hard ones first. Earlier dates in the list count as planned.

    `moving`: the session that would move there; it does not clash with itself.
    """
    if not planned:
        return []
    finder = ClashFinder(planned, now, moving)
    found = [[*finder.hard(number), *finder.soft(number)] for number in range(len(planned))]
    return [sorted(clashes_of_date, key=lambda clash: not clash.hard) for clashes_of_date in found]


class ClashFinder:
    """Reads the presenters and sessions of those days once, in five statements."""

    def __init__(self, planned: Sequence[PlannedSession], now: datetime, moving: OpenSession | None) -> None:
        self.planned, self.now = planned, now
        days = sorted(uk_day(session.starts_at) for session in planned)
        whole = DateRange(days[0], days[-1])
        presenters = {session.presenter.pk: session.presenter for session in planned if session.presenter}
        mine = ensure_presentation_keys(presenters.values()) if presenters else []
        self.presenters: Mapping[int, Presenter] = {presenter.pk: presenter for presenter in mine}
        self.hours = read_hours(mine, whole.first, whole.last) if presenters else {}
        self.claims = read_claims(mine, [whole], now, {"session": moving}) if presenters else {}
        visits = (claim.place for claims in self.claims.values() for claim in claims)
        bases = (presenter.base for presenter in self.presenters.values())
        self.journeys = read_journeys([*bases, *visits]) if presenters else Journeys()
        # Sessions of these presentations that lie in that time.
        same = OpenSession.objects.filter(
            presentation__in={session.presentation.pk for session in planned},
            state=SessionState.SCHEDULED,
            starts_at__lt=max(session.ends_at for session in planned),
            ends_at__gt=min(session.starts_at for session in planned),
        )
        self.others = list(same.exclude(pk=moving.pk) if moving else same)

    def hard(self, number: int) -> Iterator[Clash]:
        planned = self.planned[number]
        if planned.starts_at <= self.now:
            yield Clash(_("This time has passed."), hard=True)
        schedule = self.presenter_schedule(number)
        if schedule is not None:
            for sentence in schedule.verdict(planned.starts_at).obstacles:
                yield Clash(sentence, hard=True)

    def soft(self, number: int) -> Iterator[Clash]:
        planned = self.planned[number]
        if not planned.presentation.active:
            yield Clash(_("We don’t offer this presentation at the moment."))
        if Format.ONLINE not in planned.presentation.formats:
            yield Clash(_("We don’t give this presentation online."))
        for when in self.overlapping_session_times(number):
            yield Clash(_("There is already a session of this presentation then: %(when)s.") % {"when": when})
        schedule = self.presenter_schedule(number)
        if schedule is None:
            if is_bank_holiday(uk_day(planned.starts_at), Nation.ENGLAND):
                yield Clash(_("It is a bank holiday in England."))
            if presentations_closed_text(uk_day(planned.starts_at), ()):
                yield Clash(str(RuleViolation.CLOSED.label))
            return
        violations = schedule.verdict(planned.starts_at).violations
        yield from (Clash(str(violation.label)) for violation in violations if violation not in IGNORED_VIOLATIONS)
        if not schedule.presenter.active:
            yield Clash(_("The presenter does not give presentations at the moment."))
        if not (planned.own_joining_link or schedule.presenter.joining_link):
            yield Clash(str(RuleViolation.NO_LINK.label))

    def presenter_schedule(self, number: int) -> PresenterSchedule | None:
        """The presenter's diary for that date, with the dates earlier in the list as planned; None without a presenter."""
        planned = self.planned[number]
        if planned.presenter is None:
            return None
        presenter = self.presenters[planned.presenter.pk]
        slot_query = SlotQuery(planned.presentation, Format.ONLINE, None)
        earlier = (session for session in self.planned[:number] if session.presenter == planned.presenter)
        planned_claims = (Claim(session.span, is_session=True, is_visit=True) for session in earlier)
        claims = sorted([*self.claims[presenter.pk], *planned_claims], key=lambda claim: claim.span)
        hours = self.hours[presenter.pk]
        return PresenterSchedule(presenter, presenter.given, hours, claims, slot_query, self.now, self.journeys)

    def overlapping_session_times(self, number: int) -> Iterator[str]:
        planned = self.planned[number]
        sessions: list[OpenSession | PlannedSession] = [
            *(session for session in self.others if session.presentation_id == planned.presentation.pk),
            *(session for session in self.planned[:number] if session.presentation == planned.presentation),
        ]
        for session in sessions:
            if planned.span.overlaps(Span(session.starts_at.astimezone(UTC), session.ends_at.astimezone(UTC))):
                yield format_datetime_range(session.starts_at, session.ends_at)


# The days of a series (“six Tuesdays”), from a first day and a rule. The UK time is the same on each.
#
# Nothing here reads the database: a series is a way to fill in a form, and each session stands for itself afterwards (ADR 16).

# After so many days we give up on a series: every one of its days may be left out.
MAX_DAYS_TRIED = 500


class Recurrence(TextChoices):
    ONCE = "once", gettext_lazy("Once")
    WEEK = "week", gettext_lazy("Every week")
    FORTNIGHT = "fortnight", gettext_lazy("Every two weeks")
    MONTH = "month", gettext_lazy("Every month, on the same weekday")


@dataclass(frozen=True)
class SeriesDays:
    """`days` are the days of the series, `left_out` the days that were passed over before the last of them."""

    days: list[date]
    left_out: list[date]


def series_days(first: date, every: str, count: int, *, passes_over: Callable[[date], bool] = lambda day: False) -> SeriesDays:
    """`count` days in that rhythm. Days that are passed over don't count: the series goes on until it has them all."""
    if every == Recurrence.ONCE:
        return SeriesDays([first], [])
    days: list[date] = []
    left_out: list[date] = []
    step = timedelta(weeks=2 if every == Recurrence.FORTNIGHT else 1)
    recurring = monthly_weekdays(first) if every == Recurrence.MONTH else (first + step * number for number in itertools.count())
    for day in recurring:
        (left_out if passes_over(day) else days).append(day)
        if len(days) == count or len(days) + len(left_out) >= MAX_DAYS_TRIED:
            break
    return SeriesDays(days, left_out)


def monthly_weekdays(first: date) -> Iterator[date]:
    """The third Tuesday of each month, for example. If the first is a fifth one, each day is the last one of its month."""
    place = (first.day - 1) // 7
    year, month = first.year, first.month
    while True:
        # `place` 0 is the first such weekday of the month; a fifth that does not exist becomes the last.
        start, length = calendar.monthrange(year, month)
        day = 1 + (first.weekday() - start) % 7 + 7 * place
        yield date(year, month, day if day <= length else day - 7)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)

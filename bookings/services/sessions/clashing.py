"""What speaks against dates that a coordinator wants to plan. Reads only, as much for many dates as for one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from bookings.diary.breaches import Breach
from bookings.diary.hours import read_hours
from bookings.diary.presenter_day import PresenterDiary
from bookings.diary.reading import read_claims, with_given
from bookings.diary.stretch import Stretch
from bookings.diary.wish import Wish
from bookings.gaps import Claim, Span
from bookings.journeys import read_journeys
from bookings.models import Format, Nation, OpenSession, Presenter, SessionState
from bookings.services.sessions.planning import Planned
from bookings.travel import Journeys
from ctac.uk import format_span, uk_day
from ctac.working_days import is_bank_holiday

# Who plans months ahead knows it; and what is about the presenter's link is said only where it would be used.
SAID_OTHERWISE = (Breach.HORIZON, Breach.NO_LINK)


@dataclass(frozen=True)
class Clash:
    """`what`: a sentence that staff read. `hard`: the database would refuse; else staff may go on all the same."""

    what: str
    hard: bool


def clashes(planned: Sequence[Planned], *, now: datetime, moving: OpenSession | None = None) -> list[list[Clash]]:
    """For each date what speaks against it, hard clashes first; the dates before it in the list count as planned.

    `moving`: the session that would be moved there, which is not in its own way.
    """
    if not planned:
        return []
    world = World(planned, now, moving)
    found = [[*world.hard(number), *world.soft(number)] for number in range(len(planned))]
    return [sorted(each, key=lambda clash: not clash.hard) for each in found]


class World:
    """All that was read of the presenters and sessions of those days: five statements."""

    def __init__(self, planned: Sequence[Planned], now: datetime, moving: OpenSession | None) -> None:
        self.planned, self.now = planned, now
        days = sorted(uk_day(each.starts_at) for each in planned)
        whole = Stretch(days[0], days[-1])
        presenters = {each.presenter.pk: each.presenter for each in planned if each.presenter}
        mine = with_given(presenters.values()) if presenters else []
        self.presenters: Mapping[int, Presenter] = {each.pk: each for each in mine}
        self.hours = read_hours(mine, whole.first, whole.last) if presenters else {}
        self.claims = read_claims(mine, [whole], now, {"session": moving}) if presenters else {}
        self.journeys = self.read_journeys() if presenters else Journeys()
        self.others = self.read_others(moving)

    def read_journeys(self) -> Journeys:
        visits = (claim.place for mine in self.claims.values() for claim in mine)
        return read_journeys([*(each.base for each in self.presenters.values()), *visits])

    def read_others(self, moving: OpenSession | None) -> list[OpenSession]:
        """Sessions of these presentations that lie in that time."""
        first, last = min(each.starts_at for each in self.planned), max(each.ends_at for each in self.planned)
        same = OpenSession.objects.filter(
            presentation__in={each.presentation.pk for each in self.planned},
            state=SessionState.SCHEDULED,
            starts_at__lt=last,
            ends_at__gt=first,
        )
        return list(same.exclude(pk=moving.pk) if moving else same)

    def hard(self, number: int) -> Iterator[Clash]:
        planned = self.planned[number]
        if planned.starts_at <= self.now:
            yield Clash(_("This time has passed."), hard=True)
        part = self.part_of(number)
        if part is not None:
            for sentence in part.verdict(planned.starts_at).obstacles:
                yield Clash(sentence, hard=True)

    def soft(self, number: int) -> Iterator[Clash]:
        planned = self.planned[number]
        if not planned.presentation.active:
            yield soft(_("We don’t offer this presentation at the moment."))
        if Format.ONLINE not in planned.presentation.formats:
            yield soft(_("We don’t give this presentation online."))
        for when in self.twice(number):
            yield soft(_("There is a session of this presentation then already: %(when)s.") % {"when": when})
        part = self.part_of(number)
        if part is None:
            if is_bank_holiday(uk_day(planned.starts_at), Nation.ENGLAND):
                yield soft(_("It is a bank holiday in England."))
            return
        yield from map(soft, self.breaches(part, planned))

    def breaches(self, part: PresenterDiary, planned: Planned) -> Iterator[str | Promise]:
        verdict = part.verdict(planned.starts_at)
        yield from (breach.sentence for breach in verdict.breaches if breach not in SAID_OTHERWISE)
        if not part.presenter.active:
            yield _("The presenter does not give presentations at the moment.")
        if not (planned.own_joining_link or part.presenter.joining_link):
            yield Breach.NO_LINK.sentence

    def part_of(self, number: int) -> PresenterDiary | None:
        """The presenter's diary for that date, with the dates before it."""
        planned = self.planned[number]
        if planned.presenter is None:
            return None
        presenter = self.presenters[planned.presenter.pk]
        wish = Wish(planned.presentation, Format.ONLINE, None)
        claims = sorted([*self.claims[presenter.pk], *self.planned_before(number)], key=lambda claim: claim.span)
        today = uk_day(self.now)
        return PresenterDiary(presenter, presenter.given, self.hours[presenter.pk], claims, wish, today, self.journeys)

    def planned_before(self, number: int) -> Iterable[Claim]:
        mine = self.planned[number].presenter
        return (Claim(span_of(each), is_session=True, is_visit=True) for each in self.planned[:number] if each.presenter == mine)

    def twice(self, number: int) -> Iterator[str]:
        planned = self.planned[number]
        span = span_of(planned)
        earlier = [each for each in self.planned[:number] if each.presentation == planned.presentation]
        there = [each for each in self.others if each.presentation_id == planned.presentation.pk]
        times = [(each.starts_at, each.ends_at) for each in there] + [(each.starts_at, each.ends_at) for each in earlier]
        for start, end in times:
            if span.overlaps(Span(start.astimezone(UTC), end.astimezone(UTC))):
                yield format_span(start, end)


def soft(sentence: str | Promise) -> Clash:
    return Clash(str(sentence), hard=False)


def span_of(planned: Planned) -> Span:
    return Span(planned.starts_at.astimezone(UTC), planned.ends_at)

"""A request on the staff site: why it waits, the dates that it is about, and who could give each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings import date_words
from bookings.diary.book import Diary, Slot
from bookings.diary.candidate import Candidate
from bookings.diary.reading import open_diary
from bookings.models import Booking, DateOption, EventKind, Format, OptionKind, OptionState, Precision, State, WhyNot
from bookings.places import PlaceUnknown
from bookings.services.deciding import wish_of
from bookings.services.keeping import Preferred
from ctac.staff_lists import state_tag
from ctac.uk import format_clock, format_span, uk_day
from professionals.for_staff import has_recognised_domain

CANDIDATES_SHOWN = 4
SLOTS_SHOWN = 3
TAGS = {OptionState.OPEN: "waiting", OptionState.TAKEN: "good", OptionState.PASSED: "stopped", OptionState.EXPIRED: "stopped"}


@dataclass(frozen=True)
class Could:
    """A date of a request with a start that answers it, and who could give it then, the best first."""

    option: DateOption
    start: datetime | None
    candidates: list[Candidate]
    slots: list[Slot]


def options_of(booking: Booking) -> list[DateOption]:
    options = list(booking.options.select_related("presenter"))
    for option in options:
        option.booking = booking
    return options


def is_waiting(booking: Booking) -> bool:
    return booking.state == State.REQUESTED


def shown(options: Iterable[DateOption]) -> list[DateOption]:
    """Those that still stand; of a request that was answered, all."""
    every = list(options)
    standing = [option for option in every if option.state in (OptionState.OPEN, OptionState.EXPIRED)]
    return standing or every


def open_diary_for(booking: Booking, options: Sequence[DateOption], now: datetime) -> Diary | None:
    """One diary over all their days, in which this request's own claims are not in the way."""
    ahead = [option for option in options if option.ends_at > now]
    if not ahead:
        return None
    first = max(min(uk_day(option.starts_at) for option in ahead), uk_day(now))
    last = max(uk_day(option.ends_at) for option in ahead)
    try:
        wish = wish_of(booking)
    except PlaceUnknown:
        return None
    ignoring = {"booking": booking, "option__booking": booking}
    return open_diary(wish, first_day=first, last_day=last, now=now, ignoring=ignoring)


def could_be_given(booking: Booking, options: Sequence[DateOption], now: datetime) -> list[Could]:
    diary = open_diary_for(booking, options, now)
    return [could(diary, option, now) for option in options]


def could(diary: Diary | None, option: DateOption, now: datetime) -> Could:
    if diary is None or option.ends_at <= now:
        return Could(option, None, [], [])
    if option.precision == Precision.DAYS:
        return Could(option, None, [], list(first_slots(diary, option)))
    for start in possible_starts(diary, option, now):
        if found := diary.candidates(start):
            return Could(option, start, found, [])
    return Could(option, None, [], [])


def possible_starts(diary: Diary, option: DateOption, now: datetime) -> list[datetime]:
    """What is kept first, then what the date allows."""
    asked = Preferred(option.precision, option.starts_at, option.ends_at)
    starts = [start for start in asked.starts(diary.wish) if start > now]
    best = sorted(starts, key=lambda start: not any(not each.breaches for each in diary.candidates(start)))
    return [option.kept_from, *best] if option.kept_from and option.kept_from > now else best


def first_slots(diary: Diary, option: DateOption) -> Iterator[Slot]:
    day, found = max(uk_day(option.starts_at), diary.first_day), 0
    while day <= option.last_day and found < SLOTS_SHOWN:
        for slot in diary.slots_on(day)[: SLOTS_SHOWN - found]:
            found += 1
            yield slot
        day += timedelta(days=1)


# In words


def reasons(booking: Booking, options: Sequence[DateOption], found: Sequence[Could]) -> list[str]:
    """Why a request waits for staff, or for the professional."""
    because = []
    if any(option.kind == OptionKind.PROPOSED and option.state == OptionState.OPEN for option in options):
        because.append(_("We offered times. It waits for the professional’s answer."))
    if options and not booking.has_time:
        because.append(_("None of our times suits them: they ask for dates of their own."))
    if booking.format == Format.WORKPLACE and not has_recognised_domain(booking.person):
        because.append(
            _("A visit to a workplace whose email domain we don’t recognise. Check who asks: a presenter goes there alone.")
        )
    if any(each.candidates and each.candidates[0].breaches for each in found):
        because.append(_("At least one date is outside the rules for the public. You may agree to it with a reason."))
    lapsed = {option.why_not == WhyNot.AWAY for option in options if option.state == OptionState.EXPIRED}
    if False in lapsed:
        because.append(_("Dates have lapsed: nobody answered while they were kept."))
    if True in lapsed:
        because.append(_("Dates are no longer kept, as the presenter is away then."))
    if any(event.kind == EventKind.OTHERS_ASKED for event in booking.events.all()):
        because.append(_("They asked for other times. What they wrote stands at the end of this page."))
    return because


def why_it_waits(booking: Booking, now: datetime) -> SafeString | str:
    if not is_waiting(booking):
        return ""
    because = booking.__dict__.get("_reasons")
    if because is None:
        because = booking.__dict__["_reasons"] = reasons(booking, *looked_at(booking, now))
    return in_lines(because)


def dates_in_words(booking: Booking, now: datetime) -> SafeString | str:
    """Each date, whether it is kept, and who could give it."""
    options, found = looked_at(booking, now)
    if not options:
        return ""
    if not is_waiting(booking):
        return format_html_join("", "<p>{} {}</p>", ((option.when, tag_of(option, now)) for option in shown(options)))
    standing = {each.option.pk for each in found}
    before = [one_of_before(option, now) for option in options if option.pk not in standing]
    return format_html_join("", "<p><strong>{}</strong> {}<br>{}</p>", [*(one(each, now) for each in found), *before])


def looked_at(booking: Booking, now: datetime) -> tuple[list[DateOption], list[Could]]:
    """Read once for a page."""
    kept = booking.__dict__.get("_looked_at")
    if kept is None:
        options = options_of(booking)
        found = could_be_given(booking, shown(options), now) if is_waiting(booking) and options else []
        kept = booking.__dict__["_looked_at"] = (options, found)
    return kept


def one(each: Could, now: datetime) -> tuple[str, SafeString, SafeString]:
    return each.option.when, tag_of(each.option, now), in_lines(could_in_words(each, now))


def one_of_before(option: DateOption, now: datetime) -> tuple[str, SafeString, SafeString]:
    return option.when, tag_of(option, now), in_lines([date_words.for_staff(option, now)])


def tag_of(option: DateOption, now: datetime) -> SafeString:
    label = option.get_kind_display() if option.state == OptionState.OPEN else option.get_state_display()
    return state_tag(label, TAGS[OptionState(option.state)])


def could_in_words(each: Could, now: datetime) -> list[str]:
    option = each.option
    if option.is_over(now):
        return [_("It is over.")]
    if option.precision == Precision.DAYS:
        slots = "; ".join(format_span(slot.start, slot.end) for slot in each.slots)
        return [_("First free times: %(times)s") % {"times": slots} if slots else _("No presenter is free within the rules.")]
    lines = [date_words.for_staff(option, now)]
    if each.start is None:
        return [*lines, _("No presenter is free then, travel included.")]
    if option.precision != Precision.TIME:
        lines.append(_("Looked at from %(clock)s:") % {"clock": format_clock(each.start)})
    more = len(each.candidates) - CANDIDATES_SHOWN
    lines += [candidate_line(candidate) for candidate in each.candidates[:CANDIDATES_SHOWN]]
    if more > 0:
        lines.append(ngettext("%(count)d more could do it.", "%(count)d more could do it.", more) % {"count": more})
    return lines


def candidate_line(candidate: Candidate) -> str:
    if not candidate.breaches:
        return _("%(name)s could do it.") % {"name": candidate.presenter}
    sentences = " ".join(str(breach.sentence) for breach in candidate.breaches)
    return _("%(name)s is free, but: %(why)s") % {"name": candidate.presenter, "why": sentences}


def in_lines(lines: Iterable[str]) -> SafeString:
    """One under the other."""
    return format_html_join("", "{}<br>", ((line,) for line in lines))

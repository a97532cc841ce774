"""How the dates of a request are said, the same on pages and in emails."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from bookings.models import DateOption, OptionKind, OptionState, Precision
from bookings.words import Row, moment, row
from ctac.uk import format_span


def chosen_rows(options: Iterable[DateOption], now: datetime) -> list[Row]:
    """What the professional asked for, in their order, each with whether we keep it and until when."""
    asked = [option for option in options if option.kind == OptionKind.PREFERRED]
    return [row(label, f"{option.when}\n{kept_in_words(option, now)}".strip()) for label, option in labelled(asked)]


def labelled(options: Sequence[DateOption]) -> list[tuple[str, DateOption]]:
    if len(options) == 1:
        return [(_("You asked for"), options[0])]
    labels = (_("First choice"), _("Second choice"), _("Third choice"))
    return list(zip(labels, options, strict=False))


def kept_in_words(option: DateOption, now: datetime) -> str:
    """Whether it is kept, for whom it may concern."""
    if option.state == OptionState.TAKEN:
        return _("Agreed.")
    if option.state == OptionState.PASSED:
        return ""
    if option.is_kept(now):
        return kept_sentence(option)
    if option.expires_at is not None:
        return _("We no longer keep it.")
    return not_kept_sentence(option.precision)


def not_kept_sentence(precision: str) -> str:
    if precision == Precision.DAYS:
        return _("We don’t keep days, but look for a time in them.")
    return _("We don’t keep it: no presenter is free then, or we keep three dates for you already. We still look at it.")


def kept_sentence(option: DateOption) -> str:
    assert option.expires_at is not None  # noqa: S101 - tells the type checker what is_kept means
    assert option.kept_from is not None  # noqa: S101
    return sentence_of_keeping(option.precision, option.kept_from, option.booking.presentation.length, option.expires_at)


def sentence_of_keeping(precision: str, start: datetime, length: timedelta, until: datetime) -> str:
    """'We keep it for you until …', with the time itself where it was named less exactly."""
    if precision == Precision.TIME:
        return _("We keep it for you until %(until)s.") % {"until": moment(until)}
    times = {"when": format_span(start, start + length), "until": moment(until)}
    return _("We keep %(when)s for you until %(until)s.") % times


def offered_rows(options: Iterable[DateOption]) -> list[Row]:
    """The times that staff offer now."""
    return [row(_("Time %(number)d") % {"number": number}, option.when) for number, option in enumerate(offers(options), start=1)]


def offers(options: Iterable[DateOption]) -> list[DateOption]:
    """Those offered and open, the soonest first."""
    open_ones = [option for option in options if option.kind == OptionKind.PROPOSED and option.state == OptionState.OPEN]
    return sorted(open_ones, key=lambda option: option.starts_at)


def kept_till(options: Iterable[DateOption]) -> str:
    """Until when all of them are kept, in words: the soonest."""
    ends = [option.expires_at for option in options if option.expires_at is not None]
    return moment(min(ends)) if ends else ""

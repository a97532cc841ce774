"""How the dates of a request are said, the same on pages and in emails."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import DateOption, OptionKind, OptionState, Precision, State, WhyNot
from bookings.words import Row, moment, row
from ctac.uk import format_span


def chosen_rows(options: Iterable[DateOption], now: datetime) -> list[Row]:
    """What the professional asked for, in their order, each with whether we keep it and until when."""
    asked = [option for option in options if option.kind == OptionKind.PREFERRED]
    return [row(label, f"{option.when}\n{kept_in_words(option, now)}".strip()) for label, option in labelled(asked)]


def rows_for_staff(options: Iterable[DateOption], now: datetime) -> list[Row]:
    """The same for the team: with whom each is kept, or why not."""
    asked = [option for option in options if option.kind == OptionKind.PREFERRED]
    labels = [_("Asked for")] if len(asked) == 1 else [label for label, _option in labelled(asked)]
    return [row(label, f"{option.when}\n{for_staff(option, now)}") for label, option in zip(labels, asked, strict=True)]


def labelled(options: Sequence[DateOption]) -> list[tuple[str, DateOption]]:
    if len(options) == 1:
        return [(_("You asked for"), options[0])]
    labels = (_("First choice"), _("Second choice"), _("Third choice"))
    return list(zip(labels, options, strict=False))


def kept_in_words(option: DateOption, now: datetime) -> str:
    """Whether it is kept, for whom it may concern; if not, why not."""
    if option.state == OptionState.TAKEN:
        return _("Agreed.")
    if option.state == OptionState.PASSED:
        return answered_with(option.booking.state)
    if option.is_kept(now):
        return kept_sentence(option)
    if option.is_over(now):
        return _("This time is over.")
    if option.expires_at is None:
        return not_kept_sentence(WHEN_ASKED, option.why_not)
    return f"{no_longer(option)} {still_looked_at()}"


def answered_with(state: str) -> str:
    """What became of a request whose date was passed over."""
    return {
        State.REQUESTED: _("We offered you other times instead."),
        State.CANCELLED: _("The request was cancelled, so we keep nothing for it."),
        State.DECLINED: _("We could not say yes, so we keep nothing for it."),
    }.get(State(state), _("Another time was agreed."))


def no_longer(option: DateOption) -> str:
    """Why something that was kept, or offered, is so no longer."""
    assert option.expires_at is not None  # noqa: S101 - tells the type checker what was kept
    if option.why_not == WhyNot.AWAY:
        return _("We no longer keep it: the presenter can’t come then any more.")
    until = {"until": moment(option.expires_at)}
    if option.kind == OptionKind.PROPOSED:
        return _("We kept it for you until %(until)s, and had no answer.") % until
    return _("We kept it for you until %(until)s, and have not answered in time.") % until


def still_looked_at() -> str:
    return _("We still look at it.")


# Before they have sent it, and after.
IF_ASKED_NOW = {
    WhyNot.NO_TIME_LEFT: gettext_lazy("We don’t keep it: no time is left in it."),
    WhyNot.ENOUGH: gettext_lazy("We don’t keep it: we keep three dates for you already."),
    WhyNot.NOBODY_FREE: gettext_lazy("We don’t keep it: no presenter is free then."),
    WhyNot.OUTSIDE: gettext_lazy("We don’t keep it: no presenter is free then within their usual hours and area."),
    WhyNot.BESIDE: gettext_lazy("We don’t keep it: the presenter who is free then is kept for another of your dates."),
}
WHEN_ASKED = {
    WhyNot.NO_TIME_LEFT: gettext_lazy("We don’t keep it: no time was left in it when you asked."),
    WhyNot.ENOUGH: gettext_lazy("We don’t keep it: we kept three dates for you already when you asked."),
    WhyNot.NOBODY_FREE: gettext_lazy("We don’t keep it: no presenter was free then when you asked."),
    WhyNot.OUTSIDE: gettext_lazy(
        "We don’t keep it: no presenter was free then within their usual hours and area when you asked."
    ),
    WhyNot.BESIDE: gettext_lazy("We don’t keep it: the presenter who was free then is kept for another of your dates."),
}


def not_kept_sentence(sentences: Mapping[WhyNot, str | Promise], why: str) -> str:
    """Why a date was never kept. Empty: it was asked for before that was stored."""
    if why == WhyNot.SEVERAL_DAYS:
        return _("We don’t keep days, but look for a time in them.")
    said = sentences[WhyNot(why)] if why else _("We don’t keep it.")
    return f"{said} {still_looked_at()}"


def gone_rows(options: Iterable[DateOption], now: datetime) -> list[Row]:
    """The times that we offered and keep no longer, each with why, while none is chosen."""
    standing = (OptionState.OPEN, OptionState.EXPIRED)
    offered = [each for each in options if each.kind == OptionKind.PROPOSED and each.state in standing]
    return [row(each.when, why_gone(each, now)) for each in offered if not each.is_kept(now)]


def why_gone(option: DateOption, now: datetime) -> str:
    return _("This time is over.") if option.is_over(now) else no_longer(option)


def for_staff(option: DateOption, now: datetime) -> str:
    """Whether a date of a request that waits is kept, with whom, or why not."""
    if option.state == OptionState.PASSED:
        return _("Not kept any more: other times were offered or asked for instead.")
    if option.is_kept(now) and option.expires_at:
        return _("Kept with %(name)s until %(until)s.") % {"name": option.presenter, "until": moment(option.expires_at)}
    if option.why_not:
        return _("Not kept. %(why)s") % {"why": WhyNot(option.why_not).label}
    if option.expires_at is None:
        return _("Not kept.")
    facts = {"name": option.presenter, "until": moment(option.expires_at)}
    return _("No longer kept. It was kept with %(name)s until %(until)s.") % facts


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

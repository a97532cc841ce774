"""The time that is kept while somebody fills in the form: choosing it, keeping it longer, taking it again."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from bookings.answers import Answers
from bookings.diary.wish import Wish
from bookings.models import Hold
from bookings.places import find_place
from bookings.services.errors import DraftGone, ExtendedAlready, HoldOver, TooManyHolds
from bookings.services.holding import extend_hold, hold_slot, release_hold
from bookings.slot_forms import slot_value
from bookings.throttles import too_many_times
from ctac.uk import format_clock, format_span
from professionals import drafts, limits
from professionals.models import DraftKind


@dataclass(frozen=True)
class Kept:
    """The slot that this draft holds, in words; `seconds` are left of it. `may_extend`: not done yet."""

    when: str
    until: str
    seconds: int = 0
    may_extend: bool = False


def kept(answers: Answers, now: datetime) -> Kept | None:
    """None if nothing is held, or no longer."""
    hold = answers.hold
    if hold is None or hold.expires_at <= now or not answers.is_about_this or not answers.fits(hold):
        return None
    when = format_span(hold.start, hold.start + answers.presentation.length)
    seconds = int((hold.expires_at - now).total_seconds())
    return Kept(when, format_clock(hold.expires_at), seconds, hold.extended_at is None)


def wish_of(answers: Answers) -> Wish:
    """What the draft asks for."""
    address = answers.address
    return Wish(answers.presentation, answers.format, find_place(address.postcode) if address else None, answers.audience)


def count_choice(request: HttpRequest, now: datetime) -> None:
    """Raises TooManyHolds if too many times were chosen from there in the last hour. Not in a transaction (limits.exceeded)."""
    if too_many_times(request, now):
        raise TooManyHolds(
            _("Too many times were chosen from here in the last hour. Wait a while, or call us and we will book it for you.")
        )


def keep(request: HttpRequest, answers: Answers, start: datetime, now: datetime) -> Hold:
    """Hold that time and keep the answer. Raises TooManyHolds, SlotTaken, DraftGone."""
    count_choice(request, now)
    if answers.draft is None:
        raise DraftGone
    person = request.person or None  # type: ignore[attr-defined]
    client = limits.hashed(limits.client_key(request, "hold"))
    chosen: dict[str, dict[str, str]] = {"when": {"start": slot_value(start)}}
    if answers.step("dates"):
        chosen["dates"] = {}  # a time of ours in the place of dates of their own
    draft = copy(answers.draft)  # which a refusal leaves as it is
    hold = hold_slot(draft=draft, person=person, wish=wish_of(answers), start=start, now=now, client=client, answers=chosen)
    answers.draft, answers.hold = draft, hold
    return hold


def keep_answers(request: HttpRequest, answers: Answers, steps: Mapping[str, dict[str, Any]], now: datetime) -> None:
    """In a new draft if theirs has gone meanwhile: what somebody typed is never lost."""
    draft = drafts.keep(request, DraftKind.BOOKING, steps, now)
    if draft != answers.draft:
        answers.hold = None
    answers.draft = draft


def give_back(answers: Answers, now: datetime) -> None:
    """What the draft holds, because it asks for something else now."""
    if answers.draft:
        release_hold(draft=answers.draft, now=now)
        answers.hold = None


def keep_longer(request: HttpRequest, answers: Answers, now: datetime) -> None:
    """The button for 15 minutes more, and what came of it. Raises as keep() does, if the time was over and can't be had."""
    try:
        if answers.draft is None:
            raise HoldOver
        answers.hold = extend_hold(draft=answers.draft, now=now)
    except ExtendedAlready as refusal:
        messages.warning(request, refusal.message)
    except HoldOver:
        answers.hold = None
        take_again(request, answers, now)
    else:
        until = format_clock(answers.hold.expires_at)
        messages.success(request, _("We are keeping this time for you until %(until)s.") % {"until": until})


def take_again(request: HttpRequest, answers: Answers, now: datetime) -> None:
    """The time is not kept any more: keep it again, if it is still free. Raises as keep() does."""
    if answers.start is None or kept(answers, now):
        return
    hold = keep(request, answers, answers.start, now)
    said = _("The 15 minutes were over, but your time was still free. We are keeping it for you again, until %(until)s.")
    messages.info(request, said % {"until": format_clock(hold.expires_at)})

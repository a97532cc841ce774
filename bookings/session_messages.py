"""What each email about a place at an open session says: a place in, a message out."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from bookings import ical, session_words
from bookings.models import SessionPlace
from ctac.uk import format_day
from notifications.registry import Message


@dataclass(frozen=True)
class Telling:
    """What a message is made from beside the place: when it was written, and the links that its reader may use."""

    now: datetime
    links: dict[str, str]
    # Of who waits: the how manieth; 0 if it does not matter.
    number: int = 0
    # Whether the reader's calendar has an entry of it already.
    in_calendars: bool = False
    # Whether the reader wants reminders.
    reminds: bool = True


def message(sentence: str | Promise, template: str, place: SessionPlace, telling: Telling, **more: object) -> Message:
    """The sentence is the subject; it may name %(day)s and %(reference)s."""
    session = place.session
    day = format_day(session.starts_at)
    context: dict[str, object] = {
        "place": place,
        "session": session,
        "rows": session_words.for_its_person(place),
        "has_link": bool(session.joining_link),
        "links": telling.links,
        "line": session_words.in_line(telling.number) if telling.number else "",
        "until": place.offered_until,
        "reminded": telling.reminds and session.reminder_due_at > telling.now,
        "reminded_twice": telling.reminds and session.week_reminder_due_at > telling.now,
        "in_calendars": telling.in_calendars,
        "url": f"{settings.SITE_URL}{reverse('session_mine', args=[session.reference])}",
        "session_url": f"{settings.SITE_URL}{session.get_absolute_url()}",
        "sessions_url": f"{settings.SITE_URL}{reverse('sessions')}",
    }
    return Message(str(sentence) % {"day": day, "reference": session.reference}, template, {**context, **more})


def with_entry(said: Message, place: SessionPlace, method: str, now: datetime) -> Message:
    """The same with what its person's calendar is to do."""
    to = ical.Attendee(place.person.email, place.person.name)
    entry = ical.session_calendar(place.session, method, now=now, to=to, sequence=ical.place_sequence(place))
    return replace(said, calendar=entry, calendar_method=method)


def taken(place: SessionPlace, telling: Telling, *, from_the_line: bool = False) -> Message:
    sentence = _("You have a place: %(day)s (%(reference)s)")
    said = message(sentence, "place_taken", place, telling, from_the_line=from_the_line)
    return with_entry(said, place, "REQUEST", telling.now)


def waiting(place: SessionPlace, telling: Telling) -> Message:
    return message(_("You are on the waiting list: %(day)s (%(reference)s)"), "place_waiting", place, telling)


def offered(place: SessionPlace, telling: Telling) -> Message:
    return message(_("A place is free for you: %(day)s (%(reference)s)"), "place_offered", place, telling)


def lapsed(place: SessionPlace, telling: Telling) -> Message:
    return message(_("The place on %(day)s is not kept any more (%(reference)s)"), "place_lapsed", place, telling)


def given_up(place: SessionPlace, telling: Telling) -> Message:
    sentence = _("You are off the waiting list: %(day)s (%(reference)s)")
    if telling.in_calendars:
        sentence = _("You have given up your place: %(day)s (%(reference)s)")
    said = message(sentence, "place_given_up", place, telling)
    return with_entry(said, place, "CANCEL", telling.now) if telling.in_calendars else said


def bumped(place: SessionPlace, telling: Telling) -> Message:
    said = message(_("We need your place on %(day)s back (%(reference)s)"), "place_bumped", place, telling)
    return with_entry(said, place, "CANCEL", telling.now) if telling.in_calendars else said


def moved(place: SessionPlace, telling: Telling, *, before: str, reason: str = "") -> Message:
    """`before`: when it was until now. Who waits has no entry that could move."""
    sentence = _("The session has moved to %(day)s (%(reference)s)")
    said = message(sentence, "session_moved", place, telling, before=before, reason=reason)
    return with_entry(said, place, "REQUEST", telling.now) if place.has_a_place else said


def cancelled(place: SessionPlace, telling: Telling) -> Message:
    sentence = _("The session on %(day)s is cancelled (%(reference)s)")
    # Without the joining link: nobody is there.
    more = {"rows": session_words.facts(place.session), "reason": place.session.closed_reason}
    said = message(sentence, "session_cancelled", place, telling, **more)
    return with_entry(said, place, "CANCEL", telling.now) if telling.in_calendars else said


def details(place: SessionPlace, telling: Telling, *, takes_place: bool = False) -> Message:
    """How to join; the calendar entry has it too. `takes_place`: until now they had read that it may not."""
    sentence = _("How to join on %(day)s (%(reference)s)")
    if takes_place:
        sentence = _("The session on %(day)s takes place (%(reference)s)")
    elif not place.session.joining_link:
        sentence = _("Please don’t use the joining link for %(day)s (%(reference)s)")
    said = message(sentence, "session_details", place, telling, takes_place=takes_place)
    return with_entry(said, place, "REQUEST", telling.now)


def unsure(place: SessionPlace, telling: Telling) -> Message:
    """Nobody gives it yet. Without the joining link, which would invite; the calendar keeps its entry."""
    sentence = _("The session on %(day)s may not take place (%(reference)s)")
    return message(sentence, "session_unsure", place, telling, rows=session_words.facts(place.session))

"""Emails that remind of an open session, a week before and the day before: to who has a place, and to who gives it."""

from collections.abc import Iterator
from functools import partial

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import session_messages, session_presenter_mail
from bookings.models import OpenSession, PlaceLinkPurpose, PlaceState, SessionPlace
from bookings.services.reminding import moment_of, version_of
from bookings.session_mail import place_of, telling
from bookings.session_messages import Telling
from bookings.session_presenter_mail import facts, is_theirs, session_of
from bookings.session_words import may_be_joined
from notifications.models import Notification
from notifications.registry import Kind, Message
from notifications.samples import Example
from notifications.topics import Topic


def reminder(place: SessionPlace, said: Telling, *, early: bool) -> Message:
    """How to join, and how to give the place to somebody else. No calendar part: it would invite again."""
    sentence = _("Reminder: your session on %(day)s (%(reference)s)")
    if early:
        sentence = _("Coming up: your session on %(day)s (%(reference)s)")
    return session_messages.message(sentence, "session_reminder", place, said, early=early)


def presenter_reminder(session: OpenSession, *, early: bool) -> Message:
    sentence = _("Reminder: you are giving an open session on %(day)s (%(reference)s)")
    if early:
        sentence = _("Coming up: you are giving an open session on %(day)s (%(reference)s)")
    rows = facts(session, may_join=True)
    return session_presenter_mail.message(sentence, "session_presenter_reminder", session, rows=rows, early=early)


# When it goes, and whether it still should


def build(notification: Notification, *, early: bool) -> Message:
    place = place_of(notification)
    return reminder(place, telling(notification, place, PlaceLinkPurpose.LEAVE), early=early)


def build_for_presenter(notification: Notification, *, early: bool) -> Message:
    return presenter_reminder(session_of(notification), early=early)


def is_of(session: OpenSession, notification: Notification, *, early: bool) -> bool:
    """The session is to come, on the day of which this reminds."""
    stands = version_of(moment_of(session, early=early)) == notification.version
    return stands and may_be_joined(session, timezone.now())


def still_true(notification: Notification, *, early: bool) -> bool:
    place = place_of(notification)
    return place.state == PlaceState.TAKEN and is_of(place.session, notification, early=early)


def still_true_for_presenter(notification: Notification, *, early: bool) -> bool:
    session = session_of(notification)
    return is_theirs(session, notification) and is_of(session, notification, early=early)


# What builds it, and whether it still goes: of a week before, then of the day before.
OF_A_PLACE = [(partial(build, early=early), partial(still_true, early=early)) for early in (True, False)]
OF_THEIRS = [
    (partial(build_for_presenter, early=early), partial(still_true_for_presenter, early=early)) for early in (True, False)
]
KINDS = (
    Kind(
        "session-reminder-week", gettext_lazy("Open session: a week before"), *OF_A_PLACE[0], topic=Topic.REMINDERS, can_wait=True
    ),
    Kind("session-reminder", gettext_lazy("Open session: the day before"), *OF_A_PLACE[1], topic=Topic.REMINDERS, can_wait=True),
    Kind(
        "session-presenter-reminder-week", gettext_lazy("To the presenter: session, a week before"), *OF_THEIRS[0], can_wait=True
    ),
    Kind("session-presenter-reminder", gettext_lazy("To the presenter: session, the day before"), *OF_THEIRS[1], can_wait=True),
)


# For the styleguide


def examples() -> Iterator[Example]:
    from bookings import session_mail_samples
    from bookings.mail_sample_rows import NOW
    from bookings.mail_sample_rows import presenter as sample_presenter

    said = Telling(NOW, session_mail_samples.LEAVE)
    place = partial(session_mail_samples.place, joining_help=session_mail_samples.HELP)
    nobody = sample_presenter(joining_link="")
    week, day, presenter_week, presenter_day = KINDS
    no_link = _("%(label)s, no link yet") % {"label": week.label}
    yield Example(week.name, week.label, lambda: reminder(place(), said, early=True))
    yield Example(week.name, no_link, lambda: reminder(place(presenter=nobody), said, early=True))
    yield Example(day.name, day.label, lambda: reminder(place(), said, early=False))
    given = session_presenter_mail.sample
    yield Example(presenter_week.name, presenter_week.label, lambda: presenter_reminder(given(), early=True))
    yield Example(presenter_day.name, presenter_day.label, lambda: presenter_reminder(given(), early=False))

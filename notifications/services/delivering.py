"""Sending one row: claim, check, build, send, mark. Run twice or by two workers, it sends once."""

import logging
import random
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.db import DatabaseError, DataError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Case, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications import choices, mime, rendering, sealing, smtp
from notifications.models import Notification, State
from notifications.registry import Message, keeps_address, keeps_words, kind_named
from notifications.services import bouncing, breaker, pacing, quiet
from notifications.services.gathering import gathered
from notifications.services.leasing import Clock, LeaseLostError, claim, claim_if_free, ensure_ours, heartbeat

logger = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(hours=72)
LONGEST_PAUSE = timedelta(hours=2)
# The server has said yes: while the database restarts, wait for it, because an unmarked row is sent again.
MARK_PAUSES = (0.2, 0.5, 1, 2, 4, 8, 8)
WORDLESS = {"last_error": "", "subject": "", "text_body": "", "html_body": ""}


@dataclass(frozen=True)
class Outcome:
    """What became of one try: the new state, and what to store with it."""

    state: State
    error: str = ""
    due_at: datetime | None = None
    kept: rendering.Rendered | None = None
    extra: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Settled:
    """Whether the outcome was written, and the next row if it was claimed with it."""

    ours: bool
    claimed: Notification | None = None


def deliver(pk: int, *, clock: Clock = timezone.now) -> None:
    """Send the row if it is due and nobody else is sending it. Every outcome is on the row afterwards."""
    deliver_each([pk], clock=clock)


def deliver_each(pks: Sequence[int], *, clock: Clock = timezone.now) -> None:
    """One after the other, each for itself: what happens to one does not touch the next.

    The mark of a message that went and the claim of the next are one commit (ADR 55). While the mail server is down rows stay
    untouched: the sweep comes back to them.
    """
    held: Notification | None = None
    for pk, following in zip_longest(pks, pks[1:]):
        taken, held = held, None
        try:
            notification = taken or take_up(pk, clock=clock)
            if notification and not gathered(notification, now=clock()):
                held = work_on(notification, following, clock=clock)
        except LeaseLostError:
            logger.warning("Message %s is not ours to send any more.", pk)
        except Exception as error:  # noqa: BLE001 - the database may be away; the sweep comes back to this row
            logger.error("Message %s could not be worked on: %s", pk, type(error).__name__)


def take_up(pk: int, *, clock: Clock) -> Notification | None:
    return None if breaker.is_silent(clock()) else claim(pk, now=clock())


def work_on(notification: Notification, following: int | None, *, clock: Clock) -> Notification | None:
    """Send it. The next row, if it was claimed with the mark; what did not go makes no claim, and the next asks for itself."""
    outcome = attempt(notification, clock=clock)
    if outcome.state != State.SENT:
        settle(notification, outcome)
        return None
    claimed = settle(notification, outcome, following=following, now=clock()).claimed
    judge(None, clock())
    return claimed


def attempt(notification: Notification, *, clock: Clock) -> Outcome:
    """Check again, build, send. Outside any transaction: a mail server may take minutes."""
    if notification.expires_at and notification.expires_at <= clock():
        return Outcome(State.EXPIRED, _("Too late to be of use."))
    notification.found = {}
    try:
        if not notification.is_account_mail and not kind_named(notification.kind).still_true(notification):
            return Outcome(State.EXPIRED, _("No longer true when it was due."))
        if morning := quiet.waits_until(notification, clock()):
            return Outcome(State.PENDING, notification.last_error, due_at=morning, extra=quiet.untried(notification))
        if not choices.is_wanted(notification):
            return Outcome(State.EXPIRED, _("Whoever it was for chose not to get it."))
        if held := bouncing.held_back(notification, now=clock()):
            return Outcome(held.state, held.why, due_at=held.until, extra={"attempts": notification.attempts - 1})
        if turn := pacing.waits_until(notification, clock()):
            return Outcome(State.PENDING, notification.last_error, due_at=turn, extra=quiet.untried(notification))
        rendered, mail = prepare(notification)
    except Exception as error:  # noqa: BLE001 - whatever an app gets wrong in building must not lose the mail
        logger.error("Message %s could not be built: %s", notification.pk, where(error))
        return again_later(notification, f"{type(error).__name__}: {error}", now=clock())
    return hand_over(notification, rendered, mail, clock=clock)


def prepare(notification: Notification) -> tuple[rendering.Rendered, EmailMultiAlternatives]:
    if notification.is_account_mail:
        rendered = sealing.unseal(bytes(notification.sealed_body or b""))
        return rendered, mime.compose(notification, rendered)
    message: Message = kind_named(notification.kind).build(notification)
    links = mime.links_of_choice(notification, message)
    rendered = rendering.render(message, choices_link=links.page)
    return rendered, mime.compose(notification, rendered, message, links)


def hand_over(notification: Notification, rendered: rendering.Rendered, mail: EmailMultiAlternatives, *, clock: Clock) -> Outcome:
    if not breaker.may_talk(clock()):
        return Outcome(State.PENDING, notification.last_error, extra=quiet.untried(notification))
    try:
        with heartbeat(notification, cut=smtp.line().cut, clock=clock):
            smtp.send(mail, before_data=lambda: ensure_ours(notification, clock()))
    except LeaseLostError:
        raise
    except Exception as error:  # noqa: BLE001 - an error that we did not foresee must not leave the row without an outcome
        logger.warning("Message %s was not taken by the mail server: %s", notification.pk, where(error))
        judge(error, clock())
        if smtp.is_permanent(error):
            if keeps_address(notification.kind):
                bouncing.refused(notification, error, now=clock())
            return Outcome(State.FAILED, smtp.describe(error), kept=rendered)
        return again_later(notification, smtp.describe(error), now=clock(), kept=rendered)
    return Outcome(State.SENT, kept=rendered, extra={"sent_at": clock()})


def judge(error: Exception | None, now: datetime) -> None:
    """What it tells of the server. A database that is away now must not hide the outcome of the message."""
    try:
        if error and smtp.is_servers(error):
            breaker.failed(now)
        else:
            breaker.answered(now)
    except (DatabaseError, InterfaceError) as failure:
        logger.warning("The state of the mail server could not be written: %s", where(failure))


def again_later(notification: Notification, error: str, *, now: datetime, kept: rendering.Rendered | None = None) -> Outcome:
    """Pending with a new due time; Failed once 72 hours of trying are over; never later than the message's own end."""
    due_at = now + pause_before(notification.attempts + 1)
    if due_at > (notification.first_tried_at or now) + GIVE_UP_AFTER:
        return Outcome(State.FAILED, error, kept=kept)
    if notification.expires_at:
        due_at = min(due_at, notification.expires_at)
    return Outcome(State.PENDING, error, due_at=due_at, kept=kept)


def pause_before(attempt_number: int) -> timedelta:
    """1, 2, 4 … minutes up to 2 hours, each a quarter shorter or longer, so that a backlog does not come back as one wave."""
    minutes = min(2 ** min(attempt_number - 2, 10), LONGEST_PAUSE / timedelta(minutes=1))
    return timedelta(minutes=minutes * random.uniform(0.75, 1.25))  # noqa: S311 - spread, not secrecy


def settle(notification: Notification, outcome: Outcome, *, following: int | None = None, now: datetime | None = None) -> Settled:
    """Write the outcome if the lease is still ours, and claim the `following` row with it, as of `now`.

    If the lease is not ours, nothing is written or claimed: then another worker's outcome counts, or an erasure.
    """
    columns: dict[str, Any] = {
        "state": str(outcome.state),
        "last_error": outcome.error[:300],
        "due_at": outcome.due_at or notification.due_at,
        "kicked_at": None,
        "lease_token": None,
        "lease_until": None,
        **outcome.extra,
    }
    if outcome.kept and not notification.is_account_mail and keeps_words(notification.kind):
        kept = outcome.kept.to_keep()
        columns |= {"subject": kept.subject[:200], "text_body": kept.text, "html_body": kept.html}
    if outcome.state != State.PENDING:
        columns["sealed_body"] = None
        if not keeps_address(notification.kind):
            columns |= {"recipient": ""} | WORDLESS
    try:
        settled = patiently(lambda: write(notification, columns, following, now))
    except (ValueError, DataError):
        # Words that PostgreSQL can't hold (a NUL, half a character) must not leave the row unmarked: it would be sent again.
        settled = patiently(lambda: write(notification, columns | WORDLESS, following, now))
    if not settled.ours:
        logger.warning("Message %s: the lease ran out before its outcome (%s) was written.", notification.pk, outcome.state)
    return settled


@transaction.atomic
def write(notification: Notification, columns: dict[str, Any], following: int | None, now: datetime | None) -> Settled:
    """The mark, and the claim of the `following` row in the same commit.

    The mark comes first and nobody waits for the next row, so that no erasure of both can lock itself out. Words are stored only
    where they were not erased meanwhile: the database decides that as it writes, so that no erasure fits in between.
    """
    kept = {name: Case(When(erased_at=None, then=Value(columns[name])), default=Value("")) for name in columns.keys() & WORDLESS}
    mine = Notification.objects.filter(pk=notification.pk, lease_token=notification.lease_token)
    if not mine.update(**columns | kept):
        return Settled(ours=False)
    return Settled(ours=True, claimed=claim_if_free(following, now=now) if following and now else None)


def patiently(write: Callable[[], Settled]) -> Settled:
    """Run one write, and again while the database can't be reached, for up to about 25 seconds."""
    for pause in MARK_PAUSES:
        try:
            return write()
        except (DatabaseError, InterfaceError) as error:
            if not is_lost_connection(error):
                raise
            connection.close()
            time.sleep(pause)
    return write()


def is_lost_connection(error: Exception) -> bool:
    """An immediate shutdown reaches us as a bare DatabaseError without a word."""
    return isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError


def where(error: Exception) -> str:
    """What went wrong and in which line, without the error's own words: those may hold a name or an address."""
    frames = traceback.extract_tb(error.__traceback__)
    return (
        f"{type(error).__name__} at {frames[-1].filename}:{frames[-1].lineno} in {frames[-1].name}"
        if frames
        else type(error).__name__
    )

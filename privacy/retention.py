"""How long records keep what is personal, and the nightly run that takes it out (ADR 23).

Every app registers its rules. A rule finds what is due; what was taken out is not due any more, so that a run which was cut off
goes on where it was, and a second one does no harm.
"""

import logging
import time
from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import RateLimit, User
from accounts.sessions import KEPT_AFTER_END, clear_sessions
from ctac.dates import UK
from ctac.errors import DomainError
from notifications import privacy as notifications_privacy
from notifications.models import UNFINISHED, MarkedAddress, Notification, ReturnedMail, State
from notifications.models.bounces import KEPT_FOR as RETURNED_MAIL
from notifications.outbox import notify
from notifications.registry import team_addresses
from privacy.models import Complaint, DataAction, Done, Reason, RetentionRun
from privacy.personal_data import anonymise_complaints, complaints_with_unsent_email
from privacy.services import erase_person
from professionals.drafts import KEPT_FOR as DRAFTS
from professionals.models import STOPPED_KEPT_FOR as STOPPED
from professionals.models import AddressChange, Decision, Draft, FlaggedEvent, FormerAddress, Person, Stopped
from professionals.services import KEPT_AFTER_OBJECTION, lost_mailbox

logger = logging.getLogger(__name__)
RETENTION_BATCH = 500
RUNS_FOR = timedelta(minutes=30)  # what is left is taken the next night
COUNTED, COUNT_LASTS = "retention-due", timedelta(hours=3)  # beat has it counted each hour


@dataclass(frozen=True)
class Rule:
    """`keeps`: the key in settings.KEEP_MONTHS. `due(before)` finds the rows whose time was over before that moment and that
    still hold something; `take_out(keys, now)` takes it out of these rows, which are locked. With `one_by_one` each row has a
    transaction of its own, in which `take_out` may raise a DomainError to leave that row for another night; `hold(key)` locks
    before that what decides whether it is due, if that is more than the row.
    `ahead`: so long before their time is over they are due. `ready(rows, now)` narrows those that are due by what depends on now.

    `what` names the records in a list, `goes` says in a sentence what is taken out of them and what stays.
    """

    name: str
    what: str | Promise
    since: str | Promise
    goes: str | Promise
    keeps: str
    due: Callable[[datetime], QuerySet[Any]]
    take_out: Callable[[Sequence[int], datetime], None]
    one_by_one: bool = False
    hold: Callable[[int], None] | None = None
    ahead: timedelta = timedelta()
    ready: Callable[[QuerySet[Any], datetime], QuerySet[Any]] | None = None

    @property
    def months(self) -> int:
        return int(settings.KEEP_MONTHS[self.keeps])

    @property
    def how_long(self) -> str:
        """It goes on with "after they last signed in"."""
        kept = months_in_words(self.months)
        if not self.ahead:
            return kept
        return _("%(days)d days before it is %(kept)s") % {"days": self.ahead.days, "kept": kept}

    def over_before(self, now: datetime) -> datetime:
        return months_before(now + self.ahead, self.months)

    def due_now(self, now: datetime) -> QuerySet[Any]:
        due = self.due(self.over_before(now))
        return due if self.ready is None else self.ready(due, now)

    def count(self, now: datetime) -> int:
        return self.due_now(now).count()


_rules: dict[str, Rule] = {}
_activities: list[Callable[[datetime], Exists]] = []


def register_rule(rule: Rule) -> None:
    """Called in an app's AppConfig.ready(). Raises ValueError for a name that is taken."""
    if rule.name in _rules and _rules[rule.name] != rule:
        raise ValueError(f"two rules of retention are called {rule.name}")
    _rules[rule.name] = rule


def register_activity(find: Callable[[datetime], Exists]) -> None:
    """`find(since)` says of a person, OuterRef("pk"), whether they did something here at that moment or later."""
    if find not in _activities:
        _activities.append(find)


def registered_rules() -> list[Rule]:
    """In the order in which they run: what people did before the people themselves."""
    return sorted(_rules.values(), key=lambda rule: rule.one_by_one)


def months_before(moment: datetime, months: int) -> datetime:
    """The same day and UK time that many months ago; on the 31st the last day of a shorter month."""
    here = moment.astimezone(UK)
    year, month = divmod(here.year * 12 + here.month - 1 - months, 12)
    day = min(here.day, monthrange(year, month + 1)[1])
    return here.replace(year=year, month=month + 1, day=day)


def months_in_words(months: int) -> str:
    if months % 12:
        return ngettext("%(n)d month", "%(n)d months", months) % {"n": months}
    return ngettext("%(n)d year", "%(n)d years", months // 12) % {"n": months // 12}


def count_by_rule(now: datetime) -> dict[str, int]:
    """How many records of each rule a run would change now. Nothing is changed."""
    return {rule.name: rule.count(now) for rule in registered_rules()}


@dataclass(frozen=True)
class Due:
    """What a run would have done at that moment, by the names of the rules."""

    at: datetime
    counts: dict[str, int]


def count_due(now: datetime) -> Due:
    """Counts, which reads as much as there is, and keeps the figures for who asks next (ADR 23)."""
    due = Due(now, count_by_rule(now))
    cache.set(COUNTED, (due.at, due.counts), COUNT_LASTS.total_seconds())
    return due


def last_count(now: datetime) -> Due:
    """As it was counted last; counted now if that was too long ago, or of other rules."""
    at, counts = cache.get(COUNTED) or (now, {})
    return Due(at, counts) if counts.keys() == _rules.keys() else count_due(now)


def run_rules(*, now: datetime, by: User | None = None, batch: int = RETENTION_BATCH) -> RetentionRun:
    """Take out everything whose time is over, batch by batch, each in its own transaction; its row says how far it came."""
    made = RetentionRun.objects.create(started_at=now, by=by, done={rule.name: 0 for rule in registered_rules()})
    until = time.monotonic() + RUNS_FOR.total_seconds()
    for rule in registered_rules():
        left: set[int] = set()
        while time.monotonic() < until and (changed := one_batch(rule, now, batch, left)) is not None:
            made.done[rule.name] += changed
            made.save(update_fields=["done"])
        made.left += len(left)
    made.ended_at = timezone.now()
    made.save(update_fields=["ended_at", "left"])
    logger.info("retention: %s", ", ".join(f"{name} {count}" for name, count in made.done.items()))
    return made


def one_batch(rule: Rule, now: datetime, batch: int, left: set[int]) -> int | None:
    """How many records it changed; None if nothing is due any more. `left` gets the keys of those that can't be done tonight."""
    due = rule.due_now(now).exclude(pk__in=left)
    if rule.one_by_one:
        keys = list(due.values_list("pk", flat=True)[:batch])
        return sum(one_record(rule, due, key, now, left) for key in keys) if keys else None
    with transaction.atomic():
        locked = due.select_for_update(of=("self",), no_key=True, skip_locked=True)
        keys = sorted(locked.values_list("pk", flat=True)[:batch])
        if keys:
            rule.take_out(keys, now)
    return len(keys) or None


def one_record(rule: Rule, due: QuerySet[Any], key: int, now: datetime, left: set[int]) -> int:
    """Asked again under its locks: somebody may have come back meanwhile."""
    try:
        with transaction.atomic():
            list(due.model._base_manager.filter(pk=key).select_for_update())
            if rule.hold is not None:
                rule.hold(key)
            if not due.filter(pk=key).exists():
                return 0
            rule.take_out([key], now)
    except DomainError:
        left.add(key)
        return 0
    except Exception as error:  # noqa: BLE001 - one record must not keep all others from their end, each night anew
        logger.error("retention: %s %s can't be taken out: %s", rule.name, key, type(error).__name__)
        left.add(key)
        return 0
    return 1


# Who has done nothing here for so long that their time is over, and who of them was warned that they go (ADR 23).

WARNED_FOR = timedelta(days=14)
WARNING = "account-goes"


def inactive_people(before: datetime) -> QuerySet[Person]:
    """Who has not signed in, booked, ordered or taken part since then, and has no account of staff."""
    known = Person.objects.filter(erased_at=None, created_at__lt=before)
    quiet = known.exclude(user__is_staff=True).exclude(user__last_login__gte=before).exclude(user__date_joined__gte=before)
    for find in _activities:
        quiet = quiet.filter(~find(before))
    return quiet.order_by("created_at", "pk")


def months_people_are_kept() -> int:
    return int(settings.KEEP_MONTHS["people"])


def people_to_warn(before: datetime) -> QuerySet[Person]:
    """Who was written to since that moment, when they were last here or later, is not written to again."""
    told = Exists(_warnings().filter(created_at__gte=before))
    return inactive_people(before).exclude(email="").exclude(lost_mailbox()).exclude(told)


def warned_long_enough_ago(people: QuerySet[Person], now: datetime) -> QuerySet[Person]:
    """To whom it went 14 days ago, or who can't be written to. What came back counts from when it went."""
    since = months_before(now, months_people_are_kept())
    sent = _warnings().filter(created_at__gte=since).exclude(state__in=UNFINISHED)
    told = Exists(sent.alias(went=Coalesce("sent_at", F("created_at"))).filter(went__lte=now - WARNED_FOR))
    return people.filter(Q(told) | Q(email="") | lost_mailbox())


def _warnings() -> QuerySet[Notification]:
    """Of a person; not what was never sent, because they came back or their address changed."""
    about = Concat(Value("person:"), Cast(OuterRef("pk"), CharField()))
    return Notification.objects.filter(kind=WARNING, about=about).exclude(state=State.EXPIRED)


# Two weeks before somebody goes for want of anything done here, one email tells them how to stay (ADR 23).


def warn_inactive(keys: Sequence[int], now: datetime) -> None:
    """By the day, so that whoever was here again meanwhile is told anew when years have passed."""
    for key, email in Person.objects.filter(pk__in=keys).values_list("pk", "email"):
        notify(kind=WARNING, about=f"person:{key}", to=[email], now=now, version=now.toordinal())


# The rules for people, for sign-ins of nobody, and for messages.


def readers_noted(before: datetime) -> QuerySet[FlaggedEvent]:
    """Not of a text that still waits for a decision, however old it is."""
    return FlaggedEvent.objects.filter(at__lt=before, by__isnull=False).exclude(flagged__decision=Decision.OPEN).order_by("pk")


def forget_readers(keys: Sequence[int], now: datetime) -> None:
    FlaggedEvent.objects.filter(pk__in=keys).update(by=None)


def copies_and_erasures(before: datetime) -> QuerySet[DataAction]:
    """Not an erasure that the file of erasures does not have yet."""
    return DataAction.objects.filter(at__lt=before).exclude(done=Done.ERASED, written_at=None).order_by("at", "pk")


def forget_actions(keys: Sequence[int], now: datetime) -> None:
    DataAction.objects.filter(pk__in=keys).delete()


def lock_sign_in(key: int) -> None:
    """Signing in writes its moment into the account, not into the person: who does so at this moment is waited for, and seen."""
    list(User.objects.select_for_update(of=("self",)).filter(person=key))


def erase_people(keys: Sequence[int], now: datetime) -> None:
    for person in Person.objects.filter(pk__in=keys):
        erase_person(person, by=None, now=now, reason=Reason.OVER)


def sign_ins_of_nobody(before: datetime) -> QuerySet[User]:
    """Who signed up, never said who they are, and has not been here since. Staff stay: they are the authors of what they did."""
    of_nobody = User.objects.filter(person=None, is_staff=False, is_superuser=False)
    return of_nobody.alias(here=Coalesce("last_login", F("date_joined"))).filter(here__lt=before).order_by("date_joined", "pk")


def close_sign_ins(keys: Sequence[int], now: datetime) -> None:
    """Mail to an address goes with it, unless somebody whom staff entered has the same: then it is theirs. Anybody can type an
    address of the team's at sign-up; its mail stays."""
    users = User.objects.select_for_update(of=("self",)).filter(pk__in=keys, person=None)
    for user in users:
        if user.email.lower() not in team_addresses() and not Person.objects.with_email(user.email).exists():
            notifications_privacy.erase_for(user.email, now)
    User.objects.filter(pk__in=[user.pk for user in users]).delete()


PERSON_RULES = (
    Rule(
        name="messages",
        what=gettext_lazy("Emails that we sent"),
        since=gettext_lazy("they were written"),
        goes=gettext_lazy("The address and the words go. That an email of that kind was sent, and when, stays."),
        keeps="messages",
        due=notifications_privacy.kept_since_before,
        take_out=notifications_privacy.erase_messages,
    ),
    Rule(
        name="returned",
        what=gettext_lazy("Addresses that our mail came back from"),
        since=gettext_lazy("mail last came back"),
        goes=gettext_lazy("The address goes, with what its mail server said."),
        keeps="messages",
        due=notifications_privacy.marked_before,
        take_out=notifications_privacy.forget_addresses,
    ),
    Rule(
        name="sign-ins",
        what=gettext_lazy("Sign-ins of people who never told us who they are"),
        since=gettext_lazy("they were last used"),
        goes=gettext_lazy("The account goes."),
        keeps="people",
        due=sign_ins_of_nobody,
        take_out=close_sign_ins,
    ),
    Rule(
        name="readers",
        what=gettext_lazy("Which colleague read a text that may be about a child, and who decided"),
        since=gettext_lazy("they did"),
        goes=gettext_lazy("Who it was goes. That it was read and decided, and when, stays."),
        keeps="records",
        due=readers_noted,
        take_out=forget_readers,
    ),
    Rule(
        name="copies",
        what=gettext_lazy("That we gave a copy of somebody’s data or erased them, why, and which colleague did it"),
        since=gettext_lazy("it was done"),
        goes=gettext_lazy("It goes. That somebody is erased stays, with the number of what was their record and no name."),
        keeps="records",
        due=copies_and_erasures,
        take_out=forget_actions,
    ),
    Rule(
        name="warnings",
        what=gettext_lazy("An email that warns people who are about to go"),
        since=gettext_lazy("they last signed in, booked, ordered or took part"),
        goes=gettext_lazy("It goes to them once. Who signs in stays. Nobody goes before 14 days have passed since."),
        keeps="people",
        due=people_to_warn,
        take_out=warn_inactive,
        ahead=WARNED_FOR,
    ),
    Rule(
        name="people",
        what=gettext_lazy("People: name, contact details, account"),
        since=gettext_lazy("they last signed in, booked, ordered or took part"),
        goes=gettext_lazy("They are erased everywhere. Their profession stays for the counts, without a name."),
        keeps="people",
        due=inactive_people,
        take_out=erase_people,
        one_by_one=True,
        hold=lock_sign_in,
        ready=warned_long_enough_ago,
    ),
)


# What is kept for a while only.

UNVERIFIED_FOR = timedelta(days=7)


def clear_expired(*, now: datetime) -> dict[str, int]:
    """Remove drafts, limits and sessions that are over, what was stopped a month ago, and what came back three months ago.

    Also sign-ups whose address was not verified within a week, changes of address a week after nobody can object any more,
    and addresses that somebody had, once no email to them is kept.
    """
    unused = User.objects.filter(date_joined__lte=now - UNVERIFIED_FOR, last_login=None, is_staff=False, is_superuser=False)
    gone = {
        "drafts": Draft.objects.filter(expires_at__lte=now),
        "limits": RateLimit.objects.filter(resets_at__lte=now),
        "sign-ups": unused.filter(person=None).exclude(emailaddress__verified=True),
        "stopped": Stopped.objects.over(now),
        "changes of address": AddressChange.objects.over(now - KEPT_AFTER_OBJECTION),
        "former addresses": FormerAddress.objects.with_nothing_kept(),
        "returned mail": ReturnedMail.objects.over(now),
        "marked addresses": MarkedAddress.objects.over(now),
    }
    with transaction.atomic():
        counts = {name: rows.delete()[0] for name, rows in gone.items()}
    return {**counts, "sessions": clear_sessions(now=now)}


# How long everything is kept, in words: by the months of the settings, and what goes by a clock of its own, cleared hourly.
#
# The privacy notice, the staff page and docs/privacy.md say it from here.


@dataclass(frozen=True)
class RetentionPeriod:
    what: str
    how_long: str


def span_in_words(span: timedelta) -> str:
    """Of whole days from three days on, else of whole hours or minutes."""
    minutes = int(span.total_seconds()) // 60
    if minutes % 60:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    if span <= timedelta(days=2):
        return ngettext("%(n)d hour", "%(n)d hours", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)d day", "%(n)d days", span.days) % {"n": span.days}


def hourly_periods() -> Iterator[RetentionPeriod]:
    """What the hourly clearing takes away, and the months of the audit, which go whole."""
    for what, span in (
        (_("A form that you began and did not finish"), DRAFTS),
        (_("A sign-in, with what this browser has typed"), settings.SESSION_LONGEST + KEPT_AFTER_END),
        (_("A sign-up whose address was not confirmed"), UNVERIFIED_FOR),
        (_("A note that something was tried too often, and by whom"), STOPPED),
        (_("What came back of an email"), RETURNED_MAIL),
    ):
        yield RetentionPeriod(what, span_in_words(span))
    yield RetentionPeriod(
        _("Who signed in, and what a colleague opened, changed or took out, by numbers alone, from the end of that month"),
        months_in_words(settings.AUDIT_KEPT_MONTHS),
    )
    yield RetentionPeriod(
        _("The old address, after you changed it, for as long as we keep emails that went there"),
        months_in_words(settings.KEEP_MONTHS["messages"]),
    )


# The rule for complaints; and that whoever complained is still with us.


def complaints_over(before: datetime) -> QuerySet[Complaint]:
    """By the moment they were closed; of whoever was erased meanwhile at once, once our answer has gone."""
    over = Q(closed_at__lt=before) | Q(goes_when_closed=True, closed_at__isnull=False)
    with_words = Complaint.objects.closed().filter(over, anonymised_at=None)
    return with_words.exclude(pk__in=complaints_with_unsent_email()).order_by("closed_at", "pk")


def has_complained(since: datetime) -> Exists:
    return Exists(Complaint.objects.filter(person=OuterRef("pk"), created_at__gte=since))


COMPLAINT_RULES = (
    Rule(
        name="complaints",
        what=gettext_lazy("Complaints about how we use data"),
        since=gettext_lazy("the complaint was closed"),
        goes=gettext_lazy("Name, contact details and all words go. What was done with it, and on which day, stays."),
        keeps="complaints",
        due=complaints_over,
        take_out=anonymise_complaints,
    ),
)

"""How long records keep personal data, and the nightly run that takes it out (ADR 23).

Every app registers its rules. Data that was taken out is not due any more, so a run that was cut off can simply go on, and a
second run does no harm.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import CharField, Count, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from accounts.models import RateLimit, User
from accounts.sessions import ENDED_SESSION_PERIOD, clear_sessions
from core.dates import months_before
from core.errors import DomainError
from notifications import privacy as notifications_privacy
from notifications.models import (
    RETURNED_MAIL_RETENTION as RETURNED_MAIL,
    UNFINISHED_STATES,
    MarkedAddress,
    Notification,
    NotificationState,
    ReturnedMail,
)
from notifications.outbox import notify
from notifications.registry import team_addresses
from office.site_settings.models import SETTING_BOUNDS
from office.site_settings.queries import site_settings
from privacy.models import Complaint, DataAction, DataActionKind, DataActionReason, RetentionRun
from privacy.personal_data import anonymise_complaints, complaints_with_unsent_email
from privacy.services import erase_person
from professionals.drafts import DRAFT_RETENTION_PERIOD as DRAFTS
from professionals.merges.services import delete_expired_merges
from professionals.models import (
    BLOCKED_ATTEMPT_RETENTION as STOPPED,
    IMPORT_UNDO_PERIOD,
    MERGE_UNDO_PERIOD,
    AddressChange,
    BlockedAttempt,
    Draft,
    FlagDecision,
    FlaggedEvent,
    FormerAddress,
    Note,
    Person,
)
from professionals.services import OBJECTION_RETENTION_PERIOD, has_lost_mailbox

logger = logging.getLogger(__name__)
RETENTION_BATCH_SIZE = 500
MAX_RUN_TIME = timedelta(minutes=30)  # the rest is done the next night
DUE_COUNTS_CACHE_KEY, DUE_COUNTS_TIMEOUT = "retention-due", timedelta(hours=3)  # beat has it counted each hour


@dataclass(frozen=True)
class RetentionRule:
    """A rule: which records are due, and what is taken out of them.

    `keeps` is the sort of record, for which a setting says how long. `due(before)` finds the rows whose time ended before then
    and that still have something to take out; `take_out(keys, now)` takes it out of these rows, which are locked. With
    `one_by_one`, each row has its own transaction, in which `take_out` may raise a DomainError to leave the row for another
    night; before that, `hold(key)` locks whatever else decides whether it is due. `ahead`: how long before its time is over a
    record is due. `ready(rows, now)` narrows the due rows by what depends on now.

    `what` names the records in a list, `why` says what we keep them for, and `goes` says in whole sentences what is taken out and
    what stays.
    """

    name: str
    what: str | Promise
    why: str | Promise
    since: str | Promise
    goes: str | Promise
    keeps: str
    due: Callable[[datetime], QuerySet[Any]]
    take_out: Callable[[Sequence[int], datetime], object]
    one_by_one: bool = False
    hold: Callable[[int], object] | None = None
    ahead: timedelta = timedelta()
    ready: Callable[[QuerySet[Any], datetime], QuerySet[Any]] | None = None

    @property
    def how_long(self) -> str:
        """How long, to be followed by "after the last sign-in"."""
        kept = months_text(retention_months(self.keeps))
        if not self.ahead:
            return kept
        return _("%(days)d days before it is %(kept)s") % {"days": self.ahead.days, "kept": kept}

    def cutoff(self, now: datetime) -> datetime:
        return months_before(now + self.ahead, retention_months(self.keeps))

    def due_rows(self, now: datetime) -> QuerySet[Any]:
        due = self.due(self.cutoff(now))
        return due if self.ready is None else self.ready(due, now)


_rules: dict[str, RetentionRule] = {}
_activities: list[Callable[[datetime], Exists]] = []


def register_rule(rule: RetentionRule) -> None:
    """Add a rule, in an app's AppConfig.ready(). Raises ValueError for a name that is taken."""
    if rule.name in _rules and _rules[rule.name] != rule:
        raise ValueError(f"two rules of retention are called {rule.name}")
    _rules[rule.name] = rule


def register_activity(find: Callable[[datetime], Exists]) -> None:
    """Add a condition: `find(since)` says whether a person, OuterRef("pk"), did something here at that time or later."""
    if find not in _activities:
        _activities.append(find)


def registered_rules() -> list[RetentionRule]:
    """The rules in the order in which they run: people themselves come after what they did."""
    return sorted(_rules.values(), key=lambda rule: rule.one_by_one)


def record_types() -> list[str]:
    """The sorts of record, in the order of the settings."""
    return [name.split("_")[1] for name in SETTING_BOUNDS if name.startswith("keep_")]


def retention_months(sort: str) -> int:
    """For how many months this sort of record keeps personal data."""
    return int(getattr(site_settings(), f"keep_{sort}_months"))


def months_text(months: int) -> str:
    if months % 12:
        return ngettext("%(n)d month", "%(n)d months", months) % {"n": months}
    return ngettext("%(n)d year", "%(n)d years", months // 12) % {"n": months // 12}


def count_by_rule(now: datetime) -> dict[str, int]:
    """How many records of each rule a run would change now. One statement."""
    counted = [
        rule.due_rows(now).order_by().values(rule=Value(rule.name)).annotate(count=Count("*")) for rule in registered_rules()
    ]
    return dict(counted[0].union(*counted[1:], all=True).values_list("rule", "count"))


@dataclass(frozen=True)
class DueCounts:
    """How many records a run would have changed at that moment, by the names of the rules."""

    at: datetime
    counts: dict[str, int]


def count_due(now: datetime) -> DueCounts:
    """Count what is due and cache the figures (ADR 23). Reads every row that is due."""
    due = DueCounts(now, count_by_rule(now))
    cache.set(DUE_COUNTS_CACHE_KEY, (due.at, due.counts), DUE_COUNTS_TIMEOUT.total_seconds())
    return due


def last_due_counts(now: datetime) -> DueCounts:
    """The last count from the cache. Counts now if there is none, or if it has other rules."""
    at, counts = cache.get(DUE_COUNTS_CACHE_KEY) or (now, {})
    return DueCounts(at, counts) if counts.keys() == _rules.keys() else count_due(now)


def run_rules(*, now: datetime, by: User | None = None, batch: int = RETENTION_BATCH_SIZE) -> RetentionRun:
    """Take out everything whose time is over, in batches, each in its own transaction. The run's row says how far it came."""
    run = RetentionRun.objects.create(started_at=now, by=by, done={rule.name: 0 for rule in registered_rules()})
    until = time.monotonic() + MAX_RUN_TIME.total_seconds()
    for rule in registered_rules():
        left: set[int] = set()
        while time.monotonic() < until and (changed := run_batch(rule, now, batch, left)) is not None:
            run.done[rule.name] += changed
            run.save(update_fields=["done"])
        run.left += len(left)
    run.ended_at = timezone.now()
    run.save(update_fields=["ended_at", "left"])
    logger.info("retention: %s", ", ".join(f"{name} {count}" for name, count in run.done.items()))
    return run


def run_batch(rule: RetentionRule, now: datetime, batch: int, left: set[int]) -> int | None:
    """Run one batch, and return how many records it changed; None if nothing is due any more.

    `left` gets the keys of records that can't be done tonight.
    """
    due = rule.due_rows(now).exclude(pk__in=left)
    if rule.one_by_one:
        keys = list(due.values_list("pk", flat=True)[:batch])
        return sum(run_record(rule, due, key, now, left) for key in keys) if keys else None
    with transaction.atomic():
        locked = due.select_for_update(of=("self",), no_key=True, skip_locked=True)
        keys = sorted(locked.values_list("pk", flat=True)[:batch])
        if keys:
            rule.take_out(keys, now)
    return len(keys) or None


def run_record(rule: RetentionRule, due: QuerySet[Any], key: int, now: datetime, left: set[int]) -> int:
    """Take one record out. Checks under the locks that it is still due: somebody may have come back meanwhile."""
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
    except Exception as error:  # noqa: BLE001 - one record must not hold up all others, night after night
        logger.error("retention: %s %s can't be taken out: %s", rule.name, key, type(error).__name__)
        left.add(key)
        return 0
    return 1


# Inactive people, and the warning before they are erased (ADR 23).

WARNING_PERIOD = timedelta(days=14)
# Somebody whom we have not erased by then, perhaps because we now keep people for longer, gets a new warning first.
WARNING_VALIDITY_PERIOD = timedelta(days=90)
WARNING_EMAIL_KIND = "account-goes"


def inactive_people(before: datetime) -> QuerySet[Person]:
    """People who have not signed in, booked, ordered or taken part since then, and have no staff account."""
    known = Person.objects.filter(erased_at=None, created_at__lt=before)
    inactive = known.exclude(user__is_staff=True).exclude(user__last_login__gte=before).exclude(user__date_joined__gte=before)
    for find in _activities:
        inactive = inactive.filter(~find(before))
    return inactive.order_by("created_at", "pk")


def warnings_since(moment: datetime) -> QuerySet[Notification]:
    """The warnings to a person (OuterRef) since then.

    Those that were never sent don't count: the person had come back, or has another address.
    """
    about = Concat(Value("person:"), Cast(OuterRef("pk"), CharField()))
    return Notification.objects.filter(kind=WARNING_EMAIL_KIND, about=about, created_at__gte=moment).exclude(
        state=NotificationState.EXPIRED
    )


def people_past_warning(people: QuerySet[Person], now: datetime) -> QuerySet[Person]:
    """The people among these who were warned 14 days ago or have no mailbox. A warning that came back counts from its sending."""
    sent = warnings_since(now - WARNING_VALIDITY_PERIOD).exclude(state__in=UNFINISHED_STATES)
    warned = Exists(sent.alias(went=Coalesce("sent_at", F("created_at"))).filter(went__lte=now - WARNING_PERIOD))
    return people.filter(Q(warned) | Q(email="") | has_lost_mailbox())


def warn_inactive(keys: Sequence[int], now: datetime) -> None:
    """Send the warning. Its version is the day, so that somebody who came back can be warned again years later."""
    for key, email in Person.objects.filter(pk__in=keys).values_list("pk", "email"):
        notify(kind=WARNING_EMAIL_KIND, about=f"person:{key}", to=[email], now=now, version=now.toordinal())


def erase_people(keys: Sequence[int], now: datetime) -> None:
    for person in Person.objects.filter(pk__in=keys):
        erase_person(person, by=None, now=now, reason=DataActionReason.OVER)


def users_without_person(before: datetime) -> QuerySet[User]:
    """Unused accounts without a Person. Staff accounts stay: they are the authors of what staff did."""
    of_nobody = User.objects.filter(person=None, is_staff=False, is_superuser=False)
    return of_nobody.alias(here=Coalesce("last_login", F("date_joined"))).filter(here__lt=before).order_by("date_joined", "pk")


def delete_users(keys: Sequence[int], now: datetime) -> None:
    """Delete these accounts, and the mail to their addresses.

    The mail stays if the address is also that of a person whom staff entered, or a team address, which anybody can type at
    sign-up.
    """
    users = User.objects.select_for_update(of=("self",)).filter(pk__in=keys, person=None)
    for user in users:
        if user.email.lower() not in team_addresses() and not Person.objects.with_email(user.email).exists():
            notifications_privacy.erase_address(user.email, now)
    User.objects.filter(pk__in=[user.pk for user in users]).delete()


def expired_complaints(before: datetime) -> QuerySet[Complaint]:
    """Complaints closed before then; and, without that wait, complaints of erased people, once our answer has gone."""
    over = Q(closed_at__lt=before) | Q(goes_when_closed=True, closed_at__isnull=False)
    with_words = Complaint.objects.closed().filter(over, anonymised_at=None)
    return with_words.exclude(pk__in=complaints_with_unsent_email()).order_by("closed_at", "pk")


def has_complained(since: datetime) -> Exists:
    return Exists(Complaint.objects.filter(person=OuterRef("pk"), created_at__gte=since))


RULES = (
    RetentionRule(
        name="messages",
        what=gettext_lazy("Emails that we sent"),
        why=gettext_lazy("To show what we told you"),
        since=gettext_lazy("they were written"),
        goes=gettext_lazy("We erase the address and the words. We keep which kind of email went, and when."),
        keeps="messages",
        due=notifications_privacy.kept_messages_before,
        take_out=notifications_privacy.erase_messages,
    ),
    RetentionRule(
        name="notes",
        what=gettext_lazy("Notes of calls, and emails from colleagues"),
        why=gettext_lazy("To do what we agreed"),
        since=gettext_lazy("they were written"),
        goes=gettext_lazy("We delete them."),
        keeps="messages",
        due=lambda before: Note.objects.filter(at__lt=before).order_by("at", "pk"),
        take_out=lambda keys, now: Note.objects.filter(pk__in=keys).delete(),
    ),
    RetentionRule(
        name="returned",
        what=gettext_lazy("Addresses that return our emails"),
        why=gettext_lazy("To stop sending there"),
        since=gettext_lazy("an email last came back"),
        goes=gettext_lazy("We erase the address and what its mail server said."),
        keeps="messages",
        due=notifications_privacy.bounced_addresses_before,
        take_out=notifications_privacy.delete_marked_addresses,
    ),
    RetentionRule(
        name="sign-ins",
        what=gettext_lazy("Accounts without a name"),
        why=gettext_lazy("To let them in"),
        since=gettext_lazy("the last sign-in"),
        goes=gettext_lazy("We delete the account."),
        keeps="people",
        due=users_without_person,
        take_out=delete_users,
    ),
    RetentionRule(
        name="readers",
        what=gettext_lazy("Who read words that may be about a child, and decided"),
        why=gettext_lazy("To keep children safe"),
        since=gettext_lazy("that day"),
        goes=gettext_lazy("We erase who it was. We keep that somebody read and decided it, and when."),
        keeps="records",
        # Not for a text that still waits for a decision, however old it is.
        due=lambda before: (
            FlaggedEvent.objects.filter(at__lt=before, by__isnull=False)
            .exclude(flagged__decision=FlagDecision.OPEN)
            .order_by("pk")
        ),
        take_out=lambda keys, now: FlaggedEvent.objects.filter(pk__in=keys).update(by=None),
    ),
    RetentionRule(
        name="copies",
        what=gettext_lazy("Who copied or erased data, and why"),
        why=gettext_lazy("To show what we did"),
        since=gettext_lazy("that day"),
        goes=gettext_lazy("We delete it. Of an erased person we keep the number of the old record, and no name."),
        keeps="records",
        # Not an erasure that is not yet in the file of erasures.
        due=lambda before: (
            DataAction.objects.filter(at__lt=before).exclude(done=DataActionKind.ERASED, written_at=None).order_by("at", "pk")
        ),
        take_out=lambda keys, now: DataAction.objects.filter(pk__in=keys).delete(),
    ),
    RetentionRule(
        name="warnings",
        what=gettext_lazy("Our warning before we erase a person"),
        why=gettext_lazy("To let you stay"),
        since=gettext_lazy("the last sign-in, booking, order or session"),
        goes=gettext_lazy("We send it once. People who then sign in stay. We erase nobody in the first 14 days after it."),
        keeps="people",
        due=lambda before: inactive_people(before).exclude(email="").exclude(has_lost_mailbox()),  # these have a mailbox
        take_out=warn_inactive,
        ahead=WARNING_PERIOD,
        ready=lambda people, now: people.exclude(Exists(warnings_since(now - WARNING_VALIDITY_PERIOD))),
    ),
    RetentionRule(
        name="people",
        what=gettext_lazy("People: name, contact details, account"),
        why=gettext_lazy("To do what you ask"),
        since=gettext_lazy("the last sign-in, booking, order or session"),
        goes=gettext_lazy("We erase them everywhere. We keep their profession for our counts, without a name."),
        keeps="people",
        due=inactive_people,
        take_out=erase_people,
        one_by_one=True,
        # Signing in writes into the account, not into the person: one at this moment is waited for, and seen.
        hold=lambda key: list(User.objects.select_for_update(of=("self",)).filter(person=key)),
        ready=people_past_warning,
    ),
    RetentionRule(
        name="complaints",
        what=gettext_lazy("Complaints about how we use data"),
        why=gettext_lazy("To answer you"),
        since=gettext_lazy("the complaint was closed"),
        goes=gettext_lazy("We erase the name, contact details and all words. We keep what we did with it, and on which day."),
        keeps="complaints",
        due=expired_complaints,
        take_out=anonymise_complaints,
    ),
)


UNVERIFIED_ACCOUNT_PERIOD = timedelta(days=7)
SERVER_LOG_PERIOD = timedelta(days=90)  # MaxRetentionSec of journald (docs/deploying.md)


def clear_expired(*, now: datetime) -> dict[str, int]:
    unused = User.objects.filter(
        date_joined__lte=now - UNVERIFIED_ACCOUNT_PERIOD, last_login=None, is_staff=False, is_superuser=False
    )
    gone = {
        "drafts": Draft.objects.filter(expires_at__lte=now),
        "limits": RateLimit.objects.filter(resets_at__lte=now),
        "sign-ups": unused.filter(person=None).exclude(emailaddress__verified=True),
        "stopped": BlockedAttempt.objects.filter(hour__lte=now - STOPPED),
        "changes of address": AddressChange.objects.filter(until__lte=now - OBJECTION_RETENTION_PERIOD),
        "former addresses": FormerAddress.objects.without_kept_mail(),
        "returned mail": ReturnedMail.objects.expired(now),
        "marked addresses": MarkedAddress.objects.expired(now),
    }
    with transaction.atomic():
        counts = {name: rows.delete()[0] for name, rows in gone.items()}
    return {**counts, "sessions": clear_sessions(now=now), "merges": delete_expired_merges(now=now)}


# Periods for the privacy notice, the staff page and docs/privacy.md.


@dataclass(frozen=True)
class RetentionPeriod:
    what: str
    why: str
    how_long: str


def privacy_notice_periods() -> Iterator[RetentionPeriod]:
    """The table in the privacy notice, from the rules and settings, with people first. It leaves out the warning."""
    kinds = record_types()
    rules = [rule for rule in registered_rules() if not rule.ahead]
    for rule in sorted(rules, key=lambda rule: (kinds.index(rule.keeps), not rule.one_by_one)):
        how_long = _("%(long)s after %(since)s") % {"long": rule.how_long, "since": rule.since}
        yield RetentionPeriod(str(rule.what), str(rule.why), how_long)
    yield from hourly_periods()
    backups = span_text(timedelta(days=settings.BACKUP_KEEP_DAYS))
    yield RetentionPeriod(_("Saved addresses"), _("To save you typing"), _("Until you remove them"))
    yield RetentionPeriod(_("Leaflets that you wait for"), _("To tell you when they are back"), _("Until we tell you"))
    yield RetentionPeriod(_("Where to ask you again"), _("To ask one question after 3 months"), _("Until we email you"))
    yield RetentionPeriod(_("Which emails you chose, when and where"), _("To send only those"), _("Until we erase you"))
    yield RetentionPeriod(_("Server logs, by number alone"), _("To find faults"), span_text(SERVER_LOG_PERIOD))
    yield RetentionPeriod(_("Backups"), _("In case our computers fail"), _("Up to %(long)s") % {"long": backups})


def span_text(span: timedelta) -> str:
    """A span in words: in days if longer than two days, otherwise in hours or minutes."""
    minutes = int(span.total_seconds()) // 60
    if minutes % 60:
        return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    if span <= timedelta(days=2):
        return ngettext("%(n)d hour", "%(n)d hours", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)d day", "%(n)d days", span.days) % {"n": span.days}


def hourly_periods() -> Iterator[RetentionPeriod]:
    """The periods of what is cleared every hour, and of the audit, which is deleted month by month."""
    for what, why, span in (
        (_("Unfinished forms"), _("To let you finish"), DRAFTS),
        (_("Sign-ins, with what you typed"), _("To keep you signed in"), settings.SESSION_LONGEST + ENDED_SESSION_PERIOD),
        (_("Unconfirmed sign-ups"), _("To let you confirm"), UNVERIFIED_ACCOUNT_PERIOD),
        (_("Who tried something too often"), _("To keep the site safe"), STOPPED),
        (_("Emails that came back"), _("To put addresses right"), RETURNED_MAIL),
        (_("Records that we merged, as they were"), _("To undo the merge"), MERGE_UNDO_PERIOD),
        (_("Lists of past contacts"), _("To check them"), timedelta(days=1)),
        (_("Which list your record came from"), _("To undo it"), IMPORT_UNDO_PERIOD),
    ):
        yield RetentionPeriod(what, why, span_text(span))
    yield RetentionPeriod(
        _("Who signed in, and what colleagues did, by number alone"),
        _("To notice misuse"),
        _("%(long)s after the end of that month") % {"long": months_text(settings.AUDIT_KEPT_MONTHS)},
    )
    yield RetentionPeriod(_("Your old email address"), _("To know what went there"), months_text(retention_months("messages")))

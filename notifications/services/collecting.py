"""A digest: one email about all that happens to one recipient on one day. Its sources point to the row that tells of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max, Q
from django.db.models.functions import Lower

from notifications.models import REFERENCES_LENGTH, Notification, State
from notifications.models.outbox import NotificationQuerySet
from notifications.services.writing import kick_after_commit, rows_of

# A digest that nobody has begun to send.
OPEN = Q(state=State.PENDING, first_tried_at=None)


@dataclass(frozen=True)
class News:
    """What one recipient is to be told; `about` names whom or what the digest is about, the same for all that goes in one."""

    about: str
    to: str
    reference: str = ""


@transaction.atomic(savepoint=False)
def collect_each(news: Sequence[News], *, kind: str, day: date, now: datetime, due_at: datetime) -> list[int | None]:
    """Of each news the key of the digest that tells of it, to be stored with it in the caller's transaction.

    It is the one of that `day` and of what the news is about, due when its first source said so; another one once a worker has
    begun to send that. None without an address. Raises KeyError for a kind nobody registered. As many statements for many as
    for one.
    """
    rows = {about: row for about, row in digests_of(news, kind=kind, day=day, now=now, due_at=due_at).items() if row}
    found: dict[str, Notification] = {}
    while missing := sorted((row for row in rows.values() if row.about not in found), key=lambda row: row.about):
        found |= joined(missing)
    kick_after_commit([digest.pk for digest in found.values() if digest.due_at <= now])
    return [found[rows[each.about].about].pk if each.about in rows else None for each in news]


def digests_of(news: Sequence[News], *, kind: str, day: date, now: datetime, due_at: datetime) -> dict[str, Notification | None]:
    """One row for each that the news is about, not yet written; None without an address."""
    references: dict[str, list[str]] = defaultdict(list)
    for each in news:
        if len(" ".join([*references[each.about], each.reference])) <= REFERENCES_LENGTH:
            references[each.about].append(each.reference)
    digests: dict[str, Notification | None] = {}
    for each in news:
        about, told = f"{each.about}:{day}", " ".join(references[each.about])
        made = rows_of(kind, [each.to], about=about, reference=told, version=1, now=now, due_at=due_at)
        digests[each.about] = made[0] if made else None
    return digests


def joined(rows: Sequence[Notification]) -> dict[str, Notification]:
    """The digests that could be joined or made, by what they are about.

    Whoever joins a digest holds its row until they commit, so a worker that comes for it waits and then sends all of it. Whoever
    comes after the worker joins nothing, and looks for a number again. All make and hold in one order, so that nobody waits in a
    circle.
    """
    numbers = numbers_of(rows)
    for row in rows:
        row.version = numbers.get((row.about, row.recipient.lower()), 1)
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    held = alike(rows).filter(OPEN).select_for_update(no_key=True).order_by("about")
    found = {(digest.about, digest.recipient.lower(), digest.version): digest for digest in held}
    told: dict[str, Notification] = {}
    others: list[Notification] = []
    for row in rows:
        digest = found.get((row.about, row.recipient.lower(), row.version))
        if digest is None:
            continue
        told[row.about] = digest
        is_new = digest.message_id != row.message_id and row.reference not in digest.reference
        if is_new and len(digest.reference) + len(row.reference) < REFERENCES_LENGTH:
            digest.reference = f"{digest.reference} {row.reference}"
            others.append(digest)
    Notification.objects.bulk_update(others, ["reference"])
    return told


def numbers_of(rows: Sequence[Notification]) -> dict[tuple[str, str], int]:
    """By what it is about and to whom: of the digest that nobody has begun to send, or the next one."""
    counted = alike(rows).order_by().values("about", to=Lower("recipient"))
    numbers = counted.annotate(open=Max("version", filter=OPEN), last=Max("version"))
    return {(each["about"], each["to"]): each["open"] or each["last"] + 1 for each in numbers}


def alike(rows: Sequence[Notification]) -> NotificationQuerySet:
    """Digests of the same kind, about the same, to the same addresses."""
    first, *_ = rows
    abouts, addresses = {row.about for row in rows}, {row.recipient.lower() for row in rows}
    same = Notification.objects.filter(kind=first.kind, about__in=abouts, resend_of=None)
    found: NotificationQuerySet = same.alias(address=Lower("recipient")).filter(address__in=addresses)
    return found

"""Sending a message again, when someone says that it never came."""

import logging
from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from notifications.models import Notification, State
from notifications.registry import kind_named
from notifications.services.writing import insert, new_message_id

logger = logging.getLogger(__name__)
# What one press sends again; the rest stays in the list.
MOST_AT_ONCE = 5_000
BODIES = ("subject", "text_body", "html_body", "sealed_body", "last_error")


class CannotResend(DomainError):
    message = _("This message can’t be sent again.")


@transaction.atomic
def resend(notification: Notification, *, by: AbstractBaseUser | None, now: datetime) -> Notification:
    """A new row that points to the first one and is built afresh. Raises CannotResend with the reason."""
    first = Notification.objects.select_for_update().get(pk=notification.resend_of_id or notification.pk)
    _refuse_unless_possible(first, now)
    again = again_of(first, by, now)
    insert([again])
    logger.info("Message %s is sent again by user %s.", first.pk, by.pk if by else "-")
    return Notification.objects.get(message_id=again.message_id)


def again_of(first: Notification, by: AbstractBaseUser | None, now: datetime) -> Notification:
    """Not yet written."""
    return Notification(
        kind=first.kind,
        about=first.about,
        reference=first.reference,
        version=first.version,
        recipient=first.recipient,
        resend_of=first,
        resent_by_id=by.pk if by else None,
        created_at=now,
        due_at=now,
        expires_at=first.expires_at,
        kicked_at=now,
        message_id=new_message_id(),
    )


@transaction.atomic
def resend_failed(*, among: QuerySet[Notification], by: AbstractBaseUser | None, now: datetime) -> int:
    """Of these messages, those that failed lately and could be sent again: a new row for each. How many.

    The sweep queues them, a bounded number at a time. Two colleagues who press at once send each once: the first rows are
    locked, as by resend(), and then it is asked again which still wait for it.
    """
    firsts = first_of(among.filter(pk__in=Notification.objects.may_go_again(now).values("pk"))[:MOST_AT_ONCE])
    locked = Notification.objects.select_for_update().filter(pk__in=firsts).order_by("pk")
    still = first_of(Notification.objects.may_go_again(now).filter(first_in(list(locked.values_list("pk", flat=True)))))
    rows = [again_of(first, by, now) for first in Notification.objects.filter(pk__in=still).defer(*BODIES).order_by("pk")]
    for row in rows:
        row.kicked_at = None
    insert(rows)
    logger.info("%s failed messages are sent again by user %s.", len(rows), by.pk if by else "-")
    return len(rows)


def first_of(rows: QuerySet[Notification]) -> list[int]:
    return [resend_of or pk for pk, resend_of in rows.values_list("pk", "resend_of_id")]


def first_in(firsts: list[int]) -> Q:
    return Q(pk__in=firsts) | Q(resend_of_id__in=firsts)


def may_resend(notification: Notification) -> bool:
    """Whether a message of this kind and state can be sent again at all; resend() also looks at time and at its resends."""
    try:
        kind = kind_named(notification.kind)
    except KeyError:
        return False
    done = notification.state in {State.SENT, State.FAILED, State.EXPIRED}
    return done and bool(notification.recipient) and not notification.is_account_mail and kind.may_resend


def _refuse_unless_possible(first: Notification, now: datetime) -> None:
    if first.is_account_mail:
        raise CannotResend(_("Codes and links for signing in are private: ask the person to request a new one."))
    if first.state in {State.PENDING, State.SENDING} or first.resends.unfinished().exists():
        raise CannotResend(_("This message is already on its way."))
    if first.expires_at and first.expires_at <= now:
        raise CannotResend(_("It is too late for this message: its time has passed."))
    if not may_resend(first):
        raise CannotResend

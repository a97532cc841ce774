"""Exports and erases what is stored about an address. The app that knows the person calls this with theirs."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import JSONObject, Lower

from notifications.bounces.services import clear_mark_and_resend, forget_address
from notifications.models import (
    COMPLAINT_KIND_PREFIX,
    UNFINISHED_STATES,
    MarkClearReason,
    MarkedAddress,
    Notification,
    NotificationState,
    ReturnedMail,
)
from notifications.preferences import erase_choices, move_choices
from notifications.registry import email_label, team_addresses

BLANK_TEXT_COLUMNS = {"subject": "", "text_body": "", "html_body": "", "last_error": ""}
NO_LEASE = {"lease_token": None, "lease_until": None}
UNSENT_COMPLAINT_ANSWER_Q = Q(kind__startswith=COMPLAINT_KIND_PREFIX, state__in=UNFINISHED_STATES)  # ADR 24
EXPIRED_IF_UNSENT = Case(When(state__in=UNFINISHED_STATES, then=Value(NotificationState.EXPIRED)), default="state")


def export_messages(email: str, *, since: datetime | None = None, before: datetime | None = None) -> list[dict[str, object]]:
    """Every message to this address, the newest first, with the reports that it came back.

    Only messages written from `since` on and before `before`, if given. Account mail shows only that it was sent. Reports that
    name no message go with the newest one. One statement.
    """
    returned = ReturnedMail.objects.filter(address=email.strip().lower()).values(
        told=JSONObject(message="notification_id", what="sort", said="said", at="received_at")
    )
    rows = _messages_to(email, since, before).annotate(returned=ArraySubquery(returned)).defer("html_body", "sealed_body")
    messages: list[dict[str, object]] = []
    for place, row in enumerate(rows):
        returned_of = [each for each in row.returned if each["message"] == row.pk or (place == 0 and each["message"] is None)]
        came_back = [{"what": each["what"], "said": each["said"], "at": each["at"]} for each in returned_of]
        messages.append(
            {
                "kind": email_label(row.kind),
                "reference": row.reference,
                "state": row.get_state_display(),
                "created_at": row.created_at,
                "sent_at": row.sent_at,
                "subject": row.subject,
                "text": row.text_body,
                **({"came_back": came_back} if came_back else {}),
            }
        )
    return messages


def _messages_to(email: str, since: datetime | None, before: datetime | None) -> QuerySet[Notification]:
    rows = Notification.objects.to_address(email)
    rows = rows.filter(created_at__gte=since) if since else rows
    return rows.filter(created_at__lt=before) if before else rows


@transaction.atomic
def erase_address(email: str, now: datetime, *, since: datetime | None = None) -> int:
    """Blank address and text of every message to this address, and stop those not yet sent. Returns how many rows.

    The rows stay, to show that something was sent. A worker that is sending one loses its lease, so it can't write the text
    back. Also erases the choices and marks of the address. An answer to a complaint still goes; its app erases it afterwards.
    `since`: keep messages from before, when the address was another person's.
    """
    erase_choices(email)
    forget_address(email)
    return _blank_messages(_messages_to(email, since, None), now)


def erase_messages_before(email: str, moment: datetime, now: datetime, *, since: datetime | None = None) -> int:
    """erase_address() for what was written before the address became another person's. How many rows."""
    return _blank_messages(_messages_to(email, since, moment), now)


def _blank_messages(messages: QuerySet[Notification], now: datetime) -> int:
    rows = messages.exclude(UNSENT_COMPLAINT_ANSWER_Q)
    return rows.update(recipient="", sealed_body=None, state=EXPIRED_IF_UNSENT, erased_at=now, **BLANK_TEXT_COLUMNS, **NO_LEASE)


def kept_messages_before(moment: datetime) -> QuerySet[Notification]:
    """Sent or ended messages from before that moment that still have a recipient."""
    kept = Notification.objects.filter(created_at__lt=moment).exclude(recipient="")
    return kept.exclude(state__in=UNFINISHED_STATES).order_by("created_at")


def erase_messages(keys: Iterable[int], now: datetime) -> None:
    """Erases to whom these messages went and what they said. That they went stays."""
    Notification.objects.filter(pk__in=list(keys)).update(recipient="", erased_at=now, **BLANK_TEXT_COLUMNS)


@transaction.atomic
def erase_about(about: Iterable[str], now: datetime) -> None:
    """Erases recipient and words of everything sent about these objects. What has not gone yet will not go."""
    rows = Notification.objects.filter(about__in=list(about))
    rows.update(recipient="", state=EXPIRED_IF_UNSENT, erased_at=now, **BLANK_TEXT_COLUMNS, **NO_LEASE)


def abouts_of_unsent(beginning: str, *, kinds: str) -> list[str]:
    """What unsent messages are about, of those whose `about` begins so and whose kind begins with `kinds`."""
    rows = Notification.objects.unfinished().filter(about__startswith=beginning, kind__startswith=kinds)
    return list(rows.values_list("about", flat=True))


def delete_marked_addresses(keys: Iterable[int], now: datetime) -> None:
    """Deletes marks of addresses that mail came back from."""
    MarkedAddress.objects.filter(pk__in=list(keys)).delete()


def bounced_addresses_before(moment: datetime) -> QuerySet[MarkedAddress]:
    return MarkedAddress.objects.filter(last_at__lt=moment).order_by("last_at", "pk")


@transaction.atomic
def erase_bodies_about(about: Iterable[str], now: datetime, *, until: datetime | None = None) -> int:
    """Blank the stored text of everything about these objects: mail to staff names the person too. Returns how many rows.

    `until`: only messages written by then; later ones are not about that person. Unsent messages still go, with what data is
    left; a worker that is sending one stores no text of it.
    """
    rows = Notification.objects.filter(about__in=list(about))
    return (rows.filter(created_at__lte=until) if until else rows).update(erased_at=now, **BLANK_TEXT_COLUMNS)


# Mail for later goes where the person reads mail by then.


def readdress(*, before: str, to: str, now: datetime) -> int:
    """Move mail that is due later, such as reminders, to the new address. Returns how many rows.

    Mail that is due already, and codes, stay. Also moves the person's choices and, if mail to the old address came back, the
    mail that waits. Does nothing if either address is empty, or if the old one was a team address that staff had entered by
    mistake. If the new address has the same message already, leaves the old row, which is no longer true when it is due.
    """
    if not before or not to or before.lower() in {to.lower(), *team_addresses()}:
        return 0
    move_choices(before=before, to=to, now=now)
    clear_mark_and_resend(address=before, how=MarkClearReason.CHANGED, by=None, now=now, to=to)
    same = Notification.objects.alias(address=Lower("recipient")).filter(
        kind=OuterRef("kind"), about=OuterRef("about"), version=OuterRef("version"), address=to.lower(), resend_of=None
    )
    later = Notification.objects.to_address(before).filter(state=NotificationState.PENDING, due_at__gt=now, is_account_mail=False)
    return later.exclude(Exists(same)).filter(first_tried_at=None).update(recipient=to)

"""When an address is put right: what waited for that goes out, and what had come back is sent again."""

from datetime import datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from notifications.models import LATELY, Notification, ReturnedMail, Sort, State
from notifications.services.resending import again_of, may_resend
from notifications.services.writing import insert, kick_after_commit

MOST_SENT_AGAIN = 20  # whoever missed more than that is better helped on the phone


def send_what_waits(address: str, *, to: str = "", now: datetime) -> int:
    """Tried and still pending: it goes now, as if it were new, and to the other address if there is one. How many."""
    waiting = Notification.objects.to_address(address).filter(
        state=State.PENDING, first_tried_at__isnull=False, is_account_mail=False
    )
    keys = list(waiting.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    fresh = {"due_at": now, "kicked_at": now, "first_tried_at": None, "attempts": 0, "last_error": ""}
    Notification.objects.filter(pk__in=keys).update(**fresh, **({"recipient": to} if to else {}))
    kick_after_commit(keys)
    return len(keys)


def send_again_what_came_back(address: str, *, to: str = "", by: AbstractBaseUser | None, now: datetime) -> int:
    """Of the last two weeks, unless it is too late, was sent again already, or is a code. How many; the newest, if many.

    Each is written afresh when it goes, and does not go if it is no longer true.
    """
    later = Notification.objects.filter(resend_of=Coalesce(OuterRef("resend_of"), OuterRef("pk")), pk__gt=OuterRef("pk"))
    returned = ReturnedMail.objects.filter(notification=OuterRef("pk")).exclude(sort=Sort.COMPLAINT)
    rows = Notification.objects.to_address(address).filter(Q(expires_at=None) | Q(expires_at__gt=now), Exists(returned))
    rows = rows.filter(state=State.FAILED, created_at__gte=now - LATELY, is_account_mail=False).exclude(Exists(later))
    again = []
    for row in rows.order_by("-pk")[:MOST_SENT_AGAIN]:
        if may_resend(row):
            once_more = again_of(row, by, now)
            once_more.resend_of_id, once_more.recipient = row.resend_of_id or row.pk, to or row.recipient
            again.append(once_more)
    insert(sorted(again, key=lambda row: row.created_at))
    return len(again)

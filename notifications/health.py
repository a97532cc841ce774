"""Whether mail goes out, for /readyz."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from notifications.models import MailboxRead, MailServer, Notification

# The sweep comes every 20 seconds and a worker clears a backlog fast: after this, nobody is at work.
LATE_AFTER = timedelta(minutes=10)
# One address that takes nothing is that address; several for so long are the mail server.
TRIED_TOO_LONG = timedelta(minutes=30)
TRIED_TOO_MANY = 5


def outbox() -> str:
    """What is wrong, in figures; nothing while mail goes out."""
    now = timezone.now()
    down = MailServer.objects.silent().order_by("down_since").values_list("down_since", flat=True).first()
    if down:
        return f"the mail server has taken nothing for {(now - down) // timedelta(minutes=1)} minutes"
    late = Notification.objects.oldest_due(now)
    if late and now - late > LATE_AFTER:
        return f"the oldest due message has waited {(now - late) // timedelta(minutes=1)} minutes: is there a worker, and a beat?"
    tried = Notification.objects.tried_before(now - TRIED_TOO_LONG).count()
    if tried >= TRIED_TOO_MANY:
        return f"{tried} messages are being tried for over half an hour: does the mail server answer?"
    return ""


def returned_mail() -> str:
    """What is wrong with the mailbox of returned mail, if one is read."""
    trouble = MailboxRead.objects.exclude(trouble="").values_list("trouble", flat=True).first() if settings.BOUNCE_MAILBOX else ""
    return f"the mailbox of returned mail can't be read: {trouble}" if trouble else ""

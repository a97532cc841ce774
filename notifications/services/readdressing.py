"""What waits for a later moment goes where its person reads mail by then."""

from datetime import datetime

from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower

from notifications.models import Notification, State
from notifications.services.bouncing import moved, team_addresses
from notifications.services.choosing import move_choices


def readdress(*, before: str, to: str, now: datetime) -> int:
    """Reminders and other mail that is due later go to the new address; what is due already, and codes, stay. How many rows.

    So does what they chose to get, and, if mail to the old address came back, what waited for a better one. None if there was no
    address or is none now, or if it was one of the team's, which staff had entered by mistake: its mail is the team's. Where the
    new address has the same message already, the old row is left: it is not true any more when its time comes.
    """
    if not before or not to or before.lower() in {to.lower(), *team_addresses()}:
        return 0
    move_choices(before=before, to=to, now=now)
    moved(before=before, to=to, by=None, now=now)
    same = Notification.objects.alias(address=Lower("recipient")).filter(
        kind=OuterRef("kind"), about=OuterRef("about"), version=OuterRef("version"), address=to.lower(), resend_of=None
    )
    later = Notification.objects.to_address(before).filter(state=State.PENDING, due_at__gt=now, is_account_mail=False)
    return later.exclude(Exists(same)).filter(first_tried_at=None).update(recipient=to)

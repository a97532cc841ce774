"""Who a message is from, and which people read what is answered to it."""

from dataclasses import dataclass
from email.utils import parseaddr
from enum import StrEnum

from django.conf import settings


class Desk(StrEnum):
    """Those who know what a message is about. TEAM is of mail to staff and presenters, whatever it is about."""

    ADVICE = "advice"
    BOOKINGS = "bookings"
    LEAFLETS = "leaflets"
    TEAM = "team"
    ACCOUNTS = "accounts"


@dataclass(frozen=True)
class Sender:
    """The headers From and Reply-To."""

    from_email: str
    reply_to: str


def sender_of(desk: Desk) -> Sender:
    """What the settings say of that desk; where they say nothing, the one sender of all mail, and the advice line."""
    from_email = settings.MAIL_FROM.get(desk) or settings.DEFAULT_FROM_EMAIL
    return Sender(from_email, settings.MAIL_REPLIES.get(desk) or settings.ADVICE_EMAIL)


def domain_of(sender: str) -> str:
    """Of an address, with or without a name before it."""
    return parseaddr(str(sender))[1].rpartition("@")[2].lower()

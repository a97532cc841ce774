"""Tables of mail: the outbox, what people chose to get, what came back, and what is known of the servers that take it."""

from notifications.models.bounces import Cleared, MailboxRead, MarkedAddress, ReturnedMail, Sort, Source
from notifications.models.outbox import (
    CLOCK_TOLERANCE,
    LATELY,
    MESSAGE_WORDS,
    REFERENCES_LENGTH,
    TO_WHO_COMPLAINED,
    UNFINISHED,
    MailDomain,
    MailServer,
    Notification,
    State,
    shown_to,
)
from notifications.models.preferences import MailChoice, MailReader, TeamMail, TeamRhythm, Where

__all__ = [
    "CLOCK_TOLERANCE",
    "LATELY",
    "MESSAGE_WORDS",
    "REFERENCES_LENGTH",
    "TO_WHO_COMPLAINED",
    "UNFINISHED",
    "Cleared",
    "MailChoice",
    "MailDomain",
    "MailReader",
    "MailServer",
    "MailboxRead",
    "MarkedAddress",
    "Notification",
    "ReturnedMail",
    "Sort",
    "Source",
    "State",
    "TeamMail",
    "TeamRhythm",
    "Where",
    "shown_to",
]

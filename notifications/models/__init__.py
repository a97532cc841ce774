"""Tables of mail: the outbox, what people chose to get, what came back, and what is known of the servers that take it."""

from notifications.models.bounces import BounceType, ClearReason, MailboxRead, MarkedAddress, ReportSource, ReturnedMail
from notifications.models.outbox import (
    CLOCK_TOLERANCE,
    COMPLAINT_KIND_PREFIX,
    LATELY,
    MESSAGE_WORDS,
    REFERENCES_LENGTH,
    UNFINISHED,
    MailDomain,
    MailServer,
    Notification,
    State,
    visible_to,
)
from notifications.models.preferences import ChoiceSource, DigestFrequency, MailChoice, MailReader, TeamMail

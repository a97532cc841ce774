"""Tables of mail: the outbox, and what people chose to get."""

from notifications.models.choices import MailChoice, MailReader, Where
from notifications.models.outbox import LATELY, MESSAGE_WORDS, UNFINISHED, Notification, State

__all__ = ["LATELY", "MESSAGE_WORDS", "UNFINISHED", "MailChoice", "MailReader", "Notification", "State", "Where"]

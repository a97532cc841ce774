"""Tables of mail: the outbox."""

from notifications.models.outbox import LATELY, MESSAGE_WORDS, UNFINISHED, Notification, State

__all__ = ["LATELY", "MESSAGE_WORDS", "UNFINISHED", "Notification", "State"]

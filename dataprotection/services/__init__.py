"""Every write about complaints and breaches."""

from dataprotection.services.breaches import (
    BeforeWeKnew,
    InTheFuture,
    Known,
    LateWithoutReason,
    add_to_breach,
    enter_breach,
    need_not_tell_commissioner,
    need_not_tell_people,
    tell_commissioner,
    tell_people,
)
from dataprotection.services.complaining import AlreadySent, Complained, complain
from dataprotection.services.handling import (
    ChangedMeanwhile,
    NoAddress,
    NoReason,
    NoWords,
    WrongDay,
    acknowledge,
    answer,
    close,
    note,
    tell_progress,
)

__all__ = [
    "AlreadySent",
    "BeforeWeKnew",
    "ChangedMeanwhile",
    "Complained",
    "InTheFuture",
    "Known",
    "LateWithoutReason",
    "NoAddress",
    "NoReason",
    "NoWords",
    "WrongDay",
    "acknowledge",
    "add_to_breach",
    "answer",
    "close",
    "complain",
    "enter_breach",
    "need_not_tell_commissioner",
    "need_not_tell_people",
    "note",
    "tell_commissioner",
    "tell_people",
    "tell_progress",
]

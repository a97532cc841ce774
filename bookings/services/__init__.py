"""Every write to bookings and to presenters' time."""

from bookings.services.assigning import reassign, set_travel
from bookings.services.calling import book_for_caller
from bookings.services.errors import (
    AlreadyPlaced,
    DraftGone,
    ExtendedAlready,
    HoldOver,
    LeaveOverDelivered,
    MoveRefused,
    NeedsPresenter,
    NotOffered,
    NotStarted,
    OutsideRules,
    SamePresenter,
    SlotTaken,
    TooLate,
    TooManyHolds,
)
from bookings.services.holding import extend_hold, hold_slot, release_hold
from bookings.services.leave import Recorded, bookings_hit, end_leave, record_leave
from bookings.services.moving import cancel, confirm, decline, mark_delivered
from bookings.services.placing import Address, Details, Submission, book
from bookings.services.presenters import keep_presenter

__all__ = [
    "Address",
    "AlreadyPlaced",
    "Details",
    "DraftGone",
    "ExtendedAlready",
    "HoldOver",
    "LeaveOverDelivered",
    "MoveRefused",
    "NeedsPresenter",
    "NotOffered",
    "NotStarted",
    "OutsideRules",
    "Recorded",
    "SamePresenter",
    "SlotTaken",
    "Submission",
    "TooLate",
    "TooManyHolds",
    "book",
    "book_for_caller",
    "bookings_hit",
    "cancel",
    "confirm",
    "decline",
    "end_leave",
    "extend_hold",
    "hold_slot",
    "keep_presenter",
    "mark_delivered",
    "reassign",
    "record_leave",
    "release_hold",
    "set_travel",
]

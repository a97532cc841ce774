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
from bookings.services.joining import SameLink, set_joining_link
from bookings.services.leave import Recorded, bookings_hit, end_leave, record_leave
from bookings.services.moving import cancel, confirm, decline, mark_delivered
from bookings.services.placing import Address, Details, Submission, book
from bookings.services.presenters import keep_presenter
from bookings.services.visiting import (
    NotAVisit,
    NotBegun,
    NotOverdue,
    SomebodyElseIsThere,
    TooEarly,
    TooLongAgo,
    VisitOver,
    check_in,
    check_out,
    say_safe,
)

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
    "NotAVisit",
    "NotBegun",
    "NotOffered",
    "NotOverdue",
    "NotStarted",
    "OutsideRules",
    "Recorded",
    "SameLink",
    "SamePresenter",
    "SlotTaken",
    "SomebodyElseIsThere",
    "Submission",
    "TooEarly",
    "TooLate",
    "TooLongAgo",
    "TooManyHolds",
    "VisitOver",
    "book",
    "book_for_caller",
    "bookings_hit",
    "cancel",
    "check_in",
    "check_out",
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
    "say_safe",
    "set_joining_link",
    "set_travel",
]

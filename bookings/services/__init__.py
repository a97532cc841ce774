"""Every write to bookings and to presenters' time."""

from bookings.services.answering import OfferGone, ask_for_others, lapse, lapsing, take_offer
from bookings.services.assigning import reassign, set_travel
from bookings.services.calling import book_for_caller
from bookings.services.deciding import OfferRefused, agree_time, offer_times, wish_of
from bookings.services.errors import (
    AlreadyPlaced,
    DraftGone,
    ExtendedAlready,
    HoldOver,
    LeaveOverDelivered,
    MoveRefused,
    NeedsPresenter,
    NoTimeAgreed,
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
from bookings.services.keeping import Chosen, Preferred, kept_until
from bookings.services.leave import Recorded, bookings_hit, end_leave, record_leave
from bookings.services.moving import cancel, confirm, decline, mark_delivered
from bookings.services.placing import Address, Details, Submission, book
from bookings.services.presenters import keep_presenter
from bookings.services.requesting import DatesRefused, request_dates, what_we_could_keep
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
    "Chosen",
    "DatesRefused",
    "Details",
    "DraftGone",
    "ExtendedAlready",
    "HoldOver",
    "LeaveOverDelivered",
    "MoveRefused",
    "NeedsPresenter",
    "NoTimeAgreed",
    "NotAVisit",
    "NotBegun",
    "NotOffered",
    "NotOverdue",
    "NotStarted",
    "OfferGone",
    "OfferRefused",
    "OutsideRules",
    "Preferred",
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
    "agree_time",
    "ask_for_others",
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
    "kept_until",
    "lapse",
    "lapsing",
    "mark_delivered",
    "offer_times",
    "reassign",
    "record_leave",
    "release_hold",
    "request_dates",
    "say_safe",
    "set_joining_link",
    "set_travel",
    "take_offer",
    "what_we_could_keep",
    "wish_of",
]

from bookings.models.availability import Availability, AvailabilityException, Weekday
from bookings.models.booking import Booking, BookingEvent, Channel, EventKind, State
from bookings.models.busy import BusyKind, BusyTime, Hold
from bookings.models.leave import Leave, LeaveKind, LeaveState
from bookings.models.option import DateOption, OptionKind, OptionState, Precision
from bookings.models.place import Nation, PostcodeArea
from bookings.models.presentation import Format, Presentation
from bookings.models.presenter import Presenter

__all__ = [
    "Availability",
    "AvailabilityException",
    "Booking",
    "BookingEvent",
    "BusyKind",
    "BusyTime",
    "Channel",
    "DateOption",
    "EventKind",
    "Format",
    "Hold",
    "Leave",
    "LeaveKind",
    "LeaveState",
    "Nation",
    "OptionKind",
    "OptionState",
    "PostcodeArea",
    "Precision",
    "Presentation",
    "Presenter",
    "State",
    "Weekday",
]

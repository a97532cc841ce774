from bookings.models.booking import Booking, BookingEvent, Channel, EventKind, State
from bookings.models.busy import BusyKind, BusyTime, Hold
from bookings.models.option import DateOption, OptionKind, OptionState, Precision
from bookings.models.place import Nation, PostcodeArea
from bookings.models.presentation import Format, Presentation
from bookings.models.presenter import Availability, Leave, LeaveKind, Presenter, Weekday

__all__ = [
    "Availability",
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

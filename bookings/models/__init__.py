from bookings.models.after import (
    EVERYBODYS,
    STATEMENTS,
    Afterwards,
    Agreement,
    Feedback,
    Given,
    YearLater,
    agreed_times,
    belongs_to,
)
from bookings.models.attendance import Attendance, AttendanceCount
from bookings.models.availability import Availability, AvailabilityException, Weekday
from bookings.models.booking import BOOKING_OVER_AT, Booking, BookingEvent, BookingQuerySet, Channel, EventKind, State
from bookings.models.brought import Brought
from bookings.models.busy import BusyKind, BusyTime, Hold
from bookings.models.feed import CalendarFeed
from bookings.models.joining import without_joining_link
from bookings.models.leave import Leave, LeaveKind, LeaveState
from bookings.models.link import BookingLink, LinkPurpose
from bookings.models.open_session import OpenSession, SessionEvent, SessionEventKind, SessionSeries, SessionState
from bookings.models.option import DateOption, OptionKind, OptionState, Precision, WhyNot
from bookings.models.place import JourneyTime, Nation
from bookings.models.presentation import Format, Presentation
from bookings.models.presenter import Presenter
from bookings.models.session_place import LIVE_PLACES, OCCUPYING, PlaceLink, PlaceLinkPurpose, PlaceState, SessionPlace
from bookings.models.visit import Overdue, Visit, may_check_in, may_check_out, on_the_way_or_there, overdue

__all__ = [
    "BOOKING_OVER_AT",
    "EVERYBODYS",
    "LIVE_PLACES",
    "OCCUPYING",
    "STATEMENTS",
    "Afterwards",
    "Agreement",
    "Attendance",
    "AttendanceCount",
    "Availability",
    "AvailabilityException",
    "Booking",
    "BookingEvent",
    "BookingLink",
    "BookingQuerySet",
    "Brought",
    "BusyKind",
    "BusyTime",
    "CalendarFeed",
    "Channel",
    "DateOption",
    "EventKind",
    "Feedback",
    "Format",
    "Given",
    "Hold",
    "JourneyTime",
    "Leave",
    "LeaveKind",
    "LeaveState",
    "LinkPurpose",
    "Nation",
    "OpenSession",
    "OptionKind",
    "OptionState",
    "Overdue",
    "PlaceLink",
    "PlaceLinkPurpose",
    "PlaceState",
    "Precision",
    "Presentation",
    "Presenter",
    "SessionEvent",
    "SessionEventKind",
    "SessionPlace",
    "SessionSeries",
    "SessionState",
    "State",
    "Visit",
    "Weekday",
    "WhyNot",
    "YearLater",
    "agreed_times",
    "belongs_to",
    "may_check_in",
    "may_check_out",
    "on_the_way_or_there",
    "overdue",
    "without_joining_link",
]

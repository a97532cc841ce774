from bookings.models.booking import (
    BOOKING_OVER_AT,
    Booking,
    BookingChannel,
    BookingEvent,
    BookingEventKind,
    BookingQuerySet,
    BookingState,
    DateOption,
    DateOptionKind,
    DateOptionState,
    NotKeptReason,
    Precision,
    VisitLeaflets,
)
from bookings.models.busy import MAX_HELD_TIMES, BusyKind, BusyTime, HeldEndReason, HeldTime, Hold
from bookings.models.feedback import (
    AnniversaryPrompt,
    Attendance,
    AttendanceCount,
    BookingOrSession,
    ConfidenceFollowUp,
    Feedback,
    FollowUp,
    ThreeMonthsOn,
    booking_or_session_lookup,
)
from bookings.models.feedback_questions import CONFIDENCE_QUESTIONS, SHARED_STATEMENTS, STATEMENTS, Agreement, Confidence
from bookings.models.leave import Leave, LeaveKind, LeaveState
from bookings.models.links import BookingLink, CalendarFeed, LinkPurpose, PlaceLink, PlaceLinkPurpose
from bookings.models.open_session import (
    LIVE_PLACE_STATES,
    OCCUPYING_STATES,
    PLACE_GAINED_EVENTS,
    OpenSession,
    PlaceState,
    SessionEvent,
    SessionEventKind,
    SessionPlace,
    SessionSeries,
    SessionState,
)
from bookings.models.presenter import Availability, AvailabilityException, Format, JourneyTime, Presentation, Presenter, Weekday
from bookings.models.seat import LIVE_SEAT_STATES, Seat, SeatState
from bookings.models.visit import (
    DutyContact,
    DutyShift,
    Visit,
    duty_contacts_by_booking,
    is_near_visit_time,
    may_check_in,
    may_check_out,
)
from professionals.models import Nation

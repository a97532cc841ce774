from bookings.models.booking import (
    BOOKING_OVER_AT,
    Booking,
    BookingEvent,
    BookingExport,
    BookingQuerySet,
    Brought,
    Channel,
    DateOption,
    EventKind,
    NotKeptReason,
    OptionKind,
    OptionState,
    Precision,
    State,
)
from bookings.models.busy import BusyKind, BusyTime, Hold
from bookings.models.feedback import CONFIDENCE, SHARED_STATEMENTS, STATEMENTS, Agreement, Confidence
from bookings.models.leave import Leave, LeaveKind, LeaveState
from bookings.models.links import BookingLink, CalendarFeed, LinkPurpose, PlaceLink, PlaceLinkPurpose
from bookings.models.open_session import (
    HAD_A_PLACE,
    LIVE_PLACES,
    OCCUPYING,
    OpenSession,
    PlaceState,
    SessionEvent,
    SessionEventKind,
    SessionPlace,
    SessionSeries,
    SessionState,
)
from bookings.models.presenter import Availability, AvailabilityException, Format, JourneyTime, Presentation, Presenter, Weekday
from bookings.models.visit import (
    Afterwards,
    Attendance,
    AttendanceCount,
    ConfidenceLater,
    DutyShift,
    Feedback,
    Given,
    OnDuty,
    ThreeMonthsOn,
    Visit,
    YearLater,
    belongs_to,
    duty_of,
    is_near,
    may_check_in,
    may_check_out,
)
from professionals.models import Nation

from bookings.views.sessions.linked import place_link, place_link_leave
from bookings.views.sessions.listing import session, sessions
from bookings.views.sessions.mine import session_again, session_calendar, session_mine
from bookings.views.sessions.taking import session_place

__all__ = [
    "place_link",
    "place_link_leave",
    "session",
    "session_again",
    "session_calendar",
    "session_mine",
    "session_place",
    "sessions",
]

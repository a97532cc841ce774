"""Staff pages of bookings; importing this registers them."""

# ruff: noqa: F401 - imported for what they register

import bookings.booking.admin.actions
import bookings.booking.admin.bookings
import bookings.booking.admin.story
import bookings.feedback.admin
import bookings.leave.admin
import bookings.open_sessions.admin.sessions
import bookings.presenter.admin
import bookings.schedule.access
import bookings.schedule.admin

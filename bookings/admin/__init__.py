"""Staff pages of bookings; importing this registers them."""

# ruff: noqa: F401 - imported for what they register

import bookings.admin.afterwards
import bookings.admin.bookings
import bookings.admin.handing_over
import bookings.admin.journeys
import bookings.admin.leave
import bookings.admin.own_pages
import bookings.admin.presenters
import bookings.admin.sessions.listing
import bookings.admin.sessions.waiting
import bookings.admin.waiting

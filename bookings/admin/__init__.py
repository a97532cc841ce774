"""Staff pages of bookings; importing this registers them."""

from bookings.admin import bookings, journeys, leave, presenters, waiting

__all__ = ["bookings", "journeys", "leave", "presenters", "waiting"]

"""Staff pages of bookings; importing this registers them."""

from bookings.admin import bookings, journeys, leave, own_pages, presenters, sessions, waiting

__all__ = ["bookings", "journeys", "leave", "own_pages", "presenters", "sessions", "waiting"]

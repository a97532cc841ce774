"""Staff pages of bookings; importing this registers them."""

from bookings.admin import afterwards, bookings, journeys, leave, own_pages, presenters, sessions, waiting

__all__ = ["afterwards", "bookings", "journeys", "leave", "own_pages", "presenters", "sessions", "waiting"]

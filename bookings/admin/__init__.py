"""Staff pages of bookings; importing this registers them."""

from bookings.admin import afterwards, bookings, handing_over, journeys, leave, own_pages, presenters, sessions, waiting

__all__ = ["afterwards", "bookings", "handing_over", "journeys", "leave", "own_pages", "presenters", "sessions", "waiting"]
